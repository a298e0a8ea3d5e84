//! Schematics of Minecraft: `.schem` of Sponge, versions 1 to 3, `.schematic` of MCEdit with its
//! data values, `.litematic` of Litematica, and the game's own structures `.nbt`. All are tags, in
//! a gzip stream or plain; y is up. What a file is shows its content, whatever its ending.

use super::nbt::{self, Tag};
use super::palette::Palette;
use super::{litematic, structure};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::import::{CELLS_A_UNIT, Sink, add, standing};
use crate::format::unpack::Unpacking;
use crate::job::{Progress, Slice};

pub(in crate::format) const NAME: &str = "schem";

/// Whether bytes begin like tags that are not compressed: a compound with a short name, then
/// another tag.
pub(in crate::format) fn detect_plain(bytes: &[u8]) -> bool {
    let &[10, high, low, ref rest @ ..] = bytes else { return false };
    let length = usize::from(high) << 8 | usize::from(low);
    let next = rest.get(length).copied();
    length < 64 && next.is_some_and(|kind| (1..=12).contains(&kind))
}

/// The error about a file as a whole.
pub(super) fn invalid(what: impl Into<String>, expected: impl Into<String>) -> FormatError {
    Bytes::new(&[], NAME).invalid(what, expected)
}

pub(super) fn missing(what: &str) -> FormatError {
    invalid(format!("a schematic without {what}"), what)
}

/// Decodes a file of any of these kinds; which one it is.
pub(in crate::format::import) async fn decode(
    file: &FileBytes,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<&'static str, FormatError> {
    let data = unpacked(file, sink, slice).await?;
    let tags = nbt::Reader::new(data.clone(), NAME);
    let mut root = tags.read(&mut sink.allowance, slice).await?;
    if root.get(&data, "Regions").is_some() {
        litematic::decode(&root, &data, sink, slice).await?;
        return Ok(litematic::NAME);
    }
    if root.list(&data, "blocks").is_some() && root.list(&data, "size").is_some() {
        structure::decode(&root, &data, sink, slice).await?;
        return Ok(structure::NAME);
    }
    let mut root = root.take(&data, "Schematic").unwrap_or(root);
    let edge = |key: &str| {
        let value = root.number(&data, key).map(|value| value & 0xffff);
        value.ok_or_else(|| missing(key))
    };
    let size = [edge("Width")?, edge("Height")?, edge("Length")?];
    match root.bytes(&data, "Blocks") {
        Some(_) => decode_numbered(&root, &data, size, sink, slice).await?,
        None => decode_named(&mut root, &data, size, sink, slice).await?,
    }
    Ok(NAME)
}

