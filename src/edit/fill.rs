//! A connected region filled.

use super::work::{Refusal, Work};
use crate::api::operations::values::Tolerance;
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{
    BlendMode, BlendSelection, BlockEdit, Bounds, EditReport, Point, RegionJob, Rgba, Volume,
};

/// Blocks searched in one unit of work.
const UNIT: u64 = 4;

/// First the region is found, then it is put.
pub(super) struct Fill {
    search: Option<RegionJob>,
    put: Option<BlendSelection>,
    color: Rgba,
    mode: BlendMode,
    limit: u64,
}

impl Fill {
    pub(super) fn new(
        volume: &Volume,
        at: Point,
        tolerance: Tolerance,
        within: Bounds,
        (color, mode): (Rgba, BlendMode),
        limit: u64,
    ) -> Result<Self, Refusal> {
        if !within.contains(at) {
            let (at, min, max) = (at.array(), within.min, within.max_inside());
            let message = format!("{at:?} lies outside the box {min:?} to {max:?}");
            return Err(Refusal::rule("at", message));
        }
        let search = Some(RegionJob::new(volume, at, tolerance.0, within, limit));
        Ok(Fill { search, put: None, color, mode, limit })
    }
}

impl Work for Fill {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(put) = &mut self.put {
            return Ok(put.next_block(volume, report));
        }
        let Some(search) = &mut self.search else { return Ok(false) };
        let Step::Done(found) = search.step(&mut Budget::units(UNIT)) else { return Ok(true) };
        let wanted = search.found();
        // The search goes before the putting begins: its snapshot would have every block copied.
        self.search = None;
        let found = found.map_err(|_| Refusal::TooManyVoxels { wanted, limit: self.limit })?;
        self.put = Some(BlendSelection::new(found, self.mode, self.color));
        Ok(true)
    }

    fn progress(&self) -> Progress {
        self.put.as_ref().map_or_else(Progress::default, BlockEdit::progress)
    }
}
