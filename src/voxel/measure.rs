//! What there is to know about a volume as a whole.

use super::block::{Slot, mask_of};
use super::chunks::Entry;
use super::index::{Chunk, ChunkPos};
use super::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Rgba, Volume};
use crate::job::{Budget, Slice};

/// Cubes of 256x256x256 voxels whose voxels are looked at in one unit of work.
const CHUNKS_A_UNIT: u64 = 4;

/// Bytes that a chunk's place in a volume's index takes, about.
const INDEX_BYTES: u64 = 64;

impl Volume {
    /// The blocks with their positions, chunk by chunk.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (BlockPos, &Slot)> {
        self.index.chunks().iter().flat_map(|(pos, chunk)| slots_of(*pos, chunk))
    }

    /// How many voxels are not empty. What was not written since it was counted last, in cubes of
    /// 256x256x256 voxels, is not counted again.
    pub fn count(&self) -> u64 {
        self.index.chunks().voxels()
    }

    /// Counts the voxels from a cube of 256x256x256 on, so that [`Volume::count`] has less to do: a
    /// unit of work for each. False once all are counted. `next` is where to go on, from 0.
    pub fn count_some(&self, next: &mut u32, budget: &mut Budget) -> bool {
        while let Some(number) = self.index.chunks().count_next(*next) {
            *next = number;
            if !budget.spend(1) {
                return true;
            }
        }
        false
    }

    /// [`Volume::count`] in slices.
    pub async fn count_in_slices(&self, slice: &Slice) -> u64 {
        let mut next = 0;
        while self.count_some(&mut next, &mut Budget::units(CHUNKS_A_UNIT)) {
            slice.spend(1).await;
        }
        self.count()
    }

    /// The smallest box around all voxels.
    pub fn bounds(&self) -> Option<Bounds> {
        let all = self.block_bounds()?;
        self.index.chunks().tight_boxes(&all).fold(None, Bounds::union_of)
    }

    /// A box of whole cubes of 256x256x256 voxels around all voxels, perhaps larger than need be:
    /// told without a look at any of them.
    pub(crate) fn reach(&self) -> Option<Bounds> {
        self.index.reach()
    }

    /// Whether any of the cubes of 256x256x256 voxels that a box touches has blocks.
    pub(crate) fn has_cubes_in(&self, bounds: &Bounds) -> bool {
        let Some(bounds) = bounds.intersect(&Bounds::ALL) else { return false };
        let [low, high] = [bounds.min, bounds.max_inside()].map(|corner| {
            let [x, y, z] = corner.map(|value| (value >> 8) as i32);
            ChunkPos { x, y, z }
        });
        self.index.chunks().within(low, high).next().is_some()
    }

    /// The smallest box of whole blocks around all voxels.
    pub fn block_bounds(&self) -> Option<Bounds> {
        self.index.chunks().block_bounds()
    }

    /// The smallest box around all voxels, or one of whole blocks, in slices.
    pub async fn bounds_in_slices(&self, is_exact: bool, slice: &Slice) -> Option<Bounds> {
        let mut all = None;
        for part in self.index.chunks().boxes_of_pages() {
            all = Bounds::union_of(all, part);
            slice.spend(1).await;
        }
        if !is_exact {
            return all;
        }
        let (all, mut bounds) = (all?, None);
        for part in self.index.chunks().tight_boxes(&all) {
            bounds = Bounds::union_of(bounds, part);
            slice.spend(1).await;
        }
        bounds
    }

    /// Bytes that this volume keeps alive, shared blocks counted in full.
    pub fn memory(&self) -> u64 {
        self.index.memory() + self.block_bytes()
    }

    /// Bytes of its blocks, shared ones counted in full.
    pub fn block_bytes(&self) -> u64 {
        self.index.chunks().chunk_bytes().blocks
    }

    /// How many cubes of 256x256x256 voxels hold any.
    pub(crate) fn cube_count(&self) -> usize {
        self.index.chunks().len()
    }

    /// Bytes of its list of cubes of 256x256x256 voxels.
    pub fn place_bytes(&self) -> u64 {
        self.index.place_bytes()
    }

    /// Bytes that this volume takes beside another one, if there is one, with which it may share
    /// blocks. What both share in cubes of 256x256x256 voxels is not looked at.
    pub fn memory_beside(&self, other: Option<&Volume>) -> u64 {
        let own = self.index.chunks();
        let Some(other) = other else {
            let bytes = own.chunk_bytes();
            return bytes.tables + bytes.blocks + own.len() as u64 * INDEX_BYTES;
        };
        let differing = own.differing(other.index.chunks());
        let held = differing.filter_map(|(_, [own, other])| Some((own?, other)));
        held.map(|(own, other)| memory_of_chunk_beside(own, other)).sum()
    }

    /// The part of [`Volume::memory_beside`] that the next cube of 256x256x256 voxels makes; `None`
    /// if there are no more. `next` is where to go on, from 0.
    pub(crate) fn memory_of_cube_beside(
        &self,
        next: &mut u32,
        other: Option<&Volume>,
    ) -> Option<u64> {
        let (number, (pos, chunk)) = self.index.chunks().at_least(*next)?;
        *next = number + 1;
        Some(memory_of_chunk_beside(chunk, other.and_then(|other| other.index.chunk(*pos))))
    }

    /// Whether another volume shares all of its storage, so that both hold the same. Soon told for
    /// what was cloned and written little since.
    pub fn is_same_storage(&self, other: &Volume) -> bool {
        self.index.chunks().is_shared_with(other.index.chunks())
    }

    /// A number that equal volumes share and different ones almost never do, whatever edits led to
    /// them and however their blocks are stored.
    ///
    /// The sum over all blocks of a hash of position and voxels, so the order does not matter.
    pub fn state_hash(&self) -> u64 {
        self.slots().fold(0u64, |sum, (at, slot)| sum.wrapping_add(block_hash(at, slot)))
    }
}

