//! What is done with the bytes of a format: an error or a document, never a panic, never much
//! memory. What was read can be written as .gox and reads back the same.

use goxel_daemon::format::{self, Format, Limits, ReadOptions};

fn options() -> ReadOptions {
    let limits = Limits { max_file_bytes: 1 << 20, max_voxel_bytes: 64 << 20, ..Limits::default() };
    ReadOptions { limits, ..Default::default() }
}

/// Reads bytes as one of these formats, which a number chooses.
pub fn read_as(formats: &[&'static Format], choice: u8, bytes: &[u8]) {
    let chosen = formats[usize::from(choice) % formats.len()];
    let Ok(loaded) = format::decode(bytes.to_vec(), Some(chosen), options()) else { return };
    let gox = format::by_name("gox").expect("gox is known");
    let layers: Vec<_> = loaded.document.layers().iter().map(|layer| layer.volume.count()).collect();
    let written = format::encode(loaded.document, gox, Default::default()).expect("gox holds everything");
    let again = format::decode(written.bytes, Some(gox), Default::default()).expect("what was written reads");
    let counts: Vec<_> = again.document.layers().iter().map(|layer| layer.volume.count()).collect();
    assert_eq!(layers, counts);
}

/// The formats of these names.
#[allow(dead_code)]
pub fn named(names: &[&str]) -> Vec<&'static Format> {
    names.iter().map(|name| format::by_name(name).expect("a format")).collect()
}
