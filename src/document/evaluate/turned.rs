//! Clones whose matrix only turns by quarters, mirrors and moves by whole voxels, as nearly all do:
//! each block of the base is laid where it shows, so the work grows with the voxels and not with
//! the box around them.

use crate::document::Matrix;
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Point, Rgba, Volume};

/// A block with no more voxels is laid voxel by voxel.
const FEW: u32 = 64;

/// Where voxels go: along each axis of the clone, an axis of the base, possibly backwards, and an
/// offset.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    axes: [usize; 3],
    signs: [i64; 3],
    offset: [i64; 3],
}

impl Turn {
    /// What a matrix does, if it is no more than that.
    pub(super) fn of(matrix: &Matrix) -> Option<Turn> {
        let mut turn = Turn { axes: [0; 3], signs: [1; 3], offset: [0; 3] };
        let [x, y, z, place] = [0, 1, 2, 3].map(|index| matrix.column(index));
        for row in 0..3 {
            let steps = [x[row], y[row], z[row]];
            let axis = steps.iter().position(|step| *step != 0.0)?;
            let others = steps.iter().filter(|step| **step != 0.0).count() - 1;
            let offset = place[row];
            let is_whole = offset.fract() == 0.0 && offset.abs() <= f64::from(i32::MAX);
            if others > 0 || steps[axis].abs() != 1.0 || !is_whole {
                return None;
            }
            turn.axes[row] = axis;
            turn.signs[row] = steps[axis] as i64;
            turn.offset[row] = offset as i64;
        }
        let is_each = (0..3).all(|axis| turn.axes.contains(&axis));
        is_each.then_some(turn)
    }

    fn transform(&self, point: [i64; 3]) -> [i64; 3] {
        let row = |row: usize| self.signs[row] * point[self.axes[row]] + self.offset[row];
        [row(0), row(1), row(2)]
    }

    /// Whether all blocks around a box show in full.
    pub(super) fn shows(&self, bounds: &Bounds) -> bool {
        let blocks = Bounds {
            min: bounds.min.map(|value| value & !15),
            max: bounds.max.map(|value| (value + 15) & !15),
        };
        self.image(&blocks).is_some()
    }

    /// The box that a box of the base shows as; `None` if a part of it cannot be addressed.
    fn image(&self, bounds: &Bounds) -> Option<Bounds> {
        let (a, b) = (self.transform(bounds.min), self.transform(bounds.max_inside()));
        let low = std::array::from_fn(|axis| a[axis].min(b[axis]));
        let high = std::array::from_fn(|axis| a[axis].max(b[axis]) + 1);
        let image = Bounds::new(low, high)?;
        (image.intersect(&Bounds::ALL) == Some(image)).then_some(image)
    }

    /// Whether blocks go onto blocks as they are.
    fn keeps_blocks(&self) -> bool {
        let is_straight = self.axes == [0, 1, 2] && self.signs == [1; 3];
        is_straight && self.offset.iter().all(|offset| offset & 15 == 0)
    }

    /// Has a clone show a block of its base as it is now; the block is one that [`Turn::shows`].
    pub(super) fn show(&self, base: &Volume, at: BlockPos, clone: &mut Volume) {
        let (block, bounds) = (base.block(at), at.bounds());
        let Some(Bounds { min: low, max: high }) = self.image(&bounds) else { return };
        if self.keeps_blocks() {
            let [x, y, z] = low.map(|value| (value >> 4) as i32);
            return match block {
                Some(block) => clone.share_block(BlockPos { x, y, z }, block),
                None => clone.remove_block(BlockPos { x, y, z }),
            };
        }
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        let is_few = block.is_none_or(|block| block.count() <= FEW);
        if let Some(block) = block.filter(|_| !is_few) {
            block.copy_to(&mut voxels);
        }
        for position in super::effort::positions((low.map(|v| v >> 4), high.map(|v| (v - 1) >> 4)))
        {
            let own = position.bounds();
            let from: [i64; 3] = std::array::from_fn(|axis| low[axis].max(own.min[axis]));
            let to: [i64; 3] = std::array::from_fn(|axis| high[axis].min(own.max[axis]));
            let part = Part { at: position, from, to };
            if is_few {
                part.clear(clone);
            } else {
                part.replace(clone, |cell| voxels[index_of(self.back(cell, &bounds))]);
            }
        }
        if let Some(block) = block.filter(|_| is_few) {
            for index in set_bits(&block.mask()) {
                let cell = self.transform(in_block(&bounds, index));
                clone.set(cell.map(|value| value as i32).into(), block.get(index));
            }
        }
    }

    /// The voxel of a block of the base that a cell shows, seen from the block's corner.
    fn back(&self, cell: [i64; 3], block: &Bounds) -> [i64; 3] {
        let mut from = [0; 3];
        for (row, axis) in self.axes.into_iter().enumerate() {
            from[axis] = self.signs[row] * (cell[row] - self.offset[row]) - block.min[axis];
        }
        from
    }
}

/// A part of a block of the clone: from a cell to one behind the last.
struct Part {
    at: BlockPos,
    from: [i64; 3],
    to: [i64; 3],
}

impl Part {
    fn holds(&self, cell: [i64; 3]) -> bool {
        (0..3).all(|axis| self.from[axis] <= cell[axis] && cell[axis] < self.to[axis])
    }

    fn clear(&self, clone: &mut Volume) {
        let Some(block) = clone.block(self.at) else { return };
        let (bounds, mask) = (self.at.bounds(), block.mask());
        for index in set_bits(&mask) {
            let cell = in_block(&bounds, index);
            if self.holds(cell) {
                clone.set(cell.map(|value| value as i32).into(), Rgba::EMPTY);
            }
        }
    }

    fn replace(&self, clone: &mut Volume, color_of: impl Fn([i64; 3]) -> Rgba) {
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        if let Some(block) = clone.block(self.at) {
            block.copy_to(&mut voxels);
        }
        let corner = self.at.bounds().min;
        for z in self.from[2]..self.to[2] {
            for y in self.from[1]..self.to[1] {
                for x in self.from[0]..self.to[0] {
                    let inside = [x - corner[0], y - corner[1], z - corner[2]];
                    voxels[index_of(inside)] = color_of([x, y, z]);
                }
            }
        }
        clone.set_block(self.at, &voxels);
    }
}

fn index_of(inside: [i64; 3]) -> usize {
    (inside[0] | inside[1] << 4 | inside[2] << 8) as usize
}

fn in_block(bounds: &Bounds, index: usize) -> [i64; 3] {
    let index = index as i64;
    let inside = [index & 15, index >> 4 & 15, index >> 8];
    std::array::from_fn(|axis| bounds.min[axis] + inside[axis])
}

fn set_bits(mask: &[u64; BLOCK_VOXELS / 64]) -> impl Iterator<Item = usize> + '_ {
    mask.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
}

/// The block that holds the lowest corner of a box.
pub(super) fn block_of(bounds: &Bounds) -> BlockPos {
    BlockPos::of(Point::from(bounds.min.map(|value| value as i32)))
}
