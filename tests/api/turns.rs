//! Nobody waits: whatever is sent and whatever the document is like, no turn looks at more than its
//! share.
//!
//! Looks are counted by the engine itself in debug builds (`job::effort`), so the same seed gives
//! the same counts on every machine. A turn here is the beginning of a call, or one slice of it,
//! with a budget of a few units. `GOXEL_TURN_SEEDS=1000` runs so many seeds; a failing one is
//! named.

use crate::support::service::Daemon;
use goxel_daemon::job::{Budget, effort};
use goxel_daemon::rpc::{ConnectionId, Handled};
use serde_json::{Value, json};

/// Looks that a turn may take. A unit of work has 25,000 at most, where each voxel of a block looks
/// at its neighbours; a snapshot has one for each table of a volume.
const MOST_LOOKS: u64 = 60_000;
/// Units of a slice, and of the beginning of a call.
const UNITS: u64 = 1;
/// Seeds that are run unless more are asked for.
const SEEDS: u64 = 6;

/// Numbers that look random, the same for each seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn point(&mut self, reach: u64) -> [i64; 3] {
        [0; 3].map(|_| self.below(2 * reach) as i64 - reach as i64)
    }
}

/// Sends a message and carries it to its end; the longest turn in looks.
fn longest_turn(daemon: &mut Daemon, message: &str) -> u64 {
    let (caller, mut out) = (ConnectionId(1), Vec::new());
    effort::take();
    let handled = daemon.service.handle(message.as_bytes(), caller, &mut daemon.host, &mut out);
    let mut longest = effort::take();
    if let Handled::Pending(mut exchange) = handled {
        let mut is_over = false;
        while !is_over {
            let mut budget = Budget::units(UNITS);
            is_over = daemon.service.step(&mut exchange, &mut daemon.host, &mut budget, &mut out);
            longest = longest.max(effort::take());
        }
    }
    longest
}

fn call(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// Builds one of the hostile documents.
fn build(kind: u64, numbers: &mut Numbers) -> (&'static str, Daemon) {
    let mut daemon = Daemon::default();
    let mut edit = |operations: Value| {
        daemon.call("goxel.edit", json!({"operations": operations}));
    };
    let name = match kind {
        0 => {
            edit(json!([{"op": "box", "min": [0, 0, 0], "max": [110, 110, 60], "color": "red"},
                {"op": "sphere", "center": [100, 50, 50], "radius": 30, "color": "lime"}]));
            "dense"
        }
        1 => {
            let points: Vec<_> = (0..3000).map(|_| numbers.point(100_000)).collect();
            edit(json!([{"op": "voxels", "points": points, "color": "gold"}]));
            "scattered"
        }
        2 => {
            let voxels: Vec<_> = (0..10_000u32)
                .map(|n| json!([n % 40, n / 40 % 40, n / 1600, format!("#{:06x}", n * 331)]))
                .collect();
            edit(json!([{"op": "voxels", "voxels": voxels}]));
            "many colours"
        }
        3 => {
            edit(json!([{"op": "sphere", "center": [0, 0, 0], "radius": 6, "color": "red"}]));
            for number in 0..100 {
                daemon.call("goxel.create_layer", json!([format!("layer {number}")]));
                daemon.call("goxel.add_voxel", json!([number, 2, 3, "red"]));
            }
            "many layers and steps"
        }
        4 => {
            for number in 0..1500 {
                daemon.call("goxel.add_voxel", json!([number, number % 7, 3, "red"]));
            }
            "many steps"
        }
        _ => {
            edit(json!([{"op": "sphere", "center": [0, 0, 0], "radius": 5, "color": "red"}]));
            for number in 0..50 {
                let offset = [number % 10 * 20, number / 10 * 20, 0];
                daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "offset": offset}));
            }
            daemon.call("goxel.set_active_layer", json!([1]));
            "many clones"
        }
    };
    (name, daemon)
}

