//! The open projects: the one thing that methods act on.
//!
//! A [`Project`] is a document with its history, revision and file. The default project is there
//! from the start and is shared by all connections. Every change goes through [`Project::edit`],
//! which records it for undo, takes it back if it fails, and counts the revision. Invariants: the
//! default project exists; the revision rises with every change, undo and redo included, and never
//! otherwise.

mod carry;
mod draft;
mod found;
mod memory;
mod origin;
mod packing;
mod recording;
mod replay;
mod saves;
mod turns;

use std::collections::BTreeMap;
use std::time::SystemTime;

pub use carry::Carrying;
pub use draft::{Draft, FinishedDraft, InPlace, Stale};
pub use found::{FoundError, FoundJournal, found_journals, size_and_age};
use origin::Origins;
pub use origin::{OwnFile, SavedState};
pub use packing::Packing;
pub use replay::Replay;
pub use saves::{Failing, Saves};
pub use turns::Turn;
use turns::Turns;

use crate::document::Document;
use crate::document::history::{DEFAULT_HISTORY_MEMORY, Edit, History, Scope, Travel};
use crate::format::SaveCache;
use crate::journal::Notes;
use crate::voxel::{Bounds, MergeCache, MergeJob, Volume};

/// The name of the project that calls act on unless they name another.
pub const DEFAULT_PROJECT: &str = "default";

/// Projects that may be open at once unless told otherwise.
pub const DEFAULT_MAX_PROJECTS: usize = 256;

/// A document that is open.
pub struct Project {
    document: Document,
    history: History,
    /// Which files its documents are of, and what of them is saved.
    origins: Origins,
    /// The visible layers as they were merged last.
    merged: MergeCache,
    /// How often they were to be merged.
    merges: Merges,
    /// What the last save left behind to make the next one faster.
    pub save_cache: SaveCache,
    /// The edit in progress; still here after a panic, so that it can be taken back.
    unfinished: Option<Edit>,
    /// Changes that run in slices or wait for one.
    turns: Turns,
    /// What changed since subscribers were told last.
    unreported: Option<ChangedBox>,
    packed: packing::Packed,
    /// The number that the journal knows it by; 0 for none.
    number: u32,
    /// Changes after the last save that came back from the journal.
    recovered_edits: u64,
    /// Where it notes what happens to it, if somebody wants to know.
    recording: Option<recording::Recording>,
    /// When it was changed last, as far as [`Project::note_time`] was told.
    modified: SystemTime,
    /// The revision as of then.
    modified_revision: u64,
}

/// How the visible layers come together.
pub enum Merging {
    /// There was nothing to merge.
    Done(Volume),
    /// In slices.
    Job(Box<MergeJob>),
}

/// How often the visible layers of a project were to be merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merges {
    /// In all.
    pub total: u64,
    /// Beginning with what was merged before.
    pub reusing: u64,
}

/// Where something changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChangedBox {
    /// Inside a box.
    Inside(Bounds),
    /// Anywhere.
    Anywhere,
}

impl ChangedBox {
    /// The part of space that holds both.
    pub fn merge(self, other: ChangedBox) -> ChangedBox {
        match (self, other) {
            (ChangedBox::Inside(a), ChangedBox::Inside(b)) => ChangedBox::Inside(a.union(&b)),
            _ => ChangedBox::Anywhere,
        }
    }
}

impl Project {
    /// A project with a document that counts as saved.
    pub fn new(document: Document) -> Self {
        Project {
            document,
            history: History::default(),
            origins: Origins::default(),
            merged: MergeCache::new(),
            merges: Merges::default(),
            save_cache: SaveCache::default(),
            unfinished: None,
            turns: Turns::default(),
            unreported: None,
            packed: packing::Packed::default(),
            number: 0,
            recovered_edits: 0,
            recording: None,
            modified: SystemTime::now(),
            modified_revision: 0,
        }
    }

    /// The document, to read.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The history, to read.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Rises by one with each change.
    pub fn revision(&self) -> u64 {
        self.history.revision()
    }

