//! Nothing that a caller says is ignored in silence: new methods refuse what they do not understand, old ones
//! carry out the rest and name it in `warnings`.

use super::described::{KEPT_PICTURE, fresh, kept_picture, parse, prepare};
use crate::support::service::Daemon;
use goxel_daemon::api::schema::Schema;
use goxel_daemon::rpc::describe::slots;
use goxel_daemon::rpc::table::{Entry, entries};
use serde_json::{Map, Value, json};

/// The example by name of a method, where everything is as it needs it.
fn example(entry: &Entry, daemon: &mut Daemon) -> Map<String, Value> {
    prepare(daemon, entry.method.name);
    let text = entry.method.example.by_name;
    let text = match text.contains(KEPT_PICTURE) {
        true => text.replace(KEPT_PICTURE, &kept_picture(daemon)),
        false => text.to_owned(),
    };
    parse(&text).as_object().cloned().unwrap_or_default()
}

/// What an answer says of something that was not understood.
fn told(answer: &Value) -> String {
    match answer.get("error") {
        Some(error) => error.to_string(),
        None => answer["result"]["warnings"].to_string(),
    }
}

fn has_warnings(entry: &Entry) -> bool {
    entry.method.name != "echo"
}

#[test]
fn every_method_names_a_member_that_it_does_not_know() {
    for entry in entries().filter(|entry| has_warnings(entry)) {
        let mut daemon = fresh();
        let mut params = example(entry, &mut daemon);
        params.insert("nonsense".to_owned(), json!([1]));
        let answer = daemon.reply(entry.method.name, params.into());
        if answer["error"]["code"] == 1005 {
            continue;
        }
        assert!(told(&answer).contains("'nonsense'"), "{}: {answer}", entry.method.name);
        let refused = answer.get("error").is_some();
        assert_eq!(refused, !entry.method.lenient, "{}: {answer}", entry.method.name);
    }
}

#[test]
fn every_method_names_a_word_that_it_does_not_know() {
    let mut tried = 0;
    for entry in entries() {
        for slot in slots(&entry.method) {
            let Schema::Word(words) = slot.schema else { continue };
            let mut daemon = fresh();
            let mut params = example(entry, &mut daemon);
            let misspelt = format!("{}q", words[0]);
            params.insert(slot.name.to_owned(), json!(misspelt));
            let answer = daemon.reply(entry.method.name, params.into());
            let told = told(&answer);
            assert!(told.contains(&misspelt), "{} {}: {answer}", entry.method.name, slot.name);
            assert!(told.contains(words[0]), "{} {}: {answer}", entry.method.name, slot.name);
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn surplus_positions_of_old_methods_are_named_by_their_place() {
    let mut daemon = Daemon::default();
    let added = daemon.call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0, 255, 1, "more"]));
    assert_eq!(added["success"], true);
    assert!(added["warnings"][0].as_str().unwrap().contains("params[8]"), "{added}");
    let fine = daemon.call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0, 255, 1]));
    assert!(fine.get("warnings").is_none(), "{fine}");
    let older = daemon.call("goxel.render_scene", json!([8, 8, "jpg", null, "more"]));
    let warnings = older["warnings"].to_string();
    assert!(warnings.contains("params[4]") && warnings.contains("jpg"), "{warnings}");
}

#[test]
fn a_misspelt_member_is_named_with_the_one_that_was_meant() {
    let mut daemon = Daemon::default();
    let params = json!({"x": 1, "y": 2, "z": 3, "colour": "red"});
    let added = daemon.call("goxel.add_voxel", params);
    assert_eq!(added["color"], json!([255, 255, 255, 255]));
    let warning = added["warnings"][0].as_str().unwrap();
    assert!(warning.contains("'colour'") && warning.contains("'color'"), "{warning}");
}

