//! What a log is made of: a head, then records that hold on to each other.
//!
//! The guide "The journal, byte by byte" describes the same for people. All numbers are little
//! endian.
//!
//! A record begins with [`HEAD`] bytes: its length (all of it, a multiple of 8), the CRC-32C of the
//! log's salt, the check value of the record before, the length and everything after this field,
//! padding included; its sequence number, the project, the kind, the flags, the length of the
//! padding, and the project's revision afterwards. If a flag says so there follow the session that
//! asked, its number and the answer; then the payload, then the padding: zeros.
//!
//! Whoever changes a record, takes one out or puts one in breaks the chain from there on.

use super::bytes::{Malformed, Put, Take, put_measured};

/// The version of all that this module and its neighbours write. The first one knew no parts of
/// lists; what it wrote is read, too.
pub const VERSION: u32 = 2;
/// The oldest version that is read.
pub(super) const OLDEST_VERSION: u32 = 1;

/// The first bytes of a log.
pub const MAGIC: [u8; 8] = *b"GOXJRNL\n";

/// Bytes of a log's head.
pub const LOG_HEAD: usize = 40;

/// Bytes of a record's head.
pub const HEAD: usize = 32;

/// Where a record's check value covers it from.
const CHECKED_FROM: usize = 8;

/// Longest record. Nothing longer is written; a length beyond is no record.
pub const LONGEST: usize = (1 << 32) - 8;

const OF_SESSION: u8 = 1;
const ANSWERED: u8 = 2;
const CONTINUED: u8 = 4;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A run of the daemon began: its instance.
    Run = 1,
    /// A project was opened: its name and whole document.
    Open = 2,
    /// A project was closed.
    Close = 3,
    /// Voxels changed: one step of the history.
    Voxels = 4,
    /// Anything in the document changed: one step of the history.
    Document = 5,
    /// The project went to another state of its history.
    Go = 6,
    /// The present state got a name.
    Checkpoint = 7,
    /// Which files all documents of the history are of, and what of them is saved.
    Files = 8,
    /// A call was answered that changed nothing by itself.
    Answer = 9,
    /// Some voxels of a project as it was opened.
    Base = 10,
    /// What is known of the revisions of a project's history.
    Revisions = 11,
    /// A project got another name.
    Rename = 12,
    /// A project's history was forgotten.
    Clear = 13,
    /// One document of the history is of a file, or began, or was saved.
    File = 14,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 14] = [
        Kind::Run,
        Kind::Open,
        Kind::Close,
        Kind::Voxels,
        Kind::Document,
        Kind::Go,
        Kind::Checkpoint,
        Kind::Files,
        Kind::Answer,
        Kind::Base,
        Kind::Revisions,
        Kind::Rename,
        Kind::Clear,
        Kind::File,
    ];

    fn of_number(number: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// A word for people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Run => "run",
            Kind::Open => "open",
            Kind::Close => "close",
            Kind::Voxels => "voxels",
            Kind::Document => "document",
            Kind::Go => "go",
            Kind::Checkpoint => "checkpoint",
            Kind::Files => "files",
            Kind::Answer => "answer",
            Kind::Base => "base",
            Kind::Revisions => "revisions",
            Kind::Rename => "rename",
            Kind::Clear => "clear",
            Kind::File => "file",
        }
    }
}

/// The call of a session that a record belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag<'a> {
    /// The session.
    pub session: &'a str,
    /// The number of the call in it.
    pub number: i64,
    /// Its answer, if it is known.
    pub answer: Option<&'a [u8]>,
}

/// One record, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Rises by one with each record of a journal.
    pub sequence: u64,
    /// What happened.
    pub kind: Kind,
    /// To which project; 0 for none.
    pub project: u32,
    /// The project's revision afterwards.
    pub revision: u64,
    /// Whether the next record belongs to the same call: both count, or none.
    pub is_continued: bool,
    /// Whose call it was.
    pub tag: Option<Tag<'a>>,
    /// What the kind needs.
    pub payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The answer of a call, and nothing else.
    pub(super) fn answer(tag: Tag<'a>) -> Self {
        Record {
            sequence: 0,
            kind: Kind::Answer,
            project: 0,
            revision: 0,
            is_continued: false,
            tag: Some(tag),
            payload: &[],
        }
    }
}

