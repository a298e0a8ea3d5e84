//! The binary bulk lane against the real daemon: what is put is there, what is got is what was put,
//! errors are JSON and change nothing, and everybody else sees whole states only.

use std::io::Write;
use std::os::unix::net::UnixStream;

use crate::support::process::{Daemon, read_frame};
use goxel_daemon::lane::bulk::{
    BoxHead, BoxWriter, Encoding, GET_BOX, Head, PUT_BOX, PUT_VOXELS, runs, write_voxel,
};
use serde_json::{Value, json};

/// A connection that sends bulk frames.
struct Bulk(UnixStream);

impl Bulk {
    /// One request and its answer: type and payload.
    fn ask(&mut self, kind: u32, payload: &[u8]) -> (u32, Vec<u8>) {
        let mut frame = Vec::new();
        for field in [77, kind, payload.len() as u32, 0] {
            frame.extend_from_slice(&field.to_be_bytes());
        }
        frame.extend_from_slice(payload);
        self.0.write_all(&frame).unwrap();
        let (id, kind, payload) = read_frame(&mut self.0);
        assert_eq!(id, 77);
        (kind, payload)
    }

    /// A put: the new revision and how many voxels changed.
    fn put(&mut self, kind: u32, payload: &[u8]) -> (u64, u64) {
        let (answer, payload) = self.ask(kind, payload);
        assert_eq!(answer, kind, "{}", String::from_utf8_lossy(&payload));
        let number = |at: usize| u64::from_le_bytes(payload[at..at + 8].try_into().unwrap());
        (number(0), number(8))
    }

    fn refused(&mut self, kind: u32, payload: &[u8]) -> Value {
        let (answer, payload) = self.ask(kind, payload);
        assert_eq!(answer, 0);
        serde_json::from_slice::<Value>(&payload).unwrap()["error"].clone()
    }
}

fn start(head: Head<'_>) -> Vec<u8> {
    let mut payload = Vec::new();
    head.write(&mut payload);
    payload
}

fn connect(daemon: &Daemon) -> Bulk {
    Bulk(daemon.connect().stream)
}

#[test]
fn voxels_that_are_put_are_there_and_one_undo_takes_all_back() {
    let daemon = Daemon::start();
    let mut payload = start(Head::default());
    for index in 0..100_000i32 {
        let position = [index % 100 - 50, index / 100 % 100, -(index / 10_000)];
        write_voxel(position, [index as u8, 7, 9, 255], &mut payload);
    }
    let (revision, changed) = connect(&daemon).put(PUT_VOXELS, &payload);
    assert_eq!((revision, changed), (1, 100_000));
    let mut client = daemon.connect();
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], 100_000);
    assert_eq!(client.call("goxel.get_voxel", json!([-49, 0, 0]))["color"], json!([1, 7, 9, 255]));
    client.call("goxel.undo", json!([]));
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], 0);
}

#[test]
fn a_box_comes_back_as_it_was_put_in_both_encodings() {
    let daemon = Daemon::start();
    let mut bulk = connect(&daemon);
    let (min, max) = ([-3, 14, i32::MAX - 20], [18, 33, i32::MAX]);
    for encoding in [Encoding::Dense, Encoding::RunLength] {
        let area = BoxHead { min, max, encoding };
        let mut request = start(Head::default());
        area.write(&mut request);
        let mut voxels = Vec::new();
        let mut writer = BoxWriter::new(encoding);
        for index in 0..area.capacity() as u32 {
            let color = if index / 7 % 3 == 0 { [0; 4] } else { [(index / 50) as u8, 1, 2, 255] };
            writer.push(1, color, &mut voxels);
        }
        writer.finish(&mut voxels);
        request.extend_from_slice(&voxels);
        bulk.put(PUT_BOX, &request);

        let mut request = start(Head::default());
        area.write(&mut request);
        let (kind, answer) = bulk.ask(GET_BOX, &request);
        assert_eq!(kind, GET_BOX);
        assert_eq!(BoxHead::read(&answer, 0).unwrap(), (area, 28));
        assert!(answer[28..] == voxels, "{encoding:?}");
        if encoding == Encoding::RunLength {
            let total: u64 = runs(&answer[28..]).map(|(count, _)| u64::from(count)).sum();
            assert_eq!(u128::from(total), area.capacity());
        }
    }
}

