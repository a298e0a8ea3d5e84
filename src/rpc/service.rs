//! From message to answer.

use super::{ConnectionId, Host};
use crate::job::{Budget, Progress};

/// Everything that calls act on, and the table of methods.
pub struct Service {}

/// How far a message got in its first slice.
pub enum Handled {
    /// The answer, if one was due, is in the buffer.
    Finished,
    /// More slices are needed; nothing has been written to the buffer yet.
    Pending(Box<Exchange>),
}

/// A message whose answer takes more than one slice.
pub struct Exchange {}

impl Service {
    /// Handles one complete message of a connection: a call, a batch or a tool object. Appends its answer to
    /// `out`: compact JSON on one line, without line feed or header; nothing if no answer is due.
    pub fn handle(
        &mut self,
        _message: &[u8],
        _caller: ConnectionId,
        _host: &mut dyn Host,
        _out: &mut Vec<u8>,
    ) -> Handled {
        Handled::Finished
    }

    /// Goes on with a message for one slice; true when it is finished and its answer, if one was due, is in `out`.
    pub fn step(
        &mut self,
        _exchange: &mut Exchange,
        _host: &mut dyn Host,
        _budget: &mut Budget,
        _out: &mut Vec<u8>,
    ) -> bool {
        true
    }

    /// Drops a message that nobody waits for any more; what it changed in part is rolled back.
    pub fn cancel(&mut self, _exchange: Exchange) {}

    /// Forgets what is kept for a connection (subscriptions).
    pub fn connection_closed(&mut self, _connection: ConnectionId) {}
}

impl Exchange {
    /// Whether the message's only product is its answer, so that it may be dropped with its connection.
    pub fn is_answer_only(&self) -> bool {
        true
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress::default()
    }
}