/// Bytes that a chunk takes beside another one in the same place, if there is one.
fn memory_of_chunk_beside(chunk: &Chunk, other: Option<&Chunk>) -> u64 {
    let table = chunk.own_bytes() + INDEX_BYTES;
    match other {
        None => table + chunk.bytes(),
        Some(other) if other.address() == chunk.address() => 0,
        Some(other) => table + memory_of_differing(chunk, other),
    }
}

/// Whether a box has a side in common with another one that holds it.
pub(super) fn reaches_a_side(part: &Bounds, all: &Bounds) -> bool {
    (0..3).any(|axis| part.min[axis] == all.min[axis] || part.max[axis] == all.max[axis])
}

/// Whether a chunk lies at a side of the box of all blocks.
fn lies_at_a_side(pos: ChunkPos, all: &Bounds) -> bool {
    [pos.x, pos.y, pos.z].into_iter().enumerate().any(|(axis, at)| {
        let at = i64::from(at);
        at == all.min[axis] >> 8 || at == (all.max[axis] - 1) >> 8
    })
}

/// A box extended by the voxels of a chunk. Only blocks at the sides of the box of all blocks are
/// looked at: no block is empty.
pub(super) fn extended(
    bounds: Option<Bounds>,
    all: &Bounds,
    (pos, chunk): &Entry,
) -> Option<Bounds> {
    let pos = *pos;
    // Most cubes of a large volume need no look: they lie within the box of all blocks.
    if !lies_at_a_side(pos, all) {
        return bounds;
    }
    let holds = |part: &Bounds| bounds.is_some_and(|bounds| bounds.union(part) == bounds);
    let own = chunk.box_of_blocks(pos);
    if own.is_none_or(|own| !reaches_a_side(&own, all) || holds(&own)) {
        return bounds;
    }
    slots_of(pos, chunk).fold(bounds, |bounds, (at, slot)| {
        let block = at.bounds();
        let is_inside = bounds.is_some_and(|bounds| bounds.union(&block) == bounds);
        if is_inside || !reaches_a_side(&block, all) {
            return bounds;
        }
        Bounds::union_of(bounds, BlockRef { slot }.bounds(at))
    })
}

fn slots_of(pos: ChunkPos, chunk: &Chunk) -> impl Iterator<Item = (BlockPos, &Slot)> {
    chunk.blocks().map(move |(place, slot)| (pos.block(place), slot))
}

