//! The configuration: flags, environment, files and defaults become [`Settings`], each with its
//! [`Origin`].
//!
//! | file | what it knows |
//! | --- | --- |
//! | `table` | every setting, once: names, type, default, when it takes effect, help |
//! | `kinds` | the types of values, how they are read and shown, their bounds |
//! | `command_line` | flags, and what else the program can be asked to do |
//! | `file`, `reference` | the TOML file; the JSON design of the reference |
//! | `help` | the help text, and all settings with their origins |
//! | `serve` | from settings to what the server is made of |
//!
//! Flags win over the environment, the environment over the user's file, that over the system's
//! file, and that over the defaults. Whatever is wrong is told with the place where it was said;
//! nothing is taken half.

pub mod command_line;
mod file;
mod help;
mod kinds;
mod reference;
mod serve;
pub mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

pub use command_line::{Action, CommandLine};
pub use help::{help, man, show};
pub use kinds::{Bytes, Count, FileMode, LogFormat, Percent, Place, SettingType, Switch, Time};
pub use table::{Effect, Setting, Settings, TABLE};

use super::state_dir;
use crate::likeness::nearest;
use crate::socket_path::{SOCKET_PATH_VARIABLE, not_a_path, socket_path};
use file::FileContent;
use log::LevelFilter;

/// The variable that names the configuration file.
pub const CONFIG_FILE_VARIABLE: &str = "GOXEL_CONFIG_FILE";
/// The file of the whole machine.
pub const SYSTEM_FILE: &str = "/etc/goxel/config.toml";

/// Where the value of a setting comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was said.
    #[default]
    Default,
    /// A configuration file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(&'static str),
    /// A flag.
    Flag(&'static str),
    /// A call, while the daemon ran.
    Call,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => formatter.write_str("default"),
            Origin::File(path) => write!(formatter, "file {}", path.display()),
            Origin::Environment(name) => write!(formatter, "environment {name}"),
            Origin::Flag(name) => write!(formatter, "flag --{name}"),
            Origin::Call => formatter.write_str("call"),
        }
    }
}

/// The surroundings that a configuration is read from.
#[derive(Clone, Debug)]
pub struct Environment {
    /// All variables.
    pub variables: BTreeMap<OsString, OsString>,
    /// The file of the whole machine.
    pub system_file: PathBuf,
    /// Where the program was started: relative paths of a configuration begin here, wherever the
    /// daemon goes.
    pub directory: PathBuf,
    /// Whether the program is in the background, where it must have files for its log and its pid.
    pub is_background: bool,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        Environment {
            variables: std::env::vars_os().collect(),
            system_file: PathBuf::from(SYSTEM_FILE),
            directory: std::env::current_dir().unwrap_or_default(),
            is_background: false,
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty())
    }

    /// The files to read, the stronger one last, and whether each must be there.
    fn files(&self, line: &CommandLine) -> Vec<(PathBuf, bool)> {
        let named =
            line.config.clone().or_else(|| self.get(CONFIG_FILE_VARIABLE).map(PathBuf::from));
        if let Some(file) = named {
            return vec![(self.directory.join(file), true)];
        }
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
        let mut files = vec![(self.system_file.clone(), false)];
        files.extend(user.map(|directory| (directory.join("goxel/config.toml"), false)));
        files
    }
}

/// A configuration that is complete and allowed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub settings: Settings,
    /// Where each comes from, in the order of [`TABLE`].
    pub origins: Vec<Origin>,
    /// What is accepted but should be known.
    pub warnings: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

impl Default for Loaded {
    fn default() -> Self {
        Loaded {
            settings: Settings::default(),
            origins: vec![Origin::Default; TABLE.len()],
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The command line or the environment.
    #[error("{0}")]
    Usage(String),
    /// A file, with all that is wrong in it.
    #[error("{}: {}", path.display(), problems.join("\n"))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problems: Vec<String>,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Conflict(String),
}

impl ConfigError {
    /// The exit code: 2 for the command line, 78 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            ConfigError::Usage(_) => 2,
            ConfigError::File { .. } | ConfigError::Conflict(_) => 78,
        }
    }
}

