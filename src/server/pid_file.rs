//! The pid file: `PID` and a line feed, locked as long as its process lives.
//!
//! The lock is what counts: a file without one was left behind and is replaced, whatever number is
//! in it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::own_file::open_own;

/// A file of ours; removed when dropped.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
    /// Whether it is removed when this is dropped: not while it belongs to another process.
    is_ours: bool,
}

/// What a pid file, or another file that its owner keeps locked, tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is no such file.
    None,
    /// It was left behind.
    Gone,
    /// Its owner lives.
    Alive(Option<i32>),
}

impl PidFile {
    /// Writes the file; an error if another process has it.
    pub fn write(path: &Path) -> Result<Self, String> {
        let failed =
            |error: io::Error| format!("cannot write the pid file {}: {error}", path.display());
        let mut file = open_own(path, 0o644).map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let pid = read_pid(&mut file).map(|pid| format!(", pid {pid},")).unwrap_or_default();
            let path = path.display();
            return Err(format!(
                "another daemon{pid} has the pid file {path}; choose another with --pid-file"
            ));
        }
        let mut pid_file = PidFile { path: path.to_owned(), file, is_ours: true };
        pid_file.fill().map_err(failed)?;
        Ok(pid_file)
    }

    /// A file that another process offers. It is ours after [`PidFile::take_over`].
    pub fn handed(path: &Path, file: File) -> Self {
        PidFile { path: path.to_owned(), file, is_ours: false }
    }

    /// Makes an offered file ours.
    pub fn take_over(&mut self) {
        self.is_ours = true;
        if let Err(error) = self.fill() {
            log::warn!("the pid file {} cannot be written: {error}", self.path.display());
        }
    }

    /// Leaves the file to the process that took it over.
    pub fn leave(mut self) {
        self.is_ours = false;
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The locked file.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn fill(&mut self) -> io::Result<()> {
        // One write, then what was longer: nobody finds the file empty.
        let number = format!("{}\n", std::process::id());
        self.file.rewind()?;
        self.file.write_all(number.as_bytes())?;
        self.file.set_len(number.len() as u64)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let ours = self.file.metadata().ok().map(|facts| (facts.dev(), facts.ino()));
        let there = fs::symlink_metadata(&self.path).ok().map(|facts| (facts.dev(), facts.ino()));
        if self.is_ours && ours.is_some() && ours == there {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn read_pid(file: &mut File) -> Option<i32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Who owns a file that its owner keeps locked.
pub fn owner(path: &Path) -> Owner {
    let Ok(mut file) = File::open(path) else { return Owner::None };
    let pid = read_pid(&mut file);
    let inode = file.metadata().map_or(0, |facts| facts.ino());
    let locks = fs::read_to_string("/proc/locks").ok();
    // For a moment this keeps others from the lock, so it is only done where the system's list does
    // not tell.
    let probe = || flock(&file, FlockOperation::NonBlockingLockShared).is_err();
    let is_locked = match locks {
        Some(locks) => match holder(&locks, inode) {
            None => false,
            Some(holder) if holder == pid && pid.is_some() => true,
            // A lock that was handed over is listed under the process that took it first.
            Some(_) => probe(),
        },
        None => probe(),
    };
    if is_locked { Owner::Alive(pid) } else { Owner::Gone }
}

/// Who holds a lock on a file by the system's list; `None` if nobody does. A line is
/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:131073 0 EOF`; devices are left aside, since some file
/// systems show others there than in a file's facts.
fn holder(locks: &str, inode: u64) -> Option<Option<i32>> {
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_flock = words.next() == Some("FLOCK");
        let holder: Option<i32> = words.nth(2).and_then(|word| word.parse().ok());
        let place = words.next().and_then(|word| word.rsplit(':').next()?.parse::<u64>().ok());
        (is_flock && place == Some(inode)).then_some(holder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_there_as_long_as_its_process_wants() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.pid");
        assert_eq!(owner(&path), Owner::None);
        let file = PidFile::write(&path).unwrap();
        let pid = std::process::id();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{pid}\n"));
        assert_eq!(owner(&path), Owner::Alive(Some(pid as i32)));
        let error = PidFile::write(&path).unwrap_err();
        assert!(error.contains(&format!("pid {pid}")), "{error}");
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn a_lock_is_found_in_the_system_s_list() {
        let locks = "1: POSIX  ADVISORY  WRITE 9 08:01:7 0 EOF\n2: FLOCK  ADVISORY  WRITE 9 08:01:8 0 EOF\n";
        assert_eq!(holder(locks, 8), Some(Some(9)));
        assert_eq!([7, 9].map(|inode| holder(locks, inode)), [None; 2]);
    }

    #[test]
    fn a_file_that_was_handed_over_has_a_living_owner_until_it_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.pid");
        let old = PidFile::write(&path).unwrap();
        let file = old.file().try_clone().unwrap();
        fs::write(&path, "1\n").unwrap();
        old.leave();
        assert_eq!(owner(&path), Owner::Alive(Some(1)), "the lock goes on, whoever took it");
        let mut new = PidFile::handed(&path, file);
        new.take_over();
        assert_eq!(owner(&path), Owner::Alive(Some(std::process::id() as i32)));
        drop(new);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_was_left_behind_is_replaced_even_if_its_number_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.pid");
        fs::write(&path, "1\n").unwrap();
        assert_eq!(owner(&path), Owner::Gone);
        let _file = PidFile::write(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }
}
