//! The handler of `goxel.execute_script`: a script on a copy of the project, and at its end a
//! change like any other.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::IgnoredAny;

use super::{entries, saved_scripts};
use crate::api::ParamError;
use crate::api::methods::script::*;
use crate::api::notes;
use crate::document::Document;
use crate::document::history::Scope;
use crate::format::read_file;
use crate::job::{Budget, Job, Progress, Step, Work};
use crate::rpc::change::check_revision;
use crate::rpc::context::{Context, Outcome, Task};
use crate::rpc::drafted::{DraftWork, Drafting};
use crate::rpc::error::{INTERNAL_ERROR, LOAD_PROJECT, NOT_BUILT_IN, REVISION_CONFLICT, RpcError};
use crate::rpc::table::Handle;
use crate::script::difference::{Clash, Difference};
use crate::script::library::head;
use crate::script::{self, Ended, Failure, MOST_TIME, Report, Request};
use crate::voxel::Bounds;
use crate::workspace::{Project, Turn};

entries![ExecuteScript];

/// The longest script, in bytes.
pub(super) const LONGEST: u64 = 16 << 20;
/// Changes by others that a conflict names.
const NAMED: usize = 10;

impl Handle for ExecuteScript {
    fn handle(
        context: &mut Context<'_>,
        params: ExecuteScriptParams<'_>,
    ) -> Result<Outcome<ExecuteScriptResult>, RpcError> {
        check_built_in(context)?;
        check_revision(context.project()?, params.expected_revision)?;
        let wanted = Wanted::of(context, &params);
        match (&params.script, &params.path) {
            (Some(script), None) => wanted.begin(context, script.clone().into_owned()),
            (None, Some(path)) => {
                let file = context.file(path);
                let path = path.clone().into_owned();
                let reading = Work::new(|slice| async move {
                    read_file(&file, ("a script", LONGEST), &slice).await
                });
                Ok(Outcome::chain_later(reading, move |context, read| {
                    let bytes = read.map_err(|error| {
                        super::file_error(LOAD_PROJECT, "read script", &path, &error)
                    })?;
                    let text = String::from_utf8(bytes).map_err(|_| {
                        ParamError::rule("path", format!("'{path}' is no text in UTF-8"))
                    })?;
                    wanted.begin(context, text)
                }))
            }
            (Some(_), Some(_)) => {
                let message = "Give 'script' or 'path', not both";
                Err(ParamError::rule("script", message).into())
            }
            (None, None) if params.name.is_some() => {
                let name = params.name.clone().unwrap_or_default().into_owned();
                let directory = saved_scripts::directory(context);
                let finding =
                    Work::new(
                        |slice| async move { saved_scripts::find(name, directory, &slice).await },
                    );
                Ok(Outcome::chain_later(finding, move |context, found| {
                    let (script, _) = found?;
                    wanted.note_unknown_params(&script);
                    wanted.begin(context, script)
                }))
            }
            (None, None) => {
                let message = "Must specify either 'script' (code) or 'path' parameter";
                Err(ParamError::rule("script", message).into())
            }
        }
    }
}

/// Refuses scripts where there are none.
pub(super) fn check_built_in(context: &Context<'_>) -> Result<(), RpcError> {
    let message = match context.daemon.limits.scripts.are_on {
        _ if !cfg!(feature = "scripts") => {
            "Scripts are not built in: this daemon has no script engine"
        }
        false => "Scripts are switched off (--no-scripts)",
        true => return Ok(()),
    };
    Err(RpcError::new(NOT_BUILT_IN, message)
        .hint("goxel.edit carries out many operations in one call; nothing was changed"))
}

/// What is asked for besides the text of the script.
struct Wanted {
    request: Request,
    /// Whether it comes from a file that does not look like a script: an error tells none of it.
    is_foreign: bool,
    dry_run: bool,
    on_conflict: OnConflict,
}

