//! A pool of connections that heals itself.
//!
//! Any number of threads call through one [`Pool`]. It opens connections when they are needed,
//! hands each to one caller at a time in the order of asking, replaces what breaks, checks what is
//! idle, and tries a call again where that is safe. [`Pool::call`] does all of that;
//! [`Pool::lease`] gives a caller a connection of its own for pipelining, batches and
//! subscriptions, without retries.

mod call;
mod event;
mod keeper;
mod lease;
mod options;
mod shared;
mod state;
mod stats;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

pub use call::{CallError, Effect, Watch, effect_of};
pub use event::{Event, Grade, Observer};
pub use lease::Lease;
pub use options::{HealthOptions, PoolOptions};
pub use stats::{MemberStats, PoolStats};

use super::Error;
use super::backoff::Random;
use crate::socket_path::socket_path;
use event::Observers;
use keeper::Keeper;
use shared::Shared;

/// A pool of connections to one daemon. Cloning it gives another handle to the same pool; when the
/// last handle is gone, its connections are closed.
///
/// ```no_run
/// use goxel_daemon::client::{Outcome, Pool};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::builder().build()?;
/// match pool.call_raw("goxel.add_voxel", [1, 2, 3, 255, 0, 0, 255]) {
///     Ok(_) => println!("applied, exactly once"),
///     Err(error) if error.outcome == Outcome::NotApplied => println!("not applied: {error}"),
///     Err(error) => println!("look at the document before trying again: {error}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    /// Ends the pool's thread with the last handle.
    _keeper: Arc<Keeper>,
}

/// What a pool is made from.
#[derive(Debug, Default)]
pub struct PoolBuilder {
    path: Option<PathBuf>,
    options: PoolOptions,
    observers: Observers,
}

impl PoolBuilder {
    /// The daemon's socket. Default: what the path rule says.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The pool's settings.
    pub fn options(mut self, options: PoolOptions) -> Self {
        self.options = options;
        self
    }

    /// Somebody who is told about events. May be given several times. The hook runs on the thread
    /// that noticed the event, so it should be short.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.0.push(Arc::new(observer));
        self
    }

    /// Makes the pool and starts its thread. No daemon needs to be there yet.
    pub fn build(self) -> Result<Pool, Error> {
        self.options.check()?;
        let path = socket_path(self.path.as_deref());
        let session = new_session_name();
        let shared = Arc::new(Shared::new(path, self.options, self.observers, session));
        let keeper = Keeper::start(Arc::clone(&shared))
            .map_err(|error| Error::Usage(format!("cannot start the pool's thread: {error}")))?;
        Ok(Pool { shared, _keeper: Arc::new(keeper) })
    }
}

impl Pool {
    /// The beginning of a pool.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::default()
    }

    /// The daemon's socket.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// A connection for the caller alone, waiting up to [`PoolOptions::acquire_timeout`] for it.
    pub fn lease(&self) -> Result<Lease, Error> {
        let limit = self.shared.options.acquire_timeout;
        self.shared.lease(Instant::now() + limit, limit)
    }

    /// Opens connections until the minimum is there, or until `limit`; returns how many are open.
    pub fn warm_up(&self, limit: Duration) -> usize {
        let deadline = Instant::now() + limit;
        self.wait_for_change(deadline, |open| open >= self.shared.options.min_connections)
    }

    /// Gives out no more connections, waits until all are back and closed, at most until `limit`;
    /// returns how many are still out. There is no way back.
    pub fn drain(&self, limit: Duration) -> usize {
        let mut state = self.shared.lock();
        state.draining = true;
        state.wake_all();
        drop(state);
        self.shared.changed.notify_all();
        self.wait_for_change(Instant::now() + limit, |open| open == 0)
    }

    /// What the pool did so far.
    pub fn stats(&self) -> PoolStats {
        self.shared.stats()
    }

    /// [`Pool::stats`] as Prometheus text.
    pub fn prometheus(&self) -> String {
        self.shared.prometheus()
    }

    /// Waits until the number of open connections is as wanted; returns it in any case.
    fn wait_for_change(&self, deadline: Instant, wanted: impl Fn(usize) -> bool) -> usize {
        let mut state = self.shared.lock();
        loop {
            let open = state.total - state.opening;
            let left = deadline.saturating_duration_since(Instant::now());
            if wanted(open) || left.is_zero() {
                return open;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A name that no other pool has.
fn new_session_name() -> String {
    let mut random = Random::new();
    format!("pool-{:016x}{:016x}", random.next(), Random::new().next())
}
