//! `goxelctl health`, `metrics` and `config show --daemon`.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::process::{Daemon, wait_for};

fn ctl(daemon: &Daemon, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goxelctl"))
        .arg("--socket")
        .arg(daemon.socket())
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn health_tells_the_state_and_its_exit_code() {
    let mut daemon = Daemon::start();
    let health = ctl(&daemon, &["health"]);
    assert_eq!(health.status.code(), Some(0), "{}", text(&health.stderr));
    assert!(text(&health.stdout).starts_with("pass"), "{}", text(&health.stdout));
    let json: Value = serde_json::from_slice(&ctl(&daemon, &["health", "--json"]).stdout).unwrap();
    assert_eq!((&json["status"], &json["ready"]), (&"pass".into(), &true.into()));
    assert_eq!(ctl(&daemon, &["health", "--ready"]).status.code(), Some(0));
    let watched = ctl(&daemon, &["health", "--watch", "--interval=10ms", "--count=3"]);
    assert_eq!(text(&watched.stdout).lines().count(), 3, "{}", text(&watched.stdout));
    daemon.signal("TERM");
    daemon.wait();
    assert_eq!(ctl(&daemon, &["health", "--ready"]).status.code(), Some(69));
}

#[test]
fn metrics_go_to_the_terminal_or_to_a_collector_s_file() {
    let daemon = Daemon::start();
    let metrics = ctl(&daemon, &["metrics"]);
    assert!(text(&metrics.stdout).contains("\ngoxel_uptime_seconds "), "{}", text(&metrics.stdout));
    let file = daemon.directory().join("goxel.prom");
    let written = ctl(&daemon, &["metrics", "--textfile", file.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    wait_for("the file", || file.exists());
    assert!(std::fs::read_to_string(&file).unwrap().contains("# TYPE goxel_connections gauge"));
}

#[test]
fn the_daemon_s_configuration_is_shown_with_origins() {
    let daemon = Daemon::start_with(&["--max-connections=77"]);
    let shown = ctl(&daemon, &["config", "show", "--daemon", "--origin"]);
    let shown = text(&shown.stdout);
    let line = shown.lines().find(|line| line.starts_with("limits.connections")).unwrap();
    assert!(line.contains("77") && line.contains("flag --max-connections"), "{line}");
}
