//! Data goes to stdout, talk to stderr. Colour, tables and progress bars only where a person looks.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;

use super::exit::Failure;
use super::json_text::{Style, pretty};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Data as JSON: one object, or one a line for streams.
    pub json: bool,
    /// No talk.
    pub quiet: bool,
    /// Colour on stdout.
    pub colour: bool,
}

impl Output {
    /// Decides about colour from the flag, the environment and the terminal.
    pub fn new(json: bool, quiet: bool, no_color: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let wanted = forced || (io::stdout().is_terminal() && !dumb);
        Output { json, quiet, colour: wanted && !no_color && !set("NO_COLOR") && !json }
    }

    /// Writes one line of data.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Writes data as it is.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(output_failed)
    }

    /// Writes one JSON object on one line.
    pub fn object(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value)
            .map_err(|error| Failure::Io("writing JSON".into(), error.into()))?;
        self.line(&text)
    }

    /// Writes JSON text as it came: on one line for programs, laid out and coloured for people.
    pub fn raw(&self, text: &str) -> Result<(), Failure> {
        if !self.json && io::stdout().is_terminal() {
            let style = Style { columns: self.columns(), colour: self.colour };
            self.line(&pretty(text, style))
        } else {
            self.line(text)
        }
    }

    /// Columns of the terminal; many where there is none.
    pub fn columns(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
        match size {
            0 if io::stdout().is_terminal() => 80,
            0 => usize::MAX,
            columns => usize::from(columns),
        }
    }

    /// Refuses to write binary to a terminal; `what` names it.
    pub fn check_binary(&self, what: &str) -> Result<(), Failure> {
        if !io::stdout().is_terminal() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{what} is binary and stdout is a terminal: redirect it, as in > FILE"
        )))
    }

    /// Writes `name: value` lines, names padded; nested objects indented below their name.
    pub fn fields(&self, value: &Value) -> Result<(), Failure> {
        let mut text = String::new();
        write_fields(value, 0, &mut text);
        self.bytes(text.as_bytes())
    }

    /// Says something to the person on stderr, unless quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            // Nothing can be done about a stderr that is gone.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Text in bold where colour is wanted.
    pub fn bold(&self, text: &str) -> String {
        if self.colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Columns aligned by their widest cell; the first row is the heading.
    pub fn table(&self, rows: &[Vec<String>]) -> Result<(), Failure> {
        self.bytes(table_text(rows, |heading| self.bold(heading)).as_bytes())
    }
}

/// A failed write: nobody reads, or a real error.
pub fn output_failed(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::Io("writing the output".into(), error),
    }
}

/// A table as text; `heading` dresses the first row.
pub fn table_text(rows: &[Vec<String>], heading: impl Fn(&str) -> String) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        text += &if index == 0 { heading(line) } else { line.to_owned() };
        text.push('\n');
    }
    text
}

fn write_fields(value: &Value, depth: usize, text: &mut String) {
    let Value::Object(members) = value else {
        *text += &format!("{}{}\n", "  ".repeat(depth), plain(value));
        return;
    };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    for (key, member) in members {
        *text += &"  ".repeat(depth);
        if matches!(member, Value::Object(inner) if !inner.is_empty()) {
            *text += &format!("{key}:\n");
            write_fields(member, depth + 1, text);
        } else {
            *text += &format!("{:<1$} {2}\n", format!("{key}:"), width + 1, plain(member));
        }
    }
}

/// A value as a person writes it: strings without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        value => value.to_string(),
    }
}

pub use crate::plain_words::counted;

/// A duration with three figures and a fitting unit.
pub fn short_micros(micros: f64) -> String {
    match micros {
        us if us < 1_000.0 => format!("{us:.1} µs"),
        us if us < 1_000_000.0 => format!("{:.2} ms", us / 1_000.0),
        us => format!("{:.2} s", us / 1_000_000.0),
    }
}

/// A number of bytes with a fitting unit.
pub fn short_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A bar on stderr that shows how far something is; silent where stderr is not a terminal.
#[derive(Debug)]
pub struct ProgressBar {
    shown: bool,
    label: String,
    last: Option<std::time::Instant>,
}

impl ProgressBar {
    /// A bar that has not been drawn yet.
    pub fn new(output: &Output, label: &str) -> Self {
        let shown = !output.quiet && io::stderr().is_terminal();
        ProgressBar { shown, label: label.to_owned(), last: None }
    }

    /// Draws the bar, at most ten times a second; `total` 0 means unknown.
    pub fn show(&mut self, done: u64, total: u64) {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
        const CELLS: u64 = 30;
        if !self.shown || self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        self.last = Some(std::time::Instant::now());
        let text = if total == 0 {
            format!("{} {done}", self.label)
        } else {
            let full = (done.min(total) as u128 * u128::from(CELLS) / u128::from(total)) as usize;
            let bar = "#".repeat(full) + &"-".repeat(CELLS as usize - full);
            format!("{} [{bar}] {done}/{total}", self.label)
        };
        let _ = write!(io::stderr(), "\r{text}\x1b[K");
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if self.shown && self.last.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned_and_nested_objects_are_indented() {
        let mut text = String::new();
        let value = serde_json::json!({"a": 1, "long": "x", "n": {"k": null}});
        write_fields(&value, 0, &mut text);
        assert_eq!(text, "a:    1\nlong: x\nn:\n  k: -\n");
    }

    #[test]
    fn tables_have_straight_columns() {
        let rows = [vec!["ID".into(), "NAME".into()], vec!["100".into(), "x".into()]];
        assert_eq!(table_text(&rows, str::to_owned), "ID   NAME\n100  x\n");
    }

    #[test]
    fn quantities_are_short() {
        assert_eq!(short_micros(37.25), "37.2 µs");
        assert_eq!(short_micros(2500.0), "2.50 ms");
        assert_eq!(short_micros(3_000_000.0), "3.00 s");
        assert_eq!(short_bytes(100), "100 B");
        assert_eq!(short_bytes(3 << 20), "3.0 MiB");
    }
}
