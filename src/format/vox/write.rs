//! Writing: a block of voxels or some nodes of the scene graph are a unit of work.

use std::collections::BTreeMap;

use super::camera;
use super::model::{Model, put_chunk};
use super::paint::{Paint, paint};
use super::read::GROUP;
use super::scene::Transform;
use super::scene_write::{Part, SCENE_EDGE, Scene, node_entries, put_dict, record_bytes};
use super::{MODEL_EDGE, NAME};
use crate::document::{Camera, Document, Layer, LayerContent, LayerId, Material, Matrix};
use crate::format::builder::measure;
use crate::format::bytes::Put;
use crate::format::fidelity::{Kind, Report, is_plain};
use crate::format::merged::merged;
use crate::format::quantise::ColorCounts;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::{Slice, leftovers};
use crate::plain_words::in_words;
use crate::voxel::{BLOCK_VOXELS, BlockRef, BlockWalk, Bounds, Rgba, Volume};

/// The layers of MagicaVoxel that every version of it knows.
const NAMED_LAYERS_MAX: usize = 16;
/// New colours that end a unit of work.
const NEW_COLORS_MAX: usize = 1 << 10;
/// The most bytes that one chunk, and thus the file, may have.
const FILE_MAX: u64 = u32::MAX as u64 / 2;
/// Chunks that are kept as they were, and written behind all others.
const KEPT: [&[u8; 4]; 10] =
    [b"IMAP", b"NOTE", b"rOBJ", b"META", b"MATT", b"rLIT", b"rAIR", b"rLEN", b"POST", b"rDIS"];

/// A layer to be written.
struct Source {
    id: LayerId,
    name: String,
    hidden: bool,
    group: String,
    /// The layer that it is a copy of, and how it is seen.
    copy_of: Option<(LayerId, Matrix)>,
    /// The place of its material among those that the file has.
    material: usize,
    volume: Volume,
    models: BTreeMap<[i64; 3], Model>,
}

impl Drop for Source {
    fn drop(&mut self) {
        leftovers::leave(std::mem::take(&mut self.models).into_iter());
    }
}

