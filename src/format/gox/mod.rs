//! `.gox`, Goxel's own format: everything that a document holds.
//!
//! A file is "GOX ", a version and a row of chunks. Blocks of voxels (`BL16`) come before the
//! layers (`LAYR`) that place them, materials (`MATE`) before the layers that use them. What this
//! program knows and Goxel has no place for (palette, selection, exact boxes, long names) goes into
//! a chunk of our own, [`private`], which other programs skip. Chunks and record entries that this
//! program does not know are kept in the document and written again.

mod blocks;
mod dict;
mod packed;
mod preserved;
mod private;
mod read;
mod record;
mod write;

pub use blocks::SaveCache;

use super::FormatError;

/// The format's name in errors.
const NAME: &str = "gox";
/// The newest version that is known, and the one that is written.
const VERSION: i32 = 2;
/// The longest value that Goxel reads safely in any entry.
const VALUE_MAX: usize = 255;
/// The longest layer name, and the longest material or camera name, that Goxel keeps.
const LAYER_NAME_MAX: usize = 255;
const SHORT_NAME_MAX: usize = 127;
/// The entry of the image that tells how many layers follow; other programs skip it.
const LAYER_COUNT: &str = "layers";

pub(super) use packed::detect;
pub(super) use read::read;
pub(super) use write::write;

/// A chunk's length as the file shows it.
fn chunk_length(bytes: u64) -> Result<i32, FormatError> {
    i32::try_from(bytes).map_err(|_| {
        let what = format!("a chunk of {bytes} bytes; at most {} are written", i32::MAX);
        FormatError::DoesNotFit { format: NAME, what }
    })
}
