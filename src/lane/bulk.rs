//! Payloads of the binary bulk lane: voxels by the million without text.
//!
//! A request is a binary frame (16-byte header, big-endian) whose type is one of the constants
//! here. Inside the payload everything is little-endian. Every request begins with a head:
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 1 | version of this layout: 1 |
//! | 1 | 1 | flags: bit 0 = voxels of alpha 0 leave what is there (without it they erase) |
//! | 2 | 2 | length of the project's name in bytes; 0 is the default project |
//! | 4 | 4 | layer id, signed; 0 or less is the active layer |
//! | 8 | n | the project's name in UTF-8, padded with zeros to a multiple of 4 |
//!
//! then, by type:
//!
//! * [`PUT_VOXELS`]: any number of voxels of 16 bytes: x, y, z as signed 32-bit, then r, g, b, a.
//! * [`PUT_BOX`]: the box (min x, y, z and max x, y, z as signed 32-bit, both corners inside), the
//!   encoding (32-bit: 0 dense, 1 run-length), then the voxels with x fastest, then y, then z.
//!   Dense: r, g, b, a each. Run-length: a 32-bit count and r, g, b, a for each run; the counts add
//!   up to the box.
//! * [`GET_BOX`]: the box and the encoding of the answer.
//!
//! A good answer has the type of its request. To a put it is the new revision and the number of
//! voxels that changed, 64-bit each. To a get it is the box, the encoding and the voxels, as in a
//! put. Anything that is refused is answered with type 0 and a JSON-RPC error; then nothing was
//! changed.

use std::ops::Range;

use byteorder::{ByteOrder, LittleEndian};

/// Sets single voxels.
pub const PUT_VOXELS: u32 = 0xB001;
/// Sets all voxels of a box.
pub const PUT_BOX: u32 = 0xB002;
/// Reads all voxels of a box.
pub const GET_BOX: u32 = 0xB003;

/// The version of the layout.
pub const VERSION: u8 = 1;
/// Flag: voxels of alpha 0 leave what is there.
pub const SKIP_EMPTY: u8 = 1;
/// Bytes of a voxel in [`PUT_VOXELS`].
pub const VOXEL_BYTES: usize = 16;

const FIXED_HEAD: usize = 8;
const BOX_HEAD: usize = 28;

/// What is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset} of the payload; expected {expected}")]
pub struct BulkError {
    /// Where, in bytes from the payload's start.
    pub offset: usize,
    /// What is there.
    pub what: String,
    /// What should be there.
    pub expected: &'static str,
}

fn wrong<T>(
    offset: usize,
    what: impl Into<String>,
    expected: &'static str,
) -> Result<T, BulkError> {
    Err(BulkError { offset, what: what.into(), expected })
}

/// The head of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Head<'a> {
    /// The project; empty for the default one.
    pub project: &'a str,
    /// The layer; 0 or less for the active one.
    pub layer: i32,
    /// Whether voxels of alpha 0 leave what is there.
    pub skip_empty: bool,
}

/// How the voxels of a box are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One after the other.
    Dense,
    /// Runs of equal ones.
    RunLength,
}

/// A box, both corners inside, and how its voxels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHead {
    /// The lowest corner.
    pub min: [i32; 3],
    /// The highest corner.
    pub max: [i32; 3],
    /// The encoding.
    pub encoding: Encoding,
}

impl BoxHead {
    /// How many voxels the box holds.
    pub fn capacity(&self) -> u128 {
        (0..3)
            .map(|axis| (i64::from(self.max[axis]) - i64::from(self.min[axis]) + 1) as u128)
            .product()
    }
}

impl<'a> Head<'a> {
    /// Reads the head of a payload; also where the rest of it lies.
    ///
    /// # Errors
    /// Another version, unknown flags, or a payload that ends too early.
    pub fn read(payload: &'a [u8]) -> Result<(Self, Range<usize>), BulkError> {
        let Some(&[version, flags, ref rest @ ..]) = payload.first_chunk::<FIXED_HEAD>() else {
            return wrong(payload.len(), "the end", "a head of 8 bytes");
        };
        if version != VERSION {
            return wrong(0, format!("version {version}"), "version 1");
        }
        if flags & !SKIP_EMPTY != 0 {
            return wrong(1, format!("flags 0x{flags:02x}"), "no flag but bit 0");
        }
        let name_end = FIXED_HEAD + usize::from(LittleEndian::read_u16(rest));
        let Some(name) = payload.get(FIXED_HEAD..name_end) else {
            return wrong(payload.len(), "the end", "the project's name");
        };
        let Ok(project) = std::str::from_utf8(name) else {
            return wrong(FIXED_HEAD, "a name that is not UTF-8", "the project's name in UTF-8");
        };
        let start = name_end.next_multiple_of(4);
        if start > payload.len() {
            return wrong(payload.len(), "the end", "zeros up to a multiple of 4");
        }
        let layer = LittleEndian::read_i32(&rest[2..]);
        let head = Head { project, layer, skip_empty: flags & SKIP_EMPTY != 0 };
        Ok((head, start..payload.len()))
    }

