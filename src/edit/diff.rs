//! What differs between two documents.

use std::collections::BTreeSet;

use super::stamp::read_block;
use super::work::voxel_of;
use crate::document::{Document, Layer, LayerId};
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{BlockPos, DifferenceWalk, EditReport, Mask, Point, Rgba, Volume};

/// A voxel that differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoxelDifference {
    /// The layer.
    pub layer: LayerId,
    /// Where.
    pub point: Point,
    /// Its colour in the first document.
    pub before: Rgba,
    /// Its colour in the second one.
    pub after: Rgba,
}

/// A layer that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerDifference {
    /// The layer.
    pub layer: LayerId,
    /// Its name, in the second document if it is there.
    pub name: String,
    /// Whether the first document has it.
    pub is_in_first: bool,
    /// Whether the second document has it.
    pub is_in_second: bool,
    /// Whether name, visibility, opacity, blend mode or material differ.
    pub settings_differ: bool,
    /// The voxels that differ.
    pub report: EditReport,
}

/// What differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The layers that differ, in the order of their ids.
    pub layers: Vec<LayerDifference>,
    /// The first voxels that differ, as many as were asked for.
    pub voxels: Vec<VoxelDifference>,
    /// All voxels together.
    pub total: EditReport,
}

/// A layer of which both sides are compared.
struct Pair {
    difference: LayerDifference,
    before: Volume,
    after: Volume,
    walk: DifferenceWalk,
}

/// Compares two documents, block by block. Blocks that both share are not looked at.
pub struct DiffJob {
    pairs: std::vec::IntoIter<Pair>,
    current: Option<Pair>,
    wanted: usize,
    found: Difference,
    done: u64,
    total: u64,
}

impl DiffJob {
    /// From the first document to the second; `wanted` is how many voxels to list.
    pub fn new(before: &Document, after: &Document, wanted: usize) -> Self {
        let ids: BTreeSet<LayerId> =
            before.layers().iter().chain(after.layers()).map(|layer| layer.id).collect();
        let pairs: Vec<Pair> =
            ids.into_iter().map(|id| Pair::new(id, before.layer(id), after.layer(id))).collect();
        let total = pairs.iter().map(Pair::total).sum();
        let found = Difference::default();
        DiffJob { pairs: pairs.into_iter(), current: None, wanted, found, done: 0, total }
    }

    fn end_current(&mut self) {
        let Some(pair) = self.current.take() else { return };
        let difference = pair.difference;
        self.found.total.merge(&difference.report);
        let same = difference.is_in_first && difference.is_in_second;
        if !same || difference.settings_differ || difference.report.changed > 0 {
            self.found.layers.push(difference);
        }
    }
}

impl Pair {
    fn new(id: LayerId, before: Option<&Layer>, after: Option<&Layer>) -> Self {
        let settings = |layer: &Layer| {
            (layer.name.clone(), layer.visible, layer.opacity, layer.mode, layer.material)
        };
        let difference = LayerDifference {
            layer: id,
            name: after.or(before).map(|layer| layer.name.clone()).unwrap_or_default(),
            is_in_first: before.is_some(),
            is_in_second: after.is_some(),
            settings_differ: before.map(settings) != after.map(settings),
            report: EditReport::default(),
        };
        let volume = |layer: Option<&Layer>| {
            layer.map_or_else(Volume::new, |layer| super::work::unmarked(&layer.volume))
        };
        let (before, after) = (volume(before), volume(after));
        let walk = DifferenceWalk::new();
        Pair { difference, before, after, walk }
    }

    /// In blocks, as if both sides had the same.
    fn total(&self) -> u64 {
        self.before.block_count().max(self.after.block_count()) as u64
    }

    /// Looks for the next block that differs, and compares it; false if there is none left.
    fn advance(&mut self, wanted: usize, voxels: &mut Vec<VoxelDifference>) -> bool {
        let mut differing = None;
        let goes_on = self.walk.next([&self.before, &self.after], &mut differing);
        if let Some(at) = differing {
            self.compare(at, wanted, voxels);
        }
        goes_on
    }

    fn compare(&mut self, at: BlockPos, wanted: usize, voxels: &mut Vec<VoxelDifference>) {
        let (old, new) = (read_block(&self.before, at), read_block(&self.after, at));
        let mut masks: [Mask; 3] = [[0; 64]; 3];
        for (index, (&before, &after)) in old.iter().zip(&new).enumerate() {
            let (word, bit) = (index >> 6, index & 63);
            masks[0][word] |= u64::from(before != after) << bit;
            masks[1][word] |= u64::from(!before.is_empty()) << bit;
            masks[2][word] |= u64::from(!after.is_empty()) << bit;
            if before != after && voxels.len() < wanted {
                let (layer, point) = (self.difference.layer, voxel_of(at, index));
                voxels.push(VoxelDifference { layer, point, before, after });
            }
        }
        self.difference.report.count(at, &masks[0], &masks[1], &masks[2]);
    }
}

impl Job for DiffJob {
    type Output = Difference;

    fn step(&mut self, budget: &mut Budget) -> Step<Difference> {
        loop {
            if self.current.is_none() {
                self.current = self.pairs.next();
            }
            let Some(pair) = &mut self.current else {
                return Step::Done(std::mem::take(&mut self.found));
            };
            if !pair.advance(self.wanted, &mut self.found.voxels) {
                self.done += pair.total();
                self.end_current();
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        let under_way = self.current.as_ref().map_or(0, |pair| pair.walk.passed());
        Progress { done: (self.done + under_way).min(self.total), total: self.total }
    }
}
