//! A daemon that takes the place of the one that runs: nobody is refused, nothing is lost, and what
//! fails changes nothing. `GOXEL_TAKEOVERS` sets how often, `GOXEL_TAKEOVER_CLIENTS` under how many
//! clients.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::kills::{Running, live, log_of};
use crate::client::random::setting;
use crate::support::process::{Client, command};

const PID_FILE: &str = "d.pid";

#[test]
fn daemons_follow_each_other_under_clients_who_notice_nothing() {
    let rounds = setting("GOXEL_TAKEOVERS", 3);
    let clients = setting("GOXEL_TAKEOVER_CLIENTS", 8);
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let pid_file = place.join(PID_FILE);
    let flags = ["--pid-file", pid_file.to_str().unwrap()];
    let takeover = [&flags[..], &["--takeover"]].concat();
    let elsewhere = place.join("elsewhere");
    let wrong = [&takeover[..], &["--journal", elsewhere.to_str().unwrap()]].concat();
    let mut daemon = Running::start(place, &flags);
    let (calls, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let lived: Vec<(u64, Duration)> = std::thread::scope(|scope| {
        let lives: Vec<_> = (0..clients)
            .map(|number| {
                let (socket, calls, stop) = (place.join("d.sock"), &calls, &stop);
                scope.spawn(move || live(socket, number, calls, stop))
            })
            .collect();
        for _ in 0..rounds {
            std::thread::sleep(Duration::from_millis(150));
            let before = daemon.pid();
            let ended = daemon.taken_over(place, &wrong);
            assert_eq!(ended.and_then(|status| status.code()), Some(1), "{}", log_of(place));
            assert_eq!(daemon.pid(), before);
            assert_eq!(daemon.taken_over(place, &takeover), None, "{}", log_of(place));
            let pid = std::fs::read_to_string(&pid_file).unwrap();
            assert_eq!(pid.trim(), daemon.pid().to_string());
        }
        stop.store(true, Ordering::Relaxed);
        lives.into_iter().map(|life| life.join().unwrap()).collect()
    });
    let refused: u64 = lived.iter().map(|(refused, _)| refused).sum();
    let longest = lived.iter().map(|(_, wait)| *wait).max();
    println!(
        "{rounds} rounds, each with one that fails, {clients} clients, {} calls, longest wait {longest:?}",
        calls.load(Ordering::Relaxed)
    );
    assert_eq!(refused, 0);
    let log = log_of(place);
    assert!(log.contains("keeps its journal in") && !log.contains("ERROR"), "{log}");
    daemon.stop();
    assert!(!pid_file.exists() && !place.join("d.sock").exists(), "the last one tidies up");
}

/// The result of one of the program's questions about a daemon that runs.
fn question(place: &std::path::Path, flag: &str) -> Option<i32> {
    command().arg("--socket").arg(place.join("d.sock")).arg(flag).status().unwrap().code()
}

#[test]
fn the_successor_is_found_and_stopped_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let mut daemon = Running::start(place, &[]);
    Client::connect(&place.join("d.sock")).call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0]));
    assert_eq!(daemon.taken_over(place, &["--takeover"]), None, "{}", log_of(place));
    let mut client = Client::connect(&place.join("d.sock"));
    let status = client.call("goxel.get_status", json!({}));
    assert_eq!(status["revision"], 1, "{status}");
    assert_eq!(client.call("goxel.undo", json!({}))["revision"], 2);
    assert_eq!(question(place, "--status"), Some(0));
    assert_eq!(question(place, "--stop"), Some(0));
    assert_eq!(question(place, "--status"), Some(1));
    assert!(!place.join("d.sock.lock").exists());
}

#[test]
fn with_nobody_to_take_over_from_it_starts_as_usual() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &["--takeover"]);
    assert!(log_of(directory.path()).contains("there is no daemon to take over from"));
    daemon.stop();
}

#[test]
fn without_a_journal_nothing_unsaved_is_handed_over() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let (none, takeover) = (["--journal", "none"], ["--journal", "none", "--takeover"]);
    let mut daemon = Running::start(place, &none);
    let mut client = Client::connect(&place.join("d.sock"));
    client.call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0]));
    let ended = daemon.taken_over(place, &takeover);
    assert_eq!(ended.and_then(|status| status.code()), Some(1));
    assert!(log_of(place).contains("it has no journal, and unsaved changes"), "{}", log_of(place));
    // The connection has lasted.
    client.call("goxel.save_project", json!({"path": place.join("x.gox")}));
    assert_eq!(daemon.taken_over(place, &takeover), None, "{}", log_of(place));
}

/// Asks for everything, as a new daemon does, and does nothing with it.
fn ask(place: &std::path::Path) -> UnixStream {
    let mut stream = UnixStream::connect(place.join("d.sock")).unwrap();
    stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"goxel.hand_over\"}\n").unwrap();
    let mut lines = Vec::new();
    while lines.iter().filter(|byte| **byte == b'\n').count() < 2 {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        lines.extend(byte);
    }
    let offer = lines.split(|byte| *byte == b'\n').nth(1).unwrap();
    let offer: Value = serde_json::from_slice(offer).unwrap();
    assert_eq!(offer["refused"], Value::Null, "{offer}");
    stream
}

#[test]
fn a_successor_that_vanishes_or_falls_silent_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let daemon = Running::start(place, &[]);
    let mut client = Client::connect(&place.join("d.sock"));
    for x in 0..3 {
        drop(ask(place));
        client.call("goxel.add_voxel", json!([x, 2, 3, 255, 0, 0]));
    }
    let mut silent = ask(place);
    // What is asked for meanwhile waits, also on new connections.
    client.call("goxel.add_voxel", json!([9, 2, 3, 255, 0, 0]));
    let mut word = [0];
    silent.read_exact(&mut word).unwrap();
    assert_eq!(word, *b"B");
    assert!(log_of(place).contains("it was silent for too long"), "{}", log_of(place));
    let status = Client::connect(&place.join("d.sock")).call("goxel.get_status", json!({}));
    assert_eq!(status["revision"], 4, "{status}");
    daemon.stop();
}

#[test]
fn a_daemon_that_is_killed_while_it_stands_still_leaves_everything_to_its_successor() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let daemon = Running::start(place, &[]);
    Client::connect(&place.join("d.sock")).call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0]));
    let mut successor = ask(place);
    daemon.kill();
    let mut rest = Vec::new();
    successor.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "an end without a word");
    let _next = Running::start(place, &[]);
    let status = Client::connect(&place.join("d.sock")).call("goxel.get_status", json!({}));
    assert_eq!(status["revision"], 1, "{status}");
}
