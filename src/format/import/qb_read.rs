//! `.qb`, Qubicle Binary: one layer for each matrix; y up.
//!
//! Files that say "right-handed" (Goxel's own are so) swap y and z; others are turned.

use super::{CELLS_A_UNIT, Parts, Sink, add, turned};
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
        let bad = || bytes.invalid_at(start, format!("{what} of another number"), "0 or 1");
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
            && !begun.read_cells(&mut bytes, &settings, sink)?
        {
            matrix = None;
        }
        at = bytes.position();
        sink.progress = (at, file.len());
        Ok(true)
    }))
}

/// A matrix whose cells are read.
struct Matrix {
    size: [i64; 3],
    corner: [i64; 3],
    /// The slice that is read, and its next cell: y slowest, x fastest.
    z: i64,
    index: i64,
    /// What is left of a run: cells, and their colour.
    run: (i64, u32),
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
        let what = "a matrix of another size or place";
        let expected = "edges of at most 16777216, within 32-bit coordinates";
        return Err(bytes.invalid_at(start, what, expected));
    }
    sink.layer(&name, true)?;
    Ok(Matrix { size, corner, z: 0, index: 0, run: (0, 0) })
}

impl Matrix {
    /// Reads some cells; false once there is none left.
    fn read_cells(
        &mut self,
        bytes: &mut Bytes<'_>,
        settings: &Settings,
        sink: &mut Sink,
    ) -> Result<bool, FormatError> {
        let mut left = CELLS_A_UNIT;
        while left > 0 && self.z < self.size[2] {
            left -= if settings.compressed {
                self.read_run(left, bytes, settings, sink)?
            } else {
                self.read_plain(left, bytes, settings, sink)?
            };
        }
        Ok(self.z < self.size[2])
    }

    /// Reads up to `most` cells of a slice that is not compressed; how much work it was.
    fn read_plain(
        &mut self,
        most: i64,
        bytes: &mut Bytes<'_>,
        settings: &Settings,
        sink: &mut Sink,
    ) -> Result<i64, FormatError> {
        let cells = self.size[0] * self.size[1];
        if self.index == 0 {
            bytes.clone().take(4 * cells as usize, "a slice")?;
        }
        if cells == 0 {
            self.z = self.size[2];
            return Ok(1);
        }
        let count = most.min(cells - self.index);
        for &word in bytes.take(4 * count as usize, "a slice")?.as_chunks::<4>().0 {
            self.set(u32::from_le_bytes(word), settings, sink)?;
            self.index += 1;
        }
        if self.index == cells {
            (self.z, self.index) = (self.z + 1, 0);
        }
        Ok(count)
    }

    /// Goes on with a run of up to `most` cells, or reads the next one's head; how much work it
    /// was.
    fn read_run(
        &mut self,
        most: i64,
        bytes: &mut Bytes<'_>,
        settings: &Settings,
        sink: &mut Sink,
    ) -> Result<i64, FormatError> {
        if self.run.0 > 0 {
            let count = most.min(self.run.0);
            for _ in 0..count {
                self.set(self.run.1, settings, sink)?;
                self.index += 1;
            }
            self.run.0 -= count;
            return Ok(count);
        }
        let (start, cells) = (bytes.offset(), self.size[0] * self.size[1]);
        let (count, word) = match bytes.u32("a colour")? {
            NEXT_SLICE => {
                (self.z, self.index) = (self.z + 1, 0);
                return Ok(1);
            }
            RUN => (i64::from(bytes.u32("a run's length")?), bytes.u32("a run's colour")?),
            word => (1, word),
        };
        if self.index + count > cells {
            let what = "more voxels in a slice";
            return Err(bytes.invalid_at(start, what, format!("at most {cells}")));
        }
        // Empty cells need not be gone through.
        match word >> 24 {
            0 => self.index += count,
            _ => self.run = (count, word),
        }
        Ok(1)
    }

    /// Sets the next cell.
    fn set(&self, word: u32, settings: &Settings, sink: &mut Sink) -> Result<(), FormatError> {
        let color = settings.color(word);
        if color.is_empty() {
            return Ok(());
        }
        let cell = [self.index % self.size[0], self.index / self.size[0], self.z];
        sink.set(settings.place(add(self.corner, cell)), color)
    }
}
