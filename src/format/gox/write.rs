//! Writing: one block, one layer's record or a part of a chunk that is not understood is a unit of
//! work.

use std::collections::HashMap;

use super::blocks::BlockWriter;
use super::preserved;
use super::record::{self, FILE_BASE, FILE_ID, preserved_id};
use super::{LAYER_COUNT, VERSION, chunk_length, private};
use crate::document::{Document, Layer, LayerContent, LayerId, PreservedChunk};
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::{BlockPos, BlockWalk};

/// A layer's blocks as the file lists them, and how many.
#[derive(Default, Clone)]
struct Placements {
    count: i32,
    bytes: Pieces,
}

/// Writes a document.
pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let slice = &slice;
    let mut out = Pieces::new();
    out.put(b"GOX ");
    out.put_i32(VERSION);
    write_image(&mut out, &document);
    // The picture that file managers show: a new one, or else the one that the file had.
    match &options.preview {
        Some(png) => put_chunk(&mut out, *b"PREV", png),
        None => {
            let old = preserved::find(&document.preserved, *b"PREV");
            preserved::copy(&document.preserved, old, &mut out, slice).await?;
        }
    }
    let mut blocks = BlockWriter::new(options.cache);
    let placements = write_blocks(&document, &mut blocks, &mut out, slice).await;
    let mask = encode_mask(&document, slice).await;
    let (mut palette, mut next) = (Pieces::new(), Some(0));
    while let Some(first) = next {
        next = private::put_colors(&mut palette, &document.palette, first);
        slice.spend(1).await;
    }
    for material in &document.materials {
        put_chunk(&mut out, *b"MATE", &record::write_material(material));
    }
    let (ids, mut private) = (FileIds::new(&document), private::start(&document));
    for (index, (layer, placements)) in document.layers().iter().zip(placements).enumerate() {
        private::put_layer(&mut private, index, layer);
        write_layer(layer, &ids, placements, &mut out)?;
        slice.spend(1).await;
    }
    write_cameras_and_light(&document, &mut out);
    let own = private::finish(private, &document, palette, mask);
    out.put(&private::KIND);
    out.put_i32(chunk_length(own.len())?);
    out.append(own);
    out.put_i32(0);
    write_preserved(&document.preserved, &mut out, slice).await?;
    Ok(Written { cache: blocks.into_cache(), ..Written::new(out, Report::default()) })
}

/// Writes the blocks of layers, each distinct one once; where each layer places them.
async fn write_blocks(
    document: &Document,
    blocks: &mut BlockWriter,
    out: &mut Pieces,
    slice: &Slice,
) -> Vec<Placements> {
    let own = document.layers().iter().filter(|layer| has_own_voxels(layer));
    slice.expect(own.map(|layer| layer.volume.block_count() as u64).sum());
    let mut all = vec![Placements::default(); document.layers().len()];
    for (layer, placements) in document.layers().iter().zip(&mut all) {
        if !has_own_voxels(layer) {
            continue;
        }
        let mut walk = BlockWalk::new();
        while let Some(at) = walk.next_in(&layer.volume, slice).await {
            let Some(block) = layer.volume.block(at) else { continue };
            let (index, png) = blocks.add(block);
            if let Some(png) = png {
                put_chunk(out, *b"BL16", &png);
            }
            placements.add(index, at);
            slice.advance(1).await;
        }
    }
    all
}

impl Placements {
    fn add(&mut self, index: i32, at: BlockPos) {
        let corner = at.origin();
        let placement = [index, corner.x, corner.y, corner.z, 0];
        placement.into_iter().for_each(|value| self.bytes.put_i32(value));
        self.count += 1;
    }
}

/// The blocks of the selection.
async fn encode_mask(document: &Document, slice: &Slice) -> Pieces {
    let (mut mask, mut walk) = (Pieces::new(), BlockWalk::new());
    while let Some(at) = walk.next_in(&document.mask, slice).await {
        if let Some(block) = document.mask.block(at) {
            private::put_mask_block(&mut mask, at, block);
        }
        slice.spend(1).await;
    }
    mask
}

