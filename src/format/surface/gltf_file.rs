//! A glTF file in the making: its lists, its bytes, and how vertices and materials go into them.

use serde_json::{Map, Value, json};

use super::colors::ColorTable;
use super::gltf_write::{Scene, Style};
use crate::document::{Document, Material};
use crate::format::fidelity::Report;
use crate::format::{MeshCounts, Pieces};
use crate::job::Slice;
use crate::voxel::Rgba;

/// The lists of a glTF file.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) nodes: Vec<Value>,
    pub(super) meshes: Vec<Value>,
    pub(super) materials: Vec<Value>,
    /// Which of our materials each is of, and for which voxels.
    known: Vec<(Option<usize>, Group)>,
    pub(super) accessors: Vec<Value>,
    pub(super) views: Vec<Value>,
}

/// The voxels of a primitive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Group {
    Opaque,
    Translucent,
    /// Those of one colour, which is their material's.
    Color(Rgba),
}

impl Group {
    fn is_translucent(self) -> bool {
        match self {
            Group::Opaque => false,
            Group::Translucent => true,
            Group::Color(color) => color.a < 255,
        }
    }
}

pub(super) struct File {
    pub(super) style: Style,
    pub(super) table: ColorTable,
    pub(super) bytes: Pieces,
    pub(super) lists: Lists,
    pub(super) counts: MeshCounts,
}

/// The vertices of a primitive in the making.
#[derive(Default)]
pub(super) struct Vertices {
    pub(super) places: Vec<[f32; 3]>,
    pub(super) normals: Vec<[i32; 3]>,
    pub(super) colors: Vec<(Rgba, f32)>,
    pub(super) indices: Vec<u32>,
}

impl File {
    pub(super) fn new(style: Style, table: ColorTable) -> File {
        let (bytes, lists, counts) = Default::default();
        File { style, table, bytes, lists, counts }
    }

    /// The number of a material; it is another one for voxels that let light through, or for each
    /// colour.
    pub(super) fn material(
        &mut self,
        document: &Document,
        own: Option<usize>,
        group: Group,
    ) -> usize {
        let lists = &mut self.lists;
        if let Some(known) = lists.known.iter().position(|known| *known == (own, group)) {
            return known;
        }
        let plain = Material::default();
        let told = own.and_then(|index| document.materials.get(index));
        let material = told.unwrap_or(&plain);
        let mut name = material.name.clone();
        let [mut r, mut g, mut b, mut a] = material.color.map(|value| value.clamp(0.0, 1.0));
        if let Group::Color(color) = group {
            [r, g, b] = [r * linear(color.r), g * linear(color.g), b * linear(color.b)];
            a *= f32::from(color.a) / 255.0;
            name = super::mtl_write::name_of(color);
        }
        let mut json = json!({
            "name": name,
            "pbrMetallicRoughness": {
                "baseColorFactor": [r, g, b, a],
                "metallicFactor": material.metallic.clamp(0.0, 1.0),
                "roughnessFactor": material.roughness.clamp(0.0, 1.0),
            },
        });
        if self.style.has_texture {
            json["pbrMetallicRoughness"]["baseColorTexture"] = json!({ "index": 0 });
        }
        let strength = material.emission.iter().fold(0.0f32, |most, &value| most.max(value));
        if strength > 0.0 {
            let over = strength.max(1.0);
            json["emissiveFactor"] = json!(material.emission.map(|value| value.max(0.0) / over));
            if over > 1.0 {
                json["extensions"] =
                    json!({ "KHR_materials_emissive_strength": { "emissiveStrength": over } });
            }
        }
        if group.is_translucent() || a < 1.0 {
            json["alphaMode"] = json!("BLEND");
        }
        lists.known.push((own, group));
        lists.materials.push(json);
        lists.materials.len() - 1
    }

    pub(super) async fn primitive(
        &mut self,
        vertices: &Vertices,
        material: usize,
        slice: &Slice,
    ) -> Value {
        self.counts.vertices += vertices.places.len() as u64;
        self.counts.triangles += vertices.indices.len() as u64 / 3;
        let mut attributes = Map::new();
        let places = self.put_places(&vertices.places, slice).await;
        attributes.insert("POSITION".to_owned(), json!(places));
        if !vertices.normals.is_empty() {
            let normals = self.put_normals(&vertices.normals, slice).await;
            attributes.insert("NORMAL".to_owned(), json!(normals));
        }
        if self.style.has_texture {
            let texture = self.put_texture(&vertices.colors, slice).await;
            attributes.insert("TEXCOORD_0".to_owned(), json!(texture));
        }
        if self.style.has_vertex_colors {
            let colors = self.put_colors(&vertices.colors, slice).await;
            attributes.insert("COLOR_0".to_owned(), json!(colors));
        }
        let indices = self.put_indices(&vertices.indices, vertices.places.len(), slice).await;
        json!({ "attributes": attributes, "indices": indices, "material": material })
    }

