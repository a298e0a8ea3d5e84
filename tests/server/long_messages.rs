//! Long messages and long answers of every framing, with short ones between them.

use serde_json::{Value, json};

use crate::server::daemon::{Daemon, frame, request};

/// Calls with long params or long results between pings, and the results that are expected of them.
fn calls() -> Vec<(String, Option<Value>)> {
    let long = json!({ "text": "\u{e4} \"x\" \n".repeat(60_000), "list": vec![1.5; 20_000] });
    let points: Vec<_> = (0..9_000).map(|n| json!([n % 90, n / 90, 3])).collect();
    let edit = json!({"operations": [{"op": "voxels", "points": points, "color": "red"}]});
    let region = json!({"min": [0, 0, 0], "max": [127, 127, 3], "encoding": "base64"});
    let echo = request(2, "echo", long.clone());
    let spaced = echo.replace("1.5,", "1.5 ,\n ");
    let pong = || Some(json!({"pong": true}));
    vec![
        (request(1, "ping", json!({})), pong()),
        (echo, Some(long.clone())),
        (request(3, "ping", json!({})), pong()),
        (request(4, "goxel.edit", edit), Some(json!({"success": true}))),
        (spaced, Some(long)),
        (request(5, "goxel.get_layer_voxels", json!({"limit": 0})), Some(json!({"count": 9_000}))),
        (request(6, "goxel.read_region", region), Some(json!({"cells": 65_536}))),
        (request(7, "nope", json!(["y".repeat(300_000)])), None),
        (request(8, "ping", json!({})), pong()),
    ]
}

fn check(answers: &[Value]) {
    let calls = calls();
    assert_eq!(answers.len(), calls.len());
    for (answer, (call, expected)) in answers.iter().zip(&calls) {
        let id = &serde_json::from_str::<Value>(call).unwrap()["id"];
        assert_eq!(&answer["id"], id);
        let Some(expected) = expected else {
            assert_eq!(answer["error"]["code"], -32601, "{id}");
            continue;
        };
        for (name, value) in expected.as_object().unwrap() {
            assert!(answer["result"][name] == *value, "{id}: {name}");
        }
    }
}

#[test]
fn long_lines_are_answered_in_order() {
    let text = calls().into_iter().map(|(call, _)| call + "\n").collect::<String>();
    check(&Daemon::start().lines(&text));
}

#[test]
fn long_binary_frames_are_answered_in_order() {
    let daemon = Daemon::start();
    let mut binary = daemon.binary();
    let calls = calls();
    let answers: Vec<Value> = calls
        .iter()
        .zip(1..)
        .map(|((call, _), id)| {
            binary.send(&frame(id, 0, call.as_bytes()));
            let answer = binary.frame().expect("an answer");
            assert_eq!((answer.id, answer.kind), (id, 0));
            answer.json()
        })
        .collect();
    check(&answers);
}

#[test]
fn long_header_frames_are_answered_in_order() {
    let frame = |(call, _): (String, _)| format!("Content-Length: {}\r\n\r\n{call}", call.len());
    let bytes = calls().into_iter().map(frame).collect::<String>();
    let answers = String::from_utf8(Daemon::start().exchange(bytes.as_bytes())).unwrap();
    let (mut rest, mut found) = (answers.as_str(), Vec::new());
    while let Some((head, behind)) = rest.split_once("\r\n\r\n") {
        let length: usize = head.strip_prefix("Content-Length: ").unwrap().parse().unwrap();
        found.push(serde_json::from_str(&behind[..length]).unwrap());
        rest = &behind[length..];
    }
    check(&found);
}

#[test]
fn a_long_batch_is_answered_as_one_and_what_follows_too() {
    let calls: Vec<_> =
        (0..5_000).map(|id| request(id, "goxel.get_voxel", json!([id, 0, 0]))).collect();
    let text = format!("[{}]\n{}\n", calls.join(","), request(9, "ping", json!({})));
    let answers = Daemon::start().lines(&text);
    let [batch, pong] = answers.as_slice() else { panic!("{} answers", answers.len()) };
    let batch = batch.as_array().unwrap();
    assert!(
        batch.iter().zip(0..).all(|(answer, id)| answer["id"] == id && answer["result"]["x"] == id)
    );
    assert_eq!((batch.len(), &pong["result"]["pong"]), (5_000, &json!(true)));
}

#[test]
fn a_long_message_that_is_not_utf8_is_refused_with_the_place() {
    let mut bytes = request(1, "echo", json!(["z".repeat(200_000)])).into_bytes();
    bytes[150_000] = 0xff;
    bytes.push(b'\n');
    let answer: Value = serde_json::from_slice(&Daemon::start().exchange(&bytes)).unwrap();
    assert_eq!(answer["error"]["code"], -32700);
    assert_eq!(answer["error"]["message"], "Parse error: not UTF-8 at byte 150000");
}
