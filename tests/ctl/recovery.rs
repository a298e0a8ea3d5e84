//! `goxelctl upgrade` and `goxelctl recover`, with and without a daemon.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::ctl::tool::{Ran, run};
use crate::support::process::{Client, HANG, command};

fn ok(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

/// Starts a daemon in the background, with a journal in its state directory.
fn start(place: &Path, flags: &[&str]) {
    let mut daemon = command();
    daemon.env_remove("GOXEL_JOURNAL").env("GOXEL_STATE_DIR", place.join("state"));
    daemon.env("GOXEL_RENDER_DIR", place.join("renders"));
    daemon.arg("--daemonize").arg("--socket").arg(place.join("d.sock")).args(flags);
    let output = daemon.stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Stops the daemon of a place when dropped.
struct Stopped<'a>(&'a Path);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let mut stop = command();
        let _ = stop.arg("--socket").arg(self.0.join("d.sock")).arg("--stop").output();
    }
}

fn pid(place: &Path) -> u64 {
    Client::connect(&place.join("d.sock")).call("status", json!({}))["pid"].as_u64().unwrap()
}

/// Kills the daemon of a place.
fn kill(place: &Path) {
    let pid = pid(place).to_string();
    let killed = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success());
    let deadline = std::time::Instant::now() + HANG;
    while std::os::unix::net::UnixStream::connect(place.join("d.sock")).is_ok() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn draw(place: &Path, project: &str, count: u64) {
    let mut client = Client::connect(&place.join("d.sock"));
    if project != "default" {
        client.call("goxel.open_project", json!({"name": project}));
    }
    for x in 0..count {
        let voxel = json!({"project": project, "position": [x, 0, 0], "color": "red"});
        client.call("goxel.add_voxel", voxel);
    }
}

#[test]
fn an_upgrade_keeps_what_is_open_and_tells_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let (place, socket) = (directory.path(), directory.path().join("d.sock"));
    start(place, &[]);
    let _stopped = Stopped(place);
    draw(place, "castle", 3);
    let before = pid(place);
    let upgraded = ok(run(&socket, &["upgrade", "--json"])).json();
    assert_eq!(upgraded["pid"], pid(place));
    assert_ne!(upgraded["pid"], before);
    assert_eq!(upgraded["projects"], 2, "{upgraded}");
    let again = ok(run(&socket, &["upgrade"]));
    assert!(again.out.contains("version_before:"), "{}", again.out);
    let failed = run(&socket, &["upgrade", "--program", "/bin/false"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.err.contains("the running daemon goes on"), "{failed:?}");
    assert_eq!(run(&socket, &["upgrade", "--program", "/nonexistent"]).code, 66);
    let status = Client::connect(&socket).call("goxel.list_projects", json!({}));
    assert_eq!(status["projects"][0]["revision"], 3, "{status}");
}

#[test]
fn what_came_back_is_listed_exported_and_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let (place, socket) = (directory.path(), directory.path().join("d.sock"));
    start(place, &[]);
    let _stopped = Stopped(place);
    draw(place, "default", 2);
    draw(place, "../castle", 3);
    let state = place.join("state");
    let list = ["recover", "--list", "--json", "--state-dir", state.to_str().unwrap()];
    assert_eq!(ok(run(&socket, &list)).json()["count"], 0, "a daemon runs, and nothing came back");
    kill(place);
    let found = ok(run(&socket, &list)).json();
    assert_eq!(found["count"], 2, "{found}");
    let journal = found["projects"][0]["of"].as_str().unwrap().to_owned();
    let out = place.join("out");
    let exported =
        ok(run(&socket, &["recover", "--journal", &journal, "--export", out.to_str().unwrap()]));
    assert_eq!(exported.out.lines().count(), 2, "{exported:?}");
    assert!(out.join("___castle.gox").exists() && out.join("default.gox").exists());
    start(place, &[]);
    let running = ok(run(&socket, &list)).json();
    let edits = |row: &Value| row["edits"].as_u64().unwrap();
    let edits: Vec<u64> = running["projects"].as_array().unwrap().iter().map(edits).collect();
    assert_eq!(edits, [3, 2], "{running}");
    let used = run(&socket, &["recover", "--journal", &journal, "--discard"]);
    assert_eq!(used.code, 1, "{used:?}");
    assert!(used.err.contains("is in use"), "{used:?}");
    ok(run(&socket, &["recover", "--export", out.to_str().unwrap()]));
    assert!(out.join("default-2.gox").exists());
    let discarded = ok(run(&socket, &["recover", "--discard"]));
    assert!(discarded.out.contains("closed ../castle"), "{discarded:?}");
    assert_eq!(ok(run(&socket, &list)).json()["count"], 0);
    draw(place, "default", 1);
    kill(place);
    ok(run(&socket, &["recover", "--journal", &journal, "--discard"]));
    assert!(!Path::new(&journal).exists());
    assert_eq!(run(&socket, &["recover", "--journal", &journal, "--list"]).code, 65);
    assert_eq!(run(&socket, &["recover"]).code, 2, "one of the three has to be said");
}

/// Ages the journals of a state directory by some days.
fn age(state: &Path, days: u64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86400);
    for journal in std::fs::read_dir(state.join("journal")).unwrap() {
        for file in std::fs::read_dir(journal.unwrap().path()).unwrap() {
            let file = std::fs::File::options().append(true).open(file.unwrap().path()).unwrap();
            file.set_modified(then).unwrap();
        }
    }
}

#[test]
fn journals_that_nobody_uses_go_after_a_month_unless_something_in_them_is_unsaved() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let other = place.join("other");
    std::fs::create_dir(&other).unwrap();
    let journals = || std::fs::read_dir(place.join("state/journal")).unwrap().count();
    for (is_saved, days, left) in [(true, 29, 2), (true, 31, 1), (false, 31, 2)] {
        start(place, &[]);
        draw(place, "default", 2);
        if is_saved {
            let saved = json!({"path": place.join("x.gox")});
            Client::connect(&place.join("d.sock")).call("goxel.save_project", saved);
        }
        kill(place);
        age(&place.join("state"), days);
        let socket = other.join("d.sock");
        let mut daemon = command();
        daemon.env_remove("GOXEL_JOURNAL").env("GOXEL_STATE_DIR", place.join("state"));
        daemon.arg("--daemonize").arg("--socket").arg(&socket);
        assert!(daemon.stdout(Stdio::null()).status().unwrap().success());
        let _stopped = Stopped(&other);
        draw(&other, "default", 1);
        assert_eq!(journals(), left, "{is_saved} {days}");
        let client = &mut Client::connect(&socket);
        client.call("goxel.close_project", json!({"name": "default", "discard": true}));
    }
}
