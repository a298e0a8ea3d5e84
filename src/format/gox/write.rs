//! Writing: one block, one layer's record or a part of a chunk that is not understood is a unit of work.

use std::collections::HashMap;

use super::blocks::BlockWriter;
use super::preserved::{self, Copying};
use super::record::{self, FILE_BASE, FILE_ID, preserved_id};
use super::{VERSION, chunk_length, private};
use crate::document::{Document, Layer, LayerContent, LayerId};
use crate::format::bytes::Put;
use crate::format::steps::Advance;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::voxel::{BlockPos, BlockWalk};

/// A writer at work.
pub(super) struct Writer {
    document: Document,
    blocks: BlockWriter,
    stage: Stage,
    /// The layer whose blocks are being placed, and how far.
    layer: usize,
    walk: Option<BlockWalk>,
    placed: u64,
    total: u64,
    placements: Vec<Placements>,
    /// What our own chunk will say of palette and selection.
    palette: Pieces,
    mask: Pieces,
    out: Pieces,
}

/// What is done, in this order.
enum Stage {
    /// The picture that the file had is copied.
    Preview(Copying),
    /// The blocks of layers, each distinct one once.
    Blocks,
    /// The blocks of the selection are encoded.
    Mask(BlockWalk),
    /// The colours of the palette from one on.
    Palette(usize),
    /// What lies between the blocks and the chunks that are not understood.
    Layers(Box<Layers>),
    /// Chunks that are not understood are copied.
    Preserved(Option<Copying>),
    Over,
}

/// Layers whose records are written.
struct Layers {
    ids: FileIds,
    next: usize,
    /// The start of our own chunk.
    private: Vec<u8>,
}

/// A layer's blocks as the file lists them, and how many.
#[derive(Default, Clone)]
struct Placements {
    count: i32,
    bytes: Pieces,
}

impl Writer {
    pub(super) fn new(document: Document, options: WriteOptions) -> Self {
        let own = document.layers().iter().filter(|layer| has_own_voxels(layer));
        let total = own.map(|layer| layer.volume.block_count() as u64).sum();
        let mut out = Pieces::new();
        out.put(b"GOX ");
        out.put_i32(VERSION);
        write_image(&mut out, &document);
        // The picture that file managers show: a new one, or else the one that the file had.
        let mut old = preserved::find(&document.preserved, *b"PREV");
        if let Some(png) = &options.preview {
            put_chunk(&mut out, *b"PREV", png);
            old = 0..0;
        }
        Writer {
            blocks: BlockWriter::new(options.cache),
            stage: Stage::Preview(Copying::new(old)),
            layer: 0,
            walk: None,
            placed: 0,
            total,
            placements: vec![Placements::default(); document.layers().len()],
            palette: Pieces::new(),
            mask: Pieces::new(),
            out,
            document,
        }
    }

    /// The next block that is to be placed, and the index of its layer.
    fn next_block(&mut self) -> Option<(usize, BlockPos)> {
        while let Some(layer) = self.document.layers().get(self.layer) {
            if has_own_voxels(layer) {
                let walk = self.walk.get_or_insert_with(|| BlockWalk::new(&layer.volume));
                if let Some(at) = walk.next(&layer.volume) {
                    self.placed += 1;
                    return Some((self.layer, at));
                }
            }
            (self.layer, self.walk) = (self.layer + 1, None);
        }
        None
    }

    fn write_block(&mut self, layer: usize, at: BlockPos) {
        let Some(block) = self.document.layers()[layer].volume.block(at) else { return };
        let (index, png) = self.blocks.add(block);
        if let Some(png) = png {
            put_chunk(&mut self.out, *b"BL16", &png);
        }
        let placements = &mut self.placements[layer];
        let corner = at.origin();
        let placement = [index, corner.x, corner.y, corner.z, 0];
        placement.into_iter().for_each(|value| placements.bytes.put_i32(value));
        placements.count += 1;
    }

    /// Encodes the next block of the selection; false if there was none left.
    fn write_mask_block(&mut self, walk: &mut BlockWalk) -> bool {
        let mask = &self.document.mask;
        let Some(at) = walk.next(mask) else { return false };
        if let Some(block) = mask.block(at) {
            private::put_mask_block(&mut self.mask, at, block);
        }
        true
    }

    /// Writes what stands before the layers' records.
    fn start_layers(&mut self) -> Stage {
        for material in &self.document.materials {
            put_chunk(&mut self.out, *b"MATE", &record::write_material(material));
        }
        let (ids, private) = (FileIds::new(&self.document), private::start(&self.document));
        Stage::Layers(Box::new(Layers { ids, next: 0, private }))
    }