/// Something that a client may send.
fn message(numbers: &mut Numbers) -> String {
    let far = json!({"min": [-200_000, -200_000, -200_000], "max": [200_000, 200_000, 200_000]});
    let many = |numbers: &mut Numbers, count: usize, reach: u64| -> Vec<[i64; 3]> {
        (0..count).map(|_| numbers.point(reach)).collect()
    };
    let edit = |operations: Value| call("goxel.edit", &json!({"operations": operations}));
    match numbers.below(32) {
        0 => call("goxel.get_bounding_box", &json!({"layer_id": -2, "exact": true})),
        1 => call("goxel.get_project_info", &json!({})),
        2 => call("goxel.list_layers", &json!({})),
        3 => call("goxel.get_unique_colors", &json!({"merge_similar": true, "merge_threshold": 4})),
        4 => call("goxel.get_color_histogram", &json!({"top_n": 0})),
        5 => call("goxel.measure", &json!({"layer_id": "visible", "colors": 4096})),
        6 => call("goxel.find", &json!({"exposed": true, "layer_id": "visible"})),
        7 => {
            let [origin, way] = [numbers.point(300), numbers.point(100)];
            call("goxel.raycast", &json!({"origin": origin, "direction": way}))
        }
        8 => call("goxel.get_layer_voxels", &json!({"limit": 100_000})),
        9 => call("goxel.diff", &json!({})),
        10 => call("goxel.undo", &json!({"steps": numbers.below(40) + 1})),
        11 => call("goxel.redo", &json!({"steps": numbers.below(40) + 1})),
        12 => {
            edit(json!([{"op": "voxels", "points": many(numbers, 3000, 50_000), "color": "red"}]))
        }
        13 => edit(json!([
            {"op": "voxels", "points": [[0, 0, 0]], "color": "red"},
            {"op": "copy", "min": [0, 0, 0], "max": [0, 0, 0], "to": [100, 0, 0], "times": 3000,
                "step": [100, 0, 0]}
        ])),
        14 => edit(json!([{"op": "mirror", "axis": "x", "at": 3}])),
        15 => edit(json!([{"op": "rotate", "axis": "z", "turns": 1, "center": [0, 0, 0]}])),
        16 => edit(json!([{"op": "scale", "factor": 0.5}])),
        17 => edit(json!([{"op": "replace_color", "from": "red", "to": "blue", "tolerance": 99}])),
        18 => call("goxel.clear_voxels", &far),
        19 => {
            let voxels: Vec<_> =
                many(numbers, 2000, 12).iter().map(|[x, y, z]| json!([x, y, z, "red"])).collect();
            call("add_voxels", &json!({"voxels": voxels}))
        }
        20 => call("goxel.select_voxels", &json!({})),
        21 => call("goxel.grow_selection", &json!({"steps": 5})),
        22 => call("goxel.move_voxels", &json!({"offset": [5, 1, 0]})),
        23 => call("goxel.add_voxel", &json!([1, 2, 3, "blue"])),
        24 => {
            let keys: Vec<_> = (0..30_000).map(|n| format!("\"k{n}\":{n}")).collect();
            let method = ["goxel.add_voxel", "goxel.edit", "goxel.get_voxel", "echo"];
            let method = method[numbers.below(4) as usize];
            format!(r#"{{"id":1,"method":"{method}","params":{{{}}}}}"#, keys.join(","))
        }
        25 => {
            let name = "x".repeat(300_000);
            let method = ["goxel.load_project", "goxel.save_project", "goxel.import_palette"];
            call(method[numbers.below(3) as usize], &json!({"path": name}))
        }
        26 => format!("[{}]", vec![r#"{"id":1,"method":"rpc.discover"}"#; 30].join(",")),
        27 => call(&"y".repeat(200_000), &json!({})),
        28 => call("goxel.duplicate_layer", &json!({})),
        29 => call("goxel.diff", &json!({"from": 0, "to": numbers.below(2)})),
        30 => call("goxel.look", &json!({"timelapse": 3, "size": 8, "style": "flat"})),
        _ => call("goxel.create_clone_layer", &json!({"base_id": 1, "offset": [7, 7, 7]})),
    }
}

#[test]
fn no_message_on_any_document_holds_a_turn_for_more_than_its_share() {
    let asked = std::env::var("GOXEL_TURN_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let (mut seen, seeds) = (Vec::new(), asked.unwrap_or(SEEDS));
    for seed in 0..seeds {
        let mut numbers = Numbers(seed * 7919 + 17);
        let (document, mut daemon) = build(seed % 6, &mut numbers);
        daemon.host.at_once = UNITS;
        for _ in 0..6 {
            let message = message(&mut numbers);
            let looks = longest_turn(&mut daemon, &message);
            if std::env::var_os("GOXEL_TURN_TELL").is_some() {
                println!("{looks} {document} {}", &message[..message.len().min(110)]);
            }
            let shown: String = message.chars().take(120).collect();
            seen.push((looks, seed, document, shown));
        }
    }
    seen.sort_by_key(|(looks, ..)| std::cmp::Reverse(*looks));
    for (looks, seed, document, shown) in seen.iter().take(10) {
        println!("{looks:8} looks  seed {seed:4}  {document:22} {shown}");
    }
    let (looks, seed, document, shown) = &seen[0];
    assert!(*looks <= MOST_LOOKS, "seed {seed}: a turn took {looks} looks, {document}: {shown}");
}

#[test]
fn in_a_document_of_voxels_far_apart_no_turn_looks_at_each_of_them() {
    const VOXELS: u64 = 4000;
    // What a unit of the heaviest of these calls takes, however many voxels there are.
    const MOST: u64 = 1500;
    let arrangements: [fn(u64) -> [u64; 3]; 3] = [
        |n| [n % 20 * 300, n / 20 % 20 * 300, n / 400 * 300],
        |n| [n * 300, 0, 0],
        |n| [n % 7, n * 300, 9],
    ];
    for (number, place) in arrangements.into_iter().enumerate() {
        let mut daemon = Daemon::default();
        let points: Vec<_> = (0..VOXELS).map(place).collect();
        let operation = json!({"op": "voxels", "points": points, "color": "gold"});
        daemon.call("goxel.edit", json!({"operations": [operation]}));
        daemon.host.at_once = UNITS;
        let edit = |operation: Value| ("goxel.edit", json!({"operations": [operation]}));
        let calls = [
            ("goxel.add_voxel", json!([1, 2, 3, "blue"])),
            ("goxel.get_project_info", json!({})),
            ("goxel.get_bounding_box", json!({"layer_id": 1, "exact": true})),
            ("goxel.raycast", json!({"origin": [-50, 3.3, 5.2], "direction": [1, 0.3, 0.2]})),
            (
                "goxel.slice",
                json!({"axis": "z", "at": 0, "box": {"min": [0, 0, 0], "max": [9, 9, 9]}}),
            ),
            ("goxel.copy_region", json!({"min": [0, 0, 0], "max": [9, 9, 9], "to": [20, 7, 7]})),
            ("goxel.duplicate_layer", json!({"layer_id": 1})),
            ("goxel.undo", json!({})),
            ("goxel.diff", json!({"from": 0, "max_voxels": 100})),
            ("goxel.look", json!({"size": 8, "style": "flat"})),
            ("goxel.clear_voxels", json!({})),
            ("goxel.undo", json!({})),
            ("goxel.select_voxels", json!({"layer_id": 1})),
            ("goxel.get_selection", json!({})),
            ("goxel.measure", json!({"parts": 3})),
            ("goxel.clear_selection", json!({})),
            ("goxel.undo", json!({})),
            ("goxel.look", json!({"size": 8, "ground": true})),
            ("goxel.create_project", json!({"name": "another"})),
            ("goxel.undo", json!({})),
            ("goxel.get_status", json!({})),
        ];
        // Once is enough of what takes long.
        let long = [
            edit(json!({"op": "rotate", "axis": "z", "turns": 1})),
            ("goxel.undo", json!({})),
            ("goxel.rotate_voxels", json!({"axis": "z"})),
            ("goxel.undo", json!({})),
        ];
        let calls = calls.into_iter().chain(long.into_iter().filter(|_| number == 0));
        let turns = calls.map(|(method, params)| {
            (longest_turn(&mut daemon, &call(method, &params)), method, params)
        });
        let long: Vec<_> = turns.filter(|(looks, ..)| *looks > MOST).collect();
        assert_eq!(long, Vec::<(u64, &str, Value)>::new(), "{number}");
    }
}
