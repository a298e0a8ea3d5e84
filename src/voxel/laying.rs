//! A volume on top of another one.
//!
//! Goes block by block, with shortcuts for whole blocks: what only one side has is shared, blocks
//! of one colour stay so.

use super::block::Slot;
use super::block_edit::{self, BlockEdit, EditReport};
use super::dense::Dense;
use super::slab::Shared;
use super::{BlendMode, BlockPos, BlockWalk, Rgba, Volume, generation};
use crate::job::Progress;
use crate::memory::{self, MemoryLimit};

/// How an upper volume lies on a lower one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blend {
    /// How colours combine.
    pub mode: BlendMode,
    /// Scales the upper alpha by `opacity` / 255, rounded to the nearest.
    pub opacity: u8,
}

impl Blend {
    /// A mode at full opacity.
    pub fn new(mode: BlendMode) -> Blend {
        Blend { mode, opacity: 255 }
    }

    #[inline]
    fn upper(self, color: Rgba) -> Rgba {
        let share = u32::from(self.opacity);
        Rgba { a: ((u32::from(color.a) * share + 127) / 255) as u8, ..color }
    }

    /// Combines two colours.
    #[inline]
    pub fn colors(self, lower: Rgba, upper: Rgba) -> Rgba {
        let upper = if self.opacity == 255 { upper } else { self.upper(upper) };
        self.mode.blend(lower, upper)
    }

    /// Combines two blocks.
    pub(super) fn slots(self, lower: &Slot, upper: &Slot) -> Slot {
        let covers = |color: Rgba| self.mode == BlendMode::Over && self.upper(color).a == 255;
        let opaque = self.opacity == 255;
        match (lower, upper) {
            (_, Slot::Empty) if self.mode.erases_outside() => Slot::Empty,
            (_, Slot::Empty) => lower.clone(),
            (Slot::Empty, _) if !self.mode.adds() => Slot::Empty,
            (Slot::Empty, _) if opaque => upper.clone(),
            (_, _) if opaque && self.mode == BlendMode::Replace => upper.clone(),
            (_, Slot::Uniform(color)) if opaque && covers(*color) => upper.clone(),
            (Slot::Uniform(low), Slot::Uniform(high)) => Slot::of_color(self.colors(*low, *high)),
            (Slot::Empty, Slot::Uniform(high)) => Slot::of_color(self.colors(Rgba::EMPTY, *high)),
            _ => self.voxels(lower, upper),
        }
    }

    fn voxels(self, lower: &Slot, upper: &Slot) -> Slot {
        let mut high = [Rgba::EMPTY; super::BLOCK_VOXELS];
        upper.copy_to(&mut high);
        let mut block = Shared::<Dense>::zeroed();
        let result = block.own();
        lower.copy_to(&mut result.voxels);
        for (low, &high) in result.voxels.iter_mut().zip(&high) {
            *low = self.colors(*low, high);
        }
        result.recount();
        result.stamp = generation::now();
        match result.uniform() {
            Some(color) => Slot::of_color(color),
            None => Slot::Dense(block),
        }
    }
}

/// Laying a volume on another one, in units of about a block. The lower one must not change
/// otherwise until it ends.
///
/// ```
/// use goxel_daemon::voxel::{Blend, BlendMode, Bounds, Laying, Rgba, Volume};
/// let (mut below, mut above) = (Volume::new(), Volume::new());
/// above.fill(Bounds::inclusive([0, 0, 0], [40, 9, 9]), Rgba::WHITE);
/// let mut laying = Laying::new(&above, Blend::new(BlendMode::Over));
/// while laying.lay_next(&mut below)? {}
/// assert_eq!((below.count(), laying.report().added), (4100, 4100));
/// # Ok::<(), goxel_daemon::voxel::MemoryLimit>(())
/// ```
pub struct Laying {
    upper: Volume,
    blend: Blend,
    /// Where only the lower volume has blocks, which are to go. All of them are found before
    /// anything changes.
    beyond: Option<(BlockWalk, Vec<BlockPos>)>,
    next: BlockWalk,
    done: u64,
    total: u64,
    report: EditReport,
}

