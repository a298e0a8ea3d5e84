//! Voxels that others cover on all sides.

use super::occupancy::{Occupancy, Solidity};
use crate::voxel::{BlockPos, Mask, Volume};

const LOW: u64 = 0x0001_0001_0001_0001;
const HIGH: u64 = 0x8000_8000_8000_8000;
const NOTHING: Mask = [0; 64];

impl Occupancy {
    /// How many voxels of the block with a number have a voxel on each of their six sides.
    pub fn hidden_in(&self, slot: usize) -> u32 {
        let (Some(at), Some(own)) = (self.cell(slot), self.mask(slot)) else { return 0 };
        let beside = |axis: usize, step: i32| {
            let mut beside = at;
            beside[axis] += step;
            self.block(beside).unwrap_or(&NOTHING)
        };
        hidden(own, [0, 1, 2].map(|axis| [-1, 1].map(|step| beside(axis, step))))
    }
}

/// The same of a block of a volume, for those who have no bits of it.
pub(crate) fn hidden_in_block(volume: &Volume, at: BlockPos) -> u32 {
    let mask_at = |at: Option<BlockPos>| {
        let block = at.and_then(|at| volume.block(at));
        block.map_or(NOTHING, |block| Solidity::Present.mask(block))
    };
    let beside = [0, 1, 2].map(|axis| [-1, 1].map(|step| mask_at(at.neighbor(axis, step))));
    hidden(&mask_at(Some(at)), beside.each_ref().map(|two| two.each_ref()))
}

/// How many bits have one on each of their six sides, given the bits beside them on each axis.
fn hidden(own: &Mask, [[left, right], [front, back], [below, above]]: [[&Mask; 2]; 3]) -> u32 {
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
                let occupancy = Occupancy::new(volume, Solidity::Present);
                let hidden = (0..occupancy.len()).map(|slot| occupancy.hidden_in(slot)).sum();
                let of_blocks = volume.blocks().map(|(at, _)| hidden_in_block(volume, at));
                assert_eq!(of_blocks.sum::<u32>(), hidden);
                hidden
            };
            assert_eq!(count(&volume), 38 * 19 * 16);
            volume.set((min.map(|value| value as i32 + 5)).into(), Rgba::EMPTY);
            assert_eq!(count(&volume), 38 * 19 * 16 - 7);
        }
    }
}
