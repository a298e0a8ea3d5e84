//! Opening the daemon's own files: locks, the pid file, the log.
//!
//! A path in a directory that others share may be anything by the time it is opened. No link is
//! followed, nothing is waited for, and what was opened is looked at: a regular file that belongs
//! to us or to root and has no other name.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

/// Opens a file of ours to read and write it, and makes it if it is not there.
///
/// # Errors
/// What the system refuses; what is no regular file, or somebody else's.
pub fn open_own(path: &Path, mode: u32) -> io::Result<File> {
    open_as(path, OFlags::CREATE, mode)
}

/// The same of a file that has to be there.
///
/// # Errors
/// Those of [`open_own`], and that there is none.
pub fn open_existing(path: &Path) -> io::Result<File> {
    open_as(path, OFlags::empty(), 0)
}

fn open_as(path: &Path, more: OFlags, mode: u32) -> io::Result<File> {
    let flags = more | OFlags::RDWR | OFlags::NOFOLLOW;
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = open(path, flags, Mode::from_raw_mode(mode)).map_err(|error| told(error, path))?;
    let facts = fstat(&file)?;
    if FileType::from_raw_mode(facts.st_mode) != FileType::RegularFile {
        return Err(refused("it is no regular file"));
    }
    check_owner(facts.st_uid)?;
    if facts.st_nlink > 1 {
        return Err(refused("it has another name, too, so it may be another file"));
    }
    Ok(file.into())
}

/// Refuses what belongs neither to us nor to root.
///
/// # Errors
/// Whose it is.
pub fn check_owner(owner: u32) -> io::Result<()> {
    let us = rustix::process::geteuid().as_raw();
    if owner == us || owner == 0 {
        Ok(())
    } else {
        Err(refused(&format!("it belongs to user {owner}, not to us (user {us})")))
    }
}

/// The system's reason, or a better one.
fn told(error: Errno, path: &Path) -> io::Error {
    let facts = rustix::fs::lstat(path);
    let owner = || facts.ok().map(|facts| check_owner(facts.st_uid));
    match error {
        Errno::LOOP => refused("it is a symbolic link, which is not followed"),
        Errno::NXIO | Errno::ISDIR => refused("it is no regular file"),
        Errno::ACCESS | Errno::PERM => match owner() {
            Some(Err(foreign)) => foreign,
            _ => error.into(),
        },
        error => error.into(),
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    #[test]
    fn nothing_but_a_regular_file_of_ours_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("victim"), "precious").unwrap();
        symlink("victim", at("link")).unwrap();
        symlink("nothing", at("dangling")).unwrap();
        fs::hard_link(at("victim"), at("hard")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        for name in ["link", "dangling", "hard", "directory", "fifo"] {
            assert!(open_own(&at(name), 0o600).is_err(), "{name}");
        }
        assert!(open_existing(&at("nothing")).is_err() && !at("nothing").exists());
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "precious");
        open_own(&at("new"), 0o600).unwrap();
        assert_eq!(fs::metadata(at("new")).unwrap().mode() & 0o777, 0o600);
        open_own(&at("new"), 0o600).unwrap();
    }
}
