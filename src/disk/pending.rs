//! The results of calls.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::crew::Work;
use super::{Lane, Note, post, tick};
use crate::job::Ticket;

/// How long a thread that has to wait sleeps before it looks for stuck calls.
const GLANCE: Duration = Duration::from_millis(20);

/// A call that a helper makes, or has made. Dropped before, the call is given up, and what it
/// brings is dropped by a helper.
pub struct Pending<T: Send + 'static> {
    slot: Arc<Slot<T>>,
    note: Note,
}

struct Slot<T> {
    result: Mutex<Option<io::Result<T>>>,
    over: Condvar,
}

impl<T> Slot<T> {
    fn result(&self) -> MutexGuard<'_, Option<io::Result<T>>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Pending<T> {
    pub(super) fn new(
        note: Note,
        call: impl FnOnce(&Note) -> io::Result<T> + Send + 'static,
    ) -> (Self, Work) {
        let slot = Arc::new(Slot { result: Mutex::new(None), over: Condvar::new() });
        let pending = Pending { slot: Arc::clone(&slot), note: note.clone() };
        let work = Box::new(move || {
            let result = note.made(call);
            // What comes too late is dropped here, by the helper.
            if note.refusal().is_none() {
                *slot.result() = Some(result);
                slot.over.notify_all();
            }
        });
        (pending, work)
    }

    /// Its number.
    pub fn ticket(&self) -> Ticket {
        self.note.ticket()
    }

    /// The result, once, as soon as there is one.
    pub fn take(&mut self) -> Option<io::Result<T>> {
        if let Some(result) = self.slot.result().take() {
            return Some(result);
        }
        self.note.refusal().map(|refusal| Err(refusal.into()))
    }

    /// Waits for the result.
    ///
    /// # Errors
    /// Those of the call, or that it is stuck.
    pub fn wait(mut self) -> io::Result<T> {
        loop {
            if let Some(result) = self.take() {
                return result;
            }
            let result = self.slot.result();
            if result.is_none() {
                drop(self.slot.over.wait_timeout(result, GLANCE));
            }
            tick(Instant::now());
        }
    }
}

impl<T: Send + 'static> Drop for Pending<T> {
    fn drop(&mut self) {
        self.note.give_up();
        if let Some(Ok(thing)) = self.slot.result().take() {
            post(Lane::Clients, self.note.path(), move |_| drop(thing));
        }
    }
}
