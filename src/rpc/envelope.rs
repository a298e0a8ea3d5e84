//! The envelope of a call: cut out of the message in one pass, without a tree.
//!
//! [`Message::parse`] checks the grammar of the whole message, so everything behind it may take raw
//! texts as valid JSON. Names may come in any order; of duplicates the last one counts.

use std::borrow::Cow;

use super::error::{INVALID_REQUEST, PARSE_ERROR, RpcError};
use crate::api::args::shown;
use crate::api::json::{MOST_MEMBERS, Members, check_members, skip_space, skip_value, string};
use crate::wire::call::{self, CallParts};

/// One complete message.
pub enum Message<'a> {
    /// A call, an older tool object, or something else that is no batch.
    Single(Envelope<'a>),
    /// A batch: the raw text of the array.
    Batch(&'a str),
}

impl<'a> Message<'a> {
    /// Of bytes whose grammar a decoder has checked already; what they are is checked no more than
    /// it must be.
    pub fn of_checked(bytes: &'a [u8]) -> Result<Self, RpcError> {
        Ok(Message::of_text(utf8(bytes)?))
    }

    /// Of a text that was checked already.
    pub fn of_text(text: &'a str) -> Self {
        let text = text.trim_ascii().trim_start_matches('\u{feff}').trim_ascii();
        if text.starts_with('[') {
            Message::Batch(text)
        } else {
            Message::Single(Envelope::read(text))
        }
    }

    /// Checks that the bytes are one JSON text: UTF-8, the grammar, the nesting limit.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RpcError> {
        let text = utf8(bytes)?;
        // A byte order mark before a message says nothing.
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let start = skip_space(bytes, mark);
        let parse_error = |what: &str, offset: usize| {
            RpcError::new(PARSE_ERROR, format!("Parse error: {what} at byte {offset}"))
                .with("got", shown(text.get(offset..).unwrap_or_default()))
        };
        let mut raw = Raw::default();
        let end = match bytes.get(start) {
            Some(b'{') => check_members(text, start, |name, value| raw.set(&name, value)),
            _ => skip_value(bytes, start),
        };
        let end = end.map_err(|error| parse_error(error.what, error.offset))?;
        let rest = skip_space(bytes, end);
        if rest < bytes.len() {
            return Err(parse_error("text behind the end of the message", rest));
        }
        let whole = &text[start..end];
        Ok(match bytes.get(start) {
            Some(b'[') => Message::Batch(whole),
            Some(b'{') => Message::Single(raw.into_envelope(whole)),
            _ => Message::Single(Envelope::read(whole)),
        })
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, RpcError> {
    std::str::from_utf8(bytes).map_err(|error| not_utf8(error.valid_up_to()))
}

/// The error of a message that is UTF-8 only up to an offset.
pub fn not_utf8(offset: usize) -> RpcError {
    RpcError::new(PARSE_ERROR, format!("Parse error: not UTF-8 at byte {offset}"))
        .hint("send the message as UTF-8 text")
}

/// The id of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// There is none.
    Absent,
    /// A string, number or null, as raw JSON.
    Given(&'a str),
}

impl<'a> Id<'a> {
    /// The id as the answer shows it.
    pub fn shown(self) -> &'a str {
        match self {
            Id::Absent => "null",
            Id::Given(raw) => raw,
        }
    }
}

/// A call by JSON-RPC 2.0.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its id.
    pub id: Id<'a>,
    /// Whether it says that it is JSON-RPC 2.0, which makes one without an id a notification.
    pub is_strict: bool,
    /// The method.
    pub method: Cow<'a, str>,
    /// The raw params: an array or an object, if any.
    pub params: Option<&'a str>,
    /// The raw session tag, if any.
    pub session: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// The call whose parts were found in a message; `None` if the message is not UTF-8.
    pub fn of_parts(message: &'a [u8], parts: &CallParts) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        Some(Call {
            id: Id::Given(parts.id.of(text)?),
            is_strict: true,
            method: Cow::Borrowed(parts.method.of(text)?),
            params: parts.params.of(text),
            session: parts.session.of(text),
        })
    }

    /// Whether no answer is due.
    pub fn is_notification(&self) -> bool {
        self.is_strict && self.id == Id::Absent
    }
}

