//! Calls that take more than a slice: any slice length comes to the same, others are answered in
//! between, and who gives up leaves the document as it was.

use std::sync::OnceLock;

use crate::support::service::Daemon;
use goxel_daemon::document::Document;
use goxel_daemon::format::{self, SaveJob, WriteOptions};
use goxel_daemon::job::{Budget, Job};
use goxel_daemon::rpc::{ConnectionId, Exchange, Handled};
use goxel_daemon::workspace::Project;
use serde_json::{Value, json};

/// Begins a call on a connection; an answer if it came at once.
fn begin(
    daemon: &mut Daemon,
    connection: u64,
    method: &str,
    params: &Value,
) -> Result<Value, Box<Exchange>> {
    let call = json!({"jsonrpc": "2.0", "id": connection, "method": method, "params": params});
    let (text, caller, mut out) = (call.to_string(), ConnectionId(connection), Vec::new());
    match daemon.service.handle(text.as_bytes(), caller, &mut daemon.host, &mut out) {
        Handled::Finished => Ok(serde_json::from_slice(&out).expect("JSON")),
        Handled::Pending(exchange) => Err(exchange),
    }
}

/// One slice; the answer if that was the last one.
fn step(daemon: &mut Daemon, exchange: &mut Exchange, mut budget: Budget) -> Option<Value> {
    let mut out = Vec::new();
    let finished = daemon.service.step(exchange, &mut daemon.host, &mut budget, &mut out);
    finished.then(|| serde_json::from_slice(&out).expect("JSON"))
}

/// Everything that a change may change.
fn state(daemon: &Daemon) -> Vec<String> {
    let project = daemon.service.workspace().project("default").expect("the default project");
    let document = project.document();
    let mut state: Vec<String> = document
        .layers()
        .iter()
        .map(|layer| {
            let hash = layer.volume.state_hash();
            format!("{} {} {:?} {:?} {hash}", layer.id.0, layer.name, layer.content, layer.mode)
        })
        .collect();
    let (revision, position) = (project.revision(), project.history().position());
    state.push(format!("{:?} {}", document.selection, document.mask.state_hash()));
    state.push(format!("{:?} {revision} {position:?}", document.active()));
    state
}

/// Counts that were kept on the way are those of the voxels.
fn check_counts(daemon: &Daemon) {
    let project = daemon.service.workspace().project("default").expect("the default project");
    for layer in project.document().layers() {
        let counted: u64 = layer.volume.blocks().map(|(_, block)| u64::from(block.count())).sum();
        assert_eq!(layer.volume.count(), counted, "{}", layer.name);
    }
}

/// A scene of some hundred blocks: a base with holes and a mixed surface, a second layer across it,
/// a clone that is turned, a shape, and a selection.
fn scene() -> Daemon {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| {
        let daemon = build_scene();
        daemon.service.workspace().project("default").expect("the project").document().clone()
    });
    let mut daemon = Daemon::default();
    let replaced = daemon.service.workspace_mut().project_mut("default").expect("the project");
    *replaced = Project::new(document.clone());
    daemon
}

fn build_scene() -> Daemon {
    let mut daemon = Daemon::default();
    let operations = json!([
        {"op": "box", "min": [-24, -24, 0], "max": [40, 40, 20], "color": "red"},
        {"op": "sphere", "center": [10, 10, 20], "radius": 20, "color": "lime"},
        {"op": "noise", "amount": 0.2, "seed": 3},
        {"op": "box", "min": [0, 0, 0], "max": [12, 12, 50], "mode": "subtract", "color": "white"},
    ]);
    daemon.call("goxel.edit", json!({"operations": operations}));
    daemon.call("goxel.create_layer", json!(["Second"]));
    let operations = json!([
        {"op": "sphere", "center": [20, 10, 15], "radius": 22, "color": [0, 0, 255, 120]},
        {"op": "box", "min": [50, 0, 0], "max": [60, 40, 3], "color": "gold"},
    ]);
    daemon.call("goxel.edit", json!({"operations": operations}));
    let turned = json!([0.8, 0.6, 0, 0, -0.6, 0.8, 0, 0, 0, 0, 1, 0, 5, 80, 0, 1]);
    daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "matrix": turned}));
    let bounds = json!({"min": [-20, -20, 0], "max": [20, 20, 30]});
    daemon.call(
        "goxel.create_shape_layer",
        json!({"shape": "sphere", "bounds": bounds, "color": "orange"}),
    );
    daemon.call("goxel.select_color", json!({"color": "lime", "tolerance": 60, "layer": 1}));
    daemon.call("goxel.set_active_layer", json!([1]));
    daemon
}

