//! `.qef`, Qubicle's exchange format: text with a palette and a line per voxel; y up.

use super::{COLORS_MAX, Parts, Sink, turned};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::ascii::{BYTES_A_UNIT, Line, Lines, decimal, integer, is_decimal};
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qef";
pub(super) const MAGIC: &str = "Qubicle Exchange Format";

fn numbers<const N: usize>(line: &Line<'_>) -> Option<[i64; N]> {
    let numbers: Option<Vec<i64>> = line.words().take(N + 1).map(integer).collect();
    numbers?.try_into().ok()
}

fn is_integer(_: usize, word: &[u8]) -> bool {
    integer(word).is_some()
}

fn color(line: &Line<'_>) -> Option<Rgba> {
    let channels: Option<Vec<f64>> = line.words().take(4).map(decimal).collect();
    let [r, g, b]: [f64; 3] = channels?.try_into().ok()?;
    let channel = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    Some(Rgba::opaque(channel(r), channel(g), channel(b)))
}

pub(super) fn start(_: &FileBytes, _: &mut Sink) -> Result<Parts, FormatError> {
    let mut text = Text { next: Next::Magic, palette: Palette::default() };
    let mut at = 0;
    Ok(Box::new(move |file, sink| {
        let mut lines = Lines::new(file, at, NAME).within(BYTES_A_UNIT);
        for line in lines.by_ref().filter(|line| !line.text.is_empty()) {
            text.read(&line, sink)?;
        }
        at = lines.position();
        sink.progress = (at, file.len());
        if at < file.len() {
            return Ok(true);
        }
        if text.next != Next::Voxel {
            let end = Bytes::new(file, NAME).at(file.len());
            return Err(end.invalid("the end of the file", "more lines"));
        }
        sink.palette = Some(std::mem::take(&mut text.palette));
        Ok(false)
    }))
}

/// What the next line that is not empty must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Magic,
    Version,
    Address,
    Size,
    ColorCount,
    Color { left: i64 },
    Voxel,
}

struct Text {
    next: Next,
    palette: Palette,
}

impl Text {
    fn read(&mut self, line: &Line<'_>, sink: &mut Sink) -> Result<(), FormatError> {
        let colors = |left: i64| if left > 0 { Next::Color { left } } else { Next::Voxel };
        self.next = match self.next {
            Next::Magic if line.text == MAGIC.as_bytes() => Next::Version,
            Next::Magic => return Err(line.invalid(format!("'{MAGIC}'"))),
            Next::Version => Next::Address,
            Next::Address => Next::Size,
            Next::Size => {
                let size = numbers::<3>(line);
                size.ok_or_else(|| line.misfit(0, is_integer, "width, height and depth"))?;
                Next::ColorCount
            }
            Next::ColorCount => {
                let most = COLORS_MAX as i64;
                let count = numbers(line).filter(|[count]| (0..=most).contains(count));
                let [count] = count.ok_or_else(|| {
                    let fits = |_, word: &[u8]| {
                        integer(word).is_some_and(|count| (0..=most).contains(&count))
                    };
                    line.misfit(0, fits, format!("the number of colours, 0 to {most}"))
                })?;
                // So that they are not moved when there are more.
                self.palette.colors.reserve(count as usize);
                colors(count)
            }
            Next::Color { left } => {
                let color = color(line);
                let color = color.ok_or_else(|| line.misfit(0, is_decimal, "R G B from 0 to 1"))?;
                self.palette.colors.push((color, None));
                colors(left - 1)
            }
            Next::Voxel => {
                self.set_voxel(line, sink)?;
                Next::Voxel
            }
        };
        Ok(())
    }

    fn set_voxel(&self, line: &Line<'_>, sink: &mut Sink) -> Result<(), FormatError> {
        let numbers = numbers(line);
        let [x, y, z, index, _] =
            numbers.ok_or_else(|| line.misfit(0, is_integer, "X Y Z COLOUR MASK"))?;
        let colors = &self.palette.colors;
        let color = usize::try_from(index).ok().and_then(|index| colors.get(index));
        let last = colors.len() as i64 - 1;
        let (color, _) = color.ok_or_else(|| {
            let fits = |place, _: &[u8]| place != 3;
            line.misfit(0, fits, format!("a colour of 0 to {last}"))
        })?;
        sink.set(turned([x, y, z]), *color)
    }
}
