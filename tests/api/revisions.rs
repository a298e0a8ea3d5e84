//! Revisions: each names a state, as long as the history knows it.

use crate::support::service::Daemon;
use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, Exchange, Handled};
use serde_json::{Value, json};

/// Adds a voxel; the revision after it.
fn add(daemon: &mut Daemon, x: i32) -> u64 {
    let params = json!({"operations": [{"op": "voxels", "points": [[x, 0, 0]], "color": "red"}]});
    daemon.call("goxel.edit", params)["revision"].as_u64().expect("a revision")
}

fn step(daemon: &mut Daemon, method: &str) -> u64 {
    daemon.call(method, json!([]))["revision"].as_u64().expect("a revision")
}

fn between(daemon: &mut Daemon, from: u64, to: u64) -> Value {
    daemon.call("goxel.diff", json!({"from_revision": from, "to_revision": to}))
}

fn counts(diff: &Value) -> [u64; 3] {
    ["changed", "added", "removed"].map(|name| diff[name].as_u64().expect("a count"))
}

#[test]
fn two_revisions_are_compared_whether_edits_or_undo_made_them() {
    let mut daemon = Daemon::default();
    let edits: Vec<u64> = (0..4).map(|x| add(&mut daemon, x)).collect();
    assert_eq!(edits, [1, 2, 3, 4]);
    assert_eq!(step(&mut daemon, "goxel.undo"), 5);
    assert_eq!(step(&mut daemon, "goxel.undo"), 6);
    assert_eq!(step(&mut daemon, "goxel.redo"), 7);
    let grown = between(&mut daemon, 1, 4);
    assert_eq!(counts(&grown), [3, 3, 0]);
    let told = ["from_revision", "to_revision", "revision"].map(|name| grown[name].clone());
    assert_eq!(told, [json!(1), json!(4), json!(7)]);
    assert_eq!(counts(&between(&mut daemon, 4, 6)), [2, 0, 2]);
    assert_eq!(counts(&between(&mut daemon, 6, 7)), [1, 1, 0]);
    assert_eq!(between(&mut daemon, 3, 7)["same"], true, "redo came back to the state of 3");
    assert_eq!(between(&mut daemon, 2, 6)["same"], true);
    let back = between(&mut daemon, 4, 0);
    assert_eq!((counts(&back), &back["box"]["max"]), ([4, 0, 4], &json!([3, 0, 0])));
    let last = daemon.call("goxel.diff", json!({}));
    assert_eq!(counts(&last), [1, 1, 0], "without params: what the last change did");
    assert_eq!((&last["from_revision"], &last["to_revision"]), (&json!(6), &json!(7)));
    let mixed = daemon.call("goxel.diff", json!({"from": 0, "to_revision": 2}));
    assert_eq!(counts(&mixed), [2, 2, 0], "positions of the history serve as well");
}

