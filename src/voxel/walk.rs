//! A walk over a volume's blocks that can pause, for work in slices.

use std::ops::Range;

use super::index::ChunkPos;
use super::{BlockPos, Bounds, Volume};
use crate::job::effort;

/// Where a walk over the blocks of a volume is. It visits them in the order of [`Volume::blocks`],
/// and comes to the cubes of 256x256x256 voxels row by row along x, each row when it has need of
/// it. No block may come to the volume on the way; blocks that the walk has visited may go.
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
    /// The lowest and the highest block, if not all are to be visited.
    area: Option<[[i32; 3]; 2]>,
    /// The corners of a box around all chunks of layers that the walk has not come to yet.
    layers: Option<[ChunkPos; 2]>,
    /// The same of the rows of this layer.
    ahead: Option<[ChunkPos; 2]>,
    /// The heights of blocks at which this layer may have any, as bits.
    heights: u16,
    /// The chunks of the rows that the walk has come to, in the order y, x.
    chunks: Vec<ChunkPos>,
    rows: Vec<Row>,
    /// The row, the chunk, and the height and the row of blocks within it.
    row: usize,
    chunk: usize,
    z: usize,
    y: usize,
    /// The blocks of that row that are still to be visited.
    left: u16,
}

/// The chunks of one row along x, and which of their rows of blocks hold any: a bit for each y, at
/// each height. Without it a walk would look at every row of blocks of every chunk, however few
/// they hold.
#[derive(Clone, Debug)]
struct Row {
    chunks: Range<usize>,
    used: [u16; 16],
}

impl BlockWalk {
    /// A walk that begins at the first block.
    pub fn new(volume: &Volume) -> Self {
        BlockWalk::within(volume, None)
    }

    /// The same over the blocks that a box touches, if there is one.
    pub fn within(volume: &Volume, bounds: Option<Bounds>) -> Self {
        let bounds = bounds.map_or(Some(Bounds::ALL), |bounds| bounds.intersect(&Bounds::ALL));
        let Some(bounds) = bounds else { return BlockWalk::default() };
        let corners = [bounds.min, bounds.max_inside()];
        let blocks = corners.map(|corner| corner.map(|value| (value >> 4) as i32));
        let layers = blocks.map(|[x, y, z]| ChunkPos::of(BlockPos { x, y, z }));
        let area = (bounds != Bounds::ALL).then_some(blocks);
        let mut walk = BlockWalk { area, layers: Some(layers), ..BlockWalk::default() };
        walk.seek(volume);
        walk
    }

    /// The next block; `None` at the end.
    pub fn next(&mut self, volume: &Volume) -> Option<BlockPos> {
        while self.left == 0 {
            self.chunk += 1;
            if self.chunk < self.rows.get(self.row)?.chunks.end {
                self.look(volume);
            } else {
                self.y += 1;
                self.seek(volume);
            }
        }
        let x = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(self.chunks[self.chunk].block(self.z << 8 | self.y << 4 | x))
    }

    /// Sees which blocks there are in the row of blocks that the walk has come to.
    fn look(&mut self, volume: &Volume) {
        let pos = self.chunks.get(self.chunk).copied();
        let chunk = pos.and_then(|pos| volume.index.chunk(pos).map(|chunk| (pos, chunk)));
        self.left = chunk.map_or(0, |(pos, chunk)| {
            chunk.row(self.z << 4 | self.y) & self.wanted(pos.block(self.z << 8 | self.y << 4))
        });
    }

    /// Which blocks of a row within a chunk are to be visited, given the first of them.
    fn wanted(&self, first: BlockPos) -> u16 {
        let Some([low, high]) = self.area else { return u16::MAX };
        if !(low[1]..=high[1]).contains(&first.y) || !(low[2]..=high[2]).contains(&first.z) {
            return 0;
        }
        let below = (low[0] - first.x).clamp(0, 16) as u32;
        let above = (first.x + 15 - high[0]).clamp(0, 16) as u32;
        (u32::from(u16::MAX) << below & u32::from(u16::MAX) >> above) as u16
    }

    /// Goes on to the first row of blocks from here on that holds any: at the next y, in the next
    /// row of chunks, at the next z, in the next layer of chunks. Behind the last one there are no
    /// rows any more.
    fn seek(&mut self, volume: &Volume) {
        loop {
            if let Some(row) = self.rows.get(self.row) {
                let used = row.used[self.z].checked_shr(self.y as u32).unwrap_or_default();
                if used != 0 {
                    self.y += used.trailing_zeros() as usize;
                    self.chunk = row.chunks.start;
                    return self.look(volume);
                }
                (self.row, self.y) = (self.row + 1, 0);
            } else if let Some(ahead) = self.ahead.take() {
                self.add_row(volume, ahead);
            } else if self.z < 15 && self.heights >> (self.z + 1) != 0 {
                self.z += 1 + (self.heights >> (self.z + 1)).trailing_zeros() as usize;
                (self.row, self.y) = (0, 0);
            } else if !self.start_layer(volume) {
                return;
            }
        }
    }

    /// Comes to the next row of chunks of the layer, if there is one.
    fn add_row(&mut self, volume: &Volume, [low, high]: [ChunkPos; 2]) {
        let start = self.chunks.len();
        let mut used = [0; 16];
        for (pos, chunk) in volume.index.chunks().within(low, high) {
            if self.chunks.get(start).is_some_and(|first| first.y != pos.y) {
                break;
            }
            self.chunks.push(*pos);
            chunk.note_rows(&mut used);
        }
        effort::note(self.chunks.len() - start);
        if let Some(first) = self.chunks.get(start) {
            self.ahead = Some([ChunkPos { y: first.y + 1, ..low }, high]);
            self.rows.push(Row { chunks: start..self.chunks.len(), used });
        }
    }

