//! goxel.edit, history, projects, and changes that run in slices.

use crate::support::service::Daemon;
use goxel_daemon::api::operations::OPERATIONS;
use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, Exchange, Handled};
use serde_json::{Value, json};

fn edit(daemon: &mut Daemon, operations: Value) -> Value {
    daemon.call("goxel.edit", json!({"operations": operations}))
}

fn count(daemon: &mut Daemon) -> u64 {
    daemon.call("goxel.get_status", json!([]))["voxel_count"].as_u64().expect("a count")
}

fn color(daemon: &mut Daemon, at: [i32; 3]) -> Value {
    daemon.call("goxel.get_voxel", json!(at))["color"].clone()
}

const RED: [u8; 4] = [255, 0, 0, 255];

#[test]
fn every_operation_of_the_set_carries_its_example_out() {
    for info in OPERATIONS {
        let mut daemon = Daemon::default();
        edit(
            &mut daemon,
            json!([{"op": "box", "min": [0, 0, 0], "max": [5, 5, 3], "color": "red"}]),
        );
        daemon.call("goxel.create_layer", json!(["Second"]));
        daemon.call("goxel.set_active_layer", json!([1]));
        let example: Value = serde_json::from_str(info.example).expect("JSON");
        if info.name == "combine" {
            edit(
                &mut daemon,
                json!([{"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "blue", "layer": 2}]),
            );
        }
        let before = count(&mut daemon);
        let params = json!({"operations": [example], "dry_run": true});
        let tried = daemon.call("goxel.edit", params);
        assert_eq!(count(&mut daemon), before, "{}: a dry run changes nothing", info.name);
        let result = edit(&mut daemon, json!([example]));
        assert_eq!(result["changed"], tried["changed"], "{}", info.name);
        let changed = result["changed"].as_u64().expect("a count");
        assert!(changed > 0, "{} changed nothing: {result}", info.name);
        let after =
            before + result["added"].as_u64().unwrap() - result["removed"].as_u64().unwrap();
        assert_eq!(count(&mut daemon), after, "{}: {result}", info.name);
        daemon.call("goxel.undo", json!([]));
        assert_eq!(count(&mut daemon), before, "{}: undo", info.name);
    }
}

#[test]
fn an_edit_is_one_undo_step_or_nothing_at_all() {
    let mut daemon = Daemon::default();
    let result = edit(
        &mut daemon,
        json!([
            {"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "red"},
            {"op": "voxels", "points": [[0, 0, 0]], "mode": "subtract"},
            {"op": "box", "min": [100, 0, 0], "max": [100, 0, 0], "color": "red"},
            {"op": "clear", "min": [50, 50, 50], "max": [51, 51, 51]},
        ]),
    );
    assert_eq!(result["revision"], 1);
    assert_eq!((&result["added"], &result["removed"]), (&json!(65), &json!(1)));
    assert_eq!(result["box"]["max"], json!([100, 3, 3]));
    let warnings = result["warnings"].as_array().expect("warnings");
    assert_eq!(warnings[0]["operation"], 2);
    assert!(warnings[0]["message"].as_str().unwrap().contains("left the canvas"));
    assert!(warnings[1]["message"].as_str().unwrap().contains("changed nothing"));
    let error = daemon.fail(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "blue"},
            {"op": "sphere", "center": [0, 0, 0], "radius": -1, "color": "blue"},
        ]}),
    );
    assert_eq!((&error["code"], &error["data"]["operation"]), (&json!(-32602), &json!(1)));
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("Operation 1 (sphere): ") && message.ends_with("Nothing was changed.")
    );
    assert_eq!(error["data"]["example"]["op"], "sphere");
    let error = daemon.fail(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "blue"},
            {"op": "combine", "source": 9},
        ]}),
    );
    assert_eq!((&error["code"], &error["data"]["operation"]), (&json!(1002), &json!(1)));
    assert_eq!((count(&mut daemon), color(&mut daemon, [1, 1, 1])), (64, json!(RED)));
    assert_eq!(daemon.call("goxel.history", json!([]))["count"], 1);
}

#[test]
fn a_change_of_somebody_else_is_a_conflict() {
    let mut daemon = Daemon::default();
    let operations = json!([{"op": "voxels", "points": [[0, 0, 0]], "color": "red"}]);
    let params = |revision: u64| json!({"operations": operations, "expected_revision": revision});
    daemon.call("goxel.edit", params(0));
    let error = daemon.fail("goxel.edit", params(0));
    assert_eq!((&error["code"], &error["data"]["revision"]), (&json!(1003), &json!(1)));
    daemon.call("goxel.edit", params(1));
}

