//! The command line of `goxel-daemon`: one table, from which parsing and help come.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use log::LevelFilter;

use super::limits::{Limits, SETTINGS, Setting, Unit};
use super::{Config, logging};

/// What the command line asks for.
pub enum Command {
    /// Serve.
    Serve(Box<Config>, LevelFilter),
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
        long: "socket-mode",
        value: "MODE",
        help: "Mode of the socket files, in octal (default 0600)",
        apply: |parsed, value| {
            let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o777);
            parsed.config.permissions.mode = mode.ok_or("expected an octal number up to 0777")?;
            Ok(())
        },
    },
    Flag {
        short: None,
        long: "socket-group",
        value: "GROUP",
        help: "Group of the socket files",
        apply: |parsed, value| {
            parsed.config.permissions.group = Some(id_of(value, "/etc/group")?);
            Ok(())
        },
    },
    Flag {
        short: None,
        long: "allow-uid",
        value: "USER",
        help: "Serve this user only; may be given several times",
        apply: |parsed, value| {
            parsed.config.allowed_users.push(id_of(value, "/etc/passwd")?);
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
        let value = |parser: &mut lexopt::Parser| {
            let value = parser.value().and_then(|value| value.string());
            value.map_err(|error| error.to_string())
        };
        if let Some(setting) = limit_of(&argument) {
            let value = value(&mut parser)?;
            setting.apply(&mut parsed.config.limits, &value)?;
            continue;
        }
        let flag = match argument {
            Short(letter) => FLAGS.iter().find(|flag| flag.short == Some(letter)),
            Long(name) => FLAGS.iter().find(|flag| flag.long == name),
            Value(word) => return Err(format!("unexpected word {word:?}")),
        };
        let Some(flag) = flag else { return Err(argument.unexpected().to_string()) };
        let value = if flag.value.is_empty() { String::new() } else { value(&mut parser)? };
        (flag.apply)(&mut parsed, &value)
            .map_err(|problem| format!("--{} {value}: {problem}", flag.long))?;
    }
    if let Some(print) = parsed.print {
        return Ok(Command::Print(print()));
    }
    parsed.config.limits.check()?;
    Ok(Command::Serve(Box::new(parsed.config), parsed.level))
}

/// The limit that a flag sets; `-m` is what the reference calls its limit of connections.
fn limit_of(argument: &lexopt::Arg<'_>) -> Option<&'static Setting> {
    let name = match argument {
        Short('m') => "max-connections",
        Long(name) => name,
        _ => return None,
    };
    SETTINGS.iter().find(|setting| setting.name == name)
}

fn help() -> String {
    let mut text = String::from(
        "goxel-daemon serves a voxel engine on a Unix socket.\n\n\
         Usage: goxel-daemon [FLAGS]\n\nFlags:\n",
    );
    let mut line = |short: Option<char>, long: &str, value: &str, help: &str| {
        let short = short.map_or("    ".into(), |letter| format!("-{letter}, "));
        let name = format!("{short}--{long} {value}");
        text.push_str(&format!("  {name:<34}{help}\n"));
    };
    for flag in FLAGS {
        line(flag.short, flag.long, flag.value, flag.help);
    }
    let defaults = Limits::default();
    for setting in SETTINGS {
        let short = Some('m').filter(|_| setting.name == "max-connections");
        let value = match setting.unit {
            Unit::Count => "NUM",
            Unit::Bytes => "BYTES",
            Unit::Time => "TIME",
        };
        let help = format!("{} (default {})", setting.help, setting.show(&defaults));
        line(short, setting.name, value, &help);
    }
    text
}

/// A user or group by number or by its name in the system's list.
fn id_of(text: &str, list: &str) -> Result<u32, String> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let entries = std::fs::read_to_string(list).map_err(|error| format!("{list}: {error}"))?;
    let mut fields = entries.lines().map(|line| line.split(':'));
    let id = fields.find_map(|mut fields| {
        (fields.next() == Some(text)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    id.ok_or_else(|| format!("there is no such name in {list}; give its number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(words: &[&str]) -> Result<Config, String> {
        match parse(words.iter().map(OsString::from))? {
            Command::Serve(config, _) => Ok(*config),
            Command::Print(text) => Err(text),
        }
    }

    #[test]
    fn flags_reach_their_settings() {
        let config = config(&["-s", "/a", "--socket=/b", "-m", "7", "--idle-timeout", "90s"]);
        let config = config.unwrap();
        assert_eq!(config.sockets, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(config.limits.connections, 7);
        assert_eq!(config.limits.idle.as_secs(), 90);
        let config = super::tests::config(&["--socket-mode", "0660", "--allow-uid", "12"]).unwrap();
        assert_eq!(config.permissions.mode, 0o660);
        assert_eq!(config.allowed_users, [12]);
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |words: &[&str]| config(words).unwrap_err();
        assert!(problem(&["--bogus"]).contains("--bogus"));
        assert!(problem(&["word"]).contains("word"));
        assert!(problem(&["-m", "0"]).contains("must be 1-65536"));
        assert!(problem(&["--socket-mode", "9"]).contains("octal"));
        assert!(problem(&["--log-level", "loud"]).contains("expected off, error"));
        assert!(problem(&["--outbound-hard-bytes", "4K"]).contains("larger than"));
    }

    #[test]
    fn help_shows_every_flag_and_limit() {
        let text = config(&["--help"]).unwrap_err();
        let names = FLAGS.iter().map(|flag| flag.long);
        for name in names.chain(SETTINGS.iter().map(|setting| setting.name)) {
            assert!(text.contains(&format!("--{name} ")), "{name}");
        }
        assert!(config(&["--version"]).unwrap_err().starts_with("goxel-daemon version "));
    }
}
