//! An incremental JSON syntax scanner: where does a value end, and where is it wrong?
//!
//! It looks at each byte once, keeps its state between calls, and builds nothing: the message stays
//! where it is. It checks structure, numbers, literals, escapes and depth. It does not check UTF-8,
//! surrogate pairs or number ranges: those are faults inside a value whose end is still certain,
//! and the JSON parser behind the decoder reports them.

use super::long_values::{LongValueFinder, LongValues};
use super::tokens::{digit_run, string_run};

/// The deepest nesting that is accepted.
pub const MAX_DEPTH: u32 = 128;

/// What the scanner waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// A value.
    Value,
    /// A value, or the end of an empty array.
    ValueOrEnd,
    /// A member name, or the end of an empty object.
    NameOrEnd,
    /// A member name after a comma.
    Name,
    /// The colon after a member name.
    Colon,
    /// A comma, or the end of the container.
    CommaOrEnd,
    /// Inside a string; `true` for a member name.
    String(bool),
    /// After a backslash.
    Escape(bool),
    /// Inside `\uXXXX`: how many digits are left.
    Hex(bool, u8),
    /// Inside `true`, `false` or `null`: the letters that are left.
    Literal(&'static [u8]),
    /// After a minus sign.
    Minus,
    /// After a leading zero.
    Zero,
    /// Among the digits before the point.
    Integer,
    /// After the point.
    Point,
    /// Among the digits after the point.
    Fraction,
    /// After `e`.
    Exponent,
    /// After the sign of the exponent.
    ExponentSign,
    /// Among the digits of the exponent.
    ExponentDigits,
    /// The value is complete.
    Done,
}

/// What a call of [`Scanner::scan`] found. Offsets count from the start of the bytes of that call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan {
    /// The value goes on after these bytes.
    More,
    /// The value ended; this many bytes belong to it.
    End(usize),
    /// The byte at this offset cannot be part of any value here.
    Wrong(usize, &'static str),
}

/// The scanner. One value per life; [`Scanner::default`] starts a new one.
#[derive(Clone, Debug)]
pub struct Scanner {
    pub(super) state: State,
    pub(super) depth: u32,
    /// The deepest nesting of this value.
    pub(super) most: u32,
    /// One bit a level, the innermost lowest: 1 for an object, 0 for an array.
    pub(super) containers: u128,
    /// Bytes accepted so far.
    position: usize,
    /// Position after the last line feed; 0 while the value is on its first line.
    line_start: usize,
    pub(super) long: LongValueFinder,
}

