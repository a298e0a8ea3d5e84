//! The same tools on the daemon's socket, where its own framing decides.

use serde_json::json;

use super::client::{modern, text_of};
use crate::support::process::Daemon;

#[test]
fn the_socket_is_a_server_for_agents_too() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let shaken =
        client.call("initialize", json!({"protocolVersion": "2025-06-18", "capabilities": {}}));
    assert_eq!(shaken["protocolVersion"], "2025-06-18");
    client.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    let tools = client.call("tools/list", json!({}));
    assert_eq!(tools["tools"].as_array().unwrap().len(), 8);
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "red"}]);
    let edit = json!({"name": "voxel_edit", "arguments": {"ops": ops, "look": ["iso", "front"]}});
    let edited = client.call("tools/call", edit);
    assert!(text_of(&edited).starts_with("ok 1 op: +1,000"), "{edited}");
    assert_eq!(edited["content"][1]["mimeType"], "image/png");
    let saved = json!({"name": "voxel_project", "arguments": {"action": "save", "path": "a.gox"}});
    client.call("tools/call", saved);
    assert!(daemon.directory().join("a.gox").is_file());
    let outside = json!({"name": "voxel_export", "arguments": {"path": "/tmp/a.vox"}});
    let refused = client.call("tools/call", outside);
    assert!(text_of(&refused).contains("outside the root"), "{refused}");
    let read = client.call("resources/read", modern(json!({"uri": "goxel://project/default"})));
    assert_eq!(read["resultType"], "complete");
    assert_eq!(client.ask("subscriptions/listen", modern(json!({})))["error"]["code"], -32601);
    let unknown = client.ask("tools/call", json!({"name": "nonsense"}));
    assert_eq!(unknown["error"]["code"], -32602);
    assert!(client.call("ping", json!({}))["pong"].as_bool().unwrap());
}

#[test]
fn on_the_socket_batches_are_answered_and_garbage_too() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.send("nonsense\n");
    let answer = client.receive();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32700), &json!(null)));
    client.send(
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"voxel_help\"}},\
         {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}},\
         {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]\n",
    );
    let answers = client.receive();
    assert_eq!(answers.as_array().unwrap().len(), 2);
    assert!(text_of(&answers[0]["result"]).contains("heightmap"));
    client.send("{\"tool\":\"ping\"}\n");
    assert_eq!(client.receive()["success"], true);
}

#[test]
fn a_long_tool_call_on_the_socket_makes_nobody_wait() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let ops = json!([{"op": "sphere", "center": [0, 0, 0], "radius": 300, "color": "red"}]);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "voxel_edit", "arguments": {"ops": ops}}});
    client.send(format!("{call}\n"));
    let mut other = daemon.connect();
    assert!(other.call("ping", json!({}))["pong"].as_bool().unwrap());
    let answer = client.receive();
    assert!(text_of(&answer["result"]).starts_with("ok 1 op"), "{answer}");
}

#[test]
fn a_call_that_is_cancelled_on_the_socket_gets_no_answer_and_is_taken_back() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let ops = json!([{"op": "sphere", "center": [0, 0, 0], "radius": 300, "color": "red"}]);
    let call = json!({"jsonrpc": "2.0", "id": 71, "method": "tools/call",
        "params": {"name": "voxel_edit", "arguments": {"ops": ops}}});
    let waits = json!({"jsonrpc": "2.0", "id": 72, "method": "tools/call",
        "params": {"name": "voxel_edit", "arguments": {"ops": ops}}});
    client.send(format!("{call}\n{waits}\n"));
    for id in [71, 72] {
        let params = json!({"requestId": id, "reason": "changed my mind"});
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        client.send(format!("{cancel}\n"));
    }
    client.send("{\"jsonrpc\":\"2.0\",\"id\":73,\"method\":\"goxel.get_status\"}\n");
    let mut answer = client.receive();
    if answer["id"] == 71 {
        // It was over before it could be cancelled.
        answer = client.receive();
    } else {
        assert_eq!(answer["result"]["revision"], 0, "{answer}");
    }
    assert_eq!(answer["id"], 73, "neither is answered: {answer}");
    assert_eq!(client.call("ping", json!({}))["pong"], true);
}

#[test]
fn on_the_socket_paths_stay_beneath_the_roots_of_the_daemon() {
    let root = tempfile::tempdir().unwrap();
    let flag = format!("--root={}", root.path().display());
    let daemon = Daemon::start_with(&[&flag]);
    let mut client = daemon.connect();
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [0, 0, 0], "color": "red"}]);
    client.call("tools/call", json!({"name": "voxel_edit", "arguments": {"ops": ops}}));
    let mut save = |path: &str| {
        let arguments = json!({"action": "save", "path": path});
        client.call("tools/call", json!({"name": "voxel_project", "arguments": arguments}))
    };
    let saved = save("a.gox");
    assert_ne!(saved["isError"], true, "{saved}");
    assert!(root.path().join("a.gox").is_file());
    let inside = save(root.path().join("b.gox").to_str().unwrap());
    assert_ne!(inside["isError"], true, "{inside}");
    let refused = save(daemon.directory().join("c.gox").to_str().unwrap());
    assert!(text_of(&refused).contains("outside the root"), "{refused}");
    let narrower = root.path().join("inner");
    std::fs::create_dir(&narrower).unwrap();
    let mut other = daemon.connect();
    other.call("connection.confine", json!({"roots": [narrower]}));
    let arguments = json!({"action": "save", "path": "d.gox"});
    other.call("tools/call", json!({"name": "voxel_project", "arguments": arguments}));
    assert!(narrower.join("d.gox").is_file());
}
