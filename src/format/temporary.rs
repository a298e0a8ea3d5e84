//! Temporary files beside the file that they will replace, and what kills leave of them.
//!
//! A name tells the process that made the file, and the file is locked as long as that process has
//! it. A file whose process is gone and whose lock is free was left behind. Each save removes those
//! in its directory; and since nobody may ever save there again, the directories of saves are noted
//! in a file that the next start goes through.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::file_access::Place;

/// Names that are tried for one file.
const MOST_TRIES: u32 = 1000;

/// Creates a file beside the target, locked as long as it is open.
pub(super) fn create(target: &Place) -> io::Result<(File, OsString)> {
    with_free_name(target, |name| {
        let file = target.create_beside(name)?;
        // A file system without locks has only the process to tell by.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        Ok(file)
    })
}

/// Gives a file without a name one beside the target; `None` if this system cannot.
pub(super) fn link(target: &Place, file: &File) -> io::Result<Option<OsString>> {
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
    let linked = with_free_name(target, |name| {
        target.link_beside(&format!("/proc/self/fd/{}", file.as_raw_fd()), name)
    });
    match linked {
        Ok(((), name)) => Ok(Some(name)),
        Err(error) if error.kind() == ErrorKind::StorageFull => Err(error),
        Err(error) if error.kind() == ErrorKind::QuotaExceeded => Err(error),
        Err(_) => Ok(None),
    }
}

fn with_free_name<T>(
    target: &Place,
    mut make: impl FnMut(&OsStr) -> io::Result<T>,
) -> io::Result<(T, OsString)> {
    let mut attempt = 0;
    loop {
        let name = name_for(target.name(), attempt);
        match make(&name) {
            Ok(made) => return Ok((made, name)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < MOST_TRIES => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// `.NAME.PID-ATTEMPT.tmp`, short enough for all file systems.
fn name_for(name: &OsStr, attempt: u32) -> OsString {
    let short: String = name.to_string_lossy().chars().take(40).collect();
    format!(".{short}.{}-{attempt}.tmp", std::process::id()).into()
}

/// The process that made a temporary file, by its name.
fn process_of(name: &OsStr) -> Option<i32> {
    let name = name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (process, attempt) = name.rsplit_once('.')?.1.split_once('-')?;
    attempt.parse::<u32>().ok()?;
    process.parse().ok().filter(|process| *process > 0)
}

fn is_alive(process: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let gone = Some(rustix::io::Errno::SRCH);
    Pid::from_raw(process).is_some_and(|pid| test_kill_process(pid).err() != gone)
}

/// Removes what kills have left in a directory; how many files.
pub fn sweep(directory: &Path) -> usize {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let is_left = |name: &OsStr| process_of(name).is_some_and(|process| !is_alive(process));
    let left = entries.flatten().filter(|entry| is_left(&entry.file_name()));
    left.filter(|entry| remove_unlocked(&entry.path()).is_some()).count()
}

/// Removes a regular file of ours that nobody has locked.
fn remove_unlocked(path: &Path) -> Option<()> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let facts = rustix::fs::fstat(&file).ok()?;
    let is_ours = facts.st_uid == rustix::process::geteuid().as_raw();
    let is_regular = file.metadata().ok()?.is_file();
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    (is_ours && is_regular).then(|| fs::remove_file(path).ok()).flatten()
}

/// Where directories of saves are noted, and those that are.
struct Notes {
    file: PathBuf,
    noted: BTreeSet<PathBuf>,
}

static NOTES: Mutex<Option<Notes>> = Mutex::new(None);

/// Goes through what earlier processes have noted in a directory, and notes the directories of this
/// one's saves there from now on. How many files were removed.
pub fn note_in(directory: &Path) -> usize {
    let mut removed = 0;
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let process = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if process.is_none_or(is_alive) {
            continue;
        }
        let noted = fs::read(entry.path()).unwrap_or_default();
        let directories = noted.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        removed += directories.map(|path| sweep(Path::new(OsStr::from_bytes(path)))).sum::<usize>();
        let _ = fs::remove_file(entry.path());
    }
    let file = directory.join(std::process::id().to_string());
    // Whoever had this number before us is gone.
    let _ = fs::remove_file(&file);
    *notes() = Some(Notes { file, noted: BTreeSet::new() });
    removed
}

/// Nothing is left to be swept: the process ends in good order.
pub fn end_notes() {
    if let Some(notes) = notes().take() {
        let _ = fs::remove_file(notes.file);
    }
}

fn notes() -> std::sync::MutexGuard<'static, Option<Notes>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sweeps a directory before a save, and notes it.
pub(super) fn enter(target: &Place) {
    let Some(directory) = target.path().parent() else { return };
    sweep(directory);
    let mut notes = notes();
    let Some(notes) = notes.as_mut() else { return };
    if notes.noted.insert(directory.to_owned()) {
        let mut line = directory.as_os_str().to_owned().into_vec();
        line.push(0);
        let mut options = File::options();
        options.append(true).create(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32);
        let opened = options.open(&notes.file);
        // Without the note only the next save in that directory sweeps it.
        let _ = opened.and_then(|mut file| file.write_all(&line));
    }
}

/// The permissions that new files of this process do not get.
pub(super) fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let told = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        let told = told.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok());
        told.unwrap_or_else(|| {
            // The only way elsewhere; for a moment no file is for anybody's eyes but ours.
            let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
            rustix::process::umask(mask);
            #[allow(clippy::useless_conversion, reason = "its type differs between systems")]
            u32::from(mask.as_raw_mode())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that no process has.
    fn dead() -> i32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id() as i32
    }

    #[test]
    fn only_what_dead_processes_left_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let (dead, own) = (dead(), std::process::id());
        let kept = [
            format!(".a.gox.{own}-0.tmp"),
            format!("a.gox.{dead}-0.tmp"),
            format!(".a.gox.{dead}-x.tmp"),
            ".a.gox.tmp".to_owned(),
        ];
        for name in kept.iter().chain([&format!(".a.gox.{dead}-0.tmp")]) {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        fs::create_dir(directory.path().join(format!(".b.{dead}-0.tmp"))).unwrap();
        let locked = File::create(directory.path().join(format!(".c.{dead}-0.tmp"))).unwrap();
        flock(&locked, FlockOperation::LockExclusive).unwrap();
        assert_eq!(sweep(directory.path()), 1);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), kept.len() + 2);
        drop(locked);
        assert_eq!(sweep(directory.path()), 1);
    }
}
