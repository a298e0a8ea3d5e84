//! What others have put where the daemon keeps files of its own: it refuses to start, says which
//! file it is, and nothing is changed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use super::stage::{EVE, OWNER, Stage};

/// What may lie at a path, put there by Eve.
const PLANTED: [&str; 8] = [
    "link",
    "link to nothing",
    "link to itself",
    "link to a directory",
    "fifo",
    "directory",
    "file",
    "second name of a file of the owner",
];

fn put(stage: &Stage, what: &str, at: &Path) {
    match what {
        "link" => stage.plant(&stage.victim(), at),
        "link to nothing" => stage.plant(&stage.home("new"), at),
        "link to itself" => stage.plant(at, at),
        "link to a directory" => stage.plant(&stage.home(""), at),
        "fifo" => {
            assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
            chown(at, Some(EVE), Some(EVE)).unwrap();
        }
        "directory" => {
            fs::create_dir(at).unwrap();
            chown(at, Some(EVE), Some(EVE)).unwrap();
        }
        "file" => stage.put(at, "", EVE, 0o666),
        _ => fs::hard_link(stage.victim(), at).unwrap(),
    }
}

fn each_is_refused(flag: &str, name: &str, planted_as: &str) {
    let Some(stage) = Stage::set() else { return };
    for (number, what) in PLANTED.into_iter().enumerate() {
        let path = stage.shared(&format!("{number}{name}"));
        let planted = stage.shared(&format!("{number}{planted_as}"));
        put(&stage, what, &planted);
        let before = fs::symlink_metadata(&planted).unwrap().file_type();
        let said = stage.refuses(&[flag, path.to_str().unwrap()]);
        let names = |path: &Path| said.contains(path.to_str().unwrap());
        assert!(names(&planted) || names(&path), "{flag}, {what}: {said}");
        assert_eq!(
            fs::symlink_metadata(&planted).unwrap().file_type(),
            before,
            "{what} is still there"
        );
        stage.is_unharmed();
    }
}

#[test]
fn nothing_that_others_planted_becomes_the_pid_file() {
    each_is_refused("--pid-file", "x.pid", "x.pid");
}

#[test]
fn nothing_that_others_planted_becomes_the_log() {
    each_is_refused("--log-file", "x.log", "x.log");
}

#[test]
fn nothing_that_others_planted_becomes_the_health_file() {
    each_is_refused("--health-file", "x.json", "x.json");
}

#[test]
fn nothing_that_others_planted_becomes_the_socket() {
    each_is_refused("--socket", "x.sock", "x.sock");
}

#[test]
fn nothing_that_others_planted_becomes_the_lock_of_the_socket() {
    each_is_refused("--socket", "x.sock", "x.sock.lock");
}

/// Directories that are no place for files of ours.
fn each_directory_is_refused(flag: &str) {
    let Some(stage) = Stage::set() else { return };
    let make = |name: &str, mode: u32, user: u32| {
        let path = stage.shared(name);
        fs::DirBuilder::new().mode(mode).create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        chown(&path, Some(user), Some(user)).unwrap();
        path
    };
    let link = stage.shared("link");
    stage.plant(&stage.home(""), &link);
    let file = stage.shared("file");
    stage.put(&file, "", EVE, 0o666);
    let open = make("open", 0o777, OWNER);
    let of_a_group = make("of a group", 0o770, OWNER);
    for path in
        [make("eves", 0o755, EVE), make("eves open", 0o777, EVE), open, of_a_group, link, file]
    {
        let path = path.to_str().unwrap();
        let said = stage.refuses(&[flag, path]);
        assert!(said.contains(path), "{said}");
        stage.is_unharmed();
    }
}

#[test]
fn pictures_are_not_kept_where_others_can_write() {
    each_directory_is_refused("--render-dir");
}

#[test]
fn no_journal_is_kept_where_others_can_write() {
    each_directory_is_refused("--journal");
}

#[test]
fn a_state_directory_where_others_can_write_is_not_used() {
    let Some(stage) = Stage::set() else { return };
    let path = stage.shared("state");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
    chown(&path, Some(OWNER), Some(OWNER)).unwrap();
    stage.plant(&stage.home(""), &path.join("rescued"));
    stage.plant(&stage.home(""), &path.join("saves"));
    let daemon = stage.start(&["--state-dir", path.to_str().unwrap(), "--save-on-exit"]);
    daemon.connect().call("goxel.add_voxel", serde_json::json!([1, 2, 3, "#ffffff"]));
    assert_eq!(daemon.stop().code(), Some(1), "what cannot be saved is told by the exit code");
    assert!(stage.log().contains("may be written by others"), "{}", stage.log());
    stage.is_unharmed();
    assert!(
        fs::read_dir(stage.home(""))
            .unwrap()
            .flatten()
            .all(|entry| { !entry.file_name().to_string_lossy().ends_with("default.gox") })
    );
}

#[test]
fn a_second_daemon_does_not_share_a_health_file() {
    let Some(stage) = Stage::set() else { return };
    let path = stage.home("health.json");
    let path = path.to_str().unwrap();
    let _first = stage.start(&["--health-file", path]);
    let socket = stage.home("second.sock");
    let said = stage.refuses(&["--socket", socket.to_str().unwrap(), "--health-file", path]);
    assert!(said.contains(path) && said.contains("another daemon"), "{said}");
    assert!(!socket.exists(), "and leaves no socket");
}

