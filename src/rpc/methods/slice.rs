//! The handler that shows planes of voxels.

use std::collections::BTreeMap;

use super::entries;
use super::sources::{Seen, sourced};
use crate::api::Corners;
use crate::api::args::ParamError;
use crate::api::color_form::to_hex;
use crate::api::json::{Spelt, spell_list, spell_text};
use crate::api::methods::slice::*;
use crate::job::Slice;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Axis, Bounds, Planes, plane_axes};

entries![SlicePlanes];

const AXIS_NAMES: [&str; 3] = crate::api::words::AXES;

impl Handle for SlicePlanes {
    fn handle(
        context: &mut Context<'_>,
        params: SliceParams,
    ) -> Result<Outcome<SliceResult>, RpcError> {
        let revision = context.project()?.revision();
        sourced(context, params.layer_id.clone(), move |context, volume, seen| {
            Outcome::work(context, move |slice| async move {
                let voxels = volume.bounds_in_slices(true, &slice).await;
                let shown = shown(&params, voxels)?;
                let Some(bounds) = shown else {
                    return Ok(empty(&params, seen, revision));
                };
                let planes = Planes::of(&volume, params.axis, bounds, &slice).await;
                let planes = planes.map_err(|error| {
                    RpcError::new(OVER_LIMIT, format!("Too much to show: {error}"))
                        .with("param", "within")
                        .hint("give a smaller 'within' or 'count', or use goxel.read_region")
                })?;
                Ok(SliceResult {
                    empty: planes.count == 0,
                    voxel_count: planes.count,
                    bounds: Some(Corners::from(planes.bounds)),
                    text: spell_text(&planes.text(&slice).await, &slice).await,
                    operations: if params.operations {
                        Some(operations(planes, &slice).await)
                    } else {
                        None
                    },
                    ..empty(&params, seen, revision)
                })
            })
        })
    }
}

/// What is told where nothing is.
fn empty(params: &SliceParams, seen: Seen, revision: u64) -> SliceResult {
    let [columns, rows] = plane_axes(params.axis).map(|axis| AXIS_NAMES[axis.index()]);
    SliceResult {
        empty: true,
        voxel_count: 0,
        columns,
        rows,
        bounds: None,
        text: Spelt::new(b"\"empty\\n\"".to_vec().into()),
        operations: params.operations.then(Vec::new),
        layer_id: seen.layer_id,
        layer: seen.layer,
        revision,
    }
}

/// The box to show: as wide as the call wants it or the voxels are, as deep as the planes asked
/// for.
fn shown(params: &SliceParams, voxels: Option<Bounds>) -> Result<Option<Bounds>, RpcError> {
    let Some(mut bounds) = params.within.map(|within| within.0).or(voxels) else { return Ok(None) };
    let axis = params.axis.index();
    let first = params.at.map_or(bounds.min[axis], i64::from);
    let last = first + params.count.0;
    if last > Bounds::ALL.max[axis] {
        let message =
            format!("Invalid parameter 'count': the planes end at {last}, outside the world");
        return Err(ParamError::rule("count", message).into());
    }
    (bounds.min[axis], bounds.max[axis]) = (first, last);
    Ok(Some(bounds))
}

async fn operations(planes: Planes, slice: &Slice) -> Vec<MapOperation> {
    let Planes { axis, bounds, legend, rows, .. } = planes;
    let legend: BTreeMap<String, String> =
        legend.into_iter().map(|(sign, color)| (sign.to_string(), to_hex(color))).collect();
    let origin = plane_axes(axis).map(|axis: Axis| bounds.min[axis.index()]);
    let mut operations = Vec::new();
    for (at, rows) in (bounds.min[axis.index()]..).zip(rows) {
        operations.push(MapOperation {
            op: "map",
            mode: "replace",
            axis: AXIS_NAMES[axis.index()],
            at,
            origin,
            rows: spell_list(rows, slice).await,
            legend: legend.clone(),
        });
    }
    operations
}