#[test]
fn skipped_voxels_leave_what_is_there() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.add_voxel", json!([0, 0, 0, "red"]));
    let area = BoxHead { min: [0; 3], max: [1, 0, 0], encoding: Encoding::Dense };
    for (skip_empty, left) in [(true, 2), (false, 1)] {
        let mut request = start(Head { skip_empty, ..Head::default() });
        area.write(&mut request);
        request.extend_from_slice(&[0, 0, 0, 0, 1, 2, 3, 255]);
        connect(&daemon).put(PUT_BOX, &request);
        assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], left);
    }
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_changed() {
    let daemon = Daemon::start();
    let mut bulk = connect(&daemon);
    let head = start(Head::default());
    let mut huge = head.clone();
    BoxHead { min: [i32::MIN; 3], max: [i32::MAX; 3], encoding: Encoding::RunLength }
        .write(&mut huge);
    let mut short = head.clone();
    BoxHead { min: [0; 3], max: [9; 3], encoding: Encoding::Dense }.write(&mut short);
    let mut cut = head.clone();
    cut.extend_from_slice(&[1; 15]);
    let cases = [
        (PUT_VOXELS, cut, -32602),
        (PUT_VOXELS, vec![2, 0, 0, 0, 0, 0, 0, 0], -32602),
        (PUT_VOXELS, Vec::from(*b"x"), -32602),
        (PUT_BOX, short, -32602),
        (PUT_BOX, huge.clone(), 1004),
        (GET_BOX, huge, 1004),
        (GET_BOX, head.clone(), -32602),
        (PUT_VOXELS, start(Head { layer: 99, ..Head::default() }), 1002),
        (PUT_VOXELS, start(Head { project: "nobody's", ..Head::default() }), 1001),
        (0xB0FF, head, -32600),
    ];
    for (kind, payload, code) in cases {
        assert_eq!(bulk.refused(kind, &payload)["code"], code, "{kind:x} {payload:?}");
    }
    let status = daemon.connect().call("goxel.get_status", json!([]));
    assert_eq!((status["revision"].clone(), status["voxel_count"].clone()), (json!(0), json!(0)));
}

#[test]
fn others_see_a_large_put_as_a_whole_or_not_at_all() {
    let daemon = Daemon::start();
    let mut payload = start(Head::default());
    for index in 0..1_000_000i32 {
        write_voxel([index % 1000, index / 1000, 0], [255; 4], &mut payload);
    }
    let mut bulk = connect(&daemon);
    let putting = std::thread::spawn(move || bulk.put(PUT_VOXELS, &payload));
    let mut client = daemon.connect();
    loop {
        let count = client.call("goxel.get_status", json!([]))["voxel_count"].clone();
        assert!(count == 0 || count == 1_000_000, "{count}");
        if count != 0 {
            break;
        }
    }
    assert_eq!(putting.join().unwrap(), (1, 1_000_000));
}

#[test]
fn the_client_library_puts_and_gets() {
    use goxel_daemon::client::{BulkTarget, Connection, ConnectionOptions, Error, Framing};
    let daemon = Daemon::start();
    let options = ConnectionOptions { framing: Framing::Binary, ..ConnectionOptions::default() };
    let mut connection = Connection::open_at(daemon.socket(), options).unwrap();
    let target = BulkTarget::default();
    let put = connection.put_voxels(target, [([1, 2, 3], [9, 8, 7, 255])]).unwrap();
    assert_eq!((put.revision, put.changed), (1, 1));
    let corners = [[0, 0, 0], [3, 4, 5]];
    let colors: Vec<[u8; 4]> = (0..120u8).map(|index| [index / 10, 1, 2, 255]).collect();
    let put = connection.put_box(target, corners, colors.iter().copied()).unwrap();
    assert_eq!(put.changed, 120);
    assert_eq!(connection.get_box(target, corners).unwrap(), colors);
    let unknown = BulkTarget { layer: 99, ..target };
    let refused = connection.get_box(unknown, corners).unwrap_err();
    assert!(matches!(&refused, Error::Remote(error) if error.code == 1002), "{refused:?}");
    assert_eq!(connection.get_box(target, corners).unwrap().len(), 120, "it goes on");

    let text = ConnectionOptions::default();
    let mut text = Connection::open_at(daemon.socket(), text).unwrap();
    assert!(matches!(text.get_box(target, corners), Err(Error::Usage(_))));
}

