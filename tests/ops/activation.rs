//! Socket activation: the service manager holds the socket, so nobody is refused while daemons come
//! and go.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use crate::support::process::{Client, HANG, command, has_program, wait_for};

const CLIENTS: usize = 50;
const RESTARTS: usize = 20;

/// A manager of the plainest kind: it keeps the listening socket and hands it to one daemon after
/// the other as descriptor 3. The shell sets LISTEN_PID to its own number and then becomes the
/// daemon.
struct Manager {
    listener: UnixListener,
    socket: PathBuf,
    directory: tempfile::TempDir,
}

impl Manager {
    fn new() -> Manager {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("x.sock");
        Manager { listener: UnixListener::bind(&socket).unwrap(), socket, directory }
    }

    fn start(&self) -> Child {
        let descriptor = OwnedFd::from(self.listener.try_clone().unwrap());
        let daemon = env!("CARGO_BIN_EXE_goxel-daemon");
        let project = self.directory.path().join("kept.gox");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.directory.path().join("log"))
            .unwrap();
        let script = r#"exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@""#;
        let mut shell = Command::new("sh");
        shell.envs(command().get_envs().filter_map(|(name, value)| Some((name, value?))));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GOXEL_") {
                shell.env_remove(name);
            }
        }
        shell
            .env("GOXEL_JOURNAL", "none")
            .env("GOXEL_STATE_DIR", self.directory.path().join("state"))
            .args(["-c", script, daemon, "--save-on-exit", "--health-interval=0"])
            .arg(format!("--project={}", project.display()))
            .stdin(Stdio::from(descriptor))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

fn stop(daemon: &mut Child) {
    let killed = Command::new("kill").arg("-TERM").arg(daemon.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert!(daemon.wait().unwrap().success());
}

/// One connection and one call; whether it was answered. To be refused is a failure of the test.
fn one_call(socket: &Path) -> bool {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => panic!("a client was refused: {error}"),
    };
    stream.set_read_timeout(Some(HANG)).unwrap();
    // A daemon that stops may close the connection before it has read the call; then the client
    // tries again.
    if stream.write_all(b"{\"id\":1,\"method\":\"ping\"}\n").is_err() {
        return false;
    }
    let mut line = String::new();
    matches!(BufReader::new(stream).read_line(&mut line), Ok(count) if count > 0)
        && line.contains("pong")
}

#[test]
fn fifty_reconnecting_clients_are_never_refused_through_twenty_restarts() {
    let manager = Manager::new();
    let done = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut daemon = manager.start();
    let mut client = Client::connect(&manager.socket);
    client.call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0]));
    drop(client);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (socket, done, answered) =
                (manager.socket.clone(), Arc::clone(&done), Arc::clone(&answered));
            std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    if one_call(&socket) {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for _ in 0..RESTARTS {
        let before = answered.load(Ordering::Relaxed);
        wait_for("clients to be served", || answered.load(Ordering::Relaxed) > before + 50);
        stop(&mut daemon);
        daemon = manager.start();
    }
    done.store(true, Ordering::Relaxed);
    let refused = clients.into_iter().map(|client| client.join()).filter(Result::is_err).count();
    assert_eq!(refused, 0, "clients that were refused; {}", manager.log());
    println!("{} calls answered through {RESTARTS} restarts", answered.load(Ordering::Relaxed));

    let voxel = Client::connect(&manager.socket).call("goxel.get_voxel", json!([1, 2, 3]));
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]), "the project came through");
    stop(&mut daemon);
    assert!(manager.socket.exists(), "the socket is the manager's");
}

#[test]
fn the_first_client_starts_the_daemon() {
    if !has_program("systemd-socket-activate") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("x.sock");
    let mut activator = Command::new("systemd-socket-activate")
        .arg("-l")
        .arg(&socket)
        // Its environment does not reach the daemon.
        .args(["--fdname=goxel", env!("CARGO_BIN_EXE_goxel-daemon"), "--journal=none"])
        .arg("--health-interval=0")
        .arg(format!("--state-dir={}", directory.path().join("state").display()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The file is there before somebody listens.
    wait_for("somebody who listens", || UnixStream::connect(&socket).is_ok());
    let mut client = Client::connect(&socket);
    assert_eq!(client.call("ping", json!({}))["pong"], true);
    let status = client.call("status", json!({}));
    assert_eq!(status["pid"], activator.id(), "it has become the daemon");
    stop(&mut activator);
}
