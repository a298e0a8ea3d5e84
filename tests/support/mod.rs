//! What tests of several subjects share. Each test program uses a part of it.
#![allow(dead_code)]

pub mod documents;
pub mod fake;
pub mod made;
pub mod process;
pub mod samples;
pub mod schema;
pub mod service;
pub mod skip;
pub mod voxels;
