//! Which file a document is of.
//!
//! A history may hold several documents: what was there first, what was loaded, what was begun
//! anew. Each began with one edit, and all steps from that one to the next beginning are steps of
//! that document. So its file and what of it is saved are kept by that first step, and undo and
//! redo come back to both. Saving under another name gives the document that file in all of its
//! steps.
//!
//! States are known by the revision that made them ([`History::revision_at`]): coming back to a
//! state that was saved is no unsaved change.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Project, Workspace};
use crate::document::history::History;
use crate::file_access::{FileIdentity, FilePath, Purpose};
use crate::format;
use crate::journal::{Malformed, Put, Take};

/// The file that a document came from or was saved to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    /// The path as it was given.
    pub path: PathBuf,
    /// The same file's one path: absolute, with no link on the way.
    pub place: PathBuf,
    /// The name of its format.
    pub format: &'static str,
    /// What the file was like when it was read or written last; none if there was no file yet.
    pub identity: Option<FileIdentity>,
}

impl OwnFile {
    /// Whether somebody else changed or removed the file, or made it where there was none. Looks at
    /// the disk.
    pub fn is_changed(&self) -> bool {
        let found = FilePath::from(&*self.place).resolve(Purpose::Read);
        let found = match found.and_then(|place| place.identity()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found,
        };
        !found.is_ok_and(|now| now == self.identity)
    }
}

/// One document of a history.
struct Origin {
    /// The revision that made its first state.
    since: u64,
    file: Option<OwnFile>,
    /// The state that is in the file, or needs no saving.
    saved: Option<u64>,
}

/// A document in one of its states, while it is being saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedState {
    since: u64,
    state: u64,
}

/// The documents of a history, oldest first; each began later than the one before.
pub(super) struct Origins(Vec<Origin>);

impl Default for Origins {
    /// One document without a file and with nothing to save.
    fn default() -> Self {
        Origins(vec![Origin { since: 0, file: None, saved: Some(0) }])
    }
}

fn state_of(history: &History) -> u64 {
    history.revision_at(history.position().0).unwrap_or_default()
}

impl Origins {
    fn index_at(&self, state: u64) -> Option<usize> {
        self.0.partition_point(|origin| origin.since <= state).checked_sub(1)
    }

    fn at(&self, history: &History) -> Option<&Origin> {
        self.0.get(self.index_at(state_of(history))?)
    }

    /// Forgets documents that the history does not lead to any more, after an edit was added to it.
    pub(super) fn follow(&mut self, history: &History) {
        let (position, state) = (history.position().0, state_of(history));
        let before = position.checked_sub(1).and_then(|before| history.revision_at(before));
        let before = before.unwrap_or(state);
        self.0.truncate(self.0.partition_point(|origin| origin.since <= before));
        let first = self.index_at(history.oldest_revision()).unwrap_or(0);
        self.0.drain(..first);
    }

    /// Of a document whose history begins at a revision.
    pub(super) fn start_at(&mut self, revision: u64) {
        self.0 = vec![Origin { since: revision, file: None, saved: Some(revision) }];
    }

    /// The state of the present document that was saved last, or else its first one.
    pub(super) fn saved(&self, history: &History) -> u64 {
        self.at(history).map_or(0, |origin| origin.saved.unwrap_or(origin.since))
    }

    /// As the journal has them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_u32(self.0.len() as u32);
        self.0.iter().for_each(|origin| origin.write(out));
    }

    /// Puts a document in the place of the one that began with the same revision, or behind all
    /// that began before.
    fn put(&mut self, origin: Origin) {
        let place = self.0.binary_search_by_key(&origin.since, |known| known.since);
        match place.map(|place| &mut self.0[place]) {
            Ok(known) => *known = origin,
            Err(place) => {
                self.0.truncate(place);
                self.0.push(origin);
            }
        }
    }
}

impl Origin {
    fn write(&self, out: &mut Vec<u8>) {
        let Origin { since, file, saved } = self;
        out.put_u64(*since);
        out.put_u64(saved.unwrap_or(u64::MAX));
        out.put_u8(u8::from(file.is_some()));
        if let Some(OwnFile { path, place, format, identity }) = file {
            out.put_counted(path.as_os_str().as_bytes());
            out.put_counted(place.as_os_str().as_bytes());
            out.put_text(format);
            out.put_u8(u8::from(identity.is_some()));
            identity.iter().flat_map(|known| known.words()).for_each(|word| out.put_u64(word));
        }
    }

