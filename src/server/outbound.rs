//! Bytes on their way to a peer: short answers in one buffer, long ones as the pieces that they
//! were made in.
//!
//! Invariants: bytes go out in the order in which they came in; what is appended lies in one piece
//! until it is sent; memory of long pieces is freed in slices.

use std::collections::VecDeque;

use crate::job::leftovers;
use crate::job::pieces::Pieces;
use crate::wire::Buffer;

/// Answers and notices that are to be sent.
#[derive(Default)]
pub struct Outbound {
    /// A long answer, and what comes before it; none of them is empty.
    queue: VecDeque<Buffer>,
    /// What comes behind them.
    last: Buffer,
}

impl Outbound {
    fn queued(&self) -> usize {
        self.queue.iter().map(Buffer::len).sum()
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.queued() + self.last.len()
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.last.is_empty()
    }

    /// Gives it memory to append to if it owns none.
    pub fn ensure_room(&mut self, room: impl FnOnce() -> Vec<u8>) {
        if self.last.capacity() == 0 {
            self.last = Buffer::recycled(room());
        }
    }

    /// The bytes that are next, as far as they lie side by side.
    pub fn unsent(&self) -> &[u8] {
        self.queue.front().unwrap_or(&self.last).unread()
    }

    /// Drops bytes that were sent from the front of what is next.
    pub fn sent(&mut self, count: usize) {
        let Some(first) = self.queue.front_mut() else { return self.last.consume(count) };
        first.consume(count);
        if first.is_empty()
            && let Some(bytes) = self.queue.pop_front().and_then(|mut first| first.release())
        {
            leftovers::leave_buffer(bytes);
        }
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.last.extend(bytes);
    }

    /// Lets `write` append to what waits; whatever is in the vector before its old end must stay.
    pub fn append_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.last.append_with(write)
    }

    /// Appends a long answer without copying it.
    pub fn append_pieces(&mut self, mut pieces: Pieces) {
        if !self.last.is_empty() {
            self.queue.push_back(std::mem::take(&mut self.last));
        }
        while let Some(piece) = pieces.take_first() {
            self.queue.push_back(Buffer::filled_with(piece));
        }
    }

    /// What was appended since there were `before` bytes, if it was not a long answer.
    pub fn since(&self, before: usize) -> &[u8] {
        let place = before.saturating_sub(self.queued());
        self.last.unread().get(place..).unwrap_or_default()
    }

    /// Takes back what was appended since there were `before` bytes.
    pub fn truncate(&mut self, before: usize) {
        self.last.truncate(before.saturating_sub(self.queued()));
    }

    /// Gives the memory away for recycling if no byte waits.
    pub fn release(&mut self) -> Option<Vec<u8>> {
        self.last.release()
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        let buffers = self.queue.drain(..).chain([std::mem::take(&mut self.last)]);
        buffers.for_each(|buffer| leftovers::leave_buffer(buffer.into_memory()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_answers_go_out_in_order() {
        let mut outbound = Outbound::default();
        outbound.extend(b"first ");
        let mut long = Pieces::from(b"long ".to_vec());
        long.append(b"answer ".to_vec().into());
        outbound.append_pieces(long);
        outbound.ensure_room(|| Vec::with_capacity(100));
        let before = outbound.len();
        outbound.append_with(|out| out.extend_from_slice(b"taken back"));
        assert_eq!(outbound.since(before), b"taken back");
        outbound.truncate(before);
        outbound.append_with(|out| out.extend_from_slice(b"last"));
        assert_eq!(outbound.since(before), b"last");
        let (mut sent, mut parts) = (Vec::new(), 0);
        while !outbound.is_empty() {
            let count = outbound.unsent().len().min(4);
            sent.extend_from_slice(&outbound.unsent()[..count]);
            outbound.sent(count);
            parts += 1;
            assert_eq!(outbound.len() + sent.len(), 22);
        }
        assert_eq!((sent.as_slice(), parts), (&b"first long answer last"[..], 7));
        assert!(outbound.release().is_some_and(|room| room.capacity() == 100));
    }
}
