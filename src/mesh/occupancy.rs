//! Which voxels of a volume count, as bits alone: 512 bytes a block instead of its colours.
//!
//! An [`Occupancy`] is a snapshot that owns its bits, so a job can keep it between slices. Blocks
//! are found through a dense table where the blocks fill their box well, else through a hash map;
//! the map also knows the empty cubes between far-apart blocks, so that a ray crosses any gap in
//! a few steps. Nothing is ever iterated in hash order.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::job::leftovers;
use crate::job::spread::SpreadMap;
use crate::memory;
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Mask, Rgba, Volume};

/// Which voxels count, by their alpha.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Solidity {
    /// Alpha of 127 and more: what Goxel's mesher and exporters take for solid.
    Meshed,
    /// Alpha 255 only: hides whatever is behind it.
    Opaque,
    /// Alpha 1 to 254.
    Translucent,
    /// Any alpha but 0.
    Present,
}

impl Solidity {
    fn counts(self, alpha: u8) -> bool {
        match self {
            Solidity::Meshed => alpha >= 127,
            Solidity::Opaque => alpha == 255,
            Solidity::Translucent => alpha > 0 && alpha < 255,
            Solidity::Present => alpha > 0,
        }
    }

    /// The voxels of a block that count.
    pub fn mask(self, block: BlockRef<'_>) -> Mask {
        if self == Solidity::Present {
            return block.mask();
        }
        let mask = block.mask();
        if let Some(color) = block.uniform() {
            return if self.counts(color.a) { mask } else { [0; BLOCK_VOXELS / 64] };
        }
        match block.voxels() {
            Some(voxels) => self.mask_of(voxels, mask),
            None => {
                let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
                block.copy_to(&mut voxels);
                self.mask_of(&voxels, mask)
            }
        }
    }

    fn mask_of(self, voxels: &[Rgba; BLOCK_VOXELS], mut mask: Mask) -> Mask {
        let (rows, _) = voxels.as_chunks::<64>();
        for (word, (bits, row)) in
            mask.iter_mut().zip(rows).enumerate().filter(|(_, (bits, _))| **bits != 0)
        {
            // Mostly every voxel is opaque or empty; looking at many of them at once is quick.
            let is_clear = |voxel: &Rgba| (voxel.a != 0) & (voxel.a != 255);
            if row.iter().fold(true, |so_far, voxel| so_far & !is_clear(voxel)) {
                *bits = if self.counts(255) { *bits } else { 0 };
                continue;
            }
            let mut left = *bits;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                if !self.counts(voxels[word * 64 + bit].a) {
                    *bits &= !(1 << bit);
                }
            }
        }
        mask
    }
}

#[derive(Clone)]
enum Index {
    /// The numbers of the masks plus one, so that a large table comes empty from the system.
    Dense {
        min: [i32; 3],
        size: [usize; 3],
        slots: Vec<u32>,
    },
    Sparse {
        slots: SpreadMap<[i32; 3], u32>,
        coarse: Box<CoarseCells>,
    },
}

/// For cubes of 4, 16, 64, ... blocks: which hold a block. Up to one cube for all the world.
type CoarseCells = [SpreadMap<[i32; 3], ()>; 14];

/// Regions from which on they are freed in slices.
const MANY_REGIONS: usize = 4096;
/// A dense table may have this many cells for each block before a map is used instead.
const DENSE_CELLS_PER_BLOCK: usize = 64;
/// A dense table of up to this many cells is always worth it.
const DENSE_CELLS_FREE: usize = 1 << 16;

/// The bits of the voxels that count.
#[derive(Clone)]
pub struct Occupancy {
    index: Index,
    masks: Vec<Mask>,
    /// Where the block of each mask lies.
    cells: Vec<[i32; 3]>,
    /// The regions in which they lie, z first.
    regions: BTreeSet<[i32; 3]>,
    /// The box of the blocks that there is room for.
    announced: Option<Bounds>,
    /// The tight box around all bits.
    bounds: Option<Bounds>,
}

