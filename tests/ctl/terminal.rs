//! What a person at a terminal sees; util-linux's `script` is the terminal.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::ctl::tool::{Ran, finish};
use crate::support::process::{Daemon, has_program};
use crate::support::skip::skip;

/// Runs the program on a terminal and types; `None` where there is no `script`.
fn on_terminal(socket: &Path, home: &Path, arguments: &str, typed: &[&str]) -> Option<Ran> {
    if !has_program("script") {
        skip("no script of util-linux");
        return None;
    }
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_goxelctl"));
    let mut child = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .env("GOXEL_SOCKET_PATH", socket)
        .env("HOME", home)
        .env("TERM", "xterm")
        .env_remove("XDG_STATE_HOME")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let typed: Vec<String> = typed.iter().map(|&text| text.to_owned()).collect();
    let typist = std::thread::spawn(move || {
        for text in typed {
            std::thread::sleep(Duration::from_millis(400));
            // A program that has ended reads nothing more.
            let _ = stdin.write_all(text.as_bytes());
        }
        std::thread::sleep(Duration::from_millis(400));
        stdin
    });
    let ran = finish(child);
    drop(typist.join());
    Some(ran)
}

#[test]
fn an_answer_on_a_terminal_is_compact_coloured_and_in_its_order() {
    let daemon = Daemon::start();
    let arguments = "call goxel.add_voxel '[1,2,3,255,0,0]'";
    let Some(ran) = on_terminal(daemon.socket(), daemon.directory(), arguments, &[]) else {
        return;
    };
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("\x1b["), "{}", ran.out);
    let plain = ran.out.replace("\x1b[0m", "");
    let plain: String = plain
        .split("\x1b[")
        .map(|part| part.split_once('m').map_or(part, |(_, rest)| rest))
        .collect();
    assert!(plain.contains("\"color\": [255, 0, 0, 255]"), "a colour on one line: {plain}");
    assert!(plain.find("success").unwrap() < plain.find("\"x\"").unwrap(), "{plain}");
    let arguments = "--no-color call goxel.add_voxel '[1,2,3,255,0,0]'";
    let Some(ran) = on_terminal(daemon.socket(), daemon.directory(), arguments, &[]) else {
        return;
    };
    assert!(!ran.out.contains('\x1b'), "{}", ran.out);
}

#[test]
fn binary_never_reaches_a_terminal() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let gox = daemon.directory().join("a.gox");
    client.call("goxel.save_project", json!([gox]));
    let convert = format!("convert {} - --to vox", gox.display());
    for arguments in ["render -", &*convert] {
        let Some(ran) = on_terminal(daemon.socket(), daemon.directory(), arguments, &[]) else {
            return;
        };
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.out.contains("is binary and stdout is a terminal"), "{}", ran.out);
        assert!(!ran.out.contains("PNG\r") && !ran.out.contains("VOX "), "{}", ran.out);
    }
    let text = format!("convert {} - --to txt", gox.display());
    let Some(ran) = on_terminal(daemon.socket(), daemon.directory(), &text, &[]) else { return };
    assert_eq!(ran.code, 0, "text may go there: {ran:?}");
}

#[test]
fn the_prompt_hints_completes_explains_and_keeps_its_history_private() {
    let daemon = Daemon::start();
    let typed = [
        "goxel.add_vox\t",
        "1 2 3 red\r",
        "help sphere\r",
        "nonsense\r",
        "goxel.get_\t\t",
        "\x15",
        "\x03",
    ];
    let home = daemon.directory();
    let Some(ran) = on_terminal(daemon.socket(), home, "repl", &typed) else { return };
    assert_eq!(ran.code, 130, "one Ctrl-C ends it: {ran:?}");
    assert!(ran.out.contains("\x1b[2m") && ran.out.contains("color"), "a grey hint: {:?}", ran.out);
    assert!(ran.out.contains("\"success\""), "{}", ran.out);
    assert!(ran.out.contains("radius") && ran.out.contains("goxelctl edit -"), "{}", ran.out);
    assert!(ran.out.contains("Method not found") && ran.out.contains("hint: "), "{}", ran.out);
    assert!(ran.out.contains("goxel.get_bounding_box"), "a list on TAB: {}", ran.out);
    let history = home.join(".local/state/goxel/goxelctl_history");
    let facts = std::fs::metadata(&history).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&history).unwrap();
    assert!(kept.contains("goxel.add_voxel 1 2 3 red"), "{kept}");
}

#[test]
fn one_interrupt_ends_every_command() {
    let daemon = Daemon::start();
    for arguments in ["ping --count 0", "watch", "top", "bench --duration 60s"] {
        let Some(ran) = on_terminal(daemon.socket(), daemon.directory(), arguments, &["\x03"])
        else {
            return;
        };
        assert!(matches!(ran.code, 0 | 130 | -1), "{arguments}: {ran:?}");
    }
    // One that does not answer keeps nobody.
    daemon.signal("STOP");
    for arguments in ["ping", "call goxel.get_status", "script -"] {
        let ran = on_terminal(
            daemon.socket(),
            daemon.directory(),
            arguments,
            &["{\"method\":\"ping\"}\r", "\x03"],
        );
        assert!(ran.is_none_or(|ran| ran.code != 0), "{arguments}");
    }
    daemon.signal("CONT");
}
