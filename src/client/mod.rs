//! The client library: one connection, and a pool of connections that heals itself.
//!
//! Blocking, with a limit of time on everything, and independent of the daemon's code: cargo's
//! `client` feature builds it alone. [`Connection`] is one conversation with one daemon; [`Pool`]
//! serves many threads, reconnects, and tries calls again where that is safe. Every failure is an
//! [`Error`] that tells what happened and, through [`Error::outcome`], whether the call was carried
//! out.
//!
//! Invariants: nothing here waits without a deadline; a request has at most one answer; an answer
//! that nobody waits for any more is dropped, never handed to somebody else.

mod backoff;
mod bulk;
mod calls;
mod connection;
mod error;
mod framing;
mod latency;
mod launch;
mod link;
mod message;
mod options;
mod peer;
mod pending;
mod pool;
mod socket;
mod stats;

pub use crate::histogram::Histogram;
pub use backoff::BackoffRange;
pub use bulk::{BulkChange, BulkTarget};
pub use calls::{Batch, CallProgress, ConnectionRow, Pong, VersionInfo};
pub use connection::{Connection, Ticket};
pub use error::{Error, ErrorKind, OUTCOME_UNKNOWN, Outcome, RemoteError, SERVER_FULL};
pub use latency::LatencySummary;
pub use launch::{Autostart, DAEMON_VARIABLE, DaemonCommand};
pub use message::{Answer, Notification, Session};
pub use options::{ConnectionOptions, Framing};
pub use peer::check_peer;
pub use pool::{
    CallError, Effect, Event, Grade, HealthOptions, Lease, MemberStats, Observer, Pool,
    PoolBuilder, PoolOptions, PoolStats, Watch, effect_of,
};
pub use stats::ConnectionStats;