/// Blocks of the lower volume that are looked at in one unit of work.
const LOOKS_A_UNIT: usize = 64;

impl Laying {
    /// Of this volume on another one.
    pub fn new(upper: &Volume, blend: Blend) -> Laying {
        Laying {
            upper: upper.clone(),
            blend,
            beyond: None,
            next: BlockWalk::new(),
            done: 0,
            total: upper.block_count() as u64,
            report: EditReport::default(),
        }
    }

    /// One unit of work; false if there was none left.
    ///
    /// # Errors
    /// The memory limit is reached. What was laid so far is in the lower volume.
    pub fn lay_next(&mut self, lower: &mut Volume) -> Result<bool, MemoryLimit> {
        memory::admit()?;
        Ok(self.unit(lower))
    }

    /// What it came to so far.
    pub fn report(&self) -> &EditReport {
        &self.report
    }

    /// How far it is, in blocks.
    pub fn progress(&self) -> Progress {
        Progress { done: self.done.min(self.total), total: self.total }
    }

    fn unit(&mut self, lower: &mut Volume) -> bool {
        if self.blend.mode.erases_outside() && self.find_beyond(lower) {
            return true;
        }
        if !self.next.look_ahead(&self.upper) {
            return true;
        }
        self.done += 1;
        if let Some(at) = self.next.next(&self.upper) {
            self.blend_block(lower, at);
            return true;
        }
        let left = self.beyond.as_mut().and_then(|(_, blocks)| blocks.pop());
        left.map(|at| self.blend_block(lower, at)).is_some()
    }

    /// Finds some more blocks that only the lower volume has; false once all are found.
    fn find_beyond(&mut self, lower: &Volume) -> bool {
        let walk = || (BlockWalk::new(), Vec::new());
        let (walk, blocks) = self.beyond.get_or_insert_with(walk);
        for count in 0..LOOKS_A_UNIT {
            if !walk.look_ahead(lower) {
                return true;
            }
            match walk.next(lower) {
                Some(at) if self.upper.index.slot(at).is_none() => {
                    blocks.push(at);
                    self.total += 1;
                }
                Some(_) => {}
                None => {
                    *walk = BlockWalk::over_nothing();
                    return count > 0;
                }
            }
        }
        true
    }

    fn blend_block(&mut self, volume: &mut Volume, at: BlockPos) {
        let lower = volume.index.slot(at).unwrap_or(&Slot::Empty);
        let upper = self.upper.index.slot(at).unwrap_or(&Slot::Empty);
        let result = self.blend.slots(lower, upper);
        if report_difference(at, lower, &result, &mut self.report) {
            volume.put_slot(at, result);
        }
    }
}

impl BlockEdit for Laying {
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool {
        let goes_on = self.unit(volume);
        *report = self.report;
        goes_on
    }

    fn progress(&self) -> Progress {
        Laying::progress(self)
    }
}

/// Counts what differs between two states of a block; false if nothing does.
fn report_difference(at: BlockPos, old: &Slot, new: &Slot, report: &mut EditReport) -> bool {
    if old.identity() == new.identity() {
        return false;
    }
    if let (Some(old), Some(new)) = (old.plain(), new.plain()) {
        report.count_whole(at, old, new);
        return true;
    }
    let (mut before, mut after) = ([Rgba::EMPTY; 4096], [Rgba::EMPTY; 4096]);
    old.copy_to(&mut before);
    new.copy_to(&mut after);
    report.count_difference(at, &before, &after)
}

impl Volume {
    /// Lays another volume on this one. Modes that keep only what both have empty the rest.
    pub fn combine(&mut self, upper: &Volume, blend: Blend) -> Result<EditReport, MemoryLimit> {
        block_edit::run(self, Laying::new(upper, blend))
    }

    /// [`Volume::combine`] past the memory limit, for results that live as long as a call.
    pub fn lay(&mut self, upper: &Volume, blend: Blend) -> EditReport {
        let mut laying = Laying::new(upper, blend);
        while laying.unit(self) {}
        laying.report
    }
}