    async fn put_places(&mut self, places: &[[f32; 3]], slice: &Slice) -> usize {
        let (mut min, mut max) = ([f32::MAX; 3], [f32::MIN; 3]);
        // Whole numbers of voxels fit into shorts.
        let mut are_small = self.style.compact;
        let is_small = |value: &f32| value.fract() == 0.0 && value.abs() <= 32_767.0;
        for part in places.chunks(VERTICES_A_UNIT) {
            for place in part {
                min = [0, 1, 2].map(|axis| place[axis].min(min[axis]));
                max = [0, 1, 2].map(|axis| place[axis].max(max[axis]));
                are_small = are_small && place.iter().all(is_small);
            }
            slice.spend(1).await;
        }
        if are_small {
            let lay = |&[x, y, z]: &[f32; 3]| {
                shorts::<8>([x, y, z, 0.0].map(|value| (value as i16).cast_unsigned()))
            };
            let data = laid_out(places, lay, slice).await;
            let [min, max] = [min, max].map(|bound| bound.map(|value| value as i32));
            let facts = json!({ "componentType": 5122, "type": "VEC3", "min": min, "max": max });
            return self.put_accessor(data, Some(8), places.len(), facts, 34_962);
        }
        let data = laid_out(places, |&place: &[f32; 3]| le_bytes(place), slice).await;
        let facts = json!({ "componentType": 5126, "type": "VEC3", "min": min, "max": max });
        self.put_accessor(data, Some(12), places.len(), facts, 34_962)
    }

    async fn put_normals(&mut self, normals: &[[i32; 3]], slice: &Slice) -> usize {
        if self.style.compact {
            let byte = |value: i32| (127 * value) as i8 as u8;
            let lay = |n: &[i32; 3]| [byte(n[0]), byte(n[1]), byte(n[2]), 0];
            let data = laid_out(normals, lay, slice).await;
            let facts = json!({ "componentType": 5120, "normalized": true, "type": "VEC3" });
            return self.put_accessor(data, Some(4), normals.len(), facts, 34_962);
        }
        let lay = |normal: &[i32; 3]| le_bytes(normal.map(|value| value as f32));
        let data = laid_out(normals, lay, slice).await;
        let facts = json!({ "componentType": 5126, "type": "VEC3" });
        self.put_accessor(data, Some(12), normals.len(), facts, 34_962)
    }

    async fn put_texture(&mut self, colors: &[(Rgba, f32)], slice: &Slice) -> usize {
        let mut last = None;
        let table = &mut self.table;
        let mut middle = |color: Rgba| match last {
            Some((known, middle)) if known == color => middle,
            _ => {
                let place = table.place(color);
                let middle = table.middle(place);
                last = Some((color, middle));
                middle
            }
        };
        let (data, facts, stride) = if self.style.compact {
            let lay = |&(color, _): &(Rgba, f32)| {
                let [u, v] = middle(color).map(|share| (share * 65_535.0).round() as u16);
                shorts::<4>([u, v, 0, 0])
            };
            let facts = json!({ "componentType": 5123, "normalized": true, "type": "VEC2" });
            (laid_out(colors, lay, slice).await, facts, 4)
        } else {
            let lay = |&(color, _): &(Rgba, f32)| {
                let [[a, b, c, d], [e, f, g, h]] = middle(color).map(f32::to_le_bytes);
                [a, b, c, d, e, f, g, h]
            };
            let facts = json!({ "componentType": 5126, "type": "VEC2" });
            (laid_out(colors, lay, slice).await, facts, 8)
        };
        self.put_accessor(data, Some(stride), colors.len(), facts, 34_962)
    }

    /// Colours of vertices are linear; sixteen bits keep all of the stored ones apart.
    async fn put_colors(&mut self, colors: &[(Rgba, f32)], slice: &Slice) -> usize {
        let table: Vec<f32> = (0..=255u8).map(linear).collect();
        // With a texture they only darken it.
        let has_texture = self.style.has_texture;
        let lay = |&(color, light): &(Rgba, f32)| {
            let channel = |byte: u8| {
                let own = if has_texture { 1.0 } else { table[usize::from(byte)] };
                (own * light * 65_535.0).round() as u16
            };
            let alpha = if has_texture { 65_535 } else { u16::from(color.a) * 257 };
            shorts::<8>([channel(color.r), channel(color.g), channel(color.b), alpha])
        };
        let data = laid_out(colors, lay, slice).await;
        let facts = json!({ "componentType": 5123, "normalized": true, "type": "VEC4" });
        self.put_accessor(data, Some(8), colors.len(), facts, 34_962)
    }

