//! The parts of a volume: what hangs together by faces, whatever its colours.
//!
//! Each part is a region that begins at a voxel that no part has so far.

use std::sync::Arc;

use super::bits::{NONE, count, without};
use super::block_edit::mask_bounds;
use super::block_set::take_first;
use super::index::{ChunkPos, Places};
use super::region::RegionJob;
use super::{BlockPos, BlockWalk, Bounds, Point, Selection, Volume};
use crate::job::{Budget, Job, Progress, Step};

/// The parts of a volume that hang together, each with its voxels.
pub struct PartsJob {
    /// Shared with the search for each part: there may be as many parts as blocks.
    volume: Arc<Volume>,
    /// The block that is looked at for a part to begin in, and the way to the next ones.
    at: Option<BlockPos>,
    walk: BlockWalk,
    seen: Selection,
    search: Option<(Point, RegionJob)>,
    found: Option<FoundPart>,
    parts: Vec<Part>,
    /// Whether the parts keep their voxels, and come out sorted.
    is_whole: bool,
    /// Blocks in which no part begins any more, of how many.
    passed: u64,
    blocks: u64,
}

/// A part whose blocks are looked through.
struct FoundPart {
    part: Part,
    /// Cubes of 16x16x16 blocks, and blocks of one of them.
    chunks: Vec<ChunkPos>,
    blocks: (ChunkPos, Places),
}

/// A part: voxels that are not empty and hang together at their faces, whatever their colours.
#[derive(Clone, Debug)]
pub struct Part {
    /// How many voxels it has.
    pub count: u64,
    /// The smallest box around it.
    pub bounds: Bounds,
    /// One of its voxels.
    pub sample: Point,
    /// All of them.
    pub voxels: Selection,
}

impl PartsJob {
    /// Looks for the parts of a volume.
    pub fn new(volume: &Volume) -> PartsJob {
        let (blocks, volume) = (volume.block_count() as u64, Arc::new(volume.clone()));
        PartsJob {
            volume,
            at: None,
            walk: BlockWalk::new(),
            seen: Selection::new(),
            search: None,
            found: None,
            parts: Vec::new(),
            is_whole: true,
            passed: 0,
            blocks,
        }
    }

    /// The same for those who do not want the voxels of the parts, nor the parts in any order.
    pub fn without_voxels(volume: &Volume) -> PartsJob {
        PartsJob { is_whole: false, ..PartsJob::new(volume) }
    }

    /// The first voxel of a block that belongs to no part so far.
    fn start_in(&self, at: BlockPos) -> Option<Point> {
        let mask = self.volume.block(at).map_or(NONE, |block| block.mask());
        let fresh = without(&mask, &self.seen.mask(at));
        let word = fresh.iter().position(|&word| word != 0)?;
        let index = word * 64 + fresh[word].trailing_zeros() as usize;
        Some(super::block::point_in_block(at, index))
    }

    /// Looks in one more block for a part to begin with; false once there is none left.
    fn look_for_start(&mut self) -> bool {
        if let Some(at) = self.at {
            if let Some(start) = self.start_in(at) {
                self.search = Some((start, RegionJob::of_part(&self.volume, start)));
                return true;
            }
            self.passed += 1;
            self.at = None;
        }
        if self.walk.look_ahead(&self.volume) {
            self.at = self.walk.next(&self.volume);
            return self.at.is_some();
        }
        true
    }

    fn start_part(&mut self, sample: Point, voxels: Selection) {
        let (chunks, blocks) = (voxels.chunks(), (ChunkPos::of(BlockPos::of(sample)), [0; 64]));
        let part = Part { count: 0, bounds: Bounds::of_point(sample), sample, voxels };
        self.found = Some(FoundPart { part, chunks, blocks });
    }

    /// Looks through one more block of the part that was found; false once it is done, or there is
    /// none.
    fn add_block(&mut self) -> bool {
        let Some(FoundPart { part, chunks, blocks: (pos, places) }) = &mut self.found else {
            return false;
        };
        let Some(place) = take_first(places) else {
            match chunks.pop() {
                Some(next) => (*pos, *places) = (next, part.voxels.blocks_in(next)),
                None => {
                    let mut part = self.found.take().map(|found| found.part);
                    if let Some(part) = part.as_mut().filter(|_| !self.is_whole) {
                        part.voxels = Selection::new();
                    }
                    self.parts.extend(part);
                    return false;
                }
            }
            return true;
        };
        let at = pos.block(place);
        let (own, seen) = (part.voxels.mask(at), self.seen.mask(at));
        self.seen.put(at, std::array::from_fn(|word| seen[word] | own[word]));
        part.count += u64::from(count(&own));
        part.bounds = mask_bounds(at, &own).map_or(part.bounds, |own| part.bounds.union(&own));
        true
    }
}

impl Job for PartsJob {
    /// The parts, largest first.
    type Output = Vec<Part>;

    fn step(&mut self, budget: &mut Budget) -> Step<Vec<Part>> {
        loop {
            while self.add_block() {
                if !budget.spend(1) {
                    return Step::More;
                }
            }
            if let Some((start, search)) = &mut self.search {
                let Step::Done(found) = search.step(budget) else { return Step::More };
                let start = *start;
                self.search = None;
                self.start_part(start, found.unwrap_or_default());
            } else if !self.look_for_start() {
                let mut parts = std::mem::take(&mut self.parts);
                if self.is_whole {
                    parts.sort_by_key(|part| std::cmp::Reverse(part.count));
                }
                return Step::Done(parts);
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    /// In blocks.
    fn progress(&self) -> Progress {
        Progress { done: self.passed, total: self.blocks }
    }
}

impl Volume {
    /// The parts that hang together, largest first.
    pub fn parts(&self) -> Vec<Part> {
        PartsJob::new(self).finish()
    }
}
