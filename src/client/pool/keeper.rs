//! The pool's own thread: health checks, idle connections, and the minimum.
//!
//! It sleeps until something is due or changed. One piece of work at a time; while it works,
//! callers do not wait for it unless every other connection is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::event::{Event, Grade};
use super::options::HealthOptions;
use super::shared::Shared;
use super::state::{Member, State};
use crate::client::backoff::Backoff;

/// The pause between attempts to restore the minimum while nobody waits is at most this.
const IDLE_RECONNECT: Duration = Duration::from_millis(500);
/// Nothing is due: look again after this, in case the clock was off.
const NOTHING_DUE: Duration = Duration::from_secs(60);

/// Ends the keeper when the last owner of the pool is gone.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<Keeper> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("goxel-pool-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name).spawn(move || run(&for_thread))?;
        Ok(Keeper { shared, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.draining = true;
        state.stopped = true;
        state.wake_all();
        drop(state);
        self.shared.changed.notify_all();
        // The last owner may be the keeper's own thread, inside an event hook.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of an event hook ended the keeper; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// One piece of work.
enum Work {
    Check(Box<Member>),
    Close(Box<Member>, &'static str),
    Open,
    Sleep(Duration),
    End,
}

fn run(shared: &Arc<Shared>) {
    let mut reconnect = Reconnect::new(shared);
    loop {
        let mut state = shared.lock();
        match next_work(&mut state, shared, &reconnect, Instant::now()) {
            Work::End => return close_all(state, shared),
            Work::Sleep(pause) => drop(shared.changed.wait_timeout(state, pause)),
            Work::Check(member) => {
                drop(state);
                check(member, shared);
            }
            Work::Close(member, reason) => {
                drop(state);
                shared.retire(member, reason);
            }
            Work::Open => {
                drop(state);
                reconnect.attempt(shared);
            }
        }
    }
}

/// What is due now. Takes the connection that it concerns out of the idle ones.
fn next_work(state: &mut State, shared: &Shared, reconnect: &Reconnect, now: Instant) -> Work {
    let options = &shared.options;
    if state.stopped {
        return Work::End;
    }
    if state.draining {
        return match state.idle.pop() {
            Some(member) => Work::Close(member, "drained"),
            None => Work::Sleep(NOTHING_DUE),
        };
    }
    let spare = state.total > options.min_connections;
    let mut due = now + NOTHING_DUE;
    for index in 0..state.idle.len() {
        let member = &state.idle[index];
        let idle_until = member.last_used + options.idle_timeout;
        let young_until = member.opened_at + options.max_age;
        let sound_until = member.last_checked.max(member.last_used) + options.health.interval;
        if spare && idle_until <= now {
            return Work::Close(state.idle.swap_remove(index), "idle for idle_timeout");
        }
        if young_until <= now {
            return Work::Close(state.idle.swap_remove(index), "recycled after max_age");
        }
        if sound_until <= now {
            return Work::Check(state.idle.swap_remove(index));
        }
        due = due.min(young_until).min(sound_until);
        due = if spare { due.min(idle_until) } else { due };
    }
    if state.total < options.min_connections {
        if reconnect.not_before <= now {
            state.total += 1;
            return Work::Open;
        }
        due = due.min(reconnect.not_before);
    }
    Work::Sleep(due.saturating_duration_since(now))
}

/// Pings a connection, grades it, and gives it back or closes it.
fn check(mut member: Box<Member>, shared: &Shared) {
    let health = &shared.options.health;
    let usual = member.connection.options().call_timeout;
    member.connection.set_call_timeout(health.timeout);
    let start = Instant::now();
    let pong = member.connection.ping();
    let latency = start.elapsed();
    member.connection.set_call_timeout(usual);
    member.last_checked = Instant::now();
    let grade = if pong.is_ok() { grade(latency, health) } else { Grade::Unhealthy };
    let from = std::mem::replace(&mut member.grade, grade);
    shared.lock().tally.checks += 1;
    if from != grade {
        shared.tell(&Event::Graded { connection: member.id, from, to: grade, latency });
    }
    match pong {
        Err(error) => shared.lose(member, &error.to_string()),
        Ok(_) if grade == Grade::Unhealthy => shared.retire(member, "unhealthy"),
        Ok(_) => {
            let last_used = member.last_used;
            let mut state = shared.lock();
            state.note_row(&mut member, false);
            member.last_used = last_used;
            state.offer(member);
        }
    }
}

fn grade(latency: Duration, health: &HealthOptions) -> Grade {
    if latency >= health.unhealthy {
        Grade::Unhealthy
    } else if latency >= health.degraded {
        Grade::Degraded
    } else {
        Grade::Healthy
    }
}

/// The keeper's attempts to restore the minimum.
struct Reconnect {
    backoff: Backoff,
    not_before: Instant,
}

impl Reconnect {
    fn new(shared: &Shared) -> Self {
        let mut range = shared.options.backoff;
        range.longest = range.longest.max(IDLE_RECONNECT);
        Reconnect { backoff: Backoff::new(range), not_before: Instant::now() }
    }

    /// Opens a connection in a slot that is counted already.
    fn attempt(&mut self, shared: &Arc<Shared>) {
        let deadline = Instant::now() + shared.options.connection.connect_timeout;
        match shared.open_once(deadline) {
            Ok(member) => {
                *self = Reconnect::new(shared);
                shared.give_back(member);
            }
            Err(_) => {
                self.not_before = Instant::now() + self.backoff.next();
                shared.release_slot();
            }
        }
    }
}

fn close_all(mut state: std::sync::MutexGuard<'_, State>, shared: &Shared) {
    let members = std::mem::take(&mut state.idle);
    drop(state);
    members.into_iter().for_each(|member| shared.retire(member, "drained"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_graded_by_the_thresholds() {
        let health = HealthOptions::default();
        assert_eq!(grade(Duration::from_millis(99), &health), Grade::Healthy);
        assert_eq!(grade(Duration::from_millis(100), &health), Grade::Degraded);
        assert_eq!(grade(Duration::from_secs(1), &health), Grade::Unhealthy);
    }
}
