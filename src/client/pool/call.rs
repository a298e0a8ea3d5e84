//! Calls that are tried again where that is safe, and that always tell what became of them.
//!
//! A call that changes the document carries a session tag. The daemon keeps the last answers of
//! each session, so the same tag again gets the old answer and applies nothing. A tag names the
//! daemon process that it was sent to first. When that is gone after the whole call was sent, its
//! successor is asked with the same tag: it answers from its journal, or says that nobody can know
//! whether the call was applied, and the outcome is [`Outcome::Unknown`]. A call that was never
//! sent whole gets a fresh tag instead.
//!
//! The daemon's memory of a session is bounded. So that a call that is tried again is never
//! overtaken by so many others that its answer is forgotten, each call under way has a session to
//! itself (a [`Lane`]), and finished calls pass theirs on.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Pool;
use super::event::Event;
use super::lease::Lease;
use super::shared::Shared;
use crate::client::connection::read_result;
use crate::client::message::encode_params;
use crate::client::{CallProgress, Error, Outcome, Session, Ticket};

/// How often a watched call looks up from its waiting.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// Looks at a call while it runs: called about ten times a second, with how far it is if that is
/// known. Once it answers false, the daemon is asked to give the call up.
pub type Watch<'a> = dyn FnMut(Option<CallProgress>) -> bool + 'a;

/// Whether a call changes something in the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads: trying again is always safe.
    Read,
    /// It may change something: it must not be applied twice.
    Change,
}

/// Methods that only read, without the prefix `goxel.`. Whatever is not here is taken for a change,
/// which costs a tag and a stored answer, and is never wrong.
const READERS: [&str; 42] = [
    "connection.info",
    "connection.list",
    "diff",
    "discover",
    "echo",
    "find",
    "find_voxels",
    "find_voxels_by_color",
    "get_bounding_box",
    "get_color_histogram",
    "get_daemon_status",
    "get_history",
    "get_info",
    "get_layer_voxels",
    "get_layers",
    "get_light",
    "get_project_info",
    "get_render_info",
    "get_render_stats",
    "get_slice",
    "get_status",
    "get_unique_colors",
    "get_version",
    "get_voxel",
    "get_voxel_info",
    "get_voxels_region",
    "health",
    "history",
    "list_cameras",
    "list_layers",
    "list_materials",
    "list_methods",
    "list_projects",
    "list_renders",
    "ping",
    "raycast",
    "read_region",
    "rpc.discover",
    "server.config",
    "slice",
    "status",
    "version",
];

/// Whether a method only reads.
pub fn effect_of(method: &str) -> Effect {
    let name = method.strip_prefix("goxel.").unwrap_or(method);
    if READERS.binary_search(&name).is_ok() { Effect::Read } else { Effect::Change }
}

/// A call that failed for good.
#[derive(Debug, thiserror::Error)]
pub struct CallError {
    /// The method.
    pub method: String,
    /// What the last attempt failed with.
    #[source]
    pub error: Error,
    /// Whether the call was carried out, all attempts together.
    pub outcome: Outcome,
    /// How many attempts there were.
    pub attempts: u32,
}

impl fmt::Display for CallError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.outcome {
            Outcome::Applied => "it was applied",
            Outcome::NotApplied => "nothing was applied",
            Outcome::Unknown => "whether it was applied is unknown",
        };
        write!(out, "{}: {} ({what}; attempts: {})", self.method, self.error, self.attempts)
    }
}

/// One call with its attempts.
struct Call<'a, 'w> {
    shared: &'a Arc<Shared>,
    method: &'a str,
    params: Option<&'a RawValue>,
    effect: Effect,
    deadline: Instant,
    /// The tag under which the whole call was handed to the system at least once.
    sent_as: Option<Session>,
    /// A change was sent whole to a daemon that knows no sessions: it must not be sent again.
    sent_untagged: bool,
    lane: Option<Lane>,
    attempts: u32,
    watch: Option<&'a mut Watch<'w>>,
}

/// A session that one call at a time uses.
#[derive(Debug)]
pub(super) struct Lane {
    id: String,
    next_seq: u64,
}

