//! What a handler works with, and how long work goes on in slices.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{NO_SUCH_PROJECT, RpcError};
use super::limits::Limits;
use super::subscriptions::Subscriptions;
use super::{ConnectionId, Host};
use crate::api::args::shown;
use crate::api::instance::Instance;
use crate::file_access::{FilePath, Roots};
use crate::job::{Budget, Job, Progress, Slice, Step, Work};
use crate::likeness::nearest;
use crate::render_store::RenderStore;
use crate::workspace::{Project, Workspace};

/// What a handler may touch during one call, or one slice of it.
pub struct Context<'a> {
    /// The open projects.
    pub workspace: &'a mut Workspace,
    /// Facts about this run of the daemon.
    pub daemon: &'a mut Daemon,
    /// The server.
    pub host: &'a mut dyn Host,
    /// Who calls.
    pub caller: ConnectionId,
    /// The project that the call names, or the default one.
    pub project_name: &'a str,
}

/// Facts about this run of the daemon, and state that belongs to no project.
pub struct Daemon {
    /// The name of this run: random, new with each start.
    pub instance: Instance,
    /// Pictures kept for clients.
    pub renders: RenderStore,
    /// Who is told when a project changes.
    pub subscriptions: Subscriptions,
    /// How much is kept and done for callers.
    pub limits: Limits,
    /// Where the user's own scripts are, if it is said.
    pub script_directory: Option<PathBuf>,
    /// The directories that all callers are confined to, if to any.
    pub roots: Option<Arc<Roots>>,
    /// Those of callers that confined themselves further.
    pub own_roots: BTreeMap<ConnectionId, Arc<Roots>>,
}

impl Daemon {
    /// The directories that a caller is confined to, if to any.
    pub fn roots_of(&self, caller: ConnectionId) -> Option<Arc<Roots>> {
        self.own_roots.get(&caller).or(self.roots.as_ref()).cloned()
    }
}

impl Context<'_> {
    /// The project that the call is about.
    pub fn project(&mut self) -> Result<&mut Project, RpcError> {
        let name = self.project_name;
        if self.workspace.project(name).is_none() {
            return Err(no_such_project(self.workspace, name));
        }
        self.workspace.project_mut(name).ok_or_else(|| RpcError::internal("project vanished"))
    }
}

impl Context<'_> {
    /// A file as the caller may use it.
    pub fn file(&self, path: &str) -> FilePath {
        FilePath::within(std::path::Path::new(path), self.daemon.roots_of(self.caller))
    }
}

/// The error for a project that is not open.
pub fn no_such_project(workspace: &Workspace, name: &str) -> RpcError {
    let known = || workspace.projects().map(|(name, _)| name);
    let error = RpcError::new(NO_SUCH_PROJECT, format!("No such project: {}", shown(name)))
        .with("param", "project")
        .known("known", known())
        .hint("goxel.list_projects shows what is open; goxel.open_project opens one");
    match nearest(name, known()) {
        Some(nearest) => error.with("nearest", nearest),
        None => error,
    }
}

/// What a handler comes back with.
pub enum Outcome<R> {
    /// The result.
    Done(R),
    /// More slices are needed.
    Later(Box<dyn Task<R>>),
}

impl<R> From<R> for Outcome<R> {
    fn from(result: R) -> Self {
        Outcome::Done(result)
    }
}

