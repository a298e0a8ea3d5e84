//! The form of a log: every cut and every flipped bit is found. `GOXEL_CUT_RECORDS` sets how many records are cut at every byte.

use goxel_daemon::journal::{
    Chain, End, Kind, LOG_HEAD, Reader, Record, Tag, log_head, write_record,
};

use crate::client::random::setting;

const SALT: [u8; 16] = *b"0123456789abcdef";

/// A log of some records; and where each call ends.
fn log(count: u64) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut ends) = (log_head(1, SALT).to_vec(), Vec::new());
    let mut chain = Chain::new(SALT);
    for sequence in 1..=count {
        let payload = vec![sequence as u8; sequence as usize % 23];
        let answer = vec![b'a'; sequence as usize % 5];
        let tag = Tag { session: "s", number: sequence as i64, answer: Some(&answer) };
        let is_continued = sequence % 5 == 0 && sequence < count;
        let record = Record {
            sequence,
            kind: Kind::Voxels,
            project: 1,
            revision: sequence,
            is_continued,
            tag: (sequence % 3 == 0).then_some(tag),
            payload: &payload,
        };
        write_record(&record, &mut chain, &mut bytes);
        if !is_continued {
            ends.push(bytes.len());
        }
    }
    (bytes, ends)
}

/// How many calls come back, where the last one ends, and how the log ends.
fn read(bytes: &[u8]) -> (usize, usize, End) {
    let Ok(mut reader) = Reader::new(bytes) else { return (0, 0, End::Clean) };
    let (mut call, mut calls) = (Vec::new(), 0);
    loop {
        match reader.next_call(&mut call) {
            Ok(()) => calls += 1,
            Err(end) => return (calls, reader.good_end().end, end),
        }
    }
}

#[test]
fn a_log_cut_at_any_byte_gives_the_calls_that_are_whole() {
    let (bytes, ends) = log(setting("GOXEL_CUT_RECORDS", 150));
    assert_eq!(read(&bytes), (ends.len(), bytes.len(), End::Clean));
    for length in LOG_HEAD..bytes.len() {
        let whole = ends.partition_point(|&end| end <= length);
        let good = if whole == 0 { LOG_HEAD } else { ends[whole - 1] };
        let end = match length - good {
            0 => End::Clean,
            left => End::Torn(left as u64),
        };
        assert_eq!(read(&bytes[..length]), (whole, good, end), "{length}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (bytes, ends) = log(12);
    for bit in 8 * LOG_HEAD..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let (calls, good, end) = read(&changed);
        let whole = ends.partition_point(|&end| end <= bit / 8);
        assert_eq!(calls, whole, "bit {bit}");
        assert!(good <= bit / 8, "bit {bit}");
        assert!(matches!(end, End::Damaged | End::Torn(_)), "bit {bit}: {end:?}");
    }
}

#[test]
fn whatever_is_lost_of_the_end_what_comes_back_is_a_beginning() {
    let (bytes, ends) = log(400);
    let mut number = 1u64;
    for _ in 0..1000 {
        // Sectors behind the last sync are lost in any order.
        let mut changed = bytes.clone();
        let synced = ends[100];
        for sector in (synced / 512 + 1)..bytes.len().div_ceil(512) {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if number >> 63 == 1 {
                let until = (512 * (sector + 1)).min(bytes.len());
                changed[512 * sector..until].fill(0);
            }
        }
        let (calls, good, _) = read(&changed);
        assert!(calls > 100, "what was synced is there");
        assert_eq!(changed[..good], bytes[..good]);
    }
}
