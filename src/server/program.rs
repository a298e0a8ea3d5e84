//! The program `goxel-daemon`: from the command line to an exit code.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use super::config::{self, Action, ConfigError, Environment, Loaded, Settings, command_line};
use super::signals::Signals;
use super::watch::{Start, Watch};
use super::{control, daemonize, logging, projects, seccomp, state_dir, takeover};
use crate::file_access::{Roots, own};
use crate::format;
use crate::memory::{self, set_memory_limit, set_resident_limit};
use crate::plain_words::{counted, without_numbers};
use crate::render_store::{RenderStore, RenderStoreSettings};
use crate::rpc::Service;
use crate::workspace::Workspace;

const USAGE: &str = "Invalid command line arguments. Use --help for usage information.";

const NO_STATE_DIR: &str = "there is no state directory, so what cannot be saved at the end is lost; give \
                            --state-dir, or set XDG_STATE_HOME or a HOME that is there";

/// Runs the program. `arguments` do not hold its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let line = match command_line::parse(arguments.iter().cloned()) {
        Ok(line) => line,
        Err(problem) => return refuse(&ConfigError::Usage(problem)),
    };
    match line.action {
        Action::Help => return print(&config::help()),
        Action::Manual => return print(&config::man()),
        Action::Version => return print(&format!("goxel-daemon version {}\n", crate::VERSION)),
        Action::SelfTest => {
            eprintln!(
                "goxel-daemon: the program has no tests in it; --check-config checks a setup"
            );
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    let is_background = daemonize::is_background_copy();
    let environment = Environment { is_background, ..Environment::of_process() };
    let loaded = match config::load(&line, &environment) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&error),
    };
    match line.action {
        Action::ShowConfig => print(&config::show(&loaded)),
        Action::CheckConfig => check(&loaded),
        Action::Status => control::status(&loaded.settings),
        Action::Stop => control::stop(&loaded.settings),
        Action::Reload => control::reload(&loaded.settings),
        _ => {
            let start = Start { line, environment, loaded };
            let code = begin(start, &arguments).unwrap_or_else(|problem| fail(&problem));
            logging::finish();
            code
        }
    }
}

fn print(text: &str) -> ExitCode {
    use std::io::Write;
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("goxel-daemon: {}", without_numbers(&error.to_string()));
    if matches!(error, ConfigError::Usage(_)) {
        eprintln!("{USAGE}");
    }
    ExitCode::from(error.exit_code())
}

fn check(loaded: &Loaded) -> ExitCode {
    if let Err(error) = loaded.server() {
        return refuse(&error);
    }
    for warning in &loaded.warnings {
        eprintln!("goxel-daemon: warning: {warning}");
    }
    let files: Vec<String> = loaded.files.iter().map(|file| file.display().to_string()).collect();
    let read = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    print(&format!(
        "The configuration is good ({read}, {}).\n",
        counted(loaded.warnings.len() as u64, "warning")
    ))
}

/// Becomes what the process has to be, then serves.
fn begin(start: Start, arguments: &[OsString]) -> Result<ExitCode, String> {
    let settings = &start.loaded.settings;
    daemonize::become_user(settings.user.as_deref(), settings.group.as_deref(), arguments)?;
    if settings.daemonize.0 {
        if !start.environment.is_background {
            return daemonize::launch(arguments);
        }
        daemonize::leave_session();
    }
    if let Some(directory) = &settings.working_dir {
        std::env::set_current_dir(directory).map_err(|error| {
            format!("cannot change to the directory {}: {error}", directory.display())
        })?;
    }
    logging::start(settings.log_style())?;
    serve(start)
}

