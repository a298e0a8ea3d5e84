//! The Model Context Protocol on the daemon's own socket.
//!
//! Its methods are no rows of the table: they are answered by the session of [`crate::mcp`], whose
//! tools are built on the methods of the table. Here those questions are carried out, one after the
//! other, in slices like everything else. The framing, batches and `ping` stay as the daemon has
//! them; nothing is remembered between two requests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value};

use super::Host;
use super::answer::AnswerForm;
use super::context::{Context, Task};
use super::envelope::Call;
use super::error::{INVALID_PARAMS, METHOD_NOT_FOUND, RpcError};
use super::exchange::Running;
use super::prepared::Prepared;
use super::table::{Entry, Ran, RunningCall, entries};
use super::waiting::WaitingCall;
use crate::api::args::shown;
use crate::api::{Effect, Example, Method};
use crate::job::pieces::Pieces;
use crate::job::{Budget, Progress, Step};
use crate::mcp::goxel::{Goxel, Settings};
use crate::mcp::line::{Question, Step as Wish};
use crate::mcp::message::{Incoming, Request};
use crate::mcp::root::Root;
use crate::mcp::session::{METHODS, Pending};
use crate::mcp::{CallFault, Fault, Job, Reaction, Session};
use crate::workspace::Turn;

/// How requests of agents appear in statistics.
static METHOD: Method = Method {
    name: "mcp",
    aliases: &[],
    summary: "A request of the Model Context Protocol.",
    effect: Effect::File,
    lenient: true,
    params: &[],
    result: &[],
    example: Example { by_position: "", by_name: "" },
    errors: &[],
};

/// Roots whose offers are remembered.
const MOST_ROOTS: usize = 64;

/// What agents are offered, by the directory that their paths begin at; made when the first one
/// asks.
#[derive(Default)]
pub(super) struct Agents(BTreeMap<Option<PathBuf>, Arc<Goxel>>);

impl Agents {
    /// The offer for callers whose paths begin at a directory; `None` is where the daemon works.
    fn offer(&mut self, root: Option<PathBuf>) -> Arc<Goxel> {
        if self.0.len() >= MOST_ROOTS && !self.0.contains_key(&root) {
            self.0.clear();
        }
        let new = || {
            let directory = root.clone().map_or_else(std::env::current_dir, Ok);
            let root = directory.and_then(|path| Root::open(&path));
            let root = root.unwrap_or_else(|error| Root::Nowhere(error.to_string()));
            Arc::new(Goxel::new(Settings {
                root,
                read_only: false,
                tools: None,
                allow_scripts: false,
                can_notify: false,
            }))
        };
        Arc::clone(self.0.entry(root.clone()).or_insert_with(new))
    }
}

/// Whether a method is one of the protocol.
pub(super) fn is_of_agents(method: &str) -> bool {
    METHODS.contains(&method) || method.starts_with("notifications/")
}

/// How far a request got at once.
pub(super) enum Answered {
    /// Its result, if one is due.
    Now(Option<Value>),
    /// It goes on.
    Running(Box<Running>),
}

impl Agents {
    /// Starts a request.
    pub(super) fn begin(
        &mut self,
        call: &Call<'_>,
        form: &AnswerForm<&str>,
        root: Option<PathBuf>,
        host: &dyn Host,
    ) -> Result<Answered, RpcError> {
        if call.method.starts_with("notifications/") {
            return Ok(Answered::Now(None));
        }
        let session = Session::new(self.offer(root));
        let request = request(call)?;
        let pending = match session.take(Incoming::Request(request), true) {
            Reaction::Work(pending) => pending,
            Reaction::Send(mut messages) => {
                return result(messages.pop()).map(|result| Answered::Now(Some(result)));
            }
            _ => return Ok(Answered::Now(None)),
        };
        let job = session.start(&pending, Arc::<AtomicBool>::default());
        let running: RunningCall = Box::new(Conversation { session, pending, job, asked: None });
        Ok(Answered::Running(Box::new(Running {
            call: running,
            form: form.to_owned(),
            project: String::new(),
            method: &METHOD,
            began: host.now(),
            params: call.params.map(shown),
            session: None,
            is_noted: false,
            reports: None,
            turn: None,
            job: 0,
            deadline: None,
        })))
    }
}

fn request(call: &Call<'_>) -> Result<Request, RpcError> {
    let params = match call.params.map(serde_json::from_str::<Value>) {
        None | Some(Ok(Value::Null)) => Map::new(),
        Some(Ok(Value::Object(params))) => params,
        _ => {
            let message = format!("Invalid params: {} takes an object", shown(&call.method));
            return Err(RpcError::new(INVALID_PARAMS, message));
        }
    };
    let id = serde_json::from_str(call.id.shown()).unwrap_or_default();
    Ok(Request { id, method: call.method.clone().into_owned(), params })
}

