//! The main job, end to end, against the real daemon: load a model, edit it over the socket, save,
//! export and draw it; with the tools that people use.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::process::{Daemon, command, frame, has_program, read_frame, wait_for};
use serde_json::{Value, json};

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Runs a program with some input and gives what it printed, as JSON.
fn piped(program: &mut Command, input: &str) -> Value {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Makes and saves a model, so that there is a file to load.
fn saved_model(daemon: &Daemon) -> String {
    let path = daemon.directory().join("model.gox");
    let mut client = daemon.connect();
    client.call("goxel.procedural_shape", json!(["sphere", 9, 9, 9, 0, 0, 4, 200, 30, 30]));
    client.call("goxel.save_project", json!([text(&path)]));
    text(&path).to_owned()
}

#[test]
fn a_load_by_hand_is_answered_in_every_way_of_typing_it() {
    let daemon = Daemon::start();
    let path = saved_model(&daemon);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.load_project", "params": [path]});
    let (line, pretty) = (format!("{call}\n"), serde_json::to_string_pretty(&call).unwrap());
    let socket = text(daemon.socket());
    for input in [line.as_str(), line.trim_end(), pretty.as_str()] {
        if has_program("nc") {
            let answer = piped(Command::new("nc").args(["-N", "-U", socket]), input);
            assert_eq!(answer["result"]["success"], true, "nc: {answer}");
        }
        if has_program("socat") {
            let address = format!("UNIX-CONNECT:{socket}");
            let answer = piped(Command::new("socat").args(["-t5", "-", &address]), input);
            assert_eq!(answer["result"]["success"], true, "socat: {answer}");
        }
        let mut client = daemon.connect();
        client.send(input);
        assert_eq!(client.receive()["result"]["success"], true, "without closing");
    }
}

#[test]
fn a_binary_and_a_text_client_interleaved_byte_by_byte_see_only_their_own_framing() {
    let daemon = Daemon::start();
    let (mut binary, mut plain) = (daemon.connect().stream, daemon.connect());
    for round in 0..20u32 {
        let call = json!({"jsonrpc": "2.0", "id": round, "method": "echo", "params": [round]});
        let payload = call.to_string();
        let (frame, line) =
            (frame(0x7b22_0000 + round, payload.as_bytes()), format!("{payload}\n"));
        for index in 0..frame.len().max(line.len()) {
            if let Some(byte) = frame.get(index) {
                binary.write_all(&[*byte]).unwrap();
            }
            if let Some(byte) = line.as_bytes().get(index) {
                plain.send([*byte]);
            }
        }
        let (id, kind, payload) = read_frame(&mut binary);
        assert_eq!((id, kind), (0x7b22_0000 + round, 0));
        let answer: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(answer["result"], json!([round]));
        assert_eq!(plain.receive()["result"], json!([round]));
    }
}

#[test]
fn ten_thousand_voxels_on_one_connection_are_all_there_after_save_and_load() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    for index in 0..10_000 {
        let (x, y, z) = (index % 25 - 12, index / 25 % 20 - 10, index / 500);
        let color = json!([index % 256, index / 256, 7]);
        client.call("goxel.add_voxel", json!({"x": x, "y": y, "z": z, "color": color}));
    }
    client.call("goxel.save_project", json!(["many.gox"]));
    client.call("goxel.create_project", json!([]));
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], 0);
    let loaded = client.call("goxel.load_project", json!(["many.gox"]));
    assert_eq!(loaded["voxel_count"], 10_000);
    for index in (0..10_000).step_by(97) {
        let (x, y, z) = (index % 25 - 12, index / 25 % 20 - 10, index / 500);
        let voxel = client.call("goxel.get_voxel", json!([x, y, z]));
        assert_eq!(voxel["color"], json!([index % 256, index / 256, 7, 255]));
    }
}

#[test]
fn a_thousand_connections_one_after_the_other_cost_no_descriptor() {
    let daemon = Daemon::start();
    let ask = |daemon: &Daemon| daemon.connect().call("ping", json!([]))["pong"].clone();
    ask(&daemon);
    let settled = |daemon: &Daemon, most: usize| {
        wait_for("descriptors to be closed", || daemon.descriptors() <= most);
    };
    let before = daemon.descriptors_at_rest();
    for _ in 0..1000 {
        assert_eq!(ask(&daemon), true);
    }
    settled(&daemon, before);
}

fn second_daemon(socket: &Path) -> Output {
    command().arg("--socket").arg(socket).output().unwrap()
}

