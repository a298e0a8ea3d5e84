//! Handlers about the selection.

use super::layer_settings::{change_layer, push_above, with_suffix};
use super::{entries, target};
use crate::api::args::ParamError;
use crate::api::methods::layer_settings::LayerState;
use crate::api::methods::selection::*;
use crate::api::methods::system::NoParams;
use crate::api::source::Source;
use crate::api::{Corners, LayerRef};
use crate::document::history::Scope;
use crate::document::selection::{
    Combine, grow, invert, mask_of, mask_of_box, mask_of_color, shrink,
};
use crate::document::{BlendMode, Document, LayerContent, LayerId, Matrix, draw_volume};
use crate::job::{Budget, Job, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, RegionJob, RegionTooLarge, Rgba, Selection, Volume};
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

/// Units of a region search that are done before other connections get their turn.
const UNITS_AT_ONCE: u64 = 8;

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

/// Adds a mask to the selection.
fn select(
    context: &mut Context<'_>,
    wanted: Source,
    together: Together,
    mask: impl FnOnce(&Volume) -> Volume,
) -> Result<Outcome<SelectionState>, RpcError> {
    let project = context.project()?;
    let (volume, _) = target::source(project.document(), wanted)?;
    let mask = mask(&volume);
    change(project, "select", |document| document.select(&mask, combine(together)))
        .map(Outcome::Done)
}

impl Handle for SelectColor {
    fn handle(
        context: &mut Context<'_>,
        params: SelectColorParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let SelectColorParams { color, tolerance: near, layer_id, combine } = params;
        select(context, layer_id, combine, |volume| mask_of_color(volume, color, tolerance(near.0)))
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
        let together = params.combine;
        let limit = context.workspace.edit_limits.voxels;
        let project = context.project()?;
        let (volume, _) = target::source(project.document(), params.layer_id)?;
        let (seed, near) = (params.position.0.into(), tolerance(params.tolerance.0));
        if volume.get(seed).is_empty() {
            let nothing = Volume::new();
            return change(project, "select connected", |document| {
                document.select(&nothing, combine(together));
            })
            .map(Outcome::Done);
        }
        let mut job = RegionJob::new(&volume, seed, [near; 4], Bounds::ALL, limit);
        let finish = move |context: &mut Context<'_>, region| {
            let mask = mask_of_region(region, limit)?;
            change(context.project()?, "select connected", |document| {
                document.select(&mask, combine(together));
            })
        };
        match job.step(&mut Budget::units(UNITS_AT_ONCE)) {
            Step::Done(region) => finish(context, region).map(Outcome::Done),
            Step::More => Ok(Outcome::job(job, finish)),
        }
    }
}

fn mask_of_region(
    region: Result<Selection, RegionTooLarge>,
    limit: u64,
) -> Result<Volume, RpcError> {
    let region = region.map_err(|error| {
        RpcError::new(OVER_LIMIT, format!("Over the limit: {error} (--max-edit-voxels)"))
            .with("limit", limit)
            .hint("select by colour or by a box instead; nothing was changed")
    })?;
    let mut mask = Volume::new();
    mask.blend_selection(&region, BlendMode::Replace, Rgba::WHITE)?;
    Ok(mask)
}

/// What is selected: the mask within the box.
pub(super) fn cells_of(document: &Document) -> Volume {
    let mut cells = document.mask.clone();
    if let Some(bounds) = document.selection {
        let boxed = mask_of_box(bounds);
        match cells.is_empty() {
            true => return boxed,
            false => draw_volume(&mut cells, &boxed, BlendMode::Intersect, 1.0),
        }
    }
    cells
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
        change(context.project()?, "grow selection", |document| {
            document.mask = grow(&document.mask, steps);
            document.selection = document.selection.and_then(|bounds| resized(bounds, by));
        })
        .map(Outcome::Done)
    }
}

impl Handle for ShrinkSelection {
    fn handle(
        context: &mut Context<'_>,
        params: StepsParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let (steps, by) = (u32::try_from(params.steps.0).unwrap_or(1), params.steps.0);
        change(context.project()?, "shrink selection", |document| {
            document.mask = shrink(&document.mask, steps);
            document.selection = document.selection.and_then(|bounds| resized(bounds, -by));
        })
        .map(Outcome::Done)
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
fn selected(document: &Document, limit: u64) -> Result<Volume, RpcError> {
    if let Some(bounds) = document.selection {
        check_size(bounds, "box", limit)?;
    }
    Ok(cells_of(document))
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
        let mask = invert(&selected(document, limit)?, within);
        change(project, "invert selection", |document| {
            document.selection = None;
            document.mask = mask;
        })
        .map(Outcome::Done)
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

/// Draws the selection into a layer.
fn draw_selection(
    context: &mut Context<'_>,
    label: &str,
    wanted: LayerRef,
    mode: BlendMode,
    color: Rgba,
) -> Result<Outcome<SelectionEdit>, RpcError> {
    let limit = context.workspace.edit_limits.voxels;
    let project = context.project()?;
    let cells = selected(project.document(), limit)?;
    let count = cells.count();
    let colored = if color == Rgba::WHITE { cells } else { in_color(&cells, color) };
    let (layer_id, before, after) = project.edit(label, Scope::Voxels, |document| {
        let layer = target::editable_layer_mut(document, wanted, NO_SUCH_LAYER)?;
        let before = layer.volume.count();
        draw_volume(&mut layer.volume, &colored, mode, 1.0);
        Ok::<_, RpcError>((layer.id.0, before, layer.volume.count()))
    })?;
    let revision = project.revision();
    Ok(SelectionEdit { success: true, selected: count, before, after, layer_id, revision }.into())
}

/// A mask in one colour.
fn in_color(mask: &Volume, color: Rgba) -> Volume {
    let mut colored = Volume::new();
    for (at, block) in mask.blocks() {
        match block.uniform() {
            Some(_) => colored.set_uniform_block(at, color),
            None => {
                let cell = |index| if block.get(index).is_empty() { Rgba::EMPTY } else { color };
                colored.set_block(at, &std::array::from_fn(cell));
            }
        }
    }
    colored
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
        let limit = context.workspace.edit_limits.voxels;
        let cells = selected(context.project()?.document(), limit)?;
        change_layer(context, "copy selection", |document| {
            if params.cut {
                let layer = target::editable_layer_mut(document, params.layer_id, NO_SUCH_LAYER)?;
                let (id, whole) = (layer.id, layer.volume.clone());
                draw_volume(&mut layer.volume, &cells, BlendMode::Subtract, 1.0);
                return Ok(put_copy(document, id, whole, &cells));
            }
            let layer = target::layer(document, params.layer_id, NO_SUCH_LAYER)?;
            let (id, whole) = (layer.id, layer.volume.clone());
            Ok(put_copy(document, id, whole, &cells))
        })
    }
}

/// Puts the selected part of a layer's voxels into a new layer above it.
fn put_copy(document: &mut Document, of: LayerId, mut part: Volume, cells: &Volume) -> LayerId {
    draw_volume(&mut part, cells, BlendMode::Intersect, 1.0);
    let Some(original) = document.layer(of) else { return document.active() };
    let mut layer = original.clone();
    layer.name = with_suffix(&original.name, " part");
    (layer.content, layer.matrix) = (LayerContent::Voxels, Matrix::IDENTITY);
    layer.volume = part;
    push_above(document, of, layer)
}
