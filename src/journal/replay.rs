//! From a log back to what it tells: record by record, to the last whole call.

use std::collections::HashMap;

use super::bytes::Take;
use super::reader::{End, Good, Reader};
use super::record::{Kind, Record};

/// Memory is looked at when so many bytes or records of a log were made again.
const BYTES_BETWEEN_LOOKS: usize = 1 << 20;
const RECORDS_BETWEEN_LOOKS: usize = 4096;

/// Takes what a log tells.
pub trait Repeat {
    /// Makes what a record tells happen again. An error says why that cannot be.
    fn repeat(&mut self, record: &Record<'_>) -> Result<(), String>;

    /// Whether memory is short, apart from that of the log itself, which will be free in the end.
    fn is_short(&mut self, _log_bytes: u64) -> bool {
        false
    }

    /// Forgets what is old. Of some projects the state is still needed that a revision made, and
    /// what came after it.
    fn let_go(&mut self, _log_bytes: u64, _needed: &HashMap<u32, u64>) {}
}

/// A project goes back, later in the log, to the state that a revision made.
struct Return {
    sequence: u64,
    project: u32,
    made_by: u64,
}

/// All that is left of a log of this kind.
fn returns_of(mut rest: Reader<'_>) -> Vec<Return> {
    let (mut found, mut call) = (Vec::new(), Vec::new());
    while rest.next_call(&mut call).is_ok() {
        let gone = call.iter().filter(|record| record.kind == Kind::Go);
        found.extend(gone.filter_map(|record| {
            let made_by = Take::new(record.payload, record.kind.name()).u64().ok()?;
            Some(Return { sequence: record.sequence, project: record.project, made_by })
        }));
    }
    found
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
pub fn replay(mut reader: Reader<'_>, repeat: &mut dyn Repeat) -> Replayed {
    let good = reader.good_end();
    let mut replayed = Replayed { good, end: End::Clean, problem: None, records: 0 };
    let log_bytes = reader.log_bytes();
    let (mut call, mut looked, mut returns) = (Vec::new(), (0, 0), None);
    loop {
        if let Err(end) = reader.next_call(&mut call) {
            replayed.end = end;
            return replayed;
        }
        for record in &call {
            if let Err(problem) = repeat.repeat(record) {
                let (sequence, kind) = (record.sequence, record.kind.name());
                replayed.end = End::Damaged;
                replayed.problem = Some(format!("record {sequence} ({kind}): {problem}"));
                return replayed;
            }
        }
        replayed.records += call.len() as u64;
        replayed.good = reader.good_end();
        let Good { end, sequence, .. } = replayed.good;
        let records = replayed.records as usize;
        if end >= looked.0 + BYTES_BETWEEN_LOOKS || records >= looked.1 + RECORDS_BETWEEN_LOOKS {
            looked = (end, records);
            if repeat.is_short(log_bytes) {
                let returns = returns.get_or_insert_with(|| returns_of(reader.clone()));
                repeat.let_go(log_bytes, &needed_from(sequence, returns));
            }
        }
    }
}
