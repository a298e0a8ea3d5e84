//! `--status`, `--stop` and `--reload`: finding the daemon that runs, and sending it signals.
//!
//! The owner is found through the pid file if one is named, else through the lock file of the
//! socket. A pid counts only while its owner holds the file's lock, so a number that the system has
//! given to somebody else is never signalled.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::config::Settings;
use super::pid_file::{Owner, owner};

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
    let lock = |socket: PathBuf| {
        let mut path = socket.into_os_string();
        path.push(".lock");
        PathBuf::from(path)
    };
    let locks = settings.socket_paths().into_iter().map(lock);
    settings.pid_file.path().map(Path::to_owned).into_iter().chain(locks).collect()
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
            Owner::Gone if settings.pid_file.path() == Some(&file) => {
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
        Err(words) => match settings.socket_paths().iter().find_map(|path| answering(path)) {
            Some(pid) => {
                println!(
                    "Daemon is running (it answers; it calls its PID {pid}, in another PID namespace)"
                );
                ExitCode::SUCCESS
            }
            None => refuse(&words),
        },
    }
}

/// How long a daemon is waited for that may answer on its socket.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// Bytes of the longest answer that is read.
const ANSWER_BYTES: u64 = 64 << 10;

/// The PID that a daemon on a socket gives as its own, if one answers: of another PID namespace
/// neither its file nor its lock tells a number that means something here.
fn answering(path: &Path) -> Option<u64> {
    let mut stream = UnixStream::connect(path).ok()?;
    stream.set_read_timeout(Some(ANSWER_TIME)).ok()?;
    stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n").ok()?;
    let mut line = String::new();
    BufReader::new(stream.take(ANSWER_BYTES)).read_line(&mut line).ok()?;
    let answer: serde_json::Value = serde_json::from_str(&line).ok()?;
    answer["result"]["pid"].as_u64()
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
    println!("Daemon did not stop within {} s and is killed", PATIENCE.as_secs());
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
    use super::super::config::Place;
    use super::super::pid_file::PidFile;
    use super::*;

    fn settings(directory: &Path) -> Settings {
        Settings {
            socket: vec![directory.join("x.sock")],
            pid_file: Place::At(directory.join("x.pid")),
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
    fn a_daemon_whose_number_means_nothing_here_is_asked_on_its_socket() {
        use std::os::unix::net::UnixListener;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        assert_eq!(answering(&path), None);
        let listener = UnixListener::bind(&path).unwrap();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut call = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut call).unwrap();
            assert!(call.contains("\"status\""), "{call}");
            stream.write_all(b"{\"jsonrpc\":\"2.0\",\"result\":{\"pid\":77},\"id\":1}\n").unwrap();
        });
        assert_eq!(answering(&path), Some(77));
        serving.join().unwrap();
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
