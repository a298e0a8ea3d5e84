//! Files as a whole: reading within a limit, and replacing one atomically.
//!
//! What a save promises: the path holds either the old bytes or all of the new ones, never a mixture,
//! and after success the new ones survive a crash of the program and, on file systems that honour
//! fsync, of the machine. What it does not promise: hard links to the old file keep the old bytes;
//! owner, extended attributes and times are not carried over (permissions are); on a file system
//! without atomic rename (some network mounts) there can be a moment with no file.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::FormatError;

/// Reads a file piece by piece, up to a limit.
pub(crate) struct FileReader {
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
    limit: u64,
}

/// Bytes read or written in one go; a unit of work of load and save jobs.
pub(crate) const PIECE: usize = 1 << 18;

impl FileReader {
    pub(crate) fn open(path: &Path, limit: u64) -> Result<Self, FormatError> {
        let failed = |source| FormatError::io("open", path, source);
        // Opening a pipe would wait for a writer, so look before.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            let kind =
                if metadata.is_dir() { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput };
            return Err(failed(std::io::Error::new(kind, "not a regular file")));
        }
        check_limit(metadata.len(), limit)?;
        let file = File::open(path).map_err(failed)?;
        let bytes = Vec::with_capacity(metadata.len() as usize);
        Ok(FileReader { path: path.to_owned(), file, bytes, limit })
    }

    /// Reads the next piece; true at the end of the file.
    pub(crate) fn read_piece(&mut self) -> Result<bool, FormatError> {
        let read = (&self.file).take(PIECE as u64).read_to_end(&mut self.bytes);
        let count = read.map_err(|source| FormatError::io("read", &self.path, source))?;
        check_limit(self.bytes.len() as u64, self.limit)?;
        Ok(count < PIECE)
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.capacity() as u64
    }

    pub(crate) fn read_so_far(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn check_limit(got: u64, limit: u64) -> Result<(), FormatError> {
    if got > limit {
        let what = "the file's size in bytes".to_owned();
        return Err(FormatError::Limit { what, limit_name: "max_file_bytes", limit, got });
    }
    Ok(())
}

/// A file that takes the place of another one when it is complete. Dropped before that, it leaves
/// nothing behind.
pub(crate) struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    committed: bool,
}

impl Replacement {
    /// Creates the temporary file beside the target. A symbolic link is followed: its target is replaced.
    pub(crate) fn create(path: &Path) -> Result<Self, FormatError> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let failed = |source| FormatError::io("write", path, source);
        if target.is_dir() {
            return Err(failed(std::io::Error::from(ErrorKind::IsADirectory)));
        }
        let Some(name) = target.file_name() else {
            return Err(failed(std::io::Error::new(
                ErrorKind::InvalidInput,
                "the path names no file",
            )));
        };
        if fs::metadata(&target).is_ok_and(|old| old.permissions().readonly()) {
            let reason = "the file is write-protected";
            return Err(failed(std::io::Error::new(ErrorKind::PermissionDenied, reason)));
        }
        let mut attempt = 0u32;
        loop {
            let mut temporary_name = std::ffi::OsString::from(".");
            temporary_name.push(short(name));
            temporary_name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = target.with_file_name(temporary_name);
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    return Ok(Replacement { target, temporary, file, committed: false });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 1000 => {
                    attempt += 1;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.file.write_all(bytes).map_err(|source| FormatError::io("write", &self.target, source))
    }

    /// Makes the new bytes durable and puts them in place of the old ones.
    pub(crate) fn commit(mut self) -> Result<(), FormatError> {
        let failed = |action| {
            let target = self.target.clone();
            move |source| FormatError::Io { action, path: target, source }
        };
        if let Ok(old) = fs::metadata(&self.target) {
            self.file
                .set_permissions(old.permissions())
                .map_err(failed("keep the permissions of"))?;
        }
        self.file.sync_all().map_err(failed("write"))?;
        fs::rename(&self.temporary, &self.target).map_err(failed("replace"))?;
        self.committed = true;
        let directory = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Some file systems refuse to sync directories; the rename has happened all the same.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
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
