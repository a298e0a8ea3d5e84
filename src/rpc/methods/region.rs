//! Handlers that read many voxels.

use super::{entries, target};
use crate::api::LayerRef;
use crate::api::methods::region::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::scan::{Collect, Looked, scan};
use crate::rpc::table::Handle;
use crate::voxel::Bounds;

entries![GetVoxelsRegion, GetLayerVoxels];

/// One page of the voxels that come by.
struct Page {
    filter: ColorFilter,
    skip: u64,
    limit: usize,
    voxels: ListedVoxels,
    bounds: Option<Bounds>,
    more: bool,
}

impl Collect for Page {
    type Output = Page;

    fn block(&mut self, block: Looked<'_>) -> bool {
        if self.skip > 0
            && self.filter.0.is_none()
            && let Some(count) = block.whole_count()
            && count <= self.skip
        {
            self.skip -= count;
            return true;
        }
        for (point, color) in block.voxels().filter(|&(_, color)| self.filter.wants(color)) {
            if self.skip > 0 {
                self.skip -= 1;
            } else if self.voxels.count() < self.limit {
                self.voxels.push(point, color);
                self.bounds = Bounds::union_of(self.bounds, Some(Bounds::of_point(point)));
            } else {
                self.more = true;
                return false;
            }
        }
        true
    }

    fn finish(self) -> Self::Output {
        self
    }
}

fn read(
    context: &mut Context<'_>,
    layer: LayerRef,
    within: Option<Bounds>,
    (filter, skip, limit): (ColorFilter, u64, PageLimit),
) -> Result<Outcome<VoxelPage>, RpcError> {
    let project = context.project()?;
    let revision = project.revision();
    let layer = target::bulk_layer(project.document(), layer, "Bulk operation failed")?;
    let (limit, voxels, bounds, more) = (limit.0, ListedVoxels::default(), None, false);
    let page = Page { filter, skip, limit, voxels, bounds, more };
    let layer_id = layer.id.0;
    scan(&layer.volume, within, page, move |page| {
        let (count, truncated) = (page.voxels.count(), page.more);
        let bbox = page.bounds.map(Bbox::from);
        let next_offset = truncated.then_some(skip + count as u64);
        let voxels = page.voxels.finish();
        Ok(VoxelPage { voxels, count, truncated, next_offset, bbox, layer_id, revision })
    })
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
