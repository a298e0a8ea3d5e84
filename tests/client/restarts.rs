//! The daemon killed with -9 and started again, over and over, under a pool that makes mixed calls.
//!
//! `GOXEL_RESTARTS` sets how often. What a killed daemon held in memory is gone and not looked for;
//! all else is: every call ends, nothing is applied twice, what is reported applied is there, what
//! is reported not applied is not.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use goxel_daemon::client::{
    Autostart, Connection, ConnectionOptions, DaemonCommand, Histogram, Outcome, Pool, PoolOptions,
};
use serde_json::{Value, json};

use crate::client::random::{Random, setting};
use crate::support::process;

const THREADS: u64 = 4;
/// The plan's bound on recovery.
const RECOVERY_BOUND: Duration = Duration::from_secs(5);
/// No call may take longer: its own limit, and room for a busy machine.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// What was said of a call that makes a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    /// Applied, by a call that began after the daemon's latest start.
    Applied,
    /// Applied, but perhaps by a daemon that is gone.
    AppliedEarlier,
    NotApplied,
    Unknown,
}

/// What the calling threads and the one that kills share.
struct Shared {
    pool: Pool,
    said: Mutex<HashMap<String, Said>>,
    /// When the daemon that lives now was found to listen.
    started: Mutex<Instant>,
    /// When the first call after that succeeded.
    first_success: Mutex<Option<Instant>>,
    slowest: Mutex<Duration>,
    stop: AtomicBool,
}

#[test]
fn the_pool_recovers_from_every_kill_and_what_it_reports_is_true() {
    let restarts = setting("GOXEL_RESTARTS", 12);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("d.sock");
    let mut daemon = Running::start(&socket);
    let options = PoolOptions {
        call_timeout: Duration::from_secs(10),
        acquire_timeout: Duration::from_secs(10),
        ..PoolOptions::default()
    };
    let shared = Shared {
        pool: Pool::builder().socket(&socket).options(options).build().unwrap(),
        said: Mutex::default(),
        started: Mutex::new(Instant::now()),
        first_success: Mutex::default(),
        slowest: Mutex::default(),
        stop: AtomicBool::new(false),
    };
    let mut recovery = Histogram::default();
    let mut random = Random::new(20);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let shared = &shared;
            scope.spawn(move || call_until_stopped(shared, thread));
        }
        for _ in 0..restarts {
            std::thread::sleep(Duration::from_millis(20 + random.below(60)));
            check(&shared, &socket);
            daemon.kill_and_restart();
            recovery.record(time_to_first_success(&shared));
        }
        std::thread::sleep(Duration::from_millis(20));
        shared.stop.store(true, Ordering::SeqCst);
    });
    check(&shared, &socket);
    report(&shared, &recovery, restarts);
    assert!(recovery.max() < RECOVERY_BOUND, "{:?}", recovery.max());
    assert!(*shared.slowest.lock().unwrap() < CALL_LIMIT);
}

#[test]
fn a_pool_starts_the_daemon_when_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let (socket, state) = (directory.path().join("d.sock"), directory.path().join("state"));
    let command = DaemonCommand {
        program: env!("CARGO_BIN_EXE_goxel-daemon").into(),
        arguments: vec!["--journal=none".into(), "--state-dir".into(), state.into()],
        log: Some(directory.path().join("log")),
    };
    let options = PoolOptions {
        autostart: Autostart::Spawn(command),
        acquire_timeout: Duration::from_secs(20),
        ..PoolOptions::default()
    };
    let pool = Pool::builder().socket(&socket).options(options).build().unwrap();
    let status: Value = pool.call("status", ()).unwrap();
    let pid = status["pid"].as_u64().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    drop(pool);
    process::wait_for("the daemon to end", || {
        std::os::unix::net::UnixStream::connect(&socket).is_err()
    });
}

fn report(shared: &Shared, recovery: &Histogram, restarts: u64) {
    let said = shared.said.lock().unwrap();
    let count = |what: Said| said.values().filter(|said| **said == what).count();
    let stats = shared.pool.stats();
    println!(
        "{restarts} kills: recovery after the socket was back p50 {:?} p90 {:?} p99 {:?} max {:?}",
        recovery.quantile(0.5),
        recovery.quantile(0.9),
        recovery.quantile(0.99),
        recovery.max()
    );
    println!(
        "{} calls, slowest {:?}; of the layers {} applied, {} not applied, {} unknown; {} retries",
        stats.calls,
        shared.slowest.lock().unwrap(),
        count(Said::Applied) + count(Said::AppliedEarlier),
        count(Said::NotApplied),
        count(Said::Unknown),
        stats.retries
    );
    assert!(count(Said::Applied) + count(Said::AppliedEarlier) > 0);
}

