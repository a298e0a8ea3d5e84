//! Long work as straight-line code.
//!
//! Long work is written once, straight down, as an `async fn` that takes a [`Slice`]; the compiler
//! makes the state machine that would be written by hand otherwise. This is no async runtime: there
//! is no executor, nothing is spawned and nothing is woken. Whoever drives work polls it with a
//! waker that does nothing, once for each slice, through [`Work`], which is a [`Job`] like any
//! other. Work is suspended at three kinds of points only:
//!
//! * [`Slice::spend`]: units of work are done, and the slice may be over;
//! * [`Slice::rest`], [`Slice::wait_for`]: there is nothing to do but to wait for something
//!   outside;
//! * [`Slice::run`], [`Slice::stepped`]: another job has the slice until it is finished.
//!
//! What belongs to others is lent to work for the length of a step, see [`Lent`].
//!
//! A unit of work should take microseconds. Cancelling is dropping. "At once" is the first poll.
//! Progress is one cell of the slice, written by [`Slice::progress`] and [`Slice::advance`] and
//! read by whoever drives the work.
//!
//! ```
//! use goxel_daemon::job::{Budget, Job, Slice, Step, Work};
//!
//! async fn sum(numbers: Vec<u64>, slice: &Slice) -> u64 {
//!     slice.expect(numbers.len() as u64);
//!     let mut sum = 0;
//!     for number in numbers {
//!         sum += number;
//!         slice.advance(1).await;
//!     }
//!     sum
//! }
//!
//! let mut work = Work::new(|slice| async move { sum(vec![1; 10], &slice).await });
//! assert!(matches!(work.step(&mut Budget::units(4)), Step::More));
//! assert_eq!(work.progress().done, 4);
//! assert_eq!(work.finish(), 10);
//! ```
//!
//! Invariants: outside of a step the budget of a slice is empty, so that work that is polled by
//! anybody else comes no further than its next point of suspension; a step makes some headway,
//! however small its budget is.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Budget, Job, Progress, Step, Ticket};

/// What work asks after each unit: whether it may go on. A handle; all clones are the same slice.
#[derive(Clone)]
pub struct Slice(Rc<Shared>);

struct Shared {
    budget: RefCell<Budget>,
    is_spent: Cell<bool>,
    progress: Cell<Progress>,
}

impl Default for Slice {
    fn default() -> Self {
        Slice(Rc::new(Shared {
            budget: RefCell::new(Budget::units(0)),
            is_spent: Cell::new(false),
            progress: Cell::new(Progress::default()),
        }))
    }
}

impl Slice {
    /// Reports `units` of work done, and waits for the next slice if this one is over.
    #[inline]
    pub async fn spend(&self, units: u64) {
        if !self.0.budget.borrow_mut().spend(units) {
            self.pause().await;
        }
    }

    /// The same, and counts the units as progress.
    #[inline]
    pub async fn advance(&self, units: u64) {
        self.count(units);
        self.spend(units).await;
    }

    /// Counts progress that is measured in other things than units of work.
    #[inline]
    pub fn count(&self, done: u64) {
        let mut progress = self.0.progress.get();
        progress.done += done;
        self.0.progress.set(progress);
    }

    /// Says that so many more units of work will be counted as progress.
    pub fn expect(&self, units: u64) {
        let mut progress = self.0.progress.get();
        progress.total += units;
        self.0.progress.set(progress);
    }

    /// Sets how far the work is, for work that knows it better than by counting units.
    pub fn progress(&self, progress: Progress) {
        self.0.progress.set(progress);
    }

    /// Waits until something outside may have happened: others work meanwhile, and the next slice
    /// begins no sooner than after this time. Where nobody else has anything to do, the thread
    /// sleeps.
    pub async fn rest(&self, time: Duration) {
        let can_rest = self.0.budget.borrow_mut().rest(time);
        if can_rest { self.pause().await } else { std::thread::sleep(time) }
    }

    /// Waits until something outside is over; false if nobody else has anything to do, and the
    /// thread has to wait for it.
    pub async fn wait_for(&self, ticket: Ticket) -> bool {
        let can_wait = self.0.budget.borrow_mut().wait_for(ticket);
        if can_wait {
            self.pause().await;
        }
        can_wait
    }

    /// Gives the slice to another job until that is finished. Its progress becomes that of the
    /// work.
    pub async fn run<J: Job>(&self, mut job: J) -> J::Output {
        self.stepped(|budget| (job.step(budget), job.progress())).await
    }

    /// The same for what takes steps without being a job.
    pub async fn stepped<T>(&self, mut step: impl FnMut(&mut Budget) -> (Step<T>, Progress)) -> T {
        loop {
            let (step, progress) = step(&mut self.0.budget.borrow_mut());
            match step {
                Step::Done(output) => return output,
                Step::More => {
                    self.0.progress.set(progress);
                    self.pause().await;
                }
            }
        }
    }

