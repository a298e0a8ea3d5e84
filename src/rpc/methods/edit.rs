//! The handler of `goxel.edit`.

use std::borrow::Cow;

use super::entries;
use crate::api::methods::edit::*;
use crate::api::operations::{Operation, read_operations};
use crate::rpc::change::{Change, Changed, carry_out, check_revision, refused, unreadable};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::long_lists::{LONG, ReadOperations};
use crate::rpc::table::Handle;

entries![Edit];

/// Operations that a result lists.
const LISTED_OPERATIONS: usize = 1000;
/// Warnings that a result lists.
const LISTED_WARNINGS: usize = 100;
/// Warnings that a brief result lists.
const BRIEF_WARNINGS: usize = 5;

impl Handle for Edit {
    fn handle(
        context: &mut Context<'_>,
        params: EditParams<'_>,
    ) -> Result<Outcome<EditResult>, RpcError> {
        let EditParams { operations, dry_run, expected_revision, label, detail } = params;
        check_revision(context.project()?, expected_revision)?;
        let label = label.map(Cow::into_owned);
        let go_on = move |context: &mut Context<'_>, operations: Result<Vec<Operation>, _>| {
            let operations = operations.map_err(unreadable)?;
            let label = label.unwrap_or_else(|| label_of(&operations));
            let change = Change { operations, label, dry_run, refused: Box::new(refused) };
            carry_out(context, change, move |changed| Ok(result(changed, dry_run, detail)))
        };
        match operations.0 {
            long if long.len() > LONG => Ok(Outcome::chain_later(ReadOperations::new(long), go_on)),
            short => go_on(context, read_operations(short, |_| None)),
        }
    }
}

/// What the history calls a change that its caller does not name.
fn label_of(operations: &[Operation]) -> String {
    match operations {
        [] => "edit".to_owned(),
        [one] => one.form.name().to_owned(),
        [first, rest @ ..] => format!("{} and {} more", first.form.name(), rest.len()),
    }
}

fn result(Changed { outcome, project }: Changed<'_>, dry_run: bool, detail: Detail) -> EditResult {
    let is_brief = detail == Detail::Brief;
    let total = outcome.total;
    let operations = outcome.operations.iter().take(LISTED_OPERATIONS);
    let listed = |done: &crate::edit::OperationReport| OperationResult {
        op: done.op,
        layer_id: done.layer.0,
        changed: done.report.changed,
        added: done.report.added,
        removed: done.report.removed,
    };
    let warnings =
        outcome.warnings.iter().take(if is_brief { BRIEF_WARNINGS } else { LISTED_WARNINGS });
    let warned = |warning: &crate::edit::Warning| EditWarning {
        operation: warning.operation,
        message: warning.message.clone(),
    };
    EditResult {
        success: true,
        revision: project.revision(),
        dry_run,
        changed: total.changed,
        added: total.added,
        removed: total.removed,
        bounds: total.bounds.map(BoxResult::from),
        operation_count: outcome.operations.len(),
        operations: (!is_brief).then(|| operations.map(listed).collect()),
        warnings: warnings.map(warned).collect(),
    }
}
