//! Every limit of the server, and what happens beyond it. Their flags, keys and bounds are in the
//! table of settings, [`super::config::table`].

use std::time::Duration;

use crate::wire::MessageLimits;

/// The limits of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. A newcomer beyond is told 1007 and closed.
    pub connections: usize,
    /// How many of them are kept for the user of the daemon, at most half.
    pub reserve: usize,
    /// How many of them one process may have; zero for no limit.
    pub of_peer: usize,
    /// Lengths of messages.
    pub messages: MessageLimits,
    /// Unread bytes kept for a connection whose calls have to wait.
    pub inbound: usize,
    /// Unsent bytes beyond which no more calls of the connection are carried out.
    pub outbound_soft: usize,
    /// Unsent bytes beyond which an answer becomes error 1004, and a notice is refused.
    pub outbound_hard: usize,
    /// Bytes in the buffers of all connections together. Beyond it the largest holder is dropped.
    pub buffers: usize,
    /// Calls of one connection in a row.
    pub turn_requests: usize,
    /// Bytes of one connection in a row.
    pub turn_bytes: usize,
    /// Time of one connection in a row.
    pub turn_time: Duration,
    /// Time of all connections together before answers are sent and events are looked at.
    pub turn_total: Duration,
    /// The length of a slice of long work.
    pub slice: Duration,
    /// A turn that takes longer is logged.
    pub slow_turn: Duration,
    /// The blocks of a project that nobody changes for this long are packed; zero for never.
    pub pack_after: Duration,
    /// A connection without a byte for this long is closed; zero for never.
    pub idle: Duration,
    /// The server ends when nobody was connected for this long; zero for never.
    pub idle_exit: Duration,
    /// A message that was begun must be finished within; zero for no limit.
    pub unfinished: Duration,
    /// A connection whose peer takes no byte of its answers for this long is dropped; zero for
    /// never.
    pub stalled: Duration,
    /// How long a closing connection waits for the peer to notice.
    pub linger: Duration,
    /// How long a stop waits for answers.
    pub drain: Duration,
    /// How long a file system call may take before its caller is told so.
    pub disk_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4096,
            reserve: 8,
            of_peer: 2048,
            messages: MessageLimits::default(),
            inbound: 64 << 10,
            outbound_soft: 4 << 20,
            outbound_hard: 64 << 20,
            buffers: 256 << 20,
            turn_requests: 64,
            turn_bytes: 256 << 10,
            turn_time: Duration::from_millis(1),
            turn_total: Duration::from_millis(2),
            slice: Duration::from_millis(1),
            slow_turn: Duration::from_millis(100),
            pack_after: Duration::from_secs(30),
            idle: Duration::ZERO,
            idle_exit: Duration::ZERO,
            unfinished: Duration::from_secs(30),
            stalled: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            drain: Duration::from_millis(1500),
            disk_timeout: Duration::from_secs(30),
        }
    }
}
