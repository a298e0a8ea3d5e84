//! `goxelctl run`: a script in JavaScript on a file, without a daemon. The service of the daemon
//! runs in this program, and the script in a process of its own, as it does there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::cli::duration;
use super::context::{Context, Stop, is_stdout};
use super::convert::{Target, checked, load_file, put};
use super::exit::Failure;
use super::output::short_bytes;
use super::render::picture_of;
use crate::format::{self, Format, ReadOptions, WriteOptions};
use crate::job::Budget;
use crate::plain_words::counted;
use crate::rpc::{ConnectionId, Handled, Host, Service};
use crate::script::types;
use crate::workspace::{DEFAULT_PROJECT, Project};

/// Time between two looks whether a watched file has changed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The longest time that a script may be given.
const LONGEST: Duration = Duration::from_secs(300);
/// A slice of work between two looks whether to stop.
const SLICE: Duration = Duration::from_millis(50);

/// Run a script in JavaScript on a file, without a daemon.
///
/// SCRIPT is a file, - for stdin, or the name of a script that comes with the program or was saved.
/// What it writes with console.log goes to stderr, its value as JSON to stdout, or to stderr too
/// where the model or its picture goes to stdout. Nothing is written unless -o names a file.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl run terrain -o hills.gox --param size=96 --param seed=7 --look hills.png\n  \
    goxelctl run paint.js castle.vox -o painted.vox\n  \
    goxelctl run build.js -o out.gox --watch --look out.png\n  \
    goxelctl run tree --look - > tree.png\n  \
    goxelctl run --types > goxel.d.ts")]
