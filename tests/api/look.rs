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
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Pixels { width: info.width as usize, height: info.height as usize, bytes }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 4] {
        self.bytes[(y * self.width + x) * 4..][..4].try_into().unwrap()
    }

    /// The least and the largest column and row with something else than the background of the
    /// corner.
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

/// A white ball whose layer has a material.
fn ball_of(material: Value) -> Daemon {
    let mut daemon = Daemon::default();
    let ball = json!({"op": "sphere", "center": [0, 0, 0], "radius": 9, "color": "#e0e0e0"});
    daemon.call("goxel.edit", json!([[ball]]));
    let mut made = material;
    made["name"] = json!("Special");
    daemon.call("goxel.create_material", made);
    daemon.call("goxel.set_layer_material", json!({"layer_id": 1, "material": "Special"}));
    daemon
}

#[test]
fn materials_show_in_lit_pictures_and_flat_ones_keep_the_stored_colours() {
    let materials = [
        json!({}),
        json!({"metallic": 1.0, "roughness": 0.2}),
        json!({"metallic": 1.0, "roughness": 0.8}),
        json!({"opacity": 0.3}),
        json!({"color": [0.2, 0.4, 1.0]}),
        json!({"emission": [2.0, 1.0, 0.5]}),
    ];
    let look = |material: &Value, style: &str| {
        let params = json!({"size": 100, "style": style, "background": "#203040"});
        Pixels::of(&ball_of(material.clone()).call("goxel.look", params)).bytes
    };
    let lit: Vec<Vec<u8>> = materials.iter().map(|material| look(material, "lit")).collect();
    for (index, picture) in lit.iter().enumerate() {
        assert!(lit[index + 1..].iter().all(|other| other != picture), "{}", materials[index]);
    }
    let flat = look(&materials[0], "flat");
    assert!(materials.iter().all(|material| look(material, "flat") == flat));
}

#[test]
fn water_is_darker_the_deeper_it_is_and_flat_pictures_count_it_once() {
    let mut daemon = Daemon::default();
    let floor = |x: i32, depth: i32| {
        json!([
            {"op": "box", "min": [x, 0, -30], "max": [x + 9, 9, -depth - 1], "color": "#d0c090"},
            {"op": "box", "min": [x, 0, -depth], "max": [x + 9, 9, -1], "color": [30, 90, 200, 120]},
        ])
    };
    for (index, depth) in [1, 4, 9, 20].into_iter().enumerate() {
        daemon.call("goxel.edit", json!([floor(index as i32 * 10, depth)]));
    }
    let mut columns = |style: &str| {
        let params = json!({"views": "top", "size": [400, 100], "style": style});
        let pixels = Pixels::of(&daemon.call("goxel.look", params));
        [65, 155, 245, 335].map(|x| pixels.at(x, 50))
    };
    let flat = columns("flat");
    // (255 * 30 * 120 + 208 * 255 * 135) / (255 * 255), and so on.
    assert_eq!(flat, [[124, 144, 170, 255]; 4]);
    let lit =
        columns("lit").map(|color| color[..3].iter().map(|&part| u32::from(part)).sum::<u32>());
    assert!(lit.windows(2).all(|pair| pair[1] + 3 < pair[0]), "{lit:?}");
}

#[test]
fn a_camera_without_a_target_looks_at_the_middle_of_what_is_visible() {
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!([[{"op": "box", "min": [200, 300, 40], "max": [209, 309, 49], "color": "red"}]]),
    );
    let eye = json!([240, 250, 70]);
    let with = |target: Option<Value>| {
        let mut camera = json!({"position": eye});
        target.into_iter().for_each(|target| camera["target"] = target);
        json!({"views": [camera], "size": 80, "background": "white"})
    };
    let found = Pixels::of(&daemon.call("goxel.look", with(None)));
    let expected = Pixels::of(&daemon.call("goxel.look", with(Some(json!([205, 305, 45])))));
    assert!(found.bytes == expected.bytes);
    let params = json!({"camera_position": eye, "width": 80, "height": 80});
    let answer = daemon.call("goxel.render_image", params);
    assert_ne!(Pixels::of(&answer).at(40, 40), Pixels::of(&answer).at(0, 0));
}

