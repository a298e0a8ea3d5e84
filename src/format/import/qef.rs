//! `.qef`, Qubicle's exchange format: text with a palette and a line per voxel; y up.

use super::{Sink, turned};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::ascii::{Line, Lines, decimal, integer};
use crate::format::bytes::Bytes;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qef";
const MAGIC: &str = "Qubicle Exchange Format";

fn numbers<const N: usize>(line: &Line<'_>) -> Option<[i64; N]> {
    let numbers: Option<Vec<i64>> = line.words().map(integer).collect();
    numbers?.try_into().ok()
}

fn color(line: &Line<'_>) -> Option<Rgba> {
    let channels: Option<Vec<f64>> = line.words().map(decimal).collect();
    let [r, g, b]: [f64; 3] = channels?.try_into().ok()?;
    let channel = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    Some(Rgba::opaque(channel(r), channel(g), channel(b)))
}

pub(super) fn decode(file: &[u8], sink: &mut Sink) -> Result<(), FormatError> {
    let mut lines = Lines::new(file, 0, NAME).filter(|line| !line.text.is_empty());
    let end = || Bytes::new(file, NAME).at(file.len()).invalid("the end of the file", "more lines");
    let first = lines.next().ok_or_else(end)?;
    if first.text != MAGIC.as_bytes() {
        return Err(first.invalid(format!("'{MAGIC}'")));
    }
    // Version and address of the maker follow.
    let mut next = || lines.next().ok_or_else(end);
    next()?;
    next()?;
    let size = next()?;
    numbers::<3>(&size).ok_or_else(|| size.invalid("width, height and depth"))?;
    let count = next()?;
    let [colors] = numbers(&count)
        .filter(|[count]| (0..=1 << 20).contains(count))
        .ok_or_else(|| count.invalid("the number of colours"))?;
    let mut palette = Vec::new();
    for _ in 0..colors {
        let line = next()?;
        palette.push(color(&line).ok_or_else(|| line.invalid("R G B from 0 to 1"))?);
    }
    for line in lines {
        let [x, y, z, index, _] =
            numbers(&line).ok_or_else(|| line.invalid("X Y Z COLOUR MASK"))?;
        let color = usize::try_from(index).ok().and_then(|index| palette.get(index));
        let color =
            color.ok_or_else(|| line.invalid(format!("a colour of 0 to {}", colors - 1)))?;
        sink.set(turned([x, y, z]), *color)?;
    }
    sink.palette = Some(Palette::of_colors("", palette));
    Ok(())
}
