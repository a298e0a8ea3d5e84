//! A script run: its value, its errors, its time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::context::EvalOptions;
use rquickjs::promise::PromiseState;
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Module, Object, Promise, Result, Runtime,
    Value,
};
use serde_json::value::RawValue;

use super::talk::Line;
use super::{natives, state};
use crate::document::{Document, LayerId};
use crate::script::difference::{self, Tally};
use crate::script::{Report, Request, ScriptError};

/// The API as scripts see it.
const PRELUDE: &str = include_str!("js/prelude.js");
/// What modules of other hosts would be, for scripts that import them and do without.
const STD: &str = include_str!("js/std.js");

/// Bytes of a message, a line of a script, and a stack that are told.
const LONGEST_TOLD: usize = 2000;

/// An engine with the API in place, before its script.
pub(super) struct Engine {
    runtime: Runtime,
    context: Context,
    deadline: Rc<Cell<Option<Instant>>>,
}

impl Engine {
    pub(super) fn new() -> Result<Engine> {
        let runtime = Runtime::new()?;
        let context = Context::full(&runtime)?;
        let deadline = Rc::new(Cell::new(None::<Instant>));
        let end = deadline.clone();
        let is_late = move || end.get().is_some_and(|end| Instant::now() >= end);
        runtime.set_interrupt_handler(Some(Box::new(is_late)));
        context.with(|ctx| {
            let natives = natives::object(&ctx)?;
            let options = named("goxel");
            let install: Function<'_> = ctx.eval_with_options(PRELUDE, options)?;
            let start: Function<'_> = install.call((natives,))?;
            // Kept where no script can come to it: the job takes it away before the script begins.
            ctx.globals().set(START, start)
        })?;
        Ok(Engine { runtime, context, deadline })
    }

    /// Runs a script and tells the daemon what it came to. `None` if nobody listens any more; else
    /// what is left of it.
    pub(super) fn run(
        &self,
        job: &Request,
        document: Document,
        kept: Vec<(LayerId, u64)>,
        line: Line,
    ) -> Option<state::State> {
        self.runtime.set_memory_limit(usize::try_from(job.memory).unwrap_or(usize::MAX));
        self.runtime.set_max_stack_size(usize::try_from(job.stack).unwrap_or(usize::MAX));
        let state = state::State::new(job, document, kept, line);
        self.deadline.set(Some(state.deadline));
        state::begin(state);
        let result = self.context.with(|ctx| execute(&ctx, job));
        let memory = self.runtime.memory_usage();
        let mut state = state::end()?;
        let mut report = Report {
            output: std::mem::take(&mut state.output),
            memory: u64::try_from(memory.malloc_size).unwrap_or_default(),
            ..Report::default()
        };
        let is_late = Instant::now() >= state.deadline;
        let (before, after, line) = state.documents()?;
        match result {
            Ok(result) => {
                report.result = result;
                let sent = difference::write(&before, &after, |out| line.hand_over(out));
                let Tally { changed, bounds } = sent.ok()?;
                report.changed = changed;
                report.bounds = bounds.map(|bounds| [bounds.min, bounds.max]);
            }
            Err(error) => {
                report.is_late = is_late;
                report.error = Some(error);
            }
        }
        line.tell_end(&report).ok()?;
        Some(state)
    }
}

const START: &str = "__start";

fn named(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    options
}

/// The value of a script in JSON, if it has one.
fn execute(
    ctx: &Ctx<'_>,
    job: &Request,
) -> std::result::Result<Option<Box<RawValue>>, ScriptError> {
    let value = value_of(ctx, job).catch(ctx).map_err(|error| told(error, job))?;
    let Some(json) = value else { return Ok(None) };
    if json.len() as u64 > job.output {
        let message = format!("the result is longer than {} bytes (--script-output)", job.output);
        return Err(ScriptError { message, file: job.name.clone(), ..ScriptError::default() });
    }
    let malformed =
        |_| ScriptError { message: "the result is no JSON".to_owned(), ..ScriptError::default() };
    RawValue::from_string(json).map(Some).map_err(malformed)
}

