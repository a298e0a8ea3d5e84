//! Reading and writing little-endian bytes, with the place of every fault.

use std::rc::Rc;

use super::FormatError;
use crate::job::leftovers;
use crate::job::pieces::Pieces;

/// All bytes of a file. A clone is one more handle to the same bytes, for decoders that keep what
/// they read from. They are many: once the last reader is done with them they are freed in slices.
#[derive(Clone, Default)]
pub(crate) struct FileBytes(Rc<Buffer>);

#[derive(Default)]
struct Buffer(Vec<u8>);

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        FileBytes(Rc::new(Buffer(bytes)))
    }
}

impl AsRef<[u8]> for FileBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::ops::Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.0));
    }
}

/// A place in a file's bytes. Every read checks the length and says what it wanted.
#[derive(Clone)]
pub(crate) struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
    /// Where `data` begins in the file.
    base: u64,
    format: &'static str,
}

macro_rules! number {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&mut self, what: &str) -> Result<$type, FormatError> {
            let mut raw = [0; size_of::<$type>()];
            raw.copy_from_slice(self.take(size_of::<$type>(), what)?);
            Ok(<$type>::from_le_bytes(raw))
        }
    };
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8], format: &'static str) -> Self {
        Bytes { data, at: 0, base: 0, format }
    }

    /// Goes on at another place of the same bytes; beyond the end counts as the end.
    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = at.min(self.data.len());
        self
    }

    pub(crate) fn remaining(&self) -> usize {
        self.data.len() - self.at
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], FormatError> {
        if count > self.remaining() {
            let found = format!("{what} cut off, {} bytes left", self.remaining());
            // How many is perhaps a number of a file of quite another kind.
            return Err(self.invalid(found, "more bytes"));
        }
        let taken = &self.data[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    /// The next `count` bytes, which make up the part that is named `what`.
    pub(crate) fn sub(&mut self, count: usize, what: &str) -> Result<Bytes<'a>, FormatError> {
        let base = self.offset();
        Ok(Bytes { data: self.take(count, what)?, at: 0, base, format: self.format })
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = &self.data[self.at..];
        self.at = self.data.len();
        rest
    }

    pub(crate) fn u8(&mut self, what: &str) -> Result<u8, FormatError> {
        Ok(self.take(1, what)?[0])
    }

    number!(u32, u32);
    number!(i32, i32);
    number!(f32, f32);

    /// A length that must not be negative and must fit into what is left.
    pub(crate) fn length(&mut self, what: &str) -> Result<usize, FormatError> {
        let before = self.offset();
        let value = self.i32(what)?;
        usize::try_from(value).ok().filter(|&length| length <= self.remaining()).ok_or_else(|| {
            let expected = format!("a length of 0 to {}", self.remaining());
            self.invalid_at(before, format!("{what} is {value}"), expected)
        })
    }

    pub(crate) fn invalid(
        &self,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) -> FormatError {
        self.invalid_at(self.offset(), what, expected)
    }

    pub(crate) fn invalid_at(
        &self,
        offset: u64,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) -> FormatError {
        FormatError::Invalid {
            path: None,
            format: self.format,
            offset,
            what: what.into(),
            expected: expected.into(),
        }
    }
}

/// Appending little-endian numbers.
pub(crate) trait Put {
    fn put(&mut self, bytes: &[u8]);

    fn put_i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }
    /// A length in 32 bits, then the bytes.
    fn put_sized(&mut self, bytes: &[u8]) {
        self.put_i32(bytes.len() as i32);
        self.put(bytes);
    }
}

impl Put for Pieces {
    fn put(&mut self, bytes: &[u8]) {
        Pieces::put(self, bytes);
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