#[test]
fn pitch_is_that_of_the_line_of_sight_and_elevation_that_of_the_place() {
    let mut daemon = model();
    let mut look = |view: Value| {
        Pixels::of(&daemon.call("goxel.look", json!({"views": [view], "size": 64}))).bytes
    };
    let above = look(json!({"yaw": 20, "elevation": 35}));
    assert!(above == look(json!({"yaw": 20, "pitch": -35})));
    assert!(above != look(json!({"yaw": 20, "pitch": 35})));
    assert!(look(json!({"elevation": 90, "orthographic": true})) == look(json!("top")));
}

#[test]
fn paths_of_light_are_drawn_with_what_was_asked_for_and_the_same_each_time() {
    let mut daemon = model();
    let base = json!({"style": "path", "size": 40, "samples": 4, "background": "#101820"});
    let mut with = |name: &str, value: Value| {
        let mut params = base.clone();
        params[name] = value;
        daemon.call("goxel.look", params)
    };
    let first = with("seed", json!(0));
    assert_eq!((&first["samples"], &first["seed"]), (&json!(4), &json!(0)));
    assert_eq!(with("seed", json!(0))["image_data"], first["image_data"]);
    for (name, value) in [
        ("seed", json!(7)),
        ("bounces", json!(0)),
        ("denoise", json!(false)),
        ("samples", json!(5)),
        ("lighting", json!({"sun_direction": [1, 0, 1]})),
        ("lighting", json!({"sun_size": 40})),
        ("lighting", json!({"ground": 0.1})),
    ] {
        assert_ne!(with(name, value.clone())["image_data"], first["image_data"], "{name} {value}");
    }
    let ended = with("max_seconds", json!(0));
    assert!(ended["samples"].as_u64().unwrap() >= 1, "{ended}");
    let near = json!([{"position": [60, -50, 30]}]);
    let wide = json!({"views": near, "style": "path", "size": 40, "samples": 4,
        "depth_of_field": {"aperture": 4, "focus": 20}});
    daemon.call("goxel.look", wide);
    for (name, value) in [
        ("samples", json!(0)),
        ("bounces", json!(65)),
        ("max_seconds", json!(-1)),
        ("depth_of_field", json!({"apertur": 1})),
        ("depth_of_field", json!(3)),
        ("lighting", json!({"sun_size": 0})),
        ("lighting", json!({"sun_siz": 3})),
    ] {
        let mut params = base.clone();
        params[name] = value;
        daemon.fail("goxel.look", params);
    }
    let plain = daemon.call("goxel.look", json!({"bounces": 3, "size": 32}));
    assert!(plain["warnings"][0].as_str().unwrap().contains("bounces"), "{plain}");
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
    let answer = model().call("goxel.look", json!({"size": 800, "max_bytes": 20}));
    let (bytes, warnings) = (answer["bytes"].as_u64().unwrap(), answer["warnings"].to_string());
    assert!(bytes > 20 && warnings.contains(&format!("still has {bytes} bytes")), "{warnings}");
    assert!(!warnings.contains("keep within"), "{warnings}");
}

