//! The pid file: `PID` and a line feed, locked as long as its process lives.
//!
//! The lock is what counts: a file without one was left behind and is replaced, whatever number is in it.

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
        let mut pid_file = PidFile { path: path.to_owned(), file };
        pid_file.fill().map_err(failed)?;
        Ok(pid_file)
    }

    fn fill(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{}", std::process::id())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let ours = self.file.metadata().ok().map(|facts| (facts.dev(), facts.ino()));
        let there = fs::symlink_metadata(&self.path).ok().map(|facts| (facts.dev(), facts.ino()));
        if ours.is_some() && ours == there {
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
    let is_locked = match locks {
        Some(locks) => is_listed(&locks, inode, pid),
        // For a moment this keeps others from the lock, so it is only done where the system has no list.
        None => flock(&file, FlockOperation::NonBlockingLockShared).is_err(),
    };
    if is_locked { Owner::Alive(pid) } else { Owner::Gone }
}

/// Whether the system's list of locks has one on a file by its process. A line is
/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:131073 0 EOF`; devices are left aside, since some file systems show others
/// there than in a file's facts.
fn is_listed(locks: &str, inode: u64, pid: Option<i32>) -> bool {
    locks.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_flock = words.next() == Some("FLOCK");
        let holder: Option<i32> = words.nth(2).and_then(|word| word.parse().ok());
        let place = words.next().and_then(|word| word.rsplit(':').next()?.parse::<u64>().ok());
        is_flock && place == Some(inode) && holder == pid && pid.is_some()
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
        assert!(is_listed(locks, 8, Some(9)));
        for (inode, pid) in [(7, Some(9)), (8, Some(10)), (8, None), (9, Some(9))] {
            assert!(!is_listed(locks, inode, pid), "{inode} {pid:?}");
        }
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
