//! Whole conversions from file to file, each in a process of its own so that its memory can be read
//! off. The peer is dot_vox reading the same file, and nothing else.

use std::path::Path;
use std::process::Command;

use goxel_daemon::format;
use rustix::time::{ClockId, clock_gettime};

use crate::harness::{Bench, Row, Scale, Target};
use crate::scenes;
use crate::vox_rows::{document, encode};

/// The first argument of a child: convert one file to another.
pub const CHILD: &str = "--convert";
/// As a target, stands for no conversion: dot_vox loads the source.
const PEER: &str = "dot_vox";
/// Each is run this often; the best counts.
const RUNS: usize = 3;

/// A conversion: its row for time and for memory, its target's ending, and what is promised in
/// milliseconds and MiB.
struct Case(&'static str, &'static str, &'static str, f64, f64);

pub fn rows(bench: &mut Bench) {
    if !bench.wants("convert/") {
        return;
    }
    let sources = [
        (
            137,
            vec![
                Case("convert/1 M .vox to .glb", "convert/1 M .glb, memory", "glb", 62.0, 85.0),
                Case("convert/1 M .vox to .obj", "convert/1 M .obj, memory", "obj", 62.0, 85.0),
            ],
        ),
        (
            222,
            vec![
                Case(
                    "convert/4.3 M .vox to .glb",
                    "convert/4.3 M .glb, memory",
                    "glb",
                    120.0,
                    85.0,
                ),
                Case(
                    "convert/4.3 M .vox to .obj",
                    "convert/4.3 M .obj, memory",
                    "obj",
                    120.0,
                    85.0,
                ),
            ],
        ),
        (
            536,
            vec![
                Case(
                    "convert/60 M .vox to .glb",
                    "convert/60 M .glb, memory",
                    "glb",
                    1500.0,
                    500.0,
                ),
                Case(
                    "convert/60 M .vox to .obj",
                    "convert/60 M .obj, memory",
                    "obj",
                    1500.0,
                    500.0,
                ),
                Case(
                    "convert/60 M .vox to .gox",
                    "convert/60 M .gox, memory",
                    "gox",
                    5000.0,
                    500.0,
                ),
            ],
        ),
    ];
    let directory = tempfile::tempdir().expect("a directory for files");
    for (size, mut cases) in sources {
        cases.retain(|case| format::by_name(case.2).is_ok());
        if cases.iter().all(|case| !bench.wants(case.0) && !bench.wants(case.1)) {
            continue;
        }
        let source = directory.path().join("source.vox");
        let document = document(scenes::terrain(size));
        std::fs::write(&source, encode(&document).bytes).expect("writes a file");
        drop(document);
        let peer = best(&source, Path::new(PEER));
        for Case(time, memory, ending, milliseconds, mebibytes) in cases {
            let ours = best(&source, &directory.path().join("target").with_extension(ending));
            let row = |name, unit, target, scale| Row {
                name,
                unit,
                work: 1.0,
                peer: "dot_vox::load of the same file alone",
                target,
                scale,
            };
            let target = Target::AtMost(milliseconds);
            bench.value(row(time, "file", target, Scale::Milliseconds), ours.0, peer.0);
            let target = Target::AtMost(mebibytes);
            bench.value(row(memory, "MiB", target, Scale::Number), ours.1, peer.1);
        }
    }
}

/// CPU time in nanoseconds and the most memory in MiB: of the best of some runs.
fn best(from: &Path, to: &Path) -> (f64, f64) {
    (0..RUNS)
        .map(|_| run(from, to))
        .fold((f64::MAX, f64::MAX), |best, run| (best.0.min(run.0), best.1.min(run.1)))
}

fn run(from: &Path, to: &Path) -> (f64, f64) {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg(CHILD).args([from, to]).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> =
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [time, memory] = numbers[..] else {
        panic!("a conversion failed: {}", String::from_utf8_lossy(&output.stderr))
    };
    (time, memory / 1024.0)
}

/// The child: converts, then prints its CPU time in nanoseconds and its peak memory in KiB.
pub fn convert(from: &Path, to: &Path) {
    if to == Path::new(PEER) {
        let bytes = std::fs::read(from).expect("reads");
        std::hint::black_box(dot_vox::load_bytes(&bytes).expect("dot_vox reads the file"));
    } else {
        let loaded = format::load(from, Default::default()).expect("loads");
        format::save(loaded.document, to, None, Default::default()).expect("saves");
    }
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.split_ascii_whitespace().next()).unwrap_or("0");
    println!("{} {peak}", time.tv_sec as f64 * 1e9 + time.tv_nsec as f64);
}
