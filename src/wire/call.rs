//! The usual call: a JSON-RPC request as nearly every client writes it, checked and cut in one pass.
//!
//! Usual is one object with `"jsonrpc":"2.0"`, a `method` and an `id`, with `params` and `session` or
//! without, each once and in any order, with nothing or one space behind a colon or comma. The id is a whole number of at most 18 digits
//! or a string, and neither it nor the method contains an escape. All else is left to the [`Scanner`] and to the
//! parser behind the decoder, which know the whole grammar and would read a usual call in the same way.

use std::ops::Range;

use super::scanner::{Scan, Scanner};

/// More digits than any counter reaches; such an id is a number like any other, but not usual.
const MOST_DIGITS: usize = 18;

/// A part of a message; empty if it is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    start: u32,
    end: u32,
}

impl Part {
    fn of(range: Range<usize>) -> Option<Self> {
        Some(Part { start: range.start.try_into().ok()?, end: range.end.try_into().ok()? })
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The part in the text of its message.
    pub fn in_text(self, message: &str) -> Option<&str> {
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

/// The length and the parts of the usual call that the bytes begin with; `None` if they begin with anything else,
/// or with a part of one.
pub fn recognise(bytes: &[u8]) -> Option<(usize, CallParts)> {
    let mut parts = CallParts::default();
    let mut has_version = false;
    let mut at = behind(bytes, 0, b"{")?;
    loop {
        let rest = bytes.get(at..)?;
        match rest.get(1)? {
            b'j' if !has_version => {
                let value = behind(bytes, at, b"\"jsonrpc\":")?;
                at = behind(bytes, skip_one_space(bytes, value), b"\"2.0\"")?;
                has_version = true;
            }
            b'i' if parts.id.is_empty() => {
                let value = skip_one_space(bytes, behind(bytes, at, b"\"id\":")?);
                at = id_end(bytes, value)?;
                parts.id = Part::of(value..at)?;
            }
            b'm' if parts.method.is_empty() => {
                let value = skip_one_space(bytes, behind(bytes, at, b"\"method\":")?);
                at = plain_string_end(bytes, value)?;
                parts.method = Part::of(value + 1..at - 1)?;
            }
            b'p' if parts.params.is_empty() => {
                let value = skip_one_space(bytes, behind(bytes, at, b"\"params\":")?);
                at = container_end(bytes, value)?;
                parts.params = Part::of(value..at)?;
            }
            b's' if parts.session.is_empty() => {
                let value = skip_one_space(bytes, behind(bytes, at, b"\"session\":")?);
                at = container_end(bytes, value)?;
                parts.session = Part::of(value..at)?;
            }
            _ => return None,
        }
        match bytes.get(at)? {
            b',' => at = skip_one_space(bytes, at + 1),
            b'}' => break,
            _ => return None,
        }
    }
    let is_whole = has_version && !parts.id.is_empty() && !parts.method.is_empty();
    is_whole.then_some((at + 1, parts))
}

/// The place behind `word` if it stands at `at`.
fn behind(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes.get(at..)?.starts_with(word).then_some(at + word.len())
}

fn skip_one_space(bytes: &[u8], at: usize) -> usize {
    at + usize::from(bytes.get(at) == Some(&b' '))
}

fn id_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at)? == &b'"' {
        return plain_string_end(bytes, at);
    }
    let end = digits_end(bytes, at)?;
    (end - at <= MOST_DIGITS).then_some(end)
}

/// The end of the digits of a whole number without a leading zero.
fn digits_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    while bytes.get(end)?.is_ascii_digit() {
        end += 1;
    }
    let is_number = end > at && (bytes[at] != b'0' || end == at + 1);
    is_number.then_some(end)
}

/// The end of a string without escapes.
fn plain_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at)? != &b'"' {
        return None;
    }
    let mut end = at + 1;
    loop {
        match bytes.get(end)? {
            b'"' => return Some(end + 1),
            b'\\' | 0..0x20 => return None,
            _ => end += 1,
        }
    }
}

/// The end of an array or object.
fn container_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'[' => whole_numbers_end(bytes, at + 1).or_else(|| scanned_end(bytes, at)),
        b'{' => scanned_end(bytes, at),
        _ => None,
    }
}

/// The end of an array that contains nothing but whole numbers, which is what most edits are made of.
fn whole_numbers_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += usize::from(bytes.get(at)? == &b'-');
        at = digits_end(bytes, at)?;
        match bytes.get(at)? {
            b']' => return Some(at + 1),
            b',' => at = skip_one_space(bytes, at + 1),
            _ => return None,
        }
    }
}

fn scanned_end(bytes: &[u8], at: usize) -> Option<usize> {
    match Scanner::in_object().scan(&bytes[at..]) {
        Scan::End(length) => Some(at + length),
        Scan::More | Scan::Wrong(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Id, method and params of a usual call, and what is behind it.
    fn read(text: &str) -> Option<(&str, &str, Option<&str>, &str)> {
        let (length, parts) = recognise(text.as_bytes())?;
        let part = |part: Part| part.in_text(text);
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
    }
}
