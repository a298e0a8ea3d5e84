//! The client library: one connection, and a pool of connections that heals itself.
//!
//! Blocking, with a limit of time on everything, and independent of the daemon's code: cargo's `client`
//! feature builds it alone. [`Connection`] is one conversation with one daemon. Every failure is an
//! [`Error`] that tells what happened and, through [`Error::outcome`], whether the call was carried out.
//!
//! Invariants: nothing here waits without a deadline; a request has at most one answer; an answer that
//! nobody waits for any more is dropped, never handed to somebody else.

mod calls;
mod connection;
mod error;
mod framing;
mod histogram;
mod message;
mod options;
mod pending;
mod socket;
mod stats;

pub use calls::{Batch, CallProgress, ConnectionRow, Pong, VersionInfo};
pub use connection::{Connection, Ticket};
pub use error::{Error, ErrorKind, OUTCOME_UNKNOWN, Outcome, RemoteError, SERVER_FULL};
pub use histogram::{Histogram, LatencySummary};
pub use message::{Answer, Notification, Session};
pub use options::{ConnectionOptions, Framing};
pub use stats::ConnectionStats;
