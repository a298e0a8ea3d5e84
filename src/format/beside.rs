//! Files that belong to another one and lie beside it: materials and pictures of surfaces.
//!
//! Only names within the same directory, or below it, are looked for: a file must not make this
//! program read anything else.

use std::path::{Component, Path};

use super::FormatError;
use super::file::read_file;
use crate::file_access::FilePath;
use crate::job::Slice;

/// The most bytes of such a file.
const BYTES_MAX: u64 = 1 << 28;

/// Reads a file that lies beside another one. `None` if it is not there, or if its name leads
/// elsewhere.
pub(crate) async fn read_beside(
    directory: Option<&FilePath>,
    name: &str,
    slice: &Slice,
) -> Result<Option<Vec<u8>>, FormatError> {
    let name = name.replace('\\', "/");
    let name = Path::new(name.trim());
    let is_within = name.components().all(|part| matches!(part, Component::Normal(_)));
    let Some(directory) = directory.filter(|_| is_within && name.file_name().is_some()) else {
        return Ok(None);
    };
    let read = read_file(&directory.join(name), ("max_file_bytes", BYTES_MAX), slice).await;
    Ok(read.ok())
}
