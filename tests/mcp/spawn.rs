//! A daemon started when it is needed, killed in mid-conversation, and gone when nobody needs it.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Host, command, text_of};
use crate::support::process::{self, Daemon, wait_for};

/// Ends the daemon at a socket, whoever started it.
struct Ended<'a>(&'a Path);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let _ = process::command().arg("--socket").arg(self.0).arg("--stop").output();
    }
}

/// A host that starts a daemon where there is none.
fn spawning(socket: &Path, root: &Path) -> Host {
    let mut command = command();
    command.arg("--spawn").arg("--socket").arg(socket).arg("--root").arg(root);
    command.env("GOXEL_DAEMON_BINARY", env!("CARGO_BIN_EXE_goxel-daemon"));
    command.env("GOXEL_STATE_DIR", root.join("state"));
    Host::start(command)
}

fn boxed(x: i64) -> Value {
    json!({"ops": [{"op": "box", "min": [x, 0, 0], "max": [x, 0, 0], "color": "red"}]})
}

#[test]
fn the_first_tool_call_starts_a_daemon_that_outlives_us_and_of_two_that_race_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("d.sock");
    let _ended = Ended(&socket);
    let mut hosts = [(); 2].map(|()| spawning(&socket, directory.path()));
    for host in &mut hosts {
        host.ask("tools/list", json!({}));
        host.ask("resources/list", json!({}));
    }
    assert!(!socket.exists(), "nothing is started before a tool needs it");
    let ids = [0, 1].map(|index| {
        let arguments = boxed(index as i64);
        hosts[index].request("tools/call", json!({"name": "voxel_edit", "arguments": arguments}))
    });
    for (host, id) in hosts.iter_mut().zip(ids) {
        let answer = host.answer_to(id);
        assert!(text_of(&answer["result"]).starts_with("ok 1 op"), "{answer}");
    }
    let text = hosts[0].text("voxel_inspect", json!({}));
    assert!(text.contains("2 voxels"), "one daemon served both: {text}");
    for host in &mut hosts {
        host.end();
    }
    assert!(UnixStream::connect(&socket).is_ok(), "the daemon is still there");
}

#[test]
fn a_daemon_that_is_killed_between_two_calls_costs_a_short_wait() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("d.sock");
    let _ended = Ended(&socket);
    let mut host = spawning(&socket, directory.path());
    host.text("voxel_edit", boxed(0));
    host.text("voxel_project", json!({"action": "save", "path": "a.gox"}));
    let pid = std::fs::read_to_string(socket.with_extension("pid")).unwrap();
    let pid = pid.split_whitespace().next().unwrap().to_owned();
    assert!(Command::new("kill").arg("-9").arg(&pid).status().unwrap().success());
    wait_for("the daemon to be gone", || UnixStream::connect(&socket).is_err());
    let text = host.text("voxel_edit", boxed(5));
    assert!(text.starts_with("ok 1 op"), "{text}");
    let text = host.text("voxel_inspect", json!({}));
    assert!(text.contains("2 voxels"), "the journal brought the first one back: {text}");
    let text = host.text("voxel_project", json!({"action": "open", "path": "a.gox"}));
    assert!(text.contains("1 voxel in 1 layer"), "{text}");
}

#[test]
fn an_idle_daemon_ends_unless_something_would_be_lost() {
    let mut idle = Daemon::start_with(&["--idle-exit=300ms"]);
    assert!(idle.wait().success());
    let mut kept = Daemon::start_with(&["--idle-exit=300ms", "--journal=none"]);
    let mut client = kept.connect();
    client.call("goxel.add_voxel", json!([0, 0, 0, 255, 0, 0]));
    drop(client);
    std::thread::sleep(Duration::from_millis(1200));
    assert!(kept.is_alive(), "its voxel would be lost");
    let mut client = kept.connect();
    client.call("goxel.save_project", json!([kept.directory().join("a.gox")]));
    drop(client);
    assert!(kept.wait().success());
}

#[test]
fn a_daemon_that_was_started_is_confined_to_the_root_and_another_root_is_told_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let [root, other] = ["root", "other"].map(|name| directory.path().join(name));
    std::fs::create_dir(&root).unwrap();
    std::fs::create_dir(&other).unwrap();
    let socket = directory.path().join("d.sock");
    let _ended = Ended(&socket);
    let mut host = spawning(&socket, &root);
    host.text("voxel_edit", boxed(0));
    let mut client = process::Client::connect(&socket);
    let outside = json!([directory.path().join("a.gox")]);
    assert_eq!(client.ask("goxel.save_project", outside)["error"]["code"], 1008);
    let mut stranger = spawning(&socket, &other);
    let text = stranger.refusal("voxel_inspect", json!({}));
    for word in ["works beneath other directories", "--root", "--socket", root.to_str().unwrap()] {
        assert!(text.contains(word), "{text}");
    }
}