fn cell(at: BlockPos) -> [i32; 3] {
    [at.x, at.y, at.z]
}

/// The region in which a block lies.
fn region_of(block: [i32; 3]) -> [i32; 3] {
    block.map(|v| v >> 2)
}

/// The lowest and the highest block that a box touches.
fn corners_of(bounds: &Bounds) -> [[i32; 3]; 2] {
    [bounds.min, bounds.max_inside()].map(|corner| corner.map(|v| (v >> 4) as i32))
}

impl Drop for Occupancy {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.masks));
        leftovers::leave_buffer(std::mem::take(&mut self.cells));
        if self.regions.len() > MANY_REGIONS {
            leftovers::leave(std::mem::take(&mut self.regions).into_iter());
        }
        if let Index::Dense { slots, .. } = &mut self.index {
            leftovers::leave_buffer(std::mem::take(slots));
        }
    }
}

impl Occupancy {
    /// The bits of a whole volume.
    pub fn new(volume: &Volume, solidity: Solidity) -> Self {
        let mut occupancy = Occupancy::with_room_for(volume, None);
        for (at, block) in volume.blocks() {
            occupancy.insert(at, solidity.mask(block));
        }
        occupancy
    }

    /// No bits yet, with an index for the blocks of a volume that a box touches; for all of them
    /// without one.
    pub fn with_room_for(volume: &Volume, within: Option<Bounds>) -> Self {
        let all = volume.block_bounds();
        let part = all.and_then(|all| within.map_or(Some(all), |within| all.intersect(&within)));
        let Some(part) = part else { return Occupancy::empty() };
        let ([min, max], blocks) = (corners_of(&part), volume.block_count());
        let size: [usize; 3] =
            std::array::from_fn(|axis| (i64::from(max[axis]) - i64::from(min[axis]) + 1) as usize);
        let cells = size.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        let allowed = (blocks * DENSE_CELLS_PER_BLOCK).max(DENSE_CELLS_FREE);
        let index = match cells {
            // What cannot be had as a whole is found by a map, which grows as it needs.
            Some(cells) if cells <= allowed && memory::probe(size_of::<u32>() * cells).is_ok() => {
                Index::Dense { min, size, slots: vec![0; cells] }
            }
            _ => Index::Sparse { slots: SpreadMap::default(), coarse: Default::default() },
        };
        let bounds = Bounds {
            min: min.map(|v| i64::from(v) * 16),
            max: max.map(|v| (i64::from(v) + 1) * 16),
        };
        Occupancy {
            index,
            // As many as there can be: a list that grows is copied.
            masks: memory::roomy(blocks),
            cells: memory::roomy(blocks),
            regions: BTreeSet::new(),
            announced: Some(bounds),
            bounds: None,
        }
    }

    /// Bytes that the bits of a volume may take, for whoever wants to know beforehand whether they
    /// can be had.
    pub fn most_bytes(volume: &Volume) -> usize {
        let each =
            size_of::<Mask>() + size_of::<[i32; 3]>() + size_of::<u32>() * DENSE_CELLS_PER_BLOCK;
        volume.block_count().saturating_mul(each)
    }

    /// The bits of nothing.
    pub fn empty() -> Self {
        let index = Index::Dense { min: [0; 3], size: [0; 3], slots: Vec::new() };
        let (masks, cells, regions) = (Vec::new(), Vec::new(), BTreeSet::new());
        Occupancy { index, masks, cells, regions, announced: None, bounds: None }
    }

