//! Skipping values of a text that was checked before: only their ends are looked for.
//!
//! Brackets are counted eight bytes at a time between strings, so that the levels of a deep text, which skip the same
//! bytes one after the other, cost little.

use super::check::skip_string;

/// Whether a byte ends a number or a word in a valid text: white space, or what comes behind a value.
pub(super) fn ends_scalar(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b',' | b']' | b'}')
}

/// The offset behind the value at `at` in a text that was checked before: only its end is looked for.
pub(super) fn skip_valid(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => skip_string(text, at).ok(),
        b'[' | b'{' => skip_brackets(text, at),
        b',' | b']' | b'}' => None,
        _ => {
            let mut end = at + 1;
            while end < text.len() && !ends_scalar(text[end]) {
                end += 1;
            }
            Some(end)
        }
    }
}

/// Skips an array or object by counting brackets, eight bytes at a time between strings.
fn skip_brackets(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = Word(u64::from_le_bytes(*chunk));
        let (mut opened, mut closed) = (word.brackets(b'{'), word.brackets(b'}'));
        let quotes = word.bytes_like(b'"');
        let string = if quotes.is_empty() { 8 } else { quotes.first() };
        if string < 8 {
            (opened, closed) = (opened.before(string), closed.before(string));
        }
        if depth > closed.count() {
            depth = depth + opened.count() - closed.count();
        } else {
            for place in opened.or(closed) {
                depth = if opened.has(place) { depth + 1 } else { depth - 1 };
                if depth == 0 {
                    return Some(at + place + 1);
                }
            }
        }
        at = if string < 8 { skip_string(text, at + string).ok()? } else { at + 8 };
    }
    skip_last_brackets(text, at, depth)
}

/// The end of [`skip_brackets`], where less than eight bytes are left.
fn skip_last_brackets(text: &[u8], mut at: usize, mut depth: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => {
                at = skip_string(text, at).ok()?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Eight bytes, the first one lowest.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn bytes_like(self, byte: u8) -> Places {
        let differing = self.0 ^ (ONES * u64::from(byte));
        Places(!(((differing & !HIGH) + !HIGH) | differing | !HIGH))
    }

    /// This curly bracket, and the square one like it, which differs in bit 5 only.
    fn brackets(self, curly: u8) -> Places {
        Word(self.0 | (ONES * 0x20)).bytes_like(curly)
    }
}

/// Some of the eight places in a word: the high bit of each.
#[derive(Clone, Copy)]
struct Places(u64);

impl Places {
    fn count(self) -> usize {
        ((self.0 >> 7).wrapping_mul(ONES) >> 56) as usize
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first place; 8 if there is none.
    fn first(self) -> usize {
        self.0.trailing_zeros() as usize / 8
    }

    /// Those before a place, which is less than 8.
    fn before(self, place: usize) -> Self {
        Places(self.0 & ((1 << (8 * place)) - 1))
    }

    fn or(self, other: Self) -> Self {
        Places(self.0 | other.0)
    }

    fn has(self, place: usize) -> bool {
        self.0 >> (8 * place) & 0x80 != 0
    }
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = self.first();
        self.0 &= self.0.wrapping_sub(1);
        (place < 8).then_some(place)
    }
}
