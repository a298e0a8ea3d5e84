//! Calls that are stopped before their end: by their caller, by others, by their time.

use std::net::Shutdown;

use serde_json::{Value, json};

use super::daemon::{Daemon, Text, eventually, request};

/// An edit that takes many slices.
fn long_edit() -> Value {
    let sphere =
        |x: i32| json!({"op": "sphere", "center": [x, 0, 0], "radius": 150, "color": "red"});
    json!({"operations": (0..400).map(sphere).collect::<Vec<_>>()})
}

fn send(client: &mut Text, id: impl Into<Value>, method: &str, params: Value) {
    client.send(&(request(id, method, params) + "\n"));
}

/// Starts the long edit and waits until it goes on; its number.
fn start_long_edit(daemon: &Daemon, client: &mut Text) -> u64 {
    send(client, "long", "goxel.edit", long_edit());
    let mut job = None;
    eventually("the edit goes on", || {
        let list = daemon.text().call("goxel.jobs", json!({}));
        job = list["result"]["jobs"][0]["job"].as_u64();
        job.is_some()
    });
    job.unwrap()
}

fn assert_cancelled(answer: &Value, id: impl Into<Value>, reason: &str) {
    assert_eq!(answer["id"], id.into(), "{answer}");
    assert_eq!(answer["error"]["code"], -32800, "{answer}");
    assert_eq!(answer["error"]["message"], "Request cancelled");
    assert_eq!(answer["error"]["data"]["reason"], reason);
}

/// Nothing was changed, nothing goes on, and the project takes changes.
fn assert_taken_back(daemon: &Daemon) {
    let mut client = daemon.text();
    eventually("nothing goes on", || client.call("goxel.jobs", json!({}))["result"]["count"] == 0);
    let info = client.call("goxel.get_project_info", json!({}));
    assert_eq!(info["result"]["revision"], 0, "{info}");
    assert_eq!(info["result"]["total_voxels"], 0, "{info}");
    let added = client.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    assert!(added["error"].is_null(), "{added}");
}

fn cancel_request(id: impl Into<Value>) -> String {
    let params = json!({"id": id.into()});
    json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": params}).to_string() + "\n"
}

#[test]
fn a_caller_cancels_its_own_call_by_its_id() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    start_long_edit(&daemon, &mut client);
    client.send(&cancel_request("other"));
    client.send(&cancel_request("long"));
    assert_cancelled(&client.answer(), "long", "cancelled");
    client.ping();
    assert_taken_back(&daemon);
}

#[test]
fn queued_calls_are_cancelled_too_and_answered_in_their_turn() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    start_long_edit(&daemon, &mut client);
    send(&mut client, 1, "goxel.add_voxel", json!([1, 1, 1, "red"]));
    send(&mut client, 2, "ping", json!({}));
    client.send(&cancel_request(1));
    client.send(&cancel_request("long"));
    // The same id again is another call.
    send(&mut client, 1, "ping", json!({}));
    assert_cancelled(&client.answer(), "long", "cancelled");
    assert_cancelled(&client.answer(), 1, "cancelled");
    assert_eq!(client.answer()["id"], 2);
    let again = client.answer();
    assert_eq!((again["id"].clone(), again["result"]["pong"].clone()), (json!(1), json!(true)));
    assert_taken_back(&daemon);
}

#[test]
fn members_of_a_batch_are_cancelled_one_by_one() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    let call = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let batch = json!([
        call(json!("long"), "goxel.edit", long_edit()),
        call(json!(1), "goxel.add_voxel", json!([1, 1, 1, "red"])),
        call(json!(2), "ping", json!({})),
    ]);
    client.send(&(batch.to_string() + "\n"));
    eventually("the edit goes on", || {
        daemon.text().call("goxel.jobs", json!({}))["result"]["count"] == 1
    });
    client.send(&cancel_request(1));
    client.send(&cancel_request("long"));
    let answers = client.answer();
    assert_cancelled(&answers[0], "long", "cancelled");
    assert_cancelled(&answers[1], 1, "cancelled");
    assert_eq!(answers[2]["result"]["pong"], true);
    assert_taken_back(&daemon);
}

