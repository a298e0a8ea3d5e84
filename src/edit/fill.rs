//! A connected region filled.

use super::put::Put;
use super::work::{Refusal, Work, addressable};
use crate::api::operations::values::Tolerance;
use crate::job::Progress;
use crate::voxel::{BlendMode, Bounds, EditReport, Point, Rgba, Volume};

/// Rows looked at in one unit of work.
const UNIT: usize = 64;

/// First the region is found, row by row along x; then it is put.
pub(super) struct Fill {
    start: Rgba,
    tolerance: Tolerance,
    within: Bounds,
    color: Rgba,
    mode: BlendMode,
    limit: u64,
    waiting: Vec<Point>,
    seen: Volume,
    voxels: Vec<(Point, Rgba)>,
    put: Option<Put>,
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
        Ok(Fill {
            start: volume.get(at),
            tolerance,
            within,
            color,
            mode,
            limit,
            waiting: vec![at],
            seen: Volume::new(),
            voxels: Vec::new(),
            put: None,
        })
    }

    fn belongs(&self, volume: &Volume, point: Point) -> bool {
        let color = volume.get(point);
        let alike = match (color.is_empty(), self.start.is_empty()) {
            (false, false) => self.tolerance.allows(color, self.start),
            (one, other) => one == other,
        };
        alike && self.within.contains(point) && self.seen.get(point).is_empty()
    }

    /// Takes the row that a point lies in, and notes where the rows beside it begin.
    fn take_row(&mut self, volume: &Volume, point: Point) -> Result<(), Refusal> {
        if !self.belongs(volume, point) {
            return Ok(());
        }
        let mut first = point;
        while let Some(x) = first.x.checked_sub(1)
            && self.belongs(volume, Point { x, ..first })
        {
            first.x = x;
        }
        let mut open = [false; 4];
        let mut at = first;
        loop {
            self.seen.set(at, Rgba::WHITE);
            self.voxels.push((at, self.color));
            for (side, open) in open.iter_mut().enumerate() {
                let mut beside = at.array().map(i64::from);
                beside[1 + side / 2] += if side % 2 == 0 { -1 } else { 1 };
                let there = addressable(beside).ok().filter(|&p| self.belongs(volume, p));
                if let Some(beside) = there.filter(|_| !*open) {
                    self.waiting.push(beside);
                }
                *open = there.is_some();
            }
            match at.x.checked_add(1).map(|x| Point { x, ..at }) {
                Some(next) if self.belongs(volume, next) => at = next,
                _ => break,
            }
        }
        match self.voxels.len() as u64 {
            wanted if wanted > self.limit => {
                Err(Refusal::TooManyVoxels { wanted, limit: self.limit })
            }
            _ => Ok(()),
        }
    }
}

impl Work for Fill {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(put) = &mut self.put {
            return put.step(volume, report);
        }
        for _ in 0..UNIT {
            match self.waiting.pop() {
                Some(point) => self.take_row(volume, point)?,
                None => {
                    self.seen = Volume::new();
                    self.put = Some(Put::new(std::mem::take(&mut self.voxels), self.mode));
                    break;
                }
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        self.put.as_ref().map_or_else(Progress::default, Work::progress)
    }
}
