//! What a pool did, as a struct, as JSON and as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::event::Grade;
use super::shared::Shared;
use super::state::Member;
use crate::client::{ErrorKind, Histogram, LatencySummary, Outcome};

/// The counters under the pool's lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) opened: u64,
    pub(super) closed: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
    pub(super) reconnects: u64,
    pub(super) recycled: u64,
    pub(super) checks: u64,
    pub(super) leases: u64,
    pub(super) exhausted: u64,
    pub(super) requests: u64,
    pub(super) calls: u64,
    pub(super) retries: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) errors: BTreeMap<ErrorKind, u64>,
    pub(super) unknown: u64,
    pub(super) latency: Histogram,
    pub(super) acquire: Histogram,
    pub(super) recovery: Histogram,
}

impl Tally {
    pub(super) fn finished(&mut self, after: Duration, failure: Option<(ErrorKind, Outcome)>) {
        self.calls += 1;
        self.latency.record(after);
        if let Some((kind, outcome)) = failure {
            *self.errors.entry(kind).or_default() += 1;
            self.unknown += u64::from(outcome == Outcome::Unknown);
        }
    }
}

/// One connection of a pool. For a connection in use these are the counts of its last return.
#[derive(Clone, Debug, Serialize)]
pub struct MemberStats {
    /// Its number in this pool.
    pub id: u64,
    /// Whether somebody has it.
    pub in_use: bool,
    /// How well it answers.
    pub grade: Grade,
    /// The daemon's process.
    pub instance: Option<String>,
    /// Milliseconds since it was opened, when it was last given back.
    pub age_ms: u64,
    /// Calls answered, errors included.
    pub calls: u64,
    /// Calls answered with an error.
    pub errors: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// The time from a request to its answer; only for connections that are idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencySummary>,
}

impl MemberStats {
    pub(super) fn new(member: &Member, in_use: bool) -> Self {
        let stats = member.connection.stats();
        MemberStats {
            id: member.id,
            in_use,
            grade: member.grade,
            instance: member.instance.clone(),
            age_ms: whole_millis(Instant::now().saturating_duration_since(member.opened_at)),
            calls: stats.calls,
            errors: stats.errors,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
            latency: None,
        }
    }
}

/// Everything a pool can tell about itself.
#[derive(Clone, Debug, Serialize)]
pub struct PoolStats {
    /// Connections that are idle.
    pub idle: usize,
    /// Connections that somebody has, those being checked included.
    pub in_use: usize,
    /// Connections that are being opened.
    pub opening: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// The grade of the pool: healthy if at least 80 % of its connections are, degraded from 50 %.
    pub health: Grade,
    /// Connections opened.
    pub opened: u64,
    /// Connections closed on purpose.
    pub closed: u64,
    /// Of these, how many because of their age or their number of calls.
    pub recycled: u64,
    /// Attempts to connect that failed.
    pub failed: u64,
    /// Connections that broke.
    pub lost: u64,
    /// How often a connection was found again after none could be used.
    pub reconnects: u64,
    /// Health checks made.
    pub checks: u64,
    /// Leases given.
    pub leases: u64,
    /// How often a caller had to wait because every connection was in use.
    pub exhausted: u64,
    /// Requests answered on connections that were given back.
    pub requests: u64,
    /// Calls made through the pool.
    pub calls: u64,
    /// Further attempts that these needed.
    pub retries: u64,
    /// Calls that failed, by kind of error.
    pub errors: BTreeMap<&'static str, u64>,
    /// Calls of which nobody knows whether they were applied.
    pub unknown: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Calls from beginning to end, retries included.
    pub latency: LatencySummary,
    /// How long callers waited for a connection.
    pub acquire: LatencySummary,
    /// From noticing a loss to the next open connection.
    pub recovery: LatencySummary,
    /// The connections.
    pub connections: Vec<MemberStats>,
}