fn value_of(ctx: &Ctx<'_>, job: &Request) -> Result<Option<String>> {
    let globals = ctx.globals();
    let start: Function<'_> = globals.get(START)?;
    globals.remove(START)?;
    let params = ctx.json_parse(job.params.get())?;
    let finish: Function<'_> = start.call((params, job.seed as f64, job.allow_time))?;
    let value = if is_module(&job.script) {
        value_of_module(ctx, job)?
    } else {
        let mut options = named(&job.name);
        options.promise = true;
        let promise: Promise<'_> = ctx.eval_with_options(job.script.as_str(), options)?;
        settle(ctx, &promise)?.get::<Object<'_>>()?.get("value")?
    };
    let last: Value<'_> = finish.call((value,))?;
    let last = match last.as_promise() {
        Some(promise) => settle(ctx, promise)?,
        None => last,
    };
    last.as_string().map(|json| json.to_string()).transpose()
}

fn value_of_module<'js>(ctx: &Ctx<'js>, job: &Request) -> Result<Value<'js>> {
    for name in ["std", "os"] {
        Module::declare(ctx.clone(), name, STD)?;
    }
    let module = Module::declare(ctx.clone(), job.name.as_str(), job.script.as_str())?;
    let (module, promise) = module.eval()?;
    settle(ctx, &promise)?;
    let namespace = module.namespace()?;
    let value: Value<'_> = if namespace.contains_key("default")? {
        namespace.get("default")?
    } else {
        Value::new_undefined(ctx.clone())
    };
    match value.as_function() {
        // A module may also export what is to be done.
        Some(function) => {
            let made: Value<'_> = function.call(())?;
            match made.as_promise() {
                Some(promise) => settle(ctx, promise),
                None => Ok(made),
            }
        }
        None => Ok(value),
    }
}

/// Whether a text has a line that begins with an import or an export: what only modules have.
fn is_module(script: &str) -> bool {
    script.lines().any(|line| {
        let line = line.trim_start();
        ["import", "export"].iter().any(|word| {
            let after = line.strip_prefix(word).and_then(|rest| rest.bytes().next());
            matches!(after, Some(b' ' | b'{' | b'*' | b'"' | b'\''))
        })
    })
}

/// Does what is to be done until a promise is settled; its value.
fn settle<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<Value<'js>> {
    while promise.state() == PromiseState::Pending {
        if !ctx.execute_pending_job() {
            break;
        }
        let late = state::with(|state| Ok(Instant::now() >= state.deadline));
        if late.unwrap_or(true) {
            let message = "the time of the script is over";
            return Err(rquickjs::Exception::throw_message(ctx, message));
        }
    }
    match promise.result() {
        Some(result) => result,
        None => {
            let message = "the script waits for a promise that nothing settles";
            Err(rquickjs::Exception::throw_message(ctx, message))
        }
    }
}

fn cut(text: &str) -> String {
    let end = (0..=LONGEST_TOLD.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or(0)].to_owned()
}

/// An exception as it is told: what, and where in the script.
fn told(error: CaughtError<'_>, job: &Request) -> ScriptError {
    let (message, stack) = match &error {
        CaughtError::Exception(exception) => {
            let name = exception.as_object().get::<_, Option<String>>("name");
            let name = name.ok().flatten().filter(|name| name != "Error");
            let message = exception.message().unwrap_or_default();
            let told = name.map_or(message.clone(), |name| format!("{name}: {message}"));
            (told, exception.stack().unwrap_or_default())
        }
        CaughtError::Value(value) if value.is_null() => {
            ("out of memory (--script-memory)".to_owned(), String::new())
        }
        CaughtError::Value(value) => {
            let text = value.ctx().json_stringify(value.clone()).ok().flatten();
            let text = text.and_then(|text| text.to_string().ok());
            (text.unwrap_or_else(|| "something was thrown".to_owned()), String::new())
        }
        CaughtError::Error(error) => (error.to_string(), String::new()),
    };
    let (line, column) = place(&stack, &job.name).unwrap_or_default();
    let text = job.script.lines().nth((line as usize).wrapping_sub(1)).unwrap_or_default();
    ScriptError {
        message: cut(&message),
        file: job.name.clone(),
        line,
        column,
        text: cut(text.trim_end()),
    }
}

/// Line and column of the topmost call of a stack that is in the script itself.
fn place(stack: &str, name: &str) -> Option<(u32, u32)> {
    stack.lines().find_map(|line| {
        let at = line.find(&format!("{name}:"))?;
        let mut numbers = line[at + name.len() + 1..].split(|c: char| !c.is_ascii_digit());
        let line = numbers.next()?.parse().ok()?;
        Some((line, numbers.next().and_then(|column| column.parse().ok()).unwrap_or(0)))
    })
}
