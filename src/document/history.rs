//! Undo and redo.
//!
//! An [`Edit`] in progress records what it overwrites; a finished one becomes an entry. An entry of a voxel
//! edit holds the touched blocks only; an entry of a structural edit (layers, materials, names) holds the
//! document before it, which shares every voxel that the edit left alone.

use std::collections::VecDeque;

use super::{Document, LayerId};
use crate::voxel::{Bounds, VolumeChange};

/// What an edit may touch; decides what is recorded before it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Voxels of existing layers only.
    Voxels,
    /// Anything.
    Document,
}

/// What takes one edit back.
enum Reversal {
    Voxels(Vec<(LayerId, VolumeChange)>),
    Document(Box<Document>),
}

/// An edit in progress.
pub struct Edit {
    before: Option<Box<Document>>,
}

impl Edit {
    /// Starts to record.
    pub fn begin(document: &mut Document, scope: Scope) -> Edit {
        match scope {
            Scope::Voxels => {
                document.layers_mut().for_each(|layer| layer.volume.start_marks());
                Edit { before: None }
            }
            Scope::Document => Edit { before: Some(Box::new(document.clone())) },
        }
    }

    /// Takes everything back that was done since [`Edit::begin`].
    pub fn roll_back(self, document: &mut Document) {
        self.into_reversal(document).apply(document);
    }

    fn into_reversal(self, document: &mut Document) -> Reversal {
        match self.before {
            Some(before) => Reversal::Document(before),
            None => Reversal::Voxels(
                document
                    .layers_mut()
                    .map(|layer| (layer.id, layer.volume.take_marks()))
                    .filter(|(_, change)| !change.is_empty())
                    .collect(),
            ),
        }
    }
}

impl Reversal {
    /// Applies it and returns the reversal of that.
    fn apply(self, document: &mut Document) -> Reversal {
        match self {
            Reversal::Document(before) => {
                Reversal::Document(Box::new(std::mem::replace(document, *before)))
            }
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

    fn memory(&self) -> u64 {
        match self {
            Reversal::Voxels(changes) => changes.iter().map(|(_, change)| change.memory()).sum(),
            Reversal::Document(document) => {
                document.layers().iter().map(|layer| layer.volume.memory()).sum()
            }
        }
    }

    fn bounds(&self) -> Option<Bounds> {
        match self {
            Reversal::Voxels(changes) => {
                changes.iter().fold(None, |all, (_, change)| Bounds::union_of(all, change.bounds()))
            }
            Reversal::Document(_) => None,
        }
    }
}

/// One step of the history.
struct Entry {
    label: String,
    reversal: Reversal,
    memory: u64,
    checkpoint: Option<String>,
}

/// The memory that a history may keep alive unless told otherwise.
pub const DEFAULT_HISTORY_MEMORY: u64 = 256 << 20;

/// The history of one document. Entries below `position` can be undone, those from it on redone.
pub struct History {
    entries: VecDeque<Entry>,
    position: usize,
    memory: u64,
    memory_limit: u64,
}

impl Default for History {
    fn default() -> Self {
        History::new(DEFAULT_HISTORY_MEMORY)
    }
}

impl History {
    /// An empty history that forgets its oldest entries beyond `memory_limit` bytes.
    pub fn new(memory_limit: u64) -> Self {
        History { entries: VecDeque::new(), position: 0, memory: 0, memory_limit }
    }

    /// Ends an edit. Returns the box it touched and whether anything was touched at all; a voxel edit that
    /// touched nothing leaves no entry.
    pub fn commit(
        &mut self,
        document: &mut Document,
        edit: Edit,
        label: &str,
    ) -> (bool, Option<Bounds>) {
        let reversal = edit.into_reversal(document);
        if matches!(&reversal, Reversal::Voxels(changes) if changes.is_empty()) {
            return (false, None);
        }
        while self.entries.len() > self.position {
            self.memory -= self.entries.pop_back().map_or(0, |entry| entry.memory);
        }
        let bounds = reversal.bounds();
        let memory = reversal.memory();
        self.memory += memory;
        self.entries.push_back(Entry {
            label: label.to_owned(),
            reversal,
            memory,
            checkpoint: None,
        });
        self.position += 1;
        while self.memory > self.memory_limit && self.entries.len() > 1 {
            self.memory -= self.entries.pop_front().map_or(0, |entry| entry.memory);
            self.position -= 1;
        }
        (true, bounds)
    }

    /// Takes back the last edit; its label, or `None` if there is none.
    pub fn undo(&mut self, document: &mut Document) -> Option<String> {
        let index = self.position.checked_sub(1)?;
        self.position = index;
        Some(self.reverse(index, document))
    }

    /// Does the next edit again; its label, or `None` if there is none.
    pub fn redo(&mut self, document: &mut Document) -> Option<String> {
        (self.position < self.entries.len()).then(|| {
            self.position += 1;
            self.reverse(self.position - 1, document)
        })
    }

    /// How many edits can be undone, and how many are known in all.
    pub fn position(&self) -> (usize, usize) {
        (self.position, self.entries.len())
    }

    /// Labels and checkpoint names, oldest first.
    pub fn labels(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.entries.iter().map(|entry| (entry.label.as_str(), entry.checkpoint.as_deref()))
    }

    /// Names the present position, so that it can be found again; false with nothing done yet.
    pub fn checkpoint(&mut self, name: &str) -> bool {
        let last = self.position.checked_sub(1).and_then(|index| self.entries.get_mut(index));
        last.map(|entry| entry.checkpoint = Some(name.to_owned())).is_some()
    }

    /// Bytes kept alive.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = History::new(self.memory_limit);
    }

    fn reverse(&mut self, index: usize, document: &mut Document) -> String {
        let entry = &mut self.entries[index];
        let reversal = std::mem::replace(&mut entry.reversal, Reversal::Voxels(Vec::new()));
        entry.reversal = reversal.apply(document);
        entry.label.clone()
    }
}
