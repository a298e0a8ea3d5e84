//! goxel-mcp on a pair of pipes, and a host of the plainest kind.
#![allow(dead_code)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::types;
use crate::support::process::{Daemon, HANG};

/// The program with nothing of this process's surroundings that could change what it does.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goxel-mcp"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GOXEL_") {
            command.env_remove(name);
        }
    }
    command.env_remove("XDG_RUNTIME_DIR").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    command
}

/// A running goxel-mcp; killed when it is dropped.
pub struct Host {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    last_id: u64,
    /// Method and era of the requests without an answer, by their ids.
    asked: HashMap<u64, (String, bool)>,
    /// What came that answered nothing.
    pub unasked: Vec<Value>,
}

impl Host {
    /// Starts one beside a daemon, with the daemon's directory as its root.
    pub fn beside(daemon: &Daemon) -> Host {
        Host::with(daemon.socket(), daemon.directory(), &[])
    }

    pub fn with(socket: &Path, root: &Path, flags: &[&str]) -> Host {
        let mut command = command();
        command.arg("--socket").arg(socket).arg("--root").arg(root).args(flags);
        Host::start(command)
    }

    pub fn start(mut command: Command) -> Host {
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let lines = read_lines(child.stdout.take().unwrap());
        Host { child, input, lines, last_id: 0, asked: HashMap::new(), unasked: Vec::new() }
    }

    pub fn send(&mut self, text: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(text.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// The next line of its output as JSON; `None` at its end.
    pub fn receive(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(HANG) {
            Ok(line) => Some(self.checked(&line)),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("goxel-mcp hangs"),
        }
    }

    /// A message that is what the protocol's schema says.
    fn checked(&mut self, line: &str) -> Value {
        let message: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let asked = message["id"].as_u64().and_then(|id| self.asked.remove(&id));
        match asked {
            Some((method, is_modern)) => types::check_answer(&method, is_modern, &message),
            None if message.get("method").is_some() => types::check_notification(&message),
            None => {}
        }
        message
    }

    /// What comes within a time.
    pub fn receive_within(&mut self, limit: Duration) -> Vec<Value> {
        let deadline = Instant::now() + limit;
        let mut messages = Vec::new();
        while let Ok(line) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            messages.push(self.checked(&line));
        }
        messages
    }

    /// Sends a request and returns its id.
    pub fn request(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let is_modern = params["_meta"].get("io.modelcontextprotocol/protocolVersion").is_some();
        self.asked.insert(id, (method.to_owned(), is_modern));
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&request.to_string());
        id
    }

    /// The answer to a request; what comes before it is kept.
    pub fn answer_to(&mut self, id: u64) -> Value {
        loop {
            let message = self.receive().expect("an answer, not the end");
            if message["id"] == id {
                return message;
            }
            self.unasked.push(message);
        }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer_to(id)
    }

    /// A request of the era without a handshake.
    pub fn ask_modern(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, modern(params))
    }

    /// A call of a tool; its result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(answer.get("error").is_none(), "{tool}: {answer}");
        answer["result"].clone()
    }

    /// The text of a tool's answer that is no error.
    pub fn text(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{tool}: {result}");
        text_of(&result)
    }

    /// The text of a tool's refusal.
    pub fn refusal(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments.clone());
        assert_eq!(result["isError"], true, "{tool} {arguments} should be refused: {result}");
        text_of(&result)
    }

    pub fn shake_hands(&mut self) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let answer = self.ask("initialize", params);
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer["result"].clone()
    }

    /// Closes its input and waits for its end; what came until then.
    pub fn end(&mut self) -> Vec<Value> {
        self.input = None;
        let mut rest = Vec::new();
        while let Some(message) = self.receive() {
            rest.push(message);
        }
        assert!(self.child.wait().unwrap().success());
        rest
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Params with what each request of the modern era carries.
pub fn modern(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params
}

/// All text of a tool's result.
pub fn text_of(result: &Value) -> String {
    let blocks = result["content"].as_array().cloned().unwrap_or_default();
    let texts = blocks.iter().filter_map(|block| block["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}
