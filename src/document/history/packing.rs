//! Packing what a history keeps: the layers that structural edits changed, and the blocks that
//! edits overwrote.
//!
//! An entry that holds layers keeps the memory that it was counted with: what it shares with the
//! document after the edit is packed on both sides.

use super::{History, Reversal};
use crate::document::Document;
use crate::job::Budget;
use crate::voxel::{Packer, Volume, VolumeChange};

impl Document {
    /// Every volume of the document, in the same order each time.
    pub fn volumes_mut(&mut self) -> impl Iterator<Item = &mut Volume> {
        let layers = self.layers.iter_mut().map(|layer| &mut layer.volume);
        layers.chain(std::iter::once(&mut self.mask))
    }
}

impl Reversal {
    fn change_mut(&mut self, number: usize) -> Option<&mut VolumeChange> {
        match self {
            Reversal::Layer(_, change) => Some(change).filter(|_| number == 0),
            Reversal::Voxels(changes) => changes.get_mut(number).map(|(_, change)| change),
            Reversal::Structure(_) => None,
        }
    }
}

impl History {
    /// The volumes of the layers that it keeps.
    pub fn volumes_mut(&mut self) -> impl Iterator<Item = &mut Volume> {
        let structures = self.entries.iter_mut().filter_map(|entry| match &mut entry.reversal {
            Reversal::Structure(structure) => Some(structure),
            Reversal::Layer(..) | Reversal::Voxels(_) => None,
        });
        structures.flat_map(|structure| structure.volumes_mut())
    }

    /// Packs the blocks that edits overwrote, in slices; whether there is more to do. `next` is the
    /// entry, the change in it and the block in that which are next.
    pub fn pack_changes(
        &mut self,
        packer: &mut Packer,
        next: &mut [usize; 3],
        budget: &mut Budget,
    ) -> bool {
        while let Some(entry) = self.entries.get_mut(next[0]) {
            if let Some(change) = entry.reversal.change_mut(next[1]) {
                let (stopped_at, saved) = change.pack(packer, next[2], budget);
                entry.count_packed(saved);
                self.memory = self.memory.saturating_sub(saved);
                self.blocks = self.blocks.saturating_sub(saved);
                if let Some(block) = stopped_at {
                    next[2] = block;
                    return true;
                }
                *next = [next[0], next[1] + 1, 0];
            } else {
                *next = [next[0] + 1, 0, 0];
            }
            if !budget.spend(1) {
                return true;
            }
        }
        false
    }
}
