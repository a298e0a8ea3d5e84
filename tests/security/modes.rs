//! Who may read and write what the daemon makes, under any umask.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::stage::{EVE, OWNER, Stage};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}")).mode() & 0o7777
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| [below(&path), vec![path]].concat()).collect()
}

#[test]
fn own_files_are_as_the_guide_says_under_any_umask() {
    for umask in [0, 0o022, 0o077, 0o777] {
        let Some(stage) = Stage::set() else { return };
        let [pid, log, journal, renders, state] =
            ["x.pid", "x.log", "journal", "renders", "state"].map(|name| stage.home(name));
        let mut flags = Vec::new();
        for (flag, path) in [
            ("--pid-file", &pid),
            ("--log-file", &log),
            ("--journal", &journal),
            ("--render-dir", &renders),
            ("--state-dir", &state),
        ] {
            flags.extend([flag, path.to_str().unwrap()]);
        }
        let daemon = stage.start_as(stage.command_with_umask(umask), &flags);
        let mut client = daemon.connect();
        client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
        client.call(
            "goxel.render_scene",
            json!({"width": 8, "height": 8, "options": {"return_mode": "file_path"}}),
        );
        client.call("goxel.save_project", json!({"path": stage.home("x.gox")}));
        assert_eq!(mode(&stage.home("g.sock")), 0o600, "umask {umask:03o}");
        for directory in [&journal, &renders, &state] {
            assert_eq!(mode(directory), 0o700, "{directory:?}, umask {umask:03o}");
            // Pictures are as other files are, behind a directory that nobody else may enter.
            for path in below(directory).into_iter().filter(|_| directory != &renders) {
                assert_eq!(mode(&path) & 0o077, 0, "{path:?}, umask {umask:03o}");
            }
        }
        assert_eq!(mode(&stage.home("g.sock.lock")), 0o600 & !umask);
        assert_eq!(mode(&pid), 0o644 & !umask);
        assert_eq!(mode(&log), 0o640 & !umask);
        assert_eq!(mode(&stage.home("x.gox")), 0o666 & !umask, "as any program makes files");
    }
}

#[test]
fn a_save_keeps_what_was_allowed_before() {
    let Some(stage) = Stage::set() else { return };
    let daemon = stage.start_as(stage.command_with_umask(0), &[]);
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    for wanted in [0o600, 0o640, 0o620, 0o664] {
        let path = stage.home(&format!("{wanted:o}.gox"));
        stage.put(&path, "", OWNER, wanted);
        client.call("goxel.save_project", json!({"path": path}));
        assert_eq!(mode(&path), wanted);
        assert_eq!(fs::metadata(&path).unwrap().uid(), OWNER);
    }
}

#[test]
fn nobody_else_opens_the_socket_unless_it_is_given_away_and_then_only_who_may() {
    let Some(stage) = Stage::set() else { return };
    let socket = stage.home("g.sock");
    let path = socket.to_str().unwrap();
    let ping = |user| stage.ctl(user, &["--socket", path, "ping"]).status.success();
    let daemon = stage.start(&[]);
    assert!(ping(OWNER) && !ping(EVE));
    drop(daemon);
    fs::remove_file(&socket).unwrap();
    fs::set_permissions(stage.home(""), fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = stage.start(&[]);
    assert!(ping(OWNER) && !ping(EVE), "the mode of the socket");
    drop(daemon);
    fs::remove_file(&socket).unwrap();
    let owner = OWNER.to_string();
    let daemon = stage.start(&["--socket-mode", "0666", "--allow-uid", &owner, "--allow-uid", "0"]);
    assert!(ping(OWNER) && !ping(EVE), "the list of users");
    drop(daemon);
    fs::remove_file(&socket).unwrap();
    let _daemon = stage.start(&["--socket-mode", "0666"]);
    assert!(ping(OWNER) && ping(EVE), "given away");
}