impl Wanted {
    fn of(context: &Context<'_>, params: &ExecuteScriptParams<'_>) -> Wanted {
        let limits = context.daemon.limits.scripts;
        let most = MOST_TIME.as_millis() as i32;
        let time = params.timeout_ms.filter(|time| (1..=most).contains(time));
        let path = params.path.as_deref().map(Path::new);
        let file = path.and_then(|path| path.file_name()?.to_str());
        let name = params.name.as_deref().or(file).unwrap_or("script.js");
        let given = params.params.map_or("null", |params| params.0);
        let request = Request {
            script: String::new(),
            name: name.replace(['\0', '\n'], " "),
            params: serde_json::from_str(given).unwrap_or_default(),
            seed: params.seed,
            allow_time: params.allow_time,
            time: time.map_or(limits.time, |time| std::time::Duration::from_millis(time as u64)),
            memory: limits.memory,
            stack: limits.stack,
            output: limits.output,
            revision: 0,
            blocks: 0,
        };
        let is_script = |path: &Path| {
            let ending = path.extension().unwrap_or_default();
            ["js", "mjs"].iter().any(|known| ending.eq_ignore_ascii_case(known))
        };
        let is_foreign = path.is_some_and(|path| !is_script(path));
        let (dry_run, on_conflict) = (params.dry_run, params.on_conflict);
        Wanted { request, is_foreign, dry_run, on_conflict }
    }

    /// Notes params that a saved script does not say it takes.
    fn note_unknown_params(&self, script: &str) {
        let head = head(script);
        let known: Vec<&str> = head.params.iter().map(|param| &*param.name).collect();
        let given: BTreeMap<String, IgnoredAny> =
            serde_json::from_str(self.request.params.get()).unwrap_or_default();
        for name in given.keys().filter(|name| !known.is_empty() && !known.contains(&&***name)) {
            notes::note_unknown("params.", name, &known);
        }
    }

    /// Begins to run a script on the project as it is now.
    fn begin(
        self,
        context: &mut Context<'_>,
        script: String,
    ) -> Result<Outcome<ExecuteScriptResult>, RpcError> {
        let limits = context.daemon.limits.scripts;
        let project = context.project()?;
        let (base, revision) = (project.document().clone(), project.revision());
        let request = Request { script, revision, ..self.request };
        let milliseconds = request.time.as_millis() as u64;
        let label = format!("script {}", request.name);
        let document = base.clone();
        let work =
            Work::new(|slice| async move { script::run(request, document, limits, &slice).await });
        let Wanted { is_foreign, dry_run, on_conflict, .. } = self;
        let facts = Facts { base, revision, label, milliseconds, is_foreign, dry_run, on_conflict };
        Ok(Outcome::Later(Box::new(Script { facts, stage: Stage::Running(work), turn: None })))
    }
}

/// What is known of a script that runs.
struct Facts {
    /// The document that it works on a copy of, and its revision.
    base: Document,
    revision: u64,
    label: String,
    milliseconds: u64,
    is_foreign: bool,
    dry_run: bool,
    on_conflict: OnConflict,
}

/// A script on its way.
struct Script {
    facts: Facts,
    stage: Stage,
    /// Its place in the queue of the project's changes, once it has come to its end.
    turn: Option<Turn>,
}

enum Stage {
    Running(Work<Result<Ended, Failure>>),
    Waiting(Box<Ended>),
    Applying(Box<dyn Task<ExecuteScriptResult>>),
    Over,
}

impl Task<ExecuteScriptResult> for Script {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<ExecuteScriptResult>, RpcError> {
        let stepped = self.go_on(context, budget);
        if !matches!(stepped, Ok(Step::More)) {
            self.cancel(context);
        }
        stepped
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Running(work) => work.progress(),
            Stage::Applying(task) => task.progress(),
            Stage::Waiting(_) | Stage::Over => Progress::default(),
        }
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        self.stage = Stage::Over;
        if let Some(turn) = self.turn.take() {
            context.workspace.leave_queue(context.project_name, turn);
        }
    }
}

