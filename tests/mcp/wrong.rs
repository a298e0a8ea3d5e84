//! A hundred wrong calls: each answer says where, what the rule is and how it would be right, and
//! nothing was changed.

use serde_json::{Value, json};

use super::client::Host;
use crate::support::process::Daemon;

/// One operation that is wrong.
fn op(operation: Value) -> (&'static str, Value) {
    (
        "voxel_edit",
        json!({"ops": [{"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "red"}, operation]}),
    )
}

fn wrong_operations() -> Vec<(&'static str, Value)> {
    let operations = [
        json!({}),
        json!(5),
        json!(null),
        json!([]),
        json!("box"),
        json!({"op": 7}),
        json!({"op": "shpere"}),
        json!({"op": "explode"}),
        json!({"op": ""}),
        json!({"op": "box"}),
        json!({"op": "box", "min": [0, 0, 0], "color": "red"}),
        json!({"op": "box", "min": [0, 0], "max": [1, 1, 1], "color": "red"}),
        json!({"op": "box", "min": [0, 0, 0, 0], "max": [1, 1, 1], "color": "red"}),
        json!({"op": "box", "min": ["a", 0, 0], "max": [1, 1, 1], "color": "red"}),
        json!({"op": "box", "min": [3_000_000_000_i64, 0, 0], "max": [1, 1, 1], "color": "red"}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1]}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "reddish"}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "#12345"}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": [300, 0, 0]}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": [1, 2]}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": {"r": 1}}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "mode": "multiply"}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "holow": 1}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "hollow": -1}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "layer": "Roof"}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "layer": 77}),
        json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red", "nonsense": true}),
        json!({"op": "sphere", "center": [0, 0, 0], "color": "red"}),
        json!({"op": "sphere", "radius": 3, "color": "red"}),
        json!({"op": "sphere", "center": [0, 0, 0], "radius": -3, "color": "red"}),
        json!({"op": "sphere", "center": [0, 0, 0], "radius": "big", "color": "red"}),
        json!({"op": "sphere", "center": "middle", "radius": 3, "color": "red"}),
        json!({"op": "ellipsoid", "color": "red"}),
        json!({"op": "ellipsoid", "center": [0, 0, 0], "radii": [1, 2], "color": "red"}),
        json!({"op": "cylinder", "center": [0, 0, 0], "radius": 3, "axis": "w", "color": "red"}),
        json!({"op": "cylinder", "center": [0, 0, 0], "radius": 3, "height": -2, "color": "red"}),
        json!({"op": "torus", "center": [0, 0, 0], "radius": 5, "color": "red"}),
        json!({"op": "line", "color": "red"}),
        json!({"op": "line", "points": "everywhere", "color": "red"}),
        json!({"op": "line", "points": [[0, 0]], "color": "red"}),
        json!({"op": "voxels", "voxels": [[0, 0]]}),
        json!({"op": "voxels", "voxels": "none"}),
        json!({"op": "voxels", "voxels": [[0, 0, 0, "blurple"]]}),
        json!({"op": "map", "rows": ["a"], "at": 0}),
        json!({"op": "map", "rows": ["a"], "legend": {"b": "red"}, "at": 0}),
        json!({"op": "map", "rows": [], "legend": {"a": "red"}, "at": 0}),
        json!({"op": "map", "rows": ["a"], "legend": {"ab": "red"}, "at": 0}),
        json!({"op": "heightmap", "rows": [["x"]], "color": "red"}),
        json!({"op": "heightmap", "rows": [[-1]], "color": "red"}),
        json!({"op": "heightmap", "rows": [[1]], "gradient": ["red"]}),
        json!({"op": "copy", "min": [0, 0, 0], "max": [1, 1, 1]}),
        json!({"op": "copy", "min": [0, 0, 0], "max": [1, 1, 1], "to": [9, 9]}),
        json!({"op": "move", "to": [1, 1, 1]}),
        json!({"op": "mirror", "axis": "q", "at": 0}),
        json!({"op": "mirror", "axis": "x"}),
        json!({"op": "mirror", "axis": "x", "at": "here"}),
        json!({"op": "rotate", "axis": "z", "turns": "half"}),
        json!({"op": "scale", "factor": 0}),
        json!({"op": "scale", "factor": "huge"}),
        json!({"op": "scale"}),
        json!({"op": "replace_color", "from": "red"}),
        json!({"op": "replace_color", "from": "red", "to": "blue", "tolerance": 999}),
        json!({"op": "fill", "color": "red"}),
        json!({"op": "fill", "at": [0], "color": "red"}),
        json!({"op": "extrude", "at": [0, 0, 0], "direction": "up"}),
        json!({"op": "extrude", "direction": "+z"}),
        json!({"op": "hollow", "thickness": 0}),
        json!({"op": "shell", "thickness": 900, "color": "red"}),
        json!({"op": "smooth", "amount": 99}),
        json!({"op": "noise", "amount": 7}),
        json!({"op": "combine"}),
        json!({"op": "repeat", "operations": [{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "colr": "red"}], "times": 2, "step": [3, 0, 0]}),
        json!({"op": "stamp", "path": "missing.gox", "at": [0, 0, 0]}),
        json!({"op": "stamp", "path": "../out.gox", "at": [0, 0, 0]}),
        json!({"op": "combine", "source": 77}),
    ];
    operations.into_iter().map(op).collect()
}