/// The chain that holds the records of one log together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    salt: u32,
    last: u32,
}

impl Chain {
    /// The beginning of a log's chain.
    pub fn new(salt: [u8; 16]) -> Chain {
        Chain { salt: crc32c::crc32c(&salt), last: 0 }
    }

    /// The same chain as if a record with this check value was the last.
    fn after(self, last: u32) -> Chain {
        Chain { last, ..self }
    }

    fn check_value(self, bytes: &[u8]) -> u32 {
        let length: [u8; 4] = bytes.first_chunk().copied().unwrap_or_default();
        let head = [self.last.to_le_bytes(), length];
        let start = crc32c::crc32c_append(self.salt, head.as_flattened());
        crc32c::crc32c_append(start, bytes.get(CHECKED_FROM..).unwrap_or_default())
    }
}

/// The head of a log.
pub fn log_head(generation: u64, salt: [u8; 16]) -> [u8; LOG_HEAD] {
    let mut head = [0; LOG_HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..20].copy_from_slice(&generation.to_le_bytes());
    head[20..36].copy_from_slice(&salt);
    let check = crc32c::crc32c(&head[..36]);
    head[36..].copy_from_slice(&check.to_le_bytes());
    head
}

/// Why bytes are not the head of a log that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadHead {
    /// They are too few, or not a log at all.
    NoLog,
    /// Written by a newer program.
    Newer(u32),
}

/// Reads the head of a log: its version and the beginning of its chain.
pub fn read_log_head(bytes: &[u8]) -> Result<(u32, Chain), BadHead> {
    let head: &[u8; LOG_HEAD] = bytes.first_chunk().ok_or(BadHead::NoLog)?;
    let mut fields = Take::new(head, "head");
    let parts = (|| {
        let magic = fields.bytes(8)?;
        let (version, _generation) = (fields.u32()?, fields.u64()?);
        let salt: [u8; 16] = fields.bytes(16)?.try_into().map_err(|_| Malformed("head"))?;
        Ok::<_, Malformed>((magic, version, salt, fields.u32()?))
    })();
    let (magic, version, salt, check) = parts.map_err(|_| BadHead::NoLog)?;
    if magic != MAGIC || crc32c::crc32c(&head[..LOG_HEAD - 4]) != check {
        return Err(BadHead::NoLog);
    }
    match version {
        OLDEST_VERSION..=VERSION => Ok((version, Chain::new(salt))),
        newer => Err(BadHead::Newer(newer)),
    }
}

/// Appends a record and moves the chain on.
pub fn write(record: &Record<'_>, chain: &mut Chain, out: &mut Vec<u8>) {
    let start = out.len();
    let answer = record.tag.and_then(|tag| tag.answer);
    let flags = (if record.tag.is_some() { OF_SESSION } else { 0 })
        | (if answer.is_some() { ANSWERED } else { 0 })
        | (if record.is_continued { CONTINUED } else { 0 });
    let mut head = [0; HEAD];
    head[8..16].copy_from_slice(&record.sequence.to_le_bytes());
    head[16..20].copy_from_slice(&record.project.to_le_bytes());
    head[20] = record.kind as u8;
    head[21] = flags;
    head[24..32].copy_from_slice(&record.revision.to_le_bytes());
    out.put(&head);
    if let Some(tag) = &record.tag {
        put_measured(out, |out| {
            out.put_i64(tag.number);
            out.put_text(tag.session);
            out.put(tag.answer.unwrap_or_default());
        });
    }
    out.put(record.payload);
    let padding = (start.wrapping_sub(out.len())) & 7;
    out.resize(out.len() + padding, 0);
    out[start + 22..start + 24].copy_from_slice(&(padding as u16).to_le_bytes());
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    chain.last = chain.check_value(&out[start..]);
    out[start + 4..start + CHECKED_FROM].copy_from_slice(&chain.last.to_le_bytes());
}

