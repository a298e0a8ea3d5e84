//! A file replaced by another one as a whole.
//!
//! What a save promises: the path holds either the old bytes or all of the new ones, never a mixture,
//! and after success the new ones survive a crash of the program and, on file systems that honour
//! fsync, of the machine. What it does not promise: hard links to the old file keep the old bytes;
//! owner, extended attributes and times are not carried over (permissions are); on a file system
//! without atomic rename (some network mounts) there can be a moment with no file.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::FormatError;
use super::write_back::WriteBack;
use crate::file_access;

/// A file that takes the place of another one when it is complete. Dropped before that, it leaves
/// nothing behind.
pub(crate) struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    write_back: WriteBack,
    committed: bool,
}

impl Replacement {
    /// Creates the temporary file beside the target. A symbolic link is followed: its target is replaced.
    pub(crate) fn create(path: &Path) -> Result<Self, FormatError> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let failed = |source| FormatError::io("write", path, source);
        let old = file_access::look_at_target(&target).map_err(failed)?;
        let Some(name) = target.file_name() else {
            return Err(failed(std::io::Error::new(
                ErrorKind::InvalidInput,
                "the path names no file",
            )));
        };
        if old.is_some_and(|old| old.permissions().readonly()) {
            let reason = "the file is write-protected";
            return Err(failed(std::io::Error::new(ErrorKind::PermissionDenied, reason)));
        }
        let mut attempt = 0u32;
        loop {
            let mut temporary_name = std::ffi::OsString::from(".");
            temporary_name.push(short(name));
            temporary_name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = target.with_file_name(temporary_name);
            match file_access::create_new(&temporary) {
                Ok(file) => {
                    let write_back = WriteBack::new(&file);
                    let committed = false;
                    return Ok(Replacement { target, temporary, file, write_back, committed });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 1000 => {
                    attempt += 1;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| FormatError::io("write", &self.target, source))?;
        self.write_back.wrote(&self.file, bytes.len() as u64);
        Ok(())
    }

    /// Whether it is better to rest than to write on: the disk has more than enough to do.
    pub(super) fn is_congested(&mut self) -> bool {
        self.write_back.is_congested(&self.file)
    }

    /// Whether the disk has all bytes, as far as that can be told without waiting.
    pub(super) fn is_settled(&mut self) -> bool {
        self.write_back.is_settled(&self.file)
    }

    /// From now on takes everything for settled.
    pub(super) fn stop_asking(&mut self) {
        self.write_back.stop_asking();
    }

    /// Makes the new bytes durable; the old file is still in place. Waits for what the disk does not have.
    pub(super) fn sync(&mut self) -> Result<(), FormatError> {
        if let Ok(old) = fs::metadata(&self.target) {
            let kept = self.file.set_permissions(old.permissions());
            kept.map_err(self.failed("keep the permissions of"))?;
        }
        self.file.sync_all().map_err(self.failed("write"))
    }

    /// The file that will be replaced, if there is one that can be read. While it is open, the system keeps its
    /// bytes.
    pub(super) fn old_file(&self) -> Option<File> {
        file_access::open_to_read(&self.target).ok()
    }

    /// Puts the new file in place of the old one, after [`Replacement::sync`].
    pub(super) fn rename(&mut self) -> Result<(), FormatError> {
        fs::rename(&self.temporary, &self.target).map_err(self.failed("replace"))?;
        self.committed = true;
        Ok(())
    }

    /// Makes the new name durable.
    pub(super) fn sync_directory(&self) {
        let directory = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Some file systems refuse to sync directories; the rename has happened all the same.
        let _ = file_access::open_directory(directory).and_then(|directory| directory.sync_all());
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> FormatError + use<> {
        let path = self.target.clone();
        move |source| FormatError::Io { action, path, source }
    }

    /// All of it in one go: durable, in place, and the name durable too.
    pub(crate) fn commit(mut self) -> Result<(), FormatError> {
        self.sync()?;
        self.rename()?;
        self.sync_directory();
        Ok(())
    }
}

/// Puts bytes into a file, atomically: the path holds the old bytes or all of the new ones.
///
/// # Errors
/// What the system refuses; then the old file is as it was.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    let mut file = Replacement::create(path)?;
    file.write(bytes)?;
    file.commit()
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
