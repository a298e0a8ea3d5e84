//! `.vox`: MagicaVoxel's models and scenes, and the older headerless files of SLAB6 of the same
//! name.
//!
//! Reading places every instance of the scene graph as MagicaVoxel does, one layer each, hidden
//! ones hidden. Writing makes one model of up to 256 voxels along each edge per layer, more where a
//! layer is larger, and a scene graph that keeps their places and names. The format has 255 opaque
//! colours for the whole file; what is lost is told in warnings.

mod camera;
mod chunks;
mod grid;
mod material;
mod model;
mod paint;
mod palette;
mod read;
mod record;
mod scene;
mod scene_write;
mod slab6;
mod write;

use super::bytes::FileBytes;
use super::{FormatError, Loaded, ReadOptions};
use crate::job::Slice;

const NAME: &str = "vox";
/// The longest edge of one model.
const MODEL_EDGE: i64 = 256;

/// Whether bytes begin like either kind of file.
pub(super) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"VOX ") || slab6::detect(bytes)
}

pub(super) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    if !file.starts_with(b"VOX ") && slab6::detect(&file) {
        slab6::read(file, options, &slice).await
    } else {
        read::read(file, options, &slice).await
    }
}

pub(super) use write::write;
