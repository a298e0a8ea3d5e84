//! Requests a second over a Unix socket, beside redis-server in the same run.
//!
//! One load generator drives both servers in turn, A B A B, with the same number of clients and the
//! same number of requests in flight. The server is pinned to the first processor and the generator
//! to the last ("split"), or both to one ("same", with `PLACEMENT=same`). Printed for each cell:
//! medians of requests a second, their ratio, the server's processor time a request, and latencies
//! where one request is in flight; and how fast a server is that only counts lines and answers each
//! with as many bytes as the daemon does ([`floor`]).
//!
//! `RUNS` (default 5) and `SECONDS` (default 1.0) set how long it takes; `--json FILE` keeps the
//! figures; words pick cells, as in `ping 50x128`. `DAEMON` names another build.

mod bulk;
mod floor;
mod load;
mod peers;

use std::io::Write;
use std::path::Path;

use load::{Load, Sample};
use peers::{Peer, Pinned};
use serde_json::json;

/// How the generator's requests read in each protocol.
struct Work {
    name: &'static str,
    ours: fn(u64) -> String,
    theirs: fn(u64) -> String,
}

const WORKS: [Work; 2] = [
    Work { name: "ping / PING", ours: our_ping, theirs: |_| "*1\r\n$4\r\nPING\r\n".to_owned() },
    Work { name: "add_voxel / SET", ours: our_voxel, theirs: their_set },
];

/// Clients and requests in flight.
const CELLS: [(usize, usize); 6] = [(1, 1), (1, 16), (1, 64), (50, 1), (50, 16), (50, 128)];

fn our_ping(number: u64) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"ping\"}}\n")
}

/// Positions walk through a box of 64x64x64.
fn our_voxel(number: u64) -> String {
    let (x, y, z) = (number & 63, number >> 6 & 63, number >> 12 & 63);
    let (r, g) = (number & 255, number >> 8 & 255);
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"goxel.add_voxel\",\"params\":[{x},{y},{z},{r},{g},7]}}\n"
    )
}

fn their_set(number: u64) -> String {
    let key = format!("v:{}", number & 0x3ffff);
    let value = format!("{:06x}", number & 0xff_ffff);
    format!("*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n${}\r\n{value}\r\n", key.len(), value.len())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

struct Side {
    rates: Vec<f64>,
    cpu_micros: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Side {
    fn new() -> Self {
        Side { rates: Vec::new(), cpu_micros: Vec::new(), p50: Vec::new(), p99: Vec::new() }
    }

    fn add(&mut self, sample: &Sample) {
        self.rates.push(sample.answers as f64 / sample.seconds);
        self.cpu_micros.push(sample.server_cpu * 1e6 / sample.answers as f64);
        self.p50.push(sample.p50_micros);
        self.p99.push(sample.p99_micros);
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "requests_per_second": median(self.rates.clone()),
            "server_cpu_us_per_request": median(self.cpu_micros.clone()),
            "p50_us": median(self.p50.clone()),
            "p99_us": median(self.p99.clone()),
        })
    }
}

/// Whether the words on the command line, if any, pick a cell: each names works or cells.
fn is_picked(words: &[String], work: &str, (clients, depth): (usize, usize)) -> bool {
    let cell = format!("{clients}x{depth}");
    let is_cell = |word: &&String| word.starts_with(|first: char| first.is_ascii_digit());
    let (cells, works): (Vec<&String>, Vec<&String>) = words.iter().partition(is_cell);
    (cells.is_empty() || cells.contains(&&cell))
        && (works.is_empty() || works.iter().any(|word| work.contains(word.as_str())))
}

/// The words on the command line, and the file for the figures.
fn arguments() -> (Vec<String>, Option<String>) {
    let (mut words, mut file) = (Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => file = arguments.next(),
            _ if argument.starts_with('-') => {}
            _ => words.push(argument),
        }
    }
    (words, file)
}

fn main() {
    let own: Vec<String> = std::env::args().collect();
    if let [_, floor::ARGUMENT, socket] = own.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        floor::serve(Path::new(socket)).expect("the floor serves");
    }
    let (words, file) = arguments();
    let Some(redis) = Peer::redis() else {
        println!("skipped: no redis-server");
        return;
    };
    let (ours, floor) = (Peer::daemon(), Peer::floor().expect("the floor starts"));
    let (runs, seconds) = (setting("RUNS", 5usize), setting("SECONDS", 1.0f64));
    let placement = setting("PLACEMENT", "split".to_owned());
    let pinned = Pinned::new(&placement, &[&ours, &redis, &floor]);
    println!("{pinned}; {runs} runs of {seconds} s a side, alternating; medians");
    println!(
        "{:18} {:>9}  {:>11} {:>11} {:>6}  {:>11} {:>8} {:>8} {:>8}  {:>15} {:>15}",
        "work",
        "clients x",
        "ours/s",
        "redis/s",
        "ratio",
        "floor/s",
        "our cpu",
        "redis",
        "floor",
        "our p50/p99 us",
        "redis p50/p99"
    );
    let mut cells = Vec::new();
    for work in &WORKS {
        for (clients, depth) in CELLS.into_iter().filter(|cell| is_picked(&words, work.name, *cell))
        {
            let (mut our_side, mut their_side) = (Side::new(), Side::new());
            let mut floor_side = Side::new();
            let load = Load { clients, depth, seconds, requests: 1 << 14 };
            // A first short run of each warms both up and is not counted.
            Load { seconds: seconds / 5.0, ..load }.run(&ours, work.ours);
            Load { seconds: seconds / 5.0, ..load }.run(&redis, work.theirs);
            for _ in 0..runs {
                our_side.add(&load.run(&ours, work.ours));
                their_side.add(&load.run(&redis, work.theirs));
                floor_side.add(&load.run(&floor, work.ours));
            }
            let (a, b) = (median(our_side.rates.clone()), median(their_side.rates.clone()));
            println!(
                "{:18} {clients:4} x {depth:<3}  {a:11.0} {b:11.0} {:6.2}  {:11.0} {:7.2}u {:7.2}u {:7.2}u  {:7.0}/{:<7.0} {:7.0}/{:<7.0}",
                work.name,
                a / b,
                median(floor_side.rates.clone()),
                median(our_side.cpu_micros.clone()),
                median(their_side.cpu_micros.clone()),
                median(floor_side.cpu_micros.clone()),
                median(our_side.p50.clone()),
                median(our_side.p99.clone()),
                median(their_side.p50.clone()),
                median(their_side.p99.clone()),
            );
            cells.push(json!({
                "work": work.name, "clients": clients, "depth": depth, "ratio": a / b,
                "ours": our_side.json(), "redis": their_side.json(),
                "floor": floor_side.json(),
            }));
        }
    }
    let is_bulk_picked = words.is_empty() || words.iter().any(|word| bulk::NAME.contains(&**word));
    let bulk = is_bulk_picked.then(|| bulk::measure(&ours, &redis, &floor, (runs, seconds)));
    if let Some(path) = file {
        let text = json!({"placement": placement, "cells": cells, "bulk": bulk}).to_string();
        let written =
            std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            eprintln!("cannot write {path}: {error}");
        }
    }
}
