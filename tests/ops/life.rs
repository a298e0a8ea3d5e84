//! Starting, signals, the background, stopping.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::process::{Client, Daemon, HANG, command, wait_for};

/// What the specification allows for a start and for a stop. The machine may be busy, hence a
/// factor.
const SOON: Duration = Duration::from_secs(2);
const BUSY: u32 = 5;

fn run(arguments: &[&str], directory: &Path) -> Output {
    command().args(arguments).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_start_without_any_readable_data_directory_opens_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("x.sock");
    let begun = Instant::now();
    let mut child = command()
        .arg("--socket")
        .arg(&socket)
        .env("HOME", "/nonexistent")
        .env("XDG_DATA_HOME", "/nonexistent")
        .env_remove("XDG_STATE_HOME")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("GOXEL_RENDER_DIR", "/nonexistent/renders")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the socket", || socket.exists());
    assert!(begun.elapsed() < SOON * BUSY, "{:?}", begun.elapsed());
    assert_eq!(Client::connect(&socket).call("ping", json!({}))["pong"], true);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_socket_is_gone_after_sigterm_and_the_path_can_be_used_again() {
    let mut daemon = Daemon::start();
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(!daemon.socket().exists());
    let mut child =
        command().arg("--socket").arg(daemon.socket()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the second daemon", || daemon.socket().exists());
    Client::connect(daemon.socket()).call("ping", json!({}));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn sigterm_during_a_running_request_ends_cleanly() {
    let mut daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.create_project", json!({"name": "big", "size": [512, 512, 512]}));
    let shape = json!({"shape_type": "sphere", "size_x": 400, "size_y": 400, "size_z": 400});
    let call =
        json!({"jsonrpc": "2.0", "id": 7, "method": "goxel.procedural_shape", "params": shape});
    client.send(format!("{call}\n"));
    let render = json!({"jsonrpc": "2.0", "id": 8, "method": "goxel.render_scene",
        "params": {"width": 1600, "height": 1200, "output_path": "x.png"}});
    client.send(format!("{render}\n"));
    let mut other = daemon.connect();
    other.call("ping", json!({}));
    daemon.signal("TERM");
    let begun = Instant::now();
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    assert!(begun.elapsed() < SOON * BUSY, "{:?}", begun.elapsed());
    assert!(!daemon.log().contains("panic"), "{}", daemon.log());
    assert!(!daemon.socket().exists());
}

#[test]
fn sigterm_with_clients_connected_ends_within_two_seconds() {
    let mut daemon = Daemon::start();
    let mut clients: Vec<_> = (0..20).map(|_| daemon.connect()).collect();
    clients.iter_mut().for_each(|client| drop(client.call("ping", json!({}))));
    let mut silent = daemon.connect();
    silent.send("{\"jsonrpc\":\"2.0\",");
    let begun = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(begun.elapsed() < SOON * BUSY, "{:?}", begun.elapsed());
    assert!(clients[0].try_receive().is_none(), "clients see the end");
}

#[test]
fn sighup_leaves_the_process_alive_and_reload_ends_with_0() {
    let mut daemon = Daemon::start();
    daemon.signal("HUP");
    // Two wishes that come together are one.
    wait_for("the first reload", || daemon.log().contains("reload: nothing changed"));
    daemon.connect().call("ping", json!({}));
    assert!(daemon.is_alive());
    let socket = daemon.socket().to_str().unwrap().to_owned();
    let reload = run(&["--socket", &socket, "--reload"], daemon.directory());
    assert_eq!(reload.status.code(), Some(0));
    assert_eq!(text(&reload.stdout), "Reloading daemon configuration...\n");
    wait_for("the reload", || daemon.log().matches("reload: nothing changed").count() == 2);
    daemon.connect().call("ping", json!({}));
}

/// The mask of the signals that a process catches.
#[cfg(target_os = "linux")]
fn caught_signals(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_sees_the_pid_file_or_the_socket_may_send_a_signal() {
    const HUP_INT_USR1_TERM: u64 = 1 << 0 | 1 << 1 | 1 << 9 | 1 << 14;
    for name in ["x.pid", "x.sock"] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let mut child = command()
            .arg("--socket")
            .arg(path("x.sock"))
            .arg("--pid-file")
            .arg(path("x.pid"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !path(name).exists() {
            assert!(begun.elapsed() < HANG, "no {name}");
        }
        let caught = caught_signals(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(caught & HUP_INT_USR1_TERM, HUP_INT_USR1_TERM, "{name}: {caught:x}");
    }
}

#[test]
fn daemonize_returns_and_status_and_stop_find_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("x.sock");
    let flag = format!("--socket={}", socket.display());
    let started = run(&[&flag, "--daemonize"], directory.path());
    assert_eq!(started.status.code(), Some(0), "{}", text(&started.stderr));
    // It has returned, so the socket is served already.
    Client::connect(&socket).call("ping", json!({}));
    let pid = std::fs::read_to_string(directory.path().join("x.pid")).unwrap();
    assert!(pid.ends_with('\n') && pid.trim().parse::<u32>().is_ok(), "{pid:?}");
    assert!(directory.path().join("x.log").exists());

    let status = run(&[&flag, "--status"], directory.path());
    let expected = format!("Checking daemon status...\nDaemon is running (PID: {})\n", pid.trim());
    assert_eq!((status.status.code(), text(&status.stdout)), (Some(0), expected));

    let stop = run(&[&flag, "--stop"], directory.path());
    assert_eq!(stop.status.code(), Some(0), "{}", text(&stop.stdout));
    for name in ["x.sock", "x.pid", "x.sock.lock"] {
        wait_for(name, || !directory.path().join(name).exists());
    }
    let status = run(&[&flag, "--status"], directory.path());
    let expected = "Checking daemon status...\nDaemon is not running (no PID file found)\n";
    assert_eq!((status.status.code(), &*text(&status.stdout)), (Some(1), expected));
    assert_eq!(run(&[&flag, "--stop"], directory.path()).status.code(), Some(1));
}

#[test]
fn a_daemon_that_cannot_go_to_the_background_says_why_and_leaves_nothing() {
    let daemon = Daemon::start();
    let socket = daemon.socket().to_str().unwrap().to_owned();
    let second = run(&["--socket", &socket, "--daemonize"], daemon.directory());
    assert_eq!(second.status.code(), Some(1));
    let pid = format!("pid {}", daemon.pid());
    assert!(text(&second.stderr).contains(&pid), "{}", text(&second.stderr));
    daemon.connect().call("ping", json!({}));
}

#[test]
fn a_named_pid_file_is_written_locked_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let pid_file = directory.path().join("other.pid");
    std::fs::write(&pid_file, "1\n").unwrap();
    let flag = format!("--pid-file={}", pid_file.display());
    let mut daemon = Daemon::start_with(&[&flag]);
    assert_eq!(std::fs::read_to_string(&pid_file).unwrap(), format!("{}\n", daemon.pid()));
    let status = run(&[&flag, "--socket=/nonexistent/x", "--status"], directory.path());
    assert_eq!(status.status.code(), Some(0));
    let other = run(&[&flag, "--socket=y.sock"], directory.path());
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("has the pid file"), "{}", text(&other.stderr));
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert!(!pid_file.exists());
}

#[test]
fn a_working_directory_moves_relative_paths_of_calls_and_not_those_of_flags() {
    let directory = tempfile::tempdir().unwrap();
    let work = directory.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut child = command()
        .args(["-s", "x.sock", "-w", "work", "-l", "x.log"])
        .current_dir(directory.path())
        .spawn()
        .unwrap();
    let socket = directory.path().join("x.sock");
    wait_for("the socket", || socket.exists());
    Client::connect(&socket).call("goxel.save_project", json!({"path": "saved.gox"}));
    assert!(work.join("saved.gox").exists());
    assert!(directory.path().join("x.log").exists());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_project_saved_on_stop_is_there_again_after_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("house.gox");
    let project = format!("--project={}", file.display());
    let flags = [&*project, "--save-on-exit"];
    let mut daemon = Daemon::start_with(&flags);
    daemon.connect().call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0]));
    daemon.signal("TERM");
    assert!(daemon.wait().success(), "{}", daemon.log());
    assert!(file.exists(), "{}", daemon.log());
    let daemon = Daemon::start_with(&flags);
    let voxel = daemon.connect().call("goxel.get_voxel", json!([1, 2, 3]));
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]));
}

