//! Handlers that go back and forth in a project's history.

use super::entries;
use super::states::{known_position, position_of_revision};
use crate::api::ParamError;
use crate::api::args::{nearest, shown};
use crate::api::methods::edit::BoxResult;
use crate::api::methods::history::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![Undo, Redo, GoTo, Checkpoint, History];

/// Labels that a result lists.
const LISTED_LABELS: usize = 100;
/// Longest name of a checkpoint, in bytes.
const MAX_NAME: usize = 256;

/// Goes to a position that exists, and tells what that took.
fn travel(project: &mut Project, position: usize) -> MovedResult {
    let (from, count) = project.history().position();
    let (low, high) = (from.min(position), from.max(position));
    let passed = project.history().labels().skip(low).take(high - low);
    let mut labels: Vec<String> = passed.map(|(label, _)| label.to_owned()).collect();
    if position < from {
        labels.reverse();
    }
    labels.truncate(LISTED_LABELS);
    let steps = project.go_to(position).unwrap_or(0);
    let revision = project.revision();
    MovedResult { success: true, steps, labels, position, count, revision }
}

impl Handle for Undo {
    fn handle(
        context: &mut Context<'_>,
        params: StepParams,
    ) -> Result<Outcome<MovedResult>, RpcError> {
        let project = context.project()?;
        let (position, _) = project.history().position();
        Ok(travel(project, position.saturating_sub(params.steps.0 as usize)).into())
    }
}

impl Handle for Redo {
    fn handle(
        context: &mut Context<'_>,
        params: StepParams,
    ) -> Result<Outcome<MovedResult>, RpcError> {
        let project = context.project()?;
        let (position, count) = project.history().position();
        Ok(travel(project, (position + params.steps.0 as usize).min(count)).into())
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
        Ok(travel(project, position).into())
    }
}

fn no_such_checkpoint(project: &Project, name: &str) -> RpcError {
    let history = project.history();
    let known: Vec<&str> = history
        .first_checkpoint()
        .into_iter()
        .chain(history.labels().filter_map(|(_, c)| c))
        .collect();
    let message = format!("No such checkpoint: '{}'", shown(name));
    let error = RpcError::from(ParamError::rule("checkpoint", message));
    let error = match nearest(name, known.iter().copied()) {
        Some(nearest) => error.with("nearest", nearest),
        None => error,
    };
    error.with("known", known)
}

impl Handle for Checkpoint {
    fn handle(
        context: &mut Context<'_>,
        params: CheckpointParams<'_>,
    ) -> Result<Outcome<CheckpointResult>, RpcError> {
        let name = params.name.into_owned();
        if name.is_empty() || name.len() > MAX_NAME {
            let message = format!("A checkpoint's name has 1 to {MAX_NAME} bytes");
            return Err(ParamError::rule("name", message).into());
        }
        let project = context.project()?;
        project.history_mut().checkpoint(&name);
        let (position, _) = project.history().position();
        let revision = project.revision();
        Ok(CheckpointResult { success: true, name, position, revision }.into())
    }
}

impl Handle for History {
    fn handle(
        context: &mut Context<'_>,
        params: HistoryParams,
    ) -> Result<Outcome<HistoryResult>, RpcError> {
        let project = context.project()?;
        let history = project.history();
        let (position, count) = history.position();
        let skipped = match params.limit {
            0 => 0,
            limit => count.saturating_sub(limit as usize),
        };
        let entry = |(index, (label, checkpoint)): (usize, (&str, Option<&str>))| HistoryEntry {
            position: index + 1,
            label: label.to_owned(),
            revision: history.revision_at(index + 1).unwrap_or_default(),
            checkpoint: checkpoint.map(str::to_owned),
            bounds: history.bounds_of(index + 1).map(BoxResult::from),
        };
        let result = HistoryResult {
            position,
            count,
            entries: history.labels().enumerate().skip(skipped).map(entry).collect(),
            first_checkpoint: history.first_checkpoint().map(str::to_owned),
            oldest_revision: history.oldest_revision(),
            memory: history.memory(),
            memory_limit: history.memory_limit(),
            revision: project.revision(),
        };
        Ok(result.into())
    }
}