impl Script {
    fn go_on(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<ExecuteScriptResult>, RpcError> {
        loop {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Running(mut work) => match work.step(budget) {
                    Step::More => {
                        self.stage = Stage::Running(work);
                        return Ok(Step::More);
                    }
                    Step::Done(ended) => {
                        let ended = self.facts.judge(ended)?;
                        let is_over = ended.report.error.is_some() || self.facts.dry_run;
                        if is_over || ended.difference.is_empty() {
                            let revision = context.project()?.revision();
                            return Ok(Step::Done(told(ended, revision)));
                        }
                        self.turn = context.workspace.join_queue(context.project_name);
                        Stage::Waiting(Box::new(ended))
                    }
                },
                Stage::Waiting(ended) => {
                    let is_turn = |turn| context.workspace.is_turn(context.project_name, turn);
                    if !self.turn.is_none_or(is_turn) {
                        budget.rest(std::time::Duration::from_millis(1));
                        self.stage = Stage::Waiting(ended);
                        return Ok(Step::More);
                    }
                    let base = self.facts.base_to_look_at(context.project()?)?;
                    Stage::Applying(apply(*ended, base, &self.facts.label))
                }
                Stage::Applying(mut task) => match task.step(context, budget)? {
                    Step::More => {
                        self.stage = Stage::Applying(task);
                        return Ok(Step::More);
                    }
                    done => return Ok(done),
                },
                Stage::Over => return Err(RpcError::internal("a script ended twice")),
            }
        }
    }
}

impl Facts {
    /// What a script came to, if that is an answer: it may have failed, but by itself.
    fn judge(&self, mut ended: Result<Ended, Failure>) -> Result<Ended, RpcError> {
        if let Ok(Ended { report: Report { error: Some(error), .. }, .. }) = &mut ended
            && self.is_foreign
        {
            // What is in any file must not be told by an error.
            let kind = error.message.split(|c: char| !c.is_ascii_alphanumeric()).next();
            let kind = kind.filter(|kind| kind.ends_with("Error")).unwrap_or("Error");
            error.message = format!(
                "{kind}; what it is about is not told of a file whose name does not end in .js"
            );
            error.text.clear();
        }
        match ended {
            Ok(ended) if ended.report.is_late => Err(self.late(Some(&ended.report))),
            Ok(ended) => Ok(ended),
            Err(Failure::Late) => Err(self.late(None)),
            Err(failure @ Failure::NoProcess(_)) => {
                log::warn!("no process for a script: {failure}");
                let hint =
                    "goxel-daemon has to be able to start itself once more; nothing was changed";
                Err(RpcError::new(INTERNAL_ERROR, failure.to_string()).hint(hint))
            }
            Err(failure) => {
                let hint = "it may have taken more than --script-memory allows";
                let message = match failure {
                    Failure::Crashed(_) => format!("{failure}; {hint}"),
                    _ => failure.to_string(),
                };
                let error = script::ScriptError { message, ..Default::default() };
                let report = Report { error: Some(error), ..Report::default() };
                Ok(Ended { report, difference: Difference::default(), took: Default::default() })
            }
        }
    }

    fn late(&self, report: Option<&Report>) -> RpcError {
        let error = RpcError::new(INTERNAL_ERROR, "Script execution timeout")
            .with("timeout_ms", self.milliseconds)
            .hint(
                "nothing was changed; give it more time (timeout_ms, up to 300000), or less to do",
            );
        let Some(report) = report else { return error };
        let error = error.with("output", report.output.as_str());
        match report.error.as_ref().filter(|error| error.line > 0) {
            Some(at) => error.with("line", at.line).with("text", at.text.as_str()),
            None => error,
        }
    }

    /// The document that the script got, if it is not the one that the project has by now.
    fn base_to_look_at(&mut self, project: &Project) -> Result<Option<Document>, RpcError> {
        if project.revision() == self.revision {
            return Ok(None);
        }
        match self.on_conflict {
            OnConflict::Rebase => Ok(Some(std::mem::take(&mut self.base))),
            OnConflict::Error => Err(self.conflict(project)),
        }
    }

