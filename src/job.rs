//! Long work in slices.
//!
//! A [`Job`] is a step function that can stop at any point between two units of work and be called
//! again later. Whoever drives it decides how long a slice lasts through a [`Budget`]; the job
//! decides what a unit of work is (a block, a row of pixels, a run of bytes) and asks after each
//! unit whether to go on. A job owns whatever it works on (usually a snapshot of volumes, which
//! shares blocks and costs only their index), so nobody has to wait for it. Jobs are written as
//! straight-line code: an `async fn` that takes a [`Slice`], made a job by [`Work`]. What it leaves
//! behind is freed in slices too, see [`leftovers`]; long runs of bytes that it makes are kept in
//! [`pieces`].

pub mod effort;
pub mod leftovers;
pub mod pieces;
mod slice;
mod sort;
pub(crate) mod spread;

pub use slice::{Lent, Slice, Work};
pub use sort::sort_in_slices;

use std::time::{Duration, Instant};

/// Something outside that work waits for. Whoever tells when it is over knows it by this number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Why a job ended its slice although nothing keeps it from going on but something outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// Call it again no sooner than after this time.
    For(Duration),
    /// Call it again when this is over.
    Until(Ticket),
}

/// How much of a job is done. `total` is 0 while it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units of work finished.
    pub done: u64,
    /// Units of work in all, or 0 if not known yet.
    pub total: u64,
}

/// What a slice of a job came to.
#[derive(Debug)]
pub enum Step<T> {
    /// The budget is spent; call again.
    More,
    /// The job is finished and must not be stepped again.
    Done(T),
}

/// The limit of one slice.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    limit: Limit,
    rest: Option<Rest>,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    None,
    Units(u64),
    Deadline(Instant),
}

impl Budget {
    fn new(limit: Limit) -> Self {
        Budget { limit, rest: None }
    }

    /// No limit: one step finishes the job.
    pub fn unlimited() -> Self {
        Budget::new(Limit::None)
    }

    /// A fixed number of units of work: the same slices on every machine, for tests and simulation.
    pub fn units(units: u64) -> Self {
        Budget::new(Limit::Units(units))
    }

    /// Until a moment. A slice overshoots by at most one unit of work, so a unit should take
    /// microseconds, not milliseconds.
    pub fn until(deadline: Instant) -> Self {
        Budget::new(Limit::Deadline(deadline))
    }

    /// Asks for a rest, because there is nothing to do but to wait for something outside. If the
    /// answer is true, the job returns [`Step::More`] and is called again no sooner than after that
    /// time; if it is false, nobody else has anything to do either, and the job may as well wait by
    /// itself.
    pub fn rest(&mut self, time: Duration) -> bool {
        let can_rest = matches!(self.limit, Limit::Deadline(_));
        if can_rest {
            self.rest = Some(Rest::For(time));
        }
        can_rest
    }

    /// Asks to be called again when something is over. If the answer is false, nobody else has
    /// anything to do, and the job has to wait for it by itself.
    pub fn wait_for(&mut self, ticket: Ticket) -> bool {
        let can_wait = !matches!(self.limit, Limit::None);
        if can_wait {
            self.rest = Some(Rest::Until(ticket));
        }
        can_wait
    }

    /// The rest that was asked for during this slice.
    pub fn rest_asked_for(&self) -> Option<Rest> {
        self.rest
    }

    /// Reports `units` of work done and tells whether the slice may go on.
    pub fn spend(&mut self, units: u64) -> bool {
        match &mut self.limit {
            Limit::None => true,
            Limit::Units(left) => {
                *left = left.saturating_sub(units);
                *left > 0
            }
            Limit::Deadline(deadline) => Instant::now() < *deadline,
        }
    }
}

/// Resumable work with a result.
pub trait Job {
    /// What the job produces.
    type Output;

    /// Works until it is finished or the budget is spent. Makes some headway in every call.
    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output>;

    /// How far the job is.
    fn progress(&self) -> Progress;

    /// Runs the job to its end in one go.
    fn finish(mut self) -> Self::Output
    where
        Self: Sized,
    {
        loop {
            if let Step::Done(output) = self.step(&mut Budget::unlimited()) {
                return output;
            }
        }
    }
}

impl<J: Job + ?Sized> Job for Box<J> {
    type Output = J::Output;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        (**self).step(budget)
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(u64);

    impl Job for Count {
        type Output = u64;
        fn step(&mut self, budget: &mut Budget) -> Step<u64> {
            while self.0 < 10 {
                self.0 += 1;
                if !budget.spend(1) {
                    return Step::More;
                }
            }
            Step::Done(self.0)
        }
        fn progress(&self) -> Progress {
            Progress { done: self.0, total: 10 }
        }
    }

    #[test]
    fn a_budget_of_units_cuts_a_job_into_equal_slices() {
        let mut job = Count(0);
        assert!(matches!(job.step(&mut Budget::units(4)), Step::More));
        assert_eq!(job.progress(), Progress { done: 4, total: 10 });
        assert!(matches!(job.step(&mut Budget::units(4)), Step::More));
        assert!(matches!(job.step(&mut Budget::units(4)), Step::Done(10)));
    }

    #[test]
    fn only_where_others_may_wait_does_a_job_rest() {
        let time = Duration::from_millis(1);
        let mut timed = Budget::until(Instant::now() + time);
        assert!(timed.rest_asked_for().is_none() && timed.rest(time));
        assert_eq!(timed.rest_asked_for(), Some(Rest::For(time)));
        for mut budget in [Budget::unlimited(), Budget::units(3)] {
            assert!(!budget.rest(time) && budget.rest_asked_for().is_none());
        }
    }

    #[test]
    fn finish_runs_to_the_end() {
        assert_eq!(Count(0).finish(), 10);
    }
}
