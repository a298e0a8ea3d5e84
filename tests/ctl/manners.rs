//! Words that help: what is said of sockets, times, methods, options.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::ctl::tool::{command, finish, run, run_with_input};
use crate::support::fake::FakeDaemon;
use crate::support::process::{Daemon, wait_for};

#[test]
fn what_keeps_from_the_socket_is_said_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plain");
    std::fs::write(&file, "x").unwrap();
    let left = directory.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&left).unwrap());
    let long = directory.path().join("x".repeat(200));
    for (socket, words) in [
        (&*file, &["plain file"][..]),
        (directory.path(), &["directory"]),
        (&*long, &["too long"]),
        (&*left, &["has ended", "goxel-daemon --socket="]),
        (
            Path::new("/nonexistent/d.sock"),
            &["there is nothing", "goxel-daemon --socket=/nonexistent/d.sock"],
        ),
        (Path::new("tcp://localhost:7000"), &["Unix sockets only"]),
    ] {
        let ran = run(socket, &["ping"]);
        assert_ne!(ran.code, 0);
        let shown = socket.to_str().unwrap();
        for word in words.iter().chain([&shown]) {
            assert!(ran.err.contains(word), "{word}: {}", ran.err);
        }
        assert!(!ran.err.contains("os error"), "{}", ran.err);
    }
    let ran = run(&file, &["edit", "/nonexistent.json"]);
    assert!(ran.err.contains("No such file") && !ran.err.contains("os error"), "{}", ran.err);
}

