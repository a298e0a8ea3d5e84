//! The form of a log: every cut and every flipped bit is found. `GOXEL_CUT_RECORDS` sets how many
//! records are cut at every byte.

use std::time::{Duration, Instant};

use goxel_daemon::document::{Document, Layer};
use goxel_daemon::job::Budget;
use goxel_daemon::journal::{
    Chain, End, Kind, LOG_HEAD, Put, Reader, Record, SyncPolicy, Tag, frame, log_head, replay,
    write_record,
};
use goxel_daemon::rpc::{ConnectionId, Handled};
use goxel_daemon::workspace::{Project, Replay, Workspace};
use serde_json::json;

use super::faults::SimDisk;
use crate::client::random::{Random, setting};
use crate::support::service::Daemon;

const SALT: [u8; 16] = *b"0123456789abcdef";

/// A log of some records; and where each call ends.
fn log(count: u64) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut ends) = (log_head(1, SALT).to_vec(), Vec::new());
    let mut chain = Chain::new(SALT);
    for sequence in 1..=count {
        let payload = vec![sequence as u8; sequence as usize % 23];
        let answer = vec![b'a'; sequence as usize % 5];
        let tag = Tag { session: "s", number: sequence as i64, answer: Some(&answer) };
        let is_continued = sequence % 5 == 0 && sequence < count;
        let record = Record {
            sequence,
            kind: Kind::Voxels,
            project: 1,
            revision: sequence,
            is_continued,
            tag: (sequence % 3 == 0).then_some(tag),
            payload: &payload,
        };
        write_record(&record, &mut chain, &mut bytes);
        if !is_continued {
            ends.push(bytes.len());
        }
    }
    (bytes, ends)
}

/// How many calls come back, where the last one ends, and how the log ends.
fn read(bytes: &[u8]) -> (usize, usize, End) {
    let Ok(mut reader) = Reader::new(bytes) else { return (0, 0, End::Clean) };
    let (mut call, mut calls) = (Vec::new(), 0);
    loop {
        match reader.next_call(&mut call) {
            Ok(()) => calls += 1,
            Err(end) => return (calls, reader.good_end().end, end),
        }
    }
}

