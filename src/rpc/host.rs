//! What calls may ask of the server: facts about connections, and a few actions on them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::RpcError;
use super::server_facts::{ServerFacts, SettingList, SlowCalls};
use crate::api::Method;
use crate::job::Budget;

/// Keepalive probes without a sign of life after which a connection is closed.
pub const KEEPALIVE_MISSES: u32 = 3;

/// Units of work that a call takes at once where no clock tells when to stop.
const UNITS_AT_ONCE: u64 = 8;

/// A connection's number: counted from 1, never used twice in the life of the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Facts about one connection.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ConnectionInfo {
    /// The connection's number.
    pub id: u64,
    /// The name that the client gave itself by `connection.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `undecided`, `json`, `header`, `http` or `binary`.
    pub protocol: &'static str,
    /// Process id of the peer, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_pid: Option<i32>,
    /// User id of the peer, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_uid: Option<u32>,
    /// Milliseconds since it was accepted.
    pub age_ms: u64,
    /// Milliseconds since its last byte.
    pub idle_ms: u64,
    /// Calls answered.
    pub calls: u64,
    /// Calls answered with an error.
    pub errors: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes waiting in its buffers.
    pub buffered: u64,
}

/// Facts about a call that goes on in slices.
#[derive(Clone, Debug)]
pub struct JobInfo {
    /// Its number, never used twice in the life of the process.
    pub job: u64,
    /// Whose it is.
    pub connection: u64,
    /// The id of the request, if it has one.
    pub id: Option<serde_json::Value>,
    /// The method.
    pub method: &'static str,
    /// The project that it works on, if it does on one.
    pub project: Option<String>,
    /// Units of work done.
    pub done: u64,
    /// Units of work in all, or 0 if not known.
    pub total: u64,
    /// How long it has gone on, its waiting included.
    pub seconds: f64,
}

/// A call that is over.
#[derive(Clone, Copy, Debug)]
pub struct EndedCall<'a> {
    /// Who called.
    pub caller: ConnectionId,
    /// The method; none if there is no such method, or if the message was no call at all.
    pub method: Option<&'static Method>,
    /// The method as the caller wrote it; empty if the message was no call at all.
    pub name: &'a str,
    /// The raw params, perhaps cut short.
    pub params: Option<&'a str>,
    /// Why it failed, if it did.
    pub error: Option<&'a RpcError>,
    /// When it began.
    pub began: Instant,
}

/// The server, as far as calls may see it. One that says nothing of connections has none.
pub trait Host {
    /// The clock, read once a turn of the loop.
    fn now(&self) -> Instant;
    /// Seconds since 1970, read as often as [`Host::now`].
    fn unix_time(&mut self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }
    /// What the beginning of a call may take of this turn. Work that is not finished then goes on
    /// in slices.
    fn at_once(&self) -> Budget {
        Budget::units(UNITS_AT_ONCE)
    }
    /// When the server started.
    fn started(&self) -> Instant;
    /// All open connections.
    fn connections(&self) -> Vec<ConnectionInfo> {
        Vec::new()
    }
    /// Closes a connection after its answers are flushed; false if there is none with this number.
    fn close(&mut self, _connection: ConnectionId) -> bool {
        false
    }
    /// The calls that go on in slices.
    fn jobs(&self) -> Vec<JobInfo> {
        Vec::new()
    }
    /// Has a call that goes on in slices stopped; false if there is none with this number.
    fn cancel_job(&mut self, _job: u64) -> bool {
        false
    }
    /// Gives a connection a name for lists and logs.
    fn set_name(&mut self, _connection: ConnectionId, _name: &str) {}
    /// Starts keepalive probes to a connection, or stops them with `None`.
    fn set_keepalive(&mut self, _connection: ConnectionId, _interval: Option<Duration>) {}
    /// Queues an unsolicited JSON message for a connection; it is sent between answers, framed as
    /// the connection has it. False if the connection is gone or has no room.
    fn notify(&mut self, _connection: ConnectionId, _message: &[u8]) -> bool {
        false
    }
    /// Whether bytes for a connection wait to be sent: its reader is slower than what is sent to
    /// it.
    fn has_unsent(&self, _connection: ConnectionId) -> bool {
        false
    }
    /// Asks the server to stop; false if it was not started with leave to do so.
    fn shut_down(&mut self) -> bool {
        false
    }
    /// Hands everything over to the daemon at the other end of a connection, after the answer; an
    /// error says why not.
    fn hand_over(&mut self, _connection: ConnectionId) -> Result<(), &'static str> {
        Err("this server has nothing to hand over")
    }
    /// Says which call is being carried out from now on, for the log; `None` for none.
    fn working_on(&mut self, _call: Option<(ConnectionId, &'static str)>) {}
    /// Takes note of a call that is over, however it ended: for statistics, the slow log and
    /// monitors. The clock is read anew.
    fn call_ended(&mut self, _call: &EndedCall<'_>) {}
    /// What the server knows about itself.
    fn server_facts(&self) -> ServerFacts {
        ServerFacts::default()
    }
    /// The calls that took long, and whether to forget them afterwards.
    fn slow_calls(&mut self, _reset: bool) -> SlowCalls {
        SlowCalls::default()
    }
    /// Tells a connection of calls from now on whose method contains a text, or no more with
    /// `None`; how many a second at most.
    fn monitor(&mut self, _connection: ConnectionId, _filter: Option<String>) -> u64 {
        0
    }
    /// Sets how important a log line must be to be written.
    fn set_log_level(&mut self, _level: log::LevelFilter) {}
    /// The configuration.
    fn setting_list(&self) -> SettingList {
        SettingList::default()
    }
}
