//! Handlers that remove, merge and hide layers.

use super::{entries, target};
use crate::api::args::shown;
use crate::api::methods::layer_edits::*;
use crate::api::{LayerRef, ParamError};
use crate::document::history::Scope;
use crate::document::{Document, Layer, drawing_of};
use crate::likeness::nearest;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, Written, drafted, draw_on};
use crate::rpc::error::{DELETE_LAYER, MERGE_LAYERS, RpcError, SET_LAYER_VISIBILITY};
use crate::rpc::table::Handle;

entries![DeleteLayer, MergeLayers, SetLayerVisibility];

fn rule(param: &'static str, message: &str) -> RpcError {
    ParamError::rule(param, message).into()
}

/// The one layer with a name.
fn named<'a>(document: &'a Document, name: &str) -> Result<&'a Layer, RpcError> {
    let mut found = document.layers().iter().filter(|layer| layer.name == name);
    match (found.next(), found.next()) {
        (Some(layer), None) => Ok(layer),
        (Some(_), Some(_)) => {
            Err(target::failed(DELETE_LAYER, format!("Several layers are named '{}'", shown(name)))
                .with("param", "layer_name")
                .hint("give the layer_id; nothing was changed"))
        }
        (None, _) => {
            let names: Vec<&str> =
                document.layers().iter().map(|layer| layer.name.as_str()).collect();
            let reason = format!("No layer is named '{}'", shown(name));
            let error = target::failed(DELETE_LAYER, reason).with("param", "layer_name");
            let error = match nearest(name, names.iter().copied()) {
                Some(nearest) => error.with("nearest", nearest),
                None => error,
            };
            Err(error.known("known", names).hint("nothing was changed"))
        }
    }
}

impl Handle for DeleteLayer {
    fn handle(
        context: &mut Context<'_>,
        params: DeleteLayerParams<'_>,
    ) -> Result<Outcome<DeleteLayerResult>, RpcError> {
        let project = context.project()?;
        let document = project.document();
        let id = match (&params.layer_id, params.layer_name) {
            (LayerRef::Active, Some(name)) => named(document, &name)?.id,
            (LayerRef::Active, None) => {
                return Err(rule("layer_id", "Must specify either layer_id or layer_name"));
            }
            (wanted, _) => target::layer_id(document, wanted, DELETE_LAYER)?,
        };
        let work = AtOnce::new(move |document: &mut Document| {
            document.remove_layer(id).ok_or_else(vanished)
        });
        drafted(context, "delete layer", Scope::Document, work, move |project, layer| {
            Ok(DeleteLayerResult {
                success: true,
                layer_id: id.0,
                name: layer.name,
                voxel_count: layer.volume.count(),
                active_layer: project.document().active().0,
            })
        })
    }
}

impl Handle for MergeLayers {
    fn handle(
        context: &mut Context<'_>,
        params: MergeLayersParams,
    ) -> Result<Outcome<MergeLayersResult>, RpcError> {
        let MergeLayersParams { source_layer_id: from, target_layer_id: into } = params;
        if from.is_active() || into.is_active() {
            let missing = if from.is_active() { "source_layer_id" } else { "target_layer_id" };
            return Err(rule(missing, "Must specify valid source_layer_id and target_layer_id"));
        }
        if from == into {
            let reason = format!("Layer {from} cannot be merged with itself");
            return Err(target::failed(MERGE_LAYERS, reason)
                .with("param", "target_layer_id")
                .with("got", into.to_string())
                .hint("give two layers; nothing was changed"));
        }
        let document = context.project()?.document();
        let into = target::layer_id(document, into, MERGE_LAYERS)?;
        target::editable_layer(document, into, MERGE_LAYERS)?;
        let from = target::layer_id(document, from, MERGE_LAYERS)?;
        // One layer is laid on the other one, and gone after that.
        let work = Written::new(move |draft, slice| async move {
            let source = draft.with(|document| document.remove_layer(from)).ok_or_else(vanished)?;
            let laying = drawing_of(&source.volume, source.mode, source.opacity);
            draw_on(&draft, into, laying, &slice).await
        });
        drafted(context, "merge layers", Scope::Document, work, move |project, ()| {
            let document = project.document();
            let layer = document.layer(into).ok_or_else(vanished)?;
            Ok(MergeLayersResult {
                success: true,
                layer_id: into.0,
                voxel_count: layer.volume.count(),
                active_layer: document.active().0,
            })
        })
    }
}

fn vanished() -> RpcError {
    RpcError::internal("layer vanished")
}

impl Handle for SetLayerVisibility {
    fn handle(
        context: &mut Context<'_>,
        params: SetLayerVisibilityParams,
    ) -> Result<Outcome<SetLayerVisibilityResult>, RpcError> {
        let SetLayerVisibilityParams { layer_id, visible } = params;
        if layer_id.is_active() {
            return Err(rule("layer_id", "Must specify valid layer_id"));
        }
        let work = AtOnce::new(move |document: &mut Document| {
            let layer = target::layer_mut(document, layer_id, SET_LAYER_VISIBILITY)?;
            layer.visible = visible;
            Ok(layer.id.0)
        });
        drafted(context, "layer visibility", Scope::Document, work, move |_, layer_id| {
            Ok(SetLayerVisibilityResult { success: true, visible, layer_id })
        })
    }
}
