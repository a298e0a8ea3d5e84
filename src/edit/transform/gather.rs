//! One image of the grid, gathered block by block: each block of the image takes its voxels from
//! the up to eight blocks that they come from.

use std::ops::Range;

use super::{GridMap, blocks_of};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Rgba, Volume};

/// Whether the image of everything in a volume lies in the addressable space. If a part of it may
/// lie beyond, only a look at each voxel tells whether there is one.
pub(super) fn is_possible(source: &Volume, within: Option<Bounds>, map: &GridMap) -> bool {
    let is_inside = |all: Option<Bounds>| {
        let part = all.and_then(|all| within.map_or(Some(all), |within| all.intersect(&within)));
        part.map(|part| map.apply_to_box(&part))
            .is_none_or(|image| image.intersect(&Bounds::ALL) == Some(image))
    };
    // Where the blocks are within their cubes takes a look at each table of them.
    is_inside(source.reach()) || is_inside(source.block_bounds())
}

/// The blocks that the image of a block touches: up to eight.
pub(super) fn targets(
    at: BlockPos,
    within: Option<Bounds>,
    map: &GridMap,
) -> impl Iterator<Item = BlockPos> + use<> {
    let own = at.bounds();
    let part = within.map_or(Some(own), |within| own.intersect(&within));
    let image = part.map(|part| map.apply_to_box(&part));
    image.into_iter().flat_map(|image| blocks_of(&image))
}

/// Puts together one block of the image.
pub(super) fn place(
    source: &Volume,
    at: BlockPos,
    within: Option<Bounds>,
    map: &GridMap,
    built: &mut Volume,
) {
    let inverse = map.inverse();
    let from = inverse.apply_to_box(&at.bounds());
    let Some(part) = within.map_or(Some(from), |within| from.intersect(&within)) else { return };
    let Some(part) = part.intersect(&Bounds::ALL) else { return };
    let [low, high] = [part.min, part.max_inside()].map(|end| end.map(|v| (v >> 4) as i32));
    if low == high && part == from && map.is_translation() {
        let [x, y, z] = low;
        if let Some(block) = source.block(BlockPos { x, y, z }) {
            built.share_block(at, block);
        }
        return;
    }
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    let mut any = false;
    for z in low[2]..=high[2] {
        for y in low[1]..=high[1] {
            for x in low[0]..=high[0] {
                any |= take(source, BlockPos { x, y, z }, &part, map, at, &mut voxels);
            }
        }
    }
    if any {
        built.set_block(at, &voxels);
    }
}

/// Takes what one block has for a block of the image; whether it has a block at all.
fn take(
    source: &Volume,
    from: BlockPos,
    part: &Bounds,
    map: &GridMap,
    at: BlockPos,
    voxels: &mut [Rgba; BLOCK_VOXELS],
) -> bool {
    let Some(block) = source.block(from) else { return false };
    let Some(part) = from.bounds().intersect(part) else { return false };
    let image = map.apply_to_box(&part);
    let origin = at.origin().array().map(i64::from);
    let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
    let found = block.voxels_or_copy(&mut copy);
    // Where a coordinate of the image block comes from, as a share of the index in the other block.
    let shares: [[u16; 16]; 3] = std::array::from_fn(|i| {
        std::array::from_fn(|step| {
            let there = map.sign[i] * (origin[i] + step as i64 - map.offset[i]);
            ((there & 15) as u16) << (4 * map.from[i])
        })
    });
    let span = |i: usize| -> Range<usize> {
        (image.min[i] - origin[i]) as usize..(image.max[i] - origin[i]) as usize
    };
    for z in span(2) {
        for y in span(1) {
            let row = usize::from(shares[2][z] + shares[1][y]);
            let to = &mut voxels[y << 4 | z << 8..][..16];
            for x in span(0) {
                to[x] = found[(row + usize::from(shares[0][x])) & (BLOCK_VOXELS - 1)];
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::Point;

    fn scattered() -> Volume {
        let mut volume = Volume::new();
        let mut seed = 9u32;
        for _ in 0..4000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [r, x, y, z] = seed.to_be_bytes();
            let at = [x % 70, y % 50, z % 90].map(|v| i32::from(v) - 30);
            volume.set(at.into(), Rgba::opaque(r, x, y));
        }
        volume.fill(Bounds::inclusive([16, 16, 16], [31, 31, 31]), Rgba::WHITE);
        volume
    }

    #[test]
    fn an_image_is_what_moving_each_voxel_gives() {
        let source = scattered();
        let maps = [
            GridMap::translation([16, -32, 48]),
            GridMap::translation([5, 0, -77]),
            GridMap::mirror(0, -3),
            GridMap::mirror(2, 100),
            GridMap::rotation(0, 1, [10, 4, 6]),
            GridMap::rotation(2, 3, [-7, 3, 0]),
            GridMap::rotation(1, 2, [1, 0, 5]),
        ];
        for map in maps {
            for within in [None, Some(Bounds::inclusive([-11, -5, -30], [20, 17, 40]))] {
                let mut built = Volume::new();
                assert!(is_possible(&source, within, &map));
                for target in source.blocks().flat_map(|(at, _)| targets(at, within, &map)) {
                    place(&source, target, within, &map, &mut built);
                }
                let mut expected = Volume::new();
                for (point, color) in source.voxels() {
                    if within.is_none_or(|within| within.contains(point)) {
                        let to = map.apply(point).map(|v| v as i32);
                        expected.set(Point::from(to), color);
                    }
                }
                assert!(expected.count() > 500);
                assert_eq!(built.state_hash(), expected.state_hash(), "{map:?} {within:?}");
            }
        }
    }

    #[test]
    fn an_image_beyond_the_addressable_space_is_left_to_others() {
        let mut source = Volume::new();
        source.set(Point::new(0, 0, 0), Rgba::WHITE);
        let is_possible = |offset| {
            let map = GridMap::translation([offset, 0, 0]);
            [None, Some(Bounds::of_point(Point::new(0, 0, 0)))]
                .map(|w| is_possible(&source, w, &map))
        };
        assert_eq!(is_possible(1 << 31), [false, false]);
        assert_eq!(is_possible((1 << 31) - 1), [false, true]);
        assert_eq!(is_possible((1 << 31) - 16), [true, true]);
    }
}
