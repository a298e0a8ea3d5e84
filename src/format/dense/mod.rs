//! Formats that list every cell of a box: arrays of numbers, raw voxels, bits. The box is that of
//! what is seen.

mod bits;
mod npy;
mod xraw;

pub(super) use bits::{write_binvox, write_cub, write_povray};
pub(super) use npy::{detect as detect_npy, read as read_npy, read_npz, write_npy, write_npz};
pub(super) use xraw::{read as read_xraw, write as write_xraw};

use super::FormatError;
use super::builder::measure;
use super::merged::merged;
use crate::document::Document;
use crate::job::Slice;
use crate::voxel::{Bounds, Rgba, Volume};

/// Cells that are written in one unit of work.
const CELLS_A_UNIT: u64 = 1 << 12;

/// What is seen of a document, and the box around it.
pub(super) struct Cells {
    pub(super) volume: Volume,
    pub(super) bounds: Bounds,
}

impl Cells {
    /// Of a document; refused if there are more cells than `max`.
    pub(super) async fn of(
        document: &Document,
        format: &'static str,
        max: u64,
        slice: &Slice,
    ) -> Result<Cells, FormatError> {
        let volume = merged(document, slice).await;
        let bounds = measure(&volume, slice).await;
        let bounds = bounds.unwrap_or(Bounds { min: [0; 3], max: [1; 3] });
        if bounds.capacity() > u128::from(max) {
            let what = format!("a box of {} cells; at most {max} are written", bounds.capacity());
            return Err(FormatError::DoesNotFit { format, what });
        }
        slice.expect(bounds.capacity() as u64);
        Ok(Cells { volume, bounds })
    }

    /// Goes through all cells; the axes are named slowest first.
    pub(super) async fn visit(
        &self,
        order: [usize; 3],
        mut each: impl FnMut(Rgba, [i64; 3]),
        slice: &Slice,
    ) {
        let size = self.bounds.dimensions();
        let mut left = CELLS_A_UNIT;
        let mut cell = [0; 3];
        for slow in 0..size[order[0]] {
            for middle in 0..size[order[1]] {
                for fast in 0..size[order[2]] {
                    (cell[order[0]], cell[order[1]], cell[order[2]]) = (slow, middle, fast);
                    let at = [0, 1, 2].map(|axis| (self.bounds.min[axis] + cell[axis]) as i32);
                    each(self.volume.get(at.into()), cell);
                    left -= 1;
                    if left == 0 {
                        slice.advance(CELLS_A_UNIT).await;
                        left = CELLS_A_UNIT;
                    }
                }
            }
        }
    }
}
