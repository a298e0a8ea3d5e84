//! A face pulled out or pushed in.

use super::put::put;
use super::work::{Refusal, Work, addressable};
use crate::api::operations::forms::ExtrudeFields;
use crate::job::Progress;
use crate::voxel::{BlendMode, EditReport, Point, Rgba, Selection, Volume};

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
    face: Selection,
    /// The voxels of the face, each with the colour of what it pulls out.
    columns: Vec<(Point, Rgba)>,
    put: Option<Box<dyn Work>>,
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
            distance: fields.distance.0,
            color,
            mode,
            limit,
            waiting: Vec::new(),
            face: Selection::new(),
            columns: Vec::new(),
            put: None,
        };
        if !extrude.is_face(volume, at) {
            let message = format!("the voxel at {:?} has another one in front of it", fields.at);
            return Err(Refusal::rule("at", message));
        }
        extrude.waiting.push(at);
        extrude.face.insert(at);
        Ok(extrude)
    }

    fn is_face(&self, volume: &Volume, point: Point) -> bool {
        let front = moved(point, self.axis, self.sign);
        let free = front.is_ok_and(|front| volume.get(front).is_empty());
        free && !volume.get(point).is_empty()
    }

    fn visit(&mut self, volume: &Volume, point: Point) -> Result<(), Refusal> {
        let color = self.color.unwrap_or_else(|| volume.get(point));
        self.columns.push((point, if self.distance > 0 { color } else { Rgba::EMPTY }));
        let wanted = self.total();
        if wanted > self.limit {
            return Err(Refusal::TooManyVoxels { wanted, limit: self.limit });
        }
        for side in [(self.axis + 1) % 3, (self.axis + 2) % 3] {
            for step in [-1, 1] {
                let mut beside = point.array().map(i64::from);
                beside[side] += step;
                if let Ok(beside) = addressable(beside)
                    && self.is_face(volume, beside)
                    && self.face.insert(beside)
                {
                    self.waiting.push(beside);
                }
            }
        }
        Ok(())
    }
}

impl Extrude {
    /// Voxels to put, as far as the face is known.
    fn total(&self) -> u64 {
        (self.columns.len() as u64).saturating_mul(self.distance.unsigned_abs())
    }

    /// The work of pulling out what was found.
    fn pull(&mut self) -> Box<dyn Work> {
        let (total, axis, sign, distance) = (self.total(), self.axis, self.sign, self.distance);
        let (mode, steps) = if distance > 0 {
            (self.mode, 1..distance + 1)
        } else {
            (BlendMode::Replace, 1 + distance..1)
        };
        let columns = std::mem::take(&mut self.columns).into_iter();
        let voxels = columns.flat_map(move |(point, color)| {
            let steps = steps.clone();
            steps.map(move |step| moved(point, axis, step * sign).map(|point| (point, color)))
        });
        put(voxels, total, mode)
    }
}

/// A point some steps along an axis.
fn moved(point: Point, axis: usize, steps: i64) -> Result<Point, Refusal> {
    let mut to = point.array().map(i64::from);
    to[axis] += steps;
    addressable(to)
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
                    self.put = Some(self.pull());
                    break;
                }
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        self.put.as_ref().map_or_else(Progress::default, |put| put.progress())
    }
}
