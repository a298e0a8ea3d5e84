//! Handlers that draw shapes and fill regions.

use super::voxels::opaque;
use super::{entries, target};
use crate::api::args::shown;
use crate::api::methods::edit::BoxResult;
use crate::api::methods::shapes::*;
use crate::api::notes::note;
use crate::api::operations::forms::FillFields;
use crate::api::operations::richer::Center;
use crate::api::operations::values::Radius;
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::api::{Color, Position};
use crate::document::Document;
use crate::edit::layers::NotFound;
use crate::edit::{EditError, Refusal, Solid, about, cover_count, procedural, shape_of, spanned};
use crate::likeness::nearest;
use crate::rpc::change::{self, Change, Changed, carry_out};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{FLOOD_FILL, INVALID_PARAMS, PROCEDURAL_SHAPE, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Rgba, Shape};

entries![ProceduralShape, FloodFill];

/// Places that are counted for a result.
const COUNTED_PLACES: u128 = 1 << 21;

/// The operation that a call asks for.
pub(super) fn shape_operation(params: &ProceduralShapeParams<'_>) -> Result<Operation, RpcError> {
    let solid = Solid::named(&params.shape_type).ok_or_else(|| unknown(&params.shape_type))?;
    let center = match params.center {
        Some(center) => center.0,
        None => [params.center_x, params.center_y, params.center_z].map(f64::from),
    };
    let each = [params.size_x, params.size_y, params.size_z].map(|length| length.0 as u32);
    let bounds = match params.radius {
        Some(Radius(radius)) => {
            if params.size.is_some() {
                note("'size' is not used beside 'radius'");
            }
            Some(spanned(Center(center), [radius; 3], "radius").map_err(broken_rule)?)
        }
        None => about(center, params.size.map_or(each, |size| size.0)),
    };
    let form = procedural(solid, bounds, params.axis, params.rotation, params.hollow);
    let form = form.map_err(broken_rule)?;
    if let Some(Err(refusal)) = shape_of(&form) {
        return Err(broken_rule(refusal));
    }
    let color = params.color.0.unwrap_or_else(|| {
        if params.mode.shows_color() {
            note("no color was given: black, the default of the reference, was used");
        }
        Rgba::opaque(0, 0, 0)
    });
    let (mode, layer, color) = (params.mode, params.layer_id.clone(), Some(color));
    Ok(Operation::new(form, mode, layer, color))
}

fn broken_rule(refusal: Refusal) -> RpcError {
    let error = RpcError::new(INVALID_PARAMS, refusal.to_string());
    let error = match refusal {
        Refusal::Rule { field, .. } => error.with("param", field),
        _ => error,
    };
    error.hint("nothing was changed")
}

fn unknown(name: &str) -> RpcError {
    let names = || Solid::NAMES.iter().map(|(name, _)| *name);
    let near = nearest(name, names());
    // Old clients look for these words; who only mistyped is told what was meant.
    let message = match near {
        Some(near) => format!("Shape type not implemented yet: did you mean '{near}'?"),
        None => "Shape type not implemented yet".to_owned(),
    };
    let error = RpcError::new(PROCEDURAL_SHAPE, message)
        .with("param", "shape_type")
        .with("got", shown(name))
        .with("known", names().collect::<Vec<_>>())
        .hint("nothing was changed");
    match near {
        Some(nearest) => error.with("nearest", nearest),
        None => error,
    }
}

impl Handle for ProceduralShape {
    fn handle(
        context: &mut Context<'_>,
        params: ProceduralShapeParams<'_>,
    ) -> Result<Outcome<ProceduralShapeResult>, RpcError> {
        let operation = shape_operation(&params)?;
        let document = context.project()?.document();
        let id = target::layer_id(document, &params.layer_id, PROCEDURAL_SHAPE)?;
        let shape = shape_of(&operation.form).and_then(Result::ok);
        let drawn = document.layer(id).and_then(|layer| layer.volume.block_bounds());
        let (shape_type, layer_id) = (params.shape_type.to_lowercase(), id.0);
        let label = format!("draw {shape_type}");
        let change = Change::of(operation, &label, change::refused);
        carry_out(context, change, move |Changed { outcome, .. }| {
            let report = outcome.total;
            let created = shape.and_then(|shape| covered(&shape, drawn));
            Ok(ProceduralShapeResult {
                success: true,
                shape_type,
                voxels_created: created.unwrap_or(report.changed),
                layer_id,
                changed: report.changed,
                bounds: report.bounds.map(BoxResult::from),
            })
        })
    }
}

/// How many voxels a shape covers; `None` where what changed is the same number, or near enough.
fn covered(shape: &Shape, drawn: Option<Bounds>) -> Option<u64> {
    let bounds = shape.bounds()?;
    let overlaps = drawn.is_some_and(|drawn| drawn.intersect(&bounds).is_some());
    (overlaps && bounds.capacity() <= COUNTED_PLACES).then(|| cover_count(shape))
}

/// The error for a region that cannot be filled.
fn unfilled(error: EditError, document: &Document) -> RpcError {
    match &error.refusal {
        Refusal::Rule { field: "at", message } => target::failed(FLOOD_FILL, message.clone())
            .with("param", "position")
            .hint("give a box around the voxel as 'within'; nothing was changed"),
        Refusal::NoSuchLayer(wanted) => {
            target::not_found(document, wanted, &NotFound::None, FLOOD_FILL)
        }
        _ => change::refused(error, document),
    }
}

impl Handle for FloodFill {
    fn handle(
        context: &mut Context<'_>,
        params: FloodFillParams,
    ) -> Result<Outcome<FloodFillResult>, RpcError> {
        let FloodFillParams { position: Position(at), color: Color(color), .. } = params;
        let layer_id =
            target::layer_id(context.project()?.document(), &params.layer_id, FLOOD_FILL)?.0;
        let FloodFillParams { tolerance, within, layer_id: layer, .. } = params;
        let form = Form::Fill(FillFields { at, tolerance });
        let operation = Operation::new(form, Mode::Replace, layer, Some(opaque(color)));
        let operation = operation.within(within);
        let change = Change::of(operation, "flood fill", unfilled);
        carry_out(context, change, move |Changed { outcome, .. }| {
            let report = outcome.total;
            Ok(FloodFillResult {
                success: true,
                voxels_filled: report.changed,
                layer_id,
                bounds: report.bounds.map(BoxResult::from),
            })
        })
    }
}
