//! Single voxels, one after another.

use super::work::{Refusal, Tally, Work};
use crate::job::Progress;
use crate::voxel::{BlendMode, EditReport, Point, Rgba, Volume};

/// Voxels set in one unit of work.
const UNIT: usize = 1024;

/// A list of voxels to put.
pub(super) struct Put {
    voxels: Vec<(Point, Rgba)>,
    next: usize,
    mode: BlendMode,
}

impl Put {
    pub(super) fn new(voxels: Vec<(Point, Rgba)>, mode: BlendMode) -> Self {
        Put { voxels, next: 0, mode }
    }
}

impl Work for Put {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let end = self.voxels.len().min(self.next + UNIT);
        let mut tally = Tally::default();
        for &(point, color) in &self.voxels[self.next..end] {
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
        }
        tally.add_to(report);
        let had_work = self.next < end;
        self.next = end;
        Ok(had_work)
    }

    fn progress(&self) -> Progress {
        let units = |voxels: usize| voxels.div_ceil(UNIT) as u64;
        Progress { done: units(self.next), total: units(self.voxels.len()) }
    }
}
