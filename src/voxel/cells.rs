//! The cells of a box as one long row: x fastest, then y, then z. Made for reading boxes page by
//! page.

use super::{BlockPos, Bounds, Point, Rgba, Volume};

/// The colours of a box's cells from one of them on, in runs. Empty space is crossed a block at a
/// time.
pub struct CellRuns<'a> {
    volume: &'a Volume,
    bounds: Bounds,
    /// The next cell, counted from the first of the box.
    next: u64,
    total: u64,
}

impl<'a> CellRuns<'a> {
    /// Over the cells of a box from the `first` one on. The box must hold less than 2^63 cells.
    pub fn new(volume: &'a Volume, bounds: Bounds, first: u64) -> Self {
        let total = u64::try_from(bounds.capacity()).unwrap_or(u64::MAX);
        CellRuns { volume, bounds, next: first.min(total), total }
    }

    /// The next cell, counted from the first of the box.
    pub fn position(&self) -> u64 {
        self.next
    }

    fn point(&self, cell: u64) -> [i64; 3] {
        let [width, depth, _] = self.bounds.dimensions().map(|length| length as u64);
        let offset = [cell % width, cell / width % depth, cell / width / depth];
        std::array::from_fn(|axis| self.bounds.min[axis] + offset[axis] as i64)
    }
}

impl Iterator for CellRuns<'_> {
    type Item = (u64, Rgba);

    /// Some cells of one colour: as many as lie in one row of one block. Neighbouring runs may be
    /// of the same colour.
    fn next(&mut self) -> Option<(u64, Rgba)> {
        if self.next >= self.total {
            return None;
        }
        let [x, y, z] = self.point(self.next);
        let point = Point::new(x as i32, y as i32, z as i32);
        let in_block = 16 - (x & 15);
        let in_row = (self.bounds.max[0] - x).min(in_block) as u64;
        let block = self.volume.block(BlockPos::of(point));
        let (count, color) = match block.map(|block| (block, block.uniform())) {
            None => (in_row, Rgba::EMPTY),
            Some((_, Some(color))) => (in_row, color),
            Some((block, None)) => {
                let start = (x & 15 | (y & 15) << 4 | (z & 15) << 8) as usize;
                let color = block.get(start);
                let same = (1..in_row as usize).take_while(|&i| block.get(start + i) == color);
                (1 + same.count() as u64, color)
            }
        };
        self.next += count;
        Some((count, color))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_spell_out_every_cell_of_a_box_from_anywhere() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([0, 0, 0], [20, 3, 2]), Rgba::WHITE);
        volume.set([5, 1, 1].into(), Rgba::opaque(9, 9, 9));
        let bounds = Bounds::inclusive([-3, -1, 1], [30, 2, 5]);
        let mut cells = Vec::new();
        for z in 1..=5 {
            for y in -1..=2 {
                cells.extend((-3..=30).map(|x| volume.get([x, y, z].into())));
            }
        }
        for first in [0, 1, 77, cells.len() - 1, cells.len()] {
            let read: Vec<Rgba> = CellRuns::new(&volume, bounds, first as u64)
                .flat_map(|(count, color)| std::iter::repeat_n(color, count as usize))
                .collect();
            assert_eq!(read, cells[first..]);
        }
    }
}
