//! Undo and redo.
//!
//! An [`Edit`] in progress records what it overwrites; a finished one becomes an entry. An entry of
//! a voxel edit holds the touched blocks only; an entry of a structural edit (layers, materials,
//! names) holds what was different before it, see `structure`.
//!
//! An entry's memory is what would be freed with it: what it holds of its own, and the blocks and
//! their tables that it holds and the document after the edit does not. The sum is kept under a
//! limit by forgetting the oldest entries; the newest one stays even if it is larger than the limit
//! alone.

mod carry;
mod ending;
mod entry;
mod lone;
mod packing;
mod revisions;
mod step;
mod structure;
mod travel;

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

pub use self::carry::{Carry, Passed};
use self::ending::Ended;
pub use self::ending::{Edit, Ending};
use self::entry::Entry;
use self::revisions::Revisions;
pub use self::step::{ListChange, NewStep};
pub(crate) use self::structure::Spliced;
use self::structure::Structure;
pub use self::travel::Travel;
use super::{Document, LayerId};
use crate::job::{effort, leftovers};
use crate::voxel::{Bounds, Kept, VolumeChange};

/// What an edit may touch; decides what is recorded before it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Voxels of existing layers only.
    Voxels,
    /// Anything.
    Document,
}

/// What takes one edit back.
#[derive(Clone)]
enum Reversal {
    /// Of one layer: the usual case, which takes no memory of its own.
    Layer(LayerId, VolumeChange),
    Voxels(Vec<(LayerId, VolumeChange)>),
    Structure(Box<Structure>),
}

impl Reversal {
    /// Applies it and returns the reversal of that.
    fn apply(self, document: &mut Document) -> Reversal {
        match self {
            Reversal::Structure(mut structure) => {
                structure.apply(document);
                Reversal::Structure(structure)
            }
            Reversal::Layer(id, change) => match document.layer_mut(id) {
                Some(layer) => Reversal::Layer(id, layer.volume.apply(change)),
                None => Reversal::Voxels(Vec::new()),
            },
            Reversal::Voxels(changes) => Reversal::Voxels(
                changes
                    .into_iter()
                    .filter_map(|(id, change)| {
                        let layer = document.layer_mut(id)?;
                        Some((id, layer.volume.apply(change)))
                    })
                    .collect(),
            ),
        }
    }

    /// Whether it is of one voxel, so that it keeps nothing beside itself.
    fn is_of_point(&self) -> bool {
        matches!(self, Reversal::Layer(_, change) if change.is_of_point())
    }

    /// Bytes that it holds beyond those of the document.
    fn kept(&self, document: &Document) -> Kept {
        match self {
            Reversal::Layer(_, change) => change.kept(),
            Reversal::Voxels(changes) => changes.iter().map(|(_, change)| change.kept()).sum(),
            Reversal::Structure(held) => held.kept(document),
        }
    }
}

/// Bytes of an entry itself, about. Counted so that edits that hold no voxels are bounded too.
const ENTRY_BYTES: u64 = 320;

/// The memory that a history may keep alive unless told otherwise.
pub const DEFAULT_HISTORY_MEMORY: u64 = 256 << 20;

/// Names of forgotten checkpoints that are kept.
const MOST_FORGOTTEN: usize = 64;
/// Changes that are looked at for their names when all are forgotten.
const LATEST: usize = 4096;

/// The history of one document. Entries below `position` can be undone, those from it on redone.
pub struct History {
    entries: VecDeque<Entry>,
    position: usize,
    memory: u64,
    /// The part of it that lies in blocks and their tables.
    blocks: u64,
    memory_limit: u64,
    /// The checkpoint at position 0.
    first_checkpoint: Option<String>,
    /// The revisions whose entries have names: a long history is not searched for them.
    named: BTreeSet<u64>,
    /// The names of the last checkpoints whose states are no longer known.
    forgotten: VecDeque<String>,
    revisions: Revisions,
    /// Each way under way has a handle of it.
    travellers: Arc<()>,
}

impl Default for History {
    fn default() -> Self {
        History::new(DEFAULT_HISTORY_MEMORY)
    }
}

