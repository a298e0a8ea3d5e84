//! What tells whether a file is still the one that was read or written.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Device, inode, size and time of change of a file: another program that writes it changes at least one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl From<&Metadata> for FileIdentity {
    fn from(facts: &Metadata) -> Self {
        FileIdentity {
            device: facts.dev(),
            inode: facts.ino(),
            bytes: facts.len(),
            modified: (facts.mtime(), facts.mtime_nsec()),
        }
    }
}

impl FileIdentity {
    /// As numbers, to be kept.
    pub fn words(&self) -> [u64; 5] {
        let (seconds, nanoseconds) = self.modified;
        [self.device, self.inode, self.bytes, seconds as u64, nanoseconds as u64]
    }

    /// From the numbers that were kept.
    pub fn of_words([device, inode, bytes, seconds, nanoseconds]: [u64; 5]) -> Self {
        FileIdentity { device, inode, bytes, modified: (seconds as i64, nanoseconds as i64) }
    }

    /// That of the file at a path; `None` if there is none.
    ///
    /// # Errors
    /// What the system does not let us look at.
    pub fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(facts) => Ok(Some((&facts).into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The one path of a file that may have several: absolute, with no link on the way. The file itself need not be there.
pub fn place_of(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(path).unwrap_or_else(|_| {
        let absolute = absolute();
        match (absolute.parent().map(fs::canonicalize), absolute.file_name()) {
            (Some(Ok(directory)), Some(name)) => directory.join(name),
            _ => absolute,
        }
    })
}
