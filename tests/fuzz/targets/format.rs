//! Every file format that can be read: an error or a document, never a panic, never much memory. What was
//! read can be written as .gox and reads back the same.

#![no_main]

use goxel_daemon::format::{self, Limits, ReadOptions};
use libfuzzer_sys::fuzz_target;

fn options() -> ReadOptions {
    let limits = Limits { max_file_bytes: 1 << 20, max_voxel_bytes: 64 << 20, ..Limits::default() };
    ReadOptions { limits, ..Default::default() }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let readable: Vec<_> = format::formats().iter().filter(|format| format.can_read()).collect();
    let chosen = readable[usize::from(choice) % readable.len()];
    let Ok(loaded) = format::decode(bytes.to_vec(), Some(chosen), options()) else { return };
    let gox = format::by_name("gox").expect("gox is known");
    let layers: Vec<_> = loaded.document.layers().iter().map(|layer| layer.volume.count()).collect();
    let written = format::encode(loaded.document, gox, Default::default()).expect("gox holds everything");
    let again = format::decode(written.bytes, Some(gox), Default::default()).expect("what was written reads");
    let counts: Vec<_> =
        again.document.layers().iter().map(|layer| layer.volume.count()).collect();
    assert_eq!(layers, counts);
});