/// Carries a call out with slices of so many units; the answer and how many slices it took.
fn run(daemon: &mut Daemon, method: &str, params: &Value, units: u64) -> (Value, usize) {
    let mut exchange = match begin(daemon, 1, method, params) {
        Ok(answer) => return (answer, 0),
        Err(exchange) => exchange,
    };
    let budget = || if units == 0 { Budget::unlimited() } else { Budget::units(units) };
    let mut slices = 1;
    loop {
        if let Some(answer) = step(daemon, &mut exchange, budget()) {
            return (answer, slices);
        }
        slices += 1;
        assert!(slices < 1_000_000, "{method} never ends");
    }
}

/// Calls that take slices on the scene, with the least number of slices of one unit.
fn cases() -> Vec<(&'static str, Value, usize)> {
    let bounds = json!({"min": [-30, -30, 0], "max": [30, 30, 40]});
    let voxels: Vec<Value> =
        (0..5000).map(|n| json!([n % 70, n / 70, 55, n % 256, 7, 0])).collect();
    let boxes: Vec<Value> = (0..1200)
        .map(|n| json!({"op": "box", "min": [n, 1, 60], "max": [n, 3, 61], "color": "lime"}))
        .collect();
    let batch: Vec<Value> = (0..1200)
        .map(
            |n| json!({"type": "add_voxel", "x": n, "y": n % 9, "z": 70, "color": [n % 256, 1, 2]}),
        )
        .collect();
    vec![
        ("goxel.add_voxels", json!({"voxels": voxels, "layer_id": 2}), 20),
        ("goxel.edit", json!({"operations": [{"op": "voxels", "voxels": voxels}]}), 20),
        ("goxel.edit", json!({"operations": boxes}), 20),
        ("goxel.batch_operations", json!({"operations": batch}), 20),
        ("goxel.merge_layers", json!([2, 1]), 20),
        ("goxel.merge_layers", json!([1, 2]), 20),
        ("goxel.merge_layers", json!([3, 1]), 20),
        ("goxel.create_clone_layer", json!({"base_id": 1, "offset": [7, 200, 3]}), 20),
        ("goxel.create_clone_layer", json!({"base_id": 3}), 20),
        ("goxel.create_shape_layer", json!({"shape": "cylinder", "bounds": bounds}), 20),
        ("goxel.place_layer", json!({"layer_id": 3, "offset": [9, 9, 100]}), 20),
        ("goxel.place_layer", json!({"layer_id": 4, "bounds": bounds}), 20),
        ("goxel.select_color", json!({"color": "red", "tolerance": 90}), 20),
        ("goxel.select_color", json!({"color": "red", "layer": "visible"}), 20),
        ("goxel.select_voxels", json!({"layer_id": 2, "combine": "add"}), 20),
        ("goxel.select_voxels", json!({"layer_id": 2, "combine": "subtract"}), 20),
        ("goxel.select_voxels", json!({"layer_id": 3, "combine": "intersect"}), 20),
        ("goxel.select_connected", json!({"position": [-20, -20, 9], "tolerance": 255}), 20),
        ("goxel.grow_selection", json!([2]), 20),
        ("goxel.shrink_selection", json!([1]), 20),
        ("goxel.invert_selection", json!({"within": bounds}), 20),
        ("goxel.fill_selection", json!({"color": [255, 0, 255, 99]}), 20),
        ("goxel.fill_selection", json!({"color": "blue", "paint": true, "layer_id": 2}), 20),
        ("goxel.erase_selection", json!({}), 20),
        ("goxel.copy_selection", json!({"cut": true}), 20),
        ("goxel.copy_selection", json!({"layer_id": 3}), 20),
        ("goxel.move_voxels", json!({"offset": [3, 4, 5], "target": "selection"}), 20),
        ("goxel.rotate_voxels", json!({"axis": "z", "turns": 1}), 20),
    ]
}

