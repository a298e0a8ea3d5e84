//! Volume to triangles: which faces of which voxels can be seen, and rectangles of them.
//!
//! A face is visible if the voxel behind it counts and the voxel before it does not. What counts is
//! a [`Solidity`]; exporters use [`Solidity::Meshed`]. [`Mesher`] is the job, [`faces`] and
//! [`greedy`] do it in one go. The quads cover each visible face exactly once.

mod face;
mod greedy;
mod hidden;
mod marching;
mod mesher;
mod occupancy;
mod region;

pub use face::{Face, Quad};
pub use marching::{Marching, Triangles};
pub use mesher::{Merge, Mesher, faces, greedy};
pub use occupancy::{Occupancy, Solidity, box_mask};

pub(crate) use hidden::hidden_in_block;
pub(crate) use mesher::SliceMesher;
pub(crate) use occupancy::mask_bit;
pub(crate) use region::{REGION, RegionBits};
