//! `.vox`: MagicaVoxel's models and scenes, and the older headerless files of SLAB6 of the same name.
//!
//! Reading places every instance of the scene graph as MagicaVoxel does, one layer each, hidden ones
//! hidden. Writing makes one model of up to 256 voxels along each edge per layer, more where a layer is
//! larger, and a scene graph that keeps their places and names. The format has 255 opaque colours for
//! the whole file; what is lost is told in warnings.

mod chunks;
mod grid;
mod model;
mod palette;
mod read;
mod record;
mod scene;
mod scene_write;
mod slab6;
mod write;

use super::merged::merged;
use super::steps::Steps;
use super::{ReadJob, ReadOptions, WriteJob, WriteOptions};
use crate::document::Document;
use crate::format::bytes::FileBytes;

const NAME: &str = "vox";
/// The longest edge of one model.
const MODEL_EDGE: i64 = 256;

/// Whether bytes begin like either kind of file.
pub(super) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"VOX ") || slab6::detect(bytes)
}

pub(super) fn reader(bytes: FileBytes, options: ReadOptions) -> ReadJob {
    if !bytes.starts_with(b"VOX ") && slab6::detect(&bytes) {
        return Box::new(Steps(slab6::Reader::new(bytes, options)));
    }
    Box::new(Steps(read::Reader::new(bytes, options)))
}

pub(super) fn writer(document: Document, _options: WriteOptions) -> WriteJob {
    if write::keeps_layers(&document) {
        return Box::new(Steps(write::Writer::new(&document, None)));
    }
    let copy = document.clone();
    merged(&document, move |seen| Box::new(Steps(write::Writer::new(&copy, Some(seen)))))
}
