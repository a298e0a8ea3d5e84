//! `goxelctl journal`: looks at a journal without changing anything. Needs no daemon.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::Context;
use super::exit::Failure;
use crate::journal::{End, MANIFEST, Manifest, Reader, Record};
use crate::plain_words::counted;

/// Look at a journal's files; nothing is changed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  goxelctl journal check ~/.local/state/goxel/journal/0123456789abcdef"
)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with a journal.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Check every record: code 0 if all is sound (a torn tail is), 1 if something is damaged
    Check(Of),
    /// Print a line for each record
    Dump(Of),
}

/// Which journal.
#[derive(clap::Args, Debug)]
pub struct Of {
    /// The directory of the journal
    pub directory: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check(of) => check(&of.directory, context),
        Command::Dump(of) => dump(&of.directory, context),
    }
}

/// The manifest and the bytes of the log that it names.
fn read(directory: &Path) -> Result<(Manifest, Vec<u8>), Failure> {
    let bytes = |path: PathBuf| std::fs::read(&path).map_err(|error| Failure::NoInput(path, error));
    let manifest = Manifest::read(&bytes(directory.join(MANIFEST))?);
    let manifest = manifest.map_err(|bad| Failure::Data(bad.to_string()))?;
    let log = bytes(directory.join(manifest.log()))?;
    Ok((manifest, log))
}

/// Shows each record to somebody; how many there are and how the log ends.
fn walk(
    log: &[u8],
    mut each: impl FnMut(&Record<'_>) -> Result<(), Failure>,
) -> Result<(u64, usize, End), Failure> {
    let reader = Reader::new(log);
    let mut reader =
        reader.map_err(|bad| Failure::Data(format!("the log cannot be read: {bad:?}")))?;
    let (mut call, mut count) = (Vec::new(), 0);
    loop {
        match reader.next_call(&mut call) {
            Err(end) => return Ok((count, reader.good_end().end, end)),
            Ok(()) => {
                count += call.len() as u64;
                call.iter().try_for_each(&mut each)?;
            }
        }
    }
}

fn check(directory: &Path, context: &Context) -> Result<(), Failure> {
    let (manifest, log) = read(directory)?;
    let (records, good, end) = walk(&log, |_| Ok(()))?;
    let state = match end {
        End::Clean => "sound",
        End::Torn(_) => "sound, with a torn tail",
        End::Damaged => "damaged",
        End::Unknown => "of a newer program",
    };
    context.output.fields(&json!({
        "state": state,
        "generation": manifest.generation,
        "socket": manifest.socket,
        "records": records,
        "bytes": log.len(),
        "good_bytes": good,
    }))?;
    match end {
        End::Clean | End::Torn(_) => Ok(()),
        End::Damaged | End::Unknown => Err(Failure::Failed("the journal is damaged".to_owned())),
    }
}

fn dump(directory: &Path, context: &Context) -> Result<(), Failure> {
    let (_, log) = read(directory)?;
    let output = &context.output;
    let (_, good, end) = walk(&log, |record| {
        if output.json {
            return output.object(&json!({
                "sequence": record.sequence,
                "kind": record.kind.name(),
                "project": record.project,
                "revision": record.revision,
                "continued": record.is_continued,
                "session": record.tag.map(|tag| tag.session),
                "number": record.tag.map(|tag| tag.number),
                "bytes": record.payload.len(),
            }));
        }
        let Record { sequence, kind, project, revision, payload, .. } = record;
        let (kind, bytes) = (kind.name(), payload.len());
        let of = record.tag.map(|tag| format!(" session={} number={}", tag.session, tag.number));
        let of = of.unwrap_or_default();
        output.line(&format!(
            "{sequence} {kind} project={project} revision={revision} bytes={bytes}{of}"
        ))
    })?;
    match end {
        End::Clean => Ok(()),
        End::Torn(bytes) => {
            output.say(&format!("the log ends with {} of no whole call", counted(bytes, "byte")));
            Ok(())
        }
        End::Damaged | End::Unknown => {
            output.say(&format!("the log is damaged behind byte {good}"));
            Err(Failure::Failed("the journal is damaged".to_owned()))
        }
    }
}
