//! Handlers that look at colours.

use super::{entries, target};
use crate::api::LayerRef;
use crate::api::color_form::to_hex;
use crate::api::json::{SpeltList, spell_list};
use crate::api::methods::colors::*;
use crate::api::methods::layers::OtherLayer;
use crate::api::operations::values::BoxValue;
use crate::job::Slice;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::{ColorCounts, Look, Point};

entries![GetColorHistogram, FindVoxelsByColor, GetUniqueColors];

/// What the reference answers when colours cannot be looked at.
const FAILED: &str = "Color analysis failed";

/// Counts the colours that are looked at.
async fn counted(mut look: Look, slice: &Slice) -> ColorCounts {
    let mut counts = ColorCounts::default();
    slice.expect(look.volume().block_count() as u64);
    while let Some(block) = look.next_in(slice).await {
        counts.add_block(block);
        slice.advance(1).await;
    }
    counts
}

/// The layer that is looked at, and what others hold.
struct LookedAt {
    layer_id: i32,
    layer: String,
    others: Vec<OtherLayer>,
}

/// The layer of a call, and a look at its voxels.
fn look_at(
    context: &mut Context<'_>,
    layer: LayerRef,
    region: Option<BoxValue>,
) -> Result<(LookedAt, Look), RpcError> {
    let document = context.project()?.document();
    let looked_at = target::bulk_layer(document, layer, FAILED)?;
    let (layer, others) = target::looked_at(document, looked_at);
    let look = Look::new(&looked_at.volume, region.map(|region| region.0));
    Ok((LookedAt { layer_id: looked_at.id.0, layer, others }, look))
}

impl Handle for GetColorHistogram {
    fn handle(
        context: &mut Context<'_>,
        params: HistogramParams,
    ) -> Result<Outcome<HistogramResult>, RpcError> {
        let HistogramParams { layer_id, region, bin_size, sort_by_count, top_n } = params;
        let (LookedAt { layer_id, layer, others }, look) = look_at(context, layer_id, region)?;
        Outcome::work(context, move |slice| async move {
            let mut counts = counted(look, &slice).await;
            let total_voxels = counts.total();
            let size = u16::try_from(bin_size.0).ok().filter(|&size| size > 1);
            if let Some(size) = size {
                counts = counts.binned(size, &slice).await;
            }
            let unique_colors = counts.len();
            let mut listed = counts.sorted(sort_by_count, &slice).await;
            if top_n > 0 {
                listed.truncate(top_n as usize);
            }
            let shown: u64 = listed.iter().map(|(_, count)| count).sum();
            let entries = listed.into_iter().map(|(color, count)| HistogramEntry {
                color: to_hex(color),
                rgba: color.bytes(),
                count,
                percentage: count as f64 * 100.0 / shown as f64,
            });
            let histogram = spell_list(entries, &slice).await;
            let (binned, bin_size) = (size.is_some(), size.map(i64::from));
            let metadata = HistogramMetadata { binned, bin_size, layer_id };
            Ok(HistogramResult { histogram, total_voxels, unique_colors, metadata, layer, others })
        })
    }
}

impl Handle for FindVoxelsByColor {
    fn handle(
        context: &mut Context<'_>,
        params: FindParams,
    ) -> Result<Outcome<FindResult>, RpcError> {
        let FindParams { color: Wanted(color, has_alpha), mut tolerance, .. } = params;
        let FindParams { layer_id, region, max_results, include_locations, .. } = params;
        if !has_alpha {
            tolerance.0[3] = 0;
        }
        let limit = match (include_locations, max_results) {
            (false, _) => 0,
            (true, 0) => u64::MAX,
            (true, limit) => u64::from(limit),
        };
        let (LookedAt { layer_id, layer, others }, mut look) = look_at(context, layer_id, region)?;
        Outcome::work(context, move |slice| async move {
            let (mut match_count, mut locations) = (0, SpeltList::default());
            slice.expect(look.volume().block_count() as u64);
            while let Some(block) = look.next_in(&slice).await {
                let is_beside = |uniform| !tolerance.allows(uniform, color);
                if !block.uniform().is_some_and(is_beside) {
                    let fitting = |&(_, found): &_| tolerance.allows(found, color);
                    for (Point { x, y, z }, color) in block.voxels().filter(fitting) {
                        match_count += 1;
                        if match_count <= limit {
                            locations.push(&FoundVoxel { x, y, z, color: color.bytes(), layer_id });
                        }
                    }
                }
                slice.advance(1).await;
            }
            Ok(FindResult {
                target_color: to_hex(color),
                match_count,
                truncated: include_locations && match_count > limit,
                locations: locations.finish(),
                metadata: FindMetadata { tolerance: tolerance.0, layer_id },
                layer,
                others,
            })
        })
    }
}

impl Handle for GetUniqueColors {
    fn handle(
        context: &mut Context<'_>,
        params: UniqueParams,
    ) -> Result<Outcome<UniqueResult>, RpcError> {
        let UniqueParams { layer_id, region, merge_similar, merge_threshold, sort_by_count } =
            params;
        let (LookedAt { layer_id, layer, others }, look) = look_at(context, layer_id, region)?;
        Outcome::work(context, move |slice| async move {
            let mut counts = counted(look, &slice).await;
            if merge_similar {
                counts = counts.merged(merge_threshold.0 as u8, &slice).await;
            }
            let count = counts.len();
            let colors = counts.sorted(sort_by_count, &slice).await.into_iter();
            let colors = colors.map(|(color, voxels)| UniqueColor {
                hex: to_hex(color),
                rgba: color.bytes(),
                voxels,
            });
            let colors = spell_list(colors, &slice).await;
            let metadata = UniqueMetadata { layer_id, sorted_by_count: sort_by_count };
            Ok(UniqueResult { count, colors, metadata, layer, others })
        })
    }
}
