//! Handlers about layers.

use super::layer_settings::checked_name;
use super::{entries, target};
use crate::api::methods::edit::Detail;
use crate::api::methods::layers::*;
use crate::api::{Color, Corners};
use crate::document::history::Scope;
use crate::document::{Document, Layer, LayerContent, LayerId, Matrix};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{NO_SUCH_LAYER, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Volume};

entries![ListLayers, CreateLayer, GetBoundingBox];

impl Handle for ListLayers {
    fn handle(
        context: &mut Context<'_>,
        params: ListLayersParams,
    ) -> Result<Outcome<LayerList>, RpcError> {
        let document = context.project()?.document();
        let active = document.active();
        let row = |layer: &Layer| {
            let row = listed(layer, layer.id == active);
            if params.detail == Detail::Brief { brief(row) } else { row }
        };
        let layers: Vec<_> = document.layers().iter().map(row).collect();
        let count = layers.len();
        Ok(LayerList { count, layers, active_layer: active.0, total_layers: count }.into())
    }
}

/// A layer as short lists show it.
fn brief(row: ListedLayer) -> ListedLayer {
    ListedLayer {
        layer_id: None,
        opacity: None,
        mode: None,
        material: None,
        base_id: None,
        shape: None,
        color: None,
        image_path: None,
        matrix: None,
        bounds: None,
        ..row
    }
}

/// A layer as lists show it.
pub(super) fn listed(layer: &Layer, is_active: bool) -> ListedLayer {
    let (base_id, shape, color, image_path, kind) = match &layer.content {
        LayerContent::Voxels => (None, None, None, None, "voxels"),
        LayerContent::Clone { base } => (Some(base.0), None, None, None, "clone"),
        LayerContent::Shape { kind, color } => {
            (None, Some(kind.name()), Some(color.bytes()), None, "shape")
        }
        LayerContent::Image { path } => (None, None, None, Some(path.clone()), "image"),
    };
    let is_placed = layer.content != LayerContent::Voxels || layer.matrix != Matrix::IDENTITY;
    ListedLayer {
        id: layer.id.0,
        layer_id: Some(layer.id.0),
        name: layer.name.clone(),
        visible: layer.visible,
        opacity: Some(layer.opacity),
        is_active,
        voxel_count: layer.volume.count(),
        mode: Some(layer.mode.name()),
        material: layer.material,
        kind,
        base_id,
        shape,
        color,
        image_path,
        matrix: is_placed.then(|| std::array::from_fn(|i| layer.matrix.0[i / 4][i % 4])),
        bounds: layer.bounds.map(Corners::from),
    }
}

impl Handle for CreateLayer {
    fn handle(
        context: &mut Context<'_>,
        params: CreateLayerParams<'_>,
    ) -> Result<Outcome<CreateLayerResult>, RpcError> {
        let CreateLayerParams { name, color: Color(color), visible, opacity } = params;
        if !name.is_empty() {
            checked_name(&name, context.daemon.limits.names.layer)?;
        }
        let mut layer = Layer::new(LayerId(0), &name);
        layer.visible = visible;
        layer.opacity = opacity.0;
        let work = AtOnce::new(move |document: &mut Document| Ok(document.push_layer(layer)));
        let [r, g, b, _] = color.bytes();
        let (name, color) = (name.into_owned(), [r, g, b]);
        drafted(context, "create layer", Scope::Document, work, move |_, LayerId(id)| {
            Ok(CreateLayerResult { success: true, name, visible, color, id, layer_id: id })
        })
    }
}

impl Handle for GetBoundingBox {
    fn handle(
        context: &mut Context<'_>,
        params: BoundingBoxParams,
    ) -> Result<Outcome<BoundingBoxResult>, RpcError> {
        let document = context.project()?.document();
        let one = match &params.layer_id {
            BoxLayer::All => None,
            BoxLayer::One(layer) => Some(target::layer(document, layer, NO_SUCH_LAYER)?),
        };
        let volumes: Vec<Volume> = match one {
            None => document.layers().iter().map(|layer| layer.volume.clone()).collect(),
            Some(layer) => vec![layer.volume.clone()],
        };
        let layer_id = one.map(|layer| layer.id.0);
        let (layer, others) = match one {
            Some(layer) => {
                let (layer, others) = target::looked_at(document, layer);
                (layer, Some(others))
            }
            None => ("all".to_owned(), None),
        };
        let is_exact = params.exact;
        Outcome::work(context, move |slice| async move {
            let mut found = None;
            for volume in volumes {
                let bounds = volume.bounds_in_slices(is_exact, &slice).await;
                found = Bounds::union_of(found, bounds);
            }
            Ok(BoundingBoxResult {
                empty: found.is_none(),
                min: found.map(|bounds| bounds.min),
                max: found.map(|bounds| bounds.max_inside()),
                dimensions: found.map(|bounds| bounds.dimensions()),
                layer,
                layer_id,
                others,
            })
        })
    }
}
