//! What goes on beside serving: snapshots of the state of health on a timer, signs of life to the
//! service manager, reloading, and the files that tell others about this daemon.
//!
//! It belongs to the event loop and not to the reactor: it writes files and reads the real clock.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::clock::SystemClock;
use super::config::{self, CommandLine, ConfigError, Environment, Loaded, Place};
use super::health_file::{self, HealthFile};
use super::notify_service::ServiceManager;
use super::pid_file::PidFile;
use super::reactor::Reactor;
use super::takeover::Handed;
use super::transport::Socket;
use super::{daemonize, logging};
use crate::api::methods::health::HealthResult;
use crate::disk::{self, Lane, Note, Pending};
use crate::file_access::own;
use crate::plain_words::counted;
use crate::render_store::Gone;

/// Kept pictures are looked through no more often than this.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

type Server = Reactor<Socket, SystemClock>;

/// How a daemon was started, and so how its configuration can be read again.
#[derive(Clone, Debug)]
pub struct Start {
    /// The command line.
    pub line: CommandLine,
    /// The environment.
    pub environment: Environment,
    /// The configuration that they and the files add up to.
    pub loaded: Loaded,
}

/// See the module.
pub struct Watch {
    start: Start,
    interval: Duration,
    due: Option<Instant>,
    health_file: Option<HealthFile>,
    /// When kept pictures are looked through for those whose time is over; none while there are
    /// none.
    renders_due: Option<Instant>,
    manager: ServiceManager,
    /// A configuration that is being read again.
    reload: Option<Pending<Result<Loaded, ConfigError>>>,
    /// Removed when the watch ends.
    pid_file: Option<PidFile>,
}

impl Watch {
    /// Takes the pid file, unless it is among what is handed over; an error says who has it.
    pub fn new(start: Start, handed: Option<&Handed>) -> Result<Self, String> {
        let path = start.loaded.settings.pid_file.path();
        let path = path.filter(|path| !handed.is_some_and(|handed| handed.has_pid_file(path)));
        let pid_file = path.map(PidFile::write).transpose()?;
        let interval = start.loaded.settings.health_interval.0;
        let manager = ServiceManager::of_environment(Instant::now());
        Ok(Watch {
            start,
            interval,
            due: None,
            health_file: None,
            renders_due: None,
            manager,
            reload: None,
            pid_file,
        })
    }

    /// Takes the health file; an error says why one that was named cannot be had. A daemon that
    /// takes over gets it when the one before has ended.
    pub fn claim_health_file(
        &mut self,
        socket: Option<&Path>,
        takes_over: bool,
    ) -> Result<(), String> {
        let (path, is_named) = match self.start.loaded.settings.health_file.clone() {
            Place::Default => (socket.map(health_file::path_beside), false),
            Place::Nowhere => (None, false),
            Place::At(path) => (Some(path), true),
        };
        let Some(path) = path else { return Ok(()) };
        own::protect(&path);
        if takes_over {
            self.health_file = Some(HealthFile::after_another(path));
            return Ok(());
        }
        match HealthFile::claim(path) {
            Ok(file) => self.health_file = Some(file),
            Err(problem) if is_named => return Err(problem),
            Err(problem) => log::warn!("there is no health file: {problem}"),
        }
        Ok(())
    }

    /// The daemon serves these sockets from now on. Takes the first snapshot.
    pub fn ready(&mut self, sockets: Vec<PathBuf>, server: &mut Server) {
        let names: Vec<String> = sockets.iter().map(|path| path.display().to_string()).collect();
        server.configure(self.start.loaded.clone());
        self.manager.ready(&format!("Serving {}", names.join(", ")));
        server.set_sockets(names);
        if self.start.environment.is_background
            && let Err(error) = daemonize::let_go()
        {
            log::warn!("cannot let go of the terminal: {error}");
        }
        self.snapshot(Instant::now(), server);
    }

    /// Takes a pid file that was handed over; it is removed if it is not the one of the
    /// configuration.
    pub fn take_pid_file(&mut self, file: PidFile) {
        if self.start.loaded.settings.pid_file.path() == Some(file.path()) {
            self.pid_file = Some(file);
        }
    }

    /// The pid file.
    pub fn pid_file(&self) -> Option<&PidFile> {
        self.pid_file.as_ref()
    }

