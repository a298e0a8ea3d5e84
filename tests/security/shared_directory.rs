//! Files in a directory that others can write to: what they have put at the path is never followed
//! and never replaced.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::stage::{Daemon, EVE, OWNER, PRECIOUS, Stage, readers, writers};
use crate::support::skip::skip;

fn with_a_voxel(stage: &Stage) -> Daemon {
    let daemon = stage.start(&[]);
    daemon.connect().call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    daemon
}

#[test]
fn links_of_others_are_followed_by_no_method() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    for (name, target) in [
        ("victim.gpl", stage.victim()),
        ("nothing.gpl", stage.home("new")),
        ("eves.gpl", stage.eves("x")),
        ("relative.gpl", "../home/bashrc".into()),
        ("second.gpl", stage.shared("victim.gpl")),
    ] {
        let link = stage.shared(name);
        stage.plant(&target, &link);
        for (method, params) in writers(&link).into_iter().chain(readers(&link)) {
            // The picture of an image layer is not looked at before it is drawn.
            if method != "goxel.create_image_layer" {
                assert_eq!(daemon.reason(method, params), "link", "{method} at {name}");
            }
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
    stage.is_unharmed();
    assert!(!stage.eves("x").exists());
}

#[test]
fn links_of_the_owner_are_followed_only_where_nobody_else_could_have_put_them() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    let own = |target: &Path, link: &Path| {
        symlink(target, link).unwrap();
        lchown(link, Some(OWNER), Some(OWNER)).unwrap();
    };
    own(&stage.home("model.gox"), &stage.home("link.gox"));
    let path = stage.home("link.gox");
    daemon.connect().call("goxel.save_project", json!({"path": path}));
    assert!(stage.home("model.gox").is_file(), "what the link leads to is made");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "and the link stays");
    own(&stage.home("model.gox"), &stage.shared("link.gox"));
    let reason = daemon.reason("goxel.save_project", json!({"path": stage.shared("link.gox")}));
    assert_eq!(reason, "link", "in a directory of all");
    own(&stage.home("loop.gox"), &stage.home("loop.gox"));
    let error = daemon.connect().ask("goxel.save_project", json!({"path": stage.home("loop.gox")}));
    assert_eq!(error["error"]["code"], -1003, "{error}");
    assert!(fs::symlink_metadata(stage.home("loop.gox")).unwrap().is_symlink());
}

#[test]
fn a_link_in_the_owners_home_that_somebody_else_made_is_not_followed() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    stage.plant(&stage.victim(), &stage.home("link.gpl"));
    for (method, params) in writers(&stage.home("link.gpl")) {
        assert_eq!(daemon.reason(method, params), "link", "{method}");
    }
    stage.is_unharmed();
}

#[test]
fn a_second_name_of_a_file_keeps_what_it_holds() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    for (number, (method, _)) in writers(Path::new("x.gpl")).into_iter().enumerate() {
        let path = stage.shared(&format!("{number}.gpl"));
        fs::hard_link(stage.victim(), &path).unwrap();
        let (_, params) = writers(&path).swap_remove(number);
        daemon.connect().call(method, params);
        assert_ne!(fs::read(&path).unwrap(), PRECIOUS.as_bytes(), "{method} has replaced the name");
        stage.is_unharmed();
    }
}

#[test]
fn what_is_no_regular_file_is_left_as_it_is() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    let fifo = stage.shared("fifo.gpl");
    assert!(Command::new("mkfifo").args(["-m", "666"]).arg(&fifo).status().unwrap().success());
    let socket = stage.shared("socket.gpl");
    let _listener = UnixListener::bind(&socket).unwrap();
    let directory = stage.shared("directory.gpl");
    fs::create_dir(&directory).unwrap();
    let mut all = vec![fifo, socket, directory];
    // Nodes of our own; the zero device in its place would answer for ever.
    let devices = [("zero.gpl", 'c', 5), ("null.gpl", 'c', 3)];
    for (name, kind, minor) in devices {
        let path = stage.shared(name);
        let (kind, minor) = (kind.to_string(), minor.to_string());
        let mut mknod = Command::new("mknod");
        mknod.args(["-m", "666"]).arg(&path).args([&kind, "1", &minor]);
        match mknod.status().is_ok_and(|status| status.success()) {
            true => all.push(path),
            false => skip("no device nodes can be made here"),
        }
    }
    for path in all {
        chown(&path, Some(OWNER), Some(OWNER)).unwrap();
        let before = fs::symlink_metadata(&path).unwrap();
        for (method, params) in writers(&path).into_iter().chain(readers(&path)) {
            if method != "goxel.create_image_layer" {
                assert_eq!(daemon.reason(method, params), "not_regular", "{method} {path:?}");
            }
        }
        let after = fs::symlink_metadata(&path).unwrap();
        assert_eq!((before.ino(), before.rdev()), (after.ino(), after.rdev()));
        assert!(!after.file_type().is_file() && !after.file_type().is_block_device());
    }
}

