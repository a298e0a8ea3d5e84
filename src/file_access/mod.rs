//! Files that clients name: looked at before they are touched, and opened so that no open waits.
//!
//! Opening a FIFO waits for its other end, opening a device may ring a bell or rewind a tape, and nothing that is no
//! regular file can be replaced as a whole. So a path is looked at first and what is no regular file is refused with
//! [`Refusal::NotRegular`]; then it is opened without waiting, never handed on to children, never as a
//! terminal of ours, and the open file is looked at again, since the path may have changed hands in between.
//!
//! A refusal of ours travels as an [`io::Error`] like those of the system, so whoever reports those reports it too;
//! [`reason_of`] tells its name.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Why we refuse a file that the system might give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is something else; the word says what.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// A file system call has not come back in time.
    #[error(
        "the system has not come back from {0} in time (--disk-timeout); what the path leads to may have been \
         replaced or not"
    )]
    DiskTimeout(&'static str),
    /// So many calls have not come back that no more are tried.
    #[error("too many file system calls have not come back")]
    DiskStuck,
}

impl Refusal {
    /// Its name for programs.
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::NotRegular(_) => "not_regular",
            Refusal::DiskTimeout(_) => "disk_timeout",
            Refusal::DiskStuck => "disk_stuck",
        }
    }

    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Refusal::NotRegular(_) => "name a regular file, or one that is not there yet",
            Refusal::DiskTimeout(_) | Refusal::DiskStuck => {
                "the disk or the network mount does not answer: try another path, and see goxel.health"
            }
        }
    }

    /// The system call that is to blame, where one is.
    pub fn call(self) -> Option<&'static str> {
        match self {
            Refusal::DiskTimeout(call) => Some(call),
            Refusal::NotRegular(_) | Refusal::DiskStuck => None,
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::NotRegular(_) => ErrorKind::InvalidInput,
            Refusal::DiskTimeout(_) | Refusal::DiskStuck => ErrorKind::TimedOut,
        };
        io::Error::new(kind, refusal)
    }
}

/// Our refusal, if an error is one.
pub fn refusal_of(error: &io::Error) -> Option<Refusal> {
    error.get_ref()?.downcast_ref::<Refusal>().copied()
}

/// The reason of an error: the name of our refusal, or the system's words.
pub fn reason_of(error: &io::Error) -> String {
    refusal_of(error).map_or_else(|| error.to_string(), |refusal| refusal.reason().to_owned())
}

/// Opens a regular file to be read.
///
/// # Errors
/// What the system refuses, and what is no regular file.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    require_regular(&std::fs::metadata(path)?)?;
    let file = without_waiting(OpenOptions::new().read(true)).open(path)?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

/// Creates a file that must not be there yet, to be written.
///
/// # Errors
/// What the system refuses.
pub fn create_new(path: &Path) -> io::Result<File> {
    without_waiting(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Looks at what a path leads to before it is replaced; `None` if there is nothing yet.
///
/// # Errors
/// What is there and is no regular file, and what the system does not let us look at.
pub fn look_at_target(path: &Path) -> io::Result<Option<Metadata>> {
    match std::fs::metadata(path) {
        Ok(metadata) => require_regular(&metadata).map(|()| Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a directory, for its sync.
///
/// # Errors
/// What the system refuses.
pub fn open_directory(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags(OFlags::DIRECTORY)).open(path)
}

/// Has an open wait for nothing: neither for the other end of a pipe nor for a line of a terminal.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(flags(OFlags::empty()))
}

fn flags(more: OFlags) -> i32 {
    // CLOEXEC is what the standard library sets by itself; it stands here for the reader.
    (OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY | more).bits() as i32
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(Refusal::NotRegular(kind_of(metadata.file_type())).into()),
    }
}

fn kind_of(file_type: FileType) -> &'static str {
    match file_type {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() => "a character device",
        kind if kind.is_block_device() => "a block device",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_by_its_kind() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
        let fifo = directory.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0)?;
        let kinds = [(directory.path(), "a directory"), (&*socket, "a socket"), (&*fifo, "a FIFO")];
        for (path, kind) in kinds {
            for refused in [open_to_read(path).err(), look_at_target(path).err()] {
                let refusal = refused.as_ref().and_then(refusal_of);
                assert_eq!(refusal, Some(Refusal::NotRegular(kind)), "{}", path.display());
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_not_there_may_become_a_file() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("new");
        assert!(look_at_target(&path)?.is_none());
        create_new(&path)?;
        assert!(look_at_target(&path)?.is_some());
        open_to_read(&path)?;
        let again = create_new(&path).err().map(|error| error.kind());
        assert_eq!(again, Some(ErrorKind::AlreadyExists));
        Ok(())
    }
}
