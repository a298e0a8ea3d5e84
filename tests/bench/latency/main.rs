//! How long everybody else waits while the daemon works on tens of millions of voxels.
//!
//! The real daemon holds a project of about 60 million voxels in many colours. While one connection
//! has it saved, loaded, exported, drawn, filled and measured, another one sends a ping every
//! millisecond, and a third one `goxel.add_voxel` on another project. Rows whose names begin with
//! "blocks" do the same with a billion voxels in blocks of one colour each. Printed for each job:
//! percentiles of both, and the longest turn of the loop as the daemon reports it, beside the same
//! on the idle daemon and beside a bare exchange of lines over a socket pair between two threads,
//! which is what the machine itself costs at the time.
//!
//! `SIZE` (default 60000000) is the number of voxels, `SECONDS` (default 2) the least time that
//! each row is watched; jobs that end sooner are repeated. Words pick rows. `--json FILE` keeps the
//! figures, `--stalls` lists when requests had to wait for 5 ms and more.
//!
//! Saves and exports end with an fsync, which cannot be cut into slices; by then the disk mostly
//! has all bytes, so that little is left to wait for. The socket and the health file lie in memory,
//! as in a runtime directory: any renaming on a disk waits for its journal (31 ms in one of 100
//! cases beside a save were measured). `FILES` names a directory for the files, `FILES=/dev/shm`
//! puts them into memory. `DAEMON` names another build.

mod daemon;
mod probe;
mod terrain;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use daemon::{Client, Daemon};
use probe::{Latencies, Probe, Turns};
use serde_json::{Value, json};

/// A ping beside a job takes no longer than this in 99 of 100 cases, in milliseconds.
const TARGET_P99: f64 = 5.0;

/// The daemon keeps the longest turn of the last one to two seconds: so long after a row, the next
/// one begins.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(2100);

