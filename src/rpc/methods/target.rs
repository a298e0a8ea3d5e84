//! Which layer a call is about.

use std::borrow::Borrow;

use crate::api::args::shown;
use crate::api::methods::layers::OtherLayer;
use crate::api::{LayerRef, ParamError, PartRef};
use crate::document::{Document, Layer, LayerContent, LayerId};
use crate::edit::layers::{NotFound, find};
use crate::likeness::nearest;
use crate::rpc::error::*;

/// The layer that a call means: the active one unless it names another. `code` is the method's own
/// error code.
pub fn layer_id(
    document: &Document,
    wanted: impl Borrow<LayerRef>,
    code: i32,
) -> Result<LayerId, RpcError> {
    let wanted = wanted.borrow();
    find(document, wanted).map_err(|error| not_found(document, wanted, &error, code))
}

/// The same, to read.
pub fn layer(
    document: &Document,
    wanted: impl Borrow<LayerRef>,
    code: i32,
) -> Result<&Layer, RpcError> {
    let id = layer_id(document, wanted, code)?;
    document.layer(id).ok_or_else(|| no_such_layer(document, id.0, code))
}

/// The same, to change.
pub fn layer_mut(
    document: &mut Document,
    wanted: impl Borrow<LayerRef>,
    code: i32,
) -> Result<&mut Layer, RpcError> {
    let id = layer_id(document, wanted, code)?;
    document.layer_mut(id).ok_or_else(|| RpcError::internal("layer vanished"))
}

/// The error for a layer that is not there.
pub fn no_such_layer(document: &Document, id: i32, code: i32) -> RpcError {
    not_found(document, &LayerRef::Id(id), &NotFound::None, code)
}

/// The error for a layer that is not found.
pub fn not_found(document: &Document, wanted: &LayerRef, error: &NotFound, code: i32) -> RpcError {
    let known = document.layers().iter().map(|layer| layer.id.0);
    let names = || document.layers().iter().map(|layer| &*layer.name);
    let reason = match error {
        NotFound::None => format!("No such layer: {wanted}"),
        NotFound::Several(ids) if ids.len() > KNOWN_LISTED => {
            format!("{} layers are named {wanted}: give an id", ids.len())
        }
        NotFound::Several(ids) => format!("Layers {ids:?} are all named {wanted}: give an id"),
    };
    let near = match wanted {
        LayerRef::Named(name) => nearest(name, names()),
        _ => None,
    };
    let rpc = match wanted {
        LayerRef::Id(id) => failed(code, reason).with("got", *id),
        other => failed(code, reason).with("got", other.to_string().trim_matches('\'').to_owned()),
    };
    let rpc = match near {
        Some(near) => rpc.with("nearest", near),
        None => rpc,
    };
    rpc.with("param", "layer_id")
        .known("known", known)
        .known("names", names())
        .hint("goxel.list_layers shows the layers; 0 means the active one; nothing was changed")
}

/// The layer that a call means, to edit its voxels: refused where they are computed from something
/// else.
pub fn editable_layer_mut(
    document: &mut Document,
    wanted: impl Borrow<LayerRef>,
    code: i32,
) -> Result<&mut Layer, RpcError> {
    let layer = layer_mut(document, wanted, code)?;
    match layer.content {
        LayerContent::Voxels => Ok(layer),
        _ => Err(not_editable(layer, code)),
    }
}

/// The same, to read.
pub fn editable_layer(document: &Document, id: LayerId, code: i32) -> Result<&Layer, RpcError> {
    match layer(document, LayerRef::Id(id.0), code)? {
        layer if layer.content == LayerContent::Voxels => Ok(layer),
        layer => Err(not_editable(layer, code)),
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

/// The index of the part that a call means, of those with these names. `kind` is also the param's
/// name.
pub fn part(kind: &'static str, names: Vec<&str>, wanted: &PartRef<'_>) -> Result<usize, RpcError> {
    let (found, shown, near) = match wanted {
        PartRef::Index(index) => {
            (Some(*index).filter(|&index| index < names.len()), index.to_string(), None)
        }
        PartRef::Name(name) => (
            names.iter().position(|known| known == name),
            format!("'{}'", shown(name)),
            nearest(name, names.iter().copied()),
        ),
    };
    found.ok_or_else(|| {
        let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        let message = format!("No such {kind}: {shown}{hint}");
        RpcError::from(ParamError::rule(kind, message)).known("known", names)
    })
}

/// The message that the reference's documents give to a failure with a code of its own.
pub fn documented(code: i32) -> Option<&'static str> {
    Some(match code {
        ADD_VOXEL => "Failed to add voxel: error code -1",
        REMOVE_VOXEL => "Failed to remove voxel: error code -1",
        GET_VOXEL => "Failed to get voxel: error code -1",
        PAINT_VOXELS => "Failed to paint voxel: error code -1",
        FLOOD_FILL => "Failed to perform flood fill",
        DELETE_LAYER => "Failed to delete layer: error code -1",
        MERGE_LAYERS => "Failed to merge layers: error code -1",
        SET_LAYER_VISIBILITY => "Failed to set layer visibility: error code -1",
        _ => return None,
    })
}

/// A failure with the message of the reference's documents and the reason behind it, which is in
/// its data, too.
pub fn failed(code: i32, reason: impl Into<String>) -> RpcError {
    let reason = reason.into();
    match documented(code) {
        Some(message) => RpcError::new(code, format!("{message}: {reason}")).with("reason", reason),
        None => RpcError::new(code, reason),
    }
}

/// The layer that a bulk read means. The reference has one code for all its failures.
pub fn bulk_layer<'a>(
    document: &'a Document,
    wanted: impl Borrow<LayerRef>,
    message: &str,
) -> Result<&'a Layer, RpcError> {
    layer(document, wanted, INTERNAL_ERROR).map_err(|mut error| {
        let reason = std::mem::replace(&mut error.message, message.to_owned());
        error.with("reason", reason)
    })
}

/// Other layers that an answer tells of, at most.
const TOLD_LAYERS: usize = 16;

/// The name of a layer that is looked at, and what others hold, for the answer of a read that looks
/// at one layer.
pub fn looked_at(document: &Document, layer: &Layer) -> (String, Vec<OtherLayer>) {
    let others = document.layers().iter().filter(|other| other.id != layer.id);
    let others = others.map(|other| (other, other.volume.count())).filter(|(_, count)| *count > 0);
    let told = others.take(TOLD_LAYERS).map(|(other, voxels)| OtherLayer {
        layer: other.name.clone(),
        layer_id: other.id.0,
        voxels,
    });
    (layer.name.clone(), told.collect())
}
