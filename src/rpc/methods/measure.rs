//! The handler that measures.

use super::entries;
use super::sources::{Seen, sourced};
use crate::api::Corners;
use crate::api::color_form::to_hex;
use crate::api::methods::edit::Detail;
use crate::api::methods::measure::*;
use crate::document::selection::{laid, mask_of_box};
use crate::job::Slice;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::{BlendMode, Bounds, MemoryLimit, Part, Rgba, Survey, Volume};

entries![Measure];

impl Handle for Measure {
    fn handle(
        context: &mut Context<'_>,
        params: MeasureParams,
    ) -> Result<Outcome<MeasureResult>, RpcError> {
        let revision = context.project()?.revision();
        let most = |limit: i64| usize::try_from(limit).unwrap_or_default();
        let is_full = params.detail == Detail::Full;
        let listed = is_full.then(|| [most(params.colors.0), most(params.parts.0)]);
        let within = params.within.map(|within| within.0);
        sourced(context, params.layer_id, move |context, volume, seen| {
            Outcome::work(context, move |slice| async move {
                let volume = match within {
                    Some(within) => clipped(volume, within, &slice).await?,
                    None => volume,
                };
                let survey = Survey::of(volume, &slice).await;
                Ok(result(&survey, listed, seen, revision))
            })
        })
    }
}

/// The part of a volume within a box.
async fn clipped(volume: Volume, within: Bounds, slice: &Slice) -> Result<Volume, MemoryLimit> {
    match volume.block_bounds().and_then(|bounds| bounds.intersect(&within)) {
        Some(cells) => {
            let cells = mask_of_box(cells, slice).await?;
            laid(volume, &cells, BlendMode::Intersect, slice).await
        }
        None => Ok(Volume::new()),
    }
}

fn symmetry(matching: [u64; 3], of: u64) -> Symmetry {
    let [x, y, z] = matching.map(|count| if of == 0 { 1.0 } else { count as f64 / of as f64 });
    Symmetry { x, y, z }
}

fn result(survey: &Survey, listed: Option<[usize; 2]>, seen: Seen, revision: u64) -> MeasureResult {
    let bounds = survey.bounds;
    let middle = |sum: i128| sum as f64 / survey.voxels as f64 + 0.5;
    let fill = |bounds: Bounds| survey.voxels as f64 / bounds.capacity() as f64;
    let color = |&(color, count): &(Rgba, u64)| CountedColor { color: to_hex(color), count };
    let part = |part: &Part| MeasuredPart {
        voxel_count: part.count,
        bounds: part.bounds.into(),
        sample: part.sample.array(),
        floating: survey.is_floating(part),
    };
    MeasureResult {
        empty: bounds.is_none(),
        voxel_count: survey.voxels,
        bounds: bounds.map(Corners::from),
        size: bounds.map(|bounds| bounds.dimensions()),
        fill: bounds.map_or(0.0, fill),
        center: bounds.map(|_| survey.sums.map(middle)),
        surface_area: survey.open_faces,
        color_count: survey.colors.len(),
        colors: listed.map(|[most, _]| survey.colors.iter().take(most).map(color).collect()),
        part_count: survey.parts.len(),
        floating_parts: survey.floating,
        parts: listed.map(|[_, most]| survey.parts.iter().take(most).map(part).collect()),
        symmetry: symmetry(survey.mirrored, survey.voxels),
        color_symmetry: symmetry(survey.same, survey.voxels),
        layer_id: seen.layer_id,
        layer: seen.layer,
        revision,
    }
}
