//! What a start says of paths that cannot be meant.

use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::support::process::{Daemon, command};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(directory).env("HOME", directory).output().unwrap()
}

/// The error of a start that is refused and leaves nothing behind.
fn refusal(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), arguments);
    assert!(!output.status.success(), "{arguments:?}");
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.iter().all(|entry| entry.as_ref().unwrap().file_name() == ".local"), "{left:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("os error"), "{said}");
    said
}

#[test]
fn a_mistyped_directory_of_the_socket_is_not_made() {
    let said = refusal(&["--socket=mistyped/dir/x.sock"]);
    assert!(said.contains("the directory mistyped/dir of the socket"), "{said}");
    assert!(said.contains("does not exist") && said.contains("mkdir -p mistyped/dir"), "{said}");
}

#[test]
fn the_default_directory_of_the_socket_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = command()
        .env("XDG_RUNTIME_DIR", directory.path())
        .env("HOME", directory.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let socket = directory.path().join("goxel/goxel.sock");
    crate::support::process::wait_for("the socket", || socket.exists());
    let facts = std::fs::metadata(socket.parent().unwrap()).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&facts.permissions()) & 0o777, 0o700);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_address_of_another_kind_is_no_socket() {
    for (address, word) in [
        ("tcp://localhost:7000", "Unix sockets only"),
        ("http://x/y", "Unix sockets only"),
        ("localhost:7000", "host and a port"),
        ("unix:///tmp/x.sock", "give the path alone, /tmp/x.sock"),
    ] {
        let said = refusal(&["--socket", address]);
        assert!(said.contains(word) && said.contains(address), "{said}");
        let directory = tempfile::tempdir().unwrap();
        let output = command()
            .env("GOXEL_SOCKET_PATH", address)
            .current_dir(directory.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(word) && said.contains("GOXEL_SOCKET_PATH"), "{said}");
    }
}

#[test]
fn a_project_in_a_missing_directory_is_told_at_the_start() {
    let said = refusal(&["--socket=x.sock", "--project=/missing/dir/x.gox"]);
    assert!(said.contains("its directory /missing/dir does not exist"), "{said}");
}

#[test]
fn files_that_are_not_wanted_are_not_made() {
    for word in ["none", "0", "off"] {
        let flags = ["--health-file", "--pid-file", "--log-file", "--journal"];
        let flags: Vec<String> = flags.iter().map(|flag| format!("{flag}={word}")).collect();
        let daemon = Daemon::start_with(&flags.iter().map(String::as_str).collect::<Vec<_>>());
        daemon.connect().call("ping", json!({}));
        let entries = std::fs::read_dir(daemon.directory()).unwrap().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.retain(|name| {
            !["goxel.sock", "goxel.sock.lock", "log", "state", "renders"]
                .iter()
                .any(|known| name == known)
        });
        assert!(names.is_empty(), "{names:?}");
    }
    let said = refusal(&["--socket=x.sock", "--render-dir=none"]);
    assert!(said.contains("there is always one"), "{said}");
}

#[test]
fn a_configuration_of_yaml_is_called_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("goxel.conf");
    std::fs::write(&file, "socket: /tmp/x\nlog:\n  level: info\n").unwrap();
    let output = run(directory.path(), &["--config=goxel.conf"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains("YAML") && said.contains("TOML") && said.contains("--show-config"),
        "{said}"
    );
}

#[test]
fn a_save_without_a_path_goes_to_the_file_of_the_project() {
    let daemon = Daemon::start_with(&["--project=house.gox"]);
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    client.call("goxel.save_project", json!({}));
    assert!(daemon.directory().join("house.gox").exists());
    assert_eq!(client.call("goxel.get_status", json!({}))["dirty"], false);
    let made = client.call("goxel.open_project", json!({"name": "other", "size": [8, 8, 8]}));
    let error = client.ask("goxel.save_project", json!({"project": made["name"]}));
    let error = &error["error"];
    assert_eq!(error["code"], -32602, "{error}");
    assert!(error["message"].as_str().unwrap().contains("path"), "{error}");
}
