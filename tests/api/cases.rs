//! What the reference got wrong, and what its documents promise: one test a case.

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn code(error: &Value) -> i64 {
    error["code"].as_i64().expect("a code")
}

fn exists(daemon: &mut Daemon, at: [i32; 3]) -> bool {
    daemon.call("goxel.get_voxel", json!(at))["exists"] == true
}

#[test]
fn create_project_again_and_again_replaces_the_document() {
    let mut daemon = Daemon::default();
    for round in 0..5 {
        daemon.call("goxel.create_project", json!([format!("P{round}"), 16, 16, 16]));
        assert!(!exists(&mut daemon, [1, 2, 3]), "round {round}");
        daemon.call("goxel.add_voxel", json!([1, 2, 3, "red"]));
    }
    let status = daemon.call("goxel.get_status", json!([]));
    assert_eq!((&status["name"], &status["voxel_count"]), (&json!("P4"), &json!(1)));
}

#[test]
fn params_in_objects_ten_thousand_times() {
    let mut daemon = Daemon::default();
    for x in 0..10_000 {
        let params =
            json!({"color": {"r": 1, "g": 2, "b": 3}, "position": {"x": x, "y": 0, "z": 0}});
        assert_eq!(daemon.call("goxel.add_voxel", params)["x"], x);
    }
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], 10_000);
}

#[test]
fn save_project_answers_without_a_picture_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("plain.gox");
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let result = daemon.call("goxel.save_project", json!([path]));
    assert_eq!(result["success"], true);
    assert!(path.metadata().expect("a file").len() > 0);
}

#[test]
fn a_failing_create_does_not_lock_the_project() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.create_project", json!({"name": 5}));
    assert_eq!(code(&error), -32602);
    daemon.call("goxel.create_project", json!(["Good", 8, 8, 8]));
    // A change in slices that fails in the middle frees the project too.
    let far = json!({"operations": [
        {"op": "cylinder", "center": [0, 0, 0], "radius": 2, "color": "red"},
        {"op": "fill", "at": [500, 0, 0], "color": "red"},
    ]});
    daemon.fail("goxel.edit", far);
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], 1);
}

#[test]
fn colour_analysis_answers_and_so_does_the_next_request() {
    let mut daemon = Daemon::default();
    for (x, color) in ["#ff0000", "#ff0000", "#00ff00", "#fe0000"].iter().enumerate() {
        daemon.call("goxel.add_voxel", json!([x, 0, 0, color]));
    }
    let histogram = daemon.call("goxel.get_color_histogram", json!({}));
    assert_eq!((&histogram["total_voxels"], &histogram["unique_colors"]), (&json!(4), &json!(3)));
    let first = &histogram["histogram"][0];
    assert_eq!(first["color"], "#FF0000FF");
    assert_eq!((&first["count"], &first["rgba"]), (&json!(2), &json!([255, 0, 0, 255])));
    assert_eq!(first["percentage"], 50.0);
    let found =
        daemon.call("goxel.find_voxels_by_color", json!({"color": [255, 0, 0], "tolerance": 1}));
    assert_eq!((&found["match_count"], &found["truncated"]), (&json!(3), &json!(false)));
    assert_eq!(found["locations"][0]["x"], 0);
    assert_eq!(found["metadata"]["tolerance"], json!([1, 1, 1, 0]));
    let unique = daemon.call("goxel.get_unique_colors", json!({"merge_similar": true}));
    assert_eq!(unique["count"], 2);
    assert_eq!(unique["colors"][0]["hex"], "#00FF00FF");
    let binned = daemon.call("goxel.get_color_histogram", json!({"bin_size": 64, "top_n": 1}));
    assert_eq!(binned["histogram"][0]["rgba"], json!([224, 32, 32, 255]));
    assert_eq!(binned["histogram"][0]["percentage"], 100.0);
    assert_eq!(daemon.call("ping", json!([]))["pong"], true);
    let error = daemon.fail("goxel.find_voxels_by_color", json!({"color": 5}));
    assert_eq!(error["message"], "Color parameter must be an array of [r,g,b] or [r,g,b,a]");
    let error = daemon.fail("goxel.get_color_histogram", json!({"layer_id": 9}));
    assert_eq!((code(&error), &error["message"]), (-32603, &json!("Color analysis failed")));
}

