//! Connections from their first byte to their last, and the daemon from start to stop.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use goxel_daemon::lane::bulk::{BoxHead, Encoding, GET_BOX, Head};
use serde_json::json;

use crate::server::daemon::{Daemon, eventually, frame, program, request};

#[test]
fn and_5_many_requests_on_one_connection_are_all_answered() {
    let daemon = Daemon::start();
    let mut text = daemon.text();
    for _ in 0..100 {
        text.ping();
    }
}

#[test]
fn ten_thousand_voxels_on_one_connection_are_all_there() {
    let daemon = Daemon::start();
    let mut text = daemon.text();
    for index in 0..10_000 {
        let (x, y, z) = (index % 100, index / 100 % 100, index / 10_000);
        let answer = text.call("goxel.add_voxel", json!([x, y, z, 255, 0, 0, 255]));
        assert!(answer["error"].is_null(), "{answer}");
    }
    let bounds = text.call("goxel.get_bounding_box", json!({}));
    assert_eq!(bounds["result"]["dimensions"], json!([100, 100, 1]), "{bounds}");
}

#[test]
fn an_idle_daemon_with_idle_connections_does_not_wake_up() {
    let daemon = Daemon::start();
    let mut clients: Vec<_> = (0..100).map(|_| daemon.text()).collect();
    clients.iter_mut().for_each(|client| client.ping());
    if wake_ups(&daemon).is_none() {
        crate::support::skip::skip("no /proc");
        return;
    }
    // Its way back to sleep after the last answer counts too.
    let mut before = None;
    eventually("the daemon is at rest", || {
        let earlier = std::mem::replace(&mut before, wake_ups(&daemon));
        std::thread::sleep(Duration::from_millis(300));
        earlier == before
    });
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(wake_ups(&daemon), before);
    clients[0].ping();
    eventually("the measure counts", || wake_ups(&daemon) > before);
}

#[test]
fn a_project_at_rest_is_packed_and_the_daemon_sleeps_again() {
    let daemon = Daemon::with(&["--pack-after", "200ms"]);
    let mut text = daemon.text();
    for z in 0..64 {
        let params = json!({ "size_x": 81, "size_y": 81, "size_z": 1, "center_z": z,
                             "color": [z * 3, 90, 255 - z, 255] });
        let answer = text.call("goxel.procedural_shape", params);
        assert!(answer["error"].is_null(), "{answer}");
    }
    let mut facts = || {
        let facts = text.call("goxel.get_project_info", json!({}))["result"].clone();
        let memory = facts["memory_usage"]["voxels"].as_u64().unwrap();
        let kept = ["revision", "dirty", "total_voxels", "history_position", "last_modified"];
        (memory, kept.map(|name| facts[name].clone()))
    };
    let full = facts();
    // Asking keeps the daemon awake, but is no change.
    eventually("the project is packed", || facts().0 * 2 < full.0);
    assert_eq!(facts().1, full.1);
    eventually("the daemon sleeps", || {
        let before = wake_ups(&daemon);
        std::thread::sleep(Duration::from_millis(700));
        wake_ups(&daemon) == before
    });
    let answer = text.call("goxel.get_voxel", json!({ "position": [40, 40, 20] }));
    assert!(answer.to_string().contains("235"), "{answer}");
    let undone = text.call("goxel.undo", json!({}));
    assert!(undone["error"].is_null(), "{undone}");
}