impl Lane {
    fn next_tag(&mut self, instance: &str) -> Session {
        let seq = self.next_seq;
        self.next_seq += 1;
        Session { id: self.id.clone(), seq, instance: instance.to_owned() }
    }
}

impl Shared {
    fn take_lane(&self) -> Lane {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.free.pop().unwrap_or_else(|| {
            lanes.made += 1;
            Lane { id: format!("{}-{}", self.session, lanes.made), next_seq: 1 }
        })
    }

    fn give_lane_back(&self, lane: Lane) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).free.push(lane);
    }
}

/// The sessions of a pool that no call uses now.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    free: Vec<Lane>,
    made: u64,
}

impl Drop for Call<'_, '_> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.shared.give_lane_back(lane);
        }
    }
}

impl Pool {
    /// Calls a method and reads its result into a type. See [`Pool::call_raw`].
    pub fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<R, CallError> {
        let result = self.call_raw(method, params)?;
        read_result(method, &result).map_err(|error| CallError {
            method: method.to_owned(),
            outcome: error.outcome(),
            error,
            attempts: 1,
        })
    }

    /// Calls a method and returns its result as JSON text.
    ///
    /// Tried again after failures of the connection, at most [`PoolOptions::max_attempts`] times
    /// and for [`PoolOptions::call_timeout`]; never applied twice.
    ///
    /// [`PoolOptions::max_attempts`]: super::PoolOptions::max_attempts
    /// [`PoolOptions::call_timeout`]: super::PoolOptions::call_timeout
    pub fn call_raw(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<Box<RawValue>, CallError> {
        self.call_as(effect_of(method), method, params)
    }

    /// [`Pool::call_raw`] for a caller who knows better whether the method changes something.
    pub fn call_as(
        &self,
        effect: Effect,
        method: &str,
        params: impl Serialize,
    ) -> Result<Box<RawValue>, CallError> {
        self.call_with(effect, method, params, None)
    }

    /// [`Pool::call_as`] that is looked at while it waits for its answer. A call that is given up
    /// in time fails with the daemon's error -32800 and has changed nothing; one that was quicker
    /// has its result.
    pub fn call_watched(
        &self,
        effect: Effect,
        method: &str,
        params: impl Serialize,
        watch: &mut Watch<'_>,
    ) -> Result<Box<RawValue>, CallError> {
        self.call_with(effect, method, params, Some(watch))
    }

    fn call_with(
        &self,
        effect: Effect,
        method: &str,
        params: impl Serialize,
        watch: Option<&mut Watch<'_>>,
    ) -> Result<Box<RawValue>, CallError> {
        let start = Instant::now();
        let shared = &self.shared;
        let result = encode_params(params)
            .map_err(|error| (error, Outcome::NotApplied, 0))
            .and_then(|params| {
                let mut call = Call {
                    shared,
                    method,
                    params: params.as_deref(),
                    effect,
                    deadline: start + shared.options.call_timeout,
                    sent_as: None,
                    sent_untagged: false,
                    lane: None,
                    attempts: 0,
                    watch,
                };
                call.run().map_err(|(error, outcome)| (error, outcome, call.attempts))
            });
        let failure = result.as_ref().err().map(|(error, outcome, _)| (error.kind(), *outcome));
        shared.lock().tally.finished(start.elapsed(), failure);
        result.map_err(|(error, outcome, attempts)| CallError {
            method: method.to_owned(),
            error,
            outcome,
            attempts,
        })
    }
}

impl Call<'_, '_> {
    fn run(&mut self) -> Result<Box<RawValue>, (Error, Outcome)> {
        loop {
            self.attempts += 1;
            let error = match self.attempt() {
                Ok(result) => return Ok(result),
                Err(Attempt::Final(error)) => return Err(self.conclude(error)),
                Err(Attempt::MayRetry(error)) => error,
            };
            let over = Instant::now() >= self.deadline
                || self.attempts >= self.shared.options.max_attempts
                || self.sent_untagged;
            if over {
                return Err(self.conclude(error));
            }
            self.shared.lock().tally.retries += 1;
            self.shared.tell(&Event::Retried {
                method: self.method.to_owned(),
                attempt: self.attempts + 1,
                reason: error.to_string(),
            });
        }
    }

