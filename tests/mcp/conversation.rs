//! Whole sessions: an agent that builds, looks, repairs, saves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Host, text_of};
use crate::support::process::Daemon;

fn image(result: &Value) -> Vec<u8> {
    let blocks = result["content"].as_array().unwrap();
    let image = blocks.iter().find(|block| block["type"] == "image").expect("a picture");
    assert_eq!(image["mimeType"], "image/png");
    STANDARD.decode(image["data"].as_str().unwrap()).unwrap()
}

/// Colours of a picture, most frequent first.
fn colors(png: &[u8]) -> Vec<[u8; 3]> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let mut counts = std::collections::HashMap::<[u8; 3], usize>::new();
    for pixel in bytes.chunks_exact(info.color_type.samples()) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
    }
    let mut colors: Vec<_> = counts.into_iter().collect();
    colors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    colors.into_iter().map(|(color, _)| color).collect()
}

#[test]
fn an_agent_builds_looks_slices_undoes_saves_and_exports() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    host.shake_hands();
    assert!(
        host.text("voxel_project", json!({"action": "new", "project": "house"})).contains("house")
    );
    let ops = json!([
        {"op": "box", "min": [0, 0, 0], "max": [9, 9, 5], "color": "#c03020"},
        {"op": "box", "min": [2, 0, 1], "max": [3, 0, 3], "color": "#3020c0"},
    ]);
    let edit = json!({"project": "house", "ops": ops, "look": ["front", "iso"]});
    let edited = host.call("voxel_edit", edit);
    let text = text_of(&edited);
    assert!(text.starts_with("ok 2 ops: +600 -0 voxels"), "{text}");
    assert!(text.contains("box [0,0,0]..[9,9,5], revision 1"), "{text}");
    assert!(text.lines().count() <= 10, "{text}");
    let shown = colors(&image(&edited));
    let reddish = |color: &[u8; 3]| color[0] / 2 > color[1].max(color[2]);
    assert!(shown.iter().take(3).any(reddish), "the picture shows the model: {shown:?}");
    let slice = host.text("voxel_slice", json!({"project": "house", "axis": "y", "at": 0}));
    assert!(slice.contains("aabbaaaaaa") && slice.contains("#C03020FF"), "{slice}");
    let undone = host.text("voxel_history", json!({"project": "house", "action": "undo"}));
    assert!(undone.contains("undone 1") && undone.contains("revision 2"), "{undone}");
    host.text("voxel_history", json!({"project": "house", "action": "redo"}));
    host.text("voxel_project", json!({"project": "house", "action": "save", "path": "house.gox"}));
    assert!(daemon.directory().join("house.gox").is_file());
    let exported = host.call("voxel_export", json!({"project": "house", "path": "house.vox"}));
    let link = &exported["content"][1];
    assert_eq!(link["type"], "resource_link");
    assert!(link["uri"].as_str().unwrap().ends_with("/house.vox"));
    let picture = host.ask("resources/read", json!({"uri": "goxel://picture/house/iso"}));
    let contents = &picture["result"]["contents"][0];
    assert_eq!(contents["mimeType"], "image/png");
    let png = STANDARD.decode(contents["blob"].as_str().unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let closed = host.text("voxel_project", json!({"project": "house", "action": "close"}));
    assert!(closed.contains("closed"), "{closed}");
}

#[test]
fn a_slice_is_drawn_back_by_the_map_operation() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let op = json!({"op": "map", "axis": "z", "at": 0, "origin": [-1, 2],
        "rows": ["ab.", "..b"], "legend": {"a": "#ff0000", "b": "#00ff00"}});
    host.text("voxel_edit", json!({"ops": [op]}));
    let slice = host.text("voxel_slice", json!({"axis": "z", "at": 0}));
    for row in ["3 ba.", "2 ..a"] {
        assert!(slice.contains(row), "{slice}");
    }
    let heights = host.text("voxel_slice", json!({"project_heights": true}));
    assert!(heights.contains("3 0 0 ."), "{heights}");
}

#[test]
fn sloppy_arguments_are_taken_and_reported() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let ops = r#"[{"op":"box","min":["0",0,0],"size":[4,4,"2"],"colour":"FF0000"}]"#;
    let text = host.text("voxel_edit", json!({"operations": ops, "dryRun": "false"}));
    assert!(text.contains("+32 -0 voxels"), "{text}");
    assert!(text.contains("note: \"dryRun\" read as \"dry_run\""), "{text}");
    let ball = json!({"type": "ball", "centre": {"x": 1, "y": 1, "z": 4}, "radius": "1", "layer": "LAYER.1", "color": "blue"});
    let text = host.text("voxel_edit", json!({"ops": ball}));
    assert!(text.contains("one object read as a list of one"), "{text}");
    let text = host.text("voxel_look", json!({"views": "Front", "size": "200"}));
    assert!(text.contains("note: \"size\": \"200\" read as 200"), "{text}");
    let text = host.text("voxel_history", json!({"action": "UNDO", "steps": "2"}));
    assert!(text.contains("undone 2"), "{text}");
}

#[test]
fn a_dry_run_and_a_conflict_change_nothing_and_a_conflict_tells_what_came_between() {
    let daemon = Daemon::start();
    let [mut one, mut other] = [(); 2].map(|()| Host::beside(&daemon));
    let boxed =
        |x: i64| json!([{"op": "box", "min": [x, 0, 0], "max": [x + 1, 1, 1], "color": "red"}]);
    let dry = one.text("voxel_edit", json!({"ops": boxed(0), "dry_run": true}));
    assert!(dry.starts_with("dry run of 1 op: would be +8"), "{dry}");
    one.text("voxel_edit", json!({"ops": boxed(0), "expected_revision": 0}));
    other.text("voxel_edit", json!({"ops": boxed(10), "expected_revision": 1}));
    let refused = one.refusal("voxel_edit", json!({"ops": boxed(20), "expected_revision": 1}));
    assert!(refused.contains("revision 2, not 1"), "{refused}");
    assert!(
        refused.contains("8 voxels changed (8 came, 0 went) in [10,0,0]..[11,1,1]"),
        "{refused}"
    );
    assert!(refused.contains("Nothing was changed."), "{refused}");
    let seen = one.text("voxel_inspect", json!({}));
    assert!(seen.contains("16 voxels"), "{seen}");
}

#[test]
fn two_hundred_thousand_voxels_are_built_measured_and_looked_at() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let ops = json!([{"op": "sphere", "center": [0, 0, 40], "radius": 37, "color": "teal"}]);
    let result = host.call("voxel_edit", json!({"ops": ops, "look": ["iso", "top", "left"]}));
    assert!(text_of(&result).contains("ok 1 op: +2"), "{}", text_of(&result));
    assert!(image(&result).len() < 700_000);
    let text = host.text("voxel_look", json!({"views": ["iso"], "size": 640}));
    assert!(text.contains("75x75x75"), "{text}");
}

#[test]
fn without_a_daemon_a_tool_says_exactly_what_to_run() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("none.sock");
    let mut host = Host::with(&socket, directory.path(), &[]);
    let text = host.refusal("voxel_inspect", json!({}));
    let command = format!("goxel-daemon --daemonize --socket={}", socket.display());
    assert!(text.contains(&command) && text.contains("--spawn"), "{text}");
    let resources = host.ask("resources/list", json!({}));
    assert!(resources["result"]["resources"].as_array().unwrap().len() >= 3, "guides are there");
}
