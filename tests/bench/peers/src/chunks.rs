//! What the meshing crates want: cubes of 64^3 voxels, of which the outermost only hide faces.

use goxel_daemon::voxel::{BLOCK_VOXELS, BlockPos, Rgba, Volume};

/// Voxels along an edge, with the border.
pub const EDGE: usize = 64;
pub const VOXELS: usize = EDGE * EDGE * EDGE;
/// Voxels along an edge that are meshed.
pub const INNER: i32 = 62;

/// The lowest inner voxel of each chunk of a volume that lies between 0 and `size`.
pub fn chunks(size: i32) -> impl Iterator<Item = [i32; 3]> {
    let edge = (size + INNER - 1) / INNER;
    (0..edge * edge * edge)
        .map(move |n| [n % edge, n / edge % edge, n / edge / edge].map(|v| v * INNER))
}

/// Hands out the rows of voxels of a chunk, each with its place in the cube: x is fastest, then y,
/// z. Empty blocks are left out. False if there is none else.
pub fn extract(volume: &Volume, inner: [i32; 3], mut put: impl FnMut(usize, &[Rgba])) -> bool {
    let min = inner.map(|v| v - 1);
    let max = min.map(|v| v + EDGE as i32 - 1);
    let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
    let mut any = false;
    for z in min[2] >> 4..=max[2] >> 4 {
        for y in min[1] >> 4..=max[1] >> 4 {
            for x in min[0] >> 4..=max[0] >> 4 {
                let at = BlockPos { x, y, z };
                let Some(block) = volume.block(at) else { continue };
                any = true;
                let voxels = block.voxels_or_copy(&mut copy);
                put_rows(voxels, at.origin().array(), min, max, &mut put);
            }
        }
    }
    any
}

fn put_rows(
    voxels: &[Rgba; BLOCK_VOXELS],
    origin: [i32; 3],
    min: [i32; 3],
    max: [i32; 3],
    put: &mut impl FnMut(usize, &[Rgba]),
) {
    let from: [i32; 3] = std::array::from_fn(|axis| origin[axis].max(min[axis]));
    let to: [i32; 3] = std::array::from_fn(|axis| (origin[axis] + 15).min(max[axis]));
    let length = (to[0] - from[0] + 1) as usize;
    for z in from[2]..=to[2] {
        for y in from[1]..=to[1] {
            let start = (from[0] & 15 | (y & 15) << 4 | (z & 15) << 8) as usize;
            let [x, y, z] = [from[0] - min[0], y - min[1], z - min[2]].map(|v| v as usize);
            put(x + y * EDGE + z * EDGE * EDGE, &voxels[start..start + length]);
        }
    }
}