    async fn put_indices(&mut self, indices: &[u32], vertices: usize, slice: &Slice) -> usize {
        let is_short = vertices < 65_535;
        let data = if is_short {
            laid_out(indices, |&index| (index as u16).to_le_bytes(), slice).await
        } else {
            laid_out(indices, |&index| index.to_le_bytes(), slice).await
        };
        let kind = if is_short { 5123 } else { 5125 };
        let facts = json!({ "componentType": kind, "type": "SCALAR" });
        self.put_accessor(data, None, indices.len(), facts, 34_963)
    }

    /// Adds bytes as a view and what they are as an accessor; its number.
    fn put_accessor(
        &mut self,
        mut data: Pieces,
        stride: Option<usize>,
        count: usize,
        mut facts: Value,
        target: u32,
    ) -> usize {
        let mut view = json!({
            "buffer": 0, "byteOffset": self.bytes.len(), "byteLength": data.len(), "target": target,
        });
        if let Some(stride) = stride {
            view["byteStride"] = json!(stride);
        }
        let padding = data.len().next_multiple_of(4) - data.len();
        data.put(&[0; 3][..padding as usize]);
        self.bytes.append(data);
        facts["bufferView"] = json!(self.lists.views.len());
        facts["count"] = json!(count);
        self.lists.views.push(view);
        self.lists.accessors.push(facts);
        self.lists.accessors.len() - 1
    }

    pub(super) fn finish(mut self, document: &Document) -> Scene {
        let mut json = json!({
            "asset": { "version": "2.0", "generator": "goxel-daemon" },
            "scene": 0,
            "scenes": [{ "name": document.name }],
        });
        if !self.lists.nodes.is_empty() {
            json["scenes"][0]["nodes"] = json!((0..self.lists.nodes.len()).collect::<Vec<_>>());
        }
        if self.style.has_texture && !self.lists.meshes.is_empty() {
            let png = self.table.png();
            let (start, length) = (self.bytes.len(), png.len());
            let mut png = png;
            png.resize(length.next_multiple_of(4), 0);
            self.bytes.append(png.into());
            json["images"] = json!([{
                "name": "palette", "mimeType": "image/png", "bufferView": self.lists.views.len(),
            }]);
            self.lists.views.push(json!({
                "buffer": 0, "byteOffset": start, "byteLength": length,
            }));
            // Colours must not be mixed with their neighbours.
            json["samplers"] = json!([{
                "magFilter": 9728, "minFilter": 9728, "wrapS": 33_071, "wrapT": 33_071,
            }]);
            json["textures"] = json!([{ "source": 0, "sampler": 0 }]);
        }
        let mut extensions = Vec::new();
        let is_bright = |material: &Value| material.get("extensions").is_some();
        if self.lists.materials.iter().any(is_bright) {
            extensions.push("KHR_materials_emissive_strength");
        }
        if self.style.compact && !self.lists.meshes.is_empty() {
            extensions.push("KHR_mesh_quantization");
            json["extensionsRequired"] = json!(["KHR_mesh_quantization"]);
        }
        if !extensions.is_empty() {
            json["extensionsUsed"] = json!(extensions);
        }
        let Lists { nodes, meshes, materials, accessors, views, .. } = self.lists;
        let lists = [
            ("nodes", nodes),
            ("meshes", meshes),
            ("materials", materials),
            ("accessors", accessors),
            ("bufferViews", views),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            json[name] = Value::Array(list);
        }
        if !self.bytes.is_empty() {
            json["buffers"] = json!([{ "byteLength": self.bytes.len() }]);
        }
        let mut counts = self.counts;
        counts.materials = json["materials"].as_array().map_or(0, |list| list.len() as u64);
        Scene { json, bytes: self.bytes, counts, report: Report::default() }
    }
}

/// Vertices, or numbers of them, that are laid out in one unit of work.
const VERTICES_A_UNIT: usize = 1 << 13;

/// What is written for each of some things, one after the other.
async fn laid_out<T, const LENGTH: usize>(
    things: &[T],
    mut lay: impl FnMut(&T) -> [u8; LENGTH],
    slice: &Slice,
) -> Pieces {
    let (mut out, mut part) = (Pieces::new(), vec![[0; LENGTH]; VERTICES_A_UNIT]);
    for run in things.chunks(VERTICES_A_UNIT) {
        part.iter_mut().zip(run).for_each(|(bytes, thing)| *bytes = lay(thing));
        out.put(part[..run.len()].as_flattened());
        slice.spend(1).await;
    }
    out
}

/// Numbers of two bytes, one after the other.
fn shorts<const LENGTH: usize>(values: [u16; 4]) -> [u8; LENGTH] {
    let bytes = values.map(u16::to_le_bytes);
    std::array::from_fn(|at| bytes.as_flattened()[at])
}

fn le_bytes([x, y, z]: [f32; 3]) -> [u8; 12] {
    let [[a, b, c, d], [e, f, g, h], [i, j, k, l]] = [x, y, z].map(f32::to_le_bytes);
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

fn linear(byte: u8) -> f32 {
    let value = f32::from(byte) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}
