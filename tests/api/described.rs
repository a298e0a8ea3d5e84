//! The API as described is the API as it is: every example of every method is called, every result
//! is held against its schema, and bad params are refused without a trace.

use std::collections::HashSet;
use std::sync::Once;

use crate::support::schema::misfit;
use crate::support::service::Daemon;
use goxel_daemon::api::json::{Elements, Members};
use goxel_daemon::rpc::describe::{errors_of, openrpc, page, slots};
use goxel_daemon::rpc::table::{Entry, entries};
use serde_json::{Value, json};

/// A fresh daemon, in a directory of this test run with the files that examples name.
pub(super) fn fresh() -> Daemon {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let directory = std::env::temp_dir().join(format!("goxel-examples-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        std::env::set_current_dir(&directory).expect("its own directory");
        let mut daemon = Daemon::default();
        daemon.call("goxel.add_voxel", json!([0, 0, 0, "#ff0000"]));
        for path in ["model.gox", "model.vox", "model.obj"] {
            daemon.reply("goxel.export_model", json!([path]));
        }
        let palette = "GIMP Palette\nName: Two\n#\n255 0 0 Red\n0 0 255 Blue\n";
        std::fs::write("colors.gpl", palette).expect("a palette");
    });
    let mut daemon = Daemon::default();
    daemon.service.set_script_directory(Some("scripts".into()));
    daemon
}

fn revision(daemon: &Daemon) -> u64 {
    daemon.service.workspace().projects().map(|(_, project)| project.revision()).sum()
}

pub(super) fn parse(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_else(|error| panic!("{raw}: {error}"))
}

/// Stands in examples for the path of a picture that the daemon keeps.
pub(super) const KEPT_PICTURE: &str = "RENDER";

pub(super) fn kept_picture(daemon: &mut Daemon) -> String {
    let options = json!({"return_mode": "file_path"});
    let params = json!({"width": 8, "height": 8, "options": options});
    let result = daemon.call("goxel.render_scene", params);
    result["file"]["path"].as_str().expect("a path").to_owned()
}

/// What must be there before an example that needs something makes sense.
pub(super) fn prepare(daemon: &mut Daemon, method: &str) {
    match method {
        "goxel.paint_voxels" => drop(daemon.call("goxel.add_voxel", json!([1, 2, 3, "red"]))),
        "goxel.delete_script" => {
            let script = json!({"name": "hill", "script": "1", "overwrite": true});
            drop(daemon.call("goxel.save_script", script));
        }
        "goxel.merge_layers" => drop(daemon.call("goxel.create_layer", json!(["Roof"]))),
        _ => {}
    }
}

/// What a shutdown answers depends on how the daemon was started, and only daemons hand over.
fn may_fail(entry: &Entry) -> bool {
    matches!(entry.method.name, "shutdown" | "goxel.hand_over")
        || errors_of(&entry.method).iter().any(|(code, _)| *code == 1005)
}

#[test]
fn every_example_works_by_position_and_by_name_and_its_result_fits_the_schema() {
    for entry in entries() {
        let method = &entry.method;
        let example = [method.example.by_position, method.example.by_name];
        assert!(!example[1].is_empty(), "{} has no example by name", method.name);
        for params in example.into_iter().filter(|params| !params.is_empty()) {
            let mut daemon = fresh();
            prepare(&mut daemon, method.name);
            let answer = match params.contains(KEPT_PICTURE) {
                true => {
                    let kept = kept_picture(&mut daemon);
                    daemon.reply(method.name, parse(&params.replace(KEPT_PICTURE, &kept)))
                }
                false => daemon.reply(method.name, parse(params)),
            };
            if may_fail(entry) && answer["error"]["code"] == 1005 {
                continue;
            }
            let result = answer.get("result");
            let result = result.unwrap_or_else(|| panic!("{} {params}: {answer}", method.name));
            let problem = misfit(&openrpc::result(method), result);
            assert_eq!(problem, None, "{} {params}: {result}", method.name);
        }
    }
}

#[test]
fn every_example_fits_the_described_params() {
    for entry in entries().filter(|entry| !entry.method.params.is_empty()) {
        let method = &entry.method;
        let slots = slots(method);
        for (index, raw) in Elements::new(method.example.by_position).enumerate() {
            let slot = slots.get(index).unwrap_or_else(|| panic!("{}: too many", method.name));
            let problem = misfit(&openrpc::schema_of(method, slot), &parse(raw));
            assert_eq!(problem, None, "{}: {}", method.name, slot.name);
        }
        for (name, _) in Members::new(method.example.by_name) {
            let known = method.param_names().contains(&&*name) || name == "project";
            assert!(known, "{}: unknown param {name} in the example", method.name);
        }
    }
}

#[test]
fn every_default_is_json_that_fits_its_param() {
    for entry in entries() {
        for slot in slots(&entry.method) {
            let Some(default) = slot.default else { continue };
            let problem = misfit(&slot.schema.json(), &parse(default));
            assert_eq!(problem, None, "{}: {}", entry.method.name, slot.name);
        }
    }
}

