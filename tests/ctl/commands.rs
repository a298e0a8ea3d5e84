//! The commands against the real daemon.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::ctl::tool::{Ran, command, finish, run, run_with_input};
use crate::support::process::{Daemon, wait_for};

fn ok(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

fn call(daemon: &Daemon, method: &str, params: Value) -> Value {
    ok(run(daemon.socket(), &["call", method, &params.to_string()])).json()
}

#[test]
fn status_shows_the_daemon_for_people_and_for_programs() {
    let daemon = Daemon::start();
    let ran = ok(run(daemon.socket(), &["status"]));
    assert!(ran.out.contains("status:"), "{}", ran.out);
    let status = ok(run(daemon.socket(), &["status", "--json"])).json();
    assert_eq!(status["pid"], daemon.pid());
    assert_eq!(status["socket"], daemon.socket().to_str().unwrap());
}

#[test]
fn health_is_shown_and_becomes_an_exit_code() {
    let mut daemon = Daemon::start();
    let text = ok(run(daemon.socket(), &["health"])).out;
    assert!(text.contains("pass") || text.contains("warn"), "{text}");
    let health = ok(run(daemon.socket(), &["health", "--json"])).json();
    assert_eq!(health["pid"], daemon.pid());
    let ready = ok(run(daemon.socket(), &["health", "--ready", "--json"])).json();
    assert_eq!(ready["ready"], true);
    daemon.signal("TERM");
    daemon.wait();
    for arguments in [&["health"][..], &["health", "--ready"], &["metrics"]] {
        assert_eq!(run(daemon.socket(), arguments).code, 69, "{arguments:?}");
    }
}

#[test]
fn metrics_are_printed_and_written_to_a_file() {
    let daemon = Daemon::start();
    let text = ok(run(daemon.socket(), &["metrics"])).out;
    assert!(text.contains("# TYPE goxel_"), "{text}");
    let file = daemon.directory().join("goxel.prom");
    ok(run(daemon.socket(), &["metrics", "--textfile", file.to_str().unwrap()]));
    assert!(std::fs::read_to_string(&file).unwrap().contains("# TYPE goxel_"));
    let nowhere = daemon.directory().join("missing/goxel.prom");
    let nowhere = ["metrics", "--textfile", nowhere.to_str().unwrap()];
    assert_eq!(run(daemon.socket(), &nowhere).code, 73);
}

#[test]
fn the_settings_of_the_running_daemon_are_shown_with_their_origin() {
    let daemon = Daemon::start_with(&["--max-connections=77"]);
    let rows = ok(run(daemon.socket(), &["config", "show", "--daemon", "--origin", "--json"]))
        .json_lines();
    let limit = rows.iter().find(|row| row["value"] == "77").unwrap_or_else(|| panic!("{rows:?}"));
    assert!(limit["origin"].as_str().unwrap().contains("--max-connections"), "{limit}");
}

#[test]
fn connections_are_listed_and_killed() {
    let daemon = Daemon::start();
    let mut other = daemon.connect();
    other.call("ping", json!({}));
    let ran = ok(run(daemon.socket(), &["connections"]));
    assert!(ran.out.starts_with("ID"), "{}", ran.out);
    let rows = ok(run(daemon.socket(), &["connections", "--json"])).json_lines();
    assert!(rows.len() >= 2, "{rows:?}");
    let id = rows[0]["id"].as_u64().unwrap().to_string();
    ok(run(daemon.socket(), &["kill", &id]));
    // Its answers are flushed first, and it has a moment to close by itself.
    wait_for("the connection to be gone", || {
        let rows = ok(run(daemon.socket(), &["connections", "--json"])).json_lines();
        rows.iter().all(|row| row["id"].as_u64().unwrap().to_string() != id)
    });
    let ran = run(daemon.socket(), &["kill", "999999"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("999999"), "{}", ran.err);
}

#[test]
fn top_writes_snapshots_where_there_is_no_terminal() {
    let daemon = Daemon::start();
    let ran = ok(run(daemon.socket(), &["top"]));
    assert!(ran.out.contains("goxel-daemon") && ran.out.contains("PROTOCOL"), "{}", ran.out);
    let ran = ok(run(daemon.socket(), &["top", "--json", "--count", "3", "--interval", "10ms"]));
    let snapshots = ran.json_lines();
    assert_eq!(snapshots.len(), 3);
    assert_eq!(snapshots[2]["status"]["pid"], daemon.pid());
    assert!(snapshots[2]["calls_per_second"].as_f64().unwrap() > 0.0, "{}", ran.out);
    assert_eq!(snapshots[2]["latency"]["count"], 3);
}

#[test]
fn watch_prints_changes_as_they_happen() {
    let daemon = Daemon::start();
    let mut watching = command(daemon.socket(), &["watch", "--json", "--count", "2"]);
    let child = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first change after the subscription shows; those before it do not.
    let mut number = 0;
    let reader = std::thread::spawn(move || finish(child));
    wait_for("the watch to end", || {
        number += 1;
        call(&daemon, "goxel.add_voxel", json!([number, 0, 0, 255, 0, 0]));
        reader.is_finished()
    });
    let events = ok(reader.join().unwrap()).json_lines();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["event"], "goxel.changed");
    let revision = |event: &Value| event["params"]["revision"].as_u64().unwrap();
    assert!(revision(&events[1]) > revision(&events[0]), "{events:?}");
    // Each tells of the calls that made it, and no revision is left out.
    let told = |event: &Value| event["by"].as_array().unwrap().len() as u64;
    assert_eq!(revision(&events[1]) - revision(&events[0]), told(&events[1]), "{events:?}");
}

#[test]
fn edit_applies_operations_from_a_file_and_from_stdin() {
    let daemon = Daemon::start();
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "#ff0000"}]);
    let file = daemon.directory().join("ops.json");
    std::fs::write(&file, ops.to_string()).unwrap();
    ok(run(daemon.socket(), &["edit", file.to_str().unwrap()]));
    let voxel = call(&daemon, "goxel.get_voxel", json!([3, 3, 3]));
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]));
    let clear = br#"{"ops": [{"op": "clear", "min": [0,0,0], "max": [3,3,3]}]}"#;
    let ran = ok(run_with_input(daemon.socket(), &["edit", "-", "--json"], clear));
    assert!(ran.json().is_object(), "{ran:?}");
    assert_eq!(call(&daemon, "goxel.get_voxel", json!([3, 3, 3]))["exists"], false);
    let ran = run_with_input(daemon.socket(), &["edit", "-"], br#"[{"op": "nonsense"}]"#);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = run_with_input(daemon.socket(), &["edit", "-"], b"[");
    assert_eq!(ran.code, 65, "{ran:?}");
    let ran = run(daemon.socket(), &["edit", "/nonexistent.json"]);
    assert_eq!(ran.code, 66, "{ran:?}");
}

