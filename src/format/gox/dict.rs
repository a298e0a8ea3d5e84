//! Records of keys and values, as most chunks hold them.

use crate::document::Matrix;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, Put};
use crate::voxel::Bounds;

/// A record read from a file. What is taken out is known; what remains is preserved.
pub(super) struct Dict {
    entries: Vec<(String, Vec<u8>)>,
}

impl Dict {
    /// Reads entries up to an empty key or the end of the bytes. Of equal keys the last one counts.
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Dict, FormatError> {
        let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
        while bytes.remaining() > 0 {
            let key_length = bytes.length("a key's length")?;
            if key_length == 0 {
                break;
            }
            let key = String::from_utf8_lossy(bytes.take(key_length, "a key")?).into_owned();
            let value_length = bytes.length("a value's length")?;
            let value = bytes.take(value_length, "a value")?.to_vec();
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        Ok(Dict { entries })
    }

    /// Takes an entry out if it is there and `parse` accepts its value.
    pub(super) fn take<T>(&mut self, key: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let index = self.entries.iter().position(|(known, _)| known == key)?;
        let value = parse(&self.entries[index].1)?;
        self.entries.remove(index);
        Some(value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(known, _)| known == key)
    }

    pub(super) fn string(&mut self, key: &str) -> Option<String> {
        self.take(key, |value| Some(text(value)))
    }

    pub(super) fn i32(&mut self, key: &str) -> Option<i32> {
        self.take(key, |value| Some(i32::from_le_bytes(value.try_into().ok()?)))
    }

    pub(super) fn f32(&mut self, key: &str) -> Option<f32> {
        self.take(key, |value| {
            let number = f32::from_le_bytes(value.try_into().ok()?);
            number.is_finite().then_some(number)
        })
    }

    pub(super) fn bool(&mut self, key: &str) -> Option<bool> {
        self.take(key, |value| (value.len() == 1).then(|| value[0] != 0))
    }

    pub(super) fn floats<const N: usize>(&mut self, key: &str) -> Option<[f32; N]> {
        self.take(key, floats)
    }

    pub(super) fn matrix(&mut self, key: &str) -> Option<Matrix> {
        let columns =
            |v: [f32; 16]| Matrix([0, 1, 2, 3].map(|c| [0, 1, 2, 3].map(|r| v[4 * c + r])));
        self.take(key, floats).map(columns)
    }

    /// Everything that was not taken. Entries of keys that are `known` have unusable values: they are
    /// told of and left out, so that they do not stand beside the good ones when the record is written.
    pub(super) fn rest(
        mut self,
        known: &[&str],
        of: &str,
        warnings: &mut Vec<String>,
    ) -> Vec<(String, Vec<u8>)> {
        self.entries.retain(|(key, _)| {
            let unusable = known.contains(&key.as_str());
            if unusable {
                warnings.push(format!("{of} has an unusable value for '{key}'; it is left out"));
            }
            !unusable
        });
        self.entries
    }
}

/// Text up to the first NUL: some writers leave garbage behind it.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

fn floats<const N: usize>(value: &[u8]) -> Option<[f32; N]> {
    let (chunks, rest) = value.as_chunks::<4>();
    if chunks.len() != N || !rest.is_empty() {
        return None;
    }
    let floats: [f32; N] = std::array::from_fn(|index| f32::from_le_bytes(chunks[index]));
    floats.iter().all(|value| value.is_finite()).then_some(floats)
}

/// Appending entries of a record.
pub(super) trait PutEntry {
    fn put_entry(&mut self, key: &str, value: &[u8]);

    fn put_text(&mut self, key: &str, value: &str, max: usize) {
        self.put_entry(key, cut(value, max).as_bytes());
    }

    fn put_floats(&mut self, key: &str, values: &[f32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.put_entry(key, &bytes);
    }

    fn put_matrix(&mut self, key: &str, matrix: &Matrix) {
        self.put_floats(key, matrix.0.as_flattened());
    }

    fn put_box(&mut self, key: &str, bounds: &Bounds) {
        self.put_matrix(key, &Matrix::of_bounds(bounds));
    }

    fn put_preserved(&mut self, entries: &[(String, Vec<u8>)]) {
        entries.iter().for_each(|(key, value)| self.put_entry(key, value));
    }
}

impl PutEntry for Vec<u8> {
    fn put_entry(&mut self, key: &str, value: &[u8]) {
        self.put_sized(key.as_bytes());
        self.put_sized(value);
    }
}

/// The longest start of a text that other programs read: no NUL, at most `max` bytes, whole characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let text = text.split('\0').next().unwrap_or_default();
    let end = (0..=max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_at_an_empty_key_or_the_end() {
        let mut raw = Vec::new();
        raw.put_entry("a", b"1");
        raw.put_entry("active", b"");
        raw.put_entry("a", b"2");
        let whole = Dict::read(&mut Bytes::new(&raw, "gox")).map(|dict| dict.entries);
        let expected = vec![("a".to_owned(), b"2".to_vec()), ("active".to_owned(), b"".to_vec())];
        assert_eq!(whole.ok(), Some(expected.clone()));
        raw.put_i32(0);
        raw.put(b"left over");
        assert_eq!(
            Dict::read(&mut Bytes::new(&raw, "gox")).map(|dict| dict.entries).ok(),
            Some(expected)
        );
    }

    #[test]
    fn a_value_of_the_wrong_size_is_told_and_left_out() {
        let mut raw = Vec::new();
        raw.put_entry("id", b"123");
        let mut dict = Dict::read(&mut Bytes::new(&raw, "gox")).unwrap_or(Dict { entries: vec![] });
        assert_eq!(dict.i32("id"), None);
        let mut warnings = Vec::new();
        assert_eq!(dict.rest(&["id"], "a layer", &mut warnings), vec![]);
        assert_eq!(warnings, ["a layer has an unusable value for 'id'; it is left out"]);
    }

    #[test]
    fn names_are_cut_between_characters() {
        assert_eq!(cut("ab\u{e4}", 3), "ab");
        assert_eq!(cut("ab\0c", 9), "ab");
        assert_eq!(cut("", 9), "");
    }
}