/// The result of a whole answer, which gets its frame from the daemon.
fn result(answer: Option<Value>) -> Result<Value, RpcError> {
    let mut answer = answer.unwrap_or_default();
    match answer["error"].take() {
        Value::Null => Ok(answer["result"].take()),
        error => {
            let code = error["code"].as_i64().and_then(|code| i32::try_from(code).ok());
            let message = error["message"].as_str().unwrap_or_default();
            let rpc = RpcError::new(code.unwrap_or(METHOD_NOT_FOUND), message);
            Err(match error["data"].as_object() {
                Some(data) => RpcError { data: Some(Box::new(data.clone())), ..rpc },
                None => rpc,
            })
        }
    }
}

/// A request whose work asks the methods of the table.
struct Conversation {
    session: Session<Goxel>,
    pending: Pending,
    job: Job,
    asked: Option<Asked>,
}

/// A question that goes on in slices.
struct Asked {
    call: RunningCall,
    project: String,
    turn: Option<Turn>,
}

impl Asked {
    fn in_context<R>(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(&mut RunningCall, &mut Context<'_>) -> R,
    ) -> R {
        let mut own = Context {
            workspace: &mut *context.workspace,
            daemon: &mut *context.daemon,
            host: &mut *context.host,
            caller: context.caller,
            project_name: &self.project,
        };
        act(&mut self.call, &mut own)
    }

    fn leave(&self, context: &mut Context<'_>) {
        if let Some(turn) = self.turn {
            context.workspace.leave_queue(&self.project, turn);
        }
    }
}

/// Carries a question out as far as one slice goes.
fn ask(question: &Question, context: &mut Context<'_>) -> Result<Result<Value, Asked>, RpcError> {
    let entry = entries().find(|entry| entry.method.name == question.method);
    let entry = entry.ok_or_else(|| {
        RpcError::new(METHOD_NOT_FOUND, format!("Method not found: {}", question.method))
    })?;
    let params = question.params.to_string();
    let mut prepared = Prepared::new(Some(&params), entry)?;
    let project = prepared.project.clone().into_owned();
    let is_edit = entry.method.takes_turns();
    if is_edit && context.workspace.is_busy(&project) {
        let turn = context.workspace.join_queue(&project);
        let call: RunningCall = Box::new(WaitingCall::new(entry, Some(&params), turn));
        return Ok(Err(Asked { call, project, turn }));
    }
    let mut json = Vec::new();
    let ran = {
        let mut own = Context {
            workspace: &mut *context.workspace,
            daemon: &mut *context.daemon,
            host: &mut *context.host,
            caller: context.caller,
            project_name: &project,
        };
        run(entry, &mut own, &mut prepared, &mut json)?
    };
    match ran {
        Ran::Written => Ok(Ok(tree(&json))),
        Ran::Running(call) => {
            let turn = if is_edit { context.workspace.join_queue(&project) } else { None };
            Ok(Err(Asked { call, project, turn }))
        }
    }
}

fn run(
    entry: &Entry,
    context: &mut Context<'_>,
    prepared: &mut Prepared<'_>,
    out: &mut Vec<u8>,
) -> Result<Ran, RpcError> {
    (entry.run)(context, &mut prepared.args, out)
}

fn tree(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

fn fault(error: RpcError) -> CallFault {
    CallFault {
        code: error.code.into(),
        message: error.message,
        data: error.data.map_or(Value::Null, |data| Value::Object(*data)),
        is_outcome_unknown: false,
    }
}

impl Conversation {
    /// Goes on with the question that is asked; false if it needs another slice.
    fn go_on(&mut self, context: &mut Context<'_>, budget: &mut Budget) -> bool {
        let Some(asked) = &mut self.asked else { return true };
        let reply = match asked.in_context(context, |call, own| call.step(own, budget)) {
            Ok(Step::More) => return false,
            Ok(Step::Done(json)) => Ok(tree(&json.iter().collect::<Vec<_>>().concat())),
            Err(error) => Err(fault(error)),
        };
        asked.leave(context);
        self.asked = None;
        self.job.reply(reply);
        true
    }

    fn finished(&self, result_of_work: Result<Value, Fault>) -> Result<Pieces, RpcError> {
        let answer = self.session.answer(&self.pending, result_of_work);
        result(Some(answer)).map(|result| result.to_string().into_bytes().into())
    }
}

impl Task<Pieces> for Conversation {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Pieces>, RpcError> {
        loop {
            if !self.go_on(context, budget) {
                return Ok(Step::More);
            }
            match self.job.step() {
                Wish::Done(result) => return self.finished(result).map(Step::Done),
                Wish::Send(message) => {
                    // Who cannot take it now does without: it is no answer.
                    context.host.notify(context.caller, message.to_string().as_bytes());
                }
                Wish::Ask(question) => match ask(&question, context) {
                    Ok(Ok(reply)) => self.job.reply(Ok(reply)),
                    Ok(Err(asked)) => self.asked = Some(asked),
                    Err(error) => self.job.reply(Err(fault(error))),
                },
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
    }

    fn progress(&self) -> Progress {
        self.asked.as_ref().map_or_else(Progress::default, |asked| asked.call.progress())
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        if let Some(mut asked) = self.asked.take() {
            asked.in_context(context, |call, own| call.cancel(own));
            asked.leave(context);
        }
    }
}

/// The row that statistics count such requests under.
pub(super) fn method() -> &'static Method {
    &METHOD
}
