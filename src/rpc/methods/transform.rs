//! Handlers that move, turn, resize and mirror.
//!
//! What is taken is cut out of the layer, changed by an operation of `goxel.edit` on its own, and
//! put back over the rest. The selection is changed by the same operation.

use super::{entries, target};
use crate::api::Corners;
use crate::api::LayerRef;
use crate::api::methods::transform::*;
use crate::api::operations::forms::{CopyFields, MirrorFields, RotateFields, ScaleFields};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::history::Scope;
use crate::document::selection::{Cut, cut, laid};
use crate::document::{BlendMode, Document, Layer, LayerId};
use crate::edit::{Limits, Refusal, Runner};
use crate::job::{Slice, Step, Work};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{Written, drafted};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Rgba, Volume};

entries![MoveVoxels, RotateVoxels, ScaleVoxels, MirrorVoxels];

/// An operation on what lies in a box.
type MakeForm<'f> = &'f dyn Fn(Bounds) -> Form;

/// What a transformation takes and leaves.
struct Taken {
    part: Volume,
    rest: Volume,
    /// The selected cells, or the corners of the selected box.
    mask: Volume,
    /// The box around the part, or around the mask if there is no voxel in it.
    bounds: Option<Bounds>,
    /// Voxels of the part and of the mask.
    counts: [u64; 2],
}

impl Taken {
    async fn of(part: Volume, rest: Volume, mask: Volume, slice: &Slice) -> Taken {
        let bounds = match part.bounds_in_slices(true, slice).await {
            None => mask.bounds_in_slices(true, slice).await,
            bounds => bounds,
        };
        let counts = [part.count_in_slices(slice).await, mask.count_in_slices(slice).await];
        Taken { part, rest, mask, bounds, counts }
    }
}

/// What was put where.
#[derive(Default)]
struct Put {
    voxels: u64,
    bounds: Option<Bounds>,
}

impl Handle for MoveVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: MoveParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let offset = params.offset;
        let form = move |bounds: Bounds| {
            let min = bounds.min.map(|v| v as i32);
            let to = std::array::from_fn(|axis| min[axis].saturating_add(offset[axis]));
            let max = bounds.max_inside().map(|v| v as i32);
            Form::Move(CopyFields { min, max, to, times: 1, step: None })
        };
        transform(context, "move", params.target, params.layer_id, 1, form)
    }
}

impl Handle for RotateVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: RotateParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let RotateParams { axis, turns, center, .. } = params;
        let form = move |bounds| {
            // A turn keeps whole voxels if both numbers across the axis are whole or both halves.
            let center = center.or_else(|| Some(turnable(middle(bounds), axis.index())));
            Form::Rotate(RotateFields { axis, turns: Some(turns), angle: None, center })
        };
        transform(context, "rotate", params.target, params.layer_id, 1, form)
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
        let form = move |bounds: Bounds| {
            let center = center.or_else(|| Some(bounds.min.map(|v| v as i32)));
            Form::Scale(ScaleFields { factor, center })
        };
        transform(context, "scale", params.target, params.layer_id, growth, form)
    }
}

impl Handle for MirrorVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: MirrorParams,
    ) -> Result<Outcome<TransformResult>, RpcError> {
        let MirrorParams { axis, at, .. } = params;
        let form = move |bounds| {
            let at = at.unwrap_or_else(|| middle(bounds)[axis.index()]);
            Form::Mirror(MirrorFields { axis, at, both: false })
        };
        transform(context, "mirror", params.target, params.layer_id, 1, form)
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
    label: &'static str,
    subject: Subject,
    wanted: LayerRef,
    growth: u64,
    form: impl Fn(Bounds) -> Form + 'static,
) -> Result<Outcome<TransformResult>, RpcError> {
    let document = context.project()?.document();
    let id = target::layer_id(document, wanted, NO_SUCH_LAYER)?;
    let volume = target::editable_layer(document, id, NO_SUCH_LAYER)?.volume.clone();
    let selected = document.selected();
    let work = Work::new(move |slice| async move {
        if subject == Subject::Layer {
            return Ok(Taken::of(volume, Volume::new(), Volume::new(), &slice).await);
        }
        let (box_alone, has_any) = (selected.box_alone(), !selected.is_empty());
        let cells = selected.cells_of(&volume, &slice).await?;
        let Cut { part, rest } = cut(&volume, &cells, &slice).await?;
        let mask = match box_alone {
            Some(bounds) => corners(bounds),
            None if has_any => cells,
            None => Volume::new(),
        };
        Ok::<_, RpcError>(Taken::of(part, rest, mask, &slice).await)
    });
    Outcome::chain(context, work, move |context, taken| {
        change(context, label, id, growth, &form, taken?)
    })
}

