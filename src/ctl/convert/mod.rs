//! `goxelctl convert`: files in one format to files in another. Needs no daemon.
//!
//! Several inputs are converted side by side, a thread each; one that is refused does not stop the
//! others, and the exit code is the highest of all.

mod flags;
mod inputs;
mod one;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::context::{Context, is_stdout};
use super::exit::Failure;
use super::output::ProgressBar;
use crate::format;
use crate::plain_words::counted;
use one::Job;
#[cfg(feature = "server")]
pub(super) use one::run_job;
pub(super) use one::{Target, load_file, lost_to_json, put};

/// Convert files to another format, chosen by the endings. Works by itself, without a daemon.
///
/// An output is replaced in one step when it is complete, so it is never half written. What the new
/// format cannot hold is told on stderr, and with --json as a list.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl convert castle.gox castle.vox\n  \
    goxelctl convert castle.vox model.dat --to obj\n  \
    goxelctl convert models/ 'more/*.vox' --to glb -o out/\n  \
    curl -s $URL | goxelctl convert - - --to stl > model.stl\n  \
    goxelctl convert --formats")]
pub struct Arguments {
    /// Files, directories or patterns to read ('-' is stdin); without -o, the last one is the file
    /// to write
    #[arg(required_unless_present = "formats", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The format to write, if the ending does not tell
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<String>,
    /// The format to read, if content and ending do not tell
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<String>,
    /// Write the outputs into a directory, which is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Convert again whenever an input changes, until interrupted
    #[arg(long)]
    pub watch: bool,
    /// How many files are converted side by side
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<usize>,
    /// Refuse to replace an existing file
    #[arg(long)]
    pub no_clobber: bool,
    /// Tell of meshes: triangles, vertices, materials, whether closed, T-junctions; and the
    /// checksum of each output
    #[arg(long)]
    pub report: bool,
    /// List the formats
    #[arg(long)]
    pub formats: bool,
    #[command(flatten)]
    flags: flags::Flags,
}

/// How long lies between two looks at inputs that are watched.
const WATCH_PAUSE: Duration = Duration::from_millis(200);

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.formats {
        return list(context);
    }
    let plan = plan(arguments)?;
    if !arguments.watch {
        return convert_all(&plan, arguments, context);
    }
    let changed = |job: &Job| std::fs::metadata(&job.input).and_then(|facts| facts.modified()).ok();
    let mut seen: Vec<Option<SystemTime>> = vec![None; plan.len()];
    loop {
        let due = plan.iter().zip(&mut seen).filter_map(|(job, seen)| {
            let now = changed(job);
            (std::mem::replace(seen, now) != now).then(|| job.clone())
        });
        let due: Vec<Job> = due.collect();
        if !due.is_empty()
            && let Err(failure) = convert_all(&due, arguments, context)
        {
            context.output.say(&format!("goxelctl: {failure}"));
        }
        std::thread::sleep(WATCH_PAUSE);
    }
}

/// What is converted to what.
fn plan(arguments: &Arguments) -> Result<Vec<Job>, Failure> {
    let (inputs, output) = split(arguments)?;
    let inputs = inputs::expand(&inputs)?;
    let named = arguments.to.as_deref().map(format::by_name).transpose();
    let named = named.map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(output) = output {
        let [input] = &inputs[..] else {
            let text = "several inputs need a directory to write to: give it with -o";
            return Err(Failure::Usage(text.to_owned()));
        };
        if is_stdout(&output) {
            let format = named.ok_or_else(|| {
                Failure::Usage("name the format of what goes to stdout with --to".to_owned())
            })?;
            return Ok(vec![Job::new(input.clone(), Target::Stdout, checked(format)?)]);
        }
        let format = format::find_for_writing(&output, arguments.to.as_deref());
        let format = format.map_err(|error| Failure::Usage(error.to_string()))?;
        return Ok(vec![Job::new(input.clone(), Target::File(output), checked(format)?)]);
    }
    let Some(format) = named else {
        let text = "name the format of the outputs with --to";
        return Err(Failure::Usage(text.to_owned()));
    };
    let format = checked(format)?;
    let ending = format.extensions.first().copied().unwrap_or("png");
    let mut taken: HashSet<PathBuf> = inputs.iter().cloned().collect();
    let mut jobs = Vec::new();
    for input in inputs {
        let output = output_of(&input, arguments.out.as_deref(), ending);
        // Two inputs of one name must not replace each other, nor an input of its own.
        let other = format!("{}.{ending}", input.file_name().unwrap_or_default().to_string_lossy());
        let free = [output.clone(), output.with_file_name(other)];
        let output = free.into_iter().find(|path| !taken.contains(path)).ok_or_else(|| {
            let text = format!(
                "{} would replace {}: give another directory with -o",
                input.display(),
                output.display()
            );
            Failure::Usage(text)
        })?;
        taken.insert(output.clone());
        jobs.push(Job::new(input, Target::File(output), format));
    }
    if let Some(directory) = &arguments.out {
        std::fs::create_dir_all(directory)
            .map_err(|error| Failure::CannotCreate(directory.clone(), error))?;
    }
    Ok(jobs)
}

