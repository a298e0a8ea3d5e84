//! What is looked at before a file is written, and noted afterwards.
//!
//! A save onto the document's own file is what the file is there for: it is told if somebody else
//! changed the file meanwhile. Anything else that is written onto the file of an open project
//! destroys it, so it needs `overwrite`, and the project has to be saved again.

use std::path::{Path, PathBuf};

use super::files::file_error;
use super::placing::Blame;
use crate::disk;
use crate::file_access::{FileIdentity, FilePath, Purpose};
use crate::format::FormatError;
use crate::job::Work;
use crate::rpc::context::Context;
use crate::rpc::error::RpcError;
use crate::workspace::{OwnFile, SavedState, Workspace};

/// What a path leads to.
pub(super) struct Looked {
    /// Its one path: absolute, with no link on the way.
    pub(super) place: PathBuf,
    /// What the file there is like, if there is one.
    pub(super) identity: Option<FileIdentity>,
}

/// Looks where a path leads to; a helper does it.
pub(super) fn look(file: FilePath, purpose: Purpose) -> Work<Result<Looked, FormatError>> {
    Work::new(move |slice| async move {
        let (path, looking) = (file.absolute(), file);
        let action = if purpose == Purpose::Read { "open" } else { "write" };
        let failed = |source| FormatError::io(action, &path, source);
        disk::require_not_stuck(&path).map_err(failed)?;
        let looked = disk::run(&slice, &path, move |note| {
            note.step("stat")?;
            let place = looking.resolve(purpose)?;
            Ok(Looked { identity: place.identity()?, place: place.path().to_owned() })
        });
        looked.await.map_err(failed)
    })
}

/// Takes note of a file that could not be written; the error of the call.
pub(super) fn not_written(
    context: &mut Context<'_>,
    path: &str,
    error: &FormatError,
    (code, action): Blame,
) -> RpcError {
    log::warn!("failed to {action} {path}: {error}");
    context.workspace.saves.note_failure(error);
    file_error(code, action, path, error)
}

/// An error of a file that the rules refuse.
fn refused((code, action): Blame, path: &str, reason: &str, why: &str, hint: &str) -> RpcError {
    RpcError::new(code, format!("Failed to {action} '{path}': {why}"))
        .with("path", path)
        .with("reason", reason)
        .hint(hint)
}

/// Names of projects, quoted.
fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}

/// A warning if projects have a file open, but for one of them.
pub(super) fn open_elsewhere(workspace: &Workspace, place: &Path, except: &str) -> Option<String> {
    let mut names = workspace.projects_of_file(place);
    names.retain(|name| *name != except);
    let told = || format!("the file is open in another project, too: {}", quoted(&names));
    (!names.is_empty()).then(told)
}

/// What a file is to be written for.
#[derive(Clone, Copy)]
pub(super) enum Intent {
    /// To save this state of a document.
    Save { state: SavedState, if_unchanged: bool },
    /// For anything else.
    Export { overwrite: bool },
}

/// A file that may be written.
pub(super) struct Target {
    place: PathBuf,
    state: Option<SavedState>,
    /// What the caller is told.
    pub(super) warnings: Vec<String>,
}

impl Intent {
    /// Refuses a file that must not be written for this, whatever [`look`] found there.
    pub(super) fn check(
        self,
        context: &mut Context<'_>,
        path: &str,
        looked: Result<Looked, FormatError>,
        blame: Blame,
    ) -> Result<Target, RpcError> {
        let looked = looked.map_err(|error| not_written(context, path, &error, blame))?;
        match self {
            Intent::Save { state, if_unchanged } => {
                let warnings = changes(context, &looked, if_unchanged)?;
                match warnings.first().filter(|_| if_unchanged) {
                    Some(why) => Err(refused(blame, path, "changed", why, CHANGED)),
                    None => Ok(Target { place: looked.place, state: Some(state), warnings }),
                }
            }
            Intent::Export { overwrite } => {
                check_overwriting(context.workspace, &looked.place, overwrite)
                    .map_err(|why| refused(blame, path, "needs_overwrite", &why, OVERWRITE))?;
                Ok(Target { place: looked.place, state: None, warnings: Vec::new() })
            }
        }
    }
}

const CHANGED: &str = "load the file into another project and compare, save to another path, or save without \
                       if_unchanged; nothing was written";
const OVERWRITE: &str = "give another path, or overwrite: true; goxel.save_project saves a project to its own file; \
                         nothing was written";

/// What others have done to a file that a project is to be saved to.
fn changes(
    context: &mut Context<'_>,
    looked: &Looked,
    if_unchanged: bool,
) -> Result<Vec<String>, RpcError> {
    let own = context.project()?.file().filter(|file| file.place == looked.place);
    let is_changed = match own {
        Some(own) => own.identity != looked.identity,
        None => if_unchanged && looked.identity.is_some(),
    };
    let changed =
        "the file was changed, removed or made by somebody else since this document left it";
    let elsewhere = open_elsewhere(context.workspace, &looked.place, context.project_name);
    Ok(is_changed.then(|| changed.to_owned()).into_iter().chain(elsewhere).collect())
}

fn check_overwriting(workspace: &Workspace, place: &Path, overwrite: bool) -> Result<(), String> {
    if overwrite || !workspace.has_file(place) {
        return Ok(());
    }
    let names = workspace.projects_of_file(place);
    Err(if names.is_empty() {
        "an open project comes back to that file with undo".to_owned()
    } else {
        format!("it is the file of the open project {}", quoted(&names))
    })
}

impl Target {
    /// The file, whatever directory the path began at.
    pub(super) fn absolute_path(&self) -> String {
        self.place.to_string_lossy().into_owned()
    }

    /// Notes that the file is written. If it holds all of a document that was saved, it is the
    /// document's own from now on; other documents of this file have to be saved again.
    pub(super) fn written(
        &self,
        context: &mut Context<'_>,
        path: &str,
        identity: FileIdentity,
        holds_all: Option<&'static str>,
    ) {
        context.workspace.saves.note_success();
        context.workspace.mark_overwritten(&self.place, Some(identity));
        // The project may have been closed while it was saved; the file is good all the same.
        if let (Some(state), Some(format), Ok(project)) = (self.state, holds_all, context.project())
        {
            let (path, place, identity) = (path.into(), self.place.clone(), Some(identity));
            project.mark_saved(state, OwnFile { path, place, format, identity });
        }
    }
}
