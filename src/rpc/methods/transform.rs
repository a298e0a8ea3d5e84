//! Handlers that move, turn, resize and mirror.
//!
//! What is taken is cut out of the layer, changed by an operation of `goxel.edit` on its own, and put back
//! over the rest. The selection is changed by the same operation.

use super::selection::cells_of;
use super::{entries, target};
use crate::api::Corners;
use crate::api::LayerRef;
use crate::api::methods::transform::*;
use crate::api::operations::forms::{CopyFields, MirrorFields, RotateFields, ScaleFields};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::history::Scope;
use crate::document::{BlendMode, Document, Layer, LayerId, draw_volume};
use crate::edit::{Limits, Runner};
use crate::job::{Budget, Step};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Rgba, Volume};

entries![MoveVoxels, RotateVoxels, ScaleVoxels, MirrorVoxels];

/// The most voxels that are changed at once, before and after.
const MAX_VOXELS: u64 = 1 << 24;

/// An operation on what lies in a box.
type MakeForm<'f> = &'f dyn Fn(Bounds) -> Form;

/// What a transformation takes and leaves.
struct Taken {
    part: Volume,
    rest: Volume,
    /// The selected cells, or the corners of the selected box.
    mask: Volume,
}

impl Handle for MoveVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: MoveParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let offset = params.offset;
        let form = |bounds: Bounds| {
            let min = bounds.min.map(|v| v as i32);
            let to = std::array::from_fn(|axis| min[axis].saturating_add(offset[axis]));
            let max = bounds.max_inside().map(|v| v as i32);
            Form::Move(CopyFields { min, max, to, times: 1, step: None })
        };
        transform(context, "move", params.target, params.layer_id, 1, &form)
    }
}

impl Handle for RotateVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: RotateParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let RotateParams { axis, turns, center, .. } = params;
        let form = |bounds| {
            // A turn keeps whole voxels if both numbers across the axis are whole or both halves.
            let center = center.or_else(|| Some(turnable(middle(bounds), axis.index())));
            Form::Rotate(RotateFields { axis, turns, center, within: None })
        };
        transform(context, "rotate", params.target, params.layer_id, 1, &form)
    }
}

impl Handle for ScaleVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: ScaleParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        use crate::api::operations::values::Factor;
        let ScaleParams { factor, center, .. } = params;
        let growth = match factor {
            Factor::Up(by) => u64::from(by).saturating_pow(3),
            Factor::Down(_) => 1,
        };
        let form = |bounds: Bounds| {
            let center = center.or_else(|| Some(bounds.min.map(|v| v as i32)));
            Form::Scale(ScaleFields { factor, center, within: None })
        };
        transform(context, "scale", params.target, params.layer_id, growth, &form)
    }
}

impl Handle for MirrorVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: MirrorParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let MirrorParams { axis, at, .. } = params;
        let form = |bounds| {
            let at = at.unwrap_or_else(|| middle(bounds)[axis.index()]);
            Form::Mirror(MirrorFields { axis, at, both: false, within: None })
        };
        transform(context, "mirror", params.target, params.layer_id, 1, &form)
    }
}

/// The middle of a box: at a voxel where the length is odd, between two where it is even.
fn middle(bounds: Bounds) -> [f64; 3] {
    std::array::from_fn(|axis| (bounds.min[axis] + bounds.max[axis] - 1) as f64 / 2.0)
}

