//! Flood fills against simpler ones.

use crate::harness::Bench;

pub fn rows(_bench: &mut Bench) {}
