//! A log in memory, or a piece of one, read to its end: the calls that it holds, and what the end
//! is like.

use super::record::{self, BadHead, Chain, LOG_HEAD, NoRecord, Record};

/// How a log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// With a whole call.
    Clean,
    /// Cut off: these bytes are the beginning of something that was never answered.
    Torn(u64),
    /// Something that does not check has records behind it.
    Damaged,
    /// With a record that checks and says what this program does not know.
    Unknown,
}

/// The calls of a log, one after the other.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    chain: Chain,
    /// Where the last whole call ends.
    good: Good,
    next_sequence: Option<u64>,
    /// Whether the records were checked before.
    is_checked: bool,
}

/// A place in a log where one can go on writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Good {
    /// The bytes before it.
    pub end: usize,
    /// The chain there.
    pub chain: Chain,
    /// The number of the next record.
    pub sequence: u64,
}

impl Good {
    /// The beginning of a log's records.
    pub(super) fn behind_head(chain: Chain) -> Good {
        Good { end: LOG_HEAD, chain, sequence: 1 }
    }
}

/// Why there is no further call.
#[derive(Clone, Copy)]
pub(super) enum NoCall {
    /// No record is at this place.
    NoRecord(usize, NoRecord),
    /// A record is missing.
    Gap,
}

impl<'a> Reader<'a> {
    /// Reads the head.
    pub fn new(bytes: &'a [u8]) -> Result<Self, BadHead> {
        let (_version, chain) = record::read_log_head(bytes)?;
        let good = Good::behind_head(chain);
        Ok(Reader { bytes, chain, good, next_sequence: None, is_checked: false })
    }

    /// Goes on in a piece of a log whose first byte is where a call begins.
    pub(super) fn of_piece(bytes: &'a [u8], begin: Good) -> Self {
        let is_first = begin.end == LOG_HEAD;
        let next_sequence = (!is_first).then_some(begin.sequence);
        let good = Good { end: 0, ..begin };
        Reader { bytes, chain: begin.chain, good, next_sequence, is_checked: false }
    }

    /// The same for a piece of whole calls that such a reader has been through.
    pub(super) fn of_checked(bytes: &'a [u8], begin: Good) -> Self {
        Reader { is_checked: true, ..Reader::of_piece(bytes, begin) }
    }

    /// Where the last whole call ends.
    pub fn good_end(&self) -> Good {
        self.good
    }

    /// The records of the next whole call go into `call`; at the end it tells what that is like.
    pub fn next_call(&mut self, call: &mut Vec<Record<'a>>) -> Result<(), End> {
        self.try_next_call(call).map_err(|why| self.end(why))
    }

    /// The same; what the end is like can be asked afterwards.
    pub(super) fn try_next_call(&mut self, call: &mut Vec<Record<'a>>) -> Result<(), NoCall> {
        call.clear();
        let mut at = self.good.end;
        let read = if self.is_checked { record::read_checked } else { record::read };
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let (record, length, chain) =
                read(rest, self.chain).map_err(|why| NoCall::NoRecord(at, why))?;
            if self.next_sequence.is_some_and(|next| next != record.sequence) {
                return Err(NoCall::Gap);
            }
            self.next_sequence = Some(record.sequence + 1);
            (at, self.chain) = (at + length, chain);
            call.push(record);
            if !record.is_continued {
                self.good = Good { end: at, chain, sequence: record.sequence + 1 };
                return Ok(());
            }
        }
    }

    /// What the end of the log is like, of which this is the last piece.
    pub(super) fn end(&self, why: NoCall) -> End {
        let NoCall::NoRecord(at, why) = why else { return End::Damaged };
        let behind = self.bytes.get(at..).unwrap_or_default();
        let left = (self.bytes.len() - self.good.end) as u64;
        match why {
            NoRecord::Unknown => End::Unknown,
            NoRecord::Broken if record::is_any_behind(behind, self.chain) => End::Damaged,
            _ if left == 0 => End::Clean,
            _ => End::Torn(left),
        }
    }
}
