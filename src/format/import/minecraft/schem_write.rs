//! Writing schematics: `.schem` of Sponge version 2, `.litematic`, the game's structures, and
//! Luanti's `.mts`.

use super::choice::Choice;
use super::nbt_write::Tags;
use super::schem::{CORNER, NAME};
use super::{litematic, mts, structure};
use crate::document::{Document, Layer, LayerId};
use crate::format::builder::{measure, over_memory};
use crate::format::dense::Cells;
use crate::format::fidelity::{Kind, Report};
use crate::format::pack::pack;
use crate::format::{FormatError, WriteOptions, Written};
use crate::job::Slice;
use crate::job::leftovers::leave_buffer;
use crate::job::pieces::SharedPieces;
use crate::memory;
use crate::plain_words::in_words;
use crate::voxel::Volume;

/// The version of the game's data that is written: 1.20.1.
const DATA_VERSION: i64 = 3465;
const CELLS_MAX: u64 = 1 << 27;
/// The longest edge of a schematic.
const EDGE_MAX: i64 = u16::MAX as i64;
/// Cells that are written in one unit of work.
const CELLS_A_UNIT: usize = 1 << 13;

/// What is seen, checked against the longest edge.
async fn cells(
    document: &Document,
    format: &'static str,
    slice: &Slice,
) -> Result<Cells, FormatError> {
    let cells = Cells::of(document, format, CELLS_MAX, slice).await?;
    let size = cells.bounds.dimensions();
    if size.iter().any(|&edge| edge > EDGE_MAX) {
        let what = format!("a box of {size:?}; edges are at most {EDGE_MAX}");
        return Err(FormatError::DoesNotFit { format, what });
    }
    // A number for each cell, and what they are as bytes.
    let bytes = usize::try_from(cells.bounds.capacity()).unwrap_or(usize::MAX).saturating_mul(16);
    memory::probe(bytes).map_err(over_memory)?;
    Ok(cells)
}

/// The numbers of all cells, in the order of the files: x fastest, then z, which runs against our
/// y, then up.
async fn numbers(cells: &Cells, choice: &mut Choice, slice: &Slice) -> Vec<u32> {
    let [width, depth, _] = cells.bounds.dimensions();
    let mut numbers = vec![0; cells.bounds.capacity() as usize];
    let put = |color, [x, y, z]: [i64; 3]| {
        numbers[(x + width * (depth - 1 - y + depth * z)) as usize] = choice.number(color);
    };
    cells.visit([2, 1, 0], put, slice).await;
    numbers
}

pub(in crate::format) async fn write_schem(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let (cells, mut report) = (cells(&document, NAME, &slice).await?, Report::default());
    let mut choice = Choice::of(options.export.blocks.as_deref(), NAME)?;
    let mut data = Vec::new();
    let numbers = numbers(&cells, &mut choice, &slice).await;
    for part in numbers.chunks(CELLS_A_UNIT) {
        for mut number in part.iter().copied() {
            while number > 127 {
                data.push(number as u8 | 128);
                number >>= 7;
            }
            data.push(number as u8);
        }
        slice.spend(1).await;
    }
    let [width, depth, height] = cells.bounds.dimensions();
    let mut tags = Tags::default();
    tags.compound("Schematic");
    tags.int("Version", 2);
    tags.int("DataVersion", DATA_VERSION);
    tags.compound("Metadata");
    tags.text("Name", &document.name);
    // Some readers refuse files without the offset that editors write.
    ["WEOffsetX", "WEOffsetY", "WEOffsetZ"].iter().for_each(|name| tags.int(name, 0));
    tags.vector(CORNER, cells.bounds.min);
    tags.end();
    tags.short("Width", width);
    tags.short("Height", height);
    tags.short("Length", depth);
    tags.ints("Offset", &[0; 3]);
    tags.int("PaletteMax", choice.palette.len() as i64);
    tags.compound("Palette");
    (0..).zip(&choice.palette).for_each(|(number, name)| tags.int(name, number));
    tags.end();
    leave_buffer(numbers);
    tags.bytes("BlockData", &data, &slice).await;
    leave_buffer(data);
    tags.list("BlockEntities", 10, 0);
    tags.end();
    choice.tell(&mut report);
    Ok(Written::new(tags.gzip(&slice).await, report))
}

