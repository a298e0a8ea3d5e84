//! What the server knows about itself, as it tells it to calls.

use std::time::Duration;

use crate::api::methods::health::{
    CallHealth, ConnectionHealth, DescriptorHealth, JobHealth, LastError, LoopHealth,
};
use crate::api::methods::watching::{ListedSetting, SlowCall};

/// Facts about the server. Without a server, as in tests of calls, all of them are zero.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// The sockets that are served.
    pub sockets: Vec<String>,
    /// Sockets that nobody can reach any more, and why.
    pub lost_sockets: Vec<String>,
    /// Whether it is stopping.
    pub is_draining: bool,
    /// Bytes that the process takes of the machine, where the system tells.
    pub resident_bytes: Option<u64>,
    /// Bytes in the buffers of all connections.
    pub buffer_bytes: u64,
    /// How much buffers may take.
    pub buffer_limit: u64,
    /// The connections.
    pub connections: ConnectionHealth,
    /// The calls.
    pub calls: CallHealth,
    /// The event loop.
    pub event_loop: LoopHealth,
    /// Long work.
    pub jobs: JobHealth,
    /// File system calls that have not come back in time.
    pub stuck_file_calls: usize,
    /// Open files, where the system tells.
    pub descriptors: Option<DescriptorHealth>,
    /// The last call that failed.
    pub last_error: Option<LastError>,
    /// From where on facts are worth a warning.
    pub thresholds: Thresholds,
}

/// From where on facts are worth a warning or count as a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Warn at this share of the connections that may be open, in percent.
    pub warn_connections: u8,
    /// Warn at this share of the files that may be open, in percent.
    pub warn_descriptors: u8,
    /// Warn at this share of the bytes that buffers may take, in percent.
    pub warn_buffers: u8,
    /// Warn at a turn of the loop of this length.
    pub warn_turn: Duration,
    /// Warn when the process takes so many bytes; 0 for never.
    pub warn_memory: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            warn_connections: 80,
            warn_descriptors: 80,
            warn_buffers: 50,
            warn_turn: Duration::from_millis(100),
            warn_memory: 0,
        }
    }
}

/// The slow log, as calls see it.
#[derive(Clone, Debug, Default)]
pub struct SlowCalls {
    /// Calls that took longer are kept.
    pub threshold: Duration,
    /// How many are kept at most.
    pub capacity: usize,
    /// How many were slow since the start.
    pub total: u64,
    /// The calls, the latest first.
    pub calls: Vec<SlowCall>,
}

/// The configuration, as calls see it.
#[derive(Clone, Debug, Default)]
pub struct SettingList {
    /// The files that were read.
    pub files: Vec<String>,
    /// All settings.
    pub settings: Vec<ListedSetting>,
}
