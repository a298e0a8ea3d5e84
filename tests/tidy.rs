//! The house rules as tests: how long files and functions are, which room may use which, and that
//! the guides name only what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a file without the tests at its end.
const FILE_LINES: usize = 500;
/// Columns of a line of comment, as rustfmt has it for code.
const COLUMNS: usize = 100;
/// Lines of a function.
const FUNCTION_LINES: usize = 80;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder whose names end so, as paths below the top.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(root()).expect("below the top").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A source file without its comments and without the tests at its end.
fn code_of(path: &Path) -> String {
    let text = read(path);
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let without = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    code.lines().map(without).collect::<Vec<_>>().join("\n")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The words that follow a mark in a text.
fn words_after<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(mark).map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        &rest[..rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len())]
    })
}

#[test]
fn no_file_needs_a_table_of_contents() {
    let long = |path: &PathBuf| code_of(path).lines().count() > FILE_LINES;
    let found: Vec<_> = files("src", ".rs").into_iter().filter(long).collect();
    assert!(found.is_empty(), "longer than {FILE_LINES} lines: {found:?}");
}

#[test]
fn no_comment_is_wider_than_the_code() {
    let mut found = Vec::new();
    for path in ["src", "tests", "scripts"].into_iter().flat_map(|place| files(place, ".rs")) {
        for (number, line) in read(&path).lines().enumerate() {
            let comment = line.trim_start();
            // Rows of tables cannot be broken.
            let is_row = comment.trim_start_matches(['/', '!']).trim_start().starts_with('|');
            if comment.starts_with("//") && !is_row && line.chars().count() > COLUMNS {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "wider than {COLUMNS} columns: {found:?}");
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut found = Vec::new();
    for path in files("src", ".rs") {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let bare = line.trim_start();
            let begins = ["fn ", "pub fn ", "async fn ", "const fn "];
            let begins = begins.iter().any(|begin| bare.starts_with(begin))
                || (bare.starts_with("pub") && bare.contains(" fn "));
            if !begins {
                continue;
            }
            // The code is formatted: a function ends with a brace as far in as its first line.
            let end = format!("{}}}", &line[..line.len() - bare.len()]);
            let length = lines[at..].iter().position(|line| *line == end).unwrap_or(0);
            if length > FUNCTION_LINES {
                found.push(format!("{}:{}: {length} lines", path.display(), at + 1));
            }
        }
    }
    assert!(found.is_empty(), "longer than {FUNCTION_LINES} lines: {found:#?}");
}

/// The floors as the table in `src/lib.rs` states them.
fn floors() -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in read("src/lib.rs").lines() {
        let Some(row) = line.strip_prefix("//! | ") else { continue };
        let mut cells = row.split(" | ");
        let (Some(floor), Some(rooms)) = (cells.next(), cells.next()) else { continue };
        let Ok(floor) = floor.trim().parse() else { continue };
        for room in words_after(rooms, "[`").chain(words_after(rooms, "mod@")) {
            floors.insert(room.to_owned(), floor);
        }
    }
    floors
}

