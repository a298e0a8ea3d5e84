//! The handler that finds voxels.

use super::entries;
use super::sources::sourced;
use crate::api::Corners;
use crate::api::methods::find::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Look, Point, Rgba, Volume};

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
        let within = params.within.map(|within| within.0);
        sourced(context, params.layer_id, move |context, volume, seen| {
            Outcome::work(context, |slice| async move {
                let (mut match_count, mut bounds) = (0, None);
                let mut voxels = VoxelRows::default();
                let mut look = Look::new(&volume, within);
                slice.expect(volume.block_count() as u64);
                while let Some(block) = look.next_in(&slice).await {
                    let fitting = |&(point, color): &_| wanted.fits(&volume, point, color);
                    for (point, color) in block.voxels().filter(fitting) {
                        if match_count >= offset && voxels.count() < limit {
                            voxels.push(point, color);
                        }
                        match_count += 1;
                        bounds = Bounds::union_of(bounds, Some(Bounds::of_point(point)));
                    }
                    slice.advance(1).await;
                }
                let next = offset + voxels.count() as u64;
                Ok(FindResult {
                    match_count,
                    count: voxels.count(),
                    voxels: voxels.finish(),
                    next_offset: (next < match_count).then_some(next),
                    bounds: bounds.map(Corners::from),
                    layer_id: seen.layer_id,
                    layer: seen.layer,
                    revision,
                })
            })
        })
    }
}
