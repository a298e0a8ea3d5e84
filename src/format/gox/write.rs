//! Writing: one block is a unit of work.

use super::blocks::BlockWriter;
use super::record::{self, FILE_BASE, FILE_ID, preserved_id};
use super::{VERSION, private};
use crate::document::{Document, Layer, LayerContent, LayerId, PreservedChunk};
use crate::format::bytes::Put;
use crate::format::steps::Advance;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::voxel::{BlockPos, BlockWalk};

/// A writer at work.
pub(super) struct Writer {
    document: Document,
    blocks: BlockWriter,
    /// The layer whose blocks are being placed, and how far.
    layer: usize,
    walk: Option<BlockWalk>,
    placed: u64,
    total: u64,
    placements: Vec<Placements>,
    /// The blocks of the selection, written after those of the layers.
    mask: (BlockWalk, Vec<u8>),
    out: Pieces,
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
        write_preview(&mut out, &document, options.preview.as_deref());
        Writer {
            blocks: BlockWriter::new(options.cache),
            layer: 0,
            walk: None,
            placed: 0,
            total,
            placements: vec![Placements::default(); document.layers().len()],
            mask: (BlockWalk::new(&document.mask), Vec::new()),
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
    fn write_mask_block(&mut self) -> bool {
        let (walk, bytes) = &mut self.mask;
        let mask = &self.document.mask;
        let Some(at) = walk.next(mask) else { return false };
        if let Some(block) = mask.block(at) {
            private::put_mask_block(bytes, at, block);
        }
        true
    }

    fn finish(&mut self) -> Written {
        let document = std::mem::take(&mut self.document);
        let mut out = std::mem::take(&mut self.out);
        for material in &document.materials {
            put_chunk(&mut out, *b"MATE", &record::write_material(material));
        }
        let ids = FileIds::new(&document);
        let placements = std::mem::take(&mut self.placements);
        for (layer, placements) in document.layers().iter().zip(placements) {
            let record = record::write_layer(layer, ids.of(layer), ids.base_of(layer, &document));
            out.put(b"LAYR");
            out.put_i32((4 + placements.bytes.len() as usize + record.len()) as i32);
            out.put_i32(placements.count);
            out.append(placements.bytes);
            out.put(&record);
            out.put_i32(0);
        }
        for (index, camera) in document.cameras.iter().enumerate() {
            let active = document.active_camera == Some(index);
            put_chunk(&mut out, *b"CAMR", &record::write_camera(camera, active));
        }
        let mut light = record::write_light(&document.light);
        light.put(preserved(&document, b"LIGH").unwrap_or_default());
        put_chunk(&mut out, *b"LIGH", &light);
        put_chunk(&mut out, private::KIND, &private::write(&document, &self.mask.1));
        let unknown = |chunk: &&PreservedChunk| !WRITTEN_ANEW.contains(&&chunk.kind);
        for chunk in document.preserved.iter().filter(unknown) {
            put_chunk(&mut out, chunk.kind, &chunk.data);
        }
        let blocks = std::mem::replace(&mut self.blocks, BlockWriter::new(Default::default()));
        Written { content: out, warnings: Vec::new(), cache: blocks.into_cache() }
    }
}

/// Chunks of which [`Document::preserved`] holds only a part, or an old state.
const WRITTEN_ANEW: [&[u8; 4]; 3] = [b"IMG ", b"LIGH", b"PREV"];

fn has_own_voxels(layer: &Layer) -> bool {
    matches!(layer.content, LayerContent::Voxels | LayerContent::Image { .. })
}

fn preserved<'a>(document: &'a Document, kind: &[u8; 4]) -> Option<&'a [u8]> {
    document.preserved.iter().find(|chunk| chunk.kind == *kind).map(|chunk| &*chunk.data)
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
    data.put(preserved(document, b"IMG ").unwrap_or_default());
    put_chunk(out, *b"IMG ", &data);
}

/// Writes the picture that file managers show: a new one, or else the one that the file had.
fn write_preview(out: &mut Pieces, document: &Document, preview: Option<&[u8]>) {
    if let Some(png) = preview.or_else(|| preserved(document, b"PREV")) {
        put_chunk(out, *b"PREV", png);
    }
}

/// The ids that the file shows: those of the file that the document came from, as far as clones still
/// find their bases by them.
struct FileIds {
    original: bool,
}

impl FileIds {
    fn new(document: &Document) -> Self {
        let ids = FileIds { original: true };
        let finds_base = |layer: &Layer| match layer.content {
            LayerContent::Clone { base } => match document.layer(base) {
                Some(base) => {
                    let shown = ids.of(base);
                    let first = document.layers().iter().find(|layer| ids.of(layer) == shown);
                    shown != 0 && first.is_some_and(|first| first.id == base.id)
                }
                None => true,
            },
            _ => true,
        };
        FileIds { original: document.layers().iter().all(finds_base) }
    }

    fn of(&self, layer: &Layer) -> i32 {
        let original = self.original.then(|| preserved_id(layer, FILE_ID)).flatten();
        original.unwrap_or(layer.id.0)
    }

    fn base_of(&self, layer: &Layer, document: &Document) -> i32 {
        let LayerContent::Clone { base } = layer.content else { return 0 };
        match document.layer(base) {
            Some(base) => self.of(base),
            None if base == LayerId(0) => preserved_id(layer, FILE_BASE).unwrap_or(-1),
            None => base.0,
        }
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        match self.next_block() {
            Some((layer, at)) => self.write_block(layer, at),
            None if self.write_mask_block() => {}
            None => return Ok(Some(self.finish())),
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.placed, self.total)
    }
}
