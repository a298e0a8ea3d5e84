//! The settings of a pool: each with a name, a unit and a default.

use std::time::Duration;

use super::super::backoff::BackoffRange;
use super::super::launch::Autostart;
use super::super::{ConnectionOptions, Error};

/// How a [`Pool`](super::Pool) behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections that are kept open even when nobody needs them. Default: 1.
    pub min_connections: usize,
    /// Connections that may be open at once. Default: 5.
    pub max_connections: usize,
    /// Callers that may wait for a connection at once. Default: 10,000.
    pub max_waiting: usize,
    /// How long a caller waits for a connection, reconnecting included. Default: 5 s.
    pub acquire_timeout: Duration,
    /// How long a call may take in all, waiting, retries and reconnecting included. Default: 30 s.
    pub call_timeout: Duration,
    /// How long one attempt of a call may take before another is made. Default: as long as the call
    /// may.
    pub attempt_timeout: Option<Duration>,
    /// How often a call is tried. Default: 10.
    pub max_attempts: u32,
    /// An idle connection over the minimum is closed after this. Default: 60 s.
    pub idle_timeout: Duration,
    /// A connection is replaced after this many calls. Default: 100,000.
    pub max_calls: u64,
    /// A connection is replaced after this age. Default: 1 h.
    pub max_age: Duration,
    /// When connections are asked for a sign of life, and how the answer is graded.
    pub health: HealthOptions,
    /// The pauses between attempts to connect.
    pub backoff: BackoffRange,
    /// What to do when nobody listens on the socket. Default: wait for somebody else to start a
    /// daemon.
    pub autostart: Autostart,
    /// Calls that are made on each new connection before anybody gets it: a method and its params
    /// by name. One that fails costs the connection, but for a method that the daemon does not
    /// have. Default: none.
    pub greeting: Vec<(String, serde_json::Value)>,
    /// How single connections behave. Its `call_timeout` holds for leased connections.
    pub connection: ConnectionOptions,
}

/// When connections are asked for a sign of life, and how the answer is graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthOptions {
    /// How long a connection may be idle before it is asked. Default: 30 s.
    pub interval: Duration,
    /// How long the answer may take. Default: 2 s. A connection that does not answer is replaced.
    pub timeout: Duration,
    /// From this latency on a connection is degraded. Default: 100 ms.
    pub degraded: Duration,
    /// From this latency on a connection is unhealthy and replaced. Default: 1 s.
    pub unhealthy: Duration,
}

impl Default for HealthOptions {
    fn default() -> Self {
        HealthOptions {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(2),
            degraded: Duration::from_millis(100),
            unhealthy: Duration::from_secs(1),
        }
    }
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            min_connections: 1,
            max_connections: 5,
            max_waiting: 10_000,
            acquire_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            attempt_timeout: None,
            max_attempts: 10,
            idle_timeout: Duration::from_secs(60),
            max_calls: 100_000,
            max_age: Duration::from_secs(3600),
            health: HealthOptions::default(),
            backoff: BackoffRange::default(),
            autostart: Autostart::default(),
            greeting: Vec::new(),
            connection: ConnectionOptions::default(),
        }
    }
}

impl PoolOptions {
    /// Refuses settings that contradict each other.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refuse = |text: &str| Err(Error::Usage(text.to_owned()));
        if self.max_connections == 0 {
            return refuse("max_connections must be at least 1");
        }
        if self.min_connections > self.max_connections {
            return refuse("min_connections must not be over max_connections");
        }
        if self.max_attempts == 0 || self.max_calls == 0 {
            return refuse("max_attempts and max_calls must be at least 1");
        }
        if self.health.degraded > self.health.unhealthy {
            return refuse(
                "a connection is degraded before it is unhealthy: degraded <= unhealthy",
            );
        }
        Ok(())
    }
}
