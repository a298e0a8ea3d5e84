//! What a call costs: from the bytes of a message to the bytes of its answer, without sockets.
//!
//! `cargo bench --bench api` prints one JSON object a row: the subject's and the peer's nanoseconds
//! of thread CPU time (median of the runs, which alternate), their ratio, and the target for it.
//! The peer of a single call does the same work through `serde_json::Value`; the peer of a bulk
//! call only parses the same bytes.

#[path = "../support/service.rs"]
mod service;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use goxel_daemon::document::history::Scope;
use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, Handled};
use goxel_daemon::voxel::{Point, Rgba};
use goxel_daemon::wire::{Content, Decoded, Decoder, Item, LongContent, MessageLimits};
use goxel_daemon::workspace::{DEFAULT_PROJECT, Project};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use service::Daemon;

fn cpu_nanoseconds() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn timed(work: &mut dyn FnMut()) -> f64 {
    let start = cpu_nanoseconds();
    work();
    (cpu_nanoseconds() - start) as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Runs both alternately and prints the row. `calls` is how many calls one run makes, `voxels` how
/// many voxels.
fn row(
    name: &str,
    (calls, voxels): (usize, usize),
    target: f64,
    mut subject: impl FnMut(),
    mut peer: impl FnMut(),
) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..12 {
        let (a, b) = (timed(&mut subject), timed(&mut peer));
        if run >= 3 {
            ours.push(a / calls as f64);
            theirs.push(b / calls as f64);
        }
    }
    let least = ours.iter().copied().fold(f64::MAX, f64::min);
    let (ours, theirs) = (median(ours), median(theirs));
    let line = json!({
        "row": name, "ns": ours.round(), "least_ns": least.round(), "peer_ns": theirs.round(),
        "ratio": (ours / theirs * 1000.0).round() / 1000.0, "target": target,
        "ns_per_voxel": (ours * calls as f64 / voxels as f64 * 10.0).round() / 10.0,
    });
    println!("{line}");
}

/// The daemon without sockets: a decoder and the service behind it.
#[derive(Default)]
struct Server {
    decoder: Decoder,
    daemon: Daemon,
}

fn answer(server: &mut Server, message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let Server { decoder, daemon: Daemon { service, host } } = server;
    let (caller, mut rest) = (ConnectionId(1), message);
    let handled = loop {
        let Decoded { consumed, item } = decoder.decode(rest, false, &MessageLimits::default());
        match item {
            Some(Item::Pause) => rest = &rest[consumed..],
            Some(Item::Message { body, content: Content::Call(parts), .. }) => {
                break service.handle_call(&rest[body], &parts, caller, host, out);
            }
            Some(Item::Message { body, content: Content::Json(long), .. }) => {
                break service.handle_checked(&rest[body], &long, caller, host, out);
            }
            Some(Item::LongMessage { content: LongContent::Text(text), .. }) => {
                break service.handle_long(&Arc::new(text), caller, host, out);
            }
            other => panic!("a whole message was decoded to {other:?}"),
        }
    };
    if let Handled::Pending(mut exchange) = handled {
        let budget = || Budget::units(256);
        while !service.step(&mut exchange, host, &mut budget(), out) {}
    }
}

/// A place for the i-th voxel: near its neighbours in the list, as models are.
fn place(index: usize) -> [i32; 3] {
    [index % 50, index / 50 % 50, index / 2500].map(|value| value as i32 - 20)
}

fn color(index: usize) -> [u8; 4] {
    [index as u8, (index >> 3) as u8, 200, 255]
}

fn single_message(index: usize) -> String {
    colored_message(index, color(index))
}

fn colored_message(index: usize, [r, g, b, a]: [u8; 4]) -> String {
    let [x, y, z] = place(index);
    format!(
        r#"{{"jsonrpc":"2.0","id":{index},"method":"goxel.add_voxel","params":[{x},{y},{z},{r},{g},{b},{a}]}}"#
    )
}

/// A single call the way a server does it that keeps a tree: parse, look up, set, answer.
struct ThroughValue {
    project: Project,
    methods: HashMap<&'static str, fn(&mut Project, &Value) -> Value>,
}

fn add_voxel(project: &mut Project, params: &Value) -> Value {
    let number = |index: usize| params.get(index).and_then(Value::as_i64).unwrap_or(0);
    let point = Point::new(number(0) as i32, number(1) as i32, number(2) as i32);
    let rgba = [number(3) as u8, number(4) as u8, number(5) as u8, number(6) as u8];
    let layer = project.edit("add voxel", Scope::Voxels, |document| {
        let id = document.active();
        let layer = document.layer_mut(id).ok_or(())?;
        layer.volume.set(point, Rgba::from(rgba));
        Ok::<_, ()>(id.0)
    });
    json!({"success": true, "x": point.x, "y": point.y, "z": point.z,
        "layer_id": layer.unwrap_or(0), "color": rgba})
}

impl Default for ThroughValue {
    fn default() -> Self {
        let add_voxel = add_voxel as fn(&mut Project, &Value) -> Value;
        ThroughValue {
            project: Project::new(Default::default()),
            methods: HashMap::from([("goxel.add_voxel", add_voxel)]),
        }
    }
}

