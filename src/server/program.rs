//! The program `goxel-daemon`: from the command line to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use super::config::{self, Action, ConfigError, Environment, Loaded, command_line};
use super::logging;
use crate::rpc::Service;

const USAGE: &str = "Invalid command line arguments. Use --help for usage information.";

/// Runs the program. `arguments` do not hold its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match command_line::parse(arguments) {
        Ok(line) => line,
        Err(problem) => return refuse(&ConfigError::Usage(problem)),
    };
    match line.action {
        Action::Help => return print(&config::help()),
        Action::Version => return print(&format!("goxel-daemon version {}\n", crate::VERSION)),
        Action::SelfTest => {
            eprintln!(
                "goxel-daemon: the program has no tests in it; --check-config checks a setup"
            );
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    let loaded = match config::load(&line, &Environment::of_process()) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&error),
    };
    match line.action {
        Action::ShowConfig => print(&config::show(&loaded)),
        Action::CheckConfig => check(&loaded),
        _ => serve(&loaded),
    }
}

fn print(text: &str) -> ExitCode {
    use std::io::Write;
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("goxel-daemon: {error}");
    if matches!(error, ConfigError::Usage(_)) {
        eprintln!("{USAGE}");
    }
    ExitCode::from(error.exit_code())
}

fn check(loaded: &Loaded) -> ExitCode {
    if let Err(error) = loaded.server() {
        return refuse(&error);
    }
    for warning in &loaded.warnings {
        eprintln!("goxel-daemon: warning: {warning}");
    }
    let files: Vec<String> = loaded.files.iter().map(|file| file.display().to_string()).collect();
    let read = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    print(&format!("The configuration is good ({read}, {} warnings).\n", loaded.warnings.len()))
}

fn serve(loaded: &Loaded) -> ExitCode {
    let server = match loaded.server() {
        Ok(server) => server,
        Err(error) => return refuse(&error),
    };
    if let Err(problem) = logging::start(loaded.settings.log_style()) {
        return fail(&problem);
    }
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    match super::run(server, Service::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Tells why the daemon does not run: always on standard error, and in the log if that goes elsewhere.
fn fail(problem: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("goxel-daemon: {problem}");
    if !logging::is_to_stderr() {
        log::error!("{problem}");
    }
    ExitCode::FAILURE
}
