//! Handlers that move, turn, resize and mirror.
//!
//! What is taken is cut out of the layer, changed by an operation of `goxel.edit` on its own, and put back
//! over the rest. The selection is changed by the same operation.

use super::{entries, target};
use crate::api::Corners;
use crate::api::LayerRef;
use crate::api::methods::transform::*;
use crate::api::operations::forms::{CopyFields, MirrorFields, RotateFields, ScaleFields};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::history::Scope;
use crate::document::selection::{Cut, CutJob};
use crate::document::{BlendMode, Document, Layer, LayerId, drawing_of};
use crate::edit::{Limits, Refusal, Runner};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Laying, Rgba, Volume};

entries![MoveVoxels, RotateVoxels, ScaleVoxels, MirrorVoxels];

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
            Form::Rotate(RotateFields { axis, turns, angle: None, center })
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
    if subject == Subject::Layer {
        let taken = Taken { part: volume, rest: Volume::new(), mask: Volume::new() };
        return change(context, label, id, growth, &form, taken);
    }
    let box_alone = document.selection.filter(|_| document.mask.is_empty());
    let has_any = document.selection.is_some() || !document.mask.is_empty();
    let job = CutJob::new(&volume, document.selected_cells_of(&volume));
    Outcome::chain(context, job, move |context, cut| {
        let Cut { part, rest, cells } = cut?;
        let mask = match box_alone {
            Some(bounds) => corners(bounds),
            None if has_any => cells,
            None => Volume::new(),
        };
        change(context, label, id, growth, &form, Taken { part, rest, mask })
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
    let count = taken.part.count();
    check_size(count.max(taken.mask.count()).saturating_mul(growth), limits.voxels)?;
    let Some(bounds) = taken.part.bounds().or_else(|| taken.mask.bounds()) else {
        return Ok(result(project, id, 0, &taken.part).into());
    };
    let canvas = project.document().canvas;
    let part = Own::new(canvas, taken.part, form(bounds), limits)?;
    let mask = Own::new(canvas, taken.mask, form(bounds), limits)?;
    let job = TransformJob { part, mask, rest: taken.rest, done: None };
    Outcome::chain(context, job, move |context, taken| {
        let taken = taken?;
        let part = taken.part.clone();
        let work = AtOnce::new(move |document: &mut Document| {
            put(document, id, taken);
            Ok(())
        });
        drafted(context, label, Scope::Document, work, move |project, ()| {
            Ok(result(project, id, count, &part))
        })
    })
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
        let operation = Operation::new(form, Mode::Replace, LayerRef::Active, None);
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

/// The voxels first, then the selection; then the voxels are laid on what was left.
struct TransformJob {
    part: Own,
    mask: Own,
    rest: Volume,
    /// What both came to, and the laying.
    done: Option<(Taken, Laying)>,
}

impl TransformJob {
    fn advance(&mut self, budget: &mut Budget) -> Result<bool, RpcError> {
        if self.done.is_none() {
            if !self.part.step(budget)? || !self.mask.step(budget)? {
                return Ok(false);
            }
            let (part, mask) = (self.part.take(), self.mask.take());
            let laying = drawing_of(&part, BlendMode::Over, 1.0);
            let rest = std::mem::take(&mut self.rest);
            self.done = Some((Taken { part, rest, mask }, laying));
        }
        let Some((taken, laying)) = &mut self.done else { return Ok(false) };
        while laying.lay_next(&mut taken.rest)? {
            if !budget.spend(1) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Job for TransformJob {
    /// What was changed; it is laid on the rest.
    type Output = Result<Taken, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.advance(budget) {
            Err(error) => Step::Done(Err(error)),
            Ok(false) => Step::More,
            Ok(true) => match self.done.take() {
                Some((taken, _)) => Step::Done(Ok(taken)),
                None => Step::More,
            },
        }
    }

    fn progress(&self) -> Progress {
        match (&self.done, &self.part.runner) {
            (Some((_, laying)), _) => laying.progress(),
            (None, Some(_)) => self.part.progress(),
            (None, None) => self.mask.progress(),
        }
    }
}

/// Puts the layer and the selection where they are now.
fn put(document: &mut Document, id: LayerId, taken: Taken) {
    let Taken { rest, mask, .. } = taken;
    if let Some(layer) = document.layer_mut(id) {
        layer.volume = rest;
    }
    if document.mask.is_empty() {
        document.selection = mask.bounds().or(document.selection);
    } else if !mask.is_empty() {
        (document.selection, document.mask) = (None, mask);
    }
}
