//! `goxelctl`, the hand tool: a command line over the client library.
//!
//! [`cli`] describes the command line, each command has a file of its own, and [`exit`] says how
//! failures become exit codes. Data goes to stdout, talk to stderr; nothing is printed in two ways
//! at once.

pub mod cli;
pub mod context;
pub mod exit;
pub mod json_text;
pub mod output;

pub mod bench;
pub mod call;
mod call_paths;
pub mod complete;
pub mod config;
pub mod connections;
#[cfg(feature = "engine")]
pub mod convert;
#[cfg(feature = "engine")]
pub mod diff;
pub mod documents;
pub mod edit;
pub mod health;
pub mod help;
#[cfg(feature = "engine")]
pub mod info;
#[cfg(feature = "server")]
pub mod journal;
pub mod metrics;
pub mod path;
pub mod ping;
#[cfg(feature = "server")]
pub mod recover;
pub mod render;
pub mod repl;
#[cfg(feature = "scripts")]
pub mod run;
pub mod script;
#[cfg(feature = "server")]
pub mod show;
pub mod status;
pub mod top;
#[cfg(feature = "server")]
pub mod upgrade;
pub mod watch;
pub mod words;

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::client::ConnectionOptions;
use crate::socket_path::socket_path;
use cli::{Cli, Command, Global};
use context::Context;
use exit::Failure;
use output::Output;

/// Runs the program.
pub fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(exit::code::USAGE);
        }
    };
    let context = context_of(&cli.global);
    match run(&cli, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, &context.output);
            ExitCode::from(failure.code())
        }
    }
}

fn context_of(global: &Global) -> Context {
    Context {
        socket: socket_path(global.socket.as_deref()),
        options: ConnectionOptions {
            framing: global.framing.into(),
            peer_uid: global.peer_uid,
            call_timeout: global.timeout,
            connect_timeout: global.timeout.min(ConnectionOptions::default().connect_timeout),
            ..ConnectionOptions::default()
        },
        output: Output::new(global.json, global.quiet, global.no_color),
    }
}

fn run(cli: &Cli, context: &Context) -> Result<(), Failure> {
    let socket = cli.global.socket.as_deref();
    match &cli.command {
        Command::Call(arguments) => call::run(arguments, context),
        Command::Methods(arguments) => help::methods(arguments, context),
        Command::Help(arguments) => help::help(arguments, context),
        Command::Complete(arguments) => complete::run(arguments, context),
        Command::Ping(arguments) => ping::run(arguments, context),
        Command::Status(arguments) => status::run(arguments, context),
        Command::Health(arguments) => health::run(arguments, context),
        Command::Metrics(arguments) => metrics::run(arguments, context),
        Command::Top(arguments) => top::run(arguments, context),
        Command::Connections(arguments) => connections::list(arguments, context),
        Command::Kill(arguments) => connections::kill(arguments, context),
        Command::Watch(arguments) => watch::run(arguments, context),
        Command::Edit(arguments) => edit::run(arguments, context),
        #[cfg(feature = "engine")]
        Command::Convert(arguments) => convert::run(arguments, context),
        #[cfg(feature = "engine")]
        Command::Info(arguments) => info::run(arguments, context),
        #[cfg(feature = "engine")]
        Command::Diff(arguments) => diff::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Journal(arguments) => journal::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Recover(arguments) => recover::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Upgrade(arguments) => upgrade::run(arguments, context),
        Command::Render(arguments) => render::run(arguments, context),
        #[cfg(feature = "scripts")]
        Command::Run(arguments) => run::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Show(arguments) => show::run(arguments, context),
        Command::Script(arguments) => script::run(arguments, context),
        Command::Bench(arguments) => bench::run(arguments, context),
        Command::Repl(arguments) => repl::run(arguments, context),
        Command::Path(arguments) => path::run(arguments, context, socket),
        Command::Config(arguments) => config::run(arguments, context, socket),
        Command::Completion(arguments) => documents::completion(arguments, context),
        Command::Man(arguments) => documents::man(arguments, context),
    }
}

/// Errors are told even with `--quiet`: silence with a bad exit code helps nobody.
fn report(failure: &Failure, output: &Output) {
    let told =
        if output.json { failure.to_json().to_string() } else { format!("goxelctl: {failure}") };
    Output { quiet: false, ..*output }.say(&told);
}
