//! Packing blocks that nobody edits.
//!
//! A packed block holds the same voxels and has the same version as before, so whatever was kept
//! about it (merged layers, encoded blocks of a file) still holds. Only where it is stored changes.

use super::block::Slot;
use super::index::{Chunk, into_set_places, leave_chunks};
use super::{BlockVersion, Volume};
use crate::job::Budget;
use crate::job::spread::SpreadMap;

impl Volume {
    /// Packs every dense block that has few enough colours. Does nothing while marks are recorded.
    /// A snapshot keeps the blocks as they were: see [`Packer`] for volumes that share blocks.
    pub fn compact(&mut self) {
        Packer::default().pack(&mut [self], &mut Budget::unlimited());
    }
}

/// Packs the dense blocks of several volumes, in slices. What the volumes share stays shared.
///
/// Between two slices the volumes are whole and may be read. They may be edited, too, but then give
/// the packer up: it would miss what is new. What somebody else shares is packed nonetheless, and
/// takes its old memory until they let go of it.
#[derive(Default)]
pub struct Packer {
    /// The packed forms of blocks that were shared; `None` for those of too many colours.
    packed: SpreadMap<BlockVersion, Option<Slot>>,
    /// The volume that is next, the number of the chunk in it and the place in that.
    volume: usize,
    chunk: u32,
    place: usize,
}

impl Packer {
    /// Packs until all is packed or the budget is spent; whether there is more to do. Give it the
    /// same volumes in the same order each time.
    pub fn pack(&mut self, volumes: &mut [&mut Volume], budget: &mut Budget) -> bool {
        while let Some(volume) = volumes.get_mut(self.volume) {
            match volume.index.chunks().at_least(self.chunk) {
                Some((number, _)) if volume.marks.session == 0 => {
                    self.chunk = number;
                    if self.pack_places(volume, budget) {
                        return true;
                    }
                    self.exchange_shared(volumes);
                    (self.chunk, self.place) = (number + 1, 0);
                    if !budget.spend(1) {
                        return true;
                    }
                }
                _ => (self.volume, self.chunk, self.place) = (self.volume + 1, 0, 0),
            }
        }
        false
    }

    /// Packs the rest of a chunk, in place if no other volume has it; whether the budget ended it.
    fn pack_places(&mut self, volume: &mut Volume, budget: &mut Budget) -> bool {
        let Some((_, chunk)) = volume.index.chunks().get(self.chunk) else { return false };
        let first = self.place;
        for place in into_set_places(chunk.occupied()).skip_while(|&place| place < first) {
            self.place = place + 1;
            let Some((_, chunk)) = volume.index.chunks().get(self.chunk) else { return false };
            if !matches!(chunk.slot(place), Slot::Dense(_)) {
                continue;
            }
            if let Some(chunk) = volume.index.own_chunk(self.chunk) {
                let own = chunk.own_slot(place);
                if let Some(packed) = own.and_then(|(slot, _)| self.packed_form(slot)) {
                    chunk.replace(place, packed);
                }
            } else if let Some((_, chunk)) = volume.index.chunks().get(self.chunk) {
                self.packed_form(&mut chunk.slot(place).clone());
            }
            if !budget.spend(1) {
                return true;
            }
        }
        false
    }

    /// The packed form of a dense block; the same one each time if it is shared.
    pub(crate) fn packed_form(&mut self, slot: &mut Slot) -> Option<Slot> {
        let known = (!self.packed.is_empty()).then(|| self.packed.get(&slot.version())).flatten();
        if let Some(known) = known {
            return known.clone();
        }
        let Slot::Dense(dense) = slot else { return None };
        let is_shared = dense.get_mut().is_none();
        let packed = slot.packed();
        if is_shared {
            self.packed.insert(slot.version(), packed.clone());
        }
        packed
    }

