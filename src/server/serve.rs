//! What happens to one ready connection: bytes in, messages handled, answers into its buffer.

use std::io::ErrorKind;
use std::mem;
use std::time::Instant;

use super::answers::{is_error, is_error_text};
use super::clock::Clock;
use super::connection::{Key, Phase, Running};
use super::metrics::End;
use super::outbound::Outbound;
use super::reactor::Reactor;
use super::received::Received;
use super::transport::Transport;
use crate::job::pieces::Pieces;
use crate::journal::Journal;
use crate::rpc::{Handled, cancelled_by};
use crate::wire::{Buffer, Decoded, Framing, Item};

/// The room that an empty buffer offers to answers, in bytes.
pub(super) const ANSWER_ROOM: usize = 4096;

/// What is looked for among the bytes that wait behind a call.
const CANCEL: [&[u8]; 2] = [b"cancelRequest", b"notifications/cancelled"];

/// What a connection has used of its share of a turn.
struct Share {
    requests: usize,
    bytes: usize,
    until: Instant,
}

/// Why the messages of a connection came to a halt.
#[derive(PartialEq, Eq)]
enum Halt {
    /// More bytes are needed.
    NeedsInput,
    /// Its answers, its work, or its end must come first.
    Blocked,
    /// Its share is used up.
    ShareSpent,
}

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Serves a connection until it has nothing to do or its share is spent.
    pub(super) fn serve(&mut self, key: Key) {
        let limits = &self.hub.limits;
        let until = self.hub.now + limits.turn_time;
        self.hub.at_once_until = until;
        let mut share = Share { requests: limits.turn_requests, bytes: limits.turn_bytes, until };
        loop {
            match self.serve_messages(key, &mut share) {
                Halt::ShareSpent => {
                    self.hub.make_ready(key);
                    break;
                }
                Halt::NeedsInput if self.fill(key, &mut share) => {}
                Halt::NeedsInput => {
                    self.input_exhausted(key);
                    break;
                }
                Halt::Blocked => {
                    self.read_behind(key, &mut share);
                    break;
                }
            }
        }
        self.settle(key);
    }

    /// Reads on while calls have to wait: to see the end of the input, and to drop what nobody
    /// wants.
    fn read_behind(&mut self, key: Key, share: &mut Share) {
        while share.bytes > 0 {
            if !self.fill(key, share) {
                return self.look_ahead(key);
            }
        }
        self.look_ahead(key);
        self.hub.make_ready(key);
    }

    /// Finds what cancels calls among the messages that wait behind a call.
    fn look_ahead(&mut self, key: Key) {
        let limits = &self.hub.limits.messages;
        let Some(connection) = self.hub.connections.get_mut(key.index) else { return };
        let bytes = connection.inbound.unread();
        let holds = |word: &&[u8]| bytes.windows(word.len()).any(|window| window == *word);
        let may_cancel = || CANCEL.iter().any(holds);
        let Some(running) = connection.running.as_mut().filter(|_| may_cancel()) else { return };
        let (mut decoder, mut at) = (connection.decoder.clone(), 0);
        let mut is_stopped = false;
        while at < bytes.len() {
            let Decoded { consumed, item } = decoder.decode(&bytes[at..], false, limits);
            if let Some(Item::Message { body, .. }) = &item
                && let Some(cancelled) = cancelled_by(&bytes[at..][body.clone()])
            {
                if running.exchange.is_of(&cancelled.id) {
                    if cancelled.is_silent {
                        running.exchange.stop_call_silently();
                    } else {
                        running.exchange.stop_call();
                    }
                    is_stopped = true;
                }
                self.service.remember_cancelled(key.id, cancelled);
            }
            if item.is_none() || consumed == 0 {
                break;
            }
            at += consumed;
        }
        if is_stopped {
            self.hub.hurry(key);
        }
    }

    /// All that came is handled, and there is nothing more to read now.
    fn input_exhausted(&mut self, key: Key) {
        let draining = self.hub.draining.is_some();
        let Some(connection) = self.hub.get(key) else { return };
        if connection.input_ended {
            let reset = connection.reset;
            connection.begin_close(if reset { End::PeerReset } else { End::PeerClosed });
        } else if draining {
            connection.begin_close(End::Shutdown);
        } else if connection.inbound.is_empty() && !connection.decoder.is_inside() {
            // The rest of something that was answered before its end has come.
            connection.unfinished_since = None;
        } else {
            let now = self.hub.now;
            if let Some(connection) = self.hub.get(key) {
                connection.unfinished_since.get_or_insert(now);
            }
        }
    }

    /// Handles the complete messages that wait.
    fn serve_messages(&mut self, key: Key, share: &mut Share) -> Halt {
        let Some(connection) = self.hub.get(key) else { return Halt::Blocked };
        // The buffers leave the connection while its calls run: calls may ask the server for
        // anything.
        let mut inbound = mem::take(&mut connection.inbound);
        let mut outbound = mem::take(&mut connection.outbound);
        let spare = &mut self.hub.spare_outbound;
        outbound.ensure_room(|| spare.take().unwrap_or_else(|| Vec::with_capacity(ANSWER_ROOM)));
        let halt = self.handle_messages(key, share, &mut inbound, &mut outbound);
        if let Some(connection) = self.hub.get(key) {
            connection.inbound = inbound;
            if connection.output_dead {
                outbound = Outbound::default();
            }
            connection.outbound = outbound;
            let unused = connection.outbound.release();
            self.hub.spare_outbound.put(unused);
        }
        halt
    }

    fn handle_messages(
        &mut self,
        key: Key,
        share: &mut Share,
        inbound: &mut Buffer,
        outbound: &mut Outbound,
    ) -> Halt {
        loop {
            let Some(connection) = self.hub.connections.get_mut(key.index) else {
                return Halt::Blocked;
            };
            if connection.is_blocked(outbound.len(), &self.hub.limits) {
                return Halt::Blocked;
            }
            if share.requests == 0 || share.bytes == 0 || self.hub.now >= share.until {
                return Halt::ShareSpent;
            }
            let ended = connection.input_ended;
            if inbound.is_empty() && !ended {
                return Halt::NeedsInput;
            }
            let decoded =
                connection.decoder.decode(inbound.unread(), ended, &self.hub.limits.messages);
            let Decoded { consumed, item } = decoded;
            if let None | Some(Item::Pause) = item {
                inbound.consume(consumed);
                // To look at bytes takes time, too.
                self.hub.now = self.hub.clock.now();
                match item {
                    None => return Halt::NeedsInput,
                    Some(_) => continue,
                }
            }
            share.requests -= 1;
            connection.unfinished_since = None;
            let received = match item {
                None | Some(Item::Pause) => None,
                Some(Item::Message { body, content, framing }) => {
                    Some((Received::Short(&inbound.unread()[body], content), framing))
                }
                Some(Item::LongMessage { content, framing }) => {
                    Some((Received::long(content), framing))
                }
                Some(Item::Fault { fault, framing, fatal }) => {
                    self.answer_fault(key, &fault, framing, fatal, outbound);
                    None
                }
                Some(Item::Http(request)) => {
                    self.answer_http(key, &request, outbound);
                    None
                }
            };
            if let Some((message, framing)) = received {
                self.handle_message(key, message, framing, outbound);
            }
            inbound.consume(consumed);
            self.append_notices(key, outbound);
        }
    }

    #[inline]
    fn handle_message(
        &mut self,
        key: Key,
        mut message: Received<'_>,
        framing: Framing,
        outbound: &mut Outbound,
    ) {
        let since = self.hub.now;
        self.hub.metrics.messages += 1;
        if let Some(connection) = self.hub.get(key)
            && let Some(keepalive) = &mut connection.keepalive
        {
            keepalive.unanswered = 0;
        }
        let stamp = self.hub.stamp(framing);
        let log_end = self.service.journal().map(Journal::position);
        let (service, hub) = (&mut self.service, &mut self.hub);
        let before = outbound.len();
        let handled = outbound.append_with(|out| {
            framing.encode(stamp, out, |out| (0, message.handle(service, key.id, hub, out)))
        });
        self.hold(key, log_end);
        match handled {
            Handled::Finished => {
                let id = || message.request_id();
                self.finish_message(key, since, before, framing, &id, outbound);
            }
            Handled::Pending(exchange) => {
                let request_id = message.request_id().into();
                if let Some(connection) = self.hub.get(key) {
                    connection.running = Some(Running { exchange, framing, request_id, since });
                }
                self.hub.working.push_back(key);
            }
        }
    }

    /// Holds the answers of a connection if the journal must have more than it had when a call
    /// began.
    #[inline]
    pub(super) fn hold(&mut self, key: Key, log_end: Option<u64>) {
        let Some(before) = log_end else { return };
        let has_looked = self.service.take_looked();
        let until = self.service.journal().and_then(|it| it.hold_until(before, has_looked));
        if let Some(until) = until
            && let Some(connection) = self.hub.get(key)
        {
            connection.held_until = until;
        }
    }

    /// Counts a message whose answer begins at `before`, and replaces an answer that is too long.
    pub(super) fn finish_message(
        &mut self,
        key: Key,
        since: Instant,
        before: usize,
        framing: Framing,
        request_id: &dyn Fn() -> String,
        outbound: &mut Outbound,
    ) {
        let answer = outbound.since(before);
        let (length, mut failed) = (answer.len(), is_error(answer, framing));
        if length > self.hub.limits.outbound_hard {
            outbound.truncate(before);
            self.refuse_answer(length, &request_id(), framing, outbound);
            failed = true;
        }
        self.count_message(key, since, failed);
    }

    /// The same for a long answer, which becomes a part of what is sent.
    pub(super) fn finish_long(
        &mut self,
        key: Key,
        running: &Running,
        answer: Pieces,
        outbound: &mut Outbound,
    ) {
        let (framing, kind) = (running.framing, running.exchange.answer_type());
        let start = answer.iter().find(|piece| !piece.is_empty()).unwrap_or_default();
        let mut failed = kind == 0 && is_error_text(start);
        let framed = framing.wrap(self.hub.stamp(framing), kind, answer);
        let length = usize::try_from(framed.len()).unwrap_or(usize::MAX);
        if length > self.hub.limits.outbound_hard {
            self.refuse_answer(length, &running.request_id, framing, outbound);
            failed = true;
        } else {
            outbound.append_pieces(framed);
        }
        self.count_message(key, running.since, failed);
    }

    fn count_message(&mut self, key: Key, since: Instant, failed: bool) {
        if self.hub.now == since {
            // Otherwise the end of the call has read the clock.
            self.hub.now = self.hub.clock.now();
        }
        self.hub.metrics.errors += u64::from(failed);
        if let Some(connection) = self.hub.get(key) {
            connection.calls += 1;
            connection.errors += u64::from(failed);
        }
        self.hub.make_dirty(key);
    }

    /// Moves the notices of a connection into a gap between two answers.
    pub(super) fn append_notices(&mut self, key: Key, outbound: &mut Outbound) {
        if let Some(connection) = self.hub.get(key)
            && !connection.notices.is_empty()
        {
            let notices = mem::take(&mut connection.notices);
            outbound.extend(&notices);
            self.hub.make_dirty(key);
        }
    }

    /// Reads once; false if there is nothing to read now or no room for it.
    fn fill(&mut self, key: Key, share: &mut Share) -> bool {
        let hub = &mut self.hub;
        let Some(connection) = hub.connections.get_mut(key.index) else { return false };
        let unwanted = connection.phase != Phase::Open;
        let full = connection.is_blocked(connection.outbound.len(), &hub.limits)
            && connection.inbound.len() >= hub.limits.inbound;
        let is_standing = hub.is_standing && !unwanted;
        if is_standing || !connection.readable || connection.input_ended || (full && !unwanted) {
            return false;
        }
        if connection.inbound.capacity() == 0 {
            connection.inbound = Buffer::recycled(hub.spare_inbound.take().unwrap_or_default());
        }
        let room = connection.inbound.room();
        let offered = room.len();
        match connection.transport.read(room) {
            Ok(0) => {
                connection.readable = false;
                connection.input_ended = true;
            }
            Ok(count) => {
                connection.bytes_in += count as u64;
                connection.last_byte = hub.now;
                hub.metrics.bytes_in += count as u64;
                share.bytes = share.bytes.saturating_sub(count);
                // Nothing is left, but perhaps the end of the input: asking again would cost a
                // system call.
                connection.readable = count == offered || connection.input_ending;
                if !unwanted {
                    connection.inbound.filled(count);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                connection.readable = false;
                return false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                log::debug!("conn={} read: {error}", key.id.0);
                connection.readable = false;
                connection.input_ended = true;
                connection.reset = true;
                connection.output_lost();
            }
        }
        true
    }

    /// Brings a connection in order after it was served: memory, timer, end.
    pub(super) fn settle(&mut self, key: Key) {
        let hub = &mut self.hub;
        let Some(connection) = hub.connections.get_mut(key.index) else { return };
        if connection.id != key.id {
            return;
        }
        if matches!(connection.phase, Phase::Closing(_) | Phase::Lingering(..)) {
            connection.inbound.clear();
        }
        let block = connection.inbound.release().or_else(|| connection.inbound.shrink());
        let phase = connection.phase;
        let (ended, is_dirty) = (connection.input_ended, connection.dirty);
        hub.spare_inbound.put(block);
        match phase {
            Phase::Lingering(end, _) if ended => hub.end(key, end),
            Phase::Closing(_) => hub.make_dirty(key),
            _ => {}
        }
        hub.account(key);
        if !is_dirty {
            // Otherwise the flush at the end of the turn does it.
            hub.rearm(key);
        }
    }
}
