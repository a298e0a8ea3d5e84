//! Packing blocks that nobody edits.

use super::block::Slot;
use super::index::ChunkPos;
use super::{BlockPos, Volume};
use crate::job::{Budget, Job, Progress, Step};

impl Volume {
    /// Packs every dense block that has few enough colours and that no snapshot shares. Does nothing
    /// while marks are recorded.
    pub fn compact(&mut self) {
        for at in self.dense_positions() {
            self.compact_block(at);
        }
    }

    fn dense_positions(&self) -> Vec<BlockPos> {
        if self.marks.session != 0 {
            return Vec::new();
        }
        let dense = |slot: &Slot| matches!(slot, Slot::Dense(_));
        self.slots().filter(|(_, slot)| dense(slot)).map(|(at, _)| at).collect()
    }

    fn compact_block(&mut self, at: BlockPos) {
        let pos = ChunkPos::of(at);
        let place = super::index::place_in_chunk(at);
        if let Some(chunk) = self.index.own_chunk(pos)
            && let Slot::Dense(dense) = chunk.slot_mut(place)
            && dense.get_mut().is_some()
            && let Some(packed) = chunk.slot(place).packed()
        {
            chunk.replace(place, packed);
        }
    }
}

/// [`Volume::compact`] in slices. Give back what it holds when it is dropped early: every state
/// between two slices is a whole volume with the same voxels.
pub struct CompactJob {
    volume: Volume,
    left: std::vec::IntoIter<BlockPos>,
    total: u64,
}

impl CompactJob {
    /// Takes the volume for as long as the job lasts, as packing a shared block would only add to it.
    pub fn new(volume: Volume) -> CompactJob {
        let left = volume.dense_positions().into_iter();
        let total = left.len() as u64;
        CompactJob { volume, left, total }
    }

    /// The volume as far as it is packed.
    pub fn into_volume(self) -> Volume {
        self.volume
    }
}

impl Job for CompactJob {
    type Output = Volume;

    fn step(&mut self, budget: &mut Budget) -> Step<Volume> {
        for at in self.left.by_ref() {
            self.volume.compact_block(at);
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(std::mem::take(&mut self.volume))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.total - self.left.len() as u64, total: self.total }
    }
}
