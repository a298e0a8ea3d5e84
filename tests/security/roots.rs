//! Paths that leave the roots, through every method that takes a path, and what stays inside.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::stage::{readers, writers};
use crate::support::process::{Client, Daemon};

const OUTSIDE_ROOTS: i64 = 1008;

/// A root to write to, one to read, and what lies outside of both.
struct Ground {
    top: tempfile::TempDir,
}

impl Ground {
    fn make() -> Ground {
        let ground = Ground { top: tempfile::tempdir().unwrap() };
        for directory in ["root/sub/deep", "read", "outside", "root-not"] {
            fs::create_dir_all(ground.at(directory)).unwrap();
        }
        for file in ["outside/secret.gox", "root-not/secret.gox", "read/model.txt"] {
            fs::write(ground.at(file), "0 0 0 ffffff\n").unwrap();
        }
        for (target, link) in [
            ("../outside/secret.gox", "link.gox"),
            ("../outside/new.gox", "dangling.gox"),
            ("../outside", "linkdir"),
            ("link.gox", "link2.gox"),
            ("link.gox", "link.gpl"),
            ("..", "up"),
            ("/", "top"),
            ("/proc/self/root", "proc"),
            ("sub/../../outside/secret.gox", "twisted.gox"),
            ("sub", "inner"),
            ("../../root/sub", "sub/around"),
        ] {
            symlink(target, ground.at("root").join(link)).unwrap();
        }
        symlink(ground.at("outside/secret.gox"), ground.at("root/absolute.gox")).unwrap();
        symlink(ground.at("root/sub"), ground.at("root/whole")).unwrap();
        ground
    }

    fn at(&self, path: &str) -> PathBuf {
        self.top.path().join(path)
    }

    fn start(&self) -> Daemon {
        let (root, read) = (self.at("root"), self.at("read"));
        Daemon::start_with(&[
            "--root",
            root.to_str().unwrap(),
            "--read-root",
            read.to_str().unwrap(),
        ])
    }

    /// Paths that lead out, for who reads and who writes.
    fn escapes(&self) -> Vec<PathBuf> {
        let relative = [
            "../outside/secret.gox",
            "../outside/new.gox",
            "..//outside/./secret.gox",
            "sub/../../outside/secret.gox",
            "sub/deep/../../../outside/secret.gox",
            "../../../../../../../../etc/passwd",
            "link.gox",
            "./link2.gox",
            "dangling.gox",
            "absolute.gox",
            "twisted.gox",
            "linkdir/secret.gox",
            "linkdir/new.gox",
            "linkdir/new.gpl",
            "../outside/new.gpl",
            "link.gpl",
            "up/outside/secret.gox",
            "inner/../../outside/secret.gox",
            "top/etc/passwd",
            "proc/etc/passwd",
        ];
        let absolute = [
            "outside/secret.gox",
            "root-not/secret.gox",
            "root/../outside/secret.gox",
            "root/link.gox",
            "root/linkdir/secret.gox",
            "root",
            "",
        ];
        let system = [
            "/etc/passwd",
            "/etc/passwd.gox",
            "/proc/self/environ",
            "/proc/self/root/etc/passwd",
            "/dev/stdout",
            "/dev/zero",
            "/tmp/x.gox",
            "/",
        ];
        let absolute = absolute.map(|path| self.at(path));
        let all = relative.into_iter().chain(system).map(PathBuf::from);
        // The root itself is no file, and inside.
        all.chain(absolute.into_iter().filter(|path| !path.ends_with("root"))).collect()
    }

