//! The daemon's own files, which nobody may read or replace through it.
//!
//! They are known to the whole process: sockets, locks, the pid, log and health files,
//! configurations, the journal. A file is one of them by the directory that it is in and its name
//! there, however a path leads to it.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use rustix::fs::{fstat, stat};

use super::Place;

/// Device and inode of a directory.
type Directory = (u64, u64);

/// The mode of directories that are ours alone.
const PRIVATE: u32 = 0o700;

#[derive(Default)]
struct Own {
    files: Vec<(Directory, OsString)>,
    trees: Vec<PathBuf>,
}

static OWN: RwLock<Own> = RwLock::new(Own { files: Vec::new(), trees: Vec::new() });

/// Says that a file is one of ours, whether it is there already or not. Its directory has to be
/// there.
pub fn protect(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let (Ok(directory), Some(name)) = (stat(parent.unwrap_or(Path::new("."))), path.file_name())
    else {
        return;
    };
    #[allow(clippy::unnecessary_cast, reason = "its type differs between systems")]
    let file = ((directory.st_dev as u64, directory.st_ino), name.to_owned());
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    if !own.files.contains(&file) {
        own.files.push(file);
    }
}

/// Says that everything in a directory is ours.
pub fn protect_tree(path: &Path) {
    if let Ok(path) = std::fs::canonicalize(path) {
        OWN.write().unwrap_or_else(PoisonError::into_inner).trees.push(path);
    }
}

/// Makes a directory that is ours alone, and those on the way to it, under any umask. One that is
/// there stays as it is.
///
/// # Errors
/// What the system refuses.
pub fn make_private(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_private(parent)?;
    }
    match DirBuilder::new().mode(PRIVATE).create(directory) {
        // Only an odd umask leaves another mode; else no path is followed a second time.
        Ok(()) if directory.symlink_metadata()?.mode() & 0o7777 == PRIVATE => Ok(()),
        Ok(()) => std::fs::set_permissions(directory, Permissions::from_mode(PRIVATE)),
        Err(_) if directory.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) fn is_own(place: &Place) -> io::Result<bool> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    if own.trees.iter().any(|tree| place.path().starts_with(tree)) {
        return Ok(true);
    }
    if !own.files.iter().any(|(_, name)| *name == place.name) {
        return Ok(false);
    }
    let directory = fstat(&place.directory)?;
    #[allow(clippy::unnecessary_cast, reason = "its type differs between systems")]
    let directory = (directory.st_dev as u64, directory.st_ino);
    Ok(own.files.iter().any(|(own, name)| (*own, name) == (directory, &place.name)))
}
