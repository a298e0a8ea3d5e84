//! From a log back to what it tells: record by record, to the last whole call.

use std::collections::HashMap;
use std::io;

use super::bytes::Take;
use super::pieces::{Log, Piece, Pieces, Unreadable};
use super::reader::{End, Good};
use super::record::{Kind, Record};

/// Memory is looked at when so many bytes or records of a log were made again.
const BYTES_BETWEEN_LOOKS: usize = 1 << 20;
const RECORDS_BETWEEN_LOOKS: u64 = 4096;
/// Calls that are read before the first of them is made again.
const CALLS_AHEAD: usize = 16;

/// Takes what a log tells.
pub trait Repeat {
    /// Takes note of the records that are to be made again next, in this order.
    fn expect(&mut self, _records: &[Record<'_>]) {}

    /// Makes what a record tells happen again. An error says why that cannot be.
    fn repeat(&mut self, record: &Record<'_>) -> Result<(), String>;

    /// Whether memory is short.
    fn is_short(&mut self) -> bool {
        false
    }

    /// Forgets what is old. Of some projects the state is still needed that a revision made, and
    /// what came after it.
    fn let_go(&mut self, _needed: &HashMap<u32, u64>) {}
}

/// A project goes back, later in the log, to the state that a revision made.
struct Return {
    sequence: u64,
    project: u32,
    made_by: u64,
}

/// All of a log of this kind.
fn returns_of(log: &dyn Log) -> Result<Vec<Return>, Unreadable> {
    let mut found = Vec::new();
    Pieces::of(log)?.each(|piece| {
        let (mut calls, mut call) = (piece.calls(), Vec::new());
        while calls.next_call(&mut call).is_ok() {
            let gone = call.iter().filter(|record| record.kind == Kind::Go);
            found.extend(gone.filter_map(|record| {
                let made_by = Take::new(record.payload, record.kind.name()).u64().ok()?;
                Some(Return { sequence: record.sequence, project: record.project, made_by })
            }));
        }
        Ok(true)
    })?;
    Ok(found)
}

/// The oldest state of each project that is gone back to from a record on.
fn needed_from(sequence: u64, returns: &[Return]) -> HashMap<u32, u64> {
    let mut needed = HashMap::new();
    for Return { project, made_by, .. } in returns.iter().filter(|it| it.sequence >= sequence) {
        let oldest = needed.entry(*project).or_insert(*made_by);
        *oldest = (*oldest).min(*made_by);
    }
    needed
}

/// What a log brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The version of the format that its head names.
    pub version: u32,
    /// Where one can go on writing.
    pub good: Good,
    /// How the log ends.
    pub end: End,
    /// What is wrong with a record that checks and cannot be made again; the log ends before it.
    pub problem: Option<String>,
    /// Records that were made again.
    pub records: u64,
}

/// Makes everything again that a log holds.
pub fn replay(log: &dyn Log, repeat: &mut dyn Repeat) -> Result<Replayed, Unreadable> {
    let pieces = Pieces::of(log)?;
    let (version, good) = (pieces.version(), pieces.place());
    let replayed = Replayed { version, good, end: End::Clean, problem: None, records: 0 };
    let mut replay = Replay { log, repeat, replayed, looked: (0, 0), returns: None };
    pieces.each(|piece| replay.repeat(piece))?;
    Ok(replay.replayed)
}

/// A replay under way.
struct Replay<'r> {
    log: &'r dyn Log,
    repeat: &'r mut dyn Repeat,
    replayed: Replayed,
    /// Bytes and records of the log when memory was looked at last.
    looked: (usize, u64),
    /// Where the log goes back, once memory was short.
    returns: Option<Vec<Return>>,
}

impl Replay<'_> {
    /// Makes a piece of the log again; false if it ends with something that cannot be.
    fn repeat(&mut self, piece: &Piece) -> io::Result<bool> {
        let (mut calls, mut call) = (piece.calls(), Vec::new());
        let (mut records, mut ends, mut has_more) = (Vec::new(), Vec::new(), true);
        while has_more {
            while has_more && ends.len() < CALLS_AHEAD {
                has_more = calls.next_call(&mut call).is_ok();
                if has_more {
                    records.append(&mut call);
                    ends.push((records.len(), calls.good_end()));
                }
            }
            self.repeat.expect(&records);
            let mut start = 0;
            for (end, good) in ends.drain(..) {
                for record in &records[start..end] {
                    if let Err(problem) = self.repeat.repeat(record) {
                        let (sequence, kind) = (record.sequence, record.kind.name());
                        self.replayed.end = End::Damaged;
                        self.replayed.problem =
                            Some(format!("record {sequence} ({kind}): {problem}"));
                        return Ok(false);
                    }
                }
                self.replayed.records += (end - start) as u64;
                self.replayed.good = Good { end: piece.begin().end + good.end, ..good };
                self.look_at_memory()?;
                start = end;
            }
            records.clear();
        }
        self.replayed.end = piece.end.unwrap_or(End::Clean);
        Ok(true)
    }

    /// Now and then: lets go of what is old if memory is short.
    fn look_at_memory(&mut self) -> io::Result<()> {
        let Replayed { good: Good { end, sequence, .. }, records, .. } = self.replayed;
        let (bytes_then, records_then) = self.looked;
        if end < bytes_then + BYTES_BETWEEN_LOOKS && records < records_then + RECORDS_BETWEEN_LOOKS
        {
            return Ok(());
        }
        self.looked = (end, records);
        if self.repeat.is_short() {
            let returns = match self.returns.take() {
                Some(returns) => returns,
                None => returns_of(self.log).map_err(io::Error::other)?,
            };
            self.repeat.let_go(&needed_from(sequence, &returns));
            self.returns = Some(returns);
        }
        Ok(())
    }
}
