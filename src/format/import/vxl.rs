//! `.vxl`, maps of Ace of Spades: 512 x 512 columns of 64 voxels without a header; z down.
//!
//! Placed as Goxel does: x is 255 minus the file's, y is less by 256, z is 31 minus the file's.
//! Voxels that have no colour, because they are hidden, get earth's.

use super::{CELLS_A_UNIT, Parts, Sink};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "vxl";
pub(super) const EDGE: i64 = 512;
pub(super) const HEIGHT: i64 = 64;
pub(super) const EARTH: Rgba = Rgba::opaque(91, 64, 64);

pub(super) fn start(file: &FileBytes, sink: &mut Sink) -> Result<Parts, FormatError> {
    let bytes = Bytes::new(file, NAME);
    if file.starts_with(b"Voxel Animation\0") {
        let expected = "a map of Ace of Spades; models of Westwood's games are not read";
        return Err(bytes.invalid("another format of the same ending", expected));
    }
    sink.layer("", true)?;
    let (mut column, mut at) = (0, 0);
    Ok(Box::new(move |file, sink| {
        let mut bytes = Bytes::new(file, NAME).at(at);
        for _ in 0..CELLS_A_UNIT / HEIGHT {
            let (x, y) = (column % EDGE, column / EDGE);
            let place = |z: i64| [255 - x, y - 256, 31 - z];
            read_column(&mut bytes, |z, color| sink.set(place(z), color))?;
            column += 1;
        }
        at = bytes.position();
        sink.progress = (at, file.len());
        Ok(column < EDGE * EDGE)
    }))
}

const _: () = assert!((EDGE * EDGE) % (CELLS_A_UNIT / HEIGHT) == 0);

fn read_column(
    bytes: &mut Bytes<'_>,
    mut set: impl FnMut(i64, Rgba) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    loop {
        let start = bytes.offset();
        let span = bytes.take(4, "a span")?;
        let [words, top, bottom] = [span[0], span[1], span[2]].map(i64::from);
        let count = bottom - top + 1;
        let below = words - 1 - count;
        if !(0..=HEIGHT).contains(&count) || bottom >= HEIGHT || (words > 0 && below < 0) {
            return Err(bytes.invalid_at(start, "another span", "a span within 64 voxels"));
        }
        for z in top..=bottom {
            set(z, color(bytes)?)?;
        }
        if words == 0 {
            return (bottom + 1..HEIGHT).try_for_each(|z| set(z, EARTH));
        }
        // The colours at the bottom of this solid end where the next span says that air begins.
        let colors = bytes.take(4 * below as usize, "a span's colours")?;
        let mut ahead = bytes.clone();
        let end = i64::from(ahead.take(4, "the next span")?[3]);
        if end > HEIGHT || end - below <= bottom {
            let what = "a solid that ends elsewhere";
            return Err(bytes.invalid_at(start, what, "its colours between the top and 64"));
        }
        (bottom + 1..end - below).try_for_each(|z| set(z, EARTH))?;
        for (z, &[b, g, r, _]) in (end - below..end).zip(colors.as_chunks::<4>().0) {
            set(z, Rgba::opaque(r, g, b))?;
        }
    }
}

fn color(bytes: &mut Bytes<'_>) -> Result<Rgba, FormatError> {
    let raw = bytes.take(4, "a colour")?;
    Ok(Rgba::opaque(raw[2], raw[1], raw[0]))
}
