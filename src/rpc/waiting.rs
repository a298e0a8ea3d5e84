//! A change that waits for its turn, because another change of the same project runs in slices.

use super::context::{Context, Task};
use super::error::RpcError;
use super::prepared::Prepared;
use super::table::{Entry, Ran, RunningCall};
use crate::api::json::TextPart;
use crate::job::pieces::Pieces;
use crate::job::{Budget, Progress, Step};
use crate::workspace::Turn;

/// A call that has not begun; afterwards the call itself, if it goes on in slices.
pub(super) struct WaitingCall {
    entry: &'static Entry,
    params: Option<TextPart>,
    turn: Option<Turn>,
    begun: Option<RunningCall>,
}

impl WaitingCall {
    pub(super) fn new(entry: &'static Entry, params: Option<&str>, turn: Option<Turn>) -> Self {
        WaitingCall { entry, params: params.map(TextPart::of), turn, begun: None }
    }

    fn begin(&mut self, context: &mut Context<'_>) -> Result<Step<Pieces>, RpcError> {
        match self.params.take() {
            None => self.run(context, None),
            Some(params) => params.reading(|| self.run(context, Some(params.as_str()))),
        }
    }

    fn run(
        &mut self,
        context: &mut Context<'_>,
        params: Option<&str>,
    ) -> Result<Step<Pieces>, RpcError> {
        let mut prepared = Prepared::new(params, self.entry)?;
        let mut json = Vec::new();
        match (self.entry.run)(context, &mut prepared.args, &mut json)? {
            Ran::Written => Ok(Step::Done(json.into())),
            Ran::Running(call) => {
                self.begun = Some(call);
                Ok(Step::More)
            }
        }
    }
}

impl Task<Pieces> for WaitingCall {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Pieces>, RpcError> {
        let is_turn = |turn: Turn, context: &Context<'_>| {
            context.workspace.is_turn(context.project_name, turn)
        };
        match (&mut self.begun, self.turn) {
            (Some(call), _) => call.step(context, budget),
            (None, Some(turn)) if !is_turn(turn, context) => Ok(Step::More),
            (None, _) => self.begin(context),
        }
    }

    fn progress(&self) -> Progress {
        self.begun.as_ref().map_or_else(Progress::default, |call| call.progress())
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        if let Some(call) = &mut self.begun {
            call.cancel(context);
        }
    }
}