#[test]
fn limits_have_names_and_hold_before_anything_is_changed() {
    let mut daemon = Daemon::default();
    let error = daemon.fail("goxel.edit", json!({"operations": [
        {"op": "box", "min": [-2000000000, -2000000000, 0], "max": [2000000000, 2000000000, 9], "color": "red"},
    ]}));
    assert_eq!(error["code"], 1004);
    assert!(error["message"].as_str().unwrap().contains("--max-edit-voxels"), "{error}");
    daemon.service.workspace_mut().edit_limits.operations = 1;
    let two = json!([{"op": "hollow"}, {"op": "hollow"}]);
    let error = daemon.fail("goxel.edit", json!({"operations": two}));
    assert!(error["message"].as_str().unwrap().contains("--max-edit-operations"), "{error}");
    assert_eq!(daemon.call("goxel.get_status", json!([]))["revision"], 0);
    daemon.service.workspace_mut().edit_limits.voxels = 100;
    let fill = json!({"operations": [{"op": "fill", "at": [0, 0, 0], "color": "red"}]});
    assert_eq!(daemon.fail("goxel.edit", fill)["code"], 1004);
    assert_eq!(count(&mut daemon), 0);
}

#[test]
fn transforms_do_what_they_say() {
    let mut daemon = Daemon::default();
    edit(
        &mut daemon,
        json!([{"op": "voxels", "voxels": [[0, 0, 0, "red"], [1, 0, 0, "green"], [2, 0, 0, "blue"]]}]),
    );
    edit(&mut daemon, json!([{"op": "rotate", "axis": "z", "turns": 1, "center": [0, 0, 0]}]));
    assert_eq!(color(&mut daemon, [0, 2, 0]), json!([0, 0, 255, 255]));
    assert_eq!(count(&mut daemon), 3);
    edit(&mut daemon, json!([{"op": "mirror", "axis": "y", "at": -0.5, "both": false}]));
    assert_eq!(color(&mut daemon, [0, -3, 0]), json!([0, 0, 255, 255]));
    assert_eq!(count(&mut daemon), 3);
    edit(&mut daemon, json!([{"op": "scale", "factor": 3, "center": [0, 0, 0]}]));
    assert_eq!(count(&mut daemon), 81);
    edit(&mut daemon, json!([{"op": "scale", "factor": "1/3", "center": [0, 0, 0]}]));
    assert_eq!((count(&mut daemon), color(&mut daemon, [0, -3, 0])), (3, json!([0, 0, 255, 255])));
    edit(
        &mut daemon,
        json!([{"op": "move", "min": [0, -3, 0], "max": [0, -1, 0], "to": [16, 16, 16]}]),
    );
    assert_eq!(
        (count(&mut daemon), color(&mut daemon, [16, 16, 16])),
        (3, json!([0, 0, 255, 255]))
    );
    edit(
        &mut daemon,
        json!([{"op": "copy", "min": [16, 16, 16], "max": [16, 18, 16], "to": [0, 0, 0], "times": 4, "step": [2, 0, 0]}]),
    );
    assert_eq!((count(&mut daemon), color(&mut daemon, [6, 0, 0])), (15, json!([0, 0, 255, 255])));
}

#[test]
fn a_map_puts_its_first_row_highest() {
    let mut daemon = Daemon::default();
    let map = json!([{"op": "map", "axis": "y", "at": 5, "origin": [10, 0], "rows": ["a.", "bb"],
        "legend": {"a": "red", "b": "blue"}}]);
    edit(&mut daemon, map);
    assert_eq!(color(&mut daemon, [10, 5, 1]), json!(RED));
    assert_eq!(color(&mut daemon, [11, 5, 0]), json!([0, 0, 255, 255]));
    assert_eq!(count(&mut daemon), 3);
    let error = daemon.fail(
        "goxel.edit",
        json!({"operations": [
        {"op": "map", "at": 0, "rows": ["?"], "legend": {}}]}),
    );
    assert_eq!(error["data"]["param"], "legend");
}

