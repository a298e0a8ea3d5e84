//! The daemon's connections in a simulated network with a simulated clock, one seed a run.
//!
//! `GOXEL_SIMULATE_SEED=N` runs one seed again; `GOXEL_SIMULATE_SEEDS=N` runs so many fresh ones.

mod answers;
mod bulk;
mod client;
mod clock;
mod messages;
mod network;
mod pinger;
mod probes;
mod random;
mod script;
mod world;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seeds that are always run.
const FIXED: std::ops::Range<u64> = 1..31;
/// Fresh seeds of an ordinary test run.
const FRESH: u64 = 10;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn run(seeds: impl Iterator<Item = u64>) {
    let mut total = world::Outcome::default();
    let (mut count, mut failed) = (0, 0);
    for seed in seeds {
        count += 1;
        match world::run(seed) {
            Ok(outcome) => {
                total.simulated += outcome.simulated;
                total.turns += outcome.turns;
                total.messages += outcome.messages;
                total.connections += outcome.connections;
                total.longest_ping = total.longest_ping.max(outcome.longest_ping);
                total.probed_away += outcome.probed_away;
            }
            Err(problem) => {
                failed += 1;
                println!("seed {seed} failed: {problem}");
                println!(
                    "  again: GOXEL_SIMULATE_SEED={seed} cargo test --test server simulation::one_seed"
                );
                if failed >= number("GOXEL_SIMULATE_FAILURES").unwrap_or(5) {
                    break;
                }
            }
        }
        if count % 1000 == 0 {
            println!("{count} seeds, {:.1} simulated hours", hours(total.simulated));
        }
    }
    println!(
        "{count} seeds, {failed} failed, {:.1} simulated hours, {} turns, {} connections, {} messages, \
         {} dropped for unanswered probes, a ping waits for {} turns at most",
        hours(total.simulated),
        total.turns,
        total.connections,
        total.messages,
        total.probed_away,
        total.longest_ping
    );
    assert_eq!(failed, 0, "some seeds failed; see above");
}

fn hours(time: Duration) -> f64 {
    time.as_secs_f64() / 3600.0
}

fn fresh() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or_default() >> 8 << 16
}

#[test]
fn fixed_seeds_run_clean() {
    run(FIXED);
}

#[test]
fn fresh_seeds_run_clean() {
    let first = fresh();
    let count = number("GOXEL_SIMULATE_SEEDS").unwrap_or(FRESH);
    println!("seeds {first} to {}", first + count - 1);
    run(first..first + count);
}

#[test]
fn one_seed() {
    if let Some(seed) = number("GOXEL_SIMULATE_SEED") {
        run(seed..=seed);
    }
}
