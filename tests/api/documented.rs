//! Params and results as older documents show them, though no daemon ever had them.

use crate::support::service::Daemon;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Checks that a result has these members.
fn has(result: &Value, members: &[&str]) {
    for member in members {
        assert!(!result[member].is_null(), "{member} is missing: {result}");
    }
}

fn is_utc_time(value: &Value) {
    let text = value.as_str().expect("a time as text");
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00Z", "{text}");
    assert!(text > "2020", "{text}");
}

#[test]
fn create_project_tells_what_the_documents_promise() {
    let mut daemon = Daemon::default();
    let made = daemon.call(
        "goxel.create_project",
        json!({"name": "Tower", "template": "empty", "size": [8, 9, 10]}),
    );
    has(&made, &["project_id", "name", "created_at", "canvas_size", "layer_count", "voxel_count"]);
    is_utc_time(&made["created_at"]);
    assert_eq!((&made["canvas_size"], &made["voxel_count"]), (&json!([8, 9, 10]), &json!(0)));
    let status = daemon.call("goxel.get_status", json!({"project_id": made["project_id"]}));
    assert_eq!(status["name"], "Tower", "the id serves as the project's name");
    let unknown = daemon.fail("goxel.get_status", json!({"project_id": "nobody"}));
    assert_eq!(unknown["code"], 1001);
}

#[test]
fn a_template_is_drawn_into_the_middle_of_the_canvas() {
    let mut daemon = Daemon::default();
    for (template, size, voxels, low, high) in [
        ("cube", [8, 8, 8], 64, [-2, -2, 2], [1, 1, 5]),
        ("cube", [7, 9, 1], 4 * 5, [-2, -2, 0], [1, 2, 0]),
        ("sphere", [10, 10, 10], 81, [-2, -2, 3], [2, 2, 7]),
    ] {
        let params = json!({"template": template, "size": size});
        let made = daemon.call("goxel.create_project", params);
        assert_eq!(made["voxel_count"], voxels, "{template} {size:?}");
        let bounds = daemon.call("goxel.get_bounding_box", json!([]));
        assert_eq!((&bounds["min"], &bounds["max"]), (&json!(low), &json!(high)), "{size:?}");
    }
    let revision = daemon.call("goxel.get_status", json!([]))["revision"].clone();
    assert_eq!(revision, 3, "each is one change");
    let error = daemon.fail("goxel.create_project", json!({"template": "spere"}));
    assert!(
        error["message"].as_str().is_some_and(|m| m.contains("did you mean 'sphere'")),
        "{error}"
    );
    assert_eq!(daemon.call("goxel.get_status", json!([]))["revision"], revision);
}

#[test]
fn what_was_loaded_and_what_is_open_is_told_in_their_words() {
    let mut daemon = Daemon::default();
    let path = std::env::temp_dir().join(format!("goxel-documented-{}.gox", std::process::id()));
    daemon.call("goxel.add_voxel", json!([1, 2, 3, "red"]));
    daemon.call("goxel.save_project", json!({"file_path": path}));
    let loaded = daemon.call("goxel.load_project", json!({"file_path": path, "set_active": true}));
    std::fs::remove_file(&path).expect("the file was written");
    has(&loaded, &["project_id", "name", "canvas_size", "layer_count", "voxel_count"]);
    assert_eq!(loaded["file_path"], json!(path));
    assert_eq!(loaded["format_version"], 2);
    let info = daemon.call("goxel.get_project_info", json!({}));
    has(
        &info,
        &["project_id", "name", "canvas_size", "layer_count", "total_voxels", "memory_usage"],
    );
    assert_eq!(
        info["bounding_box"],
        json!({"min": [1, 2, 3], "max": [1, 2, 3], "dimensions": [1, 1, 1]})
    );
    assert_eq!(info["file_path"], json!(path));
    is_utc_time(&info["last_modified"]);
    let voxel = daemon.call("goxel.get_voxel", json!({"position": [1, 2, 3], "layer_id": 1}));
    has(&voxel, &["exists", "position", "color", "layer_id"]);
    let layers = daemon.call("goxel.list_layers", json!({}));
    has(&layers, &["active_layer", "total_layers"]);
    has(&layers["layers"][0], &["id", "name", "visible", "opacity", "voxel_count", "is_active"]);
}

#[test]
fn the_time_of_the_last_change_stays_when_nothing_changes() {
    let mut daemon = Daemon::default();
    let mut time =
        || daemon.service.workspace_mut().project_mut("default").map(|p| p.last_modified());
    let opened = time();
    assert_eq!(time(), opened);
    daemon.call("goxel.get_voxel", json!([0, 0, 0]));
    let mut time =
        || daemon.service.workspace_mut().project_mut("default").map(|p| p.last_modified());
    assert_eq!(time(), opened);
    std::thread::sleep(std::time::Duration::from_millis(2));
    daemon.call("goxel.add_voxel", json!([0, 0, 0]));
    let mut time =
        || daemon.service.workspace_mut().project_mut("default").map(|p| p.last_modified());
    let changed = time();
    assert!(changed > opened);
    assert_eq!(time(), changed);
}

