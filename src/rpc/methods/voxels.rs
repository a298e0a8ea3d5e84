//! Handlers about single voxels and shapes.

use super::{entries, target};
use crate::api::methods::voxels::*;
use crate::api::{Color, Position};
use crate::document::history::Scope;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{ADD_VOXEL, GET_VOXEL, REMOVE_VOXEL, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Point, Rgba};

entries![AddVoxel, RemoveVoxel, GetVoxel];

impl Handle for AddVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: AddVoxelParams,
    ) -> Result<Outcome<AddVoxelResult>, RpcError> {
        let AddVoxelParams { position: Position([x, y, z]), color: Color(color), layer_id } =
            params;
        let layer_id = context.project()?.edit("add voxel", Scope::Voxels, |document| {
            let layer = target::editable_layer_mut(document, layer_id, ADD_VOXEL)?;
            layer.volume.set(Point::new(x, y, z), color);
            Ok::<_, RpcError>(layer.id.0)
        })?;
        Ok(AddVoxelResult { success: true, x, y, z, layer_id, color: color.bytes() }.into())
    }
}

impl Handle for RemoveVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: RemoveVoxelParams,
    ) -> Result<Outcome<RemoveVoxelResult>, RpcError> {
        let RemoveVoxelParams { position: Position([x, y, z]), layer_id } = params;
        let (layer_id, old) =
            context.project()?.edit("remove voxel", Scope::Voxels, |document| {
                let layer = target::editable_layer_mut(document, layer_id, REMOVE_VOXEL)?;
                let old = layer.volume.set(Point::new(x, y, z), Rgba::EMPTY);
                Ok::<_, RpcError>((layer.id.0, old))
            })?;
        let removed = !old.is_empty();
        Ok(RemoveVoxelResult { success: true, x, y, z, layer_id, removed }.into())
    }
}

impl Handle for GetVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: RemoveVoxelParams,
    ) -> Result<Outcome<GetVoxelResult>, RpcError> {
        let RemoveVoxelParams { position: Position([x, y, z]), layer_id } = params;
        let layer = target::layer(context.project()?.document(), layer_id, GET_VOXEL)?;
        let color = layer.volume.get(Point::new(x, y, z));
        let (exists, color) = (!color.is_empty(), color.bytes());
        Ok(GetVoxelResult { x, y, z, exists, color, layer_id: layer.id.0 }.into())
    }
}
