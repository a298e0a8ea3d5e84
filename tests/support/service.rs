//! A service without a server: calls go in and answers come out in the same thread.
#![allow(dead_code)]

use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, ConnectionInfo, Handled, Host, Service};
use serde_json::{Value, json};

/// A host with two connections, of which the first calls; it keeps what it was told to send.
pub struct TestHost {
    pub now: Instant,
    pub started: Instant,
    pub sent: Vec<(ConnectionId, String)>,
    /// Whether what was sent is not taken off the wire.
    pub is_slow: bool,
    /// Units of work that a call may do at once.
    pub at_once: u64,
}

impl Default for TestHost {
    fn default() -> Self {
        let now = Instant::now();
        TestHost { now, started: now, sent: Vec::new(), is_slow: false, at_once: 8 }
    }
}

impl Host for TestHost {
    fn now(&self) -> Instant {
        self.now
    }
    fn at_once(&self) -> Budget {
        Budget::units(self.at_once)
    }
    fn started(&self) -> Instant {
        self.started
    }
    fn connections(&self) -> Vec<ConnectionInfo> {
        let one = |id| ConnectionInfo { id, protocol: "json", ..Default::default() };
        vec![one(1), one(2)]
    }
    fn close(&mut self, connection: ConnectionId) -> bool {
        connection == ConnectionId(2)
    }
    fn cancel_job(&mut self, job: u64) -> bool {
        job == 1
    }
    fn set_name(&mut self, _: ConnectionId, _: &str) {}
    fn set_keepalive(&mut self, _: ConnectionId, _: Option<Duration>) {}
    fn notify(&mut self, connection: ConnectionId, message: &[u8]) -> bool {
        self.sent.push((connection, String::from_utf8_lossy(message).into_owned()));
        true
    }
    fn has_unsent(&self, _: ConnectionId) -> bool {
        self.is_slow
    }
    fn shut_down(&mut self) -> bool {
        false
    }
}

/// A service and its host.
#[derive(Default)]
pub struct Daemon {
    pub service: Service,
    pub host: TestHost,
}

impl Daemon {
    /// The bytes that answer a message, run to its end.
    pub fn answer(&mut self, message: &str) -> String {
        let mut out = Vec::new();
        let caller = ConnectionId(1);
        match self.service.handle(message.as_bytes(), caller, &mut self.host, &mut out) {
            Handled::Finished => {}
            Handled::Pending(mut exchange) => {
                assert!(out.is_empty(), "a pending message must not write");
                while !self.service.step(
                    &mut exchange,
                    &mut self.host,
                    &mut Budget::units(100),
                    &mut out,
                ) {
                    assert!(out.is_empty(), "a pending message must not write");
                }
            }
        }
        let text = String::from_utf8(out).expect("answers are UTF-8");
        assert!(!text.contains('\n'), "an answer is one line: {text}");
        text
    }

    /// The answer as a tree; `Null` if there is none.
    pub fn ask(&mut self, message: &str) -> Value {
        match self.answer(message) {
            text if text.is_empty() => Value::Null,
            text => serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")),
        }
    }

    /// The result of a call; panics on an error.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.reply(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The error of a call; panics if it succeeds.
    pub fn fail(&mut self, method: &str, params: Value) -> Value {
        let answer = self.reply(method, params);
        assert!(answer.get("error").is_some(), "{method} should fail: {answer}");
        answer["error"].clone()
    }

    /// The whole answer of a call.
    pub fn reply(&mut self, method: &str, params: Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.ask(&call.to_string())
    }
}
