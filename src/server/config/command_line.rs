//! The command line: every setting of the table as a flag, and the flags that ask for something
//! else than serving.
//!
//! Long options take `--name=value` or `--name value`; short ones `-n value` or `-nvalue`.
//! Abbreviations are not understood. Of a flag that is given twice the last one counts, but for
//! those that may be given several times.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::table::{Setting, TABLE};
use crate::likeness::nearest;

/// What the program is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Serve.
    #[default]
    Serve,
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Print the manual page.
    Manual,
    /// Read the configuration, say what is wrong with it, and end.
    CheckConfig,
    /// Print the configuration with its origins, and end.
    ShowConfig,
    /// Tell whether a daemon runs.
    Status,
    /// Stop a running daemon.
    Stop,
    /// Have a running daemon read its configuration again.
    Reload,
    /// Asked for a self test of the reference.
    SelfTest,
}

/// A flag that is no setting.
pub struct ActionFlag {
    /// The long flag.
    pub long: &'static str,
    /// The short flag.
    pub short: Option<char>,
    /// What it asks for.
    pub action: Action,
    /// What it does; empty for one that the help does not show.
    pub help: &'static str,
}

const fn action(
    long: &'static str,
    short: Option<char>,
    action: Action,
    help: &'static str,
) -> ActionFlag {
    ActionFlag { long, short, action, help }
}

/// The flags that are no settings.
pub const ACTIONS: &[ActionFlag] = &[
    action("help", Some('h'), Action::Help, "Print this text"),
    action("version", Some('v'), Action::Version, "Print the version"),
    action("man", None, Action::Manual, "Print the manual page, for man(1)"),
    action("check-config", None, Action::CheckConfig, "Check the configuration and end"),
    action("show-config", None, Action::ShowConfig, "Print all settings and where they come from"),
    action("status", None, Action::Status, "Tell whether a daemon runs: code 0 if so, else 1"),
    action("stop", None, Action::Stop, "Stop the running daemon and wait for its end"),
    action("reload", None, Action::Reload, "Have the running daemon read its configuration again"),
    action("test-signals", None, Action::SelfTest, ""),
    action("test-lifecycle", None, Action::SelfTest, ""),
    action("test-concurrent", None, Action::SelfTest, ""),
];

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandLine {
    /// What to do.
    pub action: Action,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Settings by their place in the table, each with the texts given for it.
    pub given: Vec<(usize, Vec<OsString>)>,
}

impl CommandLine {
    fn give(&mut self, place: usize, text: OsString) {
        match self.given.iter_mut().find(|(other, _)| *other == place) {
            Some((_, texts)) => texts.push(text),
            None => self.given.push((place, vec![text])),
        }
    }

    /// Whether a setting was given here.
    pub fn gives(&self, flag: &str) -> bool {
        self.given.iter().any(|(place, _)| TABLE[*place].flag == flag)
    }
}

fn place_of(is_meant: impl Fn(&Setting) -> bool) -> Option<usize> {
    TABLE.iter().position(is_meant)
}

/// Reads a command line, without the name of the program. The error is one line for the user.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, String> {
    let mut line = CommandLine::default();
    let mut parser = Parser::from_args(arguments);
    let mut foreground = false;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let (long, short) = match &argument {
            Arg::Long(name) => ((*name).to_owned(), None),
            Arg::Short(letter) => (String::new(), Some(*letter)),
            Arg::Value(word) => {
                return Err(format!("unexpected word {word:?}: all arguments are flags"));
            }
        };
        let is_named = |flag: &str, letter: Option<char>| match short {
            Some(short) => letter == Some(short),
            None => flag == long,
        };
        if let Some(place) = place_of(|setting| is_named(setting.flag, setting.short)) {
            let text = value_of(&mut parser, &TABLE[place])?;
            line.give(place, text);
        } else if let Some(flag) = ACTIONS.iter().find(|flag| is_named(flag.long, flag.short)) {
            line.action = flag.action;
        } else if is_named("foreground", Some('f')) {
            foreground = true;
        } else if is_named("config", Some('c')) {
            line.config = Some(parser.value().map_err(|_| needs_value("config", "FILE"))?.into());
        } else {
            return Err(unknown(&long, short));
        }
    }
    if foreground && let Some(place) = place_of(|setting| setting.flag == "daemonize") {
        line.give(place, "false".into());
    }
    Ok(line)
}

