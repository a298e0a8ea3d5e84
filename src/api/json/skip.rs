//! Skipping values of a text that was checked before: only their ends are looked for.
//!
//! Brackets outside strings are counted 64 bytes at a time, so that the levels of a deep text,
//! which skip the same bytes one after the other, cost little.

use super::check::skip_string;
use super::long::end_of_long_value;
use crate::wire::LONG;
use crate::wire::window::{Places, WINDOW, Window, before, parity};

/// Whether a byte ends a number or a word in a valid text: white space, or what comes behind a
/// value.
pub(super) fn ends_scalar(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b',' | b']' | b'}')
}

/// The offset behind the value at `at` in a text that was checked before: only its end is looked
/// for.
pub(super) fn skip_valid(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' | b'[' | b'{' if text.len() - at >= LONG => {
            let known = end_of_long_value(text, at);
            debug_assert!(known.is_none() || known == skip_delimited(text, at));
            known.or_else(|| skip_delimited(text, at))
        }
        b'"' | b'[' | b'{' => skip_delimited(text, at),
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

/// Skips a string, an array or an object.
fn skip_delimited(text: &[u8], at: usize) -> Option<usize> {
    if text[at] == b'"' { skip_string(text, at).ok() } else { skip_brackets(text, at) }
}

/// Skips an array or object: goes on behind the bracket that closes as many as were opened.
fn skip_brackets(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    while let Some(window) = Window::at(text, at) {
        let seen = outside_strings(window);
        let opened = window.bracket(b'{') & seen.outside;
        let closed = window.bracket(b'}') & seen.outside;
        if depth > closed.count_ones() {
            depth = depth + opened.count_ones() - closed.count_ones();
        } else {
            if let Some(place) = place_of_end(depth, opened, closed) {
                return Some(at + place + 1);
            }
            depth = depth + opened.count_ones() - closed.count_ones();
        }
        at = match seen.string {
            Some(quote) => skip_string(text, at + quote).ok()?,
            None => at + WINDOW,
        };
    }
    skip_last_brackets(text, at, depth)
}

/// What of a window that begins outside strings lies outside strings.
struct Seen {
    outside: Places,
    /// Where the first string begins that has to be read by itself: it does not end in the window,
    /// or has escapes.
    string: Option<usize>,
}

fn outside_strings(window: Window) -> Seen {
    let quotes = window.like(b'"');
    if quotes == 0 {
        return Seen { outside: Places::MAX, string: None };
    }
    // What a backslash escapes may be a quote: only what comes before the first one is certain.
    let certain = before(window.like(b'\\').trailing_zeros());
    let inside = parity(quotes & certain);
    let last = WINDOW - 1 - (quotes & certain).leading_zeros() as usize % WINDOW;
    if inside >> (WINDOW - 1) == 0 {
        return Seen { outside: !inside, string: None };
    }
    Seen { outside: !inside & before(last as u32), string: Some(last) }
}

/// Where the depth, which was `depth` before these brackets, comes back to 0.
fn place_of_end(mut depth: u32, opened: Places, closed: Places) -> Option<usize> {
    let mut brackets = opened | closed;
    while brackets != 0 {
        let bracket = brackets & brackets.wrapping_neg();
        depth = if opened & bracket != 0 { depth + 1 } else { depth.checked_sub(1)? };
        if depth == 0 {
            return Some(bracket.trailing_zeros() as usize);
        }
        brackets ^= bracket;
    }
    None
}

/// The end of [`skip_brackets`], where less than a window is left.
fn skip_last_brackets(text: &[u8], mut at: usize, mut depth: u32) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_string_is_found_wherever_it_and_its_escapes_are() {
        let pieces = ["a", "\\\\", "\\\"", "{[", "0123456789abcdef", "\\u0022", "\u{e4}"];
        let mut number = 1u32;
        for length in 0..400 {
            let mut text = String::from("[\"");
            for _ in 0..length {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(number >> 24) as usize % pieces.len()]);
            }
            let end = text.len() + 1;
            text.push_str("\", \"more\", 1]");
            assert_eq!(skip_valid(text.as_bytes(), 1), Some(end), "{text}");
            assert_eq!(skip_valid(&text.as_bytes()[..end - 1], 1), None);
        }
    }
}
