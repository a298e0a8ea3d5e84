//! Whole tokens for the [`Scanner`]: strings, names, numbers, lists of numbers and calls that end
//! where they can be seen. They are passed in one step; what is not so simple is left to the
//! scanner, byte by byte.

use super::call::recognise;
use super::long_values::LONG;
use super::number_lists::numbers_length;
use super::scanner::{MAX_DEPTH, Scanner, State};

/// Whether a byte ends a run of ordinary characters in a string.
const fn stops_string(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The length of the run of ordinary characters at the front, eight bytes at a time.
pub(super) fn string_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    /// The high bit of each byte that is below `limit`, exact up to and including the first such
    /// byte.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
    }
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let quote = below(word ^ (ONES * b'"' as u64), 1);
        let backslash = below(word ^ (ONES * b'\\' as u64), 1);
        let stops = below(word, 0x20) | quote | backslash;
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| stops_string(*byte)).unwrap_or(rest.len())
}

/// The length of the run of digits at the front.
pub(super) fn digit_run(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len())
}

/// The length of the whole number at the front, if what follows shows that it ends there.
fn whole_number(bytes: &[u8]) -> Option<usize> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let number = &bytes[sign..];
    let digits = digit_run(number);
    let is_whole = digits == 1 || (digits > 1 && number[0] != b'0');
    let ends = matches!(number.get(digits), Some(b',' | b']' | b'}'));
    (is_whole && ends).then_some(sign + digits)
}

/// The length of the whole numbers at the front, each with the comma behind it; and whether the
/// last of them has none, because the array ends there. If it is `in_list_of_lists`, its neighbours
/// may follow.
fn number_list(bytes: &[u8], in_list_of_lists: bool) -> (usize, bool) {
    let mut end = 0;
    loop {
        let Some(length) = whole_number(&bytes[end..]) else { return (end, false) };
        match bytes.get(end + length) {
            Some(b',') => end += length + 1,
            _ => return (end + length, true),
        }
        end += numbers_length(&bytes[end..], in_list_of_lists);
    }
}

/// The length of the string without escapes at the front, with its quotes, if it ends in these
/// bytes.
fn plain_string(bytes: &[u8]) -> Option<usize> {
    let inside = &bytes[1..];
    let length = string_run(inside);
    (inside.get(length) == Some(&b'"')).then_some(length + 2)
}

/// The length of the usual call at the front of an element of a batch inside this many levels, if
/// it is on one line.
fn usual_call(bytes: &[u8], levels: u32) -> Option<usize> {
    let (length, _) = recognise(bytes, levels)?;
    (!bytes[..length].contains(&b'\n')).then_some(length)
}

impl Scanner {
    /// Takes whole tokens inside a container as long as they are simple, from `at` on; returns the
    /// place behind them. A short cut: byte by byte they would come to the same.
    pub(super) fn simple_tokens(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let (mut state, mut depth, mut containers) = (self.state, self.depth, self.containers);
        while let Some(&byte) = bytes.get(at) {
            let in_object = containers & 1 == 1;
            let (length, next) = match (state, byte) {
                _ if depth == 0 => break,
                (State::Value | State::ValueOrEnd, b'-' | b'0'..=b'9') if in_object => {
                    let Some(length) = whole_number(&bytes[at..]) else { break };
                    (length, State::CommaOrEnd)
                }
                (State::Value | State::ValueOrEnd, b'-' | b'0'..=b'9') => {
                    let in_list_of_lists = containers & 3 == 0 && depth > 1;
                    let (length, is_last) = number_list(&bytes[at..], in_list_of_lists);
                    if length == 0 {
                        break;
                    }
                    if in_list_of_lists {
                        self.long.lose(depth - 1);
                    }
                    (length, if is_last { State::CommaOrEnd } else { State::Value })
                }
                (State::Value | State::ValueOrEnd, b'"') => {
                    let Some(length) = plain_string(&bytes[at..]) else { break };
                    if length >= LONG {
                        self.long.open_string(self.position() + at);
                        self.long.close_string(self.position() + at + length);
                    }
                    (length, State::CommaOrEnd)
                }
                // A batch of usual calls goes on call by call.
                (State::Value | State::ValueOrEnd, b'{')
                    if depth == 1
                        && !in_object
                        && let Some(length) =
                            usual_call(&bytes[at..], MAX_DEPTH - self.most + 1) =>
                {
                    (length, State::CommaOrEnd)
                }
                (State::Value | State::ValueOrEnd, b'{' | b'[') if depth < self.most => {
                    let is_object = byte == b'{';
                    self.long.open(depth, self.position() + at);
                    (depth, containers) = (depth + 1, containers << 1 | u128::from(is_object));
                    (1, if is_object { State::NameOrEnd } else { State::ValueOrEnd })
                }
                (State::Name | State::NameOrEnd, b'"') => {
                    let Some(length) = plain_string(&bytes[at..]) else { break };
                    if bytes.get(at + length) != Some(&b':') {
                        break;
                    }
                    (length + 1, State::Value)
                }
                (State::CommaOrEnd, b',') => {
                    (1, if in_object { State::Name } else { State::Value })
                }
                (State::CommaOrEnd, b'}') if in_object && depth > 1 => {
                    (depth, containers) = (depth - 1, containers >> 1);
                    self.long.close(depth, self.position() + at + 1);
                    (1, State::CommaOrEnd)
                }
                // From one list of a list to the next.
                (State::CommaOrEnd, b']')
                    if containers & 3 == 0 && depth > 1 && bytes[at..].starts_with(b"],[") =>
                {
                    self.long.close(depth - 1, self.position() + at + 1);
                    self.long.open(depth - 1, self.position() + at + 2);
                    (3, State::ValueOrEnd)
                }
                (State::CommaOrEnd, b']') if !in_object && depth > 1 => {
                    (depth, containers) = (depth - 1, containers >> 1);
                    self.long.close(depth, self.position() + at + 1);
                    (1, State::CommaOrEnd)
                }
                (State::Value | State::Name | State::CommaOrEnd, b' ') => (1, state),
                _ => break,
            };
            (at, state) = (at + length, next);
        }
        (self.state, self.depth, self.containers) = (state, depth, containers);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_string_characters_ends_at_the_first_special_byte() {
        for stop in 0..=255 {
            for length in 0..40 {
                let mut bytes = vec![0xE4; length];
                bytes.extend([stop, b'x', b'"', 0x1F]);
                let expected = if stops_string(stop) { length } else { length + 2 };
                assert_eq!(string_run(&bytes), expected, "byte {stop} after {length}");
            }
        }
        assert_eq!(string_run(&[b'x'; 21]), 21);
    }
}
