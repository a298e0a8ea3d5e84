//! Named binary tags, as Minecraft's files hold them: big-endian, nested. They are read a few at a time.

use std::ops::Range;

use crate::format::FormatError;
use crate::format::bytes::FileBytes;

/// The deepest nesting.
const DEPTH_MAX: usize = 64;
/// The most tags of one file.
const TAGS_MAX: u32 = 1 << 20;
/// Tags read in one unit of work.
const TAGS_A_UNIT: u32 = 1024;

/// A tag's value. Lists and numbers that schematics do not need are passed over. Names and bytes are places in
/// the data.
#[derive(Debug)]
pub(super) enum Tag {
    Number(i64),
    Bytes(Range<usize>),
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
}

/// Reads the tags of a file.
pub(super) struct Reader {
    data: FileBytes,
    at: usize,
    tags: u32,
    /// What is around the next tag, outermost first.
    open: Vec<Open>,
    /// How many of these are lists: nothing within them is kept.
    lists: usize,
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
    },
}

impl Reader {
    pub(super) fn new(data: FileBytes, format: &'static str) -> Self {
        Reader { data, at: 0, tags: 0, open: Vec::new(), lists: 0, root: None, format }
    }

    /// Reads some tags; the root, whose name does not matter, once all are read.
    pub(super) fn advance(&mut self) -> Result<Option<Tag>, FormatError> {
        if self.at == 0 {
            let kind = self.number(1)?;
            if kind != 10 {
                return Err(self.invalid(format!("a root of type {kind}"), "type 10, a compound"));
            }
            self.text()?;
            self.value(10)?;
        }
        for _ in 0..TAGS_A_UNIT {
            if self.root.is_some() {
                break;
            }
            self.read_tag()?;
        }
        Ok(self.root.take())
    }

    /// How many bytes are read, and how many there are.
    pub(super) fn progress(&self) -> (usize, usize) {
        (self.at, self.data.len())
    }

    /// What was read from.
    pub(super) fn into_data(self) -> FileBytes {
        self.data
    }

    /// Reads the next part of the innermost tag, or ends that.
    fn read_tag(&mut self) -> Result<(), FormatError> {
        let kind = match self.open.last_mut() {
            Some(Open::List { kind, left }) if *left > 0 => {
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
            Some(Open::List { .. }) => {
                self.lists -= 1;
                Tag::Other
            }
            None => return,
        };
        self.put(tag);
    }

    /// Puts a complete tag where it belongs.
    fn put(&mut self, tag: Tag) {
        match self.open.last_mut() {
            Some(Open::Compound(entries, name)) if self.lists == 0 => {
                entries.push((name.clone(), tag));
            }
            Some(_) => {}
            None => self.root = Some(tag),
        }
    }

    fn value(&mut self, kind: i64) -> Result<(), FormatError> {
        self.tags += 1;
        if self.open.len() > DEPTH_MAX || self.tags > TAGS_MAX {
            return Err(self.invalid("too many tags".to_owned(), "at most a million, 64 deep"));
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
            8 => {
                self.text()?;
                Tag::Other
            }
            9 => return self.open_list(),
            10 => {
                self.open.push(Open::Compound(Vec::new(), 0..0));
                return Ok(());
            }
            11 => self.array(4)?,
            12 => self.array(8)?,
            _ => return Err(self.invalid(format!("a tag of type {kind}"), "type 1 to 12")),
        };
        self.put(tag);
        Ok(())
    }

    fn open_list(&mut self) -> Result<(), FormatError> {
        let kind = self.number(1)?;
        let length = self.length(4)?;
        // A list of nothing has no parts, whatever its length.
        let left = if kind == 0 { 0 } else { length };
        self.lists += 1;
        self.open.push(Open::List { kind, left });
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
        let bad = |_| self.invalid(format!("a length of {length}"), "0 or more");
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
