//! The handler that sends rays.

use super::entries;
use super::sources::sourced;
use crate::api::args::ParamError;
use crate::api::methods::raycast::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::Ray;

entries![Raycast];

/// The sides of a voxel, by axis, then low and high.
const FACES: [[&str; 2]; 3] = [["-x", "+x"], ["-y", "+y"], ["-z", "+z"]];

impl Handle for Raycast {
    fn handle(
        context: &mut Context<'_>,
        params: RaycastParams,
    ) -> Result<Outcome<RaycastResult>, RpcError> {
        let Some(ray) = Ray::new(params.origin.0, params.direction.0) else {
            let message = "Invalid parameter 'direction': expected a direction that is not [0,0,0]";
            return Err(ParamError::rule("direction", message).into());
        };
        let revision = context.project()?.revision();
        let most = params.max_distance.0;
        sourced(context, params.layer_id, move |context, volume, seen| {
            Outcome::work(context, move |slice| async move {
                let hit = volume.first_hit_in_slices(&ray, most, &slice).await;
                Ok(RaycastResult {
                    hit: hit.is_some(),
                    voxel: hit.map(|hit| hit.voxel.array()),
                    color: hit.map(|hit| volume.get(hit.voxel).bytes()),
                    face: hit.map(|hit| FACES[hit.axis.index()][usize::from(hit.is_high)]),
                    before: hit.map(|hit| {
                        let mut before = hit.voxel.array().map(i64::from);
                        before[hit.axis.index()] += if hit.is_high { 1 } else { -1 };
                        before
                    }),
                    point: hit.map(|hit| ray.at(hit.distance)),
                    distance: hit.map(|hit| hit.distance),
                    layer: seen.layer,
                    revision,
                })
            })
        })
    }
}
