//! A long way through the history, gone in slices.
//!
//! The way is gone on a copy of the document, which shares all voxels that the way leaves alone;
//! the history stays as it is. Only on arrival the copy takes the place of the document and the
//! entries that were passed are turned round, so nobody sees half of it, and a way that is given up
//! leaves no trace. A way may also be gone only to look at the states along it.
//!
//! Blocks that were overwritten stay unpacked until the project rests, since the document shares
//! them on the way. What remains for the arrival is a move for each entry passed: 0.5 ms for ten
//! thousand of them.

use std::sync::Arc;

use super::structure::{Measured, Structure};
use super::{Entry, History, Reversal};
use crate::document::{Document, LayerId};
use crate::job::{Budget, Progress, effort};
use crate::voxel::{Applying, Kept, VolumeChange};

/// A way under way.
pub struct Travel {
    there: Document,
    /// The position that the copy is at, and the one that it goes to.
    at: usize,
    from: usize,
    to: usize,
    /// What the history was like at the start.
    start: [u64; 3],
    /// The entries that were passed, turned round, with the bytes that each takes; unless the way
    /// is gone only to look.
    passed: Vec<(usize, Reversal, Kept)>,
    only_looks: bool,
    current: Option<Current>,
    /// What was turned round of layers and names, until its bytes are known.
    turned: Option<(Box<Structure>, Measured)>,
    counted: (usize, u32),
    /// Keeps the history from forgetting its oldest edits meanwhile.
    _traveller: Arc<()>,
}

/// An entry that is being turned round.
struct Current {
    /// Finished changes of layers.
    changes: Vec<(LayerId, VolumeChange)>,
    kept: Kept,
    applying: Applying,
    /// Which change of the entry is next.
    next: usize,
}

impl Reversal {
    /// About how many blocks applying it costs.
    fn cost(&self) -> usize {
        match self {
            Reversal::Layer(_, change) => change.block_count(),
            Reversal::Voxels(changes) => changes.iter().map(|(_, c)| c.block_count()).sum(),
            Reversal::Structure(held) => held.cube_count(),
        }
    }

    pub(super) fn change(&self, number: usize) -> Option<(LayerId, &VolumeChange)> {
        match self {
            Reversal::Layer(id, change) => Some((*id, change)).filter(|_| number == 0),
            Reversal::Voxels(changes) => changes.get(number).map(|(id, change)| (*id, change)),
            Reversal::Structure(_) => None,
        }
    }

    pub(super) fn of_changes(mut changes: Vec<(LayerId, VolumeChange)>) -> Reversal {
        match (changes.len(), changes.pop()) {
            (1, Some((id, change))) => Reversal::Layer(id, change),
            (_, last) => {
                changes.extend(last);
                Reversal::Voxels(changes)
            }
        }
    }
}

impl History {
    /// Whether the way to a position touches no more than some blocks in so many steps, so that it
    /// may as well be gone at once.
    pub fn is_near(&self, position: usize, blocks: usize) -> bool {
        let (low, high) = (self.position.min(position), self.position.max(position));
        let passed = self.entries.iter().skip(low).take(high.saturating_sub(low));
        let mut left = blocks;
        passed.into_iter().all(|entry| {
            let cost = entry.reversal.cost() + 1;
            let fits = cost <= left;
            left = left.saturating_sub(cost);
            fits
        })
    }

    /// Starts on the way to a position; `None` if there is no such position.
    pub fn start_travel(&self, document: &Document, position: usize) -> Option<Travel> {
        (position <= self.entries.len()).then(|| Travel {
            there: document.clone(),
            at: self.position,
            from: self.position,
            to: position,
            start: self.state(),
            passed: Vec::new(),
            only_looks: false,
            current: None,
            turned: None,
            counted: (0, 0),
            _traveller: Arc::clone(&self.travellers),
        })
    }

    /// The same to see the document there, and after it at positions beyond, without going there.
    pub fn start_looking(&self, document: &Document, position: usize) -> Option<Travel> {
        self.start_travel(document, position).map(|way| Travel { only_looks: true, ..way })
    }

    /// The document at the end of such a way; `None` if the history has changed since its start or
    /// the way is not at its end.
    pub fn seen(&self, way: &Travel) -> Option<Document> {
        self.is_there(way).then(|| way.there.clone())
    }

    fn is_there(&self, way: &Travel) -> bool {
        way.start == self.state() && way.from == self.position && way.at == way.to
    }

