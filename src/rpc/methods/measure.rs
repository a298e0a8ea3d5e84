//! The handler that measures.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::entries;
use super::sources::sourced;
use crate::api::Corners;
use crate::api::color_form::to_hex;
use crate::api::methods::measure::*;
use crate::document::selection::{VolumeJob, laid, mask_of_box, ready};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::{
    BLOCK_VOXELS, BlendMode, BlockPos, BlockWalk, Bounds, Part, PartsJob, Point, Rgba, Volume,
};

entries![Measure];

/// Units of work that are done before other connections get their turn.
const UNITS_AT_ONCE: u64 = 64;

impl Handle for Measure {
    fn handle(
        context: &mut Context<'_>,
        params: MeasureParams,
    ) -> Result<Outcome<MeasureResult>, RpcError> {
        let revision = context.project()?.revision();
        let most = |limit: i64| usize::try_from(limit).unwrap_or_default();
        let (colors, parts) = (most(params.colors.0), most(params.parts.0));
        let within = params.within.map(|within| within.0);
        sourced(context, params.layer_id, move |context, volume, layer_id| {
            let job = match within {
                Some(within) => clipped(volume, within),
                None => ready(volume),
            };
            Outcome::chain(context, job, UNITS_AT_ONCE, move |_, volume| {
                let job = MeasureJob::new(volume?);
                Outcome::at_once_or_later(job, UNITS_AT_ONCE, move |measured| {
                    Ok(result(measured, colors, parts, layer_id, revision))
                })
            })
        })
    }
}

/// The part of a volume within a box.
fn clipped(volume: Volume, within: Bounds) -> VolumeJob {
    match volume.block_bounds().and_then(|bounds| bounds.intersect(&within)) {
        Some(cells) => laid(ready(volume), mask_of_box(cells), BlendMode::Intersect),
        None => ready(Volume::new()),
    }
}

/// What one walk over all voxels finds out.
#[derive(Default)]
struct Counts {
    voxels: u64,
    colors: HashMap<Rgba, u64>,
    sums: [i128; 3],
    open_faces: u64,
    /// Voxels that are there when mirrored across x, y and z, and those that have the same colour.
    mirrored: [u64; 3],
    same: [u64; 3],
}

/// A measurement under way.
struct MeasureJob {
    volume: Volume,
    bounds: Option<Bounds>,
    parts: PartsJob,
    found: Vec<Part>,
    walk: BlockWalk,
    stage: Stage,
    /// Blocks that were counted.
    counted: u64,
    counts: Counts,
}

/// What a measurement is at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The parts are found.
    Parting,
    /// Everything else is counted.
    Counting,
}

impl MeasureJob {
    fn new(volume: Volume) -> Self {
        MeasureJob {
            bounds: volume.bounds(),
            parts: PartsJob::new(&volume),
            found: Vec::new(),
            walk: BlockWalk::new(&volume),
            stage: Stage::Parting,
            counted: 0,
            counts: Counts::default(),
            volume,
        }
    }

    /// Counts what there is in one more block; false once there is none left.
    fn count_next(&mut self) -> bool {
        let (Some(at), Some(bounds)) = (self.walk.next(&self.volume), self.bounds) else {
            return false;
        };
        self.counted += 1;
        self.count_block(at, &bounds);
        true
    }

    fn count_block(&mut self, at: BlockPos, bounds: &Bounds) {
        let Some(block) = self.volume.block(at) else { return };
        self.counts.open_faces += u64::from(self.volume.open_faces(at));
        let origin = at.origin();
        let ends: [i64; 3] = std::array::from_fn(|axis| bounds.min[axis] + bounds.max[axis] - 1);
        for index in 0..BLOCK_VOXELS {
            let color = block.get(index);
            if color.is_empty() {
                continue;
            }
            let [x, y, z] = [index & 15, index >> 4 & 15, index >> 8].map(|v| v as i32);
            let point = [origin.x + x, origin.y + y, origin.z + z];
            self.counts.voxels += 1;
            *self.counts.colors.entry(color).or_default() += 1;
            for axis in 0..3 {
                self.counts.sums[axis] += i128::from(point[axis]);
                let mut mirrored = point;
                mirrored[axis] = (ends[axis] - i64::from(point[axis])) as i32;
                let other = self.volume.get(Point::from(mirrored));
                self.counts.mirrored[axis] += u64::from(!other.is_empty());
                self.counts.same[axis] += u64::from(other == color);
            }
        }
    }
}

/// A finished measurement.
struct Measured {
    bounds: Option<Bounds>,
    parts: Vec<Part>,
    counts: Counts,
}

impl Job for MeasureJob {
    type Output = Measured;

    fn step(&mut self, budget: &mut Budget) -> Step<Measured> {
        loop {
            match self.stage {
                Stage::Parting => {
                    let Step::Done(found) = self.parts.step(budget) else { return Step::More };
                    (self.found, self.stage) = (found, Stage::Counting);
                }
                Stage::Counting => {
                    if !self.count_next() {
                        return self.finished();
                    }
                }
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        let blocks = self.volume.block_count() as u64;
        let done = match self.stage {
            Stage::Parting => self.parts.progress().done,
            Stage::Counting => blocks + self.counted,
        };
        Progress { done, total: 2 * blocks }
    }
}

impl MeasureJob {
    fn finished(&mut self) -> Step<Measured> {
        Step::Done(Measured {
            bounds: self.bounds,
            parts: std::mem::take(&mut self.found),
            counts: std::mem::take(&mut self.counts),
        })
    }
}

fn symmetry(matching: [u64; 3], of: u64) -> Symmetry {
    let [x, y, z] = matching.map(|count| if of == 0 { 1.0 } else { count as f64 / of as f64 });
    Symmetry { x, y, z }
}

fn result(
    measured: Measured,
    colors: usize,
    parts: usize,
    layer_id: Option<i32>,
    revision: u64,
) -> MeasureResult {
    let Measured { bounds, parts: found, counts } = measured;
    let ground = bounds.map_or(0, |bounds| bounds.min[2]);
    let is_floating = |part: &Part| part.bounds.min[2] > ground;
    let mut counted: Vec<(Rgba, u64)> = counts.colors.into_iter().collect();
    counted.sort_unstable_by_key(|&(color, count)| (Reverse(count), color));
    let middle = |sum: i128| sum as f64 / counts.voxels as f64 + 0.5;
    MeasureResult {
        empty: bounds.is_none(),
        voxel_count: counts.voxels,
        bounds: bounds.map(Corners::from),
        size: bounds.map(|bounds| bounds.dimensions()),
        fill: bounds.map_or(0.0, |bounds| counts.voxels as f64 / bounds.capacity() as f64),
        center: bounds.map(|_| counts.sums.map(middle)),
        surface_area: counts.open_faces,
        color_count: counted.len(),
        colors: counted
            .iter()
            .take(colors)
            .map(|&(color, count)| CountedColor { color: to_hex(color), count })
            .collect(),
        part_count: found.len(),
        floating_parts: found.iter().filter(|part| is_floating(part)).count(),
        parts: found
            .iter()
            .take(parts)
            .map(|part| MeasuredPart {
                voxel_count: part.count,
                bounds: part.bounds.into(),
                sample: part.sample.array(),
                floating: is_floating(part),
            })
            .collect(),
        symmetry: symmetry(counts.mirrored, counts.voxels),
        color_symmetry: symmetry(counts.same, counts.voxels),
        layer_id,
        revision,
    }
}
