//! The table of golden pictures, and how each is drawn.

use serde_json::{Value, json};

use super::models::*;
use super::{Model, Scene};
use crate::support::service::Daemon;

/// Small, because debug builds draw them.
const SIDE: u32 = 112;
/// With `"style": "path"`, which is slower by far.
const PATH_SIDE: u32 = 48;

type Row = (&'static str, fn() -> Daemon, Value);

/// All scenes in the order in which they are drawn.
pub fn all() -> Vec<Scene> {
    let looks = [
        named_views(),
        cameras(),
        sheets(),
        surroundings(),
        parts(),
        backgrounds(),
        styles(),
        lighting(),
        materials(),
        paths(),
        layers(),
        forms(),
        files(),
    ];
    let look = |(name, make, params): Row| {
        let side = if params["style"] == "path" { PATH_SIDE } else { SIDE };
        scene(name, Model::Made(make), "goxel.look", with_size(params, side))
    };
    let mut scenes: Vec<Scene> = looks.into_iter().flatten().map(look).collect();
    scenes.extend(other_methods());
    scenes.extend(SAMPLES.map(of_sample));
    scenes
}

fn scene(name: &str, model: Model, method: &'static str, params: Value) -> Scene {
    Scene { name: name.into(), model, method, params }
}

fn with_size(mut params: Value, side: u32) -> Value {
    if params.get("size").is_none() {
        params["size"] = json!(side);
    }
    params
}

fn named_views() -> Vec<Row> {
    let names = [
        "front",
        "back",
        "left",
        "right",
        "top",
        "bottom",
        "iso",
        "iso_back",
        "iso_left",
        "iso_right",
    ];
    names.map(|name| (name, house as fn() -> Daemon, json!({"views": [name]}))).into()
}

fn cameras() -> Vec<Row> {
    vec![
        ("orbit-elevation", house, json!({"views": [{"yaw": 30, "elevation": 20, "fov": 60}]})),
        ("orbit-pitch", house, json!({"views": [{"yaw": -120, "pitch": 25}]})),
        ("orbit-distance", house, json!({"views": [{"yaw": 60, "elevation": 10, "distance": 30}]})),
        (
            "position-target",
            house,
            json!({"views": [
            {"position": [-20, -35, 5], "target": [-4, -8, 5], "fov": 70}]}),
        ),
        (
            "position-rolled",
            house,
            json!({"views": [
            {"position": [40, -40, 40], "up": [0.5, 0, 1]}]}),
        ),
        (
            "position-inside",
            house,
            json!({"views": [
            {"position": [5, 5, 4], "target": [-10, -5, 4], "fov": 90}]}),
        ),
        (
            "orthographic",
            house,
            json!({"views": [
            {"yaw": 20, "elevation": 50, "orthographic": true}]}),
        ),
        (
            "orthographic-width",
            house,
            json!({"views": [
            {"position": [-60, -60, 60], "target": [0, 0, 5], "orthographic": true,
                "width": 30}]}),
        ),
        ("document-camera", house, json!({"views": ["Gate"]})),
        ("active-camera", house, json!({"views": ["active"]})),
    ]
}

fn sheets() -> Vec<Row> {
    vec![
        ("sheet-two", house, json!({"views": ["iso", "front"], "size": [240, 120]})),
        (
            "sheet-six",
            house,
            json!({"views": ["front", "right", "back", "left", "top", "bottom"],
            "size": [240, 160]}),
        ),
        (
            "sheet-four-plain",
            house,
            json!({"views": ["front", "left", "top", "iso"],
            "labels": false}),
        ),
        ("label-of-one", house, json!({"views": ["iso_right"], "labels": true})),
    ]
}

fn surroundings() -> Vec<Row> {
    vec![
        ("axes", house, json!({"axes": true, "size": 160})),
        ("axes-front", house, json!({"views": ["front"], "axes": true, "size": 160})),
        ("dimensions", house, json!({"dimensions": true, "size": 160})),
        ("dimensions-top", house, json!({"views": ["top"], "dimensions": true, "size": 160})),
        ("grid", house, json!({"grid": true})),
        ("grid-behind", house, json!({"views": ["front"], "grid": true})),
        ("ground", clones, json!({"ground": true})),
        ("ground-low", clones, json!({"views": [{"yaw": 40, "elevation": 8}], "ground": true})),
        ("edges-voxels", shapes, json!({"edges": "voxels"})),
        ("edges-outline", shapes, json!({"edges": "outline"})),
        (
            "all-around",
            clones,
            json!({"axes": true, "dimensions": true, "grid": true,
            "ground": true, "edges": "outline", "size": 160}),
        ),
    ]
}

fn parts() -> Vec<Row> {
    let within = json!({"min": [-14, -14, 0], "max": [0, 0, 18]});
    vec![
        ("within", house, json!({"within": within})),
        ("section-below", house, json!({"section": {"axis": "z", "at": 6, "keep": "below"}})),
        (
            "section-above",
            house,
            json!({"views": [{"yaw": 30, "elevation": -25}],
            "section": {"axis": "z", "at": 6, "keep": "above"}}),
        ),
        ("section-across", onion, json!({"section": {"axis": "y", "at": 0, "keep": "above"}})),
        (
            "section-flat",
            onion,
            json!({"style": "flat", "views": ["right"],
            "section": {"axis": "x", "at": 0, "keep": "below"}}),
        ),
        ("section-water", water, json!({"section": {"axis": "y", "at": 5, "keep": "above"}})),
        ("some-layers", house, json!({"layers": ["Tree"]})),
    ]
}

fn backgrounds() -> Vec<Row> {
    vec![
        ("background-colour", shapes, json!({"background": "#204060"})),
        ("background-auto-white", white_cube, json!({"background": "auto"})),
        ("background-auto-black", black_cube, json!({"background": "auto"})),
        ("background-transparent", glass, json!({"background": "transparent"})),
        ("background-gradient", shapes, json!({"background": ["#203050", "#c0d8f0"]})),
    ]
}

fn styles() -> Vec<Row> {
    vec![
        ("flat", shapes, json!({"style": "flat"})),
        ("flat-one-sample", shapes, json!({"style": "flat", "samples": 1})),
        ("lit-shapes", shapes, json!({"style": "lit"})),
        ("lit-four-samples", shapes, json!({"style": "lit", "samples": 4, "size": 80})),
        ("clay", landscape, json!({"style": "clay"})),
    ]
}

fn lighting() -> Vec<Row> {
    vec![
        (
            "sun-low",
            clones,
            json!({"lighting": {"sun_direction": [-1, -0.4, 0.3]},
            "ground": true}),
        ),
        (
            "sun-wide",
            clones,
            json!({"lighting": {"sun_direction": [-1, -1, 2], "sun_size": 20,
            "shadow": 1}, "ground": true}),
        ),
        ("ambient-only", clones, json!({"lighting": {"ambient": 1, "diffuse": 0}})),
        ("diffuse-only", clones, json!({"lighting": {"ambient": 0, "diffuse": 1, "shadow": 1}})),
        ("without-shadow", clones, json!({"lighting": {"shadow": 0, "ground": 1}})),
        ("document-light", evening_house, json!({})),
    ]
}

fn materials() -> Vec<Row> {
    let near = || json!({"views": [{"yaw": 35, "elevation": 25}], "background": "#8fb8e0"});
    vec![
        ("matte", matte, near()),
        ("glossy", glossy, near()),
        ("mirror", mirror, near()),
        ("rough-metal", rough_metal, near()),
        ("lamp", lamp, near()),
        ("glass", glass, near()),
        ("tinted", tinted, near()),
        ("water", water, json!({"views": [{"yaw": 20, "elevation": 40}]})),
        ("water-from-above", water, json!({"views": ["top"]})),
        ("landscape", landscape, json!({})),
    ]
}

fn paths() -> Vec<Row> {
    let traced = |more: Value| {
        let mut params = json!({"style": "path", "samples": 6, "background": "#8fb8e0",
            "views": [{"yaw": 35, "elevation": 25}]});
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        params
    };
    vec![
        ("path-house", house, traced(json!({"ground": true}))),
        ("path-mirror", mirror, traced(json!({}))),
        ("path-glass", glass, traced(json!({}))),
        ("path-lamp", lamp, traced(json!({"background": "#101820"}))),
        ("path-water", water, traced(json!({}))),
        ("path-noise", rough_metal, traced(json!({"denoise": false, "seed": 7, "bounces": 2}))),
        ("path-lens", clones, traced(json!({"depth_of_field": {"aperture": 2, "focus": 50}}))),
    ]
}

fn layers() -> Vec<Row> {
    vec![
        ("layer-over", over, json!({})),
        ("layer-faint", faint, json!({})),
        ("layer-subtract", subtracted, json!({})),
        ("layer-intersect", intersected, json!({})),
        ("layer-paint", painted, json!({})),
        ("layer-hidden", hidden, json!({})),
        ("clones", clones, json!({})),
        ("shape-layers", shape_layers, json!({})),
    ]
}

fn forms() -> Vec<Row> {
    vec![
        ("checkered", checkered, json!({})),
        ("one-voxel", one_voxel, json!({"dimensions": true})),
        ("thin", thin, json!({"size": [160, 80]})),
        ("nothing", nothing, json!({"background": ["#203050", "#c0d8f0"], "axes": true})),
    ]
}

fn files() -> Vec<Row> {
    vec![
        ("turn-gif", clones, json!({"turntable": 4, "format": "gif", "size": 80})),
        ("turn-apng", house, json!({"turntable": 3, "size": 80})),
        ("timelapse", house, json!({"timelapse": 3, "format": "apng", "size": 80})),
        ("webp", glass, json!({"format": "webp", "background": "transparent"})),
    ]
}

fn other_methods() -> Vec<Scene> {
    let old = "goxel.render_scene";
    let image = "goxel.render_image";
    let maps = "goxel.render_maps";
    let made = Model::Made;
    vec![
        scene("scene-preset", made(house), old, json!({"camera_preset": "left", "size": SIDE})),
        scene("scene-shadows", made(shapes), old, json!({"shadows": true, "size": SIDE})),
        scene(
            "image-camera",
            made(house),
            image,
            json!({"camera_position": [30, -45, 25],
            "camera_target": [0, 0, 6], "size": SIDE, "background_color": "#d0e0f0"}),
        ),
        scene(
            "image-views",
            made(clones),
            image,
            json!({"views": ["front", "iso"],
            "grid": true, "size": [200, 100]}),
        ),
        scene("maps", made(house), maps, json!({"size": SIDE})),
        scene(
            "maps-section",
            made(onion),
            maps,
            json!({"view": {"yaw": 30, "elevation": 20},
            "section": {"axis": "y", "at": 0, "keep": "above"}, "maps": ["depth", "normal"],
            "size": SIDE}),
        ),
    ]
}

const SAMPLES: [&str; 12] = [
    "gox/peg__watermill.gox",
    "gox/peg__graveyard.gox",
    "gox/r3d__teddy.gox",
    "kv6/vengi__slab6_vox_test.kv6",
    "kvx/vengi__slab6_vox_test.kvx",
    "mts/mtg__apple_tree.mts",
    "qb/vengi__chr_knight.qb",
    "qbcl/vengi__qubicle.qbcl",
    "schem/pris__smallhouse1.schem",
    "vox/vengi__teardown.vox",
    "vox/vs__castle.vox",
    "vox/vs__church.vox",
];

fn of_sample(file: &'static str) -> Scene {
    let name = format!("sample-{}", file.replace(['/', '.'], "-"));
    scene(&name, Model::Sample(file), "goxel.look", json!({"size": SIDE}))
}
