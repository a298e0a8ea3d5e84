//! What the process takes of the machine, as the system tells it: bounds on loops that a client may
//! run for days, the sum of what health counts, limits that are reached, and a daemon that lives
//! with too little.
//!
//! `GOXEL_MEMORY_CYCLES` sets how often each loop goes round; `make soak-memory` sets it to 20,000.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon};

/// The history of each project, small enough to be full soon.
const HISTORY: u64 = 2 << 20;
const MIB: u64 = 1 << 20;

fn cycles() -> u64 {
    let set = std::env::var("GOXEL_MEMORY_CYCLES").ok();
    set.and_then(|set| set.parse().ok()).unwrap_or(500)
}

fn start(flags: &[&str]) -> (Daemon, Client) {
    let daemon = Daemon::start_with(flags);
    let client = daemon.connect();
    (daemon, client)
}

fn resident(daemon: &Daemon) -> u64 {
    daemon.resident_kib() << 10
}

/// A cube of 32 voxels, all of whose blocks are full.
fn cube() -> Value {
    json!({"operations": [{"op": "box", "min": [0, 0, 0], "max": [31, 31, 31], "color": "red"}]})
}

/// Holds that what health counts is what the system says, within a tenth and 8 MiB.
fn assert_counted(daemon: &Daemon, client: &mut Client) {
    let memory = client.call("goxel.health", json!({}))["memory"].clone();
    let counted = memory["counted_bytes"].as_u64().unwrap();
    let resident = resident(daemon);
    // Programs with debug information have more of their own file in memory.
    let program = file_bytes(daemon).saturating_sub(4 * MIB);
    let beside = counted.abs_diff(resident.saturating_sub(program));
    assert!(beside < resident / 10 + 8 * MIB, "{resident} bytes are resident: {memory}");
    let kinds = memory["kinds"].as_object().unwrap();
    assert_eq!(kinds.len(), 13);
    assert_eq!(kinds.values().filter_map(Value::as_u64).sum::<u64>(), counted);
}

