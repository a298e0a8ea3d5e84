//! One connection speaks one framing for life, whatever its first bytes are.

use std::io::{Read, Write};

use serde_json::json;

use crate::server::daemon::{Daemon, Text, eventually, frame, request};

fn ping(id: u32) -> String {
    request(id, "ping", json!({}))
}

#[test]
fn each_client_gets_only_its_own_framing() {
    let daemon = Daemon::start();
    let text = daemon.exchange((ping(1) + &ping(2) + "garbage\n").as_bytes());
    assert!(!text.contains(&0));
    assert_eq!(String::from_utf8(text).unwrap().lines().count(), 3);

    let mut binary = daemon.binary();
    for id in [1, 0x7B22_0000, u32::MAX] {
        let answer = binary.ask(id, &ping(id));
        assert_eq!((answer.id, answer.kind), (id, 0));
        assert_eq!(answer.json()["id"], id);
        assert!(!answer.payload.contains(&b'\n'));
    }
    assert_eq!(binary.ask(9, "garbage").json()["error"]["code"], -32700);
    assert_eq!(binary.ask(9, "{}").json()["error"]["code"], -32600);
}

#[test]
fn clients_of_all_dialects_interleaved_byte_by_byte_do_not_mix() {
    let daemon = Daemon::start();
    let body = ping(3);
    let messages = [
        (ping(1) + "\n").into_bytes(),
        frame(2, 0, ping(2).as_bytes()),
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
        br#"{"tool":"ping","arguments":{}}"#.to_vec(),
        b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
    ];
    let mut streams: Vec<_> = messages.iter().map(|_| daemon.connect()).collect();
    let longest = messages.iter().map(Vec::len).max().unwrap();
    for at in 0..longest {
        for (stream, message) in streams.iter_mut().zip(&messages) {
            if let Some(byte) = message.get(at) {
                stream.write_all(&[*byte]).unwrap();
            }
        }
    }
    let starts: [&[u8]; 5] = [
        br#"{"jsonrpc":"2.0","result":{"pong":true"#,
        &2u32.to_be_bytes(),
        b"Content-Length: ",
        br#"{"success":true"#,
        b"HTTP/1.1 200 OK\r\n",
    ];
    for (mut stream, start) in streams.into_iter().zip(starts) {
        let mut answer = vec![0; start.len()];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, start);
    }
}

#[test]
fn two_requests_in_one_write_get_two_replies() {
    let daemon = Daemon::start();
    let mut text = daemon.text();
    text.send(&(ping(1) + &ping(2)));
    assert_eq!((&text.answer()["id"], &text.answer()["id"]), (&json!(1), &json!(2)));
    let mut binary = daemon.binary();
    binary.send(&[frame(1, 0, ping(1).as_bytes()), frame(2, 0, ping(2).as_bytes())].concat());
    assert_eq!((binary.frame().unwrap().id, binary.frame().unwrap().id), (1, 2));
}

#[test]
fn a_request_split_at_every_byte_is_answered_once() {
    let daemon = Daemon::start();
    let request = ping(7);
    for cut in 1..request.len() {
        let mut text = daemon.text();
        let (head, tail) = request.split_at(cut);
        text.send(head);
        // Another connection's answer shows that the head was read on its own.
        daemon.text().ping();
        text.send(tail);
        assert_eq!(text.answer()["id"], 7, "cut at {cut}");
        text.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(text.is_closed(), "cut at {cut}");
    }
}

#[test]
fn white_space_or_a_bracket_first_is_text() {
    let daemon = Daemon::start();
    for lead in ["\n", " \r\n\t", "\n\n\n\n\n\n\n\n\n"] {
        assert_eq!(daemon.lines(&(lead.to_string() + &ping(1)))[0]["id"], 1, "{lead:?}");
    }
    let batch = format!("[{},{}]", ping(1), ping(2));
    assert_eq!(daemon.lines(&batch)[0][1]["id"], 2);
    let pretty = "{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 5,\n\n  \"method\": \"ping\"\n}\n";
    assert_eq!(daemon.lines(pretty)[0]["id"], 5);
}

#[test]
fn a_binary_id_that_looks_like_json_is_binary() {
    let daemon = Daemon::start();
    for id in [0x7B22_0000, 0x7B22_FFFF, 0x5B7B_2020, 0x4745_5420] {
        let mut binary = daemon.binary();
        assert_eq!(binary.ask(id, &ping(1)).id, id, "{id:08x}");
    }
}

