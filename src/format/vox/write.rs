//! Writing: a block of voxels is a unit of work.

use std::collections::BTreeMap;

use super::{MODEL_EDGE, NAME};
use crate::document::{BlendMode, Document, Layer, Material};
use crate::format::bytes::Put;
use crate::format::quantise::{ColorCounts, Quantised, rgb};
use crate::format::steps::Advance;
use crate::format::{Encoded, FormatError};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Volume};

/// Colours that a file can hold; index 0 is no voxel.
const COLORS_MAX: usize = 255;
/// Places that MagicaVoxel accepts are between minus this and this.
const SCENE_EDGE: i64 = 1000;
/// The layers of MagicaVoxel that every version of it knows.
const NAMED_LAYERS_MAX: usize = 16;
/// The most bytes that one chunk, and thus the file, may have.
const FILE_MAX: u64 = u32::MAX as u64 / 2;

/// A writer at work.
pub(super) struct Writer {
    sources: Vec<Source>,
    /// The source and block that are next, and how many units are done.
    next: (usize, usize),
    done: u64,
    counts: ColorCounts,
    palette: Vec<[u8; 3]>,
    colors: Option<Quantised>,
    assembly: Option<Assembly>,
    translucent: u64,
    warnings: Vec<String>,
}

/// A layer to be written.
struct Source {
    name: String,
    hidden: bool,
    volume: Volume,
    blocks: Vec<BlockPos>,
    bounds: Option<Bounds>,
    models: BTreeMap<[i64; 3], Model>,
}

/// The voxels of one model, counted from `corner`.
struct Model {
    corner: [i64; 3],
    min: [u8; 3],
    max: [u8; 3],
    /// Four bytes a voxel. One buffer that grows would be moved again and again.
    pieces: Vec<Vec<u8>>,
}

/// Bytes of a piece of a model's voxels, which is put into the file in one go.
const PIECE: usize = 1 << 18;

impl Writer {
    pub(super) fn new(document: Document) -> Self {
        let mut warnings = Vec::new();
        let sources = sources(&document, &mut warnings);
        let plain = Material { name: String::new(), ..Material::default() };
        let is_plain = |material: &Material| {
            Material { name: String::new(), preserved: Vec::new(), ..material.clone() } == plain
        };
        if !document.materials.iter().all(is_plain) {
            warnings.push("materials of layers are left out".to_owned());
        }
        Writer {
            sources,
            next: (0, 0),
            done: 0,
            counts: ColorCounts::default(),
            palette: document.palette.colors.iter().map(|(color, _)| rgb(*color)).collect(),
            colors: None,
            assembly: None,
            translucent: 0,
            warnings,
        }
    }

    /// The next block of all sources, if there is one.
    fn next_block(&mut self) -> Option<(usize, BlockPos)> {
        while let Some(source) = self.sources.get(self.next.0) {
            if let Some(&at) = source.blocks.get(self.next.1) {
                self.next.1 += 1;
                self.done += 1;
                return Some((self.next.0, at));
            }
            self.next = (self.next.0 + 1, 0);
        }
        None
    }

    fn count_colors(&mut self, source: usize, at: BlockPos) {
        let Some(block) = self.sources[source].volume.block(at) else { return };
        for index in 0..BLOCK_VOXELS {
            let color = block.get(index);
            if !color.is_empty() {
                self.counts.add(color);
                self.translucent += u64::from(color.a < 255);
            }
        }
    }

    fn choose_colors(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        let colors = counts.quantise(&self.palette, COLORS_MAX);
        if colors.error > 0 {
            let count = colors.index.len();
            self.warnings.push(format!(
                "{count} colours are written as the nearest of {COLORS_MAX}; the largest \
                 difference in a channel is {}",
                colors.error
            ));
        }
        if self.translucent > 0 {
            let count = self.translucent;
            self.warnings.push(format!("{count} voxels with alpha below 255 are written opaque"));
        }
        self.colors = Some(colors);
        self.next = (0, 0);
    }

