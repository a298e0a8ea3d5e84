//! `goxelctl completion` and `goxelctl man`: documents made from the command line's description.

use std::path::PathBuf;

use super::cli;
use super::complete::with_live_words;
use super::context::Context;
use super::exit::Failure;

/// The date on the manual pages: that of the release, so that the same source gives the same pages.
const RELEASE_DATE: &str = "2026-11-24";

/// Print the completions of a shell. Methods, params, layers and projects are asked of the running
/// daemon.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl completion bash > ~/.local/share/bash-completion/completions/goxelctl\n  \
    goxelctl completion zsh > ~/.zfunc/_goxelctl\n  \
    goxelctl completion fish > ~/.config/fish/completions/goxelctl.fish")]
pub struct CompletionArguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Print the manual page, or write all of them to a directory.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  goxelctl man | man -l -\n  goxelctl man --dir /usr/local/share/man/man1"
)]
pub struct ManArguments {
    /// Write goxelctl.1 and a page for each command to this directory
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Runs `completion`.
pub fn completion(arguments: &CompletionArguments, context: &Context) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut cli::command(), "goxelctl", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    context.output.bytes(with_live_words(arguments.shell, script).as_bytes())
}

/// Runs `man`.
pub fn man(arguments: &ManArguments, context: &Context) -> Result<(), Failure> {
    let mut command = cli::command();
    command.build();
    let Some(directory) = &arguments.dir else {
        return context.output.bytes(&page(&command)?);
    };
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::CannotCreate(directory.clone(), error))?;
    let pages = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .map(|sub| (format!("goxelctl-{}", sub.get_name()), sub));
    for (name, command) in pages.chain([("goxelctl".to_owned(), &command)]) {
        let path = directory.join(format!("{name}.1"));
        let written = std::fs::write(&path, page(command)?);
        written.map_err(|error| Failure::CannotCreate(path.clone(), error))?;
        context.output.say(&path.display().to_string());
    }
    Ok(())
}

/// Building the command has given each subcommand the name under which its page is found.
fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let name = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .date(RELEASE_DATE)
        .render(&mut text)
        .map_err(|error| Failure::Io("making the manual page".into(), error))?;
    Ok(tidy(&String::from_utf8_lossy(&text)).into_bytes())
}

/// Leaves out what `mandoc -T lint` finds superfluous: blanks at line ends, breaks beside a space.
fn tidy(page: &str) -> String {
    let lines: Vec<&str> = page.lines().map(str::trim_end).collect();
    let is_space = |index: Option<usize>| {
        index
            .and_then(|index| lines.get(index))
            .is_some_and(|line| line.is_empty() || line.starts_with(".sp"))
    };
    let kept = lines.iter().enumerate().filter(|(index, line)| {
        let beside = is_space(index.checked_sub(1)) || is_space(Some(index + 1));
        !(**line == ".br" && beside)
    });
    kept.map(|(_, line)| format!("{line}\n")).collect()
}
