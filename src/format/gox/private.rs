//! Our own chunk: what a document holds and the rest of the format has no place for.
//!
//! It is a record like any other, but its values may be long. Everything in it is optional, and
//! each part is only believed if it fits the rest of the file, which another program may have
//! changed.

use std::ops::Range;

use super::blocks;
use super::dict::{Dict, PutEntry, cut};
use super::{LAYER_NAME_MAX, NAME, SHORT_NAME_MAX, VALUE_MAX};
use crate::document::{Document, Layer, LayerContent, Matrix, Palette};
use crate::format::bytes::{Bytes, FileBytes, Put};
use crate::format::{FormatError, Pieces};
use crate::voxel::{BlockPos, BlockRef, Bounds, Rgba, Volume};

/// The chunk's type.
pub(super) const KIND: [u8; 4] = *b"GXDM";
/// Colours of a palette read or written in one unit of work.
const COLORS_A_UNIT: usize = 1 << 10;

/// The most colours of a palette for which room is made in advance.
const ROOM_MAX: usize = 1 << 20;

/// Begins the chunk with what it says before the layers.
pub(super) fn start(document: &Document) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_entry("name", document.name.as_bytes());
    let ids: Vec<u8> = document.layers().iter().flat_map(|l| l.id.0.to_le_bytes()).collect();
    out.put_entry("layer-ids", &ids);
    out.put_entry("active", &document.active().0.to_le_bytes());
    if document.active_camera.is_none() {
        out.put_entry("no-camera", &[]);
    }
    put_bounds_if_inexact(&mut out, "canvas", &document.canvas);
    out
}

/// Adds what it says of a layer.
pub(super) fn put_layer(out: &mut Vec<u8>, index: usize, layer: &Layer) {
    put_if_cut(out, &format!("layer-name.{index}"), &layer.name, LAYER_NAME_MAX);
    if let LayerContent::Image { path } = &layer.content {
        put_if_cut(out, &format!("layer-path.{index}"), path, VALUE_MAX);
    }
    if let Some(bounds) = &layer.bounds {
        put_bounds_if_inexact(out, &format!("layer-box.{index}"), bounds);
    }
}

/// Ends the chunk after the last layer. `palette` and `mask` are what [`put_colors`] and
/// [`put_mask_block`] have made of the palette and the selection.
pub(super) fn finish(start: Vec<u8>, document: &Document, palette: Pieces, mask: Pieces) -> Pieces {
    let mut fields = start;
    for (index, material) in document.materials.iter().enumerate() {
        put_if_cut(&mut fields, &format!("material-name.{index}"), &material.name, SHORT_NAME_MAX);
    }
    for (index, camera) in document.cameras.iter().enumerate() {
        put_if_cut(&mut fields, &format!("camera-name.{index}"), &camera.name, SHORT_NAME_MAX);
    }
    let mut out = Pieces::from(fields);
    put_pieces(&mut out, "palette", palette);
    if let Some(selection) = &document.selection {
        let mut entry = Vec::new();
        entry.put_entry("selection", &bounds_bytes(selection));
        out.put(&entry);
    }
    put_pieces(&mut out, "mask", mask);
    out
}

/// Adds an entry whose value may be long, if it is not empty.
fn put_pieces(out: &mut Pieces, key: &str, value: Pieces) {
    if !value.is_empty() {
        out.put_sized(key.as_bytes());
        out.put_i32(value.len() as i32);
        out.append(value);
    }
}

fn put_if_cut(out: &mut Vec<u8>, key: &str, value: &str, max: usize) {
    if cut(value, max) != value {
        out.put_entry(key, value.as_bytes());
    }
}

fn put_bounds_if_inexact(out: &mut Vec<u8>, key: &str, bounds: &Bounds) {
    if Matrix::of_bounds(bounds).to_bounds() != Some(*bounds) {
        out.put_entry(key, &bounds_bytes(bounds));
    }
}

fn bounds_bytes(bounds: &Bounds) -> Vec<u8> {
    bounds.min.iter().chain(&bounds.max).flat_map(|value| value.to_le_bytes()).collect()
}