    fn write_block(&mut self, source: usize, at: BlockPos) {
        let (Some(colors), source) = (&self.colors, &mut self.sources[source]) else { return };
        let (Some(block), Some(bounds)) = (source.volume.block(at), source.bounds) else { return };
        let origin = at.origin().array().map(i64::from);
        let corner = model_corner(&bounds, origin);
        let model = source.models.entry(corner).or_insert_with(|| Model::new(corner));
        model.make_room();
        for index in 0..BLOCK_VOXELS {
            let color = block.get(index);
            if color.is_empty() {
                continue;
            }
            let cell = [index & 15, index >> 4 & 15, index >> 8];
            let cell =
                [0, 1, 2].map(|axis| (origin[axis] + cell[axis] as i64 - corner[axis]) as u8);
            let color = colors.index.get(&rgb(color)).map_or(1, |&index| index + 1);
            model.add(cell, color);
        }
    }

    /// Begins the file: models first, piece by piece.
    fn start_assembly(&mut self) -> Result<(), FormatError> {
        let sources = self.sources.iter_mut().enumerate();
        let models = sources.flat_map(|(number, source)| {
            std::mem::take(&mut source.models).into_values().map(move |model| (number, model))
        });
        let models: Vec<(usize, Model)> = models.collect();
        let bytes: usize = models.iter().map(|(_, model)| model.bytes()).sum();
        if bytes as u64 > FILE_MAX {
            let what = format!("the file would be longer than {FILE_MAX} bytes");
            return Err(FormatError::DoesNotFit { format: NAME, what });
        }
        self.assembly = Some(Assembly::new(bytes, models));
        Ok(())
    }

    /// Puts in a little more; the file once all of it is there.
    fn assemble(&mut self) -> Option<Encoded> {
        let assembly = self.assembly.as_mut()?;
        if assembly.put_piece() {
            return None;
        }
        if let Some((number, model)) = assembly.models.next() {
            let source = &self.sources[number];
            let layer = if number < NAMED_LAYERS_MAX { number as i32 } else { -1 };
            assembly.begin(model, &source.name, source.hidden, layer);
            return None;
        }
        self.assembly.take().map(|assembly| self.finish(assembly))
    }

    /// Ends the file after its last model.
    fn finish(&mut self, assembly: Assembly) -> Encoded {
        let Assembly { mut out, mut scene, .. } = assembly;
        if scene.parts.is_empty() {
            Model::new([0; 3]).write_head(&mut out);
            scene.add("", false, 0, [0; 3]);
        }
        let far = |place: &[i64; 3]| place.iter().any(|value| value.abs() > SCENE_EDGE);
        if scene.parts.iter().any(|part| far(&part.place)) {
            self.warnings.push(format!(
                "models lie further out than {SCENE_EDGE}, where MagicaVoxel may not show them"
            ));
        }
        scene.write(&mut out);
        for (number, source) in self.sources.iter().enumerate().take(NAMED_LAYERS_MAX) {
            let mut data = Vec::new();
            data.put_i32(number as i32);
            put_dict(&mut data, &node_entries(&source.name, source.hidden));
            data.put_i32(-1);
            put_chunk(&mut out, b"LAYR", &data);
        }
        let palette = self.colors.take().map(|colors| colors.palette).unwrap_or_default();
        put_palette(&mut out, &palette);
        let length = (out.len() - FILE_HEAD) as u32;
        out[FILE_HEAD - 4..FILE_HEAD].copy_from_slice(&length.to_le_bytes());
        let warnings = std::mem::take(&mut self.warnings);
        Encoded { bytes: out, warnings, cache: Default::default() }
    }
}

/// Bytes before the chunks: the file's head and that of the main chunk, whose length is at its end.
const FILE_HEAD: usize = 20;

/// A file in the making.
struct Assembly {
    out: Vec<u8>,
    scene: Scene,
    /// Models that are still to be put in, each with the number of its source.
    models: std::vec::IntoIter<(usize, Model)>,
    /// The lowest corner of the model that is being put in, and the rest of its voxels.
    min: [u8; 3],
    pieces: std::vec::IntoIter<Vec<u8>>,
}