    fn read(take: &mut Take<'_>) -> Result<Origin, Malformed> {
        let since = take.u64()?;
        let saved = Some(take.u64()?).filter(|&saved| saved != u64::MAX);
        let file = if take.flag()? { Some(read_file(take)?) } else { None };
        Ok(Origin { since, file, saved })
    }
}

fn read_file(take: &mut Take<'_>) -> Result<OwnFile, Malformed> {
    let path = |bytes| PathBuf::from(OsStr::from_bytes(bytes));
    let (path, place) = (path(take.counted()?), path(take.counted()?));
    let format = format::by_name(take.text()?).map_err(|_| take.malformed())?.name;
    let identity = if !take.flag()? {
        None
    } else {
        let words = [take.u64()?, take.u64()?, take.u64()?, take.u64()?, take.u64()?];
        Some(FileIdentity::of_words(words))
    };
    Ok(OwnFile { path, place, format, identity })
}

impl Project {
    /// Notes which files its documents are of now.
    pub(super) fn note_files(&self) {
        self.note(|notes, standing| notes.files(standing, |out| self.origins.write(out)));
    }

    /// Notes one of them.
    fn note_file(&self, origin: &Origin) {
        self.note(|notes, standing| notes.file(standing, |out| origin.write(out)));
    }

    /// Says of which files its documents are, without noting it.
    pub(super) fn restore_files(&mut self, take: &mut Take<'_>) -> Result<(), Malformed> {
        self.origins = Origins(take.list(Origin::read)?);
        Ok(())
    }

    /// The same for one of them.
    pub(super) fn restore_file(&mut self, take: &mut Take<'_>) -> Result<(), Malformed> {
        self.origins.put(Origin::read(take)?);
        Ok(())
    }

    /// The file of the document as it is now.
    pub fn file(&self) -> Option<&OwnFile> {
        self.origins.at(&self.history)?.file.as_ref()
    }

    /// Whether there are changes that were not saved.
    pub fn is_dirty(&self) -> bool {
        let origin = self.origins.at(&self.history);
        origin.is_none_or(|origin| origin.saved != Some(state_of(&self.history)))
    }

    /// Says that the present state is the first one of another document: one from a file, or a new
    /// one.
    pub fn begin_document(&mut self, file: Option<OwnFile>) {
        let since = state_of(&self.history);
        let saved = file.is_some().then_some(since);
        let origin = Origin { since, file, saved };
        self.note_file(&origin);
        self.origins.put(origin);
    }

    /// The present state, to be told with [`Project::mark_saved`] once it is saved.
    pub fn state_to_save(&self) -> SavedState {
        let state = state_of(&self.history);
        SavedState { since: self.origins.at(&self.history).map_or(0, |o| o.since), state }
    }

    /// Notes that a state was saved to a file, which is the document's own from now on, in all its
    /// steps.
    pub fn mark_saved(&mut self, saved: SavedState, file: OwnFile) {
        let SavedState { since, state } = saved;
        if self.origins.0.iter().any(|origin| origin.since == since) {
            let origin = Origin { since, file: Some(file), saved: Some(state) };
            self.note_file(&origin);
            self.origins.put(origin);
        }
    }

    /// All files that documents of this history are of.
    fn files(&self) -> impl Iterator<Item = &OwnFile> {
        self.origins.0.iter().filter_map(|origin| origin.file.as_ref())
    }
}

impl Workspace {
    /// The names of projects whose document has its file at a place.
    pub fn projects_of_file(&self, place: &Path) -> Vec<&str> {
        let is_of = |project: &Project| project.file().is_some_and(|file| file.place == place);
        self.projects().filter(|(_, project)| is_of(project)).map(|(name, _)| name).collect()
    }

    /// Whether some document that is open, in any of its steps, has its file at a place.
    pub fn has_file(&self, place: &Path) -> bool {
        self.projects().any(|(_, project)| project.files().any(|file| file.place == place))
    }

    /// Notes that a file holds something else now than what its documents left there: they have to
    /// be saved again.
    pub fn mark_overwritten(&mut self, place: &Path, identity: Option<FileIdentity>) {
        for project in self.projects.values_mut() {
            let mut is_concerned = false;
            for origin in &mut project.origins.0 {
                if let Some(file) = origin.file.as_mut().filter(|file| file.place == place) {
                    file.identity = identity;
                    origin.saved = None;
                    is_concerned = true;
                }
            }
            if is_concerned {
                project.note_files();
            }
        }
    }
}