    /// The outcome of all attempts together: once the whole call was out, only an answer settles
    /// it.
    fn conclude(&self, error: Error) -> (Error, Outcome) {
        let answered = matches!(error, Error::Remote(_) | Error::Shape { .. });
        let outcome = match error.outcome() {
            Outcome::NotApplied if !answered && self.was_sent() => Outcome::Unknown,
            outcome => outcome,
        };
        // A call that only reads applies nothing, whatever happened.
        let outcome = if self.effect == Effect::Read { Outcome::NotApplied } else { outcome };
        (error, outcome)
    }

    fn was_sent(&self) -> bool {
        self.sent_as.is_some() || self.sent_untagged
    }

    fn attempt(&mut self) -> Result<Box<RawValue>, Attempt> {
        let (limit, deadline) = self.limits(self.shared.options.acquire_timeout);
        let mut lease = self.shared.lease(deadline, limit).map_err(Attempt::Final)?;
        let session = self.session_for(lease.instance())?;
        let (limit, deadline) =
            self.limits(self.shared.options.attempt_timeout.unwrap_or(Duration::MAX));
        let answer = lease
            .send_encoded(self.method, self.params, session.as_ref())
            .and_then(|ticket| self.wait(&mut lease, ticket, deadline, limit));
        let error = match answer {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        if !error.is_transient() {
            return Err(Attempt::Final(error));
        }
        if error.outcome() == Outcome::Unknown && self.effect == Effect::Change {
            self.sent_untagged = session.is_none();
            self.sent_as = self.sent_as.take().or(session);
        }
        lease.discard(&error.to_string());
        Err(Attempt::MayRetry(error))
    }

    fn wait(
        &mut self,
        lease: &mut Lease,
        ticket: Ticket,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Box<RawValue>, Error> {
        let Some(watch) = &mut self.watch else {
            return lease.wait_until(ticket, deadline, limit);
        };
        let mut is_given_up = false;
        while Instant::now() < deadline {
            let until = (Instant::now() + WATCH_EVERY).min(deadline);
            if let Some(result) = lease.wait_or_notified(ticket, until)? {
                return Ok(result);
            }
            let mut latest = None;
            lease.report_progress(ticket, &mut |progress| latest = Some(progress));
            if !watch(latest) && !is_given_up {
                is_given_up = true;
                lease.notify("$/cancelRequest", serde_json::json!({ "id": ticket.id }))?;
            }
        }
        lease.wait_until(ticket, deadline, limit)
    }

    /// The tag for an attempt on a connection to this daemon process.
    fn session_for(&mut self, instance: Option<&str>) -> Result<Option<Session>, Attempt> {
        if self.effect == Effect::Read {
            return Ok(None);
        }
        if let Some(sent) = &self.sent_as {
            if instance.is_some() {
                return Ok(Some(sent.clone()));
            }
            // One that knows no sessions would carry it out a second time.
            return Err(Attempt::Final(Error::Lost {
                reason:
                    "the daemon that got this call is gone, and another one has taken its place"
                        .into(),
                sent: true,
            }));
        }
        let Some(instance) = instance else { return Ok(None) };
        let lane = self.lane.get_or_insert_with(|| self.shared.take_lane());
        Ok(Some(lane.next_tag(instance)))
    }

    /// A limit of one step, cut at the end of the whole call.
    fn limits(&self, limit: Duration) -> (Duration, Instant) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let limit = limit.min(left);
        (limit, Instant::now() + limit)
    }
}

/// What an attempt failed with.
enum Attempt {
    Final(Error),
    MayRetry(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_sorted_for_the_search_and_everything_else_is_a_change() {
        assert!(READERS.is_sorted());
        assert_eq!(effect_of("goxel.get_voxel"), Effect::Read);
        assert_eq!(effect_of("ping"), Effect::Read);
        assert_eq!(effect_of("goxel.add_voxel"), Effect::Change);
        assert_eq!(effect_of("something.new"), Effect::Change);
    }
}
