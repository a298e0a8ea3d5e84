//! The JSON of requests and of what comes back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Error, RemoteError};

/// The tag by which the daemon knows a call that it has already carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Who calls: the same for all connections of one pool.
    pub id: String,
    /// Which call it is: counted up, never used for two calls.
    pub seq: u64,
    /// The daemon process that it was first sent to.
    pub instance: String,
}

/// One request, written member by member so that params are never copied through a tree.
#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

/// Writes one request; a notification if `id` is `None`.
pub(super) fn write_request(
    out: &mut Vec<u8>,
    method: &str,
    params: Option<&RawValue>,
    session: Option<&Session>,
    id: Option<u64>,
) -> Result<(), Error> {
    let request = Request { jsonrpc: "2.0", method, params, session, id };
    serde_json::to_writer(out, &request).map_err(|error| Error::Usage(error.to_string()))
}

/// Params as JSON text on one line; `None` for what serialises to null (such as `()`).
///
/// Text that the caller already has passes through a [`RawValue`] and may contain line feeds, which
/// would end a message of the text framing only for servers that cut at lines, but costs nothing to
/// mend here.
pub(super) fn encode_params(params: impl Serialize) -> Result<Option<Box<RawValue>>, Error> {
    let bad = |error: serde_json::Error| Error::Usage(format!("params: {error}"));
    let raw = serde_json::value::to_raw_value(&params).map_err(bad)?;
    if raw.get().trim() == "null" {
        return Ok(None);
    }
    if !raw.get().bytes().any(|byte| byte == b'\n' || byte == b'\r') {
        return Ok(Some(raw));
    }
    // A line break inside a JSON string is always escaped, so each raw one is white space.
    RawValue::from_string(raw.get().replace(['\n', '\r'], " ")).map(Some).map_err(bad)
}

/// A message that the daemon sent without being asked for this one.
#[derive(Clone, Debug)]
pub struct Notification {
    /// What it is, for example `goxel.changed`.
    pub method: String,
    /// Its params as JSON text; `null` if there are none.
    pub params: Box<RawValue>,
}

/// What became of a request: its result as JSON text, or the daemon's error.
pub type Answer = Result<Box<RawValue>, RemoteError>;

/// One message from the daemon.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Answers, each with the id of its request; `None` where the daemon could not tell.
    Answers(Vec<(Option<u64>, Answer)>),
    /// A notification.
    Notification(Notification),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<RemoteError>,
}

/// Reads one message. The error says what is wrong with it.
pub(super) fn read_message(payload: &[u8]) -> Result<Incoming, String> {
    let text = std::str::from_utf8(payload).map_err(|error| format!("not UTF-8: {error}"))?;
    let refuse = |error: serde_json::Error| format!("{error}: {}", excerpt(text));
    if text.trim_start().starts_with('[') {
        let elements: Vec<Envelope<'_>> = serde_json::from_str(text).map_err(refuse)?;
        return Ok(Incoming::Answers(elements.into_iter().map(read_answer).collect()));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(refuse)?;
    match envelope.method {
        Some(method) if envelope.id.is_none() => {
            let params = envelope.params.map_or_else(null, ToOwned::to_owned);
            Ok(Incoming::Notification(Notification { method: method.into_owned(), params }))
        }
        Some(method) => Err(format!("the daemon called {method}, which only a client may do")),
        None => Ok(Incoming::Answers(vec![read_answer(envelope)])),
    }
}

fn read_answer(envelope: Envelope<'_>) -> (Option<u64>, Answer) {
    let id = envelope.id.and_then(|id| id.get().parse().ok());
    let answer = match envelope.error {
        Some(error) => Err(error),
        None => Ok(envelope.result.map_or_else(null, ToOwned::to_owned)),
    };
    (id, answer)
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// The start of a text, for error messages.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 120;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_and_carries_its_session() {
        let session = Session { id: "a".into(), seq: 3, instance: "i".into() };
        let params = encode_params(serde_json::json!([1, 2])).unwrap();
        let mut out = Vec::new();
        write_request(&mut out, "m", params.as_deref(), Some(&session), Some(9)).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"jsonrpc":"2.0","method":"m","params":[1,2],"session":{"id":"a","seq":3,"instance":"i"},"id":9}"#
        );
    }

    #[test]
    fn params_that_are_null_are_left_out_and_line_breaks_become_blanks() {
        assert!(encode_params(()).unwrap().is_none());
        let pretty = RawValue::from_string("{\n \"a\": \"x\\ny\"\r\n}".into()).unwrap();
        let encoded = encode_params(pretty).unwrap().unwrap();
        assert_eq!(encoded.get(), r#"{  "a": "x\ny"  }"#);
    }

    #[test]
    fn answers_errors_batches_and_notifications_are_told_apart() {
        let Ok(Incoming::Answers(answers)) = read_message(br#"{"result":null,"id":4}"#) else {
            panic!("an answer");
        };
        assert_eq!(answers[0].0, Some(4));
        assert_eq!(answers[0].1.as_ref().unwrap().get(), "null");
        let batch = br#"[{"result":1,"id":1},{"error":{"code":-1,"message":"no"},"id":null}]"#;
        let Ok(Incoming::Answers(answers)) = read_message(batch) else { panic!("answers") };
        assert_eq!((answers[0].0, answers[1].0), (Some(1), None));
        assert_eq!(answers[1].1.as_ref().unwrap_err().code, -1);
        let Ok(Incoming::Notification(notification)) =
            read_message(br#"{"jsonrpc":"2.0","method":"goxel.changed","params":{"revision":2}}"#)
        else {
            panic!("a notification");
        };
        assert_eq!(notification.params.get(), r#"{"revision":2}"#);
        assert!(read_message(b"{nonsense").unwrap_err().contains("{nonsense"));
        assert!(read_message(&[0xff, 0xfe]).unwrap_err().contains("UTF-8"));
    }
}
