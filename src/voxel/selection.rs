//! A set of voxels, as one mask a block.
//!
//! Invariants: no stored mask is empty; a mask of all bits is stored as [`Picked::All`].

use rustc_hash::FxHashMap;

use super::bits::{ALL, NONE, SIDES, across, both, count, neighbors, without};
use super::block::{index_in_block, point_in_block};
use super::block_edit::{self, BlockEdit, EditJob, EditReport, mask_bounds};
use super::block_range::BlockRange;
use super::memory::MemoryLimit;
use super::{BlendMode, BlockPos, Bounds, Mask, Point, Rgba, Shape, Volume};
use crate::job::{Progress, leftovers};

/// The picked voxels of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Picked {
    All,
    Some(Box<Mask>),
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
    blocks: FxHashMap<BlockPos, Picked>,
}

/// Blocks from which on a set is freed in slices.
const MANY_BLOCKS: usize = 256;

impl Drop for Selection {
    fn drop(&mut self) {
        if self.blocks.len() > MANY_BLOCKS {
            leftovers::leave(std::mem::take(&mut self.blocks).into_iter());
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
        match self.blocks.get(&at) {
            None => NONE,
            Some(Picked::All) => ALL,
            Some(Picked::Some(mask)) => **mask,
        }
    }

    /// Makes room for so many blocks more: a table that grows is copied.
    pub(super) fn reserve(&mut self, blocks: usize) {
        self.blocks.reserve(blocks);
    }

    /// How many blocks have picked voxels.
    pub(super) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The blocks with picked voxels, in no particular order.
    pub(super) fn unsorted_blocks(&self) -> impl Iterator<Item = BlockPos> {
        self.blocks.keys().copied()
    }

    /// Sets which voxels of a block are picked.
    pub fn put(&mut self, at: BlockPos, mask: Mask) {
        if mask == NONE {
            self.blocks.remove(&at);
        } else {
            let picked = if mask == ALL { Picked::All } else { Picked::Some(Box::new(mask)) };
            self.blocks.insert(at, picked);
        }
    }

    /// Whether a voxel is picked.
    pub fn contains(&self, point: Point) -> bool {
        let index = index_in_block(point);
        match self.blocks.get(&BlockPos::of(point)) {
            None => false,
            Some(Picked::All) => true,
            Some(Picked::Some(mask)) => mask[index >> 6] >> (index & 63) & 1 == 1,
        }
    }

    /// Whether nothing is picked.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many voxels are picked.
    pub fn count(&self) -> u64 {
        let in_block = |picked: &Picked| match picked {
            Picked::All => 4096,
            Picked::Some(mask) => u64::from(count(mask)),
        };
        self.blocks.values().map(in_block).sum()
    }

    /// The smallest box around the picked voxels.
    pub fn bounds(&self) -> Option<Bounds> {
        let in_block = |at: &BlockPos| mask_bounds(*at, &self.mask(*at));
        self.blocks.keys().filter_map(in_block).reduce(|a, b| a.union(&b))
    }

    /// The blocks with picked voxels, in the order z, y, x.
    pub fn blocks(&self) -> Vec<BlockPos> {
        let mut blocks: Vec<BlockPos> = self.blocks.keys().copied().collect();
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
        for &at in other.blocks.keys() {
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
        for &at in other.blocks.keys() {
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

    /// The voxels from which no `steps` steps along the axes lead out of the set. Steps over the end of
    /// the grid lead out.
    pub fn shrunk(&self, steps: u32) -> Selection {
        (0..steps).fold(self.clone(), |selection, _| selection.shrunk_once())
    }

    fn grown_once(&self) -> Selection {
        let mut grown = self.clone();
        for &at in self.blocks.keys() {
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
        for &at in self.blocks.keys() {
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
        let open = |at: &BlockPos| u64::from(open_faces(*at, |block| self.mask(block)));
        self.blocks.keys().map(open).sum()
    }
}

/// How many faces of voxels of one block have no voxel beside them, where `mask` tells the voxels of any block.
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
    left: std::vec::IntoIter<BlockPos>,
    total: u64,
    mode: BlendMode,
    color: Rgba,
}

impl BlendSelection {
    pub(crate) fn new(selection: Selection, mode: BlendMode, color: Rgba) -> BlendSelection {
        let left = selection.blocks().into_iter();
        let total = left.len() as u64;
        BlendSelection { selection, left, total, mode, color }
    }
}

impl BlockEdit for BlendSelection {
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool {
        let Some(at) = self.left.next() else { return false };
        volume.blend_block(at, &self.selection.mask(at), self.mode, self.color, report);
        true
    }

    fn progress(&self) -> Progress {
        Progress { done: self.total - self.left.len() as u64, total: self.total }
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