#[test]
fn create_layer_succeeds_and_lists_show_real_ids_names_and_visibility() {
    let mut daemon = Daemon::default();
    let layer = daemon.call("goxel.create_layer", json!(["Roof", 200, 80, 40, false]));
    assert_eq!((&layer["success"], &layer["id"]), (&json!(true), &json!(2)));
    let list = daemon.call("goxel.list_layers", json!([]));
    assert_eq!(list["count"], 2);
    let roof = &list["layers"][1];
    assert_eq!((&roof["id"], &roof["name"]), (&json!(2), &json!("Roof")));
    assert_eq!(roof["visible"], false);
    let shown = daemon.call("goxel.set_layer_visibility", json!([2, true]));
    assert_eq!(shown["visible"], true);
    assert_eq!(daemon.call("goxel.list_layers", json!([]))["layers"][1]["visible"], true);
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    for params in [json!([0, 0, 0, 300, 0, 0]), json!([0, 0, 0, 10, -4, 0])] {
        let error = daemon.fail("goxel.paint_voxels", params);
        assert_eq!(error["message"], "Invalid color values (must be 0-255)");
    }
    let voxel = daemon.call("goxel.get_voxel", json!([0, 0, 0]));
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]));
}

#[test]
fn the_bounding_box_of_one_voxel_measures_one() {
    let mut daemon = Daemon::default();
    assert_eq!(daemon.call("goxel.get_bounding_box", json!([]))["empty"], true);
    daemon.call("goxel.add_voxel", json!([5, -6, 7, "red"]));
    let found = daemon.call("goxel.get_bounding_box", json!({"exact": true}));
    assert_eq!(found["dimensions"], json!([1, 1, 1]));
    assert_eq!((&found["min"], &found["max"]), (&json!([5, -6, 7]), &json!([5, -6, 7])));
}

#[test]
fn get_status_reports_the_size_that_was_asked_for() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.create_project", json!(["Sized", 16, 17, 18]));
    let status = daemon.call("goxel.get_status", json!([]));
    let size = [&status["width"], &status["height"], &status["depth"]];
    assert_eq!(size, [&json!(16), &json!(17), &json!(18)]);
}

#[test]
fn named_channels_and_position_objects_are_honoured() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.add_voxel",
        json!({"x": 1, "y": 2, "z": 3, "r": 10, "g": 20, "b": 30, "a": 40}),
    );
    let voxel = daemon.call("goxel.get_voxel", json!([1, 2, 3]));
    assert_eq!(voxel["color"], json!([10, 20, 30, 40]));
    let params =
        json!({"position": {"x": -1, "y": -2, "z": -3}, "color": {"r": 9, "g": 8, "b": 7}});
    daemon.call("goxel.add_voxel", params);
    let voxel = daemon.call("goxel.get_voxel", json!({"position": [-1, -2, -3]}));
    assert_eq!(voxel["color"], json!([9, 8, 7, 255]));
}

#[test]
fn coordinates_that_are_missing_or_no_numbers_or_too_large_are_errors() {
    let mut daemon = Daemon::default();
    for params in [
        json!({}),
        json!([]),
        json!([1, 2]),
        json!({"x": 1, "z": 3}),
        json!(["1", 2, 3]),
        json!({"x": "1", "y": 2, "z": 3}),
        json!([1, 2, true]),
        json!([1i64 << 40, 0, 0]),
        json!({"position": [0, 0]}),
    ] {
        let error = daemon.fail("goxel.add_voxel", params.clone());
        assert_eq!(code(&error), -32602, "{params}");
        assert!(error["data"]["param"].is_string(), "{params}: {error}");
    }
    let status = daemon.call("goxel.get_status", json!([]));
    assert_eq!((&status["voxel_count"], &status["revision"]), (&json!(0), &json!(0)));
}

