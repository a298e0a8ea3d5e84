//! The state of health as text for Prometheus (exposition format 0.0.4).
//!
//! Each family is declared once, with the kind that its name says: counters end in `_total`, times
//! are in seconds, memory is in bytes.

use std::fmt::{self, Display, Write};

use super::calls::Calls;
use super::metrics::{End, Metrics};
use crate::api::methods::health::HealthResult;
use crate::histogram::Histogram;

/// Bounds of histograms: these powers of two of a nanosecond, 1 us to 17 s.
fn bounds() -> impl Iterator<Item = u32> {
    (10..=34).step_by(2)
}

/// All metrics.
pub fn text(health: &HealthResult, calls: &Calls, metrics: &Metrics) -> String {
    let mut out = Families(String::with_capacity(16 << 10));
    process(health, &mut out);
    memory(health, &mut out);
    connections(health, metrics, &mut out);
    messages(calls, metrics, &mut out);
    event_loop(health, metrics, &mut out);
    journal(health, &mut out);
    out.0
}

fn process(health: &HealthResult, out: &mut Families) {
    out.gauge("goxel_build_info", "The version that runs.");
    out.sample("goxel_build_info", &[("version", health.version)], 1);
    out.single(Kind::Gauge, "goxel_uptime_seconds", "Time since the start.", health.uptime_seconds);
    let code = ["pass", "warn", "fail"].iter().position(|word| *word == health.status);
    out.single(
        Kind::Gauge,
        "goxel_health_status",
        "State of health: 0 pass, 1 warn, 2 fail.",
        code.unwrap_or(2),
    );
    out.single(Kind::Gauge, "goxel_ready", "Whether work is taken.", u8::from(health.ready));
    let failed = health.saves.failed;
    out.single(Kind::Counter, "goxel_failed_saves_total", "Files that could not be saved.", failed);
    if let Some(descriptors) = &health.descriptors {
        out.single(Kind::Gauge, "goxel_open_fds", "Open files.", descriptors.open);
        out.single(Kind::Gauge, "goxel_max_fds", "Files that may be open.", descriptors.limit);
    }
}

fn journal(health: &HealthResult, out: &mut Families) {
    let Some(journal) = &health.journal else { return };
    let lag = journal.lag_ms as f64 / 1000.0;
    let help = "For how long something of the journal has not been on the disk for sure.";
    out.single(Kind::Gauge, "goxel_journal_lag_seconds", help, lag);
    out.single(Kind::Gauge, "goxel_journal_bytes", "Bytes of the journal.", journal.bytes);
    let help = "Of them, those that are on the disk for sure.";
    out.single(Kind::Gauge, "goxel_journal_synced_bytes", help, journal.synced);
    let help = "Rises when the journal is written anew.";
    out.single(Kind::Gauge, "goxel_journal_generation", help, journal.generation);
}

fn memory(health: &HealthResult, out: &mut Families) {
    let memory = &health.memory;
    if let Some(resident) = memory.resident_bytes {
        let help = "Memory of the machine that the process takes.";
        out.single(Kind::Gauge, "goxel_resident_memory_bytes", help, resident);
    }
    if let Some(resident) = memory.resident_bytes {
        let help = "Memory of the machine that the process takes.";
        out.single(Kind::Gauge, "goxel_resident_bytes", help, resident);
    }
    out.gauge("goxel_memory_bytes", "What memory is held for.");
    let kinds = &memory.kinds;
    let kinds = [
        ("voxels", kinds.voxels),
        ("tables", kinds.tables),
        ("layers", kinds.layers),
        ("materials", kinds.materials),
        ("history", kinds.history),
        ("caches", kinds.caches),
        ("snapshots", kinds.snapshots),
        ("buffers", kinds.buffers),
        ("answers", kinds.answers),
        ("subscriptions", kinds.subscriptions),
        ("pictures", kinds.pictures),
        ("journal", kinds.journal),
        ("allocator", kinds.allocator),
    ];
    for (kind, bytes) in kinds {
        out.sample("goxel_memory_bytes", &[("kind", kind)], bytes);
    }
    let help = "Bytes in the buffers of all connections.";
    out.single(Kind::Gauge, "goxel_buffer_bytes", help, memory.buffer_bytes);
    out.gauge("goxel_project_voxel_bytes", "Voxels of a project.");
    for project in &memory.projects {
        let labels = [("project", &*project.project)];
        out.sample("goxel_project_voxel_bytes", &labels, project.voxel_bytes);
    }
    out.gauge("goxel_project_history_bytes", "History of a project.");
    for project in &memory.projects {
        let labels = [("project", &*project.project)];
        out.sample("goxel_project_history_bytes", &labels, project.history_bytes);
    }
}

