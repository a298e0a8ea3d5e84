//! Reading: one chunk, some entries of a record, a part of a chunk that is not understood, one
//! block of a layer or one block of a layer that is computed, is a unit of work.

use std::collections::{HashMap, HashSet};

use super::blocks;
use super::dict::{Dict, DictReader};
use super::packed::unpacked;
use super::preserved::{self, Preserving};
use super::private::{self, Private};
use super::record::{self, FILE_BASE, FILE_ID, LayerRecord};
use super::{LAYER_COUNT, NAME, VERSION};
use crate::document::{
    Camera, Document, EVALUATED_BLOCKS_LIMIT, Evaluation, Layer, LayerContent, LayerId, Light,
    Material, PreservedChunk, Since,
};
use crate::format::builder::Allowance;
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::{Budget, Progress, Slice};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Point, Rgba, Volume};

/// The canvas of a file that names none and has no voxels.
const EMPTY_CANVAS: Bounds = Bounds { min: [-16, -16, 0], max: [16, 16, 32] };

/// Reads a file.
pub(in crate::format) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let file = unpacked(file, &options, &slice).await?;
    let mut bytes = Bytes::new(&file, NAME);
    let version = read_head(&mut bytes)?;
    let (allowance, parts) = (Allowance::new(options.limits), Parts::default());
    let (tiles, file) = (Volume::new(), file.clone());
    let mut reader = Reader { file: &file, version, tiles, tile_count: 0, allowance, parts };
    while bytes.remaining() > 0 {
        slice.progress(Progress { done: bytes.offset(), total: file.len() as u64 });
        reader.read_chunk(&mut bytes, &slice).await?;
    }
    reader.check_complete(&bytes)?;
    let most = reader.allowance.blocks_left();
    if let Some(private) = &mut reader.parts.private {
        while private.advance(most)? {
            slice.spend(1).await;
        }
    }
    let name = options.name.unwrap_or_else(|| "Untitled".to_owned());
    Ok(reader.into_loaded(&name, &slice).await)
}

fn read_head(bytes: &mut Bytes<'_>) -> Result<i32, FormatError> {
    if bytes.take(4, "the magic")? != b"GOX " {
        return Err(bytes.invalid_at(0, "another magic", "\"GOX \""));
    }
    let version = bytes.i32("the version")?;
    if !(1..=VERSION).contains(&version) {
        let expected = format!("version 1 to {VERSION}");
        return Err(bytes.invalid_at(4, format!("version {version}"), expected));
    }
    Ok(version)
}

