//! Voxels a second when many come in one request, beside SETs a second that are pipelined.
//!
//! One client sends `goxel.edit` with 10,000 voxels a request, as JSON text of about 265 KB. It
//! stands beside one client with 64 SETs in flight, and beside 50 clients with 128 each, which is
//! as fast as redis gets. The floor reads the same bytes and only looks for line feeds.

use serde_json::{Value, json};

use super::load::Load;
use super::peers::Peer;
use super::{median, their_set};

/// What picks these rows on the command line.
pub const NAME: &str = "bulk";

/// Voxels in a request.
const VOXELS: u64 = 10_000;

/// Different requests, so that every voxel changes each time.
const REQUESTS: u64 = 8;

fn our_edit(number: u64) -> String {
    let voxels: Vec<String> = (0..VOXELS)
        .map(|index| {
            let [x, y, z] = [index % 50, index / 50 % 50, index / 2500].map(|v| v as i64 - 20);
            let (r, g, b) = ((index + number) & 255, index >> 3 & 255, number & 255);
            format!("[{x},{y},{z},{r},{g},{b},255]")
        })
        .collect();
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"goxel.edit\",\"params\":{{\"operations\":[{{\"op\":\"voxels\",\"voxels\":[{}]}}]}}}}\n",
        voxels.join(",")
    )
}

/// Runs all in turn and prints a row each.
pub fn measure(ours: &Peer, redis: &Peer, floor: &Peer, (runs, seconds): (usize, f64)) -> Value {
    let bulk = Load { clients: 1, depth: 2, seconds, requests: REQUESTS };
    let single = Load { clients: 1, depth: 64, seconds, requests: 1 << 14 };
    let many = Load { clients: 50, depth: 128, ..single };
    let rate = |load: &Load, peer: &Peer, request: fn(u64) -> String, voxels: u64| {
        let sample = load.run(peer, request);
        ((sample.answers * voxels) as f64 / sample.seconds, sample.server_cpu)
    };
    let mut rates: [Vec<f64>; 4] = Default::default();
    let mut nanoseconds = Vec::new();
    for run in 0..=runs {
        let (edited, cpu) = rate(&bulk, ours, our_edit, VOXELS);
        let measured = [
            edited,
            rate(&single, redis, their_set, 1).0,
            rate(&many, redis, their_set, 1).0,
            rate(&bulk, floor, our_edit, VOXELS).0,
        ];
        // The first run warms all up.
        if run > 0 {
            rates.iter_mut().zip(measured).for_each(|(rates, rate)| rates.push(rate));
            nanoseconds.push(cpu * 1e9 / (edited * seconds));
        }
    }
    let [voxels, single, many, floor] = rates.map(median);
    let cpu = median(nanoseconds);
    println!(
        "{NAME}: {voxels:.0} voxels/s in requests of {VOXELS} (floor {floor:.0}), {cpu:.1} ns of processor time each; \
         redis SET 1 x 64: {single:.0}/s, {:.1}x; 50 x 128: {many:.0}/s, {:.1}x",
        voxels / single,
        voxels / many,
    );
    json!({"voxels_per_second": voxels, "server_cpu_ns_per_voxel": cpu, "floor": floor,
        "redis_set_1x64": single, "redis_set_50x128": many})
}