fn wake_ups(daemon: &Daemon) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).ok()?;
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn requests_without_any_pause_are_all_answered_in_order() {
    let daemon = Daemon::start();
    let mut stream = daemon.connect();
    let reader = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        for id in 0..20_000 {
            stream.write_all((request(id, "ping", json!({})) + "\n").as_bytes()).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
    let mut count = 0;
    for (id, line) in lines.enumerate() {
        assert!(line.unwrap().ends_with(&format!("\"id\":{id}}}")));
        count += 1;
    }
    writer.join().unwrap();
    assert_eq!(count, 20_000);
}

#[test]
fn a_client_that_connects_again_after_a_restart_is_served() {
    let mut daemon = Daemon::start();
    daemon.text().ping();
    daemon.signal("KILL");
    daemon.wait();
    // The dead owner's socket file is still there, and is taken over.
    assert!(daemon.socket().exists());
    let mut command = program(daemon.socket().parent().unwrap());
    let mut next = command.arg("--socket").arg(daemon.socket()).spawn().unwrap();
    eventually("the new daemon answers", || {
        let Ok(mut stream) = UnixStream::connect(daemon.socket()) else { return false };
        stream.write_all(request(1, "ping", json!({})).as_bytes()).unwrap();
        let mut answer = [0; 16];
        stream.read_exact(&mut answer).is_ok()
    });
    next.kill().unwrap();
    next.wait().unwrap();
}

#[test]
fn ten_thousand_connections_one_after_the_other_leave_nothing_behind() {
    let daemon = Daemon::start();
    let mut first = daemon.text();
    first.ping();
    let before = daemon.descriptors_at_rest();
    for id in 0..10_000 {
        let mut stream = daemon.connect();
        if id % 10 == 0 {
            stream.write_all(request(id, "ping", json!({})).as_bytes()).unwrap();
            let mut answer = [0; 32];
            stream.read_exact(&mut answer).unwrap();
        }
    }
    eventually("the connections are gone", || daemon.others() == 1);
    first.ping();
    eventually("the descriptors are gone", || daemon.descriptors() <= before);
}

#[test]
fn two_hundred_simultaneous_first_messages_are_all_answered() {
    let daemon = Daemon::start();
    let barrier = std::sync::Barrier::new(200);
    std::thread::scope(|scope| {
        for id in 0..200 {
            let (daemon, barrier) = (&daemon, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut text = daemon.text();
                assert_eq!(text.ask(&request(id, "ping", json!({})))["id"], id);
            });
        }
    });
}

#[test]
fn a_half_closed_client_gets_all_its_answers() {
    let daemon = Daemon::start();
    let calls: String = (0..500).map(|id| request(id, "echo", json!(["x".repeat(5000)]))).collect();
    let lines = daemon.lines(&calls);
    assert_eq!(lines.len(), 500);
    assert_eq!(lines[499]["id"], 499);
}

#[test]
fn a_request_whose_sender_is_gone_is_carried_out() {
    let daemon = Daemon::start();
    let mut stream = daemon.connect();
    let voxel = json!([9, 9, 9, 1, 2, 3, 255]);
    stream.write_all(request(1, "goxel.add_voxel", voxel).as_bytes()).unwrap();
    drop(stream);
    eventually("the voxel is there", || {
        let answer = daemon.text().call("goxel.get_voxel", json!([9, 9, 9]));
        answer["result"]["color"] == json!([1, 2, 3, 255])
    });
}

#[test]
fn connections_can_be_listed_named_and_closed() {
    let daemon = Daemon::start();
    let mut one = daemon.text();
    let mut two = daemon.text();
    one.call("connection.name", json!({"name": "builder"}));
    let list = two.call("connection.list", json!({}));
    let connections = list["result"]["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0]["name"], "builder");
    assert_eq!(connections[0]["protocol"], "json");
    assert_eq!(connections[0]["calls"], 1);
    assert_eq!(connections[1]["own"], true);
    if cfg!(target_os = "linux") {
        assert_eq!(connections[0]["peer_pid"], std::process::id());
    }
    let id = connections[0]["id"].clone();
    assert_eq!(two.call("connection.kill", json!({"id": id}))["result"]["success"], true);
    assert!(one.is_closed());
    drop(one);
    eventually("it is gone", || daemon.others() == 1);
    let again = two.call("connection.kill", json!({"id": id}));
    assert_eq!(again["error"]["code"], -32602);
}

#[test]
fn keepalive_probes_come_when_asked_for_and_silence_costs_the_connection() {
    let daemon = Daemon::start();
    let mut alive = daemon.text();
    let mut silent = daemon.text();
    for client in [&mut alive, &mut silent] {
        let answer = client.call("connection.keepalive", json!({"interval_ms": 60}));
        assert_eq!(answer["result"]["success"], true, "{answer}");
    }
    for sequence in 1..=8 {
        let probe = alive.answer();
        assert_eq!(probe["method"], "connection.probe");
        assert_eq!(probe["params"]["seq"], sequence);
        let note = json!({"jsonrpc": "2.0", "method": "connection.alive", "params": [sequence]});
        alive.send(&note.to_string());
    }
    let mut probes = 0;
    while let Some(line) = silent.line() {
        assert!(line.contains("connection.probe"));
        probes += 1;
    }
    assert_eq!(probes, 3);
    alive.call("connection.keepalive", json!({"interval_ms": 0}));
}

#[test]
fn a_binary_client_gets_its_probes_in_frames_with_id_0() {
    let daemon = Daemon::start();
    let mut binary = daemon.binary();
    let answer = binary.ask(7, &request(1, "connection.keepalive", json!([50])));
    assert_eq!(answer.id, 7);
    let probe = binary.frame().unwrap();
    assert_eq!((probe.id, probe.kind), (0, 0));
    assert_eq!(probe.json()["method"], "connection.probe");
}

#[test]
fn a_probe_that_is_due_while_a_connection_closes_does_not_hold_up_the_others() {
    let daemon = Daemon::start();
    let mut binary = daemon.binary();
    binary.ask(7, &request(1, "connection.keepalive", json!([20])));
    // A frame that cannot be skipped: an error, then the daemon waits for the peer to close.
    binary.send(&u32::MAX.to_be_bytes().repeat(4));
    while binary.frame().is_some() {}
    std::thread::sleep(Duration::from_millis(100));
    daemon.text().ping();
}

#[test]
fn a_long_read_whose_client_is_gone_is_given_up_and_counted() {
    let daemon = Daemon::start();
    let cancelled = || {
        let health = daemon.text().call("health", json!({}));
        health["result"]["jobs"]["cancelled"].as_u64().unwrap()
    };
    assert_eq!(cancelled(), 0);
    let mut payload = Vec::new();
    Head::default().write(&mut payload);
    let area = BoxHead { min: [0; 3], max: [255; 3], encoding: Encoding::RunLength };
    area.write(&mut payload);
    for count in 1..=3 {
        let mut binary = daemon.binary();
        binary.send(&frame(1, GET_BOX, &payload));
        drop(binary);
        eventually("it is counted", || cancelled() == count);
    }
    let page = daemon.exchange(b"GET /metrics HTTP/1.1\r\n\r\n");
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("\ngoxel_jobs_cancelled_total 3\n"), "{page}");
    // The same read by a client that stays is answered.
    let mut binary = daemon.binary();
    binary.send(&frame(1, GET_BOX, &payload));
    assert_eq!(binary.frame().unwrap().kind, GET_BOX);
    assert_eq!(cancelled(), 3);
}