/// What chunks are read with.
struct Reader<'a> {
    file: &'a FileBytes,
    version: i32,
    /// The file's blocks by their number, each at [`tile_position`].
    tiles: Volume,
    tile_count: u32,
    allowance: Allowance,
    parts: Parts,
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    canvas: Option<Bounds>,
    /// How many layers our own writer counted.
    layer_count: Option<i32>,
    materials: Vec<Material>,
    cameras: Vec<Camera>,
    active_camera: Option<usize>,
    light: Light,
    layers: Vec<LayerRecord>,
    preserved: Vec<PreservedChunk>,
    private: Option<Private>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    /// Reads a chunk.
    async fn read_chunk(
        &mut self,
        bytes: &mut Bytes<'_>,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        let mut kind = [0; 4];
        kind.copy_from_slice(bytes.take(4, "a chunk's type")?);
        let length = bytes.length("a chunk's length")?;
        let start = bytes.position();
        let data = bytes.take(length, "a chunk")?;
        // The check sum that follows is 0 in every file; the last one may be cut off.
        bytes.take(bytes.remaining().min(4), "a check sum")?;
        let part = start..start + length;
        match &kind {
            b"BL16" => {
                let voxels = blocks::decode(data).map_err(|found| {
                    bytes.invalid_at(start as u64, found, "a PNG picture of 64 x 64 pixels")
                })?;
                self.add_tile(&voxels)?;
            }
            b"LAYR" => {
                let (first, count) = read_placements(&mut bytes.clone().at(start), length)?;
                let entries = DictReader::new(self.file, first + 20 * count..part.end);
                let dict = entries.read(slice).await?;
                let (materials, warnings) = (self.parts.materials.len(), &mut self.parts.warnings);
                let mut record = record::read_layer(dict, materials, warnings);
                let mut places = Bytes::new(self.file, NAME).at(first);
                for _ in 0..count {
                    self.place_block(&mut record.layer.volume, &mut places)?;
                    slice.spend(1).await;
                }
                self.parts.layers.push(record);
            }
            b"IMG " | b"MATE" | b"CAMR" | b"LIGH" | &private::KIND => {
                let dict = DictReader::new(self.file, part).read(slice).await?;
                if kind == private::KIND {
                    self.parts.private = Some(Private::new(dict))
                } else {
                    self.parts.take_record(&kind, dict)
                }
            }
            _ => {
                let mut preserving = Preserving::new(kind, part);
                while preserving.advance(self.file, &mut self.parts.preserved) {
                    slice.spend(1).await;
                }
            }
        }
        slice.spend(1).await;
        Ok(())
    }

    /// Refuses a file that ends too early. There is no end marker, so a file that is cut off
    /// between two chunks is known by what is missing: it has no layer, or not all that our own
    /// writer counted.
    fn check_complete(&self, bytes: &Bytes<'_>) -> Result<(), FormatError> {
        let found = self.parts.layers.len();
        let told = self.parts.layer_count.map(|count| count as usize);
        if found == 0 || told.is_some_and(|told| found < told) {
            let expected = format!("{} layers", told.unwrap_or(1).max(1));
            return Err(
                bytes.invalid(format!("the end of the file after {found} layers"), expected)
            );
        }
        if told.is_some() && self.parts.private.is_none() {
            return Err(bytes.invalid("the end of the file", "a chunk GXDM, as there was a count"));
        }
        Ok(())
    }

    /// Adds a block of the file.
    fn add_tile(&mut self, voxels: &[Rgba; BLOCK_VOXELS]) -> Result<(), FormatError> {
        let at = tile_position(self.tile_count);
        self.tile_count += 1;
        if voxels.iter().any(|voxel| !voxel.is_empty()) {
            self.allowance.block()?;
            self.tiles.set_block(at, voxels);
        }
        Ok(())
    }

    /// Places the next block of a layer.
    fn place_block(
        &mut self,
        volume: &mut Volume,
        bytes: &mut Bytes<'_>,
    ) -> Result<(), FormatError> {
        let start = bytes.offset();
        let index = bytes.i32("a block's number")?;
        let corner = [0; 3].map(|_| bytes.i32("a block's place"));
        let [x, y, z] = corner;
        let shift = if self.version == 1 { 8 } else { 0 };
        let corner = [x?, y?, z?].map(|value| i64::from(value) - shift);
        bytes.i32("a block's end")?;
        let number = u32::try_from(index).ok().filter(|&number| number < self.tile_count);
        let number = number.ok_or_else(|| {
            let expected = format!("the number of one of the {} blocks before", self.tile_count);
            bytes.invalid_at(start, format!("block number {index}"), expected)
        })?;
        let reachable = |v: &i64| (i64::from(i32::MIN)..=i64::from(i32::MAX) - 15).contains(v);
        if !corner.iter().all(reachable) {
            let expected = "a place between -2147483648 and 2147483632";
            return Err(bytes.invalid_at(start, format!("a block at {corner:?}"), expected));
        }
        let corner = corner.map(|value| value as i32);
        let tile = tile_position(number);
        if corner.iter().all(|value| value & 15 == 0) {
            let at = BlockPos::of(corner.into());
            match self.tiles.block(tile) {
                Some(block) => volume.share_block(at, block),
                None => volume.remove_block(at),
            }
        } else {
            for _ in 0..place_unaligned(volume, &self.tiles, tile, corner) {
                self.allowance.block()?;
            }
        }
        Ok(())
    }

    /// The document, with the voxels of clones and shapes, which are not in the file.
    async fn into_loaded(mut self, name: &str, slice: &Slice) -> Loaded {
        let max_blocks = self.allowance.blocks_left().min(EVALUATED_BLOCKS_LIMIT);
        let needs_canvas = self.parts.canvas.is_none();
        let mut loaded = std::mem::take(&mut self.parts).into_loaded(name);
        loaded.version = Some(self.version);
        let document = &mut loaded.document;
        let mut evaluation = Evaluation::within(document, max_blocks);
        while evaluation.step(document, Since::Nothing, &mut Budget::units(1)) {
            slice.spend(1).await;
        }
        loaded.warnings.extend(evaluation.into_problems().into_iter().map(|problem| {
            let layer = document.layer(problem.layer).map_or("", |layer| layer.name.as_str());
            format!("layer '{layer}' {}; it is empty", problem.reason)
        }));
        if needs_canvas {
            document.canvas = document.merged_bounds().unwrap_or(document.canvas);
        }
        loaded
    }
}

