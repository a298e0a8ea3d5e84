//! One connection to the daemon.
//!
//! Blocking, with a limit of time on everything. Requests are queued, written, and matched with
//! their answers by id, so a caller may have any number of them on their way ([`Connection::send`],
//! [`Connection::wait`]). Messages that the daemon sends by itself wait in a bounded queue.
//!
//! A call that timed out leaves the connection usable: the late answer is dropped when it comes.
//! A connection that broke stays broken; open another one, or use a [`Pool`](super::Pool).

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::link::Link;
use super::message::{encode_params, write_request};
use super::peer::check_peer;
use super::socket::Socket;
use super::stats::ConnectionStats;
use super::{ConnectionOptions, Error, Notification, Session};
use crate::socket_path::socket_path;

/// A request that was sent and whose answer can be fetched with [`Connection::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the answer is kept until it is fetched with `wait` or given up with `forget`"]
pub struct Ticket {
    pub(super) id: u64,
}

/// A connection to the daemon.
///
/// ```no_run
/// use goxel_daemon::client::Connection;
/// # fn main() -> Result<(), goxel_daemon::client::Error> {
/// let mut daemon = Connection::open()?;
/// daemon.ping()?;
/// daemon.call_raw("goxel.add_voxel", [1, 2, 3, 255, 0, 0, 255])?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Connection {
    pub(super) link: Link,
    path: PathBuf,
    options: ConnectionOptions,
    next_id: u64,
    /// The daemon may send messages by itself from here on.
    subscribed: bool,
}

impl Connection {
    /// Connects to the socket that the path rule names, with default options.
    pub fn open() -> Result<Connection, Error> {
        Connection::open_at(&socket_path(None), ConnectionOptions::default())
    }

