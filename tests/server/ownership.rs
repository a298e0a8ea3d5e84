//! One path, one daemon.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::server::daemon::{Daemon, eventually, program, request, run};

#[test]
fn a_second_daemon_on_a_live_path_refuses_and_names_the_owner() {
    let daemon = Daemon::start();
    let mut text = daemon.text();
    let output = run(&["--socket", daemon.socket().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&format!("pid {}", daemon.pid())), "{message}");
    text.ping();
    daemon.text().ping();
}

#[test]
fn twenty_daemons_race_for_one_path_and_exactly_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("g.sock");
    let mut children: Vec<Child> = (0..20)
        .map(|_| program(directory.path()).arg("--socket").arg(&socket).spawn().unwrap())
        .collect();
    eventually("all but one give up", || {
        let running = |child: &mut Child| child.try_wait().unwrap().is_none();
        children.iter_mut().filter_map(|child| running(child).then_some(())).count() <= 1
    });
    let running: Vec<&mut Child> = children
        .iter_mut()
        .filter_map(|child| child.try_wait().unwrap().is_none().then_some(child))
        .collect();
    assert_eq!(running.len(), 1);
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    std::io::Write::write_all(&mut stream, request(1, "ping", json!({})).as_bytes()).unwrap();
    let mut answer = [0; 16];
    std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
    for child in running {
        child.kill().unwrap();
    }
    for child in &mut children {
        child.wait().unwrap();
    }
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g.sock");
    std::fs::write(&path, "precious").unwrap();
    let output = run(&["--socket", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("is not a socket"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn several_paths_are_served_and_given_back() {
    let directory = tempfile::tempdir().unwrap();
    let second = directory.path().join("second.sock");
    let mut daemon = Daemon::with(&["--socket", second.to_str().unwrap(), "--socket-mode", "0660"]);
    eventually("the second path is there", || second.exists());
    let mode = |path: &std::path::Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
            & 0o777
    };
    assert_eq!((mode(daemon.socket()), mode(&second)), (0o660, 0o660));
    for path in [daemon.socket(), &second] {
        let stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        crate::server::daemon::Text::new(stream).ping();
    }
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(0));
    assert!(!second.exists() && !daemon.socket().exists());
}

#[test]
fn a_path_that_cannot_be_had_is_explained() {
    let long = format!("/tmp/{}.sock", "x".repeat(200));
    for (path, word) in
        [(long.as_str(), "fit into an address"), ("/proc/nowhere/g.sock", "does not exist")]
    {
        let output = run(&["--socket", path]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn sockets_from_a_service_manager_are_served() {
    let activate = "systemd-socket-activate";
    let found = std::process::Command::new(activate).arg("--version").output();
    if found.is_err() {
        crate::support::skip::skip(&format!("no {activate}"));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("g.sock");
    let mut child = std::process::Command::new(activate)
        .arg("-l")
        .arg(&socket)
        // Its environment does not reach the daemon.
        .args([env!("CARGO_BIN_EXE_goxel-daemon"), "--journal=none"])
        .arg(format!("--state-dir={}", directory.path().join("state").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The file is there before the program listens.
    eventually("it listens", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    let stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    crate::server::daemon::Text::new(stream).ping();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(socket.exists(), "the path belongs to the service manager");
}