/// Where a block of the file is kept until layers place it.
fn tile_position(number: u32) -> BlockPos {
    let part = |shift: u32| (number >> shift & 255) as i32;
    BlockPos { x: part(0), y: part(8), z: (number >> 16) as i32 }
}

/// Overwrites the 16x16x16 voxels from `corner` on, which lie in up to eight blocks; how many of
/// these are new.
fn place_unaligned(volume: &mut Volume, tiles: &Volume, tile: BlockPos, corner: [i32; 3]) -> usize {
    let mut added = 0;
    let mut source = [Rgba::EMPTY; BLOCK_VOXELS];
    if let Some(block) = tiles.block(tile) {
        block.copy_to(&mut source);
    }
    let first = BlockPos::of(Point::from(corner));
    for part in 0..8 {
        let step = [0, 1, 2].map(|axis| part >> axis & 1);
        if (0..3).any(|axis| step[axis] == 1 && corner[axis] & 15 == 0) {
            continue;
        }
        let at = BlockPos { x: first.x + step[0], y: first.y + step[1], z: first.z + step[2] };
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        if let Some(block) = volume.block(at) {
            block.copy_to(&mut voxels);
        }
        // Where the block's own corner lies, seen from the source's corner.
        let shift = [0, 1, 2].map(|axis| 16 * step[axis] - (corner[axis] & 15));
        for (index, voxel) in voxels.iter_mut().enumerate() {
            let own = [index & 15, index >> 4 & 15, index >> 8].map(|value| value as i32);
            let from: [i32; 3] = std::array::from_fn(|axis| own[axis] + shift[axis]);
            if from.iter().all(|value| (0..16).contains(value)) {
                *voxel = source[(from[0] + 16 * from[1] + 256 * from[2]) as usize];
            }
        }
        let before = volume.block(at).is_some();
        volume.set_block(at, &voxels);
        added += usize::from(!before && volume.block(at).is_some());
    }
    added
}

/// Where the placements of a layer's chunk of `length` bytes begin, and how many there are.
fn read_placements(data: &mut Bytes<'_>, length: usize) -> Result<(usize, usize), FormatError> {
    let mut data = data.sub(length, "a chunk")?;
    let start = data.offset();
    let count = data.i32("the number of a layer's blocks")?;
    let room = data.remaining() / 20;
    let left = usize::try_from(count).ok().filter(|&count| count <= room).ok_or_else(|| {
        let expected = format!("0 to {room}, which is what fits into the chunk");
        data.invalid_at(start, format!("a layer of {count} blocks"), expected)
    })?;
    Ok((data.offset() as usize, left))
}

impl Parts {
    /// Takes a record that is not a layer's and not our own.
    fn take_record(&mut self, kind: &[u8; 4], mut dict: Dict) {
        match kind {
            b"IMG " => {
                self.canvas = record::read_box(&mut dict, "box");
                self.layer_count = dict.i32(LAYER_COUNT);
                let rest = dict.rest(&["box", LAYER_COUNT], "the image", &mut self.warnings);
                self.preserve_entries(kind, rest);
            }
            b"MATE" => {
                let number = self.materials.len() + 1;
                self.materials.push(record::read_material(dict, number, &mut self.warnings));
            }
            b"CAMR" => {
                let number = self.cameras.len() + 1;
                let (camera, active) = record::read_camera(dict, number, &mut self.warnings);
                if active {
                    self.active_camera = Some(self.cameras.len());
                }
                self.cameras.push(camera);
            }
            _ => {
                self.light = record::read_light(&mut dict);
                let known = &["pitch", "yaw", "intensity", "fixed", "ambient", "shadow"];
                let rest = dict.rest(known, "the light", &mut self.warnings);
                self.preserve_entries(kind, rest);
            }
        }
    }

