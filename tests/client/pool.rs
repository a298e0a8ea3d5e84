//! The pool: leases, fairness, health, recycling, recovery, retries, statistics.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use goxel_daemon::client::{
    Autostart, BackoffRange, ConnectionOptions, DaemonCommand, Effect, ErrorKind, Event, Grade,
    HealthOptions, Outcome, Pool, PoolOptions,
};
use serde_json::json;

use crate::support::fake::{FakeDaemon, Model};

/// Nothing in these tests takes longer than this unless it hangs.
const HANG: Duration = Duration::from_secs(20);
/// How long what does not come is waited for: enough for what comes, on a busy machine too.
const SOON: Duration = Duration::from_secs(2);

fn setup() -> (tempfile::TempDir, FakeDaemon) {
    let directory = tempfile::tempdir().unwrap();
    let daemon = FakeDaemon::start(&directory.path().join("d.sock"));
    (directory, daemon)
}

fn options() -> PoolOptions {
    PoolOptions { call_timeout: HANG, acquire_timeout: HANG, ..PoolOptions::default() }
}

fn pool(path: &Path, options: PoolOptions) -> Pool {
    Pool::builder().socket(path).options(options).build().unwrap()
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn calls_from_many_threads_share_at_most_the_maximum_of_connections() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, options());
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let pool = pool.clone();
            scope.spawn(move || {
                for i in 0..50 {
                    let echoed: Vec<i32> = pool.call("echo", [thread, i]).unwrap();
                    assert_eq!(echoed, [thread, i]);
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!(stats.calls, 800);
    assert!(stats.errors.is_empty(), "{stats:?}");
    assert!(daemon.connections.load(Ordering::SeqCst) <= 5);
    assert_eq!(stats.latency.count, 800);
    assert!(stats.bytes_in > 0 && stats.bytes_out > 0);
}

#[test]
fn a_change_is_applied_exactly_once_and_carries_its_session() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, options());
    for key in 0..20 {
        pool.call_raw("add", json!({"key": key})).unwrap();
    }
    let model = daemon.model.lock().unwrap();
    assert!((0..20).all(|key| model.applied[&key] == 1));
}

#[test]
fn who_waits_is_served_in_the_order_of_asking() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, PoolOptions { max_connections: 1, ..options() });
    let held = pool.lease().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (pool2, order) = (pool.clone(), order.clone());
            scope.spawn(move || {
                let _lease = pool2.lease().unwrap();
                order.lock().unwrap().push(number);
            });
            eventually("the caller waits", || pool.stats().waiting == number + 1);
        }
        drop(held);
    });
    assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<_>>());
    assert!(pool.stats().exhausted >= 8);
}

#[test]
fn waiting_ends_at_the_limit_of_time_and_at_the_limit_of_waiters() {
    let (_directory, daemon) = setup();
    let limits =
        PoolOptions { max_connections: 1, max_waiting: 1, acquire_timeout: SOON, ..options() };
    let impatient = pool(&daemon.path, limits.clone());
    let _held = impatient.lease().unwrap();
    let error = impatient.lease().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TimedOut, Outcome::NotApplied));
    assert_eq!(impatient.stats().waiting, 0);

    let patient = pool(&daemon.path, PoolOptions { acquire_timeout: HANG, ..limits });
    let held = patient.lease().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| patient.lease().map(|_| ()));
        eventually("one waits", || patient.stats().waiting == 1);
        let error = patient.lease().unwrap_err();
        assert!(error.to_string().contains("max_waiting"), "{error}");
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(patient.stats().waiting, 0);
}

#[test]
fn idle_connections_over_the_minimum_are_reaped_and_the_least_loaded_is_chosen() {
    let (_directory, daemon) = setup();
    let reaping = PoolOptions { idle_timeout: SOON, ..options() };
    let pool = pool(&daemon.path, reaping);
    let mut leases: Vec<_> = (0..5).map(|_| pool.lease().unwrap()).collect();
    assert_eq!(pool.stats().in_use, 5);
    for (count, lease) in leases.iter_mut().enumerate() {
        (0..count).for_each(|_| drop(lease.ping().unwrap()));
    }
    let least = leases[0].stats().opened_at;
    leases.reverse();
    drop(leases);
    assert_eq!(pool.lease().unwrap().stats().opened_at, least);
    eventually("only the minimum is left", || pool.stats().connections.len() == 1);
    assert_eq!(pool.stats().idle, 1);
}

#[test]
fn connections_are_recycled_after_their_calls_and_their_age() {
    let (_directory, daemon) = setup();
    let calls = PoolOptions { max_calls: 10, max_connections: 1, ..options() };
    let recycled = pool(&daemon.path, calls);
    (0..100).for_each(|i| drop(recycled.call_raw("echo", [i]).unwrap()));
    // Each connection's first call is the ping that asks whose it is.
    assert!(recycled.stats().recycled >= 10, "{:?}", recycled.stats());
    let age = PoolOptions { max_age: Duration::from_millis(20), max_connections: 1, ..options() };
    let aged = pool(&daemon.path, age);
    aged.call_raw("echo", [1]).unwrap();
    eventually("one is replaced", || aged.stats().recycled > 2 && aged.stats().idle == 1);
}

