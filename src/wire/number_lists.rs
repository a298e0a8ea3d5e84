//! Lists of whole numbers, and lists of such lists, checked a window at a time: most bytes of an
//! edit are those.
//!
//! The grammar of such text needs no state: whether a byte may stand where it stands follows from
//! its neighbours. In the words of a [`Window`] that is a few shifts for all 64 places.

use super::window::{Places, Window, before};

/// The length of what is quickly found to be right at the front: whole numbers, each with the comma
/// behind it, that go on with a list. Its end is behind a comma of that list, or, if
/// `in_list_of_lists`, of a later list beside it. A space may stand behind each comma. Less than
/// all that is right may be found, but nothing wrong is passed.
pub fn numbers_length(bytes: &[u8], in_list_of_lists: bool) -> usize {
    let mut length = 0;
    while let Some(window) = Window::at(bytes, length) {
        match numbers_in(window, in_list_of_lists) {
            0 => break,
            more => length += more,
        }
    }
    length
}

/// The same for one window, which begins behind a comma.
fn numbers_in(window: Window, in_list_of_lists: bool) -> usize {
    let (digits, minus) = (window.digits(), window.like(b'-'));
    let (commas, spaces) = (window.like(b','), window.like(b' '));
    let (opened, closed) = (window.like(b'['), window.like(b']'));

    let behind_comma = commas << 1 | 1;
    let value_begins = behind_comma | (spaces | opened) << 1;
    let first_digits = digits & (value_begins | minus << 1);
    let leading_zeros = first_digits & window.like(b'0');
    let more_digits = digits & digits << 1 & !(leading_zeros << 1);
    let numbers = first_digits | more_digits | minus & value_begins;

    // From the end of one list to the beginning of the next: `],[` or `], [`.
    let closed_before_comma = closed & digits << 1 & commas >> 1;
    let steps = closed_before_comma & opened >> 2;
    let wide_steps = closed_before_comma & spaces >> 2 & opened >> 3;
    let brackets = steps | wide_steps | steps << 2 | wide_steps << 3;

    let punctuation = commas & (digits | closed) << 1 | spaces & behind_comma;
    let right = numbers | punctuation | if in_list_of_lists { brackets } else { 0 };
    let commas_of_lists = commas & digits << 1;
    let found = commas_of_lists & before(right.trailing_ones());
    (Places::BITS - found.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::scanner::{Scan, Scanner};

    /// What the slow way says of the bytes up to `length`, behind the beginning of a list in a
    /// list.
    fn is_right(bytes: &[u8]) -> bool {
        let mut text = b"[[".to_vec();
        text.extend_from_slice(bytes);
        let mut scanner = Scanner::default();
        let each = text.iter().map(|byte| scanner.scan(&[*byte]));
        each.into_iter().all(|scan| scan == Scan::More)
    }

    fn rows(count: i32, comma: &str) -> String {
        let row = |i: i32| format!("{}{comma}{}{comma}{}", i * 7 - 90, -i, i * i * 31);
        let rows: Vec<String> = (0..count).map(row).collect();
        rows.join(&format!("]{comma}[")) + "]]"
    }

    #[test]
    fn lists_are_passed_nearly_to_their_end() {
        for comma in [",", ", "] {
            let text = rows(200, comma);
            let length = numbers_length(text.as_bytes(), true);
            assert!(length > text.len() - 96, "{length} of {}", text.len());
            assert!(text[..length].ends_with(','));
            let single = numbers_length(text.as_bytes(), false);
            assert!(0 < single && single < text.find(']').unwrap());
        }
        let single = (0..1000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        assert!(numbers_length(single.as_bytes(), false) > single.len() - 64);
        assert_eq!(numbers_length(b"1,2,3", true), 0, "less than a window");
    }

    #[test]
    fn nothing_wrong_is_passed() {
        let mut checked = 0;
        for comma in [",", ", "] {
            let text = rows(24, comma);
            for place in 0..text.len() - 2 {
                for &byte in b"0-, []{}\"a.e\n9\x00\xff" {
                    let mut bytes = text.clone().into_bytes();
                    bytes[place] = byte;
                    let length = numbers_length(&bytes, true);
                    assert!(is_right(&bytes[..length]), "{}", bytes[..length].escape_ascii());
                    checked += usize::from(length > place);
                }
            }
        }
        assert!(checked > 1000, "{checked}");
    }
}
