//! Files that a model names: beneath the root, of a kind that is known, never lost.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal, counted, quoted};
use super::desk::Desk;

/// Lines of warnings that an answer shows.
const SHOWN_WARNINGS: usize = 6;

/// Where something is to be written.
pub struct Target {
    path: PathBuf,
    options: Map<String, Value>,
    /// The file that keeps what was there, if one was made just now.
    backup: Option<PathBuf>,
    /// Whether a file is replaced.
    replaces: bool,
}

impl Target {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds options of the format.
    pub fn with(self, options: Map<String, Value>) -> Self {
        Target { options, ..self }
    }

    /// The daemon's params.
    pub fn params(&self) -> Value {
        let mut params = self.options.clone();
        params.insert("path".to_owned(), json!(self.path));
        Value::Object(params)
    }

    /// The daemon's params of an export. What was asked is settled here, so the daemon may replace
    /// the file.
    pub fn export_params(&self) -> Value {
        let mut params = self.params();
        if self.replaces {
            params["overwrite"] = json!(true);
        }
        params
    }

    /// Says where the replaced file was kept.
    pub fn tell_backup(&self, answer: &mut Answer) {
        if let Some(backup) = &self.backup {
            let name = backup.file_name().unwrap_or_default().to_string_lossy();
            answer.say(format!("the file that was there is kept as {}", quoted(&name)));
        }
    }
}

/// A file's path as a model writes it: from the root on if it lies beneath.
pub fn shown(desk: &Desk, path: &str) -> String {
    let beneath = desk.goxel.root().path().and_then(|root| Path::new(path).strip_prefix(root).ok());
    match beneath {
        Some(beneath) => quoted(&beneath.to_string_lossy()),
        None => quoted(path),
    }
}

fn resolve(desk: &Desk, argument: &str, given: &str) -> Result<PathBuf, Refusal> {
    desk.goxel.root().resolve(given).map_err(|outside| {
        let rule = match desk.goxel.root().path() {
            Some(root) => {
                format!("a regular file beneath {}; relative paths begin there", root.display())
            }
            None => "start goxel-mcp with --root DIR to open files".to_owned(),
        };
        desk.args.wrong(argument, outside.to_string(), rule).into()
    })
}

/// A file to read.
pub fn existing(desk: &Desk, argument: &str, given: &str) -> Result<PathBuf, Refusal> {
    let path = resolve(desk, argument, given)?;
    if path.is_file() {
        Ok(path)
    } else {
        let rule =
            "a file that exists; voxel_inspect {\"fields\":[\"files\"]} lists them".to_owned();
        let what = format!("there is no file {}", quoted(given));
        Err(desk.args.wrong(argument, what, rule).into())
    }
}

/// A file to write. What is there is kept, and replaced only if that is asked for.
pub fn target(desk: &Desk, given: &str, may_replace: bool) -> Result<Target, Refusal> {
    let path = resolve(desk, "path", given)?;
    if path.extension().is_none() {
        let rule = "a path with an ending that tells the format, such as .gox or .vox".to_owned();
        return Err(desk
            .args
            .wrong("path", format!("{} has no ending", quoted(given)), rule)
            .into());
    }
    let replaces = path.exists();
    if replaces && !may_replace {
        let rule = "another path, or overwrite true, which keeps the old file as NAME~".to_owned();
        let what = format!("{} exists already", quoted(given));
        return Err(desk.args.wrong("path", what, rule).into());
    }
    let backup = if replaces {
        desk.goxel.keep(&path).map_err(|error| {
            let rule = "the old file has to be kept as NAME~ before it is replaced".to_owned();
            Refusal::from(desk.args.wrong("path", error.to_string(), rule))
        })?
    } else {
        None
    };
    Ok(Target { path, options: Map::new(), backup, replaces })
}

/// Says what the format could not hold, and what else there is to say of a file that was written.
pub fn tell_warnings(result: &Value, answer: &mut Answer) {
    let list = |name: &str| result[name].as_array().cloned().unwrap_or_default();
    let lost = list("lost");
    let lost: Vec<&str> = lost.iter().filter_map(|one| one["note"].as_str()).collect();
    let warnings = list("warnings");
    let others = warnings.iter().filter_map(Value::as_str).filter(|text| !lost.contains(text));
    let lines: Vec<String> = lost
        .iter()
        .map(|note| format!("not kept: {note}"))
        .chain(others.map(|text| format!("warning: {text}")))
        .collect();
    lines.iter().take(SHOWN_WARNINGS).for_each(|line| answer.say(line));
    if lines.len() > SHOWN_WARNINGS {
        answer.say(format!("and {}", counted((lines.len() - SHOWN_WARNINGS) as u64, "more note")));
    }
}