/// The same scene with large changes behind it and before it.
fn scene_with_history() -> Daemon {
    let mut daemon = scene();
    for (index, (method, params)) in [
        ("goxel.merge_layers", json!([2, 1])),
        ("goxel.move_voxels", json!({"offset": [3, 4, 5], "layer_id": 1})),
        ("goxel.edit", json!({"operations": [
            {"op": "box", "min": [-90, -90, 0], "max": [90, 30, 17], "color": "pink", "layer": 1}]})),
        ("goxel.edit", json!({"operations": [
            {"op": "box", "min": [-90, -90, 0], "max": [90, 90, 9], "color": "navy", "layer": 1}]})),
        ("goxel.add_voxel", json!({"position": [1, 2, 3], "color": "white", "layer_id": 1})),
    ]
    .into_iter()
    .enumerate()
    {
        daemon.call(method, params);
        daemon.call("goxel.checkpoint", json!([index.to_string()]));
    }
    daemon.call("goxel.go_to", json!({"checkpoint": "3"}));
    daemon
}

#[test]
fn a_long_way_in_the_history_takes_slices_and_nobody_sees_a_part_of_it() {
    for (method, params) in [
        ("goxel.undo", json!([1])),
        ("goxel.undo", json!([3])),
        ("goxel.go_to", json!({"position": 0})),
    ] {
        let mut whole = scene_with_history();
        let mut daemon = scene_with_history();
        let before = state(&daemon);
        let project = whole.service.workspace_mut().project_mut("default").expect("the project");
        let (at, _) = project.history().position();
        let target =
            if method == "goxel.go_to" { 0 } else { at - params[0].as_u64().unwrap() as usize };
        assert_eq!(project.go_to(target), Some(at - target));
        let mut running = begin(&mut daemon, 1, method, &params).expect_err("it takes slices");
        let mut slices = 1;
        let answer = loop {
            if slices % 40 == 0 {
                assert_eq!(state(&daemon), before, "{method} {params}");
            }
            match step(&mut daemon, &mut running, Budget::units(5)) {
                Some(answer) => break answer,
                None => slices += 1,
            }
        };
        assert!(slices > 20, "{slices}");
        assert_eq!(
            (&answer["result"]["steps"], &answer["result"]["position"]),
            (&json!(at - target), &json!(target))
        );
        assert_eq!(state(&daemon), state(&whole), "{method} {params}");
        let moved = state(&daemon);
        // And back again, given up half way, then gone to the end.
        let back = json!({"position": at});
        let mut running = begin(&mut daemon, 1, "goxel.go_to", &back).expect_err("it takes slices");
        for _ in 0..3 {
            assert!(step(&mut daemon, &mut running, Budget::units(5)).is_none());
        }
        daemon.service.cancel(*running, &mut daemon.host);
        assert_eq!(state(&daemon), moved);
        let answer = run(&mut daemon, "goxel.go_to", &back, 9).0;
        assert_eq!(answer["result"]["success"], true, "{answer}");
        assert_eq!(state(&daemon)[..before.len() - 1], before[..before.len() - 1]);
        assert_eq!(daemon.call("goxel.redo", json!([]))["steps"], 1);
    }
}

#[test]
fn a_file_with_clones_is_loaded_in_slices_and_given_up_without_a_trace() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("scene.gox");
    let path = json!({"path": path.to_str().expect("UTF-8")});
    let mut saved = scene();
    saved.call("goxel.save_project", path.clone());
    let volumes = |daemon: &Daemon| state(daemon)[..5].to_vec();
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([1, 2, 3]));
    let before = state(&daemon);
    for method in ["goxel.load_project", "goxel.import_model"] {
        for slices in [1, 30, 100, 200] {
            let mut loading = begin(&mut daemon, 1, method, &path).expect_err("it takes slices");
            for _ in 0..slices {
                assert!(step(&mut daemon, &mut loading, Budget::units(1)).is_none(), "{slices}");
            }
            daemon.service.cancel(*loading, &mut daemon.host);
            assert_eq!(state(&daemon), before);
        }
    }
    let (answer, slices) = run(&mut daemon, "goxel.load_project", &path, 1);
    assert_eq!(answer["result"]["layer_count"], 4, "{answer}");
    assert!(slices > 200, "{slices}");
    assert_eq!(volumes(&daemon), volumes(&saved));
    let info = daemon.call("goxel.get_project_info", json!({}));
    assert_eq!(info["total_voxels"], answer["result"]["voxel_count"]);
}

