//! Reading back cheaply: planes of characters, measures, regions, rays, finds.

use crate::support::service::Daemon;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A daemon with these voxels in the active layer.
fn with_voxels(voxels: &[([i32; 3], [u8; 4])]) -> Daemon {
    let mut daemon = Daemon::default();
    for ([x, y, z], [r, g, b, a]) in voxels {
        daemon.call("goxel.add_voxel", json!([x, y, z, r, g, b, a]));
    }
    daemon
}

/// All voxels of the active layer, sorted.
fn voxels(daemon: &Daemon) -> Vec<([i32; 3], [u8; 4])> {
    let project = daemon.service.workspace().project("default").expect("the default");
    let document = project.document();
    let layer = document.layer(document.active()).expect("the active layer");
    let mut all: Vec<_> =
        layer.volume.voxels().map(|(point, color)| (point.array(), color.bytes())).collect();
    all.sort_unstable();
    all
}

fn some_voxels() -> impl Strategy<Value = Vec<([i32; 3], [u8; 4])>> {
    let voxel = (
        prop::array::uniform3(-9..20i32),
        (0..4u8, 0..2u8, 1..4u8).prop_map(|(r, g, a)| [r * 60, g * 200, 7, a * 85]),
    );
    prop::collection::vec(voxel, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn planes_that_are_read_and_drawn_again_are_the_same_voxels(
        model in some_voxels(),
        axis in prop::sample::select(vec!["x", "y", "z"]),
    ) {
        let mut daemon = with_voxels(&model);
        let before = voxels(&daemon);
        let shown = daemon.call("goxel.slice", json!({"axis": axis, "count": 64, "operations": true}));
        prop_assert_eq!(shown["voxel_count"].as_u64(), Some(before.len() as u64));
        let mut copy = Daemon::default();
        copy.call("goxel.edit", json!({"operations": shown["operations"]}));
        prop_assert_eq!(voxels(&copy), before);
    }
}

#[test]
fn a_slice_shows_one_plane_with_its_numbers_and_legend() {
    let red = [255, 0, 0, 255];
    let mut daemon =
        with_voxels(&[([0, 0, 2], red), ([2, 1, 2], red), ([0, 0, 9], [0, 0, 255, 255])]);
    let shown = daemon.call("goxel.slice", json!({"at": 2}));
    let text = "z=2 (columns x, rows y)\n      0\n      |\n    1 ..a\n    0 a..\na #FF0000FF\n";
    assert_eq!(shown["text"], text);
    assert_eq!((shown["columns"].clone(), shown["rows"].clone()), (json!("x"), json!("y")));
    assert_eq!(daemon.call("goxel.slice", json!({"at": 3}))["empty"], true);
    assert_eq!(Daemon::default().call("goxel.slice", json!({}))["text"], "empty\n");
}

#[test]
fn a_slice_of_what_is_visible_leaves_hidden_layers_out() {
    let mut daemon = with_voxels(&[([0, 0, 0], [1, 2, 3, 255])]);
    daemon.call("goxel.create_layer", json!(["Hidden", "#fff", false]));
    daemon.call("goxel.add_voxel", json!([1, 0, 0]));
    let count = |daemon: &mut Daemon, layer: Value| {
        daemon.call("goxel.slice", json!({"layer_id": layer}))["voxel_count"].clone()
    };
    assert_eq!(count(&mut daemon, json!("visible")), 1);
    assert_eq!(count(&mut daemon, json!(2)), 1);
    let shown = daemon.call("goxel.slice", json!({"layer_id": -2}));
    assert_eq!(shown["bounds"]["max"], json!([0, 0, 0]));
}

#[test]
fn a_slice_that_is_too_large_says_what_to_do() {
    let mut daemon = Daemon::default();
    let within = json!({"min": [0, 0, 0], "max": [9999, 9999, 0]});
    let error = daemon.fail("goxel.slice", json!({"within": within}));
    assert_eq!(error["code"], 1004);
    assert!(error["data"]["hint"].as_str().unwrap().contains("smaller"), "{error}");
}

/// All pages of a box, as one list of cells.
fn read_pages(
    daemon: &mut Daemon,
    within: [[i32; 3]; 2],
    encoding: &str,
    limit: u64,
) -> Vec<[u8; 4]> {
    let mut params =
        json!({"min": within[0], "max": within[1], "encoding": encoding, "limit": limit});
    let mut cells = Vec::new();
    loop {
        let page = daemon.call("goxel.read_region", params.clone());
        assert_eq!(page["offset"].as_u64(), Some(cells.len() as u64));
        match encoding {
            "runs" => cells.extend(spelled(&page)),
            _ => cells.extend(decoded(&page)),
        }
        match page.get("next_cursor") {
            Some(cursor) => params["cursor"] = cursor.clone(),
            None => return cells,
        }
    }
}

fn spelled(page: &Value) -> Vec<[u8; 4]> {
    let palette: Vec<[u8; 4]> = page["palette"]
        .as_array()
        .expect("a palette")
        .iter()
        .map(|color| u32::from_str_radix(&color.as_str().unwrap()[1..], 16).unwrap().to_be_bytes())
        .collect();
    let runs: Vec<usize> =
        page["runs"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    runs.chunks(2).flat_map(|run| std::iter::repeat_n(palette[run[1]], run[0])).collect()
}

fn decoded(page: &Value) -> Vec<[u8; 4]> {
    use base64::Engine as _;
    let text = page["data"].as_str().expect("data");
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    bytes.chunks(4).map(|color| color.try_into().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn pages_of_any_length_in_both_encodings_spell_out_the_same_box(
        model in some_voxels(),
        corner in prop::array::uniform3(-12..22i32),
        other in prop::array::uniform3(-12..22i32),
        limit in 60..40_000u64,
    ) {
        let mut daemon = with_voxels(&model);
        let stored: std::collections::HashMap<_, _> = voxels(&daemon).into_iter().collect();
        let (low, high): (Vec<i32>, Vec<i32>) =
            (0..3).map(|axis| (corner[axis].min(other[axis]), corner[axis].max(other[axis]))).unzip();
        let mut expected = Vec::new();
        for z in low[2]..=high[2] {
            for y in low[1]..=high[1] {
                for x in low[0]..=high[0] {
                    expected.push(stored.get(&[x, y, z]).copied().unwrap_or_default());
                }
            }
        }
        let limit = limit.max(expected.len() as u64 / 20);
        for encoding in ["runs", "base64"] {
            let read = read_pages(&mut daemon, [corner, other], encoding, limit);
            prop_assert!(read == expected, "{encoding}");
        }
    }
}

#[test]
fn a_page_of_another_revision_is_refused() {
    let mut daemon = with_voxels(&[([0, 0, 0], [9, 9, 9, 255])]);
    let mut params = json!({"min": [0, 0, 0], "max": [3, 3, 3], "limit": 8});
    let page = daemon.call("goxel.read_region", params.clone());
    params["cursor"] = page["next_cursor"].clone();
    daemon.call("goxel.read_region", params.clone());
    daemon.call("goxel.add_voxel", json!([1, 1, 1]));
    let error = daemon.fail("goxel.read_region", params.clone());
    assert_eq!((error["code"].clone(), error["data"]["revision"].clone()), (json!(1003), json!(2)));
    for bad in ["", "1", "x:y", "2:64", "2:-1"] {
        params["cursor"] = json!(bad);
        assert_eq!(daemon.fail("goxel.read_region", params.clone())["code"], -32602, "{bad}");
    }
}

#[test]
fn an_empty_box_of_any_size_is_read_in_few_steps_and_a_huge_one_refused() {
    let mut daemon = Daemon::default();
    let page = daemon.call(
        "goxel.read_region",
        json!({"min": [0, 0, 0], "max": [999, 999, 0], "limit": 1_000_000}),
    );
    assert_eq!(page["runs"], json!([1_000_000, 0]));
    let far = i32::MAX;
    let error = daemon.fail("goxel.read_region", json!({"min": [0, 0, 0], "max": [far, far, far]}));
    assert_eq!(error["code"], 1004);
}

#[test]
fn a_ray_tells_what_it_hits_and_where_a_new_voxel_would_go() {
    let mut daemon = with_voxels(&[([0, 0, 5], [255, 0, 0, 255])]);
    let hit = daemon.call("goxel.raycast", json!([[0.5, 0.5, 100], [0, 0, -3]]));
    assert_eq!((hit["hit"].clone(), hit["voxel"].clone()), (json!(true), json!([0, 0, 5])));
    assert_eq!((hit["face"].clone(), hit["before"].clone()), (json!("+z"), json!([0, 0, 6])));
    assert_eq!(
        (hit["distance"].clone(), hit["color"].clone()),
        (json!(94.0), json!([255, 0, 0, 255]))
    );
    let miss = daemon.call(
        "goxel.raycast",
        json!({"origin": [0.5, 0.5, 100], "direction": [0, 0, -1], "max_distance": 90}),
    );
    assert_eq!((miss["hit"].clone(), miss.get("voxel")), (json!(false), None));
    assert_eq!(daemon.fail("goxel.raycast", json!([[0, 0, 0], [0, 0, 0]]))["code"], -32602);
}

#[test]
fn voxels_are_found_by_colour_free_sides_and_neighbours() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [4, 4, 4], "color": "red"},
            {"op": "voxels", "points": [[20, 0, 0]], "color": "#fe0000"},
        ]}),
    );
    let count = |daemon: &mut Daemon, params: Value| {
        daemon.call("goxel.find", params)["match_count"].clone()
    };
    assert_eq!(count(&mut daemon, json!({"color": "red"})), 125);
    assert_eq!(count(&mut daemon, json!({"color": "red", "tolerance": 1})), 126);
    assert_eq!(count(&mut daemon, json!({"exposed": false})), 27);
    assert_eq!(
        count(
            &mut daemon,
            json!({"exposed": true, "within": {"min": [0, 0, 0], "max": [4, 4, 0]}})
        ),
        25
    );
    let single = daemon.call("goxel.find", json!({"most_neighbors": 0}));
    assert_eq!(single["bounds"]["min"], json!([20, 0, 0]));
    let page = daemon.call("goxel.find", json!({"limit": 100, "offset": 100}));
    assert_eq!((page["count"].clone(), page.get("next_offset")), (json!(26), None));
}

