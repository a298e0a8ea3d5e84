//! Numbers, texts and lists as bytes, little endian, and back without trust.

/// Bytes that say something else than they should. Names what was being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record's {0} is malformed")]
pub struct Malformed(pub &'static str);

/// Appends to a record.
pub trait Put {
    /// Some bytes.
    fn put(&mut self, bytes: &[u8]);

    /// A number of 1 byte.
    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }
    /// A number of 4 bytes.
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }
    /// A number of 8 bytes.
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }
    /// A number of 4 bytes, with a sign.
    fn put_i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }
    /// A number of 8 bytes, with a sign.
    fn put_i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }
    /// A number with a fraction.
    fn put_f32(&mut self, value: f32) {
        self.put(&value.to_bits().to_le_bytes());
    }
    /// Bytes after their length.
    fn put_counted(&mut self, bytes: &[u8]) {
        self.put_u32(bytes.len() as u32);
        self.put(bytes);
    }
    /// A text after its length.
    fn put_text(&mut self, text: &str) {
        self.put_counted(text.as_bytes());
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Appends something whose length comes first.
pub(super) fn put_measured(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.put_u32(0);
    write(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// Reads from a record.
pub struct Take<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Take<'a> {
    /// Reads what an error is to call by a name.
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Take { rest: bytes, what }
    }

    /// What to say of bytes that say something else than they should.
    pub fn malformed(&self) -> Malformed {
        Malformed(self.what)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(self.malformed())?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(self.malformed())?;
        self.rest = rest;
        Ok(*head)
    }

    /// A number of 1 byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }
    /// A number of 2 bytes.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }
    /// A number of 4 bytes.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }
    /// A number of 8 bytes.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }
    /// A number of 4 bytes, with a sign.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_le_bytes)
    }
    /// A number of 8 bytes, with a sign.
    pub fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_le_bytes)
    }
    /// A number with a fraction.
    pub fn f32(&mut self) -> Result<f32, Malformed> {
        self.u32().map(f32::from_bits)
    }
    /// Yes or no.
    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed()),
        }
    }
    /// Bytes after their length.
    pub fn counted(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.u32()? as usize;
        self.bytes(count)
    }
    /// A text after its length.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let bytes = self.counted()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed())
    }

    /// A list after its length, none of whose elements is empty.
    pub fn list<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.u32()? as usize;
        // Each element takes a byte at least, so a length that lies costs nothing.
        if count > self.rest.len() {
            return Err(self.malformed());
        }
        (0..count).map(|_| element(self)).collect()
    }
}