#[test]
fn a_log_cut_at_any_byte_gives_the_calls_that_are_whole() {
    let (bytes, ends) = log(setting("GOXEL_CUT_RECORDS", 150));
    assert_eq!(read(&bytes), (ends.len(), bytes.len(), End::Clean));
    for length in LOG_HEAD..bytes.len() {
        let whole = ends.partition_point(|&end| end <= length);
        let good = if whole == 0 { LOG_HEAD } else { ends[whole - 1] };
        let end = match length - good {
            0 => End::Clean,
            left => End::Torn(left as u64),
        };
        assert_eq!(read(&bytes[..length]), (whole, good, end), "{length}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (bytes, ends) = log(12);
    for bit in 8 * LOG_HEAD..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let (calls, good, end) = read(&changed);
        let whole = ends.partition_point(|&end| end <= bit / 8);
        assert_eq!(calls, whole, "bit {bit}");
        assert!(good <= bit / 8, "bit {bit}");
        assert!(matches!(end, End::Damaged | End::Torn(_)), "bit {bit}: {end:?}");
    }
}

#[test]
fn whatever_is_lost_of_the_end_what_comes_back_is_a_beginning() {
    let (bytes, ends) = log(400);
    let mut number = 1u64;
    for _ in 0..1000 {
        // Sectors behind the last sync are lost in any order.
        let mut changed = bytes.clone();
        let synced = ends[100];
        for sector in (synced / 512 + 1)..bytes.len().div_ceil(512) {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if number >> 63 == 1 {
                let until = (512 * (sector + 1)).min(bytes.len());
                changed[512 * sector..until].fill(0);
            }
        }
        let (calls, good, _) = read(&changed);
        assert!(calls > 100, "what was synced is there");
        assert_eq!(changed[..good], bytes[..good]);
    }
}

/// A service with a journal, and its disk.
fn journaled() -> (Daemon, SimDisk) {
    let (mut daemon, disk) = (Daemon::default(), SimDisk::default());
    let opened = daemon.service.recover(Box::new(disk.clone()), SyncPolicy::No, "s", &mut || {});
    opened.unwrap();
    (daemon, disk)
}

/// A service in which a bit of everything happened, and its log.
fn everything() -> (Daemon, Vec<u8>) {
    let (mut daemon, disk) = journaled();
    let calls = [
        (
            "goxel.edit",
            json!({"operations": [{"op": "sphere", "center": [9, 9, 9], "radius": 9, "color": "red"}]}),
        ),
        ("goxel.create_layer", json!({"name": "Roof"})),
        (
            "goxel.edit",
            json!({"operations": [{"op": "box", "min": [0, 0, 0], "max": [20, 20, 9], "color": "blue"}]}),
        ),
        ("goxel.duplicate_layer", json!({"layer_id": 2})),
        ("goxel.reorder_layer", json!({"layer_id": 1, "index": 2})),
        ("goxel.set_layer_visibility", json!({"layer_id": 1, "visible": false})),
        ("goxel.create_material", json!({"name": "gold"})),
        ("goxel.create_material", json!({"name": "glass", "opacity": 0.2})),
        ("goxel.update_material", json!({"material": "gold", "metallic": 1})),
        ("goxel.delete_material", json!({"material": "gold"})),
        ("goxel.create_camera", json!({"view": "front"})),
        ("goxel.create_camera", json!({"view": "left"})),
        ("goxel.update_camera", json!({"camera": 0, "view": "top"})),
        ("goxel.delete_camera", json!({"camera": 1})),
        ("goxel.checkpoint", json!({"name": "here"})),
        ("goxel.select_box", json!({"min": [0, 0, 0], "max": [9, 9, 9]})),
        ("goxel.merge_layers", json!({"source_layer_id": 2, "target_layer_id": 1})),
        ("goxel.undo", json!({"steps": 3})),
        ("goxel.delete_layer", json!({"layer_id": 3})),
        ("goxel.open_project", json!({"name": "other"})),
        ("goxel.close_project", json!({"name": "other"})),
    ];
    for (method, params) in calls {
        let answer = daemon.reply(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
    }
    daemon.service.journal_mut().unwrap().turn(Instant::now());
    let log = disk.content("log-1");
    (daemon, log)
}

fn replayed(log: &[u8]) -> (Workspace, End) {
    let (mut workspace, mut progress) = (Workspace::default(), || {});
    let mut repeat = Replay::begin(&mut workspace, |_| {}, &mut progress);
    let end = replay(&log, &mut repeat).unwrap().end;
    repeat.end();
    (workspace, end)
}

/// The layers of a document, with everything that matters here.
fn layers(document: &Document) -> Vec<String> {
    let layer = |layer: &Layer| {
        let Layer { id, name, visible, mode, content, volume, .. } = layer;
        format!("{id:?} {name} {visible} {mode:?} {content:?} {:?}", volume.state_hash())
    };
    let active = format!("{:?} {:?}", document.active(), document.selection);
    document.layers().iter().map(layer).chain([active]).collect()
}

#[test]
fn a_bit_of_everything_comes_back_with_every_step_of_its_history() {
    let (mut daemon, log) = everything();
    let (mut workspace, end) = replayed(&log);
    assert_eq!(end, End::Clean);
    let back = workspace.project_mut("default").unwrap();
    let live = daemon.service.workspace_mut().project_mut("default").unwrap();
    assert_eq!(back.revision(), live.revision());
    let (position, count) = live.history().position();
    assert_eq!((back.history().position(), count > 6), ((position, count), true));
    for to in (0..=count).rev().chain(0..=count) {
        assert!(back.go_to(to).is_some() && live.go_to(to).is_some());
        assert_eq!(layers(back.document()), layers(live.document()), "position {to}");
        assert_eq!(back.document().materials, live.document().materials, "position {to}");
        assert_eq!(back.document().cameras, live.document().cameras, "position {to}");
    }
}

#[test]
fn a_change_of_a_long_list_costs_the_log_what_changed() {
    let (mut daemon, disk) = journaled();
    let mut lengths = Vec::new();
    for _ in 0..3 {
        for _ in 0..100 {
            daemon.call("goxel.create_camera", json!({"view": "front"}));
            daemon.call("goxel.create_material", json!({}));
            daemon.call("goxel.update_material", json!({"material": 1, "color": [0.1, 0.2, 0.3]}));
            daemon.call("goxel.update_material", json!({"material": 1, "color": [0.3, 0.2, 0.1]}));
        }
        daemon.service.journal_mut().unwrap().turn(Instant::now());
        lengths.push(disk.content("log-1").len());
    }
    let [one, two, three] = lengths[..] else { panic!("{lengths:?}") };
    assert!(three - two < two - one + 1000 && one < 100_000, "{lengths:?}");
    let (workspace, end) = replayed(&disk.content("log-1"));
    let (back, live) =
        (workspace.project("default"), daemon.service.workspace().project("default"));
    let (back, live) = (back.unwrap().document(), live.unwrap().document());
    assert_eq!((end, back.cameras.len()), (End::Clean, 301));
    assert_eq!((&back.materials, &back.cameras), (&live.materials, &live.cameras));
}

#[test]
fn a_step_that_tells_of_whole_lists_is_read_as_ever() {
    let mut documents = [Document::default(), Document::default()];
    documents[1].cameras.push(documents[0].cameras[0].clone());
    documents[1].materials.clear();
    let mut payloads = [Vec::new(), Vec::new()];
    payloads[0].put_text("default");
    payloads[0].put(&frame(None, &documents[0]));
    payloads[1].put_u64(0);
    payloads[1].put_text("lists");
    payloads[1].put(&frame(Some(&documents[0]), &documents[1]));
    let (mut bytes, mut chain) = (log_head(1, SALT).to_vec(), Chain::new(SALT));
    for (number, payload) in payloads.iter().enumerate() {
        let record = Record {
            sequence: 1 + number as u64,
            kind: [Kind::Open, Kind::Document][number],
            project: 1,
            revision: number as u64,
            is_continued: false,
            tag: None,
            payload,
        };
        write_record(&record, &mut chain, &mut bytes);
    }
    let (mut workspace, end) = replayed(&bytes);
    let project = workspace.project_mut("default").unwrap();
    for (to, document) in documents.iter().enumerate().rev() {
        assert!(project.go_to(to).is_some());
        assert_eq!(project.document().cameras, document.cameras);
        assert_eq!(project.document().materials, document.materials);
    }
    assert_eq!(end, End::Clean);
}

/// Writes the log of long histories anew, while changes come and, if so, one project goes.
fn carry_long_histories(closes: bool) {
    let (mut daemon, disk) = journaled();
    let mut now = Instant::now();
    daemon.service.journal_mut().unwrap().begin_run();
    for project in ["brief", "gone", "long"] {
        daemon.call("goxel.open_project", json!({"name": project}));
        for x in 0..if project == "brief" { 5 } else { 3000 } {
            let params = json!({"project": project, "position": [x % 60, x / 60, 0]});
            daemon.call("goxel.add_voxel", params);
        }
    }
    daemon.service.compact_bytes = 1;
    let mut go_on = |daemon: &mut Daemon| {
        now += Duration::from_millis(1);
        daemon.service.compact_journal(now, &mut Budget::units(8));
        daemon.service.journal_mut().unwrap().turn(now);
        daemon.service.is_carrying()
    };
    assert!(go_on(&mut daemon));
    let mut change = |project| {
        let call = json!({"id": 1, "method": "goxel.add_voxel",
            "params": {"project": project, "position": [0, 0, 9]}});
        let (call, mut out) = (call.to_string(), Vec::new());
        let caller = ConnectionId(1);
        match daemon.service.handle(call.as_bytes(), caller, &mut daemon.host, &mut out) {
            Handled::Finished => None,
            Handled::Pending(exchange) => Some(exchange),
        }
    };
    assert!(change("brief").is_none(), "a short history is copied at once");
    let mut waiting = change("long").expect("it has to wait");
    if closes {
        daemon.service.workspace_mut().remove("gone");
        daemon.service.journal_mut().unwrap().end_call(None);
    }
    let (mut out, mut turns) = (Vec::new(), 0);
    let budget = || Budget::units(8);
    while !daemon.service.step(&mut waiting, &mut daemon.host, &mut budget(), &mut out) {
        let is_carrying = go_on(&mut daemon);
        turns += 1;
        assert!(turns < 10_000 && (is_carrying || turns < 10), "nobody waits for nothing");
    }
    assert!(turns > if closes { 0 } else { 20 }, "{turns} turns");
    // What was put off because a project is gone is done later.
    for _ in 0..9000 {
        go_on(&mut daemon);
    }
    let (mut workspace, end) = replayed(&disk.content("log-2"));
    assert_eq!((end, workspace.project("gone").is_none()), (End::Clean, closes));
    for (name, count) in [("brief", 6), ("long", 3001)] {
        let back = workspace.project_mut(name).unwrap();
        let live = daemon.service.workspace_mut().project_mut(name).unwrap();
        assert_eq!(back.history().position(), (count, count), "{name}");
        assert_eq!((back.revision(), live.revision()), (count as u64, count as u64));
        for to in (0..=count).rev().step_by(count / 3) {
            assert!(back.go_to(to).is_some() && live.go_to(to).is_some());
            assert_eq!(layers(back.document()), layers(live.document()), "position {to}");
        }
    }
}

#[test]
fn a_long_history_is_copied_in_slices_while_its_changes_wait() {
    carry_long_histories(false);
}

#[test]
fn a_log_is_written_anew_later_if_a_project_goes_meanwhile() {
    carry_long_histories(true);
}

#[test]
fn a_log_written_anew_has_a_record_for_each_step_and_few_more() {
    let (mut daemon, disk) = journaled();
    let mut now = Instant::now();
    daemon.service.journal_mut().unwrap().begin_run();
    let add = |daemon: &mut Daemon, x: i32| {
        daemon.call("goxel.add_voxel", json!([x, x / 5, 0, x, 0, 0]));
    };
    (0..200).for_each(|x| add(&mut daemon, x));
    daemon.call("goxel.undo", json!({"steps": 20}));
    (200..250).for_each(|x| add(&mut daemon, x));
    daemon.service.compact_bytes = 1;
    for _ in 0..200 {
        now += Duration::from_secs(1);
        daemon.service.compact_journal(now, &mut Budget::units(50));
        daemon.service.journal_mut().unwrap().turn(now);
    }
    let log = disk.content("log-2");
    let (mut reader, mut call, mut kinds) = (Reader::new(&log).unwrap(), Vec::new(), Vec::new());
    while reader.next_call(&mut call).is_ok() {
        kinds.extend(call.iter().map(|record| record.kind));
    }
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count(Kind::Voxels), count(Kind::Revisions)), (230, 2), "{kinds:?}");
    let (mut workspace, end) = replayed(&log);
    let back = workspace.project_mut("default").unwrap();
    let live = daemon.service.workspace_mut().project_mut("default").unwrap();
    assert_eq!((end, back.revision()), (End::Clean, live.revision()));
    for to in (0..=230).rev().step_by(23) {
        assert!(back.go_to(to).is_some() && live.go_to(to).is_some());
        assert_eq!(layers(back.document()), layers(live.document()), "position {to}");
        let known = |project: &Project| project.history().revision_at(to);
        assert_eq!(known(back), known(live));
    }
}

#[test]
fn whatever_records_say_that_check_nobody_panics() {
    let (_, log) = everything();
    let (mut reader, mut call, mut records) = (Reader::new(&log).unwrap(), Vec::new(), Vec::new());
    while reader.next_call(&mut call).is_ok() {
        records.extend(call.iter().copied());
    }
    assert!(records.len() > 15);
    let mut random = Random::new(5);
    for _ in 0..setting("GOXEL_CHANGED_RECORDS", 1500) {
        let changed = random.below(records.len() as u64) as usize;
        let mut payload = records[changed].payload.to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(payload.len() as u64 + 1) as usize;
            match random.below(3) {
                0 => payload.truncate(at),
                1 if at < payload.len() => payload[at] = random.below(256) as u8,
                _ => payload.splice(at..at, [random.below(256) as u8; 4]).for_each(drop),
            }
        }
        let (mut bytes, mut chain) = (log_head(1, SALT).to_vec(), Chain::new(SALT));
        for (number, record) in records.iter().enumerate() {
            let payload = if number == changed { &payload } else { record.payload };
            write_record(&Record { payload, ..*record }, &mut chain, &mut bytes);
        }
        replayed(&bytes);
    }
}
