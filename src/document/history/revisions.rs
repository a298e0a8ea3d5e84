//! Which revision shows which state.
//!
//! The revision rises by one with each change, undo and redo included. An edit makes a new state,
//! and its revision stays with its entry. Undo and redo make no state: they come back to one, which
//! is noted as a pair of revisions. So a revision stays known as long as the history knows the
//! state that it shows.

use std::collections::VecDeque;

use super::History;

/// The notes of undo and redo may take this part of the history's memory; the oldest ones go first.
const SHARE_OF_MEMORY: u64 = 16;

/// A revision that came back to the state of an earlier one.
#[derive(Clone, Copy)]
struct Return {
    revision: u64,
    /// The revision that made the state.
    made_by: u64,
}

/// The revisions of one history beside those of its entries.
#[derive(Default)]
pub(super) struct Revisions {
    /// The revision of the present state.
    current: u64,
    /// The revision that made the state at position 0.
    first: u64,
    /// Rising in both revisions' order of time.
    returns: VecDeque<Return>,
}

impl Revisions {
    /// Of a history that begins with this revision.
    pub(super) fn starting_at(revision: u64) -> Self {
        Revisions { current: revision, first: revision, returns: VecDeque::new() }
    }

    pub(super) fn returns(&self) -> impl Iterator<Item = (u64, u64)> {
        self.returns.iter().map(|back| (back.revision, back.made_by))
    }

    pub(super) fn set(&mut self, current: u64, returns: &[(u64, u64)]) {
        self.current = current;
        if !returns.is_empty() {
            let pairs = returns.iter();
            self.returns = pairs.map(|&(revision, made_by)| Return { revision, made_by }).collect();
        }
    }

    /// The oldest revision whose state is known.
    pub(super) fn oldest(&self) -> u64 {
        self.first
    }

    /// Counts an edit; its revision.
    pub(super) fn count_edit(&mut self) -> u64 {
        self.current += 1;
        self.current
    }

    /// Notes that the state at position 0 is now the one that `revision` made.
    pub(super) fn forget_before(&mut self, revision: u64) {
        self.first = revision;
        while self.returns.front().is_some_and(|oldest| oldest.revision < revision) {
            self.returns.pop_front();
        }
    }

    /// Forgets all states but the present one, which some revision made.
    pub(super) fn start_over(&mut self, made_by: u64) {
        self.first = made_by;
        let current = self.current;
        self.returns.retain(|back| back.revision == current);
        self.returns.shrink_to_fit();
    }

    fn count_return(&mut self, made_by: u64, memory_limit: u64) {
        self.current += 1;
        self.returns.push_back(Return { revision: self.current, made_by });
        self.trim(memory_limit);
    }

    /// Forgets the oldest notes beyond their share of the history's memory.
    pub(super) fn trim(&mut self, memory_limit: u64) {
        let room = memory_limit / SHARE_OF_MEMORY / size_of::<Return>() as u64;
        while self.returns.len() as u64 > room.max(1) {
            self.returns.pop_front();
        }
    }

    /// Bytes that the notes take.
    pub(super) fn memory(&self) -> u64 {
        (self.returns.len() * size_of::<Return>()) as u64
    }

    /// The revision that made the state which `revision` came back to.
    fn made_by(&self, revision: u64) -> Option<u64> {
        let index = self.returns.binary_search_by_key(&revision, |back| back.revision).ok()?;
        Some(self.returns[index].made_by)
    }
}

impl History {
    /// The revision of the present state. Rises by one with each change, undo and redo included.
    pub fn revision(&self) -> u64 {
        self.revisions.current
    }

    /// The oldest revision whose state is known.
    pub fn oldest_revision(&self) -> u64 {
        self.revisions.first
    }

    /// The revision that made the state at a position.
    pub fn revision_at(&self, position: usize) -> Option<u64> {
        match position.checked_sub(1) {
            None => Some(self.revisions.first),
            Some(index) => self.entries.get(index).map(|entry| entry.revision),
        }
    }

