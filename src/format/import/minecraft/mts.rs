//! `.mts`, schematics of Luanti: names of nodes, then a number for each cell; y up, swapped with z as
//! Goxel does.

use super::colors;
use crate::format::FormatError;
use crate::format::import::{Sink, add, inflate, standing};

pub(in crate::format::import) const NAME: &str = "luanti";

/// Big-endian numbers of 16 bits.
struct Words<'a> {
    bytes: crate::format::bytes::Bytes<'a>,
}

impl Words<'_> {
    fn next(&mut self, what: &str) -> Result<usize, FormatError> {
        let raw = self.bytes.take(2, what)?;
        Ok(usize::from(raw[0]) << 8 | usize::from(raw[1]))
    }
}

pub(in crate::format::import) fn decode(file: &[u8], sink: &mut Sink) -> Result<(), FormatError> {
    let mut bytes = crate::format::bytes::Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"MTSM" {
        return Err(bytes.invalid_at(0, "another magic", "\"MTSM\""));
    }
    let mut words = Words { bytes };
    let version = words.next("the version")?;
    let [x, y, z] = [0; 3].map(|_| words.next("the size"));
    let [width, height, depth] = [x?, y?, z?];
    if version >= 3 {
        words.bytes.take(height, "probabilities of slices")?;
    }
    let mut palette = Vec::new();
    for _ in 0..words.next("the number of names")? {
        let length = words.next("a name's length")?;
        let name = String::from_utf8_lossy(words.bytes.take(length, "a name")?);
        palette.push(colors::of_name(&name));
    }
    let start = words.bytes.offset();
    let cells = width * height * depth;
    sink.allowance.take(2 * cells as u64)?;
    let data = inflate(words.bytes.rest(), 2 * cells)
        .map_err(|found| words.bytes.invalid_at(start, found, "a number for each cell"))?;
    let corner = standing([width, depth, height].map(|length| length as i64));
    for (index, &number) in data.as_chunks::<2>().0.iter().enumerate() {
        let number = usize::from(u16::from_be_bytes(number));
        let color = palette.get(number).ok_or_else(|| {
            let what = format!("node number {number}");
            words.bytes.invalid_at(start, what, format!("below {}", palette.len()))
        })?;
        let cell = [index % width, index / width / height, index / width % height];
        if let Some(color) = color {
            sink.set(add(corner, cell.map(|value| value as i64)), *color)?;
        }
    }
    Ok(())
}
