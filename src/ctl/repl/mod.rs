//! `goxelctl repl`: calls by hand, with history, hints and completion.

mod helper;
mod line;

use std::io::{IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Config, Editor};
use serde_json::Value;

use self::helper::Words;
use self::line::Line;
use super::context::Context;
use super::exit::Failure;
use super::help;
use super::output::counted;
use super::words::{self, MethodLine};
use crate::client::{Pool, PoolOptions};

/// How many lines the history keeps.
const HISTORY_LINES: usize = 1000;
const HELP: &str = "METHOD [PARAMS]   call a method; PARAMS is JSON, words that become an array, or NAME=VALUE words:\n\
    \x20                 goxel.create_layer name='the roof'\n\
    \x20                 goxel.add_voxel x=1 y=2 z=3 color=red\n\
    {\"method\": ...}   a whole request, pasted; JSON may go over several lines\n\
    methods [WORD]    list the methods, or those with WORD in their name or description\n\
    js [SCRIPT]       run a line of JavaScript; alone: all lines are scripts until the next js\n\
    help METHOD|OP    explain a method or an operation\n\
    help              this text\n\
    quit              end (so do Ctrl-D and Ctrl-C)\n\
    TAB lists what a word can become; the grey text tells the params that are left.";

/// Call methods line by line. The connection is renewed when it breaks.
///
/// Tab completes methods, params and their values. With input that is not a terminal it reads
/// lines, stops at nothing and ends with code 1 if any call failed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  goxelctl repl\n  goxel> goxel.add_voxel 1 2 3 red\n  goxel> help sphere\n  goxel> quit"
)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut connection = context.connect()?;
    let methods = words::methods(&mut connection);
    let options = PoolOptions {
        max_connections: 1,
        call_timeout: context.options.call_timeout,
        connection: context.options.clone(),
        ..PoolOptions::default()
    };
    let pool = Pool::builder().socket(&context.socket).options(options).build()?;
    let mut session = Session { pool, context, is_js: false, failed: 0 };
    if std::io::stdin().is_terminal() {
        let words = Words::new(methods, Some(connection), context.output.colour);
        session.run_on_terminal(words)
    } else {
        session.run_on_pipe(&methods)
    }
}

struct Session<'a> {
    pool: Pool,
    context: &'a Context,
    /// Whether lines are scripts.
    is_js: bool,
    failed: u64,
}

/// Whether to go on.
#[derive(PartialEq)]
enum Next {
    Line,
    End,
}

