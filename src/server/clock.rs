//! Time, as the server sees it: real in the daemon, made up in the simulator.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::job::Budget;

/// Where the time comes from.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Instant;
    /// Microseconds since 1970.
    fn wall_micros(&self) -> u64;
    /// The budget of a slice of long work that may last this long.
    fn slice(&self, length: Duration) -> Budget;
    /// The budget of work that may last until a moment.
    fn until(&self, deadline: Instant) -> Budget {
        Budget::until(deadline)
    }
}

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_micros(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    fn slice(&self, length: Duration) -> Budget {
        Budget::until(Instant::now() + length)
    }
}
