//! From message to answer.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::answer::AnswerForm;
use super::context::{Context, Daemon};
use super::envelope::{Call, Envelope, Message, Tool};
use super::error::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RpcError};
use super::exchange::{BatchRest, Exchange, ProgressReports, Running};
use super::session::{Known, SessionTag, Sessions};
use super::table::{Entry, Ran, Table};
use super::waiting::WaitingCall;
use super::{ConnectionId, EndedCall, Host, bulk, tool};
use crate::api::args::shown;
use crate::api::json::{Elements, string};
use crate::api::value::whole;
use crate::api::{Args, Effect};
use crate::job::{Budget, Step};
use crate::render_store::{RenderStore, RenderStoreSettings};
use crate::workspace::{DEFAULT_PROJECT, Workspace};

/// Calls of a batch that are carried out before other connections get their turn.
const BATCH_SLICE: u64 = 64;
/// The shortest interval of progress reports.
const MIN_PROGRESS_INTERVAL: Duration = Duration::from_millis(10);

/// Everything that calls act on, and the table of methods.
pub struct Service {
    table: Table,
    workspace: Workspace,
    daemon: Daemon,
    sessions: Sessions,
}

/// How far a message got in its first slice.
pub enum Handled {
    /// The answer, if one was due, is in the buffer.
    Finished,
    /// More slices are needed; nothing has been written to the buffer yet.
    Pending(Box<Exchange>),
}

/// What starting a call came to.
enum Begun {
    /// It is over; its answer, if one is due, is written.
    Finished,
    /// It goes on in slices; nothing was written.
    Running(Running),
}

impl Default for Service {
    fn default() -> Self {
        Service::new(Workspace::default())
    }
}

impl Service {
    /// A service on these projects.
    pub fn new(workspace: Workspace) -> Self {
        Service {
            table: Table::default(),
            workspace,
            daemon: Daemon::new(),
            sessions: Sessions::default(),
        }
    }

