//! The log: one line an event, times in UTC, to standard error or to a file.
//!
//! simplelog writes the lines for people; a writer of our own writes them as JSON. In front of both
//! stands [`Logger`], which says whose call a line is about, keeps control characters out of lines,
//! limits repetition, and can change level, form and file while the daemon runs.
//!
//! A message is words with `name=value` pairs among them:
//! `conn=7 closed reason=peer_closed calls=3`. In the JSON form each pair is also a member. Voxel
//! data and params are never logged at `info` or above.

pub mod context;
mod json;
mod output;
mod repeats;

use std::fmt::Write;
use std::panic;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, WriteLogger};

use super::config::LogFormat;
use crate::disk;
use crate::plain_words::counted;
use output::Output;
use repeats::{Repeats, Verdict};

/// How long the line about a fault may take to arrive.
const LAST_LINE: Duration = Duration::from_millis(200);
/// How long a process that ends waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// What the log is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// The least important lines that are written.
    pub level: LevelFilter,
    /// The form of lines.
    pub format: LogFormat,
    /// The file; none for standard error.
    pub file: Option<&'a Path>,
    /// Lines of one place in the program that are written a second.
    pub repeats: u64,
}

/// The front of the log.
pub struct Logger {
    state: Mutex<State>,
    output: Output,
    text: Box<WriteLogger<Output>>,
}

struct State {
    format: LogFormat,
    repeats: Repeats,
}

/// Starts the log, or changes one that was started. An error says why the file cannot be written;
/// then the log goes on as before, or to standard error.
pub fn start(style: Style<'_>) -> Result<(), String> {
    let mut is_new = false;
    let logger = LOGGER.get_or_init(|| {
        is_new = true;
        Logger::new()
    });
    if is_new {
        // It fails only if a log of somebody else was started before; then that one gets the lines.
        let _ = log::set_logger(logger);
        panic::set_hook(Box::new(|panic| {
            log::error!("{}", one_line(&panic.to_string()));
            // It may be the last line of this process.
            disk::finish_own(LAST_LINE);
        }));
    }
    logger.restyle(style)
}

/// Opens the file again, for programs that move it away; writes out what repetition left out.
pub fn reopen() -> Result<(), String> {
    let Some(logger) = LOGGER.get() else { return Ok(()) };
    logger.output.reopen()
}

/// Writes what repetition left out so far.
pub fn flush() {
    if let Some(logger) = LOGGER.get() {
        logger.flush_repeats(Instant::now());
    }
}

/// Waits until all lines are written, but not for ever.
pub fn finish() {
    disk::finish_own(LAST_LINES);
}

/// Writes a line whatever the level of the log is.
pub fn say(message: &str) {
    if let Some(logger) = LOGGER.get() {
        logger.write(Level::Info, &one_line(message));
    }
}

/// Whether lines go to standard error.
pub fn is_to_stderr() -> bool {
    LOGGER.get().is_none_or(|logger| logger.output.path().is_none())
}

