//! How surfaces take light: the materials of layers as pictures show them, and which voxel has
//! which.
//!
//! The material that every new layer has is plain: matt, in the stored colours. What a material
//! differs from it by is what is seen of it, so that a model whose materials nobody touched looks
//! as stored.

use std::sync::Arc;

use crate::document::{Document, Layer, Material};
use crate::job::spread::SpreadMap;
use crate::mesh::mask_bit;
use crate::voxel::{BlendMode, BlockPos, Mask, Rgba, Volume};

/// The metalness and the roughness of the plain material.
const PLAIN_METALLIC: f32 = 0.2;
const PLAIN_ROUGHNESS: f32 = 0.5;
/// The brightest that a surface may shine: a thousand times as bright as white in the sun.
const MOST_EMISSION: f32 = 1000.0;

/// How a surface takes light. Colours are linear.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Finish {
    /// Multiplies stored colours.
    pub(crate) tint: [f32; 3],
    /// Multiplies the stored alpha.
    pub(crate) opacity: f32,
    /// 0 for what scatters light in its colour, 1 for what reflects it in its colour.
    pub(crate) metal: f32,
    /// 0 for what is smooth, 1 for what is rough.
    pub(crate) roughness: f32,
    /// How much of a clear coat lies on what is no metal: 0 for none.
    pub(crate) polish: f32,
    /// Light that is added.
    pub(crate) emission: [f32; 3],
}

impl Finish {
    /// Matt, in the stored colours.
    pub(crate) const PLAIN: Finish = Finish {
        tint: [1.0; 3],
        opacity: 1.0,
        metal: 0.0,
        roughness: PLAIN_ROUGHNESS,
        polish: 0.0,
        emission: [0.0; 3],
    };

    /// Whether anything but colour and opacity is to be seen.
    pub(crate) fn reflects(&self) -> bool {
        self.metal > 0.0 || self.polish > 0.0
    }

    /// Whether it shines.
    pub(crate) fn shines(&self) -> bool {
        self.emission.iter().any(|&part| part > 0.0)
    }

    /// A stored colour with the opacity of this finish.
    pub(crate) fn color(&self, stored: Rgba) -> Rgba {
        if self.opacity >= 1.0 || stored.a == 0 {
            return stored;
        }
        // What is there stays there, however clear it is.
        let alpha = (f32::from(stored.a) * self.opacity + 0.5) as u8;
        Rgba { a: alpha.clamp(1, 254), ..stored }
    }
}

impl From<&Material> for Finish {
    fn from(material: &Material) -> Self {
        let within =
            |value: f32, most: f32| if value.is_nan() { 0.0 } else { value.clamp(0.0, most) };
        let [r, g, b, a] = material.color.map(|part| within(part, 1.0));
        let metallic = within(material.metallic, 1.0);
        let roughness = within(material.roughness, 1.0);
        Finish {
            tint: [r, g, b],
            opacity: a,
            metal: ((metallic - PLAIN_METALLIC) / (1.0 - PLAIN_METALLIC)).max(0.0),
            roughness,
            polish: ((PLAIN_ROUGHNESS - roughness) / PLAIN_ROUGHNESS).max(0.0),
            emission: material.emission.map(|part| within(part, MOST_EMISSION)),
        }
    }
}

/// What a layer brings to its voxels.
struct Coat {
    volume: Volume,
    mode: BlendMode,
    finish: Option<u16>,
}

/// The materials of some layers, from the bottom up. A cheap copy of what a document had.
#[derive(Clone, Default)]
pub struct Materials {
    coats: Arc<[Coat]>,
    finishes: Arc<[Finish]>,
}

impl std::fmt::Debug for Materials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Materials({} of {} layers)", self.finishes.len(), self.coats.len())
    }
}

impl PartialEq for Materials {
    fn eq(&self, other: &Self) -> bool {
        self.finishes == other.finishes && Arc::ptr_eq(&self.coats, &other.coats)
            || self.coats.is_empty() && other.coats.is_empty()
    }
}

impl Materials {
    /// Those of the visible layers of a document.
    pub fn of(document: &Document) -> Materials {
        Materials::of_layers(document, |layer| layer.visible)
    }

    /// Those of chosen layers. If all of them are plain, nothing is kept.
    pub fn of_layers(document: &Document, is_chosen: impl Fn(&Layer) -> bool) -> Materials {
        let mut finishes: Vec<Finish> = Vec::new();
        let mut coats = Vec::new();
        let chosen =
            document.layers().iter().filter(|layer| is_chosen(layer) && layer.opacity > 0.0);
        for layer in chosen {
            let material = layer.material.and_then(|index| document.materials.get(index));
            let finish = material.map_or(Finish::PLAIN, Finish::from);
            // The roughness of what has no coat and is no metal is not to be seen.
            let is_plain = Finish { roughness: PLAIN_ROUGHNESS, ..finish } == Finish::PLAIN;
            let known = finishes.iter().position(|&other| other == finish);
            let finish = (!is_plain).then(|| {
                known.unwrap_or_else(|| {
                    finishes.push(finish);
                    finishes.len() - 1
                })
            });
            let finish = finish.and_then(|index| u16::try_from(index).ok());
            coats.push(Coat { volume: layer.volume.clone(), mode: layer.mode, finish });
        }
        if finishes.is_empty() {
            Materials::default()
        } else {
            Materials { coats: coats.into(), finishes: finishes.into() }
        }
    }
}

/// Which of its voxels have which finish: all the others of a block are plain.
pub(crate) type Worn = Vec<(u16, Mask)>;