    /// Comes to the next layer of chunks; false if there is none.
    fn start_layer(&mut self, volume: &Volume) -> bool {
        self.chunks.clear();
        self.rows.clear();
        let Some([low, high]) = self.layers.take() else { return false };
        let Some((first, _)) = volume.index.chunks().within(low, high).next() else { return false };
        let z = first.z;
        self.layers = Some([ChunkPos { z: z + 1, ..low }, high]);
        self.ahead = Some([ChunkPos { z, ..low }, ChunkPos { z, ..high }]);
        self.heights = volume.index.chunks().heights_of_layer(z);
        (self.row, self.y, self.z) = (0, 0, (self.heights.trailing_zeros() & 15) as usize);
        true
    }
}

/// Blocks passed over in one unit of work.
const BLOCKS_A_UNIT: usize = 64;

/// A walk over the blocks in which two volumes differ, in the order z, y, x. Blocks whose storage
/// both share are passed over. The volumes must not change on the way.
#[derive(Clone, Debug)]
pub(crate) struct DifferenceWalk {
    walks: [BlockWalk; 2],
    /// The next block of each.
    next: [Option<BlockPos>; 2],
    passed: u64,
}

impl DifferenceWalk {
    pub(crate) fn new(volumes: [&Volume; 2]) -> Self {
        let mut walks = volumes.map(BlockWalk::new);
        let next = std::array::from_fn(|side| walks[side].next(volumes[side]));
        DifferenceWalk { walks, next, passed: 0 }
    }

    /// Blocks that it has come past, differing or not.
    #[cfg(feature = "server")]
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Walks on; false at the end. Gives the next block that differs, if it comes to one within a
    /// unit of work.
    pub(crate) fn next(&mut self, volumes: [&Volume; 2], differing: &mut Option<BlockPos>) -> bool {
        for _ in 0..BLOCKS_A_UNIT {
            let Some(at) = self.next_of_either(volumes) else { return false };
            let [first, second] = volumes.map(|volume| volume.block(at));
            if first.map(|block| block.identity()) != second.map(|block| block.identity()) {
                *differing = Some(at);
                break;
            }
        }
        true
    }

    fn next_of_either(&mut self, volumes: [&Volume; 2]) -> Option<BlockPos> {
        let place = |at: BlockPos| (at.z, at.y, at.x);
        let at = self.next.into_iter().flatten().min_by_key(|at| place(*at))?;
        self.passed += 1;
        for ((next, walk), volume) in self.next.iter_mut().zip(&mut self.walks).zip(volumes) {
            if *next == Some(at) {
                *next = walk.next(volume);
            }
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    #[test]
    fn behind_a_long_row_a_walk_ends_without_a_look_at_what_is_not_there() {
        let mut volume = Volume::new();
        (0..2000).for_each(|n| _ = volume.set(Point::new(n * 300, 0, 0), Rgba::WHITE));
        let mut walk = BlockWalk::new(&volume);
        let mut most = 0;
        effort::take();
        while walk.next(&volume).is_some() {
            most = most.max(effort::take());
        }
        assert!(most < 10 && effort::take() < 10, "{most} looks for one block");
    }

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
    }

    /// A volume of scattered voxels.
    fn scattered(seed: u32) -> Volume {
        let (mut volume, mut number) = (Volume::new(), seed);
        for _ in 0..900 {
            let coordinates = [0; 3].map(|_| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (number >> 22) as i32 - 512
            });
            volume.set(Point::from(coordinates), Rgba::WHITE);
        }
        volume
    }

    #[test]
    fn a_walk_within_a_box_visits_the_blocks_that_it_touches() {
        let volume = scattered(3);
        let boxes = [
            Bounds::inclusive([-100, -300, 7], [260, 19, 400]),
            Bounds::inclusive([-512, -512, -512], [511, 511, 511]),
            Bounds::inclusive([0, 0, 0], [255, 255, 255]),
            Bounds::inclusive([33, -40, -512], [33, -25, 511]),
            Bounds::inclusive([2000, 0, 0], [2001, 9, 9]),
            Bounds::ALL,
        ];
        for bounds in boxes {
            let mut walk = BlockWalk::within(&volume, Some(bounds));
            let walked = std::iter::from_fn(|| walk.next(&volume));
            let touched = volume.blocks().map(|(at, _)| at);
            let touched = touched.filter(|at| at.bounds().intersect(&bounds).is_some());
            assert!(walked.eq(touched), "{bounds:?}");
        }
    }

    #[test]
    fn a_walk_over_differences_passes_over_what_both_share() {
        let (first, other) = (scattered(3), scattered(4));
        let mut second = first.clone();
        other.voxels().take(50).for_each(|(point, color)| {
            second.set(point, color);
        });
        first.voxels().take(20).for_each(|(point, _)| {
            second.set(point, Rgba::EMPTY);
        });
        let volumes = [&first, &second];
        let (mut walk, mut walked, mut at) = (DifferenceWalk::new(volumes), Vec::new(), None);
        while walk.next(volumes, &mut at) {
            walked.extend(at.take());
        }
        let mut expected: Vec<BlockPos> =
            first.blocks().chain(second.blocks()).map(|b| b.0).collect();
        let identity = |volume: &Volume, at| volume.block(at).map(|block| block.identity());
        expected.retain(|&at| identity(&first, at) != identity(&second, at));
        expected.sort_by_key(|at| (at.z, at.y, at.x));
        expected.dedup();
        assert!(expected.len() > 50);
        assert_eq!(walked, expected);
    }

    #[test]
    fn a_walk_over_nothing_ends_at_once() {
        let volume = Volume::new();
        assert_eq!(BlockWalk::new(&volume).next(&volume), None);
    }
}
