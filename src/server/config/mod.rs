//! The configuration: flags, environment, files and defaults become [`Settings`], each with its [`Origin`].
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
//! Flags win over the environment, the environment over the user's file, that over the system's file, and that over
//! the defaults. Whatever is wrong is told with the place where it was said; nothing is taken half.

pub mod command_line;
mod file;
mod help;
mod kinds;
mod reference;
mod serve;
pub mod table;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

pub use command_line::{Action, CommandLine};
pub use help::{help, man, show};
pub use kinds::{Bytes, Count, FileMode, LogFormat, Percent, SettingType, Switch, Time};
pub use table::{Effect, Setting, Settings, TABLE};

use crate::api::args::nearest;
use crate::socket_path::socket_path;
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
    /// Where the program was started: relative paths of a configuration begin here, wherever the daemon goes.
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
    fn get(&self, name: &str) -> Option<&OsString> {
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
            Err(error) => return Err(fail(vec![format!("cannot be read: {error}")])),
        };
        let FileContent { given, warnings, mut errors } =
            match reference::is_json(&path.to_string_lossy(), &text) {
                true => reference::read_json(&text),
                false => file::read_toml(&text),
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
            // The socket has a rule of its own, which comes in where no flag and no file says anything.
            if setting.variable == crate::socket_path::SOCKET_PATH_VARIABLE {
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
        if settings.warn_turn.0 > settings.fail_turn.0 {
            return conflict("health.warn_turn must not be over health.fail_turn");
        }
        for (setting, origin) in TABLE.iter().zip(&self.origins) {
            if setting.effect == Effect::Gone && *origin != Origin::Default {
                self.warnings.push(format!("{origin}: {}", lower_first(setting.help())));
            }
        }
        Ok(())
    }

    /// Takes over what can change while the daemon runs; the keys of what changed, and of what has to wait for the
    /// next start.
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
    /// Gives the log and the pid files beside the socket if the daemon is in the background, and makes relative
    /// paths absolute if it changes its directory.
    fn place_files(&mut self, environment: &Environment) {
        if environment.is_background && self.daemonize.0 {
            let socket = self.socket.first().cloned().unwrap_or_else(|| socket_path(None));
            self.pid_file.get_or_insert_with(|| socket.with_extension("pid"));
            self.log_file.get_or_insert_with(|| socket.with_extension("log"));
        }
        if self.working_dir.is_none() {
            return;
        }
        let absolute = |path: &mut PathBuf| *path = environment.directory.join(&*path);
        self.socket.iter_mut().for_each(absolute);
        let files = [
            &mut self.pid_file,
            &mut self.log_file,
            &mut self.health_file,
            &mut self.project,
            &mut self.render_dir,
            &mut self.working_dir,
        ];
        files.into_iter().flatten().for_each(absolute);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let pairs = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Environment {
            variables: pairs.collect(),
            system_file: "/nonexistent/goxel.toml".into(),
            directory: "/start".into(),
            is_background: false,
        }
    }

    fn load_from(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let line = command_line::parse(arguments.iter().map(OsString::from))
            .map_err(ConfigError::Usage)?;
        load(&line, &environment(variables))
    }

    fn origin(loaded: &Loaded, key: &str) -> Origin {
        let place = TABLE.iter().position(|setting| setting.key == key).unwrap();
        loaded.origins[place].clone()
    }

    #[test]
    fn flags_win_over_environment_over_files_over_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let user = directory.path().join("goxel");
        std::fs::create_dir(&user).unwrap();
        let text = "[limits]\nconnections = 10\nmessage = \"1MiB\"\nslice = \"2ms\"\n";
        std::fs::write(user.join("config.toml"), text).unwrap();
        let system = directory.path().join("system.toml");
        std::fs::write(&system, "[limits]\nslice = \"4ms\"\nlinger = \"9s\"\n").unwrap();
        let mut environment = environment(&[
            ("XDG_CONFIG_HOME", directory.path().to_str().unwrap()),
            ("GOXEL_MAX_CONNECTIONS", "20"),
            ("GOXEL_MAX_MESSAGE_BYTES", "2MiB"),
        ]);
        environment.system_file = system.clone();
        let line = command_line::parse(["--max-connections=30".into()]).unwrap();
        let loaded = load(&line, &environment).unwrap();
        assert_eq!(loaded.settings.max_connections.0, 30);
        assert_eq!(origin(&loaded, "limits.connections"), Origin::Flag("max-connections"));
        assert_eq!(loaded.settings.max_message.0, 2 << 20);
        assert_eq!(
            origin(&loaded, "limits.message"),
            Origin::Environment("GOXEL_MAX_MESSAGE_BYTES")
        );
        assert_eq!(loaded.settings.slice.show(), "2ms");
        assert_eq!(origin(&loaded, "limits.slice"), Origin::File(user.join("config.toml")));
        assert_eq!(origin(&loaded, "limits.linger"), Origin::File(system));
        assert_eq!(origin(&loaded, "limits.drain"), Origin::Default);
    }

    #[test]
    fn a_named_file_must_be_there_and_is_the_only_one() {
        let error = load_from(&["--config=/nonexistent/x.toml"], &[]).unwrap_err();
        assert_eq!(error.exit_code(), 78);
        assert!(error.to_string().starts_with("/nonexistent/x.toml: cannot be read"), "{error}");
    }

    #[test]
    fn a_bad_value_is_told_with_the_place_where_it_was_said() {
        let flag = load_from(&["-m", "70000"], &[]).unwrap_err();
        assert_eq!(flag.to_string(), "Invalid max connections: 70000 (must be 1-65536)");
        assert_eq!(flag.exit_code(), 2);
        let variable = load_from(&[], &[("GOXEL_SLICE_TIME", "fast")]).unwrap_err();
        assert!(
            variable.to_string().starts_with("GOXEL_SLICE_TIME=fast: must be a time"),
            "{variable}"
        );
        let level = load_from(&["--log-level=loud"], &[]).unwrap_err();
        assert!(level.to_string().starts_with("--log-level loud: must be"), "{level}");
    }

    #[test]
    fn the_reference_s_words_for_its_own_flags_are_kept() {
        for (arguments, words) in [
            (["-j", "0"], "Invalid number of worker threads: 0 (must be 1-64)"),
            (["-q", "0"], "Invalid queue size: 0 (must be 1-65536)"),
            (["-P", "x"], "Invalid protocol: x (must be auto, jsonrpc, or mcp)"),
        ] {
            assert_eq!(load_from(&arguments, &[]).unwrap_err().to_string(), words);
        }
    }

    #[test]
    fn flags_whose_meaning_is_gone_are_accepted_with_a_warning() {
        let loaded =
            load_from(&["-j4", "--queue-size=9", "--priority-queue", "-P", "mcp"], &[]).unwrap();
        assert_eq!(loaded.warnings.len(), 4, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].starts_with("flag --workers: has no meaning any more"));
    }

    #[test]
    fn a_misspelt_variable_is_noticed_and_others_of_the_family_are_not() {
        let variables =
            [("GOXEL_LOG_LEVELS", "debug"), ("GOXEL_SAMPLES", "/x"), ("GOXEL_SLICE_TIME", "")];
        let loaded = load_from(&[], &variables).unwrap();
        assert_eq!(
            loaded.warnings,
            ["GOXEL_LOG_LEVELS means nothing here; did you mean GOXEL_LOG_LEVEL?"]
        );
    }

    #[test]
    fn a_daemon_that_moves_still_finds_what_was_named_where_it_started() {
        let line = ["-w", "work", "-s", "a.sock", "--project=/x/y.gox"].map(OsString::from);
        let line = command_line::parse(line).unwrap();
        let settings = load(&line, &environment(&[])).unwrap().settings;
        assert_eq!(settings.socket, [Path::new("/start/a.sock")]);
        assert_eq!(settings.working_dir.as_deref(), Some(Path::new("/start/work")));
        assert_eq!(settings.project.as_deref(), Some(Path::new("/x/y.gox")));
    }

    #[test]
    fn a_daemon_in_the_background_has_files_beside_its_socket() {
        let line = command_line::parse(["-D", "-s/run/a.sock"].map(OsString::from)).unwrap();
        let background = Environment { is_background: true, ..environment(&[]) };
        let settings = load(&line, &background).unwrap().settings;
        assert_eq!(settings.pid_file.as_deref(), Some(Path::new("/run/a.pid")));
        assert_eq!(settings.log_file.as_deref(), Some(Path::new("/run/a.log")));
        assert_eq!(load(&line, &environment(&[])).unwrap().settings.pid_file, None);
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let error = load_from(&["--outbound-soft-bytes=2MiB", "--outbound-hard-bytes=1MiB"], &[])
            .unwrap_err();
        assert_eq!(error.exit_code(), 78);
        assert!(load_from(&["--verbose"], &[]).unwrap().settings.log_level == LevelFilter::Debug);
    }

    #[test]
    fn a_reload_applies_what_can_change_and_names_the_rest() {
        let mut current = load_from(&[], &[]).unwrap();
        let new =
            load_from(&["--slice-time=2ms", "--socket=/other", "--log-level=debug"], &[]).unwrap();
        let (applied, waiting) = current.apply(&new);
        assert_eq!(applied, ["log.level", "limits.slice"]);
        assert_eq!(waiting, ["socket.path"]);
        assert_eq!(current.settings.slice.show(), "2ms");
        assert!(current.settings.socket.is_empty());
    }
}
