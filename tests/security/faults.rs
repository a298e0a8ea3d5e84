//! A disk that fails: each system call of a save, at every position, with each error. The old file
//! is whole, the answer is true, log, metric and health say so, and nothing is left behind.
//!
//! strace answers one call of the helper that saves in place of the system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon, command, has_program, wait_for};
use crate::support::skip::skip;

/// The calls of a save, and errors that they may have.
const CALLS: [(&str, &[&str]); 9] = [
    ("openat", &["EMFILE", "ENOSPC", "EACCES", "EIO", "EINTR"]),
    ("openat2", &["EMFILE", "EACCES", "EIO"]),
    ("write", &["ENOSPC", "EIO", "EDQUOT", "EINTR"]),
    ("fchmod", &["EIO", "EROFS"]),
    ("fsync", &["EIO", "ENOSPC", "EDQUOT", "EINTR"]),
    ("linkat", &["ENOSPC", "EIO", "EACCES", "EDQUOT"]),
    ("renameat", &["ENOSPC", "EIO", "EACCES", "EROFS"]),
    ("newfstatat", &["EIO", "EACCES"]),
    ("fstat", &["EIO"]),
];
/// Errors of the disk itself, which health tells.
const OF_DISK: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EROFS"];

struct Scene {
    daemon: Daemon,
    client: Client,
    files: PathBuf,
}

impl Scene {
    fn set() -> Scene {
        let daemon = Daemon::start();
        let files = daemon.directory().join("files");
        fs::create_dir(&files).unwrap();
        let client = daemon.connect();
        let mut scene = Scene { daemon, client, files };
        scene.change(0);
        scene.client.call("goxel.save_project", json!({"path": scene.path()}));
        scene
    }

    fn path(&self) -> PathBuf {
        self.files.join("model.gox")
    }

    fn change(&mut self, number: usize) {
        self.client.call("goxel.add_voxel", json!([number, 0, 0, "#ffffff"]));
    }

