//! What is known of a call while a helper makes it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::file_access::Refusal;
use crate::job::Ticket;

/// A handle; all clones speak of the same call. The call itself says by it how far it is.
#[derive(Clone)]
pub struct Note(Arc<Shared>);

struct Shared {
    ticket: Ticket,
    path: Arc<Path>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    /// The system call that is made, and since when.
    call: &'static str,
    since: Option<Instant>,
    refusal: Option<Refusal>,
    is_given_up: bool,
}

impl Note {
    pub(super) fn new(ticket: Ticket, path: &Path) -> Self {
        let state = State { call: "open", since: None, refusal: None, is_given_up: false };
        // So that one path is one path however it was written; where that cannot be told it stays
        // as it is.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Note(Arc::new(Shared { ticket, path: path.into(), state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which system call comes next. Its time is counted from here.
    ///
    /// # Errors
    /// Nobody waits for the rest any more: go no further.
    pub fn step(&self, call: &'static str) -> io::Result<()> {
        let mut state = self.state();
        if state.is_given_up || state.refusal.is_some() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "nobody waits for it any more"));
        }
        (state.call, state.since) = (call, Some(Instant::now()));
        Ok(())
    }

    /// A helper begins; false if nobody wants it any more.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        state.since = Some(Instant::now());
        !state.is_given_up && state.refusal.is_none()
    }

    /// Makes a call, whose panic becomes an error.
    pub(super) fn made<T>(&self, call: impl FnOnce(&Note) -> io::Result<T>) -> io::Result<T> {
        let made = catch_unwind(AssertUnwindSafe(|| call(self)));
        made.unwrap_or_else(|_| Err(io::Error::other("a fault of the daemon in a file call")))
    }

    /// The same for a call without a result. The panic hook has logged it.
    pub(super) fn watched(&self, call: impl FnOnce(&Note)) {
        let _ = catch_unwind(AssertUnwindSafe(|| call(self)));
    }

    pub(super) fn give_up(&self) {
        self.state().is_given_up = true;
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        self.state().refusal.get_or_insert(refusal);
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.state().refusal.clone()
    }

    pub(super) fn ticket(&self) -> Ticket {
        self.0.ticket
    }

    pub(super) fn path(&self) -> &Arc<Path> {
        &self.0.path
    }

    /// The system call that is made, and since when.
    pub(super) fn progress(&self) -> (&'static str, Option<Instant>) {
        let state = self.state();
        (state.call, state.since)
    }
}
