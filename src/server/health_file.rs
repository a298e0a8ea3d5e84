//! The health file: the last snapshot, for monitoring that cannot open the socket.
//!
//! A snapshot is written to a temporary file and renamed, so a reader sees a whole one.
//! `valid_until` says by when the next one comes: a reader that finds that moment passed knows that
//! the daemon hangs or was killed. A daemon that stops in good order leaves a last snapshot whose
//! `status` is "stopped".
//!
//! The file belongs to one daemon: each file that is put in place is locked before and as long as
//! it is there. A helper writes it, and while one snapshot is on its way no other is begun.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::own_file::open_existing;
use crate::api::methods::health::HealthResult;
use crate::disk::{self, Lane, Note};
use crate::socket_path::HOMEBREW_RUN_DIRECTORIES;

/// How many intervals a snapshot is good for.
const GOOD_FOR: u32 = 2;

/// How long a daemon that was taken over may take to end, and how often it is looked for.
const LAST_OF_ANOTHER: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(10);

/// The file.
#[derive(Debug)]
pub struct HealthFile {
    path: PathBuf,
    held: Arc<Mutex<Held>>,
}

/// What is known of the file that is in place.
#[derive(Debug, Default)]
struct Held {
    /// It, locked.
    file: Option<File>,
    /// Whether the last write failed, so that a failure is told once.
    has_failed: bool,
    /// Whether a daemon that is about to end has the file still.
    is_awaited: bool,
}

/// Where the file of a socket is: `health.json` in the run directory of Homebrew, else
/// `NAME.health.json` beside `NAME.sock`.
pub fn path_beside(socket: &Path) -> PathBuf {
    let is_homebrew =
        |directory| HOMEBREW_RUN_DIRECTORIES.iter().any(|run| directory == Path::new(run));
    match socket.parent() {
        Some(directory) if is_homebrew(directory) => directory.join("health.json"),
        _ => socket.with_extension("health.json"),
    }
}

impl HealthFile {
    /// A path for snapshots. What is there already is taken; a directory that is missing may be
    /// made later.
    ///
    /// # Errors
    /// What is no regular file of ours, or another daemon's.
    pub fn claim(path: PathBuf) -> Result<Self, String> {
        let file = match lock_existing(&path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                None
            }
            claimed => Some(claimed.map_err(|error| {
                format!(
                    "cannot use the health file {}: {error}; choose another with --health-file",
                    path.display()
                )
            })?),
        };
        Ok(HealthFile { path, held: Arc::new(Mutex::new(Held { file, ..Held::default() })) })
    }

    /// A path whose file is another daemon's, which is about to end.
    pub fn after_another(path: PathBuf) -> Self {
        let held = Held { is_awaited: true, ..Held::default() };
        HealthFile { path, held: Arc::new(Mutex::new(held)) }
    }

    /// Writes a snapshot; the next one is due after `interval`.
    pub fn write(&self, health: &HealthResult, interval: Duration) {
        let valid = interval.as_secs_f64() * f64::from(GOOD_FOR);
        let valid_until = (health.timestamp as f64 + valid).ceil();
        let interval = interval.as_secs_f64();
        let more = format!(r#","interval_seconds":{interval},"valid_until":{valid_until}}}"#);
        let mut text = text(health);
        // The members of the snapshot stay in front, where a shell script finds them.
        if text.pop() == Some('}') {
            self.post(text + &more);
        }
    }

    /// Writes the last snapshot, of a daemon that stops.
    pub fn write_stopped(&self, health: &HealthResult) {
        let stopped = HealthResult { status: "stopped", ready: false, ..health.clone() };
        self.post(text(&stopped));
    }

    fn post(&self, text: String) {
        let (path, held) = (self.path.clone(), Arc::clone(&self.held));
        disk::post(Lane::Own, &self.path, move |note| {
            let mut held = match held.try_lock() {
                Ok(held) => held,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Another helper is stuck with the one before.
                Err(TryLockError::WouldBlock) => return,
            };
            held.replace(&path, &text, note);
        });
    }
}

impl Held {
    fn replace(&mut self, path: &Path, text: &str, note: &Note) {
        match self.try_replace(path, text, note) {
            Ok(()) => self.has_failed = false,
            Err(error) if !self.has_failed => {
                self.has_failed = true;
                log::warn!("cannot write the health file {}: {error}", path.display());
            }
            Err(_) => {}
        }
    }