    /// What tells whether entries were added or forgotten.
    pub(super) fn state(&self) -> [u64; 3] {
        [self.revision(), self.oldest_revision(), self.entries.len() as u64]
    }

    /// Puts the end of a way in place as one change. Returns how many edits were passed, or gives
    /// the way back if the history has changed since its start or the way is not at its end.
    pub fn arrive(
        &mut self,
        document: &mut Document,
        travel: Travel,
    ) -> Result<usize, Box<Travel>> {
        if travel.only_looks || !self.is_there(&travel) {
            return Err(Box::new(travel));
        }
        let steps = travel.passed.len();
        for (index, reversal, kept) in travel.passed {
            let Some(entry) = self.entries.get_mut(index) else { continue };
            let before = entry.kept();
            entry.turn_round(reversal, kept);
            let now = entry.kept();
            self.recount(before, now);
        }
        *document = travel.there;
        self.position = travel.to;
        if steps > 0 {
            self.count_return();
        }
        Ok(steps)
    }
}

impl Travel {
    /// Goes on until the end of the way or of the budget; whether there is more to go. `history` is
    /// the one that the way started in.
    pub fn step(&mut self, history: &History, budget: &mut Budget) -> bool {
        while self.at != self.to {
            let index = if self.at > self.to { self.at - 1 } else { self.at };
            let Some(entry) = history.entries.get(index) else { return false };
            effort::note(1);
            if let Some((reversal, kept)) = self.reverse_some(entry) {
                if !self.only_looks {
                    self.passed.push((index, reversal, kept));
                }
                self.at = if self.at > self.to { index } else { index + 1 };
            }
            if !budget.spend(1) {
                return true;
            }
        }
        self.there.count_some(&mut self.counted, budget)
    }

    /// Whether a position lies beyond, so that a way to look can go on to it.
    pub fn leads_to(&self, position: usize) -> bool {
        (position <= self.at && self.at <= self.from)
            || (self.from <= self.at && self.at <= position)
    }

    /// Goes on to a position that lies beyond, unless that is where it goes to already.
    pub fn go_on_to(&mut self, position: usize) {
        if self.to != position {
            (self.to, self.counted) = (position, (0, 0));
        }
    }

    /// Applies some more of an entry; what takes it back, and its bytes, once all of it is.
    fn reverse_some(&mut self, entry: &Entry) -> Option<(Reversal, Kept)> {
        if let Reversal::Structure(held) = &entry.reversal {
            let there = &mut self.there;
            let (turned, measured) = self.turned.get_or_insert_with(|| {
                let mut held = held.clone();
                held.apply(there);
                (held, Measured::default())
            });
            if !self.only_looks && turned.measure_some(there, measured) {
                return None;
            }
            let (turned, measured) = self.turned.take()?;
            let kept = Kept { own: turned.own_bytes(), blocks: measured.blocks };
            return Some((Reversal::Structure(turned), kept));
        }
        let current = self.current.get_or_insert_with(|| Current {
            changes: Vec::new(),
            kept: Kept::default(),
            applying: Applying::default(),
            next: 0,
        });
        let Some((id, change)) = entry.reversal.change(current.next) else {
            let Current { changes, kept, .. } = self.current.take()?;
            return Some((Reversal::of_changes(changes), kept));
        };
        let layer = self.there.layer_mut(id);
        let goes_on =
            layer.is_some_and(|layer| current.applying.next_block(change, &mut layer.volume));
        if !goes_on {
            let inverse = std::mem::take(&mut current.applying).finish();
            current.kept += inverse.kept;
            current.changes.push((id, inverse.change));
            current.next += 1;
        }
        None
    }

    /// How far it is, in edits.
    pub fn progress(&self) -> Progress {
        let total = self.from.abs_diff(self.to) as u64;
        Progress { done: total - self.at.abs_diff(self.to) as u64, total }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Scope};
    use super::*;
    use crate::document::Layer;
    use crate::voxel::{Bounds, Packer, Point, Rgba, Volume};

