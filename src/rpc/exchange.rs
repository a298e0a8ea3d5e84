//! A message whose answer takes more than one slice.

use std::time::{Duration, Instant};

use super::answer::AnswerForm;
use super::session::SessionTag;
use super::stop::{Stop, compacted};
use super::table::RunningCall;
use super::{ConnectionId, JobInfo};
use crate::api::Method;
use crate::api::json::TextPart;
use crate::job::Progress;
use crate::job::pieces::Pieces;
use crate::workspace::Turn;

/// A message in progress: the call that runs, and what is left of its batch. Nothing of its answer
/// is sent before all of it is there, so nothing unsolicited can cut into it.
pub struct Exchange {
    pub(super) caller: ConnectionId,
    /// The call that runs, if one does; between two calls of a long batch there is none.
    pub(super) running: Option<Running>,
    /// What is left of the batch, if the message is one.
    pub(super) batch: Option<BatchRest>,
    /// What of the answer is finished.
    pub(super) answer: Pieces,
    /// The type of the finished answer for binary headers: 0 for JSON.
    pub(super) answer_type: u32,
    /// Bytes of the message that are kept for the work.
    pub(super) held: usize,
    /// The running call is to be stopped.
    pub(super) stop: Option<Stop>,
    /// So are all calls that follow it.
    pub(super) is_over: bool,
}

/// The calls of a batch that have not begun.
pub(super) struct BatchRest {
    pub(super) text: TextPart,
    pub(super) offset: usize,
}

/// A call that goes on in slices.
pub(super) struct Running {
    pub(super) call: RunningCall,
    pub(super) form: AnswerForm<String>,
    pub(super) project: String,
    pub(super) method: &'static Method,
    /// When the call began.
    pub(super) began: Instant,
    /// The params, cut short, for the slow log.
    pub(super) params: Option<String>,
    pub(super) session: Option<SessionTag>,
    /// Whether the journal knows of something that the call has changed already.
    pub(super) is_noted: bool,
    pub(super) reports: Option<ProgressReports>,
    /// Its place in the queue of the project's changes, if it is one.
    pub(super) turn: Option<Turn>,
    /// Its number among all calls that go on in slices.
    pub(super) job: u64,
    /// When it is stopped, and why.
    pub(super) deadline: Option<(Instant, Stop)>,
}

/// Progress that the caller asked to be told.
pub(super) struct ProgressReports {
    pub(super) every: Duration,
    pub(super) last: Instant,
}

impl Exchange {
    pub(super) fn new(caller: ConnectionId) -> Self {
        let (answer, answer_type, held) = (Pieces::new(), 0, 0);
        let (running, batch, stop, is_over) = (None, None, None, false);
        Exchange { caller, running, batch, answer, answer_type, held, stop, is_over }
    }

    /// The type of the finished answer for binary headers: 0 for JSON.
    pub fn answer_type(&self) -> u32 {
        self.answer_type
    }

    /// Has the running call stopped at its next slice.
    pub fn stop_call(&mut self) {
        self.stop = Some(Stop::Cancelled);
    }

    /// The same, without an answer that says so.
    pub fn stop_call_silently(&mut self) {
        self.stop_call();
        if let Some(running) = &mut self.running {
            running.form = AnswerForm::Silent;
        }
    }

    /// The same, and with it all calls of the batch that have not begun.
    pub fn stop_all(&mut self) {
        self.stop_call();
        self.is_over = true;
    }

    /// When the running call is stopped if it has not ended by then.
    pub fn deadline(&self) -> Option<Instant> {
        self.running.as_ref()?.deadline.map(|(moment, _)| moment)
    }

    /// Whether the running call has this id, in compact JSON.
    pub fn is_of(&self, id: &[u8]) -> bool {
        let form = self.running.as_ref().map(|running| &running.form);
        matches!(form, Some(AnswerForm::Rpc(own)) if *compacted(own) == *id)
    }

    /// What is told of the running call.
    pub fn job(&self, now: Instant) -> Option<JobInfo> {
        let running = self.running.as_ref()?;
        let Progress { done, total } = running.call.progress();
        let id = match &running.form {
            AnswerForm::Rpc(id) => serde_json::from_str(id).ok(),
            AnswerForm::Tool | AnswerForm::Bulk | AnswerForm::Silent => None,
        };
        Some(JobInfo {
            job: running.job,
            connection: self.caller.0,
            id,
            method: running.method.name,
            project: running.method.effect.on_project().then(|| running.project.clone()),
            done,
            total,
            seconds: now.saturating_duration_since(running.began).as_secs_f64(),
        })
    }

    /// The method of the running call, if one runs.
    pub fn method(&self) -> Option<&'static str> {
        self.running.as_ref().map(|running| running.method.name)
    }

    /// How far the running call is.
    pub fn progress(&self) -> Progress {
        self.running.as_ref().map_or_else(Progress::default, |running| running.call.progress())
    }

    /// Bytes of the message, and of the answer as far as it waits for the rest of it.
    pub fn buffered(&self) -> usize {
        self.answer.len() as usize + self.held
    }

    /// The answer, once the message is finished; empty if none is due.
    pub fn take_answer(&mut self) -> Pieces {
        std::mem::take(&mut self.answer)
    }
}