impl Shared {
    pub(super) fn stats(&self) -> PoolStats {
        let state = self.lock();
        let tally = &state.tally;
        let mut connections: Vec<MemberStats> = state.rows.values().cloned().collect();
        for row in &mut connections {
            let idle = state.idle.iter().find(|member| member.id == row.id);
            row.latency = idle.map(|member| (&member.connection.stats().latency).into());
        }
        PoolStats {
            idle: state.idle.len(),
            in_use: state.total.saturating_sub(state.idle.len() + state.opening),
            opening: state.opening,
            waiting: state.waiting(),
            health: pool_grade(&connections),
            opened: tally.opened,
            closed: tally.closed,
            recycled: tally.recycled,
            failed: tally.failed,
            lost: tally.lost,
            reconnects: tally.reconnects,
            checks: tally.checks,
            leases: tally.leases,
            exhausted: tally.exhausted,
            requests: tally.requests,
            calls: tally.calls,
            retries: tally.retries,
            errors: tally.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
            unknown: tally.unknown,
            bytes_in: tally.bytes_in,
            bytes_out: tally.bytes_out,
            latency: LatencySummary::from(&tally.latency),
            acquire: LatencySummary::from(&tally.acquire),
            recovery: LatencySummary::from(&tally.recovery),
            connections,
        }
    }

    /// The statistics as Prometheus text.
    pub(super) fn prometheus(&self) -> String {
        let stats = self.stats();
        let latency = self.lock().tally.latency.clone();
        let mut text = String::new();
        write_gauges(&stats, &mut text);
        write_counters(&stats, &mut text);
        write_histogram(&latency, &mut text);
        text
    }
}

fn pool_grade(connections: &[MemberStats]) -> Grade {
    let healthy = connections.iter().filter(|row| row.grade == Grade::Healthy).count();
    match (healthy * 100).checked_div(connections.len()) {
        Some(percent) if percent >= 80 => Grade::Healthy,
        Some(percent) if percent >= 50 => Grade::Degraded,
        _ => Grade::Unhealthy,
    }
}

/// Writing to a String cannot fail.
fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP goxel_client_{name} {help}\n# TYPE goxel_client_{name} {kind}");
}

fn write_gauges(stats: &PoolStats, text: &mut String) {
    family(text, "connections", "gauge", "Connections of the pool by what they are doing.");
    for (state, count) in
        [("idle", stats.idle), ("in_use", stats.in_use), ("opening", stats.opening)]
    {
        let _ = writeln!(text, "goxel_client_connections{{state=\"{state}\"}} {count}");
    }
    family(text, "waiting", "gauge", "Callers that wait for a connection.");
    let _ = writeln!(text, "goxel_client_waiting {}", stats.waiting);
}

fn write_counters(stats: &PoolStats, text: &mut String) {
    let counters = [
        ("connections_opened_total", stats.opened, "Connections opened."),
        ("connections_closed_total", stats.closed, "Connections closed on purpose."),
        ("connections_lost_total", stats.lost, "Connections that broke."),
        ("connect_failures_total", stats.failed, "Attempts to connect that failed."),
        ("reconnects_total", stats.reconnects, "Recoveries after a loss."),
        ("health_checks_total", stats.checks, "Health checks made."),
        ("leases_total", stats.leases, "Connections given to callers."),
        ("exhausted_total", stats.exhausted, "Callers that had to wait for a connection."),
        ("calls_total", stats.calls, "Calls made through the pool."),
        ("retries_total", stats.retries, "Further attempts that calls needed."),
        ("unknown_outcomes_total", stats.unknown, "Calls that may or may not have been applied."),
        ("received_bytes_total", stats.bytes_in, "Bytes read."),
        ("sent_bytes_total", stats.bytes_out, "Bytes written."),
    ];
    for (name, value, help) in counters {
        family(text, name, "counter", help);
        let _ = writeln!(text, "goxel_client_{name} {value}");
    }
    family(text, "errors_total", "counter", "Calls that failed, by kind of error.");
    for kind in ErrorKind::ALL.map(ErrorKind::as_str) {
        let count = stats.errors.get(kind).copied().unwrap_or(0);
        let _ = writeln!(text, "goxel_client_errors_total{{kind=\"{kind}\"}} {count}");
    }
}

/// The upper bounds of the exported buckets, in microseconds.
const BOUNDS_US: [u64; 14] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000,
    30_000_000,
];

fn write_histogram(latency: &Histogram, text: &mut String) {
    let name = "goxel_client_call_duration_seconds";
    family(text, "call_duration_seconds", "histogram", "Calls from beginning to end.");
    for bound in BOUNDS_US {
        let count = latency.count_up_to(Duration::from_micros(bound));
        let seconds = bound as f64 / 1e6;
        let _ = writeln!(text, "{name}_bucket{{le=\"{seconds}\"}} {count}");
    }
    let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", latency.count());
    let _ = writeln!(text, "{name}_sum {}", latency.sum().as_secs_f64());
    let _ = writeln!(text, "{name}_count {}", latency.count());
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