#[test]
fn a_revision_that_is_not_known_any_more_is_refused_with_the_oldest_that_is() {
    let mut daemon = Daemon::default();
    for x in 0..3 {
        add(&mut daemon, x);
    }
    let ahead = daemon.fail("goxel.diff", json!({"from_revision": 9}));
    assert_eq!((&ahead["code"], &ahead["data"]["revision"]), (&json!(-32602), &json!(3)));
    step(&mut daemon, "goxel.undo");
    add(&mut daemon, 7);
    let given_up = daemon.fail("goxel.diff", json!({"from_revision": 1, "to_revision": 3}));
    assert_eq!(given_up["data"]["param"], "to_revision");
    assert_eq!(
        (&given_up["data"]["got"], &given_up["data"]["oldest_revision"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(counts(&between(&mut daemon, 4, 5)), [1, 1, 0], "4 is the state of 2, still known");

    daemon.service.workspace_mut().set_history_memory(20_000);
    for x in 0..100 {
        add(&mut daemon, 1000 + x);
    }
    let history = daemon.call("goxel.history", json!({"limit": 1}));
    let oldest = history["oldest_revision"].as_u64().expect("a revision");
    assert!(oldest > 5, "{history}");
    assert_eq!(history["entries"][0]["revision"], history["revision"]);
    let forgotten = daemon.fail("goxel.diff", json!({"from_revision": oldest - 1}));
    assert_eq!(forgotten["data"]["oldest_revision"], oldest);
    let message = forgotten["message"].as_str().expect("a message");
    assert!(message.contains(&format!("the oldest one still known is {oldest}")), "{message}");
    let hint = forgotten["data"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("nothing was changed"), "{hint}");
    let known = between(&mut daemon, oldest, 105);
    assert_eq!(counts(&known)[1], 105 - oldest);
}

#[test]
fn a_state_is_found_again_by_its_revision() {
    let mut daemon = Daemon::default();
    for x in 0..3 {
        add(&mut daemon, x);
    }
    let moved = daemon.call("goxel.go_to", json!({"to_revision": 1}));
    assert_eq!((&moved["position"], &moved["revision"]), (&json!(1), &json!(4)));
    let again = daemon.call("goxel.go_to", json!({"to_revision": 3}));
    assert_eq!((&again["position"], &again["steps"]), (&json!(3), &json!(2)));
    let same = daemon.call("goxel.go_to", json!({"to_revision": 5}));
    assert_eq!((&same["steps"], &same["revision"]), (&json!(0), &json!(5)), "it is there already");
    daemon.fail("goxel.go_to", json!({"to_revision": 1, "position": 1}));
    daemon.fail("goxel.diff", json!({"from": 0, "from_revision": 0}));
    daemon.fail("goxel.diff", json!({"to": 0, "to_revision": 0}));
    daemon.fail("goxel.diff", json!({"other": "default", "from_revision": 0}));
}

#[test]
fn states_a_long_way_back_and_forth_are_found_in_slices_while_changes_wait() {
    let mut daemon = Daemon::default();
    for x in 0..1200 {
        add(&mut daemon, x);
    }
    daemon.call("goxel.go_to", json!({"position": 700}));
    for (from, to) in [(0, 1200), (0, 700), (700, 1200), (690, 710), (1200, 30), (5, 5), (650, 5)] {
        let diff = daemon.call("goxel.diff", json!({"from": from, "to": to, "detail": "brief"}));
        let [less, more] = [from.min(to), from.max(to)];
        let (added, removed) = if from < to { (more - less, 0) } else { (0, more - less) };
        let told = [&diff["added"], &diff["removed"]].map(|count| count.as_i64().unwrap());
        assert_eq!(told, [added, removed], "{from} to {to}: {diff}");
    }
    // A change that comes while the states are looked for is made afterwards.
    let diff = r#"{"id":1,"method":"goxel.diff","params":{"from":0,"detail":"brief"}}"#;
    let mut diff = begin(&mut daemon, diff);
    assert!(!go_on(&mut daemon, &mut diff), "it takes longer than that");
    let change = r#"{"id":2,"method":"goxel.add_voxel","params":[0,5,5,"red"]}"#;
    let mut change = begin(&mut daemon, change);
    assert!(!go_on(&mut daemon, &mut change), "it has to wait");
    while !go_on(&mut daemon, &mut diff) {}
    while !go_on(&mut daemon, &mut change) {}
    assert_eq!(daemon.call("goxel.history", json!({}))["position"], 701);
    // One that is given up keeps nobody waiting.
    let mut diff = begin(&mut daemon, r#"{"id":1,"method":"goxel.diff","params":{"from":0}}"#);
    assert!(!go_on(&mut daemon, &mut diff));
    daemon.service.cancel(diff, &mut daemon.host);
    daemon.call("goxel.add_voxel", json!([0, 6, 6, "red"]));
    let lapse = daemon.call("goxel.look", json!({"timelapse": 9, "size": 32, "format": "gif"}));
    assert_eq!(lapse["frames"], 9);
}

/// Begins a call that goes on in slices.
fn begin(daemon: &mut Daemon, message: &str) -> Exchange {
    let (message, mut out) = (message.as_bytes(), Vec::new());
    match daemon.service.handle(message, ConnectionId(1), &mut daemon.host, &mut out) {
        Handled::Pending(exchange) => *exchange,
        Handled::Finished => panic!("{}", String::from_utf8_lossy(&out)),
    }
}

/// Goes on with it for a slice; whether it is over.
fn go_on(daemon: &mut Daemon, exchange: &mut Exchange) -> bool {
    let (budget, mut out) = (&mut Budget::units(10), Vec::new());
    daemon.service.step(exchange, &mut daemon.host, budget, &mut out)
}

#[test]
fn a_history_is_listed_in_parts() {
    let mut daemon = Daemon::default();
    for x in 0..9 {
        add(&mut daemon, x);
    }
    daemon.call("goxel.undo", json!({"steps": 2}));
    let positions = |daemon: &mut Daemon, params: Value| -> Vec<u64> {
        let history = daemon.call("goxel.history", params);
        assert_eq!((&history["position"], &history["count"]), (&json!(7), &json!(9)));
        let entries = history["entries"].as_array().expect("a list");
        entries.iter().map(|entry| entry["position"].as_u64().unwrap()).collect()
    };
    assert_eq!(positions(&mut daemon, json!({})), (1..=9).collect::<Vec<_>>());
    assert_eq!(positions(&mut daemon, json!({"limit": 0})), (1..=9).collect::<Vec<_>>());
    assert_eq!(positions(&mut daemon, json!({"limit": 2})), [8, 9]);
    assert_eq!(positions(&mut daemon, json!({"limit": 3, "until": 5})), [3, 4, 5]);
    assert_eq!(positions(&mut daemon, json!({"limit": 3, "until": 1})), [1]);
    assert_eq!(positions(&mut daemon, json!({"until": 0})), [0; 0]);
    for (name, value) in [("until", 10), ("limit", 4097)] {
        let error = daemon.fail("goxel.history", json!({name: value}));
        assert_eq!((&error["code"], &error["data"]["param"]), (&json!(-32602), &json!(name)));
    }
}