#[test]
fn every_param_and_every_member_of_a_result_is_described_once() {
    for entry in entries() {
        let method = &entry.method;
        assert!(!method.summary.trim().is_empty(), "{}", method.name);
        let mut seen = HashSet::new();
        for slot in slots(method) {
            assert!(slot.description.len() > 3, "{}: {}", method.name, slot.name);
            assert!(seen.insert(slot.name), "{}: {} twice", method.name, slot.name);
        }
        let mut seen = HashSet::new();
        for field in method.result {
            assert!(field.description.len() > 3, "{}: {}", method.name, field.name);
            assert!(seen.insert(field.name), "{}: {} twice", method.name, field.name);
        }
    }
}

/// Values of which at least one fits no typed param.
const ODD_VALUES: [&str; 8] =
    ["\"\u{1}?\"", "true", "1e300", "-5000000000", "[[]]", "{\"?\":[]}", "[1,2,3,4,5]", "0.5"];

#[test]
fn odd_values_are_refused_without_a_trace_or_accepted_but_never_break() {
    for entry in entries().filter(|entry| !entry.method.params.is_empty()) {
        let method = &entry.method;
        let example: Vec<_> = Members::new(method.example.by_name).collect();
        let codes: Vec<i32> = errors_of(method).into_iter().map(|(code, _)| code).collect();
        for slot in slots(method) {
            for odd in ODD_VALUES {
                let mut params: serde_json::Map<String, Value> = example
                    .iter()
                    .map(|(name, raw)| (name.clone().into_owned(), parse(raw)))
                    .collect();
                let is_part = method.params.iter().find(|param| param.parts.contains(&slot.name));
                if let Some(param) = is_part {
                    param.names.iter().for_each(|name| drop(params.remove(*name)));
                }
                slot.synonyms.iter().for_each(|name| drop(params.remove(*name)));
                params.insert(slot.name.to_owned(), parse(&odd.replace('\u{1}', "\\u0001")));
                let mut daemon = fresh();
                let before = revision(&daemon);
                let answer = daemon.reply(method.name, Value::Object(params));
                let Some(error) = answer.get("error") else { continue };
                let code = error["code"].as_i64().unwrap_or_default() as i32;
                let place = format!("{} {}={odd}: {error}", method.name, slot.name);
                // The reference has one code for all failures of its bulk reads.
                let no_layer = error["data"]["param"] == "layer_id";
                assert!(no_layer || code != -32603, "{place}");
                assert!(codes.contains(&code), "undeclared code: {place}");
                assert_eq!(revision(&daemon), before, "{place}");
            }
        }
    }
}

#[test]
fn a_missing_required_param_is_named() {
    for entry in entries() {
        let method = &entry.method;
        for param in method.params.iter().filter(|param| param.required) {
            let names: Vec<_> = param.names.iter().chain(param.parts).collect();
            let params: serde_json::Map<String, Value> = Members::new(method.example.by_name)
                .filter(|(name, _)| !names.contains(&&&**name))
                .map(|(name, raw)| (name.into_owned(), parse(raw)))
                .collect();
            let mut daemon = fresh();
            let error = daemon.fail(method.name, Value::Object(params));
            assert_eq!(error["code"], -32602, "{}: {error}", method.name);
            let named = error["data"]["param"].as_str().unwrap_or_default();
            assert!(names.contains(&&named), "{}: {error}", method.name);
            assert_eq!(revision(&daemon), 0, "{}", method.name);
        }
    }
}

#[test]
fn methods_that_are_new_refuse_params_that_they_do_not_have() {
    for entry in entries().filter(|entry| !entry.method.lenient) {
        let mut params = parse(entry.method.example.by_name);
        params["no_such_param"] = json!(1);
        let error = fresh().fail(entry.method.name, params);
        assert_eq!(error["code"], -32602, "{}", entry.method.name);
        assert_eq!(error["data"]["param"], "no_such_param", "{}", entry.method.name);
    }
}

#[test]
fn discover_names_every_method_once_with_its_own_errors() {
    let document = fresh().call("rpc.discover", json!([]));
    assert_eq!(document["openrpc"], "1.3.2");
    let methods = document["methods"].as_array().expect("methods");
    assert_eq!(methods.len(), entries().count());
    let names: HashSet<_> = methods.iter().map(|method| method["name"].to_string()).collect();
    assert_eq!(names.len(), methods.len());
    for method in methods {
        let params = method["params"].as_array().expect("params");
        let required = |param: &Value| param["required"] == true;
        let sorted = params.is_sorted_by_key(|param| !required(param));
        assert!(sorted, "{}: a required param behind an optional one", method["name"]);
    }
}

#[test]
fn list_methods_tells_the_params_of_each() {
    let list = fresh().call("list_methods", json!({"verbose": true}));
    let methods = list["methods"].as_array().expect("methods");
    let of = |name: &str| methods.iter().find(|method| method["method"] == name).cloned();
    assert_eq!(of("goxel.add_voxel").unwrap()["params"], "x, y, z, color?, layer_id?");
    assert_eq!(of("goxel.list_layers").unwrap()["effect"], "read");
}

/// Where the reference page lies in the source tree.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/reference.md");

#[test]
fn the_reference_page_is_current() {
    let page = page::page();
    for entry in entries() {
        assert!(page.contains(&format!("\n## {}\n", entry.method.name)), "{}", entry.method.name);
    }
    if std::env::var_os("GOXEL_UPDATE_REFERENCE").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).expect("the page can be read");
    let first = written.lines().zip(page.lines()).find(|(written, made)| written != made);
    let same = written == page;
    assert!(same, "src/guide/reference.md is not current at {first:?}; run 'make reference'");
}