/// A job: its name, and the calls it is made of.
struct Work {
    name: &'static str,
    calls: Vec<(&'static str, Value)>,
}

fn works(daemon: &Daemon) -> Vec<Work> {
    let calls = |calls: &[(&'static str, Value)]| {
        let mut calls = calls.to_vec();
        calls.iter_mut().for_each(|(_, params)| params["project"] = "big".into());
        calls
    };
    let big = |name, method, params: Value| Work { name, calls: calls(&[(method, params)]) };
    let file = |name| json!({"path": daemon.file(name)});
    let picture = json!({"path": daemon.file("a.png"), "width": 3840, "height": 2160});
    let fill = json!({"position": [5, 5, 0], "color": "#aa3311", "tolerance": 255});
    let fill_and_undo = calls(&[("goxel.flood_fill", fill), ("goxel.undo", json!({}))]);
    let ball = json!([{"op": "sphere", "center": [200, 200, 30], "radius": 180, "color": [9, 9, 255, 120]}]);
    let merge = [
        ("goxel.create_layer", json!({"name": "upper"})),
        ("goxel.edit", json!({"operations": ball})),
        ("goxel.merge_layers", json!({"source_layer_id": 2, "target_layer_id": 1})),
        ("goxel.undo", json!({"steps": 3})),
    ];
    let clone = [
        ("goxel.create_clone_layer", json!({"base_id": 1, "offset": [7, 5, 300]})),
        ("goxel.undo", json!({})),
    ];
    let select = [
        ("goxel.select_voxels", json!({})),
        ("goxel.grow_selection", json!({"steps": 1})),
        ("goxel.fill_selection", json!({"color": "#00ff0080"})),
        ("goxel.undo", json!({"steps": 3})),
    ];
    vec![
        big("first save .gox", "goxel.save_project", file("a.gox")),
        big("save .gox again", "goxel.save_project", file("a.gox")),
        big("export .vox", "goxel.export_model", file("a.vox")),
        big("export .obj", "goxel.export_model", file("a.obj")),
        big("export .ply", "goxel.export_model", file("a.ply")),
        big("render 4K", "goxel.render_scene", picture),
        big("measure", "goxel.measure", json!({})),
        Work { name: "flood fill, undo", calls: fill_and_undo },
        Work { name: "merge layers", calls: calls(&merge) },
        Work { name: "clone layer", calls: calls(&clone) },
        Work { name: "selection", calls: calls(&select) },
        big("load .gox", "goxel.load_project", file("a.gox")),
        big("load .vox", "goxel.load_project", file("a.vox")),
    ]
}

/// Work on a project of 262,144 blocks, each of one colour: little for each block, but there are
/// many of them.
fn works_on_blocks() -> Vec<Work> {
    let call = |method, mut params: Value| {
        params["project"] = "blocks".into();
        (method, params)
    };
    let edit = |operation: Value| call("goxel.edit", json!({"operations": [operation]}));
    let work = |name, operation| Work {
        name,
        calls: vec![edit(operation), call("goxel.undo", json!({}))],
    };
    let (low, high) = ([0; 3], [BLOCKS_EDGE - 1; 3]);
    let middle = [BLOCKS_EDGE / 2; 3];
    vec![
        work("blocks: fill", json!({"op": "box", "min": low, "max": high, "color": "blue"})),
        work("blocks: clear", json!({"op": "clear"})),
        work("blocks: move", json!({"op": "move", "min": low, "max": high, "to": [64, 0, 0]})),
        work("blocks: mirror", json!({"op": "mirror", "axis": "x", "at": -0.5, "both": true})),
        work("blocks: flood", json!({"op": "fill", "at": low, "color": "navy"})),
        work(
            "blocks: ball",
            json!({"op": "sphere", "center": middle, "radius": 480, "color": "red", "mode": "intersect"}),
        ),
    ]
}

/// Voxels along an edge of that project.
const BLOCKS_EDGE: i32 = 1024;

fn fill_blocks(daemon: &Daemon) {
    let mut client = daemon.connect();
    client.call("goxel.open_project", json!({"name": "blocks"}));
    let max = [BLOCKS_EDGE - 1; 3];
    let operation = json!({"op": "box", "min": [0, 0, 0], "max": max, "color": "red"});
    client.call("goxel.edit", json!({"project": "blocks", "operations": [operation]}));
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What the machine itself costs: lines back and forth between two threads.
fn bare(seconds: f64) -> Row {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    let echo = std::thread::spawn(move || {
        let mut far = BufReader::new(far);
        let mut line = Vec::new();
        while far.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if far.get_mut().write_all(&line).is_err() {
                return;
            }
            line.clear();
        }
    });
    let probe = Probe::start(Client::of(near), probe::ping);
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let row = Row { name: "bare socket pair", ping: probe.finish(), ..Row::default() };
    let _ = echo.join();
    row
}

/// A row of the table, and the seconds of each run of its job.
#[derive(Default)]
struct Row {
    name: &'static str,
    ping: Latencies,
    edit: Latencies,
    /// The longest turn of the loop, in milliseconds.
    longest_turn: f64,
    runs: Vec<f64>,
}

impl Row {
    fn print(&self, with_stalls: bool) {
        let Row { name, ping, edit, longest_turn, runs } = self;
        let p99 = ping.at(0.99);
        let verdict = match (runs.is_empty(), p99 < TARGET_P99) {
            (true, _) => "",
            (false, true) => "holds",
            (false, false) => "MISSED",
        };
        let longest_run = runs.iter().copied().fold(0.0, f64::max);
        println!(
            "{name:16} {:3} x {longest_run:6.2} s  {:8.3} {p99:8.3} {:8.3} {:8.3}   {:8.3} {:8.3} {:8.3}  {longest_turn:8.2}  {verdict}",
            runs.len(),
            ping.at(0.5),
            ping.at(0.999),
            ping.at(1.0),
            edit.at(0.5),
            edit.at(0.99),
            edit.at(1.0),
        );
        for (begin, length) in ping.stalls.iter().filter(|_| with_stalls) {
            println!("{:20} a ping at {begin:9.1} ms waited {length:8.1} ms", "");
        }
    }

    fn json(&self) -> Value {
        json!({
            "work": self.name, "seconds": self.runs, "ping": self.ping.json(),
            "add_voxel": self.edit.json(), "longest_turn_ms": self.longest_turn,
            "holds": self.ping.at(0.99) < TARGET_P99,
        })
    }
}

/// Watches the daemon while `work` goes on.
fn watch(daemon: &Daemon, name: &'static str, work: impl FnOnce(&mut Client) -> Vec<f64>) -> Row {
    std::thread::sleep(FORGOTTEN_AFTER);
    let mut client = daemon.connect();
    let pings = Probe::start(daemon.connect(), probe::ping);
    let edits = Probe::start(daemon.connect(), probe::edit);
    let turns = Turns::start(daemon.connect());
    let runs = work(&mut client);
    let (ping, edit, longest_turn) = (pings.finish(), edits.finish(), turns.finish());
    Row { name, ping, edit, longest_turn, runs }
}

/// Does a job again and again until there is enough to see; the seconds of each run.
fn repeat(client: &mut Client, work: &Work, seconds: f64) -> Vec<f64> {
    let (began, mut runs) = (Instant::now(), Vec::new());
    // Only the first save has everything to do.
    let once = work.name.starts_with("first");
    while runs.is_empty() || (began.elapsed().as_secs_f64() < seconds && !once) {
        let run = Instant::now();
        for (method, params) in &work.calls {
            client.call(method, params.clone());
        }
        runs.push(run.elapsed().as_secs_f64());
    }
    runs
}

/// The average number of processes that wanted to run in the last minute.
fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json_file =
        arguments.iter().position(|a| a == "--json").and_then(|i| arguments.get(i + 1)).cloned();
    let is_word = |text: &&String| !text.starts_with("--") && Some(*text) != json_file.as_ref();
    let words: Vec<&String> = arguments.iter().filter(is_word).collect();
    let with_stalls = arguments.iter().any(|argument| argument == "--stalls");
    let (size, seconds) = (setting("SIZE", 60_000_000u64), setting("SECONDS", 2.0f64));

    let daemon = Daemon::start();
    let voxels = terrain::fill(&daemon, size);
    fill_blocks(&daemon);
    let load = load_average();
    println!(
        "{voxels} voxels; load average {load}; milliseconds; target: p99 of ping < {TARGET_P99}"
    );
    println!(
        "{:16} {:>14}  {:>8} {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8}  {:>8}",
        "", "longest run", "ping p50", "p99", "p99.9", "max", "edit p50", "p99", "max", "turn"
    );
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        row.print(with_stalls);
        rows.push(row.json());
    };
    add(bare(seconds));
    add(watch(&daemon, "idle daemon", |_| {
        std::thread::sleep(Duration::from_secs_f64(seconds));
        Vec::new()
    }));
    let picked = |work: &Work| words.is_empty() || words.iter().any(|w| work.name.contains(*w));
    let works = works(&daemon).into_iter().chain(works_on_blocks());
    works.filter(picked).for_each(|work| {
        add(watch(&daemon, work.name, |client| repeat(client, &work, seconds)));
    });
    if let Some(path) = json_file {
        let figures = json!({"voxels": voxels, "load_average": load, "rows": rows});
        if let Err(error) = std::fs::write(&path, figures.to_string()) {
            eprintln!("cannot write {path}: {error}");
        }
    }
}
