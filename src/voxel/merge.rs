//! Merging a stack of volumes with a cache.
//!
//! A [`MergeCache`] remembers which version of each block it has seen and works on the changed ones
//! alone.

use rustc_hash::FxHashMap;

use super::block::{BlockVersion, Slot};
use super::block_set::{BlockSet, IntoBlocks};
use super::index::{Chunk, ChunkPos};
use super::{Blend, BlockPos, Volume, generation};
use crate::job::spread::SpreadMap;
use crate::job::{Budget, Job, Progress, Step};

/// What a cache has seen of one volume.
#[derive(Clone, Default)]
struct Seen {
    chunks: SpreadMap<ChunkPos, SeenChunk>,
}

/// What a cache has seen of a chunk: where it lay and its stamp, and its blocks by their places.
#[derive(Clone, Default)]
struct SeenChunk {
    version: Option<(usize, u64)>,
    blocks: FxHashMap<u16, BlockVersion>,
}

impl Seen {
    /// Notes the present state of a chunk and adds the blocks that differ from what was seen.
    fn update_chunk(&mut self, pos: ChunkPos, chunk: &Chunk, changed: &mut Changed) {
        generation::seen(chunk.stamp());
        let version = Some((chunk.address(), chunk.stamp()));
        let seen = self.chunks.entry(pos).or_default();
        if std::mem::replace(&mut seen.version, version) == version {
            return;
        }
        seen.blocks.retain(|&place, _| {
            let is_there = !chunk.slot(usize::from(place)).is_empty();
            if !is_there {
                changed.insert(pos.block(usize::from(place)));
            }
            is_there
        });
        for (place, slot) in chunk.blocks() {
            let now = slot.version();
            if seen.blocks.insert(place as u16, now) != Some(now) {
                changed.insert(pos.block(place));
            }
        }
    }

    /// The chunks that a volume does not have any more.
    fn gone(&self, volume: &Volume) -> Vec<ChunkPos> {
        // All that the volume has were just seen.
        if self.chunks.len() == volume.index.chunks().len() {
            return Vec::new();
        }
        self.chunks.keys().copied().filter(|&pos| volume.index.chunk(pos).is_none()).collect()
    }

    /// Notes that a chunk is gone.
    fn forget_chunk(&mut self, pos: ChunkPos, changed: &mut Changed) {
        let blocks = self.chunks.remove(&pos).map(|seen| seen.blocks).unwrap_or_default();
        for place in blocks.into_keys() {
            changed.insert(pos.block(usize::from(place)));
        }
    }
}

/// The blocks of a stack to be merged anew.
type Changed = BlockSet;

/// A look at a stack under way: what differs from what the cache has seen.
#[derive(Default)]
struct Look {
    /// The volume, and where to go on in it.
    next: (usize, u32),
    /// Chunks that the volume does not have any more, once all that it has are looked at.
    gone: Option<Vec<ChunkPos>>,
    changed: Changed,
}

impl Look {
    fn begin(cache: &mut MergeCache, stack: &[(&Volume, Blend)]) -> Look {
        let blends: Vec<Blend> = stack.iter().map(|(_, blend)| *blend).collect();
        let mut look = Look::default();
        if blends != cache.blends {
            for (pos, chunk) in cache.merged.index.chunks().iter() {
                look.changed.insert_places(*pos, &chunk.occupied());
            }
            cache.seen = vec![Seen::default(); stack.len()];
            cache.blends = blends;
        }
        look
    }

    /// Looks at one more chunk; false once there is none left.
    fn next_chunk(&mut self, cache: &mut MergeCache, stack: &[(&Volume, Blend)]) -> bool {
        let (number, chunk) = self.next;
        let (Some(seen), Some((volume, _))) = (cache.seen.get_mut(number), stack.get(number))
        else {
            return false;
        };
        match volume.index.chunks().at_least(chunk) {
            Some((at, (pos, chunk))) => {
                seen.update_chunk(*pos, chunk, &mut self.changed);
                self.next.1 = at + 1;
            }
            None => match self.gone.get_or_insert_with(|| seen.gone(volume)).pop() {
                Some(pos) => seen.forget_chunk(pos, &mut self.changed),
                None => (self.next, self.gone) = ((number + 1, 0), None),
            },
        }
        true
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

    /// Bytes that it takes but for blocks, about.
    pub fn own_bytes(&self) -> u64 {
        let of_seen = |seen: &Seen| {
            let blocks = seen.chunks.values().map(|chunk| chunk.blocks.capacity() * 32);
            seen.chunks.capacity() * 80 + blocks.sum::<usize>()
        };
        self.seen.iter().map(of_seen).sum::<usize>() as u64 + self.merged.place_bytes()
    }

    /// The merged stack, bottom first. Costs the blocks that changed since the last call, and a
    /// look at each chunk's stamp.
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
    fn look(&mut self, stack: &[(&Volume, Blend)]) -> Changed {
        let mut look = Look::begin(self, stack);
        while look.next_chunk(self, stack) {}
        look.changed
    }

    fn merge_block(&mut self, stack: &[(&Volume, Blend)], at: BlockPos) {
        let result = stack.iter().fold(Slot::Empty, |lower, (volume, blend)| {
            blend.slots(&lower, volume.index.slot(at).unwrap_or(&Slot::Empty))
        });
        self.merged.put_slot(at, result);
    }
}

/// [`MergeCache::merge`] in slices, on snapshots. Gives the cache back when it is done; a job that
/// is dropped early takes its cache with it.
pub struct MergeJob {
    stack: Vec<(Volume, Blend)>,
    cache: MergeCache,
    stage: MergeStage,
    total: u64,
}

enum MergeStage {
    New,
    /// What changed is found, chunk by chunk.
    Looking(Look),
    /// What changed is merged, block by block.
    Merging(IntoBlocks),
}

impl MergeJob {
    /// Merges a stack with what a cache already has.
    pub fn new(stack: Vec<(Volume, Blend)>, cache: MergeCache) -> MergeJob {
        MergeJob { stack, cache, stage: MergeStage::New, total: 0 }
    }
}

impl Job for MergeJob {
    type Output = MergeCache;

    fn step(&mut self, budget: &mut Budget) -> Step<MergeCache> {
        let stack: Vec<(&Volume, Blend)> =
            self.stack.iter().map(|(v, blend)| (v, *blend)).collect();
        loop {
            match &mut self.stage {
                MergeStage::New => {
                    self.stage = MergeStage::Looking(Look::begin(&mut self.cache, &stack));
                }
                MergeStage::Looking(look) => {
                    if !look.next_chunk(&mut self.cache, &stack) {
                        let changed = std::mem::take(&mut look.changed).into_iter();
                        self.total = changed.len();
                        self.stage = MergeStage::Merging(changed);
                    }
                }
                MergeStage::Merging(left) => match left.next() {
                    Some(at) => self.cache.merge_block(&stack, at),
                    None => return Step::Done(std::mem::take(&mut self.cache)),
                },
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        let left = match &self.stage {
            MergeStage::Merging(left) => left.len(),
            MergeStage::New | MergeStage::Looking(_) => self.total,
        };
        Progress { done: self.total - left, total: self.total }
    }
}