fn connections(health: &HealthResult, metrics: &Metrics, out: &mut Families) {
    let connections = &health.connections;
    out.single(Kind::Gauge, "goxel_connections", "Open connections.", connections.active);
    let by_protocol = "goxel_connections_by_protocol";
    out.gauge(by_protocol, "Open connections, by framing.");
    for protocol in ["undecided", "json", "header", "http", "binary"] {
        let count = connections.by_protocol.get(protocol).copied().unwrap_or_default();
        out.sample(by_protocol, &[("protocol", protocol)], count);
    }
    let simple = [
        (
            Kind::Gauge,
            "goxel_connections_limit",
            "Connections that may be open.",
            connections.limit as u64,
        ),
        (Kind::Gauge, "goxel_connections_peak", "The most open at once.", connections.peak as u64),
        (
            Kind::Counter,
            "goxel_connections_accepted_total",
            "Connections accepted.",
            connections.accepted,
        ),
        (
            Kind::Counter,
            "goxel_connections_refused_total",
            "Newcomers turned away.",
            connections.refused,
        ),
    ];
    for (kind, name, help, value) in simple {
        out.single(kind, name, help, value);
    }
    out.counter("goxel_connections_ended_total", "Connections ended, by reason.");
    for end in End::ALL {
        let labels = [("reason", end.name())];
        out.sample("goxel_connections_ended_total", &labels, metrics.ended(end));
    }
}

fn messages(calls: &Calls, metrics: &Metrics, out: &mut Families) {
    let simple = [
        ("goxel_messages_total", "Complete messages.", metrics.messages),
        ("goxel_message_errors_total", "Messages answered with an error.", metrics.errors),
        ("goxel_received_bytes_total", "Bytes received.", metrics.bytes_in),
        ("goxel_sent_bytes_total", "Bytes sent.", metrics.bytes_out),
    ];
    for (name, help, value) in simple {
        out.single(Kind::Counter, name, help, value);
    }
    out.counter("goxel_requests_total", "Calls, by method and outcome.");
    for method in calls.by_method() {
        for (outcome, count) in [("ok", method.calls() - method.errors), ("error", method.errors)] {
            let labels = [("method", method.name), ("outcome", outcome)];
            out.sample("goxel_requests_total", &labels, count);
        }
    }
    let name = "goxel_request_duration_seconds";
    out.declare(Kind::Histogram, name, "From the complete call to its answer, by method.");
    for method in calls.by_method() {
        out.histogram(name, ("method", method.name), &method.times);
    }
}

