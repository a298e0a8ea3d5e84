//! A sparse volume of voxels.
//!
//! Invariants: no stored block is wholly empty; iteration order is z, then y, then x of the blocks
//! and does not depend on the history of edits.

use super::block::{Slot, index_in_block, point_in_block};
use super::dense::Dense;
use super::few::{Few, MOST as MOST_OF_FEW};
use super::index::{ChunkPos, Index, into_set_places, place_in_chunk};
use super::marks::Marks;
use super::slab::Shared;
use super::{
    BLOCK_VOXELS, BlendMode, BlockPos, BlockRef, Bounds, Brush, MeasuredChange, Point, Rgba, Shape,
    VolumeChange, generation,
};
use crate::memory::{self, MemoryLimit};

/// An unbounded sparse grid of voxels. Cloning shares all blocks; a running recording of marks
/// stays with the original.
#[derive(Default)]
pub struct Volume {
    pub(crate) index: Index,
    pub(crate) marks: Marks,
}

impl Clone for Volume {
    fn clone(&self) -> Self {
        Volume { index: self.index.clone(), marks: Marks::default() }
    }
}

/// Sets a voxel of a dense block that is ours alone and known to the recording, given the slot of
/// the block and the stamp of its chunk; what it was, or `None`, and nothing done, if it is not
/// such a block.
#[inline]
fn set_in_dense(
    (slot, stamp): (&mut Slot, &mut u64),
    marks: &mut Marks,
    (at, index): (BlockPos, usize),
    color: Rgba,
) -> Option<Rgba> {
    let now = generation::now();
    let Slot::Dense(dense) = slot else { return None };
    let dense = dense.get_mut()?;
    let old = dense.voxels[index];
    if old == color {
        return Some(old);
    }
    if color.is_empty() && dense.count == 1 {
        return None;
    }
    if marks.session != 0 {
        if dense.marks.session != marks.session {
            if !marks.note_single(at, index, old) {
                return None;
            }
        } else if dense.marks.left != 0 && !marks.log(&mut dense.marks, index, old) {
            return None;
        }
    }
    dense.put(index, color);
    dense.stamp = now;
    *stamp = now;
    Some(old)
}

impl Volume {
    /// An empty volume.
    pub fn new() -> Self {
        Volume::default()
    }

    /// The colour of a voxel; [`Rgba::EMPTY`] where nothing is.
    #[inline]
    pub fn get(&self, point: Point) -> Rgba {
        let at = BlockPos::of(point);
        match self.index.chunk(ChunkPos::of(at)) {
            Some(chunk) => chunk.slot(place_in_chunk(at)).get(index_in_block(point)),
            None => Rgba::EMPTY,
        }
    }

    /// Sets a voxel and returns what it was. Alpha 0 erases.
    #[inline]
    pub fn set(&mut self, point: Point, color: Rgba) -> Rgba {
        let color = if color.is_empty() { Rgba::EMPTY } else { color };
        let (at, index) = (BlockPos::of(point), index_in_block(point));
        match self.set_in_place(at, index, color) {
            Some(old) => old,
            None => self.set_slowly(at, index, color),
        }
    }

    /// [`Volume::set`] within the memory limit.
    #[inline]
    pub fn try_set(&mut self, point: Point, color: Rgba) -> Result<Rgba, MemoryLimit> {
        let color = if color.is_empty() { Rgba::EMPTY } else { color };
        let (at, index) = (BlockPos::of(point), index_in_block(point));
        if let Some(old) = self.set_in_place(at, index, color) {
            return Ok(old);
        }
        if let Some(old) = self.set_elsewhere(at, index, color) {
            return Ok(old);
        }
        if !color.is_empty() {
            memory::admit()?;
        }
        Ok(self.set_slowly(at, index, color))
    }

    /// Sets a voxel of a block that is ours alone and keeps its form, so that the colour before is
    /// all that it takes to undo it. That colour; `None`, and nothing done, where there is no such
    /// block. Not for use while marks are recorded.
    pub(crate) fn set_in_form(&mut self, point: Point, color: Rgba) -> Option<Rgba> {
        debug_assert!(self.marks.session == 0, "a voxel is set beside the recording of marks");
        let color = if color.is_empty() { Rgba::EMPTY } else { color };
        let (at, index) = (BlockPos::of(point), index_in_block(point));
        self.set_in_place(at, index, color)
            .or_else(|| self.set_elsewhere(at, index, color))
            .or_else(|| self.set_in_few(at, index, color))
    }

    /// Sets a voxel of a dense block that is ours alone and known to the recording, if there is
    /// one in the chunk that was written last.
    #[inline]
    fn set_in_place(&mut self, at: BlockPos, index: usize, color: Rgba) -> Option<Rgba> {
        let slot = self.index.slot_at_hand(at)?;
        set_in_dense(slot, &mut self.marks, (at, index), color)
    }

