//! Writing: a block of voxels or some nodes of the scene graph are a unit of work.

use std::collections::BTreeMap;

use super::model::{Model, put_chunk};
use super::scene_write::{SCENE_EDGE, Scene, node_entries, put_dict};
use super::{MODEL_EDGE, NAME};
use crate::document::{BlendMode, Document, Layer, Material};
use crate::format::builder::measure;
use crate::format::bytes::Put;
use crate::format::merged::merged;
use crate::format::quantise::{ColorCounts, Numbers, Quantised, choose, rgb};
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockRef, BlockWalk, Bounds, Rgba, Volume};

/// Colours that a file can hold; index 0 is no voxel.
const COLORS_MAX: usize = 255;
/// The layers of MagicaVoxel that every version of it knows.
const NAMED_LAYERS_MAX: usize = 16;
/// New colours that end a unit of work.
const NEW_COLORS_MAX: usize = 1 << 10;
/// The most bytes that one chunk, and thus the file, may have.
const FILE_MAX: u64 = u32::MAX as u64 / 2;

/// A layer to be written.
struct Source {
    name: String,
    hidden: bool,
    volume: Volume,
    models: BTreeMap<[i64; 3], Model>,
}

/// Writes each layer if the layers show the document as it is; else what is seen, merged, and the hidden layers.
pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let slice = &slice;
    let mut warnings = Vec::new();
    let mut sources = match keeps_layers(&document) {
        true => document.layers().iter().map(Source::of_layer).collect(),
        false => merged_sources(&document, merged(&document, slice).await, &mut warnings),
    };
    sources.retain(|source| !source.volume.is_empty());
    warn_of_materials(&document, &mut warnings);
    slice.expect(2 * sources.iter().map(|source| source.volume.block_count() as u64).sum::<u64>());
    let mut counts = ColorCounts::default();
    let mut bytes = 0;
    for source in &mut sources {
        bytes += source.count(&mut counts, slice).await;
    }
    let colors = choose(counts, preferred(&document), COLORS_MAX, slice).await;
    if bytes > FILE_MAX {
        let what = format!("the file would be longer than {FILE_MAX} bytes");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    warn_of_colors(&colors, &mut warnings);
    let content = write_file(&sources, colors, &mut warnings, slice).await;
    Ok(Written { content, warnings, cache: Default::default() })
}

/// Writes the models, the scene graph, the layers and the palette.
async fn write_file(
    sources: &[Source],
    colors: Quantised,
    warnings: &mut Vec<String>,
    slice: &Slice,
) -> Pieces {
    let (mut out, mut scene) = (file_head(), Scene::default());
    let Quantised { palette, index, .. } = colors;
    let mut numbers = Numbers::new(index);
    for (layer, source) in (0..).zip(sources) {
        let layer = if layer < NAMED_LAYERS_MAX { layer as i32 } else { -1 };
        for model in source.models.values() {
            scene.add(&source.name, source.hidden, layer, model.place());
            model.write(&source.volume, &mut out, &mut numbers, slice).await;
        }
    }
    if scene.is_empty() {
        Model::default().write_head(&mut out);
        scene.add("", false, 0, [0; 3]);
    }
    if scene.is_far {
        warnings.push(format!(
            "models lie further out than {SCENE_EDGE}, where MagicaVoxel may not show them"
        ));
    }
    scene.write(&mut out, slice).await;
    for (number, source) in (0..).zip(sources.iter().take(NAMED_LAYERS_MAX)) {
        let mut data = Vec::new();
        data.put_i32(number);
        put_dict(&mut data, &node_entries(&source.name, source.hidden));
        data.put_i32(-1);
        put_chunk(&mut out, b"LAYR", &data);
    }
    put_palette(&mut out, &palette);
    let length = (out.len() - FILE_HEAD as u64) as u32;
    out.overwrite(FILE_HEAD - 4, &length.to_le_bytes());
    out
}

