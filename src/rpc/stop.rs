//! Calls that are stopped before their end, and what was begun is taken back.
//!
//! A call is stopped by its caller (`$/cancelRequest`, `notifications/cancelled`, or hanging up),
//! by anybody (`goxel.cancel`, `connection.kill`), or by its time (`max_ms`, `--call-timeout`). A
//! call that goes on in slices is stopped at its next one. A call that has not begun, behind others
//! of its connection or its batch, is remembered by its id until it comes up; the `$/cancelRequest`
//! itself comes up after it, and then nothing is left to be remembered.

use super::envelope::{Call, Envelope, Message};
use super::error::{REQUEST_CANCELLED, RpcError};
use super::{ConnectionId, Service};
use crate::api::json::{Members, compact};

/// The method of the notification that cancels a call of the same connection.
pub const CANCEL_REQUEST: &str = "$/cancelRequest";

/// The same as agents say it: the call gets no answer.
pub const CANCELLED: &str = "notifications/cancelled";

/// Ids that are remembered of one connection.
const MOST_REMEMBERED: usize = 1024;

/// Why a call is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Somebody said so.
    Cancelled,
    /// The caller gave it no more time.
    MaxMs,
    /// The daemon gives no call more time.
    CallTimeout,
}

impl Stop {
    fn reason(self) -> &'static str {
        match self {
            Stop::Cancelled => "cancelled",
            Stop::MaxMs => "max_ms",
            Stop::CallTimeout => "call_timeout",
        }
    }

    /// What the call is answered with.
    pub(super) fn error(self) -> RpcError {
        let hint = match self {
            Stop::Cancelled => "what it had begun was taken back",
            Stop::MaxMs => "what it had begun was taken back; give it more time, or less to do",
            Stop::CallTimeout => "what it had begun was taken back; see --call-timeout",
        };
        RpcError::new(REQUEST_CANCELLED, "Request cancelled")
            .with("reason", self.reason())
            .hint(hint)
    }
}

/// A call that is to be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// Its id as compact JSON.
    pub id: Box<[u8]>,
    /// Whether nobody wants an answer that says so.
    pub is_silent: bool,
}

/// A call of a connection that is to be stopped when it comes up.
pub(super) type Remembered = (ConnectionId, Cancelled);

/// Raw JSON in the form in which ids are compared.
pub(super) fn compacted(raw: &str) -> Box<[u8]> {
    let mut id = Vec::new();
    compact(raw, &mut id);
    id.into()
}

/// The call that a call cancels, if it is one that cancels.
fn named<'a>(call: &Call<'a>) -> Option<Cancelled> {
    let (member, is_silent) = match &*call.method {
        CANCEL_REQUEST => ("id", false),
        CANCELLED => ("requestId", true),
        _ => return None,
    };
    let (_, id) = Members::new(call.params?).find(|(name, _)| name == member)?;
    Some(Cancelled { id: compacted(id), is_silent })
}

/// The call that a message cancels, if it is a message that cancels one.
pub fn cancelled_by(message: &[u8]) -> Option<Cancelled> {
    match Message::parse(message) {
        Ok(Message::Single(Envelope::Call(call))) => named(&call),
        _ => None,
    }
}

impl Service {
    /// Has a call of a connection stopped when it comes up.
    pub fn remember_cancelled(&mut self, caller: ConnectionId, cancelled: Cancelled) {
        let own = self.cancelled.iter().filter(|(known, _)| *known == caller).count();
        let is_known = |(known, other): &Remembered| *known == caller && other.id == cancelled.id;
        if own < MOST_REMEMBERED && !self.cancelled.iter().any(is_known) {
            self.cancelled.push((caller, cancelled));
        }
    }

    /// Whether a call that comes up was cancelled before, and how.
    pub(super) fn is_cancelled(&self, caller: ConnectionId, call: &Call<'_>) -> Option<&Cancelled> {
        let mut own = self.cancelled.iter().filter(|(known, _)| *known == caller).peekable();
        if own.peek().is_none() || call.is_notification() {
            return None;
        }
        let id = compacted(call.id.shown());
        own.map(|(_, known)| known).find(|known| known.id == id)
    }

    /// A call came up that may cancel another one; whether it does. Everything before it is
    /// answered, so there is nothing left to cancel.
    pub(super) fn is_spent_cancel(&mut self, caller: ConnectionId, call: &Call<'_>) -> bool {
        let is_one = matches!(&*call.method, CANCEL_REQUEST | CANCELLED) && call.is_notification();
        if let Some(Cancelled { id, .. }) = is_one.then(|| named(call)).flatten() {
            self.cancelled.retain(|(known, other)| *known != caller || other.id != id);
        }
        is_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_cancels_names_an_id_in_any_spelling() {
        let id = |text: &str| {
            let cancelled = cancelled_by(text.as_bytes());
            cancelled.map(|cancelled| String::from_utf8(cancelled.id.into()))
        };
        let message = r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id": 7 }}"#;
        assert_eq!(id(message), Some(Ok("7".to_owned())));
        let message = r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a b"}}"#;
        assert_eq!(id(message), Some(Ok(r#""a b""#.to_owned())));
        let message =
            r#"{"method":"notifications/cancelled","params":{"requestId":7,"reason":"x"}}"#;
        assert!(
            cancelled_by(message.as_bytes()).is_some_and(|one| one.is_silent && *one.id == *b"7")
        );
        for other in [
            r#"{"jsonrpc":"2.0","method":"$/cancelRequest"}"#,
            r#"{"jsonrpc":"2.0","method":"ping","params":{"id":"$/cancelRequest"}}"#,
            "nonsense",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
