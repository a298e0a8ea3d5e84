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
    Combine, Cut, Selected, cut, grow, in_color, invert, mask_of, mask_of_color, mask_of_set,
    shrink,
};
use crate::document::{BlendMode, Document, LayerContent, LayerId, Matrix, drawing_of};
use crate::job::Slice;
use crate::rpc::NameLimit;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, Written, drafted, draw_on};
use crate::rpc::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Point, RegionJob, RegionTooLarge, Rgba, Volume};
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
    context: &mut Context<'_>,
    label: &str,
    change: impl FnOnce(&mut Document) + 'static,
) -> Result<Outcome<SelectionState>, RpcError> {
    let work = AtOnce::new(|document: &mut Document| {
        change(document);
        Ok(())
    });
    drafted(context, label, Scope::Document, work, |project, ()| Ok(state(project)))
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
        change(context, "select box", move |document| document.selection = bounds)
    }
}

/// Changes the selection by one undo step, in slices: what is made first, from what the document
/// holds, is put into it as a unit.
fn change_mask<F>(
    context: &mut Context<'_>,
    label: &str,
    make: impl FnOnce(Slice) -> F + 'static,
    put: impl FnOnce(&mut Document, Volume) + 'static,
) -> Result<Outcome<SelectionState>, RpcError>
where
    F: Future<Output = Result<Volume, RpcError>>,
{
    let work = Written::new(move |draft, slice| async move {
        let made = make(slice.clone()).await?;
        // Told in the answer, by what is known of the voxels then.
        made.bounds_in_slices(true, &slice).await;
        draft.with(|document| put(document, made));
        Ok(())
    });
    drafted(context, label, Scope::Document, work, |project, ()| Ok(state(project)))
}

/// Selects voxels of a layer, or of all that is seen: the mask of them goes together with the
/// present one.
fn select<F>(
    context: &mut Context<'_>,
    label: &'static str,
    wanted: Source,
    together: Together,
    mask: impl FnOnce(Volume, Slice) -> F + 'static,
) -> Result<Outcome<SelectionState>, RpcError>
where
    F: Future<Output = Result<Volume, RpcError>> + 'static,
{
    sourced(context, wanted, move |context, volume, _| {
        let (old, how) = (context.project()?.document().mask.clone(), combine(together));
        let make = move |slice: Slice| async move {
            let new = mask(volume, slice.clone()).await?;
            Ok(how.together(old, new, &slice).await?)
        };
        change_mask(context, label, make, |document, mask| document.mask = mask)
    })
}

impl Handle for SelectColor {
    fn handle(
        context: &mut Context<'_>,
        params: SelectColorParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let SelectColorParams { color, tolerance: near, layer_id, combine } = params;
        select(context, "select", layer_id, combine, move |volume, slice| async move {
            Ok(mask_of_color(volume, color, tolerance(near.0), &slice).await)
        })
    }
}

impl Handle for SelectVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: SelectLayerParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        select(context, "select", params.layer_id, params.combine, |volume, slice| async move {
            Ok(mask_of(volume, &slice).await)
        })
    }
}

impl Handle for SelectConnected {
    fn handle(
        context: &mut Context<'_>,
        params: SelectConnectedParams,
    ) -> Result<Outcome<SelectionState>, RpcError> {
        let limit = context.workspace.edit_limits.voxels;
        let (wanted, together) = (params.layer_id, params.combine);
        let (seed, near) = (Point::from(params.position.0), tolerance(params.tolerance.0));
        select(context, "select connected", wanted, together, move |volume, slice| async move {
            if volume.get(seed).is_empty() {
                return Ok(Volume::new());
            }
            let job = RegionJob::new(&volume, seed, [near; 4], Bounds::ALL, limit);
            let region = slice.run(job).await.map_err(|error| too_large(error, limit))?;
            Ok(mask_of_set(region, &slice).await?)
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
        let mask = context.project()?.document().mask.clone();
        let make = move |slice: Slice| async move { Ok(grow(mask, steps, &slice).await) };
        change_mask(context, "grow selection", make, move |document, mask| {
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
        let mask = context.project()?.document().mask.clone();
        let make = move |slice: Slice| async move { Ok(shrink(mask, steps, &slice).await) };
        change_mask(context, "shrink selection", make, move |document, mask| {
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

/// What is selected, if its cells are not too many for a mask.
fn selected(document: &Document, limit: u64) -> Result<Selected, RpcError> {
    if let Some(bounds) = document.selection {
        check_size(bounds, "box", limit)?;
    }
    Ok(document.selected())
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
        let selected = selected(document, limit)?;
        let make = move |slice: Slice| async move {
            let cells = selected.cells(&slice).await?;
            Ok(invert(&cells, within, &slice).await?)
        };
        change_mask(context, "invert selection", make, |document, mask| {
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
        change(context, "clear selection", Document::select_nothing)
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
    let selected = selected(document, limit)?;
    let work = Written::new(move |draft, slice| async move {
        let cells = selected.cells(&slice).await?;
        let count = cells.count();
        let has_color = color == Rgba::WHITE;
        let colored = if has_color { cells } else { in_color(cells, color, &slice).await };
        draw_on(&draft, id, drawing_of(&colored, mode, 1.0), &slice).await?;
        Ok(count)
    });
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
        let layer = if params.cut {
            target::editable_layer(document, id, NO_SUCH_LAYER)?
        } else {
            target::layer(document, &params.layer_id, NO_SUCH_LAYER)?
        };
        let (volume, selected) = (layer.volume.clone(), document.selected());
        let most = context.daemon.limits.names.layer;
        let work = Written::new(move |draft, slice| async move {
            let cells = selected.cells_of(&volume, &slice).await?;
            let Cut { part, rest } = cut(&volume, &cells, &slice).await?;
            let rest = params.cut.then_some(rest);
            Ok(draft.with(|document| put_copy(document, id, part, rest, most)))
        });
        drafted(context, "copy selection", Scope::Document, work, |project, id| {
            state_in(project, id)
        })
    }
}

/// Puts the selected part of a layer's voxels into a new layer above it, and what is left of them,
/// if it is cut out, into the layer.
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
