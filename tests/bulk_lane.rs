//! The binary bulk lane against the real daemon: what is put is there, what is got is what was put, errors are
//! JSON and change nothing, and everybody else sees whole states only.

#[path = "support/process.rs"]
mod process;

use std::io::Write;
use std::os::unix::net::UnixStream;

use goxel_daemon::wire::bulk::{
    BoxHead, BoxWriter, Encoding, GET_BOX, Head, PUT_BOX, PUT_VOXELS, runs, write_voxel,
};
use process::{Daemon, read_frame};
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