fn value_of(parser: &mut Parser, setting: &Setting) -> Result<OsString, String> {
    if setting.value.is_empty() {
        return Ok(parser.optional_value().unwrap_or_else(|| "true".into()));
    }
    parser.value().map_err(|_| needs_value(setting.flag, setting.value))
}

fn needs_value(flag: &str, value: &str) -> String {
    format!("--{flag} needs a value: --{flag}={value}")
}

fn unknown(long: &str, short: Option<char>) -> String {
    if let Some(letter) = short {
        return format!("unknown flag -{letter}");
    }
    let names = TABLE.iter().map(|setting| setting.flag);
    let names = names.chain(ACTIONS.iter().map(|flag| flag.long)).chain(["foreground", "config"]);
    match nearest(long, names) {
        Some(name) => format!("unknown flag --{long}; did you mean --{name}?"),
        None => format!("unknown flag --{long}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<CommandLine, String> {
        parse(arguments.iter().map(OsString::from))
    }

    fn texts(line: &CommandLine, flag: &str) -> Vec<String> {
        let given = line.given.iter().find(|(place, _)| TABLE[*place].flag == flag);
        let texts = given.map(|(_, texts)| texts.as_slice()).unwrap_or_default();
        texts.iter().map(|text| text.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn values_come_in_all_four_spellings() {
        for arguments in
            [&["--socket=/x"][..], &["--socket", "/x"][..], &["-s", "/x"][..], &["-s/x"][..]]
        {
            assert_eq!(texts(&read(arguments).unwrap(), "socket"), ["/x"], "{arguments:?}");
        }
    }

    #[test]
    fn a_flag_that_may_be_repeated_keeps_all_its_values() {
        let line = read(&["-s", "/a", "--log-level", "warn", "-s", "/b"]).unwrap();
        assert_eq!(texts(&line, "socket"), ["/a", "/b"]);
        assert!(line.gives("log-level") && !line.gives("log-file"));
    }

    #[test]
    fn every_flag_of_the_reference_is_understood() {
        for flag in [
            "-h",
            "--help",
            "-v",
            "--version",
            "-V",
            "--verbose",
            "-D",
            "--daemonize",
            "-f",
            "--foreground",
            "--priority-queue",
            "--status",
            "--stop",
            "--reload",
            "--test-signals",
            "--test-lifecycle",
            "--test-concurrent",
        ] {
            assert!(read(&[flag]).is_ok(), "{flag}");
        }
        for flag in [
            "-p",
            "--pid-file",
            "-s",
            "--socket",
            "-c",
            "--config",
            "-l",
            "--log-file",
            "-w",
            "--working-dir",
            "-u",
            "--user",
            "-g",
            "--group",
            "-j",
            "--workers",
            "-q",
            "--queue-size",
            "-m",
            "--max-connections",
            "-P",
            "--protocol",
        ] {
            assert!(read(&[flag, "7"]).is_ok(), "{flag}");
            let error = read(&[flag]).unwrap_err();
            assert!(error.contains("needs a value"), "{flag}: {error}");
        }
    }

    #[test]
    fn foreground_wins_over_daemonize() {
        let line = read(&["-f", "-D"]).unwrap();
        assert_eq!(texts(&line, "daemonize"), ["true", "false"]);
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_nearest_neighbour() {
        assert_eq!(
            read(&["--sokcet=/x"]),
            Err("unknown flag --sokcet; did you mean --socket?".into())
        );
        assert_eq!(
            read(&["--sock=/x"]).unwrap_err(),
            "unknown flag --sock; did you mean --socket?"
        );
        assert_eq!(read(&["-Z"]), Err("unknown flag -Z".into()));
        assert!(read(&["serve"]).unwrap_err().contains("unexpected word"));
        assert!(read(&["--help=x"]).is_err());
    }
}
