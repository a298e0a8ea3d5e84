//! A running daemon on a private socket, and clients that see the raw bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before a test calls it a hang.
pub const HANG: Duration = Duration::from_secs(30);

/// A daemon that ends with its owner.
pub struct Daemon {
    child: Child,
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

/// The program with a clean environment, whose state lies in this directory.
pub fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goxel-daemon"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GOXEL_") {
            command.env_remove(name);
        }
    }
    command.env("GOXEL_JOURNAL", "none").env("GOXEL_STATE_DIR", directory.join("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < HANG, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Daemon {
    /// Starts one with default settings.
    pub fn start() -> Self {
        Daemon::with(&[])
    }

    /// Starts one with flags.
    pub fn with(flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("g.sock");
        let mut command = program(directory.path());
        let child = command.arg("--socket").arg(&socket).args(flags).spawn().unwrap();
        let daemon = Daemon { child, socket, _directory: directory };
        eventually("the daemon listens", || daemon.socket.exists());
        daemon
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        stream
    }

    pub fn text(&self) -> Text {
        Text::new(self.connect())
    }

    pub fn binary(&self) -> Binary {
        Binary(self.connect())
    }

    /// Sends bytes, half-closes, and returns all that comes back.
    pub fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// The lines that come back for some text.
    pub fn lines(&self, text: &str) -> Vec<Value> {
        let answer = self.exchange(text.as_bytes());
        let lines = String::from_utf8(answer).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end and returns the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < HANG, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Open descriptors, where the system tells.
    pub fn descriptors(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.pid())).ok()?.count())
    }

    /// The same, once what helpers open after the start is open and what has ended is closed.
    pub fn descriptors_at_rest(&self) -> Option<usize> {
        let mut readings = Vec::new();
        eventually("descriptors are at rest", || {
            readings.push(self.descriptors());
            let last = &readings[readings.len().saturating_sub(20)..];
            last.len() == 20 && last.iter().all(|count| *count == last[0])
        });
        self.descriptors()
    }

    /// Resident memory in bytes, where the system tells.
    pub fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// How many connections it has, the one that asks not counted.
    pub fn others(&self) -> usize {
        let list = self.text().call("connection.list", json!({}));
        list["result"]["count"].as_u64().unwrap() as usize - 1
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program with flags to its end.
pub fn run(flags: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().unwrap()
}

/// A JSON-RPC request.
pub fn request(id: impl Into<Value>, method: &str, params: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params}).to_string()
}

/// A client of the text framing.
pub struct Text {
    pub stream: UnixStream,
    reader: BufReader<UnixStream>,
    last_id: u64,
}

impl Text {
    pub fn new(stream: UnixStream) -> Self {
        let reader = BufReader::new(stream.try_clone().unwrap());
        Text { stream, reader, last_id: 0 }
    }

    pub fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// The next line; `None` at the end of the stream.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).unwrap();
        (count > 0).then(|| line.trim_end().to_string())
    }

    pub fn answer(&mut self) -> Value {
        let line = self.line().expect("the daemon closed the connection");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    pub fn ask(&mut self, text: &str) -> Value {
        self.send(text);
        self.answer()
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let answer = self.ask(&(request(self.last_id, method, params) + "\n"));
        assert_eq!(answer["id"], self.last_id, "{answer}");
        answer
    }

    pub fn ping(&mut self) {
        assert_eq!(self.call("ping", json!({}))["result"]["pong"], true);
    }

    /// The answer to a ping, or the line that a newcomer is turned away with.
    pub fn line_or_refusal(&mut self) -> String {
        let sent = self.stream.write_all(request(1, "ping", json!({})).as_bytes());
        let mut line = String::new();
        let read = self.reader.read_line(&mut line);
        assert!(read.is_ok() || sent.is_err(), "{read:?}");
        line
    }

    /// Whether the stream has ended, with nothing left to read.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

/// A binary frame.
#[derive(Debug)]
pub struct Frame {
    pub id: u32,
    pub kind: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

/// The bytes of a frame.
pub fn frame(id: u32, kind: u32, payload: &[u8]) -> Vec<u8> {
    let fields = [id, kind, payload.len() as u32, 0];
    let mut bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    bytes.extend_from_slice(payload);
    bytes
}

/// A client of the binary framing.
pub struct Binary(pub UnixStream);

impl Binary {
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// The next frame; `None` at the end of the stream.
    pub fn frame(&mut self) -> Option<Frame> {
        let mut header = [0; 16];
        if let Err(error) = self.0.read_exact(&mut header) {
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
            return None;
        }
        let field = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let mut payload = vec![0; field(8) as usize];
        self.0.read_exact(&mut payload).unwrap();
        Some(Frame { id: field(0), kind: field(4), payload })
    }

    pub fn ask(&mut self, id: u32, text: &str) -> Frame {
        self.send(&frame(id, 0, text.as_bytes()));
        self.frame().expect("the daemon closed the connection")
    }
}
