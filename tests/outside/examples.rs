//! Every example builds the same house.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::process::Daemon;

const HOUSE: &str = "house: 16x12x9";

/// Whether a program can be started; says so if not.
pub fn is_installed(program: &str, probe: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(probe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let found = command.status().is_ok();
    if !found {
        crate::support::skip::skip(&format!("no {program}"));
    }
    found
}

fn script(name: &str) -> String {
    format!("{}/scripts/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn run(interpreter: &str, name: &str, socket: &Path, directory: &Path) -> Output {
    let mut command = Command::new(interpreter);
    command.arg(script(name)).arg(socket).arg(directory).stdin(Stdio::null()).output().unwrap()
}

fn check_house(text: &str, directory: &Path) {
    assert_eq!(text.trim(), HOUSE);
    let picture = std::fs::read(directory.join("house.png")).unwrap();
    assert_eq!(picture[1..4], *b"PNG");
    assert_eq!(std::fs::read(directory.join("house.gox")).unwrap()[..4], *b"GOX ");
}

fn runs(interpreter: &str, needs: &str, probe: &str, name: &str) {
    if !is_installed(interpreter, "--version") || !is_installed(needs, probe) {
        return;
    }
    let daemon = Daemon::start();
    let output = run(interpreter, name, daemon.socket(), daemon.directory());
    assert!(output.status.success(), "{output:?}");
    check_house(&String::from_utf8_lossy(&output.stdout), daemon.directory());
    // Without a daemon there is an error and no endless wait.
    let nobody = daemon.directory().join("nobody.sock");
    let output = run(interpreter, name, &nobody, daemon.directory());
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stderr.is_empty());
}

#[test]
fn the_rust_example_builds_a_house() {
    let daemon = Daemon::start();
    let text = super::house::build_house(daemon.socket(), daemon.directory()).unwrap();
    check_house(&text, daemon.directory());
}

#[test]
fn the_python_example_builds_a_house() {
    runs("python3", "python3", "--version", "house.py");
}

#[test]
fn the_node_example_builds_a_house() {
    runs("node", "node", "--version", "house.mjs");
}

#[test]
fn the_nc_example_builds_a_house() {
    // Other netcats have no -N.
    let help = Command::new("nc").arg("-h").output();
    let knows = help.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("-N"));
    if !knows {
        crate::support::skip::skip("no OpenBSD nc");
        return;
    }
    runs("sh", "nc", "-h", "house-nc.sh");
}

#[test]
fn the_socat_example_builds_a_house() {
    runs("sh", "socat", "-V", "house-socat.sh");
}