/// Bytes of the blocks of a chunk that another chunk does not hold in the same places.
fn memory_of_differing(chunk: &Chunk, beside: &Chunk) -> u64 {
    let mut bytes = 0;
    chunk.for_each_block(|place, slot| {
        if slot.identity() != beside.slot(place).identity() {
            bytes += slot.memory();
        }
    });
    bytes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};
    use crate::voxel::{Point, VolumeChange};

    /// What the walk over all blocks says that [`Volume::memory`] and [`Volume::count`] have to
    /// say.
    fn walked(volume: &Volume) -> (u64, u64) {
        let blocks = volume.slots().map(|(_, slot)| (slot.memory(), u64::from(slot.count())));
        let (bytes, voxels) = blocks.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (volume.index.memory() + bytes, voxels)
    }

    /// Numbers that look random, the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % limit
        }

        fn color(&mut self) -> Rgba {
            let alpha = if self.below(3) == 0 { 0 } else { 255 };
            Rgba::new(self.below(4) as u8, 1, 2, alpha)
        }

        fn bounds(&mut self) -> Bounds {
            let min = [0; 3].map(|_| self.below(600) as i64 - 300);
            let edge = 1 + self.below(70) as i64;
            Bounds { min, max: min.map(|value| value + edge) }
        }
    }

    fn change_somehow(volume: &mut Volume, numbers: &mut Numbers, changes: &mut Vec<VolumeChange>) {
        let bounds = numbers.bounds();
        let at = BlockPos::of(Point::from(bounds.min.map(|value| value as i32)));
        match numbers.below(8) {
            0 => _ = volume.fill(bounds, numbers.color()),
            1 => volume.remove_block(at),
            2 => volume.set_uniform_block(at, numbers.color()),
            3 => volume.set_block(at, &std::array::from_fn(|_| numbers.color())),
            4 => volume.compact(),
            5 => {
                volume.start_marks();
                let color = numbers.color();
                volume.fill(bounds, color);
                (0..300).for_each(|_| {
                    let place = bounds.min.map(|value| (value + numbers.below(20) as i64) as i32);
                    volume.set(Point::from(place), numbers.color());
                });
                changes.push(volume.take_marks());
            }
            6 => _ = changes.pop().map(|change| volume.apply(change)),
            _ => (0..50).for_each(|_| {
                let place = bounds.min.map(|value| (value + numbers.below(9) as i64) as i32);
                volume.set(Point::from(place), numbers.color());
            }),
        }
    }

    #[test]
    fn memory_and_count_are_what_a_walk_over_all_blocks_says_whatever_was_done() {
        let mut numbers = Numbers(7);
        let (mut volume, mut changes, mut snapshots) = (Volume::new(), Vec::new(), Vec::new());
        for round in 0..120 {
            change_somehow(&mut volume, &mut numbers, &mut changes);
            assert_eq!((volume.memory(), volume.count()), walked(&volume), "round {round}");
            assert_eq!(volume.block_count(), volume.slots().count(), "round {round}");
            if round % 20 == 0 {
                let snapshot = volume.clone();
                let expected = walked(&snapshot);
                snapshots.push((snapshot, expected));
            }
        }
        for (snapshot, expected) in &snapshots {
            assert_eq!((snapshot.memory(), snapshot.count()), *expected);
            assert_eq!(snapshot.count(), snapshot.voxels().count() as u64);
        }
    }

    #[test]
    fn counting_in_slices_leaves_nothing_to_count() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([-300, -300, 0], [300, 300, 3]), Rgba::WHITE);
        let (mut next, mut slices) = (0, 1);
        while volume.count_some(&mut next, &mut Budget::units(1)) {
            slices += 1;
        }
        assert_eq!(slices, volume.index.chunks().len() + 1);
        assert_eq!(volume.count(), 601 * 601 * 4);
    }

    #[test]
    fn boxes_hold_each_voxel_or_block_and_no_more() {
        let (mut volume, mut numbers) = (Volume::new(), Numbers(5));
        assert_eq!(volume.block_bounds(), None);
        for _ in 0..300 {
            let at = [0; 3].map(|_| numbers.below(900) as i32 - 400);
            volume.set(Point::from(at), Rgba::WHITE);
            let walked = volume.slots().map(|(at, _)| at.bounds()).reduce(|a, b| a.union(&b));
            assert_eq!(volume.block_bounds(), walked);
            let voxels = volume.voxels().map(|(point, _)| Bounds::of_point(point));
            let exact = voxels.reduce(|a, b| a.union(&b));
            assert_eq!(volume.bounds(), exact);
            for (is_exact, expected) in [(true, exact), (false, walked)] {
                let volume = volume.clone();
                let sliced = Work::new(move |slice| async move {
                    volume.bounds_in_slices(is_exact, &slice).await
                });
                assert_eq!(sliced.finish(), expected);
            }
        }
    }

    #[test]
    fn what_two_volumes_share_takes_no_memory_beside_each_other() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([1, 1, 1], [600, 20, 20]), Rgba::WHITE);
        let mut other = volume.clone();
        assert!(volume.is_same_storage(&other));
        assert_eq!(volume.memory_beside(Some(&other)), 0);
        other.set(Point::new(3, 1, 1), Rgba::EMPTY);
        assert!(!volume.is_same_storage(&other));
        let dense = super::super::slab::Shared::<super::super::dense::Dense>::BYTES as u64;
        let tables = volume.index.chunks().iter().map(|(_, chunk)| chunk.own_bytes() + INDEX_BYTES);
        let tables: Vec<u64> = tables.collect();
        assert_eq!(volume.memory_beside(Some(&other)), dense + tables[0]);
        let blocks = volume.slots().map(|(_, slot)| slot.memory()).sum::<u64>();
        assert_eq!(volume.memory_beside(None), blocks + tables.iter().sum::<u64>());
    }

    #[test]
    fn the_box_of_a_volume_is_that_of_its_voxels() {
        let mut numbers = Numbers(11);
        for _ in 0..50 {
            let mut volume = Volume::new();
            (0..5).for_each(|_| _ = volume.fill(numbers.bounds(), numbers.color()));
            let each = volume.voxels().map(|(point, _)| Bounds::of_point(point));
            assert_eq!(volume.bounds(), each.reduce(|a, b| a.union(&b)));
        }
    }
}
