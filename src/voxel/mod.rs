//! The engine: colours, geometry and volumes of voxels.
//!
//! A [`Volume`] is an unbounded sparse grid of RGBA voxels, kept in blocks of 16x16x16 that are shared
//! copy-on-write: cloning a volume costs its index and never its voxels. Alpha 0 is empty. This floor
//! knows nothing of files, JSON, sockets or the clock.

mod block;
mod color;
mod geometry;
mod volume;

pub use block::{BLOCK_SIZE, BLOCK_VOXELS, BlockPos, BlockRef, Mask};
pub use color::Rgba;
pub use geometry::{Bounds, Point};
pub use volume::{Volume, VolumeChange};