#[test]
fn render_writes_a_picture_to_a_file_and_to_stdout() {
    let daemon = Daemon::start();
    call(&daemon, "goxel.add_voxel", json!([0, 0, 0, 255, 0, 0]));
    let picture = daemon.directory().join("p.png");
    let path = picture.to_str().unwrap();
    ok(run(daemon.socket(), &["render", path, "--size", "64x48", "--camera", "front"]));
    let bytes = std::fs::read(&picture).unwrap();
    assert_eq!(bytes[1..4], *b"PNG");
    // Width and height stand in the first chunk, big-endian.
    assert_eq!(bytes[16..24], [0, 0, 0, 64, 0, 0, 0, 48]);
    let ran = ok(run(daemon.socket(), &["render", "-", "--size", "8x8", "--quiet"]));
    assert_eq!(ran.bytes[1..4], *b"PNG");
    let ran = ok(run(daemon.socket(), &["render", path, "--json", "--background", "1,2,3"]));
    assert!(ran.json()["bytes"].as_u64().unwrap() > 0);
    let ran = run(daemon.socket(), &["render", "/nonexistent/directory/p.png"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(run(daemon.socket(), &["render", path, "--size", "0x5"]).code, 2);
}

#[test]
fn files_are_drawn_without_a_daemon_and_as_the_daemon_draws_them() {
    let daemon = Daemon::start();
    call(
        &daemon,
        "goxel.edit",
        json!([[
            {"op": "sphere", "center": [0, 0, 0], "radius": 6, "color": "#c03020"},
        ]]),
    );
    let model = daemon.directory().join("ball.gox");
    let model = model.to_str().unwrap();
    call(&daemon, "goxel.save_project", json!([model]));
    let (here, there) = (daemon.directory().join("here.png"), daemon.directory().join("there.png"));
    let options = ["--size", "80x60", "--view", "front", "--ground", "--axes"];
    let nobody = daemon.directory().join("nobody.sock");
    let mut arguments = vec!["render", model, here.to_str().unwrap()];
    arguments.extend(options);
    ok(run(&nobody, &arguments));
    let mut arguments = vec!["render", there.to_str().unwrap()];
    arguments.extend(options);
    ok(run(daemon.socket(), &arguments));
    assert_eq!(std::fs::read(&here).unwrap(), std::fs::read(&there).unwrap());

    let out = daemon.directory().join("out");
    let out_text = out.to_str().unwrap();
    let several = ["render", model, model, "-o", out_text, "--format", "webp", "--size", "32"];
    ok(run(&nobody, &several));
    assert!(std::fs::read(out.join("ball.webp")).unwrap().starts_with(b"RIFF"));
    let ran = ok(run(&nobody, &["render", model, "-", "--style", "flat", "--size", "16"]));
    assert_eq!(ran.bytes[1..4], *b"PNG");
    assert_eq!(run(&nobody, &["render", model, "-", "--edges", "lines"]).code, 2);
    assert_eq!(run(&nobody, &["render", "/nonexistent.gox", "-"]).code, 66);

    let shown = ok(run(&nobody, &["show", model, "--columns", "20", "--as", "blocks"]));
    assert!(shown.out.contains("\x1b[38;2;") && shown.out.contains('▀'), "{}", shown.out);
}

#[test]
fn convert_needs_no_daemon_and_tells_what_is_wrong() {
    let daemon = Daemon::start();
    let gox = daemon.directory().join("a.gox");
    call(&daemon, "goxel.add_voxel", json!([1, 2, 3, 0, 0, 255]));
    call(&daemon, "goxel.save_project", json!({ "path": gox }));
    let nobody = Path::new("/nonexistent/d.sock");
    let vox = daemon.directory().join("a.vox");
    let (from, to) = (gox.to_str().unwrap(), vox.to_str().unwrap());
    ok(run(nobody, &["convert", from, to]));
    assert_eq!(std::fs::read(&vox).unwrap()[..4], *b"VOX ");
    let ran = ok(run(nobody, &["convert", to, from, "--json"]));
    assert!(ran.json()["bytes"].as_u64().unwrap() > 0);
    call(&daemon, "goxel.load_project", json!({ "path": gox }));
    let bounds = call(&daemon, "goxel.get_bounding_box", json!({}));
    assert_eq!(bounds["dimensions"], json!([1, 1, 1]), "{bounds}");

    assert_eq!(run(nobody, &["convert", from, to, "--no-clobber"]).code, 73);
    assert_eq!(run(nobody, &["convert", "/nonexistent.gox", to]).code, 66);
    assert_eq!(run(nobody, &["convert", from, "x.nonsense"]).code, 2);
    std::fs::write(&gox, b"GOX nonsense").unwrap();
    assert_eq!(run(nobody, &["convert", from, to]).code, 65);
    assert_eq!(run(nobody, &["convert", from]).code, 2);
    let formats = ok(run(nobody, &["convert", "--formats"]));
    assert!(formats.out.contains("vox"), "{}", formats.out);
}

#[test]
fn script_makes_every_call_and_stops_or_goes_on_as_told() {
    let daemon = Daemon::start();
    let script = "# two voxels and a mistake\n\n\
        {\"method\":\"goxel.add_voxel\",\"params\":[0,0,0,1,2,3]}\n\
        {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"nonsense\"}\n\
        {\"method\":\"goxel.add_voxel\",\"params\":[1,0,0,1,2,3]}\n";
    let exists = |x: i32| call(&daemon, "goxel.get_voxel", json!([x, 0, 0]))["exists"] == true;
    let ran = run_with_input(daemon.socket(), &["script", "-"], script.as_bytes());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("line 4: nonsense"), "{}", ran.err);
    assert!(exists(0) && !exists(1));

    let file = daemon.directory().join("s.jsonl");
    std::fs::write(&file, script).unwrap();
    let arguments = ["script", file.to_str().unwrap(), "--keep-going", "--results", "--json"];
    let ran = run(daemon.socket(), &arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 4, "{}", ran.out);
    assert_eq!(lines[1]["error"]["code"], -32601);
    assert_eq!(lines[1]["error"]["outcome"], "not_applied");
    assert_eq!(lines[3]["summary"]["calls"], 3);
    assert!(exists(1));

    let ran =
        run_with_input(daemon.socket(), &["script", "-"], b"{\"method\":\"ping\"}\nnonsense\n");
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.err.contains("line 2"), "{}", ran.err);
    assert_eq!(run(daemon.socket(), &["script", "/nonexistent"]).code, 66);
    let nobody = Path::new("/nonexistent/d.sock");
    assert_eq!(run_with_input(nobody, &["script", "-"], b"").code, 69);
}

