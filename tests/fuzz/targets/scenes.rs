//! The family of formats: gox, vox, qubicle, qbt, qbcl, vxm, cub, xraw.

#![no_main]

mod family;

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &["gox", "vox", "qubicle", "qbt", "qbcl", "vxm", "cub", "xraw"];

fuzz_target!(|input: (u8, &[u8])| family::read_as(&family::named(NAMES), input.0, input.1));
