//! The family of formats: schem, litematic, structure, luanti.

#![no_main]

mod family;

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &["schem", "litematic", "structure", "luanti"];

fuzz_target!(|input: (u8, &[u8])| family::read_as(&family::named(NAMES), input.0, input.1));
