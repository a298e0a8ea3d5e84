//! Edits that go block by block: run in one go or as jobs in slices.
//!
//! A unit of work is a block. An edit asks for memory before each unit and stops with
//! [`MemoryLimit`] if there is none; what it did so far is in the volume's marks.

use super::bits::{NONE, mask_of_difference};
use super::block::mask_of;
use super::{BLOCK_VOXELS, BlockPos, Bounds, Mask, Rgba, Volume, VolumeChange};
use crate::job::{Budget, Job, Progress, Step};
use crate::memory::{self, MemoryLimit};

/// What an edit came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EditReport {
    /// Voxels whose colour changed, added and removed ones included.
    pub changed: u64,
    /// Voxels that were empty before.
    pub added: u64,
    /// Voxels that are empty now.
    pub removed: u64,
    /// The smallest box around the changed voxels.
    pub bounds: Option<Bounds>,
}

impl EditReport {
    /// Adds what another edit came to.
    pub fn merge(&mut self, other: &EditReport) {
        self.changed += other.changed;
        self.added += other.added;
        self.removed += other.removed;
        self.bounds = Bounds::union_of(self.bounds, other.bounds);
    }

    /// Counts the changed voxels of a block, given which there were before and are after.
    pub(crate) fn count(&mut self, at: BlockPos, changed: &Mask, before: &Mask, after: &Mask) {
        let Some(bounds) = mask_bounds(at, changed) else { return };
        for ((&changed, &before), &after) in changed.iter().zip(before).zip(after) {
            if changed != 0 {
                self.changed += ones(changed);
                self.added += ones(changed & after & !before);
                self.removed += ones(changed & before & !after);
            }
        }
        self.bounds = Bounds::union_of(self.bounds, Some(bounds));
    }

    /// Counts what differs between two states of a block; false if nothing does.
    pub(crate) fn count_difference(
        &mut self,
        at: BlockPos,
        old: &[Rgba; BLOCK_VOXELS],
        new: &[Rgba; BLOCK_VOXELS],
    ) -> bool {
        let changed = mask_of_difference(old, new);
        let any = changed != NONE;
        if any {
            self.count(at, &changed, &mask_of(old), &mask_of(new));
        }
        any
    }

    /// Counts voxels of a block that all changed from one colour to another.
    pub(crate) fn count_alike(&mut self, at: BlockPos, changed: &Mask, old: Rgba, new: Rgba) {
        let number = changed.iter().map(|&word| ones(word)).sum();
        self.count_number(mask_bounds(at, changed), number, old, new);
    }

    /// Counts a block that changed as a whole from one colour to another.
    pub(crate) fn count_whole(&mut self, at: BlockPos, old: Rgba, new: Rgba) {
        self.count_number(Some(at.bounds()), 4096, old, new);
    }

    fn count_number(&mut self, bounds: Option<Bounds>, number: u64, old: Rgba, new: Rgba) {
        self.changed += number;
        self.added += if old.is_empty() { number } else { 0 };
        self.removed += if new.is_empty() { number } else { 0 };
        self.bounds = Bounds::union_of(self.bounds, bounds);
    }
}

fn ones(word: u64) -> u64 {
    u64::from(word.count_ones())
}

/// The smallest box around the bits of a block's mask.
pub(crate) fn mask_bounds(at: BlockPos, mask: &Mask) -> Option<Bounds> {
    let (mut columns, mut rows, mut layers) = (0u16, 0u16, 0u16);
    for (word, &bits) in mask.iter().enumerate() {
        if bits != 0 {
            layers |= 1 << (word >> 2);
            for part in 0..4 {
                let row = (bits >> (16 * part)) as u16;
                columns |= row;
                rows |= u16::from(row != 0) << ((word & 3) * 4 + part);
            }
        }
    }
    bounds_of_used(at, [columns, rows, layers])
}

/// The smallest box around voxels of a block, given a bit for each x, y and z that one of them has.
pub(crate) fn bounds_of_used(at: BlockPos, used: [u16; 3]) -> Option<Bounds> {
    let origin = at.origin().array().map(i64::from);
    Bounds::new(
        std::array::from_fn(|i| origin[i] + i64::from(used[i].trailing_zeros())),
        std::array::from_fn(|i| origin[i] + 16 - i64::from(used[i].leading_zeros())),
    )
    .filter(|_| used[0] != 0)
}

/// An edit that visits blocks.
pub(crate) trait BlockEdit {
    /// Works on the next block; false if there was none left.
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool;

    /// How far the edit is, in blocks.
    fn progress(&self) -> Progress;
}

/// Runs an edit in one go.
pub(crate) fn run(
    volume: &mut Volume,
    mut edit: impl BlockEdit,
) -> Result<EditReport, MemoryLimit> {
    let mut report = EditReport::default();
    loop {
        memory::admit()?;
        if !edit.next_block(volume, &mut report) {
            return Ok(report);
        }
    }
}

/// What an edit job produces.
pub struct Edited {
    /// The edited volume.
    pub volume: Volume,
    /// What takes the edit back.
    pub change: VolumeChange,
    /// What the edit came to.
    pub report: EditReport,
}

/// A block edit in slices. It works on a snapshot of the volume, so readers see the state before it
/// until its result is put in place.
pub struct EditJob {
    volume: Volume,
    edit: Box<dyn BlockEdit + Send>,
    report: EditReport,
}

impl EditJob {
    pub(crate) fn new(volume: &Volume, edit: impl BlockEdit + Send + 'static) -> EditJob {
        let mut volume = volume.clone();
        volume.start_marks();
        EditJob { volume, edit: Box::new(edit), report: EditReport::default() }
    }
}

impl Job for EditJob {
    type Output = Result<Edited, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            if let Err(limit) = memory::admit() {
                return Step::Done(Err(limit));
            }
            if !self.edit.next_block(&mut self.volume, &mut self.report) {
                let change = self.volume.take_marks();
                let volume = std::mem::take(&mut self.volume);
                return Step::Done(Ok(Edited { volume, change, report: self.report }));
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        self.edit.progress()
    }
}
