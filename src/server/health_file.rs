//! The health file: the last snapshot, for monitoring that cannot open the socket.
//!
//! A snapshot is written to a temporary file and renamed, so a reader sees a whole one. `valid_until` says by when the
//! next one comes: a reader that finds that moment passed knows that the daemon hangs or was killed. A daemon that
//! stops in good order leaves a last snapshot whose `status` is "stopped".

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::api::methods::health::HealthResult;
use crate::socket_path::HOMEBREW_RUN_DIRECTORIES;

/// How many intervals a snapshot is good for.
const GOOD_FOR: u32 = 2;

/// The file.
#[derive(Debug)]
pub struct HealthFile {
    path: PathBuf,
    /// Whether the last write failed, so that a failure is told once.
    has_failed: bool,
}

/// Where the file of a socket is: `health.json` in the run directory of Homebrew, else `NAME.health.json` beside
/// `NAME.sock`.
pub fn path_beside(socket: &Path) -> PathBuf {
    let is_homebrew =
        |directory| HOMEBREW_RUN_DIRECTORIES.iter().any(|run| directory == Path::new(run));
    match socket.parent() {
        Some(directory) if is_homebrew(directory) => directory.join("health.json"),
        _ => socket.with_extension("health.json"),
    }
}

impl HealthFile {
    /// A file that is not written yet.
    pub fn new(path: PathBuf) -> Self {
        HealthFile { path, has_failed: false }
    }

    /// Writes a snapshot; the next one is due after `interval`.
    pub fn write(&mut self, health: &HealthResult, interval: Duration) {
        let valid = interval.as_secs_f64() * f64::from(GOOD_FOR);
        let valid_until = (health.timestamp as f64 + valid).ceil();
        let interval = interval.as_secs_f64();
        let more = format!(r#","interval_seconds":{interval},"valid_until":{valid_until}}}"#);
        let mut text = text(health);
        // The members of the snapshot stay in front, where a shell script finds them.
        if text.pop() == Some('}') {
            self.replace(&(text + &more));
        }
    }

    /// Writes the last snapshot, of a daemon that stops.
    pub fn write_stopped(&mut self, health: &HealthResult) {
        let stopped = HealthResult { status: "stopped", ready: false, ..health.clone() };
        self.replace(&text(&stopped));
    }

    fn replace(&mut self, text: &str) {
        match replace(&self.path, text.as_bytes()) {
            Ok(()) => self.has_failed = false,
            Err(error) if !self.has_failed => {
                self.has_failed = true;
                log::warn!("cannot write the health file {}: {error}", self.path.display());
            }
            Err(_) => {}
        }
    }
}

fn text(health: &HealthResult) -> String {
    // Its keys are strings and its numbers finite, so it has a text.
    serde_json::to_string(health).unwrap_or_default()
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    // Whoever has left something of this name did not finish.
    let _ = fs::remove_file(&temporary);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&temporary)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.write_all(b"\n")))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
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
        HealthFile::new(path.clone()).write(&health(), Duration::from_secs(30));
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
        HealthFile::new(path.clone()).write_stopped(&health());
        assert_eq!(
            (&read(&path)["status"], &read(&path)["ready"]),
            (&"stopped".into(), &false.into())
        );
    }

    #[test]
    fn a_directory_that_is_missing_is_no_reason_to_end() {
        let mut file = HealthFile::new("/nonexistent/x/health.json".into());
        file.write(&health(), Duration::from_secs(1));
        assert!(file.has_failed);
    }

    #[test]
    fn the_path_follows_from_the_socket() {
        assert_eq!(path_beside(Path::new("/run/a/b.sock")), Path::new("/run/a/b.health.json"));
        let brew = Path::new(HOMEBREW_RUN_DIRECTORIES[0]).join("goxel.sock");
        assert_eq!(path_beside(&brew), Path::new(HOMEBREW_RUN_DIRECTORIES[0]).join("health.json"));
    }
}
