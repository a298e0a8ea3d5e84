//! Every file format that can be read.

#![no_main]

mod family;

use goxel_daemon::format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let readable: Vec<_> = format::formats().iter().filter(|format| format.can_read()).collect();
    family::read_as(&readable, input.0, input.1);
});
