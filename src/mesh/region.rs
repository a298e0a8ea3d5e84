//! The bits of a cube of 64x64x64 voxels with a border of one, and the visible faces in it.
//!
//! A row is 64 voxels as one word, so the visible faces of 64 voxels cost one and-not. Faces
//! along x need rows along y: the bits are kept both ways.

use super::{Face, Occupancy};

/// Voxels along one edge of a region.
pub(crate) const REGION: usize = 64;
/// Blocks along one edge of a region.
const BLOCKS: i32 = 4;

/// The visible faces of one slice: 64 rows of 64 bits. Bits run along [`Face::u_axis`], rows along
/// [`Face::v_axis`].
pub(crate) type Plane = [u64; REGION];

/// The bits of a region with its border.
pub(crate) struct RegionBits {
    /// `along_x[z + 1][y + 1]`: bit x.
    along_x: Box<[[u64; REGION + 2]; REGION + 2]>,
    /// `along_y[z][x + 1]`: bit y.
    along_y: Box<[[u64; REGION + 2]; REGION]>,
    /// Which planes across x, y and z hold a voxel of the region.
    filled: [u64; 3],
}

/// Where a region starts, in voxels. Regions are named by their place in units of 64 voxels.
pub(crate) fn region_origin(region: [i32; 3]) -> [i32; 3] {
    region.map(|v| v << 6)
}

impl RegionBits {
    pub(crate) fn new() -> Self {
        RegionBits {
            along_x: Box::new([[0; REGION + 2]; REGION + 2]),
            along_y: Box::new([[0; REGION + 2]; REGION]),
            filled: [0; 3],
        }
    }

    /// Takes over the bits of a region and of its neighbours' adjoining layers.
    pub(crate) fn load(&mut self, occupancy: &Occupancy, region: [i32; 3]) {
        self.along_x.iter_mut().for_each(|layer| *layer = [0; REGION + 2]);
        self.along_y.iter_mut().for_each(|layer| *layer = [0; REGION + 2]);
        for bz in -1..=BLOCKS {
            for by in -1..=BLOCKS {
                for bx in -1..=BLOCKS {
                    let outside = [bx, by, bz].iter().filter(|v| !(0..BLOCKS).contains(*v)).count();
                    if outside <= 1 {
                        self.load_block(occupancy, region, [bx, by, bz]);
                    }
                }
            }
        }
        self.transpose();
        self.find_filled();
    }

    /// Takes over what lies inside the region or its border of one block, named by its place in
    /// the region.
    fn load_block(&mut self, occupancy: &Occupancy, region: [i32; 3], place: [i32; 3]) {
        let at = std::array::from_fn(|axis| (region[axis] << 2) + place[axis]);
        let Some(mask) = occupancy.block(at) else { return };
        let rows = |place: i32| match place {
            -1 => 15..16,
            BLOCKS => 0..1,
            _ => 0..16,
        };
        for z in rows(place[2]) {
            let layer = (place[2] * 16 + z + 1) as usize;
            for y in rows(place[1]) {
                let row = mask[(z * 4 + (y >> 2)) as usize] >> ((y & 3) * 16) & 0xFFFF;
                let line = (place[1] * 16 + y + 1) as usize;
                match place[0] {
                    -1 => self.along_y[layer - 1][0] |= (row >> 15) << (line - 1),
                    BLOCKS => self.along_y[layer - 1][REGION + 1] |= (row & 1) << (line - 1),
                    _ => self.along_x[layer][line] |= row << (place[0] * 16),
                }
            }
        }
    }

    fn transpose(&mut self) {
        for z in 0..REGION {
            let rows = &self.along_x[z + 1][1..=REGION];
            let columns = &mut self.along_y[z][1..=REGION];
            let first = rows[0];
            if (first == 0 || first == u64::MAX) && rows.iter().all(|&row| row == first) {
                columns.fill(first);
            } else {
                columns.copy_from_slice(rows);
                transpose(columns);
            }
        }
    }

    fn find_filled(&mut self) {
        self.filled = [0; 3];
        for z in 0..REGION {
            let mut layer = 0;
            for (y, &row) in self.along_x[z + 1][1..=REGION].iter().enumerate() {
                layer |= row;
                self.filled[1] |= u64::from(row != 0) << y;
            }
            self.filled[0] |= layer;
            self.filled[2] |= u64::from(layer != 0) << z;
        }
    }

    /// Whether there is a voxel in a slice across an axis: most slices of scattered models are
    /// passed over by that.
    #[inline]
    pub(crate) fn is_filled(&self, axis: usize, slice: usize) -> bool {
        self.filled[axis] >> slice & 1 == 1
    }

    /// The visible faces of one kind in one slice, numbered along the face's axis from 0. False
    /// if there is none.
    pub(crate) fn visible(&self, face: Face, slice: usize, plane: &mut Plane) -> bool {
        if !self.is_filled(face.axis(), slice) {
            return false;
        }
        let beyond = if face.is_positive() { slice + 2 } else { slice };
        let mut any = 0;
        match face.axis() {
            0 => plane.iter_mut().zip(self.along_y.iter()).for_each(|(row, layer)| {
                *row = layer[slice + 1] & !layer[beyond];
                any |= *row;
            }),
            1 => plane.iter_mut().zip(&self.along_x[1..]).for_each(|(row, layer)| {
                *row = layer[slice + 1] & !layer[beyond];
                any |= *row;
            }),
            _ => {
                let (own, other) = (&self.along_x[slice + 1], &self.along_x[beyond]);
                for (row, (own, other)) in plane.iter_mut().zip(own[1..].iter().zip(&other[1..])) {
                    *row = own & !other;
                    any |= *row;
                }
            }
        }
        any != 0
    }
}

/// Swaps rows and columns of 64x64 bits: quadrants first, then ever smaller ones (Hacker's
/// Delight, 7-3).
fn transpose(rows: &mut [u64]) {
    let mut mask = 0x0000_0000_FFFF_FFFF_u64;
    let mut width = 32;
    while width != 0 {
        let mut low = 0;
        while low < REGION {
            let swapped = ((rows[low] >> width) ^ rows[low + width]) & mask;
            rows[low + width] ^= swapped;
            rows[low] ^= swapped << width;
            low = (low + width + 1) & !width;
        }
        width >>= 1;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_swaps_rows_and_columns() {
        let mut state = 1u64;
        let rows: Vec<u64> = (0..64)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(99);
                state ^ state >> 29
            })
            .collect();
        let mut columns = rows.clone();
        transpose(&mut columns);
        for (y, row) in rows.iter().enumerate() {
            for (x, column) in columns.iter().enumerate() {
                assert_eq!(row >> x & 1, column >> y & 1);
            }
        }
    }
}