pub struct Arguments {
    /// The script
    #[arg(required_unless_present = "types")]
    script: Option<PathBuf>,
    /// The model that it works on, - for stdin; without one it begins with nothing
    file: Option<PathBuf>,
    /// Write the model here, - for stdout; the ending says the format
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The format of the model that is written
    #[arg(long, value_name = "FORMAT")]
    to: Option<String>,
    /// What the script finds in `params`: a name and a value, JSON or else a text
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Run it again whenever the script or the model changes
    #[arg(long)]
    watch: bool,
    /// Draw the model into this picture, - for stdout; the ending says its form
    #[arg(long, value_name = "PICTURE")]
    look: Option<PathBuf>,
    /// Where Math.random begins
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How long it may run, at most 5m
    #[arg(long, default_value = "30s", value_parser = running_time)]
    time: Duration,
    /// Let it see the clock
    #[arg(long)]
    allow_time: bool,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Print the declarations of the API for TypeScript, and do nothing else
    #[arg(long)]
    types: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.types {
        return context.output.bytes(types::declarations().as_bytes());
    }
    let stop = Stop::on_interrupt()?;
    let script = arguments.script.clone().unwrap_or_default();
    let watched: Vec<&Path> = [Some(&script), arguments.file.as_ref()]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
        .collect();
    loop {
        let before = stamps(&watched);
        let done = once(&script, arguments, context, &stop);
        if !arguments.watch {
            return done;
        }
        if let Err(failure) = done {
            context.output.say(&failure.to_string());
        }
        while stamps(&watched) == before {
            if stop.is_set() {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

/// What tells that files were changed.
fn stamps(files: &[&Path]) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |path: &&Path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    files.iter().map(stamp).collect()
}

/// Runs the script once.
fn once(
    script: &Path,
    arguments: &Arguments,
    context: &Context,
    stop: &Stop,
) -> Result<(), Failure> {
    let target = target(arguments)?;
    let mut desk = Desk { service: Service::default(), host: Alone(Instant::now()), stop };
    if let Some(file) = &arguments.file {
        let loaded = load_file(file, None, ReadOptions::default(), &mut |_| {})?;
        loaded.warnings.iter().for_each(|warning| warn(warning, context));
        desk.service.workspace_mut().replace_default(Project::new(loaded.document));
    }
    let answer = desk.call("goxel.execute_script", request(script, arguments)?)?;
    let said = answer["output"].as_str().unwrap_or_default();
    if !said.is_empty() {
        context.output.say(said.trim_end_matches('\n'));
    }
    let is_stdout_free = !arguments.names_stdout();
    if context.output.json && is_stdout_free {
        context.output.object(&answer)?;
    }
    if answer["success"] != true {
        return Err(Failure::Failed(failed(&answer["error"])));
    }
    match &answer["result"] {
        Value::Null => {}
        value if !is_stdout_free => context.output.say(&value.to_string()),
        value if !context.output.json => context.output.line(&value.to_string())?,
        _ => {}
    }
    let mut wrote = String::new();
    if let Some((target, format)) = target.filter(|_| !arguments.dry_run) {
        let project = desk.service.workspace().project(DEFAULT_PROJECT);
        let document = project.map(|project| project.document().clone()).unwrap_or_default();
        let write = WriteOptions::default();
        let put = put(document, format, &target, write, &context.output, &mut |_| {})?;
        put.warnings.iter().for_each(|warning| warn(warning, context));
        if let Target::File(path) = target {
            wrote = format!("; {}: {}", path.display(), short_bytes(put.bytes));
        }
    }
    match &arguments.look {
        None => {}
        Some(picture) if is_stdout(picture) => {
            context.output.check_binary("a picture")?;
            let answer = desk.call("goxel.look", json!({}))?;
            context.output.bytes(&picture_of(&answer)?)?;
        }
        Some(picture) => {
            desk.call("goxel.look", json!({"path": text(picture)?, "return": "path"}))?;
        }
    }
    let told = |name: &str| answer[name].as_f64().unwrap_or_default();
    context.output.say(&format!(
        "{} {} in {:.3} s{wrote}",
        counted(told("changed") as u64, "voxel"),
        if arguments.dry_run { "would change" } else { "changed" },
        told("seconds"),
    ));
    Ok(())
}

fn warn(warning: &str, context: &Context) {
    context.output.say(&format!("warning: {warning}"));
}

/// A time that a script may take.
fn running_time(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() || time > LONGEST {
        return Err(format!("{text:?} is not within 1ms to 5m"));
    }
    Ok(time)
}

/// Where the model goes and in which format, if it goes anywhere.
fn target(arguments: &Arguments) -> Result<Option<(Target, &'static Format)>, Failure> {
    let Some(output) = &arguments.output else {
        let is_alone = arguments.to.is_some();
        let text = "--to says how the model is written: say where with -o";
        return if is_alone { Err(Failure::Usage(text.to_owned())) } else { Ok(None) };
    };
    let to_stdout = is_stdout(output);
    if to_stdout && arguments.look.as_deref().is_some_and(is_stdout) {
        let text = "the model and its picture cannot both go to stdout";
        return Err(Failure::Usage(text.to_owned()));
    }
    let format = match &arguments.to {
        Some(name) => format::by_name(name).map_err(|error| Failure::Usage(error.to_string()))?,
        None => format::by_extension(output).ok_or_else(|| {
            let path = output.display();
            Failure::Usage(format!("{path} does not tell the format: name one with --to"))
        })?,
    };
    let target = if to_stdout { Target::Stdout } else { Target::File(output.clone()) };
    Ok(Some((target, checked(format)?)))
}

impl Arguments {
    /// Whether something else than the script's value goes to stdout.
    fn names_stdout(&self) -> bool {
        [&self.output, &self.look].into_iter().flatten().any(|path| is_stdout(path))
    }
}

fn request(script: &Path, arguments: &Arguments) -> Result<Value, Failure> {
    let mut request = json!({
        "params": params(&arguments.params)?,
        "seed": arguments.seed,
        "allow_time": arguments.allow_time,
        "dry_run": arguments.dry_run,
        "timeout_ms": arguments.time.as_millis() as u64,
    });
    let name = script.to_string_lossy();
    if script == Path::new("-") || script.exists() {
        let bytes = super::context::read_input(script)?;
        let not_text = |_| Failure::Data(format!("{name} is no text in UTF-8"));
        request["script"] = String::from_utf8(bytes).map_err(not_text)?.into();
        let file = script.file_name().filter(|_| script != Path::new("-"));
        request["name"] = file.map_or("stdin".into(), |file| file.to_string_lossy().into());
    } else if crate::script::library::is_name(&name) {
        request["name"] = name.into();
    } else {
        let none = "there is no such file, and names of scripts are of a to z, 0 to 9, _ and -";
        return Err(Failure::NoInput(script.to_owned(), std::io::Error::other(none)));
    }
    Ok(request)
}

/// `name=value`: a value in JSON, or else a text.
fn params(given: &[String]) -> Result<Value, Failure> {
    let mut params = Map::new();
    for param in given {
        let Some((name, value)) = param.split_once('=') else {
            return Err(Failure::Usage(format!("--param {param}: expected NAME=VALUE")));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        params.insert(name.to_owned(), value);
    }
    Ok(params.into())
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| Failure::Usage(format!("{} is no text", path.display())))
}

/// Why a script failed, as compilers tell it.
fn failed(error: &Value) -> String {
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let (line, column) = (&error["line"], &error["column"]);
    let place = match line.as_u64() {
        None | Some(0) => part("file"),
        Some(_) => format!("{}:{line}:{column}", part("file")),
    };
    let text = part("text");
    let text = if text.is_empty() { text } else { format!("\n  {text}") };
    format!("{place}: {}{text}", part("message"))
}

/// A service with nobody else around.
struct Desk<'a> {
    service: Service,
    host: Alone,
    stop: &'a Stop,
}

impl Desk<'_> {
    fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (mut out, caller) = (Vec::new(), ConnectionId(1));
        let message = message.to_string();
        let handled = self.service.handle(message.as_bytes(), caller, &mut self.host, &mut out);
        if let Handled::Pending(mut exchange) = handled {
            loop {
                let mut budget = Budget::until(Instant::now() + SLICE);
                if self.service.step(&mut exchange, &mut self.host, &mut budget, &mut out) {
                    break;
                }
                if self.stop.is_set() {
                    self.service.cancel(*exchange, &mut self.host);
                    return Err(Failure::Interrupted);
                }
                if budget.rest_asked_for().is_some() {
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
        }
        let mut answer: Value = serde_json::from_slice(&out)
            .map_err(|error| Failure::Data(format!("{method}: {error}")))?;
        if let Some(error) = answer.get("error") {
            let message = error["message"].as_str().unwrap_or_default();
            let hint = error["data"]["hint"].as_str();
            // What the call names so is an option here.
            let hint =
                hint.map(|hint| hint.replace("timeout_ms, up to 300000", "--time, up to 5m"));
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            let near = error["data"]["nearest"].as_str();
            let near = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            return Err(Failure::Failed(format!("{message}{near}{hint}")));
        }
        Ok(answer["result"].take())
    }
}

/// The server, as far as there is one.
struct Alone(Instant);

impl Host for Alone {
    fn now(&self) -> Instant {
        Instant::now()
    }
    fn started(&self) -> Instant {
        self.0
    }
}
