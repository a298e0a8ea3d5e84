//! The beginning of a call: its envelope is read, its method found, its params typed, its handler
//! called. Most calls also end here; the others go on in slices.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::answer::AnswerForm;
use super::context::Context;
use super::envelope::{Call, Envelope, Id, Tool};
use super::error::{INVALID_REQUEST, METHOD_NOT_FOUND, OUTCOME_UNKNOWN, RpcError};
use super::exchange::{ProgressReports, Running};
use super::prepared::Prepared;
use super::session::{Known, SessionTag};
use super::stop::Stop;
use super::table::{Entry, Ran, RunningCall};
use super::waiting::WaitingCall;
use super::{ConnectionId, EndedCall, Host, Service, tool};
use crate::api::args::shown;
use crate::api::{Args, Effect};
use crate::likeness::nearest;

/// What starting a call came to.
pub(super) enum Begun {
    /// It is over; its answer, if one is due, is written.
    Finished,
    /// It goes on in slices; nothing was written.
    Running(Box<Running>),
}

/// What the session tag of a call says.
enum Checked {
    /// Carry it out, and keep the answer if it is tagged.
    Go(Option<SessionTag>),
    /// It was carried out before; the answer is written.
    Answered,
}

impl Service {
    /// Starts one call of a message.
    pub(super) fn begin(
        &mut self,
        envelope: Envelope<'_>,
        in_batch: bool,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Begun {
        match envelope {
            Envelope::Call(call) => {
                let form = if call.is_notification() {
                    AnswerForm::Silent
                } else {
                    AnswerForm::Rpc(call.id.shown())
                };
                self.begin_call(&call, &form, caller, host, out)
            }
            Envelope::Tool(_) if in_batch => {
                let message = "Invalid Request: a batch holds calls, not tool objects";
                let error = RpcError::new(INVALID_REQUEST, message);
                error.write_answer("null", out);
                note_no_call(caller, &error, host);
                Begun::Finished
            }
            Envelope::Tool(tool) => self.begin_tool(&tool, caller, host, out),
            Envelope::Invalid(id, error) => {
                error.write_answer(id.shown(), out);
                note_no_call(caller, &error, host);
                Begun::Finished
            }
        }
    }

    fn begin_tool(
        &mut self,
        tool: &Tool<'_>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Begun {
        let name = tool.name.as_deref().unwrap_or_default();
        let Some(method) = tool::method_of(name) else {
            let message = format!("Unknown tool: {}", shown(name));
            let known: Vec<&str> = tool::names().collect();
            let error = RpcError::new(METHOD_NOT_FOUND, message)
                .with("known", known)
                .hint("every method can be called by JSON-RPC too; nothing was changed");
            let error = match nearest(name, tool::names()) {
                Some(near) => error.with("nearest", near),
                None => error,
            };
            AnswerForm::<&str>::Tool.error(&error, out);
            let (began, params) = (host.now(), tool.arguments);
            let error = Some(&error);
            host.call_ended(&EndedCall { caller, method: None, name, params, error, began });
            return Begun::Finished;
        };
        let call = Call {
            id: Id::Absent,
            is_strict: false,
            method: Cow::Borrowed(method),
            params: tool.arguments,
            session: None,
        };
        self.begin_call(&call, &AnswerForm::Tool, caller, host, out)
    }

    fn begin_call(
        &mut self,
        call: &Call<'_>,
        form: &AnswerForm<&str>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Begun {
        let cancelled = match self.is_cancelled(caller, call) {
            Some(cancelled) if cancelled.is_silent => return Begun::Finished,
            cancelled => cancelled.is_some(),
        };
        if self.is_spent_cancel(caller, call) {
            return Begun::Finished;
        }
        #[cfg(feature = "mcp")]
        if !cancelled && super::agents::is_of_agents(&call.method) {
            return self.begin_of_agents(call, form, caller, host, out);
        }
        let began = host.now();
        let found =
            if cancelled { Err(Stop::Cancelled.error()) } else { self.table.find(&call.method) };
        let method = found.as_ref().ok().map(|entry| &entry.method);
        host.working_on(method.map(|method| (caller, method.name)));
        let begun = self.begin_found(call, found, form, caller, host, out);
        host.working_on(None);
        let error = match begun {
            Ok(Begun::Running(running)) => return Begun::Running(running),
            Ok(Begun::Finished) => None,
            Err(error) => Some(error),
        };
        let (name, params, error) = (&*call.method, call.params, error.as_ref());
        host.call_ended(&EndedCall { caller, method, name, params, error, began });
        Begun::Finished
    }

    /// Starts a request of the Model Context Protocol.
    #[cfg(feature = "mcp")]
    fn begin_of_agents(
        &mut self,
        call: &Call<'_>,
        form: &AnswerForm<&str>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Begun {
        use super::agents::Answered;
        let (began, start) = (host.now(), out.len());
        let roots = self.daemon.roots_of(caller);
        let root = roots.and_then(|roots| roots.first().map(std::path::Path::to_path_buf));
        let error = match self.agents.begin(call, form, root, host) {
            Ok(Answered::Running(running)) => {
                let (job, deadline) = (self.next_job(), self.deadline(began, None));
                return Begun::Running(Box::new(Running { job, deadline, ..*running }));
            }
            Ok(Answered::Now(result)) => {
                form.begin(out);
                out.extend_from_slice(result.unwrap_or_default().to_string().as_bytes());
                form.end(start, out);
                None
            }
            Err(error) => {
                form.error(&error, out);
                Some(error)
            }
        };
        let (method, name) = (Some(super::agents::method()), &*call.method);
        let (params, error) = (call.params, error.as_ref());
        host.call_ended(&EndedCall { caller, method, name, params, error, began });
        Begun::Finished
    }

    /// Starts a call whose method was looked up. An error is written already, and only told.
    fn begin_found(
        &mut self,
        call: &Call<'_>,
        found: Result<&'static Entry, RpcError>,
        form: &AnswerForm<&str>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Result<Begun, RpcError> {
        let start = out.len();
        let session = match self.check_session(call, form, host.now(), out) {
            Ok(Checked::Go(session)) => session,
            Ok(Checked::Answered) => return Ok(Begun::Finished),
            Err(error) => {
                form.error(&error, out);
                return Err(error);
            }
        };
        let begun = found.and_then(|entry| self.begin_entry(entry, call, form, caller, host, out));
        let failed = match begun {
            Ok(None) => {
                form.end(start, out);
                None
            }
            Ok(Some(running)) => {
                out.truncate(start);
                let is_noted = self.note_call(session.as_ref(), None);
                let running = Running { session, is_noted, ..*running };
                return Ok(Begun::Running(Box::new(running)));
            }
            Err(error) => {
                out.truncate(start);
                form.error(&error, out);
                Some(error)
            }
        };
        let answer = form.keep(out.get(start..).unwrap_or_default());
        if let Some(tag) = &session {
            self.sessions.answered(tag, answer);
        }
        self.note_call(session.as_ref(), Some(answer));
        failed.map_or(Ok(Begun::Finished), Err)
    }

    /// Types the params and calls the handler. `None` if the call is over: the result is written
    /// behind the beginning of the answer. The other calls go on in slices, or wait for their turn.
    fn begin_entry(
        &mut self,
        entry: &'static Entry,
        call: &Call<'_>,
        form: &AnswerForm<&str>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Result<Option<Box<Running>>, RpcError> {
        self.has_looked |= entry.method.effect != Effect::Answer;
        if entry.method.effect == Effect::Edit {
            self.check_journal()?;
        }
        let mut prepared = Prepared::new(call.params, entry)?;
        let takes_turns = entry.method.takes_turns();
        let (running, turn) = if takes_turns && self.workspace.is_busy(&prepared.project) {
            let turn = self.workspace.join_queue(&prepared.project);
            let waiting: RunningCall = Box::new(WaitingCall::new(entry, call.params, turn));
            (waiting, turn)
        } else {
            form.begin(out);
            let (args, project) = (&mut prepared.args, &*prepared.project);
            match self.run(entry, args, project, caller, host, out)? {
                Ran::Written => return Ok(None),
                Ran::Running(running) if takes_turns => {
                    (running, self.workspace.join_queue(project))
                }
                Ran::Running(running) => (running, None),
            }
        };
        let last = host.now();
        Ok(Some(Box::new(Running {
            call: running,
            form: form.to_owned(),
            project: prepared.project.into_owned(),
            method: &entry.method,
            began: last,
            params: call.params.map(shown),
            session: None,
            is_noted: false,
            reports: prepared.progress.map(|every| ProgressReports { every, last }),
            turn,
            job: self.next_job(),
            deadline: self.deadline(last, prepared.most),
        })))
    }

    /// A number for a call that goes on in slices.
    pub(super) fn next_job(&self) -> u64 {
        self.last_job.set(self.last_job.get() + 1);
        self.last_job.get()
    }

    /// When a call that began now is stopped, and why: the first of what its caller and the daemon
    /// say.
    pub(super) fn deadline(&self, now: Instant, most: Option<Duration>) -> Option<(Instant, Stop)> {
        let limit = Some(self.daemon.limits.call_time).filter(|limit| !limit.is_zero());
        let own = most.and_then(|most| now.checked_add(most)).map(|end| (end, Stop::MaxMs));
        let all = limit.and_then(|most| now.checked_add(most)).map(|end| (end, Stop::CallTimeout));
        own.into_iter().chain(all).min_by_key(|(end, _)| *end)
    }

    /// Calls a handler; a panic costs the call and leaves the documents as they were.
    fn run(
        &mut self,
        entry: &'static Entry,
        args: &mut Args<'_>,
        project_name: &str,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Result<Ran, RpcError> {
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller,
            project_name,
        };
        let ran = catch_unwind(AssertUnwindSafe(|| (entry.run)(&mut context, args, out)));
        ran.unwrap_or_else(|_| Err(self.panicked()))
    }

    /// After a panic: takes back what the call left half done. The panic hook has logged where it
    /// was.
    pub(super) fn panicked(&mut self) -> RpcError {
        self.workspace.roll_back_unfinished();
        RpcError::internal("the method failed unexpectedly")
    }

    fn check_session(
        &mut self,
        call: &Call<'_>,
        form: &AnswerForm<&str>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<Checked, RpcError> {
        let Some(raw) = call.session else { return Ok(Checked::Go(None)) };
        let instance = self.daemon.instance;
        let sessions = &mut self.sessions;
        let tag = SessionTag::read(raw, instance.as_str(), |run| sessions.knows_run(run))?;
        match self.sessions.look_up(&tag, now)? {
            Known::New => Ok(Checked::Go(Some(tag))),
            Known::Answered(part) => {
                self.has_looked = true;
                form.kept(part, out);
                Ok(Checked::Answered)
            }
            Known::Running => Err(RpcError::new(
                OUTCOME_UNKNOWN,
                "Outcome unknown: the first call with this number is still running",
            )
            .hint("ask again with the same number in a moment")),
        }
    }
}

/// Takes note of a message, or a part of a batch, that is no call.
pub(super) fn note_no_call(caller: ConnectionId, error: &RpcError, host: &mut dyn Host) {
    let (began, error) = (host.now(), Some(error));
    host.call_ended(&EndedCall { caller, method: None, name: "", params: None, error, began });
}
