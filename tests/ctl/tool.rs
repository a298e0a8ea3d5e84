//! Running the program and looking at what it did.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing in these tests takes longer than this unless it hangs.
pub const HANG: Duration = Duration::from_secs(60);

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub bytes: Vec<u8>,
}

impl Ran {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program with a clean environment and a socket.
pub fn command(socket: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goxelctl"));
    command.env_remove("GOXEL_SOCKET_PATH").env_remove("XDG_RUNTIME_DIR").env_remove("NO_COLOR");
    command.env("GOXEL_SOCKET_PATH", socket).args(arguments);
    command
}

/// Runs the program with nothing on stdin.
pub fn run(socket: &Path, arguments: &[&str]) -> Ran {
    run_with_input(socket, arguments, b"")
}

/// Runs the program with bytes on stdin.
pub fn run_with_input(socket: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = command(socket, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ran = finish(child);
    feeder.join().unwrap();
    ran
}

/// Waits for a child with piped output and collects what it wrote.
pub fn finish(mut child: Child) -> Ran {
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let deadline = Instant::now() + HANG;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the program hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let bytes = out.join().unwrap();
    Ran {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&bytes).into_owned(),
        err: err.join().unwrap(),
        bytes,
    }
}
