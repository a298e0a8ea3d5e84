//! Writing: a block of voxels or some nodes of the scene graph are a unit of work.

use std::collections::BTreeMap;

use super::model::{Model, put_chunk};
use super::scene_write::{SCENE_EDGE, Scene, node_entries, put_dict};
use super::{MODEL_EDGE, NAME};
use crate::document::{Document, Layer};
use crate::format::builder::measure;
use crate::format::bytes::Put;
use crate::format::fidelity::{Kind, Report};
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

/// Writes each layer.
pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let slice = &slice;
    let mut report = Report::default();
    let layers = document.layers().iter().filter(|layer| !layer.volume.is_empty());
    let mut sources: Vec<Source> = layers.map(Source::of_layer).collect();
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
    tell_of_colors(&colors, &mut report);
    let content = write_file(&sources, colors, &mut report, slice).await;
    Ok(Written::new(content, report))
}

/// Writes the models, the scene graph, the layers and the palette.
async fn write_file(
    sources: &[Source],
    colors: Quantised,
    report: &mut Report,
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
        report.warn(format!(
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

/// Tells what the colours of the file lose.
pub(in crate::format) fn tell_of_colors(colors: &Quantised, report: &mut Report) {
    let most = colors.palette.len();
    let changed = if colors.error > 0 { colors.colors.saturating_sub(most).max(1) } else { 0 };
    let note = format!(
        "{} colours are written as the nearest of {most}; the largest difference in a channel is {}",
        colors.colors, colors.error
    );
    report.lose(Kind::Color, changed as u64, note);
    report.lose_alpha(colors.translucent);
}

impl Source {
    fn of_layer(layer: &Layer) -> Self {
        let (name, volume) = (layer.name.clone(), layer.volume.clone());
        Source { name, hidden: !layer.visible, volume, models: BTreeMap::new() }
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
