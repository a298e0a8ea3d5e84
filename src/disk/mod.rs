//! File system calls that make nobody wait: helper threads make them.
//!
//! A file system call may take as long as it likes: a busy disk, a dead network mount. So the
//! thread that owns everything makes none while it serves. It gives a call to a helper, does other
//! work meanwhile and is woken when the call is over. Helpers own no state: a call is a closure
//! that takes what it needs along and brings back what it came to.
//!
//! There are two crews ([`Lane`]): one for what clients name, one for the daemon's own files, so
//! that a client's stuck path never delays those. A helper starts with the first call and ends some
//! time after the last. One helper is enough while calls come back; another one starts when calls
//! have waited for a moment behind one that does not.
//!
//! A call that has not come back in time is *stuck*: whoever waits for it gets
//! [`Refusal::DiskTimeout`], and the helper counts no more as one. With [`MOST_STUCK`] stuck,
//! further calls are refused at once.
//!
//! Only a thread that called [`install`] has helpers. On all others, and so for users of the
//! library and in the simulator, calls are made where they are asked for.
//!
//! | for | use |
//! | --- | --- |
//! | work in slices | [`run`]: an `await` |
//! | others who want the result | [`start`], then [`Pending::take`] each time [`take_finished`] names its ticket |
//! | nobody wants the result | [`post`] |
//!
//! Invariants: calls of [`Lane::Journal`] and of [`Lane::Own`] are made one after the other, each
//! in the order in which they came, those of the journal first; a call that was given up before it
//! began is not made at all.

mod crew;
mod note;
mod pending;

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crew::{Helpers, Work};
pub use crew::{MOST_STUCK, Stuck};
pub use note::Note;
pub use pending::Pending;

use crate::file_access::Refusal;
use crate::job::{Slice, Ticket};

/// Whose file a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// What clients name.
    Clients,
    /// The journal.
    Journal,
    /// The other files of the daemon: log and health.
    Own,
}

thread_local! {
    static HELPERS: RefCell<Option<Helpers>> = const { RefCell::new(None) };
}

/// From now on file calls of this thread are made by helpers. `wake` is called from their threads
/// when a call is over.
pub fn install(time_out: Duration, wake: impl Fn() + Send + Sync + 'static) {
    HELPERS.set(Some(Helpers::new(time_out, Box::new(wake))));
}

/// Whether calls of this thread are made by helpers.
pub fn is_installed() -> bool {
    with(|_| ()).is_some()
}

fn with<T>(look: impl FnOnce(&Helpers) -> T) -> Option<T> {
    // A thread that ends has no helpers any more.
    HELPERS.try_with(|helpers| helpers.borrow().as_ref().map(look)).ok().flatten()
}

/// Makes a call about a path, and waits for it in the way of work in slices.
///
/// # Errors
/// Those of the call, and [`Refusal::DiskTimeout`] or [`Refusal::DiskStuck`].
pub async fn run<T: Send + 'static>(
    slice: &Slice,
    path: &Path,
    call: impl FnOnce(&Note) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let mut pending = start(Lane::Clients, path, call);
    loop {
        if let Some(result) = pending.take() {
            return result;
        }
        if !slice.wait_for(pending.ticket()).await {
            return pending.wait();
        }
    }
}

/// Starts a call. It is given up if the [`Pending`] is dropped before it is over.
pub fn start<T: Send + 'static>(
    lane: Lane,
    path: &Path,
    call: impl FnOnce(&Note) -> io::Result<T> + Send + 'static,
) -> Pending<T> {
    let note = Note::new(with(Helpers::next_ticket).unwrap_or(Ticket(0)), path);
    let (pending, work) = Pending::new(note.clone(), call);
    submit(lane, note, work);
    pending
}

/// Makes a call whose result nobody wants, as soon as its turn comes.
pub fn post(lane: Lane, path: &Path, call: impl FnOnce(&Note) + Send + 'static) {
    let note = Note::new(with(Helpers::next_ticket).unwrap_or(Ticket(0)), path);
    let own = note.clone();
    submit(lane, note, Box::new(move || own.watched(call)));
}

fn submit(lane: Lane, note: Note, work: Work) {
    let mut work = Some(work);
    with(|helpers| helpers.submit(lane, note, &mut work));
    // Nobody has taken it: there are no helpers, and none can be had.
    if let Some(work) = work {
        work();
    }
}

/// The calls that are over since the last look.
pub fn take_finished() -> Vec<Ticket> {
    with(Helpers::take_finished).unwrap_or_default()
}

/// Gives up what is stuck and gets further helpers where calls have waited too long. Call it once a
/// turn.
pub fn tick(now: Instant) {
    with(|helpers| helpers.tick(now));
}

/// When [`tick`] has something to do, if nothing happens before.
pub fn next_tick() -> Option<Instant> {
    with(Helpers::next_tick).flatten()
}

/// The calls that have not come back in time.
pub fn stuck() -> Vec<Stuck> {
    with(Helpers::stuck).unwrap_or_default()
}

/// Refuses a path about which a call is stuck.
///
/// # Errors
/// [`Refusal::DiskTimeout`] of the call that is stuck.
pub fn require_not_stuck(path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match stuck().into_iter().find(|stuck| *stuck.path == path) {
        Some(stuck) => Err(Refusal::DiskTimeout(stuck.call).into()),
        None => Ok(()),
    }
}

/// From now on calls that do not come back are given up after this time.
pub fn set_time_out(time_out: Duration) {
    with(|helpers| helpers.set_time_out(time_out));
}

/// Waits until the daemon's own files are written, for a time at most. False if they are not.
pub fn finish_own(patience: Duration) -> bool {
    with(|helpers| helpers.finish_own(patience)).unwrap_or(true)
}

#[cfg(test)]
mod tests;
