//! A history on the way to somebody who keeps it: a copy that is passed step by step, from its
//! first state on.
//!
//! The copy shares all voxels with the history, which may go on meanwhile.

use std::sync::Arc;

use super::{History, NewStep, Reversal};
use crate::document::{Document, LayerId};
use crate::voxel::VolumeChange;

/// A copy of a history, passed step by step: first back to its beginning, then forth.
pub struct Carry {
    there: Document,
    steps: Vec<Step>,
    /// Steps that lead to where the copy is.
    at: usize,
    /// What the history was like at the start, and what keeps it from forgetting its oldest edits,
    /// until all steps are copied.
    start: ([u64; 3], usize),
    traveller: Option<Arc<()>>,
}

struct Step {
    label: Arc<str>,
    revision: u64,
    reversal: Reversal,
    checkpoint: Option<String>,
}

/// A step that was passed.
pub struct Passed<'a> {
    /// What it is called.
    pub label: &'a str,
    /// The revision that it made.
    pub revision: u64,
    /// The name of the state behind it.
    pub checkpoint: Option<&'a str>,
    /// The document behind it.
    pub after: &'a Document,
    undo: Reversal,
}

impl Passed<'_> {
    /// What it did, if that may be more than to change voxels.
    pub(crate) fn step(&self) -> Option<NewStep<'_>> {
        NewStep::of(&self.undo, self.after)
    }

    /// What it did to the voxels of layers, if it did nothing else.
    pub fn changes(&self) -> impl Iterator<Item = (LayerId, &VolumeChange)> {
        (0..).map_while(|number| self.undo.change(number))
    }
}

impl History {
    /// Begins a copy that is to be passed step by step, without any step; see
    /// [`Carry::copy_some`].
    pub fn start_carrying(&self, document: &Document) -> Carry {
        Carry {
            there: document.clone(),
            steps: Vec::new(),
            at: self.position,
            start: (self.state(), self.position),
            traveller: Some(Arc::clone(&self.travellers)),
        }
    }
}

impl Carry {
    /// Copies so many steps more; whether there are more, or `None` if the history has changed
    /// since the start.
    pub fn copy_some(&mut self, history: &History, count: usize) -> Option<bool> {
        if self.start != (history.state(), history.position) {
            return None;
        }
        let copied = self.steps.len();
        let rest = history.entries.range(copied..).take(count);
        self.steps.extend(rest.map(|entry| Step {
            label: Arc::clone(&entry.label),
            revision: entry.revision,
            reversal: entry.reversal.clone(),
            checkpoint: entry.checkpoint().map(str::to_owned),
        }));
        let is_more = self.steps.len() < history.entries.len();
        if !is_more {
            self.traveller = None;
        }
        Some(is_more)
    }

    /// The document where the copy is.
    pub fn document(&self) -> &Document {
        &self.there
    }

    /// Passes a step on the way to the beginning; false if there is none.
    pub fn go_back(&mut self) -> bool {
        let Some(step) = self.at.checked_sub(1).and_then(|last| self.steps.get_mut(last)) else {
            return false;
        };
        let undo = std::mem::replace(&mut step.reversal, Reversal::Voxels(Vec::new()));
        step.reversal = undo.apply(&mut self.there);
        self.at -= 1;
        true
    }

    /// Passes a step on the way to the end; `None` if there is none.
    pub fn go_forth(&mut self) -> Option<Passed<'_>> {
        let step = self.steps.get_mut(self.at)?;
        let redo = std::mem::replace(&mut step.reversal, Reversal::Voxels(Vec::new()));
        let undo = redo.apply(&mut self.there);
        self.at += 1;
        let checkpoint = step.checkpoint.as_deref();
        let (label, revision, after) = (&*step.label, step.revision, &self.there);
        Some(Passed { label, revision, checkpoint, after, undo })
    }
}
