//! Which layer a call is about.

use crate::api::LayerRef;
use crate::document::{Document, Layer, LayerContent, LayerId};
use crate::rpc::error::RpcError;

/// The layer that a call means: the active one unless it names another. `code` is the method's own error code.
pub fn layer_id(document: &Document, wanted: LayerRef, code: i32) -> Result<LayerId, RpcError> {
    match wanted.0 {
        None => Ok(document.active()),
        Some(id) if document.layer(LayerId(id)).is_some() => Ok(LayerId(id)),
        Some(id) => Err(no_such_layer(document, id, code)),
    }
}

/// The same, to read.
pub fn layer(document: &Document, wanted: LayerRef, code: i32) -> Result<&Layer, RpcError> {
    let id = layer_id(document, wanted, code)?;
    document.layer(id).ok_or_else(|| no_such_layer(document, id.0, code))
}

/// The same, to change.
pub fn layer_mut(
    document: &mut Document,
    wanted: LayerRef,
    code: i32,
) -> Result<&mut Layer, RpcError> {
    let id = layer_id(document, wanted, code)?;
    document.layer_mut(id).ok_or_else(|| RpcError::internal("layer vanished"))
}

/// The error for a layer that is not there.
pub fn no_such_layer(document: &Document, id: i32, code: i32) -> RpcError {
    let known: Vec<i32> = document.layers().iter().map(|layer| layer.id.0).collect();
    RpcError::new(code, format!("No such layer: {id}"))
        .with("param", "layer_id")
        .with("got", id)
        .with("known", known)
        .hint("goxel.list_layers shows the layers; 0 means the active one; nothing was changed")
}

/// The layer that a call means, to edit its voxels: refused where they are computed from something else.
pub fn editable_layer_mut(
    document: &mut Document,
    wanted: LayerRef,
    code: i32,
) -> Result<&mut Layer, RpcError> {
    let layer = layer_mut(document, wanted, code)?;
    match layer.content {
        LayerContent::Voxels => Ok(layer),
        _ => Err(not_editable(layer, code)),
    }
}

fn not_editable(layer: &Layer, code: i32) -> RpcError {
    let message = format!(
        "The voxels of layer {} ('{}') are computed, not its own, so they cannot be edited",
        layer.id.0, layer.name
    );
    RpcError::new(code, message).with("param", "layer_id").with("got", layer.id.0).hint(
        "goxel.detach_layer makes them its own voxels; goxel.place_layer moves or recolours them; \
         nothing was changed",
    )
}