    /// Changes the document: one undo step if it succeeds, nothing at all if it fails.
    pub fn edit<T, E>(
        &mut self,
        label: &str,
        scope: Scope,
        change: impl FnOnce(&mut Document) -> Result<T, E>,
    ) -> Result<T, E> {
        self.unfinished = Some(Edit::begin(&mut self.document, scope));
        let result = change(&mut self.document);
        if result.is_ok()
            && let Some(edit) = &self.unfinished
            && self.document.find_computed_layers()
        {
            // Clones and shapes follow what they are made from, inside the same undo step.
            self.document.evaluate_since(edit.since());
        }
        match (&result, self.unfinished.take()) {
            (_, None) => {}
            (Err(_), Some(edit)) => edit.roll_back(&mut self.document),
            (Ok(_), Some(edit)) => self.record(label, edit),
        }
        result
    }

    /// Makes a finished edit an undo step, if it touched anything.
    fn record(&mut self, label: &str, edit: Edit) {
        let committed = self.history.commit(&mut self.document, edit, label);
        self.note_commit(committed);
        if committed.0 {
            self.note_step(label);
        }
    }

    /// Notes whether an undo step was made, and where it changed something.
    fn note_commit(&mut self, (changed, bounds): (bool, Option<Bounds>)) {
        if changed {
            self.origins.follow(&self.history);
            self.note_change(bounds.map_or(ChangedBox::Anywhere, ChangedBox::Inside));
        }
    }

    /// Starts to merge the visible layers as they are now, with what is left of the last time. Give
    /// what the job makes to [`Project::keep_merged`].
    pub fn start_merging(&mut self) -> Merging {
        let stack = self.document.stack();
        if stack.len() < 2 {
            return Merging::Done(self.document.merged());
        }
        self.merges.total += 1;
        self.merges.reusing += u64::from(self.merged.merged().block_count() > 0);
        let snapshots = stack.into_iter().map(|(volume, blend)| (volume.clone(), blend)).collect();
        Merging::Job(Box::new(MergeJob::new(snapshots, std::mem::take(&mut self.merged))))
    }

    /// How often the visible layers were to be merged.
    pub fn merges(&self) -> Merges {
        self.merges
    }

    /// Keeps what was merged for the next time.
    pub fn keep_merged(&mut self, merged: MergeCache) {
        self.merged = merged;
    }

    /// Takes back the last change; its label, or `None` if there is none.
    pub fn undo(&mut self) -> Option<String> {
        let label = self.history.undo(&mut self.document)?;
        self.note_return();
        Some(label)
    }

    /// Does the next change again; its label, or `None` if there is none.
    pub fn redo(&mut self) -> Option<String> {
        let label = self.history.redo(&mut self.document)?;
        self.note_return();
        Some(label)
    }

    /// Goes to a position in the history as one change. Returns how many edits that took, or `None`
    /// if there is no such position.
    pub fn go_to(&mut self, position: usize) -> Option<usize> {
        let steps = self.history.go_to(&mut self.document, position)?;
        if steps > 0 {
            self.note_return();
        }
        Some(steps)
    }

    /// Starts on a long way to a position in the history, in slices; `None` if there is no such
    /// position.
    pub fn start_travel(&self, position: usize) -> Option<Travel> {
        self.history.start_travel(&self.document, position)
    }

    /// Puts the end of a way in place as one change; how many edits it took.
    pub fn arrive(&mut self, travel: Travel) -> Result<usize, Stale> {
        let steps = self.history.arrive(&mut self.document, travel).map_err(|_| Stale)?;
        if steps > 0 {
            self.note_return();
        }
        Ok(steps)
    }

    /// Notes that the document is in another state of its history.
    fn note_return(&mut self) {
        self.note_change(ChangedBox::Anywhere);
        let made_by = self.history.revision_at(self.history.position().0);
        self.note(|notes, standing| notes.go(standing, made_by.unwrap_or_default()));
    }