fn write_layer(
    layer: &Layer,
    ids: &FileIds,
    placements: Placements,
    out: &mut Pieces,
) -> Result<(), FormatError> {
    let record = record::write_layer(layer, ids.of(layer), ids.base_of(layer));
    out.put(b"LAYR");
    out.put_i32(chunk_length(4 + placements.bytes.len() + record.len() as u64)?);
    out.put_i32(placements.count);
    out.append(placements.bytes);
    out.put(&record);
    out.put_i32(0);
    Ok(())
}

fn write_cameras_and_light(document: &Document, out: &mut Pieces) {
    for (index, camera) in document.cameras.iter().enumerate() {
        let active = document.active_camera == Some(index);
        put_chunk(out, *b"CAMR", &record::write_camera(camera, active));
    }
    let mut light = record::write_light(&document.light);
    put_preserved_entries(&mut light, document, *b"LIGH");
    put_chunk(out, *b"LIGH", &light);
}

/// Copies the chunks that are not understood.
async fn write_preserved(
    all: &[PreservedChunk],
    out: &mut Pieces,
    slice: &Slice,
) -> Result<(), FormatError> {
    let mut first = 0;
    while let Some(chunk) = all.get(first) {
        let parts = preserved::parts_of(all, first);
        first = parts.end;
        if !WRITTEN_ANEW.contains(&&chunk.kind) {
            preserved::copy(all, parts, out, slice).await?;
        }
    }
    Ok(())
}

/// Chunks of which [`Document::preserved`] holds only a part, or an old state.
const WRITTEN_ANEW: [&[u8; 4]; 3] = [b"IMG ", b"LIGH", b"PREV"];

fn has_own_voxels(layer: &Layer) -> bool {
    matches!(layer.content, LayerContent::Voxels | LayerContent::Image { .. })
}

/// Appends the entries of a record that were not understood.
fn put_preserved_entries(out: &mut Vec<u8>, document: &Document, kind: [u8; 4]) {
    let all = &document.preserved;
    all[preserved::find(all, kind)].iter().for_each(|part| out.put(&part.data));
}

fn put_chunk(out: &mut impl Put, kind: [u8; 4], data: &[u8]) {
    out.put(&kind);
    out.put_sized(data);
    out.put_i32(0);
}

fn write_image(out: &mut Pieces, document: &Document) {
    use super::dict::PutEntry;
    let mut data = Vec::new();
    data.put_box("box", &document.canvas);
    data.put_entry(LAYER_COUNT, &(document.layers().len() as i32).to_le_bytes());
    put_preserved_entries(&mut data, document, *b"IMG ");
    put_chunk(out, *b"IMG ", &data);
}

/// The ids that the file shows: those of the file that the document came from, as far as clones
/// still find their bases by them.
struct FileIds {
    original: bool,
    /// The id that the file shows for each layer.
    shown: HashMap<LayerId, i32>,
}

impl FileIds {
    fn new(document: &Document) -> Self {
        let original = finds_bases(document.layers());
        let shown = |layer: &Layer| (layer.id, shown_id(layer, original));
        FileIds { original, shown: document.layers().iter().map(shown).collect() }
    }

    fn of(&self, layer: &Layer) -> i32 {
        shown_id(layer, self.original)
    }

    fn base_of(&self, layer: &Layer) -> i32 {
        let LayerContent::Clone { base } = layer.content else { return 0 };
        match self.shown.get(&base) {
            Some(&shown) => shown,
            None if base == LayerId(0) => preserved_id(layer, FILE_BASE).unwrap_or(-1),
            None => base.0,
        }
    }
}

/// A layer's id in the file that it came from, if `original` ids are shown and there is one, or
/// else its own.
fn shown_id(layer: &Layer, original: bool) -> i32 {
    original.then(|| preserved_id(layer, FILE_ID)).flatten().unwrap_or(layer.id.0)
}

/// Whether the first layer that shows the original id of a clone's base is that base, for all
/// clones.
fn finds_bases(layers: &[Layer]) -> bool {
    let originals: HashMap<LayerId, i32> =
        layers.iter().map(|layer| (layer.id, shown_id(layer, true))).collect();
    let mut first_to_show = HashMap::new();
    for layer in layers {
        first_to_show.entry(originals[&layer.id]).or_insert(layer.id);
    }
    layers.iter().all(|layer| match layer.content {
        LayerContent::Clone { base } => originals
            .get(&base)
            .is_none_or(|shown| *shown != 0 && first_to_show.get(shown) == Some(&base)),
        _ => true,
    })
}
