//! The older tool dialect: every tool answers, and arrays survive both ways.

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn tool(daemon: &mut Daemon, name: &str, arguments: Value) -> Value {
    daemon.ask(&json!({"tool": name, "arguments": arguments}).to_string())
}

/// The tools of the older dialect, each with arguments that work on a fresh document.
const TOOLS: [(&str, &str); 15] = [
    ("goxel_create_project", r#"{"name":"x","size":[8,8,8]}"#),
    ("goxel_add_voxels", r#"{"position":{"x":1,"y":2,"z":3},"color":{"r":1,"g":2,"b":3}}"#),
    ("goxel_get_voxel", r#"{"position":{"x":1,"y":2,"z":3}}"#),
    ("goxel_paint_voxels", r#"{"position":{"x":1,"y":2,"z":3},"color":{"r":9,"g":9,"b":9}}"#),
    ("goxel_flood_fill", r#"{"position":{"x":1,"y":2,"z":3},"color":{"r":7,"g":7,"b":7}}"#),
    ("goxel_procedural_shape", r#"{"shape_type":"sphere","size_x":5,"size_y":5,"size_z":5}"#),
    ("goxel_remove_voxels", r#"{"position":{"x":1,"y":2,"z":3}}"#),
    ("goxel_new_layer", r#"{"name":"Roof"}"#),
    ("goxel_list_layers", "{}"),
    ("goxel_set_layer_visibility", r#"{"layer_id":1,"visible":false}"#),
    ("goxel_merge_layers", r#"{"source_layer_id":2,"target_layer_id":1}"#),
    ("goxel_delete_layer", r#"{"layer_id":1}"#),
    ("ping", "{}"),
    ("version", "{}"),
    ("list_methods", "{}"),
];

#[test]
fn every_tool_answers_and_arrays_survive_both_ways() {
    let mut daemon = Daemon::default();
    for (name, arguments) in TOOLS {
        let answer = tool(&mut daemon, name, serde_json::from_str(arguments).expect("JSON"));
        assert_eq!(answer["success"], true, "{name}: {answer}");
        assert!(answer["content"].is_object(), "{name}: {answer}");
    }
    let operations = json!([
        {"type": "add_voxel", "position": {"x": 0, "y": 0, "z": 0}, "color": {"r": 5, "g": 6, "b": 7}},
        {"type": "add_voxel", "x": 1, "y": 0, "z": 0, "r": 8, "g": 9, "b": 10},
    ]);
    let batch =
        tool(&mut daemon, "goxel_batch_voxel_operations", json!({"operations": operations}));
    assert_eq!(batch["content"]["successful_operations"], 2, "{batch}");
    let read = tool(&mut daemon, "goxel_get_voxel", json!({"position": [0, 0, 0]}));
    assert_eq!(read["content"]["color"], json!([5, 6, 7, 255]));
    let read = daemon.call("goxel.get_voxel", json!([1, 0, 0]));
    assert_eq!(read["color"], json!([8, 9, 10, 255]));
    let layers = tool(&mut daemon, "goxel_list_layers", json!({}));
    assert_eq!(layers["content"]["layers"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_unknown_tool_is_told_with_its_nearest_neighbour() {
    let answer = tool(&mut Daemon::default(), "goxel_add_voxel", json!({}));
    assert_eq!(
        (answer["success"].clone(), answer["error_code"].clone()),
        (json!(false), json!(-1001))
    );
    assert_eq!(answer["error_data"]["nearest"], "goxel_add_voxels");
}

#[test]
fn errors_teach_with_the_rule_the_value_an_example_and_the_nearest_name() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.slice", json!({"axis": "zz"}));
    let data = &error["data"];
    assert_eq!((data["param"].clone(), data["got"].clone()), (json!("axis"), json!("\"zz\"")));
    assert!(data["expected"].as_str().unwrap().contains("one of x, y, z"), "{error}");
    assert!(data["example"].is_object(), "{error}");
    assert!(data["hint"].as_str().unwrap().contains("nothing was changed"), "{error}");
    let error = daemon.fail("goxel.set_layer_mode", json!([1, "subtrat"]));
    assert!(error["message"].as_str().unwrap().contains("did you mean 'subtract'?"), "{error}");
    let error = daemon.fail("goxel.slice", json!({"axs": "z"}));
    assert_eq!(error["data"]["nearest"], "axis");
    let error = daemon.fail("goxel.get_layrs", json!({}));
    assert_eq!(error["data"]["nearest"], "get_layers");
}

#[test]
fn a_slip_of_the_pen_is_told_wherever_it_is() {
    let mut daemon = Daemon::default();
    let mut error_of = |method: &str, params: Value| daemon.fail(method, params);
    let misnamed = error_of("goxel.edit", json!({"operatons": []}));
    let told = ["param", "got", "nearest"].map(|name| misnamed["data"][name].clone());
    assert_eq!(told, [json!("operations"), json!("operatons"), json!("operations")]);
    let field =
        json!({"operations": [{"op": "box", "mn": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]});
    let field = error_of("goxel.edit", field);
    assert!(field["message"].as_str().unwrap().contains("there is none named 'mn'"), "{field}");
    assert_eq!((&field["data"]["operation"], &field["data"]["op"]), (&json!(0), &json!("box")));
    for (method, name) in [("goxel.edit", "op"), ("goxel.batch_operations", "type")] {
        let unknown = error_of(method, json!({"operations": [{name: "cylnder"}]}));
        assert_eq!(
            (&unknown["data"]["nearest"], &unknown["data"]["got"]),
            (&json!("cylinder"), &json!("cylnder"))
        );
        assert!(unknown["data"]["known"].as_array().unwrap().contains(&json!("box")), "{unknown}");
        assert!(unknown["data"]["example"].is_object(), "{unknown}");
    }
    let older = error_of("goxel.batch_operations", json!({"operations": [{"type": "ad_voxel"}]}));
    assert_eq!(older["data"]["nearest"], "add_voxel");
    let color = error_of("goxel.add_voxel", json!({"position": [0, 0, 0], "color": "gren"}));
    let message = color["message"].as_str().unwrap();
    assert!(
        message.starts_with("Invalid hex color format") && message.contains("gren"),
        "{message}"
    );
    let expected = color["data"]["expected"].as_str().unwrap();
    assert!(expected.contains("did you mean \"green\"?"), "{expected}");
    let list = error_of("add_voxels", json!({"voxels": 5}));
    assert!(list["data"]["example"]["voxels"].is_array(), "{list}");
    let layer = json!({"operations": [{"op": "clear", "layer": 9}]});
    assert_eq!(error_of("goxel.edit", layer)["data"]["param"], "layer");
    assert_eq!(daemon.call("goxel.get_status", json!([]))["revision"], 0);
}
