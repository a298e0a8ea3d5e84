//! The daemon killed with -9 and started again, over and over, under clients with sessions.
//!
//! Each client changes a project of its own and knows what must come of it: every answer tells the
//! revision and the place in the history, so an edit that was lost or applied twice shows at once.
//! `GOXEL_KILLS` sets how often, `GOXEL_KILL_CLIENTS` under how many clients.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::random::{Random, setting};
use crate::support::process::{HANG, command, wait_for};

/// A daemon with a journal, in a directory that outlives it.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn start(directory: &Path, flags: &[&str]) -> Running {
        Running::start_as(directory, command_in(directory, flags))
    }

    /// Starts one by a command that was changed.
    pub fn start_as(directory: &Path, command: Command) -> Running {
        let socket = directory.join("d.sock");
        let mut child = spawn(directory, command);
        wait_for("the daemon to listen", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", log_of(directory));
            UnixStream::connect(&socket).is_ok()
        });
        // Connections wait in the queue until everything is recovered.
        crate::support::process::Client::connect(&socket).call("ping", json!({}));
        Running { child }
    }

    /// Has another one take its place; how that one ended, if it did.
    pub fn taken_over(&mut self, directory: &Path, flags: &[&str]) -> Option<ExitStatus> {
        let mut next = spawn(directory, command_in(directory, flags));
        let mut ended = None;
        wait_for("one of the two to end", || {
            ended = next.try_wait().unwrap();
            ended.is_some() || self.child.try_wait().unwrap().is_some()
        });
        if ended.is_none() {
            assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", log_of(directory));
            self.child = next;
        }
        ended
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in good order.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with its socket and journal in a directory, unless the flags name others.
pub fn command_in(directory: &Path, flags: &[&str]) -> Command {
    let mut command = command();
    command.arg("--socket").arg(directory.join("d.sock"));
    if !flags.contains(&"--journal") {
        command.arg("--journal").arg(directory.join("journal"));
    }
    command.args(flags);
    command
}

fn spawn(directory: &Path, mut command: Command) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("log"));
    command
        .env("GOXEL_RENDER_DIR", directory.join("renders"))
        .stdout(Stdio::null())
        .stderr(log.unwrap())
        .spawn()
        .unwrap()
}

pub fn log_of(directory: &Path) -> String {
    crate::support::process::settled_log(&directory.join("log"))
}

/// A client whose calls have numbers: what is not answered is sent again until it is.
struct Client {
    socket: PathBuf,
    session: String,
    /// The run of the daemon that the session began with.
    instance: String,
    number: i64,
    stream: Option<BufReader<UnixStream>>,
    /// How often nobody listened.
    refused: u64,
    longest_wait: Duration,
}

