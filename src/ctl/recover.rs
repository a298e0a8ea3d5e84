//! `goxelctl recover`: what came back from a journal, or could come back from one whose daemon is
//! down.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::context::{Context, absolute};
use super::exit::Failure;
use crate::format::{self, WriteOptions};
use crate::journal::End;
use crate::workspace::{DEFAULT_PROJECT, FoundJournal, found_journals};

/// Show, export or give up the changes that came back from a journal and are saved in no file
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  goxelctl recover --list\n  goxelctl recover --export ~/rescued\n  \
    goxelctl recover --journal ~/.local/state/goxel/journal/0123456789abcdef --export ~/rescued"
)]
pub struct Arguments {
    /// What to do
    #[command(flatten)]
    pub action: Action,
    /// Look into this directory of a journal, whose daemon is down, instead of asking the daemon
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
    /// Where daemons keep their journals, for --list; by default ~/.local/state/goxel
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// What to do.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Action {
    /// List projects with changes that are saved in no file, and journals without a daemon
    #[arg(long)]
    pub list: bool,
    /// Write each project with such changes to a .gox file in this directory; nothing else changes
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Give such changes up: close the projects, or remove the journal
    #[arg(long)]
    pub discard: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match (&arguments.journal, &arguments.action) {
        (Some(directory), action) => {
            let found = find(directory)?;
            match action {
                Action { export: Some(to), .. } => export_found(&found, to, context),
                Action { discard: true, .. } => discard_found(found, context),
                Action { .. } => list_found(&found, context),
            }
        }
        (None, Action { export: Some(to), .. }) => export(to, context),
        (None, Action { discard: true, .. }) => discard(context),
        (None, Action { .. }) => list(arguments, context),
    }
}

/// The projects of the daemon with changes that came back.
fn recovered(context: &Context) -> Result<Vec<Value>, Failure> {
    let listed = context.call("goxel.list_projects", json!({}))?;
    let projects = listed["projects"].as_array().cloned().unwrap_or_default();
    Ok(projects.into_iter().filter(|project| project["recovered_edits"].is_u64()).collect())
}

fn list(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (output, mut rows) = (&context.output, Vec::new());
    // No daemon is no reason not to tell of the journals.
    let running = match recovered(context) {
        Ok(projects) => projects,
        Err(Failure::Client(_)) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    for project in &running {
        rows.push(json!({
            "project": project["name"],
            "edits": project["recovered_edits"],
            "file": project["file_path"],
            "of": "the daemon",
        }));
    }
    let state = arguments.state_dir.clone().or_else(default_state);
    for directory in state.iter().flat_map(|state| found_journals(state)) {
        match FoundJournal::open(&directory) {
            Ok(found) => rows.extend(found_rows(&found)),
            Err(error) => output.say(&format!("{}: {error}", directory.display())),
        }
    }
    show(&rows, context)
}

fn default_state() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute())
    };
    let own = std::env::var_os("GOXEL_STATE_DIR").filter(|path| !path.is_empty());
    let state = || Some(absolute("XDG_STATE_HOME")?.join("goxel"));
    own.map(PathBuf::from)
        .or_else(state)
        .or_else(|| Some(absolute("HOME")?.join(".local/state/goxel")))
}

/// A row for each project with unsaved changes; nothing for a journal whose daemon runs.
fn found_rows(found: &FoundJournal) -> Vec<Value> {
    let days =
        SystemTime::now().duration_since(found.changed).map_or(0, |age| age.as_secs() / 86400);
    let row = |(name, edits, file): (&str, u64, Option<&Path>)| {
        json!({
            "project": name,
            "edits": edits,
            "file": file,
            "of": found.directory,
            "socket": found.socket,
            "days": days,
        })
    };
    if found.is_used { Vec::new() } else { found.unsaved().map(row).collect() }
}

fn show(rows: &[Value], context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    if output.json {
        return output.object(&json!({"count": rows.len(), "projects": rows}));
    }
    if rows.is_empty() {
        output.say("nothing that came back is unsaved");
        return Ok(());
    }
    let text = |value: &Value| super::output::plain(value);
    let mut table = vec![["PROJECT", "EDITS", "DAYS", "FILE", "OF"].map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        ["project", "edits", "days", "file", "of"].map(|name| text(&row[name])).to_vec()
    }));
    output.table(&table)
}

fn export(to: &Path, context: &Context) -> Result<(), Failure> {
    let to = made(to)?;
    let projects = recovered(context)?;
    let mut connection = context.connect()?;
    for project in &projects {
        let name = project["name"].as_str().unwrap_or(DEFAULT_PROJECT);
        let path = free_name(&to, name);
        let params = json!({"project": name, "path": path, "format": "gox"});
        let _: Value = connection.call("goxel.export_model", params)?;
        context.output.line(&path.display().to_string())?;
    }
    if projects.is_empty() {
        context.output.say("nothing that came back is unsaved");
    }
    Ok(())
}

fn discard(context: &Context) -> Result<(), Failure> {
    let mut connection = context.connect()?;
    for project in recovered(context)? {
        let name = project["name"].as_str().unwrap_or(DEFAULT_PROJECT);
        let closing = json!({"name": name, "discard": true});
        let _: Value = connection.call("goxel.close_project", closing)?;
        context.output.line(&format!("closed {name}"))?;
    }
    Ok(())
}

fn find(directory: &Path) -> Result<FoundJournal, Failure> {
    let directory = absolute(directory)?;
    let found = FoundJournal::open(&directory);
    let found =
        found.map_err(|error| Failure::Data(format!("{}: {error}", directory.display())))?;
    if found.is_used {
        let of = directory.display();
        return Err(Failure::Failed(format!("{of} is in use: its daemon runs, so ask that one")));
    }
    Ok(found)
}

fn list_found(found: &FoundJournal, context: &Context) -> Result<(), Failure> {
    tell_damage(found, context);
    show(&found_rows(found), context)
}

fn export_found(found: &FoundJournal, to: &Path, context: &Context) -> Result<(), Failure> {
    tell_damage(found, context);
    let to = made(to)?;
    for (name, ..) in found.unsaved() {
        let Some(project) = found.workspace.project(name) else { continue };
        let path = free_name(&to, name);
        let document = project.document().clone();
        let saved = format::save(document, &path, Some("gox"), WriteOptions::default());
        saved.map_err(|error| Failure::Failed(error.to_string()))?;
        context.output.line(&path.display().to_string())?;
    }
    Ok(())
}

fn discard_found(found: FoundJournal, context: &Context) -> Result<(), Failure> {
    let directory = found.directory.clone();
    let failed = |error| Failure::Io(format!("removing {}", directory.display()), error);
    found.remove().map_err(failed)?;
    context.output.line(&format!("removed {}", directory.display()))
}

fn tell_damage(found: &FoundJournal, context: &Context) {
    if found.end == End::Damaged {
        context.output.say("the journal is damaged: this is what comes before the damage");
    }
}

fn made(directory: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::CannotCreate(directory.to_owned(), error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    absolute(directory)
}

/// A name for a project's file that nothing has yet.
fn free_name(directory: &Path, project: &str) -> PathBuf {
    let is_plain = |letter: &char| letter.is_alphanumeric() || "-_ ".contains(*letter);
    let plain = project.chars().map(|letter| if is_plain(&letter) { letter } else { '_' });
    let stem: String = plain.take(60).collect();
    let mut path = directory.join(format!("{stem}.gox"));
    for number in 2.. {
        if std::fs::symlink_metadata(&path).is_err() {
            break;
        }
        path = directory.join(format!("{stem}-{number}.gox"));
    }
    path
}
