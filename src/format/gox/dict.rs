//! Records of keys and values, as most chunks hold them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::NAME;
use crate::document::Matrix;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes, Put};
use crate::job::Slice;
use crate::voxel::Bounds;

/// The most entries of a record.
const ENTRIES_MAX: usize = 1 << 20;
/// Entries read in one unit of work.
const ENTRIES_A_UNIT: usize = 1 << 10;

/// A record of a file. What is taken out is known; what remains is preserved. Keys and values are
/// places in the file, so that long values are not copied before they are needed.
pub(super) struct Dict {
    file: FileBytes,
    /// Keys and values in the file's order, but for those that were taken out.
    entries: Vec<Option<Entry>>,
    /// The entry of each key. No hash table: one that grows is copied as a whole.
    places: BTreeMap<Box<[u8]>, usize>,
}

struct Entry {
    key: Range<usize>,
    value: Range<usize>,
}

/// A record that is read, some entries at a time.
pub(super) struct DictReader {
    dict: Dict,
    at: usize,
    end: usize,
}

impl DictReader {
    /// Begins with a part of a file.
    pub(super) fn new(file: &FileBytes, part: Range<usize>) -> Self {
        let dict = Dict { file: file.clone(), entries: Vec::new(), places: BTreeMap::new() };
        DictReader { dict, at: part.start, end: part.end }
    }

    /// Reads some entries, up to an empty key or the end of the part; false once all are read. Of
    /// equal keys the last one counts.
    fn advance(&mut self) -> Result<bool, FormatError> {
        let file = self.dict.file.clone();
        let mut bytes = Bytes::new(&file[..self.end], NAME).at(self.at);
        for _ in 0..ENTRIES_A_UNIT {
            if bytes.remaining() == 0 {
                return Ok(false);
            }
            let key = place(&mut bytes, "a key's length", "a key")?;
            if key.is_empty() {
                return Ok(false);
            }
            let value = place(&mut bytes, "a value's length", "a value")?;
            if !self.dict.add(Entry { key, value }) {
                return Err(bytes.invalid("more entries", format!("at most {ENTRIES_MAX}")));
            }
        }
        self.at = bytes.position();
        Ok(true)
    }

    /// Reads all entries.
    pub(super) async fn read(mut self, slice: &Slice) -> Result<Dict, FormatError> {
        while self.advance()? {
            slice.spend(1).await;
        }
        Ok(self.dict)
    }
}

/// The place of bytes whose length stands before them.
fn place(
    bytes: &mut Bytes<'_>,
    length_name: &str,
    name: &str,
) -> Result<Range<usize>, FormatError> {
    let length = bytes.length(length_name)?;
    let first = bytes.position();
    bytes.take(length, name)?;
    Ok(first..bytes.position())
}

impl Dict {
    /// Adds an entry, in place of one of the same key; false if there are too many.
    fn add(&mut self, entry: Entry) -> bool {
        let next = self.entries.len();
        let key = self.file[entry.key.clone()].into();
        let place = *self.places.entry(key).or_insert(next);
        match self.entries.get_mut(place) {
            Some(known) => *known = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        self.entries.len() <= ENTRIES_MAX
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.places.get(key.as_bytes()).copied().filter(|&place| self.entries[place].is_some())
    }

    /// Takes an entry out if it is there and `parse` accepts its value.
    pub(super) fn take<T>(&mut self, key: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let place = self.find(key)?;
        let entry = self.entries[place].as_ref()?;
        let value = parse(&self.file[entry.value.clone()])?;
        self.entries[place] = None;
        Some(value)
    }

    /// Takes an entry out; where its value is in the file.
    pub(super) fn take_place(&mut self, key: &str) -> Option<Range<usize>> {
        let place = self.find(key)?;
        self.entries[place].take().map(|entry| entry.value)
    }

    /// The file that the record is of.
    pub(super) fn file(&self) -> &FileBytes {
        &self.file
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
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

    /// Everything that was not taken. Entries of keys that are `known` have unusable values: they
    /// are told of and left out, so that they do not stand beside the good ones when the record is
    /// written.
    pub(super) fn rest(
        self,
        known: &[&str],
        of: &str,
        warnings: &mut Vec<String>,
    ) -> Vec<(String, Vec<u8>)> {
        let mut kept = Vec::new();
        for Entry { key, value } in self.entries.into_iter().flatten() {
            let key = String::from_utf8_lossy(&self.file[key]);
            if known.contains(&&*key) {
                warnings.push(format!("{of} has an unusable value for '{key}'; it is left out"));
            } else {
                kept.push((key.into_owned(), self.file[value].to_vec()));
            }
        }
        kept
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

/// The longest start of a text that other programs read: no NUL, at most `max` bytes, whole
/// characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let text = text.split('\0').next().unwrap_or_default();
    let end = (0..=max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: Vec<u8>) -> Result<Dict, FormatError> {
        let part = 0..raw.len();
        let mut reader = DictReader::new(&raw.into(), part);
        while reader.advance()? {}
        Ok(reader.dict)
    }

    fn rest(raw: Vec<u8>) -> Option<Vec<(String, Vec<u8>)>> {
        Some(read(raw).ok()?.rest(&[], "a record", &mut Vec::new()))
    }

    #[test]
    fn a_record_ends_at_an_empty_key_or_the_end() {
        let mut raw = Vec::new();
        raw.put_entry("a", b"1");
        raw.put_entry("active", b"");
        raw.put_entry("a", b"2");
        let expected = vec![("a".to_owned(), b"2".to_vec()), ("active".to_owned(), b"".to_vec())];
        assert_eq!(rest(raw.clone()), Some(expected.clone()));
        raw.put_i32(0);
        raw.put(b"left over");
        assert_eq!(rest(raw), Some(expected));
    }

    #[test]
    fn a_record_of_many_entries_is_read_some_at_a_time() {
        let mut raw = Vec::new();
        let count = 5 * ENTRIES_A_UNIT;
        (0..count).for_each(|number| raw.put_entry(&number.to_string(), b"x"));
        let part = 0..raw.len();
        let mut reader = DictReader::new(&raw.into(), part);
        let units = (0..).find(|_| !reader.advance().unwrap_or(false));
        assert_eq!(units, Some(5));
        assert_eq!(reader.dict.rest(&[], "", &mut Vec::new()).len(), count);
    }

    #[test]
    fn what_was_taken_out_is_gone_and_what_was_refused_stays() {
        let mut raw = Vec::new();
        raw.put_entry("a", b"1");
        raw.put_entry("b", b"2");
        let mut dict = read(raw).unwrap();
        assert_eq!(dict.take("a", |_| None::<()>), None);
        assert_eq!((dict.string("a"), dict.string("a")), (Some("1".to_owned()), None));
        assert!(!dict.has("a") && dict.has("b"));
        assert_eq!(dict.take_place("b").map(|place| place.len()), Some(1));
        assert!(dict.rest(&[], "", &mut Vec::new()).is_empty());
    }

    #[test]
    fn a_value_of_the_wrong_size_is_told_and_left_out() {
        let mut raw = Vec::new();
        raw.put_entry("id", b"123");
        let mut dict = read(raw).unwrap();
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
