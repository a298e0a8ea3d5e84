//! Where the journal of a socket is, and who has it.
//!
//! The directory belongs to one daemon at a time: it holds a lock on the file `lock` in it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use crate::file_access::check_private;
use crate::file_access::own::make_private;

const LOCK: &str = "lock";

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
    lock: File,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Another daemon has it.
    #[error(
        "the journal {0} is in use by another daemon; stop it, or choose another directory with --journal"
    )]
    InUse(PathBuf),
    /// Somebody else owns it.
    #[error(
        "the journal {directory} belongs to user {owner} and not to us; choose another directory with --journal"
    )]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others could write to it.
    #[error("the journal cannot be used: {0}; choose another directory with --journal")]
    Open(io::Error),
    /// The system refused.
    #[error(
        "cannot {action} the journal {directory}: {error}; choose another directory with --journal, or none"
    )]
    System {
        /// What was tried.
        action: &'static str,
        /// The directory.
        directory: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

impl PlaceError {
    /// Whether a default directory may go without a journal for this reason: there is no room for
    /// one, and none that somebody uses.
    pub fn is_only_missing(&self) -> bool {
        matches!(self, PlaceError::System { .. })
    }
}

impl Place {
    /// Takes a directory, and makes it if there is none.
    pub fn take(directory: &Path) -> Result<Place, PlaceError> {
        let failed = |action| {
            let directory = directory.to_owned();
            move |error| PlaceError::System { action, directory, error }
        };
        make_private(directory).map_err(failed("make"))?;
        let owner = fs::metadata(directory).map_err(failed("look at"))?.uid();
        if owner != geteuid().as_raw() {
            return Err(PlaceError::Foreign { directory: directory.to_owned(), owner });
        }
        check_private(directory).map_err(PlaceError::Open)?;
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
            let lock = options.open(directory.join(LOCK)).map_err(failed("lock"))?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(PlaceError::InUse(directory.to_owned())),
                Err(error) => return Err(failed("lock")(error.into())),
            }
            // Its last owner may have removed it between the two.
            if lock.metadata().map_err(failed("lock"))?.nlink() > 0 {
                return Ok(Place { directory: directory.to_owned(), lock });
            }
        }
    }

    /// A directory whose owner hands over its lock.
    pub fn handed(directory: &Path, lock: File) -> Place {
        Place { directory: directory.to_owned(), lock }
    }

    /// Whether somebody has a directory at present.
    pub fn is_used(directory: &Path) -> bool {
        let lock = File::open(directory.join(LOCK));
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
    }

    /// When somebody took a directory or gave it up.
    pub fn last_touch(directory: &Path) -> Option<std::time::SystemTime> {
        fs::metadata(directory.join(LOCK)).ok()?.modified().ok()
    }

    /// Notes that somebody had it until now.
    pub fn touch(&self) {
        // It only tells how old the journal is.
        let _ = self.lock.set_modified(std::time::SystemTime::now());
    }

    /// Removes the directory with all that is in it.
    pub fn remove_all(self) -> io::Result<()> {
        fs::remove_dir_all(&self.directory)
    }

    /// The locked file.
    pub fn lock(&self) -> &File {
        &self.lock
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sets aside what is in the directory, in `old-N` within it, so that a journal begins anew.
    pub fn set_aside(&self) -> Result<(), PlaceError> {
        let failed = |error| PlaceError::System {
            action: "set aside",
            directory: self.directory.clone(),
            error,
        };
        let aside = (1..).map(|number| self.directory.join(format!("old-{number}")));
        let Some(aside) = aside.into_iter().find(|path| !path.exists()) else { return Ok(()) };
        let entries = fs::read_dir(&self.directory).map_err(failed)?;
        let is_journal = |name: &str| !name.starts_with("old-") && name != LOCK;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.retain(|name| is_journal(&name.to_string_lossy()));
        if names.is_empty() {
            return Ok(());
        }
        make_private(&aside).map_err(failed)?;
        for name in names {
            fs::rename(self.directory.join(&name), aside.join(&name)).map_err(failed)?;
        }
        Ok(())
    }

    /// Gives the directory up and removes it, if nothing else is in it.
    pub fn remove(self) {
        // Whatever stays is found again by the next daemon.
        let _ = fs::remove_file(self.directory.join(LOCK));
        let _ = fs::remove_dir(&self.directory);
    }
}

/// The directory for the journal of a socket below the state directory.
pub fn of_socket(state: &Path, socket: &Path) -> PathBuf {
    let absolute = std::path::absolute(socket).unwrap_or_else(|_| socket.to_owned());
    let digest = Sha256::digest(absolute.as_os_str().as_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    state.join("journal").join(name)
}
