//! One connection to the daemon.
//!
//! Blocking, with a limit of time on everything. Requests are queued, written, and matched with their
//! answers by id, so a caller may have any number of them on their way ([`Connection::send`],
//! [`Connection::wait`]). Messages that the daemon sends by itself wait in a bounded queue.
//!
//! A call that timed out leaves the connection usable: the late answer is dropped when it comes.
//! A connection that broke stays broken; open another one, or use a [`Pool`](super::Pool).

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::framing::{Decoder, encode};
use super::message::{Answer, Incoming, encode_params, read_message, write_request};
use super::pending::{Pending, Waiting};
use super::socket::{Socket, Wanted};
use super::stats::ConnectionStats;
use super::{ConnectionOptions, Error, Framing, Notification, RemoteError, Session};
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
    socket: Socket,
    path: PathBuf,
    options: ConnectionOptions,
    outbound: Outbound,
    decoder: Decoder,
    pending: Pending,
    notifications: VecDeque<Notification>,
    next_id: u64,
    /// The daemon may send messages by itself from here on.
    subscribed: bool,
    /// Why nothing more can be done with this connection.
    broken: Option<Broken>,
    stats: ConnectionStats,
}

#[derive(Debug, Default)]
struct Outbound {
    bytes: Vec<u8>,
    /// How many of `bytes` are written.
    start: usize,
    /// Bytes queued and written since the connection was opened.
    queued: u64,
    written: u64,
}

#[derive(Clone, Debug)]
enum Broken {
    Lost(String),
    Protocol(String),
    Refused(RemoteError),
}

impl Connection {
    /// Connects to the socket that the path rule names, with default options.
    pub fn open() -> Result<Connection, Error> {
        Connection::open_at(&socket_path(None), ConnectionOptions::default())
    }

