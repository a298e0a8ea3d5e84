//! Where lines go: standard error or a file that can be opened anew. A line is written in one
//! piece.
//!
//! Whoever logs puts a line into a queue and goes on. Where file calls are made by helpers, one of
//! them writes the queue out, so that a disk, a pipe or a terminal that takes nothing holds up
//! nobody; elsewhere whoever logs writes it at once. What the queue has no room for is left out,
//! and counted.

use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::Level;

use crate::disk::{self, Lane};
use crate::file_access::FilePath;
use crate::plain_words::in_words;

/// Bytes of lines that wait at most.
const MOST_WAITING: usize = 1 << 20;

/// The destination, as several writers share it.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<State>>);

struct State {
    sink: Arc<Sink>,
    /// Whether the system's journal reads standard error, which then wants the level in front of
    /// each line.
    journal: bool,
    level: Level,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// Lines that are to be written.
    waiting: Vec<u8>,
    left_out: u64,
    is_being_written: bool,
}

enum Sink {
    Stderr,
    File(PathBuf, File),
}

impl Output {
    /// Standard error.
    pub(super) fn stderr() -> Self {
        Output(Arc::new(Mutex::new(State {
            sink: Arc::new(Sink::Stderr),
            journal: journal_reads_stderr(),
            level: Level::Info,
            line: Vec::new(),
            waiting: Vec::new(),
            left_out: 0,
            is_being_written: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes to standard error from now on, or to a file: appended to, and made for our eyes and our
    /// group's if it is not there. On an error it goes on as before.
    pub(super) fn go_to(&self, path: Option<&Path>) -> Result<(), String> {
        let (sink, journal) = match path {
            Some(path) => (Sink::File(path.to_owned(), open(path)?), false),
            None => (Sink::Stderr, journal_reads_stderr()),
        };
        let mut state = self.state();
        (state.sink, state.journal) = (Arc::new(sink), journal);
        // Whoever is at it may be stuck with the one before.
        state.is_being_written = false;
        drop(state);
        self.write_out();
        Ok(())
    }

    /// Opens the file again by its path; on an error the old one goes on.
    pub(super) fn reopen(&self) -> Result<(), String> {
        self.path().map_or(Ok(()), |path| self.go_to(Some(&path)))
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        match &*self.state().sink {
            Sink::Stderr => None,
            Sink::File(path, _) => Some(path.clone()),
        }
    }

    /// The level of the lines that follow.
    pub(super) fn set_level(&self, level: Level) {
        self.state().level = level;
    }

    /// Writes a line that has no line feed yet.
    pub(super) fn write_line(&self, level: Level, line: &[u8]) {
        let mut state = self.state();
        state.level = level;
        state.line.extend_from_slice(line);
        state.line.push(b'\n');
        state.finish_line();
        drop(state);
        self.write_out();
    }

    /// Sees to it that what waits is written.
    fn write_out(&self) {
        let mut state = self.state();
        if state.waiting.is_empty() || mem::replace(&mut state.is_being_written, true) {
            return;
        }
        let sink = Arc::clone(&state.sink);
        drop(state);
        let writing = Writing { output: self.clone(), sink, has_begun: false };
        if !disk::is_installed() {
            return writing.write();
        }
        let path = self.path().unwrap_or_else(|| PathBuf::from("standard error"));
        disk::post(Lane::Own, &path, move |_| writing.write());
    }
}

impl State {
    fn finish_line(&mut self) {
        if self.line.last() != Some(&b'\n') {
            return;
        }
        let mut line = mem::take(&mut self.line);
        if self.waiting.len() + line.len() > MOST_WAITING {
            self.left_out += 1;
        } else {
            if self.left_out > 0 {
                let count = mem::take(&mut self.left_out);
                let said =
                    in_words(count, ["line was", "lines were"]) + " left out: the log took none\n";
                self.waiting.extend_from_slice(said.as_bytes());
            }
            if self.journal {
                self.waiting.extend_from_slice(priority(self.level).as_bytes());
            }
            self.waiting.extend_from_slice(&line);
        }
        line.clear();
        self.line = line;
    }
}

/// One who writes what waits. Dropped before it has begun, it leaves that to the next one.
struct Writing {
    output: Output,
    sink: Arc<Sink>,
    has_begun: bool,
}

impl Writing {
    fn is_current(&self, state: &State) -> bool {
        Arc::ptr_eq(&self.sink, &state.sink)
    }

    fn write(mut self) {
        self.has_begun = true;
        let mut lines = Vec::new();
        loop {
            let mut state = self.output.state();
            if !self.is_current(&state) {
                return;
            }
            if state.waiting.is_empty() {
                state.is_being_written = false;
                return;
            }
            lines.clear();
            mem::swap(&mut lines, &mut state.waiting);
            drop(state);
            // There is nobody to tell that the log cannot be written.
            let _ = match &*self.sink {
                Sink::File(_, file) => (&*file).write_all(&lines),
                Sink::Stderr => io::stderr().lock().write_all(&lines),
            };
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut state = self.output.state();
        if !self.has_begun && self.is_current(&state) {
            state.is_being_written = false;
        }
    }
}

/// Opens a log: a regular file, a pipe or a terminal, by the rules for links that hold for all
/// files. `-` and `/dev/stdout` are our own standard output, `/dev/stderr` our own standard error.
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

/// `JOURNAL_STREAM` names the device and inode of the journal's stream; another standard error is
/// none of its.
fn journal_reads_stderr() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(facts) = rustix::fs::fstat(io::stderr().as_fd()) else { return false };
    stream == format!("{}:{}", facts.st_dev, facts.st_ino)
}

/// simplelog writes a line in pieces; they are kept until the line feed.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        state.line.extend_from_slice(bytes);
        state.finish_line();
        drop(state);
        self.write_out();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_takes_nothing_holds_up_nobody_and_says_what_it_missed() {
        let (reader, writer) = io::pipe().unwrap();
        let output = Output::stderr();
        output.state().sink =
            Arc::new(Sink::File("/pipe".into(), std::os::fd::OwnedFd::from(writer).into()));
        std::thread::scope(|scope| {
            let (told, hear) = std::sync::mpsc::channel();
            let own = output.clone();
            scope.spawn(move || {
                disk::install(std::time::Duration::from_secs(60), || ());
                // More than a pipe holds, so that a helper is busy with it for good.
                own.write_line(Level::Info, &vec![b'.'; 100 << 10]);
                while !own.state().waiting.is_empty() {
                    std::thread::yield_now();
                }
                (0..40_000)
                    .for_each(|n| own.write_line(Level::Info, format!("{n:099}").as_bytes()));
                told.send(()).unwrap();
            });
            hear.recv_timeout(std::time::Duration::from_secs(30))
                .expect("nobody waits for the pipe");
            // The reader comes back: what waits arrives, in order, and then what was left out is
            // told.
            let kept = MOST_WAITING / 100;
            let mut lines = io::BufRead::lines(io::BufReader::new(reader)).map(Result::unwrap);
            assert_eq!(lines.next().unwrap().len(), 100 << 10);
            (0..kept).for_each(|n| assert_eq!(lines.next().unwrap(), format!("{n:099}")));
            output.write_line(Level::Info, b"the last one");
            let left_out = format!("{} lines were left out: the log took none", 40_000 - kept);
            assert_eq!(lines.next().unwrap(), left_out);
            assert_eq!(lines.next().unwrap(), "the last one");
            drop(output);
        });
    }
}