impl ThroughValue {
    fn answer(&mut self, message: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let reply = match serde_json::from_slice::<Value>(message) {
            Ok(Value::Array(calls)) => calls.iter().filter_map(|call| self.reply(call)).collect(),
            Ok(call) => self.reply(&call).unwrap_or_default(),
            Err(error) => panic!("{error}"),
        };
        serde_json::to_writer(out, &reply).expect("writing to memory");
    }

    fn reply(&mut self, call: &Value) -> Option<Value> {
        let method = call["method"].as_str().and_then(|name| self.methods.get(name))?;
        let result = method(&mut self.project, &call["params"]);
        Some(json!({"jsonrpc": "2.0", "result": result, "id": call["id"]}))
    }
}

fn single_calls() {
    let messages: Vec<String> = (0..2000).map(single_message).collect();
    let mut server = Server::default();
    let mut peer = ThroughValue::default();
    let (mut out, mut other) = (Vec::new(), Vec::new());
    row(
        "one add_voxel of about 90 bytes: parse, dispatch, set, reply / the same through Value",
        (messages.len(), messages.len()),
        0.75,
        || messages.iter().for_each(|message| answer(&mut server, message.as_bytes(), &mut out)),
        || messages.iter().for_each(|message| peer.answer(message.as_bytes(), &mut other)),
    );
    // Every other run has other colours, so that each call changes its voxel and leaves an undo
    // step.
    let other_colors =
        (0..2000).map(|index| colored_message(index, [1, 2, 3, 255])).collect::<Vec<_>>();
    let sets = [&other_colors, &messages];
    let (mut runs, mut peer_runs) = (0, 0);
    row(
        "one add_voxel that changes its voxel, with its undo step / the same through Value",
        (messages.len(), messages.len()),
        0.75,
        || {
            runs += 1;
            sets[runs % 2].iter().for_each(|m| answer(&mut server, m.as_bytes(), &mut out));
        },
        || {
            peer_runs += 1;
            sets[peer_runs % 2].iter().for_each(|m| peer.answer(m.as_bytes(), &mut other));
        },
    );
    let ping = br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}"#;
    row(
        "one ping / parsing it into Value",
        (2000, 2000),
        1.0,
        || (0..2000).for_each(|_| answer(&mut server, ping, &mut out)),
        || (0..2000).for_each(|_| drop(black_box(serde_json::from_slice::<Value>(ping)))),
    );
    black_box(server.daemon.service.workspace().project(DEFAULT_PROJECT));
}

fn bulk(name: &str, message: &str, voxels: usize, target: f64) {
    let mut out = Vec::new();
    let parsed = || drop(black_box(serde_json::from_slice::<Value>(message.as_bytes())));
    let call = || {
        let mut server = Server::default();
        answer(&mut server, message.as_bytes(), &mut out);
        let project = server.daemon.service.workspace().project(DEFAULT_PROJECT).expect("there");
        let count: u64 = project.document().layers().iter().map(|l| l.volume.count()).sum();
        assert_eq!(count, voxels as u64, "{}", String::from_utf8_lossy(&out[..out.len().min(300)]));
    };
    let size = message.len() / 1024;
    row(&format!("{name}, {voxels} voxels, {size} KiB / Value"), (1, voxels), target, call, parsed);
}

/// A batch of calls beside the same work through a tree.
fn batch(message: &str, voxels: usize) {
    let (mut out, mut other) = (Vec::new(), Vec::new());
    row(
        "a JSON-RPC batch of add_voxel calls: parse, dispatch, set, reply / the same through Value",
        (1, voxels),
        0.75,
        || answer(&mut Server::default(), message.as_bytes(), &mut out),
        || ThroughValue::default().answer(message.as_bytes(), &mut other),
    );
    let replies = serde_json::from_slice::<Vec<Value>>(&other).expect("replies");
    assert_eq!(replies.len(), voxels);
}

fn list(voxels: usize, one: impl Fn([i32; 3], [u8; 4]) -> String) -> String {
    let all: Vec<String> = (0..voxels).map(|index| one(place(index), color(index))).collect();
    all.join(",")
}

fn main() {
    single_calls();
    let array =
        |[x, y, z]: [i32; 3], [r, g, b, a]: [u8; 4]| format!("[{x},{y},{z},{r},{g},{b},{a}]");
    let object = |[x, y, z]: [i32; 3], [r, g, b, _]: [u8; 4]| {
        format!(r#"{{"x":{x},"y":{y},"z":{z},"r":{r},"g":{g},"b":{b}}}"#)
    };
    for voxels in [10_000, 100_000] {
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"goxel.edit","params":{{"operations":[{{"op":"voxels","voxels":[{}]}}]}}}}"#,
            list(voxels, array)
        );
        bulk("goxel.edit", &message, voxels, 0.5);
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"add_voxels","params":{{"voxels":[{}]}}}}"#,
            list(voxels, object)
        );
        bulk("add_voxels", &message, voxels, 0.5);
        let operation = |point: [i32; 3], rgba: [u8; 4]| {
            object(point, rgba).replacen('{', r#"{"type":"add_voxel","#, 1)
        };
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"goxel.batch_operations","params":{{"operations":[{}]}}}}"#,
            list(voxels, operation)
        );
        bulk("goxel.batch_operations", &message, voxels, 0.5);
        let calls: Vec<String> = (0..voxels).map(single_message).collect();
        let message = format!("[{}]", calls.join(","));
        batch(&message, voxels);
        bulk("a JSON-RPC batch of add_voxel calls", &message, voxels, 1.0);
    }
}