/// Reads a whole configuration.
pub fn load(line: &CommandLine, environment: &Environment) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    for (path, required) in environment.files(line) {
        loaded.read_file(&path, required)?;
    }
    loaded.read_environment(environment)?;
    for (place, texts) in &line.given {
        let setting = &TABLE[*place];
        loaded
            .set(*place, texts, Origin::Flag(setting.flag))
            .map_err(|problem| ConfigError::Usage(flag_problem(setting, texts, &problem)))?;
    }
    loaded.settle()?;
    loaded.settings.place_files(environment);
    Ok(loaded)
}

/// The reference's words for its own numbers, and one form for the rest.
fn flag_problem(setting: &Setting, texts: &[OsString], problem: &str) -> String {
    let text = texts.last().map(|text| text.to_string_lossy()).unwrap_or_default();
    let what = match setting.flag {
        "workers" => "number of worker threads",
        "queue-size" => "queue size",
        "max-connections" => "max connections",
        "protocol" => "protocol",
        flag => return format!("--{flag} {text}: {problem}"),
    };
    format!("Invalid {what}: {text} ({problem})")
}

impl Loaded {
    fn set(&mut self, place: usize, texts: &[OsString], origin: Origin) -> Result<(), String> {
        (TABLE[place].read)(&mut self.settings, texts)?;
        if TABLE[place].variable == SOCKET_PATH_VARIABLE
            && let Some(problem) = texts.iter().find_map(|text| not_a_path(Path::new(text)))
        {
            return Err(problem);
        }
        if let Some(known) = self.origins.get_mut(place) {
            *known = origin;
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path, required: bool) -> Result<(), ConfigError> {
        let fail = |problems| ConfigError::File { path: path.to_owned(), problems };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(());
            }
            // A file that nobody named is only looked for: where even that is not possible, it is
            // not there.
            Err(error) if !required && is_out_of_reach(path, &error) => {
                self.warnings.push(format!(
                    "{} cannot be reached and counts as absent: {error}",
                    path.display()
                ));
                return Ok(());
            }
            Err(error) => return Err(fail(vec![format!("cannot be read: {error}")])),
        };
        let FileContent { given, warnings, mut errors } =
            if reference::is_json(&path.to_string_lossy(), &text) {
                reference::read_json(&text)
            } else {
                file::read_toml(&text, path)
            };
        for (place, texts) in given {
            let origin = Origin::File(path.to_owned());
            if let Err(problem) = self.set(place, &texts, origin) {
                let text = texts.last().map(|text| text.to_string_lossy()).unwrap_or_default();
                errors.push(format!("{} = {text}: {problem}", TABLE[place].key));
            }
        }
        if !errors.is_empty() {
            return Err(fail(errors));
        }
        let named = |warning| format!("{}: {warning}", path.display());
        self.warnings.extend(warnings.into_iter().map(named));
        self.files.push(path.to_owned());
        Ok(())
    }

    fn read_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        for (place, setting) in TABLE.iter().enumerate() {
            // The socket has a rule of its own, which comes in where no flag and no file says
            // anything.
            if setting.variable == SOCKET_PATH_VARIABLE {
                let text = environment
                    .get(SOCKET_PATH_VARIABLE)
                    .filter(|_| self.settings.socket.is_empty());
                let problem = text.and_then(|text| not_a_path(Path::new(text)));
                let refuse =
                    |problem| ConfigError::Usage(format!("{SOCKET_PATH_VARIABLE}: {problem}"));
                problem.map_or(Ok(()), |problem| Err(refuse(problem)))?;
                continue;
            }
            let Some(text) = environment.get(setting.variable) else { continue };
            let origin = Origin::Environment(setting.variable);
            self.set(place, std::slice::from_ref(text), origin).map_err(|problem| {
                let text = text.to_string_lossy();
                ConfigError::Usage(format!("{}={text}: {problem}", setting.variable))
            })?;
        }
        self.warn_of_near_misses(environment);
        Ok(())
    }

    /// Warns of variables that look like a misspelt setting.
    fn warn_of_near_misses(&mut self, environment: &Environment) {
        let known = || TABLE.iter().map(|setting| setting.variable).chain([CONFIG_FILE_VARIABLE]);
        for name in environment.variables.keys().filter_map(|name| name.to_str()) {
            let is_ours = name.starts_with("GOXEL_") && !known().any(|known| known == name);
            if let Some(near) = nearest(name, known()).filter(|near| is_ours && is_typo(name, near))
            {
                self.warnings.push(format!("{name} means nothing here; did you mean {near}?"));
            }
        }
    }

    /// Whether anybody said what the value of a setting is.
    pub fn is_said(&self, key: &str) -> bool {
        let place = TABLE.iter().position(|setting| setting.key == key);
        place
            .and_then(|place| self.origins.get(place))
            .is_some_and(|origin| *origin != Origin::Default)
    }

    /// Settings that follow from others, and those that do not go together.
    fn settle(&mut self) -> Result<(), ConfigError> {
        let settings = &mut self.settings;
        if settings.verbose.0 && settings.log_level < LevelFilter::Debug {
            settings.log_level = LevelFilter::Debug;
        }
        let conflict = |text: &str| Err(ConfigError::Conflict(text.to_owned()));
        if settings.outbound_soft.0 > settings.outbound_hard.0 {
            return conflict("limits.outbound_soft must not be over limits.outbound_hard");
        }
        if settings.max_message.0 > settings.max_buffers.0 {
            return conflict("limits.message must not be over limits.buffers");
        }
        if settings.turn_time.0 > settings.turn_total.0 {
            return conflict("limits.turn_time must not be over limits.turn_total");
        }
        for (setting, origin) in TABLE.iter().zip(&self.origins) {
            if setting.effect == Effect::Gone && *origin != Origin::Default {
                self.warnings.push(format!("{origin}: {}", lower_first(setting.help())));
            }
        }
        Ok(())
    }

    /// Takes over what can change while the daemon runs; the keys of what changed, and of what has
    /// to wait for the next start.
    pub fn apply(&mut self, new: &Loaded) -> (Vec<&'static str>, Vec<&'static str>) {
        let (mut applied, mut waiting) = (Vec::new(), Vec::new());
        for (place, setting) in TABLE.iter().enumerate() {
            if (setting.show)(&self.settings) == (setting.show)(&new.settings) {
                continue;
            }
            if setting.effect == Effect::Live {
                (setting.copy)(&mut self.settings, &new.settings);
                self.origins[place] = new.origins[place].clone();
                applied.push(setting.key);
            } else {
                waiting.push(setting.key);
            }
        }
        (applied, waiting)
    }
}

