//! Operations do what a modeller expects, and say so where they cannot.

use std::collections::BTreeMap;

use crate::support::service::Daemon;
use goxel_daemon::api::operations::OPERATIONS;
use serde_json::{Value, json};

fn edited(operations: Value) -> (Daemon, Value) {
    let mut daemon = Daemon::default();
    let result = daemon.call("goxel.edit", json!({"operations": operations}));
    (daemon, result)
}

fn refused(operation: Value) -> String {
    let base = json!({"op": "box", "min": [0, 0, 0], "max": [7, 7, 7], "color": "red"});
    let error = Daemon::default().fail("goxel.edit", json!({"operations": [base, operation]}));
    error["message"].as_str().unwrap().to_owned()
}

/// What an operation on a red cube is warned of.
fn warned(operation: Value) -> String {
    let base = json!({"op": "box", "min": [0, 0, 0], "max": [7, 7, 7], "color": "red"});
    edited(json!([base, operation])).1["warnings"].to_string()
}

/// How many voxels there are in each plane across an axis.
fn profile(daemon: &mut Daemon, axis: usize) -> Vec<usize> {
    let mut planes = BTreeMap::new();
    for (at, _) in voxels(daemon) {
        *planes.entry(at[axis]).or_insert(0) += 1;
    }
    planes.into_values().collect()
}

