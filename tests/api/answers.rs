//! Answers that can be believed: they say where they looked, where files are, and they cost no more
//! than is asked for.

use crate::support::service::Daemon;
use goxel_daemon::rpc::table::entries;
use serde_json::{Value, json};

/// Two layers: one voxel in the first, three in the second, which is active.
fn two_layers() -> Daemon {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    daemon.call("goxel.create_layer", json!(["Water"]));
    let row = json!({"op": "box", "min": [5, 0, 0], "max": [7, 0, 0], "color": "blue"});
    daemon.call("goxel.edit", json!({"operations": [row]}));
    daemon
}

#[test]
fn reads_of_the_active_layer_name_it_and_tell_what_others_hold() {
    let mut daemon = two_layers();
    for (method, params) in [
        ("goxel.get_voxel", json!({"position": [0, 0, 0]})),
        ("goxel.get_voxels_region", json!({"min": [0, 0, 0], "max": [3, 3, 3]})),
        ("goxel.get_layer_voxels", json!({})),
        ("goxel.get_bounding_box", json!({})),
        ("goxel.get_color_histogram", json!({})),
        ("goxel.find_voxels_by_color", json!({"color": [255, 0, 0]})),
        ("goxel.get_unique_colors", json!({})),
    ] {
        let answer = daemon.call(method, params.clone());
        assert_eq!(answer["layer"], "Water", "{method}: {answer}");
        let others = json!([{"layer": "Layer.1", "layer_id": 1, "voxels": 1}]);
        assert_eq!(answer["others"], others, "{method}: {answer}");
        let mut named = params;
        named["layer"] = json!("Layer.1");
        let answer = daemon.call(method, named);
        assert_eq!(answer["layer"], "Layer.1", "{method}: {answer}");
        assert_eq!(answer["others"][0]["voxels"], 3, "{method}: {answer}");
    }
    let all = daemon.call("goxel.get_bounding_box", json!({"layer_id": -2}));
    assert_eq!((&all["max"], all.get("others")), (&json!([7, 0, 0]), None));
}

#[test]
fn new_reads_look_at_what_is_visible_and_say_so() {
    let mut daemon = two_layers();
    for (method, params) in [
        ("goxel.find", json!({})),
        ("goxel.slice", json!({})),
        ("goxel.measure", json!({})),
        ("goxel.read_region", json!({"min": [0, 0, 0], "max": [9, 0, 0]})),
        ("goxel.raycast", json!({"origin": [-5, 0.5, 0.5], "direction": [1, 0, 0]})),
    ] {
        let answer = daemon.call(method, params.clone());
        assert_eq!(answer["layer"], "visible", "{method}: {answer}");
        let mut named = params;
        named["layer"] = json!("Water");
        assert_eq!(daemon.call(method, named)["layer"], "Water", "{method}");
    }
}

#[test]
fn what_is_found_comes_as_rows_that_an_edit_takes() {
    let mut daemon = two_layers();
    let found = daemon.call("goxel.find", json!({"color": "blue"}));
    assert_eq!(found["voxels"][0], json!([5, 0, 0, "#0000FFFF"]));
    daemon.call("goxel.clear_voxels", json!({}));
    let back = json!({"op": "voxels", "voxels": found["voxels"]});
    assert_eq!(daemon.call("goxel.edit", json!({"operations": [back]}))["added"], 3);
    let wall = json!({"op": "box", "min": [0, 0, 9], "max": [9, 9, 9], "color": "red"});
    daemon.call("goxel.edit", json!({"operations": [wall]}));
    let found = daemon.call("goxel.find", json!({"color": "red"}));
    assert_eq!((&found["count"], &found["match_count"]), (&json!(50), &json!(101)));
}

#[test]
fn the_canvas_is_told_as_the_box_that_it_is() {
    let mut daemon = Daemon::default();
    let created = daemon.call("goxel.create_project", json!({"size": [16, 17, 18]}));
    let canvas = json!({"min": [-8, -8, 0], "max": [7, 8, 17]});
    assert_eq!(created["canvas"], canvas);
    assert_eq!(daemon.call("goxel.get_status", json!({}))["canvas"], canvas);
}

