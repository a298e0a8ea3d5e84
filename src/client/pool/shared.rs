//! The pool's inside: opening, grading, taking back and closing connections.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::call::Lanes;
use super::event::{Event, Grade, Observers};
use super::options::PoolOptions;
use super::state::{Member, State};
use super::stats::MemberStats;
use crate::client::launch::Autostart;
use crate::client::{Connection, ConnectionOptions, Error};

/// A daemon that was started gets this long before another one is started.
const START_PAUSE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) options: PoolOptions,
    pub(super) observers: Observers,
    /// Who this pool is in the sessions of calls that change something.
    pub(super) session: String,
    pub(super) lanes: Mutex<Lanes>,
    state: Mutex<State>,
    /// Something changed that the keeper or a drain waits for.
    pub(super) changed: Condvar,
    started_at: Mutex<Option<Instant>>,
}

impl Shared {
    pub(super) fn new(
        path: PathBuf,
        options: PoolOptions,
        observers: Observers,
        session: String,
    ) -> Self {
        Shared {
            path,
            options,
            observers,
            session,
            lanes: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
            started_at: Mutex::default(),
        }
    }

    /// The state. A panic of another thread while it held the lock leaves counters at worst one
    /// off.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, event: &Event) {
        self.observers.tell(event);
    }

    /// One attempt to open a connection and to learn whose it is. The caller holds a slot.
    pub(super) fn open_once(&self, deadline: Instant) -> Result<Box<Member>, Error> {
        self.lock().opening += 1;
        let result = self.connect(deadline);
        let mut state = self.lock();
        state.opening -= 1;
        match result {
            Ok((connection, instance)) => {
                let member = state.enroll(connection, instance);
                let reconnected = state.note_success(&member);
                drop(state);
                self.tell(&Event::Opened { connection: member.id });
                if let Some(event) = reconnected {
                    self.tell(&event);
                }
                Ok(member)
            }
            Err(error) => {
                let event = state.note_failure(&error);
                drop(state);
                self.tell(&event);
                self.start_daemon_if_wanted(&error);
                Err(error)
            }
        }
    }

    fn connect(&self, deadline: Instant) -> Result<(Connection, Option<String>), Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let configured = &self.options.connection;
        let options = ConnectionOptions {
            connect_timeout: configured.connect_timeout.min(left),
            call_timeout: self.options.health.timeout.min(left),
            ..configured.clone()
        };
        let mut connection = Connection::open_at(&self.path, options)?;
        let pong = connection.ping()?;
        connection.greet(&self.options.greeting)?;
        connection.set_call_timeout(configured.call_timeout);
        Ok((connection, pong.instance))
    }

    fn start_daemon_if_wanted(&self, error: &Error) {
        let (Autostart::Spawn(command), Error::Connect { .. }) = (&self.options.autostart, error)
        else {
            return;
        };
        let mut started_at = self.started_at.lock().unwrap_or_else(PoisonError::into_inner);
        if started_at.is_some_and(|moment| moment.elapsed() < START_PAUSE) {
            return;
        }
        *started_at = Some(Instant::now());
        match command.spawn(&self.path) {
            Ok(()) => self.tell(&Event::Started),
            Err(error) => {
                let reason = format!("cannot start {}: {error}", command.program.display());
                self.tell(&Event::ConnectFailed { attempt: 0, reason });
            }
        }
    }

    /// Takes a connection back: to who waits, among the idle, or out of service.
    pub(super) fn give_back(&self, mut member: Box<Member>) {
        let now = Instant::now();
        let why_close = self.why_close(&mut member, now);
        match why_close {
            Some(Leaving::Broken(reason)) => self.lose(member, reason),
            Some(Leaving::Retired(reason)) => self.retire(member, reason),
            None => {
                member.last_used = now;
                let mut state = self.lock();
                state.note_row(&mut member, false);
                state.offer(member);
                drop(state);
                self.changed.notify_all();
            }
        }
    }

    fn why_close(&self, member: &mut Member, now: Instant) -> Option<Leaving> {
        if !member.connection.is_open() {
            return Some(Leaving::Broken("found closed"));
        }
        if member.connection.unanswered() > 0 {
            return Some(Leaving::Retired("given back with unanswered requests"));
        }
        if member.connection.is_subscribed() {
            return Some(Leaving::Retired("given back while subscribed"));
        }
        if self.lock().draining {
            return Some(Leaving::Retired("drained"));
        }
        if member.connection.stats().calls >= self.options.max_calls {
            return Some(Leaving::Retired("recycled after max_calls"));
        }
        let age = now.saturating_duration_since(member.opened_at);
        (age >= self.options.max_age).then_some(Leaving::Retired("recycled after max_age"))
    }

    /// Closes a connection that is no longer wanted.
    pub(super) fn retire(&self, mut member: Box<Member>, reason: &'static str) {
        let mut state = self.lock();
        state.note_row(&mut member, false);
        state.rows.remove(&member.id);
        state.tally.closed += 1;
        state.tally.recycled += u64::from(reason.starts_with("recycled"));
        let id = member.id;
        // Closed before its slot is free, so that the daemon never sees more than the maximum.
        drop(member);
        state.free_slot();
        drop(state);
        self.changed.notify_all();
        self.tell(&Event::Closed { connection: id, reason });
    }

    /// Takes leave of a broken connection and frees its slot.
    pub(super) fn lose(&self, member: Box<Member>, reason: &str) {
        self.forget_member(member, reason);
        self.release_slot();
    }

    /// Takes leave of a broken connection; its slot stays with the caller.
    pub(super) fn forget_member(&self, mut member: Box<Member>, reason: &str) {
        let mut state = self.lock();
        state.note_row(&mut member, false);
        state.rows.remove(&member.id);
        state.tally.lost += 1;
        state.down_since.get_or_insert_with(Instant::now);
        let id = member.id;
        drop(member);
        drop(state);
        self.tell(&Event::Lost { connection: id, reason: reason.to_owned() });
    }

    pub(super) fn release_slot(&self) {
        self.lock().free_slot();
        self.changed.notify_all();
    }
}

