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
use crate::edit::{Limits, Refusal, Runner};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Rgba, Volume};

entries![MoveVoxels, RotateVoxels, ScaleVoxels, MirrorVoxels];

/// An operation on what lies in a box.
type MakeForm<'f> = &'f dyn Fn(Bounds) -> Form;

/// Units of work that are done before other connections get their turn.
const UNITS_AT_ONCE: u64 = 16;

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
    let taken = take(document, id, subject)?;
    let count = taken.part.count();
    check_size(count.max(taken.mask.count()).saturating_mul(growth), limits.voxels)?;
    let Some(bounds) = taken.part.bounds().or_else(|| taken.mask.bounds()) else {
        return Ok(result(project, id, 0, &taken.part).into());
    };
    let (rest, canvas) = (taken.rest, document.canvas);
    let part = Own::new(canvas, taken.part, form(bounds), limits)?;
    let mask = Own::new(canvas, taken.mask, form(bounds), limits)?;
    let mut job = TransformJob { part, mask, rest };
    let label = label.to_owned();
    let finish = move |context: &mut Context<'_>, taken: Result<Taken, RpcError>| {
        let (taken, project) = (taken?, context.project()?);
        let part = taken.part.clone();
        project.edit(&label, Scope::Document, |document| {
            put(document, id, taken);
            Ok::<_, RpcError>(())
        })?;
        Ok(result(project, id, count, &part))
    };
    match job.step(&mut Budget::units(UNITS_AT_ONCE)) {
        Step::Done(taken) => finish(context, taken).map(Outcome::Done),
        Step::More => Ok(Outcome::job(job, finish)),
    }
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

/// Voxels that an operation changes, in a document of their own.
struct Own {
    document: Document,
    /// `None` when it is done, or where there is nothing to do.
    runner: Option<Runner>,
}

impl Own {
    fn new(canvas: Bounds, volume: Volume, form: Form, limits: Limits) -> Result<Own, RpcError> {
        let (mut form, bounds) = (form, volume.bounds());
        let mut layer = Layer::new(LayerId(1), "");
        layer.volume = volume;
        let document = Document::with_layers("", canvas, vec![layer]);
        let Some(bounds) = bounds else { return Ok(Own { document, runner: None }) };
        if let Form::Move(fields) = &mut form {
            let offset: [i32; 3] = std::array::from_fn(|axis| fields.to[axis] - fields.min[axis]);
            fields.min = bounds.min.map(|v| v as i32);
            fields.max = bounds.max_inside().map(|v| v as i32);
            fields.to = std::array::from_fn(|axis| fields.min[axis].saturating_add(offset[axis]));
        }
        let operation = Operation::new(form, Mode::Replace, LayerRef(None), None);
        match Runner::new(vec![operation], limits) {
            Ok(runner) => Ok(Own { document, runner: Some(runner) }),
            Err(error) => Err(refused(error, &document)),
        }
    }

    /// Goes on; true when it is done.
    fn step(&mut self, budget: &mut Budget) -> Result<bool, RpcError> {
        let Some(runner) = &mut self.runner else { return Ok(true) };
        match runner.step(&mut self.document, budget) {
            Ok(Step::More) => Ok(false),
            Ok(Step::Done(_)) => {
                self.runner = None;
                Ok(true)
            }
            Err(error) => Err(refused(error, &self.document)),
        }
    }

    fn take(&mut self) -> Volume {
        let active = self.document.active();
        let layer = self.document.layer_mut(active);
        layer.map(|layer| std::mem::take(&mut layer.volume)).unwrap_or_default()
    }

    fn progress(&self) -> Progress {
        self.runner.as_ref().map_or_else(Progress::default, Runner::progress)
    }
}

/// The voxels first, then the selection.
struct TransformJob {
    part: Own,
    mask: Own,
    rest: Volume,
}

impl Job for TransformJob {
    type Output = Result<Taken, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        for own in [&mut self.part, &mut self.mask] {
            match own.step(budget) {
                Ok(true) => {}
                Ok(false) => return Step::More,
                Err(error) => return Step::Done(Err(error)),
            }
        }
        let rest = std::mem::take(&mut self.rest);
        Step::Done(Ok(Taken { part: self.part.take(), rest, mask: self.mask.take() }))
    }

    fn progress(&self) -> Progress {
        match self.part.runner {
            Some(_) => self.part.progress(),
            None => self.mask.progress(),
        }
    }
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