/// Where the output of an input goes that has no name of its own.
fn output_of(input: &Path, directory: Option<&Path>, ending: &str) -> PathBuf {
    let stem = match input.file_stem() {
        Some(stem) if stem != "-" => stem.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    };
    let directory = directory.or_else(|| input.parent()).unwrap_or(Path::new(""));
    directory.join(format!("{stem}.{ending}"))
}

pub(super) fn checked(format: &'static format::Format) -> Result<&'static format::Format, Failure> {
    if format.can_write() {
        return Ok(format);
    }
    let text =
        format!("format '{}' cannot be written; see goxelctl convert --formats", format.name);
    Err(Failure::Usage(text))
}

/// The inputs, and the output if the last file is one.
fn split(arguments: &Arguments) -> Result<(Vec<PathBuf>, Option<PathBuf>), Failure> {
    let mut files = arguments.files.clone();
    if arguments.out.is_some() {
        return Ok((files, None));
    }
    let last_is_input = arguments.to.as_deref().is_some_and(|to| {
        let target = format::by_name(to).ok();
        let last = files.last().cloned().unwrap_or_default();
        let own = format::by_extension(&last);
        // Pictures of slices and heights have the ending of other pictures.
        let ending = target.and_then(|f| f.extensions.first().copied()).unwrap_or("png");
        let is_of_target = last.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
        let is_other =
            own.is_some() && !is_of_target && own.map(|f| f.name) != target.map(|f| f.name);
        files.len() == 1 || files.len() > 2 || (is_other && last.exists())
    });
    if last_is_input {
        return Ok((files, None));
    }
    if files.len() < 2 {
        let text = "name the file to write, or a format with --to";
        return Err(Failure::Usage(text.to_owned()));
    }
    let output = files.pop();
    Ok((files, output))
}

/// Converts all; the failure of the highest code.
fn convert_all(plan: &[Job], arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let options = &(arguments.flags.read_options()?, arguments.flags.options()?);
    let options = (&options.0, &options.1);
    if let [only] = plan {
        let mut bar = ProgressBar::new(&context.output, "convert");
        let done = one::convert(only, arguments, options, &context.output, &mut |progress| {
            bar.show(progress.done, progress.total);
        });
        bar.clear();
        return done?.tell(context);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.jobs.unwrap_or(threads).clamp(1, 64).min(plan.len().max(1));
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let talk = Mutex::new(ProgressBar::new(&context.output, "convert"));
    let finished = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = one::convert(job, arguments, options, &context.output, &mut |_| {});
            let mut bar = talk.lock().unwrap_or_else(PoisonError::into_inner);
            bar.clear();
            let told = match done {
                Ok(done) => done.tell(context),
                Err(failure) => {
                    tell_failure(job, &failure, context);
                    Err(failure)
                }
            };
            if let (Err(failure), Ok(mut failures)) = (told, failures.lock()) {
                failures.push(failure.code());
            }
            let count = finished.fetch_add(1, Ordering::Relaxed) + 1;
            bar.show(count as u64, plan.len() as u64);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    talk.into_inner().unwrap_or_else(PoisonError::into_inner).clear();
    let failures = failures.into_inner().unwrap_or_default();
    match failures.iter().max() {
        None => Ok(()),
        Some(&code) => {
            let text = format!(
                "{} of {} not converted",
                failures.len(),
                counted(plan.len() as u64, "file")
            );
            Err(Failure::Several { code, text })
        }
    }
}

/// Tells of a failure among several files: the rest goes on.
fn tell_failure(job: &Job, failure: &Failure, context: &Context) {
    if context.output.json {
        let mut told = failure.to_json();
        told["input"] = json!(job.input);
        let _ = context.output.object(&told);
    } else {
        context.output.say(&format!("goxelctl: {}: {failure}", job.input.display()));
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let yes_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let heading = ["FORMAT", "ENDINGS", "READ", "WRITE", "NAME", "HOLDS"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for format in format::formats() {
        if context.output.json {
            context.output.object(&json!({
                "format": format.name, "title": format.title, "extensions": format.extensions,
                "read": format.can_read(), "write": format.can_write(),
                "holds": format.holds.words(), "colors": format.holds.colors,
            }))?;
        }
        rows.push(vec![
            format.name.to_owned(),
            format.extensions.join(" "),
            yes_no(format.can_read()),
            yes_no(format.can_write()),
            format.title.to_owned(),
            format.holds.words().join(", "),
        ]);
    }
    if context.output.json { Ok(()) } else { context.output.table(&rows) }
}
