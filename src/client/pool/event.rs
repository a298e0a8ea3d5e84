//! What a pool tells those who listen.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How well a connection answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It answers in good time.
    #[default]
    Healthy,
    /// It answers slowly.
    Degraded,
    /// It does not answer, or so slowly that it is replaced.
    Unhealthy,
}

/// Something happened in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection was opened.
    Opened {
        /// Its number in this pool.
        connection: u64,
    },
    /// A connection was closed on purpose: recycled, idle for too long, or drained.
    Closed {
        /// Its number in this pool.
        connection: u64,
        /// Why.
        reason: &'static str,
    },
    /// A connection broke.
    Lost {
        /// Its number in this pool.
        connection: u64,
        /// Why.
        reason: String,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// How many in a row.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// The first connection after a loss is open.
    Reconnected {
        /// How long there was none, from when the loss was noticed.
        after: Duration,
        /// Whether it is another daemon process than before.
        other_instance: bool,
    },
    /// A connection's grade changed.
    Graded {
        /// Its number in this pool.
        connection: u64,
        /// The grade before.
        from: Grade,
        /// The grade now.
        to: Grade,
        /// The latency of the ping.
        latency: Duration,
    },
    /// All connections are in use, and a caller has to wait.
    Exhausted {
        /// How many wait now.
        waiting: usize,
    },
    /// A call is tried again.
    Retried {
        /// The method.
        method: String,
        /// Which attempt comes now; the first retry is 2.
        attempt: u32,
        /// Why the last one failed.
        reason: String,
    },
    /// A daemon was started.
    Started,
}

/// Somebody who is told about events. Called outside of the pool's lock, by the thread that
/// noticed.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Observers(pub(super) Vec<Observer>);

impl Observers {
    pub(super) fn tell(&self, event: &Event) {
        self.0.iter().for_each(|observer| observer(event));
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} observers", self.0.len())
    }
}
