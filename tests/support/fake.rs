//! A small daemon of the tests' own: it speaks the wire protocol, keeps a model of a document and
//! can be told to misbehave. The real daemon's own tests prove the real daemon; this one shows
//! faults on demand.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What the fake knows: values by key, how often each was added to, and the answers of each
/// session.
#[derive(Default)]
pub struct Model {
    pub applied: HashMap<i64, u64>,
    /// Calls that sleep, or slept.
    pub slept: u64,
    answers: HashMap<(String, u64), Value>,
}

pub struct FakeDaemon {
    pub path: PathBuf,
    pub model: Arc<Mutex<Model>>,
    pub connections: Arc<AtomicU64>,
    pub instance: String,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl FakeDaemon {
    pub fn start(path: &Path) -> FakeDaemon {
        FakeDaemon::start_as(path, "instance-1", Arc::default())
    }

    pub fn start_as(path: &Path, instance: &str, model: Arc<Mutex<Model>>) -> FakeDaemon {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicU64::new(0));
        let serve = Serve { instance: instance.to_owned(), model: model.clone() };
        let (stop2, open2, count) = (stop.clone(), open.clone(), connections.clone());
        let thread = std::thread::spawn(move || {
            while !stop2.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        count.fetch_add(1, Ordering::SeqCst);
                        stream.set_nonblocking(false).unwrap();
                        open2.lock().unwrap().push(stream.try_clone().unwrap());
                        let serve = serve.clone();
                        std::thread::spawn(move || serve.run(stream));
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        FakeDaemon {
            path: path.to_owned(),
            model,
            connections,
            instance: instance.to_owned(),
            stop,
            thread: Some(thread),
            open,
        }
    }

    /// Closes every connection but keeps listening.
    pub fn cut_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Stops listening, removes the socket and closes everything.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        let _ = std::fs::remove_file(&self.path);
        self.cut_all();
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Clone)]
struct Serve {
    instance: String,
    model: Arc<Mutex<Model>>,
}

impl Serve {
    fn run(self, mut stream: UnixStream) {
        let mut first = [0; 1];
        if stream.read_exact(&mut first).is_err() {
            return;
        }
        let binary = first[0] == 0;
        let mut bytes = first.to_vec();
        let mut chunk = [0; 4096];
        loop {
            while let Some((id, payload)) = take_message(&mut bytes, binary) {
                let Some(answer) = self.handle(&payload, &mut stream, binary) else { continue };
                if stream.write_all(&frame(binary, id, &answer)).is_err() {
                    return;
                }
            }
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            }
        }
    }

    fn handle(&self, payload: &[u8], stream: &mut UnixStream, binary: bool) -> Option<Value> {
        let Ok(value) = serde_json::from_slice::<Value>(payload) else {
            return Some(
                json!({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}),
            );
        };
        match value {
            Value::Array(calls) => {
                let answers: Vec<Value> =
                    calls.iter().filter_map(|call| self.call(call, stream, binary)).collect();
                (!answers.is_empty()).then_some(Value::Array(answers))
            }
            call => self.call(&call, stream, binary),
        }
    }

    fn call(&self, call: &Value, stream: &mut UnixStream, binary: bool) -> Option<Value> {
        let id = call.get("id")?.clone();
        let params = &call["params"];
        let outcome = match call.get("session") {
            Some(session) => self.once(session, || self.apply(call, params, stream, binary)),
            None => self.apply(call, params, stream, binary),
        };
        Some(match outcome {
            Ok(result) => json!({"jsonrpc":"2.0","result":result,"id":id}),
            Err((code, message)) => {
                json!({"jsonrpc":"2.0","error":{"code":code,"message":message},"id":id})
            }
        })
    }

    /// Applies a tagged call once, or answers again.
    fn once(
        &self,
        session: &Value,
        apply: impl FnOnce() -> Result<Value, (i64, &'static str)>,
    ) -> Result<Value, (i64, &'static str)> {
        if session["instance"] != self.instance.as_str() {
            return Err((1006, "Outcome unknown: another instance"));
        }
        let key = (session["id"].as_str().unwrap().to_owned(), session["seq"].as_u64().unwrap());
        if let Some(answer) = self.model.lock().unwrap().answers.get(&key) {
            return Ok(answer.clone());
        }
        let answer = apply()?;
        self.model.lock().unwrap().answers.insert(key, answer.clone());
        Ok(answer)
    }

    fn apply(
        &self,
        call: &Value,
        params: &Value,
        stream: &mut UnixStream,
        binary: bool,
    ) -> Result<Value, (i64, &'static str)> {
        match call["method"].as_str().unwrap_or_default() {
            "ping" => Ok(json!({"pong":true,"timestamp":1,"instance":self.instance})),
            "echo" => Ok(params.clone()),
            "add" => {
                let mut model = self.model.lock().unwrap();
                let count = model.applied.entry(params["key"].as_i64().unwrap()).or_default();
                *count += 1;
                Ok(json!(*count))
            }
            "sleep" => {
                let millis = params["ms"].as_u64().unwrap();
                self.model.lock().unwrap().slept += 1;
                std::thread::sleep(Duration::from_millis(millis));
                Ok(json!("slept"))
            }
            "close" => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                Err((0, ""))
            }
            "garbage" => {
                let _ = stream.write_all(&frame(binary, 0, &json!({"method":"x","id":"theirs"})));
                Ok(json!(null))
            }
            "null_error" => {
                let error = json!({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null});
                let _ = stream.write_all(&frame(binary, 0, &error));
                std::thread::sleep(Duration::from_millis(50));
                Ok(json!(null))
            }
            "tell" => {
                for seq in 0..params["count"].as_u64().unwrap() {
                    let note =
                        json!({"jsonrpc":"2.0","method":"goxel.changed","params":{"seq":seq}});
                    let _ = stream.write_all(&frame(binary, 0, &note));
                }
                Ok(json!("told"))
            }
            "long" => {
                for done in 1..=3 {
                    let note = json!({"jsonrpc":"2.0","method":"goxel.progress",
                        "params":{"id":call["id"],"done":done,"total":3}});
                    let _ = stream.write_all(&frame(binary, 0, &note));
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(params["progress_ms"].clone())
            }
            _ => Err((-32601, "Method not found")),
        }
    }
}

fn frame(binary: bool, id: u32, message: &Value) -> Vec<u8> {
    let text = message.to_string();
    let mut bytes = Vec::new();
    if binary {
        for field in [id, 0, text.len() as u32, 418_000] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.extend_from_slice(text.as_bytes());
    } else {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

fn take_message(bytes: &mut Vec<u8>, binary: bool) -> Option<(u32, Vec<u8>)> {
    if binary {
        let header: [u8; 16] = *bytes.first_chunk()?;
        let field = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let end = 16 + field(8) as usize;
        if bytes.len() < end {
            return None;
        }
        let rest = bytes.split_off(end);
        let message = std::mem::replace(bytes, rest).split_off(16);
        Some((field(0), message))
    } else {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let rest = bytes.split_off(end + 1);
        Some((0, std::mem::replace(bytes, rest)))
    }
}
