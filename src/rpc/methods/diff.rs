//! The handler that compares states of projects.

use super::entries;
use super::states::{Places, State, known_position, position_of_revision, recalled};
use crate::api::ParamError;
use crate::api::json::spell_list;
use crate::api::methods::diff::*;
use crate::api::methods::edit::BoxResult;
use crate::api::methods::edit::Detail;
use crate::edit::{DiffJob, Difference, LayerDifference, VoxelDifference};
use crate::job::Slice;
use crate::rpc::context::{Context, Outcome, no_such_project};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![Diff];

/// What a call names to compare.
struct Wanted {
    from: Option<u64>,
    from_revision: Option<u64>,
    to: Option<u64>,
    to_revision: Option<u64>,
    is_other: bool,
}

/// Where the states to compare are in the history: the one to compare from unless another project
/// is, and the one to compare to.
fn places(project: &Project, wanted: &Wanted) -> Result<Places, RpcError> {
    let at = |param, position| -> Result<(usize, u64), RpcError> {
        let position = known_position(project, param, position)?;
        Ok((position, project.history().revision_at(position).unwrap_or_default()))
    };
    let of = |param, revision| -> Result<(usize, u64), RpcError> {
        Ok((position_of_revision(project, param, revision)?, revision))
    };
    let Wanted { from, from_revision, to, to_revision, is_other } = *wanted;
    let before = match (from, from_revision) {
        (None, None) if is_other => None,
        (Some(position), None) if !is_other => Some(at("from", position)?),
        (None, Some(revision)) if !is_other => Some(of("from_revision", revision)?),
        (None, None) => Some(of("from_revision", project.revision().saturating_sub(1))?),
        _ => {
            let message = "Give one of 'from', 'from_revision' and 'other'";
            return Err(ParamError::rule("from", message).into());
        }
    };
    let after = match (to, to_revision) {
        (Some(position), None) => at("to", position)?,
        (None, Some(revision)) => of("to_revision", revision)?,
        (None, None) => (project.history().position().0, project.revision()),
        (Some(_), Some(_)) => {
            return Err(ParamError::rule("to", "Give either 'to' or 'to_revision'").into());
        }
    };
    Ok(before.into_iter().chain([after]).collect())
}

impl Handle for Diff {
    fn handle(
        context: &mut Context<'_>,
        params: DiffParams<'_>,
    ) -> Result<Outcome<DiffResult>, RpcError> {
        let DiffParams { from, from_revision, to, to_revision, .. } = params;
        let is_other = params.other.is_some();
        let wanted = Wanted { from, from_revision, to, to_revision, is_other };
        let other = match params.other.as_deref() {
            None => None,
            Some(name) => {
                let project = context.workspace.project(name);
                let project = project.ok_or_else(|| no_such_project(context.workspace, name))?;
                let (document, revision) = (project.document().clone(), project.revision());
                Some(State { document, revision })
            }
        };
        let is_brief = params.detail == Detail::Brief;
        let most = if is_brief { 0 } else { params.max_voxels.0 as usize };
        let find = move |project: &Project| places(project, &wanted);
        recalled(context, find, move |context, states| {
            let mut states = other.into_iter().chain(states);
            let (Some(before), Some(after)) = (states.next(), states.next()) else {
                return Err(RpcError::internal("there are no two states to compare"));
            };
            let revisions = [before.revision, after.revision, context.project()?.revision()];
            let job = DiffJob::new(&before.document, &after.document, most);
            Outcome::work(context, move |slice| async move {
                let difference = slice.run(job).await;
                Ok(diff_result(difference, revisions, is_brief, &slice).await)
            })
        })
    }
}

async fn diff_result(
    difference: Difference,
    [from_revision, to_revision, revision]: [u64; 3],
    is_brief: bool,
    slice: &Slice,
) -> DiffResult {
    let Difference { layers, voxels, total } = difference;
    let layer = |layer: LayerDifference| LayerDiff {
        layer_id: layer.layer.0,
        name: layer.name,
        status: match (layer.is_in_first, layer.is_in_second) {
            (false, _) => "added",
            (true, false) => "removed",
            (true, true) => "changed",
        },
        settings_differ: layer.settings_differ,
        changed: layer.report.changed,
        added: layer.report.added,
        removed: layer.report.removed,
        bounds: layer.report.bounds.map(BoxResult::from),
    };
    let voxel = |voxel: &VoxelDifference| VoxelDiff {
        layer_id: voxel.layer.0,
        position: voxel.point.array(),
        before: voxel.before.bytes(),
        after: voxel.after.bytes(),
    };
    let truncated = total.changed > voxels.len() as u64;
    let voxels =
        if is_brief { None } else { Some(spell_list(voxels.iter().map(voxel), slice).await) };
    DiffResult {
        same: layers.is_empty(),
        changed: total.changed,
        added: total.added,
        removed: total.removed,
        bounds: total.bounds.map(BoxResult::from),
        truncated,
        voxels,
        layers: layers.into_iter().map(layer).collect(),
        from_revision,
        to_revision,
        revision,
    }
}
