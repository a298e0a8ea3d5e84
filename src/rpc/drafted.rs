//! Changes of any kind: some work, then what follows from it, as one undo step. A change begins in
//! place; once its share of the turn is spent it goes on in slices on a draft.

use super::context::{Context, Outcome, Task};
use super::error::{NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use super::methods::target::editable_layer_mut;
use crate::api::LayerRef;
use crate::document::history::Scope;
use crate::document::{Document, EvaluationProblem, LayerId};
use crate::job::{Budget, Job, Lent, Progress, Slice, Step, Work};
use crate::voxel::Laying;
use crate::workspace::{Draft, FinishedDraft, Project};

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

    /// Refuses what the work and the clones that follow it came to: without more, that a layer lost
    /// its voxels because it cannot follow.
    fn check(
        &self,
        problems: &[EvaluationProblem],
        _output: &Self::Output,
    ) -> Result<(), RpcError> {
        refuse_lost(problems)
    }

    /// Whether only what the work comes to is wanted, and not the change.
    fn is_trial(&self) -> bool {
        false
    }

    /// How far it is.
    fn progress(&self) -> Progress;
}

/// Refuses that a layer which follows others lost its voxels because it cannot follow any more.
pub(super) fn refuse_lost(problems: &[EvaluationProblem]) -> Result<(), RpcError> {
    let Some(problem) = problems.iter().find(|problem| problem.was_shown) else { return Ok(()) };
    let (layer, reason) = (problem.layer.0, &problem.reason);
    let words = format!("Layer {layer} is computed and cannot follow: it {reason}");
    Err(RpcError::new(OVER_LIMIT, words).with("layer_id", layer).hint(
        "detach it (goxel.detach_layer) or delete it first, or draw closer to what is there; \
         nothing was changed",
    ))
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

/// Work written straight down; the document is lent to it for each step.
pub(super) struct Written<T> {
    work: Work<Result<T, RpcError>>,
    document: Lent<Document>,
}

impl<T> Written<T> {
    pub(super) fn new<F>(work: impl FnOnce(Lent<Document>, Slice) -> F) -> Self
    where
        F: Future<Output = Result<T, RpcError>> + 'static,
    {
        let document = Lent::default();
        let work = Work::new(|slice| work(document.clone(), slice));
        Written { work, document }
    }
}

impl<T> DraftWork for Written<T> {
    type Output = T;

    fn step(&mut self, document: &mut Document, budget: &mut Budget) -> Result<Step<T>, RpcError> {
        match self.document.during(document, || self.work.step(budget)) {
            Step::More => Ok(Step::More),
            Step::Done(result) => result.map(Step::Done),
        }
    }

    fn progress(&self) -> Progress {
        self.work.progress()
    }
}

/// Draws on a layer of a draft, block by block.
pub(super) async fn draw_on(
    draft: &Lent<Document>,
    layer: LayerId,
    mut drawing: Laying,
    slice: &Slice,
) -> Result<(), RpcError> {
    let mut lay_next = || {
        draft.with(|document| {
            let layer = editable_layer_mut(document, LayerRef::Id(layer.0), NO_SUCH_LAYER)?;
            Ok::<_, RpcError>((drawing.lay_next(&mut layer.volume)?, drawing.progress()))
        })
    };
    loop {
        let (has_more, progress) = lay_next()?;
        if !has_more {
            return Ok(());
        }
        slice.progress(progress);
        slice.spend(1).await;
    }
}

/// Carries work out as one undo step; `reply` makes the result of what it came to.
pub(super) fn drafted<W, R>(
    context: &mut Context<'_>,
    label: &str,
    scope: Scope,
    mut work: W,
    reply: impl FnOnce(&mut Project, W::Output) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError>
where
    W: DraftWork + 'static,
{
    let mut budget = context.host.at_once();
    let project = context.project()?;
    let mut change = project.begin(scope);
    let later = match work.step(change.document_mut(), &mut budget) {
        Err(error) => {
            change.give_up();
            return Err(error);
        }
        Ok(Step::More) => Stage::Working(Box::new(change.into_draft())),
        Ok(Step::Done(output)) if work.is_trial() => {
            change.give_up();
            return reply(project, output).map(Outcome::Done);
        }
        Ok(Step::Done(output)) => {
            let check = |problems: &[EvaluationProblem]| work.check(problems, &output);
            match change.settle(label, &mut budget, check)? {
                None => return reply(project, output).map(Outcome::Done),
                Some(draft) => Stage::Settling(Box::new(draft), output),
            }
        }
    };
    let (label, reply) = (label.to_owned(), Some(reply));
    Ok(Outcome::Later(Box::new(Drafting { label, scope, work, stage: later, reply })))
}

fn ended_twice() -> RpcError {
    RpcError::internal("a change ended twice")
}

/// A change under way.
pub(super) struct Drafting<W: DraftWork, F> {
    label: String,
    scope: Scope,
    work: W,
    stage: Stage<W::Output>,
    reply: Option<F>,
}

enum Stage<T> {
    /// Nothing is done yet; the draft will be of the project as it is then.
    Waiting,
    Working(Box<Draft>),
    Settling(Box<FinishedDraft>, T),
    Over,
}

impl<W: DraftWork, F> Drafting<W, F> {
    /// A change that begins with its first step.
    pub(super) fn new(label: &str, scope: Scope, work: W, reply: F) -> Self {
        let (label, reply) = (label.to_owned(), Some(reply));
        Drafting { label, scope, work, stage: Stage::Waiting, reply }
    }
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
        let project = context.project()?;
        loop {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Waiting => Stage::Working(Box::new(project.draft(self.scope))),
                Stage::Working(mut draft) => match self.work.step(draft.document_mut(), budget)? {
                    Step::More => {
                        self.stage = Stage::Working(draft);
                        return Ok(Step::More);
                    }
                    Step::Done(output) if self.work.is_trial() => {
                        return self.reply(project, output);
                    }
                    Step::Done(output) => Stage::Settling(Box::new(draft.finish()), output),
                },
                Stage::Settling(mut draft, output) => {
                    if draft.settle(budget) {
                        self.stage = Stage::Settling(draft, output);
                        return Ok(Step::More);
                    }
                    self.work.check(draft.problems(), &output)?;
                    let stale = |_| RpcError::internal("the project changed under a change");
                    project.commit(&self.label, *draft).map_err(stale)?;
                    return self.reply(project, output);
                }
                Stage::Over => return Err(ended_twice()),
            }
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Settling(draft, _) => draft.progress(),
            _ => self.work.progress(),
        }
    }
}

impl<W: DraftWork, F> Drafting<W, F> {
    fn reply<R>(&mut self, project: &mut Project, output: W::Output) -> Result<Step<R>, RpcError>
    where
        F: FnOnce(&mut Project, W::Output) -> Result<R, RpcError>,
    {
        let reply = self.reply.take().ok_or_else(ended_twice)?;
        reply(project, output).map(Step::Done)
    }
}