/// A call that goes on in slices. Dropping it must leave the workspace as it was before the call,
/// but for what [`Task::cancel`] takes back.
pub trait Task<R> {
    /// Works until finished or the budget is spent.
    fn step(&mut self, context: &mut Context<'_>, budget: &mut Budget)
    -> Result<Step<R>, RpcError>;

    /// How far it is.
    fn progress(&self) -> Progress;

    /// Called instead of further steps if the call is given up.
    fn cancel(&mut self, _context: &mut Context<'_>) {}
}

/// A job, and what is done with its output when it is finished.
struct JobTask<J, F> {
    job: J,
    finish: Option<F>,
}

impl<J, R, F> Task<R> for JobTask<J, F>
where
    J: Job,
    F: FnOnce(&mut Context<'_>, J::Output) -> Result<R, RpcError>,
{
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<R>, RpcError> {
        let Step::Done(output) = self.job.step(budget) else { return Ok(Step::More) };
        let finish = self.finish.take().ok_or_else(|| RpcError::internal("a job ended twice"))?;
        finish(context, output).map(Step::Done)
    }

    fn progress(&self) -> Progress {
        self.job.progress()
    }
}

/// A task whose result decides how to go on.
struct Chain<R, O, F> {
    first: Box<dyn Task<O>>,
    go_on: Option<F>,
    next: Option<Box<dyn Task<R>>>,
}

impl<R, O, F> Task<R> for Chain<R, O, F>
where
    F: FnOnce(&mut Context<'_>, O) -> Result<Outcome<R>, RpcError>,
{
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<R>, RpcError> {
        if let Some(next) = &mut self.next {
            return next.step(context, budget);
        }
        let Step::Done(output) = self.first.step(context, budget)? else {
            return Ok(Step::More);
        };
        let go_on = self.go_on.take().ok_or_else(|| RpcError::internal("a job ended twice"))?;
        Ok(match go_on(context, output)? {
            Outcome::Done(result) => Step::Done(result),
            Outcome::Later(task) => {
                self.next = Some(task);
                Step::More
            }
        })
    }

    fn progress(&self) -> Progress {
        self.next.as_ref().map_or_else(|| self.first.progress(), |next| next.progress())
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        match &mut self.next {
            Some(next) => next.cancel(context),
            None => self.first.cancel(context),
        }
    }
}

impl<R: 'static> Outcome<R> {
    /// Work that is finished at once if what the call may take of this turn is enough, and goes on
    /// in slices if not.
    pub fn work<F>(
        context: &mut Context<'_>,
        work: impl FnOnce(Slice) -> F,
    ) -> Result<Self, RpcError>
    where
        F: Future<Output = Result<R, RpcError>> + 'static,
    {
        Outcome::at_once_or_later(context, Work::new(work), |result| result)
    }

    /// A job whose output decides how to go on. It is finished at once if what the call may take of
    /// this turn is enough, and goes on in slices if not; then the project may have changed until
    /// `go_on` sees it, unless the call changes it.
    pub fn chain<J, F>(context: &mut Context<'_>, mut job: J, go_on: F) -> Result<Self, RpcError>
    where
        J: Job + 'static,
        F: FnOnce(&mut Context<'_>, J::Output) -> Result<Outcome<R>, RpcError> + 'static,
    {
        match job.step(&mut context.host.at_once()) {
            Step::Done(output) => go_on(context, output),
            Step::More => Ok(Outcome::chain_later(job, go_on)),
        }
    }

    /// The same without a first step.
    pub fn chain_later<J, F>(job: J, go_on: F) -> Self
    where
        J: Job + 'static,
        F: FnOnce(&mut Context<'_>, J::Output) -> Result<Outcome<R>, RpcError> + 'static,
    {
        let finish = |_: &mut Context<'_>, output| Ok(output);
        Outcome::then(JobTask { job, finish: Some(finish) }, go_on)
    }

    /// A task whose result decides how to go on.
    pub fn then<O, F>(first: impl Task<O> + 'static, go_on: F) -> Self
    where
        O: 'static,
        F: FnOnce(&mut Context<'_>, O) -> Result<Outcome<R>, RpcError> + 'static,
    {
        let (first, go_on) = (Box::new(first), Some(go_on));
        Outcome::Later(Box::new(Chain { first, go_on, next: None }))
    }
}

impl<R> Outcome<R> {
    /// A job that goes on in slices; `finish` turns its output into the result.
    pub fn job<J, F>(job: J, finish: F) -> Self
    where
        J: Job + 'static,
        F: FnOnce(&mut Context<'_>, J::Output) -> Result<R, RpcError> + 'static,
    {
        Outcome::Later(Box::new(JobTask { job, finish: Some(finish) }))
    }

    /// A job that is finished at once if what the call may take of this turn is enough, and goes on
    /// in slices if not.
    pub fn at_once_or_later<J, F>(
        context: &mut Context<'_>,
        mut job: J,
        finish: F,
    ) -> Result<Self, RpcError>
    where
        J: Job + 'static,
        F: FnOnce(J::Output) -> Result<R, RpcError> + 'static,
    {
        match job.step(&mut context.host.at_once()) {
            Step::Done(output) => finish(output).map(Outcome::Done),
            Step::More => Ok(Outcome::job(job, |_, output| finish(output))),
        }
    }
}
