//! The daemon.

use std::process::ExitCode;

use goxel_daemon::rpc::Service;
use goxel_daemon::server::flags::{self, Command};
use goxel_daemon::server::{self, logging};

/// A wrong command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let (config, level) = match flags::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve(config, level)) => (config, level),
        Ok(Command::Print(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("goxel-daemon: {problem}");
            eprintln!("Invalid command line arguments. Use --help for usage information.");
            return ExitCode::from(USAGE);
        }
    };
    logging::start(level);
    match server::run(*config, Service::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("goxel-daemon: {error}");
            ExitCode::FAILURE
        }
    }
}
