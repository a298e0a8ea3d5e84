//! `goxelctl status`: what the daemon says about itself.

use serde_json::Value;

use super::context::Context;
use super::exit::Failure;

/// Show what the daemon says about itself; code 69 if there is no daemon.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl status\n  goxelctl status --json | jq .pid")]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments, context: &Context) -> Result<(), Failure> {
    let mut status = context.call("status", Value::Null)?;
    if let Value::Object(members) = &mut status {
        members.insert("socket".into(), context.socket.display().to_string().into());
    }
    if context.output.json {
        context.output.object(&status)
    } else {
        context.output.fields(&status)
    }
}