#[test]
fn what_is_seen_is_merged_in_slices_before_it_is_exported() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    for (format, name) in
        [("obj", "a.obj"), ("ply", "a.ply"), ("text", "a.txt"), ("png slices", "a.png")]
    {
        let mut daemon = scene();
        let document =
            daemon.service.workspace().project("default").expect("it").document().clone();
        let writer = format::by_name(format).expect("a format");
        let whole = path(&format!("whole.{name}"));
        SaveJob::new(document, &whole, writer, WriteOptions::default())
            .and_then(SaveJob::finish)
            .expect("it is written");
        let params = json!({"path": path(name).to_str().expect("UTF-8"), "format": format});
        let (answer, slices) = run(&mut daemon, "goxel.export_model", &params, 1);
        assert_eq!(answer["result"]["success"], true, "{answer}");
        assert!(slices > 100, "{format}: {slices}");
        let read = |path| std::fs::read(path).expect("it is there");
        assert!(read(path(name)) == read(whole), "{format}");
    }
}

/// Reads of all that is seen.
fn reads() -> Vec<(&'static str, Value)> {
    let (low, high) = ([-50, -50, 0], [90, 90, 80]);
    let within = json!({"min": [-9, -9, 0], "max": [60, 60, 50]});
    vec![
        ("goxel.find", json!({"color": "red", "layer": "visible", "limit": 5})),
        ("goxel.measure", json!({"layer": "visible"})),
        ("goxel.measure", json!({"layer": "visible", "within": within})),
        ("goxel.read_region", json!({"min": low, "max": high, "layer": "visible", "limit": 3000})),
        ("goxel.slice", json!({"axis": "z", "at": 20, "layer": "visible"})),
        (
            "goxel.raycast",
            json!({"origin": [0, 0, 200], "direction": [0, 0, -1], "layer": "visible"}),
        ),
    ]
}

#[test]
fn what_is_seen_is_merged_in_slices_and_read_as_it_was_at_the_start() {
    for (method, params) in reads() {
        let (expected, _) = run(&mut scene(), method, &params, 0);
        assert!(expected.get("error").is_none(), "{method} {params}: {expected}");
        let mut daemon = scene();
        let mut running = begin(&mut daemon, 1, method, &params).expect_err("it takes slices");
        // It neither waits for changes nor sees them.
        let cleared = daemon.call("goxel.clear_voxels", json!({"layer_id": 2}));
        assert!(cleared["removed"].as_u64() > Some(1000), "{method}: {cleared}");
        let mut slices = 1;
        let answer = loop {
            match step(&mut daemon, &mut running, Budget::units(1)) {
                Some(answer) => break answer,
                None => slices += 1,
            }
        };
        assert_eq!(answer, expected, "{method} {params}");
        assert!(slices > 50, "{method} {params}: {slices}");
    }
}

#[test]
fn an_empty_layer_combined_with_a_large_one_is_a_long_change() {
    let mut daemon = Daemon::default();
    let large = json!([{"op": "box", "min": [0, 0, 0], "max": [159, 159, 159], "color": "red"}]);
    run(&mut daemon, "goxel.edit", &json!({"operations": large}), 0);
    daemon.call("goxel.create_layer", json!(["Empty"]));
    let combine =
        json!({"operations": [{"op": "combine", "source": 1, "layer": 2, "mode": "over"}]});
    let (answer, slices) = run(&mut daemon, "goxel.edit", &combine, 10);
    assert_eq!(answer["result"]["changed"], 160 * 160 * 160, "{answer}");
    assert!(slices > 90, "{slices}");
}

