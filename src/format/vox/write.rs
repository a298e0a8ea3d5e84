//! Writing: a block of voxels or some nodes of the scene graph are a unit of work.

use std::collections::{BTreeMap, btree_map};

use super::model::{Model, put_block, put_chunk};
use super::scene_write::{SCENE_EDGE, Scene, node_entries, put_dict};
use super::{MODEL_EDGE, NAME};
use crate::document::{BlendMode, Document, Layer, Material};
use crate::format::builder::Measuring;
use crate::format::bytes::Put;
use crate::format::quantise::{Choosing, ColorCounts, Numbers, Quantised, rgb};
use crate::format::steps::Advance;
use crate::format::{FormatError, Pieces, Written};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockWalk, Bounds, Rgba, Volume};

/// Colours that a file can hold; index 0 is no voxel.
const COLORS_MAX: usize = 255;
/// The layers of MagicaVoxel that every version of it knows.
const NAMED_LAYERS_MAX: usize = 16;
/// New colours that end a unit of work.
const NEW_COLORS_MAX: usize = 1 << 10;
/// The most bytes that one chunk, and thus the file, may have.
const FILE_MAX: u64 = u32::MAX as u64 / 2;

/// A writer at work: it counts the colours of all blocks, chooses those of the file, and writes the
/// models one after another.
pub(super) struct Writer {
    sources: Vec<Source>,
    /// The source that is counted, and how many units are done.
    next: usize,
    done: u64,
    blocks: u64,
    /// Bytes of all voxels in the file.
    bytes: u64,
    counts: ColorCounts,
    palette: Vec<[u8; 3]>,
    stage: Stage,
    warnings: Vec<String>,
}

/// What is done, in this order.
enum Stage {
    /// The box around a source is found, then its blocks are counted; then those of the next source.
    Measuring(Measuring),
    Counting(Box<Counting>),
    Choosing(Box<Choosing>),
    Writing(Box<File>),
    /// The scene graph follows the models.
    Scene(Box<File>),
    Over,
}

/// A source whose blocks are counted.
struct Counting {
    walk: BlockWalk,
    bounds: Bounds,
    /// A block of so many new colours that only its rows up to one are counted.
    unfinished: Option<(Box<[Rgba; BLOCK_VOXELS]>, usize)>,
}

/// A layer to be written.
struct Source {
    name: String,
    hidden: bool,
    volume: Volume,
    models: BTreeMap<[i64; 3], Model>,
}