#[test]
fn a_second_daemon_does_not_share_a_pid_file_or_a_journal() {
    let Some(stage) = Stage::set() else { return };
    let (pid, journal) = (stage.home("x.pid"), stage.home("journal"));
    let (pid, journal) = (pid.to_str().unwrap(), journal.to_str().unwrap());
    let _first = stage.start(&["--pid-file", pid, "--journal", journal]);
    let socket = stage.home("second.sock");
    for (flag, path) in [("--pid-file", pid), ("--journal", journal)] {
        let said = stage.refuses(&["--socket", socket.to_str().unwrap(), flag, path]);
        assert!(said.contains(path) && said.contains("another daemon"), "{said}");
    }
}

#[test]
fn a_rescued_file_never_follows_what_waits_at_its_name() {
    let Some(stage) = Stage::set() else { return };
    let project = stage.shared("house.gox");
    let state = stage.home("state");
    stage.plant(&stage.victim(), &stage.shared("house.rescued.gox"));
    stage.plant(&stage.home("new"), &stage.shared("house.rescued-2.gox"));
    let flags = [
        "--project",
        project.to_str().unwrap(),
        "--save-on-exit",
        "--state-dir",
        state.to_str().unwrap(),
    ];
    let daemon = stage.start(&flags);
    daemon.connect().call("goxel.add_voxel", serde_json::json!([1, 2, 3, "#ffffff"]));
    stage.put(&project, "somebody else's", OWNER, 0o644);
    assert_eq!(daemon.stop().code(), Some(1));
    stage.is_unharmed();
    assert_eq!(fs::read_to_string(&project).unwrap(), "somebody else's");
    assert!(stage.shared("house.rescued-3.gox").is_file(), "{}", stage.log());
}

#[test]
fn what_is_rescued_is_for_the_owners_eyes_only() {
    let Some(stage) = Stage::set() else { return };
    let state = stage.home("state");
    let mut command = stage.command_with_umask(0);
    command.env_remove("GOXEL_STATE_DIR");
    let daemon =
        stage.start_as(command, &["--save-on-exit", "--state-dir", state.to_str().unwrap()]);
    daemon.connect().call("goxel.add_voxel", serde_json::json!([1, 2, 3, "#ffffff"]));
    assert_eq!(daemon.stop().code(), Some(1));
    let rescued = state.join("rescued/default.gox");
    assert_eq!(fs::metadata(&rescued).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(rescued.parent().unwrap()).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let _again = stage.start(&["--state-dir", state.to_str().unwrap()]);
    assert!(
        stage.log().contains(rescued.to_str().unwrap()),
        "the next start tells: {}",
        stage.log()
    );
}

#[test]
fn a_home_that_is_not_there_is_not_made() {
    let Some(stage) = Stage::set() else { return };
    let home = stage.shared("nobody's");
    let mut command = stage.command();
    command.env("HOME", &home).env_remove("GOXEL_STATE_DIR").env_remove("GOXEL_JOURNAL");
    let daemon = stage.start_as(command, &[]);
    daemon.connect().call("goxel.add_voxel", serde_json::json!([1, 2, 3, "#ffffff"]));
    assert!(!home.exists());
    assert!(stage.log().contains("there is no state directory"), "{}", stage.log());
}

#[test]
fn a_home_that_cannot_be_entered_costs_a_warning() {
    let Some(stage) = Stage::set() else { return };
    let home = stage.shared("locked");
    fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
    for home in [home.as_path(), Path::new("/dev/null")] {
        let mut command = stage.command();
        command.env("HOME", home).env_remove("GOXEL_JOURNAL");
        let daemon = stage.start_as(command, &[]);
        daemon.connect().call("ping", serde_json::json!({}));
        assert!(stage.log().contains("[WARN]"), "{}", stage.log());
    }
}

#[test]
fn a_foreign_socket_is_not_taken_for_the_daemons() {
    let Some(stage) = Stage::set() else { return };
    // Eve's daemon answers where the owner looks for the own one.
    let socket = stage.eves("g.sock");
    let mut command = stage.command();
    use std::os::unix::process::CommandExt;
    command.uid(EVE).gid(EVE).env("HOME", stage.eves("")).current_dir(stage.eves(""));
    command.args(["--socket-mode", "0666"]).arg("--socket").arg(&socket);
    let mut eves = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    crate::support::process::wait_for("Eve's daemon", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    let path = socket.to_str().unwrap();
    let ask = |more: &[&str]| {
        let arguments = [&["--socket", path, "ping"], more].concat();
        stage.ctl(OWNER, &arguments)
    };
    let nobodys = (OWNER + 7).to_string();
    let refused = ask(&["--peer-uid", &nobodys]);
    assert_eq!(refused.status.code(), Some(77), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains(&format!("user {EVE} answers")));
    assert!(ask(&["--peer-uid", &EVE.to_string()]).status.success());
    assert!(ask(&[]).status.success(), "whoever names a path means it");
    eves.kill().unwrap();
    eves.wait().unwrap();
}

#[test]
fn a_lock_of_another_user_is_said_as_that() {
    let Some(stage) = Stage::set() else { return };
    let socket = stage.shared("g.sock");
    stage.put(&stage.shared("g.sock.lock"), "1\n", EVE, 0o600);
    let said = stage.refuses(&["--socket", socket.to_str().unwrap()]);
    assert!(said.contains(&format!("user {EVE}")), "{said}");
}

#[test]
fn a_file_of_roots_and_a_terminal_are_no_attack() {
    let Some(stage) = Stage::set() else { return };
    let log = stage.home("x.log");
    stage.put(&log, "", 0, 0o666);
    let daemon = stage.start(&["--log-file", log.to_str().unwrap()]);
    daemon.connect().call("ping", serde_json::json!({}));
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(fs::read_to_string(&log).unwrap().contains("stopped"));
    let device = Path::new("/dev/null");
    assert!(fs::metadata(device).unwrap().file_type().is_char_device());
    stage.start(&["--log-file", "/dev/null"]).connect().call("ping", serde_json::json!({}));
}
