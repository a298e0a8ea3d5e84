//! `.kvx` of the Build engine: columns of visible voxels; z down, y towards the viewer.
//!
//! Only the surface is stored. Columns are filled where a slab that is covered below is followed by one
//! that is covered above.

use super::Sink;
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::Bytes;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "kvx";
/// Visibility bits of the faces towards -z (above) and +z (below).
pub(super) const TOP_OPEN: u8 = 16;
pub(super) const BOTTOM_OPEN: u8 = 32;
/// Bytes of the palette at the end of the file, 6 bits a channel.
const PALETTE_BYTES: usize = 768;

/// A colour of 6-bit channels.
pub(super) fn color6(channels: &[u8]) -> Rgba {
    let channel = |index: usize| {
        let value = u32::from(channels.get(index).copied().unwrap_or(0).min(63));
        ((value * 255 + 31) / 63) as u8
    };
    Rgba::opaque(channel(0), channel(1), channel(2))
}

pub(super) fn decode(file: &[u8], sink: &mut Sink) -> Result<(), FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    let length = bytes.u32("the model's length")? as usize;
    let mut model = bytes.sub(length, "the model")?;
    let rest = bytes.rest();
    let palette = rest.len().checked_sub(PALETTE_BYTES).map(|at| &rest[at..]);
    let palette = palette.ok_or_else(|| bytes.invalid("no palette", "768 bytes of colours"))?;
    let colors: Vec<Rgba> = palette.as_chunks::<3>().0.iter().map(|c| color6(c)).collect();

    let start = model.offset();
    let [width, depth, height] = [0; 3].map(|_| model.u32("the size"));
    let size = [width?, depth?, height?].map(i64::from);
    let [px, py, pz] = [0; 3].map(|_| model.i32("the pivot"));
    let pivot = [px?, py?, pz?].map(|value| i64::from(value / 256));
    if size.iter().any(|length| !(1..=4096).contains(length)) {
        let expected = "edges of 1 to 256 voxels";
        return Err(model.invalid_at(start, format!("a size of {size:?}"), expected));
    }
    let table = model.clone();
    let columns = table.position();
    let x_offsets = offsets(&mut model, size[0] as usize + 1, true)?;
    let row = size[1] as usize + 1;
    let y_offsets = offsets(&mut model, size[0] as usize * row, false)?;
    sink.layer("", true)?;
    let mut left = length;
    for x in 0..size[0] as usize {
        for y in 0..size[1] as usize {
            let at = |y: usize| columns + x_offsets[x] + y_offsets[x * row + y];
            let (from, to) = (at(y), at(y + 1));
            if to < from {
                return Err(
                    table.invalid(format!("column {x}, {y} of negative length"), "0 or more")
                );
            }
            // Columns that overlap would make a small file a long work.
            left = left.checked_sub(to - from).ok_or_else(|| {
                table.invalid("columns that overlap", "columns one behind the other")
            })?;
            let mut column = table.clone().at(from).sub(to - from, "a column")?;
            let place =
                |z: i64| [x as i64 - pivot[0], size[1] - 1 - y as i64 - pivot[1], pivot[2] - 1 - z];
            read_column(&mut column, &colors, |z, color| sink.set(place(z), color))?;
        }
    }
    sink.palette = Some(Palette::of_colors("", colors));
    Ok(())
}

fn offsets(bytes: &mut Bytes<'_>, count: usize, wide: bool) -> Result<Vec<usize>, FormatError> {
    let what = "the table of columns";
    let width = if wide { 4 } else { 2 };
    let raw = bytes.take(count * width, what)?;
    let number = |raw: &[u8]| raw.iter().rev().fold(0, |value, &b| value << 8 | usize::from(b));
    Ok(raw.chunks(width).map(number).collect())
}

/// Reads the slabs of a column from the top down, the hidden voxels between them included.
fn read_column(
    column: &mut Bytes<'_>,
    colors: &[Rgba],
    mut set: impl FnMut(i64, Rgba) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut last: Option<(i64, Rgba)> = None;
    let mut end = 0;
    while column.remaining() > 0 {
        let start = column.offset();
        let top = i64::from(column.u8("a slab's top")?);
        let length = usize::from(column.u8("a slab's length")?);
        let faces = column.u8("a slab's faces")?;
        if top < end {
            let what = format!("a slab from {top} on");
            return Err(column.invalid_at(start, what, format!("slabs downwards, {end} or more")));
        }
        end = top + length as i64;
        if let Some((end, color)) = last.filter(|_| faces & TOP_OPEN == 0) {
            (end..top).try_for_each(|z| set(z, color))?;
        }
        last = None;
        for (step, &index) in column.take(length, "a slab's colours")?.iter().enumerate() {
            let (z, color) = (top + step as i64, colors[usize::from(index)]);
            set(z, color)?;
            last = (faces & BOTTOM_OPEN == 0).then_some((z + 1, color));
        }
    }
    Ok(())
}
