//! The real daemon on a socket of its own, in a directory of its own, and clients of the plainest
//! kind.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing in these tests takes longer than this unless it hangs.
pub const HANG: Duration = Duration::from_secs(60);

/// A running daemon; killed when it is dropped.
pub struct Daemon {
    child: Child,
    directory: tempfile::TempDir,
    socket: PathBuf,
}

/// The program with nothing of this process's surroundings that could change what it does.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goxel-daemon"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GOXEL_") {
            command.env_remove(name);
        }
    }
    command.env_remove("XDG_RUNTIME_DIR").env_remove("LISTEN_FDS").env_remove("NOTIFY_SOCKET");
    // A test that is about the journal names one; no other meets that of an earlier run.
    command.stdin(Stdio::null()).env("GOXEL_JOURNAL", "none");
    command
}

impl Daemon {
    /// Starts one and waits until it listens.
    pub fn start() -> Daemon {
        Daemon::start_with(&[])
    }

    /// Starts one with further flags.
    pub fn start_with(flags: &[&str]) -> Daemon {
        Daemon::start_as(command(), flags)
    }

    /// Starts one that may address so much memory, with further flags.
    pub fn start_within(kibibytes: u64, flags: &[&str]) -> Daemon {
        let program = command();
        let mut shell = Command::new("sh");
        let script = format!("ulimit -v {kibibytes} && exec \"$0\" \"$@\"");
        shell.arg("-c").arg(script).arg(program.get_program());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.stdin(Stdio::null());
        Daemon::start_as(shell, flags)
    }

    /// Starts one by a command that was changed.
    pub fn start_as(mut command: Command, flags: &[&str]) -> Daemon {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("goxel.sock");
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let child = command
            .arg("--socket")
            .arg(&socket)
            .args(flags)
            .env("GOXEL_RENDER_DIR", directory.path().join("renders"))
            .env("GOXEL_STATE_DIR", directory.path().join("state"))
            .current_dir(directory.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut daemon = Daemon { child, directory, socket };
        daemon.wait_until_it_listens();
        daemon
    }

    fn wait_until_it_listens(&mut self) {
        wait_for("the daemon to listen", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}: {}", self.log());
            }
            UnixStream::connect(&self.socket).is_ok()
        });
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its directory, which is also where relative paths start.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        settled_log(&self.directory.path().join("log"))
    }

    pub fn connect(&self) -> Client {
        Client::connect(&self.socket)
    }

    /// Sends a signal by its name (`TERM`, `HUP`).
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_for("the daemon to end", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// How many file descriptors it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// The same, once what helpers open after the start is open and what has ended is closed.
    pub fn descriptors_at_rest(&self) -> usize {
        let mut readings = Vec::new();
        wait_for("descriptors to be at rest", || {
            readings.push(self.descriptors());
            let last = &readings[readings.len().saturating_sub(20)..];
            last.len() == 20 && last.iter().all(|count| *count == last[0])
        });
        self.descriptors()
    }

    /// Its resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the daemon's log ---\n{}", self.log());
        }
    }
}

/// Asks again and again until the answer is yes.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < deadline, "waiting for {what} takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a log says by now. A helper of the daemon writes it, a moment after what it is about.
pub fn settled_log(path: &Path) -> String {
    let read = || std::fs::read_to_string(path).unwrap_or_default();
    let mut said = read();
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(20));
        let more = read();
        if more == said {
            break;
        }
        said = more;
    }
    said
}

/// A client that speaks JSON text.
pub struct Client {
    pub stream: UnixStream,
    reader: BufReader<UnixStream>,
    last_id: u64,
}

impl Client {
    pub fn connect(socket: &Path) -> Client {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Client { stream, reader, last_id: 0 }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The next answer; panics at the end of the stream.
    pub fn receive(&mut self) -> Value {
        self.try_receive().expect("an answer, not the end of the stream")
    }

    /// The next answer, or `None` at the end of the stream.
    pub fn try_receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).unwrap();
        (count > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")))
    }

    /// One call and its whole answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(format!("{call}\n"));
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// One call and its result; panics on an error.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
}

/// A binary frame of type 0.
pub fn frame(id: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    for field in [id, 0, payload.len() as u32, 0] {
        frame.extend_from_slice(&field.to_be_bytes());
    }
    frame.extend_from_slice(payload);
    frame
}

/// Reads one binary frame: its id, type and payload.
pub fn read_frame(stream: &mut impl Read) -> (u32, u32, Vec<u8>) {
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let field =
        |index: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[4 * index + byte]));
    let mut payload = vec![0; field(2) as usize];
    stream.read_exact(&mut payload).unwrap();
    (field(0), field(1), payload)
}

/// Whether a program can be run here.
pub fn has_program(name: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
    });
    if !found {
        crate::support::skip::skip(&format!("no {name}"));
    }
    found
}

/// A page of the one-shot HTTP framing, with its head.
pub fn page(daemon: &Daemon, path: &str) -> String {
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