#[test]
fn idle_connections_are_closed_if_that_is_asked_for() {
    let daemon = Daemon::with(&["--idle-timeout", "200ms"]);
    let mut text = daemon.text();
    text.ping();
    assert!(text.is_closed());
}

#[test]
fn sigterm_answers_what_has_come_and_ends_with_0() {
    let mut daemon = Daemon::start();
    let mut text = daemon.text();
    let mut idle = daemon.text();
    idle.ping();
    text.ping();
    text.send(&request(1, "ping", json!({})));
    daemon.signal("TERM");
    assert_eq!(text.answer()["id"], 1);
    assert!(text.is_closed() && idle.is_closed());
    assert_eq!(daemon.wait(), Some(0));
    assert!(!daemon.socket().exists());
    assert!(!daemon.socket().with_extension("sock.lock").exists());
}

/// A client that has asked for more than it takes, so that answers wait for it.
fn one_that_never_reads(daemon: &Daemon) -> UnixStream {
    let mut lazy = daemon.connect();
    lazy.set_nonblocking(true).unwrap();
    let big = request(1, "echo", json!(["x".repeat(100_000)]));
    let (mut sent, mut refused) = (0, 0);
    while refused < 20 {
        match lazy.write(&big.as_bytes()[sent % big.len()..]) {
            Ok(count) => (sent, refused) = (sent + count, 0),
            Err(_) => {
                refused += 1;
                daemon.text().ping();
            }
        }
    }
    lazy
}

#[test]
fn a_client_that_does_not_read_does_not_hold_up_a_stop() {
    let mut daemon = Daemon::with(&["--drain-timeout", "300ms"]);
    let _lazy = one_that_never_reads(&daemon);
    let start = std::time::Instant::now();
    daemon.signal("INT");
    assert_eq!(daemon.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut daemon = Daemon::with(&["--drain-timeout", "1h", "--stall-timeout", "0"]);
    let _lazy = one_that_never_reads(&daemon);
    daemon.signal("TERM");
    eventually("it no longer listens", || !daemon.socket().exists());
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(1));
}

#[test]
fn harmless_signals_do_not_end_the_daemon() {
    let daemon = Daemon::start();
    for name in ["HUP", "PIPE", "USR1"] {
        daemon.signal(name);
        daemon.text().ping();
    }
}

#[test]
fn shutdown_needs_leave() {
    let mut daemon = Daemon::start();
    assert!(!daemon.text().call("shutdown", json!({}))["error"].is_null());
    daemon.text().ping();
    daemon.signal("TERM");
    daemon.wait();
    let mut willing = Daemon::with(&["--allow-shutdown"]);
    assert_eq!(willing.text().call("shutdown", json!({}))["result"]["success"], true);
    assert_eq!(willing.wait(), Some(0));
}