/// Why there is no record where one should begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoRecord {
    /// The log ends here.
    End,
    /// What is there does not check.
    Broken,
    /// It checks, but this program does not know what it says.
    Unknown,
}

/// Reads the record at the start of some bytes; its length, and the chain behind it.
pub fn read(bytes: &[u8], chain: Chain) -> Result<(Record<'_>, usize, Chain), NoRecord> {
    read_where(bytes, chain, |whole, check| chain.check_value(whole) == check)
}

/// The same where it is known that the record checks.
pub(super) fn read_checked(
    bytes: &[u8],
    chain: Chain,
) -> Result<(Record<'_>, usize, Chain), NoRecord> {
    read_where(bytes, chain, |_, _| true)
}

fn read_where(
    bytes: &[u8],
    chain: Chain,
    is_good: impl Fn(&[u8], u32) -> bool,
) -> Result<(Record<'_>, usize, Chain), NoRecord> {
    if bytes.is_empty() {
        return Err(NoRecord::End);
    }
    let (whole, check) = whole(bytes).ok_or(NoRecord::Broken)?;
    if !is_good(whole, check) {
        return Err(NoRecord::Broken);
    }
    let record = parse(whole).map_err(|_| NoRecord::Unknown)?;
    Ok((record, whole.len(), chain.after(check)))
}

/// The bytes of what may be a record, and the check value that it says it has.
fn whole(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let (length, check) = length_and_check(bytes)?;
    Some((bytes.get(..length)?, check))
}

/// What a record says of its length and check value, if the length can be one.
fn length_and_check(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut fields = Take::new(bytes, "head");
    let (length, check) = (fields.u32().ok()? as usize, fields.u32().ok()?);
    let is_length = (HEAD..=LONGEST).contains(&length) && length.is_multiple_of(8);
    is_length.then_some((length, check))
}

fn parse(whole: &[u8]) -> Result<Record<'_>, Malformed> {
    let mut fields = Take::new(whole, "head");
    fields.bytes(CHECKED_FROM)?;
    let (sequence, project) = (fields.u64()?, fields.u32()?);
    let (kind, flags) = (fields.u8()?, fields.u8()?);
    let (padding, revision) = (usize::from(fields.u16()?), fields.u64()?);
    let kind = Kind::of_number(kind).ok_or(Malformed("kind"))?;
    if flags & !(OF_SESSION | ANSWERED | CONTINUED) != 0 || padding > 7 {
        return Err(Malformed("flags"));
    }
    let tag = if flags & OF_SESSION == 0 { None } else { Some(parse_tag(&mut fields, flags)?) };
    let rest = fields.rest();
    let length = rest.len().checked_sub(padding).ok_or(Malformed("padding"))?;
    let is_continued = flags & CONTINUED != 0;
    Ok(Record { sequence, kind, project, revision, is_continued, tag, payload: &rest[..length] })
}

fn parse_tag<'a>(fields: &mut Take<'a>, flags: u8) -> Result<Tag<'a>, Malformed> {
    let mut tag = Take::new(fields.counted()?, "session");
    let (number, session) = (tag.i64()?, tag.text()?);
    let answer = Some(tag.rest()).filter(|_| flags & ANSWERED != 0);
    Ok(Tag { session, number, answer })
}

/// Whether any record checks behind a place where none does: then the log is damaged, and not just
/// cut off.
///
/// A record can be told without the ones before it, since each of them names its own check value:
/// behind a broken one the next follows it, or, if not even its head can be trusted, the one after
/// that follows the next.
pub fn is_any_behind(bytes: &[u8], chain: Chain) -> bool {
    let follows = |start: usize| {
        let here = bytes.get(start..).and_then(length_and_check);
        here.is_some_and(|(length, check)| {
            let next = bytes.get(start + length..);
            let next = next.and_then(whole);
            next.is_some_and(|(next, its)| chain.after(check).check_value(next) == its)
        })
    };
    (0..bytes.len()).step_by(8).any(follows)
}