/// A file in the making.
struct File {
    out: Pieces,
    palette: Vec<[u8; 3]>,
    numbers: Numbers,
    scene: Scene,
    /// The source whose models are written, those that are left, and the next block of the one that is written.
    source: usize,
    models: btree_map::IntoValues<[i64; 3], Model>,
    model: Option<Model>,
    block: usize,
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
        let blocks = sources.iter().map(|source| source.volume.block_count() as u64).sum();
        let mut writer = Writer {
            sources,
            next: 0,
            done: 0,
            blocks,
            bytes: 0,
            counts: ColorCounts::default(),
            palette: preferred(document),
            stage: Stage::Over,
            warnings,
        };
        writer.stage = writer.start_source();
        writer
    }

    /// Begins with the next source, or to choose the file's colours once all are counted.
    fn start_source(&mut self) -> Stage {
        match self.sources.get(self.next) {
            Some(source) => Stage::Measuring(Measuring::new(&source.volume)),
            None => self.start_to_choose(),
        }
    }

    /// Finds the box around the source a bit further, or begins to count its blocks.
    fn measure(&mut self, mut measuring: Measuring) -> Stage {
        let volume = &self.sources[self.next].volume;
        match (measuring.advance(volume), measuring.bounds()) {
            (true, _) => Stage::Measuring(measuring),
            (false, Some(bounds)) => {
                let walk = BlockWalk::new(volume);
                Stage::Counting(Box::new(Counting { walk, bounds, unfinished: None }))
            }
            (false, None) => self.end_source(),
        }
    }

    fn end_source(&mut self) -> Stage {
        self.next += 1;
        self.start_source()
    }

    /// Counts the next block of a source, or goes on with one; then comes the next source.
    fn count_some(&mut self, mut counting: Box<Counting>) -> Stage {
        if let Some((voxels, next)) = counting.unfinished.take() {
            let next = count_rows(&mut self.counts, &voxels, next);
            counting.unfinished = next.map(|next| (voxels, next));
        } else {
            let Some(at) = counting.walk.next(&self.sources[self.next].volume) else {
                return self.end_source();
            };
            self.done += 1;
            self.count(at, &mut counting);
        }
        Stage::Counting(counting)
    }

    /// Counts the colours of a block of the next source and gives it to its model.
    fn count(&mut self, at: BlockPos, counting: &mut Counting) {
        let source = &mut self.sources[self.next];
        let Some(block) = source.volume.block(at) else { return };
        let corner = model_corner(&counting.bounds, at.origin().array().map(i64::from));
        self.bytes += 4 * u64::from(block.count());
        source.models.entry(corner).or_default().add(at, block);
        if let Some(color) = block.uniform() {
            return self.counts.add(color, BLOCK_VOXELS as u64);
        }
        let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
        let voxels = block.voxels_or_copy(&mut copy);
        let next = count_rows(&mut self.counts, voxels, 0);
        counting.unfinished = next.map(|next| (Box::new(*voxels), next));
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
        if self.bytes > FILE_MAX {
            let what = format!("the file would be longer than {FILE_MAX} bytes");
            return Err(FormatError::DoesNotFit { format: NAME, what });
        }
        self.warn_of_colors(&colors);
        Ok(File::new(colors))
    }

    /// Writes the next block, or goes to the next model or source; false once there is none.
    fn write(&mut self, file: &mut File) -> bool {
        let Some(source) = self.sources.get_mut(file.source) else { return false };
        let Some(model) = &file.model else {
            file.models = std::mem::take(&mut source.models).into_values();
            file.model = file.models.next();
            file.source += usize::from(file.model.is_none());
            return true;
        };
        if file.block == 0 {
            let layer = if file.source < NAMED_LAYERS_MAX { file.source as i32 } else { -1 };
            file.scene.add(&source.name, source.hidden, layer, model.place());
            model.write_head(&mut file.out);
        }
        let at = model.blocks[file.block];
        if let Some(block) = source.volume.block(at) {
            let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
            let voxels = block.voxels_or_copy(&mut copy);
            put_block(&mut file.out, voxels, at, model.min(), &mut file.numbers);
        }
        self.done += 1;
        file.block += 1;
        if file.block == model.blocks.len() {
            (file.model, file.block) = (file.models.next(), 0);
            file.source += usize::from(file.model.is_none());
        }
        true
    }

    /// Begins the scene graph after the last model.
    fn start_scene(&mut self, mut file: Box<File>) -> Stage {
        let File { out, scene, .. } = &mut *file;
        if scene.is_empty() {
            Model::default().write_head(out);
            scene.add("", false, 0, [0; 3]);
        }
        if scene.is_far {
            self.warnings.push(format!(
                "models lie further out than {SCENE_EDGE}, where MagicaVoxel may not show them"
            ));
        }
        scene.write_head(out);
        Stage::Scene(file)
    }

    /// Ends the file after the scene graph.
    fn finish(&mut self, file: File) -> Written {
        let File { mut out, palette, .. } = file;
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

/// Counts the colours of a block's rows from one on, until many were new; the next row if there is one.
fn count_rows(
    counts: &mut ColorCounts,
    voxels: &[Rgba; BLOCK_VOXELS],
    first: usize,
) -> Option<usize> {
    let most = counts.colors() + NEW_COLORS_MAX;
    for (number, row) in voxels.as_chunks::<16>().0.iter().enumerate().skip(first) {
        if counts.colors() > most {
            return Some(number);
        }
        if *row == [row[0]; 16] {
            counts.add(row[0], 16);
        } else {
            row.iter().for_each(|&color| counts.add(color, 1));
        }
    }
    None
}

/// The palette's colours, if the file can hold so many.
fn preferred(document: &Document) -> Vec<[u8; 3]> {
    // With one colour more than that the palette is of no use, and it may have millions.
    let colors = document.palette.colors.iter().take(COLORS_MAX + 1);
    colors.map(|(color, _)| rgb(*color)).collect()
}

/// Bytes before the chunks: the file's head and that of the main chunk, whose length is at its end.
const FILE_HEAD: usize = 20;

impl File {
    fn new(colors: Quantised) -> Self {
        let mut out = Pieces::new();
        out.put(b"VOX ");
        out.put_i32(150);
        out.put(b"MAIN");
        out.put_u32(0);
        out.put_u32(0);
        let Quantised { palette, index, .. } = colors;
        let (numbers, scene) = (Numbers::new(index), Scene::default());
        let models = BTreeMap::new().into_values();
        File { out, palette, numbers, scene, source: 0, models, model: None, block: 0 }
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
        Source { name: layer.name.clone(), hidden: !layer.visible, volume, models: BTreeMap::new() }
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
            Stage::Measuring(measuring) => self.measure(measuring),
            Stage::Counting(counting) => self.count_some(counting),
            Stage::Choosing(mut choosing) => match choosing.advance() {
                Some(colors) => Stage::Writing(Box::new(self.start_file(colors)?)),
                None => Stage::Choosing(choosing),
            },
            Stage::Writing(mut file) => match self.write(&mut file) {
                true => Stage::Writing(file),
                false => self.start_scene(file),
            },
            Stage::Scene(mut file) => match file.scene.write_some(&mut file.out) {
                true => Stage::Scene(file),
                false => return Ok(Some(self.finish(*file))),
            },
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.done, 2 * self.blocks)
    }
}
