//! Compressed bytes unpacked piece by piece.

use std::io::{Cursor, Read, Result, Seek, SeekFrom};
use std::ops::Range;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::bytes::FileBytes;

/// Bytes unpacked in one unit of work.
const PIECE: u64 = 1 << 16;

/// The most bytes that so many compressed ones can hold: deflate makes about a thousand from one.
pub(crate) fn most_from(packed: usize) -> usize {
    packed.saturating_mul(1100).saturating_add(1100)
}

/// A compressed stream at work. What it holds beyond `max` bytes is left out.
pub(crate) struct Unpacking {
    stream: Box<dyn Read>,
    out: Vec<u8>,
    max: usize,
}

impl Unpacking {
    /// Begins with a zlib stream that is a part of a file.
    pub(crate) fn zlib(file: &FileBytes, part: Range<usize>, max: usize) -> Self {
        let mut source = Cursor::new(file.clone());
        // A place within memory can always be gone to.
        let _ = source.seek(SeekFrom::Start(part.start as u64));
        Self::new(ZlibDecoder::new(source.take(part.len() as u64)), part.len(), max)
    }

    /// Begins with a file that is a gzip stream.
    pub(crate) fn gzip(file: &FileBytes, max: usize) -> Self {
        Self::new(GzDecoder::new(Cursor::new(file.clone())), file.len(), max)
    }

    fn new(stream: impl Read + 'static, packed: usize, max: usize) -> Self {
        // Memory that is not written to costs nothing, and a buffer that does not grow is never
        // moved. Where the system has not so much to give, it grows as far as that goes.
        let mut out = Vec::new();
        let _ = out.try_reserve_exact(max.min(most_from(packed)));
        Unpacking { stream: Box::new(stream), out, max }
    }

    /// Unpacks the next piece; false once all is unpacked.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        let wanted = PIECE.min((self.max - self.out.len()) as u64);
        let got = (&mut self.stream).take(wanted).read_to_end(&mut self.out)?;
        Ok(wanted > 0 && got as u64 == wanted)
    }

    /// How many bytes are unpacked.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// What is unpacked, to be freed in slices like a file.
    pub(crate) fn into_bytes(self) -> FileBytes {
        self.out.into()
    }
}

/// A zlib stream of known length, which is unpacked first and read then, run by run.
pub(crate) struct Packed {
    unpacking: Option<Unpacking>,
    length: usize,
    bytes: FileBytes,
    next: usize,
}

impl Packed {
    /// Begins with a part of a file.
    ///
    /// # Errors
    /// If the part is too short to hold so many bytes.
    pub(crate) fn new(
        file: &FileBytes,
        part: Range<usize>,
        length: usize,
    ) -> std::result::Result<Self, String> {
        if length > most_from(part.len()) {
            return Err(format!("{length} bytes from {} compressed ones", part.len()));
        }
        let unpacking = Some(Unpacking::zlib(file, part, length));
        Ok(Packed { unpacking, length, bytes: FileBytes::default(), next: 0 })
    }

    /// Unpacks a piece; true once all is unpacked.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub(crate) fn unpack(&mut self) -> std::result::Result<bool, String> {
        let Some(unpacking) = &mut self.unpacking else { return Ok(true) };
        if unpacking.advance().map_err(|error| error.to_string())? {
            return Ok(false);
        }
        if unpacking.len() != self.length {
            return Err(format!("{} bytes instead of {}", unpacking.len(), self.length));
        }
        self.bytes = self.unpacking.take().map(Unpacking::into_bytes).unwrap_or_default();
        Ok(true)
    }

    /// The next run of what is unpacked, at most `count` bytes, and where it begins.
    pub(crate) fn run(&mut self, count: usize) -> (usize, &[u8]) {
        let first = self.next;
        self.next = self.bytes.len().min(first + count);
        (first, &self.bytes[first..self.next])
    }

    /// Whether all is unpacked and read.
    pub(crate) fn is_over(&self) -> bool {
        self.unpacking.is_none() && self.next == self.bytes.len()
    }

    /// Bytes unpacked and read, and those of both in all.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let unpacked = self.unpacking.as_ref().map_or(self.length, Unpacking::len);
        (unpacked + self.next, 2 * self.length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(length: usize) -> FileBytes {
        let bytes: Vec<u8> = (0..length).map(|n| (n % 253) as u8).collect();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_stream_is_unpacked_in_pieces_up_to_its_limit() {
        let length = 3 * PIECE as usize + 5;
        let file = packed(length);
        for (max, pieces) in [(0, 1), (9, 2), (length, 5), (2 * length, 4)] {
            let mut unpacking = Unpacking::zlib(&file, 0..file.len(), max);
            let mut calls = 1;
            while unpacking.advance().unwrap() {
                calls += 1;
            }
            let bytes = unpacking.into_bytes();
            assert_eq!((bytes.len(), calls), (max.min(length), pieces), "at most {max}");
            assert!(bytes.iter().enumerate().all(|(n, &byte)| byte == (n % 253) as u8));
        }
    }

    #[test]
    fn a_damaged_stream_is_an_error() {
        let mut bytes = packed(100_000).to_vec();
        bytes[0] = 0;
        let length = bytes.len();
        let mut unpacking = Unpacking::zlib(&bytes.into(), 0..length, 100_000);
        assert!(unpacking.advance().is_err() && unpacking.len() == 0);
    }
}
