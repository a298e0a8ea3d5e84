//! Files and pictures through the service: load, save, export, render, and what goes wrong with
//! them.

use std::path::Path;

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn status(daemon: &mut Daemon) -> Value {
    daemon.call("goxel.get_status", json!([]))
}

/// A daemon with a small model.
fn with_model() -> Daemon {
    let mut daemon = Daemon::default();
    for (x, color) in ["#ff0000", "#00ff00", "#0000ff"].into_iter().enumerate() {
        daemon.call("goxel.add_voxel", json!([x, 0, 0, color]));
    }
    daemon
}

#[test]
fn what_is_saved_loads_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.gox");
    let mut daemon = with_model();
    assert_eq!(status(&mut daemon)["dirty"], true);
    let saved = daemon.call("goxel.save_project", json!([text(&path)]));
    assert_eq!(saved["bytes"].as_u64(), Some(std::fs::metadata(&path).unwrap().len()));
    assert_eq!(status(&mut daemon)["dirty"], false);

    let mut other = Daemon::default();
    let loaded = other.call("goxel.load_project", json!({"file_path": text(&path)}));
    assert_eq!((loaded["voxel_count"].clone(), loaded["format"].clone()), (json!(3), json!("gox")));
    assert_eq!(other.call("get_voxel", json!([1, 0, 0]))["color"], json!([0, 255, 0, 255]));
    assert_eq!(status(&mut other)["dirty"], false);
}

#[test]
fn a_missing_directory_is_an_error_with_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/model.gox");
    let mut daemon = with_model();
    let before = status(&mut daemon);
    for (method, code) in [
        ("goxel.save_project", -1003),
        ("goxel.export_model", -1007),
        ("goxel.render_scene", -1015),
    ] {
        let error = daemon.fail(method, json!([text(&path)]));
        assert_eq!(error["code"], code, "{method}");
        assert_eq!(error["data"]["path"], text(&path), "{method}");
        assert!(error["data"]["reason"].as_str().unwrap().contains("No such file"), "{error}");
    }
    let error = daemon.fail("goxel.load_project", json!([text(&path)]));
    assert_eq!(error["code"], -1002);
    assert_eq!(status(&mut daemon), before, "the document is as it was");
}

#[test]
fn a_damaged_file_leaves_the_document_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broken.gox");
    std::fs::write(&path, b"GOX \x02\0\0\0BL16\xff\xff\xff\x7f").unwrap();
    let mut daemon = with_model();
    let before = status(&mut daemon);
    let error = daemon.fail("goxel.load_project", json!([text(&path)]));
    assert_eq!(error["code"], -1002);
    assert_eq!(status(&mut daemon), before);
}

#[test]
fn a_missing_path_names_the_param() {
    let mut daemon = Daemon::default();
    for method in ["goxel.load_project", "goxel.save_project", "goxel.export_model"] {
        let error = daemon.fail(method, json!({}));
        assert_eq!(error["code"], -32602);
        assert_eq!(error["message"], "Missing required parameter: path");
        assert_eq!(error["data"]["param"], "path");
    }
}

#[test]
fn an_unknown_format_lists_what_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.xyz");
    let error = with_model().fail("goxel.export_model", json!([text(&path)]));
    assert_eq!(error["code"], -1007);
    assert!(error["message"].as_str().unwrap().contains("gox"), "{error}");
    assert!(!path.exists());
}

fn decode(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

#[test]
fn a_png_of_a_scene_is_a_picture_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = with_model();
    let rendered = directory.path().join("rendered.png");
    let result = daemon.call("goxel.render_scene", json!([text(&rendered), 64, 48]));
    assert_eq!((result["width"].clone(), result["height"].clone()), (json!(64), json!(48)));
    let exported = directory.path().join("exported.png");
    daemon.call("goxel.export_model", json!([text(&exported), "png"]));
    for path in [&rendered, &exported] {
        let (_, _, pixels) = decode(path);
        let colors: std::collections::BTreeSet<&[u8]> = pixels.chunks(4).collect();
        assert!(colors.len() > 3, "{path:?} has {} colours", colors.len());
    }
    assert_eq!(decode(&rendered).0, 64);
}

#[test]
fn stored_colours_are_drawn_and_the_views_differ() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = with_model();
    daemon.call("goxel.add_voxel", json!([0, 0, 2, "#ffffff"]));
    let mut pictures = std::collections::BTreeSet::new();
    for view in ["front", "back", "left", "right", "top", "bottom", "isometric"] {
        let path = directory.path().join(view).with_extension("png");
        daemon.call(
            "goxel.render_scene",
            json!({"output_path": text(&path), "width": 64, "height": 64, "camera_preset": view}),
        );
        pictures.insert(decode(&path).2);
    }
    assert_eq!(pictures.len(), 7, "each view is another picture");
    let front = decode(&directory.path().join("front.png")).2;
    for color in [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 255, 255]] {
        assert!(front.chunks(4).any(|pixel| pixel == color), "{color:?} is in the front view");
    }
}

