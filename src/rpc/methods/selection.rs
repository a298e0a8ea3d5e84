//! Handlers about the selection.

use super::layer_settings::{push_above, state_in, with_suffix};
use super::sources::sourced;
use super::{entries, target};
use crate::api::args::ParamError;
use crate::api::methods::layer_settings::LayerState;
use crate::api::methods::selection::*;
use crate::api::methods::system::NoParams;
use crate::api::source::Source;
use crate::api::{Corners, LayerRef};
use crate::document::history::Scope;
use crate::document::selection::{
    Combine, Cut, CutJob, VolumeJob, grow, in_color, invert, mask_of, mask_of_color, mask_of_set,
    ready, shrink,
};
use crate::document::{BlendMode, Document, LayerContent, LayerId, Matrix, drawing_of};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::NameLimit;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, DraftWork, drafted};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Laying, Point, RegionJob, RegionTooLarge, Rgba, Volume};
use crate::workspace::Project;

entries![
    GetSelection,
    SelectBox,
    SelectColor,
    SelectConnected,
    SelectVoxels,
    GrowSelection,
    ShrinkSelection,
    InvertSelection,
    ClearSelection,
    FillSelection,
    EraseSelection,
    CopySelection
];

fn state(project: &Project) -> SelectionState {
    let document = project.document();
    SelectionState {
        empty: document.selection.is_none() && document.mask.is_empty(),
        bounds: document.selection.map(Corners::from),
        mask_count: document.mask.count(),
        mask_bounds: document.mask.bounds().map(Corners::from),
        revision: project.revision(),
    }
}

/// Changes the selection by one undo step.
fn change(
    project: &mut Project,
    label: &str,
    change: impl FnOnce(&mut Document),
) -> Result<SelectionState, RpcError> {
    project.edit(label, Scope::Document, |document| {
        change(document);
        Ok::<_, RpcError>(())
    })?;
    Ok(state(project))
}

fn combine(together: Together) -> Combine {
    match together {
        Together::Replace => Combine::Replace,
        Together::Add => Combine::Add,
        Together::Subtract => Combine::Subtract,
        Together::Intersect => Combine::Intersect,
    }
}

fn tolerance(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

impl Handle for GetSelection {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<SelectionState>, RpcError> {
        Ok(state(context.project()?).into())
    }
}

impl Handle for SelectBox {
    fn handle(
        context: &mut Context<'_>,
        params: SelectBoxParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let bounds = Some(Bounds::inclusive(params.min, params.max));
        let project = context.project()?;
        if project.document().selection == bounds {
            return Ok(state(project).into());
        }
        change(project, "select box", |document| document.selection = bounds).map(Outcome::Done)
    }
}

/// Work whose volume is made first, from what the document holds, and then put into it as a unit.
struct Put<F> {
    job: VolumeJob,
    put: Option<F>,
}

impl<F: FnOnce(&mut Document, Volume)> DraftWork for Put<F> {
    type Output = ();

    fn step(&mut self, document: &mut Document, budget: &mut Budget) -> Result<Step<()>, RpcError> {
        let Step::Done(made) = self.job.step(budget) else { return Ok(Step::More) };
        let made = made?;
        let put = self.put.take().ok_or_else(|| RpcError::internal("a mask was put twice"))?;
        put(document, made);
        Ok(Step::Done(()))
    }

    fn progress(&self) -> Progress {
        self.job.progress()
    }
}

/// Changes the selection by one undo step, in slices; the job makes the new mask.
fn change_mask(
    context: &mut Context<'_>,
    label: &str,
    job: VolumeJob,
    put: impl FnOnce(&mut Document, Volume) + 'static,
) -> Result<Outcome<SelectionState>, RpcError> {
    let work = Put { job, put: Some(put) };
    drafted(context, label, Scope::Document, work, |project, ()| Ok(state(project)))
}

/// Has a new mask go together with the present one.
fn select_mask(
    context: &mut Context<'_>,
    label: &str,
    mask: VolumeJob,
    together: Together,
) -> Result<Outcome<SelectionState>, RpcError> {
    let job = context.project()?.document().mask_with(mask, combine(together));
    change_mask(context, label, job, |document, mask| document.mask = mask)
}

/// Selects voxels of a layer, or of all that is seen.
fn select(
    context: &mut Context<'_>,
    wanted: Source,
    together: Together,
    mask: impl FnOnce(&Volume) -> VolumeJob + 'static,
) -> Result<Outcome<SelectionState>, RpcError> {
    sourced(context, wanted, move |context, volume, _| {
        select_mask(context, "select", mask(&volume), together)
    })
}

impl Handle for SelectColor {
    fn handle(
        context: &mut Context<'_>,
        params: SelectColorParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let SelectColorParams { color, tolerance: near, layer_id, combine } = params;
        select(context, layer_id, combine, move |volume| {
            mask_of_color(volume, color, tolerance(near.0))
        })
    }
}

impl Handle for SelectVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: SelectLayerParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        select(context, params.layer_id, params.combine, mask_of)
    }
}

