//! `goxelctl render`: pictures of files, or of the daemon's project.
//!
//! With two files, or with `-o`, no daemon is asked: the file is read and drawn here, by the code
//! that answers goxel.look, so both give the same bytes.

mod flags;
#[cfg(feature = "server")]
mod offline;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::context::{Context, absolute, is_stdout};
use super::exit::Failure;
use super::output::short_bytes;
pub(super) use flags::Flags;
#[cfg(feature = "server")]
pub(super) use offline::{drawn_here, read_params};

/// Render a file, or the daemon's project, to a picture.
///
/// With one file it is the picture of the daemon's project. With two, the first is a model and the
/// second its picture; with -o all are models. Then no daemon is needed.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl render castle.vox castle.png --camera front --camera iso --size 800x400\n  \
    goxelctl render castle.gox castle.gif --turntable 36 --ground\n  \
    goxelctl render models/*.vox -o pictures/ --format webp\n  \
    goxelctl render - - --style flat < castle.vox > castle.png\n  \
    goxelctl render picture.png                      # the daemon's project\n  \
    goxelctl render - --background transparent > picture.png")]
pub struct Arguments {
    /// The picture of the daemon's project; or a model and its picture; or models, with -o; - is
    /// stdin or stdout
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the pictures of several models into a directory, which is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The project; without this the default one
    #[arg(long)]
    pub project: Option<String>,
    /// How many models are drawn side by side
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match (&arguments.files[..], &arguments.out) {
        ([output], None) => of_project(output, arguments, context),
        #[cfg(feature = "server")]
        (files, _) => {
            if arguments.project.is_some() {
                let text = "--project is of the daemon, which is not asked about files";
                return Err(Failure::Usage(text.to_owned()));
            }
            offline::run(files, arguments, context)
        }
        #[cfg(not(feature = "server"))]
        _ => Err(Failure::Unavailable("drawing of files is not built in".to_owned())),
    }
}

/// A picture of the daemon's project.
fn of_project(output: &Path, arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut params = arguments.flags.params()?;
    if let Some(project) = &arguments.project {
        params.insert("project".into(), project.as_str().into());
    }
    if is_stdout(output) {
        context.output.check_binary("a picture")?;
        let answer = context.call("goxel.look", Value::Object(params))?;
        tell(&answer, context);
        return context.output.bytes(&picture_of(&answer)?);
    }
    let path = absolute(output)?;
    params.insert("path".into(), json!(path));
    let answer = context.call("goxel.look", Value::Object(params))?;
    let (width, height) = (&answer["width"], &answer["height"]);
    let bytes = answer["bytes"].as_u64().unwrap_or_default();
    if context.output.json {
        return context.output.object(&json!({ "path": path, "bytes": bytes, "answer": answer }));
    }
    tell(&answer, context);
    context.output.say(&format!("{}: {width}x{height}, {}", path.display(), short_bytes(bytes)));
    Ok(())
}

/// The picture of an answer.
pub(super) fn picture_of(answer: &Value) -> Result<Vec<u8>, Failure> {
    use base64::Engine as _;
    let text = answer["image_data"].as_str().unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    bytes.map_err(|error| Failure::Failed(format!("the daemon's picture is not base64: {error}")))
}

fn tell(answer: &Value, context: &Context) {
    let warnings = answer["warnings"].as_array().into_iter().flatten();
    for warning in warnings.filter_map(Value::as_str) {
        context.output.say(&format!("warning: {warning}"));
    }
}
