//! What a person edits: layers of voxels, materials, cameras, light, palette, selection.
//!
//! A [`Document`] is a value: cloning it shares all voxels and is cheap, so a snapshot for a long
//! job or for undo is just a clone. Invariants: there is at least one layer; layer ids are unique
//! and at least 1; the active layer exists.

mod camera;
mod camera_pose;
mod evaluate;
pub mod history;
mod layer;
mod light;
mod log;
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

use self::log::Log;
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
    /// Parts of the file that this program does not understand, kept for saving. A long chunk of a
    /// .gox file lies here as several parts that follow each other.
    pub preserved: Vec<PreservedChunk>,
    layers: Vec<Layer>,
    /// The numbers of the layers in their order, to find one among thousands.
    ids: Vec<i32>,
    /// No layer number below this one is free.
    free: i32,
    active: LayerId,
    /// Whether it is known that no layer is a clone or a shape.
    is_plain: bool,
    log: Log,
}

/// A part of a file that is carried from load to save untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreservedChunk {
    /// The chunk's type as the file has it.
    pub kind: [u8; 4],
    /// Its bytes.
    pub data: std::sync::Arc<[u8]>,
}

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
            ids: vec![first.id.0],
            layers: vec![first],
            free: 1,
            is_plain: true,
            log: Log::default(),
        }
    }

    /// A document made of layers; duplicate and zero ids are renumbered to the smallest free one,
    /// and the last layer becomes active. An empty list gives one empty layer.
    pub fn with_layers(name: &str, canvas: Bounds, layers: Vec<Layer>) -> Self {
        let mut document = Document::new(name, DEFAULT_SIZE);
        document.canvas = canvas;
        if !layers.is_empty() {
            document.layers.clear();
            document.ids.clear();
            document.is_plain = false;
            let (mut taken, mut free) = (HashSet::new(), 1);
            for mut layer in layers {
                if layer.id.0 < 1 || taken.contains(&layer.id) {
                    free = (free..).find(|id| !taken.contains(&LayerId(*id))).unwrap_or(free);
                    layer.id = LayerId(free);
                }
                taken.insert(layer.id);
                document.active = layer.id;
                document.ids.push(layer.id.0);
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
        self.is_plain = false;
        let log = &mut self.log;
        // `inspect` would hand the log a layer that it cannot mark.
        #[allow(clippy::manual_inspect)]
        self.layers.iter_mut().map(move |layer| {
            log.changing(layer);
            layer
        })
    }

    /// Counts the voxels of layers and mask that changed since they were counted last, so that
    /// nobody has to wait for that later, until all is counted or the budget is spent; whether
    /// there is more to do. `next` is the volume to go on with and the part of it, from 0.
    pub fn count_some(&self, next: &mut (usize, u32), budget: &mut Budget) -> bool {
        let layers = self.layers.iter().map(|layer| &layer.volume);
        for volume in layers.chain(std::iter::once(&self.mask)).skip(next.0) {
            if volume.count_some(&mut next.1, budget) {
                return true;
            }
            *next = (next.0 + 1, 0);
        }
        false
    }

    /// Counts what was not counted yet, in slices, so that whoever asks for counts afterwards does
    /// not wait.
    pub async fn count_in_slices(&self, slice: &Slice) {
        let layers = self.layers.iter().map(|layer| &layer.volume);
        for volume in layers.chain(std::iter::once(&self.mask)) {
            volume.count_in_slices(slice).await;
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
        self.layers.get(self.place_of(id)?)
    }

    /// A layer by its id, to change anything but the id.
    pub fn layer_mut(&mut self, id: LayerId) -> Option<&mut Layer> {
        let place = self.place_of(id)?;
        let layer = self.layers.get_mut(place)?;
        self.is_plain &= self.log.is_of_voxels();
        self.log.changing(layer);
        Some(layer)
    }

    /// The voxels of a layer, for a change that no recording has to see.
    fn unrecorded_volume(&mut self, id: LayerId) -> Option<&mut Volume> {
        let place = self.place_of(id)?;
        self.layers.get_mut(place).map(|layer| &mut layer.volume)
    }

    /// A layer by its id, found soon if it stands where it stands in another state of the document.
    /// With thousands of layers a search for each of them would be long.
    pub(crate) fn layer_near(&self, id: LayerId, place: usize) -> Option<&Layer> {
        match self.ids.get(place) {
            Some(&there) if there == id.0 => self.layers.get(place),
            _ => self.layer(id),
        }
    }

    fn place_of(&self, id: LayerId) -> Option<usize> {
        // Most documents have few layers, and most calls are about the top one.
        match self.ids.last() {
            Some(&last) if last == id.0 => Some(self.ids.len() - 1),
            _ => self.ids.iter().position(|&known| known == id.0),
        }
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

    /// Adds a layer on top and makes it active. If its id is below 1 or taken, it gets the smallest
    /// free one.
    pub fn push_layer(&mut self, mut layer: Layer) -> LayerId {
        if layer.id.0 < 1 || self.layer(layer.id).is_some() {
            layer.id = self.free_layer_id();
            self.free = layer.id.0;
        }
        self.active = layer.id;
        self.log.added(layer.id);
        self.put_layer(self.layers.len(), layer);
        self.active
    }

    /// Puts a layer in a place in the order.
    fn put_layer(&mut self, place: usize, layer: Layer) {
        let place = place.min(self.layers.len());
        if layer.id.0 == self.free {
            self.free += 1;
        }
        self.is_plain &= !layer.is_computed();
        self.ids.insert(place, layer.id.0);
        self.layers.insert(place, layer);
    }

    /// Takes a layer out; it, and where it lay.
    fn take_layer(&mut self, id: LayerId) -> Option<(usize, Layer)> {
        let place = self.place_of(id)?;
        self.free = self.free.min(id.0);
        self.ids.remove(place);
        Some((place, self.layers.remove(place)))
    }

    /// Puts the layer of one place in another one.
    fn shift_layer(&mut self, from: usize, to: usize) {
        if from < self.layers.len() {
            let (layer, id) = (self.layers.remove(from), self.ids.remove(from));
            let to = to.min(self.layers.len());
            self.layers.insert(to, layer);
            self.ids.insert(to, id);
        }
    }

    /// Exchanges all layers for others.
    fn swap_layers(&mut self, layers: &mut Vec<Layer>) {
        std::mem::swap(&mut self.layers, layers);
        self.ids = self.layers.iter().map(|layer| layer.id.0).collect();
        self.free = 1;
        self.is_plain = false;
    }

    /// A copy of everything but the layers, which must not stay so.
    fn without_layers(&self) -> Document {
        Document {
            name: self.name.clone(),
            canvas: self.canvas,
            materials: self.materials.clone(),
            cameras: self.cameras.clone(),
            active_camera: self.active_camera,
            light: self.light,
            palette: self.palette.clone(),
            selection: self.selection,
            mask: self.mask.clone(),
            preserved: self.preserved.clone(),
            layers: Vec::new(),
            ids: Vec::new(),
            free: 1,
            active: self.active,
            is_plain: false,
            log: Log::default(),
        }
    }

    /// Becomes another document, which an edit that is recorded can take back.
    pub fn replace_by(&mut self, other: Document) {
        let mut log = std::mem::take(&mut self.log);
        log.replaced(std::mem::take(&mut self.layers));
        *self = Document { log, ..other };
    }

    /// Removes a layer. The last remaining one is replaced by an empty layer "unnamed"; if the
    /// active layer goes, the top one becomes active. Clones of it keep the voxels they have, as
    /// layers of their own.
    pub fn remove_layer(&mut self, id: LayerId) -> Option<Layer> {
        let (place, removed) = self.take_layer(id)?;
        self.log.removed(place, &removed);
        for layer in &mut self.layers {
            if layer.content == (LayerContent::Clone { base: id }) {
                self.log.changing(layer);
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

    /// Moves a layer to another place in the order (0 is the bottom); false if there is no such
    /// layer.
    pub fn move_layer(&mut self, id: LayerId, index: usize) -> bool {
        let Some(from) = self.place_of(id) else { return false };
        let to = index.min(self.layers.len() - 1);
        self.log.moved(from, to);
        self.shift_layer(from, to);
        true
    }

    /// Puts an empty layer in a place; false if its id cannot be had.
    pub(crate) fn insert_layer(&mut self, id: LayerId, place: usize) -> bool {
        let is_free = id.0 >= 1 && self.place_of(id).is_none();
        if is_free {
            self.log.added(id);
            self.put_layer(place, Layer::new(id, ""));
        }
        is_free
    }

    /// Takes a layer out and changes nothing else; the layer.
    pub(crate) fn withdraw_layer(&mut self, id: LayerId) -> Option<Layer> {
        let (place, layer) = self.take_layer(id)?;
        self.log.removed(place, &layer);
        Some(layer)
    }

    /// Moves the layer of one place to another; false if there is none.
    pub(crate) fn shift(&mut self, from: usize, to: usize) -> bool {
        let is_there = from < self.layers.len();
        if is_there {
            self.log.moved(from, to.min(self.layers.len() - 1));
            self.shift_layer(from, to);
        }
        is_there
    }

    /// Makes what may be no layer the active one, until it is one.
    pub(crate) fn put_active(&mut self, id: LayerId) {
        self.active = id;
    }

    /// Puts the layers in an order: new ids are empty layers, missing ones are gone. False, with
    /// nothing changed, if that makes no document.
    pub fn arrange_layers(&mut self, ids: &[LayerId], active: LayerId) -> bool {
        let distinct: HashSet<LayerId> = ids.iter().copied().collect();
        if distinct.len() != ids.len()
            || !distinct.contains(&active)
            || ids.iter().any(|id| id.0 < 1)
        {
            return false;
        }
        let known: HashMap<LayerId, &Layer> =
            self.layers.iter().map(|layer| (layer.id, layer)).collect();
        let layer = |id: &LayerId| {
            known.get(id).map_or_else(|| Layer::new(*id, ""), |&layer| layer.clone())
        };
        let mut layers = ids.iter().map(layer).collect();
        self.swap_layers(&mut layers);
        self.log.replaced(layers);
        self.active = active;
        true
    }

    /// The smallest id of 1 or more that no layer has.
    pub fn free_layer_id(&self) -> LayerId {
        if !self.ids.contains(&self.free) {
            return LayerId(self.free);
        }
        let mut taken = self.ids.clone();
        taken.sort_unstable();
        let free = taken.into_iter().fold(1, |free, id| if id == free { free + 1 } else { free });
        LayerId(free)
    }
}
