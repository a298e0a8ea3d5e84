//! The journal on disks that are full, slow, read-only or not ours, as a daemon meets them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::kills::{Running, command_in, log_of};
use crate::support::process::{Client, command, has_program, wait_for};
use crate::support::skip::skip;

fn client(place: &Path) -> Client {
    Client::connect(&place.join("d.sock"))
}

/// A small disk in memory; gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where one may not be mounted.
    fn mount(place: &Path, options: &str) -> Option<SmallDisk> {
        std::fs::create_dir_all(place).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(place)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            skip("no small disk can be mounted here");
            return None;
        }
        Some(SmallDisk(place.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A box of voxels of many colours, which takes some KiB in the journal.
fn noise(x: i64) -> Value {
    let within = json!({"min": [x * 20, 0, 0], "max": [x * 20 + 15, 15, 15]});
    json!({"operations": [
        {"op": "box", "min": within["min"], "max": within["max"], "color": [99, 60, 30]},
        {"op": "noise", "within": within, "amount": 0.9, "seed": x.unsigned_abs()},
    ]})
}

/// A daemon with its journal in a directory, ended when this is dropped.
fn running_in(place: &Path, journal: &Path, flags: &[&str]) -> Running {
    let journal = journal.to_str().unwrap();
    Running::start(place, &[&["--journal", journal][..], flags].concat())
}

#[test]
fn a_full_disk_refuses_changes_and_the_rest_goes_on_until_there_is_room() {
    for policy in ["second", "always"] {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path();
        let Some(small) = SmallDisk::mount(&place.join("small"), "size=1m") else { return };
        let journal = small.0.join("journal");
        let daemon = running_in(place, &journal, &["--journal-sync", policy]);
        let mut other = client(place);
        other.call("goxel.edit", noise(-1));
        other.call("goxel.open_project", json!({"name": "passing"}));
        std::fs::write(small.0.join("filler"), vec![1; 900 << 10]).unwrap();
        // One waits for the answer of what could not be written; from then on changes are refused.
        let waiting = std::thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let mut first = client(place);
                (0..100)
                    .take_while(|x| first.ask("goxel.edit", noise(*x)).get("error").is_none())
                    .count()
            });
            let mut refused = Value::Null;
            wait_for("changes to be refused", || {
                let answer = other.ask("goxel.undo", json!({"project": "passing"}));
                refused = answer["error"].clone();
                refused["code"] == 1009
            });
            let said = refused["message"].as_str().unwrap();
            assert!(said.starts_with("journal: no space"), "{refused}");
            assert!(
                refused["data"]["hint"].as_str().is_some_and(|hint| hint.contains("room")),
                "{refused}"
            );
            for method in ["goxel.redo", "goxel.create_layer", "goxel.clear_history"] {
                assert_eq!(other.ask(method, json!({}))["error"]["code"], 1009, "{method}");
            }
            other.call("goxel.get_voxel", json!({"x": 1, "y": 1, "z": 1}));
            other.call("goxel.save_project", json!({"path": place.join("saved.gox")}));
            other.call("goxel.export_model", json!({"path": place.join("saved.vox")}));
            other.call("goxel.close_project", json!({"name": "passing", "discard": true}));
            let health = other.call("goxel.health", json!({}));
            assert_eq!(health["status"], "fail", "{health}");
            std::fs::remove_file(small.0.join("filler")).unwrap();
            wait_for("changes to be taken again", || {
                other.ask("goxel.edit", noise(1000)).get("error").is_none()
            });
            waits.join().unwrap()
        });
        assert!(waiting > 0);
        let count = |client: &mut Client| {
            let status = client.call("goxel.get_status", json!({}));
            (status["revision"].clone(), status["voxel_count"].clone())
        };
        let health = other.call("goxel.health", json!({}));
        assert!(!health["reasons"].to_string().contains("journal"), "{health}");
        let before = count(&mut other);
        daemon.kill();
        let _again = running_in(place, &journal, &["--journal-sync", policy]);
        let mut after = client(place);
        assert_eq!(count(&mut after), before, "{}", log_of(place));
        assert_eq!(
            after.call("goxel.list_projects", json!({}))["projects"].as_array().unwrap().len(),
            1
        );
    }
}

const SLOW_SYNC: &str = r#"
#include <unistd.h>
#include <sys/syscall.h>
int fdatasync(int fd) { usleep(500000); return syscall(SYS_fdatasync, fd); }
int fsync(int fd) { usleep(500000); return syscall(SYS_fsync, fd); }
"#;

#[test]
fn while_the_disk_takes_half_a_second_to_sync_nobody_waits_who_need_not() {
    if !has_program("cc") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let (source, library) = (place.join("slow.c"), place.join("slow.so"));
    std::fs::write(&source, SLOW_SYNC).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    if !built.is_ok_and(|status| status.success()) {
        return skip("cc builds no library here");
    }
    for policy in ["second", "always"] {
        let stage = place.join(policy);
        std::fs::create_dir(&stage).unwrap();
        let mut slow = command_in(&stage, &["--journal-sync", policy]);
        slow.env("LD_PRELOAD", &library);
        let _daemon = Running::start_as(&stage, slow);
        let mut edits = client(&stage);
        edits.call("goxel.edit", noise(0));
        let (mut pings, until) = (Vec::new(), Instant::now() + Duration::from_secs(2));
        std::thread::scope(|scope| {
            let edits = scope.spawn(move || {
                let mut count = 0;
                while Instant::now() < until {
                    edits.call("goxel.edit", noise(count));
                    count += 1;
                }
                count
            });
            let mut pinging = client(&stage);
            while Instant::now() < until {
                let began = Instant::now();
                pinging.call("ping", json!({}));
                pings.push(began.elapsed());
                std::thread::sleep(Duration::from_millis(2));
            }
            let edits = edits.join().unwrap();
            // Each waits for a sync, or none does.
            assert!(
                if policy == "always" { (2..9).contains(&edits) } else { edits > 9 },
                "{edits}"
            );
        });
        pings.sort_unstable();
        let p99 = pings[pings.len() * 99 / 100];
        println!("{policy}: {} pings, p99 {p99:?}, longest {:?}", pings.len(), pings.last());
        // Far from the half second of a sync: other programs want the processor as well.
        assert!(p99 < Duration::from_millis(250), "{p99:?}");
    }
}

