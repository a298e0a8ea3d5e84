//! From a log back to what it tells: record by record, to the last whole call.

use super::reader::{End, Good, Reader};
use super::record::Record;

/// Takes what a log tells.
pub trait Repeat {
    /// Makes what a record tells happen again. An error says why that cannot be.
    fn repeat(&mut self, record: &Record<'_>) -> Result<(), String>;
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
    let mut call = Vec::new();
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
    }
}
