//! Reading back cheaply: planes of characters, measures, regions, rays, finds.

#[path = "support/service.rs"]
mod service;

use proptest::prelude::*;
use serde_json::{Value, json};
use service::Daemon;

/// A daemon with these voxels in the active layer.
fn with_voxels(voxels: &[([i32; 3], [u8; 4])]) -> Daemon {
    let mut daemon = Daemon::default();
    for ([x, y, z], [r, g, b, a]) in voxels {
        daemon.call("goxel.add_voxel", json!([x, y, z, r, g, b, a]));
    }
    daemon
}

/// All voxels of the active layer, sorted.
fn voxels(daemon: &Daemon) -> Vec<([i32; 3], [u8; 4])> {
    let project = daemon.service.workspace().project("default").expect("the default");
    let document = project.document();
    let layer = document.layer(document.active()).expect("the active layer");
    let mut all: Vec<_> =
        layer.volume.voxels().map(|(point, color)| (point.array(), color.bytes())).collect();
    all.sort_unstable();
    all
}

fn some_voxels() -> impl Strategy<Value = Vec<([i32; 3], [u8; 4])>> {
    let voxel = (
        prop::array::uniform3(-9..20i32),
        (0..4u8, 0..2u8, 1..4u8).prop_map(|(r, g, a)| [r * 60, g * 200, 7, a * 85]),
    );
    prop::collection::vec(voxel, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn planes_that_are_read_and_drawn_again_are_the_same_voxels(
        model in some_voxels(),
        axis in prop::sample::select(vec!["x", "y", "z"]),
    ) {
        let mut daemon = with_voxels(&model);
        let before = voxels(&daemon);
        let shown = daemon.call("goxel.slice", json!({"axis": axis, "count": 64}));
        prop_assert_eq!(shown["voxel_count"].as_u64(), Some(before.len() as u64));
        let mut copy = Daemon::default();
        copy.call("goxel.edit", json!({"operations": shown["operations"]}));
        prop_assert_eq!(voxels(&copy), before);
    }
}

#[test]
fn a_slice_shows_one_plane_with_its_numbers_and_legend() {
    let red = [255, 0, 0, 255];
    let mut daemon =
        with_voxels(&[([0, 0, 2], red), ([2, 1, 2], red), ([0, 0, 9], [0, 0, 255, 255])]);
    let shown = daemon.call("goxel.slice", json!({"at": 2}));
    let text = "z=2 (columns x, rows y)\n      0\n      |\n    1 ..a\n    0 a..\na #FF0000FF\n";
    assert_eq!(shown["text"], text);
    assert_eq!((shown["columns"].clone(), shown["rows"].clone()), (json!("x"), json!("y")));
    assert_eq!(daemon.call("goxel.slice", json!({"at": 3}))["empty"], true);
    assert_eq!(Daemon::default().call("goxel.slice", json!({}))["text"], "empty\n");
}

#[test]
fn a_slice_of_what_is_visible_leaves_hidden_layers_out() {
    let mut daemon = with_voxels(&[([0, 0, 0], [1, 2, 3, 255])]);
    daemon.call("goxel.create_layer", json!(["Hidden", "#fff", false]));
    daemon.call("goxel.add_voxel", json!([1, 0, 0]));
    let count = |daemon: &mut Daemon, layer: Value| {
        daemon.call("goxel.slice", json!({"layer_id": layer}))["voxel_count"].clone()
    };
    assert_eq!(count(&mut daemon, json!("visible")), 1);
    assert_eq!(count(&mut daemon, json!(2)), 1);
    let shown = daemon.call("goxel.slice", json!({"layer_id": -2}));
    assert_eq!(shown["bounds"]["max"], json!([0, 0, 0]));
}

#[test]
fn a_slice_that_is_too_large_says_what_to_do() {
    let mut daemon = Daemon::default();
    let within = json!({"min": [0, 0, 0], "max": [9999, 9999, 0]});
    let error = daemon.fail("goxel.slice", json!({"within": within}));
    assert_eq!(error["code"], 1004);
    assert!(error["data"]["hint"].as_str().unwrap().contains("smaller"), "{error}");
}
