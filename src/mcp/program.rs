//! The program `goxel-mcp`: from the command line to an exit code.

use std::ffi::OsString;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use lexopt::prelude::*;

use super::goxel::tools::{SCRIPT_TOOL, TOOLS, tool};
use super::goxel::{Goxel, Settings};
use super::questions::Daemon;
use super::root::Root;
use super::stdio::Service;
use super::{Session, changes, print_config};
use crate::client::{ConnectionOptions, DaemonCommand};
use crate::likeness::nearest;
use crate::plain_words::without_numbers;
use crate::socket_path::socket_path;

const HELP: &str = "\
Usage: goxel-mcp [options]

A Model Context Protocol server on stdio: an agent builds voxel models with it, and sees what it built. It talks to
goxel-daemon, which it finds as goxelctl does.

  --socket PATH       The daemon's socket (GOXEL_SOCKET_PATH)
  --peer-uid UID      Talk to a daemon of this user, too; at the path of last resort in /tmp only you and root are trusted
  --spawn             Start a daemon at the first tool call if there is none
  --root DIR          The directory that files may be read from and written to (GOXEL_ROOT); the default is the
                      directory of the start, unless that is / or the home directory
  --read-only         Only tools that change nothing
  --tools LIST        Only these tools, by full names with commas between them
  --allow-scripts     Offer voxel_script, too: scripts in JavaScript, each in a process of its own
  --print-config HOST Print the configuration for claude, claude-code, cursor, vscode, gemini, codex or zed
  --help, --version   Print this, or the version
";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    socket: Option<PathBuf>,
    peer_uid: Option<u32>,
    spawn: bool,
    root: Option<PathBuf>,
    read_only: bool,
    tools: Option<Vec<&'static str>>,
    allow_scripts: bool,
    action: Action,
}

#[derive(Debug, Default)]
enum Action {
    #[default]
    Serve,
    Help,
    Version,
    PrintConfig(String),
}

/// Exit code of a wrong command line.
const USAGE: u8 = 2;

/// Runs the program. `arguments` do not hold its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match parse(arguments) {
        Ok(options) => options,
        Err(problem) => return refuse(&problem.to_string()),
    };
    match &options.action {
        Action::Help => print(HELP),
        Action::Version => print(&format!("goxel-mcp {}\n", crate::VERSION)),
        Action::PrintConfig(host) => {
            let (socket, root) = (options.socket.as_deref(), options.root.as_deref());
            match print_config::config(host, socket, root) {
                Ok(text) => print(&text),
                Err(problem) => refuse(&problem),
            }
        }
        Action::Serve => serve(options).unwrap_or_else(|problem| refuse(&problem)),
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Options, lexopt::Error> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("socket") | Short('s') => options.socket = Some(parser.value()?.into()),
            Long("peer-uid") => options.peer_uid = Some(parser.value()?.parse()?),
            Long("spawn") => options.spawn = true,
            Long("root") => options.root = Some(parser.value()?.into()),
            Long("read-only") => options.read_only = true,
            Long("allow-scripts") => options.allow_scripts = true,
            Long("tools") => options.tools = Some(tools(&parser.value()?.string()?)?),
            Long("print-config") => {
                options.action = Action::PrintConfig(parser.value()?.string()?);
            }
            Long("help") | Short('h') => options.action = Action::Help,
            Long("version") => options.action = Action::Version,
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(options)
}

fn tools(list: &str) -> Result<Vec<&'static str>, String> {
    let names = || TOOLS.iter().chain([&SCRIPT_TOOL]).map(|tool| tool.name);
    let one = |name: &str| {
        if name == SCRIPT_TOOL.name {
            return Ok(SCRIPT_TOOL.name);
        }
        tool(name).map(|tool| tool.name).ok_or_else(|| match nearest(name, names()) {
            Some(near) => format!("--tools: no tool '{name}'; did you mean '{near}'?"),
            None => {
                let known: Vec<&str> = names().collect();
                format!("--tools: no tool '{name}'; there are {}", known.join(", "))
            }
        })
    };
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(one).collect()
}

fn print(text: &str) -> ExitCode {
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("goxel-mcp: {}", without_numbers(problem));
    eprintln!("goxel-mcp --help shows the options");
    ExitCode::from(USAGE)
}

/// The daemon that `--spawn` starts: on its own feet, with our root, gone when nobody needed it for
/// half an hour.
fn daemon_command(root: &Root) -> DaemonCommand {
    let mut command = DaemonCommand::find();
    command.arguments.extend(["--daemonize", "--idle-exit=30m"].map(OsString::from));
    if let Some(root) = root.path() {
        for flag in ["--working-dir", "--root"] {
            command.arguments.push(flag.into());
            command.arguments.push(root.into());
        }
    }
    command
}

fn serve(options: Options) -> Result<ExitCode, String> {
    let root = Root::by_rule(options.root.as_deref(), std::env::var_os("GOXEL_ROOT"))?;
    let spawn = options.spawn.then(|| daemon_command(&root));
    let connection = ConnectionOptions { peer_uid: options.peer_uid, ..Default::default() };
    let socket = socket_path(options.socket.as_deref());
    let daemon = Daemon::new(socket, connection, spawn, root.path());
    let settings = Settings {
        root,
        read_only: options.read_only,
        tools: options.tools,
        allow_scripts: options.allow_scripts,
        can_notify: true,
    };
    let session = Session::new(Arc::new(Goxel::new(settings)));
    let service = Service::new(session, daemon, std::io::stdout());
    changes::follow(&service);
    let input = BufReader::new(std::io::stdin());
    service.serve(input).map_err(|error| format!("cannot read the input: {error}"))?;
    // Threads that still wait for the daemon are not waited for.
    std::process::exit(0);
}
