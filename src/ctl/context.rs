//! What every command gets: where the daemon is, how to write, and whether the user wants to stop.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;

use super::exit::Failure;
use super::output::Output;
use crate::client::{Connection, ConnectionOptions, Framing};
use crate::socket_path::not_a_path;

/// The longest sleep before the wish to stop is looked at again.
const SLICE: Duration = Duration::from_millis(50);

/// How long a command may take to end by itself once it is to stop.
const PATIENCE: Duration = Duration::from_secs(1);

/// The surroundings of a command.
#[derive(Debug)]
pub struct Context {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// How connections behave.
    pub options: ConnectionOptions,
    /// How to write.
    pub output: Output,
}

impl Context {
    /// A connection to the daemon.
    pub fn connect(&self) -> Result<Connection, Failure> {
        if let Some(problem) = not_a_path(&self.socket) {
            return Err(Failure::Usage(format!("the socket {problem}")));
        }
        Ok(Connection::open_at(&self.socket, self.options.clone())?)
    }

    /// One call on a connection of its own; the result as a tree.
    pub fn call(&self, method: &str, params: Value) -> Result<Value, Failure> {
        Ok(self.connect()?.call(method, params)?)
    }

    /// The word for the framing in use.
    pub fn framing(&self) -> Framing {
        self.options.framing
    }
}

/// Whether a path of an output means our own stdout, which is written to as it is and never
/// replaced.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
}

/// Reads a file, or stdin for `-`.
pub fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|content| bytes = content)
    };
    result.map_err(|error| Failure::NoInput(path.to_owned(), error))?;
    Ok(bytes)
}

/// Checks that a text is JSON and keeps it as it is; `what` names it in the error.
pub fn raw_json(text: String, what: &str) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(text)
        .map_err(|error| Failure::Data(format!("{what} is not JSON: {error}")))
}

/// The path as the daemon, which may have another working directory, must get it.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::Io(path.display().to_string(), error))
}

/// Whether the user has asked to stop with an interrupt.
#[derive(Clone, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes over SIGINT and SIGTERM: the first sets the wish, the second ends the program at once.
    pub fn on_interrupt() -> Result<Stop, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(
                signal,
                super::exit::code::INTERRUPTED.into(),
                flag.clone(),
            )
            .and_then(|_| signal_hook::flag::register(signal, flag.clone()))
            .map_err(|error| Failure::Io("taking over interrupts".into(), error))?;
        }
        let stop = Stop(flag);
        stop.clone().end_soon();
        Ok(stop)
    }

    /// Ends the program a moment after the wish, whatever it waits for: once is enough.
    fn end_soon(self) {
        std::thread::spawn(move || {
            while !self.is_set() {
                std::thread::sleep(SLICE);
            }
            std::thread::sleep(PATIENCE);
            signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT)
        });
    }

    /// Whether it is time to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps until a moment; false if it is time to stop.
    pub fn sleep_until(&self, moment: Instant) -> bool {
        while !self.is_set() {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(SLICE));
        }
        false
    }
}