/// Calls of old methods with one thing that is not understood, and the words that have to be told.
#[test]
fn what_an_old_method_replaces_by_a_default_is_named() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let picture = |more: Value| {
        let mut params = json!({"width": 8, "height": 8});
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        params
    };
    let cases: [(&str, Value, &[&str]); 15] = [
        (
            "goxel.render_scene",
            picture(json!({"camera_preset": "isometrc"})),
            &["isometrc", "'isometric'"],
        ),
        ("goxel.render_scene", picture(json!({"camera_preset": "side"})), &["side", "front"]),
        ("goxel.render_scene", picture(json!({"format": "jpg"})), &["jpg", "png"]),
        (
            "goxel.render_scene",
            picture(json!({"options": {"antialias": true}})),
            &["options.antialias"],
        ),
        (
            "goxel.render_scene",
            picture(json!({"options": {"return_mode": "file_pat"}})),
            &["file_pat", "file_path"],
        ),
        ("goxel.render_scene", picture(json!({"options": 5})), &["options 5"]),
        (
            "goxel.render_scene",
            picture(json!({"lighting": {"ambiant": 0.5}})),
            &["lighting.ambiant", "ambient"],
        ),
        ("goxel.render_scene", picture(json!({"camera": {"yaw": 5, "zoom": 2}})), &["camera.zoom"]),
        ("goxel.render_scene", picture(json!({"quality": 90})), &["quality"]),
        (
            "goxel.procedural_shape",
            json!({"shape_type": "sphere", "radius": 2, "colour": "red"}),
            &["'colour'", "no color"],
        ),
        ("goxel.add_voxel", json!({"position": {"x": 0, "y": 0, "z": 0, "w": 1}}), &["'w'"]),
        (
            "goxel.add_voxel",
            json!({"x": 0, "y": 0, "z": 0, "color": {"r": 1, "g": 2, "b": 3, "alpha": 4}}),
            &["color.alpha"],
        ),
        (
            "add_voxels",
            json!({"voxels": [{"x": 0, "y": 0, "z": 0, "r": 1, "g": 2, "b": 3, "material": 4}]}),
            &["material"],
        ),
        (
            "goxel.batch_operations",
            json!({"operations": [{"type": "add_voxel", "x": 0, "y": 0, "z": 0, "colour": "red"}]}),
            &["'colour'"],
        ),
        (
            "goxel.get_voxel",
            json!({"x": 0, "y": 0, "z": 0, "progress_ms": "soon"}),
            &["progress_ms"],
        ),
    ];
    for (method, params, words) in cases {
        let result = daemon.call(method, params.clone());
        let warnings = result["warnings"].to_string();
        for word in words {
            assert!(warnings.contains(word), "{method} {params}: {word} in {warnings}");
        }
    }
}