#[test]
fn who_hangs_up_in_both_directions_takes_the_call_along() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    start_long_edit(&daemon, &mut client);
    client.stream.shutdown(Shutdown::Both).unwrap();
    assert_taken_back(&daemon);
}

#[test]
fn who_only_stops_sending_still_gets_the_answer() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    let spheres = json!([{"op": "sphere", "center": [0, 0, 0], "radius": 100, "color": "red"}]);
    send(&mut client, 1, "goxel.edit", json!({"operations": spheres}));
    client.stream.shutdown(Shutdown::Write).unwrap();
    let answer = client.answer();
    assert!(answer["result"]["changed"].as_u64().is_some_and(|changed| changed > 0), "{answer}");
}

#[test]
fn anybody_sees_what_goes_on_and_stops_it_by_its_number() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    let job = start_long_edit(&daemon, &mut client);
    let mut other = daemon.text();
    let list = other.call("goxel.jobs", json!({}));
    let listed = &list["result"]["jobs"][0];
    assert_eq!(listed["method"], "goxel.edit", "{list}");
    assert_eq!((&listed["id"], &listed["project"]), (&json!("long"), &json!("default")));
    assert!(listed["connection"].is_u64() && listed["seconds"].is_f64(), "{list}");
    let unknown = other.call("goxel.cancel", json!({"job": job + 1000}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    assert_eq!(unknown["error"]["data"]["param"], "job");
    assert_eq!(other.call("goxel.cancel", json!([job]))["result"]["success"], true);
    assert_cancelled(&client.answer(), "long", "cancelled");
    assert_taken_back(&daemon);
}

#[test]
fn a_connection_that_is_killed_loses_its_call_and_still_hears_of_it() {
    let daemon = Daemon::start();
    let mut client = daemon.text();
    start_long_edit(&daemon, &mut client);
    let mut other = daemon.text();
    let list = other.call("goxel.jobs", json!({}));
    let connection = list["result"]["jobs"][0]["connection"].clone();
    other.call("connection.kill", json!([connection]));
    assert_cancelled(&client.answer(), "long", "cancelled");
    assert!(client.is_closed());
    assert_taken_back(&daemon);
}

#[test]
fn a_call_takes_no_longer_than_its_caller_or_the_daemon_allows() {
    let daemon = Daemon::with(&["--call-timeout", "200ms"]);
    let mut client = daemon.text();
    let mut limited = long_edit();
    limited["max_ms"] = json!(20);
    send(&mut client, 1, "goxel.edit", limited);
    assert_cancelled(&client.answer(), 1, "max_ms");
    send(&mut client, 2, "goxel.edit", long_edit());
    assert_cancelled(&client.answer(), 2, "call_timeout");
    let wrong = client.call("goxel.edit", json!({"operations": [], "max_ms": "soon"}));
    assert_eq!(wrong["error"]["data"]["param"], "max_ms", "{wrong}");
    assert_taken_back(&daemon);
}

#[test]
fn an_export_whose_caller_has_gone_is_not_written() {
    let daemon = Daemon::start();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.obj");
    let mut client = daemon.text();
    let spheres = json!([{"op": "sphere", "center": [0, 0, 0], "radius": 150, "color": "red"}]);
    client.call("goxel.edit", json!({"operations": spheres}));
    send(&mut client, 1, "goxel.export_model", json!([path.to_str()]));
    drop(client);
    eventually("the caller is gone", || daemon.others() == 0);
    eventually("nothing goes on", || {
        daemon.text().call("goxel.jobs", json!({}))["result"]["count"] == 0
    });
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "neither the file nor a temporary one");
}
