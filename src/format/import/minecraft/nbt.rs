//! Named binary tags, as Minecraft's files hold them: big-endian, nested. They are read a few at a
//! time.

use std::borrow::Cow;
use std::ops::Range;

use crate::format::FormatError;
use crate::format::builder::Allowance;
use crate::format::bytes::FileBytes;
use crate::job::Slice;

/// The deepest nesting.
const DEPTH_MAX: usize = 64;
/// The most tags of one file, and about how many bytes of memory each takes.
const TAGS_MAX: u32 = 1 << 22;
const TAG_BYTES: u64 = 64;
/// Tags read in one unit of work.
const TAGS_A_UNIT: u32 = 1024;

/// A tag's value. Numbers that schematics do not need are passed over. Names, texts and arrays are
/// places in the data.
#[derive(Debug)]
pub(super) enum Tag {
    Number(i64),
    Bytes(Range<usize>),
    Text(Range<usize>),
    /// Numbers of eight bytes, big-endian.
    Longs(Range<usize>),
    List(Vec<Tag>),
    Compound(Vec<(Range<usize>, Tag)>),
    Other,
}

impl Tag {
    pub(super) fn get(&self, data: &[u8], key: &str) -> Option<&Tag> {
        let Tag::Compound(entries) = self else { return None };
        let is_it = |(name, _): &&(Range<usize>, Tag)| data[name.clone()] == *key.as_bytes();
        entries.iter().find(is_it).map(|(_, tag)| tag)
    }

    /// The same, taken out.
    pub(super) fn take(&mut self, data: &[u8], key: &str) -> Option<Tag> {
        let Tag::Compound(entries) = self else { return None };
        let place = entries.iter().position(|(name, _)| data[name.clone()] == *key.as_bytes());
        place.map(|place| entries.swap_remove(place).1)
    }

    pub(super) fn number(&self, data: &[u8], key: &str) -> Option<i64> {
        match self.get(data, key)? {
            Tag::Number(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, data: &[u8], key: &str) -> Option<Range<usize>> {
        match self.get(data, key)? {
            Tag::Bytes(place) => Some(place.clone()),
            _ => None,
        }
    }

    pub(super) fn text<'a>(&self, data: &'a [u8], key: &str) -> Option<Cow<'a, str>> {
        match self.get(data, key)? {
            Tag::Text(place) => Some(String::from_utf8_lossy(&data[place.clone()])),
            _ => None,
        }
    }

    pub(super) fn list(&self, data: &[u8], key: &str) -> Option<&[Tag]> {
        match self.get(data, key)? {
            Tag::List(parts) => Some(parts),
            _ => None,
        }
    }

    /// The numbers x, y, z of a compound of them.
    pub(super) fn vector(&self, data: &[u8], key: &str) -> Option<[i64; 3]> {
        let inner = self.get(data, key)?;
        let fits = |value: &i64| i32::try_from(*value).is_ok();
        let axis = |key| inner.number(data, key).filter(fits);
        Some([axis("x")?, axis("y")?, axis("z")?])
    }
}

/// Reads the tags of a file.
pub(super) struct Reader {
    data: FileBytes,
    at: usize,
    tags: u32,
    /// What is around the next tag, outermost first.
    open: Vec<Open>,
    root: Option<Tag>,
    format: &'static str,
}

/// A tag whose parts are read.
enum Open {
    /// The parts so far, and the name of the one that is read.
    Compound(Vec<(Range<usize>, Tag)>, Range<usize>),
    List {
        kind: i64,
        left: usize,
        parts: Vec<Tag>,
    },
}

impl Reader {
    pub(super) fn new(data: FileBytes, format: &'static str) -> Self {
        Reader { data, at: 0, tags: 0, open: Vec::new(), root: None, format }
    }

    /// Reads all tags; the root, whose name does not matter.
    pub(super) async fn read(
        mut self,
        allowance: &mut Allowance,
        slice: &Slice,
    ) -> Result<Tag, FormatError> {
        let kind = self.number(1)?;
        if kind != 10 {
            return Err(self.invalid("a root of another type".to_owned(), "type 10, a compound"));
        }
        self.text()?;
        self.value(10)?;
        let mut counted = 0;
        loop {
            if let Some(root) = self.root.take() {
                return Ok(root);
            }
            self.read_tag()?;
            if self.tags >= counted + TAGS_A_UNIT {
                allowance.take(TAG_BYTES * u64::from(self.tags - counted))?;
                counted = self.tags;
                slice.spend(1).await;
            }
        }
    }

