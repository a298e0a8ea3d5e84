//! A walk over a volume's blocks that can pause, for work in slices.

use std::ops::Range;

use super::index::ChunkPos;
use super::{BlockPos, Bounds, Volume};
use crate::job::{Slice, effort};

/// Chunks that a walk looks at before somebody else may have the turn.
const LOOKS: usize = 512;

/// Where a walk over the blocks of a volume is. It visits them in the order of [`Volume::blocks`],
/// one layer of cubes of 256x256x256 voxels after the other. It has to look at all cubes of a layer
/// before it knows the first block there: [`BlockWalk::look_ahead`] does that share by share. No
/// block may come to the volume on the way; blocks that the walk has visited may go.
///
/// ```
/// use goxel_daemon::voxel::{BlockWalk, Bounds, Rgba, Volume};
/// let mut volume = Volume::new();
/// volume.fill(Bounds::inclusive([0, 0, 0], [99, 20, 9]), Rgba::WHITE);
/// let mut walk = BlockWalk::new();
/// let blocks: Vec<_> = std::iter::from_fn(|| walk.next(&volume)).collect();
/// assert_eq!(blocks, volume.blocks().map(|(at, _)| at).collect::<Vec<_>>());
/// ```
#[derive(Clone, Debug)]
pub struct BlockWalk {
    /// The lowest and the highest block, if not all are to be visited.
    area: Option<[[i32; 3]; 2]>,
    ahead: Ahead,
    /// The chunks of the layer that the walk has come to, in the order y, x, and their rows; none
    /// between two layers.
    chunks: Vec<ChunkPos>,
    rows: Vec<Row>,
    /// The heights of blocks at which the layer has any, as bits.
    heights: u16,
    /// The row, the chunk, and the height and the row of blocks within it.
    row: usize,
    chunk: usize,
    z: usize,
    y: usize,
    /// The blocks of that row that are still to be visited.
    left: u16,
}

/// What a walk has not looked at yet, each with the corners of a box around it.
#[derive(Clone, Copy, Debug)]
enum Ahead {
    Nothing,
    /// Layers.
    Layers([ChunkPos; 2]),
    /// Rows of the layer that the walk comes to, the first of them from `x` on, and the layers
    /// behind it.
    Rows {
        rows: [ChunkPos; 2],
        x: i32,
        layers: [ChunkPos; 2],
    },
}

/// The chunks of one row along x, and which of their rows of blocks hold any: a bit for each y, at
/// each height. Without it a walk would look at every row of blocks of every chunk, however few
/// they hold.
#[derive(Clone, Debug)]
struct Row {
    chunks: Range<usize>,
    used: [u16; 16],
}

impl Default for BlockWalk {
    fn default() -> Self {
        BlockWalk::new()
    }
}

impl BlockWalk {
    /// A walk over all blocks.
    pub fn new() -> Self {
        BlockWalk::within(None)
    }

    /// A walk over the blocks that a box touches, if there is one.
    pub fn within(bounds: Option<Bounds>) -> Self {
        let bounds = bounds.map_or(Some(Bounds::ALL), |bounds| bounds.intersect(&Bounds::ALL));
        let Some(bounds) = bounds else { return BlockWalk::over_nothing() };
        let corners = [bounds.min, bounds.max_inside()];
        let blocks = corners.map(|corner| corner.map(|value| (value >> 4) as i32));
        let layers = blocks.map(|[x, y, z]| ChunkPos::of(BlockPos { x, y, z }));
        let area = (bounds != Bounds::ALL).then_some(blocks);
        BlockWalk::from(area, Ahead::Layers(layers))
    }

    /// A walk over no blocks at all.
    pub(crate) fn over_nothing() -> Self {
        BlockWalk::from(None, Ahead::Nothing)
    }

    fn from(area: Option<[[i32; 3]; 2]>, ahead: Ahead) -> Self {
        BlockWalk {
            area,
            ahead,
            chunks: Vec::new(),
            rows: Vec::new(),
            heights: 0,
            row: 0,
            chunk: 0,
            z: 0,
            y: 0,
            left: 0,
        }
    }

