//! A document knows its file: what saves go to, what they are told, and what nothing else may write
//! onto.

use std::path::Path;

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn add(daemon: &mut Daemon, x: i32) {
    daemon.call("goxel.add_voxel", json!([x, 0, 0, "#ffffff"]));
}

/// The path of the default project's file and whether it is dirty.
fn file_of(daemon: &mut Daemon) -> (Value, bool) {
    let info = daemon.call("goxel.get_project_info", json!([]));
    (info["file_path"].clone(), info["dirty"] == true)
}

fn warnings(answer: &Value) -> String {
    answer["warnings"].to_string()
}

#[test]
fn path_and_unsaved_changes_travel_with_the_history() {
    let directory = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a.gox", "b.gox", "c.gox"].map(|name| directory.path().join(name));
    let [a, b, c] = [&a, &b, &c].map(|path| text(path));
    let mut daemon = Daemon::default();
    add(&mut daemon, 0);
    daemon.call("goxel.save_project", json!([a]));
    daemon.call("goxel.save_project", json!([b]));
    assert_eq!(file_of(&mut daemon), (json!(b), false));
    add(&mut daemon, 1);
    daemon.call("goxel.load_project", json!([a]));
    assert_eq!(file_of(&mut daemon), (json!(a), false));
    daemon.call("goxel.undo", json!([]));
    assert_eq!(file_of(&mut daemon), (json!(b), true), "with the change that was not saved");
    daemon.call("goxel.undo", json!([]));
    assert_eq!(file_of(&mut daemon), (json!(b), false), "what was saved");
    daemon.call("goxel.undo", json!([]));
    assert_eq!(file_of(&mut daemon), (json!(b), true), "before it, of the same document");
    (0..3).for_each(|_| drop(daemon.call("goxel.redo", json!([]))));
    assert_eq!(file_of(&mut daemon), (json!(a), false));
    daemon.call("goxel.create_project", json!(["new"]));
    assert_eq!(file_of(&mut daemon), (Value::Null, true));
    let error = daemon.fail("goxel.save_project", json!([]));
    assert_eq!(
        (error["code"].clone(), error["data"]["param"].clone()),
        (json!(-32602), json!("path"))
    );
    daemon.call("goxel.save_project", json!([c]));
    daemon.call("goxel.undo", json!([]));
    assert_eq!(file_of(&mut daemon), (json!(a), false));
    add(&mut daemon, 9);
    let saved = daemon.call("goxel.save_project", json!([]));
    assert_eq!((saved["path"].clone(), file_of(&mut daemon)), (json!(a), (json!(a), false)));
    daemon.call("goxel.undo", json!([]));
    daemon.call("goxel.undo", json!([]));
    assert_eq!(file_of(&mut daemon).0, b, "no step leads to c any more, but to b");
}

#[test]
fn a_file_that_somebody_else_changed_is_told_and_refused_if_so_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.gox");
    let mut daemon = Daemon::default();
    let save = |strict: bool| json!({"path": text(&path), "if_unchanged": strict});
    add(&mut daemon, 0);
    let saved = daemon.call("goxel.save_project", save(true));
    assert_eq!(warnings(&saved), "[]", "a new file");
    add(&mut daemon, 1);
    assert_eq!(warnings(&daemon.call("goxel.save_project", save(true))), "[]");
    let by_others: [&dyn Fn(); 2] =
        [&|| std::fs::write(&path, "theirs").unwrap(), &|| std::fs::remove_file(&path).unwrap()];
    for change in by_others {
        change();
        let error = daemon.fail("goxel.save_project", save(true));
        assert_eq!(error["code"], -1003);
        assert_eq!(error["data"]["reason"], "changed", "{error}");
        let saved = daemon.call("goxel.save_project", save(false));
        assert!(warnings(&saved).contains("somebody else"), "{saved}");
        assert_eq!(warnings(&daemon.call("goxel.save_project", save(true))), "[]");
    }
}

