//! Deadlines of connections: a heap with lazy deletion.
//!
//! A connection has at most one live entry, the one at its `armed` moment; all others of it are
//! stale and are dropped when they come to the top, so a stale entry never wakes anybody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::connection::Key;

/// The heap.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
}

impl Timers {
    /// Adds an entry.
    pub fn arm(&mut self, at: Instant, key: Key) {
        self.heap.push(Reverse((at, key)));
    }

    /// The next live moment.
    pub fn next(&mut self, is_live: impl Fn(Instant, Key) -> bool) -> Option<Instant> {
        while let Some(Reverse((at, key))) = self.heap.peek().copied() {
            if is_live(at, key) {
                return Some(at);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the next entry that is due, live or not.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, Key)> {
        let Reverse((at, key)) = self.heap.peek().copied()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        Some((at, key))
    }
}
