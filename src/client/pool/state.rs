//! Who has which connection, and who is next. Knows no socket and no clock: it is told.
//!
//! Invariants, under the pool's one lock: `total` counts every connection that is idle, leased,
//! being checked or being opened, and never exceeds the maximum. Nobody waits while a connection is
//! idle. Who waits is served in the order of asking: a connection that comes back goes straight to
//! the first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Condvar};
use std::time::Instant;

use super::event::Grade;
use super::stats::{MemberStats, Tally};
use crate::client::Connection;

/// A connection of the pool.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: u64,
    pub(super) connection: Connection,
    /// The daemon's process; `None` if it does not know sessions.
    pub(super) instance: Option<String>,
    pub(super) opened_at: Instant,
    pub(super) last_used: Instant,
    pub(super) last_checked: Instant,
    pub(super) grade: Grade,
    /// What of the connection's counters is in the pool's totals already: calls, bytes in, bytes
    /// out.
    pub(super) counted: (u64, u64, u64),
}

/// What a caller gets.
#[derive(Debug)]
pub(super) enum Grant {
    /// A connection that was idle a moment ago.
    Member(Box<Member>),
    /// The right to open one; it is counted in `total` already.
    Slot,
}

/// What asking for a connection came to.
pub(super) enum Asked {
    Granted(Grant),
    /// Wait on this condition (with the pool's lock), then ask with [`State::collect`].
    Queued(u64, Arc<Condvar>),
    /// Too many wait already.
    Full,
}

#[derive(Debug, Default)]
pub(super) struct State {
    #[expect(clippy::vec_box, reason = "members change hands often; a box keeps that cheap")]
    pub(super) idle: Vec<Box<Member>>,
    pub(super) total: usize,
    /// Of `total`, how many are being opened.
    pub(super) opening: usize,
    waiting: VecDeque<(u64, Arc<Condvar>)>,
    granted: HashMap<u64, Grant>,
    next_waiter: u64,
    pub(super) next_member: u64,
    /// No new leases: the pool is being emptied for good.
    pub(super) draining: bool,
    /// The pool is gone; the keeper has to end.
    pub(super) stopped: bool,
    /// When it was noticed that there is no usable daemon; `None` while there is one.
    pub(super) down_since: Option<Instant>,
    /// The daemon process of the last connection that was opened.
    pub(super) last_instance: Option<String>,
    pub(super) failed_in_a_row: u32,
    pub(super) tally: Tally,
    /// What is known of each open connection: as of its last return for those in use.
    pub(super) rows: BTreeMap<u64, MemberStats>,
}

impl State {
    /// How many callers wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Asks for a connection.
    pub(super) fn ask(&mut self, max_connections: usize, max_waiting: usize) -> Asked {
        if let Some(member) = self.take_least_loaded() {
            return Asked::Granted(Grant::Member(member));
        }
        if self.total < max_connections {
            self.total += 1;
            return Asked::Granted(Grant::Slot);
        }
        if self.waiting.len() >= max_waiting {
            return Asked::Full;
        }
        let (ticket, condition) = (self.next_waiter, Arc::new(Condvar::new()));
        self.next_waiter += 1;
        self.waiting.push_back((ticket, condition.clone()));
        Asked::Queued(ticket, condition)
    }

    /// What the holder of a ticket was granted, if anything yet.
    pub(super) fn collect(&mut self, ticket: u64) -> Option<Grant> {
        self.granted.remove(&ticket)
    }

    /// The holder of a ticket does not want to wait any longer. Something may have been granted
    /// just now.
    pub(super) fn give_up(&mut self, ticket: u64) -> Option<Grant> {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        self.collect(ticket)
    }

    /// A connection is free: for the first who waits, else it is idle.
    pub(super) fn offer(&mut self, member: Box<Member>) {
        if let Err(Grant::Member(member)) = self.grant(Grant::Member(member)) {
            self.idle.push(member);
        }
    }

    /// A connection is gone: the first who waits may open another.
    pub(super) fn free_slot(&mut self) {
        if self.grant(Grant::Slot).is_err() {
            self.total -= 1;
        }
    }

    /// Wakes everybody who waits; they see that the pool drains.
    pub(super) fn wake_all(&mut self) {
        self.waiting.iter().for_each(|(_, condition)| condition.notify_one());
    }

    fn grant(&mut self, grant: Grant) -> Result<(), Grant> {
        let Some((ticket, condition)) = self.waiting.pop_front() else { return Err(grant) };
        self.granted.insert(ticket, grant);
        condition.notify_one();
        Ok(())
    }

    /// Of the idle connections the one with the best grade, and of these the one with the fewest
    /// calls.
    fn take_least_loaded(&mut self) -> Option<Box<Member>> {
        let load = |member: &Member| (member.grade, member.connection.stats().calls, member.id);
        let idle = self.idle.iter().enumerate();
        let (index, _) = idle.min_by_key(|(_, member)| load(member))?;
        Some(self.idle.swap_remove(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(asked: &Asked) -> bool {
        matches!(asked, Asked::Granted(Grant::Slot))
    }

    #[test]
    fn slots_go_to_those_who_ask_then_to_those_who_wait_in_order() {
        let mut state = State::default();
        assert!(granted(&state.ask(2, 2)) && granted(&state.ask(2, 2)));
        let Asked::Queued(first, _) = state.ask(2, 2) else { panic!() };
        let Asked::Queued(second, _) = state.ask(2, 2) else { panic!() };
        assert!(matches!(state.ask(2, 2), Asked::Full));
        assert_eq!((state.total, state.waiting()), (2, 2));
        assert!(state.collect(first).is_none());
        state.free_slot();
        assert!(state.collect(second).is_none());
        assert!(matches!(state.collect(first), Some(Grant::Slot)));
        assert!(state.give_up(second).is_none());
        state.free_slot();
        state.free_slot();
        assert_eq!((state.total, state.waiting()), (0, 0));
    }

    #[test]
    fn who_gives_up_in_the_moment_of_the_grant_still_gets_it() {
        let mut state = State::default();
        assert!(granted(&state.ask(1, 5)));
        let Asked::Queued(ticket, _) = state.ask(1, 5) else { panic!() };
        state.free_slot();
        assert!(matches!(state.give_up(ticket), Some(Grant::Slot)));
        assert_eq!(state.total, 1);
    }
}
