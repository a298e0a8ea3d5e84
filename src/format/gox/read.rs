//! Reading: one chunk, some entries of a record, a part of a chunk that is not understood, one block of a layer or
//! one block of a layer that is computed, is a unit of work.

use std::collections::{HashMap, HashSet};

use super::blocks;
use super::dict::{Dict, DictReader};
use super::preserved::{self, Preserving};
use super::private::{self, Private};
use super::record::{self, FILE_BASE, FILE_ID, LayerRecord};
use super::{NAME, VERSION};
use crate::document::{
    Camera, Document, EVALUATED_BLOCKS_LIMIT, Evaluation, Layer, LayerContent, LayerId, Light,
    Material, PreservedChunk, Since,
};
use crate::format::builder::Allowance;
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::steps::Advance;
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::Budget;
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Point, Rgba, Volume};

/// The canvas of a file that names none and has no voxels.
const EMPTY_CANVAS: Bounds = Bounds { min: [-16, -16, 0], max: [16, 16, 32] };

/// A reader at work.
pub(super) struct Reader {
    bytes: FileBytes,
    at: usize,
    options: ReadOptions,
    version: i32,
    /// The file's blocks by their number, each at [`tile_position`].
    tiles: Volume,
    tile_count: u32,
    allowance: Allowance,
    parts: Parts,
    stage: Stage,
}

/// What is done next. Chunk follows chunk, and some have a stage of their own; the last two come at the end.
enum Stage {
    Header,
    Chunk,
    Record(RecordInProgress),
    Placing(Box<LayerInProgress>),
    Preserving(Preserving),
    /// What our own chunk said of palette and selection is read.
    Private,
    /// All of the file is read; clones and shapes are computed.
    Computing(Box<Computing>),
    Over,
}

/// A chunk whose record is read.
struct RecordInProgress {
    kind: [u8; 4],
    entries: DictReader,
    /// Of a layer: where its placements begin, and how many there are.
    placements: (usize, usize),
}

/// What was read, and the evaluation of its clones and shapes.
struct Computing {
    loaded: Loaded,
    evaluation: Evaluation,
    /// Whether the canvas is to be the box of what is seen.
    needs_canvas: bool,
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    canvas: Option<Bounds>,
    materials: Vec<Material>,
    cameras: Vec<Camera>,
    active_camera: Option<usize>,
    light: Light,
    layers: Vec<LayerRecord>,
    preserved: Vec<PreservedChunk>,
    private: Option<Private>,
    warnings: Vec<String>,
}

/// A layer whose blocks are being placed.
struct LayerInProgress {
    record: LayerRecord,
    /// Where the next placement is in the file, and how many there are.
    next: usize,
    left: usize,
}

impl Reader {
    pub(super) fn new(bytes: FileBytes, options: ReadOptions) -> Self {
        let allowance = Allowance::new(options.limits);
        Reader {
            bytes,
            at: 0,
            options,
            version: 0,
            tiles: Volume::new(),
            tile_count: 0,
            allowance,
            parts: Parts::default(),
            stage: Stage::Header,
        }
    }

    fn read_header(&mut self) -> Result<(), FormatError> {
        let mut bytes = Bytes::new(&self.bytes, NAME);
        if bytes.take(4, "the magic")? != b"GOX " {
            return Err(bytes.invalid_at(0, "another magic", "\"GOX \""));
        }
        self.version = bytes.i32("the version")?;
        if !(1..=VERSION).contains(&self.version) {
            let expected = format!("version 1 to {VERSION}");
            return Err(bytes.invalid_at(4, format!("version {}", self.version), expected));
        }
        self.at = bytes.position();
        Ok(())
    }

