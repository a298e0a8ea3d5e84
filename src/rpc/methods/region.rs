//! Handlers that read many voxels.

use super::{entries, target};
use crate::api::LayerRef;
use crate::api::methods::region::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Look, Looked};

entries![GetVoxelsRegion, GetLayerVoxels];

/// Reads one page of the voxels that a filter lets pass.
fn read(
    context: &mut Context<'_>,
    layer: LayerRef,
    within: Option<Bounds>,
    (filter, offset, limit): (ColorFilter, u64, PageLimit),
) -> Result<Outcome<VoxelPage>, RpcError> {
    let project = context.project()?;
    let revision = project.revision();
    let document = project.document();
    let looked_at = target::bulk_layer(document, layer, "Bulk operation failed")?;
    let (layer, others) = target::looked_at(document, looked_at);
    let (layer_id, mut look) = (looked_at.id.0, Look::new(&looked_at.volume, within));
    Outcome::work(context, move |slice| async move {
        let (mut page, mut skip) = (Page::default(), offset);
        slice.expect(look.volume().block_count() as u64);
        while let Some(block) = look.next_in(&slice).await {
            let whole = block.whole_count().filter(|_| filter.0.is_none());
            match whole.and_then(|count| skip.checked_sub(count)) {
                Some(left) => skip = left,
                None => page.take(block, &filter, &mut skip, limit.0),
            }
            if page.is_full {
                break;
            }
            slice.advance(1).await;
        }
        let (count, truncated) = (page.voxels.count(), page.is_full);
        let next_offset = truncated.then_some(offset + count as u64);
        let (voxels, bbox) = (page.voxels.finish(), page.bounds.map(Bbox::from));
        Ok(VoxelPage {
            voxels,
            count,
            truncated,
            next_offset,
            bbox,
            layer_id,
            layer,
            others,
            revision,
        })
    })
}

/// One page of the voxels that come by.
#[derive(Default)]
struct Page {
    voxels: ListedVoxels,
    bounds: Option<Bounds>,
    /// Whether one came by for which there was no room.
    is_full: bool,
}

impl Page {
    /// Takes what there is in a block, as far as there is room.
    fn take(&mut self, block: Looked<'_>, filter: &ColorFilter, skip: &mut u64, limit: usize) {
        for (point, color) in block.voxels().filter(|&(_, color)| filter.wants(color)) {
            if *skip > 0 {
                *skip -= 1;
            } else if self.voxels.count() < limit {
                self.voxels.push(point, color);
                self.bounds = Bounds::union_of(self.bounds, Some(Bounds::of_point(point)));
            } else {
                self.is_full = true;
                return;
            }
        }
    }
}

impl Handle for GetVoxelsRegion {
    fn handle(
        context: &mut Context<'_>,
        params: RegionParams,
    ) -> Result<Outcome<VoxelPage>, RpcError> {
        let RegionParams { min, max, layer_id, color_filter, offset, limit } = params;
        let within = Some(Bounds::inclusive(min.0, max.0));
        read(context, layer_id, within, (color_filter, offset, limit))
    }
}

impl Handle for GetLayerVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: LayerVoxelsParams,
    ) -> Result<Outcome<VoxelPage>, RpcError> {
        let LayerVoxelsParams { layer_id, color_filter, offset, limit } = params;
        read(context, layer_id, None, (color_filter, offset, limit))
    }
}
