//! `goxelctl`, the hand tool: a command line over the client library.
//!
//! [`cli`] describes the command line, each command has a file of its own, and [`exit`] says how failures
//! become exit codes. Data goes to stdout, talk to stderr; nothing is printed in two ways at once.

pub mod cli;
pub mod context;
pub mod exit;
pub mod output;

pub mod bench;
pub mod call;
pub mod config;
pub mod connections;
#[cfg(feature = "engine")]
pub mod convert;
#[cfg(feature = "engine")]
pub mod diff;
pub mod documents;
pub mod edit;
pub mod health;
#[cfg(feature = "engine")]
pub mod info;
#[cfg(feature = "server")]
pub mod journal;
pub mod metrics;
pub mod path;
pub mod ping;
pub mod render;
pub mod repl;
pub mod script;
pub mod status;
pub mod top;
pub mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::client::ConnectionOptions;
use crate::socket_path::socket_path;
use cli::{Cli, Command, Global};
use context::Context;
use exit::Failure;
use output::Output;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
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
        Command::Render(arguments) => render::run(arguments, context),
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
