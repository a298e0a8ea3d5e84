//! A volume shrunk by a whole number: each voxel of the image stands for a cube of the source; it
//! is there if at least half of the cube is, in the most frequent colour of it, of equals the
//! lowest.
//!
//! Goes over the blocks of the image in parts that take a bounded number of voxels of the source:
//! a layer of the block, a row, or one voxel; and where the cube of one voxel is more than that,
//! some layers of the cube.

use rustc_hash::FxHashMap;

use super::{blocks_of, cube_of, voxel_of};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Rgba, Volume};

/// Voxels of the source that are looked at in one unit of work.
const VOXELS_A_UNIT: i64 = 1 << 13;
/// Parts in which nothing is that are passed over in one unit.
const PASSED_A_UNIT: usize = 64;

/// Shrinks parts of one volume.
pub(in crate::edit) struct Shrinking {
    size: i64,
    center: [i64; 3],
    /// Voxels of the image in a part, and layers of their cubes.
    width: i64,
    layers: i64,
    /// What was found in the part under way: the voxel of the image that it belongs to, above its
    /// colour.
    found: Vec<u64>,
    /// The colours in the layers so far of a cube that is counted layer by layer.
    counts: FxHashMap<u32, u32>,
}

impl Shrinking {
    /// By `size`; the voxel given stays.
    pub(in crate::edit) fn new(size: i64, center: [i64; 3]) -> Self {
        let cube = size * size * size;
        let width = [BLOCK_VOXELS as i64, 256, 16].into_iter();
        let width = width.filter(|width| width * cube <= VOXELS_A_UNIT).max().unwrap_or(1);
        let layers = if width > 1 { size } else { (VOXELS_A_UNIT / (size * size)).clamp(1, size) };
        let (found, counts) = (Vec::new(), FxHashMap::default());
        Shrinking { size, center, width, layers, found, counts }
    }

    /// The blocks of the image that voxels of a block can be in.
    pub(super) fn targets(&self, at: BlockPos) -> impl Iterator<Item = BlockPos> + use<> {
        let own = at.bounds();
        let min = std::array::from_fn(|axis| self.shrunk(own.min[axis], axis));
        let max = std::array::from_fn(|axis| self.shrunk(own.max[axis] - 1, axis) + 1);
        blocks_of(&Bounds { min, max })
    }

    /// Where a coordinate of the source is in the image.
    fn shrunk(&self, value: i64, axis: usize) -> i64 {
        self.center[axis] + (value - self.center[axis]).div_euclid(self.size)
    }

    /// Makes a part of a block of the image, from the place given on; the place behind it, or
    /// `None` at the block's end.
    pub(super) fn place(
        &mut self,
        source: &Volume,
        at: BlockPos,
        within: Option<Bounds>,
        from: i64,
        built: &mut Volume,
    ) -> Option<i64> {
        let end = BLOCK_VOXELS as i64 / self.width * self.slabs();
        let mut place = from;
        for _ in 0..PASSED_A_UNIT {
            let passed = self.places_of_nothing(source, at, place);
            if passed > 0 {
                place += passed;
                if place == end {
                    break;
                }
                continue;
            }
            self.gather(source, at, within, place);
            let is_nothing = self.found.is_empty();
            place += 1;
            self.finish(at, place, built);
            if !is_nothing || place == end {
                break;
            }
        }
        (place < end).then_some(place)
    }

    /// Parts of a cube.
    fn slabs(&self) -> i64 {
        (self.size + self.layers - 1) / self.layers
    }

    /// The cubes of some voxels of the image: a layer of the block, a row, or one voxel.
    fn cubes(&self, at: BlockPos, first: i64, width: i64) -> Bounds {
        let [low, high] = [first, first + width - 1]
            .map(|index| cube_of(voxel_of(at, index as usize), self.size, self.center));
        Bounds { min: low.min, max: high.max }
    }

    /// How many places from one on come to nothing for sure, as far as that is soon told.
    fn places_of_nothing(&self, source: &Volume, at: BlockPos, place: i64) -> i64 {
        let (slabs, voxel) = (self.slabs(), place / self.slabs());
        if place % slabs != 0 {
            return 0;
        }
        let wide = [256, 16].into_iter().filter(|width| slabs > 1 && voxel % width == 0);
        for width in wide {
            if !source.has_cubes_in(&self.cubes(at, voxel, width)) {
                return width * slabs;
            }
        }
        // A cube that is half full takes so many blocks.
        let needed = (self.size * self.size * self.size) as usize / (2 * BLOCK_VOXELS);
        let cubes = self.cubes(at, voxel * self.width, self.width).intersect(&Bounds::ALL);
        let blocks = cubes.into_iter().filter(|cubes| source.has_cubes_in(cubes));
        let blocks = blocks.flat_map(|cubes| blocks_of(&cubes));
        let there = blocks.filter(|of| source.block(*of).is_some());
        if there.take(needed.max(1)).count() < needed.max(1) { slabs } else { 0 }
    }

    /// Finds the voxels of the source that a part takes.
    fn gather(&mut self, source: &Volume, at: BlockPos, within: Option<Bounds>, place: i64) {
        let slab = place % self.slabs();
        let mut part = self.cubes(at, place / self.slabs() * self.width, self.width);
        part.min[2] += slab * self.layers;
        if self.layers < self.size {
            part.max[2] = part.max[2].min(part.min[2] + self.layers);
        }
        let Some(part) = part.intersect(&within.unwrap_or(Bounds::ALL)) else { return };
        let Some(part) = part.intersect(&Bounds::ALL) else { return };
        for of in blocks_of(&part) {
            if let (Some(block), Some(inside)) = (source.block(of), part.intersect(&of.bounds())) {
                self.gather_block(block, of, inside);
            }
        }
    }