impl Logger {
    fn new() -> Self {
        let config = ConfigBuilder::new()
            .set_time_format_rfc3339()
            .set_thread_level(LevelFilter::Off)
            .set_target_level(LevelFilter::Off)
            .set_location_level(LevelFilter::Off)
            .build();
        let output = Output::stderr();
        let text = WriteLogger::new(LevelFilter::Trace, config, output.clone());
        let state = State { format: LogFormat::Text, repeats: Repeats::new(u64::MAX) };
        Logger { state: Mutex::new(state), output, text }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restyle(&self, style: Style<'_>) -> Result<(), String> {
        log::set_max_level(style.level);
        let mut state = self.state();
        state.format = style.format;
        state.repeats.set_limit(style.repeats);
        drop(state);
        if self.output.path().as_deref() == style.file {
            return Ok(());
        }
        self.output.go_to(style.file)
    }

    fn flush_repeats(&self, now: Instant) {
        let left_out = self.state().repeats.take_all(now);
        for (place, count) in left_out {
            self.write_left_out(Level::Warn, &place, count);
        }
    }

    fn write_left_out(&self, level: Level, place: &str, count: u64) {
        let message = format!("{} of {place} left out", counted(count, "more line"));
        self.write(level, &message);
    }

    fn write(&self, level: Level, message: &str) {
        match self.state().format {
            LogFormat::Json => {
                self.output.write_line(level, json::line(level, message).as_bytes());
            }
            LogFormat::Text => {
                self.output.set_level(level);
                self.text
                    .log(&Record::builder().level(level).args(format_args!("{message}")).build());
            }
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let (level, mut left_out) = (record.level(), None);
        // Whoever asks for details gets all of them.
        if level <= Level::Info {
            let place = (record.file().unwrap_or_default(), record.line().unwrap_or_default());
            match self.state().repeats.note(place, Instant::now()) {
                Verdict::Write(count) => left_out = Some(count).filter(|count| *count > 0),
                Verdict::LeaveOut => return,
            }
        }
        let message = one_line(&context::complete(&record.args().to_string()));
        if let Some(count) = left_out {
            let place = format!("{}:{}", record.file().unwrap_or("?"), record.line().unwrap_or(0));
            self.write_left_out(level, &place, count);
        }
        self.write(level, &message);
    }

    fn flush(&self) {}
}

/// A message without line feeds and other control characters, so that nobody outside can forge
/// lines.
fn one_line(message: &str) -> String {
    if !message.contains(char::is_control) {
        return message.to_owned();
    }
    let mut line = String::with_capacity(message.len());
    for letter in message.chars() {
        match letter {
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            letter if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\x{:02x}", u32::from(letter));
            }
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_forge_lines() {
        assert_eq!(one_line("a\nb\t\x1b[31m"), "a\\nb\\t\\x1b[31m");
        assert_eq!(one_line("plain words, ümlaut"), "plain words, ümlaut");
    }

    /// A logger that writes to a file, not the one of the process.
    fn logger(path: &Path, format: LogFormat, repeats: u64) -> Logger {
        let logger = Logger::new();
        let mut state = logger.state();
        state.format = format;
        state.repeats.set_limit(repeats);
        drop(state);
        logger.output.go_to(Some(path)).unwrap();
        logger
    }

    fn say(logger: &Logger, message: &str) {
        let args = format_args!("{message}");
        let record = Record::builder()
            .level(Level::Warn)
            .file(Some("x.rs"))
            .line(Some(7))
            .args(args)
            .build();
        // For all tests of the process alike.
        log::set_max_level(LevelFilter::Trace);
        logger.log(&record);
    }

    #[test]
    fn lines_for_people_and_lines_for_programs_say_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let text_path = directory.path().join("text.log");
        say(&logger(&text_path, LogFormat::Text, 100), "conn=7 closed reason=idle");
        let text = std::fs::read_to_string(&text_path).unwrap();
        assert!(text.ends_with("Z [WARN] conn=7 closed reason=idle\n"), "{text}");

        let json_path = directory.path().join("json.log");
        say(&logger(&json_path, LogFormat::Json, 100), "conn=7 closed reason=idle");
        let json = std::fs::read_to_string(&json_path).unwrap();
        let line: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(line["level"], "warn");
        assert_eq!((&line["conn"], &line["reason"]), (&7.into(), &"idle".into()));
        assert_eq!(line["msg"], "closed reason=idle");
        assert!(line["ts"].as_str().unwrap().ends_with('Z'), "{json}");
    }

    #[test]
    fn repetition_is_limited_and_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let logger = logger(&path, LogFormat::Text, 3);
        (0..10).for_each(|number| say(&logger, &format!("again {number}")));
        logger.flush_repeats(Instant::now() + std::time::Duration::from_secs(2));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().filter(|line| line.contains("again")).count(), 3, "{text}");
        assert!(text.ends_with("7 more lines of x.rs:7 left out\n"), "{text}");
    }

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let logger = logger(&path, LogFormat::Text, 100);
        say(&logger, "before");
        std::fs::rename(&path, directory.path().join("x.log.1")).unwrap();
        say(&logger, "still there");
        logger.output.reopen().unwrap();
        say(&logger, "after");
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("after\n"));
        let old = std::fs::read_to_string(directory.path().join("x.log.1")).unwrap();
        assert!(old.ends_with("still there\n"), "{old}");
    }
}
