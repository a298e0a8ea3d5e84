//! Newcomers: accepted within a budget, told why when there is no room.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use rustix::io::Errno;

use super::ownership::{OwnedPath, Presence};
use crate::rpc::RpcError;
use crate::rpc::error::SERVER_FULL;

/// Newcomers accepted before other work.
pub const ACCEPTS_A_TURN: usize = 16;

/// How long a listener rests when the system has no descriptors left: no event tells when that
/// changes.
pub const RETRY_AFTER: Duration = Duration::from_millis(100);

/// What an accept came to.
pub enum Accepted {
    /// A newcomer.
    Stream(UnixStream),
    /// Nobody waits.
    Nobody,
    /// That one is gone already; try again.
    Again,
    /// The system has no descriptor or memory for it.
    Exhausted(io::Error),
}

/// A listening socket.
pub struct Listener {
    socket: UnixListener,
    /// Somebody may wait.
    pub ready: bool,
    /// Set while the system has no descriptors.
    pub retry_at: Option<Instant>,
    /// The path, unless a service manager owns it.
    path: Option<OwnedPath>,
}

impl Listener {
    /// A listener on a socket that is non-blocking already.
    pub fn new(socket: std::os::unix::net::UnixListener, path: Option<OwnedPath>) -> Self {
        let socket = UnixListener::from_std(socket);
        Listener { socket, ready: true, retry_at: None, path }
    }

    /// The path that clients use.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.path {
            Some(owned) => Some(owned.path().to_owned()),
            None => self.socket.local_addr().ok()?.as_pathname().map(Path::to_owned),
        }
    }

    /// The path, if it is not a service manager's.
    pub fn owned(&self) -> Option<&OwnedPath> {
        self.path.as_ref()
    }

    /// The same, to take it over.
    pub fn owned_path(&mut self) -> Option<&mut OwnedPath> {
        self.path.as_mut()
    }

    /// Looks whether clients still find the socket, see [`OwnedPath::look_after`].
    pub fn look_after(&mut self) -> Presence {
        self.path.as_mut().map_or(Presence::There, OwnedPath::look_after)
    }

    /// Listens on another socket from now on; the one before, whose connections were accepted or
    /// wait in vain.
    pub fn replace(&mut self, socket: std::os::unix::net::UnixListener) -> UnixListener {
        self.ready = true;
        std::mem::replace(&mut self.socket, UnixListener::from_std(socket))
    }

    /// Closes the socket; the path stays where it is and locked.
    pub fn close(self) -> Option<OwnedPath> {
        self.path
    }

    /// What to register with the poll.
    pub fn source(&mut self) -> &mut UnixListener {
        &mut self.socket
    }

    /// Accepts one newcomer.
    pub fn accept(&self) -> Accepted {
        let error = match self.socket.accept() {
            Ok((stream, _)) => return Accepted::Stream(stream),
            Err(error) => error,
        };
        match Errno::from_io_error(&error) {
            Some(Errno::WOULDBLOCK) => Accepted::Nobody,
            Some(Errno::CONNABORTED | Errno::INTR) => Accepted::Again,
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                Accepted::Exhausted(error)
            }
            _ => {
                log::error!("accept: {error}");
                Accepted::Nobody
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A descriptor kept back, to be able to tell newcomers that there are none left.
pub struct Reserve(Option<File>);

impl Reserve {
    /// Keeps one back.
    pub fn new() -> Self {
        Reserve(File::open("/dev/null").ok())
    }

    /// Uses the reserve to accept one newcomer and turn it away.
    pub fn refuse_one(&mut self, listener: &Listener) {
        self.0 = None;
        if let Accepted::Stream(stream) = listener.accept() {
            refuse(stream, &Refusal::because("the system has no file descriptors left"));
        }
        *self = Reserve::new();
    }
}

/// Why a newcomer is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In words.
    pub reason: String,
    /// The flag of the limit that it is beyond, if it is one.
    pub limit: Option<&'static str>,
}

impl Refusal {
    /// For a reason that is no limit of the daemon's.
    pub fn because(reason: &str) -> Self {
        Refusal { reason: reason.to_owned(), limit: None }
    }
}

/// Tells a newcomer why it is turned away.
pub fn refuse(mut stream: UnixStream, refusal: &Refusal) {
    let message = format!("Server full: {}; try again later", refusal.reason);
    let error = RpcError::new(SERVER_FULL, message);
    let error = match refusal.limit {
        Some(flag) => error.with("limit", flag),
        None => error,
    };
    let mut line = Vec::new();
    error.write_answer("null", &mut line);
    line.push(b'\n');
    // A fresh socket has room for a line; whoever is gone already needs none.
    let _ = stream.write(&line);
}

/// Log lines about refusals: one at once, then one a second with a count.
#[derive(Default)]
pub struct RefusalLog {
    last: Option<Instant>,
    unreported: u64,
}

impl RefusalLog {
    /// Reports a refusal, or counts it for the next report.
    pub fn report(&mut self, now: Instant, reason: &str) {
        self.unreported += 1;
        let due = self.last.is_none_or(|last| now.duration_since(last) >= Duration::from_secs(1));
        if due {
            log::warn!("{} newcomers refused: {reason}", self.unreported);
            (self.last, self.unreported) = (Some(now), 0);
        }
    }
}
