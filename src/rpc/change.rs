//! Changes made of operations.

use super::context::{Context, Outcome};
use super::drafted::{DraftWork, drafted};
use super::error::{INVALID_PARAMS, NO_SUCH_LAYER, OVER_LIMIT, REVISION_CONFLICT, RpcError};
use super::methods::target::not_found;
use super::stamp_sources::{are_missing, with_stamps};
use crate::api::operations::{Operation, OperationError, operation};
use crate::document::Document;
use crate::document::history::Scope;
use crate::edit::layers::NotFound;
use crate::edit::{self, EditError, Refusal, Runner};
use crate::job::{Budget, Progress, Step};
use crate::workspace::Project;

/// What to change, and how.
pub(super) struct Change {
    /// The operations, in order.
    pub(super) operations: Vec<Operation>,
    /// What the history calls it.
    pub(super) label: String,
    /// Only tell what would change.
    pub(super) dry_run: bool,
    /// Turns an operation's refusal into the method's error.
    pub(super) refused: Refused,
}

/// Turns the refusal of an operation into an error.
pub(super) type Refused = Box<dyn Fn(EditError, &Document) -> RpcError>;

impl Change {
    /// One operation.
    pub(super) fn of(
        operation: Operation,
        label: &str,
        refused: impl Fn(EditError, &Document) -> RpcError + 'static,
    ) -> Self {
        let (label, refused) = (label.to_owned(), Box::new(refused));
        Change { operations: vec![operation], label, dry_run: false, refused }
    }
}

/// What a change came to.
pub(super) struct Changed<'a> {
    pub(super) outcome: edit::Outcome,
    pub(super) project: &'a Project,
}

/// Refuses a change if the project has moved on since the caller last looked.
pub(super) fn check_revision(project: &Project, expected: Option<u64>) -> Result<(), RpcError> {
    let current = project.revision();
    match expected {
        Some(expected) if expected != current => Err(RpcError::new(
            REVISION_CONFLICT,
            format!(
                "Revision conflict: expected {expected}, the project is at {current}. Nothing was \
                 changed."
            ),
        )
        .with("param", "expected_revision")
        .with("expected", expected)
        .with("got", current)
        .with("revision", current)
        .hint(
            "goxel.diff shows what changed since; then send the change again with the new revision",
        )),
        _ => Ok(()),
    }
}

/// Carries a change out; `reply` makes the result of what it came to.
pub(super) fn carry_out<R: 'static>(
    context: &mut Context<'_>,
    change: Change,
    reply: impl FnOnce(Changed<'_>) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError> {
    let mut change = change;
    if are_missing(&mut change.operations) {
        let Change { operations, label, dry_run, refused } = change;
        let go_on = move |context: &mut Context<'_>, operations| {
            perform(context, Change { operations, label, dry_run, refused }, reply)
        };
        return with_stamps(context, operations, Box::new(go_on));
    }
    perform(context, change, reply)
}

/// Carries out a change whose stamps have their voxels.
fn perform<R: 'static>(
    context: &mut Context<'_>,
    change: Change,
    reply: impl FnOnce(Changed<'_>) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError> {
    let limits = context.workspace.edit_limits;
    let Change { operations, label, dry_run, refused } = change;
    let makes_layers = operations.iter().any(|operation| operation.create_layer);
    let scope = if makes_layers { Scope::Document } else { Scope::Voxels };
    let project = context.project()?;
    let runner = Runner::new(operations, limits);
    let runner = runner.map_err(|error| refused(error, project.document()))?;
    let work = Operations { runner, dry_run, refused };
    drafted(context, &label, scope, work, |project, outcome| reply(Changed { outcome, project }))
}

/// Operations that are carried out on a draft.
struct Operations {
    runner: Runner,
    dry_run: bool,
    refused: Refused,
}

impl DraftWork for Operations {
    type Output = edit::Outcome;

    fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<edit::Outcome>, RpcError> {
        let stepped = self.runner.step(document, budget);
        stepped.map_err(|error| (self.refused)(error, document))
    }

    fn is_trial(&self) -> bool {
        self.dry_run
    }

    fn progress(&self) -> Progress {
        self.runner.progress()
    }
}

/// What every refusal ends with.
const NOTHING: &str = "Nothing was changed.";

/// Names the operation that an error is about, with an example of how it would be right.
fn blame(error: RpcError, index: Option<usize>, op: Option<&'static str>) -> RpcError {
    let error = match index {
        Some(index) => error.with("operation", index),
        None => error,
    };
    match op.and_then(operation) {
        Some(info) => {
            let example = serde_json::from_str::<serde_json::Value>(info.example);
            error.with("op", info.name).with("example", example.unwrap_or_default())
        }
        None => error,
    }
}

fn place(index: Option<usize>, op: Option<&'static str>) -> String {
    match (index, op) {
        (Some(index), Some(op)) => format!("Operation {index} ({op}): "),
        (Some(index), None) => format!("Operation {index}: "),
        (None, _) => String::new(),
    }
}

/// The error for an operation that cannot be read.
pub(super) fn unreadable(wrong: OperationError) -> RpcError {
    let op = wrong.op.map(|info| info.name);
    let mut error = RpcError::from(wrong.error);
    error.message = format!("{}{}. {NOTHING}", place(Some(wrong.index), op), error.message);
    let error = blame(error, Some(wrong.index), op);
    error.hint("the list of operations is applied as a whole or not at all")
}

/// The error for an operation that cannot be carried out.
pub(super) fn refused(error: EditError, document: &Document) -> RpcError {
    let EditError { operation, op, refusal } = error;
    let rpc = match &refusal {
        Refusal::NoSuchLayer(wanted) => {
            not_found(document, wanted, &NotFound::None, NO_SUCH_LAYER).with("param", "layer")
        }
        Refusal::SeveralLayers(wanted, ids) => {
            let several = NotFound::Several(ids.clone());
            not_found(document, wanted, &several, NO_SUCH_LAYER).with("param", "layer")
        }
        Refusal::ComputedLayer(id) => {
            let error = RpcError::new(NO_SUCH_LAYER, refusal.to_string());
            error.with("param", "layer").with("got", *id)
        }
        Refusal::Rule { field, .. } => {
            RpcError::new(INVALID_PARAMS, refusal.to_string()).with("param", *field)
        }
        Refusal::Memory(limit) => RpcError::from(*limit),
        Refusal::TooManyVoxels { wanted, limit } => {
            let error = RpcError::new(OVER_LIMIT, refusal.to_string());
            error.with("limit", *limit).with("got", *wanted)
        }
        Refusal::TooManyOperations { got, limit } => {
            let error = RpcError::new(OVER_LIMIT, refusal.to_string());
            error.with("limit", *limit).with("got", *got)
        }
    };
    let message = format!("{}{}. {NOTHING}", place(operation, op), rpc.message);
    blame(RpcError { message, ..rpc }, operation, op)
}