    /// Reads a chunk's head and sees what there is to do with it.
    fn read_chunk(&mut self) -> Result<Stage, FormatError> {
        let mut bytes = Bytes::new(&self.bytes, NAME).at(self.at);
        let mut kind = [0; 4];
        kind.copy_from_slice(bytes.take(4, "a chunk's type")?);
        let length = bytes.length("a chunk's length")?;
        let start = bytes.position();
        let data = bytes.take(length, "a chunk")?;
        // The check sum that follows is 0 in every file; the last one may be cut off.
        self.at = bytes.position() + bytes.remaining().min(4);
        let part = start..start + length;
        let record = |entries: DictReader, placements: (usize, usize)| {
            Stage::Record(RecordInProgress { kind, entries, placements })
        };
        Ok(match &kind {
            b"BL16" => {
                let voxels = blocks::decode(data).map_err(|found| {
                    bytes.invalid_at(start as u64, found, "a PNG picture of 64 x 64 pixels")
                })?;
                self.add_tile(&voxels)?;
                Stage::Chunk
            }
            b"LAYR" => {
                let placements = read_placements(&mut bytes.at(start), length)?;
                let entries = placements.0 + 20 * placements.1..part.end;
                record(DictReader::new(&self.bytes, entries), placements)
            }
            b"IMG " | b"MATE" | b"CAMR" | b"LIGH" | &private::KIND => {
                record(DictReader::new(&self.bytes, part), (0, 0))
            }
            _ => Stage::Preserving(Preserving::new(kind, part)),
        })
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

    /// Reads some entries of a record, or sees what the whole record says.
    fn read_record(&mut self, mut record: RecordInProgress) -> Result<Stage, FormatError> {
        if record.entries.advance()? {
            return Ok(Stage::Record(record));
        }
        let RecordInProgress { kind, entries, placements: (next, left) } = record;
        let (dict, parts) = (entries.into_dict(), &mut self.parts);
        match &kind {
            b"LAYR" => {
                let record = record::read_layer(dict, parts.materials.len(), &mut parts.warnings);
                return Ok(Stage::Placing(Box::new(LayerInProgress { record, next, left })));
            }
            &private::KIND => parts.private = Some(Private::new(dict)),
            _ => parts.take_record(&kind, dict),
        }
        Ok(Stage::Chunk)
    }

    /// Reads on in what our own chunk said; false if there is nothing left.
    fn read_private(&mut self) -> Result<bool, FormatError> {
        let most = self.allowance.blocks_left();
        self.parts.private.as_mut().map_or(Ok(false), |private| private.advance(most))
    }

    /// Places the next block of a layer, or ends the layer.
    fn place_block(&mut self, mut layer: Box<LayerInProgress>) -> Result<Stage, FormatError> {
        if layer.left == 0 {
            self.parts.layers.push(layer.record);
            return Ok(Stage::Chunk);
        }
        let mut bytes = Bytes::new(&self.bytes, NAME).at(layer.next);
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
        let volume = &mut layer.record.layer.volume;
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
        layer.next = bytes.position();
        layer.left -= 1;
        Ok(Stage::Placing(layer))
    }

    fn start_computing(&mut self) -> Computing {
        let name = self.options.name.take().unwrap_or_else(|| "Untitled".to_owned());
        let max_blocks = self.allowance.blocks_left().min(EVALUATED_BLOCKS_LIMIT);
        let needs_canvas = self.parts.canvas.is_none();
        let loaded = std::mem::take(&mut self.parts).into_loaded(&name);
        let loaded = Loaded { version: Some(self.version), ..loaded };
        let evaluation = Evaluation::within(&loaded.document, max_blocks);
        Computing { loaded, evaluation, needs_canvas }
    }
}

impl Computing {
    /// Computes some of the voxels that are not in the file; false once all are there.
    fn advance(&mut self) -> bool {
        let document = &mut self.loaded.document;
        self.evaluation.step(document, Since::Nothing, &mut Budget::units(1))
    }

    fn end(self) -> Loaded {
        let Computing { mut loaded, evaluation, needs_canvas } = self;
        let document = &mut loaded.document;
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

/// Overwrites the 16x16x16 voxels from `corner` on, which lie in up to eight blocks; how many of these are new.
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
                let rest = dict.rest(&["box"], "the image", &mut self.warnings);
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
        Loaded { document, format: NAME, warnings: self.warnings, version: None }
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

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Header => {
                self.read_header()?;
                Stage::Chunk
            }
            // A file cut off within a chunk's type is taken as ended: there is no end marker.
            Stage::Chunk if self.bytes.len() - self.at < 4 => Stage::Private,
            Stage::Chunk => self.read_chunk()?,
            Stage::Record(record) => self.read_record(record)?,
            Stage::Placing(layer) => self.place_block(layer)?,
            Stage::Preserving(mut chunk) => {
                match chunk.advance(&self.bytes, &mut self.parts.preserved) {
                    true => Stage::Preserving(chunk),
                    false => Stage::Chunk,
                }
            }
            Stage::Private => match self.read_private()? {
                true => Stage::Private,
                false => Stage::Computing(Box::new(self.start_computing())),
            },
            Stage::Computing(mut computing) => match computing.advance() {
                true => Stage::Computing(computing),
                false => return Ok(Some(computing.end())),
            },
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.at as u64, self.bytes.len() as u64)
    }
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