impl Default for Scanner {
    fn default() -> Self {
        let state = State::Value;
        let long = LongValueFinder::default();
        Scanner {
            state,
            depth: 0,
            most: MAX_DEPTH,
            containers: 0,
            position: 0,
            line_start: 0,
            long,
        }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Scanner {
    /// For a value inside this many others, which count for the limit of nesting.
    pub fn inside(levels: u32) -> Self {
        Scanner { most: MAX_DEPTH - levels, ..Scanner::default() }
    }

    /// Bytes of the value accepted so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The long parts of the value, which begins `before` bytes behind the beginning of what is
    /// asked about.
    pub fn take_long_values(&mut self, before: usize) -> LongValues {
        self.long.take(before)
    }

    /// Where the current line begins, counted from the start of the value; 0 on its first line.
    pub fn line_start(&self) -> usize {
        self.line_start
    }

    /// Whether the input may end here: a number without anything around it has no closing mark.
    pub fn may_end(&self) -> bool {
        use State::*;
        self.depth == 0 && matches!(self.state, Zero | Integer | Fraction | ExponentDigits | Done)
    }

    /// What would have been right at the end of the bytes so far.
    pub fn expected(&self) -> &'static str {
        expected(self.state, self.is_in_object())
    }

    /// Looks at more bytes of the value. The first byte of a value must not be white space.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while at < bytes.len() {
            at = self.simple_tokens(bytes, at);
            let Some(&byte) = bytes.get(at) else { break };
            match self.state {
                State::String(name) => {
                    at += string_run(&bytes[at..]);
                    match bytes.get(at) {
                        None => break,
                        Some(b'"') if name => self.state = State::Colon,
                        Some(b'"') => {
                            self.long.close_string(self.position + at + 1);
                            self.close_value();
                        }
                        Some(b'\\') => self.state = State::Escape(name),
                        Some(_) => return self.wrong(at),
                    }
                }
                State::Integer | State::Fraction | State::ExponentDigits
                    if byte.is_ascii_digit() =>
                {
                    at += digit_run(&bytes[at..]);
                    continue;
                }
                _ if is_space(byte) && self.space_allowed() => {
                    if byte == b'\n' {
                        self.line_start = self.position + at + 1;
                    }
                }
                _ => match self.advance(byte, at) {
                    Verdict::Taken => {}
                    // A number ends before the byte that ends it: look at this byte again.
                    Verdict::EndsBefore => {
                        self.close_value();
                        if self.state == State::Done {
                            self.position += at;
                            return Scan::End(at);
                        }
                        continue;
                    }
                    Verdict::Wrong => return self.wrong(at),
                },
            }
            at += 1;
            if self.state == State::Done {
                self.position += at;
                return Scan::End(at);
            }
        }
        self.position += bytes.len();
        Scan::More
    }

    fn wrong(&mut self, at: usize) -> Scan {
        self.position += at;
        Scan::Wrong(at, self.expected())
    }

    fn space_allowed(&self) -> bool {
        use State::*;
        matches!(self.state, Value | ValueOrEnd | NameOrEnd | Name | Colon | CommaOrEnd)
    }

    fn is_in_object(&self) -> bool {
        self.containers & 1 == 1
    }

    fn close_value(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::CommaOrEnd };
    }

    fn open(&mut self, object: bool, at: usize) -> Verdict {
        if self.depth == self.most {
            return Verdict::Wrong;
        }
        self.long.open(self.depth, self.position + at);
        self.depth += 1;
        self.containers = self.containers << 1 | u128::from(object);
        self.state = if object { State::NameOrEnd } else { State::ValueOrEnd };
        Verdict::Taken
    }

    fn close(&mut self, at: usize) -> Verdict {
        self.depth -= 1;
        self.long.close(self.depth, self.position + at + 1);
        self.containers >>= 1;
        self.close_value();
        Verdict::Taken
    }

    fn go(&mut self, state: State) -> Verdict {
        self.state = state;
        Verdict::Taken
    }

    /// One byte, at an offset from the scanner's position, that is neither white space between
    /// tokens nor inside a run.
    fn advance(&mut self, byte: u8, at: usize) -> Verdict {
        match self.state {
            State::CommaOrEnd => match byte {
                b'}' if self.is_in_object() => self.close(at),
                b']' if !self.is_in_object() => self.close(at),
                b',' if self.is_in_object() => self.go(State::Name),
                b',' => self.go(State::Value),
                _ => Verdict::Wrong,
            },
            State::ValueOrEnd if byte == b']' => self.close(at),
            State::Value | State::ValueOrEnd => self.begin_value(byte, at),
            State::NameOrEnd if byte == b'}' => self.close(at),
            State::NameOrEnd | State::Name if byte == b'"' => self.go(State::String(true)),
            State::Colon if byte == b':' => self.go(State::Value),
            State::Escape(name) => self.advance_escape(name, byte),
            State::Hex(name, left) if byte.is_ascii_hexdigit() => match left {
                1 => self.go(State::String(name)),
                _ => self.go(State::Hex(name, left - 1)),
            },
            State::Literal([letter, rest @ ..]) if byte == *letter => match rest {
                [] => {
                    self.close_value();
                    Verdict::Taken
                }
                _ => self.go(State::Literal(rest)),
            },
            _ => self.advance_number(byte),
        }
    }

    fn advance_escape(&mut self, name: bool, byte: u8) -> Verdict {
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.go(State::String(name)),
            b'u' => self.go(State::Hex(name, 4)),
            _ => Verdict::Wrong,
        }
    }

    fn begin_value(&mut self, byte: u8, at: usize) -> Verdict {
        match byte {
            b'{' => self.open(true, at),
            b'[' => self.open(false, at),
            b'"' => {
                self.long.open_string(self.position + at);
                self.go(State::String(false))
            }
            b'-' => self.go(State::Minus),
            b'0' => self.go(State::Zero),
            b'1'..=b'9' => self.go(State::Integer),
            b't' => self.go(State::Literal(b"rue")),
            b'f' => self.go(State::Literal(b"alse")),
            b'n' => self.go(State::Literal(b"ull")),
            _ => Verdict::Wrong,
        }
    }

    fn advance_number(&mut self, byte: u8) -> Verdict {
        use State::*;
        match (self.state, byte) {
            (Minus, b'0') => self.go(Zero),
            (Minus, b'1'..=b'9') => self.go(Integer),
            (Zero | Integer, b'.') => self.go(Point),
            (Point, b'0'..=b'9') => self.go(Fraction),
            (Zero | Integer | Fraction, b'e' | b'E') => self.go(Exponent),
            (Exponent, b'+' | b'-') => self.go(ExponentSign),
            (Exponent | ExponentSign, b'0'..=b'9') => self.go(ExponentDigits),
            (Zero, b'0'..=b'9') => Verdict::Wrong,
            (Zero | Integer | Fraction | ExponentDigits, _) => Verdict::EndsBefore,
            _ => Verdict::Wrong,
        }
    }
}

enum Verdict {
    Taken,
    EndsBefore,
    Wrong,
}

