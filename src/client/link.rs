//! What a connection does with its socket: queues and writes requests, reads and sorts what comes
//! back.
//!
//! Invariant: `outbound.written <= outbound.queued`, and `bytes[start..]` is what lies between the
//! two. Once `broken` is set it stays, and says why.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Instant;

use serde_json::value::RawValue;

use super::framing::{Decoder, encode};
use super::message::{Answer, Incoming, read_message, write_request};
use super::pending::{Pending, Waiting};
use super::socket::{Socket, Wanted};
use super::stats::ConnectionStats;
use super::{ConnectionOptions, Error, Framing, Notification, RemoteError};

/// A socket with what is on its way in both directions.
#[derive(Debug)]
pub(super) struct Link {
    socket: Socket,
    framing: Framing,
    max_message_bytes: usize,
    max_queued_notifications: usize,
    pub(super) outbound: Outbound,
    decoder: Decoder,
    pub(super) pending: Pending,
    pub(super) notifications: VecDeque<Notification>,
    /// Payloads of the bulk lane that were answered and not fetched yet, by the ids of their
    /// requests.
    pub(super) bulk: HashMap<u64, Vec<u8>>,
    /// Why nothing more can be done with this connection.
    pub(super) broken: Option<Broken>,
    pub(super) stats: ConnectionStats,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    bytes: Vec<u8>,
    /// How many of `bytes` are written.
    start: usize,
    /// Bytes queued and written since the connection was opened.
    pub(super) queued: u64,
    pub(super) written: u64,
}

/// Why a connection is of no use any more.
#[derive(Clone, Debug)]
pub(super) enum Broken {
    Lost(String),
    Protocol(String),
    Refused(RemoteError),
}

impl Link {
    pub(super) fn new(socket: Socket, options: &ConnectionOptions) -> Link {
        Link {
            socket,
            framing: options.framing,
            max_message_bytes: options.max_message_bytes,
            max_queued_notifications: options.max_queued_notifications,
            outbound: Outbound::default(),
            decoder: Decoder::new(options.framing, options.max_message_bytes),
            pending: Pending::default(),
            notifications: VecDeque::new(),
            bulk: HashMap::new(),
            broken: None,
            stats: ConnectionStats::new(Instant::now()),
        }
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
        encode(self.framing, header_id, kind, payload, &mut outbound.bytes);
        outbound.queued += (outbound.bytes.len() - before) as u64;
        // A complete JSON value needs no line feed to be carried out.
        outbound.queued - u64::from(self.framing == Framing::Text)
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

    /// Gets on: writes what is queued, takes in what is there, and if neither was possible waits
    /// for it. False if the deadline came first. A failure shows in `broken`.
    pub(super) fn advance(&mut self, deadline: Instant) -> bool {
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

    /// Writes once; true if bytes went out. After a failed write only reading goes on: what the
    /// daemon said before it closed still counts, and the end of its stream is what breaks the
    /// connection.
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

    /// Reads once and takes in the messages; true if bytes came, an error if the connection is
    /// broken.
    pub(super) fn read_once(&mut self) -> Result<bool, ()> {
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
                Ok(Some(frame)) if frame.kind != 0 => {
                    let (id, payload) = (u64::from(frame.id), frame.payload.to_vec());
                    self.settle_bulk(id, payload);
                    continue;
                }
                Ok(Some(frame)) => read_message(frame.payload),
                Err(too_long) => Err(format!(
                    "a message of {} bytes or more, over the limit of {} (max_message_bytes)",
                    too_long.0, self.max_message_bytes
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

    /// A payload of the bulk lane has no id of its own: the header's is that of its request.
    fn settle_bulk(&mut self, id: u64, payload: Vec<u8>) {
        if self.pending.find(id).is_some_and(|waiting| waiting.wanted) {
            self.bulk.insert(id, payload);
        }
        self.settle(Some(id), Ok(RawValue::NULL.to_owned()));
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
        if self.notifications.len() >= self.max_queued_notifications {
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
