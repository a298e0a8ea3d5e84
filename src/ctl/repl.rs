//! `goxelctl repl`: calls by hand, with history and completion.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Editor, Helper};
use serde_json::Value;

use super::context::Context;
use super::exit::Failure;
use crate::client::{Pool, PoolOptions};

/// How many lines the history keeps.
const HISTORY_LINES: usize = 1000;
const HELP: &str = "METHOD [PARAMS]   call a method; PARAMS is JSON, or words that become an array:\n\
    \x20                 goxel.add_voxel 1 2 3 255 0 0\n\
    methods [WORD]    list the methods, or those whose name contains WORD\n\
    help              this text\n\
    quit              end (so does the end of the input)";

/// Call methods line by line. The connection is renewed when it breaks.
///
/// Tab completes the names of methods. With input that is not a terminal it reads lines, stops at nothing and
/// ends with code 1 if any call failed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  goxelctl repl\n  goxel> goxel.add_voxel 1 2 3 255 0 0\n  goxel> quit"
)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments, context: &Context) -> Result<(), Failure> {
    drop(context.connect()?);
    let options = PoolOptions {
        max_connections: 1,
        call_timeout: context.options.call_timeout,
        connection: context.options.clone(),
        ..PoolOptions::default()
    };
    let pool = Pool::builder().socket(&context.socket).options(options).build()?;
    let mut session = Session { methods: method_names(&pool), pool, context, failed: 0 };
    if std::io::stdin().is_terminal() { session.run_on_terminal() } else { session.run_on_pipe() }
}

struct Session<'a> {
    pool: Pool,
    methods: Vec<(String, String)>,
    context: &'a Context,
    failed: u64,
}

/// Whether to go on.
#[derive(PartialEq)]
enum Next {
    Line,
    End,
}

impl Session<'_> {
    fn run_on_terminal(&mut self) -> Result<(), Failure> {
        let config = Config::builder().auto_add_history(true).build();
        let broken = |error: ReadlineError| {
            Failure::Io("reading lines".into(), std::io::Error::other(error))
        };
        let mut editor: Editor<Names, MemHistory> =
            Editor::with_history(config, MemHistory::new()).map_err(broken)?;
        editor.set_helper(Some(Names(self.methods.iter().map(|(name, _)| name.clone()).collect())));
        let file = history_file();
        let mut history = load_history(&mut editor, file.as_ref());
        self.context.output.say("Type a method and its params; `help` for help, Ctrl-D to end.");
        let result = loop {
            match editor.readline("goxel> ") {
                Ok(line) => {
                    let next = self.line(&line);
                    history.push(line);
                    match next {
                        Ok(Next::Line) => {}
                        Ok(Next::End) => break Ok(()),
                        Err(failure) => break Err(failure),
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break Ok(()),
                Err(error) => break Err(broken(error)),
            }
        };
        save_history(&history, file.as_ref(), self.context);
        result
    }

    fn run_on_pipe(&mut self) -> Result<(), Failure> {
        for line in std::io::stdin().lines() {
            let line = line.map_err(|error| Failure::NoInput("-".into(), error))?;
            if self.line(&line)? == Next::End {
                break;
            }
        }
        match self.failed {
            0 => Ok(()),
            failed => Err(Failure::Failed(format!("{failed} calls failed"))),
        }
    }

    fn line(&mut self, line: &str) -> Result<Next, Failure> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" => {}
            "quit" | "exit" => return Ok(Next::End),
            "help" | "?" => self.context.output.say(HELP),
            "methods" => self.list(rest.trim())?,
            _ if word.starts_with('#') => {}
            _ => self.call(word, rest.trim())?,
        }
        Ok(Next::Line)
    }

    fn call(&mut self, method: &str, rest: &str) -> Result<(), Failure> {
        let answer = match params(rest) {
            Ok(params) => {
                self.pool.call::<Value>(method, params).map_err(|error| error.to_string())
            }
            Err(reason) => Err(reason),
        };
        match answer {
            Ok(value) => self.context.output.value(&value),
            Err(reason) => {
                self.failed += 1;
                // The reason is the answer here, so it is shown with --quiet too.
                let _ = writeln!(std::io::stderr(), "{reason}");
                Ok(())
            }
        }
    }

    fn list(&self, word: &str) -> Result<(), Failure> {
        let rows: Vec<Vec<String>> = [vec!["METHOD".to_owned(), "WHAT IT DOES".to_owned()]]
            .into_iter()
            .chain(
                self.methods
                    .iter()
                    .filter(|(name, _)| name.contains(word))
                    .map(|(name, summary)| vec![name.clone(), summary.clone()]),
            )
            .collect();
        self.context.output.table(&rows)
    }
}

