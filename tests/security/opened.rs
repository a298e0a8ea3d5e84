//! The table in the guide of files that the daemon opens, held against what it does open.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::process::{command, has_program, wait_for};
use crate::support::skip::skip;

/// A row of the table.
struct Row {
    patterns: Vec<String>,
    flags: Vec<String>,
    mode: Option<String>,
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn table() -> Vec<Row> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/security.md");
    let text = fs::read_to_string(guide).unwrap();
    let (_, rest) = text.split_once("## Files that the daemon opens").unwrap();
    let lines = rest.lines().skip(4).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let flags =
            quoted(cells[2]).iter().flat_map(|flags| flags.split(' ')).map(str::to_owned).collect();
        Row {
            patterns: quoted(cells[1]),
            flags,
            mode: Some(cells[3].to_owned()).filter(|mode| !mode.is_empty()),
        }
    };
    lines.map(row).collect()
}

/// Whether a name fits a pattern with stars.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len())
                .filter(|&at| name.is_char_boundary(at))
                .any(|at| fits(rest, &name[at..]))
        }),
    }
}

/// The path, flags and mode of each open in what strace told, for what lies in a directory.
fn opened(told: &str, top: &Path) -> Vec<(String, String, String)> {
    let top = top.to_str().unwrap();
    let mut found = Vec::new();
    for line in told.lines().filter(|line| line.contains("open") && !line.contains("resumed")) {
        let Some((_, call)) = line.split_once('(') else { continue };
        // The older call names no directory.
        let named = call.strip_prefix('"').map(|rest| ("", rest));
        let Some((directory, rest)) = named.or_else(|| call.split_once(", \"")) else { continue };
        let Some((name, rest)) = rest.split_once('"') else { continue };
        // So ends the line of a call during which another thread made one.
        let rest = rest.trim_end_matches(" <unfinished ...>");
        let within = directory.split_once('<').map_or("", |(_, path)| path.trim_end_matches('>'));
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{within}/{name}") };
        let Some(path) = path.strip_prefix(top) else { continue };
        let arguments: Vec<&str> =
            rest.trim_start_matches(", ").split(')').next().unwrap_or("").split(", ").collect();
        let mode = arguments.get(1).unwrap_or(&"").to_string();
        found.push((path.trim_start_matches('/').to_owned(), arguments[0].to_owned(), mode));
    }
    found
}

#[test]
fn every_file_is_opened_as_the_guide_says() {
    if !has_program("strace") {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let top = fs::canonicalize(own.path()).unwrap();
    let at = |name: &str| top.join(name).to_str().unwrap().to_owned();
    for directory in ["files", "renders"] {
        fs::create_dir(at(directory)).unwrap();
        fs::set_permissions(at(directory), std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .unwrap();
    }
    fs::write(at("config.toml"), "").unwrap();
    fs::write(at("files/colors.gpl"), "GIMP Palette\n1 2 3 one\n").unwrap();
    let told = at("strace");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-y", "-s", "4096", "-e", "trace=open,openat,openat2", "-o", &told]);
    traced.arg(env!("CARGO_BIN_EXE_goxel-daemon")).stdin(Stdio::null());
    for (name, value) in command().get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    if !Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        return skip("strace may not trace here");
    }
    traced.current_dir(&top);
    let flags: Vec<String> = [
        ("socket", "g.sock"),
        ("pid-file", "x.pid"),
        ("log-file", "x.log"),
        ("health-file", "g.health.json"),
        ("config", "config.toml"),
        ("journal", "journal"),
        ("render-dir", "renders"),
        ("state-dir", "state"),
    ]
    .map(|(flag, name)| format!("--{flag}={}", at(name)))
    .into();
    let log = fs::File::create(at("said")).unwrap();
    let mut strace =
        traced.args(flags).arg("--save-on-exit").stderr(log).stdout(Stdio::null()).spawn().unwrap();
    wait_for("the daemon", || std::os::unix::net::UnixStream::connect(at("g.sock")).is_ok());
    let mut client = crate::support::process::Client::connect(Path::new(&at("g.sock")));
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    client.call("goxel.save_project", json!({"path": at("files/a.gox")}));
    client.call("goxel.load_project", json!({"path": at("files/a.gox")}));
    client.call("goxel.import_palette", json!({"path": at("files/colors.gpl")}));
    client.call(
        "goxel.render_scene",
        json!({"width": 8, "height": 8, "options": {"return_mode": "file_path"}}),
    );
    let pid = fs::read_to_string(at("x.pid")).unwrap().trim().to_owned();
    for signal in ["-HUP", "-TERM"] {
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    strace.wait().unwrap();
    let (rows, mut met) = (table(), BTreeSet::new());
    assert_eq!(rows.len(), 10, "the table is found");
    for (path, flags, mode) in opened(&fs::read_to_string(&told).unwrap(), &top) {
        if flags.contains("O_DIRECTORY") && !flags.contains("O_TMPFILE")
            || flags.contains("O_PATH")
            || top.join(&path).is_dir() && !flags.contains("O_TMPFILE")
        {
            continue;
        }
        let path = if flags.contains("O_TMPFILE") {
            format!("{}/#", path.trim_end_matches("/."))
        } else {
            path
        };
        let row =
            rows.iter().position(|row| row.patterns.iter().any(|pattern| fits(pattern, &path)));
        let Some(index) = row else { panic!("no row of the table is about {path} ({flags})") };
        met.insert(index);
        for flag in &rows[index].flags {
            assert!(flags.contains(&**flag), "{path} is opened with {flags}, without {flag}");
        }
        if flags.contains("O_CREAT") || flags.contains("O_TMPFILE") {
            assert_eq!(Some(&mode), rows[index].mode.as_ref(), "{path}");
        }
    }
    let missed: Vec<_> =
        (0..rows.len()).filter(|index| !met.contains(index)).map(|i| &rows[i].patterns).collect();
    assert!(missed.is_empty(), "rows about files that are not opened: {missed:?}");
}