#[test]
fn echoed_control_characters_are_valid_json() {
    let mut daemon = Daemon::default();
    let text = "tab\t, bell\u{7}, line\n, quote\", unit\u{1f}, é, 🙂";
    assert_eq!(daemon.call("echo", json!({"text": text}))["text"], text);
    let error = daemon.fail("goxel.load_project", json!([text]));
    assert!(error["message"].as_str().is_some_and(|message| message.contains("bell\u{7}")));
}

#[test]
fn reading_before_create_project_is_no_crash() {
    let mut daemon = Daemon::default();
    let region =
        daemon.call("goxel.get_voxels_region", json!({"min": [0, 0, 0], "max": [9, 9, 9]}));
    assert_eq!((&region["count"], &region["truncated"]), (&json!(0), &json!(false)));
    assert!(region.get("bbox").is_none());
    assert_eq!(daemon.call("goxel.get_bounding_box", json!({}))["empty"], true);
    assert_eq!(daemon.call("goxel.list_layers", json!([]))["count"], 1);
    assert_eq!(daemon.call("goxel.get_status", json!([]))["width"], 64);
}

#[test]
fn flood_fill_fills_the_connected_region_and_nothing_else() {
    let mut daemon = Daemon::default();
    let walls = json!({"operations": [
        {"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "gray", "hollow": 1},
        {"op": "box", "min": [4, 0, 0], "max": [4, 9, 9], "color": "gray"},
    ]});
    daemon.call("goxel.edit", walls);
    let filled = daemon.call("goxel.flood_fill", json!([2, 2, 2, 0, 0, 255, 255]));
    assert_eq!(filled["voxels_filled"], 3 * 8 * 8);
    assert_eq!(filled["box"]["dimensions"], json!([3, 8, 8]));
    assert!(!exists(&mut daemon, [6, 2, 2]), "the other room stays empty");
    // Corners do not connect; tolerance does.
    daemon.call("goxel.create_project", json!(["Steps"]));
    for (at, color) in
        [([0, 0, 0], [100, 0, 0]), ([1, 0, 0], [105, 0, 0]), ([2, 1, 0], [100, 0, 0])]
    {
        daemon.call("goxel.add_voxel", json!({"position": at, "color": color}));
    }
    let params = json!({"x": 0, "y": 0, "z": 0, "color": "blue", "tolerance": 5});
    assert_eq!(daemon.call("goxel.flood_fill", params)["voxels_filled"], 2);
    let outside = daemon.fail("goxel.flood_fill", json!([5000, 0, 0, "red"]));
    let message = outside["message"].as_str().unwrap();
    assert_eq!(code(&outside), -1010);
    assert!(message.starts_with("Failed to perform flood fill: [5000, 0, 0] lies"), "{message}");
}

#[test]
fn every_shape_is_drawn_and_exact_at_odd_sizes() {
    for shape in
        ["cube", "sphere", "cylinder", "cone", "pyramid", "torus", "ellipsoid", "capsule", "line"]
    {
        for size in [1, 2, 3, 9, 10, 15] {
            let mut daemon = Daemon::default();
            let params = json!({"shape_type": shape, "size_x": size, "size_y": size, "size_z": size,
                "center_x": 3, "center_y": -4, "center_z": 5, "color": "red"});
            let result = daemon.call("goxel.procedural_shape", params);
            let count = daemon.call("goxel.get_status", json!([]))["voxel_count"].clone();
            assert_eq!(result["voxels_created"], count, "{shape} {size}");
            let found = daemon.call("goxel.get_bounding_box", json!([]));
            let low = [3 - size / 2, -4 - size / 2, 5 - size / 2];
            let across = json!([size, size]);
            let got = found["dimensions"].as_array().expect("three lengths").clone();
            assert_eq!(json!([got[0], got[1]]), across, "{shape} {size}: {found}");
            assert_eq!(found["min"][0], low[0], "{shape} {size}: {found}");
            assert_eq!(found["min"][1], low[1], "{shape} {size}: {found}");
            if shape != "torus" {
                assert_eq!(
                    (&found["dimensions"][2], &found["min"][2]),
                    (&json!(size), &json!(low[2]))
                );
            }
        }
    }
    let error = Daemon::default().fail("goxel.procedural_shape", json!(["dodecahedron"]));
    assert_eq!(
        (code(&error), &error["message"]),
        (-1011, &json!("Shape type not implemented yet"))
    );
}

#[test]
fn errors_have_the_codes_and_messages_of_the_documents() {
    let mut daemon = Daemon::default();
    for (method, params, code, message) in [
        ("goxel.remove_voxel", json!([0, 0, 0, 7]), -1005, "Failed to remove voxel: error code -1"),
        (
            "goxel.add_voxel",
            json!({"x": 0, "y": 0, "z": 0, "layer_id": 7}),
            -1004,
            "Failed to add voxel: error code -1",
        ),
        (
            "goxel.paint_voxels",
            json!([0, 0, 0, 1, 2, 3]),
            -1009,
            "Failed to paint voxel: error code -1",
        ),
        (
            "goxel.add_voxel",
            json!({"x": 0, "y": 0, "z": 0, "color": "#12345"}),
            -32602,
            "Invalid hex color format",
        ),
        ("goxel.add_voxel", json!([0, 0, 0, "#12345"]), -32602, "Invalid hex color in array"),
        (
            "goxel.add_voxel",
            json!({"x": 0, "y": 0, "z": 0, "color": {"r": 1}}),
            -32602,
            "Color object missing r, g, b fields",
        ),
        (
            "goxel.add_voxel",
            json!([0, 0, 0, 256, 0, 0]),
            -32602,
            "Invalid color values (must be 0-255)",
        ),
        ("add_voxels", json!({}), -32602, "Missing voxels parameter"),
        ("add_voxels", json!({"voxels": 5}), -32602, "Invalid voxels parameter (must be array)"),
        ("goxel.batch_operations", json!({}), -32602, "Must specify operations array"),
        ("goxel.batch_operations", json!([]), -32602, "Must specify operations array"),
        ("goxel.delete_layer", json!([]), -32602, "Must specify either layer_id or layer_name"),
        ("goxel.delete_layer", json!([9]), -1012, "Failed to delete layer: error code -1"),
        (
            "goxel.delete_layer",
            json!({"layer_name": "x"}),
            -1012,
            "Failed to delete layer: error code -1",
        ),
        (
            "goxel.merge_layers",
            json!([1]),
            -32602,
            "Must specify valid source_layer_id and target_layer_id",
        ),
        ("goxel.merge_layers", json!([1, 9]), -1013, "Failed to merge layers: error code -1"),
        ("goxel.set_layer_visibility", json!([]), -32602, "Must specify valid layer_id"),
        (
            "goxel.set_layer_visibility",
            json!([9]),
            -1014,
            "Failed to set layer visibility: error code -1",
        ),
        (
            "goxel.get_voxels_region",
            json!({"max": [1, 1, 1]}),
            -32602,
            "Parameter 'min' must be an array of 3 integers",
        ),
        (
            "goxel.get_voxels_region",
            json!({"min": [0, 0, 0], "max": [1, "a", 1]}),
            -32602,
            "Min/max arrays must contain integers",
        ),
        ("goxel.get_layer_voxels", json!({"layer_id": 9}), -32603, "Bulk operation failed"),
        (
            "goxel.execute_script",
            json!({}),
            -32602,
            "Must specify either 'script' (code) or 'path' parameter",
        ),
    ] {
        let error = daemon.fail(method, params.clone());
        let got = (error["code"].clone(), error["message"].clone());
        // A message that is only a number ends with its reason.
        let reason =
            error["data"]["reason"].as_str().filter(|_| message.ends_with("error code -1"));
        let message = reason.map_or(message.to_owned(), |reason| format!("{message}: {reason}"));
        assert_eq!(got, (json!(code), json!(message)), "{method} {params}");
        assert!(error["data"].is_object(), "{method} {params}");
    }
    assert_eq!(daemon.call("goxel.execute_script", json!({"script": "1"}))["result"], 1);
    assert_eq!(daemon.call("goxel.get_status", json!([]))["revision"], 0);
}

#[test]
fn merging_draws_with_alpha_and_deletes_the_source() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, 255, 0, 0, 255]));
    daemon.call("goxel.create_layer", json!(["Glass"]));
    daemon.call("goxel.add_voxel", json!([0, 0, 0, 0, 255, 0, 128]));
    daemon.call("goxel.merge_layers", json!([2, 1]));
    let voxel = daemon.call("goxel.get_voxel", json!([0, 0, 0]));
    let channel = |index: usize| voxel["color"][index].as_i64().expect("a channel");
    assert!((126..=127).contains(&channel(0)) && channel(1) == 128 && channel(3) == 255, "{voxel}");
    assert_eq!(daemon.call("goxel.list_layers", json!([]))["count"], 1);
}

