//! call, ping, status, path, and what all commands have in common.

use std::path::Path;

use crate::ctl::tool::{command, run, run_with_input};
use crate::support::fake::FakeDaemon;

fn daemon() -> (tempfile::TempDir, FakeDaemon) {
    let directory = tempfile::tempdir().unwrap();
    let daemon = FakeDaemon::start(&directory.path().join("d.sock"));
    (directory, daemon)
}

#[test]
fn call_prints_the_result_on_one_line_for_programs() {
    let (_directory, daemon) = daemon();
    let ran = run(&daemon.path, &["call", "echo", r#"{"a": [1, 2]}"#]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "{\"a\":[1,2]}\n"));
    let ran = run(&daemon.path, &["call", "echo", "[1]", "--framing", "binary"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "[1]\n"));
    let ran = run_with_input(&daemon.path, &["call", "echo", "-"], b"[\n  7\n]");
    assert_eq!((ran.code, ran.out.as_str()), (0, "[7]\n"));
    let ran = run(&daemon.path, &["call", "echo", "[1]", "--notify"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn a_refused_call_ends_with_1_and_the_reason_on_stderr() {
    let (_directory, daemon) = daemon();
    let ran = run(&daemon.path, &["call", "nonsense"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("Method not found (code -32601)"), "{}", ran.err);
    let ran = run(&daemon.path, &["--json", "call", "nonsense"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["code"], -32601);
    assert_eq!(error["error"]["outcome"], "not_applied");
    assert_eq!(error["error"]["exit_code"], 1);
}

#[test]
fn params_that_are_not_json_end_with_65_and_no_daemon_is_asked() {
    for bad in ["{", "7", "\"text\"", "[1] [2]"] {
        let ran = run(Path::new("/nonexistent/d.sock"), &["call", "echo", bad]);
        assert_eq!((ran.code, ran.out.as_str()), (65, ""), "{bad}: {}", ran.err);
    }
}

#[test]
fn no_daemon_is_69_a_slow_one_75_and_a_bad_command_line_2() {
    let nobody = Path::new("/nonexistent/d.sock");
    for arguments in [&["ping"][..], &["status"], &["call", "ping"], &["render", "/tmp/x.png"]] {
        let ran = run(nobody, arguments);
        assert_eq!(ran.code, 69, "{arguments:?} {ran:?}");
        assert!(ran.err.contains("/nonexistent/d.sock"), "{}", ran.err);
    }
    let (_directory, daemon) = daemon();
    let ran = run(&daemon.path, &["--timeout", "20ms", "call", "sleep", r#"{"ms":5000}"#]);
    assert_eq!(ran.code, 75, "{ran:?}");
    let ran = run(&daemon.path, &["call", "close"]);
    assert_eq!(ran.code, 69, "{ran:?}");
    for arguments in [&["nonsense"][..], &[], &["call"], &["ping", "--count", "x"]] {
        assert_eq!(run(&daemon.path, arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn ping_measures_and_summarises() {
    let (_directory, daemon) = daemon();
    let ran = run(&daemon.path, &["ping", "--count", "5", "--interval", "1ms"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out.lines().count(), 6, "{}", ran.out);
    assert!(ran.out.contains("seq=5") && ran.out.contains("p99"), "{}", ran.out);
    let ran = run(&daemon.path, &["ping", "-c", "3", "-i", "1ms", "--json"]);
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["instance"], "instance-1");
    assert_eq!(lines[3]["summary"]["answered"], 3);
    assert!(lines[3]["summary"]["latency"]["p50_us"].as_f64().unwrap() > 0.0);
    let ran = run(&daemon.path, &["ping", "--quiet"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn path_tells_the_socket_and_where_it_comes_from() {
    let path = Path::new("/tmp/some.sock");
    assert_eq!(run(path, &["path"]).out, "/tmp/some.sock\n");
    let ran = run(path, &["path", "--origin"]);
    assert!(ran.out.contains("GOXEL_SOCKET_PATH"), "{}", ran.out);
    let ran = run(path, &["path", "--socket", "/tmp/flag.sock", "--json"]);
    assert_eq!(ran.json()["path"], "/tmp/flag.sock");
    assert_eq!(ran.json()["origin"], "the flag --socket");
}

#[test]
fn a_reader_that_goes_away_is_no_reason_for_noise() {
    let (_directory, daemon) = daemon();
    let mut command = command(&daemon.path, &["ping", "--count", "1000", "--interval", "1ms"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn help_shows_examples_for_every_command() {
    let path = Path::new("/tmp/some.sock");
    let main = run(path, &["--help"]);
    assert_eq!(main.code, 0);
    let commands = main.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 5, "{}", main.out);
    for name in names {
        let help = run(path, &[name, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Example"), "{name}: {}", help.out);
    }
    let version = run(path, &["--version"]);
    assert_eq!(version.out, format!("goxelctl {}\n", env!("CARGO_PKG_VERSION")));
}
