//! `goxelctl script`: a file of calls, one a line.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::{ProgressBar, counted, short_micros};
use crate::client::{CallError, Outcome, Pool, PoolOptions};

/// Make the calls of a file, in order, each exactly once.
///
/// Every line is one call: {"method": ..., "params": ...}; "jsonrpc" and "id" may be there and are
/// not needed. Blank lines and lines that begin with # are skipped. The connection is renewed when
/// it breaks; a call whose outcome cannot be known ends the script, with --keep-going too.
#[derive(clap::Args, Debug)]
#[command(after_help = "The form of the file:\n  \
    # a red voxel, then a look at the box around everything\n  \
    {\"method\": \"goxel.add_voxel\", \"params\": {\"x\": 1, \"y\": 2, \"z\": 3, \"color\": \"red\"}}\n  \
    {\"method\": \"goxel.get_bounding_box\"}\n\nExamples:\n  \
    goxelctl script build.jsonl\n  \
    goxelctl script build.jsonl --keep-going --results > results.jsonl\n  \
    generate-calls | goxelctl script -")]
pub struct Arguments {
    /// The file of calls; - reads stdin
    pub file: PathBuf,
    /// Go on after a call that the daemon refuses
    #[arg(long, short)]
    pub keep_going: bool,
    /// Print each result as a line of JSON
    #[arg(long, short)]
    pub results: bool,
}

#[derive(Deserialize)]
struct Line {
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    failed: u64,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let (input, total) = open(&arguments.file)?;
    let pool = pool(context)?;
    let start = Instant::now();
    let mut bar = ProgressBar::new(&context.output, "script");
    let (mut tally, mut read) = (Tally::default(), 0u64);
    let mut result = Ok(());
    for (index, line) in BufReader::new(input).lines().enumerate() {
        let line = line.map_err(|error| Failure::NoInput(arguments.file.clone(), error))?;
        read += line.len() as u64 + 1;
        bar.show(read.min(total), total);
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        result = run_line(&line, index + 1, &pool, arguments, &mut tally, context, &mut bar);
        if stop.is_set() {
            result = result.and(Err(Failure::Interrupted));
        }
        if result.is_err() {
            break;
        }
    }
    bar.clear();
    summarise(&tally, start, &pool, context)?;
    result?;
    match tally.failed {
        0 => Ok(()),
        failed => {
            Err(Failure::Failed(format!("{failed} of {} failed", counted(tally.calls, "call"))))
        }
    }
}

/// Makes the call of one line; an error ends the script.
fn run_line(
    text: &str,
    number: usize,
    pool: &Pool,
    arguments: &Arguments,
    tally: &mut Tally,
    context: &Context,
    bar: &mut ProgressBar,
) -> Result<(), Failure> {
    let line: Line = serde_json::from_str(text)
        .map_err(|error| Failure::Data(format!("line {number} is not a call: {error}")))?;
    tally.calls += 1;
    let answer = pool.call_raw(&line.method, line.params);
    if arguments.results {
        bar.clear();
        context.output.object(&report(number, &line.method, &answer))?;
    }
    let Err(error) = answer else { return Ok(()) };
    tally.failed += 1;
    bar.clear();
    context.output.say(&format!("line {number}: {error}"));
    let refused = matches!(error.error, crate::client::Error::Remote(_));
    if arguments.keep_going && refused && error.outcome == Outcome::NotApplied {
        return Ok(());
    }
    Err(error.error.into())
}

fn report(number: usize, method: &str, answer: &Result<Box<RawValue>, CallError>) -> Value {
    match answer {
        Ok(result) => json!({ "line": number, "method": method, "result": result }),
        Err(error) => {
            let code = match &error.error {
                crate::client::Error::Remote(remote) => Some(remote.code),
                _ => None,
            };
            json!({ "line": number, "method": method, "error": {
                "message": error.error.to_string(), "kind": error.error.kind().as_str(),
                "code": code, "outcome": error.outcome.as_str(), "attempts": error.attempts,
            }})
        }
    }
}

fn pool(context: &Context) -> Result<Pool, Failure> {
    // Without a daemon at the start a script should fail at once, like every other command.
    drop(context.connect()?);
    let options = PoolOptions {
        max_connections: 1,
        call_timeout: context.options.call_timeout,
        connection: context.options.clone(),
        ..PoolOptions::default()
    };
    Ok(Pool::builder().socket(&context.socket).options(options).build()?)
}

fn open(path: &Path) -> Result<(Box<dyn Read>, u64), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), 0));
    }
    let open = || {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        Ok((Box::new(file) as Box<dyn Read>, length))
    };
    open().map_err(|error| Failure::NoInput(path.to_owned(), error))
}

fn summarise(tally: &Tally, start: Instant, pool: &Pool, context: &Context) -> Result<(), Failure> {
    let seconds = start.elapsed().as_secs_f64();
    let stats = pool.stats();
    if context.output.json {
        return context.output.object(&json!({ "summary": {
            "calls": tally.calls, "failed": tally.failed, "seconds": seconds,
            "retries": stats.retries, "reconnects": stats.reconnects, "latency": stats.latency,
        }}));
    }
    let (p50, p99) = (short_micros(stats.latency.p50_us), short_micros(stats.latency.p99_us));
    context.output.say(&format!(
        "{}, {} failed, {seconds:.2} s (p50 {p50}, p99 {p99}, {}, {})",
        counted(tally.calls, "call"),
        tally.failed,
        counted(stats.retries, "retry"),
        counted(stats.reconnects, "reconnect")
    ));
    Ok(())
}
