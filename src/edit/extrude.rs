//! A face pulled out or pushed in.

use std::collections::HashSet;

use super::put::Put;
use super::work::{Refusal, Work, addressable};
use crate::api::operations::forms::ExtrudeFields;
use crate::job::Progress;
use crate::voxel::{BlendMode, EditReport, Point, Rgba, Volume};

/// Voxels of the face looked at in one unit of work.
const UNIT: usize = 256;

/// First the face is found, then it is put.
pub(super) struct Extrude {
    axis: usize,
    sign: i64,
    distance: i64,
    color: Option<Rgba>,
    mode: BlendMode,
    limit: u64,
    waiting: Vec<Point>,
    face: HashSet<[i32; 3]>,
    voxels: Vec<(Point, Rgba)>,
    put: Option<Put>,
}

impl Extrude {
    pub(super) fn new(
        volume: &Volume,
        fields: &ExtrudeFields,
        color: Option<Rgba>,
        mode: BlendMode,
        limit: u64,
    ) -> Result<Self, Refusal> {
        let (axis, sign) = fields.direction.axis_and_sign();
        let at = Point::from(fields.at);
        if volume.get(at).is_empty() {
            let message = format!("there is no voxel at {:?} to pull a face from", fields.at);
            return Err(Refusal::rule("at", message));
        }
        let mut extrude = Extrude {
            axis,
            sign,
            distance: i64::from(fields.distance),
            color,
            mode,
            limit,
            waiting: Vec::new(),
            face: HashSet::new(),
            voxels: Vec::new(),
            put: None,
        };
        if !extrude.is_face(volume, at) {
            let message = format!("the voxel at {:?} has another one in front of it", fields.at);
            return Err(Refusal::rule("at", message));
        }
        extrude.waiting.push(at);
        extrude.face.insert(at.array());
        Ok(extrude)
    }

    fn moved(&self, point: Point, steps: i64) -> Result<Point, Refusal> {
        let mut to = point.array().map(i64::from);
        to[self.axis] += steps * self.sign;
        addressable(to)
    }

    fn is_face(&self, volume: &Volume, point: Point) -> bool {
        let free = self.moved(point, 1).is_ok_and(|front| volume.get(front).is_empty());
        free && !volume.get(point).is_empty()
    }

    fn visit(&mut self, volume: &Volume, point: Point) -> Result<(), Refusal> {
        let color = volume.get(point);
        let out = if self.distance > 0 { 1..=self.distance } else { 1 + self.distance..=0 };
        for steps in out {
            let new = if self.distance > 0 { self.color.unwrap_or(color) } else { Rgba::EMPTY };
            self.voxels.push((self.moved(point, steps)?, new));
        }
        if self.voxels.len() as u64 > self.limit {
            let wanted = self.voxels.len() as u64;
            return Err(Refusal::TooManyVoxels { wanted, limit: self.limit });
        }
        for side in [(self.axis + 1) % 3, (self.axis + 2) % 3] {
            for step in [-1, 1] {
                let mut beside = point.array().map(i64::from);
                beside[side] += step;
                if let Ok(beside) = addressable(beside)
                    && self.is_face(volume, beside)
                    && self.face.insert(beside.array())
                {
                    self.waiting.push(beside);
                }
            }
        }
        Ok(())
    }
}

impl Work for Extrude {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(put) = &mut self.put {
            return put.step(volume, report);
        }
        for _ in 0..UNIT {
            match self.waiting.pop() {
                Some(point) => self.visit(volume, point)?,
                None => {
                    let mode = if self.distance > 0 { self.mode } else { BlendMode::Replace };
                    self.put = Some(Put::new(std::mem::take(&mut self.voxels), mode));
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
