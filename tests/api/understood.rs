//! Whatever is inside of a value is understood or named: members of members, words, fields of
//! operations.

use super::described::{KEPT_PICTURE, fresh, kept_picture, parse, prepare};
use crate::support::service::Daemon;
use goxel_daemon::api::Params;
use goxel_daemon::api::operations::{CommonFields, OPERATIONS};
use goxel_daemon::api::schema::Schema;
use goxel_daemon::rpc::table::{Entry, entries};
use serde_json::{Map, Value, json};

/// The name that nobody knows.
const ODD: &str = "nonsense";

fn example(entry: &Entry, daemon: &mut Daemon) -> Value {
    prepare(daemon, entry.method.name);
    let text = entry.method.example.by_name;
    match text.contains(KEPT_PICTURE) {
        true => parse(&text.replace(KEPT_PICTURE, &kept_picture(daemon))),
        false => parse(text),
    }
}

/// The value once for each object in it, with one member more there; what is at the top is left as
/// it is.
fn with_odd_members(value: &Value, is_top: bool) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            if !is_top {
                let mut more = members.clone();
                more.insert(ODD.to_owned(), json!(1));
                found.push(more.into());
            }
            for (name, inner) in members {
                for changed in with_odd_members(inner, false) {
                    let mut all = members.clone();
                    all.insert(name.clone(), changed);
                    found.push(all.into());
                }
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                for changed in with_odd_members(inner, false) {
                    let mut all = list.clone();
                    all[index] = changed;
                    found.push(all.into());
                }
            }
        }
        _ => {}
    }
    found
}

/// What an answer says of something that was not understood.
fn told(answer: &Value) -> String {
    match answer.get("error") {
        Some(error) => error.to_string(),
        None => answer["result"]["warnings"].to_string(),
    }
}

/// Whether members of any name belong there: scripts get them, `echo` gives them back, a legend's
/// and weights' are values.
fn is_free(method: &str) -> bool {
    matches!(method, "echo" | "goxel.execute_script")
}

