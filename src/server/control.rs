//! `--status`, `--stop` and `--reload`: finding the daemon that runs, and sending it signals.
//!
//! The owner is found through the pid file if one is named, else through the lock file of the socket. A pid counts only
//! while its owner holds the file's lock, so a number that the system has given to somebody else is never signalled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::config::Settings;
use super::pid_file::{Owner, owner};
use crate::socket_path::socket_path;

/// How long a stop waits before the daemon is killed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a daemon that stops.
const GLANCE: Duration = Duration::from_millis(20);

/// A daemon that runs.
#[derive(Debug)]
struct Running {
    pid: Pid,
    /// The file that it holds locked.
    file: PathBuf,
}

/// The files whose lock a daemon of these settings holds.
fn files(settings: &Settings) -> Vec<PathBuf> {
    let mut sockets = settings.socket.clone();
    if sockets.is_empty() {
        sockets.push(socket_path(None));
    }
    let lock = |socket: PathBuf| {
        let mut path = socket.into_os_string();
        path.push(".lock");
        PathBuf::from(path)
    };
    settings.pid_file.iter().cloned().chain(sockets.into_iter().map(lock)).collect()
}

/// The daemon, or the words that say why there is none.
fn find(settings: &Settings) -> Result<Running, String> {
    for file in files(settings) {
        match owner(&file) {
            Owner::Alive(Some(pid)) => {
                if let Some(pid) = Pid::from_raw(pid) {
                    return Ok(Running { pid, file });
                }
            }
            Owner::Gone if settings.pid_file.as_ref() == Some(&file) => {
                let _ = fs::remove_file(&file);
                let file = file.display();
                return Err(format!("Daemon is not running (stale PID file {file} removed)"));
            }
            _ => {}
        }
    }
    Err("Daemon is not running (no PID file found)".to_owned())
}

/// `--status`: code 0 if a daemon runs, else 1.
pub fn status(settings: &Settings) -> ExitCode {
    println!("Checking daemon status...");
    match find(settings) {
        Ok(running) => {
            println!("Daemon is running (PID: {})", running.pid.as_raw_nonzero());
            ExitCode::SUCCESS
        }
        Err(words) => refuse(&words),
    }
}

fn refuse(words: &str) -> ExitCode {
    println!("{words}");
    ExitCode::FAILURE
}

/// `--stop`: asks the daemon to stop, waits for its end, kills it after [`PATIENCE`].
pub fn stop(settings: &Settings) -> ExitCode {
    println!("Stopping daemon...");
    let running = match find(settings) {
        Ok(running) => running,
        Err(words) => return refuse(&words),
    };
    if let Err(error) = kill_process(running.pid, Signal::TERM) {
        return refuse(&format!(
            "Cannot stop the daemon (PID: {}): {error}",
            running.pid.as_raw_nonzero()
        ));
    }
    if wait(&running.file, PATIENCE) {
        println!("Daemon stopped");
        return ExitCode::SUCCESS;
    }
    println!("Daemon did not stop within {} seconds and is killed", PATIENCE.as_secs());
    // Its lock says that it is still the same process.
    let killed = kill_process(running.pid, Signal::KILL).is_ok() && wait(&running.file, PATIENCE);
    if killed { ExitCode::SUCCESS } else { refuse("Daemon could not be killed") }
}

/// Waits until nobody holds the lock of a file.
fn wait(file: &Path, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while matches!(owner(file), Owner::Alive(_)) {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(GLANCE);
    }
    true
}

/// `--reload`: has the daemon read its configuration again.
pub fn reload(settings: &Settings) -> ExitCode {
    println!("Reloading daemon configuration...");
    let running = match find(settings) {
        Ok(running) => running,
        Err(words) => return refuse(&words),
    };
    match kill_process(running.pid, Signal::HUP) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("Cannot signal the daemon: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pid_file::PidFile;
    use super::*;

    fn settings(directory: &Path) -> Settings {
        Settings {
            socket: vec![directory.join("x.sock")],
            pid_file: Some(directory.join("x.pid")),
            ..Settings::default()
        }
    }

    #[test]
    fn the_owner_is_found_through_the_pid_file_or_the_lock_of_the_socket() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        assert_eq!(find(&settings).unwrap_err(), "Daemon is not running (no PID file found)");
        let ours = Pid::from_raw(std::process::id() as i32);
        for name in ["x.sock.lock", "x.pid"] {
            let held = PidFile::write(&directory.path().join(name)).unwrap();
            assert_eq!(find(&settings).ok().map(|running| running.pid), ours, "{name}");
            drop(held);
        }
    }

    #[test]
    fn a_stale_pid_file_is_removed_and_its_number_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        fs::write(directory.path().join("x.pid"), "1\n").unwrap();
        assert!(find(&settings).unwrap_err().contains("stale PID file"));
        assert!(!directory.path().join("x.pid").exists());
    }
}
