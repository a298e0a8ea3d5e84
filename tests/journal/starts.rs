//! How a daemon begins with a journal that is there, and what it leaves.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

use super::kills::{Running, log_of};
use crate::support::process::{Client, command, wait_for};

fn client(directory: &Path) -> Client {
    Client::connect(&directory.join("d.sock"))
}

fn journal(directory: &Path) -> PathBuf {
    directory.join("journal")
}

fn edit(client: &mut Client, x: i64) {
    client.call("goxel.add_voxel", json!([x, 0, 0, 255, 0, 0, 255]));
}

fn revision(client: &mut Client) -> u64 {
    client.call("goxel.get_status", json!({}))["revision"].as_u64().unwrap()
}

#[test]
fn a_clean_stop_keeps_what_was_not_saved_and_nothing_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    Running::start(directory.path(), &[]).stop();
    assert!(!journal(directory.path()).exists(), "nothing happened");
    let daemon = Running::start(directory.path(), &[]);
    let mut first = client(directory.path());
    edit(&mut first, 1);
    first.call("goxel.checkpoint", json!({"name": "one"}));
    let before = first.call("goxel.history", json!({}));
    daemon.stop();
    let _daemon = Running::start(directory.path(), &[]);
    let mut second = client(directory.path());
    assert_eq!(second.call("goxel.history", json!({})), before);
    let listed = second.call("goxel.list_projects", json!({}));
    assert_eq!(listed["projects"][0]["recovered_edits"], 1, "{listed}");
}

/// The logs of a journal: their names and lengths.
fn logs(directory: &Path) -> Vec<(String, u64)> {
    let files = std::fs::read_dir(journal(directory)).unwrap().flatten();
    let logs = files.filter(|file| file.file_name().to_string_lossy().starts_with("log-"));
    let known = |file: std::fs::DirEntry| {
        let name = file.file_name().to_string_lossy().into_owned();
        file.metadata().ok().map(|facts| (name, facts.len()))
    };
    logs.filter_map(known).collect()
}

#[test]
fn logs_that_were_written_anew_within_one_sync_all_go() {
    let directory = tempfile::tempdir().unwrap();
    let _daemon = Running::start(directory.path(), &["--journal-compact-bytes", "4096"]);
    let mut first = client(directory.path());
    let generations = || log_of(directory.path()).matches("was written anew").count();
    let mut x = 0;
    wait_for("the log to be written anew", || {
        (0..100).for_each(|step| edit(&mut first, x + step));
        x += 100;
        first.call("goxel.clear_history", json!({}));
        generations() >= 10
    });
    wait_for("the logs before to go", || logs(directory.path()).len() == 1);
}

#[test]
fn the_thousandth_document_costs_the_log_what_the_first_did() {
    let directory = tempfile::tempdir().unwrap();
    let _daemon = Running::start(directory.path(), &[]);
    let mut first = client(directory.path());
    let mut lengths = vec![0];
    for _ in 0..3 {
        for _ in 0..500 {
            first.call("goxel.create_project", json!(["again"]));
            edit(&mut first, 1);
        }
        first.call("goxel.save_project", json!({"path": directory.path().join("all.gox")}));
        lengths.push(logs(directory.path()).iter().map(|log| log.1).sum());
    }
    let [_, one, two, three] = lengths[..] else { panic!("{lengths:?}") };
    assert!(three - two < 2 * (two - one) && two - one < 2 * one, "{lengths:?}");
}

#[test]
fn saving_is_remembered_and_so_is_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &[]);
    let mut first = client(directory.path());
    edit(&mut first, 1);
    let path = directory.path().join("house.gox");
    first.call("goxel.save_project", json!({"path": path}));
    first.call("goxel.open_project", json!({"name": "copy", "path": path}));
    let before = first.call("goxel.list_projects", json!({}));
    daemon.kill();
    let _daemon = Running::start(directory.path(), &[]);
    let mut second = client(directory.path());
    assert_eq!(second.call("goxel.list_projects", json!({})), before);
    assert_eq!(before["projects"][1]["dirty"], false, "{before}");
}

/// What another daemon says that is refused the journal.
fn refusal_of(directory: &Path) -> String {
    let second = command()
        .arg("--socket")
        .arg(directory.join("other.sock"))
        .arg("--journal")
        .arg(journal(directory))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    said
}

#[test]
fn a_directory_serves_one_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let _daemon = Running::start(directory.path(), &[]);
    let said = refusal_of(directory.path());
    assert!(said.contains("is in use by another daemon"), "{said}");
}

