//! What takes back an edit of anything but voxels: what is different, and no more.
//!
//! Of a layer whose settings changed its voxels are not kept; of lists of materials and cameras the
//! part that changed is. Each application yields what takes it back in turn.

use super::Kept;
use crate::document::log::LayerStep;
use crate::document::{Camera, Document, Layer, LayerId, Light, Material, Palette, PreservedChunk};
use crate::voxel::{Bounds, Volume};

/// Everything of a document but its layers.
#[derive(Clone)]
pub(super) struct Parts {
    name: String,
    materials: Vec<Material>,
    cameras: Vec<Camera>,
    palette: Palette,
    mask: Volume,
    preserved: Vec<PreservedChunk>,
    small: Small,
}

/// What is small enough to be kept each time.
#[derive(Clone)]
struct Small {
    canvas: Bounds,
    active_camera: Option<usize>,
    light: Light,
    selection: Option<Bounds>,
    active: LayerId,
}

impl Parts {
    /// How many cubes of 256x256x256 voxels the mask has, if that of the document is another one.
    pub(super) fn cubes_beside(&self, document: &Document) -> usize {
        let is_same = self.mask.is_same_storage(&document.mask);
        if is_same { 0 } else { self.mask.cube_count() }
    }

    pub(super) fn of(document: &Document) -> Parts {
        Parts {
            name: document.name.clone(),
            materials: document.materials.clone(),
            cameras: document.cameras.clone(),
            palette: document.palette.clone(),
            mask: document.mask.clone(),
            preserved: document.preserved.clone(),
            small: Small {
                canvas: document.canvas,
                active_camera: document.active_camera,
                light: document.light,
                selection: document.selection,
                active: document.active,
            },
        }
    }

    pub(super) fn canvas(&self) -> Bounds {
        self.small.canvas
    }
}

/// The part of a list that was another one.
#[derive(Clone)]
struct Splice<T> {
    at: usize,
    /// What was there.
    before: Vec<T>,
    /// How many lie there instead.
    now: usize,
}

/// The part of a list that took the place of another one.
pub(crate) struct Spliced<'a, T> {
    /// Where it begins.
    pub at: usize,
    /// How many lay there before.
    pub gone: usize,
    /// What lies there now.
    pub come: &'a [T],
}

impl<T: PartialEq> Splice<T> {
    /// Where two lists differ, if they do.
    fn between(mut before: Vec<T>, now: &[T]) -> Option<Splice<T>> {
        let alike = |pairs: &mut dyn Iterator<Item = (&T, &T)>| {
            pairs.take_while(|(before, now)| before == now).count()
        };
        let at = alike(&mut before.iter().zip(now));
        let end = alike(&mut before[at..].iter().rev().zip(now[at..].iter().rev()));
        before.truncate(before.len() - end);
        before.drain(..at);
        before.shrink_to_fit();
        let now = now.len() - end - at;
        (now > 0 || !before.is_empty()).then_some(Splice { at, before, now })
    }

    /// What became of the list, which is this one now.
    fn of<'a>(&self, list: &'a [T]) -> Spliced<'a, T> {
        let come = list.get(self.at..self.at + self.now).unwrap_or_default();
        Spliced { at: self.at, gone: self.before.len(), come }
    }

    fn apply(&mut self, list: &mut Vec<T>) {
        let end = (self.at + self.now).min(list.len());
        let before = std::mem::take(&mut self.before);
        self.now = before.len();
        self.before = list.splice(self.at.min(end)..end, before).collect();
    }
}

/// What takes back an edit, in the order in which it happened.
#[derive(Clone)]
pub(crate) struct Structure {
    name: Option<String>,
    materials: Option<Splice<Material>>,
    cameras: Option<Splice<Camera>>,
    palette: Option<Palette>,
    mask: Option<Box<Volume>>,
    preserved: Option<Vec<PreservedChunk>>,
    small: Small,
    pub(super) layers: Vec<LayerStep>,
}

impl Structure {
    /// What became of a document since `before`, with the changes of its layers.
    pub(super) fn new(before: Parts, layers: Vec<LayerStep>, document: &Document) -> Structure {
        let is_kept = |preserved: &Vec<PreservedChunk>| {
            let same = |(a, b): (&PreservedChunk, &PreservedChunk)| {
                a.kind == b.kind && std::sync::Arc::ptr_eq(&a.data, &b.data)
            };
            preserved.len() == document.preserved.len()
                && preserved.iter().zip(&document.preserved).all(same)
        };
        let mut layers: Vec<LayerStep> =
            layers.into_iter().filter_map(|step| without_voxels(step, document)).collect();
        layers.shrink_to_fit();
        Structure {
            name: Some(before.name).filter(|name| *name != document.name),
            materials: Splice::between(before.materials, &document.materials),
            cameras: Splice::between(before.cameras, &document.cameras),
            palette: Some(before.palette).filter(|palette| *palette != document.palette),
            mask: Some(before.mask)
                .filter(|mask| !mask.is_same_storage(&document.mask))
                .map(Box::new),
            preserved: Some(before.preserved).filter(|preserved| !is_kept(preserved)),
            small: before.small,
            layers,
        }
    }

