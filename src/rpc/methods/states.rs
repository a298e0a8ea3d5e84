//! Earlier states of a project, by the position in its history or by revision.

use std::time::Duration;

use crate::api::ParamError;
use crate::document::Document;
use crate::document::history::Travel;
use crate::job::{Budget, Progress, Step};
use crate::rpc::context::{Context, Outcome, Task};
use crate::rpc::error::RpcError;
use crate::workspace::{Project, Turn};

/// Blocks and steps on the ways to earlier states that are gone in place; longer ones are gone in
/// slices.
const NEAR: usize = 256;

/// A state of a project.
pub struct State {
    /// The document.
    pub document: Document,
    /// The revision that showed it.
    pub revision: u64,
}

/// The positions of states in the history, and their revisions.
pub type Places = Vec<(usize, u64)>;

/// Makes the states again that `find` finds the places of, and goes on with them in that order.
/// Where that is a long way, changes of the project wait meanwhile, so that they stay where they
/// are; `find` is asked again when their turn has come.
pub fn recalled<R: 'static>(
    context: &mut Context<'_>,
    find: impl Fn(&Project) -> Result<Places, RpcError> + 'static,
    go_on: impl FnOnce(&mut Context<'_>, Vec<State>) -> Result<Outcome<R>, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError> {
    let project = context.project()?;
    let places = find(project)?;
    let history = project.history();
    let near = NEAR / places.len().max(1);
    if !places.iter().all(|(position, _)| history.is_near(*position, near)) {
        let recall = Recall { find, turn: None, places: None, way: None, seen: Vec::new() };
        return Ok(Outcome::then(recall, go_on));
    }
    let state = |&(position, revision): &(usize, u64)| {
        let document = history.document_at(project.document(), position);
        document.map(|document| State { document, revision })
    };
    let states: Option<Vec<State>> = places.iter().map(state).collect();
    go_on(context, states.ok_or_else(gone)?)
}

fn gone() -> RpcError {
    RpcError::internal("a known position of the history is missing")
}

/// Goes to states to look at them, while changes of the project wait.
struct Recall<F> {
    find: F,
    turn: Option<Turn>,
    places: Option<Places>,
    way: Option<Travel>,
    /// States and where they belong in the list of those that are wanted.
    seen: Vec<(usize, State)>,
}

impl<F> Recall<F> {
    /// The next place in the order in which they are passed: backwards from the present, then
    /// forwards from it; with its number among the wanted ones.
    fn next(&self, present: usize) -> Option<(usize, (usize, u64))> {
        let left = self.places.iter().flatten().copied().enumerate();
        let left = left.filter(|(number, _)| self.seen.iter().all(|(seen, _)| seen != number));
        left.min_by_key(|(_, (at, _))| (*at > present, at.abs_diff(present)))
    }
}

impl<F: Fn(&Project) -> Result<Places, RpcError>> Recall<F> {
    fn go_on(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Vec<State>>, RpcError> {
        if self.turn.is_none() {
            self.turn = context.workspace.join_queue(context.project_name);
        }
        if !self.turn.is_none_or(|turn| context.workspace.is_turn(context.project_name, turn)) {
            budget.rest(Duration::from_millis(1));
            return Ok(Step::More);
        }
        let project = context.project()?;
        let (history, document) = (project.history(), project.document());
        if self.places.is_none() {
            self.places = Some((self.find)(project)?);
        }
        while let Some((number, (position, revision))) = self.next(history.position().0) {
            let way = match self.way.take().filter(|way| way.leads_to(position)) {
                Some(mut way) => {
                    way.go_on_to(position);
                    self.way.insert(way)
                }
                None => {
                    self.way.insert(history.start_looking(document, position).ok_or_else(gone)?)
                }
            };
            if way.step(history, budget) {
                return Ok(Step::More);
            }
            let document = history.seen(way).ok_or_else(gone)?;
            self.seen.push((number, State { document, revision }));
        }
        self.seen.sort_by_key(|(number, _)| *number);
        Ok(Step::Done(self.seen.drain(..).map(|(_, state)| state).collect()))
    }
}

impl<F: Fn(&Project) -> Result<Places, RpcError>> Task<Vec<State>> for Recall<F> {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Vec<State>>, RpcError> {
        let stepped = self.go_on(context, budget);
        if !matches!(stepped, Ok(Step::More)) {
            self.cancel(context);
        }
        stepped
    }

    fn progress(&self) -> Progress {
        self.way.as_ref().map_or_else(Progress::default, Travel::progress)
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        if let Some(turn) = self.turn.take() {
            context.workspace.leave_queue(context.project_name, turn);
        }
    }
}

/// A position of the history, if there is one.
pub fn known_position(
    project: &Project,
    param: &'static str,
    position: u64,
) -> Result<usize, RpcError> {
    let (_, count) = project.history().position();
    let known = usize::try_from(position).ok().filter(|&index| index <= count);
    known.ok_or_else(|| {
        let message = format!("Invalid parameter '{param}': expected 0 to {count}, got {position}");
        RpcError::from(ParamError::rule(param, message))
            .with("got", position)
            .hint("goxel.history lists the positions; nothing was changed")
    })
}

/// The position of the state that a revision shows.
pub fn position_of_revision(
    project: &Project,
    param: &'static str,
    revision: u64,
) -> Result<usize, RpcError> {
    let history = project.history();
    history.position_of(revision).ok_or_else(|| {
        let (oldest, current) = (history.oldest_revision(), history.revision());
        let reason = match revision {
            _ if revision > current => format!("the project is at revision {current}"),
            _ if revision < oldest => format!("the oldest one still known is {oldest}"),
            _ => format!(
                "what it showed was undone and then given up; the oldest one still known is {oldest}"
            ),
        };
        let message = format!("Invalid parameter '{param}': no state of revision {revision}: {reason}");
        RpcError::from(ParamError::rule(param, message))
            .with("got", revision)
            .with("oldest_revision", oldest)
            .with("revision", current)
            .hint("goxel.history lists the revisions that made the known states; nothing was changed")
    })
}
