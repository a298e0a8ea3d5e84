//! What golden pictures are of: small models, each made for what it shows.

use serde_json::{Value, json};

use crate::support::service::Daemon;

fn built(operations: Value) -> Daemon {
    let mut daemon = Daemon::default();
    daemon.call("goxel.edit", json!({"operations": operations}));
    daemon
}

/// A house that is another one from each side: a door in front, "R" on the right, windows on the
/// left, a green wall behind, a chimney, and a cross below.
pub fn house() -> Daemon {
    let mut daemon = built(json!([
        {"op": "box", "min": [-14, -14, -1], "max": [14, 12, -1], "color": "#6a9a4a"},
        {"op": "box", "min": [-10, -1, -1], "max": [10, 1, -1], "color": "#a040c0"},
        {"op": "box", "min": [-1, -10, -1], "max": [1, 10, -1], "color": "#a040c0"},
        {"op": "walls", "min": [-10, -8, 0], "max": [10, 8, 9], "color": "#d8c8a0"},
        {"op": "box", "min": [-10, 8, 0], "max": [10, 8, 9], "color": "#408050"},
        {"op": "box", "min": [-6, -8, 0], "max": [-3, -8, 6], "color": "#704020"},
        {"op": "box", "min": [-10, -5, 4], "max": [-10, -2, 7], "color": "#4080d0"},
        {"op": "box", "min": [-10, 2, 4], "max": [-10, 5, 7], "color": "#4080d0"},
        {"op": "text", "text": "R", "at": [10, -2, 1], "axis": "x", "color": "#e0c020"},
        {"op": "prism", "min": [-11, -9, 10], "max": [11, 9, 18], "axis": "x", "side": "+z",
            "color": "#b04030"},
        {"op": "box", "min": [6, 3, 12], "max": [8, 5, 21], "color": "#808890"},
        {"op": "box", "min": [-9, -7, 0], "max": [9, 7, 0], "color": "#906848"},
        {"op": "cylinder", "center": [-11, -11, 2], "radius": 0.5, "height": 5,
            "color": "#604020"},
    ]));
    daemon.call("goxel.create_layer", json!(["Tree"]));
    let crown = json!({"op": "sphere", "center": [-11, -11, 7], "radius": 3, "layer": "Tree",
        "color": "#3a7a30"});
    daemon.call("goxel.edit", json!({"operations": [crown]}));
    let camera = json!({"name": "Gate", "eye": [-30, -60, 12], "target": [0, 0, 8]});
    daemon.call("goxel.create_camera", camera);
    daemon.call("goxel.create_camera", json!({"name": "Plan", "view": "top"}));
    daemon
}

/// The house with the light that its document says.
pub fn evening_house() -> Daemon {
    let mut daemon = house();
    let light = json!({"pitch": 75, "yaw": 200, "intensity": 1.2, "ambient": 0.2, "shadow": 0.9});
    daemon.call("goxel.set_light", light);
    daemon
}

/// All kinds of shapes in rows.
pub fn shapes() -> Daemon {
    built(json!([
        {"op": "sphere", "center": [0, 0, 5], "radius": 5, "color": "#d04040"},
        {"op": "cylinder", "center": [14, 0, 5], "radius": 5, "height": 11, "color": "#40a0d0"},
        {"op": "cone", "min": [23, -5, 0], "max": [33, 5, 10], "axis": "z", "color": "#e0a030"},
        {"op": "torus", "center": [0, 14, 2], "radius": 4, "tube": 1.5, "color": "#9050c0"},
        {"op": "stairs", "min": [9, 9, 0], "max": [19, 19, 10], "direction": "+x",
            "color": "#909090"},
        {"op": "wedge", "min": [23, 9, 0], "max": [33, 19, 8], "side": "+y", "color": "#50a050"},
        {"op": "box", "min": [-3, 25, 0], "max": [3, 31, 7], "rotation": [0, 0, 30],
            "color": "#c08060"},
        {"op": "tube", "points": [[10, 24, 1], [14, 30, 8], [19, 24, 1]], "radii": 1.5,
            "spline": true, "color": "#40b0a0"},
        {"op": "pyramid", "min": [23, 23, 0], "max": [33, 33, 6], "color": "#d0c040"},
    ]))
}