    /// Adds a block, once, for which [`Occupancy::with_room_for`] made room. Empty masks cost
    /// nothing.
    pub fn insert(&mut self, at: BlockPos, mask: Mask) {
        let Some(tight) = mask_bounds(&mask) else { return };
        let slot = self.masks.len() as u32;
        match &mut self.index {
            Index::Dense { min, size, slots } => {
                let Some(place) = dense_place(min, size, cell(at)) else { return };
                slots[place] = slot + 1;
            }
            Index::Sparse { slots, coarse } => {
                slots.insert(cell(at), slot);
                note_coarsely(coarse, cell(at));
            }
        }
        self.masks.push(mask);
        let region = region_of(cell(at));
        // Blocks mostly follow each other along x.
        if self.cells.last().is_none_or(|&last| region_of(last) != region) {
            let [x, y, z] = region;
            self.regions.insert([z, y, x]);
        }
        self.cells.push(cell(at));
        let origin = at.origin().array().map(i64::from);
        let tight = Bounds {
            min: std::array::from_fn(|axis| origin[axis] + tight.min[axis]),
            max: std::array::from_fn(|axis| origin[axis] + tight.max[axis]),
        };
        self.bounds = Bounds::union_of(self.bounds, Some(tight));
    }

    /// The bits of one block, if any is set.
    #[inline]
    pub fn block(&self, at: [i32; 3]) -> Option<&Mask> {
        self.slot(at).and_then(|slot| self.masks.get(slot))
    }

    /// The number of a block that holds a bit: how many were inserted before it. Of others any
    /// larger number.
    #[inline]
    pub(crate) fn slot(&self, at: [i32; 3]) -> Option<usize> {
        let slot = match &self.index {
            Index::Dense { min, size, slots } => slots[dense_place(min, size, at)?].wrapping_sub(1),
            Index::Sparse { slots, .. } => *slots.get(&at)?,
        };
        Some(slot as usize)
    }

    /// The bits of the block with a number.
    #[inline]
    pub(crate) fn mask(&self, slot: usize) -> Option<&Mask> {
        self.masks.get(slot)
    }

    /// How many blocks hold a bit.
    pub fn len(&self) -> usize {
        self.masks.len()
    }

    /// Where the block with a number is.
    pub(crate) fn cell(&self, slot: usize) -> Option<[i32; 3]> {
        self.cells.get(slot).copied()
    }

    /// The bits of up to 16 voxels along x, from one on.
    #[inline]
    pub(crate) fn bits_along_x(&self, from: [i32; 3], count: u32) -> u32 {
        let [x, y, z] = from;
        let (word, shift) = (((z & 15) * 4 + (y & 15) / 4) as usize, (y & 3) * 16);
        let row = |x: i32| match self.block([x >> 4, y >> 4, z >> 4]) {
            Some(mask) => (mask[word] >> shift) as u32 & 0xFFFF,
            None => 0,
        };
        let inside = (x & 15) as u32;
        let mut bits = row(x) >> inside;
        if inside + count > 16 {
            bits |= row(x.wrapping_add(16)) << (16 - inside);
        }
        bits & ((1 << count) - 1)
    }

    /// Whether a voxel counts.
    #[inline]
    pub fn contains(&self, voxel: [i32; 3]) -> bool {
        match self.block(voxel.map(|v| v >> 4)) {
            Some(mask) => mask_bit(mask, voxel),
            None => false,
        }
    }

