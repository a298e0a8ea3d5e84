//! Messages in, answers out: the JSON-RPC 2.0 specification, the older tool dialect, sessions.

use crate::support::service::Daemon;
use serde_json::{Value, json};

fn id_and_code(answer: &Value) -> (Value, Value) {
    (answer["id"].clone(), answer["error"]["code"].clone())
}

#[test]
fn the_examples_of_the_specification_are_answered_as_it_says() {
    let mut daemon = Daemon::default();
    let parse_error = (Value::Null, json!(-32700));
    let invalid = (Value::Null, json!(-32600));
    let cases = [
        (r#"{"jsonrpc":"2.0","method":"foobar","id":"1"}"#, (json!("1"), json!(-32601))),
        (r#"{"jsonrpc":"2.0","method":"foobar, "params":"bar","baz]"#, parse_error.clone()),
        (r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#, invalid.clone()),
        (
            r#"[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method"]"#,
            parse_error,
        ),
        ("[]", invalid.clone()),
        ("7", invalid),
    ];
    for (message, expected) in cases {
        assert_eq!(id_and_code(&daemon.ask(message)), expected, "{message}");
    }
    for silent in [
        r#"{"jsonrpc":"2.0","method":"update","params":[1,2,3,4,5]}"#,
        r#"{"jsonrpc":"2.0","method":"foobar"}"#,
        r#"[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"foobar"}]"#,
    ] {
        assert_eq!(daemon.answer(silent), "", "{silent}");
    }
}

#[test]
fn a_batch_is_answered_in_order_with_its_bad_parts() {
    let mut daemon = Daemon::default();
    let answer = daemon.ask(
        r#"[{"jsonrpc":"2.0","method":"echo","params":[7],"id":"1"},
            {"jsonrpc":"2.0","method":"echo","params":[7]}, 1, {"foo":"boo"},
            {"jsonrpc":"2.0","method":"foo.get","id":"5"}, {"tool":"ping"},
            {"jsonrpc":"2.0","method":"ping","id":9}]"#,
    );
    let parts: Vec<_> = answer.as_array().unwrap().iter().map(id_and_code).collect();
    let code = |code: i32| json!(code);
    let null = Value::Null;
    assert_eq!(
        parts,
        [
            (json!("1"), null.clone()),
            (null.clone(), code(-32600)),
            (null.clone(), code(-32600)),
            (json!("5"), code(-32601)),
            (null.clone(), code(-32600)),
            (json!(9), null),
        ]
    );
}

#[test]
fn a_long_batch_goes_on_in_slices_and_is_answered_whole() {
    let mut daemon = Daemon::default();
    let calls: Vec<String> = (0..1000)
        .map(|id| {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"add_voxel","params":[{id},0,0]}}"#)
        })
        .collect();
    let answer = daemon.ask(&format!("[{}]", calls.join(",")));
    let ids: Vec<i64> =
        answer.as_array().unwrap().iter().map(|part| part["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>());
    assert_eq!(daemon.call("goxel.get_status", json!([]))["voxel_count"], 1000);
}

#[test]
fn a_notification_gets_no_reply_but_is_carried_out() {
    let mut daemon = Daemon::default();
    let message = r#"{"jsonrpc":"2.0","method":"goxel.add_voxel","params":[1,2,3]}"#;
    assert_eq!(daemon.answer(message), "");
    assert_eq!(daemon.call("goxel.get_voxel", json!([1, 2, 3]))["exists"], true);
}

#[test]
fn a_call_without_version_and_id_is_answered_with_id_null() {
    let answer = Daemon::default().ask(r#"{"method":"ping"}"#);
    assert_eq!(
        (answer["result"]["pong"].clone(), answer["id"].clone()),
        (json!(true), Value::Null)
    );
}

#[test]
fn what_is_echoed_comes_back_compact() {
    let message =
        "{ \"id\" : \"a b\",\n \"method\" : \"echo\",\n \"params\" : [ 1,\n {\"x y\": [ ] } ] }";
    assert_eq!(
        Daemon::default().answer(message),
        r#"{"jsonrpc":"2.0","result":[1,{"x y":[]}],"id":"a b"}"#
    );
}

#[test]
fn a_method_name_of_any_length_gets_a_reply() {
    let name = "x".repeat(100_000);
    let answer = Daemon::default()
        .ask(&json!({"jsonrpc": "2.0", "id": 1, "method": name, "params": []}).to_string());
    assert_eq!(id_and_code(&answer), (json!(1), json!(-32601)));
}

#[test]
fn tool_objects_are_always_answered_and_arrays_survive() {
    let mut daemon = Daemon::default();
    let added = daemon.ask(
        r#"{"tool":"goxel_add_voxels","arguments":{"position":{"x":1,"y":2,"z":3},"color":{"r":9,"g":8,"b":7}}}"#,
    );
    assert_eq!(added["success"], true);
    assert_eq!(added["content"]["color"], json!([9, 8, 7, 255]));
    let methods = daemon.ask(r#"{"tool":"list_methods"}"#);
    assert!(methods["content"]["methods"].as_array().unwrap().len() > 5);
    let unknown = daemon.ask(r#"{ "tool" : "nonsense" }"#);
    assert_eq!(
        (unknown["success"].clone(), unknown["error_code"].clone()),
        (json!(false), json!(-1001))
    );
    let bad = daemon.ask(r#"{"arguments":{"x":"one"},"tool":"goxel_add_voxels"}"#);
    assert_eq!((bad["success"].clone(), bad["error_code"].clone()), (json!(false), json!(-1002)));
    assert_eq!(daemon.ask(r#"{"tool":5}"#)["error_code"], -1001);
}

#[test]
fn a_tagged_call_is_applied_once_and_answered_twice() {
    let mut daemon = Daemon::default();
    let instance = daemon.call("ping", json!([]))["instance"].clone();
    let create = |id: i32, seq: i32, instance: &Value| {
        json!({
            "jsonrpc": "2.0", "id": id, "method": "goxel.create_layer", "params": ["A"],
            "session": {"id": "s", "seq": seq, "instance": instance},
        })
        .to_string()
    };
    let first = daemon.ask(&create(1, 1, &instance));
    let second = daemon.ask(&create(2, 1, &instance));
    assert_eq!(first["result"], second["result"]);
    assert_eq!(second["id"], 2);
    assert_eq!(daemon.call("goxel.list_layers", json!([]))["count"], 2);
    let stranger = daemon.ask(&create(3, 2, &json!("another run")));
    assert_eq!(stranger["error"]["code"], 1006);
    assert_eq!(daemon.call("goxel.list_layers", json!([]))["count"], 2);
}

#[test]
fn an_unknown_project_is_told_with_those_that_are_open() {
    let mut daemon = Daemon::default();
    let error =
        daemon.fail("goxel.add_voxel", json!({"project": "castle", "x": 1, "y": 1, "z": 1}));
    assert_eq!(
        (error["code"].clone(), error["data"]["known"].clone()),
        (json!(1001), json!(["default"]))
    );
}