#[test]
fn a_picture_without_a_path_comes_with_the_answer() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let shown = daemon.call("goxel.render_scene", json!({"width": 64, "height": 64}));
    assert_eq!((&shown["success"], &shown["width"]), (&json!(true), &json!(64)));
    assert!(shown["image"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG in base64");
    assert_eq!(shown["image"], shown["image_data"]);
}

#[test]
fn the_pitch_of_a_camera_is_that_of_its_line_of_sight_and_its_elevation_that_of_its_place() {
    let mut daemon = Daemon::default();
    let base = json!({"op": "box", "min": [0, 0, 0], "max": [7, 7, 1], "color": "red"});
    let top = json!({"op": "box", "min": [0, 0, 2], "max": [3, 7, 5], "color": "blue"});
    daemon.call("goxel.edit", json!({"operations": [base, top]}));
    let mut picture = |camera: Value| {
        let params = json!({"width": 32, "height": 32, "camera": camera});
        daemon.call("goxel.render_scene", params)["image"].clone()
    };
    let above = picture(json!({"yaw": 30, "elevation": 20}));
    assert_eq!(picture(json!({"yaw": 30, "pitch": -20})), above);
    assert_ne!(picture(json!({"yaw": 30, "pitch": 20})), above);
    let flat = picture(json!({"yaw": 30, "elevation": 20, "orthographic": true}));
    assert_ne!(flat, above);
    assert_ne!(picture(json!({"fov": 90})), picture(json!({"fov": 20})));
}

#[test]
fn an_imported_model_stands_where_its_position_says() {
    let directory = std::env::temp_dir().join(format!("goxel-position-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let path = directory.join("one.gox");
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    daemon.call("goxel.save_project", json!([&path]));
    daemon.call("goxel.create_project", json!({}));
    daemon.call("goxel.import_model", json!({"path": &path, "position": [10, -3, 40]}));
    let _ = std::fs::remove_dir_all(&directory);
    let bounds = daemon.call("goxel.get_bounding_box", json!({"layer_id": -2}));
    assert_eq!((&bounds["min"], &bounds["max"]), (&json!([10, -3, 40]), &json!([10, -3, 40])));
}

#[test]
fn a_shape_is_as_wide_as_its_radius_says_and_black_without_a_color() {
    let mut daemon = Daemon::default();
    let shape = daemon.call("goxel.procedural_shape", json!({"shape_type": "sphere", "radius": 5}));
    assert_eq!(shape["box"]["dimensions"], json!([11, 11, 11]));
    assert!(shape["warnings"][0].as_str().unwrap().contains("no color"), "{shape}");
    let voxel = daemon.call("goxel.get_voxel", json!([0, 0, 0]));
    assert_eq!(voxel["color"], json!([0, 0, 0, 255]));
    let both = json!({"shape_type": "cube", "radius": 1, "size_x": 9, "color": "red"});
    let shape = daemon.call("goxel.procedural_shape", both);
    assert_eq!(shape["box"]["dimensions"], json!([3, 3, 3]));
}

#[test]
fn a_component_with_a_point_makes_a_colour_shares_of_one_where_all_are_at_most_one() {
    let mut daemon = Daemon::default();
    for (color, expected) in [
        (r#"[1.0,0,0]"#, [255, 0, 0, 255]),
        (r#"[0.0,1.0,0.0]"#, [0, 255, 0, 255]),
        (r#"[1,0,0]"#, [1, 0, 0, 255]),
        (r#"[1e0,0,0]"#, [255, 0, 0, 255]),
        (r#"{"r":1.0,"g":0,"b":0}"#, [255, 0, 0, 255]),
        (r#"[255.0,0,0]"#, [255, 0, 0, 255]),
        (r#"[1,0,0,1.0]"#, [255, 0, 0, 255]),
    ] {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"goxel.add_voxel","params":[0,0,0,{color}]}}"#
        );
        assert_eq!(daemon.ask(&call)["result"]["color"], json!(expected), "{color}");
    }
    let by_name = r#"{"jsonrpc":"2.0","id":1,"method":"goxel.add_voxel","params":{"x":0,"y":0,"z":0,"r":1.0,"g":0,"b":0}}"#;
    assert_eq!(daemon.ask(by_name)["result"]["color"], json!([255, 0, 0, 255]));
    let mixed = daemon.fail("goxel.add_voxel", json!([0, 0, 0, [0.5, 7, 0]]));
    assert_eq!(mixed["code"], -32602);
}

#[test]
fn a_layer_is_a_number_or_a_name_on_methods_and_operations() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.create_layer", json!(["Roof"]));
    daemon.call("goxel.set_active_layer", json!({"layer_id": 1}));
    for (name, at) in [("layer", 0), ("layer_id", 1)] {
        let mut params = json!({"position": [at, 0, 0], "color": "red"});
        params[name] = json!("Roof");
        assert_eq!(daemon.call("goxel.add_voxel", params)["layer_id"], 2);
        let mut operation = json!({"op": "voxels", "points": [[at, 1, 0]], "color": "red"});
        operation[name] = json!("Roof");
        let done = daemon.call("goxel.edit", json!({"operations": [operation]}));
        assert_eq!(done["operations"][0]["layer_id"], 2);
    }
    let bounds = daemon.call("goxel.get_bounding_box", json!({"layer": "Roof"}));
    assert_eq!(bounds["dimensions"], json!([2, 2, 1]));
    let renamed = daemon.call("goxel.rename_layer", json!({"layer": "Roof", "name": "Top"}));
    assert_eq!(renamed["layer_id"], 2);
    let error = daemon.fail("goxel.get_bounding_box", json!({"layer": "Tob"}));
    assert_eq!((&error["data"]["nearest"], &error["data"]["got"]), (&json!("Top"), &json!("Tob")));
    daemon.call("goxel.create_layer", json!(["Top"]));
    let error = daemon.fail("goxel.rename_layer", json!({"layer": "Top", "name": "x"}));
    assert!(error["message"].as_str().unwrap().contains("give an id"), "{error}");
}

#[test]
fn errors_of_the_reference_end_with_their_reason() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.delete_layer", json!([99]));
    let message = "Failed to delete layer: error code -1: No such layer: 99";
    assert_eq!((&error["code"], &error["message"]), (&json!(-1012), &json!(message)));
}
