//! What happens when a deadline passes.

use std::mem;
use std::time::Instant;

use super::clock::Clock;
use super::connection::{Key, Phase};
use super::hub::Hub;
use super::metrics::End;
use super::reactor::Reactor;
use super::status;
use super::transport::Transport;
use crate::rpc::{Host, KEEPALIVE_MISSES};
use crate::wire::{Fault, Protocol};

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Acts on all deadlines that have passed.
    pub(super) fn expire(&mut self) {
        let now = self.hub.now;
        while let Some((at, key)) = self.hub.timers.pop_due(now) {
            let Some(connection) = self.hub.get(key) else { continue };
            if connection.armed == Some(at) {
                connection.armed = None;
                self.guarded(key, |reactor| reactor.expire_connection(key, now));
                self.hub.rearm(key);
            }
        }
    }

    fn expire_connection(&mut self, key: Key, now: Instant) {
        let limits = self.hub.limits.clone();
        let Some(connection) = self.hub.get(key) else { return };
        let passed = |since: Option<Instant>, time: std::time::Duration| {
            !time.is_zero() && since.is_some_and(|since| since + time <= now)
        };
        if let Phase::Lingering(end, until) = connection.phase {
            if until <= now {
                self.hub.end(key, end);
            }
            return;
        }
        if passed(connection.stalled_since, limits.stalled) {
            log::warn!("conn={} has taken no byte of its answers for too long", key.id.0);
            self.hub.end(key, End::Stalled);
        } else if passed(connection.unfinished_since, limits.unfinished) {
            self.give_up_message(key, limits.unfinished.as_secs());
        } else if connection.is_idle() && passed(Some(connection.last_byte), limits.idle) {
            connection.begin_close(End::Idle);
            self.hub.make_dirty(key);
        } else if connection.keepalive.as_ref().is_some_and(|keepalive| keepalive.due <= now) {
            self.hub.probe(key);
        }
    }

    fn give_up_message(&mut self, key: Key, seconds: u64) {
        let Some(connection) = self.hub.get(key) else { return };
        connection.decoder.settle_on(connection.inbound.unread());
        let framing = connection.decoder.unsolicited();
        let is_http = connection.decoder.protocol() == Some(Protocol::Http);
        let mut outbound = mem::take(&mut connection.outbound);
        if is_http {
            outbound.append_with(status::time_out);
        } else {
            let fault = Fault::Unfinished { seconds };
            self.answer_fault(key, &fault, framing, false, &mut outbound);
        }
        if let Some(connection) = self.hub.get(key) {
            connection.outbound = outbound;
            connection.begin_close(End::Unfinished);
        }
        self.hub.make_dirty(key);
    }
}

impl<T: Transport, C: Clock> Hub<T, C> {
    /// Sends the next probe, or ends a connection that has not shown life since three of them.
    fn probe(&mut self, key: Key) {
        let now = self.now;
        let Some(connection) = self.get(key) else { return };
        let working = connection.running.is_some();
        let Some(keepalive) = &mut connection.keepalive else { return };
        keepalive.due = now + keepalive.interval;
        if working {
            // A client that waits for a long answer owes no sign of life.
            keepalive.unanswered = 0;
        } else if keepalive.unanswered >= KEEPALIVE_MISSES {
            log::warn!("conn={} has answered none of {KEEPALIVE_MISSES} probes", key.id.0);
            return self.end(key, End::Keepalive);
        }
        keepalive.sequence += 1;
        keepalive.unanswered += 1;
        let sequence = keepalive.sequence;
        let probe = format!(
            r#"{{"jsonrpc":"2.0","method":"connection.probe","params":{{"seq":{sequence}}}}}"#
        );
        self.notify(key.id, probe.as_bytes());
    }
}