/// A daemon that is to refuse to start.
fn started(place: &Path, flags: &[&str]) -> Output {
    let mut daemon = command();
    daemon.arg("--socket").arg(place.join("d.sock")).args(flags).stdout(Stdio::null());
    daemon.output().unwrap()
}

fn assert_refused(place: &Path, flags: &[&str], why: &str) {
    let refused = started(place, flags);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_named_directory_that_cannot_be_used_is_refused_and_a_default_one_is_done_without() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    std::fs::write(place.join("file"), "no directory").unwrap();
    let below_a_file = place.join("file/journal");
    let below_a_file = below_a_file.to_str().unwrap();
    assert_refused(place, &["--journal", below_a_file], "the journal");
    let Some(small) = SmallDisk::mount(&place.join("small"), "size=1m,ro") else { return };
    let on_it = small.0.join("journal");
    assert_refused(place, &["--journal", on_it.to_str().unwrap()], "Read-only file system");
    // A default one: the state directory lies there.
    let mut default = command();
    default.env_remove("GOXEL_JOURNAL").arg("--socket").arg(place.join("d.sock"));
    default.arg("--state-dir").arg(small.0.join("state"));
    let daemon = Running::start_as(place, default);
    let health = client(place).call("goxel.health", json!({}));
    assert_ne!(health["status"], "pass", "{health}");
    assert!(health["reasons"].to_string().contains("journal: there is none"), "{health}");
    let said = log_of(place);
    assert!(said.contains("there is no journal"), "{said}");
    daemon.kill();
}

#[test]
fn a_directory_of_somebody_else_is_refused_also_where_it_is_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let journal = place.join("journal");
    std::fs::create_dir(&journal).unwrap();
    std::fs::set_permissions(&journal, PermissionsExt::from_mode(0o700)).unwrap();
    let given = Command::new("chown").arg("4321").arg(&journal).stderr(Stdio::null()).status();
    if !given.is_ok_and(|status| status.success()) {
        return skip("directories cannot be given to others here");
    }
    assert_refused(place, &["--journal", journal.to_str().unwrap()], "belongs to user 4321");
    let (state, socket) = (place.join("state"), place.join("d.sock"));
    let default = goxel_daemon::journal::of_socket(&state, &socket);
    std::fs::create_dir_all(&default).unwrap();
    std::fs::set_permissions(&default, PermissionsExt::from_mode(0o700)).unwrap();
    assert!(Command::new("chown").arg("4321").arg(&default).status().unwrap().success());
    let mut daemon = command();
    daemon.env_remove("GOXEL_JOURNAL").arg("--socket").arg(&socket).arg("--state-dir").arg(&state);
    let refused = daemon.stdout(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("belongs to user 4321"), "{said}");
}

#[test]
fn what_memory_has_no_room_for_is_the_oldest_history_and_never_the_document() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let daemon = Running::start(place, &[]);
    let mut first = client(place);
    // Each step overwrites what the one before it drew: history is nearly all of it.
    for seed in 0..60 {
        let within = json!({"min": [0, 0, 0], "max": [63, 63, 31]});
        first.call(
            "goxel.edit",
            json!({"operations": [
                {"op": "box", "min": [0, 0, 0], "max": [63, 63, 31], "color": [seed, 60, 30]},
                {"op": "noise", "within": within, "amount": 0.9, "seed": seed},
            ]}),
        );
    }
    first.call("goxel.undo", json!({"steps": 2}));
    first.call("goxel.create_layer", json!({"name": "last"}));
    let state = |client: &mut Client| {
        let info = client.call("goxel.get_project_info", json!({}));
        ["revision", "total_voxels", "layer_count"].map(|name| info[name].clone())
    };
    let steps = |client: &mut Client| {
        client.call("goxel.history", json!({"limit": 1}))["count"].as_u64().unwrap()
    };
    let (before, all) = (state(&mut first), steps(&mut first));
    daemon.kill();
    let daemon = Running::start(place, &["--max-voxel-memory=2MiB"]);
    let mut second = client(place);
    assert_eq!(state(&mut second), before);
    let left = steps(&mut second);
    assert!((1..all).contains(&left), "{left} of {all} steps");
    assert_eq!(second.call("goxel.undo", json!({}))["steps"], 1);
    assert_eq!(second.call("goxel.redo", json!({}))["steps"], 1);
    let said = log_of(place);
    assert!(said.contains("the oldest steps of histories did not come back"), "{said}");
    assert!(!said.contains("damaged"), "{said}");
    daemon.kill();
    // The document comes back however little there is; it only cannot grow.
    let _daemon = Running::start(place, &["--max-voxel-memory=64KiB"]);
    let mut third = client(place);
    assert_eq!(state(&mut third)[1..], before[1..]);
    let grown = third.ask("goxel.edit", noise(70));
    assert_eq!(grown["error"]["code"], 1004, "{grown}");
}
