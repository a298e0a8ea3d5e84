//! A set of voxels, as one mask a block.
//!
//! The masks lie in tables of 16x16x16 blocks, so that adding one never has a large table copied.
//! Invariants: no stored mask is empty or full; of blocks that are picked as a whole there is but a
//! bit.

use rustc_hash::FxHashMap;

use super::bits::{ALL, NONE, SIDES, across, both, count, neighbors, without};
use super::block::{index_in_block, point_in_block};
use super::block_edit::{self, BlockEdit, EditJob, EditReport, mask_bounds};
use super::block_range::BlockRange;
use super::block_set::take_first;
use super::index::{ChunkPos, Places, place_in_chunk, set_places};
use super::{BlendMode, BlockPos, Bounds, Mask, Point, Rgba, Shape, Volume};
use crate::job::spread::SpreadMap;
use crate::job::{Progress, leftovers};
use crate::memory::MemoryLimit;

/// The picked voxels of a cube of 16x16x16 blocks.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct PickedChunk {
    /// The blocks of which all voxels are picked, if there are any.
    whole: Option<Box<Places>>,
    /// Those of which some are.
    part: FxHashMap<u16, Box<Mask>>,
}

impl PickedChunk {
    fn is_whole(&self, place: usize) -> bool {
        self.whole.as_ref().is_some_and(|whole| whole[place >> 6] >> (place & 63) & 1 == 1)
    }

    fn mask(&self, place: usize) -> Mask {
        if self.is_whole(place) {
            return ALL;
        }
        self.part.get(&(place as u16)).map_or(NONE, |mask| **mask)
    }

    fn put(&mut self, place: usize, mask: Mask) {
        if mask == ALL {
            let whole = self.whole.get_or_insert_with(|| Box::new([0; 64]));
            whole[place >> 6] |= 1 << (place & 63);
        } else if self.is_whole(place) {
            self.whole = self.whole.take().and_then(|mut whole| {
                whole[place >> 6] &= !(1 << (place & 63));
                (*whole != NONE).then_some(whole)
            });
        }
        if mask == ALL || mask == NONE {
            self.part.remove(&(place as u16));
        } else {
            self.part.insert(place as u16, Box::new(mask));
        }
    }

    /// The blocks of which any voxel is picked.
    fn blocks(&self) -> Places {
        let mut blocks = self.whole();
        for place in self.part.keys().copied().map(usize::from) {
            blocks[place >> 6] |= 1 << (place & 63);
        }
        blocks
    }

    fn whole(&self) -> Places {
        self.whole.as_ref().map_or([0; 64], |whole| **whole)
    }

    fn block_count(&self) -> usize {
        count(&self.whole()) as usize + self.part.len()
    }

    fn is_empty(&self) -> bool {
        self.part.is_empty() && self.whole.is_none()
    }
}

/// A set of voxels.
///
/// ```
/// use goxel_daemon::voxel::{Bounds, Point, Selection};
/// let one = Selection::of_bounds(Bounds::of_point(Point::new(0, 0, 0)));
/// assert_eq!(one.grown(1).count(), 7);
/// assert_eq!(one.grown(1).shrunk(1), one);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Selection {
    /// None of them is empty.
    chunks: SpreadMap<ChunkPos, PickedChunk>,
}

/// Blocks from which on a set is freed in slices.
const MANY_BLOCKS: usize = 256;

impl Drop for Selection {
    fn drop(&mut self) {
        if self.block_count() > MANY_BLOCKS {
            leftovers::leave(std::mem::take(&mut self.chunks).into_iter());
        }
    }
}

impl Selection {
    /// The empty set.
    pub fn new() -> Selection {
        Selection::default()
    }

    /// The voxels of a volume that are not empty.
    pub fn of_volume(volume: &Volume) -> Selection {
        let mut selection = Selection::new();
        volume.slots().for_each(|(at, slot)| selection.put(at, slot.mask()));
        selection
    }

    /// All addressable voxels of a box. One entry a block: not for boxes of billions of voxels.
    pub fn of_bounds(bounds: Bounds) -> Selection {
        Selection::of_shape(&Shape::cuboid(bounds))
    }

    /// The voxels of a shape. As [`Selection::of_bounds`], one entry a block.
    pub fn of_shape(shape: &Shape) -> Selection {
        let mut selection = Selection::new();
        if let Some(bounds) = shape.bounds() {
            BlockRange::new(bounds).for_each(|at| selection.put(at, shape.mask(at)));
        }
        selection
    }

