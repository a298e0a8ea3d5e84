//! `goxelctl convert`, `info` and `diff`: many files at once, options, reports, exit codes.

use std::path::Path;

use serde_json::{Value, json};

use super::tool::{Ran, run, run_with_input};

/// No daemon is needed for any of this.
fn nobody() -> &'static Path {
    Path::new("/nonexistent/d.sock")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn ok(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

/// A box of two colours as text.
fn model(directory: &Path, name: &str) -> std::path::PathBuf {
    let path = directory.join(name);
    let cells = (0..60).map(|n| (n % 5, n / 5 % 4, n / 20));
    let lines = cells.map(|(x, y, z)| {
        format!("{x} {y} {z} {}\n", if (x + z) % 2 == 0 { "ff0000" } else { "0000ff" })
    });
    std::fs::write(&path, lines.collect::<String>()).expect("writes");
    path
}

#[test]
fn a_refused_file_does_not_stop_the_others_and_the_highest_code_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    model(directory, "a.txt");
    model(directory, "b.txt");
    std::fs::write(directory.join("broken.vox"), b"VOX nonsense").expect("writes");
    let out = directory.join("out");
    let arguments = ["convert", text(directory), "--to", "glb", "-o", text(&out), "--json"];
    let ran = run(nobody(), &arguments);
    assert_eq!(ran.code, 65, "{ran:?}");
    let made = |name: &str| out.join(name).exists();
    assert!(made("a.glb") && made("b.glb") && !made("broken.glb"));
    let lines: Vec<Value> = ran.json_lines();
    assert_eq!(lines.iter().filter(|line| line["path"].is_string()).count(), 2, "{}", ran.out);
    let pattern = directory.join("?.txt");
    let ran = ok(run(nobody(), &["convert", text(&pattern), "--to", "ply", "-o", text(&out)]));
    assert!(made("a.ply") && made("b.ply"), "{ran:?}");
}

#[test]
fn outputs_never_replace_each_other_or_an_input() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let txt = model(directory, "a.txt");
    ok(run(nobody(), &["convert", text(&txt), text(&directory.join("a.vox"))]));
    let vox = directory.join("a.vox");
    ok(run(nobody(), &["convert", text(&txt), text(&vox), "--to", "glb", "-o", text(directory)]));
    assert!(directory.join("a.glb").exists() && directory.join("a.vox.glb").exists());
    let before = std::fs::read(&vox).expect("reads");
    let ran = ok(run(nobody(), &["convert", text(&vox), "--to", "vox"]));
    assert!(directory.join("a.vox.vox").exists(), "{ran:?}");
    assert_eq!(std::fs::read(&vox).expect("reads"), before);
}