/// The tags of a file, unpacked if they are in a gzip stream.
async fn unpacked(
    file: &FileBytes,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<FileBytes, FormatError> {
    if !file.starts_with(b"\x1f\x8b") {
        return Ok(file.clone());
    }
    let limit = sink.limits.max_unpacked_bytes;
    // One byte more tells that there are too many.
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let mut unpacking = Unpacking::gzip(file, most);
    while unpacking.advance().map_err(|error| invalid(error.to_string(), "a gzip stream"))? {
        slice.spend(1).await;
    }
    let got = unpacking.len() as u64;
    if got > limit {
        let what = "the unpacked schematic in bytes".to_owned();
        return Err(FormatError::Limit { what, limit_name: "max_unpacked_bytes", limit, got });
    }
    sink.allowance.take(got)?;
    Ok(unpacking.into_bytes())
}

/// Where cells of a box are: it stands with the middle of its base at the origin, or where our own
/// writer says.
pub(super) fn corner_of(root: &Tag, data: &[u8], [width, height, length]: [i64; 3]) -> [i64; 3] {
    let told = root.get(data, "Metadata").and_then(|told| told.vector(data, CORNER));
    told.unwrap_or_else(|| standing([width, length, height]))
}

/// Our own entry of the metadata: the lowest corner in our own axes.
pub(in crate::format) const CORNER: &str = "GoxelCorner";

/// Cell `index` of a box, x fastest, then z, then y; z of the file runs against our y.
pub(super) fn cell(index: i64, [width, _, length]: [i64; 3]) -> [i64; 3] {
    [index % width, length - 1 - index / width % length, index / width / length]
}

fn check_count(found: i64, size: [i64; 3]) -> Result<(), FormatError> {
    let count: i64 = size.iter().product();
    if found == count {
        Ok(())
    } else {
        Err(invalid(format!("{found} blocks"), format!("{count} blocks")))
    }
}

/// MCEdit's blocks: a number each, with four more bits in another array, and a data value.
async fn decode_numbered(
    root: &Tag,
    data: &[u8],
    size: [i64; 3],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let array = |key: &str| root.bytes(data, key).map_or(&data[..0], |place| &data[place]);
    let (numbers, high, values) = (array("Blocks"), array("AddBlocks"), array("Data"));
    check_count(numbers.len() as i64, size)?;
    let (mut palette, corner) = (Palette::of_numbers(), corner_of(root, data, size));
    for (part, run) in numbers.chunks(CELLS_A_UNIT as usize).enumerate() {
        for (index, &low) in (part * CELLS_A_UNIT as usize..).zip(run) {
            let bits = high.get(index / 2).copied().unwrap_or(0) >> (4 * (index % 2)) & 15;
            let value = values.get(index).copied().unwrap_or(0) & 15;
            let number = usize::from(bits) << 12 | usize::from(low) << 4 | usize::from(value);
            palette.place(number, add(corner, cell(index as i64, size)), sink)?;
        }
        let done = (part * CELLS_A_UNIT as usize) as u64;
        slice.progress(Progress { done, total: 2 * numbers.len() as u64 });
        slice.spend(1).await;
    }
    palette.tell(&mut sink.report);
    Ok(())
}

/// Sponge's blocks: numbers of variable length that stand for names.
async fn decode_named(
    root: &mut Tag,
    data: &[u8],
    size: [i64; 3],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let no_blocks = || missing("block data and palette");
    let corner = corner_of(root, data, size);
    let inner = root.take(data, "Blocks");
    let blocks = inner.as_ref().unwrap_or(root);
    let place = blocks.bytes(data, "BlockData").or_else(|| blocks.bytes(data, "Data"));
    let cells = &data[place.ok_or_else(no_blocks)?];
    let Some(Tag::Compound(names)) = blocks.get(data, "Palette") else { return Err(no_blocks()) };
    let mut palette = Palette::default();
    for (name, number) in names {
        let &Tag::Number(number) = number else { continue };
        // A number that no cell can have needs no room.
        if let Some(number) = usize::try_from(number).ok().filter(|&n| n < cells.len().max(1 << 16))
        {
            palette.insert(number, &String::from_utf8_lossy(&data[name.clone()]));
        }
    }
    // They are counted before any memory is spent for them.
    check_count(count_numbers(cells, slice).await? as i64, size)?;
    let (mut at, mut index) = (0, 0);
    while at < cells.len() {
        for _ in 0..CELLS_A_UNIT {
            let Some((number, length)) = variable_number(&cells[at..]) else { break };
            let is_known = palette.place(number as usize, add(corner, cell(index, size)), sink)?;
            if !is_known {
                return Err(no_blocks());
            }
            at += length;
            index += 1;
        }
        slice.progress(Progress { done: at as u64, total: 2 * cells.len() as u64 });
        slice.spend(1).await;
    }
    palette.tell(&mut sink.report);
    Ok(())
}

async fn count_numbers(bytes: &[u8], slice: &Slice) -> Result<usize, FormatError> {
    let (mut count, mut at) = (0, 0);
    while at < bytes.len() {
        for _ in 0..8 * CELLS_A_UNIT {
            match variable_number(&bytes[at..]) {
                Some((_, length)) => (at, count) = (at + length, count + 1),
                None if at == bytes.len() => break,
                None => return Err(missing("block data and palette")),
            }
        }
        slice.spend(1).await;
    }
    Ok(count)
}

/// A number at the start of bytes, seven bits in each from the low ones up, and how many bytes it
/// takes.
fn variable_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(6).enumerate() {
        value |= u64::from(byte & 127) << (7 * place);
        if byte & 128 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_up_to_six_bytes() {
        assert_eq!(variable_number(&[5, 6]), Some((5, 1)));
        assert_eq!(variable_number(&[0x8c, 0x01]), Some((140, 2)));
        assert_eq!(variable_number(&[128, 128, 128, 128, 128, 1]), Some((1 << 35, 6)));
        assert_eq!(variable_number(&[128; 7]), None);
        assert_eq!((variable_number(&[128, 128]), variable_number(&[])), (None, None));
    }
}