#[test]
fn the_older_order_of_positions_is_told_by_its_number() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.png");
    let result = with_model().call("goxel.render_scene", json!([40, 30, "png", text(&path)]));
    assert_eq!(
        (result["width"].clone(), result["output_path"].clone()),
        (json!(40), json!(text(&path)))
    );
    assert_eq!(decode(&path).1, 30);
}

#[test]
fn kept_pictures_have_a_checksum_and_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = with_model();
    let settings = goxel_daemon::render_store::RenderStoreSettings {
        directory: directory.path().join("renders"),
        time_to_live: std::time::Duration::from_secs(77),
        ..Default::default()
    };
    daemon.service.set_render_store(settings);
    let options = json!({"width": 32, "height": 32, "options": {"return_mode": "file_path"}});
    let file = daemon.call("goxel.render_scene", options)["file"].clone();
    let lifetime = file["expires_at"].as_u64().unwrap() - file["created_at"].as_u64().unwrap();
    assert_eq!(lifetime, 77);
    let checksum = file["checksum"].as_str().unwrap();
    assert!(checksum.starts_with("sha256:") && checksum.len() == 7 + 64, "{checksum}");
    let path = file["path"].as_str().unwrap();
    let info = daemon.call("goxel.get_render_info", json!([path]));
    assert_eq!(info["file"]["checksum"], info["render"]["checksum"]);
    assert_eq!(daemon.call("goxel.list_renders", json!([]))["count"], 1);
    let freed = daemon.call("goxel.cleanup_render", json!([path]))["freed_bytes"].clone();
    assert_eq!(freed, file["size"]);
    assert!(!Path::new(path).exists());
    assert_eq!(daemon.fail("goxel.get_render_info", json!([path]))["code"], -1020);
    assert_eq!(daemon.fail("goxel.cleanup_render", json!(["/etc/passwd"]))["code"], -1021);
    assert_eq!(daemon.call("goxel.get_render_stats", json!([]))["stats"]["total_renders"], 1);
}

#[test]
fn a_picture_of_a_hundred_thousand_pixels_each_way_is_refused() {
    let error = with_model().fail("goxel.render_scene", json!(["/tmp/x.png", 100_000, 100_000]));
    assert_eq!(error["code"], -32602);
}

#[test]
fn an_import_adds_layers_and_one_undo_step() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.gox");
    let mut daemon = with_model();
    daemon.call("goxel.save_project", json!([text(&path)]));
    let revision = status(&mut daemon)["revision"].as_u64().unwrap();
    daemon.call("goxel.import_model", json!([text(&path)]));
    let layers = daemon.call("goxel.list_layers", json!([]));
    assert_eq!(layers["count"], 2);
    assert_eq!(layers["layers"][1]["voxel_count"], 3);
    assert_eq!(status(&mut daemon)["revision"].as_u64(), Some(revision + 1));
}

#[test]
fn a_model_is_drawn_into_a_layer_that_is_there_if_that_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.gox");
    let mut source = with_model();
    source.call("goxel.save_project", json!([text(&path)]));
    let mut daemon = Daemon::default();
    daemon.call(
        "goxel.edit",
        json!({"operations": [{"op": "voxels", "voxels": [[50, 0, 0, "red"]]}]}),
    );
    daemon.call("goxel.create_layer", json!({"name": "Other"}));
    let revision = status(&mut daemon)["revision"].as_u64().unwrap();
    let params = json!({"path": text(&path), "layer": 1, "position": [5, 0, 0]});
    let answer = daemon.call("goxel.import_model", params);
    assert_eq!(answer["voxel_count"], 3, "{answer}");
    let layers = daemon.call("goxel.list_layers", json!([]));
    let counts: Vec<_> =
        layers["layers"].as_array().unwrap().iter().map(|l| l["voxel_count"].as_u64()).collect();
    assert_eq!(counts, [Some(4), Some(0)]);
    assert_eq!(status(&mut daemon)["revision"].as_u64(), Some(revision + 1));
    for params in [
        json!({"path": text(&path), "layer": "nowhere"}),
        json!({"path": text(&path), "layer": 1, "into": "project"}),
    ] {
        daemon.fail("goxel.import_model", params);
    }
    assert_eq!(status(&mut daemon)["revision"].as_u64(), Some(revision + 1));
}

