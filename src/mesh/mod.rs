//! Volume to triangles: which faces of which voxels can be seen, and rectangles of them.

mod face;
mod occupancy;

pub use face::{Face, Quad};
pub(crate) use occupancy::mask_bit;
pub use occupancy::{Occupancy, Solidity, box_mask};