    /// Forgets what can be undone and redone; how many edits that were, and the bytes that they
    /// kept.
    pub fn clear_history(&mut self) -> (usize, u64) {
        let forgotten = self.history.clear();
        self.origins.follow(&self.history);
        self.note(Notes::clear);
        forgotten
    }

    /// Takes note of the time, once a turn or so: a change since the last time counts as made now.
    /// Reading the clock for each voxel would cost more than that is worth.
    pub fn note_time(&mut self) {
        if self.modified_revision != self.revision() {
            self.modified_revision = self.revision();
            self.modified = SystemTime::now();
        }
    }

    /// When it was changed last; when it was opened if it was not changed since.
    pub fn last_modified(&mut self) -> SystemTime {
        self.note_time();
        self.modified
    }

    /// Takes back what a call left half done.
    fn roll_back_unfinished(&mut self) {
        if let Some(edit) = self.unfinished.take() {
            edit.roll_back(&mut self.document);
        }
    }

    fn note_change(&mut self, changed: ChangedBox) {
        let merged = self.unreported.map_or(changed, |earlier| earlier.merge(changed));
        self.unreported = Some(merged);
    }

    /// What changed since this was asked last.
    pub fn take_changed(&mut self) -> Option<ChangedBox> {
        self.unreported.take()
    }
}

/// All open projects.
pub struct Workspace {
    projects: BTreeMap<String, Project>,
    /// Turns given out so far.
    turns: u64,
    /// How much one edit may do.
    pub edit_limits: crate::edit::Limits,
    /// How many projects may be open at once.
    pub max_projects: usize,
    /// Whether saves arrive on the disk.
    pub saves: Saves,
    /// Bytes that the history of each project may keep.
    history_memory: u64,
    /// The number that was given to a project last.
    last_number: u32,
    /// Where projects note what happens to them, if somebody wants to know.
    notes: Option<Notes>,
    /// Whether there is no journal although there should be one.
    lacks_journal: bool,
}

impl Default for Workspace {
    fn default() -> Self {
        let default = Project::new(Document::default());
        Workspace {
            projects: BTreeMap::from([(DEFAULT_PROJECT.to_owned(), default)]),
            turns: 0,
            edit_limits: crate::edit::Limits::default(),
            max_projects: DEFAULT_MAX_PROJECTS,
            saves: Saves::default(),
            history_memory: DEFAULT_HISTORY_MEMORY,
            last_number: 0,
            notes: None,
            lacks_journal: false,
        }
    }
}

