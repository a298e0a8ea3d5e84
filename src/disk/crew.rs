//! Helper threads, and the calls that wait for them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Lane, Note};
use crate::file_access::Refusal;
use crate::job::Ticket;

/// Calls of clients that may be stuck at a time; with so many, further ones are refused.
pub const MOST_STUCK: usize = 4;
/// How long calls wait behind another one before they get a further helper.
const IMPATIENCE: Duration = Duration::from_millis(50);
/// How long a helper waits for further calls of clients.
const LINGER: Duration = Duration::from_secs(10);
/// The same for the daemon's own files: long enough for the lines of one turn.
const LINGER_OWN: Duration = Duration::from_millis(20);
/// Bytes of the stack of a helper: it makes system calls and little else.
const STACK: usize = 256 << 10;

/// A call, ready to be made.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// A call that has not come back in time.
#[derive(Clone, Debug)]
pub struct Stuck {
    /// The system call.
    pub call: &'static str,
    /// What it is about.
    pub path: Arc<Path>,
    /// When it began.
    pub since: Option<Instant>,
}

/// The two crews of a thread.
pub(super) struct Helpers {
    clients: Arc<Crew>,
    own: Arc<Crew>,
    finished: Arc<Finished>,
    last_ticket: Cell<u64>,
    time_out: Cell<Duration>,
}

