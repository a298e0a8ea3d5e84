//! Layers over the wire: settings, order, copies, and layers whose voxels are computed.

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn names(daemon: &mut Daemon) -> Vec<String> {
    let list = daemon.call("goxel.list_layers", json!({}));
    let layers = list["layers"].as_array().expect("layers");
    layers.iter().map(|layer| layer["name"].as_str().unwrap_or_default().to_owned()).collect()
}

fn undo(daemon: &mut Daemon) {
    let project = daemon.service.workspace_mut().project_mut("default").expect("the default");
    project.undo().expect("something to undo");
}

#[test]
fn a_layer_is_renamed_reordered_and_undone() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.create_layer", json!(["Roof"]));
    daemon.call("goxel.rename_layer", json!({"layer_id": 1, "name": "Walls"}));
    assert_eq!(names(&mut daemon), ["Walls", "Roof"]);
    let moved = daemon.call("goxel.reorder_layer", json!({"layer_id": 2, "index": 0}));
    assert_eq!(moved["layer"]["name"], "Roof");
    assert_eq!(names(&mut daemon), ["Roof", "Walls"]);
    undo(&mut daemon);
    undo(&mut daemon);
    assert_eq!(names(&mut daemon), ["Layer.1", "Roof"]);
}

#[test]
fn what_changes_nothing_is_no_undo_step_and_no_revision() {
    let mut daemon = Daemon::default();
    for (method, params) in [
        ("goxel.set_active_layer", json!([1])),
        ("goxel.rename_layer", json!([1, "Layer.1"])),
        ("goxel.reorder_layer", json!([1, 5])),
        ("goxel.set_layer_opacity", json!([1, 1])),
        ("goxel.set_layer_mode", json!([1, "over"])),
        ("goxel.update_layer", json!({})),
    ] {
        assert_eq!(daemon.call(method, params)["revision"], 0, "{method}");
    }
}

#[test]
fn opacity_and_mode_are_told_by_lists() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.set_layer_opacity", json!([1, 0.25]));
    daemon.call("goxel.set_layer_mode", json!([0, "Sub"]));
    let layer = daemon.call("goxel.list_layers", json!({}))["layers"][0].clone();
    assert_eq!((layer["opacity"].clone(), layer["mode"].clone()), (json!(0.25), json!("subtract")));
    let error = daemon.fail("goxel.set_layer_mode", json!([1, "overr"]));
    assert_eq!(error["code"], -32602);
    assert!(error["data"]["expected"].as_str().unwrap().contains("subtract_clamp"), "{error}");
}

#[test]
fn a_duplicate_stands_above_its_original_and_has_its_voxels() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([1, 2, 3, "red"]));
    daemon.call("goxel.create_layer", json!(["Top"]));
    let copy = daemon.call("goxel.duplicate_layer", json!({"layer_id": 1}));
    assert_eq!(names(&mut daemon), ["Layer.1", "Layer.1 copy", "Top"]);
    assert_eq!(copy["layer"]["voxel_count"], 1);
    assert_eq!(copy["layer"]["is_active"], true);
    daemon.call("goxel.add_voxel", json!([4, 4, 4]));
    let of_original = daemon.call("goxel.get_voxel", json!({"position": [4, 4, 4], "layer": 1}));
    assert_eq!(of_original["exists"], false);
}

#[test]
fn a_clone_follows_the_edits_of_its_base() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let clone =
        daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "offset": [20, 0, 0]}));
    let id = clone["layer_id"].clone();
    assert_eq!(clone["layer"]["voxel_count"], 1);
    daemon.call("goxel.add_voxel", json!({"position": [1, 0, 0], "layer_id": 1}));
    let exists = |daemon: &mut Daemon, x: i32| {
        daemon.call("goxel.get_voxel", json!({"position": [x, 0, 0], "layer": id}))["exists"]
            .clone()
    };
    assert_eq!(exists(&mut daemon, 21), true);
    undo(&mut daemon);
    assert_eq!(exists(&mut daemon, 21), false);
    daemon.call("goxel.place_layer", json!({"layer_id": id, "offset": [30, 0, 0]}));
    assert_eq!((exists(&mut daemon, 20), exists(&mut daemon, 30)), (json!(false), json!(true)));
}