    /// The same in any chunk, which is the one that was written last from then on.
    #[inline(never)]
    fn set_elsewhere(&mut self, at: BlockPos, index: usize, color: Rgba) -> Option<Rgba> {
        let slot = self.index.own_slot(at)?;
        set_in_dense(slot, &mut self.marks, (at, index), color)
    }

    /// Sets a voxel of a block of few that is ours alone, if there is one with room for it and
    /// nothing but this was recorded.
    fn set_in_few(&mut self, at: BlockPos, index: usize, color: Rgba) -> Option<Rgba> {
        let (slot, stamp) = self.index.own_slot(at)?;
        let Slot::Few(few) = slot else { return None };
        let few = few.get_mut()?;
        let old = few.get(index);
        let has_room = !old.is_empty() || (few.count() as usize) < MOST_OF_FEW;
        if !has_room || (color.is_empty() && few.count() == 1) {
            return None;
        }
        if self.marks.session != 0 && !self.marks.note_single(at, index, old) {
            return None;
        }
        few.put(index, color);
        *stamp = generation::now();
        Some(old)
    }

    #[inline(never)]
    fn set_slowly(&mut self, at: BlockPos, index: usize, color: Rgba) -> Rgba {
        if let Some(old) = self.set_elsewhere(at, index, color) {
            return old;
        }
        let old = self.index.slot(at).map_or(Rgba::EMPTY, |slot| slot.get(index));
        if old == color {
            return old;
        }
        if let Some(old) = self.set_in_few(at, index, color) {
            return old;
        }
        self.marks.enter_single(&mut self.index);
        if self.marks.session != 0 {
            let last = color.is_empty() && self.index.slot(at).is_some_and(|s| s.count() == 1);
            let chunk = self.index.chunk_or_new(ChunkPos::of(at));
            self.marks.point(chunk, at, index, last);
        }
        let is_empty = if self.index.put_few(at, index, color) {
            color.is_empty() && self.index.slot(at).is_none()
        } else {
            let dense = self.index.dense(at);
            if self.marks.session != 0 {
                self.marks.adopt(dense, at);
            }
            dense.put(index, color);
            dense.count == 0
        };
        if is_empty {
            self.index.replace(at, Slot::Empty);
            self.forget_empty_chunk(at);
        }
        old
    }

    /// Fills a box with one colour (alpha 0 erases) and returns how many voxels changed.
    pub fn fill(&mut self, bounds: Bounds, color: Rgba) -> u64 {
        let brush = Brush::new(color).mode(BlendMode::Replace);
        self.draw_unlimited(&Shape::cuboid(bounds), &brush).changed
    }

    /// Removes every voxel.
    pub fn clear(&mut self) {
        if self.marks.session == 0 {
            self.index = Index::default();
            return;
        }
        let all: Vec<BlockPos> = self.positions().collect();
        for at in all {
            self.put_slot(at, Slot::Empty);
        }
    }

    /// Replaces one block by 4096 voxels in block order.
    pub fn set_block(&mut self, at: BlockPos, voxels: &[Rgba; BLOCK_VOXELS]) {
        let mut block = Shared::<Dense>::stale();
        block.own().set_voxels(voxels);
        self.put_block(at, block);
    }

    /// Replaces one block by voxels that are numbers of colours, in block order. Number 0 is the
    /// empty voxel; no other colour that occurs may be empty.
    pub(crate) fn set_numbered_block(
        &mut self,
        at: BlockPos,
        numbers: &[u8; BLOCK_VOXELS],
        colors: &[Rgba; 256],
    ) {
        let slot = match one_number(numbers) {
            Some(0) => Slot::Empty,
            Some(number) => Slot::of_color(colors[usize::from(number)]),
            None => {
                let mut dense = Shared::<Dense>::stale();
                dense.own().set_numbers(numbers, colors);
                Slot::Dense(dense)
            }
        };
        self.put_slot(at, slot);
    }

    /// Replaces one block by a block seen in any volume, sharing its storage.
    pub fn share_block(&mut self, at: BlockPos, block: BlockRef<'_>) {
        self.put_slot(at, block.slot.clone());
    }

    /// Removes one block.
    pub fn remove_block(&mut self, at: BlockPos) {
        self.put_slot(at, Slot::Empty);
    }

    /// Replaces one block by 4096 voxels of one colour; alpha 0 removes it.
    pub fn set_uniform_block(&mut self, at: BlockPos, color: Rgba) {
        self.put_slot(at, Slot::of_color(color));
    }