#[test]
fn deleting_the_only_layer_leaves_an_empty_one_and_names_work_too() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.delete_layer", json!([1]));
    let list = daemon.call("goxel.list_layers", json!([]));
    assert_eq!((&list["layers"][0]["name"], &list["count"]), (&json!("unnamed"), &json!(1)));
    daemon.call("goxel.create_layer", json!(["Roof"]));
    assert_eq!(daemon.call("goxel.delete_layer", json!({"layer_name": "Roof"}))["layer_id"], 2);
}

#[test]
fn add_voxels_counts_what_it_cannot_read_and_sets_the_rest() {
    let mut daemon = Daemon::default();
    let result = daemon.call(
        "add_voxels",
        json!([[
            {"x": 0, "y": 0, "z": 0, "r": 1, "g": 2, "b": 3},
            {"x": 1, "y": 0, "z": 0, "r": 256, "g": 2, "b": 3},
            {"x": 2, "y": 0, "r": 1, "g": 2, "b": 3},
            {"position": [3, 0, 0], "color": "red"},
            {"x": 4, "y": 0, "z": 0},
            5
        ]]),
    );
    assert_eq!((&result["success"], &result["added"]), (&json!(false), &json!(2)));
    assert_eq!(result["failed"], 4);
    assert_eq!(result["failures"][0]["index"], 1);
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], 2);
    assert_eq!(daemon.call("goxel.undo", json!([]))["steps"], 1);
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], 0);
}

