//! Handlers that go back and forth in a project's history.

use super::entries;
use super::states::{known_position, position_of_revision};
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::methods::edit::BoxResult;
use crate::api::methods::edit::Detail;
use crate::api::methods::history::*;
use crate::api::methods::system::NoParams;
use crate::document::history::Travel;
use crate::job::{Budget, Progress, Step};
use crate::likeness::nearest;
use crate::rpc::NameLimit;
use crate::rpc::context::{Context, Outcome, Task};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::Bounds;
use crate::workspace::Project;

entries![Undo, Redo, GoTo, Checkpoint, ClearHistory, History];

/// Labels that a result lists.
const LISTED_LABELS: usize = 100;

/// Blocks and steps that a way in the history may take in place; a longer one goes on in slices.
const NEAR: usize = 256;

/// The labels of the edits between two positions, in the order in which a way from one to the other
/// passes them, as far as they are listed.
fn passed(project: &Project, from: usize, to: usize) -> Vec<String> {
    let (low, high) = (from.min(to), from.max(to));
    let labels = project.history().labels(low..high).map(|(label, _)| label.to_owned());
    if to >= from {
        labels.take(LISTED_LABELS).collect()
    } else {
        labels.rev().take(LISTED_LABELS).collect()
    }
}

/// Goes to a position that exists, and tells what that took.
fn travel(context: &mut Context<'_>, position: usize) -> Result<Outcome<MovedResult>, RpcError> {
    let project = context.project()?;
    let (from, count) = project.history().position();
    let labels = passed(project, from, position);
    let told = move |project: &Project, steps| {
        let revision = project.revision();
        MovedResult { success: true, steps, labels, position, count, revision }
    };
    if project.history().is_near(position, NEAR) {
        let steps = project.go_to(position).unwrap_or(0);
        return Ok(told(project, steps).into());
    }
    let gone = || RpcError::internal("a position in the history vanished");
    let way = Some(project.start_travel(position).ok_or_else(gone)?);
    Ok(Outcome::Later(Box::new(Way { way, told: Some(told) })))
}

/// A long way in the history.
struct Way<F> {
    way: Option<Travel>,
    told: Option<F>,
}

impl<F> Task<MovedResult> for Way<F>
where
    F: FnOnce(&Project, usize) -> MovedResult,
{
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<MovedResult>, RpcError> {
        let project = context.project()?;
        if self.way.as_mut().is_some_and(|way| way.step(project.history(), budget)) {
            return Ok(Step::More);
        }
        let (Some(way), Some(told)) = (self.way.take(), self.told.take()) else {
            return Err(RpcError::internal("a way in the history ended twice"));
        };
        let changed = |_| RpcError::internal("the history changed under a way in it");
        let steps = project.arrive(way).map_err(changed)?;
        Ok(Step::Done(told(project, steps)))
    }

    fn progress(&self) -> Progress {
        self.way.as_ref().map_or_else(Progress::default, Travel::progress)
    }
}

impl Handle for Undo {
    fn handle(
        context: &mut Context<'_>,
        params: StepParams,
    ) -> Result<Outcome<MovedResult>, RpcError> {
        let project = context.project()?;
        let (position, _) = project.history().position();
        travel(context, position.saturating_sub(params.steps.0 as usize))
    }
}

impl Handle for Redo {
    fn handle(
        context: &mut Context<'_>,
        params: StepParams,
    ) -> Result<Outcome<MovedResult>, RpcError> {
        let project = context.project()?;
        let (position, count) = project.history().position();
        travel(context, (position + params.steps.0 as usize).min(count))
    }
}

impl Handle for GoTo {
    fn handle(
        context: &mut Context<'_>,
        params: GoToParams<'_>,
    ) -> Result<Outcome<MovedResult>, RpcError> {
        let project = context.project()?;
        let position = match (params.position, params.checkpoint, params.to_revision) {
            (Some(position), None, None) => known_position(project, "position", position)?,
            (None, Some(name), None) => project
                .history()
                .find_checkpoint(&name)
                .ok_or_else(|| no_such_checkpoint(project, &name))?,
            (None, None, Some(revision)) => position_of_revision(project, "to_revision", revision)?,
            _ => {
                let message = "Give one of 'position', 'checkpoint' and 'to_revision'";
                return Err(ParamError::rule("position", message).into());
            }
        };
        travel(context, position)
    }
}

