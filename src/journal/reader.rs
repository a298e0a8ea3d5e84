//! A log, read to its end: the calls that it holds, and what the end is like.

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
    version: u32,
    generation: u64,
    /// Where the last whole call ends.
    good: Good,
    next_sequence: Option<u64>,
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

impl<'a> Reader<'a> {
    /// Reads the head.
    pub fn new(bytes: &'a [u8]) -> Result<Self, BadHead> {
        let (version, generation, chain) = record::read_log_head(bytes)?;
        Ok(Reader {
            bytes,
            version,
            chain,
            generation,
            good: Good { end: LOG_HEAD, chain, sequence: 1 },
            next_sequence: None,
        })
    }

    /// Whether an older program wrote it.
    pub(super) fn is_older(&self) -> bool {
        self.version < record::VERSION
    }

    /// The log's generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Bytes of the whole log.
    pub fn log_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Where the last whole call ends.
    pub fn good_end(&self) -> Good {
        self.good
    }

    /// The records of the next whole call go into `call`; at the end it tells what that is like.
    pub fn next_call(&mut self, call: &mut Vec<Record<'a>>) -> Result<(), End> {
        call.clear();
        let mut at = self.good.end;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let (record, length, chain) = match record::read(rest, self.chain) {
                Ok(read) => read,
                Err(why) => return Err(self.end(at, why)),
            };
            if self.next_sequence.is_some_and(|next| next != record.sequence) {
                return Err(End::Damaged);
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

    fn end(&mut self, at: usize, why: NoRecord) -> End {
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