impl Assembly {
    fn new(bytes: usize, models: Vec<(usize, Model)>) -> Self {
        // Room for the voxels and for what is said about each model.
        let mut out = Vec::with_capacity(bytes + models.len() * 512 + (1 << 14));
        out.put(b"VOX ");
        out.put_i32(150);
        out.put(b"MAIN");
        out.put_u32(0);
        out.put_u32(0);
        let (models, pieces) = (models.into_iter(), Vec::new().into_iter());
        Assembly { out, scene: Scene::default(), models, min: [0; 3], pieces }
    }

    fn begin(&mut self, model: Model, name: &str, hidden: bool, layer: i32) {
        self.scene.add(name, hidden, layer, model.place());
        model.write_head(&mut self.out);
        (self.min, self.pieces) = (model.min, model.pieces.into_iter());
    }

    /// Puts in the next piece of a model; false if there is none.
    fn put_piece(&mut self) -> bool {
        let Some(piece) = self.pieces.next() else { return false };
        let min = self.min;
        let moved = piece
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[x, y, z, color]| [x - min[0], y - min[1], z - min[2], color]);
        self.out.extend(moved);
        true
    }
}

/// What is written: each layer, or the visible ones merged where only that shows them as they are.
fn sources(document: &Document, warnings: &mut Vec<String>) -> Vec<Source> {
    let plain = |layer: &Layer| layer.mode == BlendMode::Over && layer.opacity >= 1.0;
    let layers = document.layers();
    let mut sources = Vec::new();
    if layers.iter().all(|layer| !layer.visible || plain(layer)) {
        sources.extend(layers.iter().map(|layer| Source::new(layer, layer.volume.clone())));
    } else {
        let text = "layers with blend modes or opacity are written as one layer, as they are seen";
        warnings.push(text.to_owned());
        let mut merged = Source::new(&layers[0], document.merged());
        (merged.name, merged.hidden) = (document.name.clone(), false);
        sources.push(merged);
        let hidden = layers.iter().filter(|layer| !layer.visible);
        sources.extend(hidden.map(|layer| Source::new(layer, layer.volume.clone())));
    }
    sources.retain(|source| !source.blocks.is_empty());
    sources
}

impl Source {
    fn new(layer: &Layer, volume: Volume) -> Self {
        Source {
            name: layer.name.clone(),
            hidden: !layer.visible,
            blocks: volume.blocks().map(|(at, _)| at).collect(),
            bounds: volume.bounds(),
            volume,
            models: BTreeMap::new(),
        }
    }
}

/// The corner of the model that a block belongs to. Along an axis where the layer fits into one model,
/// models begin with the layer, else at multiples of 256.
fn model_corner(bounds: &Bounds, origin: [i64; 3]) -> [i64; 3] {
    [0, 1, 2].map(|axis| {
        let fits = bounds.max[axis] - bounds.min[axis] <= MODEL_EDGE;
        if fits { bounds.min[axis] } else { origin[axis].div_euclid(MODEL_EDGE) * MODEL_EDGE }
    })
}

impl Model {
    fn new(corner: [i64; 3]) -> Self {
        Model { corner, min: [255; 3], max: [0; 3], pieces: Vec::new() }
    }

    /// Sees to it that the voxels of a block fit into the last piece.
    fn make_room(&mut self) {
        let has_room = |piece: &Vec<u8>| piece.len() + BLOCK_VOXELS * 4 <= PIECE;
        if !self.pieces.last().is_some_and(has_room) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
    }

    fn add(&mut self, cell: [u8; 3], color: u8) {
        self.min = [0, 1, 2].map(|axis| self.min[axis].min(cell[axis]));
        self.max = [0, 1, 2].map(|axis| self.max[axis].max(cell[axis]));
        let [x, y, z] = cell;
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend([x, y, z, color]);
        }
    }

    /// Bytes of its voxels.
    fn bytes(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    fn size(&self) -> [i64; 3] {
        if self.bytes() == 0 {
            return [1; 3];
        }
        [0, 1, 2].map(|axis| i64::from(self.max[axis]) - i64::from(self.min[axis]) + 1)
    }

    /// Where the model's pivot is.
    fn place(&self) -> [i64; 3] {
        let size = self.size();
        [0, 1, 2].map(|axis| self.corner[axis] + i64::from(self.min[axis]) + size[axis] / 2)
    }

    /// Writes what comes before the voxels.
    fn write_head(&self, out: &mut Vec<u8>) {
        let mut size = Vec::new();
        self.size().into_iter().for_each(|length| size.put_i32(length as i32));
        put_chunk(out, b"SIZE", &size);
        out.put(b"XYZI");
        out.put_u32(self.bytes() as u32 + 4);
        out.put_u32(0);
        out.put_u32(self.bytes() as u32 / 4);
    }
}