fn warn_of_materials(document: &Document, warnings: &mut Vec<String>) {
    let plain = Material { name: String::new(), ..Material::default() };
    let is_plain = |material: &Material| {
        Material { name: String::new(), preserved: Vec::new(), ..material.clone() } == plain
    };
    if !document.materials.iter().all(is_plain) {
        warnings.push("materials of layers are left out".to_owned());
    }
}

/// Tells what the colours of the file lose.
fn warn_of_colors(colors: &Quantised, warnings: &mut Vec<String>) {
    if colors.error > 0 {
        warnings.push(format!(
            "{} colours are written as the nearest of {COLORS_MAX}; the largest difference in a \
             channel is {}",
            colors.colors, colors.error
        ));
    }
    if colors.translucent > 0 {
        let count = colors.translucent;
        warnings.push(format!("{count} voxels with alpha below 255 are written opaque"));
    }
}

impl Source {
    fn new(name: &str, hidden: bool, volume: Volume) -> Self {
        Source { name: name.to_owned(), hidden, volume, models: BTreeMap::new() }
    }

    fn of_layer(layer: &Layer) -> Self {
        Source::new(&layer.name, !layer.visible, layer.volume.clone())
    }

    /// Counts the colours of all blocks and gives each block to its model; how many bytes the voxels take.
    async fn count(&mut self, counts: &mut ColorCounts, slice: &Slice) -> u64 {
        let (mut walk, mut bytes) = (BlockWalk::new(&self.volume), 0);
        let Some(bounds) = measure(&self.volume, slice).await else { return 0 };
        while let Some(at) = walk.next(&self.volume) {
            slice.advance(1).await;
            let Some(block) = self.volume.block(at) else { continue };
            let corner = model_corner(&bounds, at.origin().array().map(i64::from));
            bytes += 4 * u64::from(block.count());
            self.models.entry(corner).or_default().add(at, block);
            match block.uniform() {
                Some(color) => counts.add(color, BLOCK_VOXELS as u64),
                None => count_block(counts, block, slice).await,
            }
        }
        bytes
    }
}

/// Counts the colours of a block; many new ones end a unit of work.
async fn count_block(counts: &mut ColorCounts, block: BlockRef<'_>, slice: &Slice) {
    let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
    let voxels = block.voxels_or_copy(&mut copy);
    let mut most = counts.colors() + NEW_COLORS_MAX;
    for row in voxels.as_chunks::<16>().0 {
        if *row == [row[0]; 16] {
            counts.add(row[0], 16);
        } else {
            row.iter().for_each(|&color| counts.add(color, 1));
        }
        if counts.colors() > most {
            most = counts.colors() + NEW_COLORS_MAX;
            slice.spend(1).await;
        }
    }
}

/// The palette's colours, if the file can hold so many.
fn preferred(document: &Document) -> Vec<[u8; 3]> {
    // With one colour more than that the palette is of no use, and it may have millions.
    let colors = document.palette.colors.iter().take(COLORS_MAX + 1);
    colors.map(|(color, _)| rgb(*color)).collect()
}

/// Bytes before the chunks: the file's head and that of the main chunk, whose length is at its end.
const FILE_HEAD: usize = 20;

fn file_head() -> Pieces {
    let mut out = Pieces::new();
    out.put(b"VOX ");
    out.put_i32(150);
    out.put(b"MAIN");
    out.put_u32(0);
    out.put_u32(0);
    out
}

/// Whether the layers of a document show it as it is; else the visible ones are written merged.
fn keeps_layers(document: &Document) -> bool {
    let plain = |layer: &Layer| layer.mode == BlendMode::Over && layer.opacity >= 1.0;
    document.layers().iter().all(|layer| !layer.visible || plain(layer))
}

fn merged_sources(document: &Document, seen: Volume, warnings: &mut Vec<String>) -> Vec<Source> {
    let text = "layers with blend modes or opacity are written as one layer, as they are seen";
    warnings.push(text.to_owned());
    let hidden = document.layers().iter().filter(|layer| !layer.visible);
    let merged = Source::new(&document.name, false, seen);
    std::iter::once(merged).chain(hidden.map(Source::of_layer)).collect()
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
