//! Writing: a block of voxels is a unit of work.

use std::collections::BTreeMap;

use super::model::{Model, put_block, put_chunk};
use super::{MODEL_EDGE, NAME};
use crate::document::{BlendMode, Document, Layer, Material};
use crate::format::bytes::Put;
use crate::format::quantise::{Choosing, ColorCounts, Numbers, Quantised, rgb};
use crate::format::steps::Advance;
use crate::format::{FormatError, Pieces, Written};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockWalk, Bounds, Rgba, Volume};

/// Colours that a file can hold; index 0 is no voxel.
const COLORS_MAX: usize = 255;
/// Places that MagicaVoxel accepts are between minus this and this.
const SCENE_EDGE: i64 = 1000;
/// The layers of MagicaVoxel that every version of it knows.
const NAMED_LAYERS_MAX: usize = 16;
/// The most bytes that one chunk, and thus the file, may have.
const FILE_MAX: u64 = u32::MAX as u64 / 2;

/// A writer at work: it counts the colours of all blocks, chooses those of the file, and writes the
/// models one after another.
pub(super) struct Writer {
    sources: Vec<Source>,
    /// The source that is counted, and how many units are done.
    next: usize,
    done: u64,
    counts: ColorCounts,
    palette: Vec<[u8; 3]>,
    stage: Stage,
    warnings: Vec<String>,
}

/// What is done, in this order.
enum Stage {
    Counting,
    Choosing(Box<Choosing>),
    Writing(Box<File>),
    Over,
}

/// A layer to be written.
struct Source {
    name: String,
    hidden: bool,
    volume: Volume,
    walk: BlockWalk,
    bounds: Option<Bounds>,
    models: BTreeMap<[i64; 3], Model>,
}

/// A file in the making.
struct File {
    out: Pieces,
    palette: Vec<[u8; 3]>,
    numbers: Numbers,
    scene: Scene,
    /// All models, each with the number of its source; the model and the block that are next.
    models: Vec<(usize, Model)>,
    next: (usize, usize),
}

impl Writer {
    /// Begins to write each layer; or what is seen, merged, and the hidden layers.
    pub(super) fn new(document: &Document, seen: Option<Volume>) -> Self {
        let mut warnings = Vec::new();
        let sources = sources(document, seen, &mut warnings);
        let plain = Material { name: String::new(), ..Material::default() };
        let is_plain = |material: &Material| {
            Material { name: String::new(), preserved: Vec::new(), ..material.clone() } == plain
        };
        if !document.materials.iter().all(is_plain) {
            warnings.push("materials of layers are left out".to_owned());
        }
        Writer {
            sources,
            next: 0,
            done: 0,
            counts: ColorCounts::default(),
            palette: document.palette.colors.iter().map(|(color, _)| rgb(*color)).collect(),
            stage: Stage::Counting,
            warnings,
        }
    }

    /// The next block to count, if there is one.
    fn next_block(&mut self) -> Option<(usize, BlockPos)> {
        while let Some(source) = self.sources.get_mut(self.next) {
            if let Some(at) = source.walk.next(&source.volume) {
                self.done += 1;
                return Some((self.next, at));
            }
            self.next += 1;
        }
        None
    }

    /// Counts the colours of a block and gives it to its model.
    fn count(&mut self, source: usize, at: BlockPos) {
        let source = &mut self.sources[source];
        let (Some(block), Some(bounds)) = (source.volume.block(at), source.bounds) else { return };
        let corner = model_corner(&bounds, at.origin().array().map(i64::from));
        source.models.entry(corner).or_default().add(at, block);
        if let Some(color) = block.uniform() {
            return self.counts.add(color, BLOCK_VOXELS as u64);
        }
        let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
        for row in block.voxels_or_copy(&mut copy).as_chunks::<16>().0 {
            if *row == [row[0]; 16] {
                self.counts.add(row[0], 16);
            } else {
                row.iter().for_each(|&color| self.counts.add(color, 1));
            }
        }
    }

    /// Tells what the colours of the file lose.
    fn warn_of_colors(&mut self, colors: &Quantised) {
        if colors.error > 0 {
            self.warnings.push(format!(
                "{} colours are written as the nearest of {COLORS_MAX}; the largest difference in a \
                 channel is {}",
                colors.colors, colors.error
            ));
        }
        if colors.translucent > 0 {
            let count = colors.translucent;
            self.warnings.push(format!("{count} voxels with alpha below 255 are written opaque"));
        }
    }

    /// Begins to choose the file's colours, once all are counted.
    fn start_to_choose(&mut self) -> Stage {
        let (counts, palette) =
            (std::mem::take(&mut self.counts), std::mem::take(&mut self.palette));
        Stage::Choosing(Box::new(Choosing::new(counts, palette, COLORS_MAX)))
    }

