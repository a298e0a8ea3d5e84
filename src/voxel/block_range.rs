//! The positions of the blocks that a box touches.

use super::{BlockPos, Bounds};

/// Walks the blocks that a box touches, 16x16x16 of them at a time, so that whole super-chunks can
/// be skipped at once.
#[derive(Clone, Debug)]
pub(crate) struct BlockRange {
    /// Lowest and highest block, both inside.
    min: [i64; 3],
    max: [i64; 3],
    /// The super-chunk under way (block position of its lowest corner) and the next block in it.
    chunk: [i64; 3],
    next: [i64; 3],
    finished: bool,
}

impl BlockRange {
    pub(crate) fn new(bounds: Bounds) -> BlockRange {
        let min = bounds.min.map(|v| v >> 4);
        let max = bounds.max.map(|v| (v - 1) >> 4);
        let chunk = min.map(|v| v & !15);
        BlockRange { min, max, chunk, next: min, finished: false }
    }

    /// How many blocks there are in all.
    pub(crate) fn total(&self) -> u64 {
        let product: u128 = (0..3).map(|i| (self.max[i] - self.min[i] + 1) as u128).product();
        u64::try_from(product).unwrap_or(u64::MAX)
    }

    /// If the next block is the first of its super-chunk: the box of voxels that the walk covers in
    /// this super-chunk.
    pub(crate) fn fresh_chunk(&self) -> Option<Bounds> {
        // Axis by axis: the first mostly decides, and the whole was just written in parts.
        let is_low = |axis: usize| self.next[axis] == self.chunk[axis].max(self.min[axis]);
        (!self.finished && (0..3).all(is_low)).then(|| Bounds {
            min: self.chunk_low().map(|v| v << 4),
            max: self.chunk_high().map(|v| (v + 1) << 4),
        })
    }

    /// Skips the rest of the super-chunk and returns how many blocks that were.
    pub(crate) fn skip_chunk(&mut self) -> u64 {
        let (low, high) = (self.chunk_low(), self.chunk_high());
        let span = |i: usize| (high[i] - low[i] + 1) as u64;
        let seen = ((self.next[2] - low[2]) as u64 * span(1) + (self.next[1] - low[1]) as u64)
            * span(0)
            + (self.next[0] - low[0]) as u64;
        self.leave_chunk();
        span(0) * span(1) * span(2) - seen
    }

    fn chunk_low(&self) -> [i64; 3] {
        std::array::from_fn(|i| self.chunk[i].max(self.min[i]))
    }

    fn chunk_high(&self) -> [i64; 3] {
        std::array::from_fn(|i| (self.chunk[i] + 15).min(self.max[i]))
    }

    fn leave_chunk(&mut self) {
        for axis in 0..3 {
            self.chunk[axis] += 16;
            if self.chunk[axis] <= self.max[axis] {
                self.next = self.chunk_low();
                return;
            }
            self.chunk[axis] = self.min[axis] & !15;
        }
        self.finished = true;
    }
}

impl Iterator for BlockRange {
    type Item = BlockPos;

    fn next(&mut self) -> Option<BlockPos> {
        if self.finished {
            return None;
        }
        let [x, y, z] = self.next.map(|v| v as i32);
        let (low, high) = (self.chunk_low(), self.chunk_high());
        for axis in 0..3 {
            self.next[axis] += 1;
            if self.next[axis] <= high[axis] {
                return Some(BlockPos { x, y, z });
            }
            self.next[axis] = low[axis];
        }
        self.leave_chunk();
        Some(BlockPos { x, y, z })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn range(min: [i64; 3], max: [i64; 3]) -> BlockRange {
        BlockRange::new(Bounds::new(min, max).unwrap())
    }

    #[test]
    fn every_block_of_a_box_is_visited_once() {
        let walk = range([-300, -1, 5], [17, 40, 300]);
        let total = walk.total();
        let seen: Vec<_> = walk.collect();
        assert_eq!(seen.len() as u64, total);
        assert_eq!(total, (19 + 2) * (1 + 3) * 19);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    }

    #[test]
    fn skipping_counts_the_blocks_that_were_left() {
        let mut walk = range([-300, -1, 5], [17, 40, 300]);
        let total = walk.total();
        let mut seen = 0;
        while walk.next().is_some() {
            seen += 1;
            if walk.fresh_chunk().is_some() {
                seen += walk.skip_chunk();
            }
        }
        assert_eq!(seen, total);
    }

    #[test]
    fn the_extremes_of_the_grid_have_blocks() {
        let corner = i64::from(i32::MAX);
        let blocks: Vec<_> = range([corner; 3], [corner + 1; 3]).collect();
        assert_eq!(blocks, [BlockPos { x: 0x7ff_ffff, y: 0x7ff_ffff, z: 0x7ff_ffff }]);
    }
}
