//! One file converted to another one.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::Arguments;
use crate::ctl::context::Context;
use crate::ctl::exit::Failure;
use crate::ctl::output::short_bytes;
use crate::format::{
    self, ExportOptions, Format, FormatError, LoadJob, Loaded, Lost, ReadOptions, SaveJob,
    WriteOptions,
};
use crate::job::{Budget, Progress, Step};

/// A slice of work between two looks at the progress bar.
const SLICE: std::time::Duration = std::time::Duration::from_millis(50);

/// What is converted to what.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    target: Target,
    format: &'static Format,
}

/// Where the new file goes.
#[derive(Clone)]
pub(super) enum Target {
    File(PathBuf),
    Stdout,
}

impl Job {
    pub(super) fn new(input: PathBuf, target: Target, format: &'static Format) -> Self {
        Job { input, target, format }
    }
}

/// A file that was converted.
pub(super) struct Done {
    input: PathBuf,
    output: Option<PathBuf>,
    format: &'static str,
    bytes: u64,
    seconds: f64,
    warnings: Vec<String>,
    lost: Vec<Lost>,
}

/// Losses as programs read them.
pub(in crate::ctl) fn lost_to_json(lost: &[Lost]) -> Value {
    let one =
        |lost: &Lost| json!({ "kind": lost.kind.name(), "count": lost.count, "note": lost.note });
    lost.iter().map(one).collect()
}

impl Done {
    pub(super) fn tell(&self, context: &Context) -> Result<(), Failure> {
        let Done { input, output, format, bytes, seconds, warnings, lost } = self;
        if context.output.json && output.is_some() {
            return context.output.object(&json!({
                "input": input, "path": output, "format": format, "bytes": bytes,
                "seconds": seconds, "warnings": warnings, "lost": lost_to_json(lost),
            }));
        }
        warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
        if let Some(output) = output {
            context.output.say(&format!("{}: {}", output.display(), short_bytes(*bytes)));
        }
        Ok(())
    }
}

/// Converts a file.
pub(super) fn convert(
    job: &Job,
    arguments: &Arguments,
    options: &ExportOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Done, Failure> {
    let began = Instant::now();
    if let Target::File(output) = &job.target
        && arguments.no_clobber
        && output.exists()
    {
        let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Failure::CannotCreate(output.clone(), exists));
    }
    let from = arguments.from.as_deref().map(format::by_name).transpose();
    let from = from.map_err(|error| Failure::Usage(error.to_string()))?;
    let read = ReadOptions { frames: arguments.flags.frames, ..ReadOptions::default() };
    let loaded = load_file(&job.input, from, read, progress)?;
    let write = WriteOptions { export: options.clone(), ..WriteOptions::default() };
    let (mut warnings, mut lost) = (loaded.warnings, loaded.lost);
    let (output, bytes, saved) = match &job.target {
        Target::File(output) => {
            let failed = |error| write_failed(output, error);
            let saving =
                SaveJob::new(loaded.document, output, job.format, write).map_err(failed)?;
            let saved = run_job(saving, progress).map_err(failed)?;
            (Some(output.clone()), saved.bytes, (saved.warnings, saved.lost))
        }
        Target::Stdout => {
            let failed = |error| write_failed(Path::new("-"), error);
            let encoded = format::encode(loaded.document, job.format, write).map_err(failed)?;
            let mut stdout = std::io::stdout().lock();
            let written = stdout.write_all(&encoded.bytes).and_then(|()| stdout.flush());
            written.map_err(|error| Failure::Io("writing to stdout".to_owned(), error))?;
            (None, encoded.bytes.len() as u64, (encoded.warnings, encoded.lost))
        }
    };
    warnings.extend(saved.0);
    lost.extend(saved.1);
    let seconds = began.elapsed().as_secs_f64();
    let (input, format) = (job.input.clone(), job.format.name);
    Ok(Done { input, output, format, bytes, seconds, warnings, lost })
}

/// Loads a file, or what comes from stdin.
pub(in crate::ctl) fn load_file(
    input: &Path,
    format: Option<&'static Format>,
    options: ReadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, Failure> {
    let failed = |error| read_failed(input, error);
    if input == Path::new("-") {
        let (mut bytes, max) = (Vec::new(), options.limits.max_file_bytes);
        let read = std::io::stdin().lock().take(max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| Failure::NoInput(input.to_owned(), error))?;
        if bytes.len() as u64 > max {
            return Err(Failure::Data(format!("what comes from stdin is longer than {max} bytes")));
        }
        return run_job(LoadJob::of_bytes(bytes, format, options), progress).map_err(failed);
    }
    run_job(LoadJob::of_file(input, format, options), progress).map_err(failed)
}

/// Runs a job to its end.
fn run_job<J: crate::job::Job>(mut job: J, progress: &mut dyn FnMut(Progress)) -> J::Output {
    loop {
        if let Step::Done(output) = job.step(&mut Budget::until(Instant::now() + SLICE)) {
            return output;
        }
        progress(job.progress());
    }
}

fn read_failed(path: &Path, error: FormatError) -> Failure {
    match error {
        FormatError::Io { source, .. } => Failure::NoInput(path.to_owned(), source),
        error => Failure::Data(error.to_string()),
    }
}

fn write_failed(path: &Path, error: FormatError) -> Failure {
    match error {
        FormatError::Io { source, .. } => Failure::CannotCreate(path.to_owned(), source),
        error => Failure::Data(error.to_string()),
    }
}
