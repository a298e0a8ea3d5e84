//! Volumes on top of volumes: combining two, and merging a stack with a cache.
//!
//! Both go block by block, with shortcuts for whole blocks: what only one side has is shared, blocks of
//! one colour stay so. A [`MergeCache`] remembers which version of each block it has seen and works on
//! the changed ones alone.

use rustc_hash::{FxHashMap, FxHashSet};

use super::block::{BlockVersion, Slot};
use super::block_edit::{self, BlockEdit, EditJob, EditReport};
use super::dense::Dense;
use super::index::ChunkPos;
use super::memory::MemoryLimit;
use super::slab::Shared;
use super::{BlendMode, BlockPos, Rgba, Volume, generation};
use crate::job::{Budget, Job, Progress, Step};

/// How an upper volume lies on a lower one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blend {
    /// How colours combine.
    pub mode: BlendMode,
    /// Scales the upper alpha by `opacity` / 255, rounded to the nearest.
    pub opacity: u8,
}

impl Blend {
    /// A mode at full opacity.
    pub fn new(mode: BlendMode) -> Blend {
        Blend { mode, opacity: 255 }
    }

    #[inline]
    fn upper(self, color: Rgba) -> Rgba {
        let share = u32::from(self.opacity);
        Rgba { a: ((u32::from(color.a) * share + 127) / 255) as u8, ..color }
    }

    /// Combines two colours.
    #[inline]
    pub fn colors(self, lower: Rgba, upper: Rgba) -> Rgba {
        let upper = if self.opacity == 255 { upper } else { self.upper(upper) };
        self.mode.blend(lower, upper)
    }

    /// Combines two blocks.
    fn slots(self, lower: &Slot, upper: &Slot) -> Slot {
        let covers = |color: Rgba| self.mode == BlendMode::Over && self.upper(color).a == 255;
        let opaque = self.opacity == 255;
        match (lower, upper) {
            (_, Slot::Empty) if self.mode.erases_outside() => Slot::Empty,
            (_, Slot::Empty) => lower.clone(),
            (Slot::Empty, _) if !self.mode.adds() => Slot::Empty,
            (Slot::Empty, _) if opaque => upper.clone(),
            (_, _) if opaque && self.mode == BlendMode::Replace => upper.clone(),
            (_, Slot::Uniform(color)) if opaque && covers(*color) => upper.clone(),
            (Slot::Uniform(low), Slot::Uniform(high)) => Slot::of_color(self.colors(*low, *high)),
            (Slot::Empty, Slot::Uniform(high)) => Slot::of_color(self.colors(Rgba::EMPTY, *high)),
            _ => self.voxels(lower, upper),
        }
    }

    fn voxels(self, lower: &Slot, upper: &Slot) -> Slot {
        let mut high = [Rgba::EMPTY; super::BLOCK_VOXELS];
        upper.copy_to(&mut high);
        let mut block = Shared::<Dense>::zeroed();
        let result = block.own();
        lower.copy_to(&mut result.voxels);
        for (low, &high) in result.voxels.iter_mut().zip(&high) {
            *low = self.colors(*low, high);
        }
        result.recount();
        result.stamp = generation::now();
        match result.uniform() {
            Some(color) => Slot::of_color(color),
            None => Slot::Dense(block),
        }
    }
}

/// Combining a volume with another one.
pub(crate) struct Combine {
    upper: Volume,
    blend: Blend,
    left: std::vec::IntoIter<BlockPos>,
    total: u64,
}

impl Combine {
    pub(crate) fn new(lower: &Volume, upper: &Volume, blend: Blend) -> Combine {
        let mut blocks: Vec<BlockPos> = upper.positions().collect();
        if !blend.mode.adds() {
            blocks.retain(|&at| lower.index.slot(at).is_some());
        }
        if blend.mode.erases_outside() {
            blocks.extend(lower.positions().filter(|&at| upper.index.slot(at).is_none()));
        }
        let total = blocks.len() as u64;
        Combine { upper: upper.clone(), blend, left: blocks.into_iter(), total }
    }
}

impl BlockEdit for Combine {
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool {
        let Some(at) = self.left.next() else { return false };
        let lower = volume.index.slot(at).unwrap_or(&Slot::Empty);
        let upper = self.upper.index.slot(at).unwrap_or(&Slot::Empty);
        let result = self.blend.slots(lower, upper);
        if report_difference(at, lower, &result, report) {
            volume.put_slot(at, result);
        }
        true
    }

    fn progress(&self) -> Progress {
        Progress { done: self.total - self.left.len() as u64, total: self.total }
    }
}

/// Counts what differs between two states of a block; false if nothing does.
fn report_difference(at: BlockPos, old: &Slot, new: &Slot, report: &mut EditReport) -> bool {
    if old.identity() == new.identity() {
        return false;
    }
    if let (Some(old), Some(new)) = (old.plain(), new.plain()) {
        report.count_whole(at, old, new);
        return true;
    }
    let (mut before, mut after) = ([Rgba::EMPTY; 4096], [Rgba::EMPTY; 4096]);
    old.copy_to(&mut before);
    new.copy_to(&mut after);
    report.count_difference(at, &before, &after)
}

impl Volume {
    /// Lays another volume on this one. Modes that keep only what both have empty the rest.
    pub fn combine(&mut self, upper: &Volume, blend: Blend) -> Result<EditReport, MemoryLimit> {
        let edit = Combine::new(self, upper, blend);
        block_edit::run(self, edit)
    }