/// A model's node in the scene graph.
struct Part {
    name: String,
    hidden: bool,
    layer: i32,
    place: [i64; 3],
}

/// The scene graph: a root, a group, and each model with its place.
#[derive(Default)]
struct Scene {
    parts: Vec<Part>,
}

impl Scene {
    fn add(&mut self, name: &str, hidden: bool, layer: i32, place: [i64; 3]) {
        self.parts.push(Part { name: name.to_owned(), hidden, layer, place });
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_transform(out, 0, &[], 1, -1, None);
        let mut group = Vec::new();
        group.put_i32(1);
        put_dict(&mut group, &[]);
        group.put_i32(self.parts.len() as i32);
        (0..self.parts.len()).for_each(|index| group.put_i32(2 + 2 * index as i32));
        put_chunk(out, b"nGRP", &group);
        for (index, part) in self.parts.iter().enumerate() {
            let node = 2 + 2 * index as i32;
            let entries = node_entries(&part.name, part.hidden);
            put_transform(out, node, &entries, node + 1, part.layer, Some(part.place));
            let mut shape = Vec::new();
            shape.put_i32(node + 1);
            put_dict(&mut shape, &[]);
            shape.put_i32(1);
            shape.put_i32(index as i32);
            put_dict(&mut shape, &[]);
            put_chunk(out, b"nSHP", &shape);
        }
    }
}

fn node_entries(name: &str, hidden: bool) -> Vec<(&'static str, String)> {
    let mut entries = Vec::new();
    if !name.is_empty() {
        entries.push(("_name", name.to_owned()));
    }
    if hidden {
        entries.push(("_hidden", "1".to_owned()));
    }
    entries
}

fn put_transform(
    out: &mut Vec<u8>,
    node: i32,
    entries: &[(&str, String)],
    child: i32,
    layer: i32,
    place: Option<[i64; 3]>,
) {
    let mut data = Vec::new();
    data.put_i32(node);
    put_dict(&mut data, entries);
    [child, -1, layer, 1].into_iter().for_each(|value| data.put_i32(value));
    match place {
        Some([x, y, z]) => put_dict(&mut data, &[("_t", format!("{x} {y} {z}"))]),
        None => put_dict(&mut data, &[]),
    }
    put_chunk(out, b"nTRN", &data);
}

fn put_dict(out: &mut Vec<u8>, entries: &[(&str, String)]) {
    out.put_i32(entries.len() as i32);
    for (key, value) in entries {
        out.put_sized(key.as_bytes());
        out.put_sized(value.as_bytes());
    }
}

fn put_chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.put(kind);
    out.put_u32(data.len() as u32);
    out.put_u32(0);
    out.put(data);
}

/// Writes 256 entries; entry k is colour k + 1, and the last one is never used.
fn put_palette(out: &mut Vec<u8>, palette: &[[u8; 3]]) {
    let mut data = vec![0; 256 * 4];
    for (entry, &[r, g, b]) in data.as_chunks_mut::<4>().0.iter_mut().zip(palette) {
        *entry = [r, g, b, 255];
    }
    put_chunk(out, b"RGBA", &data);
}

impl Advance for Writer {
    type Output = Encoded;

    fn advance(&mut self) -> Result<Option<Encoded>, FormatError> {
        if self.assembly.is_some() {
            return Ok(self.assemble());
        }
        match (self.next_block(), self.colors.is_some()) {
            (Some((source, at)), false) => self.count_colors(source, at),
            (None, false) => self.choose_colors(),
            (Some((source, at)), true) => self.write_block(source, at),
            (None, true) => self.start_assembly()?,
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        let blocks: usize = self.sources.iter().map(|source| source.blocks.len()).sum();
        (self.done, 2 * blocks as u64)
    }
}
