//! Handlers that change what a layer is called, where it stands and how it is drawn.

use std::borrow::Cow;

use super::layers::listed;
use super::{entries, target};
use crate::api::LayerRef;
use crate::api::args::ParamError;
use crate::api::methods::layer_settings::*;
use crate::document::history::Scope;
use crate::document::{Document, Layer, LayerId};
use crate::rpc::NameLimit;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{NO_SUCH_LAYER, RpcError};
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![
    SetActiveLayer,
    RenameLayer,
    ReorderLayer,
    DuplicateLayer,
    SetLayerOpacity,
    SetLayerMode,
    UpdateLayer
];

/// Checks the name of a layer, material, camera or palette.
pub(super) fn checked_name(name: &str, most: NameLimit) -> Result<(), RpcError> {
    let NameLimit { bytes, flag } = most;
    if name.is_empty() || name.len() > bytes || name.contains('\0') {
        let got = crate::api::args::shown(name);
        let message =
            format!("Invalid name '{got}': expected 1 to {bytes} bytes ({flag}) without NUL");
        return Err(RpcError::from(ParamError::rule("name", message)).with("limit", bytes));
    }
    Ok(())
}

/// Changes a document by one undo step and answers with the layer that the change returns.
pub(super) fn change_layer(
    context: &mut Context<'_>,
    label: &str,
    change: impl FnOnce(&mut Document) -> Result<LayerId, RpcError> + 'static,
) -> Result<Outcome<LayerState>, RpcError> {
    let work = AtOnce::new(change);
    drafted(context, label, Scope::Document, work, |project, id| state_in(project, id))
}

/// Answers with a layer as it is.
pub(super) fn state_of(
    context: &mut Context<'_>,
    id: LayerId,
) -> Result<Outcome<LayerState>, RpcError> {
    state_in(context.project()?, id).map(Outcome::Done)
}

/// A layer of a project as it is.
pub(super) fn state_in(project: &Project, id: LayerId) -> Result<LayerState, RpcError> {
    let document = project.document();
    let layer = document.layer(id).ok_or_else(|| RpcError::internal("layer vanished"))?;
    let layer = listed(layer, document.active() == id);
    let (layer_id, revision) = (id.0, project.revision());
    Ok(LayerState { success: true, layer_id, layer, revision })
}

/// Changes one layer by one undo step; a change that leaves it as it was makes no step.
fn change_one(
    context: &mut Context<'_>,
    label: &str,
    wanted: LayerRef,
    change: impl FnOnce(&mut Layer),
) -> Result<Outcome<LayerState>, RpcError> {
    let document = context.project()?.document();
    let layer = target::layer(document, &wanted, NO_SUCH_LAYER)?;
    let (id, mut changed) = (layer.id, layer.clone());
    change(&mut changed);
    if same_settings(layer, &changed) {
        return state_of(context, id);
    }
    change_layer(context, label, move |document| {
        *target::layer_mut(document, LayerRef::Id(id.0), NO_SUCH_LAYER)? = changed;
        Ok(id)
    })
}

fn same_settings(a: &Layer, b: &Layer) -> bool {
    (&a.name, a.visible, a.opacity, a.mode, a.bounds)
        == (&b.name, b.visible, b.opacity, b.mode, b.bounds)
}

impl Handle for SetActiveLayer {
    fn handle(
        context: &mut Context<'_>,
        params: NamedLayerParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        let document = context.project()?.document();
        let id = target::layer_id(document, &params.layer_id.0, NO_SUCH_LAYER)?;
        if document.active() == id {
            return state_of(context, id);
        }
        change_layer(context, "set active layer", move |document| {
            document.set_active(id);
            Ok(id)
        })
    }
}

impl Handle for RenameLayer {
    fn handle(
        context: &mut Context<'_>,
        params: RenameLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        checked_name(&params.name, context.daemon.limits.names.layer)?;
        change_one(context, "rename layer", params.layer_id.0, |layer| {
            layer.name = params.name.into_owned();
        })
    }
}

impl Handle for ReorderLayer {
    fn handle(
        context: &mut Context<'_>,
        params: ReorderLayerParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        let document = context.project()?.document();
        let id = target::layer_id(document, params.layer_id.0, NO_SUCH_LAYER)?;
        let index = (params.index as usize).min(document.layers().len() - 1);
        if document.layers().iter().position(|layer| layer.id == id) == Some(index) {
            return state_of(context, id);
        }
        change_layer(context, "reorder layer", move |document| {
            document.move_layer(id, index);
            Ok(id)
        })
    }
}

impl Handle for DuplicateLayer {
    fn handle(
        context: &mut Context<'_>,
        params: DuplicateLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.layer)?;
        }
        let most = context.daemon.limits.names.layer;
        let (layer_id, name) = (params.layer_id, params.name.map(Cow::into_owned));
        change_layer(context, "duplicate layer", move |document| {
            let original = target::layer(document, layer_id, NO_SUCH_LAYER)?;
            let mut copy = original.clone();
            copy.name = match name {
                Some(name) => name,
                None => with_suffix(&original.name, " copy", most),
            };
            Ok(push_above(document, original.id, copy))
        })
    }
}

/// A name with a suffix, the name cut so that both fit; without it where it alone is too long.
pub(super) fn with_suffix(name: &str, suffix: &str, most: NameLimit) -> String {
    let (room, suffix) = match most.bytes.checked_sub(suffix.len()).filter(|&room| room > 0) {
        Some(room) => (room, suffix),
        None => (most.bytes, ""),
    };
    let cut = (0..=room.min(name.len())).rev().find(|&at| name.is_char_boundary(at));
    format!("{}{suffix}", &name[..cut.unwrap_or(0)])
}

/// Adds a layer with a new id right above another one and makes it active.
pub(super) fn push_above(document: &mut Document, below: LayerId, mut layer: Layer) -> LayerId {
    layer.id = LayerId(0);
    let place = document.layers().iter().position(|other| other.id == below);
    let id = document.push_layer(layer);
    document.move_layer(id, place.map_or(usize::MAX, |place| place + 1));
    id
}

impl Handle for SetLayerOpacity {
    fn handle(
        context: &mut Context<'_>,
        params: SetLayerOpacityParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        change_one(context, "set layer opacity", params.layer_id.0, |layer| {
            layer.opacity = params.opacity.0;
        })
    }
}

impl Handle for SetLayerMode {
    fn handle(
        context: &mut Context<'_>,
        params: SetLayerModeParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        change_one(context, "set layer mode", params.layer_id.0, |layer| layer.mode = params.mode.0)
    }
}

impl Handle for UpdateLayer {
    fn handle(
        context: &mut Context<'_>,
        params: UpdateLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.layer)?;
        }
        if params.unbounded && params.bounds.is_some() {
            let message = "Give either 'bounds' or 'unbounded', not both";
            return Err(ParamError::rule("bounds", message).into());
        }
        change_one(context, "update layer", params.layer_id, |layer| {
            if let Some(name) = params.name {
                layer.name = name.into_owned();
            }
            layer.visible = params.visible.unwrap_or(layer.visible);
            layer.opacity = params.opacity.map_or(layer.opacity, |opacity| opacity.0);
            layer.mode = params.mode.map_or(layer.mode, |mode| mode.0);
            layer.bounds = if params.unbounded {
                None
            } else {
                params.bounds.map(|bounds| bounds.0).or(layer.bounds)
            };
        })
    }
}