    /// Appends the head.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let length = self.project.len().min(usize::from(u16::MAX));
        let [low, high] = (length as u16).to_le_bytes();
        out.extend_from_slice(&[VERSION, if self.skip_empty { SKIP_EMPTY } else { 0 }, low, high]);
        out.extend_from_slice(&self.layer.to_le_bytes());
        out.extend_from_slice(&self.project.as_bytes()[..length]);
        out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    }
}

impl BoxHead {
    /// Reads a box; also where the voxels behind it begin.
    ///
    /// # Errors
    /// A payload that ends too early, corners in the wrong order, an unknown encoding.
    pub fn read(payload: &[u8], at: usize) -> Result<(Self, usize), BulkError> {
        let Some(bytes) = payload.get(at..at + BOX_HEAD) else {
            return wrong(payload.len(), "the end", "a box of 28 bytes");
        };
        let mut numbers = [0i32; 7];
        LittleEndian::read_i32_into(bytes, &mut numbers);
        let [x0, y0, z0, x1, y1, z1, encoding] = numbers;
        let (min, max) = ([x0, y0, z0], [x1, y1, z1]);
        if (0..3).any(|axis| min[axis] > max[axis]) {
            let what = format!("the box {min:?} to {max:?}");
            return wrong(at, what, "a lowest corner that is nowhere above the highest");
        }
        let encoding = match encoding {
            0 => Encoding::Dense,
            1 => Encoding::RunLength,
            other => {
                return wrong(at + 24, format!("encoding {other}"), "0 (dense) or 1 (run-length)");
            }
        };
        Ok((BoxHead { min, max, encoding }, at + BOX_HEAD))
    }

    /// Appends the box.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.min.iter().chain(&self.max).for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        let encoding: i32 = match self.encoding {
            Encoding::Dense => 0,
            Encoding::RunLength => 1,
        };
        out.extend_from_slice(&encoding.to_le_bytes());
    }
}

/// Checks that bytes are whole voxels of [`PUT_VOXELS`] and tells how many.
///
/// # Errors
/// A last voxel that is cut off.
pub fn check_voxels(payload: &[u8], voxels: &Range<usize>) -> Result<usize, BulkError> {
    match voxels.len() % VOXEL_BYTES {
        0 => Ok(voxels.len() / VOXEL_BYTES),
        rest => wrong(payload.len() - rest, "a voxel that is cut off", "16 bytes a voxel"),
    }
}

/// One voxel of [`PUT_VOXELS`].
pub fn read_voxel(bytes: &[u8; VOXEL_BYTES]) -> ([i32; 3], [u8; 4]) {
    let mut position = [0; 3];
    LittleEndian::read_i32_into(&bytes[..12], &mut position);
    (position, [bytes[12], bytes[13], bytes[14], bytes[15]])
}

/// Appends one voxel of [`PUT_VOXELS`].
pub fn write_voxel(position: [i32; 3], color: [u8; 4], out: &mut Vec<u8>) {
    position.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    out.extend_from_slice(&color);
}

/// Checks that the voxels behind a box fill it exactly.
///
/// # Errors
/// Too few or too many voxels, a run that is cut off or empty.
pub fn check_box(payload: &[u8], head: &BoxHead, at: usize) -> Result<(), BulkError> {
    BoxCheck::new(payload, head, at)?.go_on(payload, usize::MAX).map(drop)
}

/// The same, some runs at a time.
#[derive(Debug)]
pub struct BoxCheck {
    capacity: u128,
    /// Where the voxels begin, and how far they were looked at.
    start: usize,
    at: usize,
    found: u128,
}

impl BoxCheck {
    /// Of the voxels at an offset of a payload.
    ///
    /// # Errors
    /// A voxel or a run that is cut off.
    pub fn new(payload: &[u8], head: &BoxHead, at: usize) -> Result<Self, BulkError> {
        let start = at.min(payload.len());
        let length = payload.len() - start;
        let mut check = BoxCheck { capacity: head.capacity(), start, at: start, found: 0 };
        match head.encoding {
            Encoding::Dense if !length.is_multiple_of(4) => {
                return wrong(payload.len(), "a voxel that is cut off", "4 bytes a voxel");
            }
            Encoding::RunLength if !length.is_multiple_of(8) => {
                return wrong(payload.len(), "a run that is cut off", "8 bytes a run");
            }
            Encoding::Dense => (check.at, check.found) = (payload.len(), (length / 4) as u128),
            Encoding::RunLength => {}
        }
        Ok(check)
    }

