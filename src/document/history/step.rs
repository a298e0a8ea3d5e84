//! What the newest step of a history changed in more than voxels, for whoever writes it down.

use super::structure::Structure;
use super::{History, Reversal};
use crate::document::log::LayerStep;
use crate::document::{Document, Layer, LayerId};
use crate::voxel::Volume;

/// A step of any kind, right after it was made: what it changed, and how that was before.
pub struct NewStep<'a> {
    structure: &'a Structure,
    document: &'a Document,
}

/// A change of the list of layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListChange {
    /// An empty layer came to a place.
    Insert(LayerId, usize),
    /// A layer went.
    Remove(LayerId),
    /// The layer of the first place went to the second.
    Move(usize, usize),
}

/// A layer that a step changed or made.
pub struct ChangedLayer<'a> {
    /// How it is.
    pub now: &'a Layer,
    /// How it was; nothing for a new one.
    pub before: Option<&'a Layer>,
    /// Whether its voxels may differ, too.
    pub has_voxels: bool,
}

impl History {
    /// The newest step, if it may have changed more than voxels.
    pub(crate) fn newest_step<'a>(&'a self, document: &'a Document) -> Option<NewStep<'a>> {
        NewStep::of(&self.entries.back()?.reversal, document)
    }
}

impl<'a> NewStep<'a> {
    /// The step that something takes back from a document, if it may have changed more than voxels.
    pub(super) fn of(reversal: &'a Reversal, document: &'a Document) -> Option<NewStep<'a>> {
        match reversal {
            Reversal::Structure(structure) => Some(NewStep { structure, document }),
            Reversal::Layer(..) | Reversal::Voxels(_) => None,
        }
    }

    /// The document as it is.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The document as it was before. Costs what there is.
    pub fn document_before(&self) -> Document {
        let mut copy = self.document.clone();
        self.structure.clone().apply(&mut copy);
        copy
    }

    /// Whether all layers were exchanged, so that nothing less than both documents tells what
    /// changed.
    pub fn is_replacement(&self) -> bool {
        self.structure.layers.iter().any(|step| matches!(step, LayerStep::All(_)))
    }

    /// Of everything but layers, how it was; nothing for what is the same.
    pub(crate) fn before(&self) -> &'a Structure {
        self.structure
    }

    /// What happened to the list of layers, in that order.
    pub fn list_changes(&self) -> Vec<ListChange> {
        let steps = &self.structure.layers;
        let is_of_list = |step: &&LayerStep| {
            matches!(step, LayerStep::Added(_) | LayerStep::Removed(..) | LayerStep::Moved(..))
        };
        if !steps.iter().any(|step| is_of_list(&step)) {
            return Vec::new();
        }
        // From the end back to the beginning, since that is how steps know their places.
        let mut order = self.document.ids.clone();
        let mut changes = Vec::new();
        for step in steps.iter().rev() {
            match step {
                LayerStep::Added(id) => {
                    if let Some(place) = order.iter().rposition(|known| *known == id.0) {
                        order.remove(place);
                        changes.push(ListChange::Insert(*id, place));
                    }
                }
                LayerStep::Removed(place, layer) => {
                    order.insert((*place).min(order.len()), layer.id.0);
                    changes.push(ListChange::Remove(layer.id));
                }
                LayerStep::Moved(from, to) if *to < order.len() => {
                    let id = order.remove(*to);
                    order.insert((*from).min(order.len()), id);
                    changes.push(ListChange::Move(*from, *to));
                }
                LayerStep::Moved(..)
                | LayerStep::Was(_)
                | LayerStep::WasSet(_)
                | LayerStep::All(_) => {}
            }
        }
        changes.reverse();
        changes
    }

    /// The layers that are new or were changed, each once.
    pub fn changed_layers(&self) -> Vec<ChangedLayer<'a>> {
        let mut found: Vec<ChangedLayer<'a>> = Vec::new();
        // A layer may go and another one come with its id: the latest that is told of an id counts.
        for step in self.structure.layers.iter().rev() {
            let (id, before, has_voxels) = match step {
                LayerStep::Was(layer) => (layer.id, Some(&**layer), true),
                LayerStep::WasSet(layer) => (layer.id, Some(&**layer), false),
                LayerStep::Added(id) => (*id, None, true),
                LayerStep::Removed(..) | LayerStep::Moved(..) | LayerStep::All(_) => continue,
            };
            let is_known = found.iter().any(|known| known.now.id == id);
            if let (false, Some(now)) = (is_known, self.document.layer(id)) {
                found.push(ChangedLayer { now, before, has_voxels });
            }
        }
        found.reverse();
        found
    }

    /// Voxels of layers that may be where those of others come from: those that there are, then
    /// those that there were.
    pub fn sources(&self) -> impl Iterator<Item = (LayerId, &'a Volume)> {
        let held = self.structure.layers.iter().filter_map(|step| match step {
            LayerStep::Was(layer) | LayerStep::Removed(_, layer) => Some(&**layer),
            _ => None,
        });
        let changed: Vec<LayerId> =
            self.changed_layers().iter().map(|layer| layer.now.id).collect();
        let still = self.document.layers().iter();
        let still = still.filter(move |layer| !changed.contains(&layer.id));
        still.chain(held).map(|layer| (layer.id, &layer.volume))
    }
}
