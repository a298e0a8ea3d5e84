//! Connections that asked to be told of every call, each at its own rate.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::args::shown;
use crate::rpc::{ConnectionId, EndedCall};

/// Calls are counted over this time.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Monitor {
    connection: ConnectionId,
    /// Only methods whose name contains this.
    filter: String,
    since: Instant,
    told: u64,
    left_out: u64,
}

/// The connections that are told.
#[derive(Debug)]
pub struct Monitors {
    rate: u64,
    monitors: Vec<Monitor>,
}

impl Monitors {
    /// Nobody yet; each is told of `rate` calls a second at most.
    pub fn new(rate: u64) -> Self {
        Monitors { rate, monitors: Vec::new() }
    }

    /// Changes the rate.
    pub fn set_rate(&mut self, rate: u64) {
        self.rate = rate;
    }

    /// The rate.
    pub fn rate(&self) -> u64 {
        self.rate
    }

    /// Tells a connection from now on, or no more with `None`.
    pub fn set(&mut self, connection: ConnectionId, filter: Option<String>, now: Instant) {
        self.monitors.retain(|monitor| monitor.connection != connection);
        if let Some(filter) = filter {
            self.monitors.push(Monitor { connection, filter, since: now, told: 0, left_out: 0 });
        }
    }

    /// Whether nobody is told.
    pub fn is_empty(&self) -> bool {
        self.monitors.is_empty()
    }

    /// The notifications about a call.
    pub fn notices(
        &mut self,
        call: &EndedCall<'_>,
        peer_pid: Option<i32>,
        took: Duration,
        now: Instant,
    ) -> Vec<(ConnectionId, String)> {
        let rate = self.rate;
        let wants = |monitor: &&mut Monitor| call.name.contains(&*monitor.filter);
        let told = self.monitors.iter_mut().filter(wants).filter_map(|monitor| {
            if now.saturating_duration_since(monitor.since) >= WINDOW {
                (monitor.since, monitor.told) = (now, 0);
            }
            if monitor.told >= rate {
                monitor.left_out += 1;
                return None;
            }
            monitor.told += 1;
            let left_out = std::mem::take(&mut monitor.left_out);
            Some((monitor.connection, notice(call, peer_pid, took, left_out)))
        });
        told.collect()
    }

    /// Notes that a connection had no room for a notification.
    pub fn missed(&mut self, connection: ConnectionId) {
        let monitor = self.monitors.iter_mut().find(|monitor| monitor.connection == connection);
        if let Some(monitor) = monitor {
            monitor.left_out += 1;
        }
    }
}

fn notice(call: &EndedCall<'_>, peer_pid: Option<i32>, took: Duration, left_out: u64) -> String {
    json!({
        "jsonrpc": "2.0",
        "method": "server.call",
        "params": {
            "connection": call.caller.0,
            "peer_pid": peer_pid,
            "method": shown(call.name),
            "params": shown(call.params.unwrap_or_default()),
            "duration_us": took.as_nanos() as f64 / 1000.0,
            "error": call.error.map(|error| error.code),
            "left_out": left_out,
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::super::calls::tests::ended;
    use super::*;

    #[test]
    fn the_rate_is_kept_and_what_was_left_out_is_counted() {
        let mut monitors = Monitors::new(2);
        let now = Instant::now();
        monitors.set(ConnectionId(1), Some(String::new()), now);
        let mut tell = |now| monitors.notices(&ended("ping", None), None, Duration::ZERO, now);
        let told: usize = (0..5).map(|_| tell(now).len()).sum();
        assert_eq!(told, 2);
        let (connection, notice) = tell(now + WINDOW).remove(0);
        assert_eq!(connection, ConnectionId(1));
        let notice: serde_json::Value = serde_json::from_str(&notice).unwrap();
        assert_eq!(notice["params"]["left_out"], 3);
        assert_eq!(notice["params"]["method"], "ping");
        monitors.set(ConnectionId(1), None, now);
        assert!(monitors.is_empty());
    }

    #[test]
    fn a_filter_chooses_by_name() {
        let mut monitors = Monitors::new(10);
        let now = Instant::now();
        monitors.set(ConnectionId(1), Some("voxel".to_owned()), now);
        assert!(monitors.notices(&ended("ping", None), None, Duration::ZERO, now).is_empty());
        assert_eq!(monitors.notices(&ended("add_voxel", None), None, Duration::ZERO, now).len(), 1);
    }
}
