//! What a person edits: layers of voxels, materials, cameras, light, palette, selection.
//!
//! A [`Document`] is a value: cloning it shares all voxels and is cheap, so a snapshot for a long job or
//! for undo is just a clone. Invariants: there is at least one layer; layer ids are unique and at least
//! 1; the active layer exists.

mod camera;
mod camera_pose;
mod evaluate;
pub mod history;
mod layer;
mod light;
mod material;
mod matrix;
mod merge;
mod palette;
mod palette_sets;
pub mod selection;

pub use camera::{Camera, View};
pub use camera_pose::Pose;
pub use evaluate::{EVALUATED_BLOCKS_LIMIT, Evaluation, EvaluationProblem, Since};
pub use layer::{BlendMode, Layer, LayerContent, LayerId, ShapeKind};
pub use light::Light;
pub use material::Material;
pub use matrix::{Affine, Matrix};
pub use merge::{draw_volume, drawing_of, with_opacity};
pub use palette::Palette;

use std::collections::{HashMap, HashSet};

use crate::job::{Budget, Slice};
use crate::voxel::{Bounds, Volume};

/// A voxel scene.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the person calls it.
    pub name: String,
    /// The canvas: the box that the document is meant to fill. Voxels outside are kept.
    pub canvas: Bounds,
    /// Materials, in file order.
    pub materials: Vec<Material>,
    /// Cameras, in file order.
    pub cameras: Vec<Camera>,
    /// Index of the camera that pictures are taken with, if one is chosen.
    pub active_camera: Option<usize>,
    /// The light.
    pub light: Light,
    /// Colours offered for picking.
    pub palette: Palette,
    /// The selected box, if any.
    pub selection: Option<Bounds>,
    /// Voxels selected one by one (alpha above 0), if any.
    pub mask: Volume,
    /// Parts of the file that this program does not understand, kept for saving. A long chunk of a .gox file lies here
    /// as several parts that follow each other.
    pub preserved: Vec<PreservedChunk>,
    layers: Vec<Layer>,
    active: LayerId,
}

/// A part of a file that is carried from load to save untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreservedChunk {
    /// The chunk's type as the file has it.
    pub kind: [u8; 4],
    /// Its bytes.
    pub data: std::sync::Arc<[u8]>,
}

/// Cubes of 256x256x256 voxels that are counted in one unit of work.
const COUNTED_A_UNIT: u64 = 16;

/// The size of a new document when none is asked for.
pub const DEFAULT_SIZE: [u32; 3] = [64, 64, 64];

/// The canvas for a size: x and y centred on 0, z from 0 up.
pub fn canvas_for_size([width, depth, height]: [u32; 3]) -> Bounds {
    let start = |length: u32| -i64::from(length / 2);
    let min = [start(width), start(depth), 0];
    let length = [width, depth, height].map(|value| i64::from(value.max(1)));
    Bounds { min, max: std::array::from_fn(|axis| min[axis] + length[axis]) }
}

impl Default for Document {
    fn default() -> Self {
        Document::new("Untitled", DEFAULT_SIZE)
    }
}

impl Document {
    /// An empty document: one layer "Layer.1", one material, one camera.
    pub fn new(name: &str, size: [u32; 3]) -> Self {
        let first = Layer::new(LayerId(1), "Layer.1");
        let canvas = canvas_for_size(size);
        Document {
            name: name.to_owned(),
            canvas,
            materials: vec![Material::default()],
            cameras: vec![Camera::default()],
            active_camera: Some(0),
            light: Light::default(),
            palette: Palette::default(),
            selection: None,
            mask: Volume::new(),
            preserved: Vec::new(),
            active: first.id,
            layers: vec![first],
        }
    }

    /// A document made of layers; duplicate and zero ids are renumbered to the smallest free one, and the
    /// last layer becomes active. An empty list gives one empty layer.
    pub fn with_layers(name: &str, canvas: Bounds, layers: Vec<Layer>) -> Self {
        let mut document = Document::new(name, DEFAULT_SIZE);
        document.canvas = canvas;
        if !layers.is_empty() {
            document.layers.clear();
            let (mut taken, mut free) = (HashSet::new(), 1);
            for mut layer in layers {
                if layer.id.0 < 1 || taken.contains(&layer.id) {
                    free = (free..).find(|id| !taken.contains(&LayerId(*id))).unwrap_or(free);
                    layer.id = LayerId(free);
                }
                taken.insert(layer.id);
                document.active = layer.id;
                document.layers.push(layer);
            }
        }
        document
    }