impl Settings {
    /// Gives the log and the pid files beside the socket if the daemon is in the background, and
    /// makes relative paths absolute if it changes its directory.
    fn place_files(&mut self, environment: &Environment) {
        if environment.is_background && self.daemonize.0 {
            let socket = self.socket.first().cloned().unwrap_or_else(|| socket_path(None));
            self.pid_file.default_to(|| socket.with_extension("pid"));
            self.log_file.default_to(|| socket.with_extension("log"));
        }
        if self.state_dir.is_none() {
            self.state_dir = state_dir::by_default(environment);
        }
        if self.render_dir.is_none() {
            let runtime = environment.get("XDG_RUNTIME_DIR").map(PathBuf::from);
            let runtime = runtime.filter(|path| path.is_absolute() && path.is_dir());
            let state = || self.state_dir.as_ref().map(|state| state.join("renders"));
            self.render_dir = runtime.map(|path| path.join("goxel/renders")).or_else(state);
        }
        if self.working_dir.is_none() {
            return;
        }
        let absolute = |path: &mut PathBuf| *path = environment.directory.join(&*path);
        self.socket.iter_mut().for_each(absolute);
        self.root.iter_mut().chain(&mut self.read_root).for_each(absolute);
        let files =
            [&mut self.project, &mut self.render_dir, &mut self.state_dir, &mut self.working_dir];
        files.into_iter().flatten().for_each(absolute);
        let places =
            [&mut self.pid_file, &mut self.log_file, &mut self.health_file, &mut self.journal];
        places.into_iter().filter_map(Place::path_mut).for_each(absolute);
    }
}

/// Whether a file could not even be looked for: a directory on the way is closed to us, or is none.
fn is_out_of_reach(path: &Path, error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotADirectory => true,
        ErrorKind::PermissionDenied => std::fs::symlink_metadata(path).is_err(),
        _ => false,
    }
}

/// Whether two names differ by one letter, so that the one is surely meant as the other.
fn is_typo(name: &str, near: &str) -> bool {
    let (a, b) = (name.as_bytes(), near.as_bytes());
    let front = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    front + back + 2 >= a.len().max(b.len()) && a.len().abs_diff(b.len()) <= 1
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
