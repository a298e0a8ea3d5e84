//! What is noted while an edit of a document is recorded: which layers' voxels are recorded, or how
//! its list of layers was before each change.
//!
//! A recording costs what is changed, not what there is: a layer is noted when it is first asked
//! for to be changed.

use rustc_hash::FxHashSet;

use super::{Document, Layer, LayerId};

/// What is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Recording {
    #[default]
    Nothing,
    /// What is overwritten of the voxels of layers.
    Voxels,
    /// How layers were.
    Layers,
}

/// What takes back one change of the list of layers.
#[derive(Clone, Debug)]
pub(super) enum LayerStep {
    /// A layer was like this.
    Was(Box<Layer>),
    /// The same of all but its voxels.
    WasSet(Box<Layer>),
    /// A layer was not there.
    Added(LayerId),
    /// A layer was there, at this place.
    Removed(usize, Box<Layer>),
    /// A layer lay at the first place and lies at the second.
    Moved(usize, usize),
    /// All layers were others.
    All(Vec<Layer>),
}

/// The recording of a document. A copy of the document has none.
#[derive(Default, Debug)]
pub(super) struct Log {
    recording: Recording,
    /// The layers whose voxels are recorded.
    marked: Vec<LayerId>,
    /// In the order in which it happened.
    steps: Vec<LayerStep>,
    /// Layers that were noted as they were, or that were not there.
    known: FxHashSet<i32>,
}

impl Clone for Log {
    fn clone(&self) -> Self {
        Log::default()
    }
}

impl Log {
    pub(super) fn record_voxels(&mut self) {
        self.stop();
        self.recording = Recording::Voxels;
    }

    pub(super) fn record_layers(&mut self) {
        self.stop();
        self.recording = Recording::Layers;
    }

    /// Whether nothing but voxels may be changed.
    pub(super) fn is_of_voxels(&self) -> bool {
        self.recording == Recording::Voxels
    }

    /// Ends the recording; what takes back the changes of layers, in the order in which they
    /// happened.
    pub(super) fn stop(&mut self) -> Vec<LayerStep> {
        self.recording = Recording::Nothing;
        self.marked.clear();
        self.known.clear();
        std::mem::take(&mut self.steps)
    }

    /// What takes back the changes of layers so far.
    pub(super) fn steps(&self) -> &[LayerStep] {
        &self.steps
    }

    /// The layer whose voxels were recorded, by its number.
    pub(super) fn marked(&self, number: usize) -> Option<LayerId> {
        self.marked.get(number).copied()
    }

    /// A layer is about to be changed.
    #[inline]
    pub(super) fn changing(&mut self, layer: &mut Layer) {
        match self.recording {
            Recording::Nothing => {}
            Recording::Voxels if layer.volume.is_recorded() => {}
            Recording::Voxels => {
                layer.volume.start_marks();
                self.marked.push(layer.id);
            }
            Recording::Layers => {
                if self.known.insert(layer.id.0) {
                    self.steps.push(LayerStep::Was(Box::new(layer.clone())));
                }
            }
        }
    }

    pub(super) fn added(&mut self, id: LayerId) {
        if self.recording == Recording::Layers {
            self.known.insert(id.0);
            self.steps.push(LayerStep::Added(id));
        }
    }

    pub(super) fn removed(&mut self, place: usize, layer: &Layer) {
        if self.recording == Recording::Layers {
            // Whoever gets its id next is another layer.
            self.known.remove(&layer.id.0);
            self.steps.push(LayerStep::Removed(place, Box::new(layer.clone())));
        }
    }

    pub(super) fn moved(&mut self, from: usize, to: usize) {
        if self.recording == Recording::Layers {
            self.steps.push(LayerStep::Moved(from, to));
        }
    }

    pub(super) fn replaced(&mut self, layers: Vec<Layer>) {
        if self.recording == Recording::Layers {
            self.known.clear();
            self.steps.push(LayerStep::All(layers));
        }
    }

    /// A layer as it was when the recording began; `now` is how it is.
    fn before<'a>(&'a self, id: LayerId, now: Option<&'a Layer>) -> Option<&'a Layer> {
        for step in &self.steps {
            match step {
                LayerStep::Was(layer) | LayerStep::WasSet(layer) | LayerStep::Removed(_, layer)
                    if layer.id == id =>
                {
                    return Some(layer);
                }
                LayerStep::Added(added) if *added == id => return None,
                LayerStep::All(layers) => return layers.iter().find(|layer| layer.id == id),
                _ => {}
            }
        }
        now
    }
}

impl Document {
    /// A layer as it was when the recording of layers began.
    pub(super) fn layer_before(&self, id: LayerId) -> Option<&Layer> {
        self.log.before(id, self.layer(id))
    }
}