    /// Width, depth and height of the canvas.
    pub fn size(&self) -> [i64; 3] {
        self.canvas.dimensions()
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers, for changes that keep their ids and number.
    pub fn layers_mut(&mut self) -> impl Iterator<Item = &mut Layer> {
        self.layers.iter_mut()
    }

    /// Counts the voxels of layers and mask that changed since they were counted last, so that nobody has to wait for
    /// that later, until all is counted or the budget is spent; whether there is more to do. `next` is the volume to
    /// go on with and the part of it, from 0.
    pub fn count_some(&self, next: &mut (usize, usize), budget: &mut Budget) -> bool {
        let layers = self.layers.iter().map(|layer| &layer.volume);
        for volume in layers.chain(std::iter::once(&self.mask)).skip(next.0) {
            if volume.count_some(&mut next.1, budget) {
                return true;
            }
            *next = (next.0 + 1, 0);
        }
        false
    }

    /// Counts what was not counted yet, in slices, so that whoever asks for counts afterwards does not wait.
    pub async fn count_in_slices(&self, slice: &Slice) {
        let layers = self.layers.iter().map(|layer| &layer.volume);
        for volume in layers.chain(std::iter::once(&self.mask)) {
            let mut next = 0;
            while volume.count_some(&mut next, &mut Budget::units(COUNTED_A_UNIT)) {
                slice.spend(1).await;
            }
            slice.spend(1).await;
        }
    }

    /// The smallest box around all voxels of all layers, or one of whole blocks, in slices.
    pub async fn bounds_in_slices(&self, is_exact: bool, slice: &Slice) -> Option<Bounds> {
        let mut bounds = None;
        for layer in &self.layers {
            let own = layer.volume.bounds_in_slices(is_exact, slice).await;
            bounds = Bounds::union_of(bounds, own);
        }
        bounds
    }

    /// A layer by its id.
    pub fn layer(&self, id: LayerId) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == id)
    }

    /// The same for a layer that most likely stands about where it stands in another state of the document. With
    /// thousands of layers a search for each of them would be long.
    pub(crate) fn layer_near(&self, id: LayerId, place: usize) -> Option<&Layer> {
        let around = self.layers.iter().skip(place.saturating_sub(1)).take(3);
        around.into_iter().find(|layer| layer.id == id).or_else(|| self.layer(id))
    }

    /// A layer by its id, to change.
    pub fn layer_mut(&mut self, id: LayerId) -> Option<&mut Layer> {
        self.layers.iter_mut().find(|layer| layer.id == id)
    }

    /// The id of the active layer.
    pub fn active(&self) -> LayerId {
        self.active
    }

    /// Makes a layer the active one; false if there is no such layer.
    pub fn set_active(&mut self, id: LayerId) -> bool {
        let known = self.layer(id).is_some();
        if known {
            self.active = id;
        }
        known
    }

    /// Adds a layer on top and makes it active. If its id is below 1 or taken, it gets the smallest free one.
    pub fn push_layer(&mut self, mut layer: Layer) -> LayerId {
        if layer.id.0 < 1 || self.layer(layer.id).is_some() {
            layer.id = self.free_layer_id();
        }
        self.active = layer.id;
        self.layers.push(layer);
        self.active
    }

    /// Removes a layer. The last remaining one is replaced by an empty layer "unnamed"; if the active layer
    /// goes, the top one becomes active. Clones of it keep the voxels they have, as layers of their own.
    pub fn remove_layer(&mut self, id: LayerId) -> Option<Layer> {
        let index = self.layers.iter().position(|layer| layer.id == id)?;
        let removed = self.layers.remove(index);
        for layer in &mut self.layers {
            if layer.content == (LayerContent::Clone { base: id }) {
                layer.content = LayerContent::Voxels;
                layer.matrix = Matrix::IDENTITY;
            }
        }
        if self.layers.is_empty() {
            self.push_layer(Layer::new(LayerId(1), "unnamed"));
        }
        if self.active == id || self.layer(self.active).is_none() {
            self.active = self.layers[self.layers.len() - 1].id;
        }
        Some(removed)
    }

    /// Moves a layer to another place in the order (0 is the bottom); false if there is no such layer.
    pub fn move_layer(&mut self, id: LayerId, index: usize) -> bool {
        let Some(from) = self.layers.iter().position(|layer| layer.id == id) else { return false };
        let layer = self.layers.remove(from);
        self.layers.insert(index.min(self.layers.len()), layer);
        true
    }

    /// Puts the layers in an order: new ids are empty layers, missing ones are gone. False, with nothing changed, if that
    /// makes no document.
    pub fn arrange_layers(&mut self, ids: &[LayerId], active: LayerId) -> bool {
        let distinct: HashSet<LayerId> = ids.iter().copied().collect();
        if distinct.len() != ids.len()
            || !distinct.contains(&active)
            || ids.iter().any(|id| id.0 < 1)
        {
            return false;
        }
        let mut known: HashMap<LayerId, Layer> =
            self.layers.drain(..).map(|layer| (layer.id, layer)).collect();
        let layer = |id: &LayerId| known.remove(id).unwrap_or_else(|| Layer::new(*id, ""));
        self.layers = ids.iter().map(layer).collect();
        self.active = active;
        true
    }

    /// The smallest id of 1 or more that no layer has.
    pub fn free_layer_id(&self) -> LayerId {
        let mut taken: Vec<i32> = self.layers.iter().map(|layer| layer.id.0).collect();
        taken.sort_unstable();
        let free = taken.into_iter().fold(1, |free, id| if id == free { free + 1 } else { free });
        LayerId(free)
    }
}
