//! The family of formats: obj, ply, stl, glb, gltf.

#![no_main]

mod family;

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &["obj", "ply", "stl", "glb", "gltf"];

fuzz_target!(|input: (u8, &[u8])| family::read_as(&family::named(NAMES), input.0, input.1));
