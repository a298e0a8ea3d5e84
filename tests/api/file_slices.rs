//! Files read by calls: others are answered in between, who gives up leaves the document as it was,
//! and each limit has an error that names it.

use crate::support::service::Daemon;
use goxel_daemon::format::{Limits as FileLimits, PaletteLimits};
use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, Exchange, Handled, Limits, NameLimits};
use serde_json::{Value, json};

/// Begins a call, which must need more than a slice.
fn begin(daemon: &mut Daemon, method: &str, params: Value) -> Box<Exchange> {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let (caller, mut out) = (ConnectionId(1), Vec::new());
    match daemon.service.handle(call.as_bytes(), caller, &mut daemon.host, &mut out) {
        Handled::Finished => panic!("{method} is done at once"),
        Handled::Pending(exchange) => exchange,
    }
}

/// One unit of work; the answer if that was the last one.
fn step(daemon: &mut Daemon, exchange: &mut Exchange) -> Option<Value> {
    let (mut budget, mut out) = (Budget::units(1), Vec::new());
    let finished = daemon.service.step(exchange, &mut daemon.host, &mut budget, &mut out);
    finished.then(|| serde_json::from_slice(&out).expect("JSON"))
}

/// What of a project a load may change.
fn state(daemon: &Daemon) -> String {
    let project = daemon.service.workspace().project("default").expect("the default project");
    let document = project.document();
    let layers: Vec<_> = document
        .layers()
        .iter()
        .map(|layer| (layer.id, layer.name.as_str(), layer.volume.state_hash()))
        .collect();
    let place = (project.revision(), project.history().position());
    format!("{layers:?} {place:?} {:?} {:?}", document.palette, project.file())
}

/// A daemon with a few voxels.
fn daemon() -> Daemon {
    let mut daemon = Daemon::default();
    let operations = json!([{"op": "box", "min": [0, 0, 0], "max": [4, 4, 4], "color": "red"}]);
    daemon.call("goxel.edit", json!({"operations": operations}));
    daemon
}

/// A file of a directory of its own.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (directory, path)
}

#[test]
fn a_load_given_up_at_any_place_leaves_the_document_as_it_was() {
    for (format, what, bytes) in crate::support::made::all() {
        let (_directory, path) = file("model", &bytes);
        let mut daemon = daemon();
        let before = state(&daemon);
        let params = json!({"path": path, "format": format});
        for units in [1, 10, 100] {
            let mut running = begin(&mut daemon, "goxel.load_project", params.clone());
            let mut answered = false;
            for _ in 0..units {
                answered = answered || step(&mut daemon, &mut running).is_some();
                if answered {
                    break;
                }
                assert_eq!(state(&daemon), before, "{format}, {what}");
            }
            if answered {
                assert_ne!(state(&daemon), before, "{format}, {what}");
                break;
            }
            daemon.service.cancel(*running, &mut daemon.host);
            assert_eq!(state(&daemon), before, "{format}, {what}");
        }
    }
}

#[test]
fn a_damaged_file_is_refused_in_slices_and_others_are_answered_meanwhile() {
    for (format, what, bytes) in crate::support::made::all() {
        let (_directory, path) = file("model", &bytes[..bytes.len() * 9 / 10]);
        let mut daemon = daemon();
        let before = state(&daemon);
        let params = json!({"path": path, "format": format});
        let mut running = begin(&mut daemon, "goxel.load_project", params);
        let answer = loop {
            assert_eq!(daemon.call("goxel.ping", json!([]))["pong"], true);
            if let Some(answer) = step(&mut daemon, &mut running) {
                break answer;
            }
        };
        // Text and surfaces that are cut off at a line or a face are whole files.
        if answer.get("error").is_some() {
            assert!(answer["error"]["message"].is_string(), "{format}, {what}: {answer}");
            assert_eq!(state(&daemon), before, "{format}, {what}");
        }
    }
}

#[test]
fn a_palette_file_is_read_in_slices() {
    let mut text = "GIMP Palette\nName: Long\n".to_owned();
    (0..4000)
        .for_each(|n| text += &format!("{} {} 7\tcolour number {n} of many\n", n % 256, n / 256));
    let (_directory, path) = file("long.gpl", text.as_bytes());
    let mut daemon = daemon();
    let before = state(&daemon);
    let mut running = begin(&mut daemon, "goxel.import_palette", json!([path]));
    let mut slices = 1;
    let answer = loop {
        match step(&mut daemon, &mut running) {
            Some(answer) => break answer,
            None => assert_eq!(state(&daemon), before),
        }
        slices += 1;
    };
    assert_eq!(answer["result"]["count"], 4000, "{answer}");
    assert!(slices > 4, "{slices}");
    let running = begin(&mut daemon, "goxel.import_palette", json!([path]));
    daemon.service.cancel(*running, &mut daemon.host);
    assert_eq!(daemon.call("goxel.undo", json!([]))["steps"], 1);
}