fn serve(start: Start) -> Result<ExitCode, String> {
    let server = match start.loaded.server() {
        Ok(server) => server,
        Err(error) => return Ok(refuse(&error)),
    };
    let settings = &start.loaded.settings;
    log::info!("goxel-daemon {} starts, pid={}", crate::VERSION, std::process::id());
    for warning in &start.loaded.warnings {
        log::warn!("{warning}");
    }
    set_memory_limit(settings.voxel_memory());
    set_resident_limit(settings.process_memory());
    memory::prepare();
    let mut workspace = workspace(settings);
    if let Some(path) = &settings.project {
        projects::open(path, settings.file_limits(), &mut workspace)?;
    }
    match &settings.state_dir {
        Some(state) => look_into(state),
        None => log::warn!("{NO_STATE_DIR}"),
    }
    let mut service = Service::new(workspace);
    service.set_renders(renders(&start.loaded)?);
    service.set_limits(settings.service_limits());
    service.compact_bytes = settings.journal_compact_bytes.0;
    service.set_script_directory(settings.script_dir.clone());
    service.set_roots(roots(settings)?);
    protect(&start.loaded);
    let handed = if settings.takeover.0 {
        takeover::ask(&settings.socket_paths(), &server.permissions)?
    } else {
        None
    };
    // Before there is a pid file or a socket: whoever finds either may send a signal.
    let signals = Signals::install()
        .map_err(|error| format!("cannot install the handlers of signals: {error}"))?;
    let is_shut_in = settings.seccomp.0;
    let watch = Watch::new(start, handed.as_ref())?;
    if is_shut_in {
        let count = seccomp::forbid()?;
        log::info!("{count} system calls are refused from now on (--seccomp)");
    }
    let is_saved =
        super::run(server, service, watch, signals, handed).map_err(|error| error.to_string())?;
    format::end_notes();
    Ok(if is_saved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells what earlier daemons left in the state directory, and sweeps what was left of their saves.
fn look_into(state: &Path) {
    projects::tell_rescued(state);
    match state_dir::make(state, "saves") {
        Ok(notes) => match format::note_in(&notes) {
            0 => {}
            count => log::info!("{count} temporary files of ended daemons removed"),
        },
        Err(error) => log::warn!("the state directory {} is not used: {error}", state.display()),
    }
}

/// The store of pictures, in a directory that nobody else can write to. One that was named has to
/// be usable; instead of the default one another is taken.
fn renders(loaded: &Loaded) -> Result<RenderStore, String> {
    let settings = loaded.settings.renders();
    let mut store = RenderStore::new(settings.clone());
    let Err(error) = store.open(SystemTime::now()) else { return Ok(store) };
    if loaded.is_said("render.dir") {
        return Err(format!("--render-dir: {error}"));
    }
    let directory = RenderStoreSettings::default().directory;
    log::warn!("{error}; pictures are kept in {}", directory.display());
    let mut store = RenderStore::new(RenderStoreSettings { directory, ..settings });
    match store.open(SystemTime::now()) {
        Ok(()) => Ok(store),
        Err(error) => Err(format!("--render-dir: {error}")),
    }
}

/// The directories that clients are confined to, if to any.
fn roots(settings: &Settings) -> Result<Option<Arc<Roots>>, String> {
    if settings.root.is_empty() && settings.read_root.is_empty() {
        return Ok(None);
    }
    let roots = Roots::open(&settings.root, &settings.read_root);
    let roots =
        roots.map_err(|(path, error)| format!("cannot confine to {}: {error}", path.display()))?;
    Ok(Some(Arc::new(roots)))
}

/// Keeps clients from the files of this daemon.
fn protect(loaded: &Loaded) {
    let settings = &loaded.settings;
    let files = [&settings.pid_file, &settings.log_file, &settings.health_file];
    files
        .into_iter()
        .filter_map(|place| place.path())
        .chain(loaded.files.iter().map(|path| &**path))
        .for_each(own::protect);
}

/// No projects but the default one, with the limits that are set.
fn workspace(settings: &Settings) -> Workspace {
    let mut workspace = Workspace::default();
    workspace.set_history_memory(settings.history_memory.0);
    workspace.max_projects = settings.max_projects.get();
    workspace.edit_limits = crate::edit::Limits {
        operations: settings.max_edit_operations.get(),
        voxels: settings.max_edit_voxels.0,
    };
    workspace
}

/// Tells why the daemon does not run: always on standard error, and in the log if that goes
/// elsewhere.
fn fail(problem: &dyn std::fmt::Display) -> ExitCode {
    let problem = problem.to_string();
    let problem = without_numbers(&problem);
    eprintln!("goxel-daemon: {problem}");
    if !logging::is_to_stderr() {
        log::error!("{problem}");
    }
    ExitCode::FAILURE
}