#[test]
fn connections_are_checked_graded_and_replaced_when_unhealthy() {
    let (_directory, daemon) = setup();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let health = HealthOptions {
        interval: Duration::from_millis(10),
        timeout: HANG,
        degraded: Duration::ZERO,
        unhealthy: HANG,
    };
    let degraded = Pool::builder()
        .socket(&daemon.path)
        .options(PoolOptions { health, ..options() })
        .on_event(move |event| seen.lock().unwrap().push(event.clone()))
        .build()
        .unwrap();
    eventually("a connection is degraded", || {
        degraded.stats().health == Grade::Degraded || {
            let stats = degraded.stats();
            stats.connections.iter().any(|row| row.grade == Grade::Degraded)
        }
    });
    let to_degraded = |event: &Event| matches!(event, Event::Graded { to: Grade::Degraded, .. });
    assert!(events.lock().unwrap().iter().any(to_degraded));
    assert_eq!(events.lock().unwrap()[0], Event::Opened { connection: 1 });

    let health = HealthOptions { unhealthy: Duration::ZERO, ..health };
    let unhealthy = pool(&daemon.path, PoolOptions { health, ..options() });
    eventually("it is replaced", || unhealthy.stats().closed > 2);
}

#[test]
fn warm_up_opens_the_minimum_and_drain_closes_everything() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, PoolOptions { min_connections: 3, ..options() });
    assert!(pool.warm_up(HANG) >= 3);
    let lease = pool.lease().unwrap();
    assert_eq!(pool.drain(Duration::from_millis(50)), 1);
    assert!(pool.lease().unwrap_err().to_string().contains("drained"));
    drop(lease);
    assert_eq!(pool.drain(HANG), 0);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.in_use, stats.opened - stats.closed), (0, 0, 0));
    let error = pool.call_raw("echo", [1]).unwrap_err();
    assert_eq!(error.outcome, Outcome::NotApplied);
}

#[test]
fn a_lease_with_unanswered_requests_or_a_subscription_is_not_reused() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, PoolOptions { max_connections: 1, ..options() });
    let mut lease = pool.lease().unwrap();
    let _ticket = lease.send("sleep", json!({"ms": 1})).unwrap();
    drop(lease);
    assert_eq!(pool.stats().closed, 1);
    let mut lease = pool.lease().unwrap();
    assert!(lease.subscribe(None, Duration::ZERO).is_err());
    drop(lease);
    assert_eq!(pool.stats().closed, 2);
}

#[test]
fn connections_that_the_daemon_cut_are_replaced_before_they_are_used() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, options());
    pool.call_raw("add", json!({"key": 1})).unwrap();
    daemon.cut_all();
    for key in 2..10 {
        pool.call_raw("add", json!({"key": key})).unwrap();
        daemon.cut_all();
    }
    let model = daemon.model.lock().unwrap();
    assert!((1..10).all(|key| model.applied[&key] == 1));
    assert!(pool.stats().lost >= 8);
}

#[test]
fn a_read_is_tried_again_and_an_error_of_the_daemon_is_not() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, PoolOptions { max_attempts: 3, ..options() });
    let error = pool.call_as(Effect::Read, "close", ()).unwrap_err();
    assert_eq!((error.attempts, error.outcome), (3, Outcome::NotApplied));
    let error = pool.call_raw("nonsense", ()).unwrap_err();
    assert_eq!((error.attempts, error.outcome), (1, Outcome::NotApplied));
    assert!(error.to_string().contains("nothing was applied"), "{error}");
    let stats = pool.stats();
    assert_eq!((stats.retries, stats.errors["lost"], stats.errors["refused"]), (2, 1, 1));
}

#[test]
fn another_daemon_process_makes_a_sent_change_unknown_and_it_is_not_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d.sock");
    let model: Arc<Mutex<Model>> = Arc::default();
    let mut first = FakeDaemon::start_as(&path, "one", Arc::clone(&model));
    let pool = pool(&path, options());
    pool.call_raw("add", json!({"key": 1})).unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| pool.call_raw("sleep", json!({"ms": 5_000})));
        eventually("the call has come", || model.lock().unwrap().slept == 1);
        first.stop();
        let _second = FakeDaemon::start_as(&path, "two", Arc::clone(&model));
        let error = call.join().unwrap().unwrap_err();
        assert_eq!(error.outcome, Outcome::Unknown, "{error}");
        assert!(error.to_string().contains("unknown"), "{error}");
        pool.call_raw("add", json!({"key": 2})).unwrap();
    });
    assert_eq!(model.lock().unwrap().applied[&2], 1);
    assert_eq!(pool.stats().unknown, 1);
}