    /// Ends this slice.
    pub async fn pause(&self) {
        self.0.is_spent.set(true);
        // Pending once: whoever polls again before the next slice begins is sent back.
        poll_fn(|_| if self.0.is_spent.get() { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

/// What somebody else owns and work may touch while it has a slice: whoever drives the work lends
/// it for each step. A handle; all clones are the same.
pub struct Lent<T>(Rc<RefCell<T>>);

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        Lent(Rc::clone(&self.0))
    }
}

impl<T: Default> Default for Lent<T> {
    fn default() -> Self {
        Lent(Rc::default())
    }
}

impl<T> Lent<T> {
    /// Touches what is lent. Nothing of it is held over a point of suspension.
    pub fn with<R>(&self, touch: impl FnOnce(&mut T) -> R) -> R {
        touch(&mut self.0.borrow_mut())
    }

    /// Lends `own` for the length of a step. Meanwhile a placeholder is in its place.
    pub fn during<R>(&self, own: &mut T, step: impl FnOnce() -> R) -> R {
        std::mem::swap(&mut *self.0.borrow_mut(), own);
        let result = step();
        std::mem::swap(&mut *self.0.borrow_mut(), own);
        result
    }
}

/// An `async fn` as a job.
pub struct Work<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    slice: Slice,
}

impl<T> Work<T> {
    /// Work that takes its slices from what it is given. Nothing happens before the first step.
    pub fn new<F, W>(work: W) -> Self
    where
        W: FnOnce(Slice) -> F,
        F: Future<Output = T> + 'static,
    {
        let slice = Slice::default();
        Work { future: Box::pin(work(slice.clone())), slice }
    }
}

impl<T> Job for Work<T> {
    type Output = T;

    fn step(&mut self, budget: &mut Budget) -> Step<T> {
        let shared = &self.slice.0;
        shared.is_spent.set(false);
        shared.budget.replace(*budget);
        let polled = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        *budget = shared.budget.replace(Budget::units(0));
        match polled {
            Poll::Ready(output) => Step::Done(output),
            Poll::Pending => Step::More,
        }
    }

    fn progress(&self) -> Progress {
        self.slice.0.progress.get()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::job::Rest;

    async fn count_to(end: u64, slice: &Slice) -> u64 {
        slice.expect(end);
        for _ in 0..end {
            slice.advance(1).await;
        }
        end
    }

    #[test]
    fn a_budget_of_units_cuts_work_into_equal_slices() {
        let mut work = Work::new(|slice| async move { count_to(10, &slice).await });
        let mut slices = 1;
        while let Step::More = work.step(&mut Budget::units(3)) {
            assert_eq!(work.progress(), Progress { done: 3 * slices, total: 10 });
            slices += 1;
        }
        assert_eq!(slices, 4);
    }

    #[test]
    fn the_first_step_may_be_the_last() {
        let mut work = Work::new(|slice| async move { count_to(10, &slice).await });
        assert!(matches!(work.step(&mut Budget::units(11)), Step::Done(10)));
    }

    #[test]
    fn what_is_left_of_a_budget_goes_back() {
        let mut budget = Budget::units(8);
        let mut work = Work::new(|slice| async move { count_to(5, &slice).await });
        assert!(matches!(work.step(&mut budget), Step::Done(5)));
        assert!(budget.spend(2) && !budget.spend(1));
    }

    #[test]
    fn a_job_inside_has_the_same_slices() {
        let inner = Work::new(|slice| async move { count_to(10, &slice).await });
        let mut outer = Work::new(|slice| async move { slice.run(inner).await + 1 });
        assert!(matches!(outer.step(&mut Budget::units(4)), Step::More));
        assert_eq!(outer.progress(), Progress { done: 4, total: 10 });
        assert_eq!(outer.finish(), 11);
    }

    #[test]
    fn only_where_others_may_wait_does_work_rest() {
        let time = Duration::from_millis(1);
        let resting = || {
            Work::new(move |slice| async move {
                slice.rest(time).await;
                slice.rest(time).await;
            })
        };
        let mut budget = Budget::until(Instant::now() + Duration::from_secs(60));
        let mut work = resting();
        assert!(matches!(work.step(&mut budget), Step::More));
        assert_eq!(budget.rest_asked_for(), Some(Rest::For(time)));
        resting().finish();
    }

    #[test]
    fn dropping_cancels() {
        let kept = Rc::new(());
        let inside = Rc::clone(&kept);
        let mut work = Work::new(|slice| async move {
            count_to(10, &slice).await;
            drop(inside);
        });
        assert!(matches!(work.step(&mut Budget::units(2)), Step::More));
        drop(work);
        assert_eq!(Rc::strong_count(&kept), 1);
    }
}