    /// [`Volume::combine`] past the memory limit, for results that live as long as a call.
    pub fn lay(&mut self, upper: &Volume, blend: Blend) -> EditReport {
        let mut edit = Combine::new(self, upper, blend);
        let mut report = EditReport::default();
        while edit.next_block(self, &mut report) {}
        report
    }

    /// [`Volume::combine`] as a job on a snapshot of this volume.
    pub fn combine_job(&self, upper: &Volume, blend: Blend) -> EditJob {
        EditJob::new(self, Combine::new(self, upper, blend))
    }
}

/// What a cache has seen of one volume.
#[derive(Clone, Default)]
struct Seen {
    chunks: FxHashMap<ChunkPos, (usize, u64)>,
    blocks: FxHashMap<BlockPos, BlockVersion>,
}

impl Seen {
    /// Notes the present state of a volume and adds the blocks that differ from what was seen.
    fn update(&mut self, volume: &Volume, changed: &mut FxHashSet<BlockPos>) {
        let mut gone: FxHashSet<ChunkPos> = self.chunks.keys().copied().collect();
        for (pos, chunk) in volume.index.chunks() {
            gone.remove(pos);
            generation::seen(chunk.stamp);
            let version = (chunk.address(), chunk.stamp);
            if self.chunks.insert(*pos, version) == Some(version) {
                continue;
            }
            for place in 0..4096 {
                let at = pos.block(place);
                let slot = chunk.slot(place);
                let before = if slot.is_empty() {
                    self.blocks.remove(&at)
                } else {
                    self.blocks.insert(at, slot.version())
                };
                let now = (!slot.is_empty()).then(|| slot.version());
                if before != now {
                    changed.insert(at);
                }
            }
        }
        for pos in gone {
            self.chunks.remove(&pos);
            for place in 0..4096 {
                if self.blocks.remove(&pos.block(place)).is_some() {
                    changed.insert(pos.block(place));
                }
            }
        }
    }
}

/// A stack of volumes merged from the bottom up, kept from one look to the next.
///
/// ```
/// use goxel_daemon::voxel::{Blend, BlendMode, MergeCache, Point, Rgba, Volume};
/// let (mut below, above) = (Volume::new(), Volume::new());
/// let mut cache = MergeCache::new();
/// below.set(Point::new(1, 2, 3), Rgba::WHITE);
/// let over = Blend::new(BlendMode::Over);
/// let merged = cache.merge(&[(&below, over), (&above, over)]);
/// assert_eq!(merged.count(), 1);
/// ```
#[derive(Clone, Default)]
pub struct MergeCache {
    merged: Volume,
    blends: Vec<Blend>,
    seen: Vec<Seen>,
}

impl MergeCache {
    /// A cache that has seen nothing.
    pub fn new() -> MergeCache {
        MergeCache::default()
    }

    /// The merged stack, bottom first. Costs the blocks that changed since the last call, and a look
    /// at each chunk's stamp.
    pub fn merge(&mut self, stack: &[(&Volume, Blend)]) -> &Volume {
        let changed = self.look(stack);
        for at in changed {
            self.merge_block(stack, at);
        }
        &self.merged
    }

    /// The volume that it keeps, for a [`super::Packer`].
    pub fn volume_mut(&mut self) -> &mut Volume {
        &mut self.merged
    }

    /// What [`MergeCache::merge`] returned last.
    pub fn merged(&self) -> &Volume {
        &self.merged
    }

    /// Notes the present state of the stack and returns the blocks to merge anew.
    fn look(&mut self, stack: &[(&Volume, Blend)]) -> FxHashSet<BlockPos> {
        let blends: Vec<Blend> = stack.iter().map(|(_, blend)| *blend).collect();
        let mut changed = FxHashSet::default();
        if blends != self.blends {
            changed.extend(self.merged.positions());
            self.seen = vec![Seen::default(); stack.len()];
            self.blends = blends;
        }
        for (seen, (volume, _)) in self.seen.iter_mut().zip(stack) {
            seen.update(volume, &mut changed);
        }
        changed
    }

    fn merge_block(&mut self, stack: &[(&Volume, Blend)], at: BlockPos) {
        let result = stack.iter().fold(Slot::Empty, |lower, (volume, blend)| {
            blend.slots(&lower, volume.index.slot(at).unwrap_or(&Slot::Empty))
        });
        self.merged.put_slot(at, result);
    }
}

/// [`MergeCache::merge`] in slices, on snapshots. Gives the cache back when it is done; a job that is
/// dropped early takes its cache with it.
pub struct MergeJob {
    stack: Vec<(Volume, Blend)>,
    cache: MergeCache,
    left: Option<Vec<BlockPos>>,
    total: u64,
}

impl MergeJob {
    /// Merges a stack with what a cache already has.
    pub fn new(stack: Vec<(Volume, Blend)>, cache: MergeCache) -> MergeJob {
        MergeJob { stack, cache, left: None, total: 0 }
    }
}

impl Job for MergeJob {
    type Output = MergeCache;

    fn step(&mut self, budget: &mut Budget) -> Step<MergeCache> {
        let stack: Vec<(&Volume, Blend)> =
            self.stack.iter().map(|(v, blend)| (v, *blend)).collect();
        let left = self.left.get_or_insert_with(|| self.cache.look(&stack).into_iter().collect());
        self.total = self.total.max(left.len() as u64);
        while let Some(at) = left.pop() {
            self.cache.merge_block(&stack, at);
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(std::mem::take(&mut self.cache))
    }

    fn progress(&self) -> Progress {
        let left = self.left.as_ref().map_or(0, |left| left.len() as u64);
        Progress { done: self.total - left, total: self.total }
    }
}