#[test]
fn a_batch_takes_every_voxel_operation_and_applies_all_or_nothing() {
    let mut daemon = Daemon::default();
    let result = daemon.call("goxel.batch_operations", json!({"operations": [
        {"type": "add_voxel", "x": 0, "y": 0, "z": 0, "r": 255, "g": 0, "b": 0},
        {"type": "add_voxel", "position": {"x": 1, "y": 0, "z": 0}, "color": {"r": 0, "g": 255, "b": 0}},
        {"type": "paint_voxel", "x": 0, "y": 0, "z": 0, "color": "blue"},
        {"type": "remove_voxel", "x": 1, "y": 0, "z": 0},
        {"type": "procedural_shape", "shape_type": "cube", "size": 3, "size_x": 2, "size_y": 2, "size_z": 2, "center_x": 20},
        {"op": "sphere", "center": [40, 0, 0], "radius": 1, "color": "red"},
    ]}));
    assert_eq!(result["total_operations"], 6);
    assert_eq!(result["successful_operations"], 6);
    assert_eq!(daemon.call("goxel.get_voxel", json!([0, 0, 0]))["color"], json!([0, 0, 255, 255]));
    let count = daemon.call("goxel.get_status", json!([]))["voxel_count"].clone();
    let error = daemon.fail(
        "goxel.batch_operations",
        json!({"operations": [
            {"type": "add_voxel", "x": 9, "y": 9, "z": 9},
            {"type": "add_voxel", "x": 8, "y": 9, "z": 9},
            {"type": "add_voxel", "x": 8, "y": 9, "z": 9, "layer_id": 77},
        ]}),
    );
    assert_eq!((code(&error), &error["data"]["operation"]), (1002, &json!(2)));
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], count);
    let error = daemon.fail("goxel.batch_operations", json!({"operations": [{"type": "explode"}]}));
    assert_eq!(error["data"]["operation"], 0);
}

