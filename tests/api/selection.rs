//! Selections and palettes over the wire.

use crate::support::service::Daemon;
use serde_json::{Value, json};

/// A red bar of ten voxels and a blue one beside it, corner to corner.
fn two_bars() -> Daemon {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [9, 0, 0], "color": "red"},
            {"op": "box", "min": [0, 1, 1], "max": [9, 1, 1], "color": "blue"},
        ]}),
    );
    daemon
}

fn mask_count(daemon: &mut Daemon, method: &str, params: Value) -> Value {
    daemon.call(method, params)["mask_count"].clone()
}

#[test]
fn colours_and_regions_are_selected_and_combined() {
    let mut daemon = two_bars();
    assert_eq!(mask_count(&mut daemon, "goxel.select_color", json!(["red"])), 10);
    let add = json!({"color": "blue", "combine": "add"});
    assert_eq!(mask_count(&mut daemon, "goxel.select_color", add), 20);
    let region = json!({"position": [3, 0, 0], "tolerance": 255});
    assert_eq!(mask_count(&mut daemon, "goxel.select_connected", region), 10);
    let nothing = json!({"position": [3, 0, 9]});
    assert_eq!(mask_count(&mut daemon, "goxel.select_connected", nothing), 0);
}

#[test]
fn a_long_region_search_goes_on_in_slices() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [{"op": "box", "min": [0, 0, 0], "max": [39, 39, 39], "color": "gray"}]}),
    );
    assert_eq!(mask_count(&mut daemon, "goxel.select_connected", json!([0, 0, 0])), 64_000);
}

#[test]
fn selections_grow_shrink_turn_inside_out_and_end() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([4, 4, 4]));
    mask_count(&mut daemon, "goxel.select_voxels", json!({}));
    assert_eq!(mask_count(&mut daemon, "goxel.grow_selection", json!([1])), 7);
    assert_eq!(mask_count(&mut daemon, "goxel.shrink_selection", json!([1])), 1);
    let within = json!({"within": {"min": [0, 0, 0], "max": [7, 7, 7]}});
    assert_eq!(mask_count(&mut daemon, "goxel.invert_selection", within), 511);
    let boxed = daemon.call("goxel.select_box", json!([[0, 0, 0], [3, 3, 3]]));
    assert_eq!(boxed["box"]["max"], json!([3, 3, 3]));
    let grown = daemon.call("goxel.grow_selection", json!([1]));
    assert_eq!(grown["box"], json!({"min": [-1, -1, -1], "max": [4, 4, 4]}));
    let cleared = daemon.call("goxel.clear_selection", json!([]));
    assert_eq!((cleared["empty"].clone(), cleared["mask_count"].clone()), (json!(true), json!(0)));
    let revision = cleared["revision"].clone();
    assert_eq!(daemon.call("goxel.clear_selection", json!([]))["revision"], revision);
}

#[test]
fn what_is_selected_is_painted_filled_copied_and_erased() {
    let mut daemon = two_bars();
    daemon.call("goxel.select_box", json!([[0, 0, 0], [4, 0, 3]]));
    let painted = daemon.call("goxel.fill_selection", json!({"color": "lime", "paint": true}));
    assert_eq!((painted["selected"].clone(), painted["after"].clone()), (json!(20), json!(20)));
    let lime = daemon.call("goxel.find", json!({"color": "lime"}));
    assert_eq!(lime["match_count"], 5);
    let part = daemon.call("goxel.copy_selection", json!({"cut": true}));
    assert_eq!(part["layer"]["voxel_count"], 5);
    let layers = daemon.call("goxel.list_layers", json!({}));
    assert_eq!(layers["layers"][0]["voxel_count"], 15);
    let filled = daemon.call("goxel.fill_selection", json!({"color": "white"}));
    assert_eq!(filled["after"], 20);
    let erased = daemon.call("goxel.erase_selection", json!({}));
    assert_eq!(erased["after"], 0);
    daemon.call("goxel.clear_selection", json!({}));
    let nothing = daemon.call("goxel.erase_selection", json!({"layer_id": 1}));
    assert_eq!((nothing["selected"].clone(), nothing["after"].clone()), (json!(0), json!(15)));
}

