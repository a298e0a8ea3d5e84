//! Simulated time: it passes a little with each look at it, and in leaps between events.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::server::clock::Clock;

use crate::simulation::random::Random;

/// The clock of one simulated world.
#[derive(Clone)]
pub struct SimulatedClock {
    start: Instant,
    passed: Rc<Cell<Duration>>,
    random: Rc<RefCell<Random>>,
}

impl SimulatedClock {
    pub fn new(random: Random) -> Self {
        let passed = Rc::new(Cell::new(Duration::ZERO));
        SimulatedClock { start: Instant::now(), passed, random: Rc::new(RefCell::new(random)) }
    }

    /// Since the beginning of the world.
    pub fn passed(&self) -> Duration {
        self.passed.get()
    }

    pub fn advance(&self, time: Duration) {
        self.passed.set(self.passed.get() + time);
    }

    /// How far a moment is from the beginning of the world.
    pub fn since_start(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Instant {
        self.advance(Duration::from_micros(3));
        self.start + self.passed.get()
    }

    fn wall_micros(&self) -> u64 {
        // The wall clock may jump; nothing may depend on it.
        self.random.borrow_mut().next() >> 8
    }

    fn slice(&self, length: Duration) -> Budget {
        self.advance(length);
        Budget::units(self.random.borrow_mut().between(1, 40))
    }

    fn until(&self, _: Instant) -> Budget {
        Budget::units(self.random.borrow_mut().between(1, 40))
    }
}
