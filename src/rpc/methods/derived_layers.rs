//! Handlers about layers whose voxels are computed: clones, shapes, images.

use std::borrow::Cow;

use super::files::file_error;
use super::layer_settings::{
    change_layer, checked_name, push_above, state_in, state_of, with_suffix,
};
use super::own_files::look;
use super::{entries, target};
use crate::api::args::ParamError;
use crate::api::methods::derived_layers::*;
use crate::api::methods::layer_settings::LayerState;
use crate::document::history::Scope;
use crate::document::{
    Document, EvaluationProblem, Layer, LayerContent, LayerId, Matrix, ShapeKind,
};
use crate::file_access::Purpose;
use crate::job::{Budget, Progress, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, DraftWork, drafted, refuse_lost};
use crate::rpc::error::{CREATE_LAYER, NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;

entries![CreateCloneLayer, CreateShapeLayer, CreateImageLayer, PlaceLayer, DetachLayer];

/// The longest path that .gox files hold, in bytes.
const MAX_PATH_BYTES: usize = 255;

fn matrix(numbers: MatrixParam) -> Matrix {
    Matrix(std::array::from_fn(|axis| std::array::from_fn(|row| numbers.0[4 * axis + row])))
}

fn shifted(mut matrix: Matrix, offset: [i32; 3]) -> Matrix {
    (0..3).for_each(|axis| matrix.0[3][axis] = offset[axis] as f32);
    matrix
}

fn shape_kind(shape: LayerShape) -> ShapeKind {
    match shape {
        LayerShape::Sphere => ShapeKind::Sphere,
        LayerShape::Cube => ShapeKind::Cube,
        LayerShape::Cylinder => ShapeKind::Cylinder,
    }
}

/// A change that makes a layer whose voxels are computed; refused if they cannot be.
struct Computed<F>(AtOnce<F>);

impl<F> DraftWork for Computed<F>
where
    F: FnOnce(&mut Document) -> Result<LayerId, RpcError>,
{
    type Output = LayerId;

    fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<LayerId>, RpcError> {
        self.0.step(document, budget)
    }

    fn check(&self, problems: &[EvaluationProblem], id: &LayerId) -> Result<(), RpcError> {
        match problems.iter().find(|problem| problem.layer == *id) {
            None => refuse_lost(problems),
            Some(problem) => {
                Err(RpcError::new(OVER_LIMIT, format!("The layer {}", problem.reason))
                    .with("param", "matrix")
                    .hint(
                        "choose a smaller box, a simpler placement or another base; nothing was \
                     changed",
                    ))
            }
        }
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// Changes a document by one undo step and answers with the layer that the change returns, once it
/// is computed.
fn compute_layer(
    context: &mut Context<'_>,
    label: &str,
    change: impl FnOnce(&mut Document) -> Result<LayerId, RpcError> + 'static,
) -> Result<Outcome<LayerState>, RpcError> {
    let work = Computed(AtOnce::new(change));
    drafted(context, label, Scope::Document, work, |project, id| state_in(project, id))
}

impl Handle for CreateCloneLayer {
    fn handle(
        context: &mut Context<'_>,
        params: CreateCloneLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.layer)?;
        }
        let (name, most) = (params.name.map(Cow::into_owned), context.daemon.limits.names.layer);
        let CreateCloneLayerParams { base_id, matrix: numbers, offset, .. } = params;
        compute_layer(context, "create clone layer", move |document| {
            let base = target::layer(document, &base_id.0, NO_SUCH_LAYER)?;
            let name = match name {
                Some(name) => name,
                None => with_suffix(&base.name, " clone", most),
            };
            let mut clone = Layer::new(LayerId(0), &name);
            clone.material = base.material;
            clone.content = LayerContent::Clone { base: base.id };
            clone.matrix = match numbers {
                Some(numbers) => matrix(numbers),
                None => shifted(Matrix::IDENTITY, offset),
            };
            let base = base.id;
            Ok(push_above(document, base, clone))
        })
    }
}

impl Handle for CreateShapeLayer {
    fn handle(
        context: &mut Context<'_>,
        params: CreateShapeLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        checked_name(&params.name, context.daemon.limits.names.layer)?;
        let mut layer = Layer::new(LayerId(0), &params.name);
        let (kind, color) = (shape_kind(params.shape), params.color.0);
        layer.content = LayerContent::Shape { kind, color };
        layer.matrix = Matrix::of_bounds(&params.bounds.0);
        compute_layer(context, "create shape layer", move |document| Ok(document.push_layer(layer)))
    }
}

impl Handle for CreateImageLayer {
    fn handle(
        context: &mut Context<'_>,
        params: CreateImageLayerParams<'_>,
    ) -> Result<Outcome<LayerState>, RpcError> {
        checked_name(&params.name, context.daemon.limits.names.layer)?;
        if params.path.is_empty() || params.path.len() > MAX_PATH_BYTES {
            let message = format!("Invalid path: expected 1 to {MAX_PATH_BYTES} bytes");
            return Err(ParamError::rule("path", message).into());
        }
        let path = params.path.into_owned();
        let mut layer = Layer::new(LayerId(0), &params.name);
        layer.content = LayerContent::Image { path: path.clone() };
        layer.matrix = params.matrix.map_or(Matrix::IDENTITY, matrix);
        let create = move |context: &mut Context<'_>| {
            change_layer(context, "create image layer", move |document| {
                Ok(document.push_layer(layer))
            })
        };
        let file = context.file(&path);
        if !file.is_confined() {
            return create(context);
        }
        // The picture is not read here, but whoever draws the document may read it.
        Ok(Outcome::chain_later(look(file, Purpose::Read), move |context, looked| {
            let failed =
                |error| file_error(CREATE_LAYER, "create an image layer of", &path, &error);
            looked.map_err(failed)?;
            create(context)
        }))
    }
}