impl Session<'_> {
    fn run_on_terminal(&mut self, words: Words) -> Result<(), Failure> {
        let config =
            Config::builder().auto_add_history(true).completion_type(CompletionType::List).build();
        let broken = |error: ReadlineError| {
            Failure::Io("reading lines".into(), std::io::Error::other(error))
        };
        let mut editor: Editor<Words, MemHistory> =
            Editor::with_history(config, MemHistory::new()).map_err(broken)?;
        let methods = words.methods.clone();
        editor.set_helper(Some(words));
        let mut history = History::load(history_file(), self.context);
        for line in &history.lines {
            // A line that the history refuses (a repetition) is no loss.
            let _ = editor.add_history_entry(line);
        }
        self.context.output.say("Type a method and its params; `help` for help, Ctrl-D to end.");
        loop {
            match editor.readline("goxel> ") {
                Ok(line) => {
                    history.add(&line, self.context);
                    if self.line(&line, &methods)? == Next::End {
                        return Ok(());
                    }
                }
                Err(ReadlineError::Interrupted) => return Err(Failure::Interrupted),
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
    }

    fn run_on_pipe(&mut self, methods: &[MethodLine]) -> Result<(), Failure> {
        let mut text = String::new();
        for line in std::io::stdin().lines() {
            text += &line.map_err(|error| Failure::NoInput("-".into(), error))?;
            if line::is_unfinished(&text) {
                text.push('\n');
                continue;
            }
            if self.line(&std::mem::take(&mut text), methods)? == Next::End {
                break;
            }
        }
        if !text.is_empty() {
            self.line(&text, methods)?;
        }
        match self.failed {
            0 => Ok(()),
            failed => Err(Failure::Failed(format!("{} failed", counted(failed, "call")))),
        }
    }

    fn line(&mut self, text: &str, methods: &[MethodLine]) -> Result<Next, Failure> {
        let is_word = |word: &&str| text.trim() == *word;
        if self.is_js && !["js", "quit", "exit", ""].iter().any(is_word) {
            self.script(text)?;
            return Ok(Next::Line);
        }
        match line::read(text) {
            Ok(Line::Script(script)) if script.is_empty() => {
                self.is_js = !self.is_js;
                let now = if self.is_js { "scripts" } else { "calls" };
                self.context.output.say(&format!("lines are {now} now"));
            }
            Ok(Line::Script(script)) => self.script(&script)?,
            Ok(Line::Empty) => {}
            Ok(Line::Quit) => return Ok(Next::End),
            Ok(Line::Help(name)) if name.is_empty() => self.context.output.say(HELP),
            Ok(Line::Help(name)) => {
                let shown = help::help(&help::HelpArguments { name: Some(name) }, self.context);
                shown.or_else(|failure| self.tell(&failure))?;
            }
            Ok(Line::Methods(word)) => {
                let found: Vec<&MethodLine> = help::matching(methods, &word).collect();
                let list = help::list(&found, self.context.output.columns());
                self.context.output.bytes(list.as_bytes())?;
            }
            Ok(Line::Call(method, params)) => self.call(&method, params)?,
            Err(reason) => self.tell(&Failure::Data(reason))?,
        }
        Ok(Next::Line)
    }

    /// Runs a line as a script, and shows what it wrote and its value.
    fn script(&mut self, script: &str) -> Result<(), Failure> {
        let params = serde_json::json!({"script": script, "name": "line"});
        let answer = match self.pool.call_raw("goxel.execute_script", params) {
            Ok(result) => serde_json::from_str::<Value>(result.get()).unwrap_or_default(),
            Err(error) => return self.tell(&Failure::Client(error.error)),
        };
        let said = answer["output"].as_str().unwrap_or_default();
        if !said.is_empty() {
            self.context.output.say(said.trim_end_matches('\n'));
        }
        match answer["error"]["message"].as_str() {
            Some(message) => self.tell(&Failure::Failed(message.to_owned())),
            None if answer["result"].is_null() => Ok(()),
            None => self.context.output.line(&answer["result"].to_string()),
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Result<(), Failure> {
        match self.pool.call_raw(method, params) {
            Ok(result) => self.context.output.raw(result.get()),
            Err(error) => self.tell(&Failure::Client(error.error)),
        }
    }

    /// Tells of a failure, with all that is known; with --quiet too, since it is the answer.
    fn tell(&mut self, failure: &Failure) -> Result<(), Failure> {
        if matches!(failure, Failure::NobodyReads) {
            return Err(Failure::NobodyReads);
        }
        self.failed += 1;
        let _ = writeln!(std::io::stderr(), "{failure}");
        Ok(())
    }
}

/// The lines that were typed, for their user's eyes only.
struct History {
    file: Option<PathBuf>,
    lines: Vec<String>,
}

impl History {
    fn load(file: Option<PathBuf>, context: &Context) -> History {
        let text = file.as_deref().and_then(|file| std::fs::read_to_string(file).ok());
        let lines: Vec<String> = text.unwrap_or_default().lines().map(str::to_owned).collect();
        let kept = lines[lines.len().saturating_sub(HISTORY_LINES)..].to_vec();
        let mut history = History { file, lines: kept };
        let text: String = history.lines.iter().map(|line| format!("{line}\n")).collect();
        history.write(&text, true, context);
        history
    }

    /// Keeps a line at once, so that an end without notice loses none.
    fn add(&mut self, line: &str, context: &Context) {
        let line = line.replace('\n', " ");
        if line.trim().is_empty() || self.lines.last() == Some(&line) {
            return;
        }
        self.write(&format!("{line}\n"), false, context);
        self.lines.push(line);
    }

    fn write(&mut self, text: &str, anew: bool, context: &Context) {
        let Some(file) = &self.file else { return };
        if let Err(error) = write_private(file, text, anew) {
            let reason = Failure::CannotCreate(file.clone(), error);
            context.output.say(&format!("the history is not kept: {reason}"));
            self.file = None;
        }
    }
}

fn write_private(file: &Path, text: &str, anew: bool) -> std::io::Result<()> {
    if let Some(directory) = file.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).mode(0o600).write(true).append(!anew).truncate(anew);
    let mut open = options.open(file)?;
    open.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    open.write_all(text.as_bytes())
}

/// The history lies where XDG puts state; none without a home.
fn history_file() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| {
        absolute("HOME").filter(|home| home.is_dir()).map(|home| home.join(".local/state"))
    })?;
    Some(state.join("goxel/goxelctl_history"))
}
