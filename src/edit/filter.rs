//! Filters: each voxel anew from what was around it.

use super::stamp::{read_block, write_block};
use super::work::{Refusal, Work, block_box, blocks_within, unmarked, voxel_of};
use crate::job::Progress;
use crate::voxel::{BlockPos, Bounds, EditReport, Point, Rgba, Volume};

/// What becomes of a voxel, given the volume before the filter and its colour there.
pub(super) type Rule = Box<dyn Fn(&Volume, Point, Rgba) -> Rgba + Send>;

/// A rule applied to every voxel of a box.
pub(super) struct Filter {
    before: Volume,
    blocks: Vec<BlockPos>,
    next: usize,
    within: Option<Bounds>,
    rule: Rule,
}

impl Filter {
    /// Over the blocks that there are.
    pub(super) fn new(volume: &Volume, within: Option<Bounds>, rule: Rule) -> Self {
        let blocks = blocks_within(volume, within);
        Filter { before: unmarked(volume), blocks, next: 0, within, rule }
    }

    /// Over the blocks that there are and those around them as far as `reach` voxels go.
    pub(super) fn growing(volume: &Volume, within: Option<Bounds>, reach: i64, rule: Rule) -> Self {
        let mut keys = std::collections::BTreeSet::new();
        for (at, _) in volume.blocks() {
            let own = block_box(at);
            let grown = Bounds {
                min: own.min.map(|value| value - reach),
                max: own.max.map(|value| value + reach),
            };
            let Some(grown) = grown.intersect(&within.unwrap_or(Bounds::ALL)) else { continue };
            let [low, high] = [grown.min, grown.max_inside()].map(|corner| corner.map(|v| v >> 4));
            for z in low[2]..=high[2] {
                for y in low[1]..=high[1] {
                    keys.extend((low[0]..=high[0]).map(|x| [z as i32, y as i32, x as i32]));
                }
            }
        }
        let blocks = keys.into_iter().map(|[z, y, x]| BlockPos { x, y, z }).collect();
        Filter { before: unmarked(volume), blocks, next: 0, within, rule }
    }
}

impl Work for Filter {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let Some(&at) = self.blocks.get(self.next) else { return Ok(false) };
        self.next += 1;
        let old = read_block(&self.before, at);
        let mut new = old;
        for (index, voxel) in new.iter_mut().enumerate() {
            let point = voxel_of(at, index);
            if self.within.is_none_or(|bounds| bounds.contains(point)) {
                *voxel = (self.rule)(&self.before, point, *voxel);
            }
        }
        write_block(volume, at, &old, &new, report);
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next as u64, total: self.blocks.len() as u64 }
    }
}
