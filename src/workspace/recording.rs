//! Taking note of what happens to projects, for the journal, and making it happen again.
//!
//! The one place where a change becomes a step of the history is also the one place where it is
//! noted; see [`crate::journal`].

use super::{DEFAULT_PROJECT, Project, Workspace};
use crate::document::history::{Edit, Scope};
use crate::document::{Document, LayerId};
use crate::journal::{Facts, Malformed, Notes, Standing};
use crate::voxel::{Point, Rgba};

/// Where a project notes what happens to it.
pub(super) struct Recording {
    pub(super) notes: Notes,
    pub(super) number: u32,
}

impl Project {
    fn standing(&self, number: u32) -> Standing {
        let (revision, oldest) = (self.revision(), self.history.oldest_revision());
        Standing { project: number, revision, oldest }
    }

    /// Notes something that has just happened.
    #[inline]
    pub(super) fn note(&self, take: impl FnOnce(&Notes, Standing)) {
        if let Some(Recording { notes, number }) = &self.recording {
            take(notes, self.standing(*number));
        }
    }

    /// Notes the step that was made last.
    #[inline]
    pub(super) fn note_step(&self, label: &str) {
        self.note(|notes, standing| match self.history.newest_step(&self.document) {
            Some(step) => notes.step(standing, label, &step),
            None => {
                let changes = self.history.newest_changes().filter_map(|(id, change)| {
                    Some((id, change, &self.document.layer(id)?.volume))
                });
                notes.voxels(standing, label, changes);
            }
        });
    }

    /// Makes a step of voxels again.
    pub fn repeat_voxels(
        &mut self,
        label: &str,
        change: impl FnOnce(&mut Document) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.repeat(label, Scope::Voxels, change)
    }

    /// Makes a step of one voxel again; false, and nothing done, if it has to be made by
    /// [`Project::repeat_voxels`].
    pub(super) fn repeat_voxel(
        &mut self,
        label: &str,
        layer: LayerId,
        voxel: (Point, Rgba),
    ) -> bool {
        let changed = self.history.set_voxel(&mut self.document, layer, voxel, label);
        if changed == Some(true) {
            self.origins.follow(&self.history);
        }
        changed.is_some()
    }

    /// Makes a step of any kind again.
    pub fn repeat_document(
        &mut self,
        label: &str,
        change: impl FnOnce(&mut Document) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.repeat(label, Scope::Document, change)
    }

    /// What follows from the change is part of it, so nothing is computed here.
    fn repeat(
        &mut self,
        label: &str,
        scope: Scope,
        change: impl FnOnce(&mut Document) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let edit = Edit::begin(&mut self.document, scope);
        match change(&mut self.document) {
            Ok(()) => {
                let (changed, _) = self.history.commit(&mut self.document, edit, label);
                if changed {
                    self.origins.follow(&self.history);
                }
                Ok(())
            }
            Err(malformed) => {
                edit.roll_back(&mut self.document);
                Err(malformed)
            }
        }
    }

    /// Puts voxels into a document as it was opened, before anything of it is history.
    pub fn put_base(
        &mut self,
        put: impl FnOnce(&mut Document) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        put(&mut self.document)
    }

    /// Sets the revisions of the history.
    pub fn restore_revisions(&mut self, current: u64, returns: &[(u64, u64)]) {
        self.history.set_revisions(current, returns);
    }

    /// Names the present state of the history.
    pub fn checkpoint(&mut self, name: &str) {
        self.history.checkpoint(name);
        self.note(|notes, standing| notes.checkpoint(standing, name));
    }

    /// Forgets the steps before the state that a revision made.
    pub fn forget_before(&mut self, oldest: u64) {
        self.history.forget_before(oldest);
    }

    /// How many changes were made since the document was saved or opened.
    pub fn unsaved_edits(&self) -> u64 {
        if self.is_dirty() {
            self.revision().saturating_sub(self.origins.saved(&self.history))
        } else {
            0
        }
    }

    /// How many changes after the last save came back from the journal and are not saved yet.
    pub fn recovered_edits(&self) -> u64 {
        if self.is_dirty() { self.recovered_edits } else { 0 }
    }

    /// Puts a project that was just made where it stood: with no history but a revision.
    pub fn restore(&mut self, revision: u64) {
        self.history.start_at(revision);
        self.origins.start_at(revision);
    }
}

impl Workspace {
    /// Opens a project that has a number already; false if the name is taken. Not noted.
    pub fn adopt(&mut self, name: &str, mut project: Project, number: u32) -> bool {
        if self.projects.contains_key(name) {
            return false;
        }
        project.number = number;
        self.last_number = self.last_number.max(number);
        project.history.set_memory_limit(u64::MAX);
        self.projects.insert(name.to_owned(), project);
        true
    }

    /// Takes a project away. Not noted.
    pub fn remove(&mut self, name: &str) -> Option<Project> {
        self.projects.remove(name)
    }

    /// Before a recovery: nothing is open, not even the default project.
    pub fn begin_recovery(&mut self) {
        self.projects.clear();
    }

    /// After a recovery: the default project is there, and histories keep to their limit.
    pub fn end_recovery(&mut self) {
        if !self.projects.contains_key(DEFAULT_PROJECT) {
            self.open(DEFAULT_PROJECT, Project::new(Document::default()));
        }
        self.set_history_memory(self.history_memory);
        for project in self.projects.values_mut() {
            project.recovered_edits = project.unsaved_edits();
        }
    }

    /// Notes from now on what happens to projects. Those that are open and have no number yet are
    /// noted as opened.
    pub fn note_changes(&mut self, notes: Notes) {
        self.notes = Some(notes);
        let names: Vec<String> = self.projects.keys().cloned().collect();
        for name in names {
            let is_known = self.projects.get(&name).is_some_and(|project| project.number != 0);
            self.record(&name, is_known);
        }
    }

    /// Says that there is no journal although there should be one.
    pub fn lack_journal(&mut self) {
        self.lacks_journal = true;
    }

    /// Whether there is no journal although there should be one.
    pub fn lacks_journal(&self) -> bool {
        self.lacks_journal
    }

    /// How the journal is, if there is one.
    pub fn journal_facts(&self) -> Option<Facts> {
        self.notes.as_ref().map(Notes::facts)
    }

    /// Lets a project note what happens to it.
    pub(super) fn record(&mut self, name: &str, is_known: bool) {
        let (Some(notes), Some(project)) = (&self.notes, self.projects.get_mut(name)) else {
            return;
        };
        if !is_known {
            self.last_number += 1;
            project.number = self.last_number;
            notes.open(project.standing(project.number), name, &project.document);
        }
        project.recording = Some(Recording { notes: notes.clone(), number: project.number });
        if !is_known {
            project.note_files();
        }
    }

    /// Gives a project another name, which must be free.
    pub fn rename(&mut self, name: &str, to: &str) {
        let Some(project) = self.projects.remove(name) else { return };
        project.note(|notes, standing| notes.rename(standing, to));
        self.projects.insert(to.to_owned(), project);
    }

    /// Puts a project in the place of the default one.
    pub fn replace_default(&mut self, project: Project) {
        if let Some(closed) = self.projects.remove(DEFAULT_PROJECT) {
            closed.note(|notes, standing| notes.close(standing));
        }
        self.open(DEFAULT_PROJECT, project);
    }

    /// Whether there is nothing but a default project in which nothing ever happened.
    pub fn is_blank(&self) -> bool {
        self.projects.iter().all(|(name, project)| {
            name == DEFAULT_PROJECT && project.revision() == 0 && project.file().is_none()
        })
    }
}
