//! The bits of what hides in one piece, with nothing around it: for the many looks at fixed steps
//! from a place that the light of corners takes. A look is a sum and a shift; through blocks it
//! would be a search.

use crate::job::{Slice, leftovers};
use crate::memory;
use crate::mesh::Occupancy;
use crate::voxel::{Bounds, Mask};

/// Empty voxels around the model: as far as any look goes from a corner.
const MARGIN: i64 = 8;
/// Bytes of the largest grid, and how many it may have for each block.
const MOST_BYTES: usize = 1 << 24;
const BYTES_A_BLOCK: usize = 1 << 14;
/// Rows emptied in one unit of work, and blocks taken in.
const ROWS_A_UNIT: usize = 1 << 15;
const BLOCKS_A_UNIT: usize = 16;

/// The bits of a box of voxels.
pub(crate) struct Grid {
    /// The lowest voxel; a multiple of 16 along x.
    pub(crate) low: [i32; 3],
    pub(crate) size: [usize; 3],
    /// The box of the blocks.
    pub(crate) blocks: Bounds,
    /// Sixteen voxels each, x first, then y, then z.
    pub(crate) rows: Vec<u16>,
}

/// A voxel of a grid, by the number of its bit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Place(usize);

impl Drop for Grid {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.rows));
    }
}

impl Grid {
    /// The bits of an occupancy, unless it is too thin or too large for that.
    pub(crate) async fn of(occupancy: &Occupancy, slice: &Slice) -> Option<Grid> {
        let (bounds, blocks) = (occupancy.bounds()?, occupancy.block_bounds()?);
        let mut low = bounds.min.map(|min| min - MARGIN);
        low[0] &= !15;
        let high = bounds.max.map(|max| max + MARGIN);
        let mut size: [usize; 3] = std::array::from_fn(|axis| (high[axis] - low[axis]) as usize);
        size[0] = size[0].next_multiple_of(16);
        let count = (size[0] / 16).checked_mul(size[1])?.checked_mul(size[2])?;
        let most = MOST_BYTES.min(occupancy.blocks().count().saturating_mul(BYTES_A_BLOCK));
        let is_inside = |at: [i64; 3]| at.iter().all(|&part| i32::try_from(part).is_ok());
        let mut rows = memory::roomy::<u16>(if count <= most / 2 { count } else { 0 });
        if rows.capacity() < count || !is_inside(low) || !is_inside(high) {
            return None;
        }
        while rows.len() < count {
            rows.resize((rows.len() + ROWS_A_UNIT).min(count), 0);
            slice.spend(1).await;
        }
        let mut grid = Grid { low: low.map(|part| part as i32), size, blocks, rows };
        for (number, (block, mask)) in occupancy.blocks().enumerate() {
            grid.take_in(block, mask);
            if number % BLOCKS_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        Some(grid)
    }

    fn take_in(&mut self, block: [i32; 3], mask: &Mask) {
        for (word, &bits) in mask.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            for part in 0..4 {
                let row = (bits >> (16 * part)) as u16;
                let (y, z) = (word as i32 % 4 * 4 + part, word as i32 / 4);
                let at = [block[0] << 4, block[1] << 4 | y, block[2] << 4 | z];
                if row != 0
                    && let Some(Place(place)) = self.place(at)
                {
                    self.rows[place >> 4] = row;
                }
            }
        }
    }

    /// A voxel of the grid.
    #[inline]
    pub(crate) fn place(&self, voxel: [i32; 3]) -> Option<Place> {
        let at: [usize; 3] =
            std::array::from_fn(|axis| voxel[axis].wrapping_sub(self.low[axis]) as u32 as usize);
        let is_inside = at[0] < self.size[0] && at[1] < self.size[1] && at[2] < self.size[2];
        is_inside.then(|| Place(at[0] + self.size[0] * (at[1] + self.size[1] * at[2])))
    }

    /// By how much the number of a voxel grows with a step.
    pub(crate) fn step(&self, by: [i32; 3]) -> isize {
        let [x, y, z] = by.map(|part| part as isize);
        let [width, height, _] = self.size.map(|part| part as isize);
        x + width * (y + height * z)
    }

    /// Whether the voxel that lies a step from another hides what is behind it.
    #[inline]
    pub(crate) fn is_filled(&self, Place(place): Place, step: isize) -> bool {
        let bit = place.wrapping_add_signed(step);
        self.rows.get(bit >> 4).is_some_and(|row| row >> (bit & 15) & 1 == 1)
    }

    /// The same of that voxel and the next one along x, as bits.
    #[inline]
    pub(crate) fn pair(&self, Place(place): Place, step: isize) -> u32 {
        let bit = place.wrapping_add_signed(step);
        let Some(&[low, high]) = self.rows.get(bit >> 4..).and_then(|rows| rows.first_chunk())
        else {
            return u32::from(self.is_filled(Place(place), step));
        };
        (u32::from(low) | u32::from(high) << 16) >> (bit & 15) & 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};
    use crate::mesh::Solidity;
    use crate::voxel::{Point, Rgba, Volume};

    fn grid(volume: &Volume) -> (Occupancy, Option<Grid>) {
        let occupancy = Occupancy::new(volume, Solidity::Opaque);
        let copy = occupancy.clone();
        (occupancy, Work::new(|slice| async move { Grid::of(&copy, &slice).await }).finish())
    }

    #[test]
    fn a_grid_has_the_bits_of_its_occupancy_and_a_margin_without_any() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([-21, 3, -7], [19, 6, 40]), Rgba::WHITE);
        volume.fill(Bounds::inclusive([-3, 4, 0], [3, 20, 5]), Rgba::EMPTY);
        volume.set(Point::new(-22, 9, 11), Rgba::WHITE);
        let (occupancy, grid) = grid(&volume);
        let grid = grid.unwrap();
        let origin = grid.place([0, 4, 0]).unwrap();
        for (x, y) in (-29..28).flat_map(|x| (-5..17).map(move |y| (x, y))) {
            for z in -15..48 {
                let at = grid.place([x, y, z]).unwrap();
                assert_eq!(grid.is_filled(at, 0), occupancy.contains([x, y, z]), "{x} {y} {z}");
                let step = grid.step([x, y - 4, z]);
                assert_eq!(grid.is_filled(origin, step), occupancy.contains([x, y, z]));
                let pair = [0, 1].map(|by| u32::from(occupancy.contains([x + by, y, z])) << by);
                assert_eq!(grid.pair(origin, step), pair[0] | pair[1]);
            }
        }
        assert!(grid.place([0, 4, -16]).is_none() && grid.place([0, -60, 0]).is_none());
    }

    #[test]
    fn a_thin_model_and_one_at_the_end_of_the_world_have_no_grid() {
        let mut volume = Volume::new();
        volume.set(Point::new(-5000, 0, 0), Rgba::WHITE);
        volume.set(Point::new(5000, 9000, 10), Rgba::WHITE);
        assert!(grid(&volume).1.is_none());
        let mut volume = Volume::new();
        volume.set(Point::new(i32::MAX, 0, 0), Rgba::WHITE);
        assert!(grid(&volume).1.is_none());
    }
}
