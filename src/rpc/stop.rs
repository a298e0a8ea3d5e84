//! Calls that are stopped before their end, and what was begun is taken back.
//!
//! A call is stopped by its caller (`$/cancelRequest`, or hanging up), by anybody (`goxel.cancel`, `connection.kill`), or
//! by its time (`max_ms`, `--call-timeout`). A call that goes on in slices is stopped at its next one. A call that has
//! not begun, behind others of its connection or its batch, is remembered by its id until it comes up; the
//! `$/cancelRequest` itself comes up after it, and then nothing is left to be remembered.

use super::envelope::{Call, Envelope, Message};
use super::error::{REQUEST_CANCELLED, RpcError};
use super::{ConnectionId, Service};
use crate::api::json::{Members, compact};

/// The method of the notification that cancels a call of the same connection.
pub const CANCEL_REQUEST: &str = "$/cancelRequest";

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

/// A call of a connection that is to be stopped when it comes up: its id as compact JSON.
pub(super) type Remembered = (ConnectionId, Box<[u8]>);

/// Raw JSON in the form in which ids are compared.
pub(super) fn compacted(raw: &str) -> Box<[u8]> {
    let mut id = Vec::new();
    compact(raw, &mut id);
    id.into()
}

/// The id that a `$/cancelRequest` names, as raw JSON.
fn named_id<'a>(call: &Call<'a>) -> Option<&'a str> {
    let named = Members::new(call.params?).find(|(name, _)| name == "id");
    (call.method == CANCEL_REQUEST).then_some(named?.1)
}

/// The id of the call that a message cancels, if it is a message that cancels one.
pub fn cancelled_id(message: &[u8]) -> Option<Box<[u8]>> {
    match Message::parse(message) {
        Ok(Message::Single(Envelope::Call(call))) => named_id(&call).map(compacted),
        _ => None,
    }
}

impl Service {
    /// Has a call of a connection stopped when it comes up.
    pub fn remember_cancelled(&mut self, caller: ConnectionId, id: Box<[u8]>) {
        let own = self.cancelled.iter().filter(|(known, _)| *known == caller).count();
        if own < MOST_REMEMBERED
            && !self.cancelled.iter().any(|known| *known == (caller, id.clone()))
        {
            self.cancelled.push((caller, id));
        }
    }

    /// Whether a call that comes up was cancelled before.
    pub(super) fn is_cancelled(&self, caller: ConnectionId, call: &Call<'_>) -> bool {
        let mut own = self.cancelled.iter().filter(|(known, _)| *known == caller).peekable();
        if own.peek().is_none() || call.is_notification() {
            return false;
        }
        let id = compacted(call.id.shown());
        own.any(|(_, known)| *known == id)
    }

    /// A call came up that may be a `$/cancelRequest`; whether it is one. Everything before it is answered, so there is
    /// nothing left to cancel.
    pub(super) fn is_spent_cancel(&mut self, caller: ConnectionId, call: &Call<'_>) -> bool {
        let is_one = call.method == CANCEL_REQUEST && call.is_notification();
        if let Some(id) = named_id(call).map(compacted).filter(|_| is_one) {
            self.cancelled.retain(|known| *known != (caller, id.clone()));
        }
        is_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_cancels_names_an_id_in_any_spelling() {
        let id = |text: &str| cancelled_id(text.as_bytes()).map(|id| String::from_utf8(id.into()));
        let message = r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id": 7 }}"#;
        assert_eq!(id(message), Some(Ok("7".to_owned())));
        let message = r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a b"}}"#;
        assert_eq!(id(message), Some(Ok(r#""a b""#.to_owned())));
        for other in [
            r#"{"jsonrpc":"2.0","method":"$/cancelRequest"}"#,
            r#"{"jsonrpc":"2.0","method":"ping","params":{"id":"$/cancelRequest"}}"#,
            "nonsense",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