#[test]
fn a_file_that_another_project_has_open_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.gox");
    let link = directory.path().join("link.gox");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut daemon = Daemon::default();
    daemon.call("goxel.save_project", json!([text(&path)]));
    let opened = daemon.call("goxel.open_project", json!({"name": "two", "path": text(&link)}));
    assert!(warnings(&opened).contains("'default'"), "{opened}");
    daemon.call("goxel.add_voxel", json!({"x": 1, "y": 2, "z": 3, "project": "two"}));
    let strict = json!({"project": "two", "if_unchanged": true});
    assert_eq!(daemon.fail("goxel.save_project", strict)["data"]["reason"], "changed");
    let saved = daemon.call("goxel.save_project", json!({"project": "two"}));
    assert!(warnings(&saved).contains("'default'"), "{saved}");
    assert!(file_of(&mut daemon).1, "the file is not what it left there");
    let loaded = daemon.call("goxel.load_project", json!([text(&path)]));
    assert!(warnings(&loaded).contains("'two'"), "{loaded}");
}

#[test]
fn nothing_but_a_save_writes_onto_the_file_of_a_project_unless_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.gox");
    let path = text(&path);
    let mut daemon = Daemon::default();
    add(&mut daemon, 0);
    daemon.call("goxel.save_project", json!([path]));
    let before = std::fs::read(path).unwrap();
    for (method, params, code) in [
        ("goxel.export_model", json!({"path": path, "format": "text"}), -1007),
        ("goxel.export_model", json!({"path": path, "format": "gox"}), -1007),
        ("goxel.export_model", json!({"path": path, "format": "png"}), -1007),
        ("goxel.save_project", json!({"path": path, "format": "png"}), -1003),
        ("goxel.render_scene", json!({"output_path": path, "width": 8, "height": 8}), -1015),
        ("goxel.render_image", json!({"output_path": path, "width": 8, "height": 8}), -1015),
        ("goxel.export_palette", json!({"path": path}), -1003),
    ] {
        let error = daemon.fail(method, params.clone());
        assert_eq!(error["code"], code, "{method}");
        assert_eq!(error["data"]["reason"], "needs_overwrite", "{method}");
        assert_eq!(std::fs::read(path).unwrap(), before, "{method}");
        assert!(!file_of(&mut daemon).1, "{method}");
        if method == "goxel.save_project" {
            continue;
        }
        let mut params = params;
        params["overwrite"] = true.into();
        daemon.call(method, params);
        assert_eq!(file_of(&mut daemon), (json!(path), true), "{method}");
        let saved = daemon.call("goxel.save_project", json!({"if_unchanged": true}));
        assert_eq!(warnings(&saved), "[]", "{method}: it was us");
        assert_eq!(std::fs::read(path).unwrap(), before, "{method}");
    }
    daemon.call("goxel.create_project", json!(["another"]));
    let error = daemon.fail("goxel.export_palette", json!({"path": path}));
    assert_eq!(error["data"]["reason"], "needs_overwrite", "undo comes back to it");
}

#[test]
fn another_format_is_a_documents_own_as_long_as_it_holds_all_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let [vox, obj] = ["a.vox", "a.obj"].map(|name| directory.path().join(name));
    let (vox, obj) = (text(&vox), text(&obj));
    let mut daemon = Daemon::default();
    add(&mut daemon, 0);
    daemon.call("goxel.save_project", json!([vox]));
    daemon.call("goxel.load_project", json!([vox]));
    add(&mut daemon, 1);
    daemon.call("goxel.save_project", json!([]));
    assert_eq!(file_of(&mut daemon), (json!(vox), false));
    daemon.call("goxel.add_voxel", json!([2, 0, 0, [1, 2, 3, 40]]));
    let saved = daemon.call("goxel.save_project", json!([]));
    assert!(warnings(&saved).contains("alpha"), "{saved}");
    assert_eq!(file_of(&mut daemon), (json!(vox), true), "the alpha is not in the file");
    daemon.call("goxel.save_project", json!([obj]));
    assert_eq!(file_of(&mut daemon), (json!(vox), true), "a surface is no copy");
}
