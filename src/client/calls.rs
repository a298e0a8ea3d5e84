//! Calls that every client needs, with their types; batches; progress; subscriptions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::message::{Answer, encode_params, write_request};
use super::{Connection, Error, Ticket};

/// The answer to `ping`.
#[derive(Clone, Debug, Deserialize)]
pub struct Pong {
    /// Always true.
    pub pong: bool,
    /// The daemon's clock, in seconds since 1970.
    #[serde(default)]
    pub timestamp: i64,
    /// The random name of the daemon's process; absent for daemons that do not know sessions.
    #[serde(default)]
    pub instance: Option<String>,
}

/// The answer to `version`.
#[derive(Clone, Debug, Deserialize)]
pub struct VersionInfo {
    /// The daemon's version.
    pub version: String,
}

/// One row of `connection.list`. Members that this library does not know stay in `more`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ConnectionRow {
    /// The connection's number.
    pub id: u64,
    /// The name it gave itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How its messages are framed.
    #[serde(default)]
    pub protocol: String,
    /// The peer's process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_pid: Option<i64>,
    /// The peer's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_uid: Option<i64>,
    /// Milliseconds since it was accepted.
    #[serde(default)]
    pub age_ms: u64,
    /// Milliseconds since its last byte.
    #[serde(default)]
    pub idle_ms: u64,
    /// Calls answered.
    #[serde(default)]
    pub calls: u64,
    /// Calls answered with an error.
    #[serde(default)]
    pub errors: u64,
    /// Bytes received by the daemon.
    #[serde(default)]
    pub bytes_in: u64,
    /// Bytes sent by the daemon.
    #[serde(default)]
    pub bytes_out: u64,
    /// Bytes in the daemon's buffers for it.
    #[serde(default)]
    pub buffered: u64,
    /// Whatever else the daemon tells.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// How far a long call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CallProgress {
    /// Units of work finished.
    #[serde(default)]
    pub done: u64,
    /// Units of work in all; 0 while unknown.
    #[serde(default)]
    pub total: u64,
}

/// Several calls that travel as one message and are answered as one.
#[derive(Debug, Default)]
pub struct Batch {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    method: String,
    params: Option<Box<RawValue>>,
    answered: bool,
}

impl Batch {
    /// A batch without calls.
    pub fn new() -> Self {
        Batch::default()
    }

    /// Adds a call.
    pub fn call(&mut self, method: &str, params: impl Serialize) -> Result<&mut Self, Error> {
        self.push(method, params, true)
    }

    /// Adds a notification: carried out in its place, answered with nothing.
    pub fn notify(&mut self, method: &str, params: impl Serialize) -> Result<&mut Self, Error> {
        self.push(method, params, false)
    }

    fn push(
        &mut self,
        method: &str,
        params: impl Serialize,
        answered: bool,
    ) -> Result<&mut Self, Error> {
        let params = encode_params(params)?;
        self.entries.push(Entry { method: method.to_owned(), params, answered });
        Ok(self)
    }

    /// How many calls and notifications it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Connection {
    /// Asks the daemon for a sign of life.
    pub fn ping(&mut self) -> Result<Pong, Error> {
        self.call("ping", ())
    }

    /// The daemon's version.
    pub fn version(&mut self) -> Result<VersionInfo, Error> {
        self.call("version", ())
    }

    /// The daemon's connections.
    pub fn connections(&mut self) -> Result<Vec<ConnectionRow>, Error> {
        #[derive(Deserialize)]
        struct List {
            connections: Vec<ConnectionRow>,
        }
        Ok(self.call::<List>("connection.list", ())?.connections)
    }

