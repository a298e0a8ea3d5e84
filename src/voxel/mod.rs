//! The engine: colours, geometry and volumes of voxels.
//!
//! A [`Volume`] is an unbounded sparse grid of RGBA voxels, kept in blocks of 16x16x16 that are
//! shared copy-on-write: cloning a volume costs its index and never its voxels. Alpha 0 is empty.
//! This floor knows nothing of files, JSON, sockets or the clock.

mod angle;
mod bits;
mod blend_block;
mod block;
mod block_edit;
mod block_range;
mod block_set;
mod cells;
mod change;
mod chunk;
mod chunks;
mod color;
mod color_counts;
mod combine;
mod compact;
mod debug;
mod dense;
mod draw;
mod few;
mod generation;
mod geometry;
mod index;
mod laying;
mod look;
mod marks;
mod measure;
mod merge;
mod packed;
mod page_size;
mod parts;
mod plane;
mod ray;
mod region;
mod selection;
mod shape;
mod slab;
pub mod stored;
mod survey;
mod volume;
mod walk;

pub(crate) use angle::sin_cos;
pub(crate) use block::point_in_block;

pub(crate) use crate::memory::admit as admit_memory;
pub use crate::memory::{
    MemoryLimit, UNIT as MEMORY_UNIT, memory_in_use, memory_limit, set_memory_limit,
};
pub(crate) use bits::gather as gather_bytes;
pub use block::{BLOCK_SIZE, BLOCK_VOXELS, BlockPos, BlockRef, BlockVersion, Mask};
#[cfg(feature = "server")]
pub(crate) use block_edit::BlockEdit;
pub(crate) use block_edit::mask_bounds;
pub use block_edit::{EditJob, EditReport, Edited};
#[cfg(feature = "server")]
pub(crate) use block_set::BlockSet;
pub use cells::CellRuns;
pub use change::{Applying, Kept, MeasuredChange, VolumeChange};
pub use color::Rgba;
pub use color_counts::ColorCounts;
pub use combine::BlendMode;
pub use compact::Packer;
pub use draw::Brush;
#[cfg(feature = "server")]
pub(crate) use draw::Draw;
pub use geometry::{Bounds, Point};
#[cfg(feature = "server")]
pub(crate) use index::into_set_places;
pub use laying::{Blend, Laying};
pub use look::{Look, Looked};
pub use marks::EndingMarks;
pub use merge::{MergeCache, MergeJob};
pub use parts::{Part, PartsJob};
pub use plane::{MAX_PLANE_CELLS, PlaneError, Planes, plane_axes};
pub use ray::{Ray, RayHit};
pub use region::{Alike, RegionJob, RegionTooLarge};
pub(crate) use selection::BlendSelection;
pub use selection::Selection;
pub use shape::{Axis, Cover, Rotation, Shape, ShapeError};
pub use slab::{free_slab_bytes, give_back_memory};
pub use survey::Survey;
pub use volume::Volume;
pub use walk::BlockWalk;
pub(crate) use walk::DifferenceWalk;