#[test]
fn a_report_tells_of_the_mesh_and_options_are_checked() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let txt = model(directory, "a.txt");
    let obj = directory.join("a.obj");
    let closed = ["--mesh", "greedy-closed", "--report", "--json"];
    let ran = ok(run(nobody(), &[&["convert", text(&txt), text(&obj)], &closed[..]].concat()));
    let told = ran.json();
    assert_eq!(
        (&told["report"]["closed"], &told["report"]["t_junctions"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(told["report"]["sha256"].as_str().map(str::len), Some(64), "{told}");
    assert_eq!(told["beside"].as_array().map(Vec::len), Some(2), "{told}");
    assert!(directory.join("a.mtl").exists() && directory.join("a.png").exists());
    for wrong in [["--mesh", "round"], ["--turns", "x"], ["--position", "1,2"], ["--into", "none"]]
    {
        let ran = run(nobody(), &[&["convert", text(&txt), text(&obj)], &wrong[..]].concat());
        assert_eq!(ran.code, 2, "{wrong:?}: {ran:?}");
    }
    let moved = directory.join("moved.txt");
    let flags = ["--turns", "1", "--position", "10,0,0"];
    ok(run(nobody(), &[&["convert", text(&txt), text(&moved)], &flags[..]].concat()));
    let ran = run(nobody(), &["diff", text(&txt), text(&moved), "--json"]);
    assert_eq!((ran.code, &ran.json()["same"]), (1, &json!(false)), "{ran:?}");
    assert_eq!(run(nobody(), &["diff", text(&txt), text(&txt)]).code, 0);
    assert_eq!(run(nobody(), &["diff", text(&txt), "/nonexistent"]).code, 66);
}

#[test]
fn files_come_from_stdin_and_go_to_stdout() {
    let directory = tempfile::tempdir().expect("a directory");
    let txt = model(directory.path(), "a.txt");
    let bytes = std::fs::read(&txt).expect("reads");
    let ran = run_with_input(nobody(), &["convert", "-", "-", "--to", "txt"], &bytes);
    assert_eq!(ran.out.lines().filter(|line| !line.starts_with('#')).count(), 60, "{ran:?}");
    let ran = run_with_input(nobody(), &["info", "-", "--json"], &bytes);
    assert_eq!(ran.json()["layers"][0]["voxels"], 60, "{ran:?}");
}

#[test]
fn an_option_that_changes_nothing_is_named_and_a_layer_that_is_not_there_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let txt = model(directory, "a.txt");
    for (name, flags, expected) in [
        ("a.vox", &["--ao"][..], "'ao' has no effect on the format vox"),
        ("a.obj", &["--plain"], "'plain' has no effect on the format obj"),
        ("a.glb", &["--blocks", "wool"], "'blocks' has no effect on the format glb"),
        ("a.stl", &["--colors", "both"], "'colors' has no effect on the format stl"),
        ("a.glb", &["--dither"], "'dither' has no effect without 'quantize'"),
        ("a.ply", &["--colors", "texture"], "colors 'texture' is not known to the format ply"),
        ("a.npy", &["--colors", "both"], "colors 'both' is not known to the format npy"),
        ("a.glb", &["--ao", "--mesh", "greedy"], "'mesh' has no effect with 'ao'"),
        ("a.glb", &["--fit", "20"], "'fit' has no effect on what is read as text"),
        ("a.glb", &["--frames"], "'frames' has no effect on what is read as text"),
        ("a.glb", &["--region", "50,0,0,51,1,1"], "there is no voxel in the region"),
    ] {
        let to = directory.join(name);
        let arguments = [&["convert", "--json", text(&txt), text(&to)], flags].concat();
        let told = ok(run(nobody(), &arguments)).json()["warnings"].to_string();
        assert!(told.contains(expected), "{flags:?}: {told}");
        let ran = ok(run(nobody(), &[&["convert", text(&txt), text(&to)], flags].concat()));
        assert!(ran.err.contains(expected), "{flags:?}: {ran:?}");
    }
    let wanted = directory.join("none.glb");
    let ran = run(nobody(), &["convert", text(&txt), text(&wanted), "--layers", "Roof"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("there is no layer 'Roof'") && !wanted.exists(), "{ran:?}");
    let plain = ["--scale", "2", "--axes", "z-up", "--mesh", "greedy", "--colors", "both"];
    let arguments = [&["convert", text(&txt), text(&wanted)], &plain[..]].concat();
    let ran = ok(run(nobody(), &arguments));
    assert!(!ran.err.contains("effect") && !ran.err.contains("known"), "{ran:?}");
}

#[test]
fn a_model_without_voxels_and_places_that_are_rounded_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("none.txt"), "# nothing\n").expect("writes");
    let ran = ok(run(nobody(), &["convert", text(&at("none.txt")), text(&at("none.vox"))]));
    assert!(ran.err.contains("there is no voxel in it"), "{ran:?}");
    std::fs::write(at("far.txt"), "2000000000 0 0 ff0000\n").expect("writes");
    for (to, origin, is_told) in [
        ("far.glb", "keep", true),
        ("far.stl", "keep", true),
        ("far.ply", "keep", true),
        ("far.ply", "corner", false),
        ("far.obj", "keep", false),
    ] {
        let (far, to) = (at("far.txt"), at(to));
        let ran = ok(run(nobody(), &["convert", text(&far), text(&to), "--origin", origin]));
        assert_eq!(ran.err.contains("are rounded"), is_told, "{to:?} {origin}: {ran:?}");
    }
}
