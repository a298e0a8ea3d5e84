//! A walk over a volume's blocks that can pause, for work in slices.

use std::ops::Range;

use super::index::ChunkPos;
use super::{BlockPos, Volume};

/// Where a walk over the blocks of a volume is. It visits them in the order of [`Volume::blocks`]; to begin costs
/// no more than a look at each cube of 256x256x256 voxels. The volume must not change on the way.
///
/// ```
/// use goxel_daemon::voxel::{BlockWalk, Bounds, Rgba, Volume};
/// let mut volume = Volume::new();
/// volume.fill(Bounds::inclusive([0, 0, 0], [99, 20, 9]), Rgba::WHITE);
/// let mut walk = BlockWalk::new(&volume);
/// let blocks: Vec<_> = std::iter::from_fn(|| walk.next(&volume)).collect();
/// assert_eq!(blocks, volume.blocks().map(|(at, _)| at).collect::<Vec<_>>());
/// ```
#[derive(Clone, Debug, Default)]
pub struct BlockWalk {
    /// In the order z, y, x.
    chunks: Vec<ChunkPos>,
    /// The chunks at one height, and those of them in one row along x.
    layer: Range<usize>,
    row: Range<usize>,
    /// The chunk, and the height and the row of blocks within it.
    chunk: usize,
    z: usize,
    y: usize,
    /// The blocks of that row that are still to be visited.
    left: u16,
}

impl BlockWalk {
    /// A walk that begins at the first block.
    pub fn new(volume: &Volume) -> Self {
        let mut chunks: Vec<ChunkPos> = volume.index.chunks().iter().map(|(pos, _)| *pos).collect();
        chunks.sort_unstable_by_key(|pos| (pos.z, pos.y, pos.x));
        let mut walk = BlockWalk { chunks, ..BlockWalk::default() };
        walk.start_layer(0);
        walk.look(volume);
        walk
    }

    /// The next block; `None` at the end.
    pub fn next(&mut self, volume: &Volume) -> Option<BlockPos> {
        while self.left == 0 {
            if self.chunk >= self.chunks.len() {
                return None;
            }
            self.go_on();
            self.look(volume);
        }
        let x = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(self.chunks[self.chunk].block(self.z << 8 | self.y << 4 | x))
    }

    /// Sees which blocks there are in the row of blocks that the walk has come to.
    fn look(&mut self, volume: &Volume) {
        let chunk = self.chunks.get(self.chunk).and_then(|&pos| volume.index.chunk(pos));
        self.left = chunk.map_or(0, |chunk| chunk.row(self.z << 4 | self.y));
    }

    /// To the same row of blocks in the next chunk along x; else to the next y, the next row of chunks, the
    /// next z, the next layer of chunks.
    fn go_on(&mut self) {
        self.chunk += 1;
        if self.chunk < self.row.end {
            return;
        }
        self.y += 1;
        if self.y < 16 {
            self.chunk = self.row.start;
        } else if self.row.end < self.layer.end {
            self.start_row(self.row.end);
        } else if self.z < 15 {
            self.z += 1;
            self.start_row(self.layer.start);
        } else {
            self.start_layer(self.layer.end);
        }
    }

    fn start_layer(&mut self, start: usize) {
        let height = self.chunks.get(start).map(|pos| pos.z);
        let same = |pos: &&ChunkPos| Some(pos.z) == height;
        let count = self.chunks[start..].iter().take_while(same).count();
        (self.layer, self.z) = (start..start + count, 0);
        self.start_row(start);
    }

    fn start_row(&mut self, start: usize) {
        let y = self.chunks.get(start).map(|pos| pos.y);
        let same = |pos: &&ChunkPos| Some(pos.y) == y;
        let count = self.chunks[start..self.layer.end].iter().take_while(same).count();
        (self.row, self.chunk, self.y) = (start..start + count, start, 0);
    }
}

/// Blocks listed in one unit of work.
const BLOCKS_A_UNIT: usize = 64;

/// The list of a volume's blocks in the making.
#[derive(Clone, Debug, Default)]
pub struct BlockList {
    walk: BlockWalk,
    /// The blocks so far.
    pub blocks: Vec<BlockPos>,
}

impl BlockList {
    /// An empty list.
    pub fn new(volume: &Volume) -> Self {
        BlockList { walk: BlockWalk::new(volume), blocks: Vec::new() }
    }

    /// Adds some blocks; false once all are there.
    pub fn add_some(&mut self, volume: &Volume) -> bool {
        for _ in 0..BLOCKS_A_UNIT {
            match self.walk.next(volume) {
                Some(at) => self.blocks.push(at),
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    #[test]
    fn a_walk_visits_the_blocks_in_their_order() {
        let mut volume = Volume::new();
        let mut number = 7u32;
        for count in 0..400 {
            if count % 40 == 0 {
                let mut walk = BlockWalk::new(&volume);
                let walked = std::iter::from_fn(|| walk.next(&volume));
                assert!(walked.eq(volume.blocks().map(|(at, _)| at)));
            }
            let coordinates = [0; 3].map(|_| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (number >> 20) as i32 - 2048
            });
            volume.set(Point::from(coordinates), Rgba::WHITE);
        }
        let mut list = BlockList::new(&volume);
        let mut units = 1;
        while list.add_some(&volume) {
            units += 1;
        }
        assert_eq!(list.blocks.len(), volume.block_count());
        assert_eq!(units, list.blocks.len() / BLOCKS_A_UNIT + 1);
    }

    #[test]
    fn a_walk_over_nothing_ends_at_once() {
        let volume = Volume::new();
        assert_eq!(BlockWalk::new(&volume).next(&volume), None);
    }
}