/// Why a connection does not go back among the idle.
enum Leaving {
    Broken(&'static str),
    Retired(&'static str),
}

impl State {
    fn enroll(&mut self, connection: Connection, instance: Option<String>) -> Box<Member> {
        let now = Instant::now();
        self.next_member += 1;
        let mut member = Box::new(Member {
            id: self.next_member,
            connection,
            instance,
            opened_at: now,
            last_used: now,
            last_checked: now,
            grade: Grade::default(),
            counted: (0, 0, 0),
        });
        self.tally.opened += 1;
        self.note_row(&mut member, true);
        member
    }

    /// A connection is open: if there was a loss before, this is the recovery.
    fn note_success(&mut self, member: &Member) -> Option<Event> {
        self.failed_in_a_row = 0;
        let before = std::mem::replace(&mut self.last_instance, member.instance.clone());
        let after = self.down_since.take()?.elapsed();
        // The very first connection may have had to wait for a daemon; that is no reconnection.
        if self.tally.opened == 1 {
            return None;
        }
        self.tally.reconnects += 1;
        self.tally.recovery.record(after);
        Some(Event::Reconnected { after, other_instance: before != member.instance })
    }

    fn note_failure(&mut self, error: &Error) -> Event {
        self.tally.failed += 1;
        self.failed_in_a_row += 1;
        self.down_since.get_or_insert_with(Instant::now);
        Event::ConnectFailed { attempt: self.failed_in_a_row, reason: error.to_string() }
    }

    /// Brings the totals and the connection's row up to date.
    pub(super) fn note_row(&mut self, member: &mut Member, in_use: bool) {
        let stats = member.connection.stats();
        let now = (stats.calls, stats.bytes_in, stats.bytes_out);
        self.tally.requests += now.0 - member.counted.0;
        self.tally.bytes_in += now.1 - member.counted.1;
        self.tally.bytes_out += now.2 - member.counted.2;
        self.rows.insert(member.id, MemberStats::new(member, in_use));
        member.counted = now;
    }
}
