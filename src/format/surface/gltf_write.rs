//! Writing glTF 2.0: `.glb`, and `.gltf` with its buffers inside.
//!
//! One node a layer with its name, its pivot as its place, its material and its colours; y up. Colours are a small
//! texture with a pixel for each, or colours of vertices, or both. Voxels that let light through are a primitive of their
//! own, with alpha blended.

use base64::Engine;
use serde_json::{Map, Value, json};

use super::closed::{Closed, closed, quads_of};
use super::colors::ColorTable;
use super::frame::Frame;
use crate::document::{Document, Layer, Material};
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{
    Axes, ExportOptions, FormatError, MeshColors, MeshKind, Pieces, WriteOptions, Written,
};
use crate::job::Slice;
use crate::mesh::{Merge, Quad};
use crate::voxel::{Point, Rgba, Volume};

const NAME: &str = "glb";
/// Quads that are laid out in one unit of work.
const QUADS_A_UNIT: usize = 1 << 10;
/// The longest file that a binary glTF can tell the length of.
const LENGTH_MAX: u64 = u32::MAX as u64;

pub(in crate::format) async fn write_glb(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let Scene { json, bytes } = scene(document, &options.export, &slice).await?;
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let binary = if bytes.is_empty() { 0 } else { 8 + bytes.len() };
    let total = 12 + 8 + text.len() as u64 + binary;
    if total > LENGTH_MAX {
        let what = format!("the file would be longer than {LENGTH_MAX} bytes");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let mut out = Pieces::new();
    out.put(b"glTF");
    [2, total as u32, text.len() as u32].into_iter().for_each(|value| out.put_u32(value));
    out.put(b"JSON");
    out.put(&text);
    if binary > 0 {
        out.put_u32(bytes.len() as u32);
        out.put(b"BIN\0");
        out.append(bytes);
    }
    Ok(Written::new(out, Report::default()))
}

pub(in crate::format) async fn write_gltf(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let Scene { mut json, bytes } = scene(document, &options.export, &slice).await?;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes.into_vec());
    // A model of nothing has no buffer.
    if let Some(buffer) = json.get_mut("buffers").and_then(|buffers| buffers.get_mut(0)) {
        buffer["uri"] = json!(format!("data:application/octet-stream;base64,{text}"));
    }
    let mut out = Pieces::new();
    out.put(serde_json::to_string_pretty(&json).unwrap_or_default().as_bytes());
    Ok(Written::new(out, Report::default()))
}

/// A file in the making.
struct Scene {
    json: Value,
    bytes: Pieces,
}

/// What is the same for all layers.
struct Style {
    frame: Frame,
    kind: MeshKind,
    has_texture: bool,
    has_vertex_colors: bool,
    ao: bool,
    compact: bool,
}

async fn scene(
    document: Document,
    options: &ExportOptions,
    slice: &Slice,
) -> Result<Scene, FormatError> {
    let colors = options.colors.unwrap_or(MeshColors::Texture);
    let style = Style {
        frame: Frame::of(&document, options, Axes::Y_UP, slice).await,
        kind: if options.ao { MeshKind::Faces } else { options.mesh.unwrap_or(MeshKind::Greedy) },
        has_texture: matches!(colors, MeshColors::Texture | MeshColors::Both | MeshColors::Palette),
        has_vertex_colors: options.ao || matches!(colors, MeshColors::Vertex | MeshColors::Both),
        ao: options.ao,
        compact: options.compact,
    };
    let document = match options.merge {
        Some(true) => document.flattened(merged(&document, slice).await),
        _ => document,
    };
    let mut table = ColorTable::default();
    let shown = document.layers().iter().filter(|layer| layer.visible && !layer.volume.is_empty());
    let mut surfaces = Vec::new();
    for layer in shown {
        let surface = surface(&layer.volume, style.kind, slice).await;
        if style.has_texture {
            surface.colors(&mut table);
        }
        surfaces.push((layer, surface));
    }
    let mut file = File { style, table, bytes: Pieces::new(), lists: Lists::default() };
    for (layer, surface) in &surfaces {
        file.add_layer(&document, layer, surface, slice).await;
    }
    Ok(file.finish(&document))
}

/// A layer's surface.
enum Surface {
    Quads(Vec<Quad>),
    Closed(Closed),
}

