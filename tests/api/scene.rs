//! Materials, cameras and the light over the wire.

use crate::support::service::Daemon;
use serde_json::json;

#[test]
fn a_material_is_made_assigned_changed_and_deleted() {
    let mut daemon = Daemon::default();
    let made = daemon.call("goxel.create_material", json!({"name": "Glass", "opacity": 0.3}));
    assert_eq!(made["material"]["material"], 1);
    let layer = daemon.call("goxel.set_layer_material", json!({"material": "Glass"}));
    assert_eq!(layer["layer"]["material"], 1);
    daemon.call("goxel.update_material", json!({"material": "Glass", "emission": [2, 0, 0]}));
    let list = daemon.call("goxel.list_materials", json!({}));
    assert_eq!(list["materials"][1]["emission"], json!([2.0, 0.0, 0.0]));
    assert_eq!(list["materials"][1]["layers"], json!([1]));
    let left = daemon.call("goxel.delete_material", json!({"material": 0}));
    assert_eq!((left["count"].clone(), left["layers"].clone()), (json!(1), json!([])));
    let layers = daemon.call("goxel.list_layers", json!({}));
    assert_eq!(layers["layers"][0]["material"], 0, "its index went down with it");
    let left = daemon.call("goxel.delete_material", json!({"material": "Glass"}));
    assert_eq!(left["layers"], json!([1]));
    let layers = daemon.call("goxel.list_layers", json!({}));
    assert_eq!(layers["layers"][0].get("material"), None);
}

#[test]
fn an_unknown_material_is_told_with_its_nearest_neighbour() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.update_material", json!({"material": "Materiel.1"}));
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().unwrap().contains("did you mean 'Material.1'?"), "{error}");
    let error = daemon.fail("goxel.create_material", json!({"color": [1, 2, 0]}));
    assert!(error["data"]["expected"].as_str().unwrap().contains("from 0 to 1"), "{error}");
}

#[test]
fn a_camera_comes_back_where_it_was_put() {
    let mut daemon = Daemon::default();
    let eye = json!([10.0, -80.0, 20.0]);
    let made = daemon.call("goxel.create_camera", json!({"eye": eye, "target": [0, 0, 10]}));
    assert_eq!(
        (made["camera"]["camera"].clone(), made["camera"]["is_active"].clone()),
        (json!(1), json!(true))
    );
    let camera = daemon.call("goxel.list_cameras", json!({}))["cameras"][1].clone();
    assert_eq!(camera["eye"], eye);
    let z = camera["target"][2].as_f64().unwrap();
    assert!((z - 10.0).abs() < 1e-3, "{camera}");
    let back = daemon.call("goxel.set_active_camera", json!([0]));
    assert_eq!(back["camera"]["name"], "Camera.1");
    let left = daemon.call("goxel.delete_camera", json!([0]));
    assert_eq!((left["count"].clone(), left["active_camera"].clone()), (json!(1), json!(0)));
}

#[test]
fn a_named_view_shows_all_that_is_visible() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([100, 0, 0]));
    let camera = daemon.call("goxel.create_camera", json!({"view": "top"}))["camera"].clone();
    let near =
        |value: &serde_json::Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 1e-3;
    assert!(near(&camera["eye"][0], 100.5) && near(&camera["target"][2], 0.5), "{camera}");
    assert!(camera["eye"][2].as_f64().unwrap() > 1.0);
}

#[test]
fn a_camera_that_looks_nowhere_is_refused() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.create_camera", json!({"eye": [1, 1, 1], "target": [1, 1, 1]}));
    assert!(error["message"].as_str().unwrap().contains("must differ"), "{error}");
    assert_eq!(daemon.call("goxel.list_cameras", json!({}))["count"], 1);
}

#[test]
fn the_light_takes_degrees_and_keeps_what_is_not_given() {
    let mut daemon = Daemon::default();
    let before = daemon.call("goxel.get_light", json!({}));
    let after = daemon.call("goxel.set_light", json!({"pitch": 45, "shadow": 0.5}));
    assert_eq!((after["pitch"].clone(), after["shadow"].clone()), (json!(45.0), json!(0.5)));
    assert_eq!(after["yaw"], before["yaw"]);
    assert_eq!(after["revision"], 1);
    assert_eq!(daemon.call("goxel.set_light", json!({"pitch": 45}))["revision"], 1);
    assert_eq!(daemon.fail("goxel.set_light", json!({"ambient": 2}))["code"], -32602);
}