impl History {
    /// An empty history that forgets its oldest entries beyond `memory_limit` bytes.
    pub fn new(memory_limit: u64) -> Self {
        History {
            entries: VecDeque::new(),
            position: 0,
            memory: 0,
            blocks: 0,
            memory_limit,
            first_checkpoint: None,
            named: BTreeSet::new(),
            forgotten: VecDeque::new(),
            revisions: Revisions::default(),
            travellers: Arc::default(),
        }
    }

    /// Ends an edit. Returns the box it touched and whether anything was touched at all; a voxel
    /// edit that touched nothing leaves no entry.
    pub fn commit(
        &mut self,
        document: &mut Document,
        edit: Edit,
        label: &str,
    ) -> (bool, Option<Bounds>) {
        let ended = edit.end(document);
        self.push(ended, label)
    }

    #[inline]
    fn push(&mut self, ended: Ended, label: &str) -> (bool, Option<Bounds>) {
        let bounds = ended.bounds;
        if matches!(&ended.reversal, Reversal::Voxels(changes) if changes.is_empty()) {
            return (false, None);
        }
        while self.entries.len() > self.position {
            let Some(mut undone) = self.entries.pop_back() else { break };
            self.recount(undone.kept(), Kept::default());
            let name = self.take_name(&mut undone);
            self.forget_name(name);
        }
        // Edits of one kind follow each other, so most labels are there already.
        let label = match self.entries.back() {
            Some(last) if *last.label == *label => Arc::clone(&last.label),
            _ => Arc::from(label),
        };
        let revision = self.revisions.count_edit();
        let entry = Entry::new(label, revision, ended);
        self.recount(Kept::default(), entry.kept());
        self.entries.push_back(entry);
        self.position += 1;
        self.forget_beyond_limit();
        (true, bounds)
    }

    fn forget_beyond_limit(&mut self) {
        self.revisions.trim(self.memory_limit);
        while self.memory() > self.memory_limit && self.forget_oldest() {}
    }

    /// Forgets the oldest edit, unless it is the only one that can be undone or nothing can;
    /// whether there was one.
    pub fn forget_oldest(&mut self) -> bool {
        self.can_forget() && self.drop_oldest()
    }

    /// Forgets the oldest edit, which must be below the position; false if there is none.
    fn drop_oldest(&mut self) -> bool {
        let Some(mut oldest) = self.entries.pop_front() else { return false };
        self.recount(oldest.kept(), Kept::default());
        self.revisions.forget_before(oldest.revision);
        let name = self.take_name(&mut oldest);
        let first = std::mem::replace(&mut self.first_checkpoint, name);
        self.forget_name(first);
        self.position -= 1;
        true
    }

    /// Whether there is an edit to forget, and nobody on a way through the history.
    pub fn can_forget(&self) -> bool {
        let is_travelled = Arc::strong_count(&self.travellers) > 1;
        self.entries.len() > 1 && self.position > 0 && !is_travelled
    }

    /// The same, with the state kept that a revision made.
    pub fn can_forget_before(&self, revision: u64) -> bool {
        self.can_forget() && self.revision_at(1).is_some_and(|next| next <= revision)
    }

    /// Forgets everything that can be undone or redone, and all checkpoints. The document and its
    /// revision stay. Returns how many edits were forgotten and the bytes that they kept.
    pub fn clear(&mut self) -> (usize, u64) {
        let forgotten = (self.entries.len(), self.memory());
        let state = self.revision_at(self.position).unwrap_or_default();
        // Of a long history the names of the latest changes are enough.
        let latest = self.entries.iter_mut().rev().take(LATEST);
        let mut names: Vec<String> =
            latest.filter_map(Entry::take_checkpoint).take(MOST_FORGOTTEN).collect();
        names.extend(self.first_checkpoint.take());
        names.into_iter().rev().for_each(|name| self.forget_name(Some(name)));
        leftovers::leave(std::mem::take(&mut self.entries).into_iter());
        self.named.clear();
        (self.position, self.memory, self.blocks) = (0, 0, 0);
        self.revisions.start_over(state);
        forgotten
    }