/// A middle of turns about an axis: both numbers across it whole, or both halves.
fn turnable(mut center: [f64; 3], axis: usize) -> [f64; 3] {
    let [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    if (center[u].fract() == 0.0) != (center[v].fract() == 0.0) {
        center[v] -= 0.5;
    }
    center
}

fn transform(
    context: &mut Context<'_>,
    label: &str,
    subject: Subject,
    wanted: LayerRef,
    growth: u64,
    form: MakeForm<'_>,
) -> Result<Outcome<TransformResult>, RpcError> {
    let limits = context.workspace.edit_limits;
    let project = context.project()?;
    let document = project.document();
    let id = target::layer_id(document, wanted, NO_SUCH_LAYER)?;
    let mut taken = take(document, id, subject)?;
    let count = taken.part.count();
    check_size(count.max(taken.mask.count()).saturating_mul(growth))?;
    let Some(bounds) = taken.part.bounds().or_else(|| taken.mask.bounds()) else {
        return Ok(result(project, id, 0, &taken.part).into());
    };
    let form = || form(bounds);
    taken.part = changed(document, taken.part, form(), limits)?;
    taken.mask = changed(document, taken.mask, form(), limits)?;
    let part = taken.part.clone();
    project.edit(label, Scope::Document, |document| {
        put(document, id, taken);
        Ok::<_, RpcError>(())
    })?;
    Ok(result(project, id, count, &part).into())
}

fn result(
    project: &crate::workspace::Project,
    id: LayerId,
    taken: u64,
    part: &Volume,
) -> TransformResult {
    TransformResult {
        success: true,
        taken,
        put: part.count(),
        bounds: part.bounds().map(Corners::from),
        layer_id: id.0,
        revision: project.revision(),
    }
}

fn check_size(voxels: u64) -> Result<(), RpcError> {
    if voxels <= MAX_VOXELS {
        return Ok(());
    }
    let message = format!("{voxels} voxels would change, and at most {MAX_VOXELS} do at once");
    Err(RpcError::new(OVER_LIMIT, message)
        .with("limit", MAX_VOXELS)
        .with("got", voxels)
        .hint("goxel.edit moves, rotates, scales and mirrors any number; nothing was changed"))
}

/// Cuts out what is to change.
fn take(document: &Document, id: LayerId, subject: Subject) -> Result<Taken, RpcError> {
    let mut rest = target::editable_layer(document, id, NO_SUCH_LAYER)?.volume.clone();
    if subject == Subject::Layer {
        return Ok(Taken { part: rest, rest: Volume::new(), mask: Volume::new() });
    }
    let cells = cells_of(document);
    let mut part = rest.clone();
    draw_volume(&mut part, &cells, BlendMode::Intersect, 1.0);
    draw_volume(&mut rest, &cells, BlendMode::Subtract, 1.0);
    let mask = match (document.mask.is_empty(), document.selection) {
        (true, Some(bounds)) => corners(bounds),
        (true, None) => Volume::new(),
        (false, _) => cells,
    };
    Ok(Taken { part, rest, mask })
}

/// The lowest and the highest voxel of a box: enough to tell where a transformation puts it.
fn corners(bounds: Bounds) -> Volume {
    let mut volume = Volume::new();
    for corner in [bounds.min, bounds.max_inside()] {
        volume.set(corner.map(|v| v as i32).into(), Rgba::WHITE);
    }
    volume
}

/// Voxels changed by an operation, in a document of their own.
fn changed(of: &Document, volume: Volume, form: Form, limits: Limits) -> Result<Volume, RpcError> {
    let mut form = form;
    let Some(bounds) = volume.bounds() else { return Ok(volume) };
    if let Form::Move(fields) = &mut form {
        let offset: [i32; 3] = std::array::from_fn(|axis| fields.to[axis] - fields.min[axis]);
        fields.min = bounds.min.map(|v| v as i32);
        fields.max = bounds.max_inside().map(|v| v as i32);
        fields.to = std::array::from_fn(|axis| fields.min[axis].saturating_add(offset[axis]));
    }
    let mut layer = Layer::new(LayerId(1), "");
    layer.volume = volume;
    let mut own = Document::with_layers("", of.canvas, vec![layer]);
    let operation = Operation::new(form, Mode::Replace, LayerRef(None), None);
    let runner = Runner::new(vec![operation], limits);
    let mut runner = runner.map_err(|error| refused(error, of))?;
    loop {
        match runner.step(&mut own, &mut Budget::unlimited()) {
            Ok(Step::More) => {}
            Ok(Step::Done(_)) => break,
            Err(error) => return Err(refused(error, of)),
        }
    }
    let active = own.active();
    Ok(own.layer_mut(active).map(|layer| std::mem::take(&mut layer.volume)).unwrap_or_default())
}

/// Puts what changed over what was left, and the selection where it is now.
fn put(document: &mut Document, id: LayerId, taken: Taken) {
    let Taken { part, mut rest, mask } = taken;
    draw_volume(&mut rest, &part, BlendMode::Over, 1.0);
    if let Some(layer) = document.layer_mut(id) {
        layer.volume = rest;
    }
    if document.mask.is_empty() {
        document.selection = mask.bounds().or(document.selection);
    } else if !mask.is_empty() {
        (document.selection, document.mask) = (None, mask);
    }
}
