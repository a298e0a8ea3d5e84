//! The stream of pixels, which a file holds in chunks.

use std::io::{Read, Result};

use flate2::Crc;

use super::invalid;

/// The bytes of a file's image data chunks, one behind the other.
pub(super) struct ImageData<R> {
    file: R,
    at: usize,
    /// Bytes left of the chunk.
    left: usize,
    sum: Crc,
    is_begun: bool,
}

impl<R: AsRef<[u8]>> ImageData<R> {
    pub(super) fn new(file: R) -> Self {
        let mut data = ImageData { file, at: 8, left: 0, sum: Crc::new(), is_begun: false };
        // Behind the signature, chunks of other kinds come first.
        while data.head().is_some_and(|(_, kind)| kind != *b"IDAT") {
            let length = data.head().map_or(0, |(length, _)| length);
            data.at = data.at.saturating_add(length).saturating_add(12);
        }
        data
    }

    /// Four bytes from here on.
    fn word(&self, offset: usize) -> Option<[u8; 4]> {
        let start = self.at.checked_add(offset)?;
        self.file.as_ref().get(start..start.checked_add(4)?)?.try_into().ok()
    }

    /// The length and the kind of the chunk that begins here.
    fn head(&self) -> Option<(usize, [u8; 4])> {
        Some((u32::from_be_bytes(self.word(0)?) as usize, self.word(4)?))
    }

    /// Ends the chunk, if one has begun, and begins with the next one of image data; false if there is none.
    fn next_chunk(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.is_begun) {
            if self.word(0) != Some(self.sum.sum().to_be_bytes()) {
                return Err(invalid("image data of another check sum".to_owned()));
            }
            self.at += 4;
        }
        let Some((length, kind)) = self.head().filter(|(_, kind)| kind == b"IDAT") else {
            return Ok(false);
        };
        (self.at, self.left, self.is_begun) = (self.at + 8, length, true);
        self.sum = Crc::new();
        self.sum.update(&kind);
        Ok(true)
    }
}

impl<R: AsRef<[u8]>> Read for ImageData<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        // An unpacker asks for at most some kilobytes; empty chunks are passed over.
        while self.left == 0 {
            if !self.next_chunk()? {
                return Ok(0);
            }
        }
        let rest = self.file.as_ref().get(self.at..).unwrap_or_default();
        let count = buffer.len().min(self.left).min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.sum.update(&rest[..count]);
        (self.at, self.left) = (self.at + count, self.left - count);
        Ok(count)
    }
}