    /// Notes that what an edit keeps has become something else.
    fn recount(&mut self, before: Kept, now: Kept) {
        self.memory = (self.memory + now.total()).saturating_sub(before.total());
        self.blocks = (self.blocks + now.blocks).saturating_sub(before.blocks);
    }

    /// What the newest edit did to the voxels of layers, if it did nothing else.
    pub(crate) fn newest_changes(&self) -> impl Iterator<Item = (LayerId, &VolumeChange)> {
        let changes = self.entries.back().map(|entry| &entry.reversal);
        (0..).map_while(move |number| changes?.change(number))
    }

    /// Forgets the edits before the state that a revision made.
    pub(crate) fn forget_before(&mut self, revision: u64) {
        while self.revisions.oldest() < revision && self.position > 0 && self.drop_oldest() {}
    }

    /// Revisions that came back to the state of an earlier one, each with the one that made it.
    pub(crate) fn returns(&self) -> impl Iterator<Item = (u64, u64)> {
        self.revisions.returns()
    }

    /// Sets the present revision, and those that came back to earlier states, if there are any.
    pub(crate) fn set_revisions(&mut self, current: u64, returns: &[(u64, u64)]) {
        self.revisions.set(current, returns);
    }

    /// Begins an empty history at a revision.
    pub(crate) fn start_at(&mut self, revision: u64) {
        self.revisions = Revisions::starting_at(revision);
    }

    /// Takes back the last edit; its label, or `None` if there is none.
    pub fn undo(&mut self, document: &mut Document) -> Option<String> {
        let label = self.step_back(document)?;
        self.count_return();
        Some(label)
    }

    /// Does the next edit again; its label, or `None` if there is none.
    pub fn redo(&mut self, document: &mut Document) -> Option<String> {
        let label = self.step_forth(document)?;
        self.count_return();
        Some(label)
    }

    /// Goes to a position as one change: as many steps as it takes. Returns how many, or `None` if
    /// there is no such position.
    pub fn go_to(&mut self, document: &mut Document, position: usize) -> Option<usize> {
        if position > self.entries.len() {
            return None;
        }
        let steps = self.position.abs_diff(position);
        while self.position > position {
            self.step_back(document);
        }
        while self.position < position {
            self.step_forth(document);
        }
        if steps > 0 {
            self.count_return();
        }
        Some(steps)
    }

    fn step_back(&mut self, document: &mut Document) -> Option<String> {
        let index = self.position.checked_sub(1)?;
        self.position = index;
        Some(self.reverse(index, document))
    }

    fn step_forth(&mut self, document: &mut Document) -> Option<String> {
        (self.position < self.entries.len()).then(|| {
            self.position += 1;
            self.reverse(self.position - 1, document)
        })
    }

    /// The position that a checkpoint names; of equal names the latest.
    pub fn find_checkpoint(&self, name: &str) -> Option<usize> {
        let found = self.checkpoints().rev().find(|(_, checkpoint)| *checkpoint == name);
        let is_first = self.first_checkpoint() == Some(name);
        found.map(|(position, _)| position).or_else(|| is_first.then_some(0))
    }

    /// The positions that have names, but for the first one, and these, oldest first.
    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = (usize, &str)> {
        self.named.iter().filter_map(|revision| {
            let index = self.entries.binary_search_by_key(revision, |entry| entry.revision).ok()?;
            Some((index + 1, self.entries.get(index)?.checkpoint()?))
        })
    }

    /// Takes the name of an entry that goes.
    fn take_name(&mut self, entry: &mut Entry) -> Option<String> {
        let name = entry.take_checkpoint()?;
        self.named.remove(&entry.revision);
        Some(name)
    }

    /// Takes note of a checkpoint whose state is no longer known.
    fn forget_name(&mut self, name: Option<String>) {
        let Some(name) = name else { return };
        if self.forgotten.len() == MOST_FORGOTTEN {
            self.forgotten.pop_front();
        }
        self.forgotten.push_back(name);
    }