/// Adds some colours of a palette, with its name before the first; the next colour, or `None` after
/// the last one. The palette of a new document is not told.
pub(super) fn put_colors(out: &mut Pieces, palette: &Palette, next: usize) -> Option<usize> {
    if *palette == Palette::default() {
        return None;
    }
    if next == 0 {
        out.put_sized(palette.name.as_bytes());
    }
    let end = palette.colors.len().min(next + COLORS_A_UNIT);
    for (color, name) in &palette.colors[next..end] {
        out.put(&color.bytes());
        match name {
            Some(name) => out.put_sized(name.as_bytes()),
            None => out.put_i32(-1),
        }
    }
    (end < palette.colors.len()).then_some(end)
}

/// Adds a block of the selection to what the chunk will say of it.
pub(super) fn put_mask_block(out: &mut Pieces, at: BlockPos, block: BlockRef<'_>) {
    [at.x, at.y, at.z].into_iter().for_each(|value| out.put_i32(value));
    out.put_sized(&blocks::encode(block));
}

/// What the chunk said, to be applied when the whole file is read.
pub(super) struct Private {
    dict: Dict,
    ids: Option<Vec<i32>>,
    active: Option<i32>,
    mask: Mask,
    palette: Option<PaletteInProgress>,
}

/// The selection, which is read block by block.
#[derive(Default)]
struct Mask {
    /// What is left of it in the file.
    left: Range<usize>,
    volume: Volume,
    blocks: u64,
}

/// The palette, which is read some colours at a time.
struct PaletteInProgress {
    /// What is left of it in the file.
    left: Range<usize>,
    palette: Palette,
}

impl Private {
    /// Takes the chunk's record. Palette and selection are read by [`Private::advance`].
    pub(super) fn new(mut dict: Dict) -> Private {
        let ids = dict.take("layer-ids", |value| {
            let (ids, rest) = value.as_chunks::<4>();
            rest.is_empty().then(|| ids.iter().map(|&id| i32::from_le_bytes(id)).collect())
        });
        let left = dict.take_place("mask").unwrap_or_default();
        let mask = Mask { left, ..Mask::default() };
        let palette = dict.take_place("palette");
        let palette = palette.and_then(|place| PaletteInProgress::start(dict.file(), place));
        Private { ids, active: dict.i32("active"), mask, palette, dict }
    }

    /// Reads some colours of the palette, or the next block of the selection; false if there was
    /// nothing left to read. `max_blocks` bounds how many blocks there may be.
    pub(super) fn advance(&mut self, max_blocks: u64) -> Result<bool, FormatError> {
        let file = self.dict.file();
        if let Some(mut unfinished) = self.palette.take_if(|palette| !palette.left.is_empty()) {
            // A palette that makes no sense is left out.
            self.palette = unfinished.read_colors(file).map(|()| unfinished);
            return Ok(true);
        }
        self.mask.read_block(file, max_blocks)
    }

    /// The layers' ids, if they fit a file with `count` layers.
    pub(super) fn layer_ids(&self, count: usize) -> Option<&[i32]> {
        let ids = self.ids.as_deref().filter(|ids| ids.len() == count)?;
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        (sorted.len() == count && sorted.first().is_none_or(|&id| id >= 1)).then_some(ids)
    }

    /// Fills in what the rest of the file could not say.
    pub(super) fn apply(mut self, document: &mut Document) {
        if let Some(name) = self.dict.string("name") {
            document.name = name;
        }
        if let Some(active) = self.active {
            document.set_active(crate::document::LayerId(active));
        }
        if self.dict.has("no-camera") {
            document.active_camera = None;
        }
        self.bounds("canvas", &mut document.canvas);
        for (index, layer) in document.layers_mut().enumerate() {
            self.text(&format!("layer-name.{index}"), &mut layer.name, LAYER_NAME_MAX);
            if let LayerContent::Image { path } = &mut layer.content {
                self.text(&format!("layer-path.{index}"), path, VALUE_MAX);
            }
            if let Some(bounds) = &mut layer.bounds {
                self.bounds(&format!("layer-box.{index}"), bounds);
            }
        }
        for (index, material) in document.materials.iter_mut().enumerate() {
            self.text(&format!("material-name.{index}"), &mut material.name, SHORT_NAME_MAX);
        }
        for (index, camera) in document.cameras.iter_mut().enumerate() {
            self.text(&format!("camera-name.{index}"), &mut camera.name, SHORT_NAME_MAX);
        }
        if let Some(read) = self.palette {
            document.palette = read.palette;
        }
        document.selection = self.dict.take("selection", read_bounds);
        document.mask = self.mask.volume;
    }