fn no_such_checkpoint(project: &Project, name: &str) -> RpcError {
    let history = project.history();
    let known: Vec<&str> = history
        .first_checkpoint()
        .into_iter()
        .chain(history.checkpoints().map(|(_, name)| name))
        .collect();
    let message = if history.has_forgotten(name) {
        format!(
            "The checkpoint '{}' was forgotten: its state is no longer in the history, which --history-memory \
             bounds, changes after an undo cut short and goxel.clear_history empties",
            shown(name)
        )
    } else {
        format!("No such checkpoint: '{}'", shown(name))
    };
    let error = RpcError::from(ParamError::rule("checkpoint", message));
    let error = match nearest(name, known.iter().copied()) {
        Some(nearest) => error.with("nearest", nearest),
        None => error,
    };
    error.known("known", known)
}

impl Handle for Checkpoint {
    fn handle(
        context: &mut Context<'_>,
        params: CheckpointParams<'_>,
    ) -> Result<Outcome<CheckpointResult>, RpcError> {
        let name = params.name.into_owned();
        let NameLimit { bytes, flag } = context.daemon.limits.names.checkpoint;
        if name.is_empty() || name.len() > bytes {
            let message = format!("A checkpoint's name has 1 to {bytes} bytes ({flag})");
            return Err(RpcError::from(ParamError::rule("name", message)).with("limit", bytes));
        }
        let project = context.project()?;
        project.checkpoint(&name);
        let (position, _) = project.history().position();
        let revision = project.revision();
        Ok(CheckpointResult { success: true, name, position, revision }.into())
    }
}

impl Handle for ClearHistory {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<ClearHistoryResult>, RpcError> {
        let project = context.project()?;
        let (steps, bytes) = project.clear_history();
        let revision = project.revision();
        Ok(ClearHistoryResult { success: true, steps, bytes, revision }.into())
    }
}

/// Whether a box may be larger than what is in it: it begins and ends where blocks do.
fn is_rounded(bounds: &Bounds) -> bool {
    let on_edge = |corner: &i64| corner.rem_euclid(16) == 0;
    bounds.min.iter().any(on_edge) && bounds.max.iter().any(on_edge)
}

impl Handle for History {
    fn handle(
        context: &mut Context<'_>,
        params: HistoryParams,
    ) -> Result<Outcome<HistoryResult>, RpcError> {
        let project = context.project()?;
        let history = project.history();
        let (position, count) = history.position();
        let last = match params.until {
            None => count,
            Some(position) => known_position(project, "until", position)?,
        };
        let listed = match params.limit.0 as usize {
            0 => MOST_LISTED as usize,
            limit => limit,
        };
        let skipped = last.saturating_sub(listed);
        let is_full = params.detail == Detail::Full;
        let place_of = |position| history.bounds_of(position).filter(|_| is_full);
        let entry = |(index, (label, checkpoint)): (usize, (&str, Option<&str>))| HistoryEntry {
            position: index + 1,
            label: label.to_owned(),
            revision: history.revision_at(index + 1).unwrap_or_default(),
            checkpoint: checkpoint.map(str::to_owned),
            bounds: place_of(index + 1).map(BoxResult::from),
            rounded_to: place_of(index + 1).filter(is_rounded).map(|_| 16),
        };
        let result = HistoryResult {
            position,
            count,
            entries: (skipped..last).zip(history.labels(skipped..last)).map(entry).collect(),
            first_checkpoint: history.first_checkpoint().map(str::to_owned),
            oldest_revision: history.oldest_revision(),
            memory: history.memory(),
            memory_limit: history.memory_limit(),
            revision: project.revision(),
        };
        Ok(result.into())
    }
}
