//! JSON values one after the other, with any white space between and inside them.
//!
//! After a syntax error reading goes on at the start of the line on which the error was found if the
//! message began on an earlier line, else after that line. A message over the limit is followed to its
//! end without being kept.

use super::scanner::{Scan, Scanner};
use super::{Content, Decoded, Fault, Framing, MessageLimits, call};

/// The decoder of one connection.
#[derive(Clone, Debug, Default)]
pub struct JsonText {
    mode: Mode,
    scanner: Scanner,
    examined: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Mode {
    /// Before a message.
    #[default]
    Between,
    /// In a message that begins with the first unread byte.
    Inside,
    /// In a message over the limit; its bytes are dropped. Whether its present line is blank so far.
    Oversize { blank: bool },
    /// Behind an error, before the next line.
    SkipLine,
}

const FRAMING: Framing = Framing::Line;

impl JsonText {
    /// Whether the rest of something is being dropped.
    pub fn is_skipping(&self) -> bool {
        matches!(self.mode, Mode::Oversize { .. } | Mode::SkipLine)
    }

    /// Bytes looked at so far.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// See [`super::Decoder::decode`].
    pub fn decode(&mut self, unread: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        let mut consumed = 0;
        while consumed < unread.len() {
            let rest = &unread[consumed..];
            match self.mode {
                Mode::Between => {
                    let blanks = leading_blanks(rest);
                    self.examined += blanks as u64;
                    consumed += blanks;
                    if let Some(call) = self.usual_call(&rest[blanks..], consumed, limits) {
                        return call;
                    }
                    if blanks < rest.len() {
                        self.scanner = Scanner::default();
                        self.mode = Mode::Inside;
                    }
                }
                Mode::Inside => return self.inside(unread, consumed, ended, limits),
                Mode::Oversize { blank } => consumed += self.oversize(rest, blank),
                Mode::SkipLine => {
                    let line = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
                    self.examined += line.unwrap_or(rest.len()) as u64;
                    consumed += line.unwrap_or(rest.len());
                    if line.is_some() {
                        self.mode = Mode::Between;
                    }
                }
            }
        }
        Decoded::more(consumed)
    }

    /// The usual call that the bytes, which stand at `start`, begin with.
    fn usual_call(
        &mut self,
        bytes: &[u8],
        start: usize,
        limits: &MessageLimits,
    ) -> Option<Decoded> {
        let (length, parts) = call::recognise(bytes, 0)?;
        if length > limits.message {
            return None;
        }
        // The line feed that most clients send belongs to nothing else.
        let line_feed = usize::from(bytes.get(length) == Some(&b'\n'));
        self.examined += (length + line_feed) as u64;
        let end = start + length;
        Some(Decoded::message(end + line_feed, start..end, Content::Call(parts), FRAMING))
    }

    /// Goes on with a message that begins at `start`.
    fn inside(
        &mut self,
        unread: &[u8],
        start: usize,
        ended: bool,
        limits: &MessageLimits,
    ) -> Decoded {
        let before = self.scanner.position();
        let scan = self.scanner.scan(&unread[start + before..]);
        let length = self.scanner.position();
        self.examined += (length - before) as u64;
        match scan {
            _ if length > limits.message => {
                self.too_large(scan, &unread[start..start + length], start, limits)
            }
            Scan::End(_) => self.message(start, length),
            Scan::More if ended && self.scanner.may_end() => self.message(start, length),
            Scan::More if ended => {
                self.mode = Mode::Between;
                self.syntax_fault(start + length, length, self.scanner.expected(), None)
            }
            Scan::More => Decoded::more(start),
            Scan::Wrong(_, expected) => {
                let found = unread.get(start + length).copied();
                let line = self.scanner.line_start();
                let (mode, resume) =
                    if line > 0 { (Mode::Between, line) } else { (Mode::SkipLine, length) };
                self.mode = mode;
                self.syntax_fault(start + resume, length, expected, found)
            }
        }
    }

    fn message(&mut self, start: usize, length: usize) -> Decoded {
        self.mode = Mode::Between;
        let content = Content::Json(self.scanner.take_long_values(0));
        Decoded::message(start + length, start..start + length, content, FRAMING)
    }

