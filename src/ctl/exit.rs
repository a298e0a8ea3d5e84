//! How the program ends: its exit codes, and the errors that lead to them.

use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;

use crate::client::{Effect, Error, ErrorKind, SERVER_FULL, effect_of};
use crate::plain_words::without_numbers;

/// The exit codes, as sysexits names them.
pub mod code {
    /// The operation failed: the daemon refused it.
    pub const FAILED: u8 = 1;
    /// The command line makes no sense.
    pub const USAGE: u8 = 2;
    /// The input is not what it should be.
    pub const DATA: u8 = 65;
    /// An input file cannot be read.
    pub const NO_INPUT: u8 = 66;
    /// There is no daemon, it has no room, or it went away.
    pub const UNAVAILABLE: u8 = 69;
    /// The daemon or this program misbehaved.
    pub const INTERNAL: u8 = 70;
    /// An output file cannot be created.
    pub const CANNOT_CREATE: u8 = 73;
    /// Reading or writing failed.
    pub const IO: u8 = 74;
    /// A limit of time was reached: trying again may help.
    pub const TIMED_OUT: u8 = 75;
    /// The daemon's socket may not be used by this user.
    pub const PERMISSION: u8 = 77;
    /// Stopped by the user.
    pub const INTERRUPTED: u8 = 130;
}

/// What a command failed with.
#[derive(Debug)]
pub enum Failure {
    /// A call, or connecting.
    Client(Error),
    /// The command line makes no sense.
    Usage(String),
    /// Input of the wrong form.
    Data(String),
    /// Input that cannot be read.
    NoInput(PathBuf, io::Error),
    /// Output that cannot be created.
    CannotCreate(PathBuf, io::Error),
    /// Reading or writing failed.
    Io(String, io::Error),
    /// The command did its work and the result is a failure (already told on the output).
    Failed(String),
    /// Several files failed; each was told of.
    Several {
        /// The highest of their codes.
        code: u8,
        /// How many.
        text: String,
    },
    /// Two things that were compared differ, which was told.
    Different,
    /// Something is not available, with the reason.
    Unavailable(String),
    /// Stopped by the user.
    Interrupted,
    /// Nobody reads our output any more: no reason for noise.
    NobodyReads,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Client(error) => client_code(error),
            Failure::Usage(_) => code::USAGE,
            Failure::Data(_) => code::DATA,
            Failure::NoInput(..) => code::NO_INPUT,
            Failure::CannotCreate(..) => code::CANNOT_CREATE,
            Failure::Io(..) => code::IO,
            Failure::Failed(_) | Failure::Different => code::FAILED,
            Failure::Several { code, .. } => *code,
            Failure::Unavailable(_) => code::UNAVAILABLE,
            Failure::Interrupted => code::INTERRUPTED,
            Failure::NobodyReads => 0,
        }
    }

    /// The failure as a JSON object, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut error =
            serde_json::json!({ "message": self.to_string(), "exit_code": self.code() });
        if let Failure::Client(client) = self {
            error["kind"] = client.kind().as_str().into();
            error["outcome"] = client.outcome().as_str().into();
            if let Error::Remote(remote) = client {
                error["code"] = remote.code.into();
                error["message"] = remote.message.clone().into();
                error["data"] = remote.data.clone().unwrap_or_default();
            }
        }
        serde_json::json!({ "error": error })
    }
}

fn client_code(error: &Error) -> u8 {
    match error {
        Error::Connect { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            code::PERMISSION
        }
        Error::Remote(remote) if remote.code == SERVER_FULL => code::UNAVAILABLE,
        _ => match error.kind() {
            ErrorKind::Unreachable | ErrorKind::Lost => code::UNAVAILABLE,
            ErrorKind::TimedOut => code::TIMED_OUT,
            ErrorKind::Refused => code::FAILED,
            ErrorKind::Protocol | ErrorKind::Limit => code::INTERNAL,
            ErrorKind::Usage => code::DATA,
        },
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&without_numbers(&self.text()))
    }
}

impl Failure {
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        match self {
            Failure::Client(error) => write_client(error, out),
            Failure::Usage(text) | Failure::Data(text) | Failure::Failed(text) => {
                out.write_str(text)
            }
            Failure::Unavailable(text) | Failure::Several { text, .. } => out.write_str(text),
            Failure::Different => out.write_str("they differ"),
            Failure::NoInput(path, error) => write!(out, "cannot read {}: {error}", path.display()),
            Failure::CannotCreate(path, error) => {
                write!(out, "cannot create {}: {error}", path.display())
            }
            Failure::Io(what, error) => write!(out, "{what}: {error}"),
            Failure::Interrupted => out.write_str("interrupted"),
            Failure::NobodyReads => out.write_str("nobody reads the output"),
        }
    }
}

/// What is to be known about a change without an answer.
const MAY_BE_APPLIED: &str = "\n  the daemon has the call and may still carry it out: `goxelctl call \
                              goxel.get_status` shows the revision, `goxelctl call goxel.history` what was done, \
                              --timeout waits longer";

/// A refusal shows its hint and its facts below the message.
fn write_client(error: &Error, out: &mut String) -> fmt::Result {
    write!(out, "{error}")?;
    if let Error::Timeout { what, sent: true, .. } = error
        && effect_of(what) == Effect::Change
    {
        return out.write_str(MAY_BE_APPLIED);
    }
    let Error::Remote(remote) = error else { return Ok(()) };
    let Some(serde_json::Value::Object(data)) = &remote.data else { return Ok(()) };
    for (key, value) in data {
        match value {
            serde_json::Value::String(text) => write!(out, "\n  {key}: {text}")?,
            value => write!(out, "\n  {key}: {value}")?,
        }
    }
    Ok(())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Client(error)
    }
}
