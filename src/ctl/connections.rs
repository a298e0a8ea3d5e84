//! `goxelctl connections` and `goxelctl kill`: who is connected, and off with them.

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::exit::Failure;
use super::output::short_bytes;
use crate::client::ConnectionRow;

/// List the daemon's connections, this command's own among them.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl connections\n  \
    goxelctl connections --json | jq 'select(.idle_ms > 60000) | .id'")]
pub struct ListArguments {}

/// Close connections of other clients; their answers are flushed first.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  goxelctl kill 12 15")]
pub struct KillArguments {
    /// The numbers of the connections, as `goxelctl connections` shows them
    #[arg(required = true)]
    pub ids: Vec<u64>,
}

/// Runs `connections`.
pub fn list(_: &ListArguments, context: &Context) -> Result<(), Failure> {
    let rows = context.connect()?.connections()?;
    if context.output.json {
        return rows.iter().try_for_each(|row| context.output.object(row));
    }
    context.output.table(&table(&rows))
}

/// Runs `kill`: every number is tried, whatever becomes of the others.
pub fn kill(arguments: &KillArguments, context: &Context) -> Result<(), Failure> {
    let mut connection = context.connect()?;
    let mut failed = Vec::new();
    for id in &arguments.ids {
        match connection.call_raw("connection.kill", json!({ "id": id })) {
            Ok(_) if context.output.json => context.output.object(&json!({ "killed": id }))?,
            Ok(_) => context.output.say(&format!("connection {id} is closed")),
            Err(crate::client::Error::Remote(error)) => failed.push(format!("{id}: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Failed(failed.join("\n"))) }
}

/// Connections as a table with a heading.
pub fn table(rows: &[ConnectionRow]) -> Vec<Vec<String>> {
    let heading =
        ["ID", "NAME", "PROTOCOL", "PID", "UID", "AGE", "IDLE", "CALLS", "ERRORS", "IN", "OUT"];
    let mut table = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let number = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
        table.push(vec![
            row.id.to_string(),
            row.name.clone().unwrap_or_else(|| "-".to_owned()),
            row.protocol.clone(),
            number(row.peer_pid),
            number(row.peer_uid),
            short_age(row.age_ms),
            short_age(row.idle_ms),
            row.calls.to_string(),
            row.errors.to_string(),
            short_bytes(row.bytes_in),
            short_bytes(row.bytes_out),
        ]);
    }
    table
}

/// An age in its two largest units.
pub fn short_age(millis: u64) -> String {
    let seconds = Duration::from_millis(millis).as_secs();
    match seconds {
        0 => format!("{millis}ms"),
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m{:02}s", s / 60, s % 60),
        s if s < 86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        s => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let shown = [5, 65_000, 3_700_000, 90_000_000].map(short_age);
        assert_eq!(shown, ["5ms", "1m05s", "1h01m", "1d01h"]);
    }
}