#[test]
fn slices_of_any_length_come_to_the_same() {
    for (number, (method, params, least)) in cases().into_iter().enumerate() {
        let (mut whole, mut sliced) = (scene(), scene());
        let (expected, _) = run(&mut whole, method, &params, 0);
        assert!(expected.get("error").is_none(), "{method}: {expected}");
        let units = [1, 3, 13][number % 3];
        let (answer, slices) = run(&mut sliced, method, &params, units);
        assert_eq!(answer, expected, "{method}");
        assert_eq!(state(&sliced), state(&whole), "{method}");
        check_counts(&sliced);
        assert!(slices * units as usize >= least, "{method}: {slices} slices");
    }
}

#[test]
fn between_two_slices_others_are_answered_and_see_the_state_before() {
    let mut daemon = scene();
    for (method, params, _) in cases() {
        let before = state(&daemon);
        let mut running = begin(&mut daemon, 1, method, &params).expect_err("it takes slices");
        let mut waiting = begin(&mut daemon, 2, "goxel.add_voxel", &json!([500, 0, 0]));
        for _ in 0..3 {
            assert!(step(&mut daemon, &mut running, Budget::units(2)).is_none(), "{method}");
            assert!(begin(&mut daemon, 3, "ping", &json!([])).is_ok());
            assert!(begin(&mut daemon, 3, "goxel.list_layers", &json!([])).is_ok());
            assert_eq!(state(&daemon), before, "{method} {params}");
            if let Err(waiting) = &mut waiting {
                let early = step(&mut daemon, waiting, Budget::units(1));
                assert!(early.is_none(), "{method}: a change waits for the one before it");
            }
        }
        // Whoever gives up leaves no trace, and those who waited go on.
        daemon.service.cancel(*running, &mut daemon.host);
        assert_eq!(state(&daemon), before, "{method} {params}");
        let mut waiting = waiting.expect_err("it waits");
        let answer = (0..100_000).find_map(|_| step(&mut daemon, &mut waiting, Budget::units(9)));
        assert!(answer.expect("it goes on")["result"]["success"] == true, "{method}");
        daemon.call("goxel.undo", json!([]));
    }
}

#[test]
fn two_long_changes_of_two_projects_go_on_in_turn() {
    let mut daemon = scene();
    daemon.call("goxel.duplicate_project", json!({"name": "other"}));
    let merge = json!({"source_layer_id": 2, "target_layer_id": 1});
    let mut other = merge.clone();
    other["project"] = json!("other");
    let mut first = begin(&mut daemon, 1, "goxel.merge_layers", &merge).expect_err("slices");
    let mut second = begin(&mut daemon, 2, "goxel.merge_layers", &other).expect_err("slices");
    let (mut done, mut turns) = ([None, None], 0);
    while done.iter().any(Option::is_none) {
        for (place, exchange) in [&mut first, &mut second].into_iter().enumerate() {
            if done[place].is_none() {
                done[place] = step(&mut daemon, exchange, Budget::units(2)).map(|_| turns);
            }
        }
        turns += 1;
    }
    assert_eq!(done[0], done[1], "each gets its share");
}

#[test]
fn a_change_of_one_voxel_costs_its_clones_no_more_than_what_shows_it() {
    let mut daemon = scene();
    let answer = begin(&mut daemon, 1, "goxel.add_voxel", &json!([20, 35, 30, "white"]));
    assert!(answer.is_ok(), "it is done at once");
    let found = daemon.call("goxel.find", json!({"layer": 3, "color": "white"}));
    assert!(found["match_count"].as_u64().unwrap() > 0, "{found}");
    let before = state(&daemon);
    let document = daemon.service.workspace().project("default").unwrap().document();
    let mut anew = document.clone();
    anew.evaluate();
    for (layer, other) in document.layers().iter().zip(anew.layers()) {
        assert_eq!(layer.volume.state_hash(), other.volume.state_hash(), "{}", layer.name);
    }
    let many: Vec<[i32; 3]> = (0..3000).map(|n| [n % 30, n / 30 % 30, 50 + n / 900]).collect();
    let operations = json!([{"op": "voxels", "points": many, "color": "gold"}]);
    let edit = json!({"operations": operations});
    assert!(begin(&mut daemon, 1, "goxel.edit", &edit).is_err_and(|running| {
        daemon.service.cancel(*running, &mut daemon.host);
        true
    }));
    assert_eq!(state(&daemon), before);
}
