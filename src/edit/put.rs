//! Single voxels, one after another.

use super::stamp::Stamp;
use super::work::{Refusal, Tally, Work};
use crate::job::Progress;
use crate::voxel::{BlendMode, BlockPos, EditReport, Point, Rgba, Volume};

/// Voxels set in one unit of work.
const UNIT: usize = 1024;
/// Blocks touched in one unit of work: a voxel in a block of its own costs as much as some hundred
/// others.
const BLOCKS_A_UNIT: usize = 16;

/// Counts how much of a unit of work is done.
struct Unit {
    voxels: usize,
    blocks: usize,
    last: Option<BlockPos>,
}

impl Unit {
    fn new() -> Self {
        Unit { voxels: 0, blocks: 0, last: None }
    }

    /// Counts a voxel; whether that was the last one of the unit.
    fn is_full_with(&mut self, point: Point) -> bool {
        let at = Some(BlockPos::of(point));
        self.voxels += 1;
        self.blocks += usize::from(self.last != at);
        self.last = at;
        self.voxels >= UNIT || self.blocks >= BLOCKS_A_UNIT
    }
}

/// A voxel to put, or why there is none.
pub(super) type Found = Result<(Point, Rgba), Refusal>;

/// The work of putting `total` voxels, made as they are needed.
pub(super) fn put<I>(voxels: I, total: u64, mode: BlendMode) -> Box<dyn Work>
where
    I: Iterator<Item = Found> + 'static,
{
    if mode.erases_outside() && mode != BlendMode::Replace {
        Box::new(Gather { voxels, done: 0, total, source: Volume::new(), stamp: None, mode })
    } else {
        Box::new(Put { voxels, done: 0, total, mode })
    }
}

/// The same for voxels of which some come more than once: they are gathered first.
pub(super) fn put_once<I>(voxels: I, total: u64, mode: BlendMode) -> Box<dyn Work>
where
    I: Iterator<Item = Found> + 'static,
{
    Box::new(Gather { voxels, done: 0, total, source: Volume::new(), stamp: None, mode })
}

fn progress(done: u64, total: u64) -> Progress {
    let units = |voxels: u64| voxels.div_ceil(UNIT as u64);
    Progress { done: units(done), total: units(total) }
}

/// Voxels put where they belong.
struct Put<I> {
    voxels: I,
    done: u64,
    total: u64,
    mode: BlendMode,
}

impl<I: Iterator<Item = Found>> Work for Put<I> {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let mut tally = Tally::default();
        let before = self.done;
        let mut unit = Unit::new();
        for voxel in self.voxels.by_ref() {
            let (point, color) = voxel?;
            self.done += 1;
            if self.mode == BlendMode::Replace || (self.mode == BlendMode::Over && color.a == 255) {
                let color = if color.is_empty() { Rgba::EMPTY } else { color };
                let old = volume.set(point, color);
                tally.note(point, old, color);
            } else {
                let old = volume.get(point);
                let new = self.mode.blend(old, color);
                if old != new {
                    volume.set(point, new);
                }
                tally.note(point, old, new);
            }
            if unit.is_full_with(point) {
                break;
            }
        }
        tally.add_to(report);
        Ok(self.done > before)
    }

    fn progress(&self) -> Progress {
        progress(self.done, self.total)
    }
}

/// Voxels gathered first, since the mode also concerns everything that they are not.
struct Gather<I> {
    voxels: I,
    done: u64,
    total: u64,
    source: Volume,
    stamp: Option<Stamp>,
    mode: BlendMode,
}

impl<I: Iterator<Item = Found>> Work for Gather<I> {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(stamp) = &mut self.stamp {
            return stamp.step(volume, report);
        }
        let before = self.done;
        let mut unit = Unit::new();
        for voxel in self.voxels.by_ref() {
            let (point, color) = voxel?;
            self.done += 1;
            self.source.set(point, color);
            if unit.is_full_with(point) {
                break;
            }
        }
        if self.done == before {
            let source = std::mem::take(&mut self.source);
            self.stamp = Some(Stamp::new(volume, source, self.mode));
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        let Progress { done, total } = progress(self.done, self.total);
        let stamped = self.stamp.as_ref().map_or_else(Progress::default, Work::progress);
        Progress { done: done + stamped.done, total: total + stamped.total }
    }
}
