//! What the server counts. Plain numbers: one thread owns them all.

use std::time::Duration;

pub use crate::histogram::Histogram;

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The peer closed it in good order.
    PeerClosed,
    /// The peer vanished or reset it.
    PeerReset,
    /// An HTTP exchange was complete.
    HttpDone,
    /// Another connection asked for it.
    Killed,
    /// The server stops.
    Shutdown,
    /// Nothing came for too long.
    Idle,
    /// A message was not finished in time.
    Unfinished,
    /// The peer took no bytes for too long.
    Stalled,
    /// All buffers together were over their limit, and this one held most.
    Buffers,
    /// Three keepalive probes went unanswered.
    Keepalive,
    /// Framing that cannot be understood any more.
    Fault,
}

impl End {
    /// All reasons, in the order of [`Metrics::ended`].
    pub const ALL: [End; 11] = [
        End::PeerClosed,
        End::PeerReset,
        End::HttpDone,
        End::Killed,
        End::Shutdown,
        End::Idle,
        End::Unfinished,
        End::Stalled,
        End::Buffers,
        End::Keepalive,
        End::Fault,
    ];

    /// The name that metrics and logs use.
    pub fn name(self) -> &'static str {
        match self {
            End::PeerClosed => "peer_closed",
            End::PeerReset => "peer_reset",
            End::HttpDone => "http_done",
            End::Killed => "killed",
            End::Shutdown => "shutdown",
            End::Idle => "idle",
            End::Unfinished => "unfinished_message",
            End::Stalled => "stalled_reader",
            End::Buffers => "buffer_limit",
            End::Keepalive => "keepalive_missed",
            End::Fault => "protocol_fault",
        }
    }

    /// Whether the server ended it although the peer did nothing to end it.
    pub fn is_drop(self) -> bool {
        use End::*;
        matches!(self, Idle | Unfinished | Stalled | Buffers | Keepalive | Fault)
    }
}

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Connections accepted and served.
    pub accepted: u64,
    /// Newcomers turned away.
    pub refused: u64,
    /// The most connections open at once.
    pub peak_connections: usize,
    /// Ended connections by reason, in the order of [`End::ALL`].
    pub ended: [u64; End::ALL.len()],
    /// Complete messages.
    pub messages: u64,
    /// Messages answered with an error, and framing faults.
    pub errors: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Turns of the loop.
    pub turns: u64,
    /// The longest turn.
    pub longest_turn: Duration,
    /// Turns over the limit for slow turns.
    pub slow_turns: u64,
    /// Slices of long work.
    pub slices: u64,
    /// Long pieces of work cancelled because nobody waited any more.
    pub cancelled: u64,
    /// Panics caught by the loop.
    pub panics: u64,
}

impl Metrics {
    /// How many connections ended for a reason.
    pub fn ended(&self, end: End) -> u64 {
        End::ALL.iter().position(|other| *other == end).map_or(0, |index| self.ended[index])
    }

    /// Counts an end.
    pub fn count_end(&mut self, end: End) {
        if let Some(index) = End::ALL.iter().position(|other| *other == end) {
            self.ended[index] += 1;
        }
    }

    /// Connections that the server dropped.
    pub fn dropped(&self) -> u64 {
        End::ALL.iter().filter(|end| end.is_drop()).map(|end| self.ended(*end)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_own_name_and_counter() {
        let mut metrics = Metrics::default();
        End::ALL.iter().for_each(|end| metrics.count_end(*end));
        assert!(End::ALL.iter().all(|end| metrics.ended(*end) == 1));
        let names: std::collections::BTreeSet<_> = End::ALL.iter().map(|end| end.name()).collect();
        assert_eq!(names.len(), End::ALL.len());
    }
}
