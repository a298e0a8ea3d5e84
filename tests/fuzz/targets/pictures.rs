//! The family of formats: png, gif, jpeg, webp, heightmap.

#![no_main]

mod family;

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &["png", "gif", "jpeg", "webp", "heightmap"];

fuzz_target!(|input: (u8, &[u8])| family::read_as(&family::named(NAMES), input.0, input.1));
