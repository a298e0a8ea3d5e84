//! Where stamps take their voxels from: files are read and visible layers merged, in slices, before
//! the operations begin.

use super::context::{Context, Outcome, no_such_project};
use super::error::{INVALID_PARAMS, RpcError};
use super::methods::{file_error, read_options};
use crate::api::operations::forms::StampFields;
use crate::api::operations::{Form, Operation};
use crate::document::Document;
use crate::format::LoadJob;
use crate::voxel::{MergeCache, MergeJob, Volume};
use crate::workspace::Merging;

/// The next stamp that has no voxels yet, in operations of operations too.
fn open_stamp(operations: &mut [Operation]) -> Option<&mut Operation> {
    for operation in operations {
        if matches!(operation.form, Form::Stamp(_)) {
            match operation.source {
                None => return Some(operation),
                Some(_) => continue,
            }
        }
        match &mut operation.form {
            Form::Repeat(fields) => {
                if let Some(found) = open_stamp(&mut fields.operations.0) {
                    return Some(found);
                }
            }
            Form::Scatter(fields) => {
                if let Some(found) = open_stamp(&mut fields.operations.0) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether some stamp has no voxels yet.
pub(super) fn are_missing(operations: &mut [Operation]) -> bool {
    open_stamp(operations).is_some()
}

type GoOn<R> = Box<dyn FnOnce(&mut Context<'_>, Vec<Operation>) -> Result<Outcome<R>, RpcError>>;

/// Goes on once all stamps have their voxels.
pub(super) fn with_stamps<R: 'static>(
    context: &mut Context<'_>,
    mut operations: Vec<Operation>,
    go_on: GoOn<R>,
) -> Result<Outcome<R>, RpcError> {
    let wanted = open_stamp(&mut operations).and_then(|operation| match &operation.form {
        Form::Stamp(StampFields { path, from_project, .. }) => {
            Some((path.clone(), from_project.clone()))
        }
        _ => None,
    });
    let Some(wanted) = wanted else { return go_on(context, operations) };
    let found = move |context: &mut Context<'_>, volume: Volume| {
        if let Some(stamp) = open_stamp(&mut operations) {
            stamp.source = Some(volume);
        }
        with_stamps(context, operations, go_on)
    };
    match wanted {
        (Some(path), None) => of_file(context, path, Box::new(found)),
        (None, Some(name)) => of_project(context, &name, Box::new(found)),
        _ => {
            let message =
                "A stamp needs either the path of a file or from_project. Nothing was changed.";
            Err(RpcError::new(INVALID_PARAMS, message).with("param", "path").with("op", "stamp"))
        }
    }
}

type Found<R> = Box<dyn FnOnce(&mut Context<'_>, Volume) -> Result<Outcome<R>, RpcError>>;

fn of_file<R: 'static>(
    context: &mut Context<'_>,
    path: String,
    found: Found<R>,
) -> Result<Outcome<R>, RpcError> {
    let job = LoadJob::of_file(context.file(&path), None, read_options(context));
    Ok(Outcome::chain_later(job, move |context, loaded| {
        let failed = |error| file_error(INVALID_PARAMS, "stamp", &path, &error);
        let document = loaded.map_err(failed)?.document;
        of_document(context, &document, found)
    }))
}

fn of_document<R: 'static>(
    context: &mut Context<'_>,
    document: &Document,
    found: Found<R>,
) -> Result<Outcome<R>, RpcError> {
    let stack = document.stack().into_iter().map(|(volume, blend)| (volume.clone(), blend));
    let job = MergeJob::new(stack.collect(), MergeCache::default());
    Outcome::chain(context, job, |context, merged| found(context, merged.merged().clone()))
}

fn of_project<R: 'static>(
    context: &mut Context<'_>,
    name: &str,
    found: Found<R>,
) -> Result<Outcome<R>, RpcError> {
    if context.workspace.project(name).is_none() {
        return Err(no_such_project(context.workspace, name).with("param", "from_project"));
    }
    let vanished = || RpcError::internal("project vanished");
    let project = context.workspace.project_mut(name).ok_or_else(vanished)?;
    match project.start_merging() {
        Merging::Done(volume) => found(context, volume),
        Merging::Job(job) => {
            let name = name.to_owned();
            Outcome::chain(context, *job, move |context, merged| {
                let volume = merged.merged().clone();
                if let Some(project) = context.workspace.project_mut(&name) {
                    project.keep_merged(merged);
                }
                found(context, volume)
            })
        }
    }
}