    /// Connects to a socket.
    pub fn open_at(path: &Path, options: ConnectionOptions) -> Result<Connection, Error> {
        let deadline = Instant::now() + options.connect_timeout;
        let socket = Socket::connect(path, deadline).map_err(|source| match source.kind() {
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
            socket,
            path,
            decoder: Decoder::new(options.framing, options.max_message_bytes),
            options,
            outbound: Outbound::default(),
            pending: Pending::default(),
            notifications: VecDeque::new(),
            next_id: 1,
            subscribed: false,
            broken: None,
            stats: ConnectionStats::new(Instant::now()),
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
        &self.stats
    }

    /// Whether this connection can still be used, as far as is known without asking the daemon.
    ///
    /// Looks at the socket without waiting: a daemon that closed it is noticed here.
    pub fn is_open(&mut self) -> bool {
        while self.broken.is_none() {
            match self.read_once() {
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
        self.pending.unanswered()
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

    /// Queues a request without waiting for anything. It is on its way at the latest when somebody waits.
    pub fn send(&mut self, method: &str, params: impl Serialize) -> Result<Ticket, Error> {
        let params = encode_params(params)?;
        self.send_encoded(method, params.as_deref(), None)
    }

    /// [`Connection::send`] with params that are JSON text already, and with a session tag if wanted.
    pub fn send_encoded(
        &mut self,
        method: &str,
        params: Option<&RawValue>,
        session: Option<&Session>,
    ) -> Result<Ticket, Error> {
        self.refuse_if_broken(false)?;
        let id = self.take_id();
        let mut payload = Vec::with_capacity(96 + params.map_or(0, |params| params.get().len()));
        write_request(&mut payload, method, params, session, Some(id))?;
        let end = self.queue(id, 0, &payload);
        self.expect_answer(id, method, id, end);
        Ok(Ticket { id })
    }

    /// Sends a notification: the daemon carries it out and answers nothing.
    pub fn notify(&mut self, method: &str, params: impl Serialize) -> Result<(), Error> {
        let params = encode_params(params)?;
        self.refuse_if_broken(false)?;
        let mut payload = Vec::new();
        write_request(&mut payload, method, params.as_deref(), None, None)?;
        let end = self.queue(0, 0, &payload);
        self.flush_to(end, "sending a notification")
    }

    /// Writes everything that is queued.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_to(self.outbound.queued, "sending")
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
            if let Some(answer) = self.pending.take(ticket.id) {
                return answer.map_err(Error::Remote);
            }
            let Some(waiting) = self.pending.find(ticket.id) else {
                return Err(Error::Usage("this ticket has no answer to wait for".into()));
            };
            let sent = self.outbound.written >= waiting.end;
            if self.broken.is_some() {
                self.pending.forget(ticket.id);
                self.refuse_if_broken(sent)?;
            }
            if !self.advance(deadline) {
                let method = self.pending.find(ticket.id).map(|waiting| waiting.method.to_string());
                self.pending.forget(ticket.id);
                let what = method.unwrap_or_default();
                return Err(Error::Timeout { what, limit, sent });
            }
        }
    }

    /// Gives up a request: its answer is dropped when it comes.
    pub fn forget(&mut self, ticket: Ticket) {
        self.pending.forget(ticket.id);
    }

    /// The next message that the daemon sent by itself, waiting up to `limit`; `None` if none came.
    pub fn next_notification(&mut self, limit: Duration) -> Result<Option<Notification>, Error> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(notification) = self.notifications.pop_front() {
                return Ok(Some(notification));
            }
            self.refuse_if_broken(true)?;
            if !self.advance(deadline) {
                return Ok(None);
            }
        }
    }

    /// The answer to a request if it comes before `until`; `None` as soon as a notification is there or the
    /// time is over. The request stays wanted.
    pub(super) fn wait_or_notified(
        &mut self,
        ticket: Ticket,
        until: Instant,
    ) -> Result<Option<Box<RawValue>>, Error> {
        let before = self.stats.notifications;
        loop {
            let settled = self.pending.find(ticket.id).is_none() || self.broken.is_some();
            if settled {
                return self.wait_until(ticket, until, Duration::ZERO).map(Some);
            }
            if self.stats.notifications > before || !self.advance(until) {
                return Ok(None);
            }
        }
    }

    /// Drops the waiting notifications for which `keep` says no.
    pub(super) fn keep_notifications(&mut self, keep: impl FnMut(&Notification) -> bool) {
        self.notifications.retain(keep);
    }

    /// The messages that the daemon sent by itself and that have arrived, without waiting.
    pub fn take_notifications(&mut self) -> Vec<Notification> {
        self.is_open();
        self.notifications.drain(..).collect()
    }

    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Queues one message; returns where its last necessary byte lies in the stream.
    pub(super) fn queue(&mut self, id: u64, kind: u32, payload: &[u8]) -> u64 {
        let outbound = &mut self.outbound;
        if outbound.start == outbound.bytes.len() {
            outbound.bytes.clear();
            outbound.start = 0;
        }
        let before = outbound.bytes.len();
        // Header ids are for people who read dumps: answers are matched by the id in the JSON.
        let header_id = id as u32;
        encode(self.options.framing, header_id, kind, payload, &mut outbound.bytes);
        outbound.queued += (outbound.bytes.len() - before) as u64;
        // A complete JSON value needs no line feed to be carried out.
        outbound.queued - u64::from(self.options.framing == Framing::Text)
    }

    pub(super) fn expect_answer(&mut self, id: u64, method: &str, message: u64, end: u64) {
        let (method, queued_at) = (method.into(), Instant::now());
        self.pending.push(Waiting { id, method, message, end, queued_at, wanted: true });
    }

    pub(super) fn refuse_if_broken(&self, sent: bool) -> Result<(), Error> {
        match &self.broken {
            None => Ok(()),
            Some(Broken::Lost(reason)) => Err(Error::Lost { reason: reason.clone(), sent }),
            Some(Broken::Protocol(reason)) => Err(Error::Protocol { reason: reason.clone(), sent }),
            Some(Broken::Refused(error)) => Err(Error::Remote(error.clone())),
        }
    }

    fn flush_to(&mut self, end: u64, what: &str) -> Result<(), Error> {
        let limit = self.options.call_timeout;
        let deadline = Instant::now() + limit;
        while self.outbound.written < end {
            self.refuse_if_broken(false)?;
            if !self.advance(deadline) {
                return Err(Error::Timeout { what: what.to_owned(), limit, sent: false });
            }
        }
        Ok(())
    }

    /// Gets on: writes what is queued, takes in what is there, and if neither was possible waits for it.
    /// False if the deadline came first. A failure shows in `broken`.
    fn advance(&mut self, deadline: Instant) -> bool {
        let wrote = self.write_once();
        let Ok(read) = self.read_once() else { return true };
        if wrote || read {
            return true;
        }
        let blocked = self.outbound.start < self.outbound.bytes.len();
        let wanted = if blocked { Wanted::InputOrRoom } else { Wanted::Input };
        match self.socket.wait(wanted, deadline) {
            Ok(ready) => ready,
            Err(error) => {
                self.break_off(Broken::Lost(error.to_string()));
                true
            }
        }
    }

    /// Writes once; true if bytes went out. After a failed write only reading goes on: what the daemon said
    /// before it closed still counts, and the end of its stream is what breaks the connection.
    fn write_once(&mut self) -> bool {
        let outbound = &mut self.outbound;
        if outbound.start == outbound.bytes.len() {
            return false;
        }
        match self.socket.write(&outbound.bytes[outbound.start..]) {
            Ok(count) => {
                outbound.start += count;
                outbound.written += count as u64;
                self.stats.bytes_out += count as u64;
                count > 0
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                while let Ok(true) = self.read_once() {}
                self.break_off(Broken::Lost(error.to_string()));
                false
            }
        }
    }

    /// Reads once and takes in the messages; true if bytes came, an error if the connection is broken.
    fn read_once(&mut self) -> Result<bool, ()> {
        match self.socket.read(self.decoder.room()) {
            Ok(0) => {
                let cut =
                    if self.decoder.is_mid_message() { " in the middle of an answer" } else { "" };
                self.break_off(Broken::Lost(format!("closed by the daemon{cut}")));
                Err(())
            }
            Ok(count) => {
                self.decoder.filled(count);
                self.stats.bytes_in += count as u64;
                self.take_in();
                if self.broken.is_some() { Err(()) } else { Ok(true) }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => {
                self.break_off(Broken::Lost(error.to_string()));
                Err(())
            }
        }
    }

    /// Takes in every complete message.
    fn take_in(&mut self) {
        loop {
            let message = match self.decoder.next() {
                Ok(None) => return,
                Ok(Some(frame)) => read_message(frame.payload),
                Err(too_long) => Err(format!(
                    "a message of {} bytes or more, over the limit of {} (max_message_bytes)",
                    too_long.0, self.options.max_message_bytes
                )),
            };
            match message {
                Ok(Incoming::Answers(answers)) => {
                    answers.into_iter().for_each(|(id, answer)| self.settle(id, answer));
                }
                Ok(Incoming::Notification(notification)) => self.receive(notification),
                Err(reason) => return self.break_off(Broken::Protocol(reason)),
            }
        }
    }

    fn settle(&mut self, id: Option<u64>, answer: Answer) {
        let failed = answer.is_err();
        let settled = match (id, answer) {
            (Some(id), answer) => self.pending.resolve(id, answer).into_iter().collect(),
            (None, Err(error)) if self.pending.unanswered() == 0 => {
                // Said without being asked: the daemon turns this connection away.
                self.broken = Some(Broken::Refused(error));
                return;
            }
            (None, answer) => self.pending.resolve_oldest(&answer),
        };
        let now = Instant::now();
        for waiting in settled {
            self.stats.answered(now.saturating_duration_since(waiting.queued_at), failed);
        }
    }

    fn receive(&mut self, notification: Notification) {
        if notification.method == "connection.probe" {
            self.answer_probe(&notification.params);
        }
        self.stats.notifications += 1;
        if self.notifications.len() >= self.options.max_queued_notifications {
            self.notifications.pop_front();
            self.stats.notifications_dropped += 1;
        }
        self.notifications.push_back(notification);
    }

    /// A keepalive probe is answered at once; the answer leaves with the next write.
    fn answer_probe(&mut self, params: &RawValue) {
        let mut payload = Vec::new();
        if write_request(&mut payload, "connection.alive", Some(params), None, None).is_ok() {
            self.queue(0, 0, &payload);
            self.write_once();
        }
    }

    fn break_off(&mut self, reason: Broken) {
        self.broken.get_or_insert(reason);
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