    /// Whether the name, palette and preserved parts were others.
    pub(crate) fn has_changed(&self) -> [bool; 3] {
        [self.name.is_some(), self.palette.is_some(), self.preserved.is_some()]
    }

    /// The part of the materials that is another one in a document, if any is.
    pub(crate) fn materials<'a>(&self, document: &'a Document) -> Option<Spliced<'a, Material>> {
        self.materials.as_ref().map(|splice| splice.of(&document.materials))
    }

    /// The part of the cameras that is another one in a document, if any is.
    pub(crate) fn cameras<'a>(&self, document: &'a Document) -> Option<Spliced<'a, Camera>> {
        self.cameras.as_ref().map(|splice| splice.of(&document.cameras))
    }

    /// The mask, if it was another one.
    pub(crate) fn mask(&self) -> Option<&Volume> {
        self.mask.as_deref()
    }

    /// Whether the canvas, active camera, light, selection and active layer are others in a
    /// document.
    pub(crate) fn differs_from(&self, document: &Document) -> [bool; 5] {
        let Small { canvas, active_camera, light, selection, active } = &self.small;
        [
            *canvas != document.canvas,
            *active_camera != document.active_camera,
            *light != document.light,
            *selection != document.selection,
            *active != document.active,
        ]
    }

    /// Applies it; it is now what takes that back.
    pub(super) fn apply(&mut self, document: &mut Document) {
        if let Some(name) = &mut self.name {
            std::mem::swap(name, &mut document.name);
        }
        if let Some(materials) = &mut self.materials {
            materials.apply(&mut document.materials);
        }
        if let Some(cameras) = &mut self.cameras {
            cameras.apply(&mut document.cameras);
        }
        if let Some(palette) = &mut self.palette {
            std::mem::swap(palette, &mut document.palette);
        }
        if let Some(mask) = &mut self.mask {
            std::mem::swap(&mut **mask, &mut document.mask);
        }
        if let Some(preserved) = &mut self.preserved {
            std::mem::swap(preserved, &mut document.preserved);
        }
        let steps = std::mem::take(&mut self.layers);
        self.layers = steps.into_iter().rev().map(|step| document.take_back(step)).collect();
        let small = &mut self.small;
        std::mem::swap(&mut small.canvas, &mut document.canvas);
        std::mem::swap(&mut small.active_camera, &mut document.active_camera);
        std::mem::swap(&mut small.light, &mut document.light);
        std::mem::swap(&mut small.selection, &mut document.selection);
        std::mem::swap(&mut small.active, &mut document.active);
    }

    /// Bytes that it holds of its own, and of blocks that the document does not have.
    pub(super) fn kept(&self, document: &Document) -> Kept {
        let pairs = self.volumes(document);
        let blocks = pairs.map(|(held, other)| held.memory_beside(other)).sum();
        Kept { own: self.own_bytes(), blocks }
    }

    /// Bytes that it takes but for voxels.
    pub(super) fn own_bytes(&self) -> u64 {
        let of_step = |step: &LayerStep| match step {
            LayerStep::Was(layer) | LayerStep::WasSet(layer) | LayerStep::Removed(_, layer) => {
                layer.own_bytes()
            }
            LayerStep::All(layers) => layers.iter().map(Layer::own_bytes).sum(),
            LayerStep::Added(_) | LayerStep::Moved(..) => 0,
        };
        let steps = (self.layers.capacity() * size_of::<LayerStep>()) as u64;
        let layers = self.layers.iter().map(of_step).sum::<u64>();
        let name = self.name.as_ref().map_or(0, String::capacity) as u64;
        let materials = self.materials.as_ref().map_or(0, |list| list.before.len() * 160) as u64;
        let cameras = self.cameras.as_ref().map_or(0, |list| list.before.len() * 192) as u64;
        let palette = self.palette.as_ref().map_or(0, Palette::bytes);
        let preserved = self.preserved.iter().flatten().map(|chunk| 64 + chunk.data.len() as u64);
        let own = size_of::<Structure>() as u64 + steps + layers;
        own + name + materials + cameras + palette + preserved.sum::<u64>()
    }

    /// Adds the bytes of one more cube that it holds; false if that was all.
    pub(super) fn measure_some(&self, document: &Document, measured: &mut Measured) -> bool {
        let pair = self.volumes(document).nth(measured.volume);
        let Some((held, other)) = pair else { return false };
        match held.memory_of_cube_beside(&mut measured.cube, other) {
            Some(bytes) => measured.blocks += bytes,
            None => (measured.volume, measured.cube) = (measured.volume + 1, 0),
        }
        true
    }

    /// How many cubes of 256x256x256 voxels it holds.
    pub(super) fn cube_count(&self) -> usize {
        held_cubes(&self.layers)
    }

    /// The volumes that it holds, each with the one that the document has in its place.
    pub(super) fn volumes<'a>(
        &'a self,
        document: &'a Document,
    ) -> impl Iterator<Item = (&'a Volume, Option<&'a Volume>)> {
        let layers = self.layers.iter().flat_map(held_layers);
        let pair =
            |layer: &'a Layer| (&layer.volume, document.layer(layer.id).map(|other| &other.volume));
        layers.map(pair).chain(self.mask.iter().map(|mask| (&**mask, Some(&document.mask))))
    }

    /// The volumes that it holds, to pack them.
    pub(super) fn volumes_mut(&mut self) -> impl Iterator<Item = &mut Volume> {
        let layers = self.layers.iter_mut().flat_map(|step| match step {
            LayerStep::Was(layer) | LayerStep::Removed(_, layer) => {
                std::slice::from_mut(&mut **layer)
            }
            LayerStep::All(layers) => layers.as_mut_slice(),
            LayerStep::WasSet(_) | LayerStep::Added(_) | LayerStep::Moved(..) => &mut [],
        });
        layers.map(|layer| &mut layer.volume).chain(self.mask.as_deref_mut())
    }
}