    /// Unknown entries of a chunk that is written anew: kept as a chunk of only them.
    fn preserve_entries(&mut self, kind: &[u8; 4], entries: Vec<(String, Vec<u8>)>) {
        use super::dict::PutEntry;
        if !entries.is_empty() {
            let mut data = Vec::new();
            data.put_preserved(&entries);
            preserved::add(&mut self.preserved, *kind, data);
        }
    }

    fn into_loaded(mut self, name: &str) -> Loaded {
        let layers = self.number_layers();
        let canvas = self.canvas.unwrap_or(EMPTY_CANVAS);
        let mut document = Document::with_layers(name, canvas, layers);
        if !self.materials.is_empty() {
            document.materials = self.materials;
        }
        document.light = self.light;
        document.preserved = self.preserved;
        set_cameras(&mut document, self.cameras, self.active_camera);
        if let Some(private) = self.private {
            private.apply(&mut document);
        }
        Loaded::new(document, NAME, Report { warnings: self.warnings, lost: Vec::new() })
    }

    /// Gives each layer its id and each clone its base.
    ///
    /// The first of equal ids keeps it; ids below 1 and later equal ones get the smallest free id.
    fn number_layers(&mut self) -> Vec<Layer> {
        let file_ids: Vec<i32> = self.layers.iter().map(|record| record.file_id).collect();
        let own = self.private.as_ref().and_then(|private| private.layer_ids(file_ids.len()));
        let ids = own.map_or_else(|| assign_ids(&file_ids), <[i32]>::to_vec);
        let mut ids_in_file = HashMap::new();
        for (&file_id, &id) in file_ids.iter().zip(&ids).rev() {
            ids_in_file.insert(file_id, id);
        }
        let taken: HashSet<i32> = ids.iter().copied().collect();
        let mut layers = Vec::new();
        for (record, &id) in self.layers.drain(..).zip(&ids) {
            let LayerRecord { mut layer, file_id, file_base } = record;
            layer.id = LayerId(id);
            if file_id != id {
                layer.preserved.push((FILE_ID.to_owned(), file_id.to_le_bytes().to_vec()));
            }
            if let LayerContent::Clone { base } = &mut layer.content {
                match ids_in_file.get(&file_base) {
                    Some(&id) => *base = LayerId(id),
                    None if !taken.contains(&file_base) => *base = LayerId(file_base),
                    None => {
                        let kept = file_base.to_le_bytes().to_vec();
                        layer.preserved.push((FILE_BASE.to_owned(), kept));
                    }
                }
            }
            layers.push(layer);
        }
        layers
    }
}

fn set_cameras(document: &mut Document, cameras: Vec<Camera>, active: Option<usize>) {
    if !cameras.is_empty() {
        document.cameras = cameras;
        document.active_camera = active.or(Some(0));
    }
}

/// The ids that layers get for those in the file.
fn assign_ids(file_ids: &[i32]) -> Vec<i32> {
    let mut taken = std::collections::BTreeSet::new();
    let kept: Vec<bool> = file_ids.iter().map(|&id| id >= 1 && taken.insert(id)).collect();
    let mut free = 1;
    let ids = file_ids.iter().zip(kept).map(|(&id, kept)| {
        if kept {
            return id;
        }
        while !taken.insert(free) {
            free += 1;
        }
        free
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_ids_keeps_it_even_if_it_comes_late() {
        assert_eq!(assign_ids(&[0, 2, 2, 1, -5]), [3, 2, 4, 1, 5]);
        assert_eq!(assign_ids(&[]), Vec::<i32>::new());
    }

    #[test]
    fn an_unaligned_block_is_split_and_overwrites_what_was_there() {
        let mut tiles = Volume::new();
        tiles.set_block(tile_position(0), &[Rgba::WHITE; BLOCK_VOXELS]);
        let mut volume = Volume::new();
        place_unaligned(&mut volume, &tiles, tile_position(0), [-3, 5, 16]);
        assert_eq!(volume.count(), 4096);
        assert_eq!(volume.bounds(), Bounds::new([-3, 5, 16], [13, 21, 32]));
        assert_eq!(volume.block_count(), 4);
        // A block with nothing in it empties its place.
        place_unaligned(&mut volume, &tiles, tile_position(1), [5, 5, 16]);
        assert_eq!(volume.count(), 8 * 16 * 16);
    }
}