    /// The next block; `None` at the end.
    #[inline]
    pub fn next(&mut self, volume: &Volume) -> Option<BlockPos> {
        while !self.look_ahead(volume) {}
        if self.left == 0 {
            return None;
        }
        let x = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(self.chunks[self.chunk].block(self.z << 8 | self.y << 4 | x))
    }

    /// Does a share of the work on the way to the next block; true once [`BlockWalk::next`] can
    /// tell it without more.
    #[inline]
    pub fn look_ahead(&mut self, volume: &Volume) -> bool {
        self.left != 0 || self.find_next(volume)
    }

    /// The next block, looked for in slices.
    pub(crate) async fn next_in(&mut self, volume: &Volume, slice: &Slice) -> Option<BlockPos> {
        while !self.look_ahead(volume) {
            slice.spend(1).await;
        }
        self.next(volume)
    }

    /// Goes on to the next row of blocks of a chunk that holds any, past [`LOOKS`] chunks at most.
    /// True if it is there, and at the end.
    fn find_next(&mut self, volume: &Volume) -> bool {
        for _ in 0..LOOKS {
            if let Some(row) = self.rows.get(self.row).filter(|_| self.is_gathered()) {
                self.chunk += 1;
                if self.chunk == row.chunks.end {
                    self.y += 1;
                    self.seek();
                }
                self.look(volume);
                if self.left != 0 {
                    return true;
                }
            } else {
                match self.ahead {
                    Ahead::Nothing => return true,
                    Ahead::Layers(layers) => self.start_layer(volume, layers),
                    Ahead::Rows { rows, x, layers } => {
                        self.gather(volume, rows, x, layers);
                        self.look(volume);
                        return self.left != 0;
                    }
                }
            }
        }
        false
    }

    /// Whether all rows of the layer that the walk is in are known.
    fn is_gathered(&self) -> bool {
        !matches!(self.ahead, Ahead::Rows { .. })
    }

    /// Sees which blocks there are in the row of blocks that the walk has come to.
    fn look(&mut self, volume: &Volume) {
        let pos = self.chunks.get(self.chunk).copied().filter(|_| self.is_gathered());
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
    /// row of chunks, at the next z. Behind the last one the layer is left.
    fn seek(&mut self) {
        loop {
            if let Some(row) = self.rows.get(self.row) {
                let used = row.used[self.z].checked_shr(self.y as u32).unwrap_or_default();
                if used != 0 {
                    self.y += used.trailing_zeros() as usize;
                    self.chunk = row.chunks.start;
                    return;
                }
                (self.row, self.y) = (self.row + 1, 0);
            } else if self.z < 15 && self.heights >> (self.z + 1) != 0 {
                self.z += 1 + (self.heights >> (self.z + 1)).trailing_zeros() as usize;
                (self.row, self.y) = (0, 0);
            } else {
                self.chunks.clear();
                self.rows.clear();
                return;
            }
        }
    }

    /// Comes to the next layer of chunks, if there is one.
    fn start_layer(&mut self, volume: &Volume, [low, high]: [ChunkPos; 2]) {
        let first = volume.index.chunks().within(low, high).next();
        self.ahead = first.map_or(Ahead::Nothing, |&(ChunkPos { y, z, .. }, _)| Ahead::Rows {
            rows: [ChunkPos { y, z, ..low }, ChunkPos { z, ..high }],
            x: low.x,
            layers: [ChunkPos { z: z + 1, ..low }, high],
        });
        (self.row, self.y, self.z) = (0, 0, 0);
    }

    /// Comes to some more chunks of the layer, and at its end to its first row of blocks.
    fn gather(
        &mut self,
        volume: &Volume,
        [mut low, high]: [ChunkPos; 2],
        mut x: i32,
        layers: [ChunkPos; 2],
    ) {
        let chunks = volume.index.chunks();
        let mut left = LOOKS;
        while left > 0 {
            let start = self.chunks.len();
            if x == low.x {
                self.rows.push(Row { chunks: start..start, used: [0; 16] });
            }
            let Some(row) = self.rows.last_mut() else { break };
            let ends = [ChunkPos { x, ..low }, ChunkPos { y: low.y, ..high }];
            for (pos, chunk) in chunks.within(ends[0], ends[1]).take(left) {
                self.chunks.push(*pos);
                chunk.note_rows(&mut row.used);
            }
            row.chunks.end = self.chunks.len();
            let looked_at = self.chunks.len() - start;
            effort::note(looked_at);
            if looked_at == left {
                x = self.chunks.last().map_or(x, |last| last.x + 1);
                break;
            }
            left -= looked_at;
            let behind = ChunkPos { y: low.y + 1, ..low };
            let Some((next, _)) = chunks.within(behind, high).next() else {
                self.ahead = Ahead::Layers(layers);
                let used = self.rows.iter().flat_map(|row| row.used.iter().enumerate());
                self.heights =
                    used.fold(0, |heights, (z, &used)| heights | u16::from(used != 0) << z);
                return self.seek();
            };
            (low.y, x) = (next.y, low.x);
            left -= 1;
        }
        self.ahead = Ahead::Rows { rows: [low, high], x, layers };
    }
}

/// Blocks passed over in one unit of work.
const BLOCKS_A_UNIT: usize = 64;

/// A walk over the blocks in which two volumes differ, in the order z, y, x. Blocks whose storage
/// both share are passed over. The volumes must not change on the way.
#[derive(Clone, Debug)]
pub(crate) struct DifferenceWalk {
    walks: [BlockWalk; 2],
    /// The next block of each, once it is known.
    next: [Option<Option<BlockPos>>; 2],
    passed: u64,
}

impl DifferenceWalk {
    pub(crate) fn new() -> Self {
        let walks = [BlockWalk::new(), BlockWalk::new()];
        DifferenceWalk { walks, next: [None; 2], passed: 0 }
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
            for ((next, walk), volume) in self.next.iter_mut().zip(&mut self.walks).zip(volumes) {
                if next.is_none() {
                    if !walk.look_ahead(volume) {
                        return true;
                    }
                    *next = Some(walk.next(volume));
                }
            }
            let Some(at) = self.next_of_either() else { return false };
            let [first, second] = volumes.map(|volume| volume.block(at));
            if first.map(|block| block.identity()) != second.map(|block| block.identity()) {
                *differing = Some(at);
                break;
            }
        }
        true
    }

