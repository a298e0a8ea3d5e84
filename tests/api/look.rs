//! `goxel.look`: one call, one picture.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::service::Daemon;

/// The pixels of a picture, r, g, b, a each, with its size.
struct Pixels {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Pixels {
    fn of(answer: &Value) -> Pixels {
        let png = STANDARD.decode(answer["image_data"].as_str().expect("a picture")).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Pixels { width: info.width as usize, height: info.height as usize, bytes }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 4] {
        self.bytes[(y * self.width + x) * 4..][..4].try_into().unwrap()
    }

    /// The least and the largest column and row with something else than the background of the corner.
    fn extent(&self) -> [[usize; 2]; 2] {
        let behind = self.at(0, 0);
        let (mut x, mut y) = ([usize::MAX, 0], [usize::MAX, 0]);
        for (row, column) in (0..self.height).flat_map(|y| (0..self.width).map(move |x| (y, x))) {
            if self.at(column, row) != behind {
                x = [x[0].min(column), x[1].max(column)];
                y = [y[0].min(row), y[1].max(row)];
            }
        }
        [x, y]
    }
}

/// A ball with a long nose at one side.
fn model() -> Daemon {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [
            {"op": "sphere", "center": [0, 0, 0], "radius": 12, "color": "#c03020"},
            {"op": "box", "min": [0, -1, -1], "max": [40, 1, 1], "color": "#2060c0"},
        ]}),
    );
    daemon
}

#[test]
fn without_params_there_is_one_lit_view_of_512_pixels() {
    let answer = model().call("goxel.look", json!({}));
    assert_eq!((&answer["width"], &answer["height"]), (&json!(512), &json!(512)));
    assert_eq!((&answer["views"], &answer["format"]), (&json!(["iso"]), &json!("png")));
    assert!(Pixels::of(&answer).extent()[0][1] > 256);
}

#[test]
fn fitted_views_touch_the_margin_and_lie_in_the_middle() {
    let mut daemon = model();
    let orbit = json!({"yaw": 30, "elevation": 20});
    let wide = json!({"yaw": 250, "elevation": -40, "fov": 90});
    let parallel = json!({"yaw": 10, "elevation": 50, "orthographic": true});
    for view in [json!("iso"), json!("front"), json!("iso_left"), orbit, wide, parallel] {
        let params = json!({"views": [view], "size": [400, 300], "background": "white"});
        let pixels = Pixels::of(&daemon.call("goxel.look", params));
        let [x, y] = pixels.extent();
        let margins = [x[0], 399 - x[1], y[0], 299 - y[1]].map(|margin| margin as f64);
        let shares = [margins[0] / 400.0, margins[2] / 300.0];
        let tighter = shares[0].min(shares[1]);
        assert!((0.04 - 0.005..=0.06 + 0.005).contains(&tighter), "{view}: {margins:?}");
        assert!((margins[0] - margins[1]).abs() <= 4.0, "{view}: {margins:?}");
        assert!((margins[2] - margins[3]).abs() <= 3.0, "{view}: {margins:?}");
    }
}

#[test]
fn flat_pictures_show_exactly_the_stored_colours() {
    let params = json!({"views": "top", "style": "flat", "samples": 1, "background": "#00ff00"});
    let pixels = Pixels::of(&model().call("goxel.look", params));
    let mut colors: Vec<[u8; 4]> = pixels.bytes.as_chunks::<4>().0.to_vec();
    colors.sort_unstable();
    colors.dedup();
    let expected = [[0, 255, 0, 255], [32, 96, 192, 255], [192, 48, 32, 255]];
    assert_eq!(colors, expected);
}

#[test]
fn clay_shows_the_form_alone() {
    let params = json!({"style": "clay", "background": "#00ff00", "samples": 1});
    let pixels = Pixels::of(&model().call("goxel.look", params));
    let is_grey = |color: &[u8; 4]| color[0].abs_diff(color[2]) < 40;
    let behind = [0, 255, 0, 255];
    let others = pixels.bytes.as_chunks::<4>().0.iter().filter(|color| **color != behind);
    assert!(others.clone().count() > 1000 && others.clone().all(is_grey));
}

#[test]
fn a_section_shows_the_inside_in_the_colours_of_its_voxels() {
    let mut daemon = model();
    daemon.call(
        "goxel.edit",
        json!([[{"op": "sphere", "center": [0, 0, 0], "radius": 6, "color": "#ffff00"}]]),
    );
    let yellow = |daemon: &mut Daemon, section: Value| {
        let params = json!({"views": ["top"], "style": "flat", "size": 200, "section": section});
        Pixels::of(&daemon.call("goxel.look", params)).at(60, 100) == [255, 255, 0, 255]
    };
    assert!(yellow(&mut daemon, json!({"axis": "z", "at": 0, "keep": "below"})));
    assert!(!yellow(&mut daemon, json!({"axis": "z", "at": 0, "keep": "above"})));
}