    /// Reads the next part of the innermost tag, or ends that.
    fn read_tag(&mut self) -> Result<(), FormatError> {
        let kind = match self.open.last_mut() {
            Some(Open::List { kind, left, .. }) if *left > 0 => {
                *left -= 1;
                *kind
            }
            Some(Open::Compound(..)) => self.number(1)?,
            Some(Open::List { .. }) | None => 0,
        };
        if kind == 0 {
            self.end_innermost();
            return Ok(());
        }
        if let Some(Open::Compound(..)) = self.open.last() {
            let text = self.text()?;
            if let Some(Open::Compound(_, name)) = self.open.last_mut() {
                *name = text;
            }
        }
        self.value(kind)
    }

    fn end_innermost(&mut self) {
        let tag = match self.open.pop() {
            Some(Open::Compound(entries, _)) => Tag::Compound(entries),
            Some(Open::List { parts, .. }) => Tag::List(parts),
            None => return,
        };
        self.put(tag);
    }

    /// Puts a complete tag where it belongs.
    fn put(&mut self, tag: Tag) {
        match self.open.last_mut() {
            Some(Open::Compound(entries, name)) => entries.push((name.clone(), tag)),
            Some(Open::List { parts, .. }) => parts.push(tag),
            None => self.root = Some(tag),
        }
    }

    fn value(&mut self, kind: i64) -> Result<(), FormatError> {
        self.tags += 1;
        if self.open.len() > DEPTH_MAX || self.tags > TAGS_MAX {
            return Err(self.invalid("too many tags".to_owned(), "at most 4 million, 64 deep"));
        }
        let tag = match kind {
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
            8 => Tag::Text(self.text()?),
            9 => return self.open_list(),
            10 => {
                self.open.push(Open::Compound(Vec::new(), 0..0));
                return Ok(());
            }
            11 => self.array(4)?,
            12 => {
                let length = self.length(4)?;
                Tag::Longs(self.take(length.saturating_mul(8))?)
            }
            _ => return Err(self.invalid("a tag of another type".to_owned(), "type 1 to 12")),
        };
        self.put(tag);
        Ok(())
    }

    fn open_list(&mut self) -> Result<(), FormatError> {
        let kind = self.number(1)?;
        let length = self.length(4)?;
        // A list of nothing has no parts, whatever its length.
        let left = if kind == 0 { 0 } else { length };
        self.open.push(Open::List { kind, left, parts: Vec::new() });
        Ok(())
    }

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

    fn take(&mut self, count: usize) -> Result<Range<usize>, FormatError> {
        if count > self.data.len() - self.at {
            return Err(self.invalid("the end".to_owned(), "more bytes"));
        }
        let taken = self.at..self.at + count;
        self.at = taken.end;
        Ok(taken)
    }

    fn number(&mut self, size: usize) -> Result<i64, FormatError> {
        let place = self.take(size)?;
        let raw = &self.data[place];
        let unsigned = raw.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let unused = 64 - 8 * size as u32;
        Ok((unsigned << unused) as i64 >> unused)
    }

    fn length(&mut self, size: usize) -> Result<usize, FormatError> {
        let length = self.number(size)?;
        let mask = if size == 2 { 0xffff } else { -1 };
        let bad = |_| self.invalid("a negative length".to_owned(), "0 or more");
        usize::try_from(length & mask).map_err(bad)
    }

    fn text(&mut self) -> Result<Range<usize>, FormatError> {
        let length = self.length(2)?;
        self.take(length)
    }

    fn skip(&mut self, count: usize) -> Result<Tag, FormatError> {
        self.take(count)?;
        Ok(Tag::Other)
    }

    fn array(&mut self, size: usize) -> Result<Tag, FormatError> {
        let length = self.length(4)?;
        self.skip(length.saturating_mul(size))
    }
}
