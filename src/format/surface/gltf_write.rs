//! Writing glTF 2.0: `.glb`, and `.gltf` with its buffers inside.
//!
//! One node a layer with its name, its pivot as its place, its material and its colours; y up.
//! Colours are a small texture with a pixel for each, or colours of vertices, or both. Voxels that
//! let light through are a primitive of their own, with alpha blended.

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use serde_json::{Value, json};

use super::colors::ColorTable;
use super::frame::Frame;
use super::gltf_file::{File, Group, Vertices};
use super::made::{Made, made};
use super::outline::light;
use super::parts::inside;
use crate::document::{Document, Layer};
use crate::format::builder::over_memory;
use crate::format::bytes::Put;
use crate::format::fidelity::{Kind, Report};
use crate::format::merged::merged;
use crate::format::pack::pack;
use crate::format::{
    Axes, ExportOptions, FormatError, MeshColors, MeshCounts, MeshKind, Pieces, WriteOptions,
    Written,
};
use crate::job::pieces::SharedPieces;
use crate::job::{Job, Slice, Work};
use crate::memory;
use crate::voxel::{Rgba, Volume};

const NAME: &str = "glb";
/// What the bytes of a buffer follow where they are a part of the text.
const BUFFER_URI: &str = "data:application/octet-stream;base64,";
/// Quads that are laid out in one unit of work.
const QUADS_A_UNIT: usize = 1 << 10;
/// The longest file that a binary glTF can tell the length of.
const LENGTH_MAX: u64 = u32::MAX as u64;

pub(in crate::format) async fn write_glb(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let Scene { json, bytes, counts, report } = scene(document, &options.export, &slice).await?;
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
    let written = Written::new(out, report);
    Ok(Written { mesh: Some(counts), ..written })
}

pub(in crate::format) async fn write_gltf(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let Scene { mut json, bytes, counts, report } =
        scene(document, &options.export, &slice).await?;
    let room = memory::probe(usize::try_from(bytes.len()).unwrap_or(usize::MAX).saturating_mul(2));
    room.map_err(over_memory)?;
    // A model of nothing has no buffer.
    if let Some(buffer) = json.get_mut("buffers").and_then(|buffers| buffers.get_mut(0)) {
        buffer["uri"] = json!(BUFFER_URI);
    }
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    let place = text.find(&format!(": \"{BUFFER_URI}\"")).map(|at| at + 3 + BUFFER_URI.len());
    let (head, rest) = text.split_at(place.unwrap_or(text.len()));
    let file = SharedPieces::default();
    pack(&mut file.clone(), head.as_bytes(), &slice).await;
    if place.is_some() {
        let mut encoder = EncoderWriter::new(file.clone(), &STANDARD);
        for piece in bytes.iter() {
            pack(&mut encoder, piece, &slice).await;
        }
        // Writing to memory cannot fail.
        let _ = encoder.finish();
    }
    pack(&mut file.clone(), rest.as_bytes(), &slice).await;
    let out = file.take();
    let written = Written::new(out, report);
    Ok(Written { mesh: Some(counts), ..written })
}

/// A file in the making.
pub(super) struct Scene {
    pub(super) json: Value,
    pub(super) bytes: Pieces,
    pub(super) counts: MeshCounts,
    pub(super) report: Report,
}

/// What is the same for all layers.
pub(super) struct Style {
    pub(super) frame: Frame,
    kind: MeshKind,
    pub(super) has_texture: bool,
    pub(super) has_vertex_colors: bool,
    by_material: bool,
    ao: bool,
    pub(super) compact: bool,
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
        by_material: colors == MeshColors::Materials,
        ao: options.ao,
        compact: options.compact,
    };
    let mut report = Report::default();
    if options.merge == Some(true) {
        let shown = document.layers().iter().filter(|layer| layer.visible).count() as u64;
        let count = if shown > 1 { shown } else { 0 };
        report.lose(Kind::Layer, count, format!("{count} layers are merged into one"));
    }
    let document = match options.merge {
        Some(true) => document.flattened(merged(&document, slice).await),
        _ => document,
    };
    let mut table = ColorTable::default();
    let shown = document.layers().iter().filter(|layer| layer.visible && !layer.volume.is_empty());
    let mut surfaces = Vec::new();
    for layer in shown {
        let surface = made(&layer.volume, style.kind, true, slice).await;
        if style.has_texture {
            find_colors(&surface, &mut table, slice).await;
        }
        surfaces.push((layer, surface));
    }
    let mut file = File::new(style, table);
    for (layer, surface) in &surfaces {
        report.lose_inside(inside(&layer.volume, slice).await);
        add_layer(&mut file, &document, layer, surface, slice).await;
    }
    Ok(Scene { report, ..file.finish(&document) })
}

/// The colours of a surface.
async fn find_colors(surface: &Made, table: &mut ColorTable, slice: &Slice) {
    let mut last = None;
    let mut add = |color: Rgba| {
        if last != Some(color) {
            last = Some(color);
            table.place(color);
        }
    };
    for index in 0..surface.len() {
        add(surface.color(index));
        if index % (16 * QUADS_A_UNIT) == 0 {
            slice.spend(1).await;
        }
    }
}

