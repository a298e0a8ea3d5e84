//! The engine: colours, geometry and volumes of voxels.
//!
//! A [`Volume`] is an unbounded sparse grid of RGBA voxels, kept in blocks of 16x16x16 that are shared
//! copy-on-write: cloning a volume costs its index and never its voxels. Alpha 0 is empty. This floor
//! knows nothing of files, JSON, sockets or the clock.

mod block;
mod block_edit;
mod block_range;
mod color;
mod combine;
mod debug;
mod draw;
mod geometry;
mod memory;
mod shape;
mod volume;

pub use block::{BLOCK_SIZE, BLOCK_VOXELS, BlockPos, BlockRef, Mask};
pub(crate) use block_edit::BlockEdit;
pub use block_edit::{EditJob, EditReport, Edited};
pub use color::Rgba;
pub use combine::BlendMode;
pub use draw::Brush;
pub(crate) use draw::Draw;
pub use geometry::{Bounds, Point};
pub(crate) use memory::admit as admit_memory;
pub use memory::{MemoryLimit, UNIT as MEMORY_UNIT, memory_in_use, memory_limit, set_memory_limit};
pub use shape::{Axis, Cover, Rotation, Shape, ShapeError};
pub use volume::{Volume, VolumeChange};