/// Cubes that touch along edges alone.
pub fn checkered() -> Daemon {
    let cells = (0..6).flat_map(|x| (0..6).flat_map(move |y| (0..6).map(move |z| [x, y, z])));
    let odd: Vec<[i32; 3]> = cells.filter(|[x, y, z]| (x + y + z) % 2 == 0).collect();
    built(json!([{"op": "voxels", "points": odd, "color": "#c0b060"}]))
}

pub fn one_voxel() -> Daemon {
    built(json!([{"op": "voxels", "points": [[4000, -3000, 500]], "color": "#3070e0"}]))
}

/// A long thin diagonal, and a plate that is one voxel high.
pub fn thin() -> Daemon {
    built(json!([
        {"op": "line", "points": [[0, 0, 0], [90, 40, 30]], "color": "#e06020"},
        {"op": "box", "min": [0, 10, -2], "max": [90, 12, -2], "color": "#2080a0"},
    ]))
}

pub fn white_cube() -> Daemon {
    built(json!([{"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "#ffffff"}]))
}

pub fn black_cube() -> Daemon {
    built(json!([{"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": "#000000"}]))
}

pub fn nothing() -> Daemon {
    Daemon::default()
}

/// Hills with a lake and trees.
pub fn landscape() -> Daemon {
    built(json!([
        {"op": "terrain", "min": [0, 0, 0], "max": [47, 47, 14], "seed": 5, "scale": 20,
            "bands": [{"below": 5, "color": "#c8b880"}, {"below": 10, "color": "#5a8f3c"},
                {"color": "#909090"}],
            "water": {"level": 5, "color": [40, 100, 190, 140]}},
        {"op": "scatter", "operations": [
            {"op": "box", "min": [0, 0, 0], "max": [0, 0, 2], "color": "#604020"},
            {"op": "sphere", "center": [0, 0, 4], "radius": 1.5, "color": "#2f6a2a"}],
            "count": 14, "seed": 2, "min_height": 7},
    ]))
}

/// A ball of four shells, to be cut.
pub fn onion() -> Daemon {
    built(json!([
        {"op": "sphere", "center": [0, 0, 0], "radius": 14, "color": "#b05030"},
        {"op": "sphere", "center": [0, 0, 0], "radius": 11, "color": "#e0b040"},
        {"op": "sphere", "center": [0, 0, 0], "radius": 7, "color": "#f0f0e0"},
        {"op": "sphere", "center": [0, 0, 0], "radius": 4, "mode": "subtract"},
    ]))
}

/// Four columns of water over sand, one deeper than the other.
pub fn water() -> Daemon {
    let columns = [1, 4, 9, 16].into_iter().enumerate().flat_map(|(index, depth)| {
        let x = index as i32 * 8;
        [
            json!({"op": "box", "min": [x, 0, -18], "max": [x + 7, 9, -depth - 1],
                "color": "#d0c090"}),
            json!({"op": "box", "min": [x, 0, -depth], "max": [x + 7, 9, -1],
                "color": [30, 90, 200, 120]}),
        ]
    });
    built(Value::from_iter(columns))
}

/// A ball on a checkered floor; the ball's layer is of the material.
fn ball_of(color: &str, material: Value) -> Daemon {
    let mut daemon = built(json!([
        {"op": "box", "min": [-14, -14, -1], "max": [13, 13, -1], "color": "#c8c8c8"},
        {"op": "repeat", "operations": [
            {"op": "box", "min": [-14, -14, -1], "max": [-8, -8, -1], "color": "#505868"},
            {"op": "box", "min": [-7, -7, -1], "max": [-1, -1, -1], "color": "#505868"}],
            "times": [2, 2, 1], "step": [14, 14, 0]},
        {"op": "box", "min": [-12, 9, 0], "max": [11, 10, 9], "color": "#c04030"},
    ]));
    daemon.call("goxel.create_layer", json!(["Ball"]));
    let ball = json!({"op": "sphere", "center": [0, 0, 8], "radius": 8, "layer": "Ball",
        "color": color});
    daemon.call("goxel.edit", json!({"operations": [ball]}));
    let mut made = material;
    made["name"] = json!("Special");
    daemon.call("goxel.create_material", made);
    daemon.call("goxel.set_layer_material", json!({"layer_id": "Ball", "material": "Special"}));
    daemon
}

pub fn matte() -> Daemon {
    ball_of("#5090d0", json!({"roughness": 1.0}))
}

pub fn glossy() -> Daemon {
    ball_of("#5090d0", json!({"roughness": 0.1}))
}

pub fn mirror() -> Daemon {
    ball_of("#f0d080", json!({"metallic": 1.0, "roughness": 0.05}))
}

pub fn rough_metal() -> Daemon {
    ball_of("#f0d080", json!({"metallic": 1.0, "roughness": 0.8}))
}

pub fn lamp() -> Daemon {
    ball_of("#ffe0b0", json!({"emission": [3.0, 2.0, 1.0]}))
}

pub fn glass() -> Daemon {
    ball_of("#d0f0ff", json!({"opacity": 0.3, "roughness": 0.05}))
}

pub fn tinted() -> Daemon {
    ball_of("#e0e0e0", json!({"color": [0.2, 0.8, 0.3]}))
}

/// Two layers that overlap: a block, and a ball on top of it.
fn overlapping(settings: Value) -> Daemon {
    let mut daemon = built(json!([
        {"op": "box", "min": [0, 0, 0], "max": [19, 19, 11], "color": "#4070b0"},
    ]));
    daemon.call("goxel.create_layer", json!(["Ball"]));
    let ball = json!({"op": "sphere", "center": [15, 4, 11], "radius": 8, "layer": "Ball",
        "color": "#e0a030"});
    daemon.call("goxel.edit", json!({"operations": [ball]}));
    let mut settings = settings;
    settings["layer_id"] = json!("Ball");
    daemon.call("goxel.update_layer", settings);
    daemon
}

pub fn over() -> Daemon {
    overlapping(json!({"mode": "over"}))
}

pub fn faint() -> Daemon {
    overlapping(json!({"opacity": 0.4}))
}

pub fn subtracted() -> Daemon {
    overlapping(json!({"mode": "subtract"}))
}

pub fn intersected() -> Daemon {
    overlapping(json!({"mode": "intersect"}))
}

pub fn painted() -> Daemon {
    overlapping(json!({"mode": "paint"}))
}

pub fn hidden() -> Daemon {
    overlapping(json!({"visible": false}))
}

/// A tower, beside it a clone of it, and one that lies down.
pub fn clones() -> Daemon {
    let mut daemon = built(json!([
        {"op": "box", "min": [0, 0, 0], "max": [5, 5, 15], "color": "#a0a8b0"},
        {"op": "cone", "min": [-1, -1, 16], "max": [6, 6, 22], "axis": "z", "color": "#b03838"},
        {"op": "box", "min": [2, 0, 0], "max": [3, 0, 4], "color": "#503018"},
    ]));
    daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "offset": [14, 0, 0]}));
    let lying = [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 28, 22, 0, 1];
    daemon.call("goxel.create_clone_layer", json!({"base_id": 1, "matrix": lying}));
    daemon
}

pub fn shape_layers() -> Daemon {
    let mut daemon = Daemon::default();
    for (shape, x, color) in
        [("sphere", -19, "#ff8800"), ("cube", -5, "#109080"), ("cylinder", 9, "#c03070")]
    {
        let bounds = json!({"min": [x, 0, 0], "max": [x + 10, 10, 12]});
        daemon.call(
            "goxel.create_shape_layer",
            json!({"shape": shape, "bounds": bounds, "color": color}),
        );
    }
    daemon
}