#[test]
fn whole_pictures_of_every_kind_become_layers() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = with_model();
    let mut read = |ending: &str| {
        let path = directory.path().join(format!("picture.{ending}"));
        let look = json!({"path": text(&path), "width": 24, "height": 16, "background": "#204060"});
        daemon.call("goxel.render_image", look);
        let mut other = Daemon::default();
        let answer = other.call("goxel.load_project", json!([text(&path)]));
        assert_eq!(answer["voxel_count"], 24 * 16, "{answer}");
        let box_of = other.call("goxel.get_bounding_box", json!([]));
        let region = json!({"min": box_of["min"], "max": box_of["max"]});
        let voxels = other.call("goxel.get_voxels_region", region)["voxels"].clone();
        let color = |voxel: &Value| {
            let color = voxel["color"].as_array().unwrap().clone();
            [0, 1, 2].map(|channel: usize| color[channel].as_i64().unwrap())
        };
        voxels.as_array().unwrap().iter().map(color).collect::<Vec<_>>()
    };
    let wanted = read("png");
    assert_eq!(wanted.len(), 24 * 16);
    for (ending, most) in [("webp", 0), ("gif", 24), ("jpg", 40)] {
        let seen = read(ending);
        let differences =
            wanted.iter().zip(&seen).flat_map(|(a, b)| [0, 1, 2].map(|i| (a[i] - b[i]).abs()));
        let (sum, worst) = differences.fold((0, 0), |(sum, worst), d| (sum + d, worst.max(d)));
        assert!(sum <= most * 24 * 16 / 2, "{ending}: {sum} in all, {worst} at most");
    }
}

#[test]
fn a_model_is_imported_as_the_options_say() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.vox");
    let mut daemon = with_model();
    daemon.call("goxel.export_model", json!([text(&path)]));
    let import = |options: Value| {
        let mut daemon = Daemon::default();
        let mut params = json!({"path": text(&path)});
        params.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let answer = daemon.call("goxel.import_model", params);
        (daemon, answer)
    };
    let (mut turned, _) = import(json!({"turns": 1, "position": [10, 0, 0]}));
    assert_eq!(turned.call("get_voxel", json!([9, 2, 0]))["color"], json!([0, 0, 255, 255]));
    let (mut other, answer) = import(json!({"options": {"into": "project", "turn": 1}}));
    assert_eq!(other.call("goxel.list_layers", json!([]))["count"], 1);
    assert!(answer["warnings"].to_string().contains("options.turn"), "{answer}");
    for (name, wrong) in [("turns", json!("x")), ("into", json!("no")), ("fill", json!(7))] {
        let error = daemon.fail("goxel.import_model", json!({"path": text(&path), name: wrong}));
        assert_eq!((&error["code"], &error["data"]["param"]), (&json!(-32602), &json!(name)));
    }
}

#[test]
fn pictures_follow_edits_of_any_layer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layers.png");
    let mut daemon = with_model();
    let draw = |daemon: &mut Daemon| {
        let params =
            json!({"output_path": text(&path), "width": 48, "height": 48, "view": "front"});
        daemon.call("goxel.render_scene", params);
        decode(&path).2
    };
    let one_layer = draw(&mut daemon);
    daemon.call("goxel.create_layer", json!(["Above"]));
    assert_eq!(draw(&mut daemon), one_layer, "an empty layer shows nothing");
    daemon.call("goxel.add_voxel", json!([1, -1, 0, "#ff00ff"]));
    let two_layers = draw(&mut daemon);
    assert_ne!(two_layers, one_layer);
    daemon.call("goxel.save_project", json!([text(&directory.path().join("m.gox"))]));
    daemon.call(
        "goxel.add_voxel",
        json!({"x": 0, "y": 0, "z": 0, "color": "#ffff00", "layer_id": 1}),
    );
    let repainted = draw(&mut daemon);
    assert_ne!(repainted, two_layers, "an edit of the layer below shows");
    daemon.call("goxel.undo", json!([]));
    assert_eq!(draw(&mut daemon), two_layers);
    daemon.call("goxel.set_layer_visibility", json!([2, false]));
    assert_eq!(draw(&mut daemon), one_layer);
}