#[test]
fn pages_of_a_region_follow_each_other_without_gap_or_repetition() {
    let mut daemon = Daemon::default();
    let cube = json!(["cube", 40, 3, 2, 0, 0, 0, "red"]);
    daemon.call("goxel.procedural_shape", cube);
    let (mut seen, mut offset) = (std::collections::HashSet::new(), json!(0));
    loop {
        let params = json!({"min": [-99, -1, 0], "max": [99, 0, 99], "limit": 7, "offset": offset});
        let page = daemon.call("goxel.get_voxels_region", params);
        for voxel in page["voxels"].as_array().expect("voxels") {
            assert!(seen.insert([&voxel["x"], &voxel["y"], &voxel["z"]].map(Value::to_string)));
        }
        if page["truncated"] == false {
            break;
        }
        offset = page["next_offset"].clone();
    }
    assert_eq!(seen.len(), 40 * 2);
    let filtered = json!({"color_filter": [0, 0, 255], "limit": 0});
    assert_eq!(daemon.call("goxel.get_layer_voxels", filtered)["count"], 0);
    let all = daemon.call("goxel.get_layer_voxels", json!({"limit": 0}));
    assert_eq!(all["count"], 40 * 3 * 2);
    assert_eq!(all["bbox"], json!({"min": [-20, -1, -1], "max": [19, 1, 0]}));
}

#[test]
fn quarter_turns_and_rings_fill_whole_voxels_at_odd_and_even_sizes() {
    let drawn = |params: serde_json::Value| {
        let mut daemon = Daemon::default();
        let created = daemon.call("goxel.procedural_shape", params)["voxels_created"].clone();
        let bounds = daemon.call("goxel.get_bounding_box", json!([]));
        (created, bounds["min"].clone(), bounds["max"].clone())
    };
    let turned = json!({"shape_type": "cube", "size": [8, 3, 2], "rotation": [0, 0, 90]});
    assert_eq!(drawn(turned), (json!(48), json!([-1, -4, -1]), json!([1, 3, 0])));
    let capsule = |size: [u32; 3], turns: u32| json!({"shape_type": "capsule", "size": size, "rotation": [90 * turns, 0, 0]});
    for size in [[4, 4, 9], [3, 3, 8], [4, 4, 8]] {
        let counts = [0, 1, 2, 3, 4].map(|turns| drawn(capsule(size, turns)).0);
        assert!(counts.iter().all(|count| *count == counts[0]), "{size:?} {counts:?}");
    }
    let line = |turns: u32| json!({"shape_type": "line", "size": [6, 1, 1], "rotation": [0, 0, 90 * turns]});
    assert_eq!([0, 1, 2, 3].map(|turns| drawn(line(turns)).0), [6, 6, 6, 6]);
    for size in [5, 7, 9, 11, 15, 21] {
        let ring = json!({"shape_type": "torus", "size": size, "center": [0, 0, 10]});
        let (_, min, max) = drawn(ring);
        let half = (size - 1) / 2;
        assert_eq!((&min[0], &max[1]), (&json!(-half), &json!(half)), "{size}");
        let heights = (min[2].as_i64().unwrap() - 10, max[2].as_i64().unwrap() - 10);
        assert_eq!(heights.0, -heights.1, "{size}: as high above its centre as below");
    }
}

#[test]
fn a_wall_may_be_said_with_true() {
    let mut daemon = Daemon::default();
    let params = json!({"shape_type": "cube", "size": 7, "hollow": true, "position": [1, 2, 3]});
    let drawn = daemon.call("goxel.procedural_shape", params);
    assert_eq!(
        (&drawn["voxels_created"], &drawn["box"]["min"]),
        (&json!(343 - 125), &json!([-2, -1, 0]))
    );
    let error = daemon.fail("goxel.procedural_shape", json!({"size": [1, 2]}));
    assert_eq!(error["data"]["param"], "size");
}
