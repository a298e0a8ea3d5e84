//! `goxelctl ping`: is it alive, and how fast?

use std::time::{Duration, Instant};

use serde_json::json;

use super::cli::duration;
use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::short_micros;
use crate::client::{Connection, Histogram, LatencySummary};

/// Ask the daemon for signs of life over one connection and summarise how long they took.
///
/// Ends with code 69 if there is no daemon and 75 if it does not answer in time. An interrupt ends
/// it with the summary so far.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl ping\n  \
    goxelctl ping --count 10 --interval 100ms\n  \
    goxelctl ping --count 0 --json      # until interrupted, one object a line")]
pub struct Arguments {
    /// How many pings; 0 means until interrupted
    #[arg(long, short, default_value_t = 1)]
    pub count: u64,
    /// The time between the starts of two pings
    #[arg(long, short, default_value = "1s", value_parser = duration)]
    pub interval: Duration,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let mut connection = context.connect()?;
    let mut latencies = Histogram::default();
    let mut result = Ok(());
    let mut next = Instant::now();
    for seq in 1.. {
        result = ping_once(&mut connection, seq, &mut latencies, context);
        next += arguments.interval;
        if result.is_err() || seq == arguments.count || !stop.sleep_until(next) {
            break;
        }
    }
    summarise(&latencies, result.is_err(), context)?;
    result
}

fn ping_once(
    connection: &mut Connection,
    seq: u64,
    latencies: &mut Histogram,
    context: &Context,
) -> Result<(), Failure> {
    let start = Instant::now();
    let pong = connection.ping()?;
    let took = start.elapsed();
    latencies.record(took);
    let micros = took.as_nanos() as f64 / 1000.0;
    if context.output.json {
        context.output.object(&json!({
            "seq": seq, "time_us": micros, "timestamp": pong.timestamp, "instance": pong.instance,
        }))
    } else if context.output.quiet {
        Ok(())
    } else {
        let path = context.socket.display();
        context.output.line(&format!("pong from {path}: seq={seq} time={}", short_micros(micros)))
    }
}

fn summarise(latencies: &Histogram, failed: bool, context: &Context) -> Result<(), Failure> {
    if latencies.count() < 2 && !context.output.json {
        return Ok(());
    }
    let summary = LatencySummary::from(latencies);
    if context.output.json {
        let sent = summary.count + u64::from(failed);
        return context.output.object(&json!({
            "summary": { "sent": sent, "answered": summary.count, "latency": summary },
        }));
    }
    context.output.line(&format!(
        "{} answered: p50 {}, p90 {}, p99 {}, max {}",
        summary.count,
        short_micros(summary.p50_us),
        short_micros(summary.p90_us),
        short_micros(summary.p99_us),
        short_micros(summary.max_us),
    ))
}
