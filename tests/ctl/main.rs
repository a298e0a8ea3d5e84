//! `goxelctl` through its real binary.

mod basics;
mod commands;
#[path = "../client/fake.rs"]
#[allow(dead_code)]
mod fake;
#[path = "../support/process.rs"]
mod process;
mod shells;
mod tool;