    fn change(document: &mut Document, history: &mut History, number: i32) {
        let scope = if number % 4 == 3 { Scope::Document } else { Scope::Voxels };
        let edit = Edit::begin(document, scope);
        let color = Rgba::opaque(number as u8, 3, 4);
        let paint = |volume: &mut Volume, from: i32| {
            volume.fill(Bounds::inclusive([from, 0, 0], [from + 60, 30, number]), color);
            volume.set(Point::new(from, -number, 70), color);
        };
        match number % 4 {
            0 => document.layers_mut().for_each(|layer| paint(&mut layer.volume, number)),
            1 => document.layers_mut().take(1).for_each(|layer| paint(&mut layer.volume, -9)),
            2 => document.layers_mut().take(1).for_each(|layer| {
                layer.volume.set(Point::new(number, 1, 2), color);
            }),
            _ => {
                let mut layer = Layer::new(LayerId(0), &number.to_string());
                paint(&mut layer.volume, number * 5);
                document.push_layer(layer);
            }
        }
        history.commit(document, edit, &format!("change {number}"));
    }

    fn state(document: &Document) -> Vec<(i32, u64)> {
        let layers = document.layers().iter();
        layers.map(|layer| (layer.id.0, layer.volume.state_hash())).collect()
    }

    fn with_changes() -> (Document, History) {
        let (mut document, mut history) = (Document::default(), History::default());
        (1..14).for_each(|number| change(&mut document, &mut history, number));
        (document, history)
    }

    fn pack(history: &mut History) {
        let (mut packer, mut next) = (Packer::default(), [0; 3]);
        while history.pack_changes(&mut packer, &mut next, &mut Budget::unlimited()) {}
    }

    #[test]
    fn looking_shows_the_states_along_a_way_and_changes_nothing() {
        let (mut document, mut history) = with_changes();
        for present in [13, 5, 0] {
            history.go_to(&mut document, present);
            let before = (state(&document), history.memory(), history.revision());
            let mut way = history.start_looking(&document, present).unwrap();
            for position in (0..present).rev().step_by(2).chain((present..14).step_by(3)) {
                if way.leads_to(position) {
                    way.go_on_to(position);
                    assert!(way.at == position || history.seen(&way).is_none());
                } else {
                    assert!(way.from <= position, "back and forth only through the present");
                    way = history.start_looking(&document, position).unwrap();
                }
                while way.step(&history, &mut Budget::units(3)) {}
                let there = history.document_at(&document, position).unwrap();
                assert_eq!(state(&history.seen(&way).unwrap()), state(&there), "{position}");
            }
            assert!(way.passed.is_empty());
            assert_eq!((state(&document), history.memory(), history.revision()), before);
            assert!(history.arrive(&mut document, way).is_err(), "nothing is to be turned round");
        }
    }

    #[test]
    fn a_way_in_slices_comes_to_where_one_at_once_comes_to() {
        for units in [1, 5, 1000] {
            let (mut document, mut history) = with_changes();
            let (mut other, mut of_other) = with_changes();
            for position in [9, 13, 0, 7, 6, 13, 1] {
                let mut travel = history.start_travel(&document, position).expect("it is there");
                let (before, memory) = (state(&document), history.memory());
                while travel.step(&history, &mut Budget::units(units)) {
                    assert_eq!(state(&document), before);
                }
                assert_eq!(history.memory(), memory);
                let steps = history.arrive(&mut document, travel).ok();
                assert_eq!(steps, of_other.go_to(&mut other, position));
                assert_eq!(state(&document), state(&other));
                assert_eq!(history.position(), of_other.position());
                assert_eq!(history.revision(), of_other.revision());
                // Blocks that were shared on the way are packed later.
                pack(&mut history);
                pack(&mut of_other);
                // Lists of blocks have room to spare where they grew, and none where they were
                // copied.
                let (memory, other) = (history.memory(), of_other.memory());
                assert!(memory.abs_diff(other) < 4096, "position {position}: {memory}, {other}");
            }
        }
    }

    #[test]
    fn a_way_whose_history_has_changed_is_given_back_and_changes_nothing() {
        let (mut document, mut history) = with_changes();
        let mut travel = history.start_travel(&document, 3).expect("it is there");
        while travel.step(&history, &mut Budget::units(9)) {}
        change(&mut document, &mut history, 1);
        let before = state(&document);
        assert!(history.arrive(&mut document, travel).is_err());
        assert_eq!(state(&document), before);
        assert!(history.start_travel(&document, 99).is_none());
    }

    #[test]
    fn whether_a_way_is_long_is_told_by_its_blocks_and_its_steps() {
        let (document, history) = with_changes();
        assert!(history.is_near(13, 0) && history.is_near(12, 100));
        assert!(!history.is_near(0, 100) && history.is_near(0, 1000));
        assert!(!history.is_near(10, 2), "three steps");
        assert!(document.layers().len() > 3);
    }
}
