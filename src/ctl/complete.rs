//! `goxelctl complete`: what the shells' completions ask for words that only the running daemon
//! knows.

use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::exit::Failure;
use super::words;
use crate::client::{Connection, ConnectionOptions};

/// A shell waits for its answer, so a daemon that does not answer soon knows nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Views that pictures are drawn from.
pub const VIEWS: [&str; 7] = ["front", "back", "left", "right", "top", "bottom", "isometric"];

/// Print what a word of the command line could become, one a line. The completions of the shells
/// call it.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The words after goxelctl; the last one is being typed
    #[arg(last = true)]
    pub words: Vec<String>,
}

/// Runs the command: a failure is silence, since somebody types.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let found = candidates(&arguments.words, context);
    found.iter().try_for_each(|word| context.output.line(word))
}

/// What the last word could become; none where the shell's own completion knows better.
fn candidates(words: &[String], context: &Context) -> Vec<String> {
    let Some((typed, before)) = words.split_last() else { return Vec::new() };
    let previous = before.last().map_or("", String::as_str);
    let socket = before.windows(2).find(|pair| matches!(&*pair[0], "--socket" | "-s"));
    let socket = socket.map_or(&*context.socket, |pair| Path::new(&pair[1]));
    let open = || {
        let options = ConnectionOptions {
            connect_timeout: PATIENCE,
            call_timeout: PATIENCE,
            ..context.options.clone()
        };
        Connection::open_at(socket, options).ok()
    };
    let live = |ask: fn(&mut Connection) -> Vec<String>| {
        open().map(|mut connection| ask(&mut connection)).unwrap_or_default()
    };
    let place = before.iter().position(|word| is_command(word));
    let (command, after) = match place {
        Some(place) => (&*before[place], &before[place + 1..]),
        None => ("", &[][..]),
    };
    let is_first = after.iter().all(|word| word.starts_with('-'));
    let all = match (command, previous) {
        (_, "--camera" | "--view") => VIEWS.map(str::to_owned).to_vec(),
        (_, "--project") => live(words::projects),
        (_, "--layer" | "--layers") => live(words::layers),
        (_, "--from" | "--to" | "--format") => formats(),
        ("call", _) if is_first => live(method_names),
        ("help", _) if is_first => live(|connection| {
            let mut all = method_names(connection);
            all.extend(words::operations(connection));
            all
        }),
        ("watch", _) if is_first => live(words::projects),
        ("call", previous) => {
            let told = open().and_then(|mut connection| words::method(&mut connection, previous));
            let example = told.and_then(|told| told.get("example").map(|value| value.to_string()));
            example.map(|text| format!("'{}'", text.replace('\'', r"'\''"))).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let fits = |word: &String| {
        word.starts_with(typed)
            || word.strip_prefix("goxel.").is_some_and(|short| short.starts_with(typed))
    };
    all.into_iter().filter(fits).collect()
}

fn is_command(word: &str) -> bool {
    matches!(
        word,
        "call"
            | "help"
            | "watch"
            | "render"
            | "edit"
            | "convert"
            | "info"
            | "diff"
            | "run"
            | "show"
    )
}

fn method_names(connection: &mut Connection) -> Vec<String> {
    words::methods(connection).into_iter().map(|method| method.name).collect()
}

#[cfg(feature = "engine")]
fn formats() -> Vec<String> {
    crate::format::formats().iter().map(|format| format.name.to_owned()).collect()
}

#[cfg(not(feature = "engine"))]
fn formats() -> Vec<String> {
    Vec::new()
}

/// The completions of a shell, with what the daemon knows asked first.
pub fn with_live_words(shell: clap_complete::Shell, script: String) -> String {
    use clap_complete::Shell;
    match shell {
        Shell::Bash => script + BASH,
        Shell::Zsh => script.replacen("_goxelctl() {\n", &format!("_goxelctl() {{\n{ZSH}"), 1),
        Shell::Fish => script + FISH,
        _ => script,
    }
}

const BASH: &str = r#"
_goxelctl_live() {
    local -a found
    if ((COMP_CWORD > 1)); then
        mapfile -t found < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    fi
    if ((${#found[@]})); then
        COMPREPLY=("${found[@]}")
    else
        _goxelctl "$@"
    fi
}
complete -F _goxelctl_live -o nosort -o bashdefault -o default goxelctl
"#;

const ZSH: &str = r#"    local -a live
    if (( CURRENT > 2 )); then
        live=("${(@f)$(${words[1]} complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
        live=(${live:#})
        if (( $#live )); then
            compadd -Q -a live
            return
        fi
    fi
"#;

const FISH: &str = r#"
function __goxelctl_live
    goxelctl complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null
end
complete -c goxelctl -n 'test (count (commandline -opc)) -gt 1' -f -a '(__goxelctl_live)'
"#;