#[test]
fn bench_prints_the_floor_beside_the_result() {
    let daemon = Daemon::start();
    let quick = ["--duration", "50ms", "--warm-up", "10ms", "--clients", "2", "--depth", "4"];
    let run_bench = |more: &[&str]| {
        let arguments: Vec<&str> = ["bench"].iter().chain(&quick).chain(more).copied().collect();
        run(daemon.socket(), &arguments)
    };
    let text = ok(run_bench(&[])).out;
    assert!(text.contains("daemon") && text.contains("floor") && text.contains("p99.9"), "{text}");
    let result = ok(run_bench(&["--json", "--mix", "ping:1,goxel.add_voxel:2"])).json();
    assert!(result["calls"].as_u64().unwrap() > 0);
    assert_eq!(result["calls"], result["latency"]["count"]);
    assert!(result["floor"]["echoes_per_second"].as_f64().unwrap() > 0.0);
    assert!(result["of_floor"].as_f64().unwrap() > 0.0);
    let ran = run_bench(&["--mix", "nonsense"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(run_bench(&["--mix", "ping:x"]).code, 2);
    let echo = run_bench(&["--mix", "echo", "--params", "echo={\"a\":1}", "--framing", "binary"]);
    assert_eq!(ok(echo).code, 0);
}

#[test]
fn repl_reads_lines_from_a_pipe() {
    let daemon = Daemon::start();
    let lines = b"goxel.add_voxel 1 2 3 255 0 0\n# a remark\ngoxel.get_voxel [1,2,3]\n\
        methods add_vox\nquit\nnonsense\n";
    let ran = ok(run_with_input(daemon.socket(), &["repl"], lines));
    let shown: Vec<&str> = ran.out.lines().collect();
    let voxel: Value = serde_json::from_str(shown[1]).unwrap();
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]));
    assert!(shown[2..].iter().any(|line| line.starts_with("goxel.add_voxel")), "{}", ran.out);
    let ran = run_with_input(daemon.socket(), &["repl"], b"nonsense\nping\nping {\n");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("2 calls failed"), "{}", ran.err);
    assert!(ran.out.contains("pong"), "{}", ran.out);
    assert_eq!(run(Path::new("/nonexistent/d.sock"), &["repl"]).code, 69);
}
