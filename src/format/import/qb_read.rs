//! `.qb`, Qubicle Binary: one layer for each matrix; y up.
//!
//! Files that say "right-handed" (Goxel's own are so) swap y and z; others are turned.

use super::{CELLS_A_UNIT, Parts, Sink, turned};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qubicle";
/// Words that are no colour in compressed data.
pub(super) const RUN: u32 = 2;
pub(super) const NEXT_SLICE: u32 = 6;

struct Settings {
    bgra: bool,
    right_handed: bool,
    compressed: bool,
    masks: bool,
}

impl Settings {
    fn color(&self, word: u32) -> Rgba {
        let [a, b, c, alpha] = word.to_le_bytes();
        let alpha = if self.masks && alpha > 0 { 255 } else { alpha };
        if self.bgra { Rgba::new(c, b, a, alpha) } else { Rgba::new(a, b, c, alpha) }
    }

    fn place(&self, [x, y, z]: [i64; 3]) -> [i64; 3] {
        if self.right_handed { [x, z, y] } else { turned([x, y, z]) }
    }
}

pub(super) fn start(file: &FileBytes, _: &mut Sink) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    bytes.u32("the version")?;
    let mut flag = |what: &str| {
        let start = bytes.offset();
        let value = bytes.u32(what)?;
        let bad = || bytes.invalid_at(start, format!("{what} of {value}"), "0 or 1");
        if value > 1 { Err(bad()) } else { Ok(value == 1) }
    };
    let (bgra, right_handed) = (flag("a colour format")?, flag("an orientation")?);
    let (compressed, masks) = (flag("a compression")?, flag("a mask setting")?);
    let settings = Settings { bgra, right_handed, compressed, masks };
    let count = bytes.u32("the number of matrices")?;
    let (mut at, mut left, mut matrix) = (bytes.position(), count, None);
    Ok(Box::new(move |file, sink| {
        let mut bytes = Bytes::new(file, NAME).at(at);
        if matrix.is_none() {
            // Some writers count empty matrices that they do not write.
            if left == 0 || bytes.remaining() == 0 {
                return Ok(false);
            }
            left -= 1;
            matrix = Some(read_head(&mut bytes, sink)?);
        }
        if let Some(begun) = &mut matrix
            && !begun.read_slices(&mut bytes, &settings, sink)?
        {
            matrix = None;
        }
        at = bytes.position();
        sink.progress = (at, file.len());
        Ok(true)
    }))
}

/// A matrix whose slices are read.
struct Matrix {
    size: [i64; 3],
    corner: [i64; 3],
    /// The next slice.
    z: i64,
}

fn read_head(bytes: &mut Bytes<'_>, sink: &mut Sink) -> Result<Matrix, FormatError> {
    let length = usize::from(bytes.u8("a name's length")?);
    let name = String::from_utf8_lossy(bytes.take(length, "a name")?).into_owned();
    let start = bytes.offset();
    let [x, y, z] = [0; 3].map(|_| bytes.u32("a matrix's size"));
    let size = [x?, y?, z?].map(i64::from);
    let [x, y, z] = [0; 3].map(|_| bytes.i32("a matrix's place"));
    let corner = [x?, y?, z?].map(i64::from);
    let reach = |axis: usize| corner[axis] + size[axis] <= i64::from(i32::MAX);
    if size.iter().any(|&length| length > 1 << 24) || !(0..3).all(reach) {
        let what = format!("a matrix of {size:?} at {corner:?}");
        let expected = "edges of at most 16777216, within 32-bit coordinates";
        return Err(bytes.invalid_at(start, what, expected));
    }
    sink.layer(&name, true)?;
    Ok(Matrix { size, corner, z: 0 })
}

impl Matrix {
    /// Reads some slices; false once there is none left.
    fn read_slices(
        &mut self,
        bytes: &mut Bytes<'_>,
        settings: &Settings,
        sink: &mut Sink,
    ) -> Result<bool, FormatError> {
        let (size, corner) = (self.size, self.corner);
        let mut set = |[x, y, z]: [i64; 3], word: u32| {
            let color = settings.color(word);
            match color.is_empty() {
                true => Ok(()),
                false => {
                    sink.set(settings.place([corner[0] + x, corner[1] + y, corner[2] + z]), color)
                }
            }
        };
        let slices = (CELLS_A_UNIT / (size[0] * size[1]).max(1)).max(1);
        let end = size[2].min(self.z + slices);
        for z in self.z..end {
            if settings.compressed {
                read_slice(bytes, size, |x, y, word| set([x, y, z], word))?;
            } else {
                let words = bytes.take((4 * size[0] * size[1]) as usize, "a slice")?;
                for (index, &word) in (0i64..).zip(words.as_chunks::<4>().0) {
                    set([index % size[0], index / size[0], z], u32::from_le_bytes(word))?;
                }
                if words.is_empty() {
                    return Ok(false);
                }
            }
        }
        self.z = end;
        Ok(end < size[2])
    }
}

fn read_slice(
    bytes: &mut Bytes<'_>,
    size: [i64; 3],
    mut set: impl FnMut(i64, i64, u32) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let cells = size[0] * size[1];
    let mut index = 0;
    loop {
        let start = bytes.offset();
        let (count, word) = match bytes.u32("a colour")? {
            NEXT_SLICE => return Ok(()),
            RUN => (i64::from(bytes.u32("a run's length")?), bytes.u32("a run's colour")?),
            word => (1, word),
        };
        if index + count > cells {
            let what = format!("{} voxels in a slice", index + count);
            return Err(bytes.invalid_at(start, what, format!("at most {cells}")));
        }
        if word >> 24 != 0 {
            (index..index + count).try_for_each(|i| set(i % size[0], i / size[0], word))?;
        }
        index += count;
    }
}
