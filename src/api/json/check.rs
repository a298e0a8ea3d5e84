//! Checking the grammar of JSON text (RFC 8259): where a value ends, or where and why it is none.
//!
//! One pass, no recursion, no memory: the open brackets are bits of a word, so nesting has a limit.

/// The deepest nesting that is accepted.
pub const MAX_DEPTH: usize = 128;

/// Where and why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct SyntaxError {
    /// Offset of the offending byte.
    pub offset: usize,
    /// What was found or missed there.
    pub what: &'static str,
}

pub(super) fn error<T>(offset: usize, what: &'static str) -> Result<T, SyntaxError> {
    Err(SyntaxError { offset, what })
}

/// The offset of the first byte from `at` on that is not white space.
pub fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The open brackets of a value that is being skipped: one bit a level, set for objects.
#[derive(Default)]
struct Nesting {
    objects: u128,
    depth: usize,
}

impl Nesting {
    fn open(&mut self, is_object: bool, at: usize) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return error(at, "nesting deeper than 128 levels");
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(is_object);
        Ok(())
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

/// Checks the value that starts at `at` (after white space) and returns the offset after it.
pub fn skip_value(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    skip_value_in(text, at, 0)
}

/// The same for a value inside `outer` levels of others, which count for the limit of nesting.
pub(super) fn skip_value_in(text: &[u8], at: usize, outer: usize) -> Result<usize, SyntaxError> {
    let mut nesting = Nesting { depth: outer, ..Nesting::default() };
    let mut at = skip_space(text, at);
    loop {
        at = match text.get(at) {
            Some(b'{') => {
                nesting.open(true, at)?;
                let inside = skip_space(text, at + 1);
                if text.get(inside) != Some(&b'}') {
                    at = skip_key(text, inside)?;
                    continue;
                }
                nesting.close();
                inside + 1
            }
            Some(b'[') => {
                nesting.open(false, at)?;
                let inside = skip_space(text, at + 1);
                if text.get(inside) != Some(&b']') {
                    at = inside;
                    continue;
                }
                nesting.close();
                inside + 1
            }
            _ => skip_scalar(text, at)?,
        };
        // A value has ended: close what ends with it, then go on behind the next comma.
        loop {
            if nesting.depth == outer {
                return Ok(at);
            }
            at = skip_space(text, at);
            match (text.get(at), nesting.in_object()) {
                (Some(b'}'), true) | (Some(b']'), false) => {
                    nesting.close();
                    at += 1;
                }
                (Some(b','), true) => {
                    at = skip_key(text, skip_space(text, at + 1))?;
                    break;
                }
                (Some(b','), false) => {
                    at = skip_space(text, at + 1);
                    break;
                }
                (_, true) => return error(at, "expected ',' or '}'"),
                (_, false) => return error(at, "expected ',' or ']'"),
            }
        }
    }
}

/// Skips `"key" :` and the white space behind it.
pub(super) fn skip_key(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    if text.get(at) != Some(&b'"') {
        return error(at, "expected a member name in double quotes");
    }
    let colon = skip_space(text, skip_string(text, at)?);
    if text.get(colon) != Some(&b':') {
        return error(colon, "expected ':'");
    }
    Ok(skip_space(text, colon + 1))
}

fn skip_scalar(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match text.get(at) {
        Some(b'"') => skip_string(text, at),
        Some(b'-' | b'0'..=b'9') => skip_number(text, at),
        Some(b't') => skip_word(text, at, b"true"),
        Some(b'f') => skip_word(text, at, b"false"),
        Some(b'n') => skip_word(text, at, b"null"),
        Some(_) => error(at, "expected a value"),
        None => error(at, "the text ends where a value is expected"),
    }
}

fn skip_word(text: &[u8], at: usize, word: &'static [u8]) -> Result<usize, SyntaxError> {
    if text[at..].starts_with(word) { Ok(at + word.len()) } else { error(at, "expected a value") }
}

/// Bytes of a string that are looked at one by one: most strings are no longer.
const FEW: usize = 32;
/// Bytes that are looked at together from then on.
const TOGETHER: usize = 64;

pub(super) fn skip_string(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let few = at + FEW;
    let mut at = at + 1;
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = skip_escape(text, at + 1)?,
            Some(0..=0x1f) => return error(at, "a control character in a string"),
            Some(_) if at > few => at = skip_plain(text, at),
            Some(_) => at += 1,
            None => return error(at, "a string without end"),
        }
    }
}

/// The offset of the first byte from `at` on that means something in a string, or of the end.
fn skip_plain(text: &[u8], at: usize) -> usize {
    let is_plain = |byte: u8| !((byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    let rest = &text[at..];
    // Without an end in the middle the compiler makes a few instructions of this.
    let are_plain = |bytes: &&[u8; TOGETHER]| bytes.iter().fold(true, |all, &b| all & is_plain(b));
    let whole = rest.as_chunks::<TOGETHER>().0.iter().take_while(are_plain).count() * TOGETHER;
    let last = rest[whole..].iter().take_while(|&&byte| is_plain(byte)).count();
    at + whole + last
}

fn skip_escape(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match text.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => match text.get(at + 1..at + 5) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 5),
            _ => error(at, "expected four hexadecimal digits"),
        },
        _ => error(at, "an unknown escape"),
    }
}

fn skip_digits(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let count = text[at.min(text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { error(at, "expected a digit") } else { Ok(at + count) }
}

fn skip_number(text: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let start = if text[at] == b'-' { at + 1 } else { at };
    let mut at = skip_digits(text, start)?;
    if text[start] == b'0' && at > start + 1 {
        return error(start, "a number with a leading zero");
    }
    if text.get(at) == Some(&b'.') {
        at = skip_digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = skip_digits(text, at + 1 + usize::from(sign))?;
    }
    Ok(at)
}