pub(in crate::format) async fn write_structure(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let (cells, mut report) = (cells(&document, structure::NAME, &slice).await?, Report::default());
    let mut choice = Choice::of(options.export.blocks.as_deref(), structure::NAME)?;
    let [width, depth, height] = cells.bounds.dimensions();
    let numbers = numbers(&cells, &mut choice, &slice).await;
    let mut count = 0;
    for part in numbers.chunks(CELLS_A_UNIT) {
        count += part.iter().filter(|&&number| number > 0).count();
        slice.spend(1).await;
    }
    let mut tags = Tags::default();
    tags.compound("");
    tags.int("DataVersion", DATA_VERSION);
    tags.compound("Metadata");
    tags.vector(CORNER, cells.bounds.min);
    tags.end();
    tags.list("size", 3, 3);
    let size = [width, height, depth];
    size.iter().for_each(|&value| tags.0.extend((value as i32).to_be_bytes()));
    put_states(&mut tags, "palette", &choice);
    tags.list("blocks", 10, count);
    let mut index = 0;
    for part in numbers.chunks(CELLS_A_UNIT) {
        for &number in part {
            if number > 0 {
                let at = [index % width, index / width / depth, index / width % depth];
                tags.list("pos", 3, 3);
                at.iter().for_each(|&value| tags.0.extend((value as i32).to_be_bytes()));
                tags.int("state", i64::from(number));
                tags.end();
            }
            index += 1;
        }
        slice.spend(1).await;
    }
    leave_buffer(numbers);
    tags.list("entities", 10, 0);
    tags.end();
    choice.tell(&mut report);
    Ok(Written::new(tags.gzip(&slice).await, report))
}

fn put_states(tags: &mut Tags, name: &str, choice: &Choice) {
    tags.list(name, 10, choice.palette.len());
    for kind in &choice.palette {
        tags.text("Name", kind);
        tags.end();
    }
}

pub(in crate::format) async fn write_litematic(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut report = Report::default();
    let mut regions = Tags::default();
    let (mut bounds, mut blocks, mut volume) = (None, 0, 0);
    let shown = document.layers().iter().filter(|layer| layer.visible && !layer.volume.is_empty());
    let mut names: Vec<String> = Vec::new();
    let (mut renamed, nothing) = (0, Layer::new(LayerId(1), ""));
    // A file has at least one region.
    let shown: Vec<&Layer> = shown.collect();
    let shown = if shown.is_empty() { vec![&nothing] } else { shown };
    for layer in shown {
        let mut name = layer.name.clone();
        while names.contains(&name) {
            name.push('\'');
        }
        renamed += u64::from(name != layer.name);
        let words = options.export.blocks.as_deref();
        let region = Region { name: &name, volume: &layer.volume, words };
        let inside = region.write(&mut regions, &mut report, &slice).await?;
        bounds = crate::voxel::Bounds::union_of(bounds, Some(inside));
        blocks += layer.volume.count() as i64;
        volume += inside.capacity() as i64;
        names.push(name);
    }
    let said = ["layer of a name that is taken gets", "layers of names that are taken get"];
    report.lose_quietly(Kind::Name, renamed, in_words(renamed, said) + " another");
    let bounds = bounds.unwrap_or(crate::voxel::Bounds { min: [0; 3], max: [1; 3] });
    let [width, depth, height] = bounds.dimensions();
    let mut tags = Tags::default();
    tags.compound("");
    tags.int("MinecraftDataVersion", DATA_VERSION);
    tags.int("Version", 6);
    tags.compound("Metadata");
    tags.text("Name", &document.name);
    tags.text("Author", "");
    tags.text("Description", "");
    tags.int("RegionCount", names.len() as i64);
    tags.int("TotalBlocks", blocks);
    tags.int("TotalVolume", volume);
    tags.long("TimeCreated", 0);
    tags.long("TimeModified", 0);
    tags.vector("EnclosingSize", [width, height, depth]);
    tags.vector(CORNER, bounds.min);
    tags.end();
    tags.compound("Regions");
    pack(&mut tags.0, &regions.0, &slice).await;
    leave_buffer(regions.0);
    tags.end();
    tags.end();
    Ok(Written::new(tags.gzip(&slice).await, report))
}

