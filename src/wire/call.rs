//! The usual call: a JSON-RPC request as nearly every client writes it, checked and cut in one
//! pass.
//!
//! Usual is one object of at most 4 KiB with `"jsonrpc":"2.0"`, a `method` and an `id`, with
//! `params` and `session` or without, each once and in any order, with nothing or one space behind
//! a colon or comma. The id is a whole number of at most 18 digits or a string, and neither it nor
//! the method contains an escape. All else is left to the [`Scanner`] and to the parser behind the
//! decoder, which know the whole grammar and would read a usual call in the same way.

use super::scanner::{Scan, Scanner};

/// More digits than any counter reaches; such an id is a number like any other, but not usual.
const MOST_DIGITS: usize = 18;

/// Longer calls are not usual: looking through one to its end, perhaps in vain, would cost more
/// than it saves.
const MOST_BYTES: usize = 4096;

/// A part of a message; empty if it is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    start: u32,
    end: u32,
}

impl Part {
    /// What lies between two ends of the same bytes.
    fn between(bytes: &[u8], from: &[u8], to: &[u8]) -> Option<Self> {
        let place = |end: &[u8]| u32::try_from(bytes.len() - end.len()).ok();
        Some(Part { start: place(from)?, end: place(to)? })
    }

    fn without_quotes(self) -> Self {
        Part { start: self.start + 1, end: self.end - 1 }
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The part of its message, if it is there.
    pub fn of(self, message: &str) -> Option<&str> {
        message.get(self.start as usize..self.end as usize).filter(|part| !part.is_empty())
    }
}

/// The parts of a usual call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CallParts {
    /// The id, as it is written.
    pub id: Part,
    /// The method's name, without the quotes.
    pub method: Part,
    /// The params: an array or an object.
    pub params: Part,
    /// The session tag, if it is an array or an object.
    pub session: Part,
}

/// The length and the parts of the usual call that the bytes begin with; `None` if they begin with
/// anything else, or with a part of one. The `outer` levels that it is in count for the limit of
/// nesting.
pub fn recognise(bytes: &[u8], outer: u32) -> Option<(usize, CallParts)> {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let mut parts = CallParts::default();
    let mut has_version = false;
    let mut rest = bytes.strip_prefix(b"{")?;
    loop {
        let value = member_value(rest)?;
        match rest[1] {
            b'j' if !has_version => {
                has_version = true;
                rest = value.strip_prefix(b"\"2.0\"")?;
            }
            b'i' if parts.id.is_empty() => {
                rest = value.get(id_length(value)?..)?;
                parts.id = Part::between(bytes, value, rest)?;
            }
            b'm' if parts.method.is_empty() => {
                rest = value.get(plain_string_length(value)?..)?;
                parts.method = Part::between(bytes, value, rest)?.without_quotes();
            }
            b'p' if parts.params.is_empty() => {
                rest = value.get(container_length(value, outer + 1)?..)?;
                parts.params = Part::between(bytes, value, rest)?;
            }
            b's' if parts.session.is_empty() => {
                rest = value.get(container_length(value, outer + 1)?..)?;
                parts.session = Part::between(bytes, value, rest)?;
            }
            _ => return None,
        }
        match rest {
            [b',', more @ ..] => rest = skip_one_space(more),
            [b'}', ..] => break,
            _ => return None,
        }
    }
    let is_whole = has_version && !parts.id.is_empty() && !parts.method.is_empty();
    is_whole.then_some((bytes.len() - rest.len() + 1, parts))
}

/// What follows a member name that means something, its colon and perhaps a space.
fn member_value(rest: &[u8]) -> Option<&[u8]> {
    let value = match rest.get(1)? {
        b'j' => rest.strip_prefix(b"\"jsonrpc\":"),
        b'i' => rest.strip_prefix(b"\"id\":"),
        b'm' => rest.strip_prefix(b"\"method\":"),
        b'p' => rest.strip_prefix(b"\"params\":"),
        b's' => rest.strip_prefix(b"\"session\":"),
        _ => None,
    };
    value.map(skip_one_space)
}

fn skip_one_space(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b" ").unwrap_or(rest)
}