    /// Begins the file, once its colours are chosen.
    fn start_file(&mut self, colors: Quantised) -> Result<File, FormatError> {
        let sources = self.sources.iter_mut().enumerate();
        let models = sources.flat_map(|(number, source)| {
            std::mem::take(&mut source.models).into_values().map(move |model| (number, model))
        });
        let models: Vec<(usize, Model)> = models.collect();
        let bytes: u64 = models.iter().map(|(_, model)| model.bytes()).sum();
        if bytes > FILE_MAX {
            let what = format!("the file would be longer than {FILE_MAX} bytes");
            return Err(FormatError::DoesNotFit { format: NAME, what });
        }
        self.warn_of_colors(&colors);
        Ok(File::new(models, colors))
    }

    /// Counts the next block, or what comes after that.
    fn count_next(&mut self) -> Stage {
        match self.next_block() {
            Some((source, at)) => {
                self.count(source, at);
                Stage::Counting
            }
            None => self.start_to_choose(),
        }
    }

    /// Writes the next block, or begins the next model; false once there is none.
    fn write(&mut self, file: &mut File) -> bool {
        let Some((number, model)) = file.models.get(file.next.0) else { return false };
        let source = &self.sources[*number];
        if file.next.1 == 0 {
            let layer = if *number < NAMED_LAYERS_MAX { *number as i32 } else { -1 };
            file.scene.add(&source.name, source.hidden, layer, model.place());
            model.write_head(&mut file.out);
        }
        let at = model.blocks[file.next.1];
        if let Some(block) = source.volume.block(at) {
            let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
            let voxels = block.voxels_or_copy(&mut copy);
            put_block(&mut file.out, voxels, at, model.min(), &mut file.numbers);
        }
        self.done += 1;
        file.next.1 += 1;
        if file.next.1 == model.blocks.len() {
            file.next = (file.next.0 + 1, 0);
        }
        true
    }

    /// Ends the file after its last model.
    fn finish(&mut self, file: File) -> Written {
        let File { mut out, mut scene, palette, .. } = file;
        if scene.parts.is_empty() {
            Model::default().write_head(&mut out);
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
        put_palette(&mut out, &palette);
        let length = (out.len() - FILE_HEAD as u64) as u32;
        out.overwrite(FILE_HEAD - 4, &length.to_le_bytes());
        let warnings = std::mem::take(&mut self.warnings);
        Written { content: out, warnings, cache: Default::default() }
    }
}

/// Bytes before the chunks: the file's head and that of the main chunk, whose length is at its end.
const FILE_HEAD: usize = 20;

impl File {
    fn new(models: Vec<(usize, Model)>, colors: Quantised) -> Self {
        let mut out = Pieces::new();
        out.put(b"VOX ");
        out.put_i32(150);
        out.put(b"MAIN");
        out.put_u32(0);
        out.put_u32(0);
        let Quantised { palette, index, .. } = colors;
        let (numbers, scene) = (Numbers::new(index), Scene::default());
        File { out, palette, numbers, scene, models, next: (0, 0) }
    }
}

/// Whether the layers of a document show it as it is; else the visible ones are written merged.
pub(super) fn keeps_layers(document: &Document) -> bool {
    let plain = |layer: &Layer| layer.mode == BlendMode::Over && layer.opacity >= 1.0;
    document.layers().iter().all(|layer| !layer.visible || plain(layer))
}

fn sources(document: &Document, seen: Option<Volume>, warnings: &mut Vec<String>) -> Vec<Source> {
    let layers = document.layers();
    let mut sources = Vec::new();
    if let Some(seen) = seen {
        let text = "layers with blend modes or opacity are written as one layer, as they are seen";
        warnings.push(text.to_owned());
        let mut merged = Source::new(&layers[0], seen);
        (merged.name, merged.hidden) = (document.name.clone(), false);
        sources.push(merged);
        let hidden = layers.iter().filter(|layer| !layer.visible);
        sources.extend(hidden.map(|layer| Source::new(layer, layer.volume.clone())));
    } else {
        sources.extend(layers.iter().map(|layer| Source::new(layer, layer.volume.clone())));
    }
    sources.retain(|source| !source.volume.is_empty());
    sources
}

impl Source {
    fn new(layer: &Layer, volume: Volume) -> Self {
        Source {
            name: layer.name.clone(),
            hidden: !layer.visible,
            walk: BlockWalk::new(&volume),
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

    fn write(&self, out: &mut Pieces) {
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
    out: &mut Pieces,
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

/// Writes 256 entries; entry k is colour k + 1, and the last one is never used.
fn put_palette(out: &mut Pieces, palette: &[[u8; 3]]) {
    let mut data = vec![0; 256 * 4];
    for (entry, &[r, g, b]) in data.as_chunks_mut::<4>().0.iter_mut().zip(palette) {
        *entry = [r, g, b, 255];
    }
    put_chunk(out, b"RGBA", &data);
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Counting => self.count_next(),
            Stage::Choosing(mut choosing) => match choosing.advance() {
                Some(colors) => Stage::Writing(Box::new(self.start_file(colors)?)),
                None => Stage::Choosing(choosing),
            },
            Stage::Writing(mut file) => match self.write(&mut file) {
                true => Stage::Writing(file),
                false => return Ok(Some(self.finish(*file))),
            },
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        let blocks: usize = self.sources.iter().map(|source| source.volume.block_count()).sum();
        (self.done, 2 * blocks as u64)
    }
}