/// An older tool object.
#[derive(Debug)]
pub struct Tool<'a> {
    /// The tool's name, if it is a string.
    pub name: Option<Cow<'a, str>>,
    /// The raw arguments, if any.
    pub arguments: Option<&'a str>,
}

/// What one object turned out to be.
#[derive(Debug)]
pub enum Envelope<'a> {
    /// A call.
    Call(Call<'a>),
    /// A tool object.
    Tool(Tool<'a>),
    /// Neither; with the id to answer to.
    Invalid(Id<'a>, RpcError),
}

/// The members of an envelope that mean something, raw.
#[derive(Default)]
struct Raw<'a> {
    version: Option<&'a str>,
    id: Option<&'a str>,
    method: Option<&'a str>,
    params: Option<&'a str>,
    session: Option<&'a str>,
    tool: Option<&'a str>,
    arguments: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Reads the raw text of one valid JSON value.
    pub fn read(text: &'a str) -> Self {
        if let Some((length, parts)) = call::recognise(text.as_bytes(), 0)
            && length == text.len()
            && let Some(call) = Call::of_parts(text.as_bytes(), &parts)
        {
            return Envelope::Call(call);
        }
        if !text.starts_with('{') {
            return invalid(Id::Absent, "expected an object", text);
        }
        let (mut raw, mut members) = (Raw::default(), Members::new(text));
        members.by_ref().take(MOST_MEMBERS).for_each(|(name, value)| raw.set(&name, value));
        if members.next().is_some() {
            let what = format!("expected at most {MOST_MEMBERS} members");
            return invalid(raw.id.map_or(Id::Absent, Id::Given), &what, text);
        }
        raw.into_envelope(text)
    }
}

impl<'a> Raw<'a> {
    fn set(&mut self, name: &str, value: &'a str) {
        match name {
            "jsonrpc" => self.version = Some(value),
            "id" => self.id = Some(value),
            "method" => self.method = Some(value),
            "params" => self.params = Some(value),
            "session" => self.session = Some(value),
            "tool" => self.tool = Some(value),
            "arguments" => self.arguments = Some(value),
            _ => {}
        }
    }

    fn into_envelope(self, text: &'a str) -> Envelope<'a> {
        if self.method.is_none()
            && let Some(name) = self.tool
        {
            return Envelope::Tool(Tool { name: string(name), arguments: self.arguments });
        }
        let id = match self.id {
            None => Id::Absent,
            Some(raw) if raw == "null" || raw.starts_with(['"', '-']) => Id::Given(raw),
            Some(raw) if raw.as_bytes()[0].is_ascii_digit() => Id::Given(raw),
            Some(raw) => {
                return invalid(Id::Absent, "'id' must be a string, a number or null", raw);
            }
        };
        let is_strict = match self.version {
            None => false,
            Some("\"2.0\"") => true,
            Some(raw) if string(raw).is_some_and(|version| version == "2.0") => true,
            Some(raw) => return invalid(id, "'jsonrpc' must be \"2.0\"", raw),
        };
        let Some(raw_method) = self.method else {
            return invalid(id, "'method' is missing", text);
        };
        let Some(method) = string(raw_method) else {
            return invalid(id, "'method' must be a string", raw_method);
        };
        match self.params {
            Some(params) if params != "null" && !params.starts_with(['[', '{']) => {
                invalid(id, "'params' must be an array or an object", params)
            }
            params => Envelope::Call(Call { id, is_strict, method, params, session: self.session }),
        }
    }
}

fn invalid<'a>(id: Id<'a>, what: &str, got: &str) -> Envelope<'a> {
    let error = RpcError::new(INVALID_REQUEST, format!("Invalid Request: {what}"))
        .with("got", shown(got))
        .hint(r#"a call looks like {"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    Envelope::Invalid(id, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str) -> Call<'_> {
        match Envelope::read(text) {
            Envelope::Call(call) => call,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn refused(text: &str) -> (&str, i32) {
        match Envelope::read(text) {
            Envelope::Invalid(id, error) => (id.shown(), error.code),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn members_in_any_order_and_the_last_of_duplicates() {
        let call = call(r#"{"id":1,"params":[1],"method":"a","jsonrpc":"2.0","method":"b"}"#);
        assert_eq!((call.id, &*call.method, call.params), (Id::Given("1"), "b", Some("[1]")));
        assert!(call.is_strict);
    }

    #[test]
    fn a_call_without_version_and_id_is_no_notification() {
        assert!(!call(r#"{"method":"ping"}"#).is_notification());
        assert!(call(r#"{"jsonrpc":"2.0","method":"ping"}"#).is_notification());
        assert!(!call(r#"{"jsonrpc":"2.0","method":"ping","id":null}"#).is_notification());
    }

    #[test]
    fn ids_are_strings_numbers_or_null() {
        for id in ["1.5", "\"a\"", "9007199254740993", "null", "-7", "1e3"] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(call(&text).id, Id::Given(id));
        }
        for id in ["true", "[1]", "{}"] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(refused(&text), ("null", INVALID_REQUEST));
        }
    }

    /// The call as it is read without the short cut for usual ones.
    fn read_slowly(text: &str) -> Option<Call<'_>> {
        match Message::parse(text.as_bytes()) {
            Ok(Message::Single(Envelope::Call(call))) => Some(call),
            _ => None,
        }
    }

    #[test]
    fn whatever_counts_as_a_usual_call_is_read_the_same_in_the_slow_way() {
        let calls = [
            r#"{"jsonrpc":"2.0","id":12,"method":"goxel.add_voxel","params":[1,-2,30,0]}"#,
            r#"{"jsonrpc": "2.0", "method": "a", "params": {"b": [1.5, "c"]}, "id": "d"}"#,
            r#"{"method":"e","id":0,"session":{"id":"f","seq":1},"jsonrpc":"2.0"}"#,
        ];
        let bytes = b"\"\\{}[],:-+0 1.e2ntfu\n\x01";
        let (mut usual, mut tried) = (0, 0);
        for base in calls {
            for at in 0..base.len() {
                let replaced = bytes.iter().map(|&byte| (1, Some(byte)));
                let inserted = bytes.iter().map(|&byte| (0, Some(byte)));
                for (cut, byte) in replaced.chain(inserted).chain([(1, None)]) {
                    let mut text = base.as_bytes().to_vec();
                    text.splice(at..at + cut, byte);
                    let text = String::from_utf8(text).unwrap();
                    tried += 1;
                    let Some((length, parts)) = call::recognise(text.as_bytes(), 0) else {
                        continue;
                    };
                    usual += 1;
                    let quick = Call::of_parts(&text.as_bytes()[..length], &parts).unwrap();
                    let slow = read_slowly(&text[..length]).unwrap_or_else(|| panic!("{text}"));
                    assert_eq!(format!("{quick:?}"), format!("{slow:?}"), "{text}");
                }
            }
        }
        assert!(usual > 500 && usual < tried / 2, "{usual} of {tried}");
    }

    #[test]
    fn what_is_not_a_call_is_refused_with_its_id() {
        assert_eq!(refused(r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#), ("3", INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":3}"#), ("3", INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":3,"method":5}"#), ("3", INVALID_REQUEST));
        assert_eq!(refused(r#"{"id":3,"method":"x","params":"x"}"#), ("3", INVALID_REQUEST));
        assert_eq!(refused("1"), ("null", INVALID_REQUEST));
    }

    #[test]
    fn method_wins_over_tool() {
        assert!(matches!(Envelope::read(r#"{"tool":"ping"}"#), Envelope::Tool(_)));
        assert!(matches!(Envelope::read(r#"{"tool":"ping","method":"ping"}"#), Envelope::Call(_)));
    }
}
