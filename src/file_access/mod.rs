//! Files that clients name: looked at before they are touched, and opened so that no open waits.
//!
//! Opening a FIFO waits for its other end, opening a device may ring a bell or rewind a tape, and
//! nothing that is no regular file can be replaced as a whole. So a path is looked at first and
//! what is no regular file is refused with [`Refusal::NotRegular`]; then it is opened without
//! waiting, never handed on to children, never as a terminal of ours, and the open file is looked
//! at again, since the path may have changed hands in between.
//!
//! Where a path leads to is found once, see [`Place`]: what is done afterwards is done by
//! descriptor. Links that others may have planted are not followed, the daemon's own files
//! ([`own`]) are nobody's, and clients may be confined to [`Roots`].
//!
//! A refusal of ours travels as an [`io::Error`] like those of the system, so whoever reports those
//! reports it too; [`reason_of`] tells its name.

mod identity;
pub mod own;
mod place;
mod roots;
#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use crate::plain_words::without_numbers;

pub use identity::FileIdentity;
pub use place::{FilePath, Place, Purpose};
pub use roots::Roots;

/// Why we refuse a file that the system might give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// It is a link that somebody else may have planted.
    #[error("it is a symbolic link that others may have put there, and is not followed")]
    Link,
    /// It is a file of the daemon itself.
    #[error("it is one of the daemon's own files")]
    OwnFile,
    /// It leads out of the directories that the caller is confined to, which are listed.
    #[error("it lies outside of the directories that may be used: {}", list(.0))]
    Outside(Arc<[String]>),
}

fn list(roots: &[String]) -> String {
    if roots.is_empty() { "none".to_owned() } else { roots.join(", ") }
}

impl Refusal {
    /// Its name for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NotRegular(_) => "not_regular",
            Refusal::DiskTimeout(_) => "disk_timeout",
            Refusal::DiskStuck => "disk_stuck",
            Refusal::Link => "link",
            Refusal::OwnFile => "own_file",
            Refusal::Outside(_) => "outside_roots",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::NotRegular(_) => "name a regular file, or one that is not there yet",
            Refusal::Link => {
                "name the file itself; a link is followed if it is yours or root's, in a directory that nobody else \
                 can write to"
            }
            Refusal::OwnFile => "name another file",
            Refusal::Outside(_) => {
                "name a path inside one of them; a relative path begins at the first; links and '..' may not lead out"
            }
            Refusal::DiskTimeout(_) | Refusal::DiskStuck => {
                "the disk or the network mount does not answer: try another path, and see goxel.health"
            }
        }
    }

    /// The system call that is to blame, where one is.
    pub fn call(&self) -> Option<&'static str> {
        match self {
            Refusal::DiskTimeout(call) => Some(call),
            _ => None,
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::NotRegular(_) => ErrorKind::InvalidInput,
            Refusal::DiskTimeout(_) | Refusal::DiskStuck => ErrorKind::TimedOut,
            _ => ErrorKind::PermissionDenied,
        };
        io::Error::new(kind, refusal)
    }
}

/// Our refusal, if an error is one.
pub fn refusal_of(error: &io::Error) -> Option<Refusal> {
    error.get_ref()?.downcast_ref::<Refusal>().cloned()
}

/// The reason of an error: the name of our refusal, or the system's words.
pub fn reason_of(error: &io::Error) -> String {
    let plain = || without_numbers(&error.to_string()).into_owned();
    refusal_of(error).map_or_else(plain, |refusal| refusal.reason().to_owned())
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    require_regular_kind(rustix::fs::FileType::from_raw_mode(metadata.mode()))
}

fn require_regular_kind(kind: rustix::fs::FileType) -> io::Result<()> {
    use rustix::fs::FileType as Kind;
    let kind = match kind {
        Kind::RegularFile => return Ok(()),
        Kind::Directory => "a directory",
        Kind::Fifo => "a FIFO",
        Kind::Socket => "a socket",
        Kind::CharacterDevice => "a character device",
        Kind::BlockDevice => "a block device",
        Kind::Symlink => "a symbolic link",
        _ => "something else",
    };
    Err(Refusal::NotRegular(kind).into())
}

/// Refuses a directory that somebody else could put something into.
///
/// # Errors
/// Why it is not safe, or what the system refuses.
pub fn check_private(directory: &Path) -> io::Result<()> {
    let (there, facts) = (std::fs::symlink_metadata(directory)?, std::fs::metadata(directory)?);
    let (us, owner) = (rustix::process::geteuid().as_raw(), facts.uid());
    let refuse = |why: String| {
        let message = format!("{} {why}", directory.display());
        Err(io::Error::new(ErrorKind::PermissionDenied, message))
    };
    if there.is_symlink() && !place::is_trusted(there.uid()) {
        return refuse(format!("is a symbolic link of user {}", there.uid()));
    }
    if !facts.is_dir() {
        return refuse("is no directory".to_owned());
    }
    if owner != us && owner != 0 {
        return refuse(format!("belongs to user {owner}, not to us (user {us})"));
    }
    if facts.mode() & 0o022 != 0 {
        return refuse(format!("may be written by others (mode {:04o})", facts.mode() & 0o7777));
    }
    Ok(())
}
