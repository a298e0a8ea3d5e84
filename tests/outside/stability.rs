//! The stability and load tests run to their end, in short form, and say what they are for.

use std::process::{Command, Stdio};

use crate::outside::examples::is_installed;

fn run(script: &str, arguments: &[&str]) -> String {
    let path = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(path);
    command.args(arguments).env("GOXEL_DAEMON_BINARY", env!("CARGO_BIN_EXE_goxel-daemon"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    said
}

#[test]
fn every_script_has_help() {
    if !is_installed("python3", "--version") {
        return;
    }
    for script in [
        "stability/test_bulk_operations.py",
        "stability/test_connection_recovery.py",
        "stability/test_concurrent_clients.py",
        "stability/long_run.sh",
        "load/simulate_clients.sh",
        "load/abuse.py",
        "load/greed.py",
        "load/scarce.py",
    ] {
        assert!(run(script, &["--help"]).contains("--daemon"), "{script}");
    }
}

#[test]
fn bulk_operations_in_short() {
    if is_installed("python3", "--version") {
        let said = run("stability/test_bulk_operations.py", &["--operations", "2000"]);
        assert!(said.contains("8 passed, 0 failed"), "{said}");
    }
}

#[test]
fn connection_recovery_in_short() {
    if is_installed("python3", "--version") {
        let few = ["--restarts", "5", "--cuts", "50"];
        let said = run("stability/test_connection_recovery.py", &few);
        assert!(said.contains("3 passed, 0 failed"), "{said}");
    }
}

#[test]
fn concurrent_clients_in_short() {
    if is_installed("python3", "--version") {
        let few = ["--clients", "30", "--calls", "10", "--connects", "300"];
        let said = run("stability/test_concurrent_clients.py", &few);
        assert!(said.contains("6 passed, 0 failed"), "{said}");
    }
}

#[test]
fn simulated_clients_and_a_long_run_in_short() {
    if is_installed("python3", "--version") {
        let said = run("load/simulate_clients.sh", &["100", "--calls", "5"]);
        assert!(said.contains("ok: every call answered"), "{said}");
        let said = run("stability/long_run.sh", &["6s"]);
        assert!(said.contains("no drift"), "{said}");
    }
}

#[test]
fn abuse_in_short() {
    if is_installed("python3", "--version") {
        let said = run("load/abuse.py", &["--quick"]);
        assert!(said.contains("8 passed, 0 failed"), "{said}");
    }
}
