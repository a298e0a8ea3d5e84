//! What can go wrong between a program and the daemon, and what it means for the document.
//!
//! Every [`Error`] answers two questions: what happened ([`ErrorKind`], for programs that branch on
//! it) and whether the call changed anything ([`Outcome`]).

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::plain_words::without_numbers;

/// The daemon has no room for another connection.
pub const SERVER_FULL: i64 = 1007;
/// The daemon cannot tell whether a call of another instance was applied.
pub const OUTCOME_UNKNOWN: i64 = 1006;

/// Whether a call that failed was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The daemon carried the call out.
    Applied,
    /// The daemon did not carry the call out; the document is as it was.
    NotApplied,
    /// The whole call was handed to the system, but no answer came back.
    Unknown,
}

impl Outcome {
    /// A stable word for logs and JSON: `applied`, `not_applied` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::NotApplied => "not_applied",
            Outcome::Unknown => "unknown",
        }
    }
}

/// An error as the daemon answered it.
#[derive(Clone, Debug, PartialEq, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RemoteError {
    /// The JSON-RPC code.
    pub code: i64,
    /// What was wrong, and what to do about it.
    pub message: String,
    /// Facts for programs.
    #[serde(default)]
    pub data: Option<serde_json::Value>,
}

/// What went wrong, without its facts: for counting and branching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// No daemon could be reached.
    Unreachable,
    /// Something took longer than its limit.
    TimedOut,
    /// The connection broke.
    Lost,
    /// The daemon answered with an error.
    Refused,
    /// The daemon sent something that is not the protocol.
    Protocol,
    /// What the caller handed in, or asked to get back, does not fit.
    Usage,
    /// A limit of this library was reached.
    Limit,
}

impl ErrorKind {
    /// Every kind, in a fixed order.
    pub const ALL: [ErrorKind; 7] = [
        ErrorKind::Unreachable,
        ErrorKind::TimedOut,
        ErrorKind::Lost,
        ErrorKind::Refused,
        ErrorKind::Protocol,
        ErrorKind::Usage,
        ErrorKind::Limit,
    ];

    /// A stable word for metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Unreachable => "unreachable",
            ErrorKind::TimedOut => "timed_out",
            ErrorKind::Lost => "lost",
            ErrorKind::Refused => "refused",
            ErrorKind::Protocol => "protocol",
            ErrorKind::Usage => "usage",
            ErrorKind::Limit => "limit",
        }
    }
}

/// What a call, or an attempt to connect, failed with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No daemon listens there.
    #[error("{}", cannot_connect(path, source))]
    Connect {
        /// The socket that was tried.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A limit of time was reached.
    #[error("{what} took longer than {limit:?}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The limit.
        limit: Duration,
        /// Whether the whole request had been handed to the system.
        sent: bool,
    },
    /// The connection ended before the answer came.
    #[error("the connection to the daemon was lost: {reason}")]
    Lost {
        /// The system's reason, or "closed by the daemon".
        reason: String,
        /// Whether the whole request had been handed to the system.
        sent: bool,
    },
    /// The daemon answered with an error.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The daemon sent something that is not an answer.
    #[error("the daemon sent something unexpected: {reason}")]
    Protocol {
        /// What was wrong with it.
        reason: String,
        /// Whether the whole request had been handed to the system.
        sent: bool,
    },
    /// The params cannot be written as JSON, or a call is put together in a way that cannot work.
    #[error("bad call: {0}")]
    Usage(String),
    /// The answer came, but it does not have the shape that the caller asked for.
    #[error("the answer to {method} has an unexpected shape: {reason}")]
    Shape {
        /// The method.
        method: String,
        /// What does not fit.
        reason: String,
    },
    /// A limit of this library.
    #[error("{what}: {size} is over the limit of {limit} ({option})")]
    Limit {
        /// What is too large or too many.
        what: &'static str,
        /// How much it is.
        size: u64,
        /// How much it may be.
        limit: u64,
        /// The option that sets the limit.
        option: &'static str,
    },
}