    fn syntax_fault(
        &self,
        consumed: usize,
        position: usize,
        expected: &'static str,
        found: Option<u8>,
    ) -> Decoded {
        Decoded::fault(consumed, Fault::Syntax { position, expected, found }, FRAMING, false)
    }

    fn too_large(
        &mut self,
        scan: Scan,
        message: &[u8],
        start: usize,
        limits: &MessageLimits,
    ) -> Decoded {
        let line = self.scanner.line_start();
        let blank = line > 0 && message.get(line..).is_some_and(is_blank);
        self.mode = match scan {
            Scan::End(_) => Mode::Between,
            Scan::More => Mode::Oversize { blank },
            Scan::Wrong(..) if blank => Mode::Between,
            Scan::Wrong(..) => Mode::SkipLine,
        };
        let fault = Fault::TooLarge { limit: limits.message };
        Decoded::fault(start + message.len(), fault, FRAMING, false)
    }

    /// Drops bytes of a message over the limit, one line at a time; returns how many.
    fn oversize(&mut self, rest: &[u8], blank: bool) -> usize {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let line = &rest[..end];
        let scan = self.scanner.scan(line);
        let taken = match scan {
            Scan::End(length) => length,
            Scan::More => end,
            Scan::Wrong(at, _) => at,
        };
        self.examined += taken as u64;
        let blank = blank && is_blank(&line[..taken]);
        self.mode = match scan {
            Scan::End(_) => Mode::Between,
            Scan::More => Mode::Oversize { blank: blank || line.ends_with(b"\n") },
            // The line starts with the next message; the error was answered already.
            Scan::Wrong(..) if blank => Mode::Between,
            Scan::Wrong(..) => Mode::SkipLine,
        };
        taken
    }
}

fn leading_blanks(bytes: &[u8]) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len())
}

fn is_blank(bytes: &[u8]) -> bool {
    leading_blanks(bytes) == bytes.len()
}