    /// Looks at up to so many more runs of the same payload; whether that were all.
    ///
    /// # Errors
    /// Too few or too many voxels, an empty run.
    pub fn go_on(&mut self, payload: &[u8], most: usize) -> Result<bool, BulkError> {
        for (count, _) in runs(payload.get(self.at..).unwrap_or_default()).take(most) {
            if count == 0 {
                return wrong(self.at, "a run of 0 voxels", "runs of 1 or more");
            }
            self.found += u128::from(count);
            self.at += 8;
        }
        if self.at < payload.len() {
            return Ok(false);
        }
        if self.found != self.capacity {
            let what = format!("{} voxels for a box of {}", self.found, self.capacity);
            return wrong(self.start, what, "as many voxels as the box holds");
        }
        Ok(true)
    }
}

/// The runs of a run-length encoding: how many voxels, and their colour.
pub fn runs(voxels: &[u8]) -> impl Iterator<Item = (u32, [u8; 4])> + '_ {
    voxels
        .chunks_exact(8)
        .map(|run| (LittleEndian::read_u32(run), [run[4], run[5], run[6], run[7]]))
}

/// Writes the voxels of a box in either encoding, given one after the other.
#[derive(Debug)]
pub struct BoxWriter {
    encoding: Encoding,
    run: Option<(u32, [u8; 4])>,
}

impl BoxWriter {
    /// A writer for one box.
    pub fn new(encoding: Encoding) -> Self {
        BoxWriter { encoding, run: None }
    }

    /// Appends `count` voxels of one colour.
    pub fn push(&mut self, count: u32, color: [u8; 4], out: &mut Vec<u8>) {
        match (self.encoding, &mut self.run) {
            (Encoding::Dense, _) => (0..count).for_each(|_| out.extend_from_slice(&color)),
            (Encoding::RunLength, Some((length, same)))
                if *same == color && length.checked_add(count).is_some() =>
            {
                *length += count;
            }
            (Encoding::RunLength, _) => {
                self.finish(out);
                self.run = Some((count, color));
            }
        }
    }

    /// Appends the last run.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some((count, color)) = self.run.take() {
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(&color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_was_written() {
        for project in ["", "p1", "castle"] {
            let head = Head { project, layer: -3, skip_empty: true };
            let mut bytes = Vec::new();
            head.write(&mut bytes);
            assert_eq!(bytes.len() % 4, 0);
            assert_eq!(Head::read(&bytes), Ok((head, bytes.len()..bytes.len())));
            for cut in 0..bytes.len() {
                assert!(Head::read(&bytes[..cut]).is_err(), "{project} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_box_that_is_not_filled_exactly_is_refused() {
        let head = BoxHead { min: [0; 3], max: [1, 0, 0], encoding: Encoding::Dense };
        assert!(check_box(&[0; 8], &head, 0).is_ok());
        assert!(check_box(&[0; 12], &head, 0).is_err());
        assert!(check_box(&[0; 7], &head, 0).is_err());
        let head = BoxHead { encoding: Encoding::RunLength, ..head };
        let mut bytes = Vec::new();
        let mut writer = BoxWriter::new(Encoding::RunLength);
        writer.push(1, [1; 4], &mut bytes);
        writer.push(1, [1; 4], &mut bytes);
        writer.finish(&mut bytes);
        assert_eq!(bytes, [2, 0, 0, 0, 1, 1, 1, 1]);
        assert!(check_box(&bytes, &head, 0).is_ok());
        assert!(check_box(&[0; 8], &head, 0).unwrap_err().what.contains("run of 0"));
    }

    #[test]
    fn boxes_have_their_corners_in_order_and_a_known_encoding() {
        let good = BoxHead { min: [-1, -2, -3], max: [1, 2, 3], encoding: Encoding::RunLength };
        let mut bytes = Vec::new();
        good.write(&mut bytes);
        assert_eq!(BoxHead::read(&bytes, 0), Ok((good, 28)));
        bytes[24] = 9;
        assert_eq!(BoxHead::read(&bytes, 0).unwrap_err().offset, 24);
        let turned = BoxHead { min: good.max, max: good.min, ..good };
        let mut bytes = Vec::new();
        turned.write(&mut bytes);
        assert!(BoxHead::read(&bytes, 0).is_err());
        let whole = BoxHead { min: [i32::MIN; 3], max: [i32::MAX; 3], ..good };
        assert_eq!(whole.capacity(), 1u128 << 96);
    }
}
