//! Edits in progress, and how they end: at once or in slices.
//!
//! An end in slices leaves the history as it is until [`History::commit_ended`]; a draft that is
//! given up before leaves no trace.

use super::structure::{Measured, Parts, Structure, held_cubes};
use super::{History, Reversal, Scope};
use crate::document::{Document, LayerId, Since};
use crate::job::Budget;
use crate::voxel::{Bounds, EndingMarks, Kept, MeasuredChange, VolumeChange};

/// Blocks that are looked at in one unit of work.
const BLOCKS_A_UNIT: usize = 64;
/// Cubes of 256x256x256 voxels that are measured at once.
const MOST_CUBES: usize = 1024;

/// An edit in progress.
pub struct Edit {
    /// Of an edit of more than voxels.
    before: Option<Box<Parts>>,
}

/// What takes an edit back, with the box around it, where that is known, and its bytes.
pub(super) struct Ended {
    pub(super) reversal: Reversal,
    pub(super) bounds: Option<Bounds>,
    pub(super) kept: Kept,
}

impl Edit {
    /// Starts to record.
    pub fn begin(document: &mut Document, scope: Scope) -> Edit {
        match scope {
            Scope::Voxels => {
                document.log.record_voxels();
                Edit { before: None }
            }
            Scope::Document => {
                document.log.record_layers();
                Edit { before: Some(Box::new(Parts::of(document))) }
            }
        }
    }

    /// What is known of the document as it was evaluated before.
    pub fn since(&self) -> Since {
        let canvas = self.before.as_ref().map(|before| before.canvas());
        canvas.map_or(Since::Marks, |canvas| Since::Recording { canvas })
    }

    /// Whether so much was replaced that its end is to be in slices.
    pub fn is_long(&self, document: &Document) -> bool {
        let Some(before) = &self.before else { return false };
        held_cubes(document.log.steps()) + before.cubes_beside(document) > MOST_CUBES
    }

    /// The document as it was at [`Edit::begin`], if more than voxels may have changed; the
    /// recording goes on.
    fn structure_before(&self, document: &Document) -> Option<Document> {
        let before = self.before.as_ref()?;
        let mut copy = document.clone();
        let steps = document.log.steps().to_vec();
        Structure::new(before.as_ref().clone(), steps, document).apply(&mut copy);
        Some(copy)
    }

    /// The document as it was at [`Edit::begin`]; the recording goes on. Costs about what was
    /// touched since.
    pub fn document_before(&self, document: &mut Document) -> Document {
        if let Some(before) = self.structure_before(document) {
            return before;
        }
        let mut copy = document.clone();
        let mut number = 0;
        while let Some(id) = document.log.marked(number) {
            number += 1;
            let before = document.layer_mut(id).map(|layer| layer.volume.before_marks());
            if let (Some(before), Some(layer)) = (before, copy.layer_mut(id)) {
                layer.volume = before;
            }
        }
        copy
    }

    /// Takes everything back that was done since [`Edit::begin`].
    pub fn roll_back(self, document: &mut Document) {
        self.end(document).reversal.apply(document);
    }

    /// Ends it at once.
    #[inline]
    pub(super) fn end(self, document: &mut Document) -> Ended {
        let Some(before) = self.before else { return end_of_voxels(document) };
        let steps = document.log.stop();
        let reversal = Reversal::Structure(Box::new(Structure::new(*before, steps, document)));
        Ended { bounds: None, kept: reversal.kept(document), reversal }
    }

    /// Ends it in slices. Nothing may change the document meanwhile.
    pub fn end_in_slices(self) -> Ending {
        Ending {
            edit: self,
            structure: None,
            changes: Vec::new(),
            marks: EndingMarks::default(),
            bounds: None,
            kept: Kept::default(),
            volume: 0,
            measured: Measured::default(),
        }
    }
}

#[inline]
fn end_of_voxels(document: &mut Document) -> Ended {
    let (mut bounds, mut kept) = (None, Kept::default());
    let mut number = 0;
    let mut changes = std::iter::from_fn(|| {
        loop {
            let id = document.log.marked(number)?;
            number += 1;
            let Some(layer) = document.layer_mut(id) else { continue };
            let ended = layer.volume.end_marks();
            bounds = Bounds::union_of(bounds, ended.bounds);
            kept += ended.kept;
            if !ended.change.is_empty() {
                return Some((id, ended.change));
            }
        }
    });
    let reversal = match (changes.next(), changes.next()) {
        (None, _) => Reversal::Voxels(Vec::new()),
        (Some((id, change)), None) => Reversal::Layer(id, change),
        (Some(first), Some(second)) => {
            Reversal::Voxels([first, second].into_iter().chain(changes).collect())
        }
    };
    document.log.stop();
    Ended { reversal, bounds, kept }
}

/// The end of an edit under way.
pub struct Ending {
    edit: Edit,
    /// What takes an edit of more than voxels back, once its recording has ended.
    structure: Option<Box<Structure>>,
    /// Of the layers that are done.
    changes: Vec<(LayerId, VolumeChange)>,
    /// Of the layer that is next.
    marks: EndingMarks,
    bounds: Option<Bounds>,
    kept: Kept,
    /// The layer or volume that is next, and the part of it.
    volume: usize,
    measured: Measured,
}

