//! Methods about connections to the daemon.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::value::{InRange, Raw};
use super::system::NoParams;

/// A connection's number, as params name it.
pub type ConnectionNumber = InRange<1, { i64::MAX }>;

/// The longest time between keepalive probes, in milliseconds.
pub const MAX_KEEPALIVE_MS: i64 = 86_400_000;

/// The longest name of a connection, in characters.
pub const MAX_NAME: usize = 64;

result! {
    /// Facts about one connection.
    pub struct ListedConnection {
        /// The connection's number, never used twice while the daemon runs.
        id: u64,
        /// The name that the client gave itself.
        name: Option<String>,
        /// "undecided", "json", "header", "http" or "binary".
        protocol: String,
        /// Process id of the client, where the system tells.
        peer_pid: Option<i32>,
        /// User id of the client, where the system tells.
        peer_uid: Option<u32>,
        /// Milliseconds since it was accepted.
        age_ms: u64,
        /// Milliseconds since its last byte.
        idle_ms: u64,
        /// Messages answered.
        calls: u64,
        /// Messages answered with an error.
        errors: u64,
        /// Bytes received.
        bytes_in: u64,
        /// Bytes sent.
        bytes_out: u64,
        /// Bytes waiting in its buffers.
        buffered: u64,
        /// Whether it is the connection that asks.
        own: bool,
    }
}

result! {
    /// All connections.
    pub struct ConnectionList {
        /// How many there are.
        count: usize,
        /// The connections, oldest first.
        connections: Vec<ListedConnection>,
    }
}

method! {
    /// Lists the open connections.
    ListConnections = "connection.list",
    NoParams -> ConnectionList,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// Which connection.
    pub struct ConnectionInfoParams {
        /// The connection's number; the connection that asks if it is absent.
        id: Option<ConnectionNumber>
    }
}

method! {
    /// Facts about one connection.
    InspectConnection = "connection.info",
    ConnectionInfoParams -> ListedConnection,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// A name for the connection that asks.
    pub struct NameParams<'a> {
        /// The name, at most 64 characters; an empty one takes it away.
        name: Cow<'a, str>
    }
}

result! {
    /// Done, to one connection.
    pub struct ConnectionChanged {
        /// Always true.
        success: bool,
        /// The connection's number.
        id: u64,
    }
}

method! {
    /// Gives the connection that asks a name for lists and logs.
    NameConnection = "connection.name",
    NameParams<'a> -> ConnectionChanged,
    effect: Server, lenient: false,
    by_position: r#"["builder"]"#, by_name: r#"{"name":"builder"}"#,
}

params! {
    /// Which connection to close.
    pub struct KillParams {
        /// The connection's number.
        id: ConnectionNumber
    }
}

method! {
    /// Closes a connection after its answers are sent.
    KillConnection = "connection.kill",
    KillParams -> ConnectionChanged,
    effect: Server, lenient: false,
    by_position: "[2]", by_name: r#"{"id":2}"#,
}

params! {
    /// How often to probe.
    pub struct KeepaliveParams {
        /// Milliseconds between probes; 0 stops them.
        interval_ms: InRange<0, MAX_KEEPALIVE_MS>
    }
}

result! {
    /// What was agreed.
    pub struct KeepaliveResult {
        /// Always true.
        success: bool,
        /// Milliseconds between probes; 0 for none.
        interval_ms: u64,
        /// Probes without a sign of life after which the connection is closed.
        misses_allowed: u32,
    }
}

method! {
    /// Asks for `connection.probe` notifications to the connection that asks. Each complete message
    /// it sends counts as a sign of life; after three probes without one it is closed.
    KeepConnectionAlive = "connection.keepalive",
    KeepaliveParams -> KeepaliveResult,
    effect: Server, lenient: false,
    by_position: "[30000]", by_name: r#"{"interval_ms":30000}"#,
}

params! {
    /// An answer to a probe.
    pub struct AliveParams<'a> {
        /// The number of the probe.
        seq: Option<Raw<'a>>
    }
}

result! {
    /// Noted.
    pub struct AliveResult {
        /// Always true.
        success: bool,
    }
}

method! {
    /// A sign of life in answer to `connection.probe`; usually sent as a notification.
    ConnectionAlive = "connection.alive",
    AliveParams<'a> -> AliveResult,
    effect: Server, lenient: false,
    by_position: "[1]", by_name: r#"{"seq":1}"#,
}

params! {
    /// The directories that are left to a connection.
    pub struct ConfineParams<'a> {
        /// Directories whose files may be read and written; relative paths begin at the first.
        roots: Option<Vec<Cow<'a, str>>>,
        /// Directories whose files may be read.
        read_roots: Option<Vec<Cow<'a, str>>>,
    }
}

result! {
    /// What the connection may use from now on.
    pub struct Confined {
        /// Always true.
        success: bool,
        /// Directories whose files may be read and written.
        roots: Vec<String>,
        /// Directories whose files may be read.
        read_roots: Vec<String>,
    }
}

method! {
    /// Confines the connection that asks to directories, for all paths that it names from then on.
    /// It can be confined further by another call, never less.
    ConfineConnection = "connection.confine",
    ConfineParams<'a> -> Confined,
    effect: Server, lenient: false,
    by_position: r#"[["."],["/usr/share"]]"#, by_name: r#"{"roots":["."]}"#,
    errors: [1008],
}
