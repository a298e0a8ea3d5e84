//! How the daemon comes to its journal at the start, and what it says about it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::old_journals;
use super::takeover::Handed;
use crate::file_access::own;
use crate::journal::{self, MANIFEST, Place, RealDisk, Recovery, SyncPolicy};
use crate::plain_words::counted;
use crate::rpc::Service;
use crate::workspace::{DEFAULT_PROJECT, OwnFile, Project, Workspace};

/// Where the journal goes, and how.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// The directory.
    pub directory: Where,
    /// The state directory, if there is one.
    pub state: Option<PathBuf>,
    /// When it is brought to the disk.
    pub policy: SyncPolicy,
    /// Begin with nothing.
    pub fresh: bool,
}

/// The directory of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// None: changes are in memory only.
    #[default]
    Nowhere,
    /// The one that was named.
    Named(PathBuf),
    /// In the state directory, by the path of the socket.
    Default,
}

impl Keeping {
    /// Opens the journal, if there is to be one, or goes on with one that is handed over. What was
    /// open before as a file of the start stays open.
    pub fn start(
        &self,
        service: &mut Service,
        socket: Option<&Path>,
        mut handed: Option<&mut Handed>,
    ) -> Result<(), String> {
        let socket = socket.unwrap_or_else(|| Path::new("inherited"));
        let directory = self.directory(socket);
        let offered = match handed.as_deref_mut() {
            Some(handed) => handed.journal(directory.as_deref())?,
            None => None,
        };
        let Some(directory) = directory else {
            if self.directory == Where::Default {
                service.workspace_mut().lack_journal();
            }
            return Ok(());
        };
        let place = match offered.map_or_else(|| Place::take(&directory), Ok) {
            Ok(place) => place,
            Err(error)
                if self.directory == Where::Default
                    && error.is_only_missing()
                    && !directory.join(MANIFEST).exists() =>
            {
                log::warn!("there is no journal: {error}");
                service.workspace_mut().lack_journal();
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        if self.fresh && handed.is_none() {
            place.set_aside().map_err(|error| error.to_string())?;
        }
        let began = Instant::now();
        let given = take_given(service.workspace_mut());
        own::protect_tree(&directory);
        let disk = Box::new(RealDisk::new(directory.clone()));
        let mut progress = || handed.as_deref_mut().into_iter().for_each(Handed::sign_of_life);
        let socket = socket.to_string_lossy();
        let recovery = service.recover(disk, self.policy, &socket, &mut progress);
        let recovery = recovery.map_err(|error| format!("{}: {error}", directory.display()))?;
        if let Some(given) = given {
            put_given(service.workspace_mut(), given);
        }
        if let Some(journal) = service.journal_mut() {
            journal.hold(place);
            journal.begin_run();
        }
        tell(&recovery, service.workspace(), &directory, began);
        if let (Where::Default, Some(state)) = (&self.directory, &self.state) {
            old_journals::sweep(state, &directory);
        }
        Ok(())
    }

    /// The directory, if there is to be a journal.
    fn directory(&self, socket: &Path) -> Option<PathBuf> {
        match (&self.directory, &self.state) {
            (Where::Nowhere, _) => None,
            (Where::Named(directory), _) => Some(directory.clone()),
            (Where::Default, Some(state)) => Some(journal::of_socket(state, socket)),
            (Where::Default, None) => {
                log::warn!("there is no journal: there is no state directory (--state-dir)");
                None
            }
        }
    }
}

/// Takes the project away that was opened from a file at the start.
fn take_given(workspace: &mut Workspace) -> Option<Project> {
    workspace.project(DEFAULT_PROJECT).filter(|project| project.file().is_some())?;
    workspace.remove(DEFAULT_PROJECT)
}

/// Makes the project of the start the default one. The journal's project of the same file takes its
/// place; another one that would be in its way gets another name.
fn put_given(workspace: &mut Workspace, given: Project) {
    let recovered = workspace.project(DEFAULT_PROJECT);
    if let Some(recovered) = recovered
        && recovered.revision() > 0
    {
        let place = |project: &Project| project.file().map(|file| file.place.clone());
        let is_same = place(recovered) == place(&given);
        // The file may be another one by now; what was read of it a moment ago tells nothing of
        // what was changed then.
        if is_same && !recovered.file().is_some_and(OwnFile::is_changed) {
            return;
        }
        let free = (1..).map(|number| match number {
            1 => "recovered".to_owned(),
            number => format!("recovered {number}"),
        });
        let taken = |name: &String| workspace.project(name).is_none();
        if let Some(name) = free.into_iter().find(taken) {
            log::warn!("the default project of the last run is now the project '{name}'");
            workspace.rename(DEFAULT_PROJECT, &name);
        }
    }
    workspace.replace_default(given);
}

fn tell(recovery: &Recovery, workspace: &Workspace, directory: &Path, began: Instant) {
    let place = directory.display();
    if recovery.torn > 0 {
        log::info!(
            "the journal {place} was cut off by {} that nobody was answered for",
            counted(recovery.torn, "byte")
        );
    }
    if let Some(damage) = &recovery.damage {
        log::error!(
            "the journal {place} was damaged: all before the damage is recovered, the rest is kept in {damage}"
        );
    }
    if recovery.records == 0 {
        log::info!("the journal is {place}");
        return;
    }
    let projects = workspace.projects().count();
    let edits: u64 = workspace.projects().map(|(_, project)| project.unsaved_edits()).sum();
    log::info!(
        "recovered {}, {} after the last save, from {} of {place} in {} ms",
        counted(projects as u64, "project"),
        counted(edits, "edit"),
        counted(recovery.records, "record"),
        began.elapsed().as_millis()
    );
}