#[test]
fn computed_voxels_are_edited_only_after_they_are_detached() {
    let mut daemon = Daemon::default();
    let bounds = json!({"min": [-2, -2, 0], "max": [2, 2, 4]});
    let shape = json!({"shape": "sphere", "bounds": bounds, "color": "orange"});
    let made = daemon.call("goxel.create_shape_layer", shape);
    assert_eq!(made["layer"]["kind"], "shape");
    let count = made["layer"]["voxel_count"].as_u64().unwrap();
    assert!(count > 20, "{made}");
    let error = daemon.fail("goxel.add_voxel", json!([9, 9, 9]));
    assert!(error["data"]["hint"].as_str().unwrap().contains("detach_layer"), "{error}");
    assert_eq!(daemon.call("goxel.detach_layer", json!({}))["layer"]["kind"], "voxels");
    daemon.call("goxel.add_voxel", json!([9, 9, 9]));
    let layers = daemon.call("goxel.list_layers", json!({}));
    assert_eq!(layers["layers"][1]["voxel_count"], count + 1);
}

#[test]
fn a_clone_whose_placement_flattens_its_base_is_refused() {
    let mut daemon = Daemon::default();
    let flat = [0.0; 16];
    let before = daemon.call("goxel.list_layers", json!({}));
    daemon.call("goxel.add_voxel", json!([0, 0, 0]));
    let error = daemon.fail("goxel.create_clone_layer", json!({"base_id": 1, "matrix": flat}));
    assert_eq!(error["code"], 1004, "{error}");
    assert_eq!(daemon.call("goxel.list_layers", json!({}))["count"], before["count"]);
}

#[test]
fn an_unknown_layer_is_told_with_those_there_are() {
    let mut daemon = Daemon::default();
    for (method, params) in [
        ("goxel.set_active_layer", json!([7])),
        ("goxel.rename_layer", json!([7, "x"])),
        ("goxel.duplicate_layer", json!([7])),
        ("goxel.create_clone_layer", json!([7])),
        ("goxel.detach_layer", json!([7])),
    ] {
        let error = daemon.fail(method, params);
        let expected: (Value, Value) = (json!(1002), json!([1]));
        assert_eq!((error["code"].clone(), error["data"]["known"].clone()), expected, "{method}");
    }
}

#[test]
fn an_edit_that_a_clone_cannot_follow_is_refused_and_changes_nothing() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([2, 2, 4, "red"]));
    let half = json!([0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]);
    daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "matrix": half}));
    let straight =
        daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "offset": [7, 0, 0]}));
    let straight = straight["layer_id"].clone();
    let before = daemon.call("goxel.list_layers", json!({}));
    // A few would be followed one by one.
    let points: Vec<_> = (1..=600).map(|n: i64| [n * 2_000, -n * 1_500, n * 900]).collect();
    let far = json!({"operations": [{"op": "voxels", "color": "red", "layer_id": 1,
        "points": points}]});
    let error = daemon.fail("goxel.edit", far.clone());
    let message = error["message"].as_str().expect("a message");
    assert!(message.starts_with("Layer 2 is computed and cannot follow: it spans "), "{error}");
    assert_eq!(daemon.call("goxel.list_layers", json!({})), before);
    // One that is only moved can.
    daemon.call("goxel.delete_layer", json!([2]));
    daemon.call("goxel.edit", far);
    let seen = daemon.call(
        "goxel.get_voxel",
        json!({"x": 4_007, "y": -3_000, "z": 1_800, "layer_id": straight}),
    );
    assert_eq!(seen["exists"], true, "{seen}");
}
