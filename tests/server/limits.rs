//! Limits: each with its error, and the daemon as before once they are over.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::server::daemon::{Daemon, Text, eventually, request, run};

fn refusal(daemon: &Daemon) -> Value {
    let mut line = String::new();
    daemon.connect().read_to_string(&mut line).unwrap();
    serde_json::from_str(line.trim_end()).unwrap_or_else(|_| panic!("no line: {line:?}"))
}

#[test]
fn max_connections_turns_newcomers_away_with_1007_and_recovers() {
    let daemon = Daemon::with(&["--max-connections", "3", "--max-connections-per-peer", "0"]);
    let mut clients: Vec<Text> = (0..3).map(|_| daemon.text()).collect();
    clients.iter_mut().for_each(Text::ping);
    for _ in 0..20 {
        let answer = refusal(&daemon);
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(1007), &Value::Null));
    }
    clients.pop();
    eventually("there is room again", || {
        let mut text = daemon.text();
        text.ask(&request(1, "ping", json!({})))["result"]["pong"] == true
    });
    clients.iter_mut().for_each(Text::ping);
}

#[test]
fn a_probe_is_answered_even_where_there_is_no_room() {
    let daemon = Daemon::with(&["--max-connections", "2", "--max-connections-per-peer", "0"]);
    let mut clients: Vec<Text> = (0..2).map(|_| daemon.text()).collect();
    clients.iter_mut().for_each(Text::ping);
    for page in ["/live", "/ready"] {
        let answer = daemon.exchange(format!("GET {page} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{page}: {}", answer.escape_ascii());
    }
    // All connections are taken, which is a fault that lasts.
    let health = daemon.exchange(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(health.starts_with(b"HTTP/1.1 503 "), "{}", health.escape_ascii());
    let answer = refusal(&daemon);
    assert_eq!(answer["error"]["data"]["limit"], "--max-connections", "{answer}");
    clients.iter_mut().for_each(Text::ping);
}

#[test]
fn one_process_cannot_take_all_connections() {
    let daemon = Daemon::with(&["--max-connections", "6"]);
    let mut clients: Vec<Text> = (0..3).map(|_| daemon.text()).collect();
    clients.iter_mut().for_each(Text::ping);
    let answer = refusal(&daemon);
    assert_eq!(answer["error"]["code"], 1007);
    assert_eq!(answer["error"]["data"]["limit"], "--max-connections-per-peer", "{answer}");
    clients.pop();
    eventually("there is room again", || {
        let mut text = daemon.text();
        text.ask(&request(1, "ping", json!({})))["result"]["pong"] == true
    });
}

#[test]
fn descriptors_taken_away_while_it_runs_turn_newcomers_away_and_it_recovers() {
    let daemon = Daemon::start();
    let mut first = daemon.text();
    first.ping();
    let used = daemon.descriptors_at_rest().unwrap_or(0);
    let pid = daemon.pid().to_string();
    let limit = |count: usize| {
        let flag = format!("--nofile={count}:4096");
        let prlimit = std::process::Command::new("prlimit").args(["--pid", &pid, &flag]).status();
        prlimit.is_ok_and(|status| status.success())
    };
    if used == 0 || !limit(used + 5) {
        crate::support::skip::skip("no prlimit");
        return;
    }
    let mut clients: Vec<Text> = (0..40).map(|_| daemon.text()).collect();
    // Those beyond are told one after the other, as often as the listener tries again.
    let lines: Vec<String> = clients.iter_mut().take(12).map(Text::line_or_refusal).collect();
    let served = lines.iter().take_while(|line| line.contains("pong")).count();
    assert!((3..=8).contains(&served), "{lines:?}");
    assert!(lines[served..].iter().all(|line| line.contains("1007")), "{lines:?}");
    first.ping();
    drop(clients);
    assert!(limit(1000));
    eventually("there is room again", || daemon.text().line_or_refusal().contains("pong"));
}

#[test]
fn fewer_descriptors_than_connections_turn_newcomers_away_and_it_recovers() {
    // The daemon lowers its own limit of connections to what the shell's limit allows.
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("g.sock");
    let script = "ulimit -n 80; exec \"$0\" --socket \"$1\"";
    let mut child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_goxel-daemon")])
        .arg(&socket)
        .env("GOXEL_JOURNAL", "none")
        .env("GOXEL_STATE_DIR", directory.path().join("state"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("it listens", || socket.exists());
    let open = || Text::new(std::os::unix::net::UnixStream::connect(&socket).unwrap());
    let mut clients: Vec<Text> = (0..200).map(|_| open()).collect();
    let mut served = 0;
    for client in &mut clients {
        let line = client.line_or_refusal();
        served += usize::from(line.contains("pong"));
        assert!(line.contains("pong") || line.contains("1007"), "{line}");
    }
    assert!((41..=80).contains(&served), "{served} were served: most descriptors are for clients");
    drop(clients);
    eventually("there is room again", || open().line_or_refusal().contains("pong"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_answer_over_the_hard_cap_becomes_error_1004() {
    let daemon = Daemon::with(&["--outbound-hard-bytes", "64K", "--outbound-soft-bytes", "32K"]);
    let mut text = daemon.text();
    let answer = text.call("echo", json!(["x".repeat(100_000)]));
    assert_eq!(answer["error"]["code"], 1004, "{answer}");
    assert_eq!(answer["error"]["data"]["limit"], 65536);
    text.ping();
    let named = text.ask(&request("a\"b", "echo", json!(["x".repeat(100_000)])));
    assert_eq!((&named["error"]["code"], &named["id"]), (&json!(1004), &json!("a\"b")));
}

#[test]
fn the_cap_on_all_buffers_costs_the_largest_holder() {
    let daemon = Daemon::with(&["--buffer-bytes", "2M", "--max-message-bytes", "1M"]);
    let mut small = daemon.text();
    small.ping();
    let half = format!("[\"{}", "x".repeat(900_000));
    let mut greedy: Vec<Text> = (0..4).map(|_| daemon.text()).collect();
    for client in &mut greedy {
        // One of them may be dropped before the others have sent theirs.
        let _ = client.stream.write_all(half.as_bytes());
    }
    eventually("one of them is dropped", || {
        let metrics = daemon.exchange(b"GET /metrics HTTP/1.1\r\n\r\n");
        let metrics = String::from_utf8(metrics).unwrap();
        metrics.lines().any(|line| {
            line.starts_with("goxel_connections_ended_total{reason=\"buffer_limit\"}")
                && !line.ends_with(" 0")
        })
    });
    small.ping();
}

#[test]
fn users_who_are_not_allowed_are_turned_away() {
    if !cfg!(target_os = "linux") {
        crate::support::skip::skip("no peer credentials");
        return;
    }
    let daemon = Daemon::with(&["--allow-uid", "54321"]);
    let answer = refusal(&daemon);
    assert_eq!(answer["error"]["code"], 1007);
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    let daemon = Daemon::with(&["--allow-uid", &own.to_string()]);
    daemon.text().ping();
}

#[test]
fn one_connections_flood_does_not_hold_up_anothers_ping() {
    let daemon = Daemon::start();
    let flood: String = (0..200_000).map(|id| request(id, "ping", json!({})) + "\n").collect();
    let mut flooder = daemon.text();
    let mut stream = flooder.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        std::io::Write::write_all(&mut stream, flood.as_bytes()).unwrap();
    });
    let reader = std::thread::spawn(move || {
        for _ in 0..200_000 {
            flooder.answer();
        }
    });
    let mut other = daemon.text();
    let mut pings = 0;
    while !reader.is_finished() {
        other.ping();
        pings += 1;
    }
    writer.join().unwrap();
    reader.join().unwrap();
    assert!(pings > 20, "only {pings} pings beside the flood");
}

#[test]
fn a_heavy_call_on_one_connection_does_not_hold_up_anothers_ping() {
    let daemon = Daemon::start();
    let mut heavy = daemon.text();
    let calls = vec![request(1, "echo", json!(["x".repeat(100)])); 60_000];
    heavy.send(&format!("[{}]", calls.join(",")));
    let reader = std::thread::spawn(move || {
        let answer = heavy.answer();
        (answer.as_array().unwrap().len(), heavy)
    });
    let mut other = daemon.text();
    let mut pings = 0;
    while !reader.is_finished() {
        other.ping();
        pings += 1;
    }
    let (answers, mut heavy) = reader.join().unwrap();
    assert_eq!(answers, 60_000);
    assert!(pings > 10, "only {pings} pings beside the batch");
    heavy.ping();
}

#[test]
fn answers_that_nobody_can_receive_are_not_worked_out() {
    let daemon = Daemon::start();
    let mut heavy = daemon.text();
    let calls = vec![request(1, "ping", json!({})); 200_000];
    heavy.send(&format!("[{}]", calls.join(",")));
    drop(heavy);
    eventually("the connection is gone", || daemon.others() == 0);
    daemon.text().ping();
}

#[test]
fn a_wrong_flag_is_named_and_costs_exit_2() {
    for (flags, word) in [
        (&["--bogus"][..], "bogus"),
        (&["-m", "0"], "Invalid max connections: 0 (must be 1-65536)"),
        (&["--idle-timeout", "soon"], "soon: must be a time"),
        (&["--socket"], "socket"),
    ] {
        let output = run(flags);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(message.contains(word), "{message}");
        assert!(message.contains("Use --help"), "{message}");
    }
}

#[test]
fn help_and_version_are_printed() {
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert!(version.starts_with("goxel-daemon version "), "{version}");
    let help = String::from_utf8(run(&["-h"]).stdout).unwrap();
    assert!(help.contains("--max-connections") && help.contains("--socket"), "{help}");
}
