//! Voxels that others cover on all sides.

use super::occupancy::Solidity;
use crate::voxel::{BlockPos, Mask, Volume};

const LOW: u64 = 0x0001_0001_0001_0001;
const HIGH: u64 = 0x8000_8000_8000_8000;

/// How many voxels of a block have a voxel on each of their six sides.
pub fn hidden_in_block(volume: &Volume, at: BlockPos) -> u32 {
    let mask_at = |at: Option<BlockPos>| -> Mask {
        let block = at.and_then(|at| volume.block(at));
        block.map_or([0; 64], |block| Solidity::Present.mask(block))
    };
    let own = mask_at(Some(at));
    let [[left, right], [front, back], [below, above]] =
        [0, 1, 2].map(|axis| [-1, 1].map(|step| mask_at(at.neighbor(axis, step))));
    let mut hidden = 0;
    for word in 0..64 {
        // A word is four rows along x, one behind the other along y; four words are a layer.
        let (bits, z, part) = (own[word], word >> 2, word & 3);
        if bits == 0 {
            continue;
        }
        let before = if part > 0 { own[word - 1] } else { front[word + 3] };
        let behind = if part < 3 { own[word + 1] } else { back[word - 3] };
        let sides = [
            (bits << 1) & !LOW | (left[word] >> 15) & LOW,
            (bits >> 1) & !HIGH | (right[word] << 15) & HIGH,
            bits << 16 | before >> 48,
            bits >> 16 | behind << 48,
            if z > 0 { own[word - 4] } else { below[60 + part] },
            if z < 15 { own[word + 4] } else { above[part] },
        ];
        hidden += sides.iter().fold(bits, |all, side| all & side).count_ones();
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Bounds, Rgba};

    #[test]
    fn the_inside_of_a_box_is_hidden() {
        for min in [[0; 3], [-7, 9, 30]] {
            let mut volume = Volume::new();
            let size: [i64; 3] = [40, 21, 18];
            let max = [0, 1, 2].map(|axis| min[axis] + size[axis]);
            volume.fill(Bounds { min, max }, Rgba::WHITE);
            let count = |volume: &Volume| -> u32 {
                volume.blocks().map(|(at, _)| hidden_in_block(volume, at)).sum()
            };
            assert_eq!(count(&volume), 38 * 19 * 16);
            volume.set((min.map(|value| value as i32 + 5)).into(), Rgba::EMPTY);
            assert_eq!(count(&volume), 38 * 19 * 16 - 7);
        }
    }
}
