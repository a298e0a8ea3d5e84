//! `goxelctl run`: scripts on files, without a daemon.

use std::path::Path;

use serde_json::json;

use super::tool::{Ran, command, finish, run_with_input};

const BUILD: &str = "box({min: [0, 0, 0], max: [3, 3, 3], color: 'red'});
setAt(10, 10, 10, [0, 0, 255, 128]);
console.log('built', params.name);
({voxels: 65})";

/// Runs with a directory as the current one.
fn run_in(directory: &Path, words: &[&str]) -> Ran {
    let words = [&["run"], words].concat();
    let mut command = command(Path::new("/nonexistent/d.sock"), &words);
    command.current_dir(directory);
    let piped = std::process::Stdio::piped;
    finish(command.stdout(piped()).stderr(piped()).spawn().expect("it starts"))
}

fn place() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("build.js"), BUILD).expect("writes");
    directory
}

#[test]
fn a_script_tells_its_value_what_it_printed_and_what_it_changed() {
    let directory = place();
    let ran = run_in(directory.path(), &["build.js", "--param", "name=tower"]);
    assert_eq!((ran.code, ran.out.trim()), (0, r#"{"voxels":65}"#), "{ran:?}");
    assert!(
        ran.err.contains("built tower\n") && ran.err.contains("65 voxels changed in "),
        "{ran:?}"
    );
    let ran = run_in(directory.path(), &["build.js", "--dry-run", "-o", "none.gox"]);
    assert!(ran.err.contains("65 voxels would change in "), "{ran:?}");
    assert!(!directory.path().join("none.gox").exists());
}

#[test]
fn what_the_format_of_the_output_cannot_hold_is_said() {
    let directory = place();
    let ran = run_in(directory.path(), &["build.js", "-o", "out.vox"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("warning: ") && ran.err.contains("out.vox: "), "{ran:?}");
    // And what was written is read again.
    let more = directory.path().join("more.js");
    std::fs::write(more, "measure({}).voxel_count").expect("writes");
    let ran = run_in(directory.path(), &["more.js", "out.vox"]);
    assert_eq!(ran.out.trim(), "65", "{ran:?}");
}

#[test]
fn a_minus_is_stdin_or_stdout_for_the_script_the_model_and_the_picture() {
    let directory = place();
    let ran = run_in(directory.path(), &["build.js", "-o", "-", "--to", "text"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out.lines().filter(|line| !line.starts_with('#')).count(), 65, "{ran:?}");
    // The value is where it does not get among the voxels.
    assert!(ran.err.contains(r#"{"voxels":65}"#), "{ran:?}");
    let model = ran.out;
    let ran = run_in(directory.path(), &["build.js", "--look", "-"]);
    assert!(ran.code == 0 && ran.bytes.starts_with(b"\x89PNG"), "{}", ran.err);
    let nobody = Path::new("/nonexistent/d.sock");
    let ran = run_with_input(nobody, &["run", "-", "--json"], BUILD.as_bytes());
    assert_eq!(ran.json()["result"], json!({"voxels": 65}), "{ran:?}");
    let script = directory.path().join("count.js");
    std::fs::write(&script, "measure({}).voxel_count").expect("writes");
    let words = ["run", script.to_str().expect("a path"), "-"];
    let ran = run_with_input(nobody, &words, model.as_bytes());
    assert_eq!((ran.code, ran.out.trim()), (0, "65"), "{ran:?}");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason_and_the_code_of_its_kind() {
    let directory = place();
    std::fs::write(directory.path().join("endless.js"), "for (;;);").expect("writes");
    std::fs::write(directory.path().join("bad.js"), "let a = ;").expect("writes");
    for (words, code, said) in [
        (&["build.js", "--time", "0"][..], 2, "is not within 1ms to 5m"),
        (&["build.js", "--time", "1000"], 2, "is not within 1ms to 5m"),
        (&["build.js", "--time", "soon"], 2, "is not a time"),
        (&["build.js", "-o", "-"], 2, "name one with --to"),
        (&["build.js", "-o", "-", "--to", "gox", "--look", "-"], 2, "cannot both go to stdout"),
        (&["build.js", "-o", "x.zzz"], 2, "name one with --to"),
        (&["build.js", "-o", "x.gox", "--to", "nosuch"], 2, "unknown format 'nosuch'"),
        (&["build.js", "--to", "gox"], 2, "say where with -o"),
        (&["build.js", "--param", "x"], 2, "expected NAME=VALUE"),
        (&["build.js", "none.vox"], 66, "none.vox"),
        (&["no such thing"], 66, "there is no such file"),
        (&["terain"], 1, "did you mean 'terrain'?"),
        (&["bad.js"], 1, "bad.js:1:9: SyntaxError"),
        (&["endless.js", "--time", "200ms"], 1, "--time, up to 5m"),
        (&["build.js", "-o", "nosuch/x.gox"], 73, "nosuch/x.gox"),
    ] {
        let ran = run_in(directory.path(), words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
        assert!(ran.err.contains(said), "{words:?}: {ran:?}");
    }
}