    /// Whether there was a checkpoint of this name whose state is no longer known.
    pub fn has_forgotten(&self, name: &str) -> bool {
        self.forgotten.iter().any(|forgotten| forgotten == name)
    }

    /// The checkpoint at position 0, which no entry stands before.
    pub fn first_checkpoint(&self) -> Option<&str> {
        self.first_checkpoint.as_deref()
    }

    /// A box around what the edit touched that leads to a position (1 is the first edit), where
    /// known.
    pub fn bounds_of(&self, position: usize) -> Option<Bounds> {
        self.entries.get(position.checked_sub(1)?)?.bounds()
    }

    /// How many edits can be undone, and how many are known in all.
    pub fn position(&self) -> (usize, usize) {
        (self.position, self.entries.len())
    }

    /// Labels and checkpoint names of the edits between two positions, oldest first.
    ///
    /// # Panics
    /// If there are no such positions.
    pub fn labels(
        &self,
        between: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (&str, Option<&str>)> {
        self.entries.range(between).map(|entry| (&*entry.label, entry.checkpoint()))
    }

    /// Names the present position, so that it can be found again. A position has one name, the last
    /// one given. Always true.
    pub fn checkpoint(&mut self, name: &str) -> bool {
        let last = self.position.checked_sub(1).and_then(|index| self.entries.get_mut(index));
        match last {
            Some(entry) => {
                entry.set_checkpoint(name);
                self.named.insert(entry.revision);
            }
            None => self.first_checkpoint = Some(name.to_owned()),
        }
        true
    }

    /// Bytes that may be kept alive.
    pub fn memory_limit(&self) -> u64 {
        self.memory_limit
    }

    /// The document as it is at another position, without going there; `None` if there is no such
    /// position.
    pub fn document_at(&self, document: &Document, position: usize) -> Option<Document> {
        if position > self.entries.len() {
            return None;
        }
        let mut there = document.clone();
        effort::note(position.abs_diff(self.position));
        for index in (position..self.position).rev() {
            self.entries[index].reversal.clone().apply(&mut there);
        }
        for index in self.position..position {
            self.entries[index].reversal.clone().apply(&mut there);
        }
        Some(there)
    }

    /// Changes the limit, forgetting what is beyond it.
    pub fn set_memory_limit(&mut self, bytes: u64) {
        self.memory_limit = bytes;
        self.forget_beyond_limit();
    }

    /// Bytes kept alive.
    pub fn memory(&self) -> u64 {
        self.memory + self.revisions.memory()
    }

    /// Bytes kept alive by kind: the steps themselves, and blocks that nobody else need have.
    pub fn kept(&self) -> Kept {
        let unused = self.entries.capacity() - self.entries.len();
        let spare = (unused * size_of::<Entry>()) as u64;
        Kept { own: self.memory() - self.blocks + spare, blocks: self.blocks }
    }

    fn reverse(&mut self, index: usize, document: &mut Document) -> String {
        let entry = &mut self.entries[index];
        let reversal = std::mem::replace(&mut entry.reversal, Reversal::Voxels(Vec::new()));
        let reversal = reversal.apply(document);
        let (before, kept) = (entry.kept(), reversal.kept(document));
        entry.turn_round(reversal, kept);
        let (now, label) = (entry.kept(), entry.label.to_string());
        self.recount(before, now);
        label
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Layer;
    use crate::voxel::{BLOCK_VOXELS, Point, Rgba};

    const BLOCK: u64 = BLOCK_VOXELS as u64 * 4;

    fn set(document: &mut Document, history: &mut History, at: [i32; 3], label: &str) {
        let edit = Edit::begin(document, Scope::Voxels);
        let id = document.active();
        if let Some(layer) = document.layer_mut(id) {
            layer.volume.set(Point::from(at), Rgba::WHITE);
        }
        assert!(history.commit(document, edit, label).0);
    }

    fn rename(document: &mut Document, history: &mut History, name: &str) {
        let edit = Edit::begin(document, Scope::Document);
        document.name = name.to_owned();
        history.commit(document, edit, "rename");
    }

    fn count(document: &Document) -> u64 {
        document.merged().count()
    }

    #[test]
    fn going_to_a_position_undoes_and_redoes() {
        let (mut document, mut history) = (Document::default(), History::default());
        (0..5).for_each(|x| set(&mut document, &mut history, [x, 0, 0], "set"));
        assert_eq!(history.go_to(&mut document, 2), Some(3));
        assert_eq!(count(&document), 2);
        assert_eq!(history.go_to(&mut document, 5), Some(3));
        assert_eq!(count(&document), 5);
        assert_eq!(history.go_to(&mut document, 6), None);
        assert_eq!(history.go_to(&mut document, 0), Some(5));
        assert_eq!(count(&document), 0);
    }

    #[test]
    fn a_checkpoint_is_found_also_before_the_first_edit() {
        let (mut document, mut history) = (Document::default(), History::default());
        assert!(history.checkpoint("start"));
        set(&mut document, &mut history, [0, 0, 0], "set");
        assert!(history.checkpoint("one"));
        set(&mut document, &mut history, [1, 0, 0], "set");
        assert_eq!(history.find_checkpoint("start"), Some(0));
        assert_eq!(history.find_checkpoint("one"), Some(1));
        assert_eq!(history.find_checkpoint("two"), None);
    }

    #[test]
    fn a_structural_edit_counts_only_what_the_document_no_longer_has() {
        let (mut document, mut history) = (Document::default(), History::default());
        for n in 0..1000 {
            set(&mut document, &mut history, [16 * (n / 10), n % 10, 0], "set");
        }
        let before = history.memory();
        rename(&mut document, &mut history, "another name");
        let renamed = history.memory() - before;
        assert!(renamed < BLOCK, "{renamed}");
        let edit = Edit::begin(&mut document, Scope::Document);
        document.remove_layer(document.active());
        history.commit(&mut document, edit, "remove");
        let removed = history.memory() - before - renamed;
        assert!((100 * BLOCK..115 * BLOCK).contains(&removed), "{removed}");
        history.undo(&mut document);
        assert!(history.memory() - before - renamed < BLOCK);
        assert_eq!(count(&document), 1000);
    }

    #[test]
    fn the_oldest_entries_are_forgotten_beyond_the_limit() {
        let (mut document, mut history) = (Document::default(), History::new(20 * 1024));
        for index in 0..1000 {
            rename(&mut document, &mut history, &index.to_string());
            history.checkpoint(&index.to_string());
        }
        let (position, known) = history.position();
        assert_eq!(position, known);
        assert!((10..40).contains(&known), "{known}");
        assert!(history.memory() <= 20 * 1024);
        assert_eq!(history.go_to(&mut document, 0), Some(known));
        let reached = history.first_checkpoint().map(str::to_owned);
        assert_eq!(reached.as_deref(), Some(document.name.as_str()));
    }

    #[test]
    fn a_new_edit_after_an_undo_forgets_what_was_undone() {
        let (mut document, mut history) = (Document::default(), History::default());
        (0..3).for_each(|x| set(&mut document, &mut history, [x, 0, 0], "set"));
        history.go_to(&mut document, 1);
        set(&mut document, &mut history, [9, 9, 9], "other");
        assert_eq!(history.position(), (2, 2));
        assert!(history.redo(&mut document).is_none());
        assert_eq!(
            history.labels(0..2).map(|(label, _)| label).collect::<Vec<_>>(),
            ["set", "other"]
        );
    }

    #[test]
    fn rolling_back_restores_layers_and_voxels() {
        let mut document = Document::default();
        let edit = Edit::begin(&mut document, Scope::Document);
        document.push_layer(Layer::new(LayerId(7), "new"));
        edit.roll_back(&mut document);
        assert_eq!(document.layers().len(), 1);
        let edit = Edit::begin(&mut document, Scope::Voxels);
        document.layers_mut().for_each(|layer| {
            layer.volume.set(Point::default(), Rgba::WHITE);
        });
        edit.roll_back(&mut document);
        assert_eq!(count(&document), 0);
    }
}
