//! `goxelctl call`: one method, one result.

use std::path::Path;
use std::time::Duration;

use super::context::{Context, raw_json, read_input};
use super::exit::Failure;
use super::output::ProgressBar;

/// How often a long call tells how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Call one method and print its result as JSON: laid out and coloured on a terminal, else on one
/// line.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl call list_methods\n  \
    goxelctl call goxel.add_voxel '[1, 2, 3, 255, 0, 0]'\n  \
    goxelctl call goxel.get_voxel '{\"position\": [1, 2, 3]}'\n  \
    echo '{\"x\":1,\"y\":2,\"z\":3}' | goxelctl call goxel.remove_voxel -")]
pub struct Arguments {
    /// The method's name
    pub method: String,
    /// Its params as JSON, an array or an object; - reads them from stdin
    pub params: Option<String>,
    /// Send a notification: the daemon carries it out and answers nothing
    #[arg(long)]
    pub notify: bool,
    /// Show how far a long call is, on stderr; needs params by name
    #[arg(long)]
    pub progress: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let text = match arguments.params.as_deref() {
        None => "null".to_owned(),
        Some("-") => String::from_utf8(read_input(Path::new("-"))?)
            .map_err(|error| Failure::Data(format!("the params are not UTF-8: {error}")))?,
        Some(text) => text.to_owned(),
    };
    let params = raw_json(text, "the params")?;
    if !params.get().trim_start().starts_with(['[', '{', 'n']) {
        return Err(Failure::Data(format!(
            "params are an array or an object, not {}",
            params.get()
        )));
    }
    let params = super::call_paths::absolute_paths(&arguments.method, params);
    let mut connection = context.connect()?;
    if arguments.notify {
        return Ok(connection.notify(&arguments.method, params)?);
    }
    let result = if arguments.progress {
        let mut bar = ProgressBar::new(&context.output, &arguments.method);
        connection.call_with_progress(&arguments.method, params, PROGRESS_INTERVAL, |progress| {
            bar.show(progress.done, progress.total);
        })?
    } else {
        connection.call_raw(&arguments.method, params)?
    };
    context.output.raw(result.get())
}
