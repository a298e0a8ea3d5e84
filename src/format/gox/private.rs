//! Our own chunk: what a document holds and the rest of the format has no place for.
//!
//! It is a record like any other, but its values may be long. Everything in it is optional, and each
//! part is only believed if it fits the rest of the file, which another program may have changed.

use super::blocks;
use super::dict::{Dict, PutEntry, cut};
use super::{LAYER_NAME_MAX, NAME, SHORT_NAME_MAX, VALUE_MAX};
use crate::document::{Document, LayerContent, Matrix, Palette};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, Put};
use crate::voxel::{BlockPos, BlockRef, Bounds, Rgba, Volume};

/// The chunk's type.
pub(super) const KIND: [u8; 4] = *b"GXDM";

/// Writes the chunk; empty if there is nothing to say. `mask` is what [`put_mask_block`] has made of the selection.
pub(super) fn write(document: &Document, mask: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_entry("name", document.name.as_bytes());
    let ids: Vec<u8> = document.layers().iter().flat_map(|l| l.id.0.to_le_bytes()).collect();
    out.put_entry("layer-ids", &ids);
    out.put_entry("active", &document.active().0.to_le_bytes());
    if document.active_camera.is_none() {
        out.put_entry("no-camera", &[]);
    }
    put_bounds_if_inexact(&mut out, "canvas", &document.canvas);
    for (index, layer) in document.layers().iter().enumerate() {
        put_if_cut(&mut out, &format!("layer-name.{index}"), &layer.name, LAYER_NAME_MAX);
        if let LayerContent::Image { path } = &layer.content {
            put_if_cut(&mut out, &format!("layer-path.{index}"), path, VALUE_MAX);
        }
        if let Some(bounds) = &layer.bounds {
            put_bounds_if_inexact(&mut out, &format!("layer-box.{index}"), bounds);
        }
    }
    for (index, material) in document.materials.iter().enumerate() {
        put_if_cut(&mut out, &format!("material-name.{index}"), &material.name, SHORT_NAME_MAX);
    }
    for (index, camera) in document.cameras.iter().enumerate() {
        put_if_cut(&mut out, &format!("camera-name.{index}"), &camera.name, SHORT_NAME_MAX);
    }
    if document.palette != Palette::default() {
        out.put_entry("palette", &palette_bytes(&document.palette));
    }
    if let Some(selection) = &document.selection {
        out.put_entry("selection", &bounds_bytes(selection));
    }
    if !mask.is_empty() {
        out.put_entry("mask", mask);
    }
    out
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

fn palette_bytes(palette: &Palette) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_sized(palette.name.as_bytes());
    for (color, name) in &palette.colors {
        out.put(&color.bytes());
        match name {
            Some(name) => out.put_sized(name.as_bytes()),
            None => out.put_i32(-1),
        }
    }
    out
}

/// Adds a block of the selection to what the chunk will say of it.
pub(super) fn put_mask_block(out: &mut Vec<u8>, at: BlockPos, block: BlockRef<'_>) {
    [at.x, at.y, at.z].into_iter().for_each(|value| out.put_i32(value));
    out.put_sized(&blocks::encode(block));
}

/// What the chunk said, to be applied when the whole file is read.
pub(super) struct Private {
    dict: Dict,
    ids: Option<Vec<i32>>,
    active: Option<i32>,
    mask: Mask,
}

/// The selection, which is read block by block.
struct Mask {
    bytes: Vec<u8>,
    /// Where the chunk is in the file, for errors.
    start: u64,
    next: usize,
    volume: Volume,
}

impl Private {
    /// Reads the chunk but for the selection: see [`Private::read_mask_block`].
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Private, FormatError> {
        let start = bytes.offset();
        let mut dict = Dict::read(bytes)?;
        let ids = dict.take("layer-ids", |value| {
            let (ids, rest) = value.as_chunks::<4>();
            rest.is_empty().then(|| ids.iter().map(|&id| i32::from_le_bytes(id)).collect())
        });
        let bytes = dict.take("mask", |value| Some(value.to_vec())).unwrap_or_default();
        let mask = Mask { bytes, start, next: 0, volume: Volume::new() };
        Ok(Private { ids, active: dict.i32("active"), mask, dict })
    }

    /// Reads the next block of the selection; false if there was none left. `max_blocks` bounds how many there may be.
    pub(super) fn read_mask_block(&mut self, max_blocks: u64) -> Result<bool, FormatError> {
        self.mask.read_block(max_blocks)
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
        if let Some(palette) = self.dict.take("palette", read_palette) {
            document.palette = palette;
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

fn read_palette(value: &[u8]) -> Option<Palette> {
    let mut bytes = Bytes::new(value, NAME);
    let text = |bytes: &mut Bytes<'_>| {
        let length = bytes.length("").ok()?;
        String::from_utf8(bytes.take(length, "").ok()?.to_vec()).ok()
    };
    let mut palette = Palette { name: text(&mut bytes)?, colors: Vec::new() };
    while bytes.remaining() > 0 {
        let color = Rgba::from(<[u8; 4]>::try_from(bytes.take(4, "").ok()?).ok()?);
        let unnamed = bytes.clone().i32("").ok()? == -1;
        let name = match unnamed {
            true => bytes.i32("").map(|_| None).ok()?,
            false => Some(text(&mut bytes)?),
        };
        palette.colors.push((color, name));
    }
    Some(palette)
}

impl Mask {
    fn read_block(&mut self, max_blocks: u64) -> Result<bool, FormatError> {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let mut bytes = Bytes::part(rest, self.start + self.next as u64, NAME);
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
        if !inside || self.volume.block_count() as u64 >= max_blocks {
            return Err(bytes.invalid_at(here, what, "blocks within reach and within the limit"));
        }
        self.volume.set_block(at, &voxels);
        self.next = self.bytes.len() - bytes.remaining();
        Ok(true)
    }
}
