//! The examples of the JSON-RPC specification, as a client of the socket sees them. Methods that
//! only the specification has are unknown here, and are answered as such.

use serde_json::{Value, json};

use crate::server::daemon::Daemon;

#[test]
fn each_example_gets_what_the_specification_says() {
    let daemon = Daemon::start();
    let error = |code: i64, id: Value| (Some(code), id);
    for (sent, expected) in [
        (
            r#"{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}"#,
            Some(error(-32601, json!(1))),
        ),
        (r#"{"jsonrpc":"2.0","method":"update","params":[1,2,3,4,5]}"#, None),
        (r#"{"jsonrpc":"2.0","method":"foobar"}"#, None),
        (r#"{"jsonrpc":"2.0","method":"foobar","id":"1"}"#, Some(error(-32601, json!("1")))),
        (
            r#"{"jsonrpc":"2.0","method":"foobar, "params":"bar","baz]"#,
            Some(error(-32700, Value::Null)),
        ),
        (r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#, Some(error(-32600, Value::Null))),
        (
            r#"[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method"]"#,
            Some(error(-32700, Value::Null)),
        ),
        ("[]", Some(error(-32600, Value::Null))),
    ] {
        let lines = daemon.lines(&(sent.to_string() + "\n"));
        let got = lines.first().map(|line| (line["error"]["code"].as_i64(), line["id"].clone()));
        assert_eq!(got, expected, "{sent}");
        assert!(lines.len() <= 1, "{lines:?}");
    }
}

#[test]
fn batches_are_answered_element_by_element() {
    let daemon = Daemon::start();
    assert_eq!(daemon.lines("[1]")[0].as_array().unwrap().len(), 1);
    let three = daemon.lines("[1,2,3]");
    assert!(three[0].as_array().unwrap().iter().all(|one| one["error"]["code"] == -32600));
    let mixed = daemon.lines(
        r#"[{"jsonrpc":"2.0","method":"ping","id":"1"},
            {"jsonrpc":"2.0","method":"notify_hello","params":[7]},
            {"jsonrpc":"2.0","method":"echo","params":[42,23],"id":"2"},
            {"foo":"boo"},
            {"jsonrpc":"2.0","method":"foo.get","params":{"name":"myself"},"id":"5"},
            {"jsonrpc":"2.0","method":"version","id":"9"}]"#,
    );
    let batch = mixed[0].as_array().unwrap();
    let ids: Vec<&Value> = batch.iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("1"), &json!("2"), &Value::Null, &json!("5"), &json!("9")]);
    assert_eq!(batch[2]["error"]["code"], -32600);
    assert_eq!(batch[3]["error"]["code"], -32601);
    let silent = r#"[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"nothing"}]"#;
    assert!(daemon.lines(silent).is_empty());
}

#[test]
fn requests_without_a_version_are_answered_leniently() {
    let daemon = Daemon::start();
    let answer = daemon.text().ask(r#"{"method":"ping"}"#);
    assert_eq!((&answer["result"]["pong"], &answer["id"]), (&json!(true), &Value::Null));
    let answer = daemon.text().ask(r#"{"method":"ping","id":4}"#);
    assert_eq!(answer["id"], 4);
}