    /// Whether nothing counts.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// How many voxels count.
    pub fn count(&self) -> u64 {
        self.masks.iter().flatten().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The blocks that hold a bit, in the order in which they were inserted.
    pub fn blocks(&self) -> impl Iterator<Item = ([i32; 3], &Mask)> {
        self.cells.iter().copied().zip(&self.masks)
    }

    /// The regions that hold a bit, in the order z, y, x.
    pub(crate) fn regions(&self) -> impl Iterator<Item = [i32; 3]> {
        self.regions.iter().map(|&[z, y, x]| [x, y, z])
    }

    /// How many there are.
    pub(crate) fn region_count(&self) -> usize {
        self.regions.len()
    }

    /// The one that follows another one, or the first.
    pub(crate) fn region_after(&self, region: Option<[i32; 3]>) -> Option<[i32; 3]> {
        let after = region.map_or(Bound::Unbounded, |[x, y, z]| Bound::Excluded([z, y, x]));
        self.regions.range((after, Bound::Unbounded)).next().map(|&[z, y, x]| [x, y, z])
    }

    /// The smallest box around all voxels that count.
    pub fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// A box of whole blocks around everything that there is room for.
    pub fn block_bounds(&self) -> Option<Bounds> {
        self.announced
    }

    /// The logarithm of the edge of a cube that is known to be empty, aligned to its own size,
    /// around a block that [`Occupancy::block`] knows nothing of: 4 is the block alone.
    pub fn empty_cube(&self, block: [i32; 3]) -> u32 {
        let Index::Sparse { coarse, .. } = &self.index else { return 4 };
        let mut shift = 4;
        for (level, cells) in coarse.iter().enumerate() {
            if cells.contains_key(&block.map(|v| v >> (2 * (level + 1)))) {
                break;
            }
            shift += 2;
        }
        shift
    }
}

/// Whether the bit of a voxel is set in the mask of its block.
#[inline]
pub(crate) fn mask_bit(mask: &Mask, voxel: [i32; 3]) -> bool {
    let index = (voxel[0] & 15) | (voxel[1] & 15) << 4 | (voxel[2] & 15) << 8;
    mask[(index >> 6) as usize] >> (index & 63) & 1 == 1
}

/// The box around the set bits of a mask, in voxels of its block.
fn mask_bounds(mask: &Mask) -> Option<Bounds> {
    let (mut rows, mut layers, mut columns) = ([0u64; 4], 0u16, 0u64);
    for (z, layer) in mask.chunks_exact(4).enumerate() {
        (0..4).for_each(|part| rows[part] |= layer[part]);
        layers |= u16::from(layer.iter().any(|&bits| bits != 0)) << z;
    }
    rows.iter().for_each(|bits| columns |= bits);
    let line = |y: usize| (rows[y / 4] >> (y % 4 * 16)) as u16;
    let lines = (0..16).fold(0, |lines, y| lines | u16::from(line(y) != 0) << y);
    let columns = (columns | columns >> 16 | columns >> 32 | columns >> 48) as u16;
    let sides = [columns, lines, layers];
    Bounds::new(
        sides.map(|bits| i64::from(bits.trailing_zeros())),
        sides.map(|bits| 16 - i64::from(bits.leading_zeros())),
    )
}

/// The voxels of a block that lie in a box.
pub fn box_mask(at: BlockPos, bounds: &Bounds) -> Mask {
    let origin = at.origin().array().map(i64::from);
    let [xs, ys, zs]: [u16; 3] = std::array::from_fn(|axis| {
        let low = (bounds.min[axis] - origin[axis]).clamp(0, 16) as u32;
        let high = (bounds.max[axis] - origin[axis]).clamp(0, 16) as u32;
        if low < high { (((1u32 << high) - 1) & !((1u32 << low) - 1)) as u16 } else { 0 }
    });
    std::array::from_fn(|word| {
        if zs >> (word >> 2) & 1 == 0 {
            return 0;
        }
        let rows = u64::from(ys >> ((word & 3) * 4)) & 15;
        (0..4).map(|part| (rows >> part & 1) * (u64::from(xs) << (part * 16))).sum()
    })
}

#[inline]
fn dense_place(min: &[i32; 3], size: &[usize; 3], at: [i32; 3]) -> Option<usize> {
    let at: [usize; 3] = std::array::from_fn(|axis| at[axis].wrapping_sub(min[axis]) as usize);
    let inside = at[0] < size[0] && at[1] < size[1] && at[2] < size[2];
    inside.then(|| at[0] + size[0] * (at[1] + size[1] * at[2]))
}

/// Notes in which cubes of 4, 16, 64, ... blocks a block lies.
fn note_coarsely(coarse: &mut CoarseCells, block: [i32; 3]) {
    for (level, cells) in (1..).zip(coarse) {
        if cells.insert(block.map(|v| v >> (2 * level)), ()).is_some() {
            // Then it is known of larger cubes as well.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::Point;

    #[test]
    fn voxels_count_by_their_alpha() {
        let mut volume = Volume::new();
        for (x, alpha) in [(0, 1), (1, 126), (2, 127), (3, 254), (4, 255)] {
            volume.set(Point::new(x, 0, 0), Rgba::new(9, 9, 9, alpha));
        }
        let counted = |solidity| {
            let occupancy = Occupancy::new(&volume, solidity);
            (0..6).filter(|&x| occupancy.contains([x, 0, 0])).collect::<Vec<_>>()
        };
        assert_eq!(counted(Solidity::Present), [0, 1, 2, 3, 4]);
        assert_eq!(counted(Solidity::Meshed), [2, 3, 4]);
        assert_eq!(counted(Solidity::Opaque), [4]);
        assert_eq!(counted(Solidity::Translucent), [0, 1, 2, 3]);
    }

    #[test]
    fn far_apart_blocks_are_found_and_the_gap_between_them_is_known() {
        let mut volume = Volume::new();
        let far = [Point::new(i32::MIN, 0, i32::MAX), Point::new(i32::MAX, i32::MAX, 0)];
        far.iter().for_each(|&point| _ = volume.set(point, Rgba::WHITE));
        let occupancy = Occupancy::new(&volume, Solidity::Opaque);
        assert!(far.iter().all(|point| occupancy.contains(point.array())));
        assert!(!occupancy.contains([0, 0, 0]));
        assert_eq!(occupancy.count(), 2);
        assert!(occupancy.empty_cube([1 << 20, -(1 << 20), 1 << 20]) > 20);
        assert_eq!(occupancy.empty_cube([i32::MIN >> 4, 1, i32::MAX >> 4]), 4);
    }

    #[test]
    fn bounds_are_as_tight_as_those_of_the_volume() {
        let mut volume = Volume::new();
        for point in [[3, -40, 17], [5, -20, 17], [-90, -33, 21]] {
            volume.set(Point::from(point), Rgba::WHITE);
            let occupancy = Occupancy::new(&volume, Solidity::Present);
            assert_eq!(occupancy.bounds(), volume.bounds());
        }
    }

    #[test]
    fn a_box_mask_has_the_bits_of_the_voxels_inside() {
        let at = BlockPos { x: -1, y: 0, z: 2 };
        let bounds = Bounds { min: [-5, 3, 0], max: [100, 7, 35] };
        let mask = box_mask(at, &bounds);
        for index in 0..BLOCK_VOXELS as i32 {
            let local = [index & 15, index >> 4 & 15, index >> 8];
            let o = at.origin();
            let point = Point::new(o.x + local[0], o.y + local[1], o.z + local[2]);
            assert_eq!(mask_bit(&mask, local), bounds.contains(point), "{point:?}");
        }
    }

    #[test]
    fn bits_along_x_are_those_of_the_voxels() {
        let mut volume = Volume::new();
        for x in (-40..40).filter(|x| x * x % 7 < 3) {
            volume.set(Point::new(x, -3, 21), Rgba::WHITE);
        }
        let occupancy = Occupancy::new(&volume, Solidity::Present);
        for (x, count) in (-45..45).flat_map(|x| [1, 5, 16].map(move |count| (x, count))) {
            let bits = occupancy.bits_along_x([x, -3, 21], count);
            let expected =
                (0..16).filter(|&i| i < count && occupancy.contains([x + i as i32, -3, 21]));
            assert_eq!(bits, expected.map(|i| 1 << i).sum::<u32>(), "{x} {count}");
        }
    }

    #[test]
    fn an_empty_volume_has_no_bits() {
        let occupancy = Occupancy::new(&Volume::new(), Solidity::Present);
        assert!(occupancy.is_empty() && occupancy.block_bounds().is_none());
        assert!(!occupancy.contains([0, 0, 0]));
    }
}
