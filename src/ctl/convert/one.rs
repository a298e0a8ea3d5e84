//! One file converted to another one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use sha2::Digest;

use super::Arguments;
use crate::ctl::context::Context;
use crate::ctl::exit::Failure;
use crate::ctl::output::{Output, short_bytes};
use crate::document::Document;
use crate::format::{
    self, Encoded, ExportOptions, Format, FormatError, LoadJob, Loaded, Lost, MeshCounts,
    ReadOptions, SaveJob, Saved, WriteOptions,
};
use crate::job::{Budget, Progress, Step};
use crate::likeness::nearest;

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
pub(in crate::ctl) enum Target {
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
    /// Further files that belong to the output.
    beside: Vec<PathBuf>,
    /// What is told of it, if that was asked for.
    report: Option<Value>,
}

/// Losses as programs read them.
pub(in crate::ctl) fn lost_to_json(lost: &[Lost]) -> Value {
    let one =
        |lost: &Lost| json!({ "kind": lost.kind.name(), "count": lost.count, "note": lost.note });
    lost.iter().map(one).collect()
}

impl Done {
    pub(super) fn tell(&self, context: &Context) -> Result<(), Failure> {
        let Done { input, output, format, bytes, seconds, warnings, lost, beside, report } = self;
        if context.output.json && output.is_some() {
            let mut told = json!({
                "input": input, "path": output, "format": format, "bytes": bytes,
                "seconds": seconds, "warnings": warnings, "lost": lost_to_json(lost),
                "beside": beside,
            });
            if let Some(report) = report {
                told["report"] = report.clone();
            }
            return context.output.object(&told);
        }
        warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
        if let Some(output) = output {
            context.output.say(&format!("{}: {}", output.display(), short_bytes(*bytes)));
            for path in beside {
                context.output.say(&format!("{}: belongs to it", path.display()));
            }
        }
        for (name, value) in report.iter().filter_map(Value::as_object).flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // With the file itself on stdout, the report must not be there as well.
            let line = format!("{:<12} {text}", name.replace('_', " "));
            if output.is_some() { context.output.line(&line)? } else { context.output.say(&line) }
        }
        Ok(())
    }
}

/// Converts a file.
pub(super) fn convert(
    job: &Job,
    arguments: &Arguments,
    (read, export): (&ReadOptions, &ExportOptions),
    output: &Output,
    progress: &mut dyn FnMut(Progress),
) -> Result<Done, Failure> {
    let began = Instant::now();
    if let Target::File(output) = &job.target
        && arguments.no_clobber
        && output.exists()
    {
        let exists = std::io::Error::other("it exists, and --no-clobber keeps what is there");
        return Err(Failure::CannotCreate(output.clone(), exists));
    }
    let from = arguments.from.as_deref().map(format::by_name).transpose();
    let from = from.map_err(|error| Failure::Usage(error.to_string()))?;
    let loaded = load_file(&job.input, from, read.clone(), progress)?;
    if let Some(missing) = export.missing_layer(&loaded.document) {
        let names: Vec<_> = loaded.document.layers().iter().map(|layer| &*layer.name).collect();
        let near = nearest(missing, names.iter().copied());
        let near = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        let (file, names) = (job.input.display(), few(&names));
        let text = format!("there is no layer '{missing}' in {file}{near}; there are {names}");
        return Err(Failure::Usage(text));
    }
    let report = arguments.report;
    let write = WriteOptions { export: export.clone(), report, ..WriteOptions::default() };
    let (mut warnings, mut lost) = (loaded.warnings, loaded.lost);
    warnings.extend(arguments.flags.without_effect(job.format, export));
    let put = put(loaded.document, job.format, &job.target, write, output, progress)?;
    warnings.extend(put.warnings);
    lost.extend(put.lost);
    let output = match &job.target {
        Target::File(path) => Some(path.clone()),
        Target::Stdout => None,
    };
    let seconds = began.elapsed().as_secs_f64();
    let (input, format) = (job.input.clone(), job.format.name);
    let report = report.then(|| report_of(put.mesh, output.as_deref())).transpose()?;
    let Put { bytes, beside, .. } = put;
    Ok(Done { input, output, format, bytes, seconds, warnings, lost, beside, report })
}

/// The first of some names, and how many more there are.
fn few(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("'{name}'")).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

/// A document that is in its file, or on stdout.
pub(in crate::ctl) struct Put {
    pub(in crate::ctl) bytes: u64,
    mesh: Option<MeshCounts>,
    pub(in crate::ctl) warnings: Vec<String>,
    lost: Vec<Lost>,
    beside: Vec<PathBuf>,
}

/// Writes a document.
pub(in crate::ctl) fn put(
    document: Document,
    format: &'static Format,
    target: &Target,
    write: WriteOptions,
    output: &Output,
    progress: &mut dyn FnMut(Progress),
) -> Result<Put, Failure> {
    match target {
        Target::File(path) => {
            let failed = |error| write_failed(path, error);
            let saving = SaveJob::new(document, path, format, write).map_err(failed)?;
            let saved = run_job(saving, progress).map_err(failed)?;
            let Saved { bytes, mesh, warnings, lost, beside, .. } = saved;
            Ok(Put { bytes, mesh, warnings, lost, beside })
        }
        Target::Stdout => {
            let failed = |error| write_failed(Path::new("-"), error);
            let encoded = format::encode(document, format, write).map_err(failed)?;
            let bytes = &encoded.bytes;
            let is_text = !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
            if !is_text {
                output.check_binary(&format!("{} data", format.name))?;
            }
            output.bytes(bytes)?;
            let Encoded { bytes, mesh, warnings, lost, .. } = encoded;
            Ok(Put { bytes: bytes.len() as u64, mesh, warnings, lost, beside: Vec::new() })
        }
    }
}

/// What a mesh consists of, and the checksum of the file.
fn report_of(mesh: Option<MeshCounts>, output: Option<&Path>) -> Result<Value, Failure> {
    let mut told = json!({});
    if let Some(MeshCounts { vertices, triangles, materials, check }) = mesh {
        told["triangles"] = json!(triangles);
        told["vertices"] = json!(vertices);
        told["materials"] = json!(materials);
        if let Some(check) = check {
            told["closed"] = json!(check.is_closed);
            told["t_junctions"] = json!(check.t_junctions);
        }
    }
    if let Some(output) = output {
        let reading = |error| Failure::Io(format!("reading {}", output.display()), error);
        let mut hasher = sha2::Sha256::new();
        let mut file = std::fs::File::open(output).map_err(reading)?;
        std::io::copy(&mut file, &mut hasher).map_err(reading)?;
        let digest = hasher.finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        told["sha256"] = json!(hex);
    }
    Ok(told)
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
pub(in crate::ctl) fn run_job<J: crate::job::Job>(
    mut job: J,
    progress: &mut dyn FnMut(Progress),
) -> J::Output {
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
