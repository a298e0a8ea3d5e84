//! Handlers that remove, merge and hide layers.

use super::{entries, target};
use crate::api::args::{nearest, shown};
use crate::api::methods::layer_edits::*;
use crate::api::{LayerRef, ParamError};
use crate::document::history::Scope;
use crate::document::{Document, Layer, LayerId, drawing_of};
use crate::job::{Budget, Progress, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, DraftWork, drafted};
use crate::rpc::error::{DELETE_LAYER, MERGE_LAYERS, RpcError, SET_LAYER_VISIBILITY};
use crate::rpc::table::Handle;
use crate::voxel::Laying;

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
            Err(error.with("known", names).hint("nothing was changed"))
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
        let work = Merge { from, into, laying: None };
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

/// One layer laid on another one, and gone after that.
struct Merge {
    from: LayerId,
    into: LayerId,
    laying: Option<Laying>,
}

impl DraftWork for Merge {
    type Output = ();

    fn step(&mut self, document: &mut Document, budget: &mut Budget) -> Result<Step<()>, RpcError> {
        let laying = match &mut self.laying {
            Some(laying) => laying,
            None => {
                let source = document.remove_layer(self.from).ok_or_else(vanished)?;
                let laying = drawing_of(&source.volume, source.mode, source.opacity);
                self.laying.insert(laying)
            }
        };
        let layer = document.layer_mut(self.into).ok_or_else(vanished)?;
        while laying.lay_next(&mut layer.volume)? {
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
        Ok(Step::Done(()))
    }

    fn progress(&self) -> Progress {
        self.laying.as_ref().map_or_else(Progress::default, Laying::progress)
    }
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