#[test]
fn history_goes_back_and_forth_and_remembers_names() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.checkpoint", json!(["empty"]));
    for x in 0..5 {
        daemon.call("goxel.add_voxel", json!([x, 0, 0, "red"]));
    }
    daemon.call("goxel.checkpoint", json!(["five"]));
    let undone = daemon.call("goxel.undo", json!([3]));
    assert_eq!((&undone["steps"], &undone["position"]), (&json!(3), &json!(2)));
    assert_eq!((count(&mut daemon), &undone["revision"]), (2, &json!(6)));
    assert_eq!(daemon.call("goxel.redo", json!([]))["position"], 3);
    assert_eq!(daemon.call("goxel.go_to", json!({"checkpoint": "five"}))["steps"], 2);
    assert_eq!(count(&mut daemon), 5);
    daemon.call("goxel.go_to", json!({"checkpoint": "empty"}));
    assert_eq!(count(&mut daemon), 0);
    let error = daemon.fail("goxel.go_to", json!({"checkpoint": "fife"}));
    assert_eq!(error["data"]["nearest"], "five");
    assert_eq!(daemon.fail("goxel.go_to", json!({"position": 6}))["code"], -32602);
    let history = daemon.call("goxel.history", json!([]));
    assert_eq!((&history["count"], &history["position"]), (&json!(5), &json!(0)));
    assert_eq!(history["entries"][4]["checkpoint"], "five");
    let nothing = daemon.call("goxel.undo", json!([]));
    assert_eq!((&nothing["success"], &nothing["steps"]), (&json!(true), &json!(0)));
}

#[test]
fn history_is_bounded_by_memory() {
    let mut daemon = Daemon::default();
    daemon.service.workspace_mut().set_history_memory(100_000);
    for x in 0..200 {
        edit(
            &mut daemon,
            json!([{"op": "box", "min": [x * 16, 0, 0], "max": [x * 16 + 14, 14, 14], "color": "red"}]),
        );
        edit(
            &mut daemon,
            json!([{"op": "noise", "seed": x, "within": [[x * 16, 0, 0], [x * 16 + 14, 14, 14]]}]),
        );
    }
    let history = daemon.call("goxel.history", json!({"limit": 1}));
    assert!(history["count"].as_u64().unwrap() < 400, "{history}");
    assert!(history["memory"].as_u64().unwrap() <= 100_000, "{history}");
    assert_eq!(history["memory_limit"], 100_000);
}