#[test]
fn a_project_that_cannot_be_opened_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("x.gox"), "nonsense").unwrap();
    let started = run(&["--socket=x.sock", "--project=x.gox"], directory.path());
    assert_eq!(started.status.code(), Some(1));
    assert!(text(&started.stderr).contains("x.gox"), "{}", text(&started.stderr));
    assert!(!directory.path().join("x.sock").exists());
}

#[test]
fn a_state_dump_names_methods_connections_and_projects_at_any_log_level() {
    let daemon = Daemon::start_with(&["--log-level=error"]);
    let mut client = daemon.connect();
    client.call("ping", json!({}));
    daemon.signal("USR1");
    wait_for("the dump", || daemon.log().contains("state ends"));
    let log = daemon.log();
    for words in ["state method=ping calls=1", "state project=default", "ConnectionInfo"] {
        assert!(log.contains(words), "{words}: {log}");
    }
}

#[test]
fn flags_of_old_service_files_are_accepted_and_self_tests_are_not_pretended() {
    let daemon = Daemon::start_with(&[
        "--foreground",
        "--workers=4",
        "-q",
        "512",
        "--priority-queue",
        "--protocol=auto",
        "--max-connections",
        "64",
        "-V",
    ]);
    daemon.connect().call("ping", json!({}));
    let log = daemon.log();
    assert_eq!(log.matches("has no meaning any more").count(), 4, "{log}");
    assert_eq!(run(&["--test-lifecycle"], daemon.directory()).status.code(), Some(1));
}