    /// The position of the state that a revision shows; `None` if that state is not known (any
    /// more).
    pub fn position_of(&self, revision: u64) -> Option<usize> {
        self.position_made_by(revision)
            .or_else(|| self.position_made_by(self.revisions.made_by(revision)?))
    }

    fn position_made_by(&self, revision: u64) -> Option<usize> {
        if revision == self.revisions.first {
            return Some(0);
        }
        let found = self.entries.binary_search_by_key(&revision, |entry| entry.revision);
        found.ok().map(|index| index + 1)
    }

    /// Counts one way back or forth to the present position.
    pub(super) fn count_return(&mut self) {
        if let Some(made_by) = self.revision_at(self.position) {
            self.revisions.count_return(made_by, self.memory_limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ENTRY_BYTES, Edit, Scope};
    use super::*;
    use crate::document::Document;

    fn rename(document: &mut Document, history: &mut History, name: &str) {
        let edit = Edit::begin(document, Scope::Document);
        document.name = name.to_owned();
        history.commit(document, edit, "rename");
    }

    /// The name of the document as of a revision.
    fn name_at(document: &Document, history: &History, revision: u64) -> Option<String> {
        let there = history.document_at(document, history.position_of(revision)?)?;
        Some(there.name)
    }

    #[test]
    fn undo_and_redo_come_back_to_states_of_earlier_revisions() {
        let (mut document, mut history) = (Document::default(), History::default());
        let start = document.name.clone();
        for name in ["one", "two", "three"] {
            rename(&mut document, &mut history, name);
        }
        history.undo(&mut document);
        history.go_to(&mut document, 0);
        history.redo(&mut document);
        assert_eq!(history.revision(), 6, "a way of two steps is one change");
        let names = (0..=7).map(|revision| name_at(&document, &history, revision));
        let expected = [&*start, "one", "two", "three", "two", &*start, "one"];
        let expected: Vec<_> = expected.map(|name| Some(name.to_owned())).into();
        assert_eq!(names.collect::<Vec<_>>(), [expected, vec![None]].concat());
    }

    #[test]
    fn an_edit_after_an_undo_gives_up_the_states_that_were_undone() {
        let (mut document, mut history) = (Document::default(), History::default());
        rename(&mut document, &mut history, "one");
        rename(&mut document, &mut history, "two");
        history.undo(&mut document);
        history.redo(&mut document);
        history.undo(&mut document);
        rename(&mut document, &mut history, "other");
        let known = (0..=6).map(|revision| history.position_of(revision));
        let expected = [Some(0), Some(1), None, Some(1), None, Some(1), Some(2)];
        assert_eq!(known.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn revisions_are_forgotten_with_their_states() {
        let (mut document, mut history) = (Document::default(), History::new(20 * ENTRY_BYTES));
        history.undo(&mut document);
        assert_eq!(history.revision(), 0, "there was nothing to undo");
        for index in 0..100 {
            rename(&mut document, &mut history, &index.to_string());
        }
        let (_, count) = history.position();
        assert_eq!(history.oldest_revision(), 100 - count as u64);
        assert_eq!(history.position_of(history.oldest_revision()), Some(0));
        assert_eq!(history.position_of(history.oldest_revision() - 1), None);
        let oldest = name_at(&document, &history, history.oldest_revision());
        assert_eq!(oldest, Some((99 - count).to_string()));
    }

    #[test]
    fn ways_back_and_forth_take_a_part_of_the_memory_only() {
        let limit = 4 * ENTRY_BYTES;
        let (mut document, mut history) = (Document::default(), History::new(limit));
        rename(&mut document, &mut history, "one");
        for _ in 0..1000 {
            history.undo(&mut document);
            history.redo(&mut document);
        }
        assert!(history.memory() <= limit, "{}", history.memory());
        assert_eq!(history.position(), (1, 1), "they push no edit out");
        assert_eq!(history.position_of(2001), Some(1));
        assert_eq!(history.position_of(2000), Some(0));
        assert_eq!(history.position_of(2), None);
    }
}
