//! The voxels of one model on their way into a volume: numbers of colours, gathered by block.
//!
//! A list names voxels in any order, each by three bytes. So a model lies in at most 17 blocks
//! along an axis, a table finds the block of a voxel, and a byte a voxel is all that is kept until
//! the block is complete. That is a quarter of what its colours take, and stays in the processor's
//! cache.

use super::palette::Colors;
use crate::format::FormatError;
use crate::format::builder::{Allowance, Around};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Point, Volume};

/// Blocks along an axis that 256 voxels can touch.
const EDGE: usize = 17;
const PLACES: usize = EDGE * EDGE * EDGE;

type Numbers = Box<[u8; BLOCK_VOXELS]>;

/// Blocks in the making.
pub(super) struct Grid {
    /// What a coordinate of the file adds to a voxel's key, for each axis of the file. A key is the
    /// place of the block, then 12 bits of the voxel's index in it.
    shares: [[u32; 256]; 3],
    first: BlockPos,
    /// The number of the block in a place, plus 1; 0 where there is none.
    table: Box<[u32; PLACES]>,
    blocks: Vec<(usize, Numbers)>,
    /// Blocks of zeros, to be used again.
    spare: Vec<Numbers>,
    around: Around,
}

impl Grid {
    pub(super) fn new() -> Self {
        Grid {
            shares: [[0; 256]; 3],
            first: BlockPos::of(Point::new(0, 0, 0)),
            table: Box::new([0; PLACES]),
            blocks: Vec::new(),
            spare: Vec::new(),
            around: Around::default(),
        }
    }

    /// The box around all voxels that were moved.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.around.0
    }

    /// How many blocks are in the making.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Says where voxels go: cell v of the file goes to `base + sign * v`, where row r of the
    /// volume takes its v from column `columns[r]` of the file. All blocks must have been moved out
    /// before.
    pub(super) fn aim(&mut self, base: [i64; 3], columns: [usize; 3], signs: [i64; 3]) {
        debug_assert!(self.blocks.is_empty(), "blocks of another model are left");
        let mut lowest = [0; 3];
        for row in 0..3 {
            let last = base[row] + signs[row] * 255;
            lowest[row] = base[row].min(last) >> 4;
            let (block, voxel) = (EDGE.pow(row as u32) as i64, 4 * row);
            for (value, share) in (0..).zip(&mut self.shares[columns[row]]) {
                let at = base[row] + signs[row] * value;
                let in_blocks = ((at >> 4) - lowest[row]) * block;
                *share = (in_blocks << 12 | (at & 15) << voxel) as u32;
            }
        }
        let [x, y, z] = lowest.map(|v| v as i32);
        self.first = BlockPos { x, y, z };
    }

    /// Puts some voxels in their places; a later one at the same place wins. Number 0 is no voxel.
    pub(super) fn put(
        &mut self,
        voxels: &[[u8; 4]],
        allowance: &mut Allowance,
    ) -> Result<(), FormatError> {
        for &[x, y, z, number] in voxels.iter().filter(|voxel| voxel[3] != 0) {
            let [x, y, z] = [x, y, z].map(usize::from);
            let key = self.shares[0][x] + self.shares[1][y] + self.shares[2][z];
            let place = (key >> 12) as usize;
            let block = match self.table[place] {
                0 => self.add(place, allowance)?,
                number => number,
            };
            self.blocks[block as usize - 1].1[key as usize & 4095] = number;
        }
        Ok(())
    }

    #[cold]
    fn add(&mut self, place: usize, allowance: &mut Allowance) -> Result<u32, FormatError> {
        allowance.block()?;
        let numbers = self.spare.pop().unwrap_or_else(|| Box::new([0; BLOCK_VOXELS]));
        self.blocks.push((place, numbers));
        self.table[place] = self.blocks.len() as u32;
        Ok(self.table[place])
    }

    /// Moves one block into a volume; false if there is none left.
    pub(super) fn move_block(&mut self, volume: &mut Volume, colors: &Colors) -> bool {
        let Some((place, mut numbers)) = self.blocks.pop() else { return false };
        self.table[place] = 0;
        let [x, y, z] = [place % EDGE, place / EDGE % EDGE, place / EDGE / EDGE];
        let BlockPos { x: left, y: front, z: bottom } = self.first;
        let at = BlockPos { x: left + x as i32, y: front + y as i32, z: bottom + z as i32 };
        volume.set_numbered_block(at, &numbers, colors);
        self.around.add(volume, at);
        numbers.fill(0);
        self.spare.push(numbers);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;
    use crate::voxel::Rgba;

    #[test]
    fn every_voxel_lands_where_its_transform_says_and_the_last_one_wins() {
        let colors = super::super::palette::default_colors();
        let mut grid = Grid::new();
        let mut seed = 1u32;
        let mut voxels: Vec<[u8; 4]> = (0..20_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [x, y, z, number] = seed.to_le_bytes();
                [x & 31 | y & 0x80, y & 31, z, number]
            })
            .collect();
        voxels.extend([[0, 0, 0, 3], [255, 255, 255, 4], [255, 0, 255, 0], [0, 0, 0, 5]]);
        for (base, columns, signs) in [
            ([0, 0, 0], [0, 1, 2], [1, 1, 1]),
            ([-7, 300, -1_000_003], [2, 0, 1], [-1, 1, -1]),
            ([15, -16, 1 << 30], [1, 0, 2], [1, -1, 1]),
        ] {
            let mut allowance = Allowance::new(Limits::default());
            grid.aim(base, columns, signs);
            voxels.chunks(999).for_each(|run| assert!(grid.put(run, &mut allowance).is_ok()));
            let mut volume = Volume::new();
            while grid.move_block(&mut volume, &colors) {}
            let mut expected = Volume::new();
            for &[x, y, z, number] in voxels.iter().filter(|voxel| voxel[3] != 0) {
                let cell = [x, y, z].map(i64::from);
                let at = [0, 1, 2].map(|row| (base[row] + signs[row] * cell[columns[row]]) as i32);
                expected.set(at.into(), colors[usize::from(number)]);
            }
            assert!(expected.count() > 10_000 && volume.state_hash() == expected.state_hash());
        }
    }

    #[test]
    fn a_block_of_one_colour_takes_no_memory_of_its_own() {
        let mut colors = super::super::palette::default_colors();
        colors[9] = Rgba::opaque(1, 2, 3);
        let cube = (0..4096u32).map(|i| [i & 15, i >> 4 & 15, i >> 8, 9].map(|v| v as u8));
        let mut grid = Grid::new();
        grid.aim([32, 0, 0], [0, 1, 2], [1; 3]);
        let mut allowance = Allowance::new(Limits::default());
        assert!(grid.put(&cube.collect::<Vec<_>>(), &mut allowance).is_ok());
        let mut volume = Volume::new();
        while grid.move_block(&mut volume, &colors) {}
        let block = volume.block(BlockPos { x: 2, y: 0, z: 0 });
        assert_eq!(block.and_then(|block| block.uniform()), Some(colors[9]));
    }
}
