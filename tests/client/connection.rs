//! One connection.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use goxel_daemon::client::{
    Batch, Connection, ConnectionOptions, Error, ErrorKind, Framing, Outcome,
};
use serde_json::{Value, json};

use crate::support::fake::FakeDaemon;

/// Nothing in these tests takes longer than this unless it hangs.
const HANG: Duration = Duration::from_secs(20);

fn options(framing: Framing) -> ConnectionOptions {
    ConnectionOptions { framing, call_timeout: HANG, ..ConnectionOptions::default() }
}

fn with_daemon(test: impl Fn(&FakeDaemon, Connection)) {
    for framing in [Framing::Text, Framing::Binary] {
        let directory = tempfile::tempdir().unwrap();
        let daemon = FakeDaemon::start(&directory.path().join("d.sock"));
        let connection = Connection::open_at(&daemon.path, options(framing)).unwrap();
        test(&daemon, connection);
    }
}

#[test]
fn typed_and_raw_calls_are_answered_in_both_framings() {
    with_daemon(|daemon, mut connection| {
        assert_eq!(connection.ping().unwrap().instance.as_deref(), Some(daemon.instance.as_str()));
        let echoed: Vec<i32> = connection.call("echo", [1, 2, 3]).unwrap();
        assert_eq!(echoed, [1, 2, 3]);
        let raw = connection.call_raw("echo", json!({"a": "ü\n"})).unwrap();
        assert_eq!(serde_json::from_str::<Value>(raw.get()).unwrap(), json!({"a": "ü\n"}));
        assert_eq!(connection.stats().calls, 3);
        assert!(connection.stats().bytes_in > 0 && connection.stats().bytes_out > 0);
    });
}

#[test]
fn an_error_of_the_daemon_is_told_and_the_connection_stays_usable() {
    with_daemon(|_, mut connection| {
        let error = connection.call_raw("nonsense", ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.outcome(), Outcome::NotApplied);
        let error = connection.call::<String>("echo", [1]).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Applied);
        assert!(error.to_string().contains("echo"), "{error}");
        connection.ping().unwrap();
    });
}

#[test]
fn pipelined_requests_are_matched_whatever_the_order_of_waiting() {
    with_daemon(|_, mut connection| {
        let tickets: Vec<_> = (0..500).map(|i| connection.send("echo", [i]).unwrap()).collect();
        assert_eq!(connection.unanswered(), 500);
        for (i, ticket) in tickets.into_iter().enumerate().rev() {
            assert_eq!(connection.wait(ticket).unwrap().get(), format!("[{i}]"));
        }
        assert_eq!(connection.unanswered(), 0);
    });
}

#[test]
fn more_is_pipelined_than_both_socket_buffers_hold() {
    with_daemon(|_, mut connection| {
        let text = "x".repeat(100_000);
        let tickets: Vec<_> = (0..60).map(|_| connection.send("echo", [&text]).unwrap()).collect();
        connection.flush().unwrap();
        for ticket in tickets {
            assert_eq!(connection.wait(ticket).unwrap().get().len(), text.len() + 4);
        }
    });
}

#[test]
fn a_batch_returns_its_answers_in_order_and_errors_in_their_places() {
    with_daemon(|_, mut connection| {
        let mut batch = Batch::new();
        batch.call("echo", [1]).unwrap().notify("echo", [2]).unwrap();
        batch.call("nonsense", ()).unwrap().call("echo", [3]).unwrap();
        let answers = connection.batch(&batch).unwrap();
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0].as_ref().unwrap().get(), "[1]");
        assert_eq!(answers[1].as_ref().unwrap_err().code, -32601);
        assert_eq!(answers[2].as_ref().unwrap().get(), "[3]");
        let mut silent = Batch::new();
        silent.notify("echo", ()).unwrap();
        assert!(connection.batch(&silent).unwrap().is_empty());
        assert!(connection.batch(&Batch::new()).unwrap().is_empty());
        connection.ping().unwrap();
    });
}

#[test]
fn notifications_are_sent_without_an_answer() {
    with_daemon(|_, mut connection| {
        connection.notify("echo", [1]).unwrap();
        assert_eq!(connection.call_raw("echo", [2]).unwrap().get(), "[2]");
    });
}