#[test]
fn a_complete_short_value_is_answered_without_a_line_feed_or_an_end() {
    let daemon = Daemon::start();
    for short in ["{}", "[]", "[1]", "\"hi\"", " {} "] {
        let answer = daemon.text().ask(short);
        let error = if short == "[1]" { &answer[0]["error"] } else { &answer["error"] };
        assert_eq!(error["code"], -32600, "{short}: {answer}");
    }
    assert_eq!(daemon.text().ask("hi\n")["error"]["code"], -32700);
}

#[test]
fn http_gets_one_exchange_and_a_close() {
    let daemon = Daemon::start();
    let page = |request: &str| {
        let answer = daemon.exchange(request.as_bytes());
        String::from_utf8(answer).unwrap()
    };
    let health = page("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.contains("\"status\":\"pass\""));
    // The connection before may not be gone yet.
    let metrics = || page("GET /metrics HTTP/1.1\r\n\r\n");
    eventually("one connection is counted", || metrics().contains("\ngoxel_connections 1\n"));
    let head = page("HEAD /ready HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n") && head.contains("Content-Length: 6\r\n"), "{head}");
    assert!(page("GET /nothing HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(page("POST /health HTTP/1.1\r\n\r\n{}").starts_with("HTTP/1.1 405 "));
    assert!(page("GET /\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9000));
    assert!(page(&long).starts_with("HTTP/1.1 431 "));
    let twice = page("GET /ready HTTP/1.1\r\n\r\nGET /ready HTTP/1.1\r\n\r\n");
    assert_eq!(twice.matches("HTTP/1.1").count(), 1);
}

#[test]
fn an_http_client_that_keeps_its_side_open_sees_the_end() {
    let daemon = Daemon::start();
    let mut stream = daemon.connect();
    stream.write_all(b"GET /ready HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("ready\n"));
}

#[test]
fn header_framed_clients_get_header_framed_answers_and_one_error_for_bad_headers() {
    let daemon = Daemon::start();
    let body = ping(1);
    let message = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let answer = String::from_utf8(daemon.exchange(message.repeat(2).as_bytes())).unwrap();
    assert_eq!(answer.matches("Content-Length: ").count(), 2);
    for bad in ["Content-Length: x\r\n\r\n", "Content-Type: json\r\n\r\n{}"] {
        let mut stream = daemon.connect();
        stream.write_all(bad.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("-32700") && answer.contains("\"hint\""), "{answer}");
    }
}

#[test]
fn the_bulk_types_are_answered_and_any_other_type_is_json() {
    let daemon = Daemon::start();
    let mut binary = daemon.binary();
    binary.send(&frame(1, 0xB0FF, b"\x00\x01"));
    let answer = binary.frame().unwrap();
    assert_eq!((answer.id, answer.kind), (1, 0));
    assert_eq!(answer.json()["error"]["code"], -32600);
    binary.send(&frame(2, 3, ping(2).as_bytes()));
    assert_eq!(binary.frame().unwrap().json()["id"], 2);
}

#[test]
fn text_and_binary_clients_of_one_daemon_see_the_same_document() {
    let daemon = Daemon::start();
    let mut text = daemon.text();
    let mut binary = daemon.binary();
    text.call("goxel.add_voxel", json!([1, 2, 3, 255, 0, 0, 255]));
    let answer = binary.ask(1, &request(1, "goxel.get_voxel", json!([1, 2, 3])));
    assert_eq!(answer.json()["error"], json!(null), "{:?}", answer.json());
    let again = text.call("goxel.get_voxel", json!([1, 2, 3]));
    assert_eq!(again["result"], answer.json()["result"]);
}

#[test]
fn answers_are_one_line_even_if_the_request_was_not() {
    let daemon = Daemon::start();
    let text = "{\"jsonrpc\":\"2.0\",\n\"id\": [\n],\n\"method\":\"echo\"}\n\
                {\"jsonrpc\":\"2.0\",\"id\":\"a\\u000ab\",\"method\":\"echo\",\"params\":[ 1,\n2 ]}";
    let lines = daemon.lines(text);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["result"], json!([1, 2]));
    let _ = Text::new(daemon.connect());
}
