//! Getting a connection, and giving it back.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::Event;
use super::shared::Shared;
use super::state::{Asked, Grant, Member};
use crate::client::backoff::Backoff;
use crate::client::{Connection, Error};

/// A connection that belongs to its holder until it is dropped; then it goes back to the pool.
///
/// A connection on which requests are unanswered, or that is subscribed to something, is closed
/// instead.
#[derive(Debug)]
pub struct Lease {
    member: Option<Box<Member>>,
    shared: Arc<Shared>,
}

impl Lease {
    /// The daemon's process; `None` if it does not know sessions.
    pub fn instance(&self) -> Option<&str> {
        self.member.as_ref().and_then(|member| member.instance.as_deref())
    }

    /// Closes the connection instead of giving it back.
    pub fn discard(mut self, reason: &str) {
        if let Some(member) = self.member.take() {
            self.shared.lose(member, reason);
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "only `discard` and `drop` take the member, and both end the lease"
    )]
    fn member(&self) -> &Member {
        self.member.as_ref().expect("a lease holds a connection")
    }
}

impl Deref for Lease {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.member().connection
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "as in `member`")]
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.member.as_mut().expect("a lease holds a connection").connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            self.shared.give_back(member);
        }
    }
}

impl Shared {
    /// A connection before `deadline`: an idle one, a new one, or the first that comes back.
    pub(super) fn lease(
        self: &Arc<Self>,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Lease, Error> {
        let asked_at = Instant::now();
        let mut grant = self.request(deadline, limit)?;
        let member = loop {
            match grant {
                Grant::Slot => break self.open_before(deadline, limit)?,
                Grant::Member(mut member) => {
                    if member.connection.is_open() {
                        break member;
                    }
                    // Its slot is ours: nobody else may take it in between.
                    self.forget_member(member, "closed while idle");
                    grant = Grant::Slot;
                }
            }
        };
        let mut state = self.lock();
        state.tally.leases += 1;
        state.tally.acquire.record(asked_at.elapsed());
        if let Some(row) = state.rows.get_mut(&member.id) {
            row.in_use = true;
        }
        drop(state);
        Ok(Lease { member: Some(member), shared: Arc::clone(self) })
    }

    fn request(&self, deadline: Instant, limit: Duration) -> Result<Grant, Error> {
        let mut state = self.lock();
        if state.draining {
            return Err(drained());
        }
        let (max, max_waiting) = (self.options.max_connections, self.options.max_waiting);
        let (ticket, condition) = match state.ask(max, max_waiting) {
            Asked::Granted(grant) => return Ok(grant),
            Asked::Full => return Err(self.too_many_wait()),
            Asked::Queued(ticket, condition) => (ticket, condition),
        };
        state.tally.exhausted += 1;
        let waiting = state.waiting();
        drop(state);
        self.tell(&Event::Exhausted { waiting });
        let mut state = self.lock();
        loop {
            if let Some(grant) = state.collect(ticket) {
                return Ok(grant);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.draining {
                let draining = state.draining;
                return match state.give_up(ticket) {
                    Some(grant) => Ok(grant),
                    None if draining => Err(drained()),
                    None => Err(timed_out("waiting for a connection of the pool", limit)),
                };
            }
            let waited = condition.wait_timeout(state, left);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Opens a connection in a slot that the caller holds; gives the slot back if that fails.
    fn open_before(&self, deadline: Instant, limit: Duration) -> Result<Box<Member>, Error> {
        let mut backoff = Backoff::new(self.options.backoff);
        loop {
            let error = match self.open_once(deadline) {
                Ok(member) => return Ok(member),
                Err(error) => error,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !error.is_transient() || self.lock().draining {
                self.release_slot();
                return Err(match error {
                    Error::Timeout { .. } => timed_out("connecting", limit),
                    error => error,
                });
            }
            std::thread::sleep(backoff.next().min(left));
        }
    }

    fn too_many_wait(&self) -> Error {
        Error::Limit {
            what: "callers that wait for a connection",
            size: self.options.max_waiting as u64 + 1,
            limit: self.options.max_waiting as u64,
            option: "max_waiting",
        }
    }
}

fn drained() -> Error {
    Error::Usage("the pool has been drained and gives out no more connections".into())
}

fn timed_out(what: &str, limit: Duration) -> Error {
    Error::Timeout { what: what.to_owned(), limit, sent: false }
}
