//! A daemon that lives behind connections that do not: no call is lost, none is applied twice.
//!
//! `GOXEL_FAULT_SEEDS` sets how many seeds run, `GOXEL_FAULT_FIRST` the first of them; a failure
//! names its seed, and `GOXEL_FAULT_FIRST=SEED GOXEL_FAULT_SEEDS=1` runs it alone.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use goxel_daemon::client::{
    BackoffRange, CallError, Connection, ConnectionOptions, Framing, Pool, PoolOptions,
};
use serde_json::{Value, json};

use crate::client::proxy::Proxy;
use crate::client::random::{Random, setting};
use crate::support::process::Daemon;

const THREADS: u64 = 3;
const CALLS: u64 = 12;

/// What one seed came to.
#[derive(Default)]
struct Run {
    calls: u64,
    cuts: u64,
    retries: u64,
    connections: u64,
}

#[test]
fn no_call_is_lost_or_doubled_over_connections_that_break() {
    let (first, seeds) = (setting("GOXEL_FAULT_FIRST", 1), setting("GOXEL_FAULT_SEEDS", 60));
    let daemon = Daemon::start();
    let directory = tempfile::tempdir().unwrap();
    let mut total = Run::default();
    for seed in first..first + seeds {
        let run = std::panic::catch_unwind(|| run_seed(seed, daemon.socket(), directory.path()))
            .unwrap_or_else(|_| panic!("seed {seed} failed"));
        total.calls += run.calls;
        total.cuts += run.cuts;
        total.retries += run.retries;
        total.connections += run.connections;
    }
    println!(
        "{seeds} seeds: {} calls, {} connections, {} cut, {} retries; none lost, none doubled",
        total.calls, total.connections, total.cuts, total.retries
    );
    assert!(seeds < 20 || total.retries > 0, "the proxy did no harm");
}

fn run_seed(seed: u64, daemon: &Path, directory: &Path) -> Run {
    let mut direct = Connection::open_at(daemon, ConnectionOptions::default()).unwrap();
    direct.call_raw("goxel.create_project", ["faults"]).unwrap();
    let proxy = Proxy::start(&directory.join(format!("{seed}.sock")), daemon, seed);
    let pool = pool(&proxy.path, seed);
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let pool = &pool;
                scope.spawn(move || call_all(pool, seed, thread))
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    check(&reports, &mut direct);
    let retries = pool.stats().retries;
    drop(pool);
    let connections = proxy.connections.load(std::sync::atomic::Ordering::SeqCst);
    let cuts = proxy.cuts.load(std::sync::atomic::Ordering::SeqCst);
    Run { calls: reports.len() as u64, cuts, retries, connections }
}

fn pool(path: &Path, seed: u64) -> Pool {
    let quick =
        BackoffRange { first: Duration::from_micros(200), longest: Duration::from_millis(2) };
    let framing = if seed.is_multiple_of(2) { Framing::Text } else { Framing::Binary };
    let options = PoolOptions {
        max_connections: 2,
        max_attempts: 1000,
        acquire_timeout: Duration::from_secs(60),
        call_timeout: Duration::from_secs(60),
        backoff: quick,
        connection: ConnectionOptions { framing, ..ConnectionOptions::default() },
        ..PoolOptions::default()
    };
    Pool::builder().socket(path).options(options).build().unwrap()
}

/// One call and what was said of it.
enum Report {
    /// A layer of this name was made: a change that shows when it is made twice.
    Layer(String, Result<(), CallError>),
    /// A voxel was set.
    Voxel([i64; 3], Result<(), CallError>),
    /// Something was read.
    Read(Result<(), CallError>),
}

fn call_all(pool: &Pool, seed: u64, thread: u64) -> Vec<Report> {
    let mut random = Random::new(seed.wrapping_mul(31).wrapping_add(thread));
    (0..CALLS).map(|number| call_one(pool, &mut random, thread, number)).collect()
}

fn call_one(pool: &Pool, random: &mut Random, thread: u64, number: u64) -> Report {
    match random.below(10) {
        0..5 => {
            let name = format!("{thread}-{number}");
            let result = pool.call_raw("goxel.create_layer", json!({ "name": name }));
            Report::Layer(name, result.map(drop))
        }
        5..8 => {
            let at = [thread as i64, number as i64, 0];
            let params = json!({ "position": at, "color": [255, 0, 0], "layer_id": 1 });
            Report::Voxel(at, pool.call_raw("goxel.add_voxel", params).map(drop))
        }
        8 => Report::Read(pool.call_raw("goxel.list_layers", ()).map(drop)),
        _ => {
            // Long enough to be cut in the middle, both ways.
            let text = "x".repeat(random.below(1000) as usize);
            let echoed = pool.call::<Vec<String>>("echo", [&text]);
            Report::Read(echoed.map(|echoed| assert_eq!(echoed, [text])))
        }
    }
}

/// The daemon lives, so every call must have succeeded, and the document must show each exactly
/// once.
fn check(reports: &[Report], direct: &mut Connection) {
    let listed: Value = direct.call("goxel.list_layers", ()).unwrap();
    let mut names: HashMap<&str, u64> = HashMap::new();
    for layer in listed["layers"].as_array().unwrap() {
        *names.entry(layer["name"].as_str().unwrap()).or_default() += 1;
    }
    let mut made = 0;
    for report in reports {
        match report {
            Report::Layer(name, result) => {
                result.as_ref().unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(names.get(name.as_str()), Some(&1), "layer {name}");
                made += 1;
            }
            Report::Voxel(_, result) | Report::Read(result) => {
                result.as_ref().unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
    assert_eq!(names.values().sum::<u64>(), made + 1, "layers beside those made and the first one");
    let first = listed["layers"][0]["id"].clone();
    for report in reports {
        let Report::Voxel(at, _) = report else { continue };
        let read = json!({ "position": at, "layer_id": first });
        let voxel: Value = direct.call("goxel.get_voxel", read).unwrap();
        assert_eq!(voxel["color"], json!([255, 0, 0, 255]), "{at:?}: {voxel}");
    }
}
