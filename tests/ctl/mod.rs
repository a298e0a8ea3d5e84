//! `goxelctl` through its real binary.

mod basics;
mod commands;
mod converting;
mod manners;
mod recovery;
mod running;
mod shells;
mod terminal;
mod tool;
