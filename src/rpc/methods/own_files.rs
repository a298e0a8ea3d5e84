//! What is looked at before a file of an open project is written, and noted afterwards.
//!
//! A save onto the document's own file is what the file is there for: it is told if somebody else changed the file
//! meanwhile. Anything else that is written onto the file of an open project destroys it, so it needs `overwrite`, and
//! the project has to be saved again.

use std::path::{Path, PathBuf};

use super::placing::Blame;
use crate::format::{FileIdentity, place_of};
use crate::rpc::context::Context;
use crate::rpc::error::RpcError;
use crate::workspace::{OwnFile, SavedState, Workspace};

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

/// A save that may begin.
pub(super) struct Saving {
    place: PathBuf,
    state: SavedState,
    /// What the caller is told.
    pub(super) warnings: Vec<String>,
}

impl Saving {
    /// Looks at the file that a project is to be saved to.
    pub(super) fn begin(
        context: &mut Context<'_>,
        path: &Path,
        if_unchanged: bool,
        blame: Blame,
    ) -> Result<Self, RpcError> {
        let place = place_of(path);
        let project = context.project()?;
        let own = project.file().filter(|file| file.place == place);
        let is_changed = match own {
            Some(own) => own.is_changed(),
            None => if_unchanged && place.exists(),
        };
        let state = project.state_to_save();
        let changed =
            "the file was changed, removed or made by somebody else since this document left it";
        let elsewhere = open_elsewhere(context.workspace, &place, context.project_name);
        let warnings = is_changed.then(|| changed.to_owned()).into_iter().chain(elsewhere);
        let warnings: Vec<String> = warnings.collect();
        match warnings.first() {
            Some(why) if if_unchanged => {
                let hint = "load the file into another project and compare, save to another path, or save without \
                            if_unchanged; nothing was written";
                Err(refused(blame, &path.to_string_lossy(), "changed", why, hint))
            }
            _ => Ok(Saving { place, state, warnings }),
        }
    }

    /// Notes that the file is there. If it holds all of the document it is the document's own from now on.
    pub(super) fn done(
        &self,
        context: &mut Context<'_>,
        path: &Path,
        format: &'static str,
        holds_all: bool,
    ) {
        let identity = FileIdentity::at(&self.place).ok().flatten();
        // Other documents of this file have to be saved again, this one unless the file holds all of it.
        context.workspace.mark_overwritten(&self.place, identity);
        // The project may have been closed while it was saved; the file is good all the same.
        if let Ok(project) = context.project()
            && holds_all
        {
            let (path, place) = (path.to_owned(), self.place.clone());
            project.mark_saved(self.state, OwnFile { path, place, format, identity });
        }
    }
}

/// Something else than a save that may be written.
#[derive(Clone)]
pub(super) struct Overwriting(PathBuf);

impl Overwriting {
    /// Looks at the file that something is to be written to.
    pub(super) fn begin(
        context: &Context<'_>,
        path: &str,
        overwrite: bool,
        blame: Blame,
    ) -> Result<Self, RpcError> {
        let place = place_of(Path::new(path));
        if overwrite || !context.workspace.has_file(&place) {
            return Ok(Overwriting(place));
        }
        let names = context.workspace.projects_of_file(&place);
        let why = match names.is_empty() {
            true => "an open project comes back to that file with undo".to_owned(),
            false => format!("it is the file of the open project {}", quoted(&names)),
        };
        let hint = "give another path, or overwrite: true; goxel.save_project saves a project to its own file; \
                    nothing was written";
        Err(refused(blame, path, "needs_overwrite", &why, hint))
    }

    /// Notes that the file holds something else now.
    pub(super) fn done(&self, workspace: &mut Workspace) {
        if workspace.has_file(&self.0) {
            let identity = FileIdentity::at(&self.0).ok().flatten();
            workspace.mark_overwritten(&self.0, identity);
        }
    }
}