impl Client {
    fn new(socket: PathBuf, session: String) -> Client {
        let mut client = Client {
            socket,
            session,
            instance: String::new(),
            number: 0,
            stream: None,
            refused: 0,
            longest_wait: Duration::ZERO,
        };
        let pong = client.until_answered(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
        client.instance = pong["result"]["instance"].as_str().unwrap().to_owned();
        client
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let session = json!({"id": self.session, "seq": self.number, "instance": self.instance});
        let call = json!({
            "jsonrpc": "2.0", "id": self.number, "method": method, "params": params,
            "session": session,
        });
        let answer = self.until_answered(&call);
        assert!(answer.get("error").is_none(), "{call}: {answer}");
        answer["result"].clone()
    }

    fn until_answered(&mut self, call: &Value) -> Value {
        let began = Instant::now();
        // The daemon may be killed several times before its turn comes.
        let deadline = began + 10 * HANG;
        loop {
            let last = self.try_once(call);
            assert!(Instant::now() < deadline, "no answer to {call}: {last:?}");
            match last {
                Some(answer) if answer["error"]["code"] == 1006 && is_still_running(&answer) => {}
                Some(answer) => {
                    self.longest_wait = self.longest_wait.max(began.elapsed());
                    return answer;
                }
                None => {
                    self.stream = None;
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    fn try_once(&mut self, call: &Value) -> Option<Value> {
        if self.stream.is_none() {
            let stream = UnixStream::connect(&self.socket);
            self.refused += u64::from(stream.is_err());
            let stream = stream.ok()?;
            stream.set_read_timeout(Some(HANG)).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        stream.get_mut().write_all(format!("{call}\n").as_bytes()).ok()?;
        let mut line = String::new();
        let count = stream.read_line(&mut line).ok()?;
        (count > 0 && line.ends_with('\n')).then(|| serde_json::from_str(&line).unwrap())
    }
}

fn is_still_running(answer: &Value) -> bool {
    answer["error"]["message"].as_str().is_some_and(|message| message.contains("still running"))
}

/// What must have come of the calls of one client.
struct Model {
    revision: u64,
    /// Voxels after each step of the history.
    steps: Vec<u64>,
    position: usize,
}

impl Model {
    fn voxels(&self) -> u64 {
        self.position.checked_sub(1).map_or(0, |last| self.steps[last])
    }

    fn one_call(&mut self, client: &mut Client, project: &str, random: &mut Random) {
        match random.below(10) {
            0 if self.position > 0 => self.travel(client, project, "goxel.undo"),
            1 if self.position < self.steps.len() => self.travel(client, project, "goxel.redo"),
            2 => {
                let name = format!("layer {}", client.number);
                client.call("goxel.create_layer", json!({"project": project, "name": name}));
                self.step(self.voxels());
            }
            _ => self.draw(client, project, random),
        }
    }

    /// Each box lies where no other does, so every voxel of it is added.
    fn draw(&mut self, client: &mut Client, project: &str, random: &mut Random) {
        let (x, length) = (client.number * 40, random.below(30) as i64);
        let operation = json!({"op": "box", "min": [x, 0, 0], "max": [x + length, 3, 2],
            "color": [10, client.number % 200, 30, 255]});
        let result =
            client.call("goxel.edit", json!({"project": project, "operations": [operation]}));
        self.step(self.voxels() + (length as u64 + 1) * 12);
        assert_eq!(result["revision"], self.revision, "{project}: {result}");
    }

    fn step(&mut self, voxels: u64) {
        self.steps.truncate(self.position);
        self.steps.push(voxels);
        self.position += 1;
        self.revision += 1;
    }

    fn travel(&mut self, client: &mut Client, project: &str, method: &str) {
        let result = client.call(method, json!({"project": project, "steps": 1}));
        self.position = if method == "goxel.undo" { self.position - 1 } else { self.position + 1 };
        self.revision += 1;
        assert_eq!(result["revision"], self.revision, "{project}: {result}");
        assert_eq!(result["position"], self.position as u64, "{project}: {result}");
    }

    fn check(&self, client: &mut Client, project: &str) {
        let info = client.call("goxel.get_project_info", json!({"project": project}));
        let expected = (self.revision, self.position as u64, self.voxels());
        let number = |name: &str| info[name].as_u64().unwrap();
        let found = (number("revision"), number("history_position"), number("total_voxels"));
        assert_eq!(found, expected, "{project}: {info}");
        assert_eq!(info["dirty"], self.revision > 0, "{project}: {info}");
        let history = client.call("goxel.history", json!({"project": project, "limit": 1}));
        assert_eq!(history["count"], self.steps.len() as u64, "{project}");
    }
}

/// One client's life: until it is told to stop it changes its project, and looks at all of it now
/// and then. How often nobody listened, and its longest wait.
pub fn live(socket: PathBuf, number: u64, calls: &AtomicU64, stop: &AtomicBool) -> (u64, Duration) {
    let mut random = Random::new(number + 1);
    let mut client = Client::new(socket, format!("client {number}"));
    let project = format!("p{number}");
    client.call("goxel.open_project", json!({"name": project}));
    let mut model = Model { revision: 0, steps: Vec::new(), position: 0 };
    while !stop.load(Ordering::Relaxed) {
        model.one_call(&mut client, &project, &mut random);
        if random.below(20) == 0 {
            model.check(&mut client, &project);
        }
        calls.fetch_add(1, Ordering::Relaxed);
    }
    model.check(&mut client, &project);
    (client.refused, client.longest_wait)
}

/// Kills the daemon again and again, `usual` times unless told otherwise, and lets it live up to
/// `longest` milliseconds each time; what it has logged.
fn rounds(flags: &[&str], usual: u64, longest: u64) -> String {
    let kills = setting("GOXEL_KILLS", usual);
    let clients = setting("GOXEL_KILL_CLIENTS", 8);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("d.sock");
    let mut daemon = Running::start(directory.path(), flags);
    let (calls, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let _last = std::thread::scope(|scope| {
        for number in 0..clients {
            let (socket, calls, stop) = (socket.clone(), &calls, &stop);
            scope.spawn(move || {
                // One that fails must not leave the others waiting for a daemon that nobody starts.
                let lived = std::panic::catch_unwind(|| live(socket, number, calls, stop));
                stop.store(true, Ordering::Relaxed);
                lived.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            });
        }
        let mut random = Random::new(99);
        for round in 1..=kills {
            std::thread::sleep(Duration::from_millis(20 + random.below(longest)));
            daemon.kill();
            let began = Instant::now();
            daemon = Running::start(directory.path(), flags);
            if round % 50 == 0 {
                let calls = calls.load(Ordering::Relaxed);
                println!("round {round}: {calls} calls, started within {:?}", began.elapsed());
            }
        }
        stop.store(true, Ordering::Relaxed);
        // It lives until the clients have looked at everything.
        daemon
    });
    let calls = calls.load(Ordering::Relaxed);
    println!("{kills} kills under {clients} clients, {calls} calls: {flags:?}");
    let log = log_of(directory.path());
    assert!(!log.contains("damaged") && !log.contains("ERROR"), "{log}");
    log
}

#[test]
fn whatever_was_answered_is_there_once_after_every_kill() {
    rounds(&["--journal-sync", "second"], 20, 80);
}

#[test]
fn the_same_holds_when_each_answer_waits_for_the_disk() {
    rounds(&["--journal-sync", "always"], 20, 80);
}

#[test]
fn the_same_holds_while_the_log_is_written_anew_again_and_again() {
    for policy in ["second", "always"] {
        let log = rounds(&["--journal-sync", policy, "--journal-compact-bytes", "4096"], 6, 300);
        assert!(log.contains("the journal was written anew"), "{log}");
    }
}