#[test]
fn a_log_that_is_no_file_is_neither_waited_for_nor_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &[]);
    edit(&mut client(directory.path()), 1);
    daemon.kill();
    let log = journal(directory.path()).join("log-1");
    std::fs::remove_file(&log).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&log).status().unwrap();
    assert!(made.success());
    let said = refusal_of(directory.path());
    assert!(said.contains("log-1") && said.contains("no regular file"), "{said}");
    assert!(!std::fs::symlink_metadata(&log).unwrap().is_file());
}

#[test]
fn fresh_begins_with_nothing_and_sets_the_old_journal_aside() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &[]);
    edit(&mut client(directory.path()), 1);
    daemon.kill();
    let _daemon = Running::start(directory.path(), &["--fresh"]);
    assert_eq!(revision(&mut client(directory.path())), 0);
    assert!(journal(directory.path()).join("old-1/log-1").exists());
}

#[test]
fn a_torn_tail_is_cut_and_damage_is_kept_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &[]);
    let mut first = client(directory.path());
    (0..10).for_each(|x| edit(&mut first, x));
    daemon.kill();
    let path = journal(directory.path()).join("log-1");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 5);
    std::fs::write(&path, &bytes).unwrap();
    let daemon = Running::start(directory.path(), &[]);
    assert_eq!(revision(&mut client(directory.path())), 9);
    assert!(log_of(directory.path()).contains("was cut off by"));
    daemon.kill();
    let mut bytes = std::fs::read(&path).unwrap();
    let within = bytes.len() - 300;
    bytes[within] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let _daemon = Running::start(directory.path(), &[]);
    let mut last = client(directory.path());
    assert!((1..9).contains(&revision(&mut last)));
    let health = last.call("goxel.health", json!({}));
    assert_eq!(health["reasons"], json!(["journal: was damaged"]), "{health}");
    assert!(path.with_extension("damaged").exists());
}

/// Makes a journal one of the first version.
fn put_version_one(place: &Path) {
    let manifest = std::fs::read_to_string(place.join("manifest")).unwrap();
    let body = manifest.rsplit_once("check ").unwrap().0;
    let older = body.replace("goxel-journal 2", "goxel-journal 1");
    assert_ne!(older, body);
    let check = crc32c::crc32c(older.as_bytes());
    std::fs::write(place.join("manifest"), format!("{older}check {check:08x}\n")).unwrap();
    let mut log = std::fs::read(place.join("log-1")).unwrap();
    log[8] = 1;
    let check = crc32c::crc32c(&log[..36]);
    log[36..40].copy_from_slice(&check.to_le_bytes());
    std::fs::write(place.join("log-1"), log).unwrap();
}

#[test]
fn a_log_of_an_older_program_is_read_and_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Running::start(directory.path(), &[]);
    let mut first = client(directory.path());
    for x in 0..5 {
        first.call("goxel.add_voxel", json!([x, 0, 0, "#ff0000"]));
    }
    daemon.kill();
    let place = journal(directory.path());
    put_version_one(&place);
    let daemon = Running::start(directory.path(), &[]);
    let mut second = client(directory.path());
    assert_eq!(revision(&mut second), 5);
    second.call("goxel.create_camera", json!({}));
    wait_for("the log to be written anew", || !place.join("log-1").exists());
    let head = std::fs::read(place.join("log-2")).unwrap();
    assert_eq!(head[8..12], [2, 0, 0, 0]);
    assert!(std::fs::read_to_string(place.join("manifest")).unwrap().contains("goxel-journal 2"));
    daemon.kill();
    let _daemon = Running::start(directory.path(), &[]);
    assert_eq!(revision(&mut client(directory.path())), 6);
}

#[test]
fn a_log_of_a_newer_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let place = journal(directory.path());
    std::fs::create_dir(&place).unwrap();
    let manifest = "goxel-journal 1\ngeneration 1\nsocket x\n";
    let check = crc32c::crc32c(manifest.as_bytes());
    std::fs::write(place.join("manifest"), format!("{manifest}check {check:08x}\n")).unwrap();
    let mut head = goxel_daemon::journal::log_head(1, [7; 16]);
    head[8] += 1;
    let check = crc32c::crc32c(&head[..36]);
    head[36..].copy_from_slice(&check.to_le_bytes());
    std::fs::write(place.join("log-1"), head).unwrap();
    let refused = command()
        .arg("--socket")
        .arg(directory.path().join("d.sock"))
        .arg("--journal")
        .arg(&place)
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("written by a newer program"), "{said}");
    assert_eq!(std::fs::read(place.join("log-1")).unwrap(), head);
}