#[test]
fn a_file_of_another_user_in_a_sticky_directory_stays() {
    let Some(stage) = Stage::set() else { return };
    let daemon = with_a_voxel(&stage);
    let path = stage.shared("eves.gpl");
    stage.put(&path, "Eve's", EVE, 0o666);
    for (method, params) in writers(&path) {
        let answer = daemon.connect().ask(method, params);
        assert!(answer["error"]["data"]["path"].is_string(), "{method}: {answer}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "Eve's");
    assert_eq!(fs::read_dir(stage.shared("")).unwrap().count(), 1, "and nothing is left beside it");
}

#[test]
fn the_daemons_own_files_are_nobodys() {
    let Some(stage) = Stage::set() else { return };
    let own = |name: &str| stage.home(name);
    let (pid, log, health, journal) = (own("x.pid"), own("x.log"), own("x.json"), own("journal"));
    stage.put(&own("config.toml"), "", OWNER, 0o644);
    let mut flags = vec!["--pid-file", pid.to_str().unwrap(), "--log-file", log.to_str().unwrap()];
    flags.extend([
        "--health-file",
        health.to_str().unwrap(),
        "--journal",
        journal.to_str().unwrap(),
    ]);
    let config = own("config.toml");
    flags.extend(["--config", config.to_str().unwrap()]);
    let daemon = stage.start(&flags);
    daemon.connect().call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    symlink(stage.home(""), stage.home("way")).unwrap();
    lchown(stage.home("way"), Some(OWNER), Some(OWNER)).unwrap();
    let lock = journal.join("lock");
    let (socket, socket_lock) = (own("g.sock"), own("g.sock.lock"));
    for path in [pid, log, health, config, lock, socket, socket_lock] {
        let roundabout = stage.home("way").join(path.strip_prefix(stage.home("")).unwrap());
        for path in [&path, &roundabout] {
            let before = fs::symlink_metadata(path).unwrap().file_type();
            for (method, params) in writers(path).into_iter().chain(readers(path)) {
                if method != "goxel.create_image_layer" {
                    assert_eq!(daemon.reason(method, params), "own_file", "{method} {path:?}");
                }
            }
            assert_eq!(fs::symlink_metadata(path).unwrap().file_type(), before);
        }
    }
    daemon.connect().call("ping", json!({}));
}

/// While somebody swaps a link and a file at the path of our saves, as often as `GOXEL_SWAPS` says.
#[test]
fn a_race_between_look_and_save_is_not_won() {
    let Some(stage) = Stage::set() else { return };
    let saves = std::env::var("GOXEL_SWAPS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let daemon = with_a_voxel(&stage);
    let path = stage.shared("model.gox");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (link, file) = (stage.shared("link"), stage.shared("file"));
            while !is_over.load(Ordering::Relaxed) {
                stage.plant(&stage.victim(), &link);
                fs::rename(&link, &path).unwrap();
                stage.put(&file, "", OWNER, 0o666);
                fs::rename(&file, &path).unwrap();
            }
        });
        let mut client = daemon.connect();
        let mut saved = 0;
        for number in 0..saves {
            let method = ["goxel.save_project", "goxel.export_model"][number % 2];
            let answer =
                client.ask(method, json!({"path": path, "format": "gox", "overwrite": true}));
            saved += usize::from(answer.get("result").is_some());
        }
        is_over.store(true, Ordering::Relaxed);
        println!("{saved} of {saves} saves were done");
    });
    stage.is_unharmed();
}
