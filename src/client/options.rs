//! The settings of one connection: each with a name, a unit and a default.

use std::time::Duration;

/// How messages are cut apart on the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Framing {
    /// One JSON value a line, both ways.
    #[default]
    Text,
    /// A 16-byte header (id, type, length, upper half of a time stamp; big-endian), then the
    /// payload.
    Binary,
}

impl Framing {
    /// A stable word: `text` or `binary`.
    pub fn as_str(self) -> &'static str {
        match self {
            Framing::Text => "text",
            Framing::Binary => "binary",
        }
    }
}

/// How a [`Connection`](super::Connection) behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// How messages are cut apart. Default: JSON text.
    pub framing: Framing,
    /// How long connecting may take. Default: 2 s.
    pub connect_timeout: Duration,
    /// How long a call may take from its first byte to its answer. Default: 30 s.
    pub call_timeout: Duration,
    /// The longest message that is accepted from the daemon, in bytes. Default: 256 MiB.
    pub max_message_bytes: usize,
    /// How many unsolicited messages are kept until somebody takes them; the oldest go first.
    /// Default: 1024.
    pub max_queued_notifications: usize,
    /// A further user who may serve the socket. Default: at the path of last resort us and root,
    /// elsewhere anybody.
    pub peer_uid: Option<u32>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        ConnectionOptions {
            framing: Framing::Text,
            connect_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_secs(30),
            max_message_bytes: 256 << 20,
            max_queued_notifications: 1024,
            peer_uid: None,
        }
    }
}

impl ConnectionOptions {
    /// The defaults with binary framing.
    pub fn binary() -> Self {
        ConnectionOptions { framing: Framing::Binary, ..Self::default() }
    }

    /// These options with another limit for calls.
    pub fn with_call_timeout(self, call_timeout: Duration) -> Self {
        ConnectionOptions { call_timeout, ..self }
    }
}