    /// Leaves everything to the daemon that took over.
    pub fn leave(self) {
        if let Some(file) = self.pid_file {
            file.leave();
        }
        logging::flush();
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Instant> {
        [self.due, self.renders_due, self.manager.next()].into_iter().flatten().min()
    }

    /// Whether the next snapshot of the state of health is due.
    pub fn is_snapshot_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Does what is due.
    pub fn act(&mut self, now: Instant, server: &mut Server) {
        self.manager.act(now);
        self.take_reloaded(server);
        self.clean_up_renders(now, server);
        if self.due.is_some_and(|due| due <= now) {
            self.snapshot(now, server);
        }
    }

    fn clean_up_renders(&mut self, now: Instant, server: &mut Server) {
        let store = server.renders_mut();
        if self.renders_due.is_some_and(|due| due <= now) {
            let Gone { files, bytes, .. } = &store.clean_up(SystemTime::now());
            let files = counted(*files, "kept picture");
            log::debug!("{files} of {bytes} bytes removed: the time is over");
            self.renders_due = None;
        }
        if self.renders_due.is_none() && store.renders().len() > 0 {
            let left = store.time_to_cleanup(SystemTime::now());
            self.renders_due = left.map(|left| now + left.max(SHORTEST_WAIT));
        }
    }

    fn snapshot(&mut self, now: Instant, server: &Server) {
        if self.interval.is_zero() {
            self.due = None;
            return;
        }
        // From the moment at which it was due, so that delays do not add up; but never in the past.
        let next = self.due.map_or(now, |due| due) + self.interval;
        self.due = Some(if next > now { next } else { now + self.interval });
        logging::flush();
        let health = server.health();
        let line = summary(&health);
        log::info!("health {line}");
        self.manager.status(&line);
        if let Some(file) = &self.health_file {
            file.write(&health, self.interval);
        }
    }

    /// Reads the configuration again; [`Watch::act`] takes over what can change. The log file is
    /// opened anew.
    pub fn reload(&mut self) {
        self.manager.reloading();
        let (start, path) = (self.start.clone(), PathBuf::from("configuration"));
        let read = move |_: &Note| Ok(config::load(&start.line, &start.environment));
        self.reload = Some(disk::start(Lane::Own, &path, read));
    }

    fn take_reloaded(&mut self, server: &mut Server) {
        let Some(read) = self.reload.as_mut().and_then(Pending::take) else { return };
        self.reload = None;
        let mut loaded = server.config().clone();
        match read
            .map_err(|error| error.to_string())
            .and_then(|read| read.map_err(|e| e.to_string()))
        {
            Ok(new) => {
                let (applied, waiting) = loaded.apply(&new);
                self.apply(loaded, server);
                log_reload(&applied, &waiting);
                new.warnings.iter().for_each(|warning| log::warn!("{warning}"));
            }
            Err(error) => {
                log::error!("reload: the old configuration stays: {error}");
                open_log_anew(loaded);
            }
        }
        self.manager.ready("Serving");
    }

    fn apply(&mut self, loaded: Loaded, server: &mut Server) {
        open_log_anew(loaded.clone());
        let interval = loaded.settings.health_interval.0;
        if interval != self.interval {
            self.interval = interval;
            self.due = Some(Instant::now()).filter(|_| !interval.is_zero());
        }
        server.configure(loaded);
    }

    /// The daemon stops.
    pub fn stopping(&self) {
        self.manager.stopping();
    }

    /// The daemon serves nobody any more.
    pub fn stopped(&mut self, server: &Server) {
        logging::flush();
        if let Some(file) = self.health_file.as_ref().filter(|_| !self.interval.is_zero()) {
            file.write_stopped(&server.health());
        }
    }
}

/// Has a helper take over the settings of the log and open its file anew.
fn open_log_anew(loaded: Loaded) {
    let path = loaded.settings.log_file.path().map(Path::to_owned).unwrap_or_default();
    disk::post(Lane::Own, &path, move |_| {
        let restyled = logging::start(loaded.settings.log_style());
        if let Err(problem) = restyled.and_then(|()| logging::reopen()) {
            log::error!("reload: {problem}");
        }
    });
}

fn log_reload(applied: &[&str], waiting: &[&str]) {
    match applied {
        [] => log::info!("reload: nothing changed"),
        applied => log::info!("reload: {} took effect", applied.join(", ")),
    }
    if !waiting.is_empty() {
        log::warn!("reload: {} will take effect at the next start", waiting.join(", "));
    }
}

/// The state of health on one line.
fn summary(health: &HealthResult) -> String {
    let mut line = format!(
        "status={} memory_mb={} connections={} calls={} errors={} p99_us={} longest_turn_us={} jobs={} uptime_s={}",
        health.status,
        health.memory_usage >> 20,
        health.active_connections,
        health.calls.total,
        health.calls.errors,
        health.calls.latency.p99_us.round(),
        health.event_loop.recent_longest_turn_us,
        health.jobs.running,
        health.uptime_seconds,
    );
    if !health.reasons.is_empty() {
        line.push_str(": ");
        line.push_str(&health.reasons.join("; "));
    }
    line
}