fn wrong_calls() -> Vec<(&'static str, Value)> {
    let good = json!([{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]);
    vec![
        ("voxel_edit", json!({})),
        ("voxel_edit", json!({"ops": []})),
        ("voxel_edit", json!({"ops": 5})),
        ("voxel_edit", json!({"ops": "not json"})),
        ("voxel_edit", json!({"ops": vec![json!({"op": "clear"}); 201]})),
        ("voxel_edit", json!({"ops": good, "project": "nonsense"})),
        ("voxel_edit", json!({"ops": good, "mode": "multiply"})),
        ("voxel_edit", json!({"ops": good, "dry_run": "perhaps"})),
        ("voxel_edit", json!({"ops": good, "expected_revision": 99})),
        ("voxel_edit", json!({"ops": good, "expected_revision": -1})),
        ("voxel_edit", json!({"ops": good, "look": ["sideways"]})),
        ("voxel_edit", json!({"ops": good, "colour": "red"})),
        ("voxel_look", json!({"views": ["isometrc"]})),
        ("voxel_look", json!({"views": 5})),
        ("voxel_look", json!({"size": 5})),
        ("voxel_look", json!({"size": "large"})),
        ("voxel_look", json!({"within": [0, 0, 0]})),
        ("voxel_look", json!({"within": [[0, 0, 0], [1, 1]]})),
        ("voxel_look", json!({"layers": ["Roof"]})),
        ("voxel_look", json!({"zoom": 2})),
        ("voxel_slice", json!({"axis": "w"})),
        ("voxel_slice", json!({"count": 0})),
        ("voxel_slice", json!({"count": 99})),
        ("voxel_slice", json!({"at": "top"})),
        ("voxel_slice", json!({"layers": [{}]})),
        ("voxel_inspect", json!({"fields": ["everything"]})),
        ("voxel_inspect", json!({"project": "nonsense"})),
        ("voxel_history", json!({})),
        ("voxel_history", json!({"action": "undoo"})),
        ("voxel_history", json!({"action": "undo", "steps": 0})),
        ("voxel_history", json!({"action": "goto"})),
        ("voxel_history", json!({"action": "goto", "name": "nonsense"})),
        ("voxel_history", json!({"action": "goto", "revision": 999})),
        ("voxel_history", json!({"action": "checkpoint"})),
        ("voxel_history", json!({"action": "undo", "revision": 1})),
        ("voxel_history", json!({"action": "redo", "name": "a"})),
        ("voxel_history", json!({"action": "checkpoint", "name": "a", "steps": 2})),
        ("voxel_history", json!({"action": "list", "steps": 2})),
        ("voxel_project", json!({"action": "new", "project": "h", "path": "h.gox"})),
        ("voxel_project", json!({"action": "close", "project": "default", "path": "h.gox"})),
        ("voxel_project", json!({"action": "save", "path": "none/a.gox"})),
        ("voxel_edit", json!({"ops": good, "operations": good})),
        ("voxel_project", json!({"action": "destroy"})),
        ("voxel_project", json!({"action": "open"})),
        ("voxel_project", json!({"action": "open", "path": "missing.gox"})),
        ("voxel_project", json!({"action": "open", "path": "/etc/passwd"})),
        ("voxel_project", json!({"action": "save"})),
        ("voxel_project", json!({"action": "save", "path": "noending"})),
        ("voxel_project", json!({"action": "save", "path": "there.gox"})),
        ("voxel_project", json!({"action": "save", "path": "a.nonsense"})),
        ("voxel_project", json!({"action": "close"})),
        ("voxel_project", json!({"action": "close", "project": "nonsense"})),
        ("voxel_project", json!({"action": "new", "project": "default"})),
        ("voxel_export", json!({})),
        ("voxel_export", json!({"path": "../a.vox"})),
        ("voxel_export", json!({"path": "a.docx"})),
        ("voxel_export", json!({"path": "a.vox", "options": "small"})),
        ("voxel_export", json!({"path": "a.vox", "options": {"path": "b.vox"}})),
        ("voxel_help", json!({"topic": "nonsense"})),
        ("voxel_help", json!({"subject": "box"})),
    ]
}

#[test]
fn each_of_a_hundred_wrong_calls_teaches_and_changes_nothing() {
    let daemon = Daemon::start();
    std::fs::write(daemon.directory().join("there.gox"), "mine").unwrap();
    let mut host = Host::beside(&daemon);
    let ops = json!([{"op": "sphere", "center": [0, 0, 5], "radius": 4, "color": "teal"}]);
    host.text("voxel_edit", json!({"ops": ops}));
    let state =
        |host: &mut Host| host.text("voxel_inspect", json!({"fields": ["summary", "palette"]}));
    let before = state(&mut host);
    let calls: Vec<_> = wrong_operations().into_iter().chain(wrong_calls()).collect();
    assert!(calls.len() >= 100, "{}", calls.len());
    let mut silent = Vec::new();
    for (tool, arguments) in calls {
        let result = host.call(tool, arguments.clone());
        let text = super::client::text_of(&result);
        let lessons = ["Rule: ", "Example: ", "Nothing was changed."];
        let has_position = text.contains("ops[1]") || text.contains('"');
        let teaches = lessons.iter().all(|lesson| text.contains(lesson)) && has_position;
        let is_ours = !["goxel.", "to_revision", "os error"].iter().any(|word| text.contains(word));
        if result["isError"] != true || !teaches || !is_ours {
            silent.push(format!("{tool} {arguments}: {text}"));
        }
        assert!(text.chars().count() < 4000, "{tool} {arguments}: {text}");
    }
    assert!(silent.is_empty(), "{} do not teach: {silent:#?}", silent.len());
    assert_eq!(state(&mut host), before);
    assert_eq!(std::fs::read(daemon.directory().join("there.gox")).unwrap(), b"mine");
}
