//! The configuration as the program reads it.

use std::process::Output;

use serde_json::json;

use crate::support::process::{Daemon, command, wait_for};

fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_wrong_command_line_ends_with_2_and_a_wrong_file_with_78() {
    let wrong = run(&["--sokcet=/x"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = text(&wrong.stderr);
    assert!(said.contains("did you mean --socket?"), "{said}");
    assert!(said.contains("Invalid command line arguments. Use --help for usage information."));
    let range = run(&["--workers=65"]);
    assert_eq!(range.status.code(), Some(2));
    assert!(text(&range.stderr).contains("Invalid number of worker threads: 65 (must be 1-64)"));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.toml");
    std::fs::write(&file, "[limits]\nconections = 5\n").unwrap();
    let flag = format!("--config={}", file.display());
    let checked = run(&[&flag, "--check-config"]);
    assert_eq!(checked.status.code(), Some(78));
    assert!(text(&checked.stderr).contains("did you mean limits.connections?"));
    assert_eq!(run(&[&flag]).status.code(), Some(78), "the daemon does not start with it either");
}

#[test]
fn a_good_file_is_checked_and_shown_with_origins() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.toml");
    std::fs::write(&file, "[limits]\nconnections = 5\n").unwrap();
    let flag = format!("--config={}", file.display());
    let checked = run(&[&flag, "--check-config"]);
    assert_eq!(checked.status.code(), Some(0));
    assert!(text(&checked.stdout).starts_with("The configuration is good"));
    let shown = text(&run(&[&flag, "--show-config", "--slice-time=2ms"]).stdout);
    assert!(shown.contains("connections = 5"), "{shown}");
    assert!(shown.contains(&format!("# file {}", file.display())), "{shown}");
    assert!(shown.contains("# flag --slice-time"), "{shown}");
}

#[test]
fn the_reference_s_own_file_is_read_with_warnings() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("daemon_config.json");
    let design = json!({
        "server": {"max_connections": 3, "bind_address": "unix"},
        "logging": {"level": "info", "rotation": {"enabled": true}},
    });
    std::fs::write(&file, design.to_string()).unwrap();
    let daemon = Daemon::start_with(&[&format!("--config={}", file.display())]);
    let health = daemon.connect().call("goxel.health", json!({}));
    assert_eq!(health["connections"]["limit"], 3);
    assert!(daemon.log().contains("server.bind_address has no meaning here"), "{}", daemon.log());
}

#[test]
fn a_reload_applies_what_can_change_and_says_what_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.toml");
    std::fs::write(&file, "[limits]\nconnections = 5\n").unwrap();
    let daemon = Daemon::start_with(&[&format!("--config={}", file.display())]);
    let mut client = daemon.connect();
    std::fs::write(&file, "[limits]\nconnections = 7\n[project]\nfile = \"/x.gox\"\n").unwrap();
    daemon.signal("HUP");
    wait_for("the reload", || daemon.log().contains("reload: limits.connections took effect"));
    wait_for("the rest", || {
        daemon.log().contains("project.file will take effect at the next start")
    });
    assert_eq!(client.call("goxel.health", json!({}))["connections"]["limit"], 7);
    let settings = client.call("server.config", json!({}))["settings"].clone();
    let connections =
        settings.as_array().unwrap().iter().find(|one| one["key"] == "limits.connections").unwrap();
    assert_eq!(connections["value"], "7");
    assert_eq!(connections["origin"], format!("file {}", file.display()));

    std::fs::write(&file, "[limits]\nconnections = \"many\"\n").unwrap();
    daemon.signal("HUP");
    wait_for("the refusal", || daemon.log().contains("the old configuration stays"));
    assert_eq!(client.call("goxel.health", json!({}))["connections"]["limit"], 7);
}

#[test]
fn a_reload_opens_a_log_file_anew_that_was_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("x.log");
    let daemon = Daemon::start_with(&[&format!("--log-file={}", log.display())]);
    wait_for("the log", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("listening"))
    });
    std::fs::rename(&log, directory.path().join("x.log.1")).unwrap();
    daemon.signal("HUP");
    wait_for("the new file", || log.exists());
    daemon.signal("USR1");
    wait_for("lines in it", || std::fs::read_to_string(&log).unwrap().contains("state ends"));
}
