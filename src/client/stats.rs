//! What went over a connection.

use std::time::{Duration, Instant};

use super::Histogram;

/// The counters of one connection.
#[derive(Clone, Debug)]
pub struct ConnectionStats {
    /// When it was opened.
    pub opened_at: Instant,
    /// Calls answered, errors included.
    pub calls: u64,
    /// Calls answered with an error.
    pub errors: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Messages that the daemon sent by itself.
    pub notifications: u64,
    /// Of these, how many were dropped because nobody took them.
    pub notifications_dropped: u64,
    /// The times from queueing a request to its answer.
    pub latency: Histogram,
}

impl ConnectionStats {
    pub(super) fn new(opened_at: Instant) -> Self {
        ConnectionStats {
            opened_at,
            calls: 0,
            errors: 0,
            bytes_out: 0,
            bytes_in: 0,
            notifications: 0,
            notifications_dropped: 0,
            latency: Histogram::default(),
        }
    }

    pub(super) fn answered(&mut self, after: Duration, failed: bool) {
        self.calls += 1;
        self.errors += u64::from(failed);
        self.latency.record(after);
    }
}