/// How far a structure is measured, and the bytes of its blocks that the document does not have.
#[derive(Default)]
pub(super) struct Measured {
    volume: usize,
    cube: u32,
    pub(super) blocks: u64,
}

/// The layers whose voxels a step holds.
fn held_layers(step: &LayerStep) -> &[Layer] {
    match step {
        LayerStep::Was(layer) | LayerStep::Removed(_, layer) => std::slice::from_ref(&**layer),
        LayerStep::All(layers) => layers,
        LayerStep::WasSet(_) | LayerStep::Added(_) | LayerStep::Moved(..) => &[],
    }
}

/// How many cubes of 256x256x256 voxels some steps hold.
pub(super) fn held_cubes(steps: &[LayerStep]) -> usize {
    steps.iter().flat_map(held_layers).map(|layer| layer.volume.cube_count()).sum()
}

/// A step that keeps no voxels which the document has still; nothing if nothing became different.
fn without_voxels(step: LayerStep, document: &Document) -> Option<LayerStep> {
    let LayerStep::Was(mut layer) = step else { return Some(step) };
    let Some(now) = document.layer(layer.id) else { return Some(LayerStep::Was(layer)) };
    if !layer.volume.is_same_storage(&now.volume) {
        return Some(LayerStep::Was(layer));
    }
    layer.volume = Volume::new();
    (!layer.has_settings_of(now)).then_some(LayerStep::WasSet(layer))
}

impl Document {
    /// Takes one change of the list of layers back; what takes that back.
    fn take_back(&mut self, step: LayerStep) -> LayerStep {
        match step {
            LayerStep::Was(mut layer) => {
                if let Some(now) = self.layer_mut(layer.id) {
                    std::mem::swap(now, &mut *layer);
                }
                LayerStep::Was(layer)
            }
            LayerStep::WasSet(mut layer) => {
                if let Some(now) = self.layer_mut(layer.id) {
                    std::mem::swap(now, &mut *layer);
                    std::mem::swap(&mut now.volume, &mut layer.volume);
                }
                LayerStep::WasSet(layer)
            }
            LayerStep::Added(id) => match self.take_layer(id) {
                Some((place, layer)) => LayerStep::Removed(place, Box::new(layer)),
                None => LayerStep::Added(id),
            },
            LayerStep::Removed(place, layer) => {
                let id = layer.id;
                self.put_layer(place, *layer);
                LayerStep::Added(id)
            }
            LayerStep::Moved(from, to) => {
                self.shift_layer(to, from);
                LayerStep::Moved(to, from)
            }
            LayerStep::All(mut layers) => {
                self.swap_layers(&mut layers);
                LayerStep::All(layers)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_splice_keeps_the_part_that_differs_and_swaps_it() {
        let lists: [&[i32]; 7] =
            [&[], &[1], &[1, 2, 3], &[1, 3], &[1, 2, 2, 3], &[4, 2, 3], &[1, 2, 3, 5]];
        for before in lists {
            for after in lists {
                let Some(mut splice) = Splice::between(before.to_vec(), after) else {
                    assert_eq!(before, after);
                    continue;
                };
                let mut list = after.to_vec();
                splice.apply(&mut list);
                assert_eq!(list, before);
                splice.apply(&mut list);
                assert_eq!(list, after);
            }
        }
        let splice = Splice::between(vec![1, 2, 3, 4], &[1, 9, 3, 4]);
        assert!(splice.is_some_and(|splice| splice.before == [2] && splice.now == 1));
    }
}
