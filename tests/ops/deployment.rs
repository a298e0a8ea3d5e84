//! Units, packages and scripts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::support::process::{Daemon, has_program};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the programs of this build are.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_goxel-daemon")).parent().unwrap().to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The units as they are installed.
fn installed_units() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let installed = Command::new(repository().join("scripts/install-units.sh"))
        .arg(programs())
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", said(&installed));
    directory
}

#[test]
fn the_units_have_nothing_to_complain_about() {
    if !has_program("systemd-analyze") {
        return;
    }
    let directory = installed_units();
    for (kind, flag) in [("user", "--user"), ("system", "--system")] {
        let units = directory.path().join("lib/systemd").join(kind);
        let verified = Command::new("systemd-analyze")
            .args(["verify", "--man=no", flag])
            .args(["goxel-daemon.service", "goxel-daemon.socket"].map(|name| units.join(name)))
            .env("XDG_RUNTIME_DIR", directory.path())
            .output()
            .unwrap();
        assert_eq!((said(&verified), verified.status.code()), (String::new(), Some(0)), "{kind}");
    }
}

#[test]
fn units_of_an_installation_in_a_home_directory_go_where_systemd_looks() {
    let home = tempfile::tempdir().unwrap();
    let installed = Command::new(repository().join("scripts/install-units.sh"))
        .args([home.path().join(".local/bin"), home.path().join(".local")])
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", said(&installed));
    let units = home.path().join(".local/share/systemd/user");
    let unit = std::fs::read_to_string(units.join("goxel-daemon.service")).unwrap();
    let program = home.path().join(".local/bin/goxel-daemon");
    assert!(unit.contains(&format!("ExecStart={}\n", program.display())), "{unit}");
    assert!(units.join("goxel-daemon.socket").exists());
    assert!(!home.path().join(".local/lib").exists(), "none that only the machine's systemd reads");
}

#[test]
fn the_units_are_shut_in() {
    if !has_program("systemd-analyze") {
        return;
    }
    let directory = installed_units();
    // What is left open, in tenths: 15 is very little, and a user's manager can forbid less.
    for (kind, most) in [("system", "15"), ("user", "65")] {
        let unit = directory.path().join("lib/systemd").join(kind).join("goxel-daemon.service");
        let analyzed = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold", most])
            .arg(unit)
            .output()
            .unwrap();
        if said(&analyzed).contains("nrecognized option") {
            return crate::support::skip::skip("systemd-analyze is too old to look at files");
        }
        assert!(analyzed.status.success(), "{kind}: {}", said(&analyzed));
    }
}

#[test]
fn the_apparmor_profile_is_one() {
    let profile = repository().join("scripts/apparmor/goxel-daemon");
    let text = std::fs::read_to_string(&profile).unwrap();
    assert!(text.contains("profile goxel-daemon @BINDIR@/goxel-daemon"));
    if !has_program("apparmor_parser") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("profile");
    std::fs::write(&file, text.replace("@BINDIR@", "/usr/bin")).unwrap();
    let parsed = Command::new("apparmor_parser").args(["-Q", "-K"]).arg(&file).output().unwrap();
    assert!(parsed.status.success(), "{}", said(&parsed));
}

