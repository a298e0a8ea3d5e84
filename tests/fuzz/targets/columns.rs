//! The family of formats: kvx, kv6, vxl, binvox, qef, text, npy, npz.

#![no_main]

mod family;

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &["kvx", "kv6", "vxl", "binvox", "qef", "text", "npy", "npz"];

fuzz_target!(|input: (u8, &[u8])| family::read_as(&family::named(NAMES), input.0, input.1));