    /// The helper that makes calls for clients.
    fn helper(&mut self) -> String {
        let tasks = format!("/proc/{}/task", self.daemon.pid());
        let is_helper =
            |path: &Path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name == "files\n");
        let mut found = None;
        wait_for("a helper", || {
            // It ends some time after its last call.
            self.client.call("goxel.get_project_info", json!({}));
            let _ = self.client.ask("goxel.load_project", json!({"path": "nothing.gox"}));
            let mut paths = fs::read_dir(&tasks).unwrap().flatten().map(|entry| entry.path());
            found = paths.find(|path| is_helper(path));
            found.is_some()
        });
        found.unwrap().file_name().unwrap().to_string_lossy().into_owned()
    }

    fn counter(&self, name: &str) -> f64 {
        let page = crate::support::process::page(&self.daemon, "/metrics");
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap_or_else(|| panic!("{name}"));
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// strace at one thread; it lets go when it is dropped.
struct Strace {
    child: Child,
    told: PathBuf,
}

impl Strace {
    fn attach(thread: &str, inject: &str, call: &str, told: PathBuf) -> Strace {
        let _ = fs::remove_file(&told);
        let child = Command::new("strace")
            .args(["-p", thread, "-o"])
            .arg(&told)
            .args(["-e", &format!("trace={call}"), "-e", &format!("inject={inject}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let strace = Strace { child, told };
        let status = format!("/proc/{thread}/status");
        wait_for("strace", || {
            let text = fs::read_to_string(&status).unwrap_or_default();
            text.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        });
        strace
    }

    /// Lets go; whether the call was answered in place of the system.
    fn injected(mut self) -> bool {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        self.child.wait().unwrap();
        fs::read_to_string(&self.told).unwrap_or_default().contains("(INJECTED)")
    }
}

fn can_trace() -> bool {
    if !has_program("strace") {
        return false;
    }
    let tried =
        Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        skip("strace may not trace here");
    }
    can
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// One save with one fault. None if the save makes no such call at this position.
fn fault(
    scene: &mut Scene,
    number: usize,
    (call, error, position): (&str, &str, usize),
) -> Option<Value> {
    scene.change(number);
    let (path, helper) = (scene.path(), scene.helper());
    let before = fs::read(&path).unwrap();
    let (failed, log) = (scene.counter("goxel_failed_saves_total"), scene.daemon.log().len());
    let inject = format!("{call}:error={error}:when={position}");
    let told = scene.daemon.directory().join("strace");
    let strace = Strace::attach(&helper, &inject, call, told);
    let answer = scene.client.ask("goxel.save_project", json!({"path": path}));
    if !strace.injected() {
        return None;
    }
    let what = format!("{call} {error} at {position}: {answer}");
    let after = fs::read(&path).unwrap();
    let is_new = after != before;
    let loaded = goxel_daemon::format::load(&path, Default::default());
    assert!(loaded.is_ok(), "{what}: the file is whole");
    assert_eq!(names(&scene.files), ["model.gox"], "{what}: nothing is left behind");
    let is_dirty = scene.client.call("goxel.get_project_info", json!({}))["dirty"] == true;
    if answer.get("error").is_none() {
        assert!(is_new && !is_dirty, "{what}: what was answered is true");
        return Some(answer);
    }
    assert!(is_dirty, "{what}: it has to be saved again");
    assert_eq!(answer["error"]["code"], -1003, "{what}");
    assert_eq!(scene.counter("goxel_failed_saves_total"), failed + 1.0, "{what}");
    wait_for("the log", || {
        let said = scene.daemon.log();
        said[log..].lines().any(|line| line.contains("[WARN] ") && line.contains("model.gox"))
    });
    let health = scene.client.call("goxel.health", json!({}));
    if OF_DISK.contains(&error) {
        let checks = health["checks"].to_string();
        assert!(checks.contains("\"saves\""), "{what}: {health}");
        assert_ne!(health["saves"]["last_error"], Value::Null, "{what}: {health}");
    }
    scene.client.call("goxel.save_project", json!({"path": path}));
    let health = scene.client.call("goxel.health", json!({}));
    assert_eq!(
        health["saves"]["last_error"],
        Value::Null,
        "{what}: a save that arrives ends it: {health}"
    );
    Some(answer)
}

/// With `GOXEL_ALL_FAULTS` each error at each position, else one error at every third.
#[test]
fn every_call_of_a_save_may_fail() {
    if !can_trace() {
        return;
    }
    let all = std::env::var_os("GOXEL_ALL_FAULTS").is_some();
    let step = if all { 1 } else { 3 };
    let (mut scene, mut number, mut failures) = (Scene::set(), 0, 0);
    for (call, errors) in CALLS {
        let mut position = 1;
        'positions: loop {
            let chosen = if all { errors } else { &errors[number % errors.len()..][..1] };
            for error in chosen {
                number += 1;
                match fault(&mut scene, number, (call, error, position)) {
                    None => break 'positions,
                    Some(answer) => failures += usize::from(answer.get("error").is_some()),
                }
            }
            position += step;
        }
    }
    println!("{number} saves with a fault, {failures} failed");
    assert!(failures > 5, "{failures} of {number}");
}

/// The system takes the beginning of a write, and then no more.
#[test]
fn a_limit_of_the_length_of_files_is_an_error_of_the_save_and_no_end_of_the_daemon() {
    let plain = command();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 64 && exec \"$0\" \"$@\""]).arg(plain.get_program());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let mut daemon = Daemon::start_as(limited, &[]);
    let path = daemon.directory().join("files/model.gox");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([0, 0, 0, "#ffffff"]));
    client.call("goxel.save_project", json!({"path": path}));
    let before = fs::read(&path).unwrap();
    let color = |n: u32| format!("#{:06x}", n.wrapping_mul(2_654_435_761) >> 8);
    let voxels: Vec<Value> =
        (0..27_000).map(|n| json!([n % 30, n / 30 % 30, n / 900, color(n)])).collect();
    client.call("goxel.edit", json!({"operations": [{"op": "voxels", "voxels": voxels}]}));
    let answer = client.ask("goxel.save_project", json!({"path": path}));
    assert_eq!(answer["error"]["code"], -1003, "{answer}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(names(path.parent().unwrap()), ["model.gox"]);
    assert!(daemon.is_alive());
}
