//! Named binary tags, as Minecraft's files hold them: big-endian, nested.

use crate::format::FormatError;

/// The deepest nesting.
const DEPTH_MAX: u32 = 64;
/// The most tags of one file.
const TAGS_MAX: u32 = 1 << 20;

/// A tag's value. Lists and numbers that schematics do not need are passed over.
#[derive(Debug)]
pub(super) enum Tag<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Compound(Vec<(&'a [u8], Tag<'a>)>),
    Other,
}

impl<'a> Tag<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Tag<'a>> {
        match self {
            Tag::Compound(entries) => {
                entries.iter().find(|(known, _)| *known == key.as_bytes()).map(|(_, tag)| tag)
            }
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Tag::Number(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, key: &str) -> Option<&'a [u8]> {
        match self.get(key)? {
            Tag::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads the root, whose name does not matter.
pub(super) fn read<'a>(data: &'a [u8], format: &'static str) -> Result<Tag<'a>, FormatError> {
    let mut reader = Reader { data, at: 0, tags: 0, format };
    let kind = reader.number(1)?;
    if kind != 10 {
        return Err(reader.invalid(format!("a root of type {kind}"), "type 10, a compound"));
    }
    reader.text()?;
    reader.value(10, 0)
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    tags: u32,
    format: &'static str,
}

impl<'a> Reader<'a> {
    /// Offsets count in the inflated data.
    fn invalid(&self, what: String, expected: &str) -> FormatError {
        let expected = format!("{expected} (counted after unpacking)");
        FormatError::Invalid {
            path: None,
            format: self.format,
            offset: self.at as u64,
            what,
            expected,
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let taken = self.data.get(self.at..).and_then(|rest| rest.get(..count));
        let taken = taken.ok_or_else(|| self.invalid("the end".to_owned(), "more bytes"))?;
        self.at += count;
        Ok(taken)
    }

    fn number(&mut self, size: usize) -> Result<i64, FormatError> {
        let raw = self.take(size)?;
        let unsigned = raw.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let unused = 64 - 8 * size as u32;
        Ok((unsigned << unused) as i64 >> unused)
    }

    fn length(&mut self, size: usize) -> Result<usize, FormatError> {
        let length = self.number(size)?;
        let mask = if size == 2 { 0xffff } else { -1 };
        let bad = |_| self.invalid(format!("a length of {length}"), "0 or more");
        usize::try_from(length & mask).map_err(bad)
    }

    fn text(&mut self) -> Result<&'a [u8], FormatError> {
        let length = self.length(2)?;
        self.take(length)
    }

    fn value(&mut self, kind: i64, depth: u32) -> Result<Tag<'a>, FormatError> {
        self.tags += 1;
        if depth > DEPTH_MAX || self.tags > TAGS_MAX {
            return Err(self.invalid("too many tags".to_owned(), "at most a million, 64 deep"));
        }
        Ok(match kind {
            1 => Tag::Number(self.number(1)?),
            2 => Tag::Number(self.number(2)?),
            3 => Tag::Number(self.number(4)?),
            4 => Tag::Number(self.number(8)?),
            5 => self.skip(4)?,
            6 => self.skip(8)?,
            7 => {
                let length = self.length(4)?;
                Tag::Bytes(self.take(length)?)
            }
            8 => {
                self.text()?;
                Tag::Other
            }
            9 => self.list(depth)?,
            10 => self.compound(depth)?,
            11 => self.array(4)?,
            12 => self.array(8)?,
            _ => return Err(self.invalid(format!("a tag of type {kind}"), "type 1 to 12")),
        })
    }

    fn skip(&mut self, count: usize) -> Result<Tag<'a>, FormatError> {
        self.take(count)?;
        Ok(Tag::Other)
    }

    fn array(&mut self, size: usize) -> Result<Tag<'a>, FormatError> {
        let length = self.length(4)?;
        self.skip(length.saturating_mul(size))
    }

    fn list(&mut self, depth: u32) -> Result<Tag<'a>, FormatError> {
        let kind = self.number(1)?;
        let length = self.length(4)?;
        if kind != 0 {
            for _ in 0..length {
                self.value(kind, depth + 1)?;
            }
        }
        Ok(Tag::Other)
    }

    fn compound(&mut self, depth: u32) -> Result<Tag<'a>, FormatError> {
        let mut entries = Vec::new();
        loop {
            let kind = self.number(1)?;
            if kind == 0 {
                return Ok(Tag::Compound(entries));
            }
            let name = self.text()?;
            entries.push((name, self.value(kind, depth + 1)?));
        }
    }
}
