//! `goxelctl convert`: a file in one format to a file in another. Needs no daemon.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::Context;
use super::exit::Failure;
use super::output::{ProgressBar, short_bytes};
use crate::format::{self, FormatError, LoadJob, ReadOptions, SaveJob, WriteOptions};
use crate::job::{Budget, Job, Step};

/// A slice of work between two looks at the progress bar.
const SLICE: std::time::Duration = std::time::Duration::from_millis(50);

/// Convert a file to another format, chosen by the endings. Works by itself, without a daemon.
///
/// The output is replaced in one step when it is complete, so it is never half written. What the new format
/// cannot hold is told on stderr.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl convert castle.gox castle.vox\n  \
    goxelctl convert castle.vox model.dat --to obj\n  \
    goxelctl convert --formats")]
pub struct Arguments {
    /// The file to read
    #[arg(required_unless_present = "formats")]
    pub input: Option<PathBuf>,
    /// The file to write
    #[arg(required_unless_present = "formats")]
    pub output: Option<PathBuf>,
    /// The format to write, if the ending does not tell
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<String>,
    /// Refuse to replace an existing file
    #[arg(long)]
    pub no_clobber: bool,
    /// List the formats
    #[arg(long)]
    pub formats: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (Some(input), Some(output)) = (&arguments.input, &arguments.output) else {
        return list(context);
    };
    if arguments.no_clobber && output.exists() {
        let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Failure::CannotCreate(output.clone(), exists));
    }
    // A format that cannot be written is refused before a long file is read.
    let target = format::find_for_writing(output, arguments.to.as_deref())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if !target.can_write() {
        let text =
            format!("format '{}' cannot be written; see goxelctl convert --formats", target.name);
        return Err(Failure::Usage(text));
    }
    let mut bar = ProgressBar::new(&context.output, "read");
    let reading = LoadJob::of_file(input, None, ReadOptions::default());
    let loaded = run_job(reading, &mut bar).map_err(|error| read_failed(input, error))?;
    bar.clear();
    let mut bar = ProgressBar::new(&context.output, "write");
    let writing = SaveJob::new(loaded.document, output, target, WriteOptions::default())
        .map_err(|error| write_failed(output, error))?;
    let saved = run_job(writing, &mut bar).map_err(|error| write_failed(output, error))?;
    bar.clear();
    let warnings: Vec<String> =
        loaded.warnings.iter().chain(&saved.warnings).map(ToString::to_string).collect();
    report(output, &warnings, context)
}

fn report(output: &Path, warnings: &[String], context: &Context) -> Result<(), Failure> {
    let bytes = std::fs::metadata(output).map_or(0, |metadata| metadata.len());
    if context.output.json {
        let result = json!({ "path": output, "bytes": bytes, "warnings": warnings });
        return context.output.object(&result);
    }
    warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
    context.output.say(&format!("{}: {}", output.display(), short_bytes(bytes)));
    Ok(())
}

fn run_job<J: Job>(mut job: J, bar: &mut ProgressBar) -> J::Output {
    loop {
        let deadline = std::time::Instant::now() + SLICE;
        if let Step::Done(output) = job.step(&mut Budget::until(deadline)) {
            return output;
        }
        bar.show(job.progress().done, job.progress().total);
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let yes_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let mut rows = vec![["FORMAT", "ENDINGS", "READ", "WRITE", "NAME"].map(str::to_owned).to_vec()];
    for format in format::formats() {
        if context.output.json {
            context.output.object(&json!({
                "format": format.name, "title": format.title, "extensions": format.extensions,
                "read": format.can_read(), "write": format.can_write(),
            }))?;
        }
        rows.push(vec![
            format.name.to_owned(),
            format.extensions.join(" "),
            yes_no(format.can_read()),
            yes_no(format.can_write()),
            format.title.to_owned(),
        ]);
    }
    if context.output.json { Ok(()) } else { context.output.table(&rows) }
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
