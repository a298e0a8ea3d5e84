//! A file replaced by another one as a whole.
//!
//! What a save promises: the path holds either the old bytes or all of the new ones, never a mixture,
//! and after success the new ones survive a crash of the program and, on file systems that honour
//! fsync, of the machine. What it does not promise: hard links to the old file keep the old bytes;
//! owner, extended attributes and times are not carried over (permissions are); on a file system
//! without atomic rename (some network mounts) there can be a moment with no file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{FormatError, Pieces, ReplaceJob};
use crate::disk::Note;
use crate::file_access;
use crate::job::Job;

/// A file that takes the place of another one when it is complete. Dropped before that, it leaves
/// nothing behind. All of it is work for helpers.
pub(crate) struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    committed: bool,
}

impl Replacement {
    /// Creates the temporary file beside the target. A symbolic link is followed: its target is replaced.
    pub(crate) fn create(path: &Path, note: &Note) -> io::Result<Self> {
        note.step("stat")?;
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = file_access::look_at_target(&target)?;
        let Some(name) = target.file_name() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the path names no file"));
        };
        if old.is_some_and(|old| old.permissions().readonly()) {
            let reason = "the file is write-protected";
            return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
        }
        note.step("open")?;
        let mut attempt = 0u32;
        loop {
            let mut temporary_name = std::ffi::OsString::from(".");
            temporary_name.push(short(name));
            temporary_name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = target.with_file_name(temporary_name);
            match file_access::create_new(&temporary) {
                Ok(file) => return Ok(Replacement { target, temporary, file, committed: false }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 1000 => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8], note: &Note) -> io::Result<()> {
        note.step("write")?;
        self.file.write_all(bytes)
    }

    /// Makes the new bytes durable, puts them in place of the old ones, makes the name durable, and closes the file.
    pub(crate) fn commit(mut self, note: &Note) -> io::Result<()> {
        if let Some(old) = file_access::look_at_target(&self.target)? {
            note.step("chmod")?;
            self.file.set_permissions(old.permissions())?;
        }
        note.step("fsync")?;
        self.file.sync_all()?;
        note.step("rename")?;
        fs::rename(&self.temporary, &self.target)?;
        self.committed = true;
        // From here on it has happened, whatever is wanted by now.
        let _ = note.step("fsync of the directory");
        self.sync_directory();
        let _ = note.step("close");
        Ok(())
    }

    /// Some file systems refuse to sync directories; the rename has happened all the same.
    fn sync_directory(&self) {
        let directory = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let _ = file_access::open_directory(directory).and_then(|directory| directory.sync_all());
    }
}

/// Puts bytes into a file, atomically: the path holds the old bytes or all of the new ones.
///
/// # Errors
/// What the system refuses; then the old file is as it was.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    ReplaceJob::new(path, Pieces::from(bytes.to_vec())).finish().map(drop)
}

/// A name short enough that the temporary name stays within what file systems take.
fn short(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().chars().take(40).collect()
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