impl Handle for SelectConnected {
    fn handle(
        context: &mut Context<'_>,
        params: SelectConnectedParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        const LABEL: &str = "select connected";
        let limit = context.workspace.edit_limits.voxels;
        let (wanted, together) = (params.layer_id, params.combine);
        let (seed, near) = (Point::from(params.position.0), tolerance(params.tolerance.0));
        sourced(context, wanted, move |context, volume, _| {
            if volume.get(seed).is_empty() {
                return select_mask(context, LABEL, ready(Volume::new()), together);
            }
            let job = RegionJob::new(&volume, seed, [near; 4], Bounds::ALL, limit);
            Outcome::chain(context, job, move |context, region| {
                let region = region.map_err(|error| too_large(error, limit))?;
                select_mask(context, LABEL, mask_of_set(region), together)
            })
        })
    }
}

fn too_large(error: RegionTooLarge, limit: u64) -> RpcError {
    RpcError::new(OVER_LIMIT, format!("Over the limit: {error} (--max-edit-voxels)"))
        .with("limit", limit)
        .hint("select by colour or by a box instead; nothing was changed")
}

/// A box with `by` more voxels on each side, or fewer.
fn resized(bounds: Bounds, by: i64) -> Option<Bounds> {
    let resized = Bounds::new(bounds.min.map(|v| v - by), bounds.max.map(|v| v + by))?;
    resized.intersect(&Bounds::ALL)
}

impl Handle for GrowSelection {
    fn handle(
        context: &mut Context<'_>,
        params: StepsParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let (steps, by) = (u32::try_from(params.steps.0).unwrap_or(1), params.steps.0);
        let job = grow(&context.project()?.document().mask, steps);
        change_mask(context, "grow selection", job, move |document, mask| {
            document.mask = mask;
            document.selection = document.selection.and_then(|bounds| resized(bounds, by));
        })
    }
}

impl Handle for ShrinkSelection {
    fn handle(
        context: &mut Context<'_>,
        params: StepsParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let (steps, by) = (u32::try_from(params.steps.0).unwrap_or(1), params.steps.0);
        let job = shrink(&context.project()?.document().mask, steps);
        change_mask(context, "shrink selection", job, move |document, mask| {
            document.mask = mask;
            document.selection = document.selection.and_then(|bounds| resized(bounds, -by));
        })
    }
}

/// Refuses a box that is too large for a mask.
fn check_size(bounds: Bounds, param: &str, limit: u64) -> Result<(), RpcError> {
    if bounds.capacity() <= u128::from(limit) {
        return Ok(());
    }
    let message = format!(
        "The box holds {} cells, and a mask holds at most {limit} (--max-edit-voxels)",
        bounds.capacity()
    );
    Err(RpcError::new(OVER_LIMIT, message)
        .with("param", param)
        .with("limit", limit)
        .hint("give a smaller box; nothing was changed"))
}

/// What is selected, as cells; empty if nothing is.
fn selected(document: &Document, limit: u64) -> Result<VolumeJob, RpcError> {
    if let Some(bounds) = document.selection {
        check_size(bounds, "box", limit)?;
    }
    Ok(document.selected_cells())
}

impl Handle for InvertSelection {
    fn handle(
        context: &mut Context<'_>,
        params: InvertSelectionParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let limit = context.workspace.edit_limits.voxels;
        let project = context.project()?;
        let document = project.document();
        let within = params.within.map_or(document.canvas, |within| within.0);
        check_size(within, "within", limit)?;
        let job = invert(selected(document, limit)?, within);
        change_mask(context, "invert selection", job, |document, mask| {
            document.selection = None;
            document.mask = mask;
        })
    }
}

impl Handle for ClearSelection {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<SelectionState>, RpcError> {
        let project = context.project()?;
        if project.document().selection.is_none() && project.document().mask.is_empty() {
            return Ok(state(project).into());
        }
        change(project, "clear selection", Document::select_nothing).map(Outcome::Done)
    }
}

/// The selection drawn into a layer.
struct DrawSelection {
    layer: LayerId,
    mode: BlendMode,
    color: Rgba,
    stage: DrawStage,
    cells: u64,
}

enum DrawStage {
    /// The selected cells are made.
    Selecting(VolumeJob),
    /// They get their colour.
    Coloring(VolumeJob),
    /// They are drawn.
    Drawing(Box<Laying>),
}

impl DraftWork for DrawSelection {
    /// How many cells are selected.
    type Output = u64;

    fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<u64>, RpcError> {
        loop {
            match &mut self.stage {
                DrawStage::Selecting(job) => {
                    let Step::Done(cells) = job.step(budget) else { return Ok(Step::More) };
                    let cells = cells?;
                    self.cells = cells.count();
                    let has_color = self.color == Rgba::WHITE;
                    self.stage = DrawStage::Coloring(match has_color {
                        true => ready(cells),
                        false => in_color(&cells, self.color),
                    });
                }
                DrawStage::Coloring(job) => {
                    let Step::Done(colored) = job.step(budget) else { return Ok(Step::More) };
                    let drawing = drawing_of(&colored?, self.mode, 1.0);
                    self.stage = DrawStage::Drawing(Box::new(drawing));
                }
                DrawStage::Drawing(drawing) => {
                    let layer = LayerRef::Id(self.layer.0);
                    let layer = target::editable_layer_mut(document, layer, NO_SUCH_LAYER)?;
                    if !drawing.lay_next(&mut layer.volume)? {
                        return Ok(Step::Done(self.cells));
                    }
                }
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            DrawStage::Selecting(job) | DrawStage::Coloring(job) => job.progress(),
            DrawStage::Drawing(drawing) => drawing.progress(),
        }
    }
}

/// Draws the selection into a layer.
fn draw_selection(
    context: &mut Context<'_>,
    label: &str,
    wanted: LayerRef,
    mode: BlendMode,
    color: Rgba,
) -> Result<Outcome<SelectionEdit>, RpcError> {
    let limit = context.workspace.edit_limits.voxels;
    let document = context.project()?.document();
    let id = target::layer_id(document, wanted, NO_SUCH_LAYER)?;
    let before = target::editable_layer(document, id, NO_SUCH_LAYER)?.volume.count();
    let stage = DrawStage::Selecting(selected(document, limit)?);
    let work = DrawSelection { layer: id, mode, color, stage, cells: 0 };
    drafted(context, label, Scope::Voxels, work, move |project, selected| {
        let layer = target::editable_layer(project.document(), id, NO_SUCH_LAYER)?;
        let (after, revision) = (layer.volume.count(), project.revision());
        let layer_id = id.0;
        Ok(SelectionEdit { success: true, selected, before, after, layer_id, revision })
    })
}

impl Handle for FillSelection {
    fn handle(
        context: &mut Context<'_>,
        params: FillSelectionParams,
    ) -> Result<Outcome<SelectionEdit>, RpcError> {
        let color = params.color.0;
        if color.is_empty() {
            let message = "Invalid parameter 'color': expected alpha above 0; \
                           goxel.erase_selection erases";
            return Err(ParamError::rule("color", message).into());
        }
        let mode = if params.paint { BlendMode::Paint } else { BlendMode::Over };
        draw_selection(context, "fill selection", params.layer_id, mode, color)
    }
}

impl Handle for EraseSelection {
    fn handle(
        context: &mut Context<'_>,
        params: EraseSelectionParams,
    ) -> Result<Outcome<SelectionEdit>, RpcError> {
        let (mode, layer) = (BlendMode::Subtract, params.layer_id);
        draw_selection(context, "erase selection", layer, mode, Rgba::WHITE)
    }
}

impl Handle for CopySelection {
    fn handle(
        context: &mut Context<'_>,
        params: CopySelectionParams,
    ) -> Result<Outcome<LayerState>, RpcError> {
        let document = context.project()?.document();
        let id = target::layer_id(document, &params.layer_id, NO_SUCH_LAYER)?;
        let layer = match params.cut {
            true => target::editable_layer(document, id, NO_SUCH_LAYER)?,
            false => target::layer(document, &params.layer_id, NO_SUCH_LAYER)?,
        };
        let job = CutJob::new(&layer.volume, document.selected_cells_of(&layer.volume));
        Outcome::chain(context, job, move |context, cut| {
            let Cut { part, rest, .. } = cut?;
            let rest = params.cut.then_some(rest);
            let most = context.daemon.limits.names.layer;
            let work = AtOnce::new(move |document: &mut Document| {
                Ok(put_copy(document, id, part, rest, most))
            });
            drafted(context, "copy selection", Scope::Document, work, |project, id| {
                state_in(project, id)
            })
        })
    }
}

/// Puts the selected part of a layer's voxels into a new layer above it, and what is left of them, if it is cut out,
/// into the layer.
fn put_copy(
    document: &mut Document,
    of: LayerId,
    part: Volume,
    rest: Option<Volume>,
    most: NameLimit,
) -> LayerId {
    let active = document.active();
    let Some(original) = document.layer_mut(of) else { return active };
    if let Some(rest) = rest {
        original.volume = rest;
    }
    let mut layer = original.clone();
    layer.name = with_suffix(&original.name, " part", most);
    (layer.content, layer.matrix) = (LayerContent::Voxels, Matrix::IDENTITY);
    layer.volume = part;
    push_above(document, of, layer)
}
