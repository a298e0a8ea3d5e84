//! Checking that the content of a frame is one JSON value, in one go or while it comes.

use super::scanner::{Scan, Scanner};
use super::{Content, Fault, LongValues, call};

/// A content that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonCheck {
    state: State,
    scanner: Scanner,
    /// Bytes seen before the value, ...
    start: usize,
    /// ... and in all, up to the first wrong one.
    position: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    /// White space so far.
    #[default]
    Before,
    Inside,
    Behind,
    Wrong(Fault),
}

/// A byte order mark, which some editors and languages put before a text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How many bytes of white space the bytes begin with; a byte order mark among it says nothing.
pub(super) fn leading_blanks(bytes: &[u8]) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        at += rest.iter().position(|byte| !is_blank(byte)).unwrap_or(rest.len());
        if !bytes[at..].starts_with(BYTE_ORDER_MARK) {
            return at;
        }
        at += BYTE_ORDER_MARK.len();
    }
}

/// Whether the bytes may be the beginning of a byte order mark.
pub(super) fn may_be_mark(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(bytes)
}

/// Whether there is nothing but white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    leading_blanks(bytes) == bytes.len()
}

impl JsonCheck {
    /// Looks at more bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        if self.state == State::Before {
            bytes = self.skip_blanks(bytes);
            if !bytes.is_empty() {
                (self.state, self.start) = (State::Inside, self.position);
            }
        }
        if self.state == State::Inside {
            let scan = self.scanner.scan(bytes);
            self.position = self.start + self.scanner.position();
            match scan {
                Scan::More => return,
                Scan::Wrong(at, expected) => return self.wrong(expected, bytes.get(at)),
                Scan::End(length) => {
                    self.state = State::Behind;
                    bytes = &bytes[length..];
                }
            }
        }
        if self.state == State::Behind {
            bytes = self.skip_blanks(bytes);
            if !bytes.is_empty() {
                self.wrong("the end of the message", bytes.first());
            }
        }
    }

    fn skip_blanks<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let blanks = leading_blanks(bytes);
        self.position += blanks;
        &bytes[blanks..]
    }

    fn wrong(&mut self, expected: &'static str, found: Option<&u8>) {
        let (position, found) = (self.position, found.copied());
        self.state = State::Wrong(Fault::Syntax { position, expected, found });
    }

    /// Whether nothing that comes can make it right.
    pub(super) fn is_wrong(&self) -> bool {
        matches!(self.state, State::Wrong(_))
    }

    /// What it is, now that all of it has come: its long parts, by their offsets in all bytes.
    pub(super) fn finish(mut self) -> Result<LongValues, Fault> {
        if self.state == State::Inside && !self.scanner.may_end() {
            self.wrong(self.scanner.expected(), None);
        }
        match self.state {
            State::Before => Err(Fault::Empty),
            State::Wrong(fault) => Err(fault),
            State::Inside | State::Behind => Ok(self.scanner.take_long_values(self.start)),
        }
    }
}

/// Checks that `body` is one JSON value and nothing else besides white space.
pub(super) fn check(body: &[u8]) -> Result<Content, Fault> {
    if let Some((length, parts)) = call::recognise(body, 0)
        && is_blank(&body[length..])
    {
        return Ok(Content::Call(parts));
    }
    let mut check = JsonCheck::default();
    check.push(body);
    check.finish().map(Content::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_value_is_accepted_however_it_is_cut() {
        let texts: [&[u8]; 14] = [
            b" {\"a\":1}\n",
            b"7",
            b" 7 ",
            b"-1.5e3",
            b"{\"a\":\"\xc3\xa4\"} \n",
            b"  ",
            b"",
            b"{}{}",
            b"{",
            b"[1] x",
            b"\xff",
            b" [1,]",
            b"01",
            b"tru ",
        ];
        for text in texts {
            let whole = check(text);
            assert_eq!(
                whole.is_ok(),
                text.len() > 4 && text[0] != b'{' && text != b"[1] x" && text != b" [1,]"
                    || text[..].starts_with(b"{\"a")
                    || text == b"7"
                    || text == b" 7 "
            );
            for cut in 1..=text.len() {
                let mut pieces = JsonCheck::default();
                text.chunks(cut).for_each(|chunk| pieces.push(chunk));
                assert_eq!(pieces.finish().map(Content::Json), whole, "{:?}", text.escape_ascii());
            }
        }
    }
}