    /// Replaces a block by one that was made for it, whose mask and count are right.
    pub(crate) fn put_block(&mut self, at: BlockPos, block: Shared<Dense>) {
        let slot = match block.uniform() {
            Some(color) => Slot::of_color(color),
            None => Slot::Dense(block),
        };
        self.put_slot(at, slot);
    }

    /// Replaces a block.
    pub(crate) fn put_slot(&mut self, at: BlockPos, mut slot: Slot) {
        if self.index.slot(at).is_none() && slot.is_empty() {
            return;
        }
        self.marks.enter_single(&mut self.index);
        if let Slot::Dense(dense) = &mut slot
            && let Some(dense) = dense.get_mut()
        {
            self.marks.adopt(dense, at);
            dense.stamp = generation::now();
            if dense.count <= MOST_OF_FEW as u32
                && let Some(few) = Few::of_masked(&dense.voxels, &dense.mask)
            {
                slot = Slot::of_few(few);
            }
        }
        if self.marks.session != 0 {
            self.marks.block(self.index.chunk_or_new(ChunkPos::of(at)), at);
        }
        let emptied = slot.is_empty();
        self.index.replace(at, slot);
        if emptied {
            self.forget_empty_chunk(at);
        }
    }

    /// While marks are recorded, an empty chunk stays: it knows what was touched.
    fn forget_empty_chunk(&mut self, at: BlockPos) {
        if self.marks.session == 0 {
            self.index.drop_if_empty(ChunkPos::of(at));
        }
    }

    /// Whether there is no voxel at all.
    pub fn is_empty(&self) -> bool {
        self.block_count() == 0
    }

    /// The blocks, in the order z, y, x of their positions.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockPos, BlockRef<'_>)> {
        self.index.in_order().map(|(at, slot)| (at, BlockRef { slot }))
    }

    /// The positions of the blocks, chunk by chunk.
    pub(crate) fn positions(&self) -> impl Iterator<Item = BlockPos> + '_ {
        self.index
            .chunks()
            .iter()
            .flat_map(|(pos, chunk)| chunk.blocks().map(|(place, _)| pos.block(place)))
    }

    /// How many blocks are stored.
    pub fn block_count(&self) -> usize {
        self.index.block_count()
    }

    /// One block, if it holds anything.
    pub fn block(&self, at: BlockPos) -> Option<BlockRef<'_>> {
        self.index.slot(at).map(|slot| BlockRef { slot })
    }

    /// All voxels that are not empty, block by block.
    pub fn voxels(&self) -> impl Iterator<Item = (Point, Rgba)> + '_ {
        self.blocks().flat_map(|(at, block)| {
            into_set_places(block.mask())
                .map(move |index| (point_in_block(at, index), block.get(index)))
        })
    }

    /// Starts to record what edits overwrite, until [`Volume::take_marks`].
    pub fn start_marks(&mut self) {
        self.marks.start();
    }

    /// Whether a recording runs.
    pub fn is_recorded(&self) -> bool {
        self.marks.session != 0
    }

    /// Whether the recording, if one runs, has seen an edit.
    pub fn is_touched(&self) -> bool {
        self.marks.is_any()
    }

    /// Boxes around what the recording has seen so far, one for each touched block; `None` if there
    /// are more than `most`.
    pub fn touched(&self, most: usize) -> Option<Vec<Bounds>> {
        self.marks.boxes(&self.index, most)
    }

    /// The volume as it was when the recording, which goes on, was started. Costs about what was
    /// touched since.
    pub fn before_marks(&mut self) -> Volume {
        let change = self.marks.so_far(&mut self.index);
        let mut before = self.clone();
        before.apply(change);
        before
    }

    /// Ends the recording and returns the change; give it to [`Volume::apply`] to undo it. Where
    /// there may be many blocks, [`EndingMarks`](super::EndingMarks) does it in slices.
    pub fn take_marks(&mut self) -> VolumeChange {
        self.end_marks().change
    }

    /// Ends the recording and returns the change with what is known of it.
    pub fn end_marks(&mut self) -> MeasuredChange {
        self.marks.take(&mut self.index)
    }

    /// Puts back what a change recorded and returns the change that undoes this in turn. Not for
    /// use while marks are recorded: they would not see it.
    pub fn apply(&mut self, change: VolumeChange) -> VolumeChange {
        debug_assert!(self.marks.session == 0, "a change is applied while marks are recorded");
        change.apply(&mut self.index)
    }
}

/// The only number of a block, if there is but one.
fn one_number(numbers: &[u8; BLOCK_VOXELS]) -> Option<u8> {
    let alike = [numbers[0]; 64];
    numbers.as_chunks::<64>().0.iter().all(|run| *run == alike).then_some(numbers[0])
}