/// A daemon with such limits.
fn limited(change: impl FnOnce(&mut Limits)) -> Daemon {
    let (mut daemon, mut limits) = (daemon(), Limits::default());
    change(&mut limits);
    daemon.service.set_limits(limits);
    daemon
}

/// Checks that a call fails because of a limit, which the error names, and changes nothing.
fn assert_over(daemon: &mut Daemon, method: &str, params: Value, flag: &str) {
    let before = state(daemon);
    let error = daemon.fail(method, params);
    let told = format!("{} {}", error["message"], error["data"]);
    assert!(told.contains(flag), "{method}: {flag} is not told: {error}");
    assert_eq!(state(daemon), before, "{method}");
}

#[test]
fn names_have_limits_that_the_errors_name() {
    let mut daemon = limited(|limits| limits.names = NameLimits::new(4, 5, 6, 7, 8));
    let long = |bytes: usize| "n".repeat(bytes + 1);
    for (method, params, flag) in [
        ("goxel.create_layer", json!({"name": long(4)}), "--max-layer-name"),
        ("goxel.rename_layer", json!({"layer_id": 1, "name": long(4)}), "--max-layer-name"),
        ("goxel.create_material", json!({"name": long(5)}), "--max-material-name"),
        ("goxel.create_camera", json!({"name": long(5)}), "--max-material-name"),
        ("goxel.set_palette", json!({"name": long(6), "colors": ["red"]}), "--max-palette-name"),
        ("goxel.open_project", json!({"name": long(7)}), "--max-project-name"),
        ("goxel.checkpoint", json!({"name": long(8)}), "--max-checkpoint-name"),
    ] {
        assert_over(&mut daemon, method, params, flag);
    }
    for (method, params) in [
        ("goxel.create_layer", json!({"name": "four"})),
        ("goxel.create_material", json!({"name": "fives"})),
        ("goxel.set_palette", json!({"name": "sixsix", "colors": ["red"]})),
        ("goxel.open_project", json!({"name": "seventh"})),
        ("goxel.checkpoint", json!({"name": "eightfix"})),
    ] {
        daemon.call(method, params);
    }
    // A name that is made up is short enough too.
    let copy = daemon.call("goxel.duplicate_layer", json!({"layer_id": 1}));
    assert!(copy["layer"]["name"].as_str().is_some_and(|name| name.len() <= 4), "{copy}");
}

#[test]
fn palettes_have_limits_that_the_errors_name() {
    let two = "GIMP Palette\n1 2 3\n4 5 6\n";
    let (_directory, path) = file("two.gpl", two.as_bytes());
    let palettes = PaletteLimits::default();
    let mut few = limited(|l| l.palettes = PaletteLimits { max_palette_colors: 1, ..palettes });
    assert_over(&mut few, "goxel.import_palette", json!([path]), "max_palette_colors");
    let colors = json!({"colors": ["red", "blue"]});
    assert_over(&mut few, "goxel.set_palette", colors, "--max-palette-colors");
    let mut short = limited(|l| l.palettes = PaletteLimits { max_palette_bytes: 9, ..palettes });
    assert_over(&mut short, "goxel.import_palette", json!([path]), "max_palette_bytes");
    let png = crate::support::made::all()
        .into_iter()
        .find(|(format, ..)| *format == "png")
        .expect("a picture")
        .2;
    let (_directory, picture) = file("picture.png", &png);
    let mut small = limited(|l| l.palettes = PaletteLimits { max_picture_pixels: 99, ..palettes });
    assert_over(&mut small, "goxel.import_palette", json!([picture]), "max_picture_pixels");
    assert_eq!(short.fail("goxel.import_palette", json!([path]))["code"], 1004);
}

#[test]
fn files_have_limits_that_the_errors_name() {
    let all = FileLimits::default();
    for (format, limits, name) in [
        ("cub", FileLimits { max_file_bytes: 1000, ..all }, "max-file-bytes"),
        ("kvx", FileLimits { max_voxel_bytes: 99_000, ..all }, "max-voxel-bytes"),
        ("schem", FileLimits { max_unpacked_bytes: 999, ..all }, "max-unpacked-bytes"),
        ("png", FileLimits { max_picture_pixels: 99, ..all }, "max-picture-pixels"),
        ("obj", FileLimits { max_surface_columns: 99, ..all }, "max-surface-columns"),
    ] {
        let bytes = crate::support::made::all()
            .into_iter()
            .find(|(known, ..)| *known == format)
            .expect("made")
            .2;
        let (_directory, path) = file("model", &bytes);
        let mut daemon = limited(|l| l.files = limits);
        let params = json!({"path": path, "format": format});
        assert_over(&mut daemon, "goxel.load_project", params.clone(), name);
        let params = json!({"name": "other", "path": path, "format": format});
        assert_over(&mut daemon, "goxel.open_project", params, name);
    }
}