    /// The error for a project that others have changed, with what they did.
    fn conflict(&self, project: &Project) -> RpcError {
        let (history, began) = (project.history(), self.revision);
        let count = history.position().1;
        let is_new = |index: &usize| history.revision_at(index + 1).is_some_and(|at| at > began);
        let first = (0..count).rev().take_while(is_new).last().unwrap_or(count);
        let labels = (first..count).zip(history.labels(first..count));
        let (mut names, mut bounds) = (Vec::new(), None::<Bounds>);
        for (index, (label, _)) in labels {
            names.push(label);
            let own = history.bounds_of(index + 1);
            bounds = own.map_or(bounds, |own| Some(bounds.map_or(own, |all| all.union(&own))));
        }
        names.reverse();
        names.truncate(NAMED);
        let got = project.revision();
        let message = format!(
            "Revision conflict: the script began at revision {began}, the project is at {got}. \
             Nothing was changed."
        );
        let error = RpcError::new(REVISION_CONFLICT, message)
            .with("expected", began)
            .with("got", got)
            .with("revision", got)
            .with("changes", names)
            .hint("run it again, or give on_conflict \"rebase\"");
        match bounds {
            Some(bounds) => error
                .with("box", serde_json::json!({"min": bounds.min, "max": bounds.max_inside()})),
            None => error,
        }
    }
}

/// What is told of a script that is over.
fn told(ended: Ended, revision: u64) -> ExecuteScriptResult {
    let Ended { report, took, .. } = ended;
    let failed = report
        .error
        .as_ref()
        .map(|error| format!("Script execution failed with code -1: {}", error.message));
    ExecuteScriptResult {
        success: failed.is_none(),
        code: if failed.is_none() { 0 } else { -1 },
        message: failed.unwrap_or_else(|| "Script executed successfully".to_owned()),
        result: report.result.and_then(|json| serde_json::from_str(json.get()).ok()),
        output: report.output,
        changed: report.changed,
        r#box: report.bounds.map(|[min, max]| Bounds { min, max }.into()),
        revision,
        seconds: took.as_secs_f64(),
        memory: report.memory,
        error: report.error.map(|error| ScriptFailure {
            message: error.message,
            file: error.file,
            line: error.line,
            column: error.column,
            text: error.text,
        }),
    }
}

/// Puts what a script changed in place, unless that clashes with what others did to a document
/// since.
fn apply(ended: Ended, base: Option<Document>, label: &str) -> Box<dyn Task<ExecuteScriptResult>> {
    let Ended { report, difference, took } = ended;
    let scope = if difference.is_of_voxels() { Scope::Voxels } else { Scope::Document };
    let rest = Ended { report, difference: Difference::default(), took };
    let work = Applying { difference, base, next: 0 };
    let reply = move |project: &mut Project, ()| Ok(told(rest, project.revision()));
    Box::new(Drafting::new(label, scope, work, reply))
}

struct Applying {
    difference: Difference,
    /// What the script got, as long as it is to be looked for clashes.
    base: Option<Document>,
    /// The next part to look at, or to put in place.
    next: usize,
}

impl DraftWork for Applying {
    type Output = ();

    fn step(&mut self, document: &mut Document, budget: &mut Budget) -> Result<Step<()>, RpcError> {
        loop {
            if self.next == self.difference.len() {
                if self.base.take().is_none() {
                    return Ok(Step::Done(()));
                }
                self.next = 0;
                continue;
            }
            match &self.base {
                Some(base) => match self.difference.clash(self.next, base, document) {
                    Some(clash) => return Err(clashed(clash)),
                    None => self.next += 1,
                },
                None => {
                    let put = self.difference.apply(self.next, document);
                    put.map_err(RpcError::internal)?;
                    self.next += 1;
                }
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next as u64, total: self.difference.len() as u64 }
    }
}

/// The error for a change by somebody else to what the script changed, too.
fn clashed(clash: Clash) -> RpcError {
    let what = match clash {
        Clash::Settings => "settings or the list of layers".to_owned(),
        Clash::Layer(id) => format!("layer {}", id.0),
        Clash::Block(id, _) => format!("voxels of layer {}", id.0),
    };
    let message = format!(
        "Revision conflict: others changed {what} while the script ran, and so did it. Nothing was \
         changed."
    );
    let error = RpcError::new(REVISION_CONFLICT, message).hint("run the script again");
    match clash {
        Clash::Settings => error,
        Clash::Layer(id) => error.with("layer_id", id.0),
        Clash::Block(id, bounds) => error
            .with("layer_id", id.0)
            .with("box", serde_json::json!({"min": bounds.min, "max": bounds.max_inside()})),
    }
}
