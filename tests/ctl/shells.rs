//! Completions, manual pages, settings: what is made without a daemon.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::ctl::tool::run;

/// A socket that nobody serves: these commands must not ask.
const NOBODY: &str = "/nonexistent/d.sock";

/// Runs a checker with a text on its stdin; prints the skip and returns if it is not installed.
fn check(program: &str, arguments: &[&str], text: &[u8]) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        crate::support::skip::skip(&format!("no {program}"));
        return;
    };
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
}

#[test]
fn completions_are_good_shell() {
    for (shell, arguments) in
        [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute", "/dev/stdin"])]
    {
        let ran = run(Path::new(NOBODY), &["completion", shell]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("connections"), "{shell}");
        check(shell, arguments, &ran.bytes);
    }
    assert_eq!(run(Path::new(NOBODY), &["completion", "cobol"]).code, 2);
}

#[test]
fn there_is_a_lint_clean_manual_page_for_every_command() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man1");
    let ran = run(Path::new(NOBODY), &["man", "--dir", pages.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let written: Vec<_> = std::fs::read_dir(&pages).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(written.len() > 10);
    for page in &written {
        let text = std::fs::read(page).unwrap();
        check("mandoc", &["-T", "lint", "-W", "warning"], &text);
        assert!(String::from_utf8_lossy(&text).contains("Example"), "{}", page.display());
    }
    let main = run(Path::new(NOBODY), &["man"]);
    assert_eq!(main.bytes, std::fs::read(pages.join("goxelctl.1")).unwrap());
    let ran = run(Path::new(NOBODY), &["man", "--dir", "/dev/null/x"]);
    assert_eq!(ran.code, 73, "{ran:?}");
}

#[test]
fn settings_are_shown_with_their_origin() {
    let path = Path::new("/tmp/some.sock");
    let ran = run(path, &["config", "show", "--origin", "--timeout", "5s"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = |name: &str| ran.out.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("socket").contains("/tmp/some.sock"), "{}", ran.out);
    assert!(line("socket").contains("GOXEL_SOCKET_PATH"), "{}", ran.out);
    assert!(line("timeout").contains("5s") && line("timeout").contains("--timeout"));
    assert!(line("framing").contains("built-in default"));
    let ran = run(path, &["config", "show", "--json"]);
    assert!(ran.json_lines().iter().all(|line| line.get("origin").is_none()));
}