/// Checks that `body` is one JSON value and nothing else besides white space.
pub fn check(body: &[u8]) -> Result<Content, Fault> {
    if let Some((length, parts)) = call::recognise(body, 0)
        && is_blank(&body[length..])
    {
        return Ok(Content::Call(parts));
    }
    let start = leading_blanks(body);
    if start == body.len() {
        return Err(Fault::Empty);
    }
    let mut scanner = Scanner::default();
    let wrong = |position, expected| {
        Err(Fault::Syntax { position, expected, found: body.get(position).copied() })
    };
    let end = match scanner.scan(&body[start..]) {
        Scan::End(length) => start + length,
        Scan::More if scanner.may_end() => body.len(),
        Scan::More => return wrong(body.len(), scanner.expected()),
        Scan::Wrong(at, expected) => return wrong(start + at, expected),
    };
    match end + leading_blanks(&body[end..]) {
        rest if rest < body.len() => wrong(rest, "the end of the message"),
        _ => Ok(Content::Json(scanner.take_long_values(start))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Item, LongValues};
    use super::*;

    /// What a decoder makes of bytes that come in chunks of the given size: messages, and `!` for faults.
    fn decode_cut(input: &[u8], chunk: usize, limit: usize) -> (Vec<String>, u64) {
        let limits = MessageLimits { message: limit, ..Default::default() };
        let mut decoder = JsonText::default();
        let (mut start, mut found) = (0, Vec::new());
        for end in (0..=input.len()).step_by(chunk).chain([input.len()]) {
            loop {
                let ended = end == input.len();
                let decoded = decoder.decode(&input[start..end], ended, &limits);
                let text = |body: std::ops::Range<usize>| {
                    String::from_utf8_lossy(&input[start + body.start..start + body.end]).into()
                };
                match decoded.item {
                    Some(Item::Message { body, .. }) => found.push(text(body)),
                    Some(Item::Fault { .. }) => found.push("!".into()),
                    Some(Item::Http(_)) => found.push("http".into()),
                    None => {
                        start += decoded.consumed;
                        break;
                    }
                }
                start += decoded.consumed;
            }
        }
        (found, decoder.examined())
    }

    fn decode_limited(input: &str, limit: usize) -> Vec<String> {
        let whole = decode_cut(input.as_bytes(), input.len().max(1), limit).0;
        for chunk in 1..input.len().min(9) {
            assert_eq!(decode_cut(input.as_bytes(), chunk, limit).0, whole, "{input:?} by {chunk}");
        }
        whole
    }

    fn decode(input: &str) -> Vec<String> {
        decode_limited(input, 1 << 20)
    }

    #[test]
    fn messages_need_no_line_feed_between_them() {
        assert_eq!(decode("{\"a\":1}{\"b\":2}\r\n\n [3]"), ["{\"a\":1}", "{\"b\":2}", "[3]"]);
        assert_eq!(decode("{\n  \"a\": [\n1]\n}\n"), ["{\n  \"a\": [\n1]\n}"]);
        assert_eq!(decode("12"), ["12"]);
    }

    #[test]
    fn garbage_costs_one_fault_a_line() {
        assert_eq!(decode("hello there\n{\"a\":1}\n"), ["!", "{\"a\":1}"]);
        assert_eq!(decode("}}}}\n\n{}\n"), ["!", "{}"]);
        assert_eq!(decode("{\"a\" 1}{\"b\":2}\n{}"), ["!", "{}"]);
    }

    #[test]
    fn a_request_cut_off_after_a_member_costs_only_itself() {
        assert_eq!(decode("{\"a\":1,\n{\"b\":2}\n"), ["!", "{\"b\":2}"]);
        assert_eq!(decode("{\"a\":1\n  {\"b\":2}\n"), ["!", "{\"b\":2}"]);
        assert_eq!(decode("{\"a\":\"cut\n{\"b\":2}\n"), ["!", "{\"b\":2}"]);
        assert_eq!(decode("{\"a\":1,"), ["!"]);
    }

    #[test]
    fn a_message_over_the_limit_is_skipped_and_the_next_is_served() {
        assert_eq!(decode_limited("[1,2,3,4,5]", 11), ["[1,2,3,4,5]"]);
        assert_eq!(decode_limited("[1,2,3,4,5]\n[1]", 10), ["!", "[1]"]);
        assert_eq!(decode_limited("{\"a\":[1,2,\n3,4],\n {\"b\":1}\n", 8), ["!", "{\"b\":1}"]);
        assert_eq!(decode_limited("{\"abcdefgh\":\"cut\n[1]\n", 8), ["!", "[1]"]);
    }

    #[test]
    fn the_spec_examples_of_broken_text_cost_one_fault_each() {
        let request = r#"{"jsonrpc":"2.0","method":"foobar, "params":"bar","baz]"#;
        let batch = r#"[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method"]"#;
        assert_eq!(decode(request), ["!"]);
        assert_eq!(decode(batch), ["!"]);
    }

    #[test]
    fn work_does_not_depend_on_the_cuts() {
        let mut message = b"{\"data\":[".to_vec();
        while message.len() < 1 << 20 {
            message.extend_from_slice(br#"{"x":-12.5e3,"text":"some \u00e4 words"}, "#);
        }
        message.extend_from_slice(b"null]}");
        let (whole, whole_work) = decode_cut(&message, message.len(), 1 << 22);
        let (bytes, byte_work) = decode_cut(&message, 1, 1 << 22);
        assert_eq!(whole, bytes);
        assert!(byte_work <= 2 * whole_work, "{byte_work} against {whole_work}");
        assert!(whole_work <= message.len() as u64 + 8);
    }

    #[test]
    fn errors_over_and_over_cost_at_most_twice_the_bytes() {
        let input = "{\"a\":1,\n".repeat(10_000);
        let (found, work) = decode_cut(input.as_bytes(), 1, 1 << 20);
        assert_eq!(found.len(), 10_000);
        assert!(work <= 2 * input.len() as u64, "{work} for {} bytes", input.len());
    }

    #[test]
    fn check_accepts_exactly_one_value() {
        assert_eq!(check(b" {\"a\":1}\n"), Ok(Content::Json(LongValues::default())));
        assert_eq!(check(b"7"), Ok(Content::Json(LongValues::default())));
        assert_eq!(check(b"  "), Err(Fault::Empty));
        for bad in [&b"{}{}"[..], b"{", b"[1] x", b"\xff"] {
            assert!(matches!(check(bad), Err(Fault::Syntax { .. })), "{:?}", bad.escape_ascii());
        }
    }
}