#[test]
fn surfaces_are_written_and_read_as_the_call_says() {
    let (mut daemon, folder) = (Daemon::default(), tempfile::tempdir().unwrap());
    daemon.call("goxel.procedural_shape", json!(["cube", 4, 4, 4, 0, 0, 0, 9, 9, 9]));
    let path = |name: &str| folder.path().join(name);
    let plain = daemon.call("goxel.export_model", json!({"path": path("a.obj")}));
    let merged =
        json!({"path": path("b.obj"), "options": {"optimize_mesh": true, "compact": true}});
    let merged = daemon.call("goxel.export_model", merged);
    let bytes = |result: &Value| result["bytes"].as_u64().expect("a length");
    assert!(bytes(&merged) * 2 < bytes(&plain), "{merged} {plain}");
    assert_eq!(merged["warnings"], json!(["'compact' has no effect on the format obj"]));
    daemon.call("goxel.load_project", json!({"path": path("a.obj"), "fit": 8}));
    let bounds = daemon.call("goxel.get_bounding_box", json!([]));
    assert_eq!(bounds["dimensions"], json!([8, 8, 8]));
    daemon.call("goxel.load_project", json!({"path": path("a.obj"), "voxel_size": 0.25}));
    let bounds = daemon.call("goxel.get_bounding_box", json!([]));
    assert_eq!(bounds["dimensions"], json!([16, 16, 16]));
    let error = daemon.fail("goxel.load_project", json!({"path": path("a.obj"), "fit": 0}));
    assert_eq!(error["data"]["param"], "fit");
}

#[test]
fn errors_about_files_name_what_was_asked_for() {
    let mut daemon = Daemon::default();
    let imported = daemon.fail("goxel.import_model", json!({"path": "/none.vox"}));
    assert!(
        imported["message"].as_str().unwrap().starts_with("Failed to import model"),
        "{imported}"
    );
    let exported = daemon.fail("goxel.export_model", json!(["/tmp/x.dat", "kv7"]));
    let expected = exported["data"]["expected"].as_str().unwrap();
    assert!(
        expected.contains("vox") && !expected.contains("qbcl"),
        "only what can be written: {expected}"
    );
}

#[test]
fn the_format_vox_is_known_in_any_case_and_by_its_ending() {
    let (mut daemon, folder) = (with_model(), tempfile::tempdir().unwrap());
    let calls =
        [("a.dat", Some("vox")), ("b.dat", Some("VOX")), ("c", Some(".Vox")), ("d.VOX", None)];
    for (name, format) in calls {
        let path = folder.path().join(name);
        daemon.call("goxel.export_model", json!({"path": text(&path), "format": format}));
        assert_eq!(&std::fs::read(&path).unwrap()[..4], b"VOX ", "{name}");
        let mut other = Daemon::default();
        let loaded = other.call("goxel.load_project", json!([text(&path)]));
        let told = (loaded["format"].clone(), loaded["voxel_count"].clone());
        assert_eq!(told, (json!("vox"), json!(3)), "{name}: by its content");
    }
}

/// What a path may lead to without being a regular file, each made in a directory.
fn not_regular(directory: &Path) -> Vec<std::path::PathBuf> {
    let fifo = directory.join("fifo.gox");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|status| status.success()));
    let socket = directory.join("socket.gox");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let link = directory.join("link.gox");
    std::os::unix::fs::symlink(&fifo, &link).unwrap();
    let folder = directory.join("folder.gox");
    std::fs::create_dir(&folder).unwrap();
    let mut paths = vec![fifo, socket, link, folder];
    // A node of our own, never one of the machine's. Only the superuser can make it.
    let device = directory.join("device.gox");
    let made = std::process::Command::new("mknod").arg(&device).args(["c", "1", "3"]).output();
    match made.is_ok_and(|made| made.status.success()) {
        true => paths.push(device),
        false => crate::support::skip::skip("a device; this user may not make one"),
    }
    paths
}

#[test]
fn what_is_no_regular_file_is_refused_at_once_and_stays_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = with_model();
    let before = status(&mut daemon);
    let paths = not_regular(directory.path());
    for path in &paths {
        let kind = std::fs::symlink_metadata(path).unwrap().file_type();
        let path = text(path);
        for (method, params, code) in [
            ("goxel.save_project", json!({"path": path, "format": "gox"}), -1003),
            ("goxel.load_project", json!({"path": path}), -1002),
            ("goxel.import_model", json!({"path": path}), -1002),
            ("goxel.open_project", json!({"name": "p", "path": path}), -1002),
            ("goxel.export_model", json!({"path": path, "format": "obj"}), -1007),
            ("goxel.export_model", json!({"path": path, "format": "png"}), -1007),
            ("goxel.render_scene", json!({"output_path": path, "width": 8, "height": 8}), -1015),
            ("goxel.import_palette", json!({"path": path}), -1002),
            ("goxel.export_palette", json!({"path": path}), -1003),
        ] {
            let error = daemon.fail(method, params);
            assert_eq!(error["code"], code, "{method} {path}: {error}");
            assert_eq!(error["data"]["reason"], "not_regular", "{method} {path}: {error}");
        }
        assert_eq!(std::fs::symlink_metadata(path).unwrap().file_type(), kind, "{path}");
    }
    assert_eq!(status(&mut daemon), before);
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, paths.len(), "no temporary file stays");
}