#[test]
fn measures_tell_size_colours_parts_and_what_floats() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [3, 3, 3], "color": "red"},
            {"op": "box", "min": [0, 0, 9], "max": [3, 3, 9], "color": "blue"},
            {"op": "voxels", "points": [[9, 0, 0]], "color": "blue"},
        ]}),
    );
    let measured = daemon.call("goxel.measure", json!({"parts": 2}));
    assert_eq!(measured["voxel_count"], 64 + 16 + 1);
    assert_eq!(measured["size"], json!([10, 4, 10]));
    assert_eq!(measured["surface_area"], 6 * 16 + (16 + 16 + 16) + 6);
    assert_eq!(
        (measured["part_count"].clone(), measured["floating_parts"].clone()),
        (json!(3), json!(1))
    );
    assert_eq!(measured["parts"].as_array().map(Vec::len), Some(2));
    assert_eq!(measured["parts"][1]["floating"], true);
    assert_eq!(measured["colors"][0], json!({"color": "#FF0000FF", "count": 64}));
    assert_eq!(measured["color_count"], 2);
    let cube = json!({"within": {"min": [0, 0, 0], "max": [5, 5, 5]}});
    let cube = daemon.call("goxel.measure", cube);
    assert_eq!((cube["voxel_count"].clone(), cube["fill"].clone()), (json!(64), json!(1.0)));
    assert_eq!(cube["symmetry"], json!({"x": 1.0, "y": 1.0, "z": 1.0}));
    assert_eq!(cube["center"], json!([2.0, 2.0, 2.0]));
    assert_eq!(Daemon::default().call("goxel.measure", json!({}))["empty"], true);
}

#[test]
fn a_large_measurement_goes_on_in_slices_with_the_same_result() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [{"op": "box", "min": [0, 0, 0], "max": [99, 99, 99], "color": "gray"}]}),
    );
    let measured = daemon.call("goxel.measure", json!({}));
    assert_eq!(
        (measured["voxel_count"].clone(), measured["part_count"].clone()),
        (json!(1_000_000), json!(1))
    );
    assert_eq!(measured["surface_area"], 60_000);
    assert_eq!(measured["color_symmetry"], json!({"x": 1.0, "y": 1.0, "z": 1.0}));
}
