//! Projects that early versions of Goxel packed with gzip, as `.gox.gz`.

use std::io::Read;

use flate2::read::GzDecoder;

use super::NAME;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::unpack::Unpacking;
use crate::format::{FormatError, ReadOptions};
use crate::job::Slice;

const MAGIC: &[u8; 4] = b"GOX ";
/// Bytes that are looked at to know what is packed.
const LOOKED_AT: usize = 1 << 12;

/// Whether bytes are a project, plain or packed.
pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || is_packed(bytes)
}

fn is_packed(bytes: &[u8]) -> bool {
    let mut start = [0; 4];
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let is_gzip = bytes.starts_with(b"\x1f\x8b");
    is_gzip && GzDecoder::new(looked_at).read_exact(&mut start).is_ok() && &start == MAGIC
}

/// The plain bytes of a project.
pub(super) async fn unpacked(
    file: FileBytes,
    options: &ReadOptions,
    slice: &Slice,
) -> Result<FileBytes, FormatError> {
    if !is_packed(&file) {
        return Ok(file);
    }
    let most = options.limits.max_file_bytes;
    // One byte more tells that there are too many.
    let room = usize::try_from(most.saturating_add(1)).unwrap_or(usize::MAX);
    let mut unpacking = Unpacking::gzip(&file, room);
    let failed = |error: std::io::Error| {
        Bytes::new(&[], NAME).invalid(format!("a damaged gzip stream ({error})"), "a whole one")
    };
    while unpacking.advance().map_err(failed)? {
        slice.spend(1).await;
    }
    let got = unpacking.len() as u64;
    if got > most {
        let what = "the unpacked file's size in bytes".to_owned();
        return Err(FormatError::Limit { what, limit_name: "max_file_bytes", limit: most, got });
    }
    Ok(unpacking.into_bytes())
}
