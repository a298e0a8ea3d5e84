//! What there is to know about a volume as a whole.

use super::block::{Slot, mask_of};
use super::index::set_places;
use super::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Rgba, Volume};

impl Volume {
    /// The blocks with their positions, chunk by chunk.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (BlockPos, &Slot)> {
        self.index.chunks().iter().flat_map(|(pos, chunk)| {
            set_places(chunk.occupied()).map(|place| (pos.block(place), chunk.slot(place)))
        })
    }

    /// How many voxels are not empty.
    pub fn count(&self) -> u64 {
        self.slots().map(|(_, slot)| u64::from(slot.count())).sum()
    }

    /// The smallest box around all voxels.
    pub fn bounds(&self) -> Option<Bounds> {
        self.slots().fold(None, |bounds: Option<Bounds>, (at, slot)| {
            if bounds.is_some_and(|bounds| bounds.union(&at.bounds()) == bounds) {
                return bounds;
            }
            Bounds::union_of(bounds, BlockRef { slot }.bounds(at))
        })
    }

    /// The smallest box of whole blocks around all voxels.
    pub fn block_bounds(&self) -> Option<Bounds> {
        self.slots().map(|(at, _)| at.bounds()).reduce(|a, b| a.union(&b))
    }

    /// Bytes that this volume keeps alive, shared blocks counted in full.
    pub fn memory(&self) -> u64 {
        self.index.memory() + self.slots().map(|(_, slot)| slot.memory()).sum::<u64>()
    }

    /// A number that equal volumes share and different ones almost never do, whatever edits led to
    /// them and however their blocks are stored.
    ///
    /// The sum over all blocks of a hash of position and voxels, so the order does not matter.
    pub fn state_hash(&self) -> u64 {
        self.slots().fold(0u64, |sum, (at, slot)| sum.wrapping_add(block_hash(at, slot)))
    }
}

/// A multiplication that mixes all bits of both numbers.
fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xd1b5_4a32_d192_ed03);
    (wide as u64) ^ (wide >> 64) as u64
}

fn block_hash(at: BlockPos, slot: &Slot) -> u64 {
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    slot.copy_to(&mut voxels);
    debug_assert!(mask_of(&voxels) == slot.mask(), "the mask of {at:?} is not that of its voxels");
    let start = mix(at.x as u64, mix(at.y as u64, at.z as u64));
    voxels.chunks_exact(2).fold(start, |hash, pair| {
        let number = |voxel: Rgba| u64::from(u32::from_le_bytes(voxel.bytes()));
        mix(hash, number(pair[0]) << 32 | number(pair[1]))
    })
}