#[test]
fn a_picture_of_nothing_by_paths_is_not_said_to_be_cut_short() {
    let answer = Daemon::default().call("goxel.look", json!({"size": 64, "style": "path"}));
    assert_eq!(answer["warnings"], json!([]), "{answer}");
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

/// The bytes of a picture's file.
fn bytes(answer: &Value) -> Vec<u8> {
    STANDARD.decode(answer["image_data"].as_str().expect("a picture")).unwrap()
}

#[test]
fn a_picture_has_the_format_that_was_asked_for_or_that_its_path_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = model();
    let starts: [(&str, &str, &[u8]); 6] = [
        ("png", "png", b"\x89PNG"),
        ("jpeg", "jpeg", b"\xFF\xD8"),
        ("jpg", "jpeg", b"\xFF\xD8"),
        ("webp", "webp", b"RIFF"),
        ("gif", "gif", b"GIF89a"),
        ("apng", "apng", b"\x89PNG"),
    ];
    for (format, name, start) in starts {
        let answer = daemon.call("goxel.look", json!({"format": format, "size": 40}));
        assert_eq!(answer["format"], name);
        assert!(bytes(&answer).starts_with(start), "{format}");
        for method in ["goxel.look", "goxel.render_scene", "goxel.render_image"] {
            let path = directory.path().join(format!("picture.{format}"));
            let answer = daemon.call(method, json!({"path": path, "size": 40}));
            assert_eq!((&answer["format"], &answer["width"]), (&json!(name), &json!(40)));
            assert!(std::fs::read(&path).unwrap().starts_with(start), "{method} {format}");
        }
    }
    let path = directory.path().join("picture.jpg");
    let both = daemon.call("goxel.look", json!({"path": path, "format": "png", "size": 40}));
    assert!(both["warnings"][0].as_str().unwrap().contains("format"), "{both}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_turn_has_its_frames_and_comes_to_another_file_than_a_single_view() {
    let mut daemon = model();
    let turn = daemon.call("goxel.look", json!({"turntable": 5, "size": 40, "delay": 70}));
    assert_eq!((&turn["format"], &turn["frames"]), (&json!("apng"), &json!(5)));
    let reader = png::Decoder::new(std::io::Cursor::new(bytes(&turn))).read_info().unwrap();
    assert_eq!(reader.info().animation_control.unwrap().num_frames, 5);
    let lapse = daemon.call("goxel.look", json!({"timelapse": 3, "size": 40, "format": "gif"}));
    assert_eq!((&lapse["format"], &lapse["frames"]), (&json!("gif"), &json!(2)));
    for (params, told) in [
        (json!({"turntable": 0}), "1 to 360"),
        (json!({"turntable": 3, "timelapse": 3}), "either"),
        (json!({"turntable": 3, "format": "jpeg"}), "gif or apng"),
        (json!({"turntable": 360, "size": 4096}), "pixels"),
        (json!({"quality": 0}), "1 to 100"),
        (json!({"edges": "outlin"}), "did you mean 'outline'?"),
    ] {
        let error = daemon.fail("goxel.look", params.clone());
        assert!(error["message"].as_str().unwrap().contains(told), "{params}: {error}");
    }
}

#[test]
fn what_is_drawn_around_a_model_is_off_unless_asked_for() {
    let mut daemon = model();
    let base = json!({"views": ["iso"], "size": 96, "style": "flat", "background": "white"});
    let plain = bytes(&daemon.call("goxel.look", base.clone()));
    let options = [
        ("grid", json!(true)),
        ("ground", json!(true)),
        ("axes", json!(true)),
        ("dimensions", json!(true)),
        ("edges", json!("voxels")),
        ("edges", json!("outline")),
    ];
    let mut seen = vec![plain.clone()];
    for (name, value) in options {
        let mut params = base.clone();
        params[name] = value;
        let picture = bytes(&daemon.call("goxel.look", params.clone()));
        assert!(!seen.contains(&picture), "{params}");
        let mut scene = params.clone();
        scene["axis"] = json!(1);
        let answer = daemon.call("goxel.render_scene", scene);
        assert_eq!(bytes(&answer), picture, "the older methods take it, too: {params}");
        assert!(answer["warnings"][0].as_str().unwrap().contains("'axis'"), "{answer}");
        seen.push(picture);
    }
}

/// The samples of a map.
fn samples(map: &Value) -> (Vec<u16>, usize) {
    let png = STANDARD.decode(map["image_data"].as_str().unwrap()).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.bit_depth, png::BitDepth::Sixteen);
    let pairs = bytes.as_chunks::<2>().0.iter();
    (pairs.map(|pair| u16::from_be_bytes(*pair)).collect(), info.color_type.samples())
}