#[test]
fn a_box_and_chosen_layers_leave_the_rest_out() {
    let mut daemon = model();
    let width = |daemon: &mut Daemon, params: Value| {
        let mut params = params;
        params["background"] = json!("white");
        params["dimensions"] = json!(true);
        params["views"] = json!(["front"]);
        let pixels = Pixels::of(&daemon.call("goxel.look", params));
        pixels
            .bytes
            .as_chunks::<4>()
            .0
            .iter()
            .filter(|color| color[2] > 100 && color[0] < 100)
            .count()
    };
    assert!(width(&mut daemon, json!({})) > 1000);
    let within = json!({"min": [-12, -12, -12], "max": [0, 12, 12]});
    assert_eq!(width(&mut daemon, json!({"within": within})), 0);
    daemon.call("goxel.create_layer", json!(["Blue"]));
    daemon.call("goxel.add_voxel", json!([100, 0, 0, "blue"]));
    daemon.call("goxel.set_layer_visibility", json!([2, false]));
    assert!(width(&mut daemon, json!({"layers": ["Blue"]})) > 10_000);
    let error = daemon.fail("goxel.look", json!({"layers": ["Blu"]}));
    assert!(error["message"].as_str().unwrap().contains("did you mean 'Blue'?"), "{error}");
}

#[test]
fn several_views_are_one_sheet_of_the_size_that_was_asked_for() {
    let mut daemon = model();
    for size in [json!(128), json!([640, 200]), json!(700)] {
        let views = ["front", "left", "top", "iso", "iso_back", "bottom"];
        let answer = daemon.call("goxel.look", json!({"views": views, "size": size}));
        let pixels = Pixels::of(&answer);
        let wanted = match size.as_array() {
            Some(sides) => [&sides[0], &sides[1]].map(|side| side.as_u64().unwrap() as usize),
            None => [size.as_u64().unwrap() as usize; 2],
        };
        assert_eq!([pixels.width, pixels.height], wanted);
        assert_eq!(answer["views"], json!(views));
    }
}

#[test]
fn the_background_is_what_was_asked_for() {
    let mut daemon = model();
    let mut corner = |background: Value, y: usize| {
        let params = json!({"size": 100, "background": background});
        Pixels::of(&daemon.call("goxel.look", params)).at(0, y)
    };
    assert_eq!(corner(json!("transparent"), 0), [0; 4]);
    assert_eq!(corner(json!([1, 2, 3]), 0), [1, 2, 3, 255]);
    assert_eq!(corner(json!(["#000000", "#ffffff"]), 0), [0, 0, 0, 255]);
    assert_eq!(corner(json!(["#000000", "#ffffff"]), 99), [255; 4]);
}

#[test]
fn a_white_model_and_a_black_one_stand_out_from_an_automatic_background() {
    for (color, at_most, at_least) in [("white", 140, 0), ("black", 255, 120)] {
        let mut daemon = Daemon::default();
        daemon.call(
            "goxel.edit",
            json!([[{"op": "box", "min": [0, 0, 0], "max": [9, 9, 9], "color": color}]]),
        );
        let [r, ..] =
            Pixels::of(&daemon.call("goxel.look", json!({"background": "auto"}))).at(0, 0);
        assert!((at_least..=at_most).contains(&r), "{color}: {r}");
    }
}

#[test]
fn a_picture_is_made_smaller_until_it_keeps_within_its_bytes_and_says_so() {
    let answer = model().call("goxel.look", json!({"size": 800, "max_bytes": 6000}));
    assert!(answer["bytes"].as_u64().unwrap() <= 6000, "{}", answer["bytes"]);
    assert!(answer["width"].as_u64().unwrap() < 800);
    assert!(answer["warnings"][0].as_str().unwrap().contains("smaller"), "{}", answer["warnings"]);
}

#[test]
fn a_picture_goes_to_a_file_or_into_the_answer_or_both() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("look.png");
    let path = path.to_str().unwrap();
    let mut daemon = model();
    let answer = daemon.call("goxel.look", json!({"path": path, "size": 64}));
    assert!(answer.get("image_data").is_none() && answer["path"] == path);
    let answer = daemon.call("goxel.look", json!({"path": path, "size": 64, "return": "both"}));
    let image = STANDARD.decode(answer["image_data"].as_str().unwrap()).unwrap();
    assert_eq!(image, std::fs::read(path).unwrap());
    daemon.fail("goxel.look", json!({"return": "path"}));
}

#[test]
fn what_is_not_understood_is_refused_with_what_there_is() {
    let mut daemon = model();
    for (params, told) in [
        (json!({"views": ["isometrc"]}), "did you mean 'isometric'?"),
        (json!({"views": [{"yaw": 30, "rol": 2}]}), "rol"),
        (json!({"views": [{"pitch": 30, "elevation": 2}]}), "elevation"),
        (json!({"views": []}), "empty"),
        (json!({"view": "side"}), "side"),
        (json!({"style": "shiny"}), "lit, flat, clay"),
        (json!({"size": 0}), "1 to 8192"),
        (json!({"size": [5]}), "[width, height]"),
        (json!({"section": {"axis": "w", "at": 1}}), "axis"),
        (json!({"section": {"axis": "x", "at": 1, "keep": "left"}}), "above or below"),
        (json!({"background": "blu"}), "background"),
        (json!({"samples": 9}), "1 to 4"),
        (json!({"format": "bmp"}), "bmp"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let error = daemon.fail("goxel.look", params.clone());
        assert!(error["message"].as_str().unwrap().contains(told), "{params}: {error}");
    }
}

#[test]
fn a_look_at_nothing_is_a_picture_of_the_background() {
    let answer = Daemon::default().call("goxel.look", json!({"size": 40, "background": "navy"}));
    let pixels = Pixels::of(&answer);
    assert!(pixels.bytes.as_chunks::<4>().0.iter().all(|color| *color == [0, 0, 128, 255]));
}
