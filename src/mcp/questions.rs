//! The daemon as goxel-mcp reaches it: through the client library's pool.
//!
//! Nothing is opened before the first question. A question that may wait goes through the pool,
//! which reconnects, tries again, and starts a daemon if that is wanted; one that may not is asked
//! on a connection of its own, at once or not at all.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::line::{CallFault, Question, Reply};
use crate::client::{
    Autostart, CallError, Connection, ConnectionOptions, DaemonCommand, Error, Outcome, Pool,
    PoolOptions, RemoteError, Watch, effect_of,
};
use crate::plain_words::without_numbers;

/// What a daemon says of a directory outside of its own.
const OUTSIDE_THE_ROOTS: i64 = 1008;
/// How long a question may take; hosts give up after a minute.
const CALL_LIMIT: Duration = Duration::from_secs(55);
/// How long a lost daemon is waited for.
const RESTART_LIMIT: Duration = Duration::from_secs(8);
/// How long a connection may take to open when nobody wants to wait.
const PRESENT_LIMIT: Duration = Duration::from_millis(500);
/// How often a long call tells how far it is, in milliseconds.
const PROGRESS_MS: u64 = 250;

/// Answers questions.
pub trait Asked: Send + Sync + 'static {
    /// Carries a question out. `watch` is looked at meanwhile: false asks to give it up.
    fn ask(&self, question: Question, watch: &mut Watch<'_>) -> Reply;
}

/// The daemon.
pub struct Daemon {
    socket: PathBuf,
    options: ConnectionOptions,
    /// How to start one, if that is wanted.
    spawn: Option<DaemonCommand>,
    /// What each connection begins with.
    greeting: Vec<(String, Value)>,
    pool: OnceLock<Pool>,
    /// Whether a daemon was there once: then its absence is a restart.
    was_there: AtomicBool,
}

impl Daemon {
    /// The daemon at a socket. Its paths are narrowed to `root` on every connection.
    pub fn new(
        socket: PathBuf,
        options: ConnectionOptions,
        spawn: Option<DaemonCommand>,
        root: Option<&Path>,
    ) -> Self {
        let confine = |root: &Path| ("connection.confine".to_owned(), json!({"roots": [root]}));
        let name = ("connection.name".to_owned(), json!({"name": "goxel-mcp"}));
        let greeting = std::iter::once(name).chain(root.map(confine)).collect();
        Daemon {
            socket,
            options,
            spawn,
            greeting,
            pool: OnceLock::new(),
            was_there: AtomicBool::new(false),
        }
    }

    /// A connection to a daemon that is there now.
    pub fn connect(&self) -> Result<Connection, Error> {
        let options = ConnectionOptions { connect_timeout: PRESENT_LIMIT, ..self.options.clone() };
        let mut connection = Connection::open_at(&self.socket, options)?;
        connection.greet(&self.greeting)?;
        self.was_there.store(true, Ordering::Relaxed);
        Ok(connection)
    }

    fn ask_present(&self, question: Question) -> Reply {
        let asked = self
            .connect()
            .and_then(|mut connection| connection.call_raw(question.method, &question.params));
        match asked {
            Ok(result) => read(result.get()),
            Err(error) => Err(self.fault(&error, Outcome::NotApplied)),
        }
    }

    fn ask_patiently(&self, question: Question, watch: &mut Watch<'_>) -> Reply {
        if self.spawn.is_none() && !self.was_there.load(Ordering::Relaxed) {
            // Nobody will start one while we wait.
            self.connect().map_err(|error| self.fault(&error, Outcome::NotApplied))?;
        }
        let pool = self.pool()?;
        let mut params = question.params;
        if let Value::Object(members) = &mut params {
            members.insert("progress_ms".to_owned(), PROGRESS_MS.into());
        }
        let effect = effect_of(question.method);
        let mut looked = |progress| watch(progress);
        match pool.call_watched(effect, question.method, params, &mut looked) {
            Ok(result) => {
                self.was_there.store(true, Ordering::Relaxed);
                read(result.get())
            }
            Err(CallError { error, outcome, .. }) => Err(self.fault(&error, outcome)),
        }
    }

    fn pool(&self) -> Result<&Pool, CallFault> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let autostart = match &self.spawn {
            Some(command) => Autostart::Spawn(command.clone()),
            None => Autostart::Never,
        };
        let options = PoolOptions {
            min_connections: 0,
            acquire_timeout: RESTART_LIMIT,
            call_timeout: CALL_LIMIT,
            greeting: self.greeting.clone(),
            autostart,
            connection: self.options.clone(),
            ..PoolOptions::default()
        };
        let pool = Pool::builder().socket(&self.socket).options(options).build();
        let pool = pool.map_err(|error| self.fault(&error, Outcome::NotApplied))?;
        Ok(self.pool.get_or_init(|| pool))
    }

    fn fault(&self, error: &Error, outcome: Outcome) -> CallFault {
        let is_outcome_unknown = outcome == Outcome::Unknown;
        match error {
            Error::Remote(error)
                if error.code == OUTSIDE_THE_ROOTS && self.is_of_the_greeting(error) =>
            {
                let (socket, why) = (self.socket.display(), error.message.trim_end_matches('.'));
                let message = format!(
                    "the daemon at {socket} works beneath other directories: {why}. Give goxel-mcp a --root within \
                     them, or a daemon of its own with another --socket"
                );
                CallFault { message, ..CallFault::default() }
            }
            Error::Remote(error) => CallFault {
                code: error.code,
                message: error.message.clone(),
                data: error.data.clone().unwrap_or_default(),
                is_outcome_unknown,
            },
            Error::Connect { source, .. } => CallFault {
                message: self.no_daemon(source),
                is_outcome_unknown,
                ..Default::default()
            },
            other => {
                CallFault { message: other.to_string(), is_outcome_unknown, ..Default::default() }
            }
        }
    }

    /// Whether it was the root of this program that a daemon refused, and not a path of a call.
    fn is_of_the_greeting(&self, error: &RemoteError) -> bool {
        let roots = self.greeting.iter().filter_map(|(_, params)| params["roots"][0].as_str());
        let mut roots = roots.map(|root| format!("Cannot confine to '{root}'"));
        roots.any(|start| error.message.starts_with(&start))
    }

    /// What to do when nobody is there.
    fn no_daemon(&self, source: &std::io::Error) -> String {
        let socket = self.socket.display();
        let source = source.to_string();
        let source = without_numbers(&source);
        let what = match &self.spawn {
            Some(command) => format!(
                "no daemon at {socket} ({source}), and {} could not be started there",
                command.program.display()
            ),
            None => format!("no daemon at {socket} ({source})"),
        };
        format!(
            "{what}. Run: goxel-daemon --daemonize --socket={socket}   (or start goxel-mcp with --spawn)"
        )
    }
}

impl Asked for Daemon {
    fn ask(&self, question: Question, watch: &mut Watch<'_>) -> Reply {
        if question.may_wait {
            self.ask_patiently(question, watch)
        } else {
            self.ask_present(question)
        }
    }
}

fn read(text: &str) -> Reply {
    serde_json::from_str(text).map_err(|error| CallFault {
        message: format!("the daemon's answer cannot be read: {error}"),
        ..CallFault::default()
    })
}