#[test]
fn answers_keep_the_path_as_given_and_tell_where_the_file_is() {
    let mut daemon = Daemon::default();
    let directory = std::env::temp_dir().join(format!("goxel-paths-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("sub")).expect("a temporary directory");
    let directory = directory.canonicalize().expect("a temporary directory");
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let given = |name: &str| directory.join("sub/..").join(name).to_str().unwrap().to_owned();
    for (method, name, member) in [
        ("goxel.save_project", "a.gox", "path"),
        ("goxel.load_project", "a.gox", "path"),
        ("goxel.import_model", "a.gox", "path"),
        ("goxel.export_model", "a.obj", "path"),
        ("goxel.export_model", "a.png", "path"),
        ("goxel.export_palette", "a.gpl", "path"),
        ("goxel.render_scene", "b.png", "output_path"),
        ("goxel.render_image", "c.png", "output_path"),
        ("goxel.look", "d.png", "path"),
    ] {
        let answer = daemon.call(method, json!({"path": given(name)}));
        assert_eq!(answer[member], given(name), "{method}: {answer}");
        assert_eq!(answer["absolute_path"], directory.join(name).to_str().unwrap(), "{method}");
    }
    let info = daemon.call("goxel.get_project_info", json!({}));
    assert_eq!(info["absolute_path"], directory.join("a.gox").to_str().unwrap());
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn errors_about_relative_paths_name_the_directory_that_they_begin_at() {
    let mut daemon = Daemon::default();
    let here = std::env::current_dir().unwrap().to_str().unwrap().to_owned();
    for (method, path) in [
        ("goxel.load_project", "no-such.gox"),
        ("goxel.import_model", "no-such.gox"),
        ("goxel.save_project", "no/such/a.gox"),
        ("goxel.export_model", "no/such/a.obj"),
        ("goxel.render_scene", "no/such/a.png"),
        ("goxel.look", "no/such/a.png"),
        ("goxel.import_palette", "no-such.gpl"),
    ] {
        let error = daemon.fail(method, json!({"path": path}));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&here) && message.contains(path), "{method}: {error}");
        assert_eq!(error["data"]["absolute_path"], format!("{here}/{path}"), "{method}: {error}");
    }
}

/// The answer to one line, as it goes over the wire.
fn bytes(daemon: &mut Daemon, params: Value) -> usize {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "list_methods", "params": params});
    daemon.ask(&call.to_string()).to_string().len() + 1
}

#[test]
fn a_list_of_methods_fits_into_one_read_of_an_old_client() {
    let mut daemon = Daemon::default();
    assert!(bytes(&mut daemon, json!([])) < 8192);
    let list = daemon.call("list_methods", json!([]));
    let all = entries().count();
    assert_eq!((&list["count"], &list["more"]), (&json!(34), &json!(all - 34)));
    assert_eq!(list["methods"].as_array().unwrap().len(), 34);
    assert!(list["methods"][0]["description"].as_str().unwrap().len() > 5);
    let names = daemon.call("list_methods", json!({"verbose": false}));
    assert!(names["methods"].as_array().unwrap().iter().all(Value::is_string), "{names}");
    assert_eq!((&names["count"], names.get("more")), (&json!(all), None));
    let everything = daemon.call("list_methods", json!({"verbose": true}));
    assert!(everything["methods"][0]["params"].is_string() && everything["count"] == all);
}

#[test]
fn a_slice_answers_text_alone_unless_operations_are_asked_for() {
    let mut daemon = two_layers();
    let plain = daemon.call("goxel.slice", json!({"axis": "z"}));
    assert!(plain["text"].is_string() && plain.get("operations").is_none(), "{plain}");
    let asked = daemon.call("goxel.slice", json!({"axis": "z", "operations": true}));
    assert_eq!(asked["operations"][0]["op"], "map");
}