    fn try_replace(&mut self, path: &Path, text: &str, note: &Note) -> io::Result<()> {
        note.step("open")?;
        if !self.file.as_ref().is_some_and(|file| is_at(file, path)) {
            // Somebody removed or replaced it; whoever has locked what is there now keeps it.
            let end = Instant::now() + LAST_OF_ANOTHER;
            let mut locked = lock_existing(path);
            while self.is_awaited && is_busy(&locked) && Instant::now() < end {
                std::thread::sleep(GLANCE);
                locked = lock_existing(path);
            }
            self.is_awaited = false;
            self.file = match locked {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                claimed => Some(claimed?),
            };
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        // Whoever has left something of this name did not finish.
        let _ = fs::remove_file(&temporary);
        let written = write_locked(&temporary, text, note).and_then(|file| {
            note.step("rename")?;
            fs::rename(&temporary, path).map(|()| file)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        self.file = Some(written?);
        Ok(())
    }
}

fn text(health: &HealthResult) -> String {
    // Its keys are strings and its numbers finite, so it has a text.
    serde_json::to_string(health).unwrap_or_default()
}

fn write_locked(path: &Path, text: &str, note: &Note) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    // Nobody else knows of it yet; a file system without locks has none to be asked for either.
    let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
    note.step("write")?;
    file.write_all(format!("{text}\n").as_bytes())?;
    Ok(file)
}

/// Whether an open file is what is at a path.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

fn is_busy(locked: &io::Result<File>) -> bool {
    locked.as_ref().is_err_and(|error| error.kind() == ErrorKind::ResourceBusy)
}

/// Opens and locks the file that is at a path.
fn lock_existing(path: &Path) -> io::Result<File> {
    loop {
        let file = open_existing(path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive)
            == Err(rustix::io::Errno::WOULDBLOCK)
        {
            return Err(io::Error::new(ErrorKind::ResourceBusy, "another daemon writes it"));
        }
        // Its last owner may have put another one in place between the two.
        if is_at(&file, path) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::instance::Instance;
    use crate::rpc::methods::health::assemble;
    use crate::rpc::server_facts::ServerFacts;
    use crate::workspace::Workspace;
    use serde_json::Value;

    fn health() -> HealthResult {
        assemble(
            ServerFacts::default(),
            &Workspace::default(),
            Instance::random(),
            Duration::from_secs(1),
        )
    }

    fn read(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_snapshot_tells_the_plan_s_four_values_and_how_long_it_is_good() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.health.json");
        HealthFile::claim(path.clone()).unwrap().write(&health(), Duration::from_secs(30));
        let found = read(&path);
        for name in ["memory_usage", "active_connections", "worker_pool_healthy", "uptime_seconds"]
        {
            assert!(!found[name].is_null(), "{name}: {found}");
        }
        let valid = found["valid_until"].as_f64().unwrap() - found["timestamp"].as_f64().unwrap();
        assert_eq!(valid, 60.0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_daemon_that_stops_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.health.json");
        HealthFile::claim(path.clone()).unwrap().write_stopped(&health());
        assert_eq!(
            (&read(&path)["status"], &read(&path)["ready"]),
            (&"stopped".into(), &false.into())
        );
    }

    #[test]
    fn a_directory_that_is_missing_is_no_reason_to_end() {
        let file = HealthFile::claim("/nonexistent/x/health.json".into()).unwrap();
        file.write(&health(), Duration::from_secs(1));
        assert!(file.held.lock().unwrap().has_failed);
    }

    #[test]
    fn one_daemon_has_the_file_however_often_it_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.health.json");
        let first = HealthFile::claim(path.clone()).unwrap();
        for _ in 0..3 {
            first.write(&health(), Duration::from_secs(1));
            let refused = HealthFile::claim(path.clone()).unwrap_err();
            assert!(refused.contains("another daemon writes it"), "{refused}");
        }
        // Removed by somebody: whoever comes first has it, and the other one leaves it alone.
        fs::remove_file(&path).unwrap();
        let second = HealthFile::claim(path.clone()).unwrap();
        second.write_stopped(&health());
        first.write(&health(), Duration::from_secs(1));
        assert_eq!(read(&path)["status"], "stopped");
        drop(second);
        first.write(&health(), Duration::from_secs(1));
        assert_ne!(read(&path)["status"], "stopped");
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused_with_its_path() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("victim"), "precious").unwrap();
        std::os::unix::fs::symlink("victim", at("link")).unwrap();
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        fs::create_dir(at("directory")).unwrap();
        for name in ["link", "fifo", "directory"] {
            let refused = HealthFile::claim(at(name)).unwrap_err();
            assert!(refused.contains(&at(name).display().to_string()), "{refused}");
        }
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "precious");
    }

    #[test]
    fn the_path_follows_from_the_socket() {
        assert_eq!(path_beside(Path::new("/run/a/b.sock")), Path::new("/run/a/b.health.json"));
        let brew = Path::new(HOMEBREW_RUN_DIRECTORIES[0]).join("goxel.sock");
        assert_eq!(path_beside(&brew), Path::new(HOMEBREW_RUN_DIRECTORIES[0]).join("health.json"));
    }
}
