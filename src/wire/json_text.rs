//! JSON values one after the other, with any white space between and inside them.
//!
//! After a syntax error reading goes on at the start of the line on which the error was found if
//! the message began on an earlier line, else after that line. A message over the limit is followed
//! to its end without being kept. The bytes of a long message are taken as they come, all but those
//! of its present line if it began on an earlier one: they may be read again.

use super::json_check::{is_blank, leading_blanks, may_be_mark};
use super::long_text::{Gathered, LONG_MESSAGE};
use super::scanner::{Scan, Scanner};
use super::{Content, Decoded, Fault, Framing, Item, MessageLimits, call};

/// The decoder of one connection.
#[derive(Clone, Debug, Default)]
pub struct JsonText {
    mode: Mode,
    scanner: Scanner,
    /// What of a long message was taken.
    long: Option<Box<Gathered>>,
    /// Bytes of the message that are no longer shown.
    gone: usize,
    examined: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Mode {
    /// Before a message.
    #[default]
    Between,
    /// In a message; the first unread byte belongs to it.
    Inside,
    /// In a message over the limit; its bytes are dropped. Whether its present line is blank so
    /// far.
    Oversize { blank: bool },
    /// Behind an error, before the next line.
    SkipLine,
}

const FRAMING: Framing = Framing::Line;

impl JsonText {
    /// Whether a long message goes on, or the rest of something is being dropped.
    pub fn is_inside(&self) -> bool {
        self.gone > 0 || matches!(self.mode, Mode::Oversize { .. } | Mode::SkipLine)
    }

    /// Bytes at the front that were looked at.
    pub(super) fn seen(&self) -> usize {
        match self.mode {
            Mode::Inside => self.scanner.position() - self.gone,
            Mode::Between | Mode::Oversize { .. } | Mode::SkipLine => 0,
        }
    }

    /// Bytes of a long message that were taken.
    pub(super) fn held(&self) -> usize {
        self.long.as_ref().map_or(0, |long| long.len())
    }

    /// Bytes looked at so far.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// See [`super::Decoder::decode`].
    #[inline]
    pub fn decode(&mut self, unread: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        let mut consumed = 0;
        if unread.is_empty() && ended && self.gone > 0 {
            return self.inside(unread, 0, ended, limits);
        }
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
                    if !ended && may_be_mark(&rest[blanks..]) {
                        return Decoded::more(consumed);
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

    /// Goes on with a message whose bytes that are still shown begin at `start`.
    fn inside(
        &mut self,
        unread: &[u8],
        start: usize,
        ended: bool,
        limits: &MessageLimits,
    ) -> Decoded {
        let before = self.scanner.position();
        let fresh = start + before - self.gone;
        let scan = self.scanner.scan(&unread[fresh..]);
        let length = self.scanner.position();
        let end = start + length - self.gone;
        self.examined += (length - before) as u64;
        if let Some(long) = &mut self.long {
            long.push(&unread[fresh..end]);
        }
        if let Some(received) = self.long.as_ref().and_then(|long| long.out_of_room()) {
            return self.pass_over(scan, &unread[start..end], Fault::NoRoom { received }, end);
        }
        match scan {
            _ if length > limits.message => self.too_large(scan, &unread[start..end], end, limits),
            Scan::End(_) => self.message(start, end),
            Scan::More if ended && self.scanner.may_end() => self.message(start, end),
            Scan::More if ended => {
                self.leave(Mode::Between);
                self.syntax_fault(end, length, self.scanner.expected(), None)
            }
            Scan::More if length > LONG_MESSAGE => Decoded::more(self.take(unread, start, end)),
            Scan::More => Decoded::more(start),
            Scan::Wrong(_, expected) => {
                let found = unread.get(end).copied();
                let line = self.scanner.line_start();
                let (mode, resume) = match line {
                    0 => (Mode::SkipLine, end),
                    line => (Mode::Between, start + line - self.gone),
                };
                self.leave(mode);
                self.syntax_fault(resume, length, expected, found)
            }
        }
    }

    /// Takes the bytes of a long message that lie between two places; up to where they are not
    /// needed any more.
    fn take(&mut self, unread: &[u8], start: usize, end: usize) -> usize {
        if self.long.is_none() {
            let mut long = Box::new(Gathered::default());
            long.push(&unread[start..end]);
            self.long = Some(long);
        }
        let kept_from = match self.scanner.line_start() {
            0 => end,
            line => start + line - self.gone,
        };
        self.gone += kept_from - start;
        kept_from
    }

    /// Ends the message that is inside.
    fn leave(&mut self, mode: Mode) {
        (self.mode, self.long, self.gone) = (mode, None, 0);
    }

    fn message(&mut self, start: usize, end: usize) -> Decoded {
        let values = self.scanner.take_long_values(0);
        let long = self.long.take();
        self.leave(Mode::Between);
        match long {
            None => Decoded::message(end, start..end, Content::Json(values), FRAMING),
            Some(long) => {
                let content = long.finish(values).into();
                let item = Item::LongMessage { content, framing: FRAMING };
                Decoded { consumed: end, item: Some(item) }
            }
        }
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

    /// `shown` is what of the message is still shown; it ends at `end`.
    fn too_large(
        &mut self,
        scan: Scan,
        shown: &[u8],
        end: usize,
        limits: &MessageLimits,
    ) -> Decoded {
        self.pass_over(scan, shown, Fault::TooLarge { limit: limits.message }, end)
    }

    /// Drops a message for another reason than its syntax, and what comes of it later.
    fn pass_over(&mut self, scan: Scan, shown: &[u8], fault: Fault, end: usize) -> Decoded {
        let line = self.scanner.line_start();
        let blank = line > 0 && shown.get(line - self.gone..).is_some_and(is_blank);
        self.leave(match scan {
            Scan::End(_) => Mode::Between,
            Scan::More => Mode::Oversize { blank },
            Scan::Wrong(..) if blank => Mode::Between,
            Scan::Wrong(..) => Mode::SkipLine,
        });
        Decoded::fault(end, fault, FRAMING, false)
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

#[cfg(test)]
mod tests {
    use super::super::{Item, LongContent};
    use super::*;

    /// What a decoder makes of bytes that come in chunks of the given size: messages, and `!` for
    /// faults.
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
                    Some(Item::LongMessage { content: LongContent::Text(text), .. }) => {
                        found.push(text.as_str().to_owned());
                    }
                    Some(Item::LongMessage { content, .. }) => found.push(format!("{content:?}")),
                    Some(Item::Pause) => unreachable!("a piece is looked at as a whole"),
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
}