#[test]
fn a_put_into_a_computed_layer_is_refused() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let made = client.call("goxel.create_clone_layer", json!({"base": 1}));
    let layer = made["layer"]["layer_id"].as_i64().unwrap() as i32;
    let mut payload = start(Head { layer, ..Head::default() });
    write_voxel([0; 3], [1, 2, 3, 255], &mut payload);
    let error = connect(&daemon).refused(PUT_VOXELS, &payload);
    assert_eq!((&error["code"], &error["data"]["got"]), (&json!(1002), &json!(layer)));
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], 0);
}

#[test]
fn limits_of_callers_are_settings_and_their_errors_name_them() {
    let flags = [
        "--max-bulk-voxels",
        "5",
        "--max-subscriptions=1",
        "--max-sessions=1",
        "--session-answers=2",
    ];
    let daemon = Daemon::start_with(&flags);
    let mut payload = start(Head::default());
    (0..6).for_each(|x| write_voxel([x, 0, 0], [1, 2, 3, 255], &mut payload));
    let names = |error: &Value, flag: &str| {
        assert_eq!(error["code"], 1004, "{error}");
        assert!(error["message"].as_str().unwrap().contains(flag), "{error}");
    };
    let error = connect(&daemon).refused(PUT_VOXELS, &payload);
    names(&error, "--max-bulk-voxels");
    assert_eq!(error["data"]["limit"], 5);

    let mut client = daemon.connect();
    client.call("goxel.open_project", json!(["second"]));
    client.call("goxel.subscribe", json!(["default"]));
    let error = client.ask("goxel.subscribe", json!(["second"]))["error"].clone();
    names(&error, "--max-subscriptions");

    let instance = client.call("ping", json!([]))["instance"].clone();
    let mut tagged = |id: &str, seq: u32| {
        let session = json!({"id": id, "seq": seq, "instance": instance});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "session": session});
        client.send(format!("{call}\n"));
        client.receive()
    };
    for seq in 1..=3 {
        assert!(tagged("one", seq).get("result").is_some());
    }
    assert_eq!(tagged("one", 1)["error"]["code"], 1006, "two answers are kept");
    names(&tagged("two", 1)["error"], "--max-sessions");
}

#[test]
fn single_voxels_too_are_refused_beyond_the_memory_for_voxels() {
    let daemon = Daemon::start_with(&["--max-voxel-memory=2MiB"]);
    let mut client = daemon.connect();
    let far = |index: i32| [index * 64, 0, 0];
    let refused = (0..20_000).find_map(|index| {
        let answer = client.ask("goxel.add_voxel", json!({"position": far(index), "color": "red"}));
        answer.get("error").cloned().map(|error| (index, error))
    });
    let (count, error) = refused.expect("an error");
    assert_eq!(error["code"], 1004, "{error}");
    assert!(error["message"].as_str().unwrap().contains("--max-voxel-memory"), "{error}");
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], count);
    let mut payload = start(Head::default());
    (0..20_000).for_each(|index| write_voxel(far(-index), [1, 2, 3, 255], &mut payload));
    assert_eq!(connect(&daemon).refused(PUT_VOXELS, &payload)["code"], 1004);
    assert_eq!(client.call("goxel.get_status", json!([]))["voxel_count"], count);
}