    /// Connects to a socket.
    pub fn open_at(path: &Path, options: ConnectionOptions) -> Result<Connection, Error> {
        let deadline = Instant::now() + options.connect_timeout;
        let connected = Socket::connect(path, deadline).and_then(|socket| {
            check_peer(&socket, path, options.peer_uid)?;
            Ok(socket)
        });
        let socket = connected.map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => Error::Timeout {
                what: format!("connecting to {}", path.display()),
                limit: options.connect_timeout,
                sent: false,
            },
            _ => Error::Connect { path: path.to_owned(), source },
        })?;
        Ok(Connection::new(socket, path.to_owned(), options))
    }

    /// Takes over a stream that is connected already, for example one half of a pair.
    pub fn from_stream(
        stream: UnixStream,
        options: ConnectionOptions,
    ) -> Result<Connection, Error> {
        let path = PathBuf::from("(a stream)");
        let adopted = Socket::adopt(stream);
        let socket = adopted.map_err(|source| Error::Connect { path: path.clone(), source })?;
        Ok(Connection::new(socket, path, options))
    }

    fn new(socket: Socket, path: PathBuf, options: ConnectionOptions) -> Connection {
        Connection {
            link: Link::new(socket, &options),
            path,
            options,
            next_id: 1,
            subscribed: false,
        }
    }

    /// The socket that this connection was opened to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The options that this connection was opened with.
    pub fn options(&self) -> &ConnectionOptions {
        &self.options
    }

    /// Sets the limit of time for the calls from here on.
    pub fn set_call_timeout(&mut self, limit: Duration) {
        self.options.call_timeout = limit;
    }

    /// What went over this connection so far.
    pub fn stats(&self) -> &ConnectionStats {
        &self.link.stats
    }

    /// Whether this connection can still be used, as far as is known without asking the daemon.
    ///
    /// Looks at the socket without waiting: a daemon that closed it is noticed here.
    pub fn is_open(&mut self) -> bool {
        while self.link.broken.is_none() {
            match self.link.read_once() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(()) => break,
            }
        }
        false
    }

    /// Whether this connection asked for messages that the daemon sends by itself.
    pub fn is_subscribed(&self) -> bool {
        self.subscribed
    }

    /// From here on the daemon may send messages by itself.
    pub(super) fn mark_subscribed(&mut self) {
        self.subscribed = true;
    }

    /// How many requests have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.link.pending.unanswered()
    }

    /// Makes the calls that come before all others; a method that the daemon does not have is left
    /// out.
    pub fn greet(&mut self, greeting: &[(String, serde_json::Value)]) -> Result<(), Error> {
        const METHOD_NOT_FOUND: i64 = -32601;
        for (method, params) in greeting {
            match self.call_raw(method, params) {
                Err(Error::Remote(error)) if error.code == METHOD_NOT_FOUND => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Calls a method and reads its result into a type.
    pub fn call<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: impl Serialize,
    ) -> Result<R, Error> {
        let result = self.call_raw(method, params)?;
        read_result(method, &result)
    }

    /// Calls a method and returns its result as JSON text.
    pub fn call_raw(
        &mut self,
        method: &str,
        params: impl Serialize,
    ) -> Result<Box<RawValue>, Error> {
        let ticket = self.send(method, params)?;
        self.wait(ticket)
    }

    /// Queues a request without waiting for anything. It is on its way at the latest when somebody
    /// waits.
    pub fn send(&mut self, method: &str, params: impl Serialize) -> Result<Ticket, Error> {
        let params = encode_params(params)?;
        self.send_encoded(method, params.as_deref(), None)
    }

    /// [`Connection::send`] with params that are JSON text already, and with a session tag if
    /// wanted.
    pub fn send_encoded(
        &mut self,
        method: &str,
        params: Option<&RawValue>,
        session: Option<&Session>,
    ) -> Result<Ticket, Error> {
        self.link.refuse_if_broken(false)?;
        let id = self.take_id();
        let mut payload = Vec::with_capacity(96 + params.map_or(0, |params| params.get().len()));
        write_request(&mut payload, method, params, session, Some(id))?;
        let end = self.link.queue(id, 0, &payload);
        self.link.expect_answer(id, method, id, end);
        Ok(Ticket { id })
    }

    /// Queues a payload of the bulk lane.
    pub(super) fn send_bulk(
        &mut self,
        kind: u32,
        name: &str,
        payload: &[u8],
    ) -> Result<Ticket, Error> {
        self.link.refuse_if_broken(false)?;
        let id = self.take_id();
        let end = self.link.queue(id, kind, payload);
        self.link.expect_answer(id, name, id, end);
        Ok(Ticket { id })
    }

    /// The payload that answered a bulk request, once.
    pub(super) fn take_bulk(&mut self, ticket: Ticket) -> Option<Vec<u8>> {
        self.link.bulk.remove(&ticket.id)
    }

    /// Sends a notification: the daemon carries it out and answers nothing.
    pub fn notify(&mut self, method: &str, params: impl Serialize) -> Result<(), Error> {
        let params = encode_params(params)?;
        self.link.refuse_if_broken(false)?;
        let mut payload = Vec::new();
        write_request(&mut payload, method, params.as_deref(), None, None)?;
        let end = self.link.queue(0, 0, &payload);
        self.flush_to(end, "sending a notification")
    }

    /// Writes everything that is queued.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_to(self.link.outbound.queued, "sending")
    }

    /// Waits for the answer to a request, at most [`ConnectionOptions::call_timeout`] from now.
    pub fn wait(&mut self, ticket: Ticket) -> Result<Box<RawValue>, Error> {
        let limit = self.options.call_timeout;
        self.wait_until(ticket, Instant::now() + limit, limit)
    }

    /// Waits for the answer to a request until a moment; `limit` is what a time-out error shows.
    pub(super) fn wait_until(
        &mut self,
        ticket: Ticket,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Box<RawValue>, Error> {
        loop {
            if let Some(answer) = self.link.pending.take(ticket.id) {
                return answer.map_err(Error::Remote);
            }
            let Some(waiting) = self.link.pending.find(ticket.id) else {
                return Err(Error::Usage("this ticket has no answer to wait for".into()));
            };
            let sent = self.link.outbound.written >= waiting.end;
            if self.link.broken.is_some() {
                self.link.pending.forget(ticket.id);
                self.link.refuse_if_broken(sent)?;
            }
            if !self.link.advance(deadline) {
                let method =
                    self.link.pending.find(ticket.id).map(|waiting| waiting.method.to_string());
                self.link.pending.forget(ticket.id);
                let what = method.unwrap_or_default();
                return Err(Error::Timeout { what, limit, sent });
            }
        }
    }

    /// Gives up a request: its answer is dropped when it comes.
    pub fn forget(&mut self, ticket: Ticket) {
        self.link.pending.forget(ticket.id);
    }

    /// The next message that the daemon sent by itself, waiting up to `limit`; `None` if none came.
    pub fn next_notification(&mut self, limit: Duration) -> Result<Option<Notification>, Error> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(notification) = self.link.notifications.pop_front() {
                return Ok(Some(notification));
            }
            self.link.refuse_if_broken(true)?;
            if !self.link.advance(deadline) {
                return Ok(None);
            }
        }
    }

    /// The answer to a request if it comes before `until`; `None` as soon as a notification is
    /// there or the time is over. The request stays wanted.
    pub(super) fn wait_or_notified(
        &mut self,
        ticket: Ticket,
        until: Instant,
    ) -> Result<Option<Box<RawValue>>, Error> {
        let before = self.link.stats.notifications;
        loop {
            let settled = self.link.pending.find(ticket.id).is_none() || self.link.broken.is_some();
            if settled {
                return self.wait_until(ticket, until, Duration::ZERO).map(Some);
            }
            if self.link.stats.notifications > before || !self.link.advance(until) {
                return Ok(None);
            }
        }
    }

    /// Drops the waiting notifications for which `keep` says no.
    pub(super) fn keep_notifications(&mut self, keep: impl FnMut(&Notification) -> bool) {
        self.link.notifications.retain(keep);
    }

    /// The messages that the daemon sent by itself and that have arrived, without waiting.
    pub fn take_notifications(&mut self) -> Vec<Notification> {
        self.is_open();
        self.link.notifications.drain(..).collect()
    }

    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    fn flush_to(&mut self, end: u64, what: &str) -> Result<(), Error> {
        let limit = self.options.call_timeout;
        let deadline = Instant::now() + limit;
        while self.link.outbound.written < end {
            self.link.refuse_if_broken(false)?;
            if !self.link.advance(deadline) {
                return Err(Error::Timeout { what: what.to_owned(), limit, sent: false });
            }
        }
        Ok(())
    }
}

/// Reads a result into a type.
pub(super) fn read_result<R: DeserializeOwned>(
    method: &str,
    result: &RawValue,
) -> Result<R, Error> {
    serde_json::from_str(result.get()).map_err(|error| Error::Shape {
        method: method.to_owned(),
        reason: format!("{error} in {}", super::message::excerpt(result.get())),
    })
}