fn call_until_stopped(shared: &Shared, thread: u64) {
    let mut random = Random::new(thread);
    let mut number = 0u64;
    while !shared.stop.load(Ordering::SeqCst) {
        number += 1;
        let start = Instant::now();
        let succeeded = call_one(shared, &mut random, thread, number, start);
        let now = Instant::now();
        let mut slowest = shared.slowest.lock().unwrap();
        *slowest = (*slowest).max(now - start);
        drop(slowest);
        if succeeded {
            shared.first_success.lock().unwrap().get_or_insert(now);
        }
        // A person's pace, times a hundred: layers make every later look at the project longer.
        std::thread::sleep(Duration::from_micros(random.below(2000)));
    }
}

fn call_one(
    shared: &Shared,
    random: &mut Random,
    thread: u64,
    number: u64,
    start: Instant,
) -> bool {
    if !random.chance(50) {
        let at = [random.below(64), random.below(64), random.below(64)];
        return match random.below(3) {
            0 => shared.pool.call_raw("ping", ()).is_ok(),
            1 => shared.pool.call_raw("goxel.get_voxel", at).is_ok(),
            _ => {
                let params = json!({ "position": at, "color": [0, 255, 0] });
                shared.pool.call_raw("goxel.add_voxel", params).is_ok()
            }
        };
    }
    let name = format!("{thread}-{number}");
    let result = shared.pool.call_raw("goxel.create_layer", json!({ "name": name }));
    // Under one lock with the restart: nothing is called Applied that belongs to a daemon that is
    // gone.
    let mut all = shared.said.lock().unwrap();
    let started = *shared.started.lock().unwrap();
    let said = match &result {
        Ok(_) if start > started => Said::Applied,
        Ok(_) => Said::AppliedEarlier,
        Err(error) => match error.outcome {
            Outcome::Applied => Said::AppliedEarlier,
            Outcome::NotApplied => Said::NotApplied,
            Outcome::Unknown => Said::Unknown,
        },
    };
    all.insert(name, said);
    result.is_ok()
}

/// Compares what was said so far with the document.
fn check(shared: &Shared, socket: &Path) {
    let said = shared.said.lock().unwrap().clone();
    let started = *shared.started.lock().unwrap();
    let mut direct = Connection::open_at(socket, ConnectionOptions::default()).unwrap();
    let listed: Value = direct.call("goxel.list_layers", ()).unwrap();
    let mut names: HashMap<String, u64> = HashMap::new();
    for layer in listed["layers"].as_array().unwrap() {
        *names.entry(layer["name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for (name, count) in &names {
        assert_eq!(*count, 1, "layer {name} was made {count} times");
    }
    for (name, said) in &said {
        let is_there = names.contains_key(name);
        match said {
            Said::Applied => assert!(is_there, "{name} was reported applied and is not there"),
            Said::NotApplied => assert!(!is_there, "{name} was reported not applied and is there"),
            Said::AppliedEarlier | Said::Unknown => {}
        }
    }
    assert_eq!(started, *shared.started.lock().unwrap(), "only one thread restarts the daemon");
}

impl Running {
    fn start(socket: &Path) -> Running {
        let mut command = process::command();
        command.arg("--socket").arg(socket).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let running = Running { child, socket: socket.to_owned() };
        running.wait_until_it_listens();
        running
    }

    fn wait_until_it_listens(&self) {
        process::wait_for("the daemon to listen", || {
            std::os::unix::net::UnixStream::connect(&self.socket).is_ok()
        });
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The daemon that lives now.
struct Running {
    child: Child,
    socket: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// `Child::kill` sends SIGKILL: the daemon has no chance to say goodbye.
    fn kill_and_restart(&mut self) {
        self.kill();
        *self = Running::start(&self.socket);
    }
}

/// The daemon has just been found to listen again: how long until a call succeeds?
fn time_to_first_success(shared: &Shared) -> Duration {
    let back = Instant::now();
    // From here on everything that is called Applied belongs to the daemon that lives now.
    let mut said = shared.said.lock().unwrap();
    said.values_mut().filter(|said| **said == Said::Applied).for_each(|said| {
        *said = Said::AppliedEarlier;
    });
    *shared.started.lock().unwrap() = back;
    drop(said);
    *shared.first_success.lock().unwrap() = None;
    loop {
        if let Some(moment) = *shared.first_success.lock().unwrap() {
            return moment.saturating_duration_since(back);
        }
        assert!(back.elapsed() < RECOVERY_BOUND, "no call succeeds within {RECOVERY_BOUND:?}");
        std::thread::sleep(Duration::from_micros(500));
    }
}
