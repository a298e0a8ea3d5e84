//! The state of the server as lines for a person, at SIGUSR1. They are written whatever the level
//! of the log is.

use super::clock::Clock;
use super::logging;
use super::reactor::Reactor;
use super::transport::Transport;

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Writes the state to the log.
    pub fn dump(&self) {
        self.state().iter().for_each(|line| logging::say(line));
    }

    fn state(&self) -> Vec<String> {
        let (hub, health) = (&self.hub, self.health());
        let mut lines =
            vec![format!("state begins pid={} instance={}", health.pid, health.instance.as_str())];
        let checks = health.checks.iter().map(|check| {
            let fields = (check.name, check.status, check.value, check.unit);
            format!("state check {}: {} {} {}", fields.0, fields.1, fields.2, fields.3)
        });
        lines.extend(checks);
        lines.push(format!("state counters {:?}", Counters(&hub.metrics)));
        for method in &health.calls.methods {
            lines.push(format!(
                "state method={} calls={} errors={} p50_us={} p99_us={} max_us={}",
                method.method,
                method.calls,
                method.errors,
                method.latency.p50_us,
                method.latency.p99_us,
                method.latency.max_us
            ));
        }
        for project in &health.memory.projects {
            lines.push(format!(
                "state project={} voxel_bytes={} history_bytes={} revision={} dirty={}",
                project.project,
                project.voxel_bytes,
                project.history_bytes,
                project.revision,
                project.dirty
            ));
        }
        for (_, connection) in &hub.connections {
            let info = connection.info(hub.now);
            let running = connection.running.as_ref().map(|running| running.exchange.progress());
            lines.push(format!("state {info:?} phase={:?} work={running:?}", connection.phase));
        }
        lines.push("state ends".to_owned());
        lines
    }
}

/// The counters without the buckets of times.
struct Counters<'a>(&'a super::metrics::Metrics);

impl std::fmt::Debug for Counters<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let metrics = self.0;
        formatter
            .debug_struct("")
            .field("accepted", &metrics.accepted)
            .field("refused", &metrics.refused)
            .field("ended", &metrics.ended)
            .field("messages", &metrics.messages)
            .field("errors", &metrics.errors)
            .field("bytes_in", &metrics.bytes_in)
            .field("bytes_out", &metrics.bytes_out)
            .field("turns", &metrics.turns)
            .field("longest_turn", &metrics.longest_turn)
            .field("slices", &metrics.slices)
            .finish()
    }
}
