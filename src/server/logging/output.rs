//! Where lines go: standard error or a file that can be opened anew. A line is written in one piece.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::Level;

use crate::file_access::FilePath;

/// The destination.
pub(super) struct Output {
    /// The file and its path; none for standard error.
    file: Option<(PathBuf, File)>,
    /// Whether the system's journal reads standard error, which then wants the level in front of each line.
    journal: bool,
    level: Level,
    line: Vec<u8>,
}

impl Output {
    /// Standard error.
    pub(super) fn stderr() -> Self {
        let journal = journal_reads_stderr();
        Output { file: None, journal, level: Level::Info, line: Vec::new() }
    }

    /// A file, appended to, and made for our eyes and our group's if it is not there.
    pub(super) fn file(path: &Path) -> Result<Self, String> {
        let file = open(path)?;
        let file = Some((path.to_owned(), file));
        Ok(Output { file, journal: false, level: Level::Info, line: Vec::new() })
    }

    /// Opens the file again by its path; on an error the old one goes on.
    pub(super) fn reopen(&mut self) -> Result<(), String> {
        if let Some((path, file)) = &mut self.file {
            *file = open(path)?;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    pub(super) fn is_stderr(&self) -> bool {
        self.file.is_none()
    }

    /// The level of the lines that follow.
    pub(super) fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Writes a line that has no line feed yet.
    pub(super) fn write_line(&mut self, level: Level, line: &[u8]) {
        self.set_level(level);
        self.line.extend_from_slice(line);
        self.line.push(b'\n');
        self.finish_lines();
    }

    fn finish_lines(&mut self) {
        if self.line.last() != Some(&b'\n') {
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        if self.journal {
            line.splice(0..0, priority(self.level).bytes());
        }
        // There is nobody to tell that the log cannot be written.
        let _ = match &mut self.file {
            Some((_, file)) => file.write_all(&line),
            None => io::stderr().lock().write_all(&line),
        };
        line.clear();
        self.line = line;
    }
}

/// Opens a log: a regular file, a pipe or a terminal, by the rules for links that hold for all files. `-` and
/// `/dev/stdout` are our own standard output, `/dev/stderr` our own standard error.
fn open(path: &Path) -> Result<File, String> {
    let opened = match path.to_str() {
        Some("-" | "/dev/stdout") => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        Some("/dev/stderr") => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        _ => FilePath::from(path).resolve_own().and_then(|place| place.open_log()),
    };
    opened.map_err(|error| format!("cannot open the log file {}: {error}", path.display()))
}

/// The journal's own numbers.
fn priority(level: Level) -> &'static str {
    match level {
        Level::Error => "<3>",
        Level::Warn => "<4>",
        Level::Info => "<6>",
        Level::Debug | Level::Trace => "<7>",
    }
}

/// `JOURNAL_STREAM` names the device and inode of the journal's stream; another standard error is none of its.
fn journal_reads_stderr() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(facts) = rustix::fs::fstat(io::stderr().as_fd()) else { return false };
    stream == format!("{}:{}", facts.st_dev, facts.st_ino)
}

/// The destination as several writers share it.
#[derive(Clone)]
pub(super) struct SharedOutput(Arc<Mutex<Output>>);

impl SharedOutput {
    pub(super) fn new(output: Output) -> Self {
        SharedOutput(Arc::new(Mutex::new(output)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// simplelog writes a line in pieces; they are kept until the line feed.
impl Write for SharedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut output = self.lock();
        output.line.extend_from_slice(bytes);
        output.finish_lines();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