/// Which quads or triangles belong to which primitive.
async fn groups(surface: &Made, by_material: bool, slice: &Slice) -> Vec<(Group, Vec<u32>)> {
    let mut groups: Vec<(Group, Vec<u32>)> = Vec::new();
    let mut places = rustc_hash::FxHashMap::default();
    for index in 0..surface.len() {
        let color = surface.color(index);
        let group = match color.a {
            _ if by_material => Group::Color(color),
            255 => Group::Opaque,
            _ => Group::Translucent,
        };
        let place = *places.entry(group).or_insert_with(|| {
            groups.push((group, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(index as u32);
        if index % (16 * QUADS_A_UNIT) == 0 {
            slice.spend(1).await;
        }
    }
    groups
}

async fn add_layer(
    file: &mut File,
    document: &Document,
    layer: &Layer,
    surface: &Made,
    slice: &Slice,
) {
    let pivot: [f64; 3] = [0, 1, 2].map(|axis| f64::from(layer.matrix.0[3][axis]).round());
    let is_own = matches!(layer.content, crate::document::LayerContent::Voxels);
    let pivot = if is_own && pivot.iter().all(|v| v.is_finite()) { pivot } else { [0.0; 3] };
    let mut primitives = Vec::new();
    for (group, members) in groups(surface, file.style.by_material, slice).await {
        let vertices = vertices(&file.style, &layer.volume, surface, &members, pivot, slice).await;
        let material = file.material(document, layer.material, group);
        primitives.push(file.primitive(&vertices, material, slice).await);
    }
    let [x, y, z] = file.style.frame.place(pivot);
    let mesh = file.lists.meshes.len();
    file.lists.meshes.push(json!({ "name": layer.name, "primitives": primitives }));
    let mut node = json!({ "name": layer.name, "mesh": mesh });
    if [x, y, z] != [0.0; 3] {
        node["translation"] = json!([x, y, z]);
    }
    file.lists.nodes.push(node);
}

/// The vertices of some quads or triangles of a layer.
async fn vertices(
    style: &Style,
    volume: &Volume,
    surface: &Made,
    members: &[u32],
    pivot: [f64; 3],
    slice: &Slice,
) -> Vertices {
    let frame = style.frame;
    let zero = frame.place(pivot);
    let place = |at: [f64; 3]| {
        let at = frame.place(at);
        [0, 1, 2].map(|axis| (at[axis] - zero[axis]) as f32)
    };
    let mut out = Vertices::default();
    // Vertices of triangles are shared by all faces of one colour, so they have no normals.
    let mut numbers = rustc_hash::FxHashMap::default();
    for run in members.chunks(QUADS_A_UNIT) {
        for &member in run {
            match surface {
                Made::Quads(quads) => {
                    let quad = &quads[member as usize];
                    let first = out.places.len() as u32;
                    let normal = frame.direction(quad.face.normal());
                    for corner in quad.corners() {
                        out.places.push(place(corner.map(|value| value as f64)));
                        out.normals.push(normal);
                        let light = if style.ao { light(volume, quad, corner) } else { 1.0 };
                        out.colors.push((quad.color, light));
                    }
                    for corners in [[0, 1, 2], [0, 2, 3]] {
                        out.indices.extend(frame.turned(corners).map(|corner| first + corner));
                    }
                }
                Made::Triangles(closed) => {
                    let (corners, color) = closed.triangles[member as usize];
                    for corner in frame.turned(corners) {
                        let next = out.places.len() as u32;
                        let number = *numbers.entry((corner, color)).or_insert(next);
                        if number == next {
                            out.places.push(place(closed.vertices[corner as usize]));
                            out.colors.push((color, 1.0));
                        }
                        out.indices.push(number);
                    }
                }
            }
        }
        slice.spend(1).await;
    }
    out
}

/// The finished vertices of a volume's surface, for benchmarks to measure their layout alone.
pub struct GltfVertices {
    file: File,
    vertices: Vertices,
}

impl GltfVertices {
    /// Of rectangles of faces of one colour, coloured by a texture.
    pub fn new(volume: Volume) -> Self {
        let work = Work::new(|slice| async move {
            let (document, options) = (Document::new("", [1; 3]), ExportOptions::default());
            let style = Style {
                frame: Frame::of(&document, &options, Axes::Y_UP, &slice).await,
                kind: MeshKind::Greedy,
                has_texture: true,
                has_vertex_colors: false,
                by_material: false,
                ao: false,
                compact: false,
            };
            let surface = made(&volume, style.kind, true, &slice).await;
            let mut table = ColorTable::default();
            find_colors(&surface, &mut table, &slice).await;
            let members: Vec<u32> = (0..surface.len() as u32).collect();
            let vertices = vertices(&style, &volume, &surface, &members, [0.0; 3], &slice).await;
            GltfVertices { file: File::new(style, table), vertices }
        });
        work.finish()
    }

    /// Lays them out; the bytes are given back with them.
    pub fn lay_out(self) -> (Self, Pieces) {
        let GltfVertices { mut file, vertices } = self;
        let work = Work::new(|slice| async move {
            file.primitive(&vertices, 0, &slice).await;
            let bytes = std::mem::take(&mut file.bytes);
            (GltfVertices { file, vertices }, bytes)
        });
        work.finish()
    }
}
