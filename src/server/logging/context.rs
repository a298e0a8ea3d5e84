//! Whose call a log line is about, where the line does not say it itself.
//!
//! The server sets it around each call, so that a warning from deep inside a save names the
//! connection and the method.

use std::borrow::Cow;
use std::cell::Cell;

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The number of the connection.
    pub connection: u64,
    /// The method.
    pub method: &'static str,
}

thread_local! {
    static CURRENT: Cell<Option<CallContext>> = const { Cell::new(None) };
}

/// Sets the call that lines from now on are about; `None` when none is carried out.
pub fn set(call: Option<CallContext>) {
    // In a thread that is ending there is nothing to set.
    let _ = CURRENT.try_with(|current| current.set(call));
}

/// A message with its connection and method, if it is about a call and does not begin with them
/// itself.
pub(super) fn complete(message: &str) -> Cow<'_, str> {
    let current = CURRENT.try_with(Cell::get).unwrap_or_default();
    match current {
        Some(call) if !message.starts_with("conn=") => {
            format!("conn={} method={} {message}", call.connection, call.method).into()
        }
        _ => message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_call_once() {
        set(Some(CallContext { connection: 7, method: "ping" }));
        assert_eq!(complete("odd"), "conn=7 method=ping odd");
        assert_eq!(complete("conn=9 odd"), "conn=9 odd");
        set(None);
        assert_eq!(complete("odd"), "odd");
    }
}