/// Bytes of the program's own file that are resident.
fn file_bytes(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

/// Goes round a loop and holds that memory does not grow by more than a history and a little.
fn assert_bounded(name: &str, mut cycle: impl FnMut(&mut Client, u64)) {
    let (daemon, mut client) = start(&[&format!("--history-memory={HISTORY}")]);
    (0..5).for_each(|number| cycle(&mut client, number));
    let before = resident(&daemon);
    let cycles = cycles();
    for number in 0..cycles {
        cycle(&mut client, number);
        if number % (cycles / 5).max(1) == 0 {
            assert_counted(&daemon, &mut client);
        }
    }
    let grown = resident(&daemon).saturating_sub(before);
    assert!(grown < HISTORY * 5 / 4 + 14 * MIB, "{name}: {grown} bytes after {cycles} cycles");
    let undone = client.call("goxel.undo", json!({}));
    assert_eq!(undone["steps"], 1, "{name}: at least one step can be undone");
    assert_counted(&daemon, &mut client);
}

#[test]
fn projects_that_are_made_and_drawn_in_again_and_again_take_no_more_than_the_history() {
    assert_bounded("projects", |client, _| {
        client.call("goxel.create_project", json!({"name": "again"}));
        client.call("goxel.edit", cube());
    });
}

#[test]
fn layers_that_are_made_filled_and_deleted_take_no_more_than_the_history() {
    assert_bounded("layers", |client, _| {
        let layer = client.call("goxel.create_layer", json!({"name": "again"}))["id"].clone();
        client.call("goxel.edit", cube());
        client.call("goxel.delete_layer", json!({"layer_id": layer}));
    });
}

#[test]
fn projects_of_one_voxel_take_no_more_than_the_history() {
    assert_bounded("one voxel", |client, _| {
        client.call("goxel.create_project", json!({"name": "again"}));
        client.call("goxel.add_voxel", json!({"position": [1, 2, 3], "color": "red"}));
    });
}

#[test]
fn layers_that_are_shown_and_hidden_take_no_more_than_the_history() {
    let mut is_first = true;
    assert_bounded("visibility", |client, number| {
        if std::mem::take(&mut is_first) {
            for _ in 0..100 {
                client.call("goxel.create_layer", json!({"name": "one of many"}));
                client.call("goxel.edit", cube());
            }
        }
        for layer in 1..20 {
            let visible = number % 2 == 0;
            let params = json!({"layer_id": layer, "visible": visible});
            client.call("goxel.set_layer_visibility", params);
        }
    });
}

#[test]
fn files_that_are_loaded_again_and_again_take_no_more_than_the_history() {
    let mut is_saved = false;
    assert_bounded("loading", |client, _| {
        if !std::mem::replace(&mut is_saved, true) {
            client.call("goxel.edit", cube());
            client.call("goxel.save_project", json!({"path": "again.gox"}));
        }
        client.call("goxel.load_project", json!({"path": "again.gox"}));
    });
}

#[test]
fn projects_that_are_opened_and_closed_leave_nothing() {
    let (daemon, mut client) = start(&[]);
    let cycle = |client: &mut Client| {
        client.call("goxel.open_project", json!({"name": "passing"}));
        let mut drawing = cube();
        drawing["project"] = json!("passing");
        client.call("goxel.edit", drawing);
        client.call("goxel.close_project", json!({"name": "passing", "discard": true}));
    };
    (0..5).for_each(|_| cycle(&mut client));
    let before = resident(&daemon);
    (0..cycles()).for_each(|_| cycle(&mut client));
    let grown = resident(&daemon).saturating_sub(before);
    assert!(grown < 4 * MIB, "{grown} bytes");
}

/// Calls sent together; their answers have no error.
fn call_all(client: &mut Client, method: &str, params: impl Iterator<Item = Value>) {
    let calls: Vec<String> = params
        .map(|params| {
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
                + "\n"
        })
        .collect();
    for part in calls.chunks(64) {
        client.send(part.concat());
        for _ in part {
            let answer = client.receive();
            assert!(answer.get("error").is_none(), "{answer}");
        }
    }
}

#[test]
fn a_lone_voxel_costs_a_kibibyte_in_bulk_and_two_as_a_call_of_its_own() {
    let (daemon, mut client) = start(&[]);
    client.call("goxel.get_status", json!({}));
    for distance in [1000, 100] {
        let at = |n: u64| json!([n % 100 * distance, n / 100 % 100 * distance, n / 10_000 * 1000]);
        let before = resident(&daemon);
        for part in 0..10 {
            let voxels =
                (0..1000).map(|n| json!({"position": at(part * 1000 + n), "color": "red"}));
            let params = json!({"voxels": voxels.collect::<Vec<_>>()});
            client.call("goxel.add_voxels", params);
        }
        let each = resident(&daemon).saturating_sub(before) / 10_000;
        assert!(each <= 1024 + 200, "{distance} apart: {each} bytes each");
        client.call("goxel.create_layer", json!({"name": "next"}));
    }
    let before = resident(&daemon);
    let lone =
        (0..5000).map(|n| json!({"position": [n % 70 * 1000, 500, n / 70 * 1000], "color": "red"}));
    call_all(&mut client, "goxel.add_voxel", lone);
    let each = resident(&daemon).saturating_sub(before) / 5000;
    assert!(each <= 2048, "{each} bytes each");
    assert_counted(&daemon, &mut client);
}

#[test]
fn a_layer_costs_two_kibibytes_with_its_step_and_a_project_sixteen() {
    let (daemon, mut client) = start(&["--max-projects=600"]);
    client.call("goxel.create_layer", json!({"name": "first"}));
    let before = resident(&daemon);
    call_all(&mut client, "goxel.create_layer", (0..4000).map(|n| json!({"name": format!("{n}")})));
    let each = resident(&daemon).saturating_sub(before) / 4000;
    assert!(each <= 2048 + 200, "{each} bytes a layer");
    assert_counted(&daemon, &mut client);
    let before = resident(&daemon);
    call_all(&mut client, "goxel.open_project", (0..500).map(|n| json!({"name": format!("p{n}")})));
    let each = resident(&daemon).saturating_sub(before) / 500;
    assert!(each <= 16 << 10, "{each} bytes a project");
}

#[test]
fn near_the_limit_of_voxels_old_steps_are_forgotten_and_work_goes_on() {
    let (daemon, mut client) = start(&["--max-voxel-memory=16MiB"]);
    for number in 0..300 {
        let x = number % 7;
        let noise = json!({"op": "sphere", "center": [x, 0, 0], "radius": 20, "color": [number % 250, 1, 2]});
        let drawn = client.ask("goxel.edit", json!({"operations": [noise]}));
        assert!(drawn.get("error").is_none(), "{number}: {drawn}");
    }
    assert_eq!(client.call("goxel.undo", json!({}))["steps"], 1);
    assert_counted(&daemon, &mut client);
}

/// Draws where nothing is until that is refused; the refusal.
fn draw_until_refused(client: &mut Client) -> Value {
    for number in 0..10_000 {
        let x = number * 100;
        let noisy = json!({"operations": [
            {"op": "box", "min": [x, 0, 0], "max": [x + 79, 79, 79], "color": [number % 250, 9, 9]},
            {"op": "noise", "within": {"min": [x, 0, 0], "max": [x + 79, 79, 79]}, "amount": 0.5},
        ]});
        let answer = client.ask("goxel.edit", noisy);
        if answer.get("error").is_some() {
            return answer["error"].clone();
        }
    }
    panic!("nothing was refused");
}

#[test]
fn at_the_limit_of_the_process_growth_is_refused_with_figures_and_the_rest_goes_on() {
    let limit = 96 * MIB;
    let (daemon, mut client) = start(&[&format!("--max-memory={limit}"), "--pack-after=0"]);
    let refused = draw_until_refused(&mut client);
    assert_eq!(refused["code"], 1004, "{refused}");
    let peak = peak_bytes(&daemon);
    assert!(peak < limit * 5 / 4 + 8 * MIB, "{peak}");
    let data = &refused["data"];
    assert_eq!((&data["flag"], &data["limit"]), (&json!("--max-memory"), &json!(limit)));
    assert!(data["kinds"]["voxels"].as_u64() > Some(MIB), "{refused}");
    assert!(!data["advice"].as_array().unwrap().is_empty(), "{refused}");
    let state =
        |client: &mut Client| client.call("goxel.get_status", json!({}))["voxel_count"].clone();
    let before = state(&mut client);
    assert!(before.as_u64() > Some(0));
    draw_until_refused(&mut client);
    assert_eq!(state(&mut client), before, "a refused change leaves nothing");
    client.call("goxel.get_voxel", json!({"x": 1, "y": 1, "z": 1}));
    client.call("goxel.save_project", json!({"path": "full.gox"}));
    assert_eq!(client.call("goxel.undo", json!({}))["steps"], 1);
    let cleared = client.call("goxel.clear_history", json!({}));
    assert!(cleared["steps"].as_u64() > Some(0) && cleared["bytes"].as_u64() > Some(0));
    let position = client.call("goxel.history", json!({}))["count"].clone();
    assert_eq!(position, 0);
    client.call("goxel.close_project", json!({"name": "default", "discard": true}));
    client.call("goxel.edit", cube());
}

/// The most that was ever resident.
fn peak_bytes(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

/// Work that wants far more than there is, each in a few bytes; boxes have this side.
fn greedy(side: u32) -> Vec<(&'static str, Value)> {
    let edit = |operation: Value| ("goxel.edit", json!({"operations": [operation]}));
    let noisy = json!({"operations": [
        {"op": "box", "min": [0, 0, 0], "max": [side - 1, side - 1, side / 2], "color": "red"},
        {"op": "noise", "amount": 0.5},
    ]});
    vec![
        edit(json!({"op": "line", "points": [[0, 0, 0], [999_999_999, 0, 0]], "color": "red"})),
        edit(json!({"op": "voxels", "points": [[0, 0, 0]], "color": "red"})),
        edit(json!({"op": "copy", "min": [0, 0, 0], "max": [0, 0, 0], "to": [0, 0, 20],
            "times": 5 * side, "step": [20, 0, 0]})),
        ("goxel.edit", noisy),
        ("goxel.select_box", json!({"min": [0, 0, 0], "max": [side, side, side]})),
        (
            "goxel.render_scene",
            json!({"width": 8 * side, "height": 8 * side,
            "output_path": "large.png"}),
        ),
        ("goxel.export_model", json!({"path": "large.gltf"})),
        ("goxel.export_model", json!({"path": "large.schem"})),
        ("goxel.duplicate_layer", json!({"layer_id": 1})),
        ("goxel.save_project", json!({"path": "large.gox"})),
        ("goxel.load_project", json!({"path": "sparse.vox"})),
        ("goxel.undo", json!({"steps": 3})),
    ]
}

/// `GOXEL_SMALL_MEMORIES` names other sizes, in MiB, and asks for more at each; see also
/// `tests/load/scarce.py`.
#[test]
fn with_however_little_memory_the_process_lives_and_answers() {
    let named = std::env::var("GOXEL_SMALL_MEMORIES").ok();
    let side = if named.is_some() { 256 } else { 96 };
    for mebibytes in named.as_deref().unwrap_or("128").split(',') {
        let mebibytes: u64 = mebibytes.parse().unwrap();
        let mut daemon = Daemon::start_within(mebibytes << 10, &[]);
        let sparse = std::fs::File::create(daemon.directory().join("sparse.vox")).unwrap();
        sparse.set_len(600 << 20).unwrap();
        let mut client = daemon.connect();
        let (mut done, mut refused) = (0, 0);
        for (method, params) in greedy(side) {
            println!("{mebibytes} MiB: {method} {params}");
            let answer = client.ask(method, params);
            match answer.get("result") {
                Some(_) => done += 1,
                None => refused += 1,
            }
            assert!(answer.get("result").or(answer.get("error")).is_some(), "{answer}");
            assert!(daemon.is_alive(), "{mebibytes} MiB: {method}");
        }
        assert!(done > 0 && refused > 1, "{done} done, {refused} refused");
        client.call("goxel.clear_history", json!({}));
        client.call("goxel.close_project", json!({"name": "default", "discard": true}));
        client.call("goxel.edit", cube());
    }
}

#[test]
fn a_message_that_there_is_no_memory_for_is_refused_by_an_answer() {
    let mut daemon = Daemon::start_within(64 << 10, &[]);
    let mut client = daemon.connect();
    let text = "x".repeat(15 << 20);
    let mut refused = 0;
    for _ in 0..2 {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"text": text}});
        client.send(format!("{call}\n"));
        let answer = client.receive();
        refused += u64::from(answer["error"]["message"].is_string());
        assert!(daemon.is_alive());
    }
    assert_eq!(refused, 2, "there is so little that none goes through");
    client.call("ping", json!({}));
}
