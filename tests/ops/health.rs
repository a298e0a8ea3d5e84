//! Where health shows: the method, the pages, the file, the log, the slow log, monitors.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::process::{Daemon, has_program, wait_for};

/// A page by the one-shot HTTP framing: its status line and its body.
pub fn page(daemon: &Daemon, path: &str) -> (String, String) {
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn read_json(path: &std::path::Path) -> Value {
    std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[test]
fn the_method_the_page_and_the_file_tell_the_same() {
    let daemon = Daemon::start_with(&["--health-interval=100ms"]);
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, 4, 5, 6]));
    client.ask("no_such_method", json!({}));
    let health = client.call("goxel.health", json!({}));
    assert_eq!(health["status"], "pass", "{health}");
    assert_eq!(health["pid"], daemon.pid());
    assert_eq!(health["sockets"], json!([daemon.socket().to_str().unwrap()]));
    assert_eq!(health["connections"]["active"], 1);
    assert_eq!(health["calls"]["total"], 2);
    assert_eq!(health["calls"]["errors"], 1);
    assert_eq!(health["last_error"]["code"], -32601);
    assert!(health["memory"]["voxel_bytes"].as_u64().unwrap() > 0);
    let (line, body) = page(&daemon, "/health");
    assert_eq!(line, "HTTP/1.1 200 OK");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["instance"], health["instance"]);
    assert_eq!(body["calls"]["total"], 3);

    let file = daemon.directory().join("goxel.health.json");
    wait_for("a snapshot that knows the calls", || read_json(&file)["calls"]["total"] == 3);
    let snapshot = read_json(&file);
    assert_eq!(snapshot["instance"], health["instance"]);
    for name in ["memory_usage", "active_connections", "worker_pool_healthy", "uptime_seconds"] {
        assert!(!snapshot[name].is_null(), "{name}");
    }
    assert!(daemon.log().contains("health status=pass"), "{}", daemon.log());
}

#[test]
fn the_health_file_says_when_the_daemon_was_stopped() {
    let mut daemon = Daemon::start_with(&["--health-interval=50ms"]);
    let file = daemon.directory().join("goxel.health.json");
    wait_for("the file", || file.exists());
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert_eq!(read_json(&file)["status"], "stopped");
}

#[test]
fn readiness_and_liveness_have_pages_and_others_are_missing() {
    let daemon = Daemon::start();
    assert_eq!(page(&daemon, "/ready"), ("HTTP/1.1 200 OK".into(), "ready\n".into()));
    assert!(page(&daemon, "/nothing").0.contains("404"));
}

#[test]
fn metrics_have_no_lint() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("ping", json!({}));
    client.ask("no_such_method", json!({}));
    let (_, text) = page(&daemon, "/metrics");
    assert!(text.contains("goxel_requests_total{method=\"ping\",outcome=\"ok\"} 1"), "{text}");
    if !has_program("promtool") {
        return;
    }
    let mut lint = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    lint.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = lint.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn slow_calls_are_kept_and_forgotten_on_demand() {
    let daemon = Daemon::start_with(&["--slow-call=0"]);
    let mut client = daemon.connect();
    client.call("echo", json!(["x".repeat(500)]));
    let slow = client.call("server.slowlog", json!({"reset": true}));
    assert_eq!((&slow["threshold_us"], &slow["total"]), (&json!(0), &json!(1)));
    let call = &slow["calls"][0];
    assert_eq!(call["method"], "echo");
    assert!(call["params"].as_str().unwrap().len() < 100, "{call}");
    let slow = client.call("server.slowlog", json!({"limit": 10}));
    assert_eq!(slow["calls"].as_array().unwrap().len(), 1, "only the first server.slowlog: {slow}");
}

#[test]
fn a_monitor_is_told_of_the_calls_of_others() {
    let daemon = Daemon::start();
    let mut monitor = daemon.connect();
    let on = monitor.call("server.monitor", json!({"method": "voxel"}));
    assert_eq!(on["on"], true);
    let mut client = daemon.connect();
    client.call("ping", json!({}));
    client.call("goxel.add_voxel", json!([1, 2, 3, 4, 5, 6]));
    let notice = monitor.receive();
    assert_eq!(notice["method"], "server.call");
    assert_eq!(notice["params"]["method"], "goxel.add_voxel");
    assert_eq!(notice["params"]["params"], "[1,2,3,4,5,6]");
    monitor.call("server.monitor", json!([false]));
    client.call("goxel.add_voxel", json!([1, 2, 3, 4, 5, 6]));
    assert_eq!(monitor.call("ping", json!({}))["pong"], true, "no notice in between");
}

#[test]
fn the_level_of_the_log_changes_while_the_daemon_runs() {
    let daemon = Daemon::start_with(&["--log-level=warn"]);
    let mut client = daemon.connect();
    let set = client.call("server.set_log_level", json!(["debug"]));
    assert_eq!((&set["level"], &set["previous"]), (&json!("debug"), &json!("warn")));
    drop(daemon.connect());
    wait_for("a line of detail", || daemon.log().contains("[DEBUG]"));
    assert!(client.ask("server.set_log_level", json!(["loud"])).get("error").is_some());
}

#[test]
fn json_lines_name_the_connection() {
    let daemon = Daemon::start_with(&["--log-format=json", "--log-level=debug"]);
    daemon.connect().call("ping", json!({}));
    wait_for("a line with a connection", || daemon.log().contains("\"conn\":"));
    for line in daemon.log().lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["ts"].is_string() && line["level"].is_string() && line["msg"].is_string());
    }
}

#[test]
fn kept_pictures_are_removed_when_their_time_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let flag = format!("--render-dir={}", directory.path().join("renders").display());
    let daemon = Daemon::start_with(&[&flag, "--render-ttl=1s", "--render-cleanup-interval=1s"]);
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, 4, 5, 6]));
    let options = json!({"width": 32, "height": 32, "options": {"return_mode": "file_path"}});
    let render = client.call("goxel.render_scene", options);
    let path = std::path::PathBuf::from(render["file"]["path"].as_str().unwrap());
    assert!(path.starts_with(directory.path()) && path.exists(), "{}", path.display());
    wait_for("its end, without anybody asking", || !path.exists());
}
