//! What an agent's session costs in answers: text as bytes / 3.5, each picture as width x height /
//! 750.

use serde_json::{Value, json};

use super::client::Host;
use crate::support::process::Daemon;

/// Pixels along the edge of a picture.
const EDGE: u32 = 512;

/// What the blocks of an answer cost.
fn cost(result: &Value) -> f64 {
    let one = |block: &Value| match block["type"].as_str() {
        Some("image") => f64::from(EDGE * EDGE) / 750.0,
        _ => block["text"].as_str().map_or(0.0, |text| text.len() as f64 / 3.5),
    };
    let blocks = result["content"].as_array().expect("content").iter().map(one).sum::<f64>();
    // What is structured is paid for as well, where there is any.
    let structured = result.get("structuredContent");
    blocks + structured.map_or(0.0, |value| value.to_string().len() as f64 / 3.5)
}

#[test]
fn a_session_of_sixty_operations_five_looks_three_slices_and_an_undo_costs_under_6000_tokens() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    host.shake_hands();
    let mut total = cost(&host.call("voxel_project", json!({"action": "new", "project": "tower"})));
    for floor in 0..10 {
        let z = floor * 3;
        let wall = |min: [i32; 3], max: [i32; 3]| json!({"op": "box", "min": min, "max": max, "color": "#c0a080"});
        let ops = json!([
            wall([0, 0, z], [31, 0, z + 2]),
            wall([0, 31, z], [31, 31, z + 2]),
            wall([0, 1, z], [0, 30, z + 2]),
            wall([31, 1, z], [31, 30, z + 2]),
            {"op": "box", "min": [1, 1, z], "max": [30, 30, z], "color": "#806040"},
            {"op": "box", "min": [14, 0, z + 1], "max": [17, 0, z + 1], "color": "#80c0ff"},
        ]);
        total += cost(&host.call("voxel_edit", json!({"project": "tower", "ops": ops})));
    }
    for view in ["iso", "front", "top", "left", "iso"] {
        let look = json!({"project": "tower", "views": [view], "size": EDGE});
        total += cost(&host.call("voxel_look", look));
    }
    for (axis, at) in [("z", 0), ("y", 0), ("x", 16)] {
        let slice = json!({"project": "tower", "axis": axis, "at": at});
        total += cost(&host.call("voxel_slice", slice));
    }
    total += cost(&host.call("voxel_history", json!({"project": "tower", "action": "undo"})));
    assert!(total < 6000.0, "{total}");
}
