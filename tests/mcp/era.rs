//! Which revision a request speaks, and the exact errors of both eras.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Host, command, modern};
use crate::support::process::Daemon;

/// A host without a daemon.
fn alone() -> (tempfile::TempDir, Host) {
    let directory = tempfile::tempdir().unwrap();
    let host = Host::with(&directory.path().join("none.sock"), directory.path(), &[]);
    (directory, host)
}

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("an error, not {answer}"))
}

#[test]
fn a_handshake_comes_to_the_revision_asked_for_or_to_the_newest_of_its_era() {
    let (_directory, mut host) = alone();
    for (asked, got) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let answer = host.ask("initialize", json!({"protocolVersion": asked, "capabilities": {}}));
        assert_eq!(answer["result"]["protocolVersion"], got, "{asked}");
        assert_eq!(answer["result"]["serverInfo"]["name"], "goxel");
        assert!(answer["result"].get("resultType").is_none(), "{answer}");
    }
}

#[test]
fn a_host_that_discovers_and_then_shakes_hands_is_served_in_both_eras() {
    let (_directory, mut host) = alone();
    let found = host.ask_modern("server/discover", json!({}));
    assert_eq!(found["result"]["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(found["result"]["resultType"], "complete");
    assert!(found["result"]["ttlMs"].is_u64());
    assert_eq!(found["result"]["cacheScope"], "private");
    let shaken = host.shake_hands();
    assert_eq!(shaken["protocolVersion"], "2025-11-25");
    let older = host.ask("tools/list", json!({}));
    assert_eq!(older["result"]["tools"].as_array().unwrap().len(), 8);
    assert!(older["result"].get("ttlMs").is_none());
    let newer = host.ask_modern("tools/list", json!({}));
    assert_eq!(newer["result"]["tools"], older["result"]["tools"]);
    let server = &newer["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "goxel");
}

#[test]
fn tools_are_listed_without_any_greeting() {
    let (_directory, mut host) = alone();
    let answer = host.ask("tools/list", json!({}));
    assert_eq!(answer["result"]["tools"].as_array().unwrap().len(), 8);
}

#[test]
fn a_modern_request_that_lacks_what_it_needs_gets_its_own_error() {
    let (_directory, mut host) = alone();
    assert_eq!(code(&host.ask("server/discover", json!({}))), -32602);
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let with = |meta: Value| json!({ "_meta": meta });
    assert_eq!(code(&host.ask("tools/list", with(json!({capabilities: {}})))), -32602);
    assert_eq!(code(&host.ask("tools/list", with(json!({version: 7, capabilities: {}})))), -32602);
    assert_eq!(code(&host.ask("tools/list", with(json!({version: "2026-07-28"})))), -32602);
    let unknown = host.ask("tools/list", with(json!({version: "2031-01-01", capabilities: {}})));
    assert_eq!(code(&unknown), -32022);
    let data = json!({"supported": ["2026-07-28"], "requested": "2031-01-01"});
    assert_eq!(unknown["error"]["data"], data);
}

#[test]
fn methods_of_one_era_are_unknown_in_the_other() {
    let (_directory, mut host) = alone();
    for method in ["initialize", "ping", "logging/setLevel", "resources/subscribe"] {
        assert_eq!(code(&host.ask_modern(method, json!({}))), -32601, "{method}");
    }
    assert_eq!(code(&host.ask("subscriptions/listen", json!({"notifications": {}}))), -32601);
    assert_eq!(host.ask("ping", json!({}))["result"], json!({}));
    for method in ["nonsense", "tools/nonsense", "sampling/createMessage", ""] {
        assert_eq!(code(&host.ask(method, json!({}))), -32601, "{method}");
        assert_eq!(code(&host.ask_modern(method, json!({}))), -32601, "{method}");
    }
}

#[test]
fn wrong_params_have_exact_codes() {
    let (_directory, mut host) = alone();
    let cases = [
        ("tools/call", json!({"name": "voxel_nonsense"}), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({"name": "voxel_help", "arguments": [1]}), -32602),
        ("tools/list", json!({"cursor": "x"}), -32602),
        ("resources/list", json!({"cursor": "x"}), -32602),
        ("resources/templates/list", json!({"cursor": "x"}), -32602),
        ("prompts/list", json!({"cursor": "x"}), -32602),
        ("prompts/get", json!({"name": "nonsense"}), -32602),
        ("prompts/get", json!({"name": "build_from_description"}), -32602),
        ("resources/read", json!({}), -32602),
        ("resources/read", json!({"uri": "goxel://nonsense"}), -32002),
        ("completion/complete", json!({"ref": {"type": "x"}, "argument": {"name": "a"}}), -32602),
        ("skills/get", json!({"name": "nonsense"}), -32602),
        ("initialize", json!({}), -32602),
    ];
    for (method, params, expected) in cases {
        let answer = host.ask(method, params.clone());
        assert_eq!(code(&answer), expected, "{method} {params}: {answer}");
    }
    let missing = host.ask_modern("resources/read", json!({"uri": "goxel://nonsense"}));
    assert_eq!(code(&missing), -32602);
    assert_eq!(missing["error"]["data"]["uri"], "goxel://nonsense");
}

#[test]
fn what_is_no_request_is_refused_with_its_id_or_passed_over() {
    let (_directory, mut host) = alone();
    host.send("nonsense");
    host.send("");
    host.send("\r");
    host.send(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#);
    let answer = host.receive().unwrap();
    assert_eq!((code(&answer), answer.get("id")), (-32600, None));
    for bad in [
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
        r#"{"id":7,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#,
    ] {
        host.send(bad);
        let answer = host.receive().unwrap();
        assert_eq!((code(&answer), &answer["id"]), (-32600, &json!(7)), "{bad}");
    }
    // Notifications and answers get no answer, whatever they say.
    host.send(r#"{"jsonrpc":"2.0","method":"notifications/nonsense","params":{}}"#);
    host.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#);
    host.send(r#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
    host.send("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\r");
    assert_eq!(host.receive().unwrap(), json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
    assert_eq!(host.end(), Vec::<Value>::new());
}

#[test]
fn batches_are_taken_in_the_one_revision_that_has_them() {
    let (_directory, mut host) = alone();
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},
        {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"voxel_help"}}]"#
        .replace('\n', " ");
    host.shake_hands();
    host.send(&batch);
    assert_eq!(code(&host.receive().unwrap()), -32600);
    let params = json!({"protocolVersion": "2025-03-26", "capabilities": {}});
    host.ask("initialize", params);
    host.send(&batch);
    let answers = host.receive().unwrap();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 2);
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!(2)));
}

#[test]
fn a_listener_is_acknowledged_told_and_ended_with_a_result() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let uri = "goxel://project/default";
    let wanted = json!({"resourcesListChanged": true, "toolsListChanged": true,
        "resourceSubscriptions": [uri]});
    let id = host.request("subscriptions/listen", modern(json!({"notifications": wanted})));
    let acknowledged = host.receive().unwrap();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    let params = &acknowledged["params"];
    assert_eq!(params["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    let honoured = json!({"resourcesListChanged": true, "resourceSubscriptions": [uri]});
    assert_eq!(params["notifications"], honoured);
    // The thread that hears of changes has to be there first.
    let mut told = Vec::new();
    crate::support::process::wait_for("a change to be told", || {
        host.text("voxel_edit", json!({"ops": [{"op": "voxels", "voxels": [[0, 0, 0, "red"]]}]}));
        host.text("voxel_history", json!({"action": "undo"}));
        told.extend(host.receive_within(Duration::from_millis(300)));
        told.append(&mut host.unasked);
        told.iter().any(|m| m["method"] == "notifications/resources/updated")
    });
    let update = told.iter().find(|m| m["method"] == "notifications/resources/updated").unwrap();
    assert_eq!(update["params"]["uri"], uri);
    assert_eq!(update["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    let ended = host.end();
    let last = ended.last().unwrap();
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(id), &json!("complete")));
}

#[test]
fn the_first_answer_comes_at_once_and_the_end_too() {
    let (_directory, mut host) = alone();
    host.ask("tools/list", json!({}));
    assert_eq!(host.end(), Vec::<Value>::new());
    // Two at once, as some hosts probe with a second copy.
    let directory = tempfile::tempdir().unwrap();
    let mut two = [(); 2].map(|()| {
        let mut command = command();
        command.current_dir(directory.path());
        Host::start(command)
    });
    for host in &mut two {
        host.ask_modern("server/discover", json!({}));
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
}