    /// Sends a batch and returns the answers of its calls in their order.
    ///
    /// An error of a single call is in its place; the outer error is that of the whole message.
    pub fn batch(&mut self, batch: &Batch) -> Result<Vec<Answer>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.link.refuse_if_broken(false)?;
        let tickets = self.queue_batch(batch)?;
        if tickets.is_empty() {
            self.flush()?;
        }
        let limit = self.options().call_timeout;
        let deadline = Instant::now() + limit;
        let mut answers = Vec::with_capacity(tickets.len());
        for (index, ticket) in tickets.iter().enumerate() {
            match self.wait_until(*ticket, deadline, limit) {
                Ok(result) => answers.push(Ok(result)),
                Err(Error::Remote(error)) => answers.push(Err(error)),
                Err(error) => {
                    tickets[index..].iter().for_each(|ticket| self.forget(*ticket));
                    return Err(error);
                }
            }
        }
        Ok(answers)
    }

    fn queue_batch(&mut self, batch: &Batch) -> Result<Vec<Ticket>, Error> {
        let mut payload = vec![b'['];
        let mut tickets = Vec::new();
        for (index, entry) in batch.entries.iter().enumerate() {
            if index > 0 {
                payload.push(b',');
            }
            let id = entry.answered.then(|| self.take_id());
            write_request(&mut payload, &entry.method, entry.params.as_deref(), None, id)?;
            tickets.extend(id.map(|id| Ticket { id }));
        }
        payload.push(b']');
        let message = tickets.first().map_or(0, |ticket| ticket.id);
        let end = self.link.queue(message, 0, &payload);
        let methods = batch.entries.iter().filter(|entry| entry.answered);
        for (ticket, entry) in tickets.iter().zip(methods) {
            self.link.expect_answer(ticket.id, &entry.method, message, end);
        }
        Ok(tickets)
    }

    /// Calls a long method and tells `on_progress` about every `every` how far it is.
    ///
    /// `params` must be an object or nothing, since the wish for progress travels among them.
    pub fn call_with_progress(
        &mut self,
        method: &str,
        params: impl Serialize,
        every: Duration,
        mut on_progress: impl FnMut(CallProgress),
    ) -> Result<Box<RawValue>, Error> {
        let params = with_progress(params, every)?;
        let limit = self.options().call_timeout;
        let deadline = Instant::now() + limit;
        let ticket = self.send(method, params)?;
        loop {
            let slice = (Instant::now() + every).min(deadline);
            match self.wait_or_notified(ticket, slice)? {
                Some(result) => return Ok(result),
                None => self.report_progress(ticket, &mut on_progress),
            }
            if Instant::now() >= deadline {
                return self.wait_until(ticket, deadline, limit);
            }
        }
    }

    /// Asks for a message whenever a project changes, at most one every `min_interval`.
    pub fn subscribe(
        &mut self,
        project: Option<&str>,
        min_interval: Duration,
    ) -> Result<Box<RawValue>, Error> {
        let mut params = serde_json::Map::new();
        let millis = u64::try_from(min_interval.as_millis()).unwrap_or(u64::MAX);
        params.insert("min_interval_ms".into(), millis.into());
        if let Some(project) = project {
            params.insert("project".into(), project.into());
        }
        self.mark_subscribed();
        self.call_raw("goxel.subscribe", params)
    }

    /// Asks the daemon to probe this connection and to drop it when it stays silent. Probes are
    /// answered while this connection is used: in calls, in [`Connection::next_notification`], in
    /// [`Connection::is_open`].
    pub fn set_keepalive(&mut self, interval: Duration) -> Result<Box<RawValue>, Error> {
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.mark_subscribed();
        self.call_raw("connection.keepalive", serde_json::json!({ "interval_ms": millis }))
    }

    pub(super) fn report_progress(
        &mut self,
        ticket: Ticket,
        on_progress: &mut impl FnMut(CallProgress),
    ) {
        #[derive(Deserialize)]
        struct Report {
            id: u64,
            #[serde(flatten)]
            progress: CallProgress,
        }
        self.keep_notifications(|notification| {
            if notification.method != "goxel.progress" {
                return true;
            }
            match serde_json::from_str::<Report>(notification.params.get()) {
                Ok(report) if report.id == ticket.id => on_progress(report.progress),
                _ => {}
            }
            false
        });
    }
}

fn with_progress(params: impl Serialize, every: Duration) -> Result<Value, Error> {
    let params =
        serde_json::to_value(params).map_err(|error| Error::Usage(format!("params: {error}")))?;
    let mut members = match params {
        Value::Null => serde_json::Map::new(),
        Value::Object(members) => members,
        _ => return Err(Error::Usage("a call with progress needs params by name".into())),
    };
    let millis = u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1);
    members.insert("progress_ms".into(), millis.into());
    Ok(Value::Object(members))
}