async fn surface(volume: &Volume, kind: MeshKind, slice: &Slice) -> Surface {
    match kind {
        MeshKind::Faces => Surface::Quads(quads_of(volume, Merge::Nothing, slice).await),
        MeshKind::GreedyClosed => Surface::Closed(closed(volume, Merge::Color, slice).await),
        _ => Surface::Quads(quads_of(volume, Merge::Color, slice).await),
    }
}

impl Surface {
    fn colors(&self, table: &mut ColorTable) {
        let mut last = None;
        let mut add = |color: Rgba| {
            if last != Some(color) {
                last = Some(color);
                table.place(color);
            }
        };
        match self {
            Surface::Quads(quads) => quads.iter().for_each(|quad| add(quad.color)),
            Surface::Closed(closed) => closed.triangles.iter().for_each(|(_, color)| add(*color)),
        }
    }
}

/// The lists of a glTF file.
#[derive(Default)]
struct Lists {
    nodes: Vec<Value>,
    meshes: Vec<Value>,
    materials: Vec<Value>,
    /// Which of our materials each is of, and whether it lets light through.
    known: Vec<(Option<usize>, bool)>,
    accessors: Vec<Value>,
    views: Vec<Value>,
}

struct File {
    style: Style,
    table: ColorTable,
    bytes: Pieces,
    lists: Lists,
}

/// The vertices of a primitive in the making.
#[derive(Default)]
struct Vertices {
    places: Vec<[f32; 3]>,
    normals: Vec<[i32; 3]>,
    colors: Vec<(Rgba, f32)>,
    indices: Vec<u32>,
}

impl File {
    async fn add_layer(
        &mut self,
        document: &Document,
        layer: &Layer,
        surface: &Surface,
        slice: &Slice,
    ) {
        let pivot: [f64; 3] = [0, 1, 2].map(|axis| f64::from(layer.matrix.0[3][axis]).round());
        let is_own = matches!(layer.content, crate::document::LayerContent::Voxels);
        let pivot = if is_own && pivot.iter().all(|v| v.is_finite()) { pivot } else { [0.0; 3] };
        let mut primitives = Vec::new();
        for translucent in [false, true] {
            let vertices = self.vertices(&layer.volume, surface, pivot, translucent, slice).await;
            if !vertices.indices.is_empty() {
                let material = self.material(document, layer.material, translucent);
                primitives.push(self.primitive(&vertices, material));
            }
        }
        let [x, y, z] = self.style.frame.place(pivot);
        let mesh = self.lists.meshes.len();
        self.lists.meshes.push(json!({ "name": layer.name, "primitives": primitives }));
        let mut node = json!({ "name": layer.name, "mesh": mesh });
        if [x, y, z] != [0.0; 3] {
            node["translation"] = json!([x, y, z]);
        }
        self.lists.nodes.push(node);
    }

    /// The vertices of a layer's opaque voxels, or of the others.
    async fn vertices(
        &self,
        volume: &Volume,
        surface: &Surface,
        pivot: [f64; 3],
        translucent: bool,
        slice: &Slice,
    ) -> Vertices {
        let frame = self.style.frame;
        let zero = frame.place(pivot);
        let place = |at: [f64; 3]| {
            let at = frame.place(at);
            [0, 1, 2].map(|axis| (at[axis] - zero[axis]) as f32)
        };
        let mut out = Vertices::default();
        match surface {
            Surface::Quads(quads) => {
                for run in quads.chunks(QUADS_A_UNIT) {
                    for quad in run.iter().filter(|quad| (quad.color.a < 255) == translucent) {
                        let first = out.places.len() as u32;
                        let normal = frame.direction(quad.face.normal());
                        for corner in quad.corners() {
                            out.places.push(place(corner.map(|value| value as f64)));
                            out.normals.push(normal);
                            let light =
                                if self.style.ao { light(volume, quad, corner) } else { 1.0 };
                            out.colors.push((quad.color, light));
                        }
                        for corners in [[0, 1, 2], [0, 2, 3]] {
                            out.indices.extend(frame.turned(corners).map(|corner| first + corner));
                        }
                    }
                    slice.spend(1).await;
                }
            }
            Surface::Closed(closed) => {
                // Vertices are shared by all faces of one colour, so they have no normals.
                let mut numbers = rustc_hash::FxHashMap::default();
                for run in closed.triangles.chunks(QUADS_A_UNIT) {
                    for &(corners, color) in run {
                        if (color.a < 255) != translucent {
                            continue;
                        }
                        for corner in frame.turned(corners) {
                            let next = out.places.len() as u32;
                            let number = *numbers.entry((corner, color)).or_insert(next);
                            if number == next {
                                let at = closed.vertices[corner as usize];
                                out.places.push(place(at.map(|half| half as f64 / 2.0)));
                                out.colors.push((color, 1.0));
                            }
                            out.indices.push(number);
                        }
                    }
                    slice.spend(1).await;
                }
            }
        }
        out
    }

