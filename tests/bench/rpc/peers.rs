//! The servers under load: started on private sockets, pinned, measured from outside, killed at the
//! end.

use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mio::net::UnixStream;

use super::floor;

/// When changes are brought to the disk, in the words of both.
struct Sync {
    ours: &'static str,
    theirs: &'static str,
}

/// What `JOURNAL` asks for: `second` or `always`; without it nobody keeps anything on disk.
fn sync() -> Option<Sync> {
    match std::env::var("JOURNAL").ok()?.as_str() {
        "second" => Some(Sync { ours: "second", theirs: "everysec" }),
        "always" => Some(Sync { ours: "always", theirs: "always" }),
        other => panic!("JOURNAL={other}: second or always"),
    }
}

/// A server.
pub struct Peer {
    child: Child,
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

impl Peer {
    /// The daemon of this build, or the one that `DAEMON` names.
    pub fn daemon() -> Peer {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("goxel.sock");
        let program = std::env::var_os("DAEMON");
        let own = || env!("CARGO_BIN_EXE_goxel-daemon").into();
        let mut command = Command::new(program.unwrap_or_else(own));
        command.arg("--socket").arg(&socket).arg("--log-level").arg("error");
        match sync() {
            None => command.env("GOXEL_JOURNAL", "none"),
            Some(sync) => {
                command.args(["--journal", "journal", "--journal-sync", sync.ours]);
                command.env("GOXEL_STATE_DIR", directory.path())
            }
        };
        Peer::start(command, directory, socket).expect("the daemon starts")
    }

    /// A server that does nothing but answer: see [`floor`].
    pub fn floor() -> Option<Peer> {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("floor.sock");
        let mut command = Command::new(std::env::current_exe().ok()?);
        command.arg(floor::ARGUMENT).arg(&socket);
        Peer::start(command, directory, socket)
    }

    /// A redis-server, if there is one on this machine. It keeps on disk what the daemon keeps.
    pub fn redis() -> Option<Peer> {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(&socket);
        match sync() {
            None => command.args(["--appendonly", "no"]),
            Some(sync) => command.args(["--appendonly", "yes", "--appendfsync", sync.theirs]),
        };
        Peer::start(command, directory, socket)
    }

    fn start(mut command: Command, directory: tempfile::TempDir, socket: PathBuf) -> Option<Peer> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.current_dir(directory.path()).spawn().ok()?;
        let peer = Peer { child, socket, _directory: directory };
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(&peer.socket).is_err() {
            assert!(Instant::now() < deadline, "the server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(peer)
    }

    /// A new connection.
    pub fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).expect("connected")
    }

    /// Processor seconds that the server has used so far.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Fields 14 and 15 of the whole line, in ticks of a hundredth of a second.
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
        (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / 100.0
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where everybody runs.
pub struct Pinned(String);

impl Pinned {
    /// Pins the servers to the first processor, and this process to the last ("split") or the first
    /// ("same").
    pub fn new(placement: &str, peers: &[&Peer]) -> Pinned {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let own = if placement == "same" { 0 } else { count - 1 };
        let pin = |processor: usize, process: u32| {
            let status = Command::new("taskset")
                .args(["-a", "-cp", &processor.to_string(), &process.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        let pinned =
            peers.iter().all(|peer| pin(0, peer.child.id())) && pin(own, std::process::id());
        let how = if pinned { "pinned" } else { "not pinned: no taskset" };
        Pinned(format!("{count} processors, servers on 0, generator on {own} ({how})"))
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