#[test]
fn the_user_of_the_start_can_be_named_and_others_need_root() {
    let id = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    let same = format!("--user={}", id.trim());
    Daemon::start_with(&[&same]).connect().call("ping", json!({}));
    let directory = tempfile::tempdir().unwrap();
    let unknown = run(&["--user=no-such-user", "-s", "x.sock"], directory.path());
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("there is no user"), "{}", text(&unknown.stderr));
}

#[test]
fn root_can_start_the_daemon_as_somebody_else() {
    let id = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    if id.trim() != "0" {
        return crate::support::skip::skip("only root can become another user");
    }
    let directory = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let socket = directory.path().join("x.sock");
    let mut child = command()
        .args(["--user=65534", "--group=65534", "--log-file=x.log"])
        .arg(format!("--socket={}", socket.display()))
        .current_dir(directory.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ended = false;
    wait_for("the socket, or the end", || {
        ended = child.try_wait().unwrap().is_some();
        ended || socket.exists()
    });
    if ended {
        let said = text(&child.wait_with_output().unwrap().stderr);
        assert!(said.contains("cannot become another user"), "{said}");
        return crate::support::skip::skip("the program cannot be run by other users here");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(
        status.contains("Uid:\t65534\t65534") && status.contains("Gid:\t65534\t65534"),
        "{status}"
    );
    Client::connect(&socket).call("ping", json!({}));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_service_manager_is_told_of_start_life_reload_and_stop() {
    let directory = tempfile::tempdir().unwrap();
    let notify = directory.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&notify).unwrap();
    manager.set_read_timeout(Some(crate::support::process::HANG)).unwrap();
    let mut child = command()
        .args(["-s", "x.sock"])
        .current_dir(directory.path())
        .env("NOTIFY_SOCKET", &notify)
        .env("WATCHDOG_USEC", "200000")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let next = |wanted: &str| {
        let mut bytes = [0; 512];
        loop {
            let count = match manager.recv(&mut bytes) {
                // A signal to this process, as of a child of another test that ended.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                received => received.unwrap(),
            };
            let message = text(&bytes[..count]);
            if message.contains(wanted) {
                return message;
            }
        }
    };
    assert!(next("READY=1").contains("STATUS=Serving x.sock"));
    assert!(next("STATUS=").contains("status=pass"));
    next("WATCHDOG=1");
    next("WATCHDOG=1");
    let signal = |name: &str| {
        let sent = Command::new("kill").arg(name).arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
    };
    signal("-HUP");
    next("RELOADING=1");
    next("READY=1");
    signal("-TERM");
    next("STOPPING=1");
    assert!(child.wait().unwrap().success());
}

#[test]
fn lines_for_the_journal_begin_with_their_level() {
    use std::os::unix::fs::MetadataExt;
    let directory = tempfile::tempdir().unwrap();
    let log = std::fs::File::create(directory.path().join("log")).unwrap();
    let facts = log.metadata().unwrap();
    let mut child = command()
        .args(["-s", "x.sock", "--workers=2"])
        .current_dir(directory.path())
        .env("JOURNAL_STREAM", format!("{}:{}", facts.dev(), facts.ino()))
        .stderr(log)
        .spawn()
        .unwrap();
    wait_for("the socket", || directory.path().join("x.sock").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    assert!(log.lines().all(|line| line.starts_with('<')), "{log}");
    assert!(log.contains("<6>") && log.contains("<4>"), "{log}");
}
