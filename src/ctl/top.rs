//! `goxelctl top`: a live screen of what the daemon does.

use std::io::{IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use serde_json::{Value, json};

use super::cli::duration;
use super::connections::{short_age, table};
use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::{short_bytes, short_micros, table_text};
use crate::client::{Connection, ConnectionRow, Histogram, LatencySummary};
use crate::plain_words::counted;

/// Show connections, calls a second, latency and memory, refreshed until q or an interrupt.
///
/// On something that is not a terminal it writes one snapshot, or with --json one object for each
/// refresh.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  goxelctl top\n  goxelctl top --count 1\n  goxelctl top --json --interval 10s"
)]
pub struct Arguments {
    /// The time between two refreshes
    #[arg(long, short, default_value = "1s", value_parser = duration)]
    pub interval: Duration,
    /// End after this many refreshes; 0 means never
    #[arg(long, short)]
    pub count: Option<u64>,
}

/// One look at the daemon.
struct Snapshot {
    at: Instant,
    status: Value,
    rows: Vec<ConnectionRow>,
    ping: Duration,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let live = std::io::stdout().is_terminal() && !context.output.json;
    let count = arguments.count.unwrap_or(if live || context.output.json { 0 } else { 1 });
    let mut connection = context.connect()?;
    let _screen = if live { Some(Screen::enter()) } else { None };
    let (mut latencies, mut before) = (Histogram::default(), None);
    for number in 1.. {
        let snapshot = look(&mut connection)?;
        latencies.record(snapshot.ping);
        show(&snapshot, before.as_ref(), &latencies, live, context)?;
        let next = snapshot.at + arguments.interval;
        before = Some(snapshot);
        if number == count || !wait(next, &stop, live) {
            break;
        }
    }
    Ok(())
}

fn look(connection: &mut Connection) -> Result<Snapshot, Failure> {
    let start = Instant::now();
    connection.ping()?;
    let ping = start.elapsed();
    let status = connection.call("status", ())?;
    let rows = connection.connections()?;
    Ok(Snapshot { at: Instant::now(), status, rows, ping })
}

/// Calls a second of the connections that are in both snapshots.
fn rate(now: &Snapshot, before: Option<&Snapshot>) -> f64 {
    let Some(before) = before else { return 0.0 };
    let calls_before = |id| before.rows.iter().find(|row| row.id == id).map_or(0, |row| row.calls);
    let calls: u64 =
        now.rows.iter().map(|row| row.calls.saturating_sub(calls_before(row.id))).sum();
    let seconds = now.at.saturating_duration_since(before.at).as_secs_f64();
    if seconds > 0.0 { calls as f64 / seconds } else { 0.0 }
}

fn show(
    now: &Snapshot,
    before: Option<&Snapshot>,
    latencies: &Histogram,
    live: bool,
    context: &Context,
) -> Result<(), Failure> {
    let calls_per_second = rate(now, before);
    if context.output.json {
        return context.output.object(&json!({
            "status": now.status, "connections": now.rows, "calls_per_second": calls_per_second,
            "ping_us": now.ping.as_nanos() as f64 / 1000.0, "latency": LatencySummary::from(latencies),
        }));
    }
    let text = page(now, calls_per_second, latencies, context);
    if !live {
        return context.output.bytes(text.as_bytes());
    }
    let height = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(24, |size| size.ws_row);
    let shown: Vec<&str> = text.lines().take(usize::from(height.max(2)) - 1).collect();
    let lines = shown.join("\x1b[K\r\n");
    context.output.bytes(format!("\x1b[H{lines}\x1b[K\x1b[J").as_bytes())
}

fn page(now: &Snapshot, calls_per_second: f64, latencies: &Histogram, context: &Context) -> String {
    let number = |name: &str| now.status[name].as_u64().unwrap_or(0);
    let summary = LatencySummary::from(latencies);
    let mut text = format!(
        "goxel-daemon {} pid {} up {}   {}, {calls_per_second:.0} calls/s\n\
         ping {} (p50 {}, p99 {}, max {})   voxel memory {}\n\n",
        now.status["version"].as_str().unwrap_or("?"),
        number("pid"),
        short_age(number("uptime_seconds") * 1000),
        counted(now.rows.len() as u64, "connection"),
        short_micros(now.ping.as_nanos() as f64 / 1000.0),
        short_micros(summary.p50_us),
        short_micros(summary.p99_us),
        short_micros(summary.max_us),
        short_bytes(number("memory_allocated")),
    );
    let mut rows = now.rows.clone();
    rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
    text += &table_text(&table(&rows), |heading| context.output.bold(heading));
    text
}

/// Waits for the next refresh; false if it is time to end.
fn wait(next: Instant, stop: &Stop, live: bool) -> bool {
    const SLICE: Duration = Duration::from_millis(50);
    while Instant::now() < next {
        if live && key_pressed() == Some(b'q') {
            return false;
        }
        if !stop.sleep_until((Instant::now() + SLICE).min(next)) {
            return false;
        }
    }
    true
}

/// A key, if one was pressed; the terminal does not wait for one (see [`Screen`]).
fn key_pressed() -> Option<u8> {
    let mut key = [0];
    (std::io::stdin().is_terminal() && std::io::stdin().read(&mut key).ok()? == 1).then_some(key[0])
}

/// The terminal's second screen, without echo; dropped, everything is as before.
struct Screen(Option<Termios>);

impl Screen {
    fn enter() -> Screen {
        let before = rustix::termios::tcgetattr(std::io::stdin()).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            modes.special_codes[SpecialCodeIndex::VMIN] = 0;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Without it keys are echoed and need a return: not pretty, but it works.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
        }
        let _ = std::io::stdout().write_all(b"\x1b[?1049h\x1b[?25l");
        Screen(before)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut stdout = std::io::stdout();
        let _ = stdout.write_all(b"\x1b[?25h\x1b[?1049l").and_then(|()| stdout.flush());
        if let Some(modes) = &self.0 {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), OptionalActions::Now, modes);
        }
    }
}