    /// Puts a packed copy of a chunk that is shared in the place of that chunk, in every volume.
    fn exchange_shared(&mut self, volumes: &mut [&mut Volume]) {
        let Some((pos, old)) = volumes[self.volume].index.chunks().get(self.chunk) else { return };
        let (pos, address) = (*pos, old.address());
        let Some(new) = self.packed_copy(old) else { return };
        let olds = volumes.iter_mut().filter_map(|volume| {
            let is_free = volume.marks.session == 0;
            is_free.then(|| volume.index.exchange(pos, address, &new)).flatten()
        });
        leave_chunks(olds.map(|old| (pos, old)).collect());
    }

    /// A copy of a chunk with its blocks packed, if one of them could be.
    fn packed_copy(&self, chunk: &Chunk) -> Option<Chunk> {
        let dense = chunk.blocks().filter(|(_, slot)| matches!(slot, Slot::Dense(_)));
        let known = dense
            .filter_map(|(place, slot)| Some((place, self.packed.get(&slot.version())?.as_ref()?)));
        let packed: Vec<(usize, &Slot)> = known.collect();
        if packed.is_empty() {
            return None;
        }
        let mut copy = chunk.clone();
        for (place, slot) in packed {
            copy.replace(place, slot.clone());
        }
        Some(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{BlockPos, Point, Rgba, memory_in_use};

    /// A volume of dense blocks of a few colours.
    fn busy(blocks: i32) -> Volume {
        let mut volume = Volume::new();
        for x in 0..blocks * 16 {
            let color = Rgba::opaque((x % 7) as u8, 1, 2);
            (0..16).for_each(|y| _ = volume.set(Point::new(x, y, x * y % 16), color));
        }
        volume
    }

    fn address(volume: &Volume, x: i32) -> usize {
        volume.block(BlockPos { x, y: 0, z: 0 }).map_or(0, |block| block.identity())
    }

    #[test]
    fn what_is_shared_is_packed_once_and_stays_shared() {
        let mut first = busy(40);
        let mut second = first.clone();
        second.set(Point::new(3, 3, 3), Rgba::WHITE);
        let mut third = second.clone();
        let hashes = [&first, &second, &third].map(|volume| volume.state_hash());
        let versions: Vec<_> = first.blocks().map(|(_, block)| block.version()).collect();
        let before = memory_in_use();
        let (mut packer, mut slices) = (Packer::default(), 1);
        while packer.pack(&mut [&mut first, &mut second, &mut third], &mut Budget::units(3)) {
            slices += 1;
            assert_eq!([&first, &second, &third].map(|volume| volume.state_hash()), hashes);
        }
        drop(packer);
        assert!(slices > 10, "{slices}");
        assert_eq!([&first, &second, &third].map(|volume| volume.state_hash()), hashes);
        assert!(first.blocks().map(|(_, block)| block.version()).eq(versions));
        assert!(first.memory() < 40 * 3000 + second.index.memory());
        assert_ne!(address(&first, 0), address(&second, 0));
        assert_eq!(address(&second, 0), address(&third, 0));
        assert!((1..40).all(|x| address(&first, x) == address(&third, x)));
        // Other tests of this process allocate at the same time, hence no exact figure.
        assert!(memory_in_use() < before + (64 << 20));
    }

    #[test]
    fn blocks_of_too_many_colours_stay_as_they_are() {
        let mut volume = Volume::new();
        for n in 0..4096 {
            let color = Rgba::opaque(n as u8, (n >> 8) as u8, 0);
            volume.set(Point::new(n & 15, n >> 4 & 15, n >> 8), color);
        }
        let snapshot = volume.clone();
        let (hash, at) = (volume.state_hash(), address(&volume, 0));
        volume.compact();
        assert_eq!((volume.state_hash(), address(&volume, 0)), (hash, at));
        drop(snapshot);
    }

    #[test]
    fn a_packed_block_is_edited_like_any_other() {
        let mut volume = busy(2);
        volume.compact();
        let packed = volume.state_hash();
        volume.start_marks();
        volume.set(Point::new(1, 1, 1), Rgba::WHITE);
        volume.compact();
        let change = volume.take_marks();
        assert_eq!(volume.get(Point::new(1, 1, 1)), Rgba::WHITE);
        volume.apply(change);
        assert_eq!(volume.state_hash(), packed);
    }
}
