//! Pictures of files, drawn here: no daemon is asked.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::Arguments;
use crate::api::methods::look::LookParams;
use crate::api::{Args, Params};
use crate::ctl::context::{Context, is_stdout};
use crate::ctl::convert::{load_file, run_job};
use crate::ctl::exit::Failure;
use crate::ctl::output::{ProgressBar, short_bytes};
use crate::document::Document;
use crate::format::{ReadOptions, replace_file};
use crate::job::{Progress, Work};
use crate::picturing::{Wish, draw_file, ended_early, made_smaller, merging};
use crate::plain_words::counted;
use crate::render::{FileKind, PictureFile};

/// A model and the file of its picture.
struct Job {
    input: PathBuf,
    output: PathBuf,
}

/// Draws the files that are named.
pub(super) fn run(
    files: &[PathBuf],
    arguments: &Arguments,
    context: &Context,
) -> Result<(), Failure> {
    let jobs = jobs(files, arguments)?;
    if let [only] = &jobs[..] {
        let mut bar = ProgressBar::new(&context.output, "render");
        let drawn = draw(only, arguments, &mut |progress| bar.show(progress.done, progress.total));
        bar.clear();
        return tell(only, drawn?, context);
    }
    let total = jobs.len();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.jobs.unwrap_or(threads).clamp(1, 64).min(total.max(1));
    let next = AtomicUsize::new(0);
    // The bar, how many are done, and the codes of those that failed.
    let talk = Mutex::new((ProgressBar::new(&context.output, "render"), 0, Vec::new()));
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let drawn = draw(job, arguments, &mut |_| {});
            let Ok(mut talk) = talk.lock() else { return };
            talk.0.clear();
            if let Err(failure) = drawn.and_then(|drawn| tell(job, drawn, context)) {
                context.output.say(&format!("goxelctl: {}: {failure}", job.input.display()));
                talk.2.push(failure.code());
            }
            talk.1 += 1;
            let done = talk.1;
            talk.0.show(done, total as u64);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    let (mut bar, _, failures) = talk.into_inner().unwrap_or_else(|lock| lock.into_inner());
    bar.clear();
    match failures.iter().max() {
        None => Ok(()),
        Some(&code) => {
            let text = format!("{} of {} not drawn", failures.len(), counted(total as u64, "file"));
            Err(Failure::Several { code, text })
        }
    }
}

fn jobs(files: &[PathBuf], arguments: &Arguments) -> Result<Vec<Job>, Failure> {
    let Some(directory) = &arguments.out else {
        return match files {
            [input, output] => Ok(vec![Job { input: input.clone(), output: output.clone() }]),
            _ => Err(Failure::Usage(
                "several models need a directory for their pictures: give it with -o".to_owned(),
            )),
        };
    };
    let params = arguments.flags.params()?;
    let moves = params.contains_key("turntable");
    let kind = match arguments.flags.format.as_deref() {
        None if moves => FileKind::Apng,
        None => FileKind::Png,
        Some(name) => FileKind::from_name(name).unwrap_or_default(),
    };
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::CannotCreate(directory.clone(), error))?;
    let job = |input: &PathBuf| {
        let stem = match input.file_stem() {
            Some(stem) if stem != "-" => stem.to_string_lossy().into_owned(),
            _ => "stdin".to_owned(),
        };
        let output = directory.join(format!("{stem}.{}", kind.name()));
        Job { input: input.clone(), output }
    };
    Ok(files.iter().map(job).collect())
}

/// A picture that is in its file, or on its way to stdout, and what is to be said about it.
struct Drawn {
    file: PictureFile,
    warnings: Vec<String>,
}

fn draw(
    job: &Job,
    arguments: &Arguments,
    progress: &mut dyn FnMut(Progress),
) -> Result<Drawn, Failure> {
    let loaded = load_file(&job.input, None, ReadOptions::default(), progress)?;
    let mut params = arguments.flags.params()?;
    let is_stdout = is_stdout(&job.output);
    if !is_stdout {
        params.insert("path".into(), json!(job.output));
    }
    let wish = read_params(&loaded.document, &Value::Object(params))?;
    let mut warnings = loaded.warnings;
    warnings.extend(wish.warnings.iter().cloned());
    if arguments.flags.params()?.contains_key("timelapse") {
        warnings.push("a file has no history: the time-lapse has one frame".to_owned());
    }
    let settings = &wish.look.settings;
    let (wanted, traced) = ([settings.width, settings.height], settings.tracing);
    let longest = wish.max_bytes;
    let file = drawn_here(&loaded.document, wish, progress)?;
    let sizes = [[file.width, file.height], wanted];
    warnings.extend(made_smaller(sizes, file.bytes.len(), longest));
    warnings.extend(ended_early(traced, file.samples));
    if !is_stdout {
        let bytes = file.bytes.clone().into_vec();
        replace_file(&job.output, &bytes).map_err(|error| match error {
            crate::format::FormatError::Io { source, .. } => {
                Failure::CannotCreate(job.output.clone(), source)
            }
            error => Failure::Data(error.to_string()),
        })?;
    }
    Ok(Drawn { file, warnings })
}

/// What params of goxel.look ask for of a document.
pub(in crate::ctl) fn read_params(document: &Document, params: &Value) -> Result<Wish, Failure> {
    let usage = |error: String| Failure::Usage(error);
    let text = params.to_string();
    let mut args = Args::new(Some(&text)).ok_or_else(|| usage("no params".to_owned()))?;
    crate::api::notes::clear();
    let taken = LookParams::take(&mut args).map_err(|error| usage(error.to_string()))?;
    let known = || LookParams::PARAMS.iter().flat_map(|param| param.names).copied().collect();
    args.finish(known).map_err(|error| usage(error.to_string()))?;
    let wish = Wish::of_look(document, &taken).map_err(|error| usage(error.to_string()))?;
    match crate::api::notes::take().into_iter().next() {
        None => Ok(wish),
        Some(note) => Err(usage(note)),
    }
}

/// The picture of a document.
pub(in crate::ctl) fn drawn_here(
    document: &Document,
    wish: Wish,
    progress: &mut dyn FnMut(Progress),
) -> Result<PictureFile, Failure> {
    let mut wish = wish;
    if let Some(tracing) = &mut wish.look.settings.tracing {
        // They change no byte.
        tracing.threads = std::thread::available_parallelism().map_or(1, usize::from);
    }
    let merging = merging(document, wish.layers.as_deref());
    let work = Work::new(move |slice| async move {
        let volume = slice.run(merging).await.merged().clone();
        draw_file(wish, vec![volume], &slice).await
    });
    run_job(work, progress).map_err(|error| Failure::Failed(error.to_string()))
}

fn tell(job: &Job, drawn: Drawn, context: &Context) -> Result<(), Failure> {
    let Drawn { file, warnings } = drawn;
    let PictureFile { width, height, kind, frames, bytes, .. } = file;
    if is_stdout(&job.output) {
        context.output.check_binary("a picture")?;
        warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
        return context.output.bytes(&bytes.into_vec());
    }
    if context.output.json {
        return context.output.object(&json!({
            "input": job.input, "path": job.output, "format": kind.name(), "width": width,
            "height": height, "frames": frames, "bytes": bytes.len(), "warnings": warnings,
        }));
    }
    warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
    let (path, length) = (job.output.display(), short_bytes(bytes.len()));
    context.output.say(&format!("{path}: {width}x{height}, {length}"));
    Ok(())
}
