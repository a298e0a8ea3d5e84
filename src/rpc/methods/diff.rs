//! The handler that compares states of projects.

use super::entries;
use super::states::{known_position, position_of_revision};
use crate::api::ParamError;
use crate::api::methods::diff::*;
use crate::api::methods::edit::BoxResult;
use crate::api::methods::edit::Detail;
use crate::document::Document;
use crate::edit::{DiffJob, Difference, LayerDifference, VoxelDifference};
use crate::rpc::context::{Context, Outcome, no_such_project};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![Diff];

/// A document as it was, and the revision that is meant.
struct State {
    document: Document,
    revision: u64,
}

impl State {
    fn present(project: &Project) -> State {
        State { document: project.document().clone(), revision: project.revision() }
    }

    fn at_position(
        project: &Project,
        param: &'static str,
        position: u64,
    ) -> Result<State, RpcError> {
        let position = known_position(project, param, position)?;
        let revision = project.history().revision_at(position);
        State::recalled(project, position, revision.unwrap_or_default())
    }

    fn of_revision(
        project: &Project,
        param: &'static str,
        revision: u64,
    ) -> Result<State, RpcError> {
        let position = position_of_revision(project, param, revision)?;
        State::recalled(project, position, revision)
    }

    fn recalled(project: &Project, position: usize, revision: u64) -> Result<State, RpcError> {
        let document = project.history().document_at(project.document(), position);
        let document = document.ok_or_else(|| RpcError::internal("a known position is missing"))?;
        Ok(State { document, revision })
    }
}

/// The state to compare from.
fn first_state(context: &mut Context<'_>, params: &DiffParams<'_>) -> Result<State, RpcError> {
    match (params.from, params.from_revision, params.other.as_deref()) {
        (Some(position), None, None) => State::at_position(context.project()?, "from", position),
        (None, Some(revision), None) => {
            State::of_revision(context.project()?, "from_revision", revision)
        }
        (None, None, Some(name)) => {
            let other = context.workspace.project(name);
            other.map(State::present).ok_or_else(|| no_such_project(context.workspace, name))
        }
        (None, None, None) => {
            let project = context.project()?;
            let revision = project.revision().saturating_sub(1);
            State::of_revision(project, "from_revision", revision)
        }
        _ => {
            let message = "Give one of 'from', 'from_revision' and 'other'";
            Err(ParamError::rule("from", message).into())
        }
    }
}

/// The state to compare to.
fn second_state(project: &Project, params: &DiffParams<'_>) -> Result<State, RpcError> {
    match (params.to, params.to_revision) {
        (Some(position), None) => State::at_position(project, "to", position),
        (None, Some(revision)) => State::of_revision(project, "to_revision", revision),
        (None, None) => Ok(State::present(project)),
        (Some(_), Some(_)) => {
            Err(ParamError::rule("to", "Give either 'to' or 'to_revision'").into())
        }
    }
}

impl Handle for Diff {
    fn handle(
        context: &mut Context<'_>,
        params: DiffParams<'_>,
    ) -> Result<Outcome<DiffResult>, RpcError> {
        let before = first_state(context, &params)?;
        let project = context.project()?;
        let after = second_state(project, &params)?;
        let revisions = [before.revision, after.revision, project.revision()];
        let is_brief = params.detail == Detail::Brief;
        let wanted = if is_brief { 0 } else { params.max_voxels.0 as usize };
        let job = DiffJob::new(&before.document, &after.document, wanted);
        Ok(Outcome::job(job, move |_, difference| Ok(diff_result(difference, revisions, is_brief))))
    }
}

fn diff_result(
    difference: Difference,
    [from_revision, to_revision, revision]: [u64; 3],
    is_brief: bool,
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
    DiffResult {
        same: layers.is_empty(),
        changed: total.changed,
        added: total.added,
        removed: total.removed,
        bounds: total.bounds.map(BoxResult::from),
        truncated: total.changed > voxels.len() as u64,
        voxels: (!is_brief).then(|| voxels.iter().map(voxel).collect()),
        layers: layers.into_iter().map(layer).collect(),
        from_revision,
        to_revision,
        revision,
    }
}
