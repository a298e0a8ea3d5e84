//! The command line, as data: help, completions and man pages all come from here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::client::Framing;

use super::{
    bench, call, complete, config, connections, documents, edit, health, help, metrics, path, ping,
    render, repl, script, status, top, watch,
};

/// The hand tool of the voxel daemon: one call, many calls, pictures, measurements.
#[derive(Parser, Debug)]
#[command(
    name = "goxelctl",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 the daemon refused, 2 bad command line, 65 bad input, 66 no such input,\n\
        69 no daemon, 70 internal, 73 cannot create, 74 input or output, 75 timed out, 77 no permission,\n\
        130 interrupted.\n\n\
        Examples:\n  \
        goxelctl ping --count 5\n  \
        goxelctl call goxel.add_voxel '[1, 2, 3, 255, 0, 0]'\n  \
        goxelctl render picture.png --camera isometric\n  \
        goxelctl help add_voxel"
)]
pub struct Cli {
    /// Where the daemon is and how to write.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The daemon's socket; `goxelctl path` shows what is used without this
    #[arg(long, short, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Talk to a daemon of this user, too; at the path of last resort in /tmp only you and root are
    /// trusted
    #[arg(long, global = true, value_name = "UID")]
    pub peer_uid: Option<u32>,
    /// Write data as JSON: one object, or one a line for streams
    #[arg(long, global = true)]
    pub json: bool,
    /// Write no remarks on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Give up on a call after this long, in seconds or as 500ms, 10s, 2m
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// How messages are cut apart on the socket
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub framing: FramingName,
    /// Never write colour (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// [`Framing`] as a word of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FramingName {
    /// One JSON value a line
    Text,
    /// A 16-byte header before each message
    Binary,
}

impl From<FramingName> for Framing {
    fn from(name: FramingName) -> Self {
        match name {
            FramingName::Text => Framing::Text,
            FramingName::Binary => Framing::Binary,
        }
    }
}

/// The commands.
#[derive(Subcommand, Debug)]
// One of them is made in the life of the program.
#[allow(clippy::large_enum_variant)]
pub enum Command {
    /// Call one method and print its result
    Call(call::Arguments),
    /// List the methods, or those with a word in them
    Methods(help::MethodsArguments),
    /// Explain a method, an operation or a command
    Help(help::HelpArguments),
    /// Ask the daemon for signs of life and measure them
    Ping(ping::Arguments),
    /// Show what the daemon says about itself
    Status(status::Arguments),
    /// Show the daemon's state of health
    Health(health::Arguments),
    /// Print the daemon's metrics for Prometheus
    Metrics(metrics::Arguments),
    /// Show connections, calls a second, latency and memory, live
    Top(top::Arguments),
    /// List the daemon's connections
    Connections(connections::ListArguments),
    /// Close connections
    Kill(connections::KillArguments),
    /// Print a line whenever a project changes
    Watch(watch::Arguments),
    /// Apply a list of edit operations
    Edit(edit::Arguments),
    /// Convert a file to another format, without a daemon
    #[cfg(feature = "engine")]
    Convert(super::convert::Arguments),
    /// Run a script in JavaScript on a file, without a daemon
    #[cfg(feature = "scripts")]
    Run(super::run::Arguments),
    /// Show what is in a file, without a daemon
    #[cfg(feature = "engine")]
    Info(super::info::Arguments),
    /// Show in what two files differ, without a daemon
    #[cfg(feature = "engine")]
    Diff(super::diff::Arguments),
    /// Look at the files of a journal, without a daemon
    #[cfg(feature = "server")]
    Journal(super::journal::Arguments),
    /// Show, export or give up the changes that came back from a journal
    #[cfg(feature = "server")]
    Recover(super::recover::Arguments),
    /// Put the installed daemon in the place of the one that runs
    #[cfg(feature = "server")]
    Upgrade(super::upgrade::Arguments),
    /// Render a file, or the daemon's project, to a picture
    Render(render::Arguments),
    /// Draw a file in the terminal
    #[cfg(feature = "server")]
    Show(super::show::Arguments),
    /// Make the calls of a file
    Script(script::Arguments),
    /// Make calls as fast as they are answered, and measure
    Bench(bench::Arguments),
    /// Call methods by hand, with history and completion
    Repl(repl::Arguments),
    /// Show the socket's path and where it comes from
    Path(path::Arguments),
    /// Show settings and where they come from
    Config(config::Arguments),
    /// Print the completions of a shell
    Completion(documents::CompletionArguments),
    /// Print the manual page
    Man(documents::ManArguments),
    /// Print what a word could become
    #[command(hide = true)]
    Complete(complete::Arguments),
}

/// Options of every command that some have no use for, so that their help does not show them.
const UNUSED: [(&str, &[&str]); 8] = [
    ("convert", &["socket", "timeout", "framing", "no_color"]),
    ("info", &["socket", "timeout", "framing", "no_color"]),
    ("diff", &["socket", "timeout", "framing", "no_color"]),
    ("journal", &["socket", "timeout", "framing", "no_color"]),
    ("completion", &["socket", "timeout", "framing", "no_color", "json", "quiet"]),
    ("man", &["socket", "timeout", "framing", "no_color", "json"]),
    ("path", &["timeout", "framing", "no_color", "quiet"]),
    ("repl", &["json"]),
];

/// The command line with what is not used hidden.
pub fn command() -> clap::Command {
    let mut command = <Cli as clap::CommandFactory>::command();
    let global: Vec<clap::Arg> = command.get_arguments().cloned().collect();
    for (name, unused) in UNUSED {
        if command.find_subcommand(name).is_none() {
            continue;
        }
        let hidden = global.iter().filter(|arg| unused.contains(&arg.get_id().as_str()));
        let hidden: Vec<_> = hidden.map(|arg| arg.clone().hide(true)).collect();
        command = command.mut_subcommand(name, |subcommand| subcommand.args(hidden));
    }
    command
}

/// Reads a time: a number of seconds, or a number with ms, s, m or h.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| format!("{text:?} is not a time such as 10s"))?;
    let seconds = match unit.trim() {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        unit => return Err(format!("{unit:?} is not a unit of time: use ms, s, m or h")),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "1w", "-1s", "1e999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