fn id_length(value: &[u8]) -> Option<usize> {
    match value.first()? {
        b'"' => plain_string_length(value),
        _ => digits(value).filter(|&length| length <= MOST_DIGITS),
    }
}

/// How many digits a whole number without a leading zero has, if something follows it.
#[inline]
fn digits(rest: &[u8]) -> Option<usize> {
    let mut length = 0;
    while rest.get(length)?.is_ascii_digit() {
        length += 1;
    }
    (length == 1 || (length > 1 && rest[0] != b'0')).then_some(length)
}

/// The length of a string without escapes, with its quotes.
fn plain_string_length(value: &[u8]) -> Option<usize> {
    let inside = value.strip_prefix(b"\"")?;
    let end = inside.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    (inside[end] == b'"').then_some(end + 2)
}

/// The length of an array or object inside this many levels.
fn container_length(value: &[u8], levels: u32) -> Option<usize> {
    let scanned = || match Scanner::inside(levels).scan(value) {
        Scan::End(length) => Some(length),
        Scan::More | Scan::Wrong(..) => None,
    };
    match value.first()? {
        b'[' => whole_numbers_length(value).or_else(scanned),
        b'{' => scanned(),
        _ => None,
    }
}

/// The length of an array that contains nothing but whole numbers, which is what most edits are
/// made of.
fn whole_numbers_length(array: &[u8]) -> Option<usize> {
    let mut rest = array.get(1..)?;
    loop {
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
        rest = &rest[digits(rest)?..];
        match rest {
            [b']', ..] => return Some(array.len() - rest.len() + 1),
            [b',', more @ ..] => rest = skip_one_space(more),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Id, method and params of a usual call, and what is behind it.
    fn read(text: &str) -> Option<(&str, &str, Option<&str>, &str)> {
        let (length, parts) = recognise(text.as_bytes(), 0)?;
        let part = |part: Part| part.of(text);
        Some((part(parts.id)?, part(parts.method)?, part(parts.params), &text[length..]))
    }

    #[test]
    fn what_clients_write_is_usual() {
        for (text, id, method, params) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "1", "ping", None),
            (
                r#"{"jsonrpc": "2.0", "method": "a", "params": [1, -2], "id": 0}"#,
                "0",
                "a",
                Some("[1, -2]"),
            ),
            (
                r#"{"method":"a","params":{"b":[{}]},"id":"x y","jsonrpc":"2.0"}"#,
                "\"x y\"",
                "a",
                Some(r#"{"b":[{}]}"#),
            ),
            (r#"{"jsonrpc":"2.0","id":7,"method":"a","params":[]}"#, "7", "a", Some("[]")),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"a","params":["]",[1.5,null]]}"#,
                "7",
                "a",
                Some(r#"["]",[1.5,null]]"#),
            ),
        ] {
            for behind in ["", "\n", "{\"jso", "nonsense"] {
                let whole = format!("{text}{behind}");
                assert_eq!(read(&whole), Some((id, method, params, behind)), "{whole}");
            }
        }
    }

    #[test]
    fn anything_else_is_left_to_the_scanner() {
        for text in [
            "",
            "{",
            "{}",
            "[1]",
            " {}",
            "{\"",
            r#"{"jsonrpc":"2.0","method":"ping"}"#,
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":01,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":-1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1234567890123456789,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"p\u0069ng"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","session":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1,]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[00]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#,
            r#"{"jsonrpc":"2.0","id":1 ,"method":"ping"}"#,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\nng\"}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let whole = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1,{"a":2}]}"#;
        assert!((0..whole.len()).all(|end| read(&whole[..end]).is_none()));
    }

    #[test]
    fn params_may_nest_as_deep_as_in_any_message() {
        let nested = |levels: usize| {
            let params = "[".repeat(levels) + &"]".repeat(levels);
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{params}}}"#)
        };
        assert!(read(&nested(127)).is_some());
        assert!(read(&nested(128)).is_none());
        assert!(recognise(nested(126).as_bytes(), 1).is_some());
        assert!(recognise(nested(127).as_bytes(), 1).is_none());
    }
}