impl Ending {
    /// What is known of the document as it was evaluated before the edit.
    pub fn since(&self) -> Since {
        self.edit.since()
    }

    /// Goes on until the end or until the budget is spent; whether there is more to do.
    pub fn step(&mut self, document: &mut Document, budget: &mut Budget) -> bool {
        if let Some(before) = self.edit.before.take() {
            let steps = document.log.stop();
            let structure = Structure::new(*before, steps, document);
            self.kept.own += structure.own_bytes();
            self.structure = Some(Box::new(structure));
        }
        let structure = self.structure.take();
        let goes_on = loop {
            let goes_on = match &structure {
                Some(structure) => self.measure_some(structure, document),
                None => self.take_some(document),
            };
            if !goes_on || !budget.spend(1) {
                break goes_on;
            }
        };
        self.structure = structure;
        goes_on
    }

    /// Adds the bytes of some more of what was there before the edit; false if that was all.
    fn measure_some(&mut self, before: &Structure, document: &Document) -> bool {
        let goes_on = before.measure_some(document, &mut self.measured);
        if !goes_on {
            self.kept.blocks += std::mem::take(&mut self.measured.blocks);
        }
        goes_on
    }

    /// Takes some more of what was recorded; false if that was all.
    fn take_some(&mut self, document: &mut Document) -> bool {
        let Some(id) = document.log.marked(self.volume) else { return false };
        let Some(layer) = document.layer_mut(id) else {
            self.volume += 1;
            return true;
        };
        let mut blocks = 0..BLOCKS_A_UNIT;
        if blocks.all(|_| self.marks.next_block(&mut layer.volume)) {
            return true;
        }
        let MeasuredChange { change, bounds, kept } =
            std::mem::take(&mut self.marks).finish_in(&mut layer.volume);
        if !change.is_empty() {
            self.changes.push((id, change));
        }
        self.bounds = Bounds::union_of(self.bounds, bounds);
        self.kept += kept;
        self.volume += 1;
        true
    }

    fn finish(mut self, document: &mut Document) -> Ended {
        while self.step(document, &mut Budget::unlimited()) {}
        document.log.stop();
        let Ending { structure, changes, bounds, kept, .. } = self;
        let reversal = match structure {
            Some(structure) => Reversal::Structure(structure),
            None => Reversal::of_changes(changes),
        };
        Ended { reversal, bounds, kept }
    }
}

impl History {
    /// The same as [`History::commit`] for an edit that was ended in slices; what is left of that
    /// is done now.
    pub fn commit_ended(
        &mut self,
        document: &mut Document,
        ending: Ending,
        label: &str,
    ) -> (bool, Option<Bounds>) {
        let ended = ending.finish(document);
        self.push(ended, label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Layer;
    use crate::voxel::{Point, Rgba, Volume};

    /// A document with two layers, many blocks and an edit of it, `kind` of four.
    fn edited(kind: i32) -> (Document, Edit) {
        let mut document = Document::default();
        document.push_layer(Layer::new(LayerId(0), "second"));
        let paint = |volume: &mut Volume, from: i32| {
            let bounds = Bounds::inclusive([from, 3, 0], [from + 90, 80, 70]);
            volume.fill(bounds, Rgba::opaque(1, 2, from as u8));
            (0..300).for_each(|n| {
                volume.set(Point::new(from + n * 5, n % 90, -n * 3), Rgba::opaque(n as u8, 0, 0));
            });
        };
        document.layers_mut().for_each(|layer| paint(&mut layer.volume, -40));
        let scope = if kind == 3 { Scope::Document } else { Scope::Voxels };
        let edit = Edit::begin(&mut document, scope);
        match kind {
            0 => document.layers_mut().for_each(|layer| paint(&mut layer.volume, 7)),
            1 => document.layers_mut().take(1).for_each(|layer| {
                layer.volume.set(Point::new(3, 3, 3), Rgba::WHITE);
            }),
            2 => {}
            _ => {
                document.layers_mut().skip(1).for_each(|layer| paint(&mut layer.volume, 9));
                document.remove_layer(document.layers()[0].id);
            }
        }
        (document, edit)
    }

    fn hashes(document: &Document) -> Vec<u64> {
        document.layers().iter().map(|layer| layer.volume.state_hash()).collect()
    }

    #[test]
    fn an_edit_that_ends_in_slices_ends_like_one_that_ends_at_once() {
        for kind in 0..4 {
            let (mut document, edit) = edited(kind);
            let (mut other, edit_of_other) = edited(kind);
            let (mut history, mut of_other) = (History::default(), History::default());
            let (mut ending, mut slices) = (edit.end_in_slices(), 1);
            while ending.step(&mut document, &mut Budget::units(1)) {
                slices += 1;
            }
            assert!(slices >= [12, 2, 1, 3][kind as usize], "kind {kind}: {slices} slices");
            let committed = history.commit_ended(&mut document, ending, "edit");
            assert_eq!(committed, of_other.commit(&mut other, edit_of_other, "edit"));
            assert_eq!(history.memory(), of_other.memory(), "kind {kind}");
            assert_eq!(hashes(&document), hashes(&other));
            assert_eq!(history.undo(&mut document), of_other.undo(&mut other));
            assert_eq!(hashes(&document), hashes(&other));
        }
    }
}
