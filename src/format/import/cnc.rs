//! `.vxl` of Command & Conquer: sections of columns of spans, in colours of a palette; z up. A
//! layer a section.

use super::{CELLS_A_UNIT, Sink, standing};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::job::Slice;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "cnc vxl";
pub(super) const MAGIC: &[u8; 16] = b"Voxel Animation\0";
/// Bytes of the file's head, and of a section's head and tail.
const HEAD: usize = 802;
const SECTION_HEAD: usize = 28;
const SECTION_TAIL: usize = 92;
/// Where the palette begins.
const PALETTE: usize = 34;

pub(super) async fn decode(
    file: &FileBytes,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<&'static str, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(16, "the magic")? != MAGIC {
        return Err(bytes.invalid_at(0, "another magic", "\"Voxel Animation\""));
    }
    bytes.u32("the number of palettes")?;
    let [sections, tails] = [bytes.u32("the number of sections")?, bytes.u32("the tails")?];
    let body = bytes.u32("the body's length")? as usize;
    let colors = bytes.at(PALETTE).take(HEAD - PALETTE, "the palette")?;
    let colors: Vec<Rgba> =
        colors.as_chunks::<3>().0.iter().map(|&[r, g, b]| Rgba::opaque(r, g, b)).collect();
    let start = HEAD + SECTION_HEAD * sections as usize;
    if tails != sections || start.saturating_add(body) > file.len() {
        let what = format!("{sections} sections, {tails} tails, a body of {body} bytes");
        let expected = "as many tails as sections, and bytes for all";
        return Err(Bytes::new(file, NAME).invalid_at(20, what, expected));
    }
    for section in 0..sections as usize {
        let head = Bytes::new(file, NAME).at(HEAD + SECTION_HEAD * section).take(16, "a name")?;
        let name = String::from_utf8_lossy(head).split('\0').next().unwrap_or("").to_owned();
        sink.layer(&name, true)?;
        let tail = Bytes::new(file, NAME).at(start + body + SECTION_TAIL * section);
        let section = Section::read(tail, start, body)?;
        section.place(file, &colors, sink, slice).await?;
    }
    sink.palette = Some(Palette::of_colors("", colors));
    Ok(NAME)
}

/// Where the columns of a section are.
struct Section {
    size: [i64; 3],
    /// Where in the file the places of the columns' spans begin, and the spans.
    starts: usize,
    spans: usize,
    end: usize,
}

impl Section {
    fn read(mut tail: Bytes<'_>, start: usize, body: usize) -> Result<Section, FormatError> {
        let [starts, _, spans] = [0; 3].map(|_| tail.u32("the place of spans"));
        let (starts, spans) = (starts? as usize, spans? as usize);
        tail.take(4 + 48 + 24, "a section's frame")?;
        let size = tail.take(4, "a section's size")?;
        let size = [i64::from(size[0]), i64::from(size[1]), i64::from(size[2])];
        if starts > body || spans > body {
            let what = format!("spans at {starts} and {spans}");
            return Err(tail.invalid(what, format!("within the body of {body} bytes")));
        }
        Ok(Section { size, starts: start + starts, spans: start + spans, end: start + body })
    }

    async fn place(
        &self,
        file: &FileBytes,
        colors: &[Rgba],
        sink: &mut Sink,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        let [width, depth, height] = self.size;
        let corner = standing(self.size);
        let mut starts = Bytes::new(&file[..self.end], NAME).at(self.starts);
        for column in 0..width * depth {
            let start = starts.i32("the place of a column")?;
            if start >= 0 {
                let at = self.spans.saturating_add(start as usize);
                let mut bytes = Bytes::new(&file[..self.end], NAME).at(at);
                let mut z = 0;
                while z < height {
                    z += i64::from(bytes.u8("a gap")?);
                    let count = i64::from(bytes.u8("a span's length")?);
                    if z + count > height {
                        let what = format!("a span up to {}", z + count);
                        return Err(bytes.invalid(what, format!("at most {height}")));
                    }
                    for _ in 0..count {
                        let pair = bytes.take(2, "a voxel")?;
                        let color = colors.get(usize::from(pair[0])).copied();
                        let cell = [column % width, column / width, z];
                        let at = [0, 1, 2].map(|axis| corner[axis] + cell[axis]);
                        sink.set(at, color.unwrap_or(Rgba::WHITE))?;
                        z += 1;
                    }
                    bytes.u8("a span's length again")?;
                }
            }
            if column % (CELLS_A_UNIT / 16) == 0 {
                slice.spend(1).await;
            }
        }
        Ok(())
    }
}