    /// The number of a material; the light that goes through voxels makes it another one.
    fn material(&mut self, document: &Document, own: Option<usize>, translucent: bool) -> usize {
        let lists = &mut self.lists;
        if let Some(known) = lists.known.iter().position(|known| *known == (own, translucent)) {
            return known;
        }
        let plain = Material::default();
        let told = own.and_then(|index| document.materials.get(index));
        let material = told.unwrap_or(&plain);
        let [r, g, b, a] = material.color.map(|value| value.clamp(0.0, 1.0));
        let mut json = json!({
            "name": material.name,
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
        if translucent || a < 1.0 {
            json["alphaMode"] = json!("BLEND");
        }
        lists.known.push((own, translucent));
        lists.materials.push(json);
        lists.materials.len() - 1
    }

    fn primitive(&mut self, vertices: &Vertices, material: usize) -> Value {
        let mut attributes = Map::new();
        attributes.insert("POSITION".to_owned(), json!(self.put_places(&vertices.places)));
        if !vertices.normals.is_empty() {
            attributes.insert("NORMAL".to_owned(), json!(self.put_normals(&vertices.normals)));
        }
        if self.style.has_texture {
            attributes.insert("TEXCOORD_0".to_owned(), json!(self.put_texture(&vertices.colors)));
        }
        if self.style.has_vertex_colors {
            attributes.insert("COLOR_0".to_owned(), json!(self.put_colors(&vertices.colors)));
        }
        let indices = self.put_indices(&vertices.indices, vertices.places.len());
        json!({ "attributes": attributes, "indices": indices, "material": material })
    }

    fn put_places(&mut self, places: &[[f32; 3]]) -> usize {
        let bound = |pick: fn(f32, f32) -> f32, start: f32| {
            [0, 1, 2].map(|axis| places.iter().fold(start, |most, place| pick(most, place[axis])))
        };
        let (min, max) = (bound(f32::min, f32::MAX), bound(f32::max, f32::MIN));
        let is_small = |value: &f32| value.fract() == 0.0 && value.abs() <= 32_767.0;
        // Whole numbers of voxels fit into shorts.
        if self.style.compact && places.iter().flatten().all(is_small) {
            let data = places.iter().flat_map(|place| {
                let [x, y, z] = place.map(|value| value as i16);
                [x, y, z, 0].into_iter().flat_map(i16::to_le_bytes)
            });
            let data: Vec<u8> = data.collect();
            let [min, max] = [min, max].map(|bound| bound.map(|value| value as i32));
            let facts = json!({ "componentType": 5122, "type": "VEC3", "min": min, "max": max });
            return self.put_accessor(data, Some(8), places.len(), facts, 34_962);
        }
        let data: Vec<u8> = places.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        let facts = json!({ "componentType": 5126, "type": "VEC3", "min": min, "max": max });
        self.put_accessor(data, Some(12), places.len(), facts, 34_962)
    }

    fn put_normals(&mut self, normals: &[[i32; 3]]) -> usize {
        if self.style.compact {
            let byte = |value: i32| (127 * value) as i8 as u8;
            let data = normals.iter().flat_map(|n| [byte(n[0]), byte(n[1]), byte(n[2]), 0]);
            let data: Vec<u8> = data.collect();
            let facts = json!({ "componentType": 5120, "normalized": true, "type": "VEC3" });
            return self.put_accessor(data, Some(4), normals.len(), facts, 34_962);
        }
        let floats = normals.iter().flatten().flat_map(|&value| (value as f32).to_le_bytes());
        let data: Vec<u8> = floats.collect();
        let facts = json!({ "componentType": 5126, "type": "VEC3" });
        self.put_accessor(data, Some(12), normals.len(), facts, 34_962)
    }

    fn put_texture(&mut self, colors: &[(Rgba, f32)]) -> usize {
        let compact = self.style.compact;
        let (mut data, mut last) = (Vec::with_capacity(8 * colors.len()), None);
        for &(color, _) in colors {
            let middle = match last {
                Some((known, middle)) if known == color => middle,
                _ => {
                    let place = self.table.place(color);
                    self.table.middle(place)
                }
            };
            last = Some((color, middle));
            for share in middle {
                match compact {
                    true => data.extend(((share * 65_535.0).round() as u16).to_le_bytes()),
                    false => data.extend(share.to_le_bytes()),
                }
            }
        }
        let (facts, stride) = match compact {
            true => (json!({ "componentType": 5123, "normalized": true, "type": "VEC2" }), 4),
            false => (json!({ "componentType": 5126, "type": "VEC2" }), 8),
        };
        self.put_accessor(data, Some(stride), colors.len(), facts, 34_962)
    }

    /// Colours of vertices are linear; sixteen bits keep all of the stored ones apart.
    fn put_colors(&mut self, colors: &[(Rgba, f32)]) -> usize {
        let table: Vec<f32> = (0..=255u8).map(linear).collect();
        // With a texture they only darken it.
        let has_texture = self.style.has_texture;
        let data = colors.iter().flat_map(|&(color, light)| {
            let channel = |byte: u8| {
                let own = if has_texture { 1.0 } else { table[usize::from(byte)] };
                (own * light * 65_535.0).round() as u16
            };
            let alpha = if has_texture { 65_535 } else { u16::from(color.a) * 257 };
            [channel(color.r), channel(color.g), channel(color.b), alpha]
        });
        let data: Vec<u8> = data.flat_map(u16::to_le_bytes).collect();
        let facts = json!({ "componentType": 5123, "normalized": true, "type": "VEC4" });
        self.put_accessor(data, Some(8), colors.len(), facts, 34_962)
    }

    fn put_indices(&mut self, indices: &[u32], vertices: usize) -> usize {
        let is_short = vertices < 65_535;
        let data: Vec<u8> = match is_short {
            true => indices.iter().flat_map(|&index| (index as u16).to_le_bytes()).collect(),
            false => indices.iter().flat_map(|index| index.to_le_bytes()).collect(),
        };
        let kind = if is_short { 5123 } else { 5125 };
        let facts = json!({ "componentType": kind, "type": "SCALAR" });
        self.put_accessor(data, None, indices.len(), facts, 34_963)
    }

    /// Adds bytes as a view and what they are as an accessor; its number.
    fn put_accessor(
        &mut self,
        mut data: Vec<u8>,
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
        data.resize(data.len().next_multiple_of(4), 0);
        self.bytes.append(data.into());
        facts["bufferView"] = json!(self.lists.views.len());
        facts["count"] = json!(count);
        self.lists.views.push(view);
        self.lists.accessors.push(facts);
        self.lists.accessors.len() - 1
    }

    fn finish(mut self, document: &Document) -> Scene {
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
        Scene { json, bytes: self.bytes }
    }
}

/// How much light comes to a corner of a face: less for each of the three voxels before it.
fn light(volume: &Volume, quad: &Quad, corner: [i64; 3]) -> f32 {
    let normal = quad.face.normal();
    let before = [0, 1, 2].map(|axis| i64::from(quad.voxel[axis] + normal[axis]));
    let side = |axis: usize| if corner[axis] > before[axis] { 1 } else { -1 };
    let (u, v) = (quad.face.u_axis(), quad.face.v_axis());
    let is_solid = |along_u: bool, along_v: bool| {
        let mut cell = before;
        cell[u] += if along_u { side(u) } else { 0 };
        cell[v] += if along_v { side(v) } else { 0 };
        let [x, y, z] = cell.map(|value| value as i32);
        !volume.get(Point::new(x, y, z)).is_empty()
    };
    let (a, b, c) = (is_solid(true, false), is_solid(false, true), is_solid(true, true));
    let shades = if a && b { 3 } else { u8::from(a) + u8::from(b) + u8::from(c) };
    1.0 - 0.2 * f32::from(shades)
}

fn linear(byte: u8) -> f32 {
    let value = f32::from(byte) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}
