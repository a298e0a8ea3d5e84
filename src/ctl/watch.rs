//! `goxelctl watch`: what changes, as it changes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cli::duration;
use super::context::{Context, Stop};
use super::exit::Failure;
use crate::client::{Connection, ErrorKind, Notification};

/// How long a wait lasts before the wish to stop is looked at.
const SLICE: Duration = Duration::from_millis(100);
/// The pause between attempts to find the daemon again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Print a line whenever a project changes, until interrupted.
///
/// When the daemon goes away, waits for it to come back and goes on, unless --once-lost says to end.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl watch\n  \
    goxelctl watch --json | while read -r change; do goxelctl render live.png; done")]
pub struct Arguments {
    /// The project; without this the default one
    pub project: Option<String>,
    /// At most one line in this time; changes in between are merged
    #[arg(long, default_value = "0ms", value_parser = duration)]
    pub min_interval: Duration,
    /// End after this many lines; 0 means never
    #[arg(long, short, default_value_t = 0)]
    pub count: u64,
    /// End with code 69 when the daemon goes away
    #[arg(long)]
    pub once_lost: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let mut connection = context.connect()?;
    let mut left = if arguments.count == 0 { u64::MAX } else { arguments.count };
    loop {
        connection.subscribe(arguments.project.as_deref(), arguments.min_interval)?;
        let lost = match follow(&mut connection, &mut left, &stop, context) {
            Ok(()) => return Ok(()),
            Err(Failure::Client(error)) if error.kind() == ErrorKind::Lost => error,
            Err(failure) => return Err(failure),
        };
        if arguments.once_lost {
            return Err(lost.into());
        }
        context.output.say(&format!("{lost}; waiting for it to come back"));
        match reconnect(context, &stop) {
            Some(found) => connection = found,
            None => return Ok(()),
        }
        context.output.say("the daemon is back");
    }
}

fn follow(
    connection: &mut Connection,
    left: &mut u64,
    stop: &Stop,
    context: &Context,
) -> Result<(), Failure> {
    while *left > 0 && !stop.is_set() {
        if let Some(notification) = connection.next_notification(SLICE)? {
            show(&notification, context)?;
            *left -= 1;
        }
    }
    Ok(())
}

fn show(notification: &Notification, context: &Context) -> Result<(), Failure> {
    let params: Value = serde_json::from_str(notification.params.get()).unwrap_or_default();
    if context.output.json {
        let event = json!({ "event": notification.method, "params": params });
        return context.output.object(&event);
    }
    let members = params.as_object().into_iter().flatten();
    let facts: Vec<String> =
        members.map(|(key, value)| format!("{key}={}", super::output::plain(value))).collect();
    context.output.line(&format!("{} {}", notification.method, facts.join(" ")))
}

fn reconnect(context: &Context, stop: &Stop) -> Option<Connection> {
    while stop.sleep_until(Instant::now() + RECONNECT_PAUSE) {
        if let Ok(connection) = context.connect() {
            return Some(connection);
        }
    }
    None
}