#[test]
fn a_time_out_says_that_the_change_may_still_be_applied_and_how_to_see() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = FakeDaemon::start(&directory.path().join("d.sock"));
    let ran = run(&daemon.path, &["--timeout", "20ms", "call", "sleep", r#"{"ms":5000}"#]);
    assert_eq!(ran.code, 75);
    for word in ["may still", "goxelctl call goxel.get_status", "--timeout"] {
        assert!(ran.err.contains(word), "{}", ran.err);
    }
}

#[test]
fn methods_are_found_by_a_word_and_explained_with_an_example_to_paste() {
    let daemon = Daemon::start();
    let all = run(daemon.socket(), &["methods"]).out;
    assert!(all.lines().count() > 100, "{all}");
    let found = run(daemon.socket(), &["methods", "LAYER"]).out;
    assert!(found.contains("goxel.create_layer") && !found.contains("goxel.undo "), "{found}");
    let none = run(daemon.socket(), &["methods", "sphere"]);
    assert!(none.code == 0 || none.err.contains("goxelctl help sphere"), "{none:?}");
    let help = run(daemon.socket(), &["help", "add_voxel"]).out;
    for word in ["goxel.add_voxel", "color", "Example", "goxelctl call goxel.add_voxel '{"] {
        assert!(help.contains(word), "{help}");
    }
    let example = help.lines().find(|line| line.contains("goxelctl call")).unwrap();
    let params = example.split('\'').nth(1).unwrap();
    assert_eq!(run(daemon.socket(), &["call", "goxel.add_voxel", params]).code, 0, "{params}");
    let operation = run(daemon.socket(), &["help", "sphere"]).out;
    assert!(operation.contains("radius") && operation.contains("goxelctl edit -"), "{operation}");
    let command = run(daemon.socket(), &["help", "render"]).out;
    assert!(command.contains("--size"), "{command}");
    for (misspelt, meant) in [("add_voxl", "add_voxel"), ("spere", "sphere")] {
        let ran = run(daemon.socket(), &["help", misspelt]);
        assert!(ran.err.contains(meant), "{misspelt}: {}", ran.err);
    }
    let unknown = run(daemon.socket(), &["help", "zzzz"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("goxelctl methods"), "{}", unknown.err);
}

#[test]
fn words_are_completed_from_the_running_daemon() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.open_project", json!({"name": "castle", "size": [8, 8, 8]}));
    let found = |words: &[&str]| {
        let arguments: Vec<&str> = ["complete", "--"].iter().chain(words).copied().collect();
        run(daemon.socket(), &arguments).out
    };
    assert_eq!(found(&["call", "goxel.add_voxel"]).lines().next(), Some("goxel.add_voxel"));
    assert!(found(&["call", "add_vox"]).contains("goxel.add_voxel"));
    assert!(found(&["help", "sph"]).contains("sphere"));
    assert_eq!(found(&["render", "x.png", "--camera", "iso"]), "isometric\n");
    assert_eq!(found(&["render", "x.png", "--project", "cas"]), "castle\n");
    assert!(found(&["convert", "a.gox", "b", "--to", "vo"]).contains("vox"));
    assert!(found(&["call", "goxel.add_voxel", ""]).starts_with("'{"));
    let nobody = run(Path::new("/nonexistent/d.sock"), &["complete", "--", "call", "a"]);
    assert_eq!((nobody.code, nobody.out.as_str(), nobody.err.as_str()), (0, "", ""));
}

#[test]
fn a_measurement_never_writes_into_a_project_of_the_user() {
    let daemon = Daemon::start();
    let quick = ["bench", "--duration", "50ms", "--warm-up", "10ms", "--clients", "1"];
    let arguments: Vec<&str> =
        quick.iter().chain(&["--mix", "goxel.add_voxel:2,goxel.get_voxel"]).copied().collect();
    let ran = run(daemon.socket(), &arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("measures goxel.add_voxel:2") && ran.err.contains("1 client,"),
        "{}",
        ran.err
    );
    let mut client = daemon.connect();
    assert_eq!(client.call("goxel.get_status", json!({}))["revision"], 0);
    let projects = client.call("goxel.list_projects", json!({}))["projects"].clone();
    assert_eq!(projects.as_array().unwrap().len(), 1, "{projects}");
    let arguments: Vec<&str> =
        quick.iter().chain(&["--mix", "goxel.close_project"]).copied().collect();
    assert_eq!(run(daemon.socket(), &arguments).code, 2);
}

#[test]
fn watch_tells_when_what_and_who_and_saves_too() {
    let daemon = Daemon::start();
    let mut watching = command(daemon.socket(), &["watch", "--count", "4"]);
    let child = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut client = daemon.connect();
    let reader = std::thread::spawn(move || finish(child));
    let path = daemon.directory().join("a.gox");
    let mut number = 0;
    wait_for("the watch to end", || {
        number += 1;
        client.call("goxel.add_voxel", json!([number, 0, 0, "red"]));
        std::thread::sleep(std::time::Duration::from_millis(100));
        client.call("goxel.save_project", json!([path]));
        reader.is_finished()
    });
    let shown = reader.join().unwrap().out;
    assert!(shown.contains("goxel.add_voxel by ") && shown.contains("revision "), "{shown}");
    assert!(shown.contains("saved to ") && shown.contains("goxel.save_project by "), "{shown}");
    assert!(shown.contains(&format!("pid {}", std::process::id())), "{shown}");
    assert!(shown.lines().all(|line| line.as_bytes()[2] == b':' && line.contains('Z')), "{shown}");
}

#[test]
fn help_has_no_options_that_a_command_has_no_use_for() {
    let path = Path::new("/tmp/some.sock");
    for command in ["convert", "info", "diff", "completion", "man"] {
        let help = run(path, &[command, "--help"]).out;
        for option in ["--socket", "--timeout", "--framing"] {
            assert!(!help.contains(option), "{command}: {help}");
        }
    }
    assert!(run(path, &["ping", "--help"]).out.contains("--socket"));
    let script = run(path, &["script", "--help"]).out;
    assert!(script.contains(r#"{"method": "goxel.add_voxel""#), "{script}");
}

#[test]
fn one_is_singular() {
    let daemon = Daemon::start();
    let ran = run_with_input(daemon.socket(), &["script", "-"], b"{\"method\":\"ping\"}\n");
    assert!(ran.err.starts_with("1 call, 0 failed"), "{}", ran.err);
    let ran = run_with_input(daemon.socket(), &["repl"], b"nonsense\n");
    assert!(ran.err.contains("1 call failed") && ran.err.contains("hint: "), "{}", ran.err);
}

#[test]
fn a_pasted_request_and_quoted_words_are_understood_by_the_prompt() {
    let daemon = Daemon::start();
    let lines = b"{\"jsonrpc\":\"2.0\",\"id\":1,\n \"method\":\"ping\"}\ngoxel.create_layer name='the roof'\n\
        goxel.list_layers\n";
    let ran = run_with_input(daemon.socket(), &["repl"], lines);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("\"pong\":true") && ran.out.contains("the roof"), "{}", ran.out);
}
