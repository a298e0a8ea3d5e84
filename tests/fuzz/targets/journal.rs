//! Records of a journal on the way back: whatever they say, never a panic, and never more than an
//! error.
//!
//! The input is a record that checks, behind one that opens a project: a byte for the kind, one for
//! the revision, then the payload; and the same bytes as a whole log.

#![no_main]

use goxel_daemon::journal::{Chain, Kind, Put, Record, log_head, replay, write_record};
use goxel_daemon::workspace::{Replay, Workspace};
use libfuzzer_sys::fuzz_target;

const SALT: [u8; 16] = [7; 16];
/// The piece 10: one layer with the id 1, which is the active one.
const ONE_LAYER: [u8; 13] = [10, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];

fn replayed(log: &[u8]) {
    let mut workspace = Workspace::default();
    let mut progress = || {};
    let mut repeat = Replay::begin(&mut workspace, |_| {}, &mut progress);
    let _ = replay(&log, &mut repeat);
    repeat.end();
}

fuzz_target!(|input: &[u8]| {
    replayed(input);
    let [kind, revision, payload @ ..] = input else { return };
    let kind = Kind::ALL[usize::from(*kind) % Kind::ALL.len()];
    let mut open = Vec::new();
    open.put_text("p");
    open.extend_from_slice(&ONE_LAYER);
    let (mut log, mut chain) = (log_head(1, SALT).to_vec(), Chain::new(SALT));
    for (sequence, kind, revision, payload) in
        [(1, Kind::Open, 0, &open[..]), (2, kind, u64::from(*revision), payload)]
    {
        let record = Record {
            sequence,
            kind,
            project: 1,
            revision,
            is_continued: false,
            tag: None,
            payload,
        };
        write_record(&record, &mut chain, &mut log);
    }
    replayed(&log);
});