/// All voxels of the active layer.
fn voxels(daemon: &mut Daemon) -> BTreeMap<[i64; 3], Value> {
    let page = daemon.call("goxel.get_layer_voxels", json!({"limit": 0}));
    let number = |value: &Value| value.as_i64().unwrap();
    let one = |v: &Value| ([number(&v["x"]), number(&v["y"]), number(&v["z"])], v["color"].clone());
    page["voxels"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn ramps_and_roofs_touch_both_ends_of_their_boxes_at_any_slope() {
    for (length, height, columns) in [
        (4, 4, vec![1, 2, 3, 4]),
        (8, 4, vec![1, 1, 2, 2, 3, 3, 4, 4]),
        (4, 8, vec![1, 3, 6, 8]),
        (1, 5, vec![5]),
        (5, 1, vec![1, 1, 1, 1, 1]),
    ] {
        let (min, max) = ([0, 0, 0], [length - 1, 0, height - 1]);
        let ramp = json!({"op": "wedge", "min": min, "max": max, "side": "+x", "color": "red"});
        let (mut daemon, result) = edited(json!([ramp]));
        assert_eq!(profile(&mut daemon, 0), columns, "{length}x{height}");
        assert_eq!(result["box"]["max"], json!(max));
    }
    for (width, height, rows) in [
        (9, 5, vec![9, 7, 5, 3, 1]),
        (10, 5, vec![10, 8, 6, 4, 2]),
        (11, 2, vec![11, 1]),
        (5, 5, vec![5, 3, 3, 1, 1]),
        (3, 1, vec![3]),
    ] {
        let (min, max) = ([0, 0, 0], [width - 1, 0, height - 1]);
        let roof = json!({"op": "prism", "min": min, "max": max, "color": "red"});
        let (mut daemon, result) = edited(json!([roof]));
        assert_eq!(profile(&mut daemon, 2), rows, "{width}x{height}");
        assert_eq!(result["box"]["max"], json!(max));
    }
}

#[test]
fn stairs_rise_by_whole_steps_to_the_far_end() {
    for (length, height, columns) in
        [(8, 4, vec![1, 1, 2, 2, 3, 3, 4, 4]), (4, 8, vec![2, 4, 6, 8]), (3, 3, vec![1, 2, 3])]
    {
        let (min, max) = ([0, 0, 0], [length - 1, 0, height - 1]);
        let stairs = json!({"op": "stairs", "min": min, "max": max, "color": "red"});
        let (mut daemon, _) = edited(json!([stairs]));
        assert_eq!(profile(&mut daemon, 0), columns, "{length}x{height}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    for (operation, word) in [
        (json!({"op": "rotate", "angle": 45, "turns": 1}), "not both"),
        (json!({"op": "noise", "colors": ["red", "blue"], "steps": 3}), "not both"),
        (json!({"op": "paint", "colors": {"red": 1}, "stops": [0, 5]}), "gradient"),
        (json!({"op": "paint", "colors": {"red": 1}, "axis": "x"}), "gradient"),
        (
            json!({"op": "cylinder", "min": [0, 0, 0], "max": [3, 3, 3], "radius": 9, "color": "red"}),
            "'radius' goes with center",
        ),
        (
            json!({"op": "cone", "min": [0, 0, 0], "max": [3, 3, 3], "height": 9, "color": "red"}),
            "'height' goes with center",
        ),
        (
            json!({"op": "ellipsoid", "center": [0, 0, 0], "radius": 3, "radii": [1, 2, 3], "color": "red"}),
            "not both",
        ),
        (
            json!({"op": "terrain", "min": [0, 0, 0], "max": [9, 9, 5],
                "bands": [{"color": "red"}, {"below": 3, "color": "blue"}]}),
            "lowest",
        ),
        (
            json!({"op": "tube", "points": [[0, 0, 0], [5, 0, 0]], "radius": 1, "radii": [2, 3], "color": "red"}),
            "is the same as",
        ),
        (
            json!({"op": "box", "min": {"x": 0, "y": 0, "z": 0, "w": 3}, "max": [3, 3, 3], "color": "red"}),
            "'w'",
        ),
        (json!({"op": "rotate", "turns": 0.5}), "whole number"),
        (
            json!({"op": "text", "text": "A\nB", "at": [0, 0, 0], "color": "red"}),
            "cannot be written",
        ),
        (
            json!({"op": "text", "text": "\u{e4}", "at": [0, 0, 0], "color": "red"}),
            "cannot be written",
        ),
        (
            json!({"op": "repeat", "operations": [{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1],
                "color": "red", "layer": "Layer.1"}], "times": 2, "step": [3, 0, 0]}),
            "'layer' belongs to the outer operation",
        ),
        (
            json!({"op": "box", "min": [0, 0, 0], "size": [3, 3, 3], "color": "red"}),
            "'size' is not known",
        ),
    ] {
        let message = refused(operation.clone());
        assert!(message.contains(word), "{operation}: {message}");
        assert!(message.ends_with("Nothing was changed."), "{operation}: {message}");
    }
}

#[test]
fn what_nested_values_have_to_look_like_is_told() {
    for (operation, word) in [
        (
            json!({"op": "repeat", "radial": {"cuont": 4}, "operations": [{"op": "clear"}]}),
            "\"count\":6",
        ),
        (json!({"op": "smooth", "symmetry": {"axes": "x"}}), "\"axis\":\"x\""),
        (json!({"op": "smooth", "within": "selected"}), "\"selection\""),
        (json!({"op": "terrain", "min": [0, 0, 0], "max": [3, 3, 3], "water": 3}), "\"level\":4"),
        (json!({"op": "paint", "colors": {"blu": 1}}), "colours with weights"),
        (json!({"op": "repeat", "times": 0, "operations": [{"op": "clear"}]}), "1 or more"),
    ] {
        let message = refused(operation.clone());
        assert!(message.contains(word), "{operation}: {message}");
    }
}

#[test]
fn fields_without_effect_are_named() {
    for (operation, word) in [
        (
            json!({"op": "copy", "min": [0, 0, 0], "max": [1, 1, 1], "to": [9, 9, 9], "color": "blue"}),
            "'color' has no effect on 'copy'",
        ),
        (json!({"op": "smooth", "mode": "paint"}), "mode 'paint' has no effect on 'smooth'"),
        (json!({"op": "voxels", "voxels": [[0, 0, 0, "blue"]], "color": "red"}), "'color'"),
        (json!({"op": "noise", "colors": ["blue"], "amount": 0.5}), "'amount'"),
        (json!({"op": "paint", "colors": ["blue"], "dither": true}), "'dither'"),
        (
            json!({"op": "heightmap", "rows": [[1]], "gradient": ["red", "blue"], "color": "red"}),
            "'color'",
        ),
        (
            json!({"op": "scatter", "operations": [{"op": "voxels", "points": [[0, 0, 0]]}],
                "color": "green", "count": 100, "spacing": 3}),
            "there was room for",
        ),
    ] {
        let warnings = warned(operation.clone());
        assert!(warnings.contains(word), "{operation}: {warnings}");
    }
    let fine = json!({"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "blue"});
    assert_eq!(warned(fine), "[]");
}

#[test]
fn what_is_repeated_has_the_colour_of_the_whole_where_it_has_none_of_its_own() {
    let post = json!({"op": "box", "min": [0, 0, 0], "max": [0, 0, 3]});
    let row = json!({"op": "repeat", "operations": [post], "times": 3, "step": [2, 0, 0], "color": "blue"});
    let (mut daemon, result) = edited(json!([row]));
    assert_eq!((&result["added"], &result["warnings"]), (&json!(12), &json!([])));
    assert!(voxels(&mut daemon).values().all(|color| *color == json!([0, 0, 255, 255])));
}

#[test]
fn an_operation_by_another_word_is_told_its_name() {
    for (word, name) in [
        ("cube", "box"),
        ("ball", "sphere"),
        ("ramp", "wedge"),
        ("roof", "prism"),
        ("shpere", "sphere"),
    ] {
        let message = refused(json!({"op": word}));
        assert!(message.contains(&format!("did you mean '{name}'?")), "{message}");
    }
    let (_, result) =
        edited(json!([{"op": "Box", "min": [0, 0, 0], "max": [0, 0, 0], "color": "red"}]));
    assert_eq!(result["added"], 1);
}

#[test]
fn the_figures_and_the_box_of_every_operation_are_exact() {
    for info in OPERATIONS {
        let mut daemon = Daemon::default();
        let ball = json!({"op": "sphere", "center": [2, 1, 6], "radius": 5, "color": "red"});
        let slab = json!({"op": "box", "min": [-3, -3, 0], "max": [5, 5, 2], "color": "#205080"});
        daemon.call("goxel.edit", json!({"operations": [ball, slab]}));
        daemon.call("goxel.create_layer", json!(["Other"]));
        daemon.call("goxel.edit", json!({"operations": [ball_of("blue"), slab_of("red")]}));
        let before = voxels(&mut daemon);
        let example: Value = serde_json::from_str(info.example).unwrap();
        let result = daemon.call("goxel.edit", json!({"operations": [example]}));
        let after = voxels(&mut daemon);
        let places: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> =
            places.into_iter().filter(|at| before.get(*at) != after.get(*at)).collect();
        let added = changed.iter().filter(|at| !before.contains_key(**at)).count();
        let removed = changed.iter().filter(|at| !after.contains_key(**at)).count();
        let figures = json!([changed.len(), added, removed]);
        let told = json!([result["changed"], result["added"], result["removed"]]);
        assert_eq!(told, figures, "{}", info.name);
        let end = |pick: fn(i64, i64) -> i64| {
            let mut corner = *changed[0];
            changed.iter().for_each(|at| (0..3).for_each(|i| corner[i] = pick(corner[i], at[i])));
            json!(corner)
        };
        match changed.is_empty() {
            true => assert!(result.get("box").is_none(), "{}", info.name),
            false => {
                assert_eq!(result["box"]["min"], end(i64::min), "{}", info.name);
                assert_eq!(result["box"]["max"], end(i64::max), "{}", info.name);
            }
        }
    }
}

fn ball_of(color: &str) -> Value {
    json!({"op": "sphere", "center": [9, 8, 9], "radius": 4, "color": color})
}

fn slab_of(color: &str) -> Value {
    json!({"op": "box", "min": [-2, -2, 0], "max": [4, 4, 3], "color": color})
}

#[test]
fn a_shape_about_a_half_centre_is_where_it_says() {
    let mut daemon = Daemon::default();
    let shape =
        json!({"shape_type": "sphere", "center": [0.5, 0.5, 8.5], "radius": 2.5, "color": "red"});
    let result = daemon.call("goxel.procedural_shape", shape);
    let corners = json!([result["box"]["min"], result["box"]["max"]]);
    assert_eq!(corners, json!([[-2, -2, 6], [3, 3, 11]]));
    let even = json!({"shape_type": "cube", "center": [0.5, 0.5, 0.5], "size": 2, "color": "blue"});
    let result = daemon.call("goxel.procedural_shape", even);
    assert_eq!(json!([result["box"]["min"], result["box"]["max"]]), json!([[0, 0, 0], [1, 1, 1]]));
}

#[test]
fn what_a_batch_did_not_do_is_named() {
    let mut daemon = Daemon::default();
    let result = daemon.call(
        "goxel.batch_operations",
        json!({"operations": [
            {"type": "add_voxel", "x": 0, "y": 0, "z": 0, "r": 255, "g": 0, "b": 0},
            {"type": "paint_voxel", "x": 9, "y": 9, "z": 9, "color": "blue"},
        ]}),
    );
    assert!(result["warnings"].to_string().contains("operation 1: changed nothing"), "{result}");
}

#[test]
fn values_that_stand_for_a_default_or_for_nothing_are_named() {
    let mut daemon = Daemon::default();
    let directory = std::env::temp_dir().join(format!("goxel-named-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    for (method, params, words) in [
        ("goxel.create_project", json!({"width": -5}), "width -5"),
        ("goxel.create_project", json!({"size": [8, -8, 8]}), "negative"),
        ("goxel.render_scene", json!({"width": 8, "height": -8}), "height -8"),
        (
            "goxel.get_voxel",
            json!({"position": [0, 0, 0], "layer": "active", "layer_id": 1}),
            "'layer_id' is the same as 'layer'",
        ),
    ] {
        let result = daemon.call(method, params.clone());
        assert!(result["warnings"].to_string().contains(words), "{method} {params}: {result}");
    }
    let path = directory.join("a.obj");
    let error = daemon.fail("goxel.export_model", json!({"path": path, "layers": ["layer.1"]}));
    assert!(error["message"].as_str().unwrap().contains("did you mean 'Layer.1'?"), "{error}");
    assert!(!path.exists());
    let _ = std::fs::remove_dir_all(&directory);
    let near = daemon.fail("goxel.procedural_shape", json!(["shpere"]))["message"].clone();
    assert_eq!(near, "Shape type not implemented yet: did you mean 'sphere'?");
}
