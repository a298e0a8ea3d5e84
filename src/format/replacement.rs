//! A file replaced by another one as a whole.
//!
//! What a save promises: the path holds either the old bytes or all of the new ones, never a
//! mixture, and after success the new ones survive a crash of the program and, on file systems that
//! honour fsync, of the machine. What it does not promise: hard links to the old file keep the old
//! bytes; owner, extended attributes and times are not carried over (permissions are); on a file
//! system without atomic rename (some network mounts) there can be a moment with no file.
//!
//! The new bytes are for our eyes only until they are in place, and have no name at all where the
//! system can do that. Where it cannot, or in the moment between name and rename, a kill leaves a
//! temporary file; see [`super::temporary`].

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};
use std::path::Path;

use rustix::fs::{Mode, fchmod};
use rustix::io::Errno;

use super::{FormatError, Pieces, ReplaceJob, temporary};
use crate::disk::Note;
use crate::file_access::{FileIdentity, FilePath, Place, Purpose};
use crate::job::Job;

/// A file that takes the place of another one when it is complete. Dropped before that, it leaves
/// nothing behind. All of it is work for helpers.
pub(crate) struct Replacement {
    target: Place,
    file: File,
    /// The name beside the target, while there is one.
    name: Option<OsString>,
}

impl Replacement {
    /// Creates the new file in the directory of the target.
    pub(crate) fn create(file: &FilePath, note: &Note) -> io::Result<Self> {
        note.step("stat")?;
        let target = file.resolve(Purpose::Write)?;
        if target.look()?.is_some_and(|old| old.st_mode & 0o222 == 0) {
            let reason = "the file is write-protected";
            return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
        }
        note.step("open")?;
        temporary::enter(&target);
        if let Some(file) = target.create_nameless() {
            return Ok(Replacement { target, file, name: None });
        }
        let (file, name) = temporary::create(&target)?;
        Ok(Replacement { target, file, name: Some(name) })
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8], note: &Note) -> io::Result<()> {
        note.step("write")?;
        self.file.write_all(bytes)
    }

    /// Makes the new bytes durable, puts them in place of the old ones, makes the name durable, and
    /// closes the file. What the new file is like.
    pub(crate) fn commit(mut self, note: &Note) -> io::Result<FileIdentity> {
        note.step("chmod")?;
        let mode = match self.target.look()? {
            Some(old) => old.st_mode & 0o777,
            None => 0o666 & !temporary::umask(),
        };
        fchmod(&self.file, Mode::from_raw_mode(mode))?;
        note.step("fsync")?;
        self.file.sync_all()?;
        note.step("rename")?;
        let name = self.named()?;
        self.target.rename_here(&name)?;
        self.name = None;
        // From here on it has happened, whatever is wanted by now.
        let _ = note.step("fsync of the directory");
        self.sync_directory()?;
        let identity = FileIdentity::from(&rustix::fs::fstat(&self.file)?);
        let _ = note.step("close");
        Ok(identity)
    }

    /// Gives the new file a name beside the target, if it has none.
    fn named(&mut self) -> io::Result<OsString> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let name = match temporary::link(&self.target, &self.file)? {
            Some(name) => name,
            None => self.copy()?,
        };
        self.name = Some(name.clone());
        Ok(name)
    }

    /// Copies the new bytes into a file with a name: the system makes files without a name and
    /// cannot give them one.
    fn copy(&mut self) -> io::Result<OsString> {
        let (mut file, name) = temporary::create(&self.target)?;
        self.name = Some(name.clone());
        self.file.rewind()?;
        io::copy(&mut self.file, &mut file)?;
        let mode = rustix::fs::fstat(&self.file)?.st_mode & 0o777;
        fchmod(&file, Mode::from_raw_mode(mode))?;
        file.sync_all()?;
        self.file = file;
        Ok(name)
    }

    /// Makes the new name durable, where the file system can sync directories at all.
    fn sync_directory(&self) -> io::Result<()> {
        let synced = self.target.open_directory().and_then(|directory| directory.sync_all());
        synced.or_else(|error| match Errno::from_io_error(&error) {
            Some(Errno::INVAL | Errno::NOTSUP | Errno::ACCESS) => Ok(()),
            _ => Err(error),
        })
    }
}

/// Puts bytes into a file, atomically: the path holds the old bytes or all of the new ones.
///
/// # Errors
/// What the system refuses; then the old file is as it was.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    ReplaceJob::new(path, Pieces::from(bytes.to_vec())).finish().map(drop)
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = self.target.remove_beside(name);
        }
    }
}