#[test]
fn projects_open_close_copy_and_compare() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.open_project", json!({"name": "castle", "size": [32, 32, 32]}));
    let error = daemon.fail("goxel.open_project", json!(["castle"]));
    assert_eq!(error["code"], -32602);
    let cube = json!({"project": "castle", "operations": [{"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "red"}]});
    daemon.call("goxel.edit", cube);
    assert_eq!(count(&mut daemon), 0, "the default project is another one");
    let copied = daemon.call(
        "goxel.copy_region",
        json!({"from_project": "castle", "min": [0, 0, 0], "max": [1, 1, 1], "to": [8, 8, 8]}),
    );
    assert_eq!((&copied["changed"], &copied["box"]["min"]), (&json!(8), &json!([8, 8, 8])));
    daemon.call("goxel.duplicate_project", json!({"project": "castle", "name": "copy"}));
    let same = daemon.call("goxel.diff", json!({"project": "castle", "other": "copy"}));
    assert_eq!((&same["same"], &same["changed"]), (&json!(true), &json!(0)));
    daemon.call(
        "goxel.add_voxel",
        json!({"project": "copy", "x": 0, "y": 0, "z": 0, "color": "blue"}),
    );
    let diff = daemon.call("goxel.diff", json!({"project": "copy", "other": "castle"}));
    assert_eq!((&diff["changed"], &diff["voxels"][0]["before"]), (&json!(1), &json!(RED)));
    assert_eq!(diff["voxels"][0]["after"], json!([0, 0, 255, 255]));
    let since = daemon.call("goxel.diff", json!({"project": "castle", "from": 0}));
    assert_eq!((&since["added"], &since["box"]["dimensions"]), (&json!(64), &json!([4, 4, 4])));
    let list = daemon.call("goxel.list_projects", json!({}));
    let names: Vec<_> =
        list["projects"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
    assert_eq!(names, ["castle", "copy", "default"]);
    let error = daemon.fail("goxel.close_project", json!(["castle"]));
    assert_eq!(error["data"]["param"], "discard");
    daemon.call("goxel.close_project", json!({"name": "castle", "discard": true}));
    assert_eq!(daemon.fail("goxel.get_status", json!({"project": "castle"}))["code"], 1001);
    let info = daemon.call("goxel.get_project_info", json!({"project": "copy"}));
    assert_eq!((&info["total_voxels"], &info["canvas_size"]), (&json!(64), &json!([32, 32, 32])));
}

/// Begins a call on a connection; `None` if it was answered at once.
fn begin(
    daemon: &mut Daemon,
    connection: u64,
    method: &str,
    params: Value,
) -> Option<Box<Exchange>> {
    let call = json!({"jsonrpc": "2.0", "id": connection, "method": method, "params": params});
    let (text, caller) = (call.to_string(), ConnectionId(connection));
    let mut out = Vec::new();
    match daemon.service.handle(text.as_bytes(), caller, &mut daemon.host, &mut out) {
        Handled::Finished => None,
        Handled::Pending(exchange) => Some(exchange),
    }
}

/// One slice; the answer if that was the last one.
fn step(daemon: &mut Daemon, exchange: &mut Exchange) -> Option<Value> {
    let mut out = Vec::new();
    let finished = daemon.service.step(exchange, &mut daemon.host, &mut Budget::units(3), &mut out);
    finished.then(|| serde_json::from_slice(&out).expect("JSON"))
}

fn finish(daemon: &mut Daemon, exchange: &mut Exchange) -> Value {
    (0..1_000_000).find_map(|_| step(daemon, exchange)).expect("it ends")
}

fn long_edit(daemon: &mut Daemon) -> Box<Exchange> {
    let operations =
        json!([{"op": "box", "min": [0, 0, 0], "max": [200, 200, 200], "color": "red"}]);
    begin(daemon, 1, "goxel.edit", json!({"operations": operations})).expect("it takes slices")
}

#[test]
fn while_a_change_runs_in_slices_reads_see_the_state_before_it_and_changes_wait_in_order() {
    let mut daemon = Daemon::default();
    let mut long = long_edit(&mut daemon);
    let mut second =
        begin(&mut daemon, 2, "goxel.add_voxel", json!([0, 0, 0, "blue"])).expect("it waits");
    let mut third =
        begin(&mut daemon, 3, "goxel.add_voxel", json!([0, 0, 0, "lime"])).expect("it waits");
    for _ in 0..20 {
        assert!(step(&mut daemon, &mut long).is_none());
        assert!(step(&mut daemon, &mut third).is_none());
        assert!(step(&mut daemon, &mut second).is_none());
        assert_eq!(count(&mut daemon), 0, "a read sees the state before");
    }
    // Another project is free.
    daemon.call("goxel.open_project", json!(["other"]));
    daemon.call("goxel.add_voxel", json!({"project": "other", "x": 0, "y": 0, "z": 0}));
    assert_eq!(finish(&mut daemon, &mut long)["result"]["added"], 201 * 201 * 201);
    assert!(step(&mut daemon, &mut third).is_none(), "the second one comes first");
    assert_eq!(step(&mut daemon, &mut second).expect("its turn")["id"], 2);
    assert_eq!(step(&mut daemon, &mut third).expect("its turn")["id"], 3);
    assert_eq!(color(&mut daemon, [0, 0, 0]), json!([0, 255, 0, 255]));
    assert_eq!(daemon.call("goxel.get_status", json!([]))["revision"], 3);
}

#[test]
fn a_change_that_is_given_up_leaves_no_trace_and_frees_the_project() {
    let mut daemon = Daemon::default();
    let mut long = long_edit(&mut daemon);
    let mut waiting =
        begin(&mut daemon, 2, "goxel.add_voxel", json!([0, 0, 0, "blue"])).expect("it waits");
    let gone =
        begin(&mut daemon, 3, "goxel.add_voxel", json!([9, 0, 0, "blue"])).expect("it waits");
    assert!(step(&mut daemon, &mut long).is_none());
    daemon.service.cancel(*gone, &mut daemon.host);
    daemon.service.cancel(*long, &mut daemon.host);
    assert!(step(&mut daemon, &mut waiting).is_some());
    assert_eq!(count(&mut daemon), 1);
    daemon.call("goxel.add_voxel", json!([1, 0, 0, "blue"]));
}

#[test]
fn closing_a_project_waits_for_the_change_that_runs() {
    let mut daemon = Daemon::default();
    let mut long = long_edit(&mut daemon);
    let params = json!({"name": "default", "discard": true});
    let mut closing = begin(&mut daemon, 2, "goxel.close_project", params).expect("it waits");
    assert!(step(&mut daemon, &mut closing).is_none());
    finish(&mut daemon, &mut long);
    assert_eq!(finish(&mut daemon, &mut closing)["result"]["discarded"], true);
    assert_eq!(count(&mut daemon), 0);
}

#[test]
fn a_few_numbers_that_stand_for_many_voxels_take_no_memory_for_them_at_once() {
    let mut daemon = Daemon::default();
    daemon.service.workspace_mut().edit_limits.voxels = 1 << 40;
    edit(&mut daemon, json!([{"op": "voxels", "points": [[0, 0, 0]], "color": "red"}]));
    let many = 2_000_000_000;
    for operation in [
        json!({"op": "heightmap", "rows": [[many]], "color": "red"}),
        json!({"op": "copy", "min": [0, 0, 0], "max": [0, 0, 0], "to": [1, 0, 0], "times": many, "step": [0, 0, 1]}),
        json!({"op": "extrude", "at": [0, 0, 0], "direction": "+z", "distance": many}),
        json!({"op": "scale", "factor": 64}),
    ] {
        let params = json!({"operations": [operation]});
        let mut running = begin(&mut daemon, 1, "goxel.edit", params).expect("it takes slices");
        for _ in 0..10 {
            assert!(step(&mut daemon, &mut running).is_none());
        }
        daemon.service.cancel(*running, &mut daemon.host);
        assert_eq!(count(&mut daemon), 1);
    }
}

#[test]
fn what_takes_slices_and_what_is_done_at_once_come_to_the_same() {
    let results = [1, 40].map(|size: i32| {
        let mut daemon = Daemon::default();
        let row: Vec<i32> = (0..size).collect();
        let map: Vec<String> = row.iter().map(|_| "r.b".repeat(size as usize)).collect();
        let operations = json!([
            {"op": "heightmap", "origin": [-5, 3, 7], "rows": vec![row.clone(); size as usize],
                "gradient": ["red", "blue"]},
            {"op": "map", "axis": "x", "at": 70, "rows": map, "legend": {"r": "red", "b": "blue"}},
            {"op": "extrude", "at": [70, 0, 0], "direction": "+x", "distance": 3},
            {"op": "scale", "factor": 2},
            {"op": "map", "axis": "z", "at": 90, "rows": ["r"], "legend": {"r": "red"}, "mode": "paint"},
        ]);
        let result = edit(&mut daemon, operations);
        let heights = u64::from((size * size * (size - 1) / 2) as u32);
        let (drawn, pulled) = ((2 * size * size) as u64, 3 * size as u64);
        (count(&mut daemon), (heights + drawn + pulled) * 8, result)
    });
    for (found, expected, result) in results {
        assert_eq!(found, expected, "{result}");
    }
}

#[test]
fn shrinking_keeps_what_most_of_a_cube_is() {
    let mut daemon = Daemon::default();
    edit(
        &mut daemon,
        json!([{"op": "box", "min": [-64, 0, 64], "max": [63, 63, 127], "color": "red"},
        {"op": "box", "min": [0, 0, 64], "max": [40, 63, 127], "color": "blue", "mode": "paint"}]),
    );
    edit(&mut daemon, json!([{"op": "scale", "factor": "1/64", "center": [0, 0, 0]}]));
    assert_eq!(count(&mut daemon), 2);
    assert_eq!(color(&mut daemon, [-1, 0, 1]), json!(RED));
    assert_eq!(color(&mut daemon, [0, 0, 1]), json!([0, 0, 255, 255]));
}

#[test]
fn moving_a_large_layer_takes_slices_and_the_limit_is_that_of_edits() {
    let mut daemon = Daemon::default();
    edit(
        &mut daemon,
        json!([{"op": "box", "min": [0, 0, 0], "max": [99, 99, 99], "color": "red"}]),
    );
    let params = json!({"offset": [1, 2, 3]});
    let mut moving = begin(&mut daemon, 1, "goxel.move_voxels", params).expect("it takes slices");
    assert!(step(&mut daemon, &mut moving).is_none());
    assert_eq!(color(&mut daemon, [0, 0, 0]), json!(RED), "a read sees the state before");
    assert_eq!(finish(&mut daemon, &mut moving)["result"]["put"], 1_000_000);
    assert_eq!(color(&mut daemon, [0, 0, 0]), json!([0, 0, 0, 0]));
    assert_eq!(color(&mut daemon, [100, 101, 102]), json!(RED));
    daemon.service.workspace_mut().edit_limits.voxels = 10_000;
    let error = daemon.fail("goxel.move_voxels", json!({"offset": [1, 2, 3]}));
    assert_eq!((&error["code"], &error["data"]["limit"]), (&json!(1004), &json!(10_000)));
    assert!(error["message"].as_str().unwrap().contains("--max-edit-voxels"), "{error}");
}
