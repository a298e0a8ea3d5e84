//! `goxelctl` through its real binary.

mod basics;
#[path = "../client/fake.rs"]
#[allow(dead_code)]
mod fake;
mod tool;
