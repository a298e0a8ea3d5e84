//! Whole messages through the service: never a panic, at most one answer, always valid JSON on one
//! line. Calls that touch files are left out.

#![no_main]

use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, ConnectionInfo, Handled, Host, Service};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

struct Nobody(Instant);

impl Host for Nobody {
    fn now(&self) -> Instant {
        self.0
    }
    fn started(&self) -> Instant {
        self.0
    }
    fn connections(&self) -> Vec<ConnectionInfo> {
        Vec::new()
    }
    fn close(&mut self, _: ConnectionId) -> bool {
        false
    }
    fn set_name(&mut self, _: ConnectionId, _: &str) {}
    fn set_keepalive(&mut self, _: ConnectionId, _: Option<Duration>) {}
    fn notify(&mut self, _: ConnectionId, _: &[u8]) -> bool {
        true
    }
    fn shut_down(&mut self) -> bool {
        false
    }
}

/// Words in the names of methods that read or write files.
const FILE_WORDS: [&str; 9] =
    ["save", "load", "export", "import", "render", "open", "file", "path", "script"];

fn touches_files(value: &Value) -> bool {
    match value {
        Value::String(text) => FILE_WORDS.iter().any(|word| text.contains(word)),
        Value::Array(items) => items.iter().any(touches_files),
        Value::Object(members) => {
            members.iter().any(|(key, value)| touches_files(value) || key.contains("path"))
        }
        _ => false,
    }
}

fuzz_target!(|message: &[u8]| {
    let parsed = serde_json::from_slice::<Value>(message);
    if parsed.as_ref().is_ok_and(touches_files) {
        return;
    }
    // A panic in a method would be answered with -32603; here it has to be seen.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
    let mut host = Nobody(Instant::now());
    let mut service = Service::default();
    let mut out = Vec::new();
    let handled = service.handle(message, ConnectionId(1), &mut host, &mut out);
    if let Handled::Pending(mut exchange) = handled {
        let mut slices = 0;
        while !service.step(&mut exchange, &mut host, &mut Budget::units(1000), &mut out) {
            slices += 1;
            if slices > 200 {
                service.cancel(*exchange, &mut host);
                break;
            }
        }
    }
    if !out.is_empty() {
        assert!(!out.contains(&b'\n'));
        // Raw, since an id comes back as it was sent, even if no number of this machine is as
        // large.
        let answer: &RawValue = serde_json::from_slice(&out).expect("an answer is JSON");
        assert!(answer.get().starts_with(['{', '[']));
    }
    if parsed.is_err() {
        assert!(!out.is_empty(), "what cannot be read is answered");
    }
});