impl Handle for PlaceLayer {
    fn handle(
        context: &mut Context<'_>,
        params: PlaceLayerParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        compute_layer(context, "place layer", move |document| {
            let layer = target::layer_mut(document, &params.layer_id, NO_SUCH_LAYER)?;
            check_fits(layer, &params)?;
            if let LayerContent::Shape { kind, color } = &mut layer.content {
                *kind = params.shape.map_or(*kind, shape_kind);
                *color = params.color.unwrap_or(*color);
            }
            if let Some(numbers) = params.matrix {
                layer.matrix = matrix(numbers);
            }
            if let Some(bounds) = params.bounds {
                layer.matrix = Matrix::of_bounds(&bounds.0);
            }
            if let Some(offset) = params.offset {
                layer.matrix = shifted(layer.matrix, offset);
            }
            Ok(layer.id)
        })
    }
}

/// Refuses what a layer of this kind does not have.
fn check_fits(layer: &Layer, params: &PlaceLayerParams) -> Result<(), RpcError> {
    let is_shape = matches!(layer.content, LayerContent::Shape { .. });
    let only_shapes = [
        ("bounds", params.bounds.is_some()),
        ("color", params.color.is_some()),
        ("shape", params.shape.is_some()),
    ];
    match only_shapes.into_iter().find(|(_, given)| *given && !is_shape) {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!(
                "Invalid parameter '{name}': layer {} is no shape layer; give 'offset' or 'matrix'",
                layer.id.0
            );
            Err(ParamError::rule(name, message).into())
        }
    }
}

impl Handle for DetachLayer {
    fn handle(
        context: &mut Context<'_>,
        params: DetachLayerParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        let document = context.project()?.document();
        let layer = target::layer(document, &params.layer_id, NO_SUCH_LAYER)?;
        let id = layer.id;
        if layer.content == LayerContent::Voxels {
            return state_of(context, id);
        }
        change_layer(context, "detach layer", move |document| {
            let layer = target::layer_mut(document, &params.layer_id, NO_SUCH_LAYER)?;
            layer.content = LayerContent::Voxels;
            layer.matrix = Matrix::IDENTITY;
            Ok(id)
        })
    }
}