/// The most bytes of a path that any system takes into the address of a socket.
const LONGEST_PATH: usize = 107;

/// What keeps a program from a socket, said as what it is.
fn cannot_connect(path: &Path, source: &io::Error) -> String {
    use io::ErrorKind::{ConnectionRefused, InvalidInput, NotFound, PermissionDenied};
    let shown = path.display();
    let start =
        format!("Start one with `goxel-daemon --socket={shown}`, or name its socket with --socket");
    let facts = std::fs::metadata(path);
    let kind = facts.as_ref().map(std::fs::Metadata::file_type).ok();
    let length = path.as_os_str().len();
    match source.kind() {
        // The address is refused before the path is looked at, or a part of the path by the file
        // system.
        kind if kind == InvalidInput || length > LONGEST_PATH => {
            format!(
                "--socket={shown} is too long: it has {length} bytes, and no more than about 100 fit into the \
                 address of a socket"
            )
        }
        // Not the system refused it but we did: see `peer`.
        PermissionDenied if source.raw_os_error().is_none() => {
            format!("the daemon at {shown} is not talked to: {source}")
        }
        PermissionDenied => {
            let owner = facts.map(|facts| {
                let mode = std::os::unix::fs::MetadataExt::mode(&facts) & 0o777;
                format!(
                    ", which belongs to user {} and has mode {mode:04o}",
                    std::os::unix::fs::MetadataExt::uid(&facts)
                )
            });
            let owner =
                owner.unwrap_or_else(|_| ", or for a directory on the way to it".to_owned());
            format!("permission denied for the socket --socket={shown}{owner}")
        }
        _ if kind.is_some_and(|kind| kind.is_dir()) => {
            format!("--socket={shown} is a directory; name the socket in it")
        }
        _ if kind.is_some_and(|kind| kind.is_file()) => {
            format!("--socket={shown} is a plain file and no socket")
        }
        _ if kind.is_some_and(|kind| !std::os::unix::fs::FileTypeExt::is_socket(&kind)) => {
            format!("--socket={shown} is no socket")
        }
        ConnectionRefused => {
            format!("no daemon at {shown}: the one that made this socket has ended. {start}")
        }
        NotFound => format!("no daemon at {shown}: there is nothing. {start}"),
        _ => format!("no daemon at {shown}: {}. {start}", without_numbers(&source.to_string())),
    }
}

impl Error {
    /// What went wrong, without its facts.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Connect { .. } => ErrorKind::Unreachable,
            Error::Timeout { .. } => ErrorKind::TimedOut,
            Error::Lost { .. } => ErrorKind::Lost,
            Error::Remote(_) => ErrorKind::Refused,
            Error::Protocol { .. } => ErrorKind::Protocol,
            Error::Usage(_) | Error::Shape { .. } => ErrorKind::Usage,
            Error::Limit { .. } => ErrorKind::Limit,
        }
    }

    /// Whether the call that failed with this was carried out.
    ///
    /// An error answered by the daemon means that nothing was changed, but for code 1006. A
    /// connection that broke, or a time-out, leaves it open once the whole request was handed to
    /// the system.
    pub fn outcome(&self) -> Outcome {
        match self {
            Error::Remote(error) if error.code == OUTCOME_UNKNOWN => Outcome::Unknown,
            Error::Shape { .. } => Outcome::Applied,
            Error::Timeout { sent: true, .. }
            | Error::Lost { sent: true, .. }
            | Error::Protocol { sent: true, .. } => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }

    /// Whether another attempt on a fresh connection can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Remote(error) => error.code == SERVER_FULL,
            _ => matches!(
                self.kind(),
                ErrorKind::Unreachable
                    | ErrorKind::TimedOut
                    | ErrorKind::Lost
                    | ErrorKind::Protocol
            ),
        }
    }
}