    /// The whole of a text of which the file shows the start.
    fn text(&mut self, key: &str, shown: &mut String, max: usize) {
        let whole = self.dict.take(key, |value| String::from_utf8(value.to_vec()).ok());
        if let Some(whole) = whole.filter(|whole| cut(whole, max) == shown) {
            *shown = whole;
        }
    }

    /// The exact box of which the file shows one in short floats.
    fn bounds(&mut self, key: &str, shown: &mut Bounds) {
        let exact = self.dict.take(key, read_bounds);
        let fits = |exact: &Bounds| Matrix::of_bounds(exact).to_bounds() == Some(*shown);
        if let Some(exact) = exact.filter(fits) {
            *shown = exact;
        }
    }
}

fn read_bounds(value: &[u8]) -> Option<Bounds> {
    let (numbers, rest) = value.as_chunks::<8>();
    let numbers: Vec<i64> = numbers.iter().map(|&number| i64::from_le_bytes(number)).collect();
    let [x, y, z, to_x, to_y, to_z] = numbers.try_into().ok().filter(|_| rest.is_empty())?;
    Bounds::new([x, y, z], [to_x, to_y, to_z]).filter(|b| b.intersect(&Bounds::ALL) == Some(*b))
}

impl PaletteInProgress {
    /// Reads the name.
    fn start(file: &FileBytes, place: Range<usize>) -> Option<Self> {
        let mut bytes = Bytes::new(&file[..place.end], NAME).at(place.start);
        let name = text(&mut bytes)?;
        // A colour has eight bytes at least. Memory that is not written to costs nothing, and a
        // buffer that does not grow is never moved.
        let colors = Vec::with_capacity((bytes.remaining() / 8).min(ROOM_MAX));
        let palette = Palette { name, colors };
        Some(PaletteInProgress { left: bytes.position()..place.end, palette })
    }

    fn read_colors(&mut self, file: &FileBytes) -> Option<()> {
        let mut bytes = Bytes::new(&file[..self.left.end], NAME).at(self.left.start);
        for _ in 0..COLORS_A_UNIT {
            if bytes.remaining() == 0 {
                break;
            }
            let color = Rgba::from(<[u8; 4]>::try_from(bytes.take(4, "").ok()?).ok()?);
            let unnamed = bytes.clone().i32("").ok()? == -1;
            let name =
                if unnamed { bytes.i32("").map(|_| None).ok()? } else { Some(text(&mut bytes)?) };
            self.palette.colors.push((color, name));
        }
        self.left.start = bytes.position();
        Some(())
    }
}

fn text(bytes: &mut Bytes<'_>) -> Option<String> {
    let length = bytes.length("").ok()?;
    String::from_utf8(bytes.take(length, "").ok()?.to_vec()).ok()
}

impl Mask {
    fn read_block(&mut self, file: &FileBytes, max_blocks: u64) -> Result<bool, FormatError> {
        let mut bytes = Bytes::new(&file[..self.left.end], NAME).at(self.left.start);
        if bytes.remaining() == 0 {
            return Ok(false);
        }
        let what = "a block of the selection";
        let [x, y, z] = [bytes.i32(what)?, bytes.i32(what)?, bytes.i32(what)?];
        let at = BlockPos { x, y, z };
        let inside = [x, y, z].iter().all(|v| (-(1 << 27)..1 << 27).contains(v));
        let length = bytes.length(what)?;
        let here = bytes.offset();
        let voxels = blocks::decode(bytes.take(length, what)?);
        let voxels = voxels
            .map_err(|found| bytes.invalid_at(here, found, "a PNG picture of 64 x 64 pixels"))?;
        if !inside || self.blocks >= max_blocks {
            return Err(bytes.invalid_at(here, what, "blocks within reach and within the limit"));
        }
        self.volume.set_block(at, &voxels);
        self.blocks += 1;
        self.left.start = bytes.position();
        Ok(true)
    }
}