    /// The open projects.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The open projects, to change.
    pub fn workspace_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }

    /// Sets where kept pictures go; what was kept before is removed.
    pub fn set_render_store(&mut self, settings: RenderStoreSettings) {
        self.daemon.renders = RenderStore::new(settings);
    }

    /// The kept pictures.
    pub fn renders_mut(&mut self) -> &mut RenderStore {
        &mut self.daemon.renders
    }

    /// The name of this run of the daemon.
    pub fn instance(&self) -> &str {
        &self.daemon.instance
    }

    /// Handles one complete message of a connection: a call, a batch or a tool object. Appends its answer to
    /// `out`: compact JSON on one line, without line feed or header; nothing if no answer is due.
    pub fn handle(
        &mut self,
        message: &[u8],
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match Message::parse(message) {
            Err(error) => {
                error.write_answer("null", out);
                note_no_call(caller, &error, host);
                Handled::Finished
            }
            Ok(Message::Single(envelope)) => match self.begin(envelope, false, caller, host, out) {
                Begun::Finished => Handled::Finished,
                Begun::Running(running) => Handled::Pending(Box::new(Exchange {
                    running: Some(running),
                    ..Exchange::new(caller)
                })),
            },
            Ok(Message::Batch(text)) => self.handle_batch(text, caller, host, out),
        }
    }

    fn handle_batch(
        &mut self,
        text: &str,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        let mut elements = Elements::new(text);
        if elements.next().is_none() {
            let error = RpcError::new(INVALID_REQUEST, "Invalid Request: an empty batch")
                .hint("a batch holds at least one call");
            error.write_answer("null", out);
            note_no_call(caller, &error, host);
            return Handled::Finished;
        }
        let mut exchange = Box::new(Exchange::new(caller));
        let mut budget = Budget::units(BATCH_SLICE);
        let mut elements = Elements::new(text);
        if self.run_batch(&mut exchange, &mut elements, host, &mut budget) {
            out.append(&mut exchange.answer);
            return Handled::Finished;
        }
        exchange.batch = Some(BatchRest { text: text[elements.offset()..].to_owned(), offset: 0 });
        Handled::Pending(exchange)
    }

    /// Handles one payload of the binary bulk lane. What it appends, if it finishes at once, is an error in JSON.
    pub fn handle_bulk(
        &mut self,
        kind: u32,
        payload: &[u8],
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match self.begin_bulk(kind, payload, caller, host) {
            Ok(exchange) => Handled::Pending(Box::new(exchange)),
            Err(error) => {
                AnswerForm::<&str>::Bulk.error(&error, out);
                note_no_call(caller, &error, host);
                Handled::Finished
            }
        }
    }

    fn begin_bulk(
        &mut self,
        kind: u32,
        payload: &[u8],
        caller: ConnectionId,
        host: &mut dyn Host,
    ) -> Result<Exchange, RpcError> {
        let request = bulk::Request::read(kind, payload)?;
        let (project, method) = (request.project.clone(), request.method);
        let turn = match method.effect {
            Effect::Edit => self.workspace.join_queue(&project),
            _ => None,
        };
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller,
            project_name: &project,
        };
        let call = match request.start(&mut context, turn) {
            Ok(call) => call,
            Err(error) => {
                if let Some(turn) = turn {
                    self.workspace.leave_queue(&project, turn);
                }
                return Err(error);
            }
        };
        let form = AnswerForm::Bulk;
        let began = host.now();
        let (params, session, reports) = (None, None, None);
        let running =
            Running { call, form, project, method, began, params, session, reports, turn };
        Ok(Exchange { running: Some(running), answer_type: kind, ..Exchange::new(caller) })
    }

    /// Goes on with a message for one slice; true when it is finished and its answer, if one was due, is in `out`.
    pub fn step(
        &mut self,
        exchange: &mut Exchange,
        host: &mut dyn Host,
        budget: &mut Budget,
        out: &mut Vec<u8>,
    ) -> bool {
        if let Some(running) = exchange.running.take()
            && !self.step_call(running, exchange, host, budget)
        {
            return false;
        }
        let finished = match exchange.batch.take() {
            None => true,
            Some(mut rest) => {
                let mut elements = Elements::resume(&rest.text, rest.offset);
                let finished = self.run_batch(exchange, &mut elements, host, budget);
                rest.offset = elements.offset();
                exchange.batch = Some(rest);
                finished
            }
        };
        if finished {
            out.append(&mut exchange.answer);
        }
        finished
    }

    /// Carries out calls of a batch until its end, a long call or the end of the budget; true at its end.
    fn run_batch(
        &mut self,
        exchange: &mut Exchange,
        elements: &mut Elements<'_>,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        for text in elements.by_ref() {
            let start = exchange.answer.len();
            exchange.answer.push(if start == 0 { b'[' } else { b',' });
            let begun =
                self.begin(Envelope::read(text), true, exchange.caller, host, &mut exchange.answer);
            if exchange.answer.len() == start + 1 {
                exchange.answer.truncate(start);
            }
            if let Begun::Running(running) = begun {
                exchange.running = Some(running);
                return false;
            }
            if !budget.spend(1) {
                return false;
            }
        }
        if !exchange.answer.is_empty() {
            exchange.answer.push(b']');
        }
        true
    }

    /// Goes on with the running call; true when its answer is in the exchange.
    fn step_call(
        &mut self,
        mut running: Running,
        exchange: &mut Exchange,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller: exchange.caller,
            project_name: &running.project,
        };
        let call = &mut running.call;
        context.host.working_on(Some((exchange.caller, running.method.name)));
        let stepped = catch_unwind(AssertUnwindSafe(|| call.step(&mut context, budget)));
        context.host.working_on(None);
        let result = match stepped.unwrap_or_else(|_| Err(self.panicked())) {
            Ok(Step::More) => {
                report_progress(&mut running, exchange.caller, host);
                exchange.running = Some(running);
                return false;
            }
            Ok(Step::Done(json)) => Ok(json),
            Err(error) => Err(error),
        };
        if let Some(turn) = running.turn {
            self.workspace.leave_queue(&running.project, turn);
        }
        let start = exchange.answer.len();
        if exchange.batch.is_some() && running.form != AnswerForm::Silent {
            exchange.answer.push(if start == 0 { b'[' } else { b',' });
        }
        let start = exchange.answer.len();
        host.call_ended(&EndedCall {
            caller: exchange.caller,
            method: Some(running.method),
            name: running.method.name,
            params: running.params.as_deref(),
            error: result.as_ref().err(),
            began: running.began,
        });
        match result {
            Ok(json) => {
                running.form.begin(&mut exchange.answer);
                exchange.answer.extend_from_slice(&json);
                running.form.end(start, &mut exchange.answer);
            }
            Err(error) => {
                exchange.answer_type = 0;
                running.form.error(&error, &mut exchange.answer);
            }
        }
        if let Some(tag) = &running.session {
            self.sessions.answered(tag, running.form.keep(&exchange.answer[start..]));
        }
        true
    }

    /// Drops a message that nobody waits for any more; what it changed in part is taken back.
    pub fn cancel(&mut self, exchange: Exchange, host: &mut dyn Host) {
        let Some(mut running) = exchange.running else { return };
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller: exchange.caller,
            project_name: &running.project,
        };
        running.call.cancel(&mut context);
        if let Some(turn) = running.turn {
            self.workspace.leave_queue(&running.project, turn);
        }
        if let Some(tag) = &running.session {
            self.sessions.dropped(tag);
        }
    }

    /// Forgets what is kept for a connection.
    pub fn connection_closed(&mut self, connection: ConnectionId) {
        self.daemon.subscriptions.remove(connection, None);
    }

    /// Tells those who subscribed what changed. Call it once a turn, after what is due was sent.
    pub fn tick(&mut self, now: Instant, host: &mut dyn Host) {
        self.daemon.subscriptions.tell(now, &mut self.workspace, host);
    }

    /// When [`Service::tick`] must be called next, if nothing happens before; `None` if nobody waits.
    pub fn next_wake(&self, now: Instant) -> Option<Instant> {
        self.daemon.subscriptions.next_wake(now)
    }

    /// Starts one call of a message.
    fn begin(
        &mut self,
        envelope: Envelope<'_>,
        in_batch: bool,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Begun {
        match envelope {
            Envelope::Call(call) => {
                let form = match call.is_notification() {
                    true => AnswerForm::Silent,
                    false => AnswerForm::Rpc(call.id.shown()),
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
            let error = RpcError::new(METHOD_NOT_FOUND, message).with("known", known);
            AnswerForm::<&str>::Tool.error(&error, out);
            let (began, params) = (host.now(), tool.arguments);
            let error = Some(&error);
            host.call_ended(&EndedCall { caller, method: None, name, params, error, began });
            return Begun::Finished;
        };
        let call = Call {
            id: super::envelope::Id::Absent,
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
        let began = host.now();
        let found = self.table.find(&call.method);
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
        let mut failed = None;
        let ran = found.and_then(|entry| {
            let prepared = Prepared::new(call.params, entry)?;
            if entry.method.effect == Effect::Edit && self.workspace.is_busy(&prepared.project) {
                let turn = self.workspace.join_queue(&prepared.project);
                let waiting = Box::new(WaitingCall::new(entry, call.params, turn));
                return Ok((
                    entry,
                    Ran::Running(waiting),
                    turn,
                    prepared.project,
                    prepared.progress,
                ));
            }
            form.begin(out);
            let ran = self.run(entry, prepared.args, &prepared.project, caller, host, out)?;
            let turn = match (&ran, entry.method.effect) {
                (Ran::Running(_), Effect::Edit) => self.workspace.join_queue(&prepared.project),
                _ => None,
            };
            Ok((entry, ran, turn, prepared.project, prepared.progress))
        });
        match ran {
            Ok((_, Ran::Written, ..)) => form.end(start, out),
            Ok((entry, Ran::Running(running), turn, project, progress)) => {
                out.truncate(start);
                let last = host.now();
                return Ok(Begun::Running(Running {
                    call: running,
                    form: form.to_owned(),
                    project: project.into_owned(),
                    method: &entry.method,
                    began: last,
                    params: call.params.map(shown),
                    session,
                    reports: progress.map(|every| ProgressReports { every, last }),
                    turn,
                }));
            }
            Err(error) => {
                out.truncate(start);
                form.error(&error, out);
                failed = Some(error);
            }
        }
        if let Some(tag) = session {
            self.sessions.answered(&tag, form.keep(&out[start..]));
        }
        failed.map_or(Ok(Begun::Finished), Err)
    }

    /// Calls a handler; a panic costs the call and leaves the documents as they were.
    fn run(
        &mut self,
        entry: &'static Entry,
        args: Args<'_>,
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

    /// After a panic: takes back what the call left half done. The panic hook has logged where it was.
    fn panicked(&mut self) -> RpcError {
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
        let tag = SessionTag::read(raw, &self.daemon.instance)?;
        match self.sessions.look_up(&tag, now)? {
            Known::New => Ok(Checked::Go(Some(tag))),
            Known::Answered(part) => {
                form.kept(part, out);
                Ok(Checked::Answered)
            }
            Known::Running => Err(RpcError::new(
                super::error::OUTCOME_UNKNOWN,
                "Outcome unknown: the first call with this number is still running",
            )
            .hint("ask again with the same number in a moment")),
        }
    }
}

/// What the session tag of a call says.
enum Checked {
    /// Carry it out, and keep the answer if it is tagged.
    Go(Option<SessionTag>),
    /// It was carried out before; the answer is written.
    Answered,
}

/// A call's params, and what every method understands.
pub(super) struct Prepared<'a> {
    pub(super) args: Args<'a>,
    project: Cow<'a, str>,
    progress: Option<Duration>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(params: Option<&'a str>, entry: &Entry) -> Result<Self, RpcError> {
        let mut args = Args::new(params).ok_or_else(|| {
            RpcError::new(INVALID_PARAMS, "Invalid params: expected an array or an object")
        })?;
        let mut project = Cow::Borrowed(DEFAULT_PROJECT);
        if entry.method.effect.on_project()
            && let Some(raw) = args.named("project").filter(|&raw| raw != "null")
        {
            project = string(raw).ok_or_else(|| {
                let schema = crate::api::schema::Schema::Text;
                crate::api::ParamError::mismatch("project", &schema, raw)
            })?;
        }
        let progress = args
            .named("progress_ms")
            .and_then(whole)
            .and_then(|milliseconds| u64::try_from(milliseconds).ok())
            .map(|milliseconds| Duration::from_millis(milliseconds).max(MIN_PROGRESS_INTERVAL));
        Ok(Prepared { args, project, progress })
    }
}

/// Takes note of a message, or a part of a batch, that is no call.
fn note_no_call(caller: ConnectionId, error: &RpcError, host: &mut dyn Host) {
    let (began, error) = (host.now(), Some(error));
    host.call_ended(&EndedCall { caller, method: None, name: "", params: None, error, began });
}

/// Tells the caller how far a call is, if it asked for that and the time has come.
fn report_progress(running: &mut Running, caller: ConnectionId, host: &mut dyn Host) {
    let (Some(reports), AnswerForm::Rpc(id)) = (&mut running.reports, &running.form) else {
        return;
    };
    let now = host.now();
    if now.saturating_duration_since(reports.last) < reports.every {
        return;
    }
    reports.last = now;
    let progress = running.call.progress();
    let message = format!(
        r#"{{"jsonrpc":"2.0","method":"goxel.progress","params":{{"id":{id},"done":{},"total":{}}}}}"#,
        progress.done, progress.total
    );
    host.notify(caller, message.as_bytes());
}
