//! Paths that leave the root are refused, all with the same clear error; those that stay inside are
//! taken.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::client::Host;
use crate::support::process::Daemon;

/// A root inside a directory, with what an attacker could have planted in it.
fn plant(top: &Path) {
    let root = top.join("root");
    std::fs::create_dir_all(root.join("sub/deep")).unwrap();
    std::fs::create_dir_all(top.join("outside")).unwrap();
    std::fs::create_dir_all(top.join("root-not")).unwrap();
    for file in ["outside/secret.gox", "root-not/secret.gox"] {
        std::fs::write(top.join(file), "secret").unwrap();
    }
    for (target, link) in [
        ("../outside/secret.gox", "link.gox"),
        ("../outside", "linkdir"),
        ("link.gox", "link2.gox"),
        ("link2.gox", "link3.gox"),
        ("..", "up"),
        ("/", "top"),
        ("/etc", "etc"),
        ("/proc/self/root", "proc"),
        ("loop2.gox", "loop1.gox"),
        ("loop1.gox", "loop2.gox"),
        ("../outside/new.gox", "dangling.gox"),
        ("sub/../../outside/secret.gox", "twisted.gox"),
        ("/dev/null", "null.gox"),
        ("sub", "inner"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    symlink(top.join("outside/secret.gox"), root.join("absolute.gox")).unwrap();
    symlink("../../outside/secret.gox", root.join("sub/link.gox")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("fifo.gox")).status().unwrap().success());
    drop(UnixListener::bind(root.join("socket.gox")).unwrap());
}

fn escapes(top: &Path) -> Vec<String> {
    let top = top.display();
    let mut paths: Vec<String> = [
        "/etc/passwd",
        "/etc/passwd.gox",
        "/",
        "/dev/null",
        "/dev/zero",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/fd/0",
        "/proc/self/mem",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd/../outside/secret.gox",
        "/tmp/goxel-escape.gox",
        "//etc/passwd",
        "/./etc/passwd",
        "..",
        "../",
        "../outside/secret.gox",
        "../../etc/passwd",
        "../../../../../../../../etc/passwd",
        "./../outside/secret.gox",
        "sub/../../outside/secret.gox",
        "sub/deep/../../../outside/secret.gox",
        "missing/../../outside/secret.gox",
        "sub/./.././../outside/secret.gox",
        "../root-not/secret.gox",
        "link.gox",
        "link2.gox",
        "link3.gox",
        "absolute.gox",
        "twisted.gox",
        "dangling.gox",
        "linkdir/secret.gox",
        "linkdir/new.gox",
        "sub/link.gox",
        "inner/link.gox",
        "up/outside/secret.gox",
        "top/etc/passwd",
        "etc/passwd",
        "proc/etc/passwd",
        "loop1.gox",
        "loop2.gox",
        "null.gox",
        "fifo.gox",
        "socket.gox",
        "sub",
        ".",
        "",
        "a\0b.gox",
        "~/secret.gox/../../../..",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.push("a/".repeat(2048) + "x.gox");
    paths.push(format!("{top}/outside/secret.gox"));
    paths.push(format!("{top}/root/../outside/secret.gox"));
    paths.push(format!("{top}/ROOT/a.gox"));
    paths.push(format!("{top}/root-not/secret.gox"));
    paths
}

#[test]
fn fifty_paths_that_leave_the_root_are_refused_and_none_is_opened() {
    let daemon = Daemon::start();
    let top = tempfile::tempdir().unwrap();
    plant(top.path());
    let mut host = Host::with(daemon.socket(), &top.path().join("root"), &[]);
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]);
    host.text("voxel_edit", json!({"ops": ops}));
    let paths = escapes(top.path());
    assert!(paths.len() >= 50);
    for path in &paths {
        let calls = [
            ("voxel_project", json!({"action": "open", "path": path})),
            ("voxel_project", json!({"action": "save", "path": path, "overwrite": true})),
            ("voxel_export", json!({"path": path, "overwrite": true})),
        ];
        for (tool, arguments) in calls {
            let text = host.refusal(tool, arguments);
            assert!(text.starts_with(&format!("{tool}: \"path\": ")), "{path}: {text}");
            assert!(text.contains("outside the root") && text.contains("Rule: "), "{path}: {text}");
        }
    }
    for file in ["outside/secret.gox", "root-not/secret.gox"] {
        assert_eq!(std::fs::read(top.path().join(file)).unwrap(), b"secret", "{file}");
    }
    assert!(!top.path().join("outside/new.gox").exists());
    assert!(!top.path().join("outside/secret.gox~").exists());
}

