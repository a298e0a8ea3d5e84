//! `.binvox`: a dense box without colours, run-length coded; y up.

use super::{CELLS_A_UNIT, Parts, Sink, add, standing, turned};
use crate::format::FormatError;
use crate::format::ascii::{HEADER_MAX, Lines, integer};
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "binvox";
/// The colour of all voxels: the file has none.
pub(in crate::format) const COLOR: Rgba = Rgba::opaque(200, 200, 200);

pub(super) fn start(file: &FileBytes, _: &mut Sink) -> Result<Parts, FormatError> {
    let mut lines = Lines::new(file, 0, NAME).within(HEADER_MAX);
    let mut size = None;
    loop {
        let missing = || Bytes::new(file, NAME).at(file.len()).invalid("the end", "'data'");
        let line = lines.next().ok_or_else(missing)?;
        let words: Vec<&[u8]> = line.words().collect();
        match words[..] {
            [b"dim", a, b, c] => {
                const EXPECTED: &str = "dim and three numbers of 1 to 4096";
                let number = |word: &[u8]| integer(word).filter(|v| (1..=4096).contains(v));
                let (Some(a), Some(b), Some(c)) = (number(a), number(b), number(c)) else {
                    return Err(line.misfit(1, |_, word| number(word).is_some(), EXPECTED));
                };
                size = Some([a, b, c]);
            }
            [b"data"] => break,
            _ => {}
        }
    }
    let mut at = lines.position();
    let bytes = Bytes::new(file, NAME).at(at);
    let size = size.ok_or_else(|| bytes.invalid("data without a size", "a line 'dim'"))?;
    // The file's order: x slowest, then z, and y, which points up, fastest.
    let [_, along, up] = size;
    let total: i64 = size.iter().product();
    let corner = standing([size[0], along, up]);
    let mut index = 0;
    Ok(Box::new(move |file, sink| {
        let mut bytes = Bytes::new(file, NAME).at(at);
        let end = total.min(index + CELLS_A_UNIT);
        while index < end {
            let value = bytes.u8("a run")?;
            let count = i64::from(bytes.u8("a run's length")?);
            if index + count > total {
                return Err(bytes.invalid("a run beyond the end", format!("{total} cells in all")));
            }
            for index in (index..index + count).filter(|_| value != 0) {
                let cell = [index / (along * up), index % up, index / up % along];
                let [x, y, z] = turned(cell);
                sink.set(add(corner, [x, y + along, z]), COLOR)?;
            }
            index += count;
        }
        at = bytes.position();
        sink.progress = (at, file.len());
        Ok(index < total)
    }))
}
