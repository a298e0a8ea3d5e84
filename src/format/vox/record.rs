//! Records of texts, as nodes, layers and materials hold them.

use std::borrow::Cow;

use crate::format::FormatError;
use crate::format::bytes::Bytes;

/// The most entries of a record, and the most bytes of a text in it; MagicaVoxel writes a few of a
/// few bytes.
const ENTRIES_MAX: usize = 1 << 12;
const TEXT_MAX: usize = 1 << 16;

/// A record of texts, which are where they are in the file.
pub(super) struct Record<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Record<'a> {
    pub(super) fn read(bytes: &mut Bytes<'a>) -> Result<Self, FormatError> {
        let start = bytes.offset();
        let count = bytes.length("a record's length")?;
        if count > ENTRIES_MAX {
            let what = format!("a record of {count} entries");
            return Err(bytes.invalid_at(start, what, format!("at most {ENTRIES_MAX}")));
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = text(bytes)?;
            entries.push((key, text(bytes)?));
        }
        Ok(Record(entries))
    }

    pub(super) fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == key.as_bytes())?;
        Some(String::from_utf8_lossy(value))
    }

    /// All entries as texts.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.0.iter().map(|(key, value)| (text(key), text(value))).collect()
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.get("_hidden").is_some_and(|value| value == "1")
    }

    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        self.get("_name").filter(|name| !name.is_empty())
    }
}

fn text<'a>(bytes: &mut Bytes<'a>) -> Result<&'a [u8], FormatError> {
    let start = bytes.offset();
    let length = bytes.length("a text's length")?;
    if length > TEXT_MAX {
        let what = format!("a text of {length} bytes");
        return Err(bytes.invalid_at(start, what, format!("at most {TEXT_MAX}")));
    }
    bytes.take(length, "a text")
}
