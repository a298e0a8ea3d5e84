//! `.kvx` of the Build engine: columns of visible voxels; z down, y towards the viewer.
//!
//! Only the surface is stored. Columns are filled where a slab that is covered below is followed by
//! one that is covered above.

use super::{CELLS_A_UNIT, Parts, Sink};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
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

pub(super) fn start(file: &FileBytes, sink: &mut Sink) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    let length = bytes.u32("the model's length")? as usize;
    let model = bytes.sub(length, "the model")?;
    let rest = bytes.rest();
    let palette = rest.len().checked_sub(PALETTE_BYTES).map(|at| &rest[at..]);
    let palette = palette.ok_or_else(|| bytes.invalid("no palette", "768 bytes of colours"))?;
    let colors: Vec<Rgba> = palette.as_chunks::<3>().0.iter().map(|c| color6(c)).collect();
    let mut columns = Columns::read(model, length)?;
    sink.layer("", true)?;
    sink.palette = Some(Palette::of_colors("", colors.iter().copied()));
    Ok(Box::new(move |file, sink| {
        let mut cells = 0;
        while cells < CELLS_A_UNIT && columns.next < columns.count() {
            cells += columns.size[2] + columns.read_next(file, &colors, sink)? as i64;
        }
        sink.progress = (columns.next, columns.count());
        Ok(columns.next < columns.count())
    }))
}

/// The columns of a model, which are read one after another.
struct Columns {
    size: [i64; 3],
    pivot: [i64; 3],
    /// Where in the file the offsets of rows begin (32 bits each, counted from here), then those of
    /// columns (16 bits each, counted from the row's), and where the model ends.
    rows: usize,
    in_rows: usize,
    end: usize,
    next: usize,
    /// Bytes that the columns to come may have together.
    left: usize,
}

impl Columns {
    /// Reads the head of a model.
    fn read(mut model: Bytes<'_>, length: usize) -> Result<Self, FormatError> {
        let start = model.offset();
        let [width, depth, height] = [0; 3].map(|_| model.u32("the size"));
        let size = [width?, depth?, height?].map(i64::from);
        let [px, py, pz] = [0; 3].map(|_| model.i32("the pivot"));
        let pivot = [px?, py?, pz?].map(|value| i64::from(value / 256));
        if size.iter().any(|length| !(1..=4096).contains(length)) {
            let expected = "edges of 1 to 256 voxels";
            return Err(model.invalid_at(start, "another size", expected));
        }
        let (width, depth) = (size[0] as usize, size[1] as usize);
        let rows = model.offset() as usize;
        model.take(4 * (width + 1), "the table of columns")?;
        let in_rows = model.offset() as usize;
        model.take(2 * width * (depth + 1), "the table of columns")?;
        let end = start as usize + length;
        Ok(Columns { size, pivot, rows, in_rows, end, next: 0, left: length })
    }

    fn count(&self) -> usize {
        (self.size[0] * self.size[1]) as usize
    }

    /// Reads a column; how many bytes it has.
    fn read_next(
        &mut self,
        file: &[u8],
        colors: &[Rgba],
        sink: &mut Sink,
    ) -> Result<usize, FormatError> {
        let depth = self.size[1] as usize;
        let (x, y) = (self.next / depth, self.next % depth);
        let table = Bytes::new(&file[..self.end], NAME).at(self.rows);
        let at = |y: usize| -> Result<usize, FormatError> {
            let what = "the table of columns";
            let in_row = self.in_rows + 2 * (x * (depth + 1) + y);
            let low = table.clone().at(in_row).take(2, what)?;
            let in_row = usize::from(u16::from_le_bytes([low[0], low[1]]));
            Ok(self.rows + table.clone().at(self.rows + 4 * x).u32(what)? as usize + in_row)
        };
        let (from, to) = (at(y)?, at(y + 1)?);
        if to < from {
            let what = format!("column {x}, {y} of negative length");
            return Err(table.invalid(what, "0 or more"));
        }
        // Columns that overlap would make a small file a long work.
        self.left = self
            .left
            .checked_sub(to - from)
            .ok_or_else(|| table.invalid("columns that overlap", "columns one behind the other"))?;
        let mut column = table.at(from).sub(to - from, "a column")?;
        let (pivot, y) = (self.pivot, self.size[1] - 1 - y as i64);
        let place = |z: i64| [x as i64 - pivot[0], y - pivot[1], pivot[2] - 1 - z];
        read_column(&mut column, colors, |z, color| sink.set(place(z), color))?;
        self.next += 1;
        Ok(to - from)
    }
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
            let what = "a slab that begins too high";
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
