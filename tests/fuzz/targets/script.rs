//! What comes from the process of a script is not trusted: messages cut anywhere are the same
//! messages, a difference is refused or put in place, and neither it nor a script's first comment
//! makes anything panic.

#![no_main]

use goxel_daemon::document::Document;
use goxel_daemon::script::difference::Difference;
use goxel_daemon::script::frame::Frames;
use goxel_daemon::script::library;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let (mut frames, mut difference) = (Frames::default(), Difference::default());
    'all: for part in bytes.chunks(usize::from(piece).max(1)) {
        frames.add(part);
        loop {
            match frames.take() {
                Ok(Some((kind, payload))) => drop(difference.take(kind, payload)),
                Ok(None) => break,
                Err(_) => break 'all,
            }
        }
    }
    let then = Document::default();
    let mut now = then.clone();
    for part in 0..difference.len() {
        let _ = difference.clash(part, &then, &now);
        if difference.apply(part, &mut now).is_err() {
            break;
        }
    }
    let _ = library::head(&String::from_utf8_lossy(bytes));
});