/// The finishes of the voxels of a model.
#[derive(Default)]
pub(crate) struct Finishes {
    materials: Materials,
    blocks: SpreadMap<[i32; 3], Worn>,
}

impl Finishes {
    pub(crate) fn new(materials: Materials) -> Self {
        Finishes { materials, blocks: SpreadMap::default() }
    }

    /// Notes the finishes of a block and tells which of its voxels let light through whatever their
    /// alpha is.
    pub(crate) fn note(&mut self, at: BlockPos) -> Mask {
        let mut clear = [0; 64];
        if self.materials.coats.is_empty() {
            return clear;
        }
        let mut worn: Worn = Vec::new();
        for coat in self.materials.coats.iter() {
            let shows = coat.mode.adds() || coat.mode == BlendMode::IntersectFill;
            let Some(block) = coat.volume.block(at).filter(|_| shows) else { continue };
            let mask = block.mask();
            let without = |known: &mut Mask| (0..64).for_each(|word| known[word] &= !mask[word]);
            worn.iter_mut().for_each(|(_, known)| without(known));
            let Some(finish) = coat.finish else { continue };
            match worn.iter_mut().find(|(other, _)| *other == finish) {
                Some((_, known)) => (0..64).for_each(|word| known[word] |= mask[word]),
                None => worn.push((finish, mask)),
            }
        }
        worn.retain(|(_, mask)| mask.iter().any(|&bits| bits != 0));
        for (finish, mask) in &worn {
            if self.materials.finishes[usize::from(*finish)].opacity < 1.0 {
                (0..64).for_each(|word| clear[word] |= mask[word]);
            }
        }
        if !worn.is_empty() {
            self.blocks.insert([at.x, at.y, at.z], worn);
        }
        clear
    }

    /// Whether all voxels are plain.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The finish of a voxel.
    #[inline]
    pub(crate) fn get(&self, voxel: [i32; 3]) -> &Finish {
        if self.blocks.is_empty() {
            return &Finish::PLAIN;
        }
        let worn = self.blocks.get(&voxel.map(|part| part >> 4));
        let found = worn.and_then(|worn| worn.iter().find(|(_, mask)| mask_bit(mask, voxel)));
        found.map_or(&Finish::PLAIN, |(finish, _)| &self.materials.finishes[usize::from(*finish)])
    }

    /// The finish of all voxels of a block that a mask holds, if it is one.
    pub(crate) fn of_block(&self, block: [i32; 3], within: &Mask) -> Option<&Finish> {
        let Some(worn) = self.blocks.get(&block) else { return Some(&Finish::PLAIN) };
        let holds = |(_, mask): &&(u16, Mask)| (0..64).all(|word| within[word] & !mask[word] == 0);
        let found = worn.iter().find(holds)?;
        Some(&self.materials.finishes[usize::from(found.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{LayerId, canvas_for_size};
    use crate::voxel::Point;

    fn layer(id: i32, material: usize, points: &[[i32; 3]]) -> Layer {
        let mut layer = Layer::new(LayerId(id), "");
        layer.material = Some(material);
        points.iter().for_each(|&at| _ = layer.volume.set(Point::from(at), Rgba::WHITE));
        layer
    }

    fn document(layers: Vec<Layer>) -> Document {
        let mut document = Document::with_layers("", canvas_for_size([64; 3]), layers);
        let gold = Material { metallic: 1.0, roughness: 0.1, ..Material::default() };
        let glass = Material { color: [1.0, 1.0, 1.0, 0.25], ..Material::default() };
        document.materials = vec![Material::default(), gold, glass];
        document
    }

    #[test]
    fn the_material_that_layers_begin_with_is_plain_and_costs_nothing() {
        assert_eq!(Finish::from(&Material::default()), Finish::PLAIN);
        let document = document(vec![layer(1, 0, &[[0; 3]])]);
        assert_eq!(Materials::of(&document), Materials::default());
    }

    #[test]
    fn a_voxel_has_the_material_of_the_highest_layer_that_draws_it() {
        let mut carved = layer(4, 1, &[[3, 0, 0]]);
        carved.mode = BlendMode::Subtract;
        let layers = vec![
            layer(1, 1, &[[0; 3], [1, 0, 0], [2, 0, 0], [3, 0, 0]]),
            layer(2, 0, &[[1, 0, 0]]),
            layer(3, 2, &[[2, 0, 0]]),
            carved,
        ];
        let mut finishes = Finishes::new(Materials::of(&document(layers)));
        let clear = finishes.note(BlockPos { x: 0, y: 0, z: 0 });
        let metal = [0, 1, 2, 3, 4].map(|x| finishes.get([x, 0, 0]).metal > 0.5);
        assert_eq!(metal, [true, false, false, true, false]);
        assert_eq!(finishes.get([2, 0, 0]).color(Rgba::WHITE).a, 64);
        assert_eq!(clear[0], 1 << 2);
    }

    #[test]
    fn numbers_of_a_material_that_mean_nothing_do_no_harm() {
        let wild = Material {
            color: [f32::NAN, -3.0, 9.0, f32::INFINITY],
            metallic: f32::NAN,
            roughness: -1.0,
            emission: [f32::INFINITY, f32::NAN, -1.0],
            ..Material::default()
        };
        let finish = Finish::from(&wild);
        assert_eq!((finish.tint, finish.opacity), ([0.0, 0.0, 1.0], 1.0));
        assert_eq!(finish.emission, [MOST_EMISSION, 0.0, 0.0]);
    }
}
