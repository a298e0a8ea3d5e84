//! Answers out: one flush a turn for each connection that has some, and what follows from an empty
//! buffer.

use std::io::ErrorKind;

use super::clock::Clock;
use super::connection::{Key, Phase};
use super::metrics::End;
use super::reactor::Reactor;
use super::transport::Transport;
use crate::journal::Journal;

impl<T: Transport, C: Clock> Reactor<T, C> {
    pub(super) fn flush_all(&mut self) {
        // Whoever has more to send than its share of a turn is put into the list again, for the
        // next time.
        for _ in 0..self.hub.dirty.len() {
            let Some(key) = self.hub.dirty.pop_front() else { return };
            let Some(connection) = self.hub.get(key) else { continue };
            connection.dirty = false;
            if matches!(connection.phase, Phase::Gone(_)) {
                continue;
            }
            if connection.held_until > 0 && self.must_wait(key) {
                continue;
            }
            self.guarded(key, |reactor| reactor.flush(key));
        }
    }

    /// Holds the answers of a connection until the journal is safe; false if it is.
    fn must_wait(&mut self, key: Key) -> bool {
        let safe = self.service.journal().map_or(u64::MAX, Journal::safe_position);
        let Some(connection) = self.hub.get(key) else { return false };
        let must_wait = connection.held_until > safe;
        if must_wait {
            connection.is_held = true;
            self.hub.held.push(key);
        } else {
            connection.held_until = 0;
        }
        must_wait
    }

    /// Has the journal written, and lets those go whose answers waited for it.
    pub(super) fn write_journal(&mut self) {
        let Some(journal) = self.service.journal_mut() else { return };
        journal.turn(self.hub.now);
        if self.hub.held.is_empty() {
            return;
        }
        let safe = journal.safe_position();
        for key in std::mem::take(&mut self.hub.held) {
            let Some(connection) = self.hub.get(key) else { continue };
            if connection.held_until > safe {
                self.hub.held.push(key);
                continue;
            }
            (connection.held_until, connection.is_held) = (0, false);
            self.hub.make_dirty(key);
            self.hub.make_ready(key);
        }
    }

    /// Sends what waits, until the socket takes no more or the share of the connection is used up:
    /// a peer that reads as fast as we write would hold everybody up.
    fn flush(&mut self, key: Key) {
        let hub = &mut self.hub;
        let Some(connection) = hub.connections.get_mut(key.index) else { return };
        if !connection.notices.is_empty() {
            let notices = std::mem::take(&mut connection.notices);
            connection.outbound.extend(&notices);
        }
        let blocked = connection.outbound.len() > hub.limits.outbound_soft;
        let (mut stuck, mut share) = (false, hub.limits.turn_bytes.max(1));
        while !connection.outbound.is_empty() && !connection.output_dead && !stuck && share > 0 {
            let unsent = connection.outbound.unsent();
            match connection.transport.write(&unsent[..unsent.len().min(share)]) {
                Ok(count) => {
                    connection.outbound.sent(count);
                    share = share.saturating_sub(count);
                    connection.bytes_out += count as u64;
                    connection.stalled_since = None;
                    hub.metrics.bytes_out += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => stuck = true,
                Err(error) => {
                    log::debug!("conn={} write: {error}", key.id.0);
                    connection.output_lost();
                }
            }
        }
        if stuck {
            connection.stalled_since.get_or_insert(hub.now);
        }
        if stuck != connection.watching {
            connection.watching = stuck;
            connection.transport.watch_writable(stuck);
        }
        let is_left = !connection.outbound.is_empty() && !connection.output_dead && !stuck;
        let unblocked = blocked && connection.outbound.len() <= hub.limits.outbound_soft;
        let block = connection.outbound.release();
        hub.spare_outbound.put(block);
        if unblocked {
            hub.make_ready(key);
        }
        if is_left {
            hub.make_dirty(key);
        }
        self.go_on_closing(key);
        self.hub.account(key);
        self.hub.rearm(key);
    }

    /// Ends a closing connection once everything is sent.
    fn go_on_closing(&mut self, key: Key) {
        let until = self.hub.now + self.hub.limits.linger;
        let Some(connection) = self.hub.get(key) else { return };
        let Phase::Closing(end) = connection.phase else { return };
        if !connection.outbound.is_empty() || connection.running.is_some() {
            return;
        }
        if connection.input_ended || connection.output_dead || end == End::Shutdown {
            return self.hub.end(key, end);
        }
        // Closing at once would break the pipe under a peer that still writes, and it might
        // never look at the answer.
        connection.transport.finish_writing();
        connection.phase = Phase::Lingering(end, until);
        self.hub.make_ready(key);
    }
}