#[test]
fn render_image_answers_with_the_picture_itself() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.procedural_shape", json!(["cube", 5, 5, 5, 0, 0, 0, 200, 40, 40]));
    let params = json!({
        "width": 40, "height": 30, "format": "png", "quality": 90,
        "camera": {"position": [20, -30, 20], "target": [0, 0, 0], "up": [0, 0, 1], "fov": 40},
        "lighting": {"ambient": 0.3, "diffuse": 0.7, "sun_direction": [1, -1, 2]},
    });
    let image = daemon.call("goxel.render_image", params);
    has(&image, &["image_data", "format", "width", "height", "render_time_ms"]);
    let png = STANDARD.decode(image["image_data"].as_str().expect("text")).expect("base64");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(png[16..24], [0, 0, 0, 40, 0, 0, 0, 30], "width and height");
    assert_eq!(image["bytes"], png.len());
    let error = daemon.fail("goxel.render_image", json!({"format": "bmp"}));
    assert_eq!(
        (&error["code"], &error["data"]["known"]),
        (&json!(1005), &json!(["png", "jpeg", "webp", "gif", "apng"]))
    );
    let path = std::env::temp_dir().join(format!("goxel-image-{}.png", std::process::id()));
    let to_file = daemon.call("goxel.render_image", json!({"output_path": path}));
    std::fs::remove_file(&path).expect("the picture was written");
    assert_eq!((to_file.get("image_data"), &to_file["output_path"]), (None, &json!(path)));
}

/// The picture of a call, in base64.
fn picture(daemon: &mut Daemon, params: Value) -> Value {
    let mut all = json!({"width": 32, "height": 32});
    let given = params.as_object().expect("an object").clone();
    all.as_object_mut().expect("an object").extend(given);
    daemon.call("goxel.render_image", all)["image_data"].clone()
}

#[test]
fn pictures_take_the_light_and_the_cameras_of_the_document() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.procedural_shape", json!(["sphere", 9, 9, 9, 0, 0, 0, 200, 90, 40]));
    let usual = picture(&mut daemon, json!({}));
    let noon =
        picture(&mut daemon, json!({"lighting": {"sun_direction": [0, 0, 1], "ambient": 0.1}}));
    let rays =
        picture(&mut daemon, json!({"lighting": {"sun_direction": [0, 0, -3], "ambient": 0.1}}));
    assert_ne!(usual, noon);
    assert_eq!(noon, rays, "the way of the rays says the same");
    let error =
        daemon.fail("goxel.render_image", json!({"lighting": {"sun_direction": [0, 0, 0]}}));
    assert_eq!(error["data"]["param"], "lighting.sun_direction");
    daemon.call("goxel.set_light", json!({"pitch": 0, "ambient": 0.1, "shadow": 0.75}));
    assert_eq!(
        picture(&mut daemon, json!({})),
        noon,
        "the light that was set is the light of pictures"
    );

    let made = daemon.call(
        "goxel.create_camera",
        json!({"name": "door", "eye": [0, -40, 5], "target": [0, 0, 5]}),
    );
    let (index, pose) = (
        made["camera"]["camera"].clone(),
        json!({"position": [0, -40, 5], "target": [0, 0, 5], "fov": 20}),
    );
    let free = picture(&mut daemon, json!({"camera": pose}));
    assert_ne!(free, noon);
    for camera in [json!("door"), json!("active"), index] {
        assert_eq!(picture(&mut daemon, json!({"camera": camera})), free, "{camera}");
    }
    let error = daemon.fail("goxel.render_image", json!({"camera": "dor"}));
    assert!(
        error["message"].as_str().is_some_and(|m| m.contains("did you mean 'door'")),
        "{error}"
    );
}

#[test]
fn the_state_of_the_daemon_has_all_figures_of_the_documents() {
    let mut daemon = Daemon::default();
    let state = |daemon: &mut Daemon| daemon.call("goxel.get_daemon_status", json!({}));
    let status = state(&mut daemon);
    has(&status, &["daemon_version", "uptime_seconds", "active_connections", "total_requests"]);
    has(&status, &["average_response_time_ms", "active_projects"]);
    has(&status["memory_usage"], &["daemon_mb", "goxel_core_mb", "total_mb"]);
    has(
        &status["performance_stats"],
        &["requests_per_second", "cache_hit_rate", "errors_per_hour"],
    );
    assert_eq!(status["performance_stats"]["cache_hit_rate"], 0.0);
    daemon.call("goxel.add_voxel", json!([0, 0, 0]));
    daemon.call("goxel.create_layer", json!(["Second"]));
    daemon.call("goxel.add_voxel", json!([1, 0, 0]));
    picture(&mut daemon, json!({}));
    picture(&mut daemon, json!({}));
    assert_eq!(state(&mut daemon)["performance_stats"]["cache_hit_rate"], 0.5);
}

#[test]
fn names_that_clients_call_are_served() {
    let mut daemon = Daemon::default();
    daemon.call("project.create", json!({"name": "Old", "size": [4, 4, 4]}));
    daemon.call("voxel.add", json!({"position": [0, 0, 0], "color": [1, 2, 3]}));
    let layer = daemon.call("layer.add", json!({"name": "Roof"}));
    daemon.call("layer.select", json!({"layer_id": layer["layer_id"]}));
    for name in ["goxel.help", "daemon.status", "daemon.stats", "goxel.get_performance_metrics"] {
        daemon.call(name, json!({}));
    }
    daemon.call("render_preview", json!({"width": 16, "height": 16}));
}