impl Workspace {
    /// A project by its name.
    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.get(name)
    }

    /// A project by its name, to change.
    pub fn project_mut(&mut self, name: &str) -> Option<&mut Project> {
        self.projects.get_mut(name)
    }

    /// All projects with their names.
    pub fn projects(&self) -> impl Iterator<Item = (&str, &Project)> {
        self.projects.iter().map(|(name, project)| (name.as_str(), project))
    }

    /// All projects with their names, to change.
    pub fn projects_mut(&mut self) -> impl Iterator<Item = (&str, &mut Project)> {
        self.projects.iter_mut().map(|(name, project)| (name.as_str(), project))
    }

    /// Opens a project under a new name; false if the name is taken.
    pub fn open(&mut self, name: &str, project: Project) -> bool {
        let is_free = !self.projects.contains_key(name);
        if is_free {
            self.put(name, project);
        }
        is_free
    }

    /// Opens a project in place of the one that has its name now, if there is one.
    pub fn put(&mut self, name: &str, mut project: Project) {
        project.history.set_memory_limit(self.history_memory);
        self.projects.insert(name.to_owned(), project);
        self.record(name, false);
    }

    /// Sets how many bytes the history of each project may keep.
    pub fn set_history_memory(&mut self, bytes: u64) {
        self.history_memory = bytes;
        let all = self.projects.values_mut();
        all.for_each(|project| project.history.set_memory_limit(bytes));
    }

    /// Closes a project. Closing the default one leaves a new, empty one in its place.
    pub fn close(&mut self, name: &str) -> Option<Project> {
        let closed = self.projects.remove(name)?;
        closed.note(|notes, standing| notes.close(standing));
        if name == DEFAULT_PROJECT {
            self.open(DEFAULT_PROJECT, Project::new(Document::default()));
        }
        Some(closed)
    }

    /// Whether a change of a project runs in slices, so that other changes must wait for their
    /// turn.
    pub fn is_busy(&self, project: &str) -> bool {
        self.projects.get(project).is_some_and(|project| !project.turns.is_empty())
    }

    /// How many changes wait for another change of their project.
    pub fn waiting_changes(&self) -> usize {
        self.projects.values().map(|project| project.turns.waiting()).sum()
    }

    /// Takes the last place in the queue of a project's changes; `None` if there is no such
    /// project.
    pub fn join_queue(&mut self, project: &str) -> Option<Turn> {
        let project = self.projects.get_mut(project)?;
        self.turns += 1;
        Some(project.turns.join(self.turns))
    }

    /// Whether a change may begin.
    pub fn is_turn(&self, project: &str, turn: Turn) -> bool {
        self.projects.get(project).is_none_or(|project| project.turns.has_come(turn))
    }

    /// Gives a place up: the change is finished, or nobody wants it any more.
    pub fn leave_queue(&mut self, project: &str, turn: Turn) {
        if let Some(project) = self.projects.get_mut(project) {
            project.turns.leave(turn);
        }
    }

    /// Takes back whatever a call that panicked left half done.
    pub fn roll_back_unfinished(&mut self) {
        self.projects.values_mut().for_each(Project::roll_back_unfinished);
    }

    /// Bytes of voxel data and history in memory.
    pub fn memory(&self) -> u64 {
        let of_project = |project: &Project| {
            let layers = project.document.layers().iter().map(|layer| layer.volume.memory());
            layers.sum::<u64>() + project.history.memory()
        };
        self.projects.values().map(of_project).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    fn set(project: &mut Project, x: i32) -> Result<(), ()> {
        project.edit("set", Scope::Voxels, |document| {
            let active = document.active();
            document.layer_mut(active).ok_or(())?.volume.set(Point::new(x, 0, 0), Rgba::WHITE);
            Ok(())
        })
    }

    fn count(project: &Project) -> u64 {
        project.document().layers().iter().map(|layer| layer.volume.count()).sum()
    }

    #[test]
    fn a_change_that_fails_leaves_no_trace() {
        let mut project = Project::new(Document::default());
        let failed: Result<(), &str> = project.edit("bad", Scope::Voxels, |document| {
            let active = document.active();
            document.layer_mut(active).unwrap().volume.set(Point::new(1, 1, 1), Rgba::WHITE);
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!((count(&project), project.revision(), project.is_dirty()), (0, 0, false));
    }

    #[test]
    fn undo_and_redo_count_as_changes() {
        let mut project = Project::new(Document::default());
        set(&mut project, 1).unwrap();
        set(&mut project, 2).unwrap();
        set(&mut project, 2).unwrap();
        assert_eq!((count(&project), project.revision()), (2, 2), "setting the same is no change");
        assert_eq!(project.undo().as_deref(), Some("set"));
        assert_eq!((count(&project), project.revision()), (1, 3));
        assert_eq!(project.redo().as_deref(), Some("set"));
        assert_eq!((count(&project), project.revision()), (2, 4));
        assert_eq!(project.redo(), None);
    }

    #[test]
    fn what_a_panic_interrupts_is_taken_back() {
        let mut workspace = Workspace::default();
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Result<(), ()> = project.edit("boom", Scope::Voxels, |document| {
                let active = document.active();
                document.layer_mut(active).unwrap().volume.set(Point::new(1, 1, 1), Rgba::WHITE);
                panic!("boom")
            });
        }));
        assert!(caught.is_err());
        workspace.roll_back_unfinished();
        assert_eq!(count(workspace.project(DEFAULT_PROJECT).unwrap()), 0);
    }
}
