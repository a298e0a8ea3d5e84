//! The command line of `goxel-daemon`: one table, from which parsing and help come.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use log::LevelFilter;

use super::{Config, logging};
use crate::socket_path::socket_path;

/// What the command line asks for.
pub enum Command {
    /// Serve.
    Serve(Config, LevelFilter),
    /// Print a text and exit with success.
    Print(String),
}

/// One flag.
struct Flag {
    short: Option<char>,
    long: &'static str,
    /// The name of its value in the help; empty if it takes none.
    value: &'static str,
    help: &'static str,
    apply: fn(&mut Parsed, &str) -> Result<(), String>,
}

struct Parsed {
    config: Config,
    level: LevelFilter,
    print: Option<fn() -> String>,
}

const FLAGS: &[Flag] = &[
    Flag {
        short: Some('s'),
        long: "socket",
        value: "PATH",
        help: "Listen here; may be given several times",
        apply: |parsed, value| {
            parsed.config.sockets.push(PathBuf::from(value));
            Ok(())
        },
    },
    Flag {
        short: None,
        long: "log-level",
        value: "LEVEL",
        help: "off, error, warn, info, debug or trace (default info)",
        apply: |parsed, value| {
            parsed.level =
                logging::level(value).ok_or("expected off, error, warn, info, debug or trace")?;
            Ok(())
        },
    },
    Flag {
        short: None,
        long: "allow-shutdown",
        value: "",
        help: "Let a call stop the daemon",
        apply: |parsed, _| {
            parsed.config.allow_shutdown = true;
            Ok(())
        },
    },
    Flag {
        short: Some('h'),
        long: "help",
        value: "",
        help: "Print this text",
        apply: |parsed, _| {
            parsed.print = Some(help);
            Ok(())
        },
    },
    Flag {
        short: Some('v'),
        long: "version",
        value: "",
        help: "Print the version",
        apply: |parsed, _| {
            parsed.print = Some(|| format!("goxel-daemon version {}\n", crate::VERSION));
            Ok(())
        },
    },
];

/// Reads a command line, without the name of the program.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parsed = Parsed { config: Config::default(), level: LevelFilter::Info, print: None };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let flag = match argument {
            Short(letter) => FLAGS.iter().find(|flag| flag.short == Some(letter)),
            Long(name) => FLAGS.iter().find(|flag| flag.long == name),
            Value(word) => return Err(format!("unexpected word {word:?}")),
        };
        let Some(flag) = flag else { return Err(argument.unexpected().to_string()) };
        let value = match flag.value {
            "" => String::new(),
            _ => parser
                .value()
                .and_then(|value| value.string())
                .map_err(|error| error.to_string())?,
        };
        (flag.apply)(&mut parsed, &value)
            .map_err(|problem| format!("--{} {value}: {problem}", flag.long))?;
    }
    if let Some(print) = parsed.print {
        return Ok(Command::Print(print()));
    }
    if parsed.config.sockets.is_empty() {
        parsed.config.sockets.push(socket_path(None));
    }
    Ok(Command::Serve(parsed.config, parsed.level))
}

fn help() -> String {
    let mut text = String::from(
        "goxel-daemon serves a voxel engine on a Unix socket.\n\nUsage: goxel-daemon [FLAGS]\n\nFlags:\n",
    );
    for flag in FLAGS {
        let short = flag.short.map_or("    ".into(), |letter| format!("-{letter}, "));
        let name = format!("{short}--{} {}", flag.long, flag.value);
        text.push_str(&format!("  {name:<32}{}\n", flag.help));
    }
    text
}