    /// The picked voxels of a block.
    pub fn mask(&self, at: BlockPos) -> Mask {
        self.chunks.get(&ChunkPos::of(at)).map_or(NONE, |chunk| chunk.mask(place_in_chunk(at)))
    }

    /// How many blocks have picked voxels.
    pub(super) fn block_count(&self) -> usize {
        self.chunks.values().map(PickedChunk::block_count).sum()
    }

    /// The cubes of blocks in which voxels are picked, in no particular order.
    pub(super) fn chunks(&self) -> Vec<ChunkPos> {
        self.chunks.keys().copied().collect()
    }

    /// The blocks of a cube in which voxels are picked.
    pub(super) fn blocks_in(&self, pos: ChunkPos) -> Places {
        self.chunks.get(&pos).map_or([0; 64], PickedChunk::blocks)
    }

    /// The blocks with picked voxels, in no particular order.
    fn unsorted_blocks(&self) -> impl Iterator<Item = BlockPos> {
        self.chunks.iter().flat_map(|(pos, chunk)| {
            let places: Vec<usize> = set_places(&chunk.blocks()).collect();
            places.into_iter().map(|place| pos.block(place))
        })
    }

    /// Sets which voxels of a block are picked.
    pub fn put(&mut self, at: BlockPos, mask: Mask) {
        let pos = ChunkPos::of(at);
        if mask == NONE && !self.chunks.contains_key(&pos) {
            return;
        }
        let chunk = self.chunks.entry(pos).or_default();
        chunk.put(place_in_chunk(at), mask);
        if mask == NONE && chunk.is_empty() {
            self.chunks.remove(&pos);
        }
    }

    /// Picks a voxel; whether it was not picked before.
    pub fn insert(&mut self, point: Point) -> bool {
        let at = BlockPos::of(point);
        let (place, index) = (place_in_chunk(at), index_in_block(point));
        let (word, bit) = (index >> 6, 1 << (index & 63));
        let chunk = self.chunks.entry(ChunkPos::of(at)).or_default();
        if chunk.is_whole(place) {
            return false;
        }
        let mask = chunk.part.entry(place as u16).or_insert_with(|| Box::new(NONE));
        let is_new = mask[word] & bit == 0;
        mask[word] |= bit;
        if is_new && mask[word] == u64::MAX && **mask == ALL {
            chunk.put(place, ALL);
        }
        is_new
    }

    /// Whether a voxel is picked.
    pub fn contains(&self, point: Point) -> bool {
        let index = index_in_block(point);
        self.mask(BlockPos::of(point))[index >> 6] >> (index & 63) & 1 == 1
    }

    /// Whether nothing is picked.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// How many voxels are picked.
    pub fn count(&self) -> u64 {
        let in_chunk = |chunk: &PickedChunk| {
            let part = chunk.part.values().map(|mask| u64::from(count(mask))).sum::<u64>();
            u64::from(count(&chunk.whole())) * 4096 + part
        };
        self.chunks.values().map(in_chunk).sum()
    }

    /// The smallest box around the picked voxels.
    pub fn bounds(&self) -> Option<Bounds> {
        let in_block = |at: BlockPos| mask_bounds(at, &self.mask(at));
        self.unsorted_blocks().filter_map(in_block).reduce(|a, b| a.union(&b))
    }

    /// The blocks with picked voxels, in the order z, y, x.
    pub fn blocks(&self) -> Vec<BlockPos> {
        let mut blocks: Vec<BlockPos> = self.unsorted_blocks().collect();
        blocks.sort_unstable_by_key(|at| (at.z, at.y, at.x));
        blocks
    }

