//! The handler that finds voxels.

use super::entries;
use super::sources::sourced;
use crate::api::Corners;
use crate::api::methods::find::*;
use crate::api::methods::region::ListedVoxels;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::scan::{Collect, Looked, scan};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Point, Rgba, Volume};

entries![Find];

/// What voxels must be like.
struct Wanted {
    color: Option<Rgba>,
    tolerance: u8,
    exposed: Option<bool>,
    most_neighbors: Option<u32>,
}

impl Wanted {
    fn fits(&self, volume: &Volume, point: Point, color: Rgba) -> bool {
        let near = |wanted: Rgba| {
            let pairs = wanted.bytes().into_iter().zip(color.bytes());
            pairs.into_iter().all(|(a, b)| a.abs_diff(b) <= self.tolerance)
        };
        if !self.color.is_none_or(near) {
            return false;
        }
        if self.exposed.is_none() && self.most_neighbors.is_none() {
            return true;
        }
        let neighbors = neighbors(volume, point);
        self.exposed.is_none_or(|exposed| exposed == (neighbors < 6))
            && self.most_neighbors.is_none_or(|most| neighbors <= most)
    }
}

/// How many of the six cells around a voxel hold one.
fn neighbors(volume: &Volume, point: Point) -> u32 {
    let holds = |axis: usize, step: i32| {
        let mut at = point.array();
        let moved = at[axis].checked_add(step);
        moved.is_some_and(|value| {
            at[axis] = value;
            !volume.get(at.into()).is_empty()
        })
    };
    (0..3).map(|axis| u32::from(holds(axis, 1)) + u32::from(holds(axis, -1))).sum()
}

/// The voxels found so far.
struct Found {
    volume: Volume,
    wanted: Wanted,
    offset: u64,
    limit: usize,
    count: u64,
    bounds: Option<Bounds>,
    voxels: ListedVoxels,
}

impl Collect for Found {
    type Output = Found;

    fn block(&mut self, block: Looked<'_>) -> bool {
        for (point, color) in block.voxels() {
            if !self.wanted.fits(&self.volume, point, color) {
                continue;
            }
            if self.count >= self.offset && self.voxels.count() < self.limit {
                self.voxels.push(point, color);
            }
            self.count += 1;
            self.bounds = Bounds::union_of(self.bounds, Some(Bounds::of_point(point)));
        }
        true
    }

    fn finish(self) -> Found {
        self
    }
}

impl Handle for Find {
    fn handle(
        context: &mut Context<'_>,
        params: FindParams,
    ) -> Result<Outcome<FindResult>, RpcError> {
        let revision = context.project()?.revision();
        let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
        let wanted = Wanted {
            color: params.color,
            tolerance: small(params.tolerance.0),
            exposed: params.exposed,
            most_neighbors: params.most_neighbors.map(|most| u32::from(small(most.0))),
        };
        let offset = params.offset;
        let limit = usize::try_from(params.limit.0).unwrap_or(usize::MAX);
        let (count, bounds, voxels) = (0, None, ListedVoxels::default());
        let within = params.within.map(|within| within.0);
        sourced(context, params.layer_id, move |_, volume, layer_id| {
            let copy = volume.clone();
            let found = Found { volume: copy, wanted, offset, limit, count, bounds, voxels };
            scan(&volume, within, found, move |found| {
                let next = offset + found.voxels.count() as u64;
                Ok(FindResult {
                    match_count: found.count,
                    count: found.voxels.count(),
                    voxels: found.voxels.finish(),
                    next_offset: (next < found.count).then_some(next),
                    bounds: found.bounds.map(Corners::from),
                    layer_id,
                    revision,
                })
            })
        })
    }
}
