//! `goxelctl render`: the project as a picture.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::context::{Context, absolute};
use super::exit::Failure;
use super::output::short_bytes;

/// Render a project to a PNG picture.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl render picture.png\n  \
    goxelctl render front.png --camera front --size 800x600 --background 255,255,255\n  \
    goxelctl render - > picture.png")]
pub struct Arguments {
    /// The picture's file; - writes it to stdout
    pub output: PathBuf,
    /// Width and height in pixels
    #[arg(long, default_value = "512x512", value_parser = size)]
    pub size: (u32, u32),
    /// front, back, left, right, top, bottom or isometric
    #[arg(long, visible_alias = "view")]
    pub camera: Option<String>,
    /// The background as r,g,b or r,g,b,a, each 0 to 255
    #[arg(long, value_parser = colour)]
    pub background: Option<Colour>,
    /// The project; without this the default one
    #[arg(long)]
    pub project: Option<String>,
}

/// A colour of three or four bytes.
#[derive(Clone, Debug)]
pub struct Colour(Vec<u8>);

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.output == Path::new("-") {
        return render_to_stdout(arguments, context);
    }
    let path = absolute(&arguments.output)?;
    let answer = render_to(&path, arguments, context)?;
    let bytes =
        std::fs::metadata(&path).map_err(|error| Failure::NoInput(path.clone(), error))?.len();
    if context.output.json {
        return context.output.object(&json!({ "path": path, "bytes": bytes, "answer": answer }));
    }
    let (width, height) = arguments.size;
    context.output.say(&format!("{}: {width}x{height}, {}", path.display(), short_bytes(bytes)));
    Ok(())
}

/// The daemon writes files, so the picture takes the way through a private directory.
fn render_to_stdout(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let name = format!("goxelctl-{}-{}", std::process::id(), unique());
    let directory = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .map_err(|error| Failure::CannotCreate(directory.clone(), error))?;
    let path = directory.join("picture.png");
    let result = render_to(&path, arguments, context)
        .and_then(|_| std::fs::read(&path).map_err(|error| Failure::NoInput(path.clone(), error)))
        .and_then(|bytes| context.output.bytes(&bytes));
    // The picture has been passed on, or could not be made: either way the directory is of no use.
    let _ = std::fs::remove_dir_all(&directory);
    result
}

fn render_to(path: &Path, arguments: &Arguments, context: &Context) -> Result<Value, Failure> {
    let (width, height) = arguments.size;
    let mut params = Map::new();
    params.insert("output_path".into(), json!(path));
    params.insert("width".into(), width.into());
    params.insert("height".into(), height.into());
    if let Some(camera) = &arguments.camera {
        params.insert("camera_preset".into(), camera.as_str().into());
    }
    if let Some(Colour(background)) = &arguments.background {
        params.insert("options".into(), json!({ "background_color": background }));
    }
    if let Some(project) = &arguments.project {
        params.insert("project".into(), project.as_str().into());
    }
    context.call("goxel.render_scene", Value::Object(params))
}

/// A number that differs between two runs with the same process id.
fn unique() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos())
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| {
        Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
    });
    match parsed {
        Some((width, height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(format!("{text:?} is not a size such as 800x600")),
    }
}

fn colour(text: &str) -> Result<Colour, String> {
    let parts: Result<Vec<u8>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match parts {
        Ok(parts) if matches!(parts.len(), 3 | 4) => Ok(Colour(parts)),
        _ => Err(format!("{text:?} is not a colour such as 255,128,0")),
    }
}