    fn next_of_either(&mut self) -> Option<BlockPos> {
        let place = |at: BlockPos| (at.z, at.y, at.x);
        let at = self.next.into_iter().flatten().flatten().min_by_key(|at| place(*at))?;
        self.passed += 1;
        for next in &mut self.next {
            if *next == Some(Some(at)) {
                *next = None;
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
    fn a_walk_looks_at_each_cube_of_a_layer_once_and_at_few_in_one_go() {
        let long = |n: i32| [Point::new(n * 300, 0, 0), Point::new(0, n * 300, 300)];
        let wide = |n: i32| [Point::new(n % 50 * 300, n / 50 * 300, 600); 2];
        let mut volume = Volume::new();
        (0..2500).for_each(|n| {
            long(n).into_iter().chain(wide(n)).for_each(|at| _ = volume.set(at, Rgba::WHITE));
        });
        let mut walk = BlockWalk::new();
        let (mut most, mut all, mut found) = (0, 0, 0);
        effort::take();
        loop {
            let is_ready = walk.look_ahead(&volume);
            let looks = effort::take();
            (most, all) = (most.max(looks), all + looks);
            if is_ready && walk.next(&volume).is_none() {
                break;
            }
            found += u64::from(is_ready);
        }
        assert_eq!(found, volume.block_count() as u64);
        assert!(most <= LOOKS as u64 + 2, "{most} looks in one go");
        assert!(all <= 3 * found, "{all} looks for {found} blocks");
    }

    #[test]
    fn a_walk_visits_the_blocks_in_their_order() {
        let mut volume = Volume::new();
        let mut number = 7u32;
        for count in 0..400 {
            if count % 40 == 0 {
                let mut walk = BlockWalk::new();
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
            let mut walk = BlockWalk::within(Some(bounds));
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
        let (mut walk, mut walked, mut at) = (DifferenceWalk::new(), Vec::new(), None);
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
        assert_eq!(BlockWalk::new().next(&volume), None);
    }
}