#[test]
fn unsolicited_messages_wait_in_order_and_the_oldest_are_dropped_over_the_limit() {
    with_daemon(|_, mut connection| {
        connection.call_raw("tell", json!({"count": 3})).unwrap();
        for seq in 0..3 {
            let notification = connection.next_notification(HANG).unwrap().unwrap();
            assert_eq!(notification.method, "goxel.changed");
            assert_eq!(notification.params.get(), format!(r#"{{"seq":{seq}}}"#));
        }
        assert!(connection.next_notification(Duration::from_millis(1)).unwrap().is_none());
        connection.call_raw("tell", json!({"count": 1030})).unwrap();
        let kept = connection.take_notifications();
        assert_eq!(kept.len(), 1024);
        assert_eq!(kept[0].params.get(), r#"{"seq":6}"#);
        assert_eq!(connection.stats().notifications_dropped, 6);
    });
}

#[test]
fn progress_is_reported_while_other_notifications_are_kept() {
    with_daemon(|_, mut connection| {
        connection.call_raw("tell", json!({"count": 1})).unwrap();
        let mut seen = Vec::new();
        let every = Duration::from_millis(5);
        let result = connection
            .call_with_progress("long", json!({}), every, |at| seen.push((at.done, at.total)))
            .unwrap();
        assert_eq!(result.get(), "5");
        assert_eq!(seen, [(1, 3), (2, 3), (3, 3)]);
        assert_eq!(connection.take_notifications().len(), 1);
        let refused = connection.call_with_progress("long", [1], every, |_| ());
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Usage);
    });
}

#[test]
fn a_time_out_leaves_the_connection_usable_and_drops_the_late_answer() {
    with_daemon(|_, mut connection| {
        connection.set_call_timeout(Duration::from_millis(20));
        let error = connection.call_raw("sleep", json!({"ms": 1_000})).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::TimedOut, Outcome::Unknown));
        assert!(error.to_string().contains("sleep took longer than 20ms"), "{error}");
        connection.set_call_timeout(HANG);
        assert_eq!(connection.call_raw("echo", [7]).unwrap().get(), "[7]");
    });
}

#[test]
fn a_connection_that_is_cut_says_so_and_stays_broken() {
    with_daemon(|daemon, mut connection| {
        let error = connection.call_raw("close", ()).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Lost, Outcome::Unknown));
        assert!(!connection.is_open());
        let again = connection.ping().unwrap_err();
        assert_eq!((again.kind(), again.outcome()), (ErrorKind::Lost, Outcome::NotApplied));

        let mut other = Connection::open_at(&daemon.path, options(Framing::Text)).unwrap();
        other.ping().unwrap();
        assert!(other.is_open());
        daemon.cut_all();
        let deadline = Instant::now() + HANG;
        while other.is_open() {
            assert!(Instant::now() < deadline);
        }
    });
}

#[test]
fn an_error_without_id_answers_the_oldest_request() {
    with_daemon(|_, mut connection| {
        let error = connection.call_raw("null_error", ()).unwrap_err();
        let Error::Remote(remote) = error else { panic!("{error}") };
        assert_eq!(remote.code, -32700);
        assert_eq!(connection.call_raw("echo", [1]).unwrap().get(), "[1]");
    });
}

#[test]
fn nonsense_from_the_daemon_is_a_protocol_error() {
    with_daemon(|_, mut connection| {
        let error = connection.call_raw("garbage", ()).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::Unknown));
    });
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_stream(near, options(Framing::Text)).unwrap();
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let error = connection.ping().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("HTTP/1.1 200 OK"), "{error}");
}

#[test]
fn a_reply_over_the_limit_is_refused_by_its_header() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let limits = ConnectionOptions { max_message_bytes: 1000, ..options(Framing::Binary) };
    let mut connection = Connection::from_stream(near, limits).unwrap();
    let header = [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    far.write_all(&header).unwrap();
    let error = connection.ping().unwrap_err();
    assert!(error.to_string().contains("max_message_bytes"), "{error}");
}

#[test]
fn a_daemon_that_is_full_says_so_before_it_closes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let line =
                r#"{"jsonrpc":"2.0","error":{"code":1007,"message":"Server full"},"id":null}"#;
            stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
    });
    for pause in [0, 50] {
        let mut connection = Connection::open_at(&path, options(Framing::Text)).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        let error = connection.ping().unwrap_err();
        let transient = error.is_transient();
        let Error::Remote(remote) = error else { panic!("{error}") };
        assert_eq!(remote.code, 1007);
        assert!(transient);
    }
    thread.join().unwrap();
}

#[test]
fn a_request_that_was_not_written_whole_is_not_applied() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_stream(near, options(Framing::Text)).unwrap();
    connection.set_call_timeout(Duration::from_millis(50));
    let big = "x".repeat(4 << 20);
    let error = connection.call_raw("echo", [&big]).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TimedOut, Outcome::NotApplied));
    // The peer reads a part and goes away: still not whole.
    let mut part = vec![0; 1000];
    far.read_exact(&mut part).unwrap();
    drop(far);
    let error = connection.call_raw("echo", [1]).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Lost, Outcome::NotApplied));
}

#[test]
fn no_daemon_is_an_error_that_names_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nobody.sock");
    let error = Connection::open_at(&path, ConnectionOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unreachable, Outcome::NotApplied));
    assert!(error.to_string().contains("nobody.sock"), "{error}");
    drop(UnixListener::bind(&path).unwrap());
    let error = Connection::open_at(&path, ConnectionOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
}

#[test]
fn probes_are_answered_while_the_connection_is_used() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_stream(near, options(Framing::Text)).unwrap();
    let probe = "{\"jsonrpc\":\"2.0\",\"method\":\"connection.probe\",\"params\":{\"seq\":5}}\n";
    far.write_all(probe.as_bytes()).unwrap();
    assert!(connection.is_open());
    let mut reply = [0; 200];
    let count = far.read(&mut reply).unwrap();
    let reply: Value = serde_json::from_slice(&reply[..count]).unwrap();
    assert_eq!(reply["method"], "connection.alive");
    assert_eq!(reply["params"]["seq"], 5);
    assert!(reply.get("id").is_none());
}