/// A layer that is written as a region.
struct Region<'a> {
    name: &'a str,
    volume: &'a Volume,
    words: Option<&'a str>,
}

impl Region<'_> {
    async fn write(
        &self,
        tags: &mut Tags,
        report: &mut Report,
        slice: &Slice,
    ) -> Result<crate::voxel::Bounds, FormatError> {
        let bounds = measure(self.volume, slice).await;
        let bounds = bounds.unwrap_or(crate::voxel::Bounds { min: [0; 3], max: [1; 3] });
        if bounds.capacity() > u128::from(CELLS_MAX) {
            let what = format!("layer '{}' spans {} cells", self.name, bounds.capacity());
            return Err(FormatError::DoesNotFit { format: litematic::NAME, what });
        }
        let cells = Cells { volume: self.volume.clone(), bounds };
        let mut choice = Choice::of(self.words, litematic::NAME)?;
        let numbers = numbers(&cells, &mut choice, slice).await;
        let bits = choice.palette.len().next_power_of_two().trailing_zeros().max(2) as usize;
        let mut longs = vec![0u64; (numbers.len() * bits).div_ceil(64)];
        let mut bit = 0;
        for part in numbers.chunks(CELLS_A_UNIT) {
            for number in part.iter().map(|&number| u64::from(number)) {
                longs[bit / 64] |= number << (bit % 64);
                if bit % 64 + bits > 64 {
                    longs[bit / 64 + 1] |= number >> (64 - bit % 64);
                }
                bit += bits;
            }
            slice.spend(1).await;
        }
        let [width, depth, height] = bounds.dimensions();
        tags.compound(self.name);
        tags.vector("Position", [bounds.min[0], bounds.min[2], -bounds.max[1]]);
        tags.vector("Size", [width, height, depth]);
        put_states(tags, "BlockStatePalette", &choice);
        leave_buffer(numbers);
        tags.longs("BlockStates", &longs, slice).await;
        leave_buffer(longs);
        for list in ["Entities", "TileEntities", "PendingBlockTicks", "PendingFluidTicks"] {
            tags.list(list, 10, 0);
        }
        tags.end();
        choice.tell(report);
        Ok(bounds)
    }
}

pub(in crate::format) async fn write_mts(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let (cells, mut report) = (cells(&document, mts::NAME, &slice).await?, Report::default());
    let mut choice = Choice::of_luanti(mts::NAME)?;
    let [width, depth, height] = cells.bounds.dimensions();
    let mut numbers = Vec::with_capacity(cells.bounds.capacity() as usize);
    // The file's z is our y: x fastest, then up, then y.
    cells.visit([1, 2, 0], |color, _| numbers.push(choice.number(color) as u16), &slice).await;
    let mut out = b"MTSM".to_vec();
    let put = |out: &mut Vec<u8>, value: i64| out.extend((value as u16).to_be_bytes());
    [4, width, height, depth].into_iter().for_each(|value| put(&mut out, value));
    out.resize(out.len() + height as usize, 127);
    put(&mut out, choice.palette.len() as i64);
    for name in &choice.palette {
        put(&mut out, name.len() as i64);
        out.extend(name.as_bytes());
    }
    let mut file = SharedPieces::default();
    pack(&mut file, &out, &slice).await;
    let mut encoder = flate2::write::ZlibEncoder::new(file.clone(), flate2::Compression::fast());
    // Each node is always placed, but air never replaces anything; none is turned.
    type BytesOf = fn(&[u16]) -> Vec<u8>;
    let parts: [BytesOf; 3] = [
        |numbers| numbers.iter().flat_map(|number| number.to_be_bytes()).collect(),
        |numbers| numbers.iter().map(|&number| if number == 0 { 0 } else { 127 }).collect(),
        |numbers| vec![0; numbers.len()],
    ];
    for bytes_of in parts {
        for part in numbers.chunks(CELLS_A_UNIT) {
            pack(&mut encoder, &bytes_of(part), &slice).await;
        }
    }
    // Writing to memory cannot fail.
    let _ = encoder.finish();
    leave_buffer(numbers);
    choice.tell(&mut report);
    Ok(Written::new(file.take(), report))
}