#[test]
fn paths_that_stay_inside_are_taken_absolute_or_not() {
    let daemon = Daemon::start();
    let top = tempfile::tempdir().unwrap();
    plant(top.path());
    let root = top.path().join("root");
    symlink(&root, top.path().join("alias")).unwrap();
    let mut host = Host::with(daemon.socket(), &root, &[]);
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]);
    host.text("voxel_edit", json!({"ops": ops}));
    let absolute = |rest: &str| format!("{}/{rest}", root.display());
    let paths = [
        "a.gox".to_owned(),
        "./b.gox".to_owned(),
        "sub/c.gox".to_owned(),
        "sub/../d.gox".to_owned(),
        "sub/deep/../e.gox".to_owned(),
        "inner/f.gox".to_owned(),
        "..g.gox".to_owned(),
        absolute("h.gox"),
        absolute("sub/../i.gox"),
        format!("{}/alias/j.gox", top.path().display()),
        "ü ñ.gox".to_owned(),
    ];
    for path in &paths {
        host.text("voxel_project", json!({"action": "save", "path": path}));
    }
    for file in ["a", "b", "sub/c", "d", "sub/e", "sub/f", "..g", "h", "i", "j", "ü ñ"] {
        assert!(root.join(format!("{file}.gox")).is_file(), "{file}");
    }
    let files = host.text("voxel_inspect", json!({"fields": ["files"]}));
    assert!(files.contains("\"sub/c.gox\""), "{files}");
}

#[test]
fn what_is_replaced_is_kept_once() {
    let daemon = Daemon::start();
    std::fs::write(daemon.directory().join("a.gox"), "the user's own").unwrap();
    let mut host = Host::beside(&daemon);
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]);
    host.text("voxel_edit", json!({"ops": ops}));
    let save = json!({"action": "save", "path": "a.gox", "overwrite": true});
    let text = host.text("voxel_project", save.clone());
    assert!(text.contains("kept as \"a.gox~\""), "{text}");
    host.text("voxel_project", save);
    let kept = std::fs::read(daemon.directory().join("a.gox~")).unwrap();
    assert_eq!(kept, b"the user's own", "the second save does not push it out");
    host.text("voxel_project", json!({"action": "open", "path": "a.gox"}));
}

#[test]
fn the_root_has_a_rule() {
    let daemon = Daemon::start();
    let [named, by_variable, start] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let ops = json!([{"op": "box", "min": [0, 0, 0], "max": [1, 1, 1], "color": "red"}]);
    let save = json!({"action": "save", "path": "a.gox"});
    let begin = |set: &dyn Fn(&mut Command)| {
        let mut command = super::client::command();
        command.arg("--socket").arg(daemon.socket()).current_dir(start.path());
        set(&mut command);
        Host::start(command)
    };
    let mut host = begin(&|command| {
        command.arg("--root").arg(named.path()).env("GOXEL_ROOT", by_variable.path());
    });
    host.text("voxel_edit", json!({"ops": ops}));
    host.text("voxel_project", save.clone());
    assert!(named.path().join("a.gox").is_file());
    let mut host = begin(&|command| {
        command.env("GOXEL_ROOT", by_variable.path());
    });
    host.text("voxel_project", save.clone());
    assert!(by_variable.path().join("a.gox").is_file());
    let mut host = begin(&|_| ());
    host.text("voxel_project", save.clone());
    assert!(start.path().join("a.gox").is_file());
    for wide in [Path::new("/"), start.path()] {
        let mut host = begin(&|command| {
            command.current_dir(wide).env("HOME", start.path());
        });
        let text = host.refusal("voxel_project", save.clone());
        assert!(text.contains("too wide") && text.contains("--root"), "{text}");
    }
}

#[test]
fn a_link_that_is_swapped_between_the_check_and_the_use_leads_nobody_out() {
    let daemon = Daemon::start();
    let top = tempfile::tempdir().unwrap();
    let (root, outside) = (top.path().join("root"), top.path().join("outside"));
    for directory in [&root.join("real"), &outside] {
        std::fs::create_dir_all(directory).unwrap();
    }
    let mut host = Host::with(daemon.socket(), &root, &[]);
    let ops = |x: i64| json!([{"op": "box", "min": [0, 0, 0], "max": [x, 0, 0], "color": "red"}]);
    host.text("voxel_edit", json!({"ops": ops(4)}));
    host.text("voxel_project", json!({"action": "save", "path": "five.gox"}));
    std::fs::rename(root.join("five.gox"), outside.join("m.gox")).unwrap();
    let secret = std::fs::read(outside.join("m.gox")).unwrap();
    host.text("voxel_project", json!({"action": "new", "project": "small"}));
    let small = json!({"project": "small", "ops": ops(0)});
    host.text("voxel_edit", small);
    let save = json!({"project": "small", "action": "save", "path": "real/m.gox"});
    host.text("voxel_project", save);

    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                for target in ["real", "../outside"] {
                    symlink(target, root.join("next")).unwrap();
                    std::fs::rename(root.join("next"), root.join("link")).unwrap();
                }
            }
        });
        for round in 0..40 {
            let calls = [
                (
                    "voxel_project",
                    json!({"action": "save", "path": "link/m.gox", "overwrite": true}),
                ),
                ("voxel_export", json!({"path": format!("link/n{round}.vox")})),
                ("voxel_project", json!({"action": "open", "path": "link/m.gox"})),
            ];
            for (tool, mut arguments) in calls {
                if arguments["action"] != "open" {
                    arguments["project"] = json!("small");
                }
                let id = host.request("tools/call", json!({"name": tool, "arguments": arguments}));
                let answer = host.answer_to(id);
                assert!(!answer.to_string().contains("5 voxels"), "{answer}");
            }
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let names: Vec<_> =
        std::fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["m.gox"], "nothing was made outside");
    assert_eq!(std::fs::read(outside.join("m.gox")).unwrap(), secret);
}