/// Writes each layer; or what is seen as one old-style model, if that is wanted.
pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let slice = &slice;
    let mut report = Report::default();
    let is_plain = options.export.plain;
    let document =
        if is_plain { document.flattened(merged(&document, slice).await) } else { document };
    let (mut sources, materials) = sources(&document, &mut report);
    slice.expect(2 * sources.iter().map(|source| source.volume.block_count() as u64).sum::<u64>());
    let mut counts: Vec<ColorCounts> = materials.iter().map(|_| ColorCounts::default()).collect();
    let mut bytes = 0;
    for source in &mut sources {
        bytes += source.count(&mut counts, slice).await;
    }
    if bytes > FILE_MAX {
        let what = format!("the file would be longer than {FILE_MAX} bytes");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let models = sources.iter().map(|source| source.models.len()).sum::<usize>();
    if is_plain && models > 1 {
        let what = format!("a plain file has one model of at most {MODEL_EDGE} voxels an edge");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let split = sources.iter().filter(|source| source.models.len() > 1).count() as u64;
    let note = format!("{split} layers beyond {MODEL_EDGE} voxels an edge are several models each");
    report.lose_quietly(Kind::Layer, split, note);
    let paint = paint(&document, &materials, counts, &mut report, slice).await;
    let mut file = File { out: file_head(), scene: Scene::default(), models: 0 };
    file.write_models(&sources, paint, is_plain, &mut report, slice).await;
    if !is_plain {
        write_rest(&document, &mut file.out);
    }
    let length = (file.out.len() - FILE_HEAD as u64) as u32;
    file.out.overwrite(FILE_HEAD - 4, &length.to_le_bytes());
    Ok(Written::new(file.out, report))
}

/// The layers, and the materials that they have; the first one is plain.
fn sources(document: &Document, report: &mut Report) -> (Vec<Source>, Vec<Material>) {
    let mut materials = vec![Material::default()];
    let (mut sources, mut tinted) = (Vec::new(), 0);
    for layer in document.layers().iter().filter(|layer| !layer.volume.is_empty()) {
        let own = layer.material.and_then(|index| document.materials.get(index));
        let own = own.filter(|material| !is_plain(material));
        tinted += u64::from(own.is_some_and(|material| material.color[..3] != [1.0; 3]));
        let place = own.map_or(0, |own| {
            let known = materials.iter().position(|known| known == own);
            known.unwrap_or_else(|| {
                materials.push(own.clone());
                materials.len() - 1
            })
        });
        sources.push(Source::of_layer(layer, place));
    }
    let note =
        in_words(tinted, ["tint of a material is left out", "tints of materials are left out"]);
    report.lose(Kind::Material, tinted, note);
    keep_copies(document, &mut sources);
    (sources, materials)
}

/// Clones stay what they are where their base is written before and looks the same.
fn keep_copies(document: &Document, sources: &mut [Source]) {
    for index in 0..sources.len() {
        let Some(layer) = document.layer(sources[index].id) else { continue };
        let LayerContent::Clone { base } = layer.content else { continue };
        let same = |source: &Source| {
            source.id == base
                && source.copy_of.is_none()
                && source.material == sources[index].material
                && source.volume.count() == sources[index].volume.count()
        };
        if sources[..index].iter().any(same) {
            sources[index].copy_of = Some((base, layer.matrix));
        }
    }
}

/// A file in the making.
struct File {
    out: Pieces,
    scene: Scene,
    /// How many models are written.
    models: usize,
}

impl File {
    /// Writes the models, the scene graph, the layers and the palette.
    async fn write_models(
        &mut self,
        sources: &[Source],
        mut paint: Paint,
        is_plain: bool,
        report: &mut Report,
        slice: &Slice,
    ) {
        // Where the only model of a layer is: its number, its lowest corner and its size.
        let mut places: BTreeMap<LayerId, (usize, [i64; 3], [i64; 3])> = BTreeMap::new();
        for (layer, source) in sources.iter().enumerate() {
            let layer = if layer < NAMED_LAYERS_MAX { layer as i32 } else { -1 };
            if let Some((base, matrix)) = &source.copy_of
                && let Some((model, from, size)) = places.get(base)
                && let Some(transform) = Transform::through(matrix, *from, *size)
            {
                self.scene.add(source.part(layer, *model, transform));
                continue;
            }
            for model in source.models.values() {
                let transform = Transform { translation: model.place(), ..Transform::IDENTITY };
                self.scene.add(source.part(layer, self.models, transform));
                let numbers = &mut paint.numbers[source.material];
                model.write(&source.volume, &mut self.out, numbers, slice).await;
                if source.models.len() == 1 {
                    places.insert(source.id, (self.models, model.min(), model.size()));
                }
                self.models += 1;
            }
        }
        if self.scene.is_empty() {
            Model::default().write_head(&mut self.out);
            let (name, group, transform) = (String::new(), String::new(), Transform::IDENTITY);
            self.scene.add(Part { name, hidden: false, layer: 0, group, model: 0, transform });
        }
        if !is_plain {
            if self.scene.is_far {
                report.warn(format!(
                    "models lie further out than {SCENE_EDGE}, where MagicaVoxel may not show them"
                ));
            }
            self.scene.write(&mut self.out, slice).await;
            write_layers(sources, &mut self.out);
        }
        put_palette(&mut self.out, &paint.palette);
        if !is_plain {
            for (number, entries) in &paint.materials {
                put_chunk(&mut self.out, b"MATL", &record_bytes(*number, entries));
            }
        }
    }
}

fn write_layers(sources: &[Source], out: &mut Pieces) {
    for (number, source) in (0..).zip(sources.iter().take(NAMED_LAYERS_MAX)) {
        let mut data = Vec::new();
        data.put_i32(number);
        put_dict(&mut data, &node_entries(&source.name, source.hidden));
        data.put_i32(-1);
        put_chunk(out, b"LAYR", &data);
    }
}

/// Writes the cameras, and what was only kept.
fn write_rest(document: &Document, out: &mut Pieces) {
    let is_default = document.cameras == [Camera::default()];
    for (number, camera) in (0..).zip(document.cameras.iter().filter(|_| !is_default)) {
        put_chunk(out, b"rCAM", &record_bytes(number, &camera::entries_of(camera)));
    }
    for chunk in document.preserved.iter().filter(|chunk| KEPT.contains(&&chunk.kind)) {
        put_chunk(out, &chunk.kind, &chunk.data);
    }
}

impl Source {
    fn of_layer(layer: &Layer, material: usize) -> Self {
        let group = layer.preserved.iter().find(|(key, _)| key == GROUP);
        Source {
            id: layer.id,
            name: layer.name.clone(),
            hidden: !layer.visible,
            group: group.map_or(String::new(), |(_, g)| String::from_utf8_lossy(g).into_owned()),
            copy_of: None,
            material,
            volume: layer.volume.clone(),
            models: BTreeMap::new(),
        }
    }

    fn part(&self, layer: i32, model: usize, transform: Transform) -> Part {
        let (name, group, hidden) = (self.name.clone(), self.group.clone(), self.hidden);
        Part { name, hidden, layer, group, model, transform }
    }

    /// Counts the colours of all blocks and gives each block to its model; how many bytes the
    /// voxels take.
    async fn count(&mut self, counts: &mut [ColorCounts], slice: &Slice) -> u64 {
        let counts = &mut counts[self.material];
        let (mut walk, mut bytes) = (BlockWalk::new(), 0);
        let Some(bounds) = measure(&self.volume, slice).await else { return 0 };
        while let Some(at) = walk.next_in(&self.volume, slice).await {
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

/// The corner of the model that a block belongs to. Along an axis where the layer fits into one
/// model, models begin with the layer, else at multiples of 256.
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
