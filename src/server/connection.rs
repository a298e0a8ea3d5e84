//! One connection: its state and what can be said about it without a socket.
//!
//! | phase | reads | calls | ends |
//! | --- | --- | --- | --- |
//! | `Open` | yes | yes | when the peer has ended its input, everything is answered and sent |
//! | `Closing` | no | none new | when everything is answered and sent; then it lingers |
//! | `Lingering` | drops bytes | none | when the peer closes, or after the linger time |
//! | `Gone` | no | none | at the end of the turn |

use std::time::Instant;

use super::limits::Limits;
use super::metrics::End;
use super::outbound::Outbound;
use crate::rpc::{ConnectionId, ConnectionInfo, Exchange};
use crate::wire::{Buffer, Decoder, Framing};

/// A place in the slab, and whose it is: a key outlives its connection without reaching the next
/// owner of the place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Key {
    /// The place.
    pub index: usize,
    /// The connection.
    pub id: ConnectionId,
}

/// Who is on the other side, where the system tells.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Process id.
    pub pid: Option<i32>,
    /// User id.
    pub uid: Option<u32>,
}

/// See the table above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Serving.
    Open,
    /// No more input; flushing.
    Closing(End),
    /// Everything is sent; waiting for the peer to notice.
    Lingering(End, Instant),
    /// To be removed.
    Gone(End),
}

/// A message that takes more than one slice.
pub struct Running {
    /// The work.
    pub exchange: Box<Exchange>,
    /// How its answer is framed.
    pub framing: Framing,
    /// The id of the request, for errors that the server itself makes.
    pub request_id: Box<str>,
    /// When the message was complete.
    pub since: Instant,
}

/// Probes to a client that asked for them.
pub struct Keepalive {
    /// The time between probes.
    pub interval: std::time::Duration,
    /// When the next probe is due.
    pub due: Instant,
    /// The number of the last probe.
    pub sequence: u64,
    /// Probes since the last sign of life.
    pub unanswered: u32,
}

/// A connection over a [`super::transport::Transport`].
pub struct Connection<T> {
    /// Its number.
    pub id: ConnectionId,
    /// Its socket.
    pub transport: T,
    /// Who is on the other side.
    pub peer: Peer,
    /// The inbound side.
    pub decoder: Decoder,
    /// Bytes received and not yet understood.
    pub inbound: Buffer,
    /// Bytes of answers and notices to be sent.
    pub outbound: Outbound,
    /// Framed notices that wait for a gap between answers.
    pub notices: Vec<u8>,
    /// Where it is in its life.
    pub phase: Phase,
    /// The message in work, if one takes long.
    pub running: Option<Running>,
    /// A read may find bytes.
    pub readable: bool,
    /// The end of the input follows the bytes that are there; no event will tell.
    pub input_ending: bool,
    /// The peer sends no more.
    pub input_ended: bool,
    /// The peer takes no more.
    pub output_dead: bool,
    /// The peer vanished with something unsent or unread.
    pub reset: bool,
    /// Writable events were asked for.
    pub watching: bool,
    /// It is in the ready queue.
    pub queued: bool,
    /// It is in the list of those to flush.
    pub dirty: bool,
    /// Until where the journal must be safe before its answers may be sent; 0 if they may.
    pub held_until: u64,
    /// Its answers wait for the journal, and its calls for them.
    pub is_held: bool,
    /// The moment of its live timer.
    pub armed: Option<Instant>,
    /// Since when an incomplete message waits.
    pub unfinished_since: Option<Instant>,
    /// Since when the peer has taken nothing.
    pub stalled_since: Option<Instant>,
    /// When the last byte came.
    pub last_byte: Instant,
    /// When it was accepted.
    pub accepted: Instant,
    /// Probes, if it asked for them.
    pub keepalive: Option<Box<Keepalive>>,
    /// The name that it gave itself.
    pub name: Option<Box<str>>,
    /// What the sum of all buffers holds for it.
    pub accounted: usize,
    /// Messages answered.
    pub calls: u64,
    /// Those answered with an error.
    pub errors: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

impl<T> Connection<T> {
    /// A new connection.
    pub fn new(id: ConnectionId, transport: T, peer: Peer, now: Instant) -> Self {
        Connection {
            id,
            transport,
            peer,
            decoder: Decoder::default(),
            inbound: Buffer::default(),
            outbound: Outbound::default(),
            notices: Vec::new(),
            phase: Phase::Open,
            running: None,
            // Bytes may have come before the registration.
            readable: true,
            input_ending: false,
            input_ended: false,
            output_dead: false,
            reset: false,
            watching: false,
            queued: false,
            dirty: false,
            held_until: 0,
            is_held: false,
            armed: None,
            unfinished_since: None,
            stalled_since: None,
            last_byte: now,
            accepted: now,
            keepalive: None,
            name: None,
            accounted: 0,
            calls: 0,
            errors: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Bytes waiting in its buffers, and those of the message in work.
    pub fn buffered(&self) -> usize {
        let inbound = self.inbound.len() + self.decoder.held();
        let running = self.running.as_ref().map_or(0, |running| running.exchange.buffered());
        inbound + running + self.outbound.len() + self.notices.len()
    }

    /// Facts for lists.
    pub fn info(&self, now: Instant) -> ConnectionInfo {
        let millis = |since: Instant| {
            u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
        };
        ConnectionInfo {
            id: self.id.0,
            name: self.name.as_deref().map(str::to_string),
            protocol: self.decoder.protocol().map_or("undecided", |protocol| protocol.name()),
            peer_pid: self.peer.pid,
            peer_uid: self.peer.uid,
            age_ms: millis(self.accepted),
            idle_ms: millis(self.last_byte),
            calls: self.calls,
            errors: self.errors,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            buffered: self.buffered() as u64,
        }
    }

    /// The next moment at which something must be done if nothing happens before.
    pub fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let after = |since: Option<Instant>, time: std::time::Duration| {
            since.filter(|_| !time.is_zero()).map(|since| since + time)
        };
        match self.phase {
            Phase::Gone(_) => return None,
            // Nothing else is done for it, so a probe that came due would stay due for ever.
            Phase::Lingering(_, until) => return Some(until),
            Phase::Open | Phase::Closing(_) => {}
        }
        let idle = Some(self.last_byte).filter(|_| self.is_idle());
        [
            after(self.unfinished_since, limits.unfinished),
            after(self.stalled_since, limits.stalled),
            after(idle, limits.idle),
            self.keepalive.as_ref().map(|keepalive| keepalive.due),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether nothing is owed to it.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Open && self.running.is_none() && self.outbound.is_empty()
    }

    /// Whether no more of its calls may start now.
    pub fn is_blocked(&self, unsent: usize, limits: &Limits) -> bool {
        self.phase != Phase::Open
            || self.running.is_some()
            || self.is_held
            || (unsent > limits.outbound_soft && !self.output_dead)
    }

    /// Takes no more input, finishes what is owed, and ends for `end`.
    pub fn begin_close(&mut self, end: End) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing(end);
            self.unfinished_since = None;
        }
    }

    /// The peer takes no more answers.
    pub fn output_lost(&mut self) {
        self.reset |= !self.outbound.is_empty();
        self.output_dead = true;
        self.stalled_since = None;
        self.outbound = Outbound::default();
        self.notices = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::transport::Socket;

    #[test]
    fn an_idle_connection_costs_at_most_one_kilobyte() {
        let bytes = std::mem::size_of::<Connection<Socket>>();
        // Its place in the slab, in the map of numbers, and in the heap of timers.
        assert!(bytes + 128 <= 1024, "{bytes} bytes");
    }
}
