//! `goxelctl health`: the daemon's state of health, once or again and again.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::cli::duration;
use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::{plain, short_bytes, short_micros};

/// Show the daemon's state of health: code 0 for pass and warn, 1 for fail, 69 if there is no
/// daemon.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl health\n  goxelctl health --ready && echo go\n  \
    goxelctl health --watch --interval 10s\n  goxelctl health --json | jq .calls.latency")]
pub struct Arguments {
    /// Only tell whether the daemon takes work: code 0 if it does, else 69
    #[arg(long, conflicts_with = "watch")]
    pub ready: bool,
    /// Look again and again, a line each time, until interrupted
    #[arg(long)]
    pub watch: bool,
    /// With --watch: the time between two looks
    #[arg(long, short, default_value = "2s", value_parser = duration, requires = "watch")]
    pub interval: Duration,
    /// With --watch: end after this many looks; 0 means never
    #[arg(long, short, default_value_t = 0, requires = "watch")]
    pub count: u64,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.watch {
        return watch(arguments, context);
    }
    let health = context.call("goxel.health", Value::Null)?;
    if arguments.ready {
        return ready(&health, context);
    }
    if context.output.json {
        context.output.object(&health)?;
    } else {
        context.output.bytes(page(&health).as_bytes())?;
    }
    judge(&health)
}

fn ready(health: &Value, context: &Context) -> Result<(), Failure> {
    if health["ready"] != true {
        return Err(Failure::Unavailable("the daemon is stopping and takes no work".into()));
    }
    if context.output.json {
        return context.output.object(&serde_json::json!({ "ready": true }));
    }
    context.output.line("ready")
}

fn judge(health: &Value) -> Result<(), Failure> {
    match health["status"].as_str() {
        Some("pass" | "warn") => Ok(()),
        _ => Err(Failure::Failed(format!("the daemon is not well: {}", reasons(health)))),
    }
}

fn watch(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let mut connection = context.connect()?;
    for number in 1.. {
        let next = Instant::now() + arguments.interval;
        let health: Value = connection.call("goxel.health", Value::Null)?;
        if context.output.json {
            context.output.object(&health)?;
        } else {
            context.output.line(&line(&health))?;
        }
        if number == arguments.count || !stop.sleep_until(next) {
            break;
        }
    }
    Ok(())
}

fn reasons(health: &Value) -> String {
    let reasons = health["reasons"].as_array().into_iter().flatten().map(plain);
    reasons.collect::<Vec<_>>().join("; ")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// The state on one line.
fn line(health: &Value) -> String {
    let calls = &health["calls"];
    let line = format!(
        "{}  memory {}  connections {}  calls {}  errors {}  p99 {}  longest turn {}",
        plain(&health["status"]),
        short_bytes(number(&health["memory_usage"]) as u64),
        health["active_connections"],
        calls["total"],
        calls["errors"],
        short_micros(number(&calls["latency"]["p99_us"])),
        short_micros(number(&health["event_loop"]["recent_longest_turn_us"])),
    );
    match reasons(health) {
        reasons if reasons.is_empty() => line,
        reasons => format!("{line}  ({reasons})"),
    }
}

/// The state for a person: the line, then each check.
fn page(health: &Value) -> String {
    let mut page = line(health) + "\n";
    for check in health["checks"].as_array().into_iter().flatten() {
        let words = ["status", "name", "value", "unit"].map(|name| plain(&check[name]));
        let [status, name, value, unit] = words;
        page.push_str(&format!("  {status:<5} {name:<26} {value} {unit}"));
        page.truncate(page.trim_end().len());
        page.push('\n');
    }
    page
}