#[test]
fn palettes_are_listed_chosen_made_and_misspelt() {
    let mut daemon = Daemon::default();
    let list = daemon.call("goxel.list_palettes", json!({}));
    assert!(list["count"].as_u64().unwrap() >= 6);
    let name = list["palettes"][0]["name"].clone();
    let set = daemon.call("goxel.set_palette", json!([name]));
    assert_eq!((set["name"].clone(), set["revision"].clone()), (name.clone(), json!(1)));
    assert_eq!(daemon.call("goxel.set_palette", json!([name]))["revision"], 1);
    let own = json!({"name": "Two", "colors": ["red", [0, 0, 255]], "names": ["warm", ""]});
    daemon.call("goxel.set_palette", own);
    let got = daemon.call("goxel.get_palette", json!({}));
    assert_eq!(
        got["colors"],
        json!([{"color": "#FF0000FF", "name": "warm"}, {"color": "#0000FFFF"}])
    );
    let error = daemon.fail("goxel.set_palette", json!(["basik"]));
    assert!(error["message"].as_str().unwrap().contains("did you mean 'Basic'?"), "{error}");
    assert_eq!(daemon.fail("goxel.set_palette", json!({}))["code"], -32602);
    for (wrong, told) in [
        (json!({"colors": ["red", "redd"]}), "'colors[1]': expected a colour"),
        (json!({"colors": ["red"], "names": [1]}), "'names[0]': expected a string"),
        (json!({"colors": ["red"], "names": ["a", "b"]}), "more than one each for 1 colour"),
        (json!({"name": "basic", "names": ["a"]}), "names of colors, which are missing"),
        (json!({"colors": vec!["red"; 100_000]}), "at most 4096 colours"),
    ] {
        let error = daemon.fail("goxel.set_palette", wrong);
        assert!(error["message"].as_str().unwrap().contains(told), "{error}");
    }
    assert_eq!(daemon.call("goxel.get_palette", json!({}))["revision"], 2);
    // Longer than what is typed in one slice.
    let many: Vec<String> = (0..4096).map(|color| format!("#{color:06x}80")).collect();
    let set = daemon.call("goxel.set_palette", json!({"colors": many, "names": many}));
    assert_eq!((&set["count"], &set["revision"]), (&json!(4096), &json!(3)));
    assert_eq!(set["colors"][4095], json!({"color": "#000FFF80", "name": "#000fff80"}));
}

#[test]
fn a_palette_goes_to_a_file_and_back() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("two.gpl");
    let path = path.to_str().expect("UTF-8");
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.set_palette",
        json!({"name": "Two", "colors": ["red", "blue"], "names": ["warm"]}),
    );
    let before = daemon.call("goxel.get_palette", json!({}))["colors"].clone();
    assert_eq!(daemon.call("goxel.export_palette", json!([path]))["count"], 2);
    daemon.call("goxel.set_palette", json!(["basic"]));
    assert_eq!(daemon.call("goxel.import_palette", json!([path]))["colors"], before);
    let error = daemon.fail("goxel.import_palette", json!(["/nowhere/at/all.gpl"]));
    assert_eq!(
        (error["code"].clone(), error["data"]["path"].clone()),
        (json!(-1002), json!("/nowhere/at/all.gpl"))
    );
}

fn bounds(daemon: &mut Daemon, params: Value) -> Value {
    let found = daemon.call("goxel.get_bounding_box", params);
    json!([found["min"], found["max"]])
}

#[test]
fn a_layer_is_moved_turned_scaled_and_mirrored() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [
            {"op": "box", "min": [0, 0, 0], "max": [4, 1, 0], "color": "red"},
        ]}),
    );
    let moved = daemon.call("goxel.move_voxels", json!([[10, 0, -3]]));
    assert_eq!((moved["taken"].clone(), moved["put"].clone()), (json!(10), json!(10)));
    assert_eq!(bounds(&mut daemon, json!({})), json!([[10, 0, -3], [14, 1, -3]]));
    let turned = daemon.call("goxel.rotate_voxels", json!({"axis": "z", "turns": 1}));
    assert_eq!(turned["put"], 10);
    let turned = bounds(&mut daemon, json!({}));
    let width = turned[1][0].as_i64().unwrap() - turned[0][0].as_i64().unwrap() + 1;
    assert_eq!(width, 2, "{turned}");
    for _ in 0..3 {
        daemon.call("goxel.rotate_voxels", json!({"axis": "z", "center": [10, 0, 0]}));
    }
    let before = bounds(&mut daemon, json!({}));
    let scaled = daemon.call("goxel.scale_voxels", json!([2]));
    assert_eq!(scaled["put"], 80);
    daemon.call("goxel.scale_voxels", json!(["1/2"]));
    assert_eq!(bounds(&mut daemon, json!({})), before);
    daemon.call("goxel.mirror_voxels", json!(["x"]));
    assert_eq!(bounds(&mut daemon, json!({})), before);
}

#[test]
fn what_is_selected_moves_with_its_selection_and_the_rest_stays() {
    let mut daemon = two_bars();
    daemon.call("goxel.select_box", json!([[0, 0, 0], [4, 0, 0]]));
    let moved =
        daemon.call("goxel.move_voxels", json!({"offset": [0, 0, 20], "target": "selection"}));
    assert_eq!(
        (moved["taken"].clone(), moved["bounds"]["min"].clone()),
        (json!(5), json!([0, 0, 20]))
    );
    let selection = daemon.call("goxel.get_selection", json!({}));
    assert_eq!(selection["box"], json!({"min": [0, 0, 20], "max": [4, 0, 20]}));
    assert_eq!(daemon.call("goxel.get_status", json!({}))["voxel_count"], 20);
    daemon.call("goxel.clear_selection", json!({}));
    daemon.call("goxel.select_color", json!(["blue"]));
    let turned =
        daemon.call("goxel.rotate_voxels", json!({"axis": "z", "turns": 1, "target": "selection"}));
    assert_eq!(turned["put"], 10);
    let selection = daemon.call("goxel.get_selection", json!({}));
    assert_eq!(
        (selection["mask_count"].clone(), selection["mask_bounds"].clone()),
        (json!(10), turned["bounds"].clone())
    );
}

#[test]
fn a_transformation_of_nothing_changes_nothing() {
    let mut daemon = Daemon::default();
    let moved = daemon.call("goxel.move_voxels", json!([[1, 1, 1]]));
    assert_eq!((moved["taken"].clone(), moved["revision"].clone()), (json!(0), json!(0)));
}
