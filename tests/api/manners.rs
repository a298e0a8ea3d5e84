//! Nothing that a caller says is ignored in silence: new methods refuse what they do not
//! understand, old ones carry out the rest and name it in `warnings`.

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
    let older = daemon.call("goxel.render_scene", json!([8, 8, "bmp", null, "more"]));
    let warnings = older["warnings"].to_string();
    assert!(warnings.contains("params[4]") && warnings.contains("bmp"), "{warnings}");
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
        ("goxel.render_scene", picture(json!({"format": "bmp"})), &["bmp", "png"]),
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
        ("goxel.render_scene", picture(json!({"quality": 50})), &["quality"]),
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
fn options_of_an_export_are_heeded_or_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| directory.path().join(name);
    let mut daemon = Daemon::default();
    let roof = json!({"op": "voxels", "points": [[0, 0, 9]], "color": "red", "layer": "Roof", "create_layer": true});
    let wall = json!({"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "white"});
    daemon.call("goxel.edit", json!({"operations": [wall, roof]}));
    // The one format that holds everything holds what was asked for, and no more.
    let params = json!({"path": at("part.gox"), "layers": ["Roof"]});
    daemon.call("goxel.export_model", params);
    let part = json!({"name": "part", "path": at("part.gox")});
    assert_eq!(daemon.call("goxel.open_project", part)["voxel_count"], 1);
    for (file, option, value) in [
        ("a.vox", "merge_faces", json!(true)),
        ("a.vox", "y_up", json!(false)),
        ("a.glb", "merge_faces", json!(true)),
        ("a.png", "scale", json!(2)),
        ("a.png", "merge_faces", json!(true)),
        ("a.vox", "dither", json!(true)),
    ] {
        for inside in [false, true] {
            let mut params = json!({"path": at(file), "overwrite": true});
            match inside {
                true => params["options"] = json!({option: value}),
                false => params[option] = value.clone(),
            }
            let warnings = daemon.call("goxel.export_model", params)["warnings"].to_string();
            assert!(warnings.contains(&format!("'{option}' has no effect")), "{file}: {warnings}");
            assert!(!warnings.contains("not known"), "{file}: {warnings}");
        }
    }
    let params = json!({"path": at("a.obj"), "options": {"merge_faces": true, "y_up": false}});
    let warnings = daemon.call("goxel.export_model", params)["warnings"].to_string();
    assert!(!warnings.contains("effect") && !warnings.contains("known"), "{warnings}");
    let error = daemon.fail("goxel.save_project", json!({"path": at("none/a.gox")}));
    assert!(!error.to_string().contains("os error"), "{error}");
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

/// What an edit of these operations came to, on a new project.
fn edited(operations: Value) -> (Daemon, Value) {
    let mut daemon = Daemon::default();
    let result = daemon.call("goxel.edit", json!({"operations": operations}));
    (daemon, result)
}

fn corners(result: &Value) -> Value {
    json!([result["box"]["min"], result["box"]["max"]])
}

fn color_at(daemon: &mut Daemon, point: Value) -> Value {
    daemon.call("goxel.get_voxel", json!({"position": point}))["color"].clone()
}

fn colors(daemon: &mut Daemon) -> u64 {
    daemon.call("goxel.get_unique_colors", json!({}))["count"].as_u64().unwrap()
}

#[test]
fn a_shape_is_symmetric_about_its_centre_which_may_lie_between_voxels() {
    for (operation, expected) in [
        (
            json!({"op": "sphere", "center": [0.5, 0.5, 8.5], "radius": 2.5}),
            [[-2, -2, 6], [3, 3, 11]],
        ),
        (json!({"op": "sphere", "center": [0, 0, 8], "radius": 2}), [[-2, -2, 6], [2, 2, 10]]),
        (json!({"op": "sphere", "center": [0, 0, 8], "radius": 2.5}), [[-2, -2, 6], [2, 2, 10]]),
        (
            json!({"op": "ellipsoid", "center": [0.5, 0, 8], "radii": [1.5, 2, 3]}),
            [[-1, -2, 5], [2, 2, 11]],
        ),
        (
            json!({"op": "cylinder", "center": [0.5, 0.5, 4.5], "radius": 1.5, "height": 4}),
            [[-1, -1, 3], [2, 2, 6]],
        ),
        (
            json!({"op": "torus", "center": [0.5, 0.5, 4], "radius": 5.5, "tube": 1}),
            [[-6, -6, 3], [7, 7, 5]],
        ),
    ] {
        let mut operation = operation;
        operation["color"] = json!("red");
        let (_, result) = edited(json!([operation.clone()]));
        assert_eq!(corners(&result), json!(expected), "{operation}");
    }
}

#[test]
fn a_copied_pane_replaces_what_it_lands_on() {
    let (mut daemon, _) = edited(json!([
        {"op": "box", "min": [0, 0, 0], "max": [0, 0, 3], "color": "#9fd8ff90"},
        {"op": "box", "min": [4, 0, 0], "max": [4, 0, 3], "color": "#553311"},
        {"op": "copy", "min": [0, 0, 0], "max": [0, 0, 3], "to": [4, 0, 0]},
    ]));
    assert_eq!(color_at(&mut daemon, json!([4, 0, 1])), json!([0x9f, 0xd8, 0xff, 0x90]));
    let copied =
        json!({"op": "copy", "min": [0, 0, 0], "max": [0, 0, 3], "to": [4, 0, 0], "mode": "add"});
    daemon.call("goxel.edit", json!({"operations": [copied]}));
    assert_ne!(color_at(&mut daemon, json!([4, 0, 1])), json!([0x9f, 0xd8, 0xff, 0x90]));
}

#[test]
fn noise_on_a_plain_wall_makes_a_handful_of_colours() {
    let wall = json!({"op": "box", "min": [0, 0, 0], "max": [31, 1, 31], "color": "#886644"});
    let (mut daemon, _) = edited(json!([wall, {"op": "noise", "amount": 0.1, "seed": 3}]));
    assert_eq!(colors(&mut daemon), 4);
    let given = json!({"op": "noise", "colors": ["red", "blue", "green"], "seed": 3});
    let (mut daemon, _) = edited(json!([wall, given]));
    assert_eq!(colors(&mut daemon), 3);
}

#[test]
fn prisms_wedges_stairs_and_walls_fill_the_boxes_they_are_given() {
    for (operation, count) in [
        (json!({"op": "prism", "min": [-4, 0, 0], "max": [4, 2, 4]}), (9 + 7 + 5 + 3 + 1) * 3),
        (
            json!({"op": "wedge", "min": [0, 0, 0], "max": [3, 1, 3], "side": "-x"}),
            (1 + 2 + 3 + 4) * 2,
        ),
        (
            json!({"op": "stairs", "min": [0, 0, 0], "max": [3, 1, 3], "direction": "+y"}),
            (2 + 4) * 4,
        ),
        (json!({"op": "walls", "min": [0, 0, 0], "max": [9, 7, 5]}), (80 - 48) * 6),
    ] {
        let mut operation = operation;
        operation["color"] = json!("red");
        let (_, result) = edited(json!([operation.clone()]));
        assert_eq!(result["added"], json!(count), "{operation}");
        assert_eq!(corners(&result), json!([operation["min"], operation["max"]]), "{operation}");
    }
}

#[test]
fn repeated_operations_draw_and_take_away_in_rows_grids_and_around_an_axis() {
    let wall = json!({"op": "box", "min": [0, 0, 0], "max": [23, 0, 5], "color": "white"});
    let window = json!({"op": "box", "min": [1, 0, 1], "max": [2, 0, 3], "mode": "subtract"});
    let row = json!({"op": "repeat", "operations": [window], "times": 4, "step": [6, 0, 0]});
    let (_, result) = edited(json!([wall, row]));
    assert_eq!(result["operations"][1]["removed"], 4 * 6);
    let post = json!({"op": "voxels", "points": [[0, 0, 0]], "color": "red"});
    let grid = json!({"op": "repeat", "operations": [post], "times": [3, 2, 2], "step": [2, 3, 4]});
    let (_, result) = edited(json!([grid]));
    assert_eq!((&result["added"], corners(&result)), (&json!(12), json!([[0, 0, 0], [4, 3, 4]])));
    let far = json!({"op": "voxels", "points": [[10, 0, 0]], "color": "red"});
    let radial = json!({"axis": "z", "count": 4, "center": [0, 0, 0]});
    let (_, result) = edited(json!([{"op": "repeat", "operations": [far], "radial": radial}]));
    assert_eq!(
        (&result["added"], corners(&result)),
        (&json!(4), json!([[-10, -10, 0], [10, 10, 0]]))
    );
}

#[test]
fn scattered_things_stand_on_tops_and_keep_their_distance() {
    let tree = json!({"op": "box", "min": [0, 0, 0], "max": [0, 0, 2], "color": "green"});
    let ground = json!({"op": "box", "min": [0, 0, 0], "max": [31, 31, 1], "color": "brown"});
    let scatter =
        json!({"op": "scatter", "operations": [tree], "count": 12, "spacing": 4, "seed": 5});
    let (mut daemon, result) = edited(json!([ground.clone(), scatter.clone()]));
    assert_eq!(result["operations"][1]["added"], 36);
    let found = daemon.call("goxel.find_voxels_by_color", json!({"color": [0, 128, 0]}));
    assert!(
        found["locations"]
            .as_array()
            .unwrap()
            .iter()
            .all(|at| (2..=4).contains(&at["z"].as_i64().unwrap()))
    );
    let (mut again, _) = edited(json!([ground, scatter]));
    let same = again.call("goxel.find_voxels_by_color", json!({"color": [0, 128, 0]}));
    assert_eq!(found["locations"], same["locations"], "the same seed gives the same places");
}

#[test]
fn paint_recolours_tops_by_weight_and_gradients_along_an_axis() {
    let block = json!({"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "brown"});
    let top =
        json!({"op": "paint", "colors": {"green": 3, "#88ff88": 1}, "exposed": "top", "seed": 1});
    let (mut daemon, result) = edited(json!([block.clone(), top]));
    assert_eq!((result["operations"][1]["changed"].clone(), colors(&mut daemon)), (json!(100), 3));
    let bands = json!({"op": "paint", "gradient": ["red", "blue"], "dither": true, "below": 4});
    let (mut daemon, result) = edited(json!([block, bands]));
    assert_eq!((result["operations"][1]["changed"].clone(), colors(&mut daemon)), (json!(500), 3));
    assert_eq!(color_at(&mut daemon, json!([0, 0, 0])), json!([255, 0, 0, 255]));
}

#[test]
fn terrain_tubes_and_texts_are_drawn() {
    let terrain = json!({"op": "terrain", "min": [0, 0, 0], "max": [31, 31, 9], "seed": 7,
        "bands": [{"below": 2, "color": "#c2b280"}, {"color": "green"}], "water": {"level": 3, "color": "blue"}});
    let (mut daemon, result) = edited(json!([terrain]));
    assert_eq!(corners(&result)[0], json!([0, 0, 0]));
    assert!(colors(&mut daemon) == 3 && result["warnings"] == json!([]), "{result}");
    let tube =
        json!({"op": "tube", "points": [[0, 0, 0], [0, 0, 20]], "radii": [2, 0], "color": "red"});
    let (mut daemon, result) = edited(json!([tube]));
    assert_eq!(corners(&result), json!([[-2, -2, -2], [2, 2, 20]]));
    assert_eq!(color_at(&mut daemon, json!([2, 0, 19])), json!([0, 0, 0, 0]));
    let text =
        json!({"op": "text", "text": "I", "at": [0, 0, 0], "size": 2, "depth": 3, "color": "gold"});
    let (_, result) = edited(json!([text]));
    assert_eq!(result["box"]["dimensions"], json!([6, 3, 14]));
}

#[test]
fn symmetry_draws_the_images_of_what_is_drawn() {
    let voxel = |symmetry: Value| json!({"op": "voxels", "points": [[3, 1, 0]], "color": "red", "symmetry": symmetry});
    for (symmetry, added, corners_) in [
        (json!({"axis": "x", "at": 0}), 2, json!([[-3, 1, 0], [3, 1, 0]])),
        (json!({"axis": "x"}), 2, json!([[-4, 1, 0], [3, 1, 0]])),
        (
            json!([{"axis": "x", "at": 0}, {"axis": "y", "at": 0}]),
            4,
            json!([[-3, -1, 0], [3, 1, 0]]),
        ),
        (
            json!({"radial": 4, "axis": "z", "center": [0, 0, 0]}),
            4,
            json!([[-3, -3, 0], [3, 3, 0]]),
        ),
    ] {
        let (_, result) = edited(json!([voxel(symmetry.clone())]));
        assert_eq!((&result["added"], corners(&result)), (&json!(added), corners_), "{symmetry}");
    }
    let carve = json!({"op": "box", "min": [1, 0, 0], "max": [2, 0, 0], "mode": "subtract", "symmetry": {"axis": "x", "at": 0}});
    let (_, result) =
        edited(json!([{"op": "box", "min": [-5, 0, 0], "max": [5, 0, 0], "color": "red"}, carve]));
    assert_eq!(result["operations"][1]["removed"], 4);
    let smooth = json!({"op": "smooth", "symmetry": {"axis": "x"}});
    let error = Daemon::default().fail("goxel.edit", json!({"operations": [smooth]}));
    assert!(error["message"].as_str().unwrap().contains("draws nothing"), "{error}");
}

#[test]
fn within_keeps_any_operation_to_a_box_or_to_what_is_selected() {
    let draw = |within: Value| json!({"op": "box", "min": [0, 0, 0], "max": [9, 9, 0], "color": "red", "within": within});
    let (_, result) = edited(json!([draw(json!([[0, 0, 0], [3, 3, 9]]))]));
    assert_eq!(result["added"], 16);
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.edit", json!({"operations": [draw(json!("selection"))]}));
    assert!(error["message"].as_str().unwrap().contains("nothing is selected"), "{error}");
    daemon.call("goxel.select_box", json!([[0, 0, 0], [1, 1, 1]]));
    let result = daemon.call("goxel.edit", json!({"operations": [draw(json!("selection"))]}));
    assert_eq!(result["added"], 4);
    daemon.call("goxel.select_color", json!({"color": "red"}));
    daemon.call("goxel.clear_selection", json!({}));
    daemon.call("goxel.select_color", json!({"color": "red"}));
    let over = json!({"op": "text", "text": "II", "at": [0, 0, 0], "axis": "z", "color": "blue", "within": "selection"});
    let result = daemon.call("goxel.edit", json!({"operations": [over]}));
    assert!(result["added"] == 0 && result["changed"].as_u64().unwrap() <= 4, "{result}");
    let moved =
        json!({"op": "mirror", "axis": "x", "at": 20, "both": false, "within": "selection"});
    let result = daemon.call("goxel.edit", json!({"operations": [moved]}));
    assert_eq!((&result["added"], &result["removed"]), (&json!(4), &json!(4)));
}

#[test]
fn stamps_come_from_files_and_projects() {
    let mut daemon = Daemon::default();
    let directory = std::env::temp_dir().join(format!("goxel-stamp-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let path = directory.join("part.gox");
    let part = json!({"op": "box", "min": [0, 0, 0], "max": [3, 0, 0], "color": "red"});
    daemon.call("goxel.edit", json!({"operations": [part]}));
    daemon.call("goxel.save_project", json!([&path]));
    let stamp = json!({"op": "stamp", "path": &path, "at": [10, 10, 0], "turns": 1});
    let result = daemon.call("goxel.edit", json!({"operations": [stamp]}));
    assert_eq!(corners(&result), json!([[10, 10, 0], [10, 13, 0]]));
    let stamp = json!({"op": "stamp", "from_project": "default", "at": [0, 0, 20]});
    let repeat = json!({"op": "repeat", "operations": [stamp], "times": 2, "step": [0, 0, 5]});
    let result = daemon.call("goxel.edit", json!({"operations": [repeat]}));
    assert_eq!(result["added"], 16);
    let missing = json!({"op": "stamp", "path": directory.join("none.gox"), "at": [0, 0, 0]});
    let error = daemon.fail("goxel.edit", json!({"operations": [missing]}));
    assert!(error["message"].as_str().unwrap().contains("none.gox"), "{error}");
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn a_layer_and_its_content_are_one_undo_step() {
    let mut daemon = Daemon::default();
    let water = json!({"op": "box", "min": [0, 0, 0], "max": [1, 1, 0], "color": "blue", "layer": "Water", "create_layer": true});
    daemon.call("goxel.edit", json!({"operations": [water.clone(), water]}));
    let layers = daemon.call("goxel.list_layers", json!({}));
    assert_eq!((&layers["count"], &layers["layers"][1]["name"]), (&json!(2), &json!("Water")));
    assert_eq!(
        (&layers["active_layer"], &layers["layers"][1]["voxel_count"]),
        (&json!(1), &json!(4))
    );
    daemon.call("goxel.undo", json!({}));
    assert_eq!(daemon.call("goxel.list_layers", json!({}))["count"], 1);
}

#[test]
fn a_turn_by_any_angle_keeps_about_as_many_voxels() {
    let block = json!({"op": "box", "min": [-8, -2, 0], "max": [8, 2, 2], "color": "red"});
    let (mut daemon, before) = edited(json!([block, {"op": "rotate", "angle": 45}]));
    let after = daemon.call("goxel.get_bounding_box", json!({}));
    let count = daemon.call("goxel.list_layers", json!({}))["layers"][0]["voxel_count"].clone();
    let (count, added) =
        (count.as_u64().unwrap(), before["operations"][0]["added"].as_u64().unwrap());
    assert!(count.abs_diff(added) * 10 < added, "{count} of {added}");
    assert!(after["dimensions"][1].as_i64().unwrap() > 11, "{after}");
}

#[test]
fn ragged_rows_of_a_heightmap_are_refused() {
    let ragged = json!({"op": "heightmap", "rows": [[1, 2, 3], [1, 2]], "color": "red"});
    let error = Daemon::default().fail("goxel.edit", json!({"operations": [ragged]}));
    assert!(
        error["message"].as_str().unwrap().contains("row 1 has 2 heights, row 0 has 3"),
        "{error}"
    );
}

#[test]
fn a_suggestion_is_what_was_meant_and_never_its_opposite() {
    let mut daemon = Daemon::default();
    for (word, expected) in [
        ("goxel.create_voxel", "goxel.add_voxel"),
        ("info", "goxel.get_project_info"),
        ("save", "goxel.save_project"),
        ("goxel.load", "goxel.load_project"),
        ("load_file", "goxel.load_project"),
        ("hide_layer", "goxel.set_layer_visibility"),
        ("voxel_count", "goxel.measure"),
        ("paint", "goxel.paint_voxels"),
        ("sphere", "goxel.procedural_shape"),
        ("open", "goxel.load_project"),
        ("fill_region", "goxel.flood_fill"),
        ("brush_stroke", "goxel.edit"),
        ("paste_selection", "goxel.copy_selection"),
        ("set_config", "server.config"),
        ("debug_dump_state", "goxel.health"),
        ("goxel.svae_project", "goxel.save_project"),
        ("goxel.add_voxle", "goxel.add_voxel"),
    ] {
        let error = daemon.fail(word, json!({}));
        assert_eq!(error["data"]["nearest"], expected, "{word}: {error}");
    }
    let also = daemon.fail("box", json!({}))["data"]["also"].clone();
    assert_eq!(also, json!(["goxel.edit"]));
    for word in ["goxel.get_undo", "goxel.read_layer", "export_settings", "voxels", "close_layer"] {
        let near = daemon.fail(word, json!({}))["data"]["nearest"].clone();
        let near = near.as_str().unwrap_or_default().to_owned();
        let changes = entries().any(|entry| {
            entry.method.name == near
                && !matches!(
                    entry.method.effect,
                    goxel_daemon::api::Effect::Answer | goxel_daemon::api::Effect::Read
                )
        });
        assert!(!changes, "{word}: {near}");
    }
}

#[test]
fn one_method_or_operation_is_described_in_under_two_kilobytes() {
    let mut daemon = Daemon::default();
    for entry in entries() {
        let described = daemon.call("rpc.discover", json!({"method": entry.method.name}));
        let length = described.to_string().len();
        assert_eq!(described["methods"][0]["name"], entry.method.name);
        assert!(length < 2048, "{}: {length}", entry.method.name);
    }
    for info in goxel_daemon::api::operations::OPERATIONS {
        let described = daemon.call("rpc.discover", json!({"op": info.name}));
        assert!(
            described.to_string().len() < 2048,
            "{}: {}",
            info.name,
            described.to_string().len()
        );
    }
    assert_eq!(daemon.fail("rpc.discover", json!({"op": "shpere"}))["data"]["nearest"], "sphere");
}

#[test]
fn a_brief_answer_of_sixty_operations_is_short() {
    let voxel = |x: i32| json!({"op": "voxels", "points": [[x - 30, 0, 0]], "color": "red"});
    let operations: Vec<Value> = (0..60).map(voxel).collect();
    let mut daemon = Daemon::default();
    let params = json!({"operations": operations, "detail": "brief"});
    let brief = daemon.call("goxel.edit", params);
    assert!(brief.get("operations").is_none() && brief["changed"] == 60, "{brief}");
    assert!(brief.to_string().len() < 525, "{brief}");
}

#[test]
fn new_reads_look_at_what_is_visible() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "#6b4f35"]));
    daemon.call("goxel.create_layer", json!(["Water"]));
    assert_eq!(daemon.call("goxel.find", json!({"color": "#6b4f35"}))["match_count"], 1);
    assert_eq!(daemon.call("goxel.slice", json!({}))["voxel_count"], 1);
    assert!(daemon.call("goxel.slice", json!({})).get("operations").is_none());
}

/// A daemon with more of everything than an error lists.
fn crowded() -> Daemon {
    let mut daemon = fresh();
    for number in 0..51 {
        let name = format!("{number} of many things");
        daemon.call("goxel.create_layer", json!([name]));
        daemon.call("goxel.create_layer", json!(["the same name"]));
        daemon.call("goxel.create_camera", json!({"name": name}));
        daemon.call("goxel.create_material", json!({"name": name}));
        daemon.call("goxel.add_voxel", json!([number, 0, 0, "red"]));
        daemon.call("goxel.checkpoint", json!({"name": name}));
        daemon.call("goxel.open_project", json!({"name": name}));
    }
    daemon
}

/// The longest list of what there is in an error.
fn longest_list(data: &Value) -> usize {
    let lists = data.as_object().into_iter().flatten().filter(|(name, _)| *name != "example");
    lists.filter_map(|(_, value)| value.as_array().map(Vec::len)).max().unwrap_or(0)
}

#[test]
fn an_error_is_short_however_much_there_is() {
    let mut daemon = crowded();
    let layers = daemon.call("goxel.list_layers", json!({}))["count"].as_u64().unwrap();
    for entry in entries() {
        let slots = slots(&entry.method);
        for (slot, value) in slots.iter().flat_map(|slot| {
            ["no such thing", "the same name", "300"].map(|value| (slot.name, value))
        }) {
            let mut params = parse(entry.method.example.by_name);
            params[slot] = json!(value);
            let answer = daemon.reply(entry.method.name, params);
            let (place, data) = ((entry.method.name, slot, value), &answer["error"]["data"]);
            let length = answer["error"].to_string().len();
            assert!(longest_list(data) <= 50, "{place:?}: {answer:.2000}");
            assert!(length < 8192, "{place:?}: {length} bytes, {answer:.2000}");
            let now = daemon.call("goxel.list_layers", json!({}))["count"].as_u64().unwrap();
            if now != layers {
                daemon = crowded();
            } else if data["names"].is_array() {
                assert_eq!(data["more"], layers - 50, "{place:?}: {answer}");
            }
        }
    }
}