#[test]
fn maps_tell_what_picking_tells_for_each_pixel() {
    let mut daemon = model();
    let sight = json!({"view": {"yaw": 20, "elevation": 30}, "size": [40, 30]});
    let result = daemon.call("goxel.render_maps", sight.clone());
    let names: Vec<&str> =
        result["maps"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["depth", "normal", "layer", "position"]);
    let value = |map: usize, channel: usize, pixel: usize| {
        let map = &result["maps"][map];
        let (all, channels) = samples(map);
        let sample = all[pixel * channels + channel];
        let offset = map["offset"].as_f64().or(map["offset"][channel].as_f64()).unwrap();
        (sample > 0).then(|| f64::from(sample) * map["scale"].as_f64().unwrap() + offset)
    };
    let (mut hits, mut misses) = (0, 0);
    for (x, y) in (0..40).step_by(7).flat_map(|x| (0..30).step_by(5).map(move |y| (x, y))) {
        let mut params = sight.clone();
        (params["x"], params["y"]) = (json!(x), json!(y));
        let picked = daemon.call("goxel.pick", params);
        let pixel = y * 40 + x;
        if picked["hit"] == json!(false) {
            misses += 1;
            assert!((0..4).all(|map| value(map, 0, pixel).is_none()), "{x} {y}");
            continue;
        }
        hits += 1;
        let depth = value(0, 0, pixel).unwrap();
        assert!((depth - picked["depth"].as_f64().unwrap()).abs() < 0.01, "{depth} {picked}");
        let face = picked["face"].as_str().unwrap();
        let axis = ["x", "y", "z"].iter().position(|axis| face.ends_with(axis)).unwrap();
        let side = if face.starts_with('+') { 1.0 } else { -1.0 };
        for channel in 0..3 {
            let expected = if channel == axis { side } else { 0.0 };
            assert!((value(1, channel, pixel).unwrap() - expected).abs() < 1e-4, "{face}");
            let at = value(3, channel, pixel).unwrap();
            assert_eq!(json!(at.round() as i64), picked["position"][channel]);
        }
        assert_eq!(json!(value(2, 0, pixel).unwrap() as i64), picked["layer"]);
        assert!(picked["color"][3] == 255 && picked["layer_name"].is_string(), "{picked}");
    }
    assert!(hits > 5 && misses > 5, "{hits} {misses}");
}

#[test]
fn picking_knows_corners_cuts_and_layers_and_refuses_what_is_outside() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    daemon.call("goxel.create_layer", json!(["Top"]));
    daemon.call("goxel.add_voxel", json!([0, 0, 1, "blue"]));
    let pick = |daemon: &mut Daemon, more: Value| {
        let mut params = json!({"view": "top", "size": 32, "x": 16, "y": 16});
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        daemon.call("goxel.pick", params)
    };
    let seen = pick(&mut daemon, json!({}));
    assert_eq!((&seen["position"], &seen["face"]), (&json!([0, 0, 1]), &json!("+z")));
    assert_eq!((&seen["layer_name"], &seen["color"]), (&json!("Top"), &json!([0, 0, 255, 255])));
    let cut = pick(&mut daemon, json!({"section": {"axis": "z", "at": 1}}));
    assert_eq!(cut["position"], json!([0, 0, 0]));
    let below = pick(&mut daemon, json!({"layers": [1]}));
    assert_eq!((&below["position"], &below["layer"]), (&json!([0, 0, 0]), &json!(1)));
    assert_eq!(pick(&mut daemon, json!({"x": 0, "y": 0}))["hit"], false);
    for (params, told) in [
        (json!({"x": 32, "y": 0, "size": 32}), "0 to 31"),
        (json!({"x": 0, "y": -1, "size": 32}), "outside"),
        (json!({"x": 0, "y": 0, "view": ["top", "front"]}), "several"),
        (json!({"x": 0, "y": 0, "view": "topp"}), "top"),
    ] {
        let error = daemon.fail("goxel.pick", params.clone());
        assert!(error["message"].as_str().unwrap().contains(told), "{params}: {error}");
    }
    let error = daemon.fail("goxel.render_maps", json!({"maps": ["deepth"]}));
    assert!(error["message"].as_str().unwrap().contains("depth, normal"), "{error}");
}