fn event_loop(health: &HealthResult, metrics: &Metrics, out: &mut Families) {
    let turns = &health.event_loop;
    let simple = [
        ("goxel_loop_turns_total", "Turns of the loop.", turns.turns),
        ("goxel_loop_slow_turns_total", "Turns over the limit for slow ones.", turns.slow_turns),
        ("goxel_job_slices_total", "Slices of long work.", turns.slices),
        ("goxel_jobs_cancelled_total", "Long work given up.", health.jobs.cancelled),
        ("goxel_faults_total", "Faults of the server that were caught.", turns.panics),
    ];
    for (name, help, value) in simple {
        out.single(Kind::Counter, name, help, value);
    }
    let gauges = [
        (
            "goxel_loop_longest_turn_seconds",
            "Longest turn since the start.",
            metrics.longest_turn.as_secs_f64(),
        ),
        (
            "goxel_loop_recent_longest_turn_seconds",
            "Longest turn of late.",
            turns.recent_longest_turn_us as f64 / 1e6,
        ),
    ];
    for (name, help, value) in gauges {
        out.single(Kind::Gauge, name, help, value);
    }
    out.single(
        Kind::Gauge,
        "goxel_jobs_running",
        "Messages worked on in slices.",
        health.jobs.running,
    );
    out.single(
        Kind::Gauge,
        "goxel_jobs_waiting",
        "Of these, changes in a queue.",
        health.jobs.waiting,
    );
}

/// The kind of a family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// The text, family by family. Writing to a String cannot fail.
struct Families(String);

impl Families {
    fn declare(&mut self, kind: Kind, name: &str, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn gauge(&mut self, name: &str, help: &str) {
        self.declare(Kind::Gauge, name, help);
    }

    fn counter(&mut self, name: &str, help: &str) {
        self.declare(Kind::Counter, name, help);
    }

    fn single(&mut self, kind: Kind, name: &str, help: &str, value: impl Display) {
        self.declare(kind, name, help);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        if !labels.is_empty() {
            self.0.push('{');
            for (index, (label, text)) in labels.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(self.0, "{comma}{label}=\"{}\"", Escaped(text));
            }
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn histogram(&mut self, name: &str, label: (&str, &str), times: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in times.below_powers(bounds()) {
            let bound = bound.as_secs_f64().to_string();
            self.sample(&bucket, &[label, ("le", &bound)], count);
        }
        self.sample(&bucket, &[label, ("le", "+Inf")], times.count());
        self.sample(&format!("{name}_sum"), &[label], times.sum().as_secs_f64());
        self.sample(&format!("{name}_count"), &[label], times.count());
    }
}

/// A label's text, escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\\' => formatter.write_str("\\\\")?,
                '"' => formatter.write_str("\\\"")?,
                '\n' => formatter.write_str("\\n")?,
                letter => formatter.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::instance::Instance;
    use crate::rpc::methods::health::assemble;
    use crate::rpc::server_facts::ServerFacts;
    use crate::workspace::Workspace;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn sample_text() -> String {
        let mut calls = Calls::default();
        let ended = super::super::calls::tests::ended("ping", None);
        calls.record(&ended, Duration::from_micros(3));
        let health = assemble(
            ServerFacts::default(),
            &Workspace::default(),
            Instance::random(),
            Duration::from_secs(1),
        );
        text(&health, &calls, &Metrics::default())
    }

    #[test]
    fn every_family_is_declared_once_and_before_its_samples() {
        let text = sample_text();
        let mut declared = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let name = rest.split(' ').next().unwrap();
                assert!(declared.insert(name.to_owned()), "{name} twice");
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|suffix| name.strip_suffix(suffix))
                    .filter(|family| declared.contains(*family))
                    .unwrap_or(name);
                assert!(declared.contains(family), "{name}");
            }
        }
        assert!(declared.len() > 25);
    }

    #[test]
    fn a_call_is_in_all_buckets_above_it() {
        let text = sample_text();
        let line = |bound: &str| {
            let start =
                format!("goxel_request_duration_seconds_bucket{{method=\"ping\",le=\"{bound}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or("none").to_owned()
        };
        assert_eq!(line("0.000001024"), "0", "{text}");
        assert_eq!(line("0.000004096"), "1");
        assert_eq!(line("+Inf"), "1");
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(Escaped("a\"b\\c\nd").to_string(), "a\\\"b\\\\c\\nd");
    }
}
