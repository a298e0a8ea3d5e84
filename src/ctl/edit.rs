//! `goxelctl edit`: many operations as one change.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::context::{Context, read_input};
use super::exit::Failure;
use super::output::ProgressBar;

/// How often a long edit tells how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Apply a list of edit operations: all of them or none, as one step of the history.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl edit house.json\n  \
    echo '[{\"op\":\"box\",\"min\":[0,0,0],\"max\":[9,9,4],\"color\":\"#c83\"}]' | goxelctl edit -\n  \
    goxelctl edit house.json --dry-run")]
pub struct Arguments {
    /// A JSON array of operations, or an object with \"ops\"; - reads stdin
    pub file: PathBuf,
    /// The project; without this the default one
    #[arg(long)]
    pub project: Option<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let bytes = read_input(&arguments.file)?;
    let shown = arguments.file.display();
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Data(format!("{shown} is not JSON: {error}")))?;
    let mut params = match value {
        Value::Array(ops) => Map::from_iter([("ops".to_owned(), Value::Array(ops))]),
        Value::Object(members) => members,
        other => {
            let text = format!("{shown} must hold an array of operations, not {other}");
            return Err(Failure::Data(text));
        }
    };
    if let Some(project) = &arguments.project {
        params.insert("project".into(), project.as_str().into());
    }
    if arguments.dry_run {
        params.insert("dry_run".into(), true.into());
    }
    let mut bar = ProgressBar::new(&context.output, "edit");
    let mut connection = context.connect()?;
    let edited =
        connection.call_with_progress("goxel.edit", params, PROGRESS_INTERVAL, |progress| {
            bar.show(progress.done, progress.total);
        });
    bar.clear();
    let result: Value = serde_json::from_str(edited?.get())
        .map_err(|error| Failure::Data(format!("the result is not JSON: {error}")))?;
    match result {
        _ if context.output.json => context.output.object(&result),
        Value::Object(_) => context.output.fields(&result),
        other => context.output.object(&json!(other)),
    }
}
