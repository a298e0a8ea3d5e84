//! Changes of any kind in slices: some work on a draft, then the clones and shapes that follow, then the draft put in
//! place as one undo step. Short ones end in the first slice.

use super::context::{Context, Outcome, Task};
use super::error::RpcError;
use crate::document::Document;
use crate::document::history::Scope;
use crate::job::{Budget, Progress, Step};
use crate::workspace::{Draft, Project};

/// Units of work that are done before other connections get their turn.
const UNITS_AT_ONCE: u64 = 8;

/// The work of a change.
pub(super) trait DraftWork {
    /// What the work came to.
    type Output;

    /// Works until finished or the budget is spent. After an error the draft is dropped.
    fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<Self::Output>, RpcError>;

    /// Refuses what the work and the clones that follow it came to.
    fn check(&self, _draft: &Draft, _output: &Self::Output) -> Result<(), RpcError> {
        Ok(())
    }

    /// How far it is.
    fn progress(&self) -> Progress;
}

/// Work that is a single unit.
pub(super) struct AtOnce<F>(Option<F>);

impl<F> AtOnce<F> {
    pub(super) fn new(work: F) -> Self {
        AtOnce(Some(work))
    }
}

impl<T, F> DraftWork for AtOnce<F>
where
    F: FnOnce(&mut Document) -> Result<T, RpcError>,
{
    type Output = T;

    fn step(&mut self, document: &mut Document, _: &mut Budget) -> Result<Step<T>, RpcError> {
        let work = self.0.take().ok_or_else(ended_twice)?;
        work(document).map(Step::Done)
    }

    fn progress(&self) -> Progress {
        Progress { done: u64::from(self.0.is_none()), total: 1 }
    }
}

/// Carries work out as one undo step; `reply` makes the result of what it came to.
pub(super) fn drafted<W, R>(
    context: &mut Context<'_>,
    label: &str,
    scope: Scope,
    work: W,
    reply: impl FnOnce(&mut Project, W::Output) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError>
where
    W: DraftWork + 'static,
{
    let draft = Some(context.project()?.draft(scope));
    let (label, reply) = (label.to_owned(), Some(reply));
    let mut task = Drafting { work, output: None, draft, label, reply };
    match task.step(context, &mut Budget::units(UNITS_AT_ONCE))? {
        Step::Done(result) => Ok(Outcome::Done(result)),
        Step::More => Ok(Outcome::Later(Box::new(task))),
    }
}

fn ended_twice() -> RpcError {
    RpcError::internal("a change ended twice")
}

struct Drafting<W: DraftWork, F> {
    work: W,
    /// What the work came to, once it is done.
    output: Option<W::Output>,
    draft: Option<Draft>,
    label: String,
    reply: Option<F>,
}

impl<W, R, F> Task<R> for Drafting<W, F>
where
    W: DraftWork,
    F: FnOnce(&mut Project, W::Output) -> Result<R, RpcError>,
{
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<R>, RpcError> {
        let draft = self.draft.as_mut().ok_or_else(ended_twice)?;
        if self.output.is_none() {
            match self.work.step(draft.document_mut(), budget)? {
                Step::More => return Ok(Step::More),
                Step::Done(output) => self.output = Some(output),
            }
        }
        if draft.settle(budget) {
            return Ok(Step::More);
        }
        let output = self.output.take().ok_or_else(ended_twice)?;
        self.work.check(draft, &output)?;
        let (draft, reply) = (self.draft.take(), self.reply.take());
        let (draft, reply) = (draft.ok_or_else(ended_twice)?, reply.ok_or_else(ended_twice)?);
        let project = context.project()?;
        project
            .commit(&self.label, draft)
            .map_err(|_| RpcError::internal("the project changed under a running change"))?;
        reply(project, output).map(Step::Done)
    }

    fn progress(&self) -> Progress {
        match (&self.output, &self.draft) {
            (Some(_), Some(draft)) => draft.progress(),
            _ => self.work.progress(),
        }
    }
}