/// Params as typed: JSON if it looks like an array or object, else words that become an array.
pub fn params(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if text.starts_with(['[', '{']) {
        return serde_json::from_str(text)
            .map_err(|error| format!("the params are not JSON: {error}"));
    }
    let word = |word: &str| serde_json::from_str(word).unwrap_or_else(|_| word.into());
    Ok(Value::Array(text.split_whitespace().map(word).collect()))
}

/// Names and summaries from `rpc.discover`, else from `list_methods`; none if the daemon has neither.
fn method_names(pool: &Pool) -> Vec<(String, String)> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let listed = |answer: Value, name: &str, summary: &str| -> Vec<(String, String)> {
        let methods = answer["methods"].as_array().cloned().unwrap_or_default();
        methods.iter().map(|method| (text(method, name), text(method, summary))).collect()
    };
    if let Ok(answer) = pool.call::<Value>("rpc.discover", ()) {
        return listed(answer, "name", "summary");
    }
    pool.call::<Value>("list_methods", ())
        .map_or_else(|_| Vec::new(), |answer| listed(answer, "method", "description"))
}

/// The history lies where XDG puts state; none without a home.
fn history_file() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("goxel/goxelctl_history"))
}

fn load_history(editor: &mut Editor<Names, MemHistory>, file: Option<&PathBuf>) -> Vec<String> {
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &lines {
        // A line that the history refuses (a repetition) is no loss.
        let _ = editor.add_history_entry(line);
    }
    lines
}

fn save_history(lines: &[String], file: Option<&PathBuf>, context: &Context) {
    let Some(file) = file else { return };
    let kept = lines[lines.len().saturating_sub(HISTORY_LINES)..].join("\n") + "\n";
    let written = file
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(file, kept));
    if let Err(error) = written {
        context.output.say(&format!("the history is not kept: {}: {error}", file.display()));
    }
}

/// Completes the first word of a line with the names of methods.
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = Pair;
    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok((0, candidates(&self.0, line.get(..position).unwrap_or_default())))
    }
}

fn candidates(names: &[String], typed: &str) -> Vec<Pair> {
    if typed.contains(char::is_whitespace) {
        return Vec::new();
    }
    let fits = |name: &&String| {
        name.starts_with(typed) || name.strip_prefix("goxel.").is_some_and(|n| n.starts_with(typed))
    };
    let pair = |name: &String| Pair { display: name.clone(), replacement: format!("{name} ") };
    names.iter().filter(fits).map(pair).collect()
}

impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_become_an_array_and_json_stays_json() {
        assert_eq!(params("").unwrap(), Value::Null);
        assert_eq!(params("1 -2 red true").unwrap(), json!([1, -2, "red", true]));
        assert_eq!(params(r##"{"color": "#fff"}"##).unwrap(), json!({"color": "#fff"}));
        assert!(params("{").unwrap_err().contains("not JSON"));
    }

    #[test]
    fn names_are_completed_with_and_without_their_prefix() {
        let names = ["goxel.add_voxel".to_owned(), "goxel.add_box".to_owned(), "ping".to_owned()];
        let found = |typed: &str| -> Vec<String> {
            candidates(&names, typed).into_iter().map(|pair| pair.replacement).collect()
        };
        assert_eq!(found("add_v"), ["goxel.add_voxel "]);
        assert_eq!(found("goxel.a").len(), 2);
        assert!(found("ping x").is_empty());
    }
}
