//! Kills at any moment of a save: the file is whole, and the next start leaves nothing of the save
//! behind.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use goxel_daemon::format::{ReadOptions, load};
use serde_json::json;

use crate::support::process::{Client, command, wait_for};

/// How often the daemon is killed, unless `GOXEL_SAVE_KILLS` says.
const KILLS: u64 = 20;

fn start(directory: &Path) -> (Child, Client) {
    let at = |name: &str| directory.join(name);
    let log = File::options().append(true).create(true).open(at("log")).unwrap();
    let mut command = command();
    command.arg("--socket").arg(at("g.sock")).arg("--state-dir").arg(at("state"));
    let mut child = command
        .env("GOXEL_RENDER_DIR", at("renders"))
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    wait_for("the daemon to listen", || {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended: {:?}",
            fs::read_to_string(at("log"))
        );
        UnixStream::connect(at("g.sock")).is_ok()
    });
    (child, Client::connect(&at("g.sock")))
}

/// The voxels of a file; 0 if there is none yet.
fn count(path: &Path) -> u64 {
    match load(path, ReadOptions::default()) {
        Ok(loaded) => loaded.document.layers().iter().map(|layer| layer.volume.count()).sum(),
        Err(_) if !path.exists() => 0,
        Err(error) => panic!("a kill has damaged {}: {error}", path.display()),
    }
}

#[test]
fn a_kill_during_a_save_leaves_a_whole_file_and_nothing_else() {
    let kills = std::env::var("GOXEL_SAVE_KILLS").ok().and_then(|text| text.parse().ok());
    let directory = tempfile::tempdir().unwrap();
    let files = directory.path().join("files");
    fs::create_dir(&files).unwrap();
    let path = files.join("model.gox");
    for number in 0..kills.unwrap_or(KILLS) {
        let before = count(&path);
        let (mut daemon, mut client) = start(directory.path());
        let left: Vec<_> =
            fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "model.gox"), "what a kill left is swept: {left:?}");
        let side = 20 + number % 7;
        client.call(
            "goxel.edit",
            json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [side, side, side], "color": "#a0c040"}]}),
        );
        let wanted = (side + 1).pow(3);
        let save = json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.save_project", "params": {"path": path}});
        client.send(format!("{save}\n"));
        std::thread::sleep(Duration::from_micros(number * 7919 % 40_000));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        let after = count(&path);
        assert!(after == before || after == wanted, "{before}, {wanted}, {after}");
    }
    let (mut daemon, _client) = start(directory.path());
    assert_eq!(fs::read_dir(&files).unwrap().count(), usize::from(path.exists()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}