    /// The voxels of a block of the source that lie in a part of it.
    fn gather_block(&mut self, block: BlockRef<'_>, of: BlockPos, part: Bounds) {
        let corner = of.bounds().min;
        let inside = |axis: usize| {
            (part.min[axis] - corner[axis]) as usize..(part.max[axis] - corner[axis]) as usize
        };
        // The place in its block of the image that each coordinate of the block goes to.
        let to: [[usize; 16]; 3] = std::array::from_fn(|axis| {
            std::array::from_fn(|place| {
                (self.shrunk(corner[axis] + place as i64, axis) & 15) as usize
            })
        });
        let (mask, across) = (block.mask(), inside(0));
        let wanted = (u64::MAX >> (64 - across.len())) << across.start;
        for z in inside(2) {
            for y in inside(1) {
                let row = y + 16 * z;
                let mut bits = mask[row / 4] >> (row % 4 * 16) & wanted & 0xffff;
                while bits != 0 {
                    let x = bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let color = u32::from_be_bytes(block.get(x + 16 * row).bytes());
                    let target = to[0][x] + 16 * to[1][y] + 256 * to[2][z];
                    self.found.push((target as u64) << 32 | u64::from(color));
                }
            }
        }
    }

    /// Puts the voxels of what was found until a place.
    fn finish(&mut self, at: BlockPos, place: i64, built: &mut Volume) {
        let cube = (self.size * self.size * self.size) as u64;
        self.found.sort_unstable();
        let color_of = |color: u32| {
            let [r, g, b, a] = color.to_be_bytes();
            Rgba { r, g, b, a }
        };
        // Equals come from the lowest colour on, and the first of the longest runs counts.
        let put = |built: &mut Volume, target: u64, color: u32| {
            built.set(voxel_of(at, target as usize), color_of(color));
        };
        if self.slabs() == 1 {
            for voxel in self.found.chunk_by(|a, b| a >> 32 == b >> 32) {
                let mut best = 0..0;
                let mut from = 0;
                for run in voxel.chunk_by(|a, b| a == b) {
                    if run.len() > best.len() {
                        best = from..from + run.len();
                    }
                    from += run.len();
                }
                if voxel.len() as u64 * 2 >= cube {
                    put(built, voxel[0] >> 32, voxel[best.start] as u32);
                }
            }
        } else {
            for run in self.found.chunk_by(|a, b| a == b) {
                *self.counts.entry(run[0] as u32).or_default() += run.len() as u32;
            }
            if place % self.slabs() == 0 {
                let filled: u64 = self.counts.values().map(|count| u64::from(*count)).sum();
                let best = self.counts.drain().max_by_key(|&(color, count)| (count, !color));
                if let Some((color, _)) = best.filter(|_| filled * 2 >= cube) {
                    put(built, (place / self.slabs() - 1) as u64, color);
                }
            }
        }
        self.found.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::edit::surface::most_frequent;
    use crate::voxel::Point;

    /// What the definition gives, counted voxel by voxel of the source.
    fn defined(source: &Volume, within: Option<Bounds>, size: i64, center: [i64; 3]) -> Volume {
        let mut cubes: HashMap<Point, Vec<Rgba>> = HashMap::new();
        for (point, color) in source.voxels() {
            let target = point.array().into_iter().zip(center);
            let mut target =
                target.map(|(value, center)| center + (i64::from(value) - center).div_euclid(size));
            let target = std::array::from_fn(|_| target.next().unwrap() as i32);
            if within.is_none_or(|within| within.contains(point)) {
                cubes.entry(Point::from(target)).or_default().push(color);
            }
        }
        let mut expected = Volume::new();
        for (target, mut colors) in cubes {
            if colors.len() as i64 * 2 >= size * size * size {
                expected.set(target, most_frequent(&mut colors));
            }
        }
        expected
    }

    fn source() -> Volume {
        let mut source = Volume::new();
        let palette = [Rgba::opaque(9, 0, 0), Rgba::opaque(8, 255, 0), Rgba::opaque(8, 0, 7)];
        source.fill(Bounds::inclusive([-40, -9, -70], [-3, 30, 20]), palette[0]);
        source.fill(Bounds::inclusive([20, 20, 20], [83, 83, 83]), palette[1]);
        let mut number = 5u32;
        for _ in 0..40_000 {
            number = number.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            let part = |shift: u32, range: u32| ((number >> shift) % range) as i32;
            let point = Point::new(part(3, 61) - 50, part(9, 43) - 20, part(15, 97) - 60);
            source.set(point, palette[part(21, 3) as usize]);
        }
        source
    }

    #[test]
    fn each_voxel_is_what_the_definition_gives() {
        let source = source();
        let part = Some(Bounds::inclusive([-30, -5, -61], [40, 50, 33]));
        let sizes =
            [(1, [3, 3, 3]), (2, [5, -3, 1]), (3, [1, 1, 1]), (8, [0, 1, 0]), (21, [2, 2, 2])];
        for (size, center) in sizes.into_iter().chain([(64, [20, 20, 20])]) {
            for within in [None, part] {
                let (mut built, mut targets) = (Volume::new(), Vec::new());
                let mut shrinking = Shrinking::new(size, center);
                for (at, _) in source.blocks() {
                    targets.extend(shrinking.targets(at));
                }
                targets.sort_by_key(|at| (at.x, at.y, at.z));
                targets.dedup();
                for &at in &targets {
                    let mut from = Some(0);
                    while let Some(place) = from {
                        from = shrinking.place(&source, at, within, place, &mut built);
                    }
                }
                let expected = defined(&source, within, size, center);
                let (built, expected) = (built.state_hash(), expected.state_hash());
                assert_eq!(built, expected, "{size} around {center:?} within {within:?}");
            }
        }
    }
}
