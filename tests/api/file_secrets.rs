//! Errors about files tell kinds and places, never what a file holds: a client may name any file.

use crate::support::service::Daemon;
use goxel_daemon::format;
use serde_json::{Value, json};

const SECRET: &str = "SECRET_TOKEN_123 hunter2";

/// Beginnings of files after which a reader meets the secret in another place, and what may follow.
const AROUND: [(&str, &str); 26] = [
    ("", ""),
    ("", "\n"),
    ("# a comment\n\n", "\n1 2 3 ffffff\n"),
    ("1 2 3 ff8800\n4 5 6 ", "\n"),
    ("1 2 ", " 3\n"),
    ("v 1 2 ", "\n"),
    ("v 1 2 3\nv 4 5 6\nf 1 2 ", "\n"),
    ("v 1 2 3\nf 1 2 \\\n", "\n"),
    ("vt ", "\n"),
    ("ply\n", "\nend_header\n"),
    ("ply\nformat ", " 1.0\nend_header\n"),
    ("ply\nformat ascii 1.0\nelement vertex ", "\nend_header\n"),
    ("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n", "\n"),
    ("solid a\nfacet\nvertex 1 ", " 3\nendloop\n"),
    ("solid ", "\nfacet\nendloop\n"),
    ("Qubicle Exchange Format\nVersion 0.2\nwww\n", "\n"),
    ("Qubicle Exchange Format\nVersion 0.2\nwww\n4 4 4\n", "\n"),
    ("Qubicle Exchange Format\nVersion 0.2\nwww\n4 4 4\n1\n", "\n"),
    ("Qubicle Exchange Format\nVersion 0.2\nwww\n4 4 4\n1\n1 1 1\n0 ", "\n"),
    ("#binvox 1\ndim 4 ", "\ndata\n"),
    ("#binvox 1\n", "\ndata\n"),
    ("GIMP Palette\n", "\n"),
    ("GIMP Palette\n1 2 ", "\n"),
    ("GOX \x02\0\0\0", ""),
    ("VOX \u{96}\0\0\0MAIN", ""),
    ("JASC-PAL\n0100\n1\n", "\n"),
];

fn assert_silent(answer: &Value, of: &str) {
    let text = answer.to_string();
    assert!(!text.contains("SECRET") && !text.contains("hunter2"), "{of}: {text}");
}

/// Reads the file in every way that there is.
fn assert_reads_are_silent(daemon: &mut Daemon, path: &str, of: &str) {
    let readable = format::formats().iter().filter(|format| format.can_read());
    let names = readable.map(|format| Some(format.name)).chain([None]);
    for name in names {
        for method in ["goxel.load_project", "goxel.import_model"] {
            let answer = daemon.reply(method, json!({"path": path, "format": name}));
            assert_silent(&answer, &format!("{method} {name:?} of {of:?}"));
        }
    }
    assert_silent(&daemon.reply("goxel.import_palette", json!([path])), of);
    let stamp = json!({"operations": [{"op": "stamp", "path": path, "at": [0, 0, 0]}]});
    assert_silent(&daemon.reply("goxel.edit", stamp), of);
}

#[test]
fn no_answer_tells_what_a_file_of_another_kind_holds() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::default();
    for (number, (before, after)) in AROUND.into_iter().enumerate() {
        let path = directory.path().join(number.to_string());
        std::fs::write(&path, format!("{before}{SECRET}{after}")).unwrap();
        assert_reads_are_silent(&mut daemon, path.to_str().unwrap(), before);
    }
}

#[test]
fn no_answer_tells_the_head_of_an_array() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("array.npy");
    let mut file = b"\x93NUMPY\x01\0".to_vec();
    file.extend((SECRET.len() as u16).to_le_bytes());
    file.extend(SECRET.as_bytes());
    std::fs::write(&path, file).unwrap();
    assert_reads_are_silent(&mut Daemon::default(), path.to_str().unwrap(), "an array");
}

#[test]
fn an_error_tells_the_kind_and_the_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes");
    std::fs::write(&path, "1 2 3 ff8800\n4 5 hunter2 ff8800\n").unwrap();
    let error =
        Daemon::default().fail("goxel.load_project", json!({"path": path, "format": "txt"}));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("a letter in line 2 at byte 17"), "{message}");
}

#[test]
fn numbers_in_formats_without_a_magic_are_not_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let number = u32::from_le_bytes(*b"KEY1").to_string();
    std::fs::write(&path, b"KEY1".repeat(300)).unwrap();
    let mut daemon = Daemon::default();
    for name in ["cub", "kvx", "qubicle", "vxl", "schem", "stl"] {
        let params = json!({"path": path, "format": name});
        let answer = daemon.reply("goxel.load_project", params).to_string();
        assert!(!answer.contains(&number), "{name}: {answer}");
    }
}
