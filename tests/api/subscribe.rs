//! Who subscribes is told what changes, once, merged, and nobody else.

use std::time::Duration;

use crate::support::service::Daemon;
use goxel_daemon::rpc::ConnectionId;
use serde_json::{Value, json};

/// What was sent since this was asked last, as (connection, params).
fn sent(daemon: &mut Daemon) -> Vec<(u64, Value)> {
    let now = daemon.host.now;
    daemon.service.tick(now, &mut daemon.host);
    let told = std::mem::take(&mut daemon.host.sent);
    let params = |text: &str| {
        let message: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(message["method"], "goxel.changed");
        assert!(message.get("id").is_none());
        message["params"].clone()
    };
    told.iter().map(|(ConnectionId(id), text)| (*id, params(text))).collect()
}

fn later(daemon: &mut Daemon, milliseconds: u64) {
    daemon.host.now += Duration::from_millis(milliseconds);
}

#[test]
fn a_change_is_told_to_who_subscribed_with_its_revision_and_box() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.add_voxel", json!([99, 99, 99]));
    assert_eq!(daemon.call("goxel.subscribe", json!({}))["revision"], 1);
    assert_eq!(sent(&mut daemon), [], "what was before is not told");
    daemon.call("goxel.add_voxel", json!([1, 2, 3]));
    let told = sent(&mut daemon);
    assert_eq!(told.len(), 1);
    let (connection, params) = &told[0];
    assert_eq!(
        (*connection, params["project"].clone(), params["revision"].clone()),
        (1, json!("default"), json!(2))
    );
    let corner = |name: &str| params["box"][name].as_array().unwrap().clone();
    assert_eq!(params["rounded_to"], 16);
    let holds = (0..3).all(|axis| {
        let voxel = axis as i64 + 1;
        corner("min")[axis].as_i64().unwrap() <= voxel
            && voxel <= corner("max")[axis].as_i64().unwrap()
    });
    assert!(holds, "{params}");
    assert_eq!(sent(&mut daemon), []);
}

#[test]
fn changes_within_the_interval_are_merged_into_one_message() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.subscribe", json!({"min_interval_ms": 500}));
    daemon.call("goxel.add_voxel", json!([0, 0, 0]));
    assert_eq!(sent(&mut daemon).len(), 1);
    assert_eq!(daemon.service.next_wake(daemon.host.now), None, "nobody waits");
    for x in 0..50 {
        daemon.call("goxel.add_voxel", json!([x * 10, 5, 5]));
        later(&mut daemon, 1);
        assert_eq!(sent(&mut daemon), []);
    }
    let wake = daemon.service.next_wake(daemon.host.now).expect("somebody waits");
    assert_eq!(wake - daemon.host.now, Duration::from_millis(450));
    later(&mut daemon, 450);
    let told = sent(&mut daemon);
    assert_eq!((told.len(), told[0].1["revision"].clone()), (1, json!(51)));
    assert!(told[0].1["box"]["max"][0].as_i64().unwrap() >= 490, "{told:?}");
    assert_eq!(daemon.service.next_wake(daemon.host.now), None);
}

#[test]
fn a_reader_with_unsent_messages_gets_one_merged_message_later() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.subscribe", json!({"min_interval_ms": 0}));
    daemon.host.is_slow = true;
    for x in 0..20 {
        daemon.call("goxel.add_voxel", json!([x, 0, 0]));
        assert_eq!(sent(&mut daemon), []);
    }
    daemon.host.is_slow = false;
    let told = sent(&mut daemon);
    assert_eq!((told.len(), told[0].1["revision"].clone()), (1, json!(20)));
}

#[test]
fn a_structural_change_may_be_anywhere() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.subscribe", json!({}));
    daemon.call("goxel.create_layer", json!(["A"]));
    assert_eq!(sent(&mut daemon)[0].1["box"], Value::Null);
}

#[test]
fn who_unsubscribes_or_leaves_is_told_nothing() {
    let mut daemon = Daemon::default();
    daemon.call("goxel.subscribe", json!({}));
    let ended = daemon.call("goxel.unsubscribe", json!(["default"]));
    assert_eq!((ended["removed"].clone(), ended["subscriptions"].clone()), (json!(1), json!(0)));
    daemon.call("goxel.add_voxel", json!([0, 0, 0]));
    assert_eq!(sent(&mut daemon), []);
    daemon.call("goxel.subscribe", json!({}));
    daemon.service.connection_closed(ConnectionId(1));
    daemon.call("goxel.add_voxel", json!([1, 0, 0]));
    assert_eq!(sent(&mut daemon), []);
}

#[test]
fn an_unknown_project_cannot_be_subscribed_to() {
    let error = Daemon::default().fail("goxel.subscribe", json!({"project": "defualt"}));
    assert_eq!(
        (error["code"].clone(), error["data"]["nearest"].clone()),
        (json!(1001), json!("default"))
    );
}
