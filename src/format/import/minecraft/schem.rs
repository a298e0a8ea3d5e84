//! `.schem` of Sponge, versions 1 to 3, and `.schematic` of MCEdit: gzip around tags; y up.

use std::io::Read;

use super::colors;
use super::nbt::{self, Tag};
use crate::format::FormatError;
use crate::format::bytes::Bytes;
use crate::format::import::{Sink, add, standing, turned};
use crate::voxel::Rgba;

pub(in crate::format::import) const NAME: &str = "schem";
/// The most bytes after unpacking.
const UNPACKED_MAX: u64 = 1 << 26;

pub(in crate::format::import) fn decode(file: &[u8], sink: &mut Sink) -> Result<(), FormatError> {
    let bytes = Bytes::new(file, NAME);
    let mut data = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(file).take(UNPACKED_MAX + 1).read_to_end(&mut data);
    unpacked.map_err(|error| bytes.invalid(error.to_string(), "a gzip stream"))?;
    let got = data.len() as u64;
    if got > UNPACKED_MAX {
        let what = "the unpacked schematic in bytes".to_owned();
        return Err(FormatError::Limit {
            what,
            limit_name: "unpacked bytes",
            limit: UNPACKED_MAX,
            got,
        });
    }
    // A block is a byte or more, and becomes a colour.
    sink.allowance.take(size_of::<Option<Rgba>>() as u64 * got)?;
    let root = nbt::read(&data, NAME)?;
    let root = root.get("Schematic").unwrap_or(&root);
    let missing = |what: &str| bytes.invalid(format!("a schematic without {what}"), what);
    let edge = |key: &str| root.number(key).map(|value| value & 0xffff).ok_or_else(|| missing(key));
    let size = [edge("Width")?, edge("Height")?, edge("Length")?];
    let voxels = match root.bytes("Blocks") {
        Some(numbers) => numbered(numbers, root.bytes("AddBlocks").unwrap_or_default()),
        None => named(root).ok_or_else(|| missing("block data and palette"))?,
    };
    let count: i64 = size.iter().product();
    if voxels.len() as i64 != count {
        return Err(bytes.invalid(format!("{} blocks", voxels.len()), format!("{count} blocks")));
    }
    let [width, height, length] = size;
    let corner = standing([width, length, height]);
    for (index, color) in (0i64..).zip(voxels) {
        let cell = [index % width, index / width / length, index / width % length];
        if let Some(color) = color {
            let [x, y, z] = turned(cell);
            sink.set(add(corner, [x, y + length, z]), color)?;
        }
    }
    Ok(())
}

/// MCEdit's blocks: a number each, with four more bits in another array.
fn numbered(numbers: &[u8], high: &[u8]) -> Vec<Option<Rgba>> {
    let number = |(index, &low): (usize, &u8)| {
        let bits = high.get(index / 2).copied().unwrap_or(0) >> (4 * (index % 2)) & 15;
        colors::of_number(u16::from(low) | u16::from(bits) << 8)
    };
    numbers.iter().enumerate().map(number).collect()
}

/// Sponge's blocks: numbers of variable length that stand for names.
fn named(root: &Tag<'_>) -> Option<Vec<Option<Rgba>>> {
    let blocks = root.get("Blocks").unwrap_or(root);
    let data = blocks.bytes("BlockData").or_else(|| blocks.bytes("Data"))?;
    let Tag::Compound(names) = blocks.get("Palette")? else { return None };
    let mut palette = std::collections::HashMap::new();
    for (name, number) in names {
        if let Tag::Number(number) = number {
            palette.insert(*number as u64, colors::of_name(&String::from_utf8_lossy(name)));
        }
    }
    let mut voxels = Vec::new();
    let (mut value, mut shift) = (0u64, 0);
    for byte in data {
        value |= u64::from(byte & 127) << shift;
        shift += 7;
        if byte & 128 == 0 {
            voxels.push(*palette.get(&value)?);
            (value, shift) = (0, 0);
        } else if shift > 35 {
            return None;
        }
    }
    Some(voxels)
}
