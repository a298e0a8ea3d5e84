//! `goxelctl` through its real binary.

mod basics;
mod commands;
mod shells;
mod tool;
