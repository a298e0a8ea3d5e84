//! What the table of settings looks like to a person.

use std::fmt::Write;

use super::command_line::ACTIONS;
use super::table::{Effect, Setting, TABLE};
use super::{Loaded, Origin};

const INTRODUCTION: &str = "\
goxel-daemon serves a voxel engine on a Unix socket.

Usage: goxel-daemon [FLAGS]

Each setting can be given as a flag, as a variable of the environment, or in the configuration file; the first of
these that says something counts. Files: --config FILE or GOXEL_CONFIG_FILE; without them /etc/goxel/config.toml and
after it ~/.config/goxel/config.toml. A size is 64KiB or 16MiB, a time is 500ms, 30s or 5m.
";

const EXAMPLES: &str = "
Examples:
  goxel-daemon                                 serve the usual path in the foreground
  goxel-daemon --socket=/tmp/a.sock --project=house.gox --save-on-exit
  goxel-daemon --daemonize --socket=/tmp/a.sock && goxel-daemon --socket=/tmp/a.sock --stop
  goxel-daemon --check-config --config=/etc/goxel/config.toml

Exit codes: 0 done, 1 failed, 2 wrong command line, 78 wrong configuration.
";

const NAME_WIDTH: usize = 34;

/// The text of `--help`.
pub fn help() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\nWhat to do:\n");
    let file_flag = ("config", Some('c'), "FILE", "Read this configuration file and no other");
    let front = ("foreground", Some('f'), "", "Stay in the foreground, which is the default");
    let actions = ACTIONS.iter().map(|flag| (flag.long, flag.short, "", flag.help));
    for (long, short, value, about) in actions.chain([file_flag, front]) {
        if !about.is_empty() {
            flag_line(&mut text, long, short, value, about);
        }
    }
    let mut section = "";
    for setting in TABLE {
        if setting.section() != section {
            section = setting.section();
            let title = if section == "gone" { "Accepted without effect" } else { section };
            let _ = writeln!(text, "\n{title}:");
        }
        flag_line(&mut text, setting.flag, setting.short, setting.value, &about(setting));
    }
    text.push_str(EXAMPLES);
    text
}

fn about(setting: &Setting) -> String {
    match setting.default {
        "" | "false" => setting.help().to_owned(),
        _ if setting.effect == Effect::Gone => setting.help().to_owned(),
        default => format!("{} [{default}]", setting.help()),
    }
}

fn flag_line(text: &mut String, long: &str, short: Option<char>, value: &str, about: &str) {
    let short = short.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
    let equals = if value.is_empty() { "" } else { "=" };
    let name = format!("  {short}--{long}{equals}{value}");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{name:<NAME_WIDTH$} {about}");
}

/// The manual page, in the language of man(7).
pub fn man() -> String {
    let mut page = String::from(
        ".TH GOXEL-DAEMON 1\n.SH NAME\ngoxel-daemon \\- voxel engine behind a Unix socket\n\
         .SH SYNOPSIS\n.B goxel-daemon\n.RI [ FLAGS ]\n.SH DESCRIPTION\n",
    );
    let description = INTRODUCTION.split("\n\n").filter(|part| !part.starts_with("Usage:"));
    page.push_str(&description.map(roff).collect::<Vec<_>>().join("\n.PP\n"));
    page.push_str("\n.SH ACTIONS\n");
    for flag in ACTIONS.iter().filter(|flag| !flag.help.is_empty()) {
        man_entry(&mut page, flag.long, flag.short, "", flag.help, "");
    }
    man_entry(
        &mut page,
        "config",
        Some('c'),
        "FILE",
        "Read this configuration file and no other",
        "",
    );
    page.push_str(".SH SETTINGS\n");
    for setting in TABLE {
        let names = format!("Variable {}, key {}.", setting.variable, setting.key);
        let (flag, short, value) = (setting.flag, setting.short, setting.value);
        man_entry(&mut page, flag, short, value, &about(setting), &names);
    }
    page.push_str(
        ".SH SIGNALS\n.TP\n.BR SIGTERM \", \" SIGINT\nAnswer what has arrived, save if so asked, end. A second one \
         ends at once.\n.TP\n.B SIGHUP\nRead the configuration again and open the log file anew.\n.TP\n\
         .B SIGUSR1\nWrite the state to the log.\n.SH EXIT STATUS\n0 done, 1 failed, 2 wrong command line, 78 wrong \
         configuration.\n.SH SEE ALSO\n.BR goxelctl (1)\n",
    );
    page
}

fn man_entry(
    page: &mut String,
    long: &str,
    short: Option<char>,
    value: &str,
    about: &str,
    names: &str,
) {
    let short = short.map_or(String::new(), |letter| format!("\\-{letter}, "));
    let equals = if value.is_empty() { "" } else { "=" };
    let long = roff(long);
    // Writing to a String cannot fail.
    let _ =
        writeln!(page, ".TP\n\\fB{short}\\-\\-{long}\\fR{equals}\\fI{value}\\fR\n{}.", roff(about));
    if !names.is_empty() {
        let _ = writeln!(page, "{}", roff(names));
    }
}

/// Text in which nothing means anything to roff.
fn roff(text: &str) -> String {
    let escaped = text.trim_end().replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| {
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All settings as a configuration file, each with its origin.
pub fn show(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut section = "";
    for (setting, origin) in TABLE.iter().zip(&loaded.origins) {
        if setting.effect == Effect::Gone && *origin == Origin::Default {
            continue;
        }
        if setting.section() != section {
            let line_feed = if section.is_empty() { "" } else { "\n" };
            section = setting.section();
            let _ = writeln!(text, "{line_feed}[{section}]");
        }
        let name = setting.key.rsplit('.').next().unwrap_or_default();
        let line = format!("{name} = {}", toml_value(setting, loaded));
        let _ = writeln!(text, "{line:<40} # {origin}");
    }
    text
}

fn toml_value(setting: &Setting, loaded: &Loaded) -> String {
    let shown = (setting.show)(&loaded.settings);
    let quoted = |text: &str| toml::Value::from(text).to_string();
    match setting.value {
        // Some numbers have words for what depends on others.
        "" | "NUM" if shown.parse::<bool>().is_ok() || shown.parse::<f64>().is_ok() => shown,
        _ if setting.many && shown.is_empty() => "[]".to_owned(),
        _ if setting.many => {
            let parts: Vec<String> = shown.split(',').map(|part| quoted(part.trim())).collect();
            format!("[{}]", parts.join(", "))
        }
        _ => quoted(&shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_flag() {
        let help = help();
        for setting in TABLE {
            assert!(help.contains(&format!("--{}", setting.flag)), "{}", setting.flag);
        }
        assert!(help.lines().all(|line| line.chars().count() <= 140), "{help}");
        assert!(!help.contains("--test-"), "{help}");
    }

    #[test]
    fn the_manual_page_names_every_flag_and_variable() {
        let page = man();
        for setting in TABLE {
            assert!(page.contains(&setting.flag.replace('-', "\\-")), "{}", setting.flag);
            assert!(page.contains(setting.variable), "{}", setting.variable);
        }
    }

    #[test]
    fn what_is_shown_is_a_configuration_file() {
        let text = show(&Loaded::default());
        let content = super::super::file::read_toml(&text, std::path::Path::new("shown.toml"));
        assert_eq!(content.errors, [""; 0], "{text}");
        assert!(content.given.len() > 40);
    }
}