    fn is_unharmed(&self) {
        for file in ["outside/secret.gox", "root-not/secret.gox", "read/model.txt"] {
            assert_eq!(fs::read_to_string(self.at(file)).unwrap(), "0 0 0 ffffff\n");
        }
        assert_eq!(fs::read_dir(self.at("outside")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(self.top.path()).unwrap().count(), 4);
    }
}

fn assert_refused(client: &mut Client, method: &str, params: Value, path: &Path) {
    let answer = client.ask(method, params);
    let error = &answer["error"];
    assert_eq!(error["code"], OUTSIDE_ROOTS, "{method} {path:?}: {answer}");
    assert_eq!(error["data"]["reason"], "outside_roots", "{method} {path:?}: {answer}");
    assert!(
        error["data"]["roots"][0].as_str().is_some_and(|root| root.ends_with("/root")),
        "{answer}"
    );
}

#[test]
fn no_method_leaves_the_roots() {
    let ground = Ground::make();
    let daemon = ground.start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    for path in ground.escapes() {
        for (method, params) in writers(&path).into_iter().chain(readers(&path)) {
            assert_refused(&mut client, method, params, &path);
        }
    }
    ground.is_unharmed();
}

#[test]
fn what_stays_inside_is_taken_by_every_method() {
    let ground = Ground::make();
    let daemon = ground.start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    let whole = ground.at("root/sub/x.gox");
    let paths = [
        "x.gox",
        "sub/x.gox",
        "sub/../x.gox",
        "inner/x.gox",
        "sub/around/x.gox",
        "whole/deep/x.gox",
        "sub/x.gpl",
    ];
    for path in paths.map(PathBuf::from).into_iter().chain([whole]) {
        for (method, mut params) in writers(&path) {
            params["overwrite"] = json!(method != "goxel.save_project");
            if method == "goxel.save_project" {
                params.as_object_mut().unwrap().remove("overwrite");
            }
            let answer = client.ask(method, params);
            assert!(answer.get("error").is_none(), "{method} {path:?}: {answer}");
        }
        client.call("goxel.save_project", json!({"path": path, "format": "gox"}));
        for (method, params) in readers(&path) {
            let answer = client.ask(method, params);
            // A model is no palette and no picture: what is refused is what it holds.
            assert_ne!(answer["error"]["code"], OUTSIDE_ROOTS, "{method} {path:?}: {answer}");
            assert!(!answer.to_string().contains("No such file"), "{method} {path:?}: {answer}");
        }
        let _ = client.ask("goxel.close_project", json!(["other"]));
    }
    ground.is_unharmed();
}

#[test]
fn a_root_to_read_is_not_written_to() {
    let ground = Ground::make();
    let daemon = ground.start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    let path = ground.at("read/model.txt");
    for (method, params) in writers(&path) {
        assert_refused(&mut client, method, params, &path);
    }
    for method in ["goxel.load_project", "goxel.import_model"] {
        client.call(method, json!({"path": path}));
    }
    assert_refused(&mut client, "goxel.save_project", json!({}), &path);
    ground.is_unharmed();
}

/// Methods whose path names something else than a file of the client's.
const OF_KEPT_PICTURES: [&str; 2] = ["goxel.cleanup_render", "goxel.get_render_info"];
/// Methods that do nothing with it here.
const NOT_BUILT_IN: [&str; 1] = ["goxel.execute_script"];

#[test]
fn the_lists_of_these_tests_name_every_method_that_takes_a_path() {
    let daemon = Daemon::start();
    let described = daemon.connect().call("rpc.discover", json!({}));
    let is_path = |param: &Value| {
        let name = param["name"].as_str().unwrap_or_default();
        name == "path" || name.ends_with("_path") || name == "file" || name.ends_with("_file")
    };
    let takes_a_path = |method: &&Value| method["params"].as_array().unwrap().iter().any(is_path);
    let methods = described["methods"].as_array().unwrap();
    let found: BTreeSet<&str> = methods
        .iter()
        .filter(takes_a_path)
        .map(|method| method["name"].as_str().unwrap())
        .collect();
    let any = Path::new("x.gpl");
    let tested = writers(any).into_iter().chain(readers(any)).map(|(method, _)| method);
    let mut tested: BTreeSet<&str> = tested.chain(OF_KEPT_PICTURES).chain(NOT_BUILT_IN).collect();
    // Its path is in an operation.
    tested.remove("goxel.edit");
    let missing: Vec<_> = found.difference(&tested).collect();
    assert!(missing.is_empty(), "add these to the lists in stage.rs: {missing:?}");
}

#[test]
fn a_connection_narrows_itself_for_good_and_alone() {
    let ground = Ground::make();
    let daemon = ground.start();
    let (mut narrow, mut other) = (daemon.connect(), daemon.connect());
    narrow.call("connection.confine", json!({"roots": ["sub"]}));
    other.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    for path in ["../x.gox", "deep/../../x.gox", ground.at("root/x.gox").to_str().unwrap()] {
        let answer = narrow.ask("goxel.save_project", json!({"path": path}));
        assert_eq!(answer["error"]["code"], OUTSIDE_ROOTS, "{path}: {answer}");
    }
    narrow.call("goxel.save_project", json!({"path": "x.gox"}));
    assert!(ground.at("root/sub/x.gox").is_file());
    for wider in
        [json!({"roots": [ground.at("root")]}), json!({"roots": ["/"]}), json!({"roots": [".."]})]
    {
        let answer = narrow.ask("connection.confine", wider);
        assert_eq!(answer["error"]["code"], OUTSIDE_ROOTS, "{answer}");
    }
    narrow.call("connection.confine", json!({"read_roots": ["deep"]}));
    assert_eq!(
        narrow.ask("goxel.save_project", json!({"path": "x.gox"}))["error"]["code"],
        OUTSIDE_ROOTS
    );
    other.call("goxel.save_project", json!({"path": "x.gox"}));
    ground.is_unharmed();
}

#[test]
fn a_root_that_is_renamed_lets_nobody_out() {
    let ground = Ground::make();
    let daemon = ground.start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([1, 2, 3, "#ffffff"]));
    fs::rename(ground.at("root"), ground.at("moved")).unwrap();
    symlink(ground.at("outside"), ground.at("root")).unwrap();
    let _ = client.ask("goxel.save_project", json!({"path": "secret.gox"}));
    let _ = client.ask("goxel.save_project", json!({"path": "new.gox"}));
    fs::remove_file(ground.at("root")).unwrap();
    fs::rename(ground.at("moved"), ground.at("root")).unwrap();
    ground.is_unharmed();
}
