//! The real daemon on a private socket, and the two kinds of client that the benchmark needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use goxel_daemon::lane::bulk::{BoxHead, Encoding, Head, PUT_BOX};
use serde_json::{Value, json};

/// A daemon; killed at the end.
pub struct Daemon {
    child: Child,
    /// Of the files that jobs write.
    directory: tempfile::TempDir,
    /// Of the socket and the health file.
    runtime: tempfile::TempDir,
}

impl Daemon {
    /// Starts the daemon of this build, or the one that `DAEMON` names, with files in `FILES`. Its
    /// windows for the longest turn are a second wide.
    pub fn start() -> Daemon {
        let parent = std::env::var_os("FILES").map_or_else(std::env::temp_dir, PathBuf::from);
        let directory = tempfile::tempdir_in(parent).expect("a directory");
        let runtime = tempfile::tempdir_in(runtime_parent()).expect("a directory");
        let socket = runtime.path().join("goxel.sock");
        let built = env!("CARGO_BIN_EXE_goxel-daemon");
        let program = std::env::var_os("DAEMON").unwrap_or_else(|| built.into());
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GOXEL_") {
                command.env_remove(name);
            }
        }
        command.arg("--socket").arg(&socket).args(["--log-level", "error"]);
        command.env("GOXEL_JOURNAL", "none");
        command.args(["--health-interval", "1s"]).current_dir(directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("the daemon starts");
        let daemon = Daemon { child, directory, runtime };
        let deadline = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(daemon.socket()).is_err() {
            assert!(Instant::now() < deadline, "the daemon does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }

    fn socket(&self) -> PathBuf {
        self.runtime.path().join("goxel.sock")
    }

    /// A path in the daemon's directory.
    pub fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_string_lossy().into_owned()
    }

    /// A client that sends JSON, one value a line.
    pub fn connect(&self) -> Client {
        Client::of(UnixStream::connect(self.socket()).expect("connected"))
    }

    /// A client that sends bulk frames.
    pub fn connect_bulk(&self) -> Bulk {
        Bulk(UnixStream::connect(self.socket()).expect("connected"))
    }
}

/// Where programs keep what lives as long as they do: in memory, as directories of that kind mostly
/// are.
fn runtime_parent() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request at a time, one line each way.
pub struct Client {
    stream: BufReader<UnixStream>,
    line: Vec<u8>,
}

impl Client {
    /// A client on a stream that is connected.
    pub fn of(stream: UnixStream) -> Client {
        Client { stream: BufReader::new(stream), line: Vec::new() }
    }

    /// A second handle to the same stream.
    pub fn stream(&self) -> UnixStream {
        self.stream.get_ref().try_clone().expect("a handle")
    }

    /// Waits for a line.
    pub fn read_line(&mut self) -> &[u8] {
        self.line.clear();
        self.stream.read_until(b'\n', &mut self.line).expect("an answer");
        assert!(self.line.ends_with(b"\n"), "the daemon hung up");
        &self.line
    }

    /// A call that must succeed.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = format!("{request}\n");
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let mut answer: Value =
            serde_json::from_slice(self.read_line()).expect("an answer in JSON");
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// The longest turn of the loop in the last second or two, in microseconds.
    pub fn recent_longest_turn(&mut self) -> u64 {
        let health = self.call("goxel.health", json!([]));
        health["event_loop"]["recent_longest_turn_us"].as_u64().expect("a number")
    }
}

/// Puts boxes of voxels.
pub struct Bulk(UnixStream);

impl Bulk {
    /// Sets all voxels of a cube with this lowest corner and edge; `color` tells each.
    pub fn put_cube(
        &mut self,
        project: &str,
        corner: [i32; 3],
        edge: i32,
        color: impl Fn([i32; 3]) -> [u8; 4],
    ) {
        let mut payload = Vec::with_capacity((edge * edge * edge * 4) as usize + 64);
        Head { project, layer: 0, skip_empty: true }.write(&mut payload);
        let max = corner.map(|value| value + edge - 1);
        BoxHead { min: corner, max, encoding: Encoding::Dense }.write(&mut payload);
        for z in corner[2]..=max[2] {
            for y in corner[1]..=max[1] {
                for x in corner[0]..=max[0] {
                    payload.extend_from_slice(&color([x, y, z]));
                }
            }
        }
        let mut frame = Vec::new();
        for field in [1, PUT_BOX, payload.len() as u32, 0] {
            frame.extend_from_slice(&u32::to_be_bytes(field));
        }
        self.0.write_all(&frame).expect("sent");
        self.0.write_all(&payload).expect("sent");
        let mut header = [0; 16];
        self.0.read_exact(&mut header).expect("an answer");
        let field = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let mut answer = vec![0; field(8) as usize];
        self.0.read_exact(&mut answer).expect("an answer");
        assert_eq!(field(4), PUT_BOX, "{}", String::from_utf8_lossy(&answer));
    }
}