#[test]
fn a_daemon_that_comes_back_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d.sock");
    let mut first = FakeDaemon::start_as(&path, "one", Arc::default());
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let pool = Pool::builder()
        .socket(&path)
        .options(options())
        .on_event(move |event| seen.lock().unwrap().push(event.clone()))
        .build()
        .unwrap();
    pool.call_raw("echo", [1]).unwrap();
    first.stop();
    let back = std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            pool.call_raw("echo", [2]).unwrap();
            Instant::now()
        });
        let failed = |event: &Event| matches!(event, Event::ConnectFailed { .. });
        eventually("it is missed", || events.lock().unwrap().iter().any(failed));
        let _second = FakeDaemon::start_as(&path, "two", Arc::default());
        let back = Instant::now();
        call.join().unwrap().saturating_duration_since(back)
    });
    println!("recovered {back:?} after the socket was back");
    assert!(back < Duration::from_secs(5));
    let events = events.lock().unwrap();
    let other = |event: &Event| matches!(event, Event::Reconnected { other_instance: true, .. });
    assert!(events.iter().any(other), "{events:?}");
    assert_eq!(pool.stats().recovery.count, 1);
}

#[test]
fn no_daemon_is_an_error_after_the_limit_and_nothing_was_applied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nobody.sock");
    let short = PoolOptions { acquire_timeout: SOON, ..options() };
    let pool = pool(&path, short);
    let error = pool.call_raw("add", json!({"key": 1})).unwrap_err();
    assert_eq!((error.error.kind(), error.outcome), (ErrorKind::Unreachable, Outcome::NotApplied));
    assert!(pool.stats().failed >= 2);
    // An attempt to connect may be under way when the call gives up.
    eventually("nothing is in use", || pool.stats().in_use == 0);
}

#[test]
fn a_daemon_is_started_on_request_and_only_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("started.sock");
    let marks = directory.path().join("marks");
    // The program only notes that it was started; the fake takes its place.
    let script = format!("echo started >> {}", marks.display());
    let command = DaemonCommand {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into(), "daemon".into()],
        log: None,
    };
    let started = Arc::new(AtomicU64::new(0));
    let count = started.clone();
    let pool = Pool::builder()
        .socket(&path)
        .options(PoolOptions { autostart: Autostart::Spawn(command), ..options() })
        .on_event(move |event| {
            count.fetch_add(u64::from(*event == Event::Started), Ordering::SeqCst);
        })
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| pool.call_raw("echo", [1]).unwrap());
        eventually("it is started", || marks.exists());
        let _daemon = FakeDaemon::start(&path);
        call.join().unwrap();
    });
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "started\n");
    assert_eq!(started.load(Ordering::SeqCst), 1);
}

#[test]
fn contradicting_options_are_refused() {
    for wrong in [
        PoolOptions { max_connections: 0, min_connections: 0, ..options() },
        PoolOptions { min_connections: 9, ..options() },
        PoolOptions { max_attempts: 0, ..options() },
    ] {
        let error = Pool::builder().options(wrong).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn leases_come_and_go_from_many_threads_without_losing_a_slot() {
    let (_directory, daemon) = setup();
    let quick = BackoffRange { first: Duration::from_millis(1), longest: Duration::from_millis(5) };
    let limits = PoolOptions {
        max_connections: 3,
        max_calls: 7,
        backoff: quick,
        connection: ConnectionOptions::binary(),
        ..options()
    };
    let pool = pool(&daemon.path, limits);
    let barrier = Barrier::new(12);
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (pool, barrier, daemon) = (pool.clone(), &barrier, &daemon);
            scope.spawn(move || {
                barrier.wait();
                for i in 0..40 {
                    let mut lease = pool.lease().unwrap();
                    match (thread + i) % 9 {
                        0 => lease.discard("a test"),
                        1 => daemon.cut_all(),
                        _ => drop(lease.ping()),
                    }
                }
            });
        }
    });
    // What was cut last is still being replaced.
    eventually("nothing is being opened", || pool.stats().opening == 0);
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.waiting), (0, 0), "{stats:?}");
    assert!(stats.idle <= 3);
    assert_eq!(stats.opened, stats.closed + stats.lost + stats.idle as u64);
}

#[test]
fn statistics_are_json_and_lint_clean_prometheus_text() {
    let (_directory, daemon) = setup();
    let pool = pool(&daemon.path, options());
    pool.call_raw("echo", [1]).unwrap();
    let json = serde_json::to_value(pool.stats()).unwrap();
    assert_eq!(json["calls"], 1);
    assert_eq!(json["connections"][0]["instance"], "instance-1");
    assert!(json["connections"][0]["latency"]["p99_us"].as_f64().unwrap() > 0.0);
    let text = pool.prometheus();
    assert!(text.contains("goxel_client_calls_total 1\n"), "{text}");
    assert!(text.contains("goxel_client_call_duration_seconds_count 1\n"), "{text}");
    let mut names: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a family is declared twice");
    lint(&text);
}

fn lint(text: &str) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        crate::support::skip::skip("no promtool");
        return;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
