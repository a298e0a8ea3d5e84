//! Journals whose daemon does not run: what is in them, and their end.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Replay, Workspace};
use crate::journal::{
    BadManifest, Disk, End, MANIFEST, Manifest, Place, PlaceError, RealDisk, Unreadable, replay,
};

/// A journal, read and left as it is.
pub struct FoundJournal {
    /// Where it is.
    pub directory: PathBuf,
    /// The socket of its daemon.
    pub socket: String,
    /// Whether a daemon has it, so that what was read may be outdated.
    pub is_used: bool,
    /// When it was written to last.
    pub changed: SystemTime,
    /// How the log ends.
    pub end: End,
    /// The projects in it.
    pub workspace: Workspace,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// A file.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    /// The log.
    #[error(transparent)]
    Log(#[from] Unreadable),
}

/// When a journal was written to, or given up by its daemon.
fn last_used(directory: &Path, log: &Path) -> io::Result<SystemTime> {
    let written = log.metadata()?.modified()?;
    let given_up = Place::last_touch(directory);
    Ok(given_up.map_or(written, |time| time.max(written)))
}

/// The directories of journals below a state directory.
pub fn found_journals(state: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(state.join("journal")).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.retain(|directory| directory.join(MANIFEST).is_file());
    found.sort();
    found
}

/// Bytes of the log of a journal, and when a daemon had it last.
pub fn size_and_age(directory: &Path) -> Option<(u64, SystemTime)> {
    let manifest = Manifest::read(&std::fs::read(directory.join(MANIFEST)).ok()?).ok()?;
    let log = directory.join(manifest.log());
    Some((log.metadata().ok()?.len(), last_used(directory, &log).ok()?))
}

impl FoundJournal {
    /// Reads a journal. It is not locked and not changed.
    pub fn open(directory: &Path) -> Result<FoundJournal, FoundError> {
        let manifest = Manifest::read(&std::fs::read(directory.join(MANIFEST))?)?;
        let path = directory.join(manifest.log());
        // Nothing that is put in its place is followed or waited for.
        let log = RealDisk::new(directory.to_owned()).log(&manifest.log())?;
        let mut workspace = Workspace::default();
        let mut progress = || {};
        let mut repeat = Replay::begin(&mut workspace, |_| {}, &mut progress);
        let end = replay(&*log, &mut repeat)?.end;
        repeat.end();
        Ok(FoundJournal {
            directory: directory.to_owned(),
            socket: manifest.socket,
            is_used: Place::is_used(directory),
            changed: last_used(directory, &path)?,
            end,
            workspace,
        })
    }

    /// The projects with changes that are saved in no file: name, changes, file.
    pub fn unsaved(&self) -> impl Iterator<Item = (&str, u64, Option<&Path>)> {
        self.workspace.projects().filter(|(_, project)| project.is_dirty()).map(
            |(name, project)| {
                (name, project.unsaved_edits(), project.file().map(|file| &*file.path))
            },
        )
    }

    /// Removes it, unless a daemon has it.
    pub fn remove(self) -> io::Result<()> {
        let place = Place::take(&self.directory).map_err(|error| match error {
            PlaceError::System { error, .. } => error,
            error => io::Error::other(error.to_string()),
        })?;
        place.remove_all()
    }
}