/// The room that a source file belongs to.
fn room_of(path: &Path) -> Option<String> {
    let name = path.strip_prefix("src").ok()?.components().next()?.as_os_str().to_str()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (!matches!(name, "lib" | "bin" | "guide")).then(|| name.to_owned())
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let floors = floors();
    let mut wrong = BTreeSet::new();
    for path in files("src", ".rs") {
        let Some(room) = room_of(&path) else { continue };
        let Some(&own) = floors.get(&room) else {
            wrong.insert(format!("{room} has no floor in the table of src/lib.rs"));
            continue;
        };
        for used in words_after(&code_of(&path), "crate::") {
            if let Some(&floor) = floors.get(used)
                && used != room
                && floor >= own
            {
                let path = path.display();
                wrong.insert(format!("{path} (floor {own}) uses {used} (floor {floor})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the system's mathematical library computes, differently on different processors.
const INEXACT: [&str; 17] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sin_cos", "exp", "exp2", "ln", "log2",
    "log10", "powf", "cbrt", "hypot", "mul_add",
];

#[test]
fn no_function_of_the_systems_library_is_on_the_way_to_a_picture() {
    let on_the_way = ["src/render", "src/picturing", "src/document", "src/voxel", "src/mesh"];
    let mut found = BTreeSet::new();
    for path in on_the_way.iter().flat_map(|room| files(room, ".rs")) {
        let code = code_of(&path);
        for name in INEXACT.iter().filter(|name| code.contains(&format!(".{name}("))) {
            found.insert(format!("{}: {name}", path.display()));
        }
    }
    assert!(found.is_empty(), "crate::voxel::sin_cos and sqrt are exact: {found:#?}");
}

#[test]
fn the_programs_that_are_installed_are_those_that_are_built() {
    let makefile = read("Makefile");
    let installed = makefile.lines().find_map(|line| line.strip_prefix("PROGRAMS = "));
    let installed: BTreeSet<&str> = installed.expect("PROGRAMS").split_whitespace().collect();
    let manifest = read("Cargo.toml");
    let built = manifest.split("[[bin]]").skip(1).filter_map(|row| row.split('"').nth(1));
    assert_eq!(installed, built.collect());
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What starts with two hyphens in a text, with the command line before it.
fn flags(text: &str) -> BTreeSet<&str> {
    let ends = |byte: u8| !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    text.match_indices("--")
        .filter(|&(at, _)| at == 0 || !matches!(text.as_bytes()[at - 1], b'-' | b'a'..=b'z'))
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.bytes().position(ends).unwrap_or(rest.len())]
        })
        .filter(|flag| flag.len() > 3)
        .collect()
}

/// Programs of others, whose flags are theirs.
const OTHERS: [&str; 14] = [
    "systemctl",
    "cargo",
    "nc ",
    "socat",
    "docker",
    "git ",
    "curl",
    "brew",
    "journalctl",
    "loginctl",
    "redis",
    "perf",
    "npx",
    "health-check.sh",
];

/// The guides that speak of our own programs as they are; the others also speak of older ones.
fn guides() -> Vec<PathBuf> {
    let older = ["migrating.md", "reference.md", "performance.md"];
    let is_older = |path: &PathBuf| older.iter().any(|name| path.ends_with(name));
    let mut guides = files("src/guide", ".md");
    guides.retain(|path| !is_older(path));
    guides.push("README.md".into());
    guides
}

#[test]
fn guides_name_only_flags_that_there_are() {
    let mut known = output(env!("CARGO_BIN_EXE_goxel-daemon"), &["--help"]);
    known += &output(env!("CARGO_BIN_EXE_goxelctl"), &["completion", "bash"]);
    known += &output(env!("CARGO_BIN_EXE_goxelctl"), &["--help"]);
    known += &output(env!("CARGO_BIN_EXE_goxel-mcp"), &["--help"]);
    let known = flags(&known);
    let mut wrong = Vec::new();
    for path in guides() {
        for line in read(&path).lines() {
            if OTHERS.iter().any(|program| line.contains(program)) {
                continue;
            }
            for flag in flags(line).difference(&known) {
                wrong.push(format!("{}: {flag}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn guides_name_only_methods_that_there_are() {
    let table = goxel_daemon::rpc::table::Table::default();
    let mut wrong = Vec::new();
    for path in guides() {
        for name in words_after(&read(&path), "goxel.") {
            // Notifications, file names such as goxel.sock and the README's Python class look the
            // same.
            let others = [
                "", "mcpb", "call", "changed", "progress", "conf", "d", "daemon", "log", "pid",
                "prom", "rb", "service", "sock", "socket", "toml",
            ];
            // So do members of the object that scripts have.
            let of_scripts = [
                "NAME",
                "cameras",
                "getUniqueColors",
                "image",
                "layers",
                "materials",
                "palette",
                "registerScript",
                "selection",
            ];
            if path.ends_with("scripts.md") && of_scripts.contains(&name) {
                continue;
            }
            if !others.contains(&name) && table.find(&format!("goxel.{name}")).is_err() {
                wrong.push(format!("{}: goxel.{name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
