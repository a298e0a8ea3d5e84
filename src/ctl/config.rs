//! `goxelctl config show`: the settings in force, and where each comes from.

use std::path::Path;

use serde_json::json;

use super::context::Context;
use super::exit::Failure;
use super::output::plain;
use super::path::origin_text;
use crate::socket_path::{Process, resolve};

/// Show settings.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl config show\n  goxelctl config show --origin --json")]
pub struct Arguments {
    /// What to do with the settings
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with the settings.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Show the settings in force
    #[command(
        after_help = "Examples:\n  goxelctl config show --origin\n  goxelctl config show --daemon --origin"
    )]
    Show {
        /// Those of the running daemon instead of this program's
        #[arg(long)]
        daemon: bool,
        /// Also tell where each comes from: flag, environment, file or built-in default
        #[arg(long)]
        origin: bool,
    },
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as a person writes it.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context, flag: Option<&Path>) -> Result<(), Failure> {
    let Command::Show { origin, daemon } = arguments.command;
    let settings = if daemon { settings_of_daemon(context)? } else { settings(context, flag) };
    if context.output.json {
        return settings.iter().try_for_each(|setting| {
            let mut object = json!({ "name": setting.name, "value": setting.value });
            if origin {
                object["origin"] = setting.origin.as_str().into();
            }
            context.output.object(&object)
        });
    }
    let mut rows = vec![vec!["SETTING".to_owned(), "VALUE".to_owned()]];
    rows.extend(settings.iter().map(|s| vec![s.name.clone(), s.value.clone()]));
    if origin {
        rows[0].push("ORIGIN".to_owned());
        rows[1..].iter_mut().zip(&settings).for_each(|(row, s)| row.push(s.origin.clone()));
    }
    context.output.table(&rows)
}

/// What the running daemon is set to.
fn settings_of_daemon(context: &Context) -> Result<Vec<Setting>, Failure> {
    let config = context.call("server.config", serde_json::Value::Null)?;
    let settings = config["settings"].as_array().into_iter().flatten().map(|setting| Setting {
        name: plain(&setting["key"]),
        value: plain(&setting["value"]),
        origin: plain(&setting["origin"]),
    });
    Ok(settings.collect())
}

/// What this program itself is set to. The daemon's settings come from its own configuration.
fn settings(context: &Context, flag: Option<&Path>) -> Vec<Setting> {
    let (path, origin) = resolve(flag, &Process);
    let default = crate::client::ConnectionOptions::default();
    let (timeout, framing) = (context.options.call_timeout, context.framing());
    let by_flag = |differs: bool, name: &str| {
        if differs { format!("the flag --{name}") } else { "the built-in default".to_owned() }
    };
    vec![
        Setting {
            name: "socket".into(),
            value: path.display().to_string(),
            origin: origin_text(origin),
        },
        Setting {
            name: "timeout".into(),
            value: format!("{timeout:?}"),
            origin: by_flag(timeout != default.call_timeout, "timeout"),
        },
        Setting {
            name: "framing".into(),
            value: framing.as_str().into(),
            origin: by_flag(framing != default.framing, "framing"),
        },
    ]
}
