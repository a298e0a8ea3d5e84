//! `goxelctl bench`: load for the daemon, and what it makes of it.
//!
//! Beside the result stands a floor: the same number of clients and the same bytes against a bare
//! echo over socket pairs in this process. No server on this machine can be faster than that, so
//! the ratio says more than the figures.

mod floor;
mod load;
mod mix;

use std::time::{Duration, Instant};

use serde_json::json;

use self::load::Outcome;
use self::mix::Mix;
use super::cli::duration;
use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::{counted, short_micros};
use crate::client::{Histogram, LatencySummary};

/// The longest measurement of the floor.
const FLOOR_TIME: Duration = Duration::from_secs(1);

/// Make calls as fast as they are answered, and measure.
///
/// Methods that change something change a project of the measurement's own, which is closed
/// afterwards. Each client has a connection and a thread of its own; it sends as many calls as the
/// depth says in one go and waits for all of them. Latency runs from queueing a call to its answer.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl bench\n  \
    goxelctl bench --clients 50 --depth 16 --duration 10s --json\n  \
    goxelctl bench --mix ping:1,goxel.get_voxel:3\n  \
    goxelctl bench --mix echo --params 'echo={\"text\":\"hello\"}'")]
pub struct Arguments {
    /// How many clients
    #[arg(long, short, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clients: u32,
    /// How many calls each client has under way at once
    #[arg(long, short, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub depth: u32,
    /// How long to measure
    #[arg(long, default_value = "5s", value_parser = duration)]
    pub duration: Duration,
    /// How long to run before measuring
    #[arg(long, default_value = "500ms", value_parser = duration)]
    pub warm_up: Duration,
    /// Methods with weights; voxel methods get random points, others no params
    #[arg(long, default_value = "ping", value_name = "METHOD[:WEIGHT],...")]
    pub mix: String,
    /// The params of a method of the mix; may be given several times
    #[arg(long, value_name = "METHOD=JSON")]
    pub params: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut mix = Mix::new(&arguments.mix, &arguments.params)?;
    let stop = Stop::on_interrupt()?;
    let own = mix.changes_something().then(|| OwnProject::open(context)).transpose()?;
    if let Some(own) = &own {
        mix.act_on(&own.name)?;
    }
    let within = own.as_ref().map(|own| format!(" in the project {} of its own", own.name));
    context.output.say(&format!(
        "measures {mix}{}: {}, {} at a time each, for {:?} after {:?} of warming up",
        within.unwrap_or_default(),
        counted(arguments.clients.into(), "client"),
        counted(arguments.depth.into(), "call"),
        arguments.duration,
        arguments.warm_up
    ));
    load::run(arguments, &mix, arguments.warm_up, context, &stop)?;
    let start = Instant::now();
    let outcome = load::run(arguments, &mix, arguments.duration, context, &stop)?;
    let seconds = start.elapsed().as_secs_f64();
    let message = mix.sample(context.framing());
    let floor = floor::measure(arguments, &message, arguments.duration.min(FLOOR_TIME))
        .map_err(|error| Failure::Io("measuring the floor".into(), error))?;
    report(arguments, &mix, &outcome, seconds, &floor, context)?;
    if outcome.errors == 0 {
        return Ok(());
    }
    let first = outcome.first_error.unwrap_or_default();
    Err(Failure::Failed(format!("{} failed, the first: {first}", counted(outcome.errors, "call"))))
}

/// A project for the changes of a measurement, closed when this is dropped.
struct OwnProject<'a> {
    name: String,
    context: &'a Context,
}

impl<'a> OwnProject<'a> {
    fn open(context: &'a Context) -> Result<Self, Failure> {
        let name = format!("goxelctl-bench-{}", std::process::id());
        context.call("goxel.open_project", json!({ "name": name, "size": [64, 64, 64] }))?;
        Ok(OwnProject { name, context })
    }
}

impl Drop for OwnProject<'_> {
    fn drop(&mut self) {
        let closed =
            self.context.call("goxel.close_project", json!({ "name": self.name, "discard": true }));
        if let Err(failure) = closed {
            self.context.output.say(&format!("the project {} is left: {failure}", self.name));
        }
    }
}

/// The floor: how often a second, and how long each took.
pub(super) struct Floor {
    per_second: f64,
    latency: Histogram,
}

fn report(
    arguments: &Arguments,
    mix: &Mix,
    outcome: &Outcome,
    seconds: f64,
    floor: &Floor,
    context: &Context,
) -> Result<(), Failure> {
    let per_second = outcome.calls as f64 / seconds;
    let latency = LatencySummary::from(&outcome.latency);
    let floor_latency = LatencySummary::from(&floor.latency);
    let of_floor = if floor.per_second > 0.0 { per_second / floor.per_second } else { 0.0 };
    if context.output.json {
        return context.output.object(&json!({
            "clients": arguments.clients, "depth": arguments.depth, "mix": mix.to_string(),
            "framing": context.framing().as_str(), "seconds": seconds, "calls": outcome.calls,
            "errors": outcome.errors, "calls_per_second": per_second, "latency": latency,
            "floor": { "echoes_per_second": floor.per_second, "latency": floor_latency },
            "of_floor": of_floor,
        }));
    }
    let percent = of_floor * 100.0;
    let text = format!(
        "daemon  {per_second:>10.0}/s  {}\nfloor   {:>10.0}/s  {}  (a bare echo)\n\
         {} in {seconds:.2} s, {}, {percent:.0} % of the floor\n",
        latency_text(&latency),
        floor.per_second,
        latency_text(&floor_latency),
        counted(outcome.calls, "call"),
        counted(outcome.errors, "error"),
    );
    context.output.bytes(text.as_bytes())
}

fn latency_text(summary: &LatencySummary) -> String {
    let [p50, p90, p99, p999, max] =
        [summary.p50_us, summary.p90_us, summary.p99_us, summary.p999_us, summary.max_us]
            .map(short_micros);
    format!("p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p999}  max {max}")
}