#[test]
fn every_method_names_a_member_inside_of_its_values_that_it_does_not_know() {
    let mut silent = Vec::new();
    let mut tried = 0;
    for entry in entries().filter(|entry| !is_free(entry.method.name)) {
        let params = example(entry, &mut fresh());
        for params in with_odd_members(&params, true) {
            let mut daemon = fresh();
            let params = match example(entry, &mut daemon) {
                // The path of a kept picture is another one each time.
                kept if entry.method.example.by_name.contains(KEPT_PICTURE) => kept,
                _ => params,
            };
            let answer = daemon.reply(entry.method.name, params.clone());
            if answer["error"]["code"] != 1005 && !told(&answer).contains(ODD) {
                silent.push(format!("{} {params}: {answer}", entry.method.name));
            }
            tried += 1;
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(tried > 10, "{tried}");
}

#[test]
fn every_operation_names_what_it_does_not_know() {
    let mut silent = Vec::new();
    for info in OPERATIONS {
        let whole = parse(info.example);
        let mut tries = with_odd_members(&whole, true);
        let plain = |name: &str, value: Value| {
            let mut operation = whole.as_object().cloned().unwrap_or_default();
            operation.insert(name.to_owned(), value);
            Value::Object(operation)
        };
        tries.push(plain(ODD, json!(1)));
        for param in info.fields.iter().chain(CommonFields::PARAMS) {
            let value = match param.schema {
                Schema::Word(_) | Schema::Color | Schema::Number(..) | Schema::Integer(..) => {
                    json!(ODD)
                }
                Schema::Boolean | Schema::List(..) | Schema::Custom(..) => json!({ODD: 1}),
                _ => continue,
            };
            tries.push(plain(param.name(), value));
        }
        for operation in tries {
            let mut daemon = Daemon::default();
            let block = json!({"op": "box", "min": [-3, -3, 0], "max": [3, 3, 3], "color": "red"});
            daemon.call("goxel.edit", json!({"operations": [block]}));
            let answer = daemon.reply("goxel.edit", json!({"operations": [operation.clone()]}));
            let is_legend = operation["legend"].get(ODD).is_some();
            let is_named = answer.get("error").is_some() && answer.to_string().contains(ODD);
            if !is_named && !is_legend {
                silent.push(format!("{operation}: {answer}"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn members_of_params_that_take_objects_are_known_or_named() {
    let cases: [(&str, Value); 14] = [
        ("goxel.look", json!({"lighting": {ODD: 1}})),
        ("goxel.look", json!({"section": {"axis": "z", "at": 1, ODD: 1}})),
        ("goxel.look", json!({"within": {"min": [0, 0, 0], "max": [1, 1, 1], ODD: 1}})),
        ("goxel.render_scene", json!({"width": 8, "height": 8, "camera": {ODD: 1}})),
        ("goxel.render_scene", json!({"width": 8, "height": 8, "lighting": {ODD: 1}})),
        ("goxel.render_scene", json!({"width": 8, "height": 8, "options": {ODD: 1}})),
        ("goxel.measure", json!({"within": {"min": [0, 0, 0], "max": [1, 1, 1], ODD: 1}})),
        (
            "goxel.get_color_histogram",
            json!({"region": {"min": [0, 0, 0], "max": [1, 1, 1], ODD: 1}}),
        ),
        ("goxel.export_model", json!({"path": "odd.vox", "options": {ODD: 1}})),
        ("goxel.import_model", json!({"path": "model.vox", "options": {ODD: 1}})),
        ("goxel.save_project", json!({"path": "odd.gox", "options": {ODD: 1}})),
        ("goxel.add_voxel", json!({"position": {"x": 0, "y": 0, "z": 0, ODD: 1}, "color": "red"})),
        ("goxel.select_box", json!({"min": {"x": 0, "y": 0, "z": 0, ODD: 1}, "max": [1, 1, 1]})),
        (
            "goxel.set_layer",
            json!({"layer": 1, "bounds": {"min": [0, 0, 0], "max": [1, 1, 1], ODD: 1}}),
        ),
    ];
    for (method, params) in cases {
        let answer = fresh().reply(method, params.clone());
        assert!(told(&answer).contains(ODD), "{method} {params}: {answer}");
    }
}

#[test]
fn what_an_answer_of_few_tokens_leaves_out_is_asked_for_by_detail() {
    let mut daemon = Daemon::default();
    let block = json!({"op": "box", "min": [0, 0, 0], "max": [7, 7, 3], "color": "red"});
    daemon.call("goxel.edit", json!({"operations": [block]}));
    for (method, left_out) in [
        ("goxel.list_layers", "opacity"),
        ("goxel.history", "dimensions"),
        ("goxel.diff", "position"),
        ("goxel.measure", "sample"),
    ] {
        let full = daemon.call(method, json!({})).to_string();
        assert_eq!(full, daemon.call(method, json!({"detail": "full"})).to_string(), "{method}");
        let brief = daemon.call(method, json!({"detail": "brief"})).to_string();
        assert!(full.contains(left_out) && !brief.contains(left_out), "{method}: {brief}");
        assert!(brief.len() < full.len(), "{method}: {} of {}", brief.len(), full.len());
        let odd = daemon.reply(method, json!({"detail": "breif"}));
        assert!(told(&odd).contains("'brief'"), "{method}: {odd}");
    }
}

#[test]
fn a_read_of_all_layers_says_so_and_a_refused_fill_tells_why() {
    let mut daemon = Daemon::default();
    let bounds = daemon.call("goxel.get_bounding_box", json!({"layer_id": -2}));
    assert_eq!(bounds["layer"], "all");
    let error = daemon.fail("goxel.flood_fill", json!([500, 0, 0, 1, 2, 3]));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Failed to perform flood fill: [500, 0, 0] lies"), "{message}");
    let surplus = daemon.call("version", json!([1]))["warnings"][0].clone();
    assert_eq!(surplus, "params[0] is not known here; known: none");
    let nowhere: Map<String, Value> = Map::new();
    let kept = json!({"width": 8, "height": 8, "options": {"return_mode": "file_path"}});
    let file =
        daemon.call("goxel.render_scene", kept)["file"].as_object().cloned().unwrap_or(nowhere);
    assert!(file["absolute_path"].as_str().unwrap().starts_with('/'), "{file:?}");
}