#[test]
fn with_seccomp_a_daemon_does_all_that_it_did() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut daemon =
        Daemon::start_with(&["--seccomp", "--health-interval=100ms", "--save-on-exit"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    assert!(status.lines().any(|line| line == "Seccomp:\t2"), "{status}");
    let mut client = daemon.connect();
    let at = |name: &str| daemon.directory().join(name);
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    client.call("goxel.save_project", json!({"path": at("a.gox")}));
    client.call("goxel.export_model", json!({"path": at("a.obj")}));
    client.call("goxel.load_project", json!({"path": at("a.gox")}));
    client.call("goxel.render_scene", json!({"output_path": at("a.png"), "width": 8, "height": 8}));
    client.call("goxel.look", json!({"size": 64}));
    client.call("goxel.health", json!({}));
    daemon.signal("HUP");
    std::fs::remove_file(daemon.socket()).unwrap();
    crate::support::process::wait_for("the socket to be bound anew", || daemon.socket().exists());
    daemon.connect().call("ping", json!({}));
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
}

#[test]
fn the_launchd_agent_is_a_property_list() {
    if !has_program("python3") {
        return;
    }
    let check = "import plistlib, sys; p = plistlib.load(open(sys.argv[1], 'rb')); \
        print(p['Label'], p['ProgramArguments'][0], p['KeepAlive'], p['Sockets']['Listeners']['SockPathMode'])";
    let file = repository().join("scripts/launchd/io.goxel.daemon.plist");
    let parsed = Command::new("python3").arg("-c").arg(check).arg(file).output().unwrap();
    let expected = "io.goxel.daemon @BINDIR@/goxel-daemon {'SuccessfulExit': False} 384\n";
    assert_eq!(said(&parsed), expected);
}

#[test]
fn the_formula_is_ruby() {
    if !has_program("ruby") {
        return;
    }
    let file = repository().join("scripts/homebrew/goxel-daemon.rb");
    let checked = Command::new("ruby").arg("-c").arg(file).output().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn scripts_have_no_syntax_errors() {
    let scripts = [
        "health-check.sh",
        "install-units.sh",
        "install-extras.sh",
        "build-static.sh",
        "bench-idle.sh",
        "debian/build.sh",
        "debian/postinst",
        "debian/prerm",
        "debian/postrm",
    ];
    for script in scripts {
        let file = repository().join("scripts").join(script);
        let checked = Command::new("bash").arg("-n").arg(&file).output().unwrap();
        assert!(checked.status.success(), "{script}: {}", said(&checked));
    }
}

#[test]
fn the_manual_page_has_no_lint() {
    if !has_program("mandoc") {
        return;
    }
    let page = Command::new(env!("CARGO_BIN_EXE_goxel-daemon")).arg("--man").output().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("goxel-daemon.1");
    std::fs::write(&file, &page.stdout).unwrap();
    let lint = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&file).output();
    let complaints = said(&lint.unwrap());
    // A date would make each build differ.
    let others: Vec<_> = complaints.lines().filter(|line| !line.contains("missing date")).collect();
    assert_eq!(others, [""; 0]);
}

#[test]
fn make_install_puts_everything_under_its_prefix() {
    if !has_program("make") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let installed = Command::new("make")
        .current_dir(repository())
        .args(["--no-print-directory", "install-files", "PREFIX=/opt/goxel"])
        .arg(format!("DESTDIR={}", directory.path().display()))
        .arg(format!("BIN={}", programs().display()))
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", said(&installed));
    let prefix = directory.path().join("opt/goxel");
    for file in [
        "bin/goxel-daemon",
        "bin/goxelctl",
        "share/goxel/health-check.sh",
        "share/goxel/config.example.toml",
        "share/man/man1/goxelctl.1",
        "share/man/man1/goxel-daemon.1",
        "share/bash-completion/completions/goxelctl",
        "lib/systemd/user/goxel-daemon.socket",
        "lib/systemd/system/goxel-daemon.service",
        "lib/sysusers.d/goxel.conf",
        "share/goxel/apparmor/goxel-daemon",
    ] {
        assert!(prefix.join(file).exists(), "{file}");
    }
    let unit =
        std::fs::read_to_string(prefix.join("lib/systemd/user/goxel-daemon.service")).unwrap();
    assert!(unit.contains("ExecStart=/opt/goxel/bin/goxel-daemon\n"), "{unit}");
    let config = format!("--config={}", prefix.join("share/goxel/config.example.toml").display());
    let checked =
        Command::new(prefix.join("bin/goxel-daemon")).args([&*config, "--check-config"]).output();
    let checked = checked.unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn the_debian_package_is_built_and_holds_the_programs() {
    if !has_program("dpkg-deb") || !has_program("make") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let built = Command::new(repository().join("scripts/debian/build.sh"))
        .arg(directory.path())
        .env("BIN", programs())
        .env("COMPRESSION", "none")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", said(&built));
    let package = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let content = said(&Command::new("dpkg-deb").arg("--contents").arg(&package).output().unwrap());
    for file in ["./usr/bin/goxel-daemon", "./usr/lib/systemd/user/goxel-daemon.socket"] {
        assert!(content.contains(file), "{content}");
    }
}

/// The check's exit code and line.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(repository().join("scripts/health-check.sh"))
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code(), said(&output))
}

#[test]
fn the_check_for_nagios_tells_all_four_states() {
    let missing = check(&["--socket=/nonexistent/x.sock"]);
    assert_eq!(
        missing,
        (Some(2), "GOXEL CRITICAL - there is no socket at /nonexistent/x.sock\n".into())
    );
    assert_eq!(check(&["--nonsense"]).0, Some(3));

    let mut daemon = Daemon::start_with(&[
        "--health-interval=100ms",
        "--max-connections=4",
        "--max-connections-per-peer=0",
    ]);
    let socket = format!("--socket={}", daemon.socket().display());
    let (code, line) = check(&[&socket]);
    assert_eq!(code, Some(0), "{line}");
    assert!(line.starts_with(&format!("GOXEL OK - pid {}, up ", daemon.pid())), "{line}");

    let mut others = vec![daemon.connect()];
    let alone = |others: &mut Vec<crate::support::process::Client>| {
        let health = others[0].call("goxel.health", json!({}));
        health["connections"]["active"] == others.len()
    };
    crate::support::process::wait_for("the check's connection to be gone", || alone(&mut others));
    others.extend((0..2).map(|_| daemon.connect()));
    others.iter_mut().for_each(|other| drop(other.call("ping", json!({}))));
    let (code, line) = check(&[&socket]);
    assert_eq!(code, Some(2), "with the check's own connection all four are open: {line}");
    drop(others.pop());
    crate::support::process::wait_for("one to be gone", || alone(&mut others));
    let file = daemon.directory().join("goxel.health.json");
    let flag = format!("--file={}", file.display());
    crate::support::process::wait_for("a good snapshot", || check(&[&flag]).0 == Some(0));

    daemon.signal("TERM");
    assert!(daemon.wait().success());
    let (code, line) = check(&[&flag]);
    assert_eq!((code, line.contains("stopped in good order")), (Some(2), true), "{line}");
    let old = std::fs::read_to_string(&file).unwrap().replacen("stopped", "pass", 1);
    let old = old.trim_end().trim_end_matches('}').to_owned() + ",\"valid_until\":5}\n";
    std::fs::write(&file, old).unwrap();
    let (code, line) = check(&[&flag]);
    assert_eq!((code, line.contains("too old")), (Some(2), true), "{line}");
}