/// Changes what was taken, and puts it back.
fn change(
    context: &mut Context<'_>,
    label: &'static str,
    id: LayerId,
    growth: u64,
    form: MakeForm<'_>,
    taken: Taken,
) -> Result<Outcome<TransformResult>, RpcError> {
    let limits = context.workspace.edit_limits;
    let project = context.project()?;
    let [count, masked] = taken.counts;
    check_size(count.max(masked).saturating_mul(growth), limits.voxels)?;
    let Some(bounds) = taken.bounds else {
        return Ok(result(project, id, 0, &Put::default()).into());
    };
    let canvas = project.document().canvas;
    let forms = [form(bounds), form(bounds)];
    // The voxels first, then the selection; then the voxels are laid on what was left.
    let work = Written::new(move |draft, slice| async move {
        let [form, form_of_mask] = forms;
        let part = changed(canvas, taken.part, form, limits, &slice).await?;
        let mask = changed(canvas, taken.mask, form_of_mask, limits, &slice).await?;
        let rest = laid(taken.rest, &part, BlendMode::Over, &slice).await?;
        let bounds = part.bounds_in_slices(true, &slice).await;
        let done = Put { voxels: part.count_in_slices(&slice).await, bounds };
        let mask_bounds = mask.bounds_in_slices(true, &slice).await;
        draft.with(|document| put(document, id, rest, (mask, mask_bounds)));
        Ok(done)
    });
    drafted(context, label, Scope::Document, work, move |project, done| {
        Ok(result(project, id, count, &done))
    })
}

fn result(
    project: &crate::workspace::Project,
    id: LayerId,
    taken: u64,
    done: &Put,
) -> TransformResult {
    TransformResult {
        success: true,
        taken,
        put: done.voxels,
        bounds: done.bounds.map(Corners::from),
        layer_id: id.0,
        revision: project.revision(),
    }
}

fn check_size(wanted: u64, limit: u64) -> Result<(), RpcError> {
    if wanted <= limit {
        return Ok(());
    }
    let refusal = Refusal::TooManyVoxels { wanted, limit };
    Err(RpcError::new(OVER_LIMIT, format!("Over the limit: {refusal}"))
        .with("limit", limit)
        .with("got", wanted)
        .hint("select less and do it in parts; nothing was changed"))
}

/// The lowest and the highest voxel of a box: enough to tell where a transformation puts it.
fn corners(bounds: Bounds) -> Volume {
    let mut volume = Volume::new();
    for corner in [bounds.min, bounds.max_inside()] {
        volume.set(corner.map(|v| v as i32).into(), Rgba::WHITE);
    }
    volume
}

/// Voxels as an operation leaves them.
async fn changed(
    canvas: Bounds,
    volume: Volume,
    mut form: Form,
    limits: Limits,
    slice: &Slice,
) -> Result<Volume, RpcError> {
    let Some(bounds) = volume.bounds_in_slices(true, slice).await else { return Ok(volume) };
    let mut layer = Layer::new(LayerId(1), "");
    layer.volume = volume;
    let mut document = Document::with_layers("", canvas, vec![layer]);
    if let Form::Move(fields) = &mut form {
        let offset: [i32; 3] = std::array::from_fn(|axis| fields.to[axis] - fields.min[axis]);
        fields.min = bounds.min.map(|v| v as i32);
        fields.max = bounds.max_inside().map(|v| v as i32);
        fields.to = std::array::from_fn(|axis| fields.min[axis].saturating_add(offset[axis]));
    }
    let operation = Operation::new(form, Mode::Replace, LayerRef::Active, None);
    let mut runner =
        Runner::new(vec![operation], limits).map_err(|error| refused(error, &document))?;
    let ran = slice.stepped(|budget| {
        let step = match runner.step(&mut document, budget) {
            Ok(Step::More) => Step::More,
            Ok(Step::Done(_)) => Step::Done(Ok(())),
            Err(error) => Step::Done(Err(error)),
        };
        (step, runner.progress())
    });
    ran.await.map_err(|error| refused(error, &document))?;
    let active = document.active();
    let layer = document.layer_mut(active);
    Ok(layer.map(|layer| std::mem::take(&mut layer.volume)).unwrap_or_default())
}

/// Puts the layer and the selection where they are now.
fn put(
    document: &mut Document,
    id: LayerId,
    volume: Volume,
    (mask, bounds): (Volume, Option<Bounds>),
) {
    if let Some(layer) = document.layer_mut(id) {
        layer.volume = volume;
    }
    if document.mask.is_empty() {
        document.selection = bounds.or(document.selection);
    } else if !mask.is_empty() {
        (document.selection, document.mask) = (None, mask);
    }
}