#[test]
fn a_second_daemon_is_refused_and_a_stale_socket_is_taken_over() {
    let mut daemon = Daemon::start();
    let refused = second_daemon(daemon.socket());
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains(&daemon.pid().to_string()), "the owner is named: {message}");
    assert_eq!(daemon.connect().call("ping", json!([]))["pong"], true, "the first one goes on");

    daemon.signal("KILL");
    daemon.wait();
    assert!(daemon.socket().exists(), "a killed daemon leaves its socket");
    let mut heir = command().arg("--socket").arg(daemon.socket()).spawn().unwrap();
    let socket = daemon.socket().to_owned();
    wait_for("the stale socket to be taken over", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    heir.kill().unwrap();
    heir.wait().unwrap();
}

#[test]
fn a_terminated_daemon_removes_its_socket_and_ends_well() {
    let mut daemon = Daemon::start();
    let _idle = daemon.connect();
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(!daemon.socket().exists());
}

#[test]
fn every_refused_call_says_why_and_leaves_the_document_as_it_was() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#123456"]));
    let before = client.call("goxel.get_status", json!([]));
    let missing = daemon.directory().join("missing/file.gox");
    let cases = [
        ("goxel.load_project", json!([]), -32602),
        ("goxel.load_project", json!([text(&missing)]), -1002),
        ("goxel.load_project", json!([text(daemon.directory())]), -1002),
        ("goxel.save_project", json!({"path": 5}), -32602),
        ("goxel.save_project", json!([text(&missing)]), -1003),
        ("goxel.export_model", json!([text(&missing), "obj"]), -1007),
        ("goxel.export_model", json!(["x.gox", "nonsense"]), -1007),
        ("goxel.add_voxel", json!([]), -32602),
        ("goxel.add_voxel", json!(["a", 1, 1]), -32602),
        ("goxel.add_voxel", json!([1_099_511_627_776i64, 1, 1]), -32602),
        ("goxel.add_voxel", json!([1, 1, 1, 300, 0, 0]), -32602),
        ("goxel.add_voxel", json!([1, 1, 1, "#12345"]), -32602),
        ("goxel.add_voxel", json!({"x": 1, "y": 1, "z": 1, "layer_id": 77}), -1004),
        ("goxel.remove_voxel", json!([1, 1]), -32602),
        ("goxel.remove_voxel", json!([1, 1, 1, 77]), -1005),
        ("goxel.get_voxel", json!([1, true, 1]), -32602),
        ("goxel.procedural_shape", json!(["blob"]), -1011),
        ("goxel.create_layer", json!(["A", 300, 0, 0]), -32602),
        ("goxel.get_bounding_box", json!({"layer_id": "top"}), 1002),
        ("goxel.render_scene", json!(["x.png", 100_000, 100_000]), -32602),
        ("goxel.render_scene", json!([text(&missing)]), -1015),
        ("goxel.no_such_method", json!([]), -32601),
    ];
    for (method, params, code) in cases {
        let error = client.ask(method, params.clone())["error"].clone();
        assert_eq!(error["code"], code, "{method} {params}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
        let data =
            error["data"].as_object().unwrap_or_else(|| panic!("{method}: no data: {error}"));
        assert!(data.contains_key("hint") || data.contains_key("param"), "{method}: {error}");
    }
    assert_eq!(client.call("goxel.get_status", json!([])), before);
    assert_eq!(
        client.call("goxel.get_voxel", json!([1, 2, 3]))["color"],
        json!([0x12, 0x34, 0x56, 255])
    );
}

#[test]
fn a_failing_create_is_followed_by_a_good_one() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    assert_eq!(client.ask("goxel.create_project", json!([5]))["error"]["code"], -32602);
    assert_eq!(client.call("goxel.create_project", json!(["A", 8, 8, 8]))["success"], true);
}

#[test]
fn a_model_is_loaded_edited_saved_exported_and_drawn() {
    let daemon = Daemon::start();
    saved_model(&daemon);
    let mut client = daemon.connect();
    client.call("goxel.load_project", json!(["model.gox"]));
    client.call("goxel.create_layer", json!(["Hat"]));
    client.call("goxel.add_voxel", json!([0, 0, 9, "gold"]));
    client.call("goxel.save_project", json!(["edited.gox"]));
    client.call("goxel.export_model", json!(["edited.obj"]));
    client.call("goxel.render_scene", json!(["edited.png", 96, 96]));
    let read = |name: &str| std::fs::read(daemon.directory().join(name)).unwrap();
    assert!(read("edited.gox").starts_with(b"GOX "));
    assert!(read("edited.png").starts_with(b"\x89PNG"));
    let obj = String::from_utf8(read("edited.obj")).unwrap();
    let count = |start: &str| obj.lines().filter(|line| line.starts_with(start)).count();
    assert!(count("v ") > 100 && count("f ") > 100, "{} vertices", count("v "));
}