fn expected(state: State, in_object: bool) -> &'static str {
    use State::*;
    match state {
        Value => "a value (nested at most 128 deep)",
        ValueOrEnd => "a value (nested at most 128 deep) or ']'",
        NameOrEnd => "a member name in double quotes or '}'",
        Name => "a member name in double quotes",
        Colon => "':'",
        CommaOrEnd if in_object => "',' or '}'",
        CommaOrEnd => "',' or ']'",
        String(_) => "the closing '\"' (a line feed or control character must be escaped)",
        Escape(_) => "one of \" \\ / b f n r t u after a backslash",
        Hex(..) => "four hexadecimal digits after \\u",
        Literal(_) => "true, false or null",
        Zero => "no digit after a leading zero",
        Minus | Point | Exponent | ExponentSign => "a digit",
        Integer | Fraction | ExponentDigits | Done => "the end of the value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        Scanner::default().scan(text.as_bytes())
    }

    #[test]
    fn a_value_ends_where_it_ends() {
        assert_eq!(scan("{}x"), Scan::End(2));
        assert_eq!(scan(r#"{"a":[1,-2.5e+3,true,null,"\u00e4\"]"]} "#), Scan::End(39));
        assert_eq!(scan("[[],{}]"), Scan::End(7));
        assert_eq!(scan("\"a\""), Scan::End(3));
        assert_eq!(scan("true"), Scan::End(4));
        assert_eq!(scan("12 "), Scan::End(2));
        assert_eq!(scan("12"), Scan::More);
    }

    #[test]
    fn a_wrong_byte_is_found_where_it_stands() {
        for (text, at) in [
            ("{,", 1),
            ("{\"a\"}", 4),
            ("{\"a\":1,}", 7),
            ("[1,]", 3),
            ("[1}", 2),
            ("01", 1),
            ("[-a]", 2),
            ("[1.]", 3),
            ("[1e]", 3),
            ("tru ", 3),
            ("\"\\x\"", 2),
            ("\"\\u12g", 5),
            ("\"a\nb\"", 2),
            ("]", 0),
        ] {
            assert!(matches!(scan(text), Scan::Wrong(found, _) if found == at), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let fits = "[".repeat(128) + &"]".repeat(128);
        assert_eq!(scan(&fits), Scan::End(256));
        assert!(matches!(scan(&"[".repeat(129)), Scan::Wrong(128, _)));
    }

    #[test]
    fn cutting_the_bytes_changes_nothing() {
        let text = "{ \"a\" : [ 1.5e-7 , \"x\\\\\\u0041\" ,\n {\"b\":false}, 0, -0 ] }";
        for cut in 0..text.len() {
            let mut scanner = Scanner::default();
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(scanner.scan(head), Scan::More, "cut at {cut}");
            assert_eq!(scanner.scan(tail), Scan::End(text.len() - cut), "cut at {cut}");
            assert_eq!(scanner.line_start(), text.find('\n').map_or(0, |at| at + 1));
        }
    }

    #[test]
    fn whole_tokens_and_single_bytes_come_to_the_same() {
        let texts = [
            r#"{"a":[1,-20,0,3.5],"b c":{"d":"e\n","f":[]}, "g": [true ,null]}"#,
            r#"[[1,2],[-3,04],{"x":1,"y":"z"},"",[[]],{}, 1e5]"#,
            r#"[{"jsonrpc":"2.0","id":1,"method":"a","params":[1,{"b":2}]}, {"jsonrpc":"2.0","id":2,"method":"c"}]"#,
        ];
        let replacements = b"\"\\{}[],:- 0a.\n\x01";
        let mut ends = 0;
        for text in texts {
            for (place, &byte) in
                (0..text.len()).flat_map(|place| replacements.iter().map(move |byte| (place, byte)))
            {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] = byte;
                let mut whole = Scanner::default();
                let found = whole.scan(&bytes);
                let mut single = Scanner::default();
                let slow =
                    bytes.iter().map(|&byte| single.scan(&[byte])).find(|&scan| scan != Scan::More);
                match (found, slow) {
                    (Scan::More, None) => assert_eq!(
                        (whole.state, whole.line_start),
                        (single.state, single.line_start)
                    ),
                    (Scan::End(_), Some(Scan::End(_))) => ends += 1,
                    (Scan::Wrong(_, one), Some(Scan::Wrong(_, other))) => assert_eq!(one, other),
                    other => panic!("{}: {other:?}", bytes.escape_ascii()),
                }
                assert_eq!(whole.position(), single.position(), "{}", bytes.escape_ascii());
            }
        }
        assert!(ends > 100, "{ends}");
    }

    #[test]
    fn a_bare_number_may_end_with_the_input() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.scan(b"-1"), Scan::More);
        assert!(scanner.may_end());
        assert_eq!(scanner.scan(b"."), Scan::More);
        assert!(!scanner.may_end());
    }
}
