//! Handlers that read many voxels.

use super::{entries, target};
use crate::api::LayerRef;
use crate::api::methods::region::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::scan::{Collect, Looked, scan};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Point, Rgba};

entries![GetVoxelsRegion, GetLayerVoxels];

/// One page of the voxels that come by.
struct Page {
    filter: ColorFilter,
    skip: u64,
    limit: usize,
    voxels: Vec<(Point, Rgba)>,
    more: bool,
}

impl Collect for Page {
    type Output = (Vec<(Point, Rgba)>, bool);

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
            } else if self.voxels.len() < self.limit {
                self.voxels.push((point, color));
            } else {
                self.more = true;
                return false;
            }
        }
        true
    }

    fn finish(self) -> Self::Output {
        (self.voxels, self.more)
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
    let page = Page { filter, skip, limit: limit.0, voxels: Vec::new(), more: false };
    let layer_id = layer.id.0;
    scan(&layer.volume, within, page, move |(voxels, truncated)| {
        let count = voxels.len();
        let corner = |pick: fn(i32, i32) -> i32| {
            voxels
                .iter()
                .map(|(point, _)| point.array())
                .reduce(|a, b| std::array::from_fn(|axis| pick(a[axis], b[axis])))
        };
        let bounds = corner(i32::min).zip(corner(i32::max));
        let bbox = bounds.map(|(min, max)| Bounds::inclusive(min, max).into());
        let next_offset = truncated.then_some(skip + count as u64);
        let voxels = ListedVoxels(voxels);
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
