//! Readers and writers as jobs: each says what one unit of its work is.

use super::FormatError;
use crate::job::{Budget, Job, Progress, Step};

/// Work that goes unit by unit.
pub(crate) trait Advance {
    type Output;

    /// Does one unit of work; the result when nothing is left to do.
    fn advance(&mut self) -> Result<Option<Self::Output>, FormatError>;

    /// Units done, and in all.
    fn units(&self) -> (u64, u64);
}

/// The job that does such work.
pub(crate) struct Steps<T>(pub(crate) T);

impl<T: Advance> Job for Steps<T> {
    type Output = Result<T::Output, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            match self.0.advance() {
                Ok(None) if budget.spend(1) => {}
                Ok(None) => return Step::More,
                Ok(Some(output)) => return Step::Done(Ok(output)),
                Err(error) => return Step::Done(Err(error)),
            }
        }
    }

    fn progress(&self) -> Progress {
        let (done, total) = self.0.units();
        Progress { done, total }
    }
}
