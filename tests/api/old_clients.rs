//! What old clients and old documents expect, and what they are told where it is no longer so.

use crate::support::service::Daemon;
use serde_json::{Value, json};

#[test]
fn a_byte_order_mark_before_a_message_is_skipped() {
    let mut daemon = Daemon::default();
    let answer = daemon.ask("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}");
    assert_eq!((&answer["id"], &answer["result"]["pong"]), (&json!(7), &json!(true)));
}

#[test]
fn a_byte_order_mark_before_a_text_file_is_skipped() {
    let directory = std::env::temp_dir().join(format!("goxel-mark-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let mut daemon = Daemon::default();
    for (name, text) in [
        ("a.txt", "# Goxel\n0 0 0 ff0000\n"),
        ("a.obj", "# cube\nv 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n"),
    ] {
        let path = directory.join(name);
        std::fs::write(&path, format!("\u{feff}{text}")).expect("a file");
        let loaded = daemon.call("goxel.load_project", json!([path]));
        assert_eq!(loaded["voxel_count"], 1, "{name}: {loaded}");
    }
    let path = directory.join("a.gpl");
    std::fs::write(&path, "\u{feff}GIMP Palette\nName: One\n#\n255 0 0 red\n").expect("a file");
    let palette = daemon.call("goxel.import_palette", json!({"path": path}));
    assert_eq!((&palette["name"], &palette["count"]), (&json!("One"), &json!(1)));
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn a_document_is_clean_again_after_redo_to_the_saved_state() {
    let directory = std::env::temp_dir().join(format!("goxel-dirty-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let mut daemon = Daemon::default();
    let dirty = |daemon: &mut Daemon| daemon.call("goxel.get_status", json!({}))["dirty"].as_bool();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    daemon.call("goxel.save_project", json!([directory.join("a.gox")]));
    assert_eq!(dirty(&mut daemon), Some(false));
    daemon.call("goxel.undo", json!({}));
    assert_eq!(dirty(&mut daemon), Some(true));
    daemon.call("goxel.redo", json!({}));
    assert_eq!(dirty(&mut daemon), Some(false));
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn a_forgotten_checkpoint_is_said_to_be_forgotten() {
    let mut daemon = Daemon::default();
    let go = json!({"checkpoint": "roof"});
    let message = |error: Value| error["message"].as_str().unwrap().to_owned();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let unknown = message(daemon.fail("goxel.go_to", go.clone()));
    assert!(unknown.contains("No such checkpoint"), "{unknown}");
    daemon.call("goxel.checkpoint", json!({"name": "roof"}));
    daemon.call("goxel.clear_history", json!({}));
    let forgotten = message(daemon.fail("goxel.go_to", go.clone()));
    assert!(forgotten.contains("'roof' was forgotten"), "{forgotten}");
    daemon.call("goxel.add_voxel", json!([1, 0, 0, "red"]));
    daemon.call("goxel.checkpoint", json!({"name": "door"}));
    daemon.call("goxel.undo", json!({}));
    daemon.call("goxel.add_voxel", json!([2, 0, 0, "red"]));
    let cut = message(daemon.fail("goxel.go_to", json!({"checkpoint": "door"})));
    assert!(cut.contains("'door' was forgotten"), "{cut}");
}

#[test]
fn names_of_old_documents_are_carried_out_or_told_what_is_meant() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let preview = daemon.call("generate_preview", json!({"width": 8, "height": 8}));
    assert!(preview["image_data"].is_string(), "{preview}");
    let selected = daemon.call("goxel.select_region", json!([[0, 0, 0], [1, 1, 1]]));
    assert_eq!(selected["box"]["max"], json!([1, 1, 1]));
    let metrics = daemon.call("get_performance_metrics", json!({}));
    assert!(metrics["performance_stats"].is_object(), "{metrics}");
    let memory = &daemon.call("goxel.get_daemon_status", json!({}))["memory_usage"];
    assert!(memory["daemon_mb"].is_number() && memory["total_mb"].is_number(), "{memory}");
    for (word, expected) in [
        ("brush_stroke", "goxel.edit"),
        ("fill_region", "goxel.flood_fill"),
        ("paste_selection", "goxel.copy_selection"),
        ("set_config", "server.config"),
        ("debug_dump_state", "goxel.health"),
        ("debug_trigger_gc", "goxel.clear_history"),
        ("shape.sphere", "goxel.procedural_shape"),
        ("goxel.restore_checkpoint", "goxel.go_to"),
    ] {
        let error = daemon.fail(word, json!({}));
        assert_eq!((&error["code"], &error["data"]["nearest"]), (&json!(-32601), &json!(expected)));
    }
}

#[test]
fn errors_with_a_number_alone_have_their_reason_behind_it() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.create_layer", json!(["Two"]));
    for (method, params, code, message) in [
        ("goxel.delete_layer", json!([99]), -1012, "Failed to delete layer: error code -1: "),
        ("goxel.merge_layers", json!([98, 99]), -1013, "Failed to merge layers: error code -1: "),
        (
            "goxel.set_layer_visibility",
            json!([99, true]),
            -1014,
            "Failed to set layer visibility: error code -1: ",
        ),
        (
            "goxel.remove_voxel",
            json!([0, 0, 0, 99]),
            -1005,
            "Failed to remove voxel: error code -1: ",
        ),
        (
            "goxel.paint_voxels",
            json!([5, 0, 0, 1, 2, 3]),
            -1009,
            "Failed to paint voxel: error code -1: There is no voxel",
        ),
    ] {
        let error = daemon.fail(method, params);
        let told = error["message"].as_str().unwrap();
        assert!(error["code"] == code && told.starts_with(message), "{method}: {error}");
        assert!(told.len() > message.len() + 5, "{method}: {error}");
    }
}

#[test]
fn a_mistyped_name_of_a_colour_is_said_to_be_one() {
    let mut daemon = Daemon::default();
    for params in [json!({"x": 0, "y": 0, "z": 0, "color": "redd"}), json!([0, 0, 0, "redd"])] {
        let message = daemon.fail("goxel.add_voxel", params)["message"].clone();
        let message = message.as_str().unwrap();
        assert!(message.starts_with("Invalid hex color "), "{message}");
        assert!(message.contains("no colour has this name: \"redd\""), "{message}");
    }
}