    /// Writes the next layer's record; false if there was none left.
    fn write_layer(&mut self, layers: &mut Layers) -> Result<bool, FormatError> {
        let Layers { ids, next, private } = layers;
        let Some(layer) = self.document.layers().get(*next) else { return Ok(false) };
        private::put_layer(private, *next, layer);
        let record = record::write_layer(layer, ids.of(layer), ids.base_of(layer));
        let placements = std::mem::take(&mut self.placements[*next]);
        let out = &mut self.out;
        out.put(b"LAYR");
        out.put_i32(chunk_length(4 + placements.bytes.len() + record.len() as u64)?);
        out.put_i32(placements.count);
        out.append(placements.bytes);
        out.put(&record);
        out.put_i32(0);
        *next += 1;
        Ok(true)
    }

    /// Writes what stands behind the layers' records, but for chunks that are not understood.
    fn end_layers(&mut self, layers: Layers) -> Result<Stage, FormatError> {
        let (document, out) = (&self.document, &mut self.out);
        for (index, camera) in document.cameras.iter().enumerate() {
            let active = document.active_camera == Some(index);
            put_chunk(out, *b"CAMR", &record::write_camera(camera, active));
        }
        let mut light = record::write_light(&document.light);
        put_preserved_entries(&mut light, document, *b"LIGH");
        put_chunk(out, *b"LIGH", &light);
        let (palette, mask) = (std::mem::take(&mut self.palette), std::mem::take(&mut self.mask));
        let own = private::finish(layers.private, document, palette, mask);
        out.put(&private::KIND);
        out.put_i32(chunk_length(own.len())?);
        out.append(own);
        out.put_i32(0);
        Ok(Stage::Preserved(self.next_preserved(0)))
    }

    /// Begins with the next chunk that is not understood from an entry on; `None` if there is none left.
    fn next_preserved(&self, mut from: usize) -> Option<Copying> {
        let all = &self.document.preserved;
        while WRITTEN_ANEW.contains(&&all.get(from)?.kind) {
            from = preserved::parts_of(all, from).end;
        }
        Some(Copying::new(preserved::parts_of(all, from)))
    }

    fn finish(&mut self) -> Written {
        let content = std::mem::take(&mut self.out);
        let blocks = std::mem::replace(&mut self.blocks, BlockWriter::new(Default::default()));
        Written { content, warnings: Vec::new(), cache: blocks.into_cache() }
    }
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
    put_preserved_entries(&mut data, document, *b"IMG ");
    put_chunk(out, *b"IMG ", &data);
}

/// The ids that the file shows: those of the file that the document came from, as far as clones still
/// find their bases by them.
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

/// A layer's id in the file that it came from, if `original` ids are shown and there is one, or else its own.
fn shown_id(layer: &Layer, original: bool) -> i32 {
    original.then(|| preserved_id(layer, FILE_ID)).flatten().unwrap_or(layer.id.0)
}

/// Whether the first layer that shows the original id of a clone's base is that base, for all clones.
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

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Preview(mut old) => {
                match old.advance(&self.document.preserved, &mut self.out)? {
                    true => Stage::Preview(old),
                    false => Stage::Blocks,
                }
            }
            Stage::Blocks => match self.next_block() {
                Some((layer, at)) => {
                    self.write_block(layer, at);
                    Stage::Blocks
                }
                None => Stage::Mask(BlockWalk::new(&self.document.mask)),
            },
            Stage::Mask(mut walk) => match self.write_mask_block(&mut walk) {
                true => Stage::Mask(walk),
                false => Stage::Palette(0),
            },
            Stage::Palette(next) => {
                match private::put_colors(&mut self.palette, &self.document.palette, next) {
                    Some(next) => Stage::Palette(next),
                    None => self.start_layers(),
                }
            }
            Stage::Layers(mut layers) => match self.write_layer(&mut layers)? {
                true => Stage::Layers(layers),
                false => self.end_layers(*layers)?,
            },
            Stage::Preserved(None) => return Ok(Some(self.finish())),
            Stage::Preserved(Some(mut chunk)) => {
                match chunk.advance(&self.document.preserved, &mut self.out)? {
                    true => Stage::Preserved(Some(chunk)),
                    false => Stage::Preserved(self.next_preserved(chunk.end())),
                }
            }
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.placed, self.total)
    }
}
