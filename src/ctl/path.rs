//! `goxelctl path`: the socket's path, and why it is this one.

use std::path::Path;

use serde_json::json;

use super::context::Context;
use super::exit::Failure;
use crate::socket_path::{Origin, Process, SOCKET_PATH_VARIABLE, resolve};

/// Show the path of the daemon's socket. Nothing is connected to.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  goxelctl path\n  nc -N -U \"$(goxelctl path)\" < calls.jsonl\n  \
    goxelctl path --origin"
)]
pub struct Arguments {
    /// Also tell which part of the rule chose it
    #[arg(long)]
    pub origin: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context, flag: Option<&Path>) -> Result<(), Failure> {
    let (path, origin) = resolve(flag, &Process);
    let origin = origin_text(origin);
    if context.output.json {
        return context.output.object(&json!({ "path": path, "origin": origin }));
    }
    let shown = path.display();
    let line = if arguments.origin { format!("{shown}\t{origin}") } else { shown.to_string() };
    context.output.line(&line)
}

/// Where a path came from, in words.
pub fn origin_text(origin: Origin) -> String {
    match origin {
        Origin::Flag => "the flag --socket".into(),
        Origin::Environment => format!("the environment variable {SOCKET_PATH_VARIABLE}"),
        Origin::Homebrew => "the Homebrew run directory".into(),
        Origin::RuntimeDirectory => "XDG_RUNTIME_DIR".into(),
        Origin::Fallback => "the built-in default".into(),
    }
}