    /// The picked voxels, block by block.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.blocks().into_iter().flat_map(|at| {
            let mask = self.mask(at);
            (0..4096usize)
                .filter(move |index| mask[index >> 6] >> (index & 63) & 1 == 1)
                .map(move |index| point_in_block(at, index))
        })
    }

    /// Adds the voxels of another set.
    pub fn add(&mut self, other: &Selection) {
        for at in other.unsorted_blocks() {
            let (a, b) = (self.mask(at), other.mask(at));
            self.put(at, std::array::from_fn(|word| a[word] | b[word]));
        }
    }

    /// Keeps only the voxels that another set has too.
    pub fn keep(&mut self, other: &Selection) {
        for at in self.blocks() {
            self.put(at, both(&self.mask(at), &other.mask(at)));
        }
    }

    /// Takes the voxels of another set away.
    pub fn remove(&mut self, other: &Selection) {
        for at in other.unsorted_blocks() {
            self.put(at, without(&self.mask(at), &other.mask(at)));
        }
    }

    /// The voxels of a box that are not picked.
    pub fn inverted(&self, within: Bounds) -> Selection {
        let mut rest = Selection::of_bounds(within);
        rest.remove(self);
        rest
    }

    /// The set and every voxel that up to `steps` steps along the axes lead to.
    pub fn grown(&self, steps: u32) -> Selection {
        (0..steps).fold(self.clone(), |selection, _| selection.grown_once())
    }

    /// The voxels from which no `steps` steps along the axes lead out of the set. Steps over the
    /// end of the grid lead out.
    pub fn shrunk(&self, steps: u32) -> Selection {
        (0..steps).fold(self.clone(), |selection, _| selection.shrunk_once())
    }

    fn grown_once(&self) -> Selection {
        let mut grown = self.clone();
        for at in self.unsorted_blocks() {
            let mask = self.mask(at);
            let mut own = grown.mask(at);
            for (axis, step) in SIDES {
                let moved = neighbors(&mask, &NONE, axis, step);
                (0..64).for_each(|word| own[word] |= moved[word]);
                let beyond = across(&mask, axis, step);
                if beyond != NONE
                    && let Some(there) = at.neighbor(axis, step)
                {
                    let mask = grown.mask(there);
                    grown.put(there, std::array::from_fn(|word| mask[word] | beyond[word]));
                }
            }
            grown.put(at, own);
        }
        grown
    }

    fn shrunk_once(&self) -> Selection {
        let mut shrunk = Selection::new();
        for at in self.unsorted_blocks() {
            let mask = self.mask(at);
            let mut left = mask;
            for (axis, step) in SIDES {
                let beyond = at.neighbor(axis, step).map_or(NONE, |there| self.mask(there));
                left = both(&left, &neighbors(&mask, &beyond, axis, step));
            }
            shrunk.put(at, left);
        }
        shrunk
    }

    /// How many faces of picked voxels have no picked voxel beside them.
    pub fn surface_area(&self) -> u64 {
        let open = |at: BlockPos| u64::from(open_faces(at, |block| self.mask(block)));
        self.unsorted_blocks().map(open).sum()
    }
}

/// How many faces of voxels of one block have no voxel beside them, where `mask` tells the voxels
/// of any block.
pub(super) fn open_faces(at: BlockPos, mask: impl Fn(BlockPos) -> Mask) -> u32 {
    let own = mask(at);
    let open = |(axis, step): (usize, i32)| {
        let beyond = at.neighbor(axis, step).map_or(NONE, &mask);
        count(&without(&own, &neighbors(&own, &beyond, axis, step)))
    };
    SIDES.into_iter().map(open).sum()
}

/// Blending one colour into the voxels of a set.
pub(crate) struct BlendSelection {
    selection: Selection,
    chunks: Vec<ChunkPos>,
    /// The cube of blocks under way, and those of its blocks that are left.
    current: Option<(ChunkPos, Places)>,
    done: u64,
    total: u64,
    mode: BlendMode,
    color: Rgba,
}

impl BlendSelection {
    pub(crate) fn new(selection: Selection, mode: BlendMode, color: Rgba) -> BlendSelection {
        let (chunks, total) = (selection.chunks(), selection.block_count() as u64);
        BlendSelection { selection, chunks, current: None, done: 0, total, mode, color }
    }

    fn next_position(&mut self) -> Option<BlockPos> {
        loop {
            if let Some((pos, places)) = &mut self.current
                && let Some(place) = take_first(places)
            {
                return Some(pos.block(place));
            }
            let pos = self.chunks.pop()?;
            self.current = Some((pos, self.selection.blocks_in(pos)));
        }
    }
}

impl BlockEdit for BlendSelection {
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool {
        let Some(at) = self.next_position() else { return false };
        volume.blend_block(at, &self.selection.mask(at), self.mode, self.color, report);
        self.done += 1;
        true
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.total }
    }
}

impl Volume {
    /// Blends a colour into the voxels of a set, and into no others whatever the mode.
    pub fn blend_selection(
        &mut self,
        selection: &Selection,
        mode: BlendMode,
        color: Rgba,
    ) -> Result<EditReport, MemoryLimit> {
        let edit = BlendSelection::new(selection.clone(), mode, color);
        block_edit::run(self, edit)
    }

    /// [`Volume::blend_selection`] as a job on a snapshot of this volume.
    pub fn blend_selection_job(
        &self,
        selection: Selection,
        mode: BlendMode,
        color: Rgba,
    ) -> EditJob {
        EditJob::new(self, BlendSelection::new(selection, mode, color))
    }
}