/// The calls that are over, for the thread that wants them.
struct Finished {
    tickets: Mutex<Vec<Ticket>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Finished {
    fn add(&self, ticket: Ticket) {
        let mut tickets = locked(&self.tickets);
        tickets.push(ticket);
        let is_first = tickets.len() == 1;
        drop(tickets);
        if is_first {
            (self.wake)();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Helpers {
    pub(super) fn new(time_out: Duration, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let finished = Arc::new(Finished { tickets: Mutex::default(), wake });
        let crew = |name, most, linger| {
            let (state, work, finished) = (Mutex::default(), Condvar::new(), Arc::clone(&finished));
            Arc::new(Crew { name, most, linger, state, work, finished })
        };
        Helpers {
            clients: crew("files", 1 + MOST_STUCK, LINGER),
            own: crew("own files", 1, LINGER_OWN),
            finished,
            last_ticket: Cell::new(0),
            time_out: Cell::new(time_out),
        }
    }

    /// A number that no other call of this thread has.
    pub(super) fn next_ticket(&self) -> Ticket {
        self.last_ticket.set(self.last_ticket.get() + 1);
        Ticket(self.last_ticket.get())
    }

    /// Takes work for the crew of a lane; leaves it where it is if there is none to be had.
    pub(super) fn submit(&self, lane: Lane, note: Note, work: &mut Option<Work>) {
        let crew = match lane {
            Lane::Clients => &self.clients,
            Lane::Journal | Lane::Own => &self.own,
        };
        crew.submit(lane == Lane::Journal, note, work);
    }

    pub(super) fn take_finished(&self) -> Vec<Ticket> {
        std::mem::take(&mut *locked(&self.finished.tickets))
    }

    pub(super) fn tick(&self, now: Instant) {
        for crew in [&self.clients, &self.own] {
            crew.tick(now, self.time_out.get());
        }
    }

    pub(super) fn next_tick(&self) -> Option<Instant> {
        [&self.clients, &self.own]
            .iter()
            .filter_map(|crew| crew.next_tick(self.time_out.get()))
            .min()
    }

    pub(super) fn set_time_out(&self, time_out: Duration) {
        self.time_out.set(time_out);
    }

    pub(super) fn stuck(&self) -> Vec<Stuck> {
        [&self.clients, &self.own].iter().flat_map(|crew| crew.stuck()).collect()
    }

    pub(super) fn finish_own(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut state = locked(&self.own.state);
        while state.is_busy() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = match self.own.work.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }
}

/// The helpers of a kind and what they have to do.
struct Crew {
    name: &'static str,
    /// Helpers at most, those that are stuck included.
    most: usize,
    linger: Duration,
    state: Mutex<State>,
    /// There is work, or less of it than before.
    work: Condvar,
    finished: Arc<Finished>,
}

#[derive(Default)]
struct State {
    first: VecDeque<Waiting>,
    others: VecDeque<Waiting>,
    running: Vec<Note>,
    /// Helpers without those that are stuck.
    helpers: usize,
    idle: usize,
    stuck: Vec<Note>,
}

struct Waiting {
    note: Note,
    work: Work,
    since: Instant,
}

impl State {
    fn pop(&mut self) -> Option<Waiting> {
        self.first.pop_front().or_else(|| self.others.pop_front())
    }

    fn oldest(&self) -> Option<Instant> {
        let fronts = [self.first.front(), self.others.front()];
        fronts.into_iter().flatten().map(|waiting| waiting.since).min()
    }

    fn has_room(&self, most: usize) -> bool {
        self.helpers + self.stuck.len() < most
    }

    fn is_busy(&self) -> bool {
        !self.running.is_empty() || self.oldest().is_some()
    }
}

impl Crew {
    fn submit(self: &Arc<Self>, is_first: bool, note: Note, work: &mut Option<Work>) {
        let mut state = locked(&self.state);
        let is_refused = state.stuck.len() >= MOST_STUCK;
        if !is_refused && state.helpers == 0 && !self.hire(&mut state) {
            return;
        }
        let Some(work) = work.take() else { return };
        if is_refused {
            // It waits all the same: only a helper may drop what it has taken along.
            note.refuse(Refusal::DiskStuck);
            self.finished.add(note.ticket());
        }
        let waiting = Waiting { note, work, since: Instant::now() };
        let queue = if is_first { &mut state.first } else { &mut state.others };
        queue.push_back(waiting);
        drop(state);
        self.work.notify_one();
    }

    /// Gets one more helper; false if the system gives none.
    fn hire(self: &Arc<Self>, state: &mut State) -> bool {
        let crew = Arc::clone(self);
        let thread = thread::Builder::new().name(self.name.to_owned()).stack_size(STACK);
        let is_hired = thread.spawn(move || crew.help()).is_ok();
        state.helpers += usize::from(is_hired);
        is_hired
    }

    /// The life of a helper.
    fn help(&self) {
        let mut state = locked(&self.state);
        loop {
            if let Some(Waiting { note, work, .. }) = state.pop() {
                state.running.push(note.clone());
                drop(state);
                if note.begin() {
                    work();
                } else {
                    // What it has taken along is freed here, not where it was given up.
                    drop(work);
                }
                self.finished.add(note.ticket());
                state = locked(&self.state);
                let is_it = |other: &mut Note| other.ticket() == note.ticket();
                state.running.extract_if(.., is_it).for_each(drop);
                self.work.notify_all();
                if state.stuck.extract_if(.., is_it).count() > 0 {
                    // It was given up, and another helper is in its place.
                    return;
                }
                continue;
            }
            state.idle += 1;
            let (again, timed_out) = match self.work.wait_timeout(state, self.linger) {
                Ok((state, result)) => (state, result.timed_out()),
                Err(poisoned) => (poisoned.into_inner().0, false),
            };
            state = again;
            state.idle -= 1;
            if timed_out && state.oldest().is_none() {
                state.helpers -= 1;
                return;
            }
        }
    }

    fn tick(self: &Arc<Self>, now: Instant, time_out: Duration) {
        let mut state = locked(&self.state);
        let is_stuck = |note: &mut Note| {
            let since = note.progress().1;
            since.is_some_and(|since| now.saturating_duration_since(since) >= time_out)
        };
        let stuck: Vec<Note> = state.running.extract_if(.., is_stuck).collect();
        state.helpers -= stuck.len();
        state.stuck.extend_from_slice(&stuck);
        let mut told = stuck;
        for note in &told {
            note.refuse(Refusal::DiskTimeout(note.progress().0));
        }
        if state.stuck.len() >= MOST_STUCK {
            let waiting = state.first.iter().chain(&state.others).map(|waiting| &waiting.note);
            let refused = waiting.filter(|note| note.refusal().is_none()).cloned();
            told.extend(refused.inspect(|note| note.refuse(Refusal::DiskStuck)));
        } else if let Some(since) = state.oldest() {
            let is_late = since + IMPATIENCE <= now && state.has_room(self.most);
            if state.helpers == 0 || is_late {
                self.hire(&mut state);
            }
        }
        drop(state);
        told.iter().for_each(|note| self.finished.add(note.ticket()));
    }

    fn next_tick(&self, time_out: Duration) -> Option<Instant> {
        let state = locked(&self.state);
        let running = state.running.iter().filter_map(|note| note.progress().1);
        let stuck = running.map(|since| since + time_out).min();
        let late =
            state.oldest().filter(|_| state.has_room(self.most)).map(|since| since + IMPATIENCE);
        [stuck, late].into_iter().flatten().min()
    }

    fn stuck(&self) -> Vec<Stuck> {
        let state = locked(&self.state);
        let told = |note: &Note| {
            let (call, since) = note.progress();
            Stuck { call, path: Arc::clone(note.path()), since }
        };
        state.stuck.iter().map(told).collect()
    }
}
