//! Words for people: counts with what is counted in its right form, and errors of the system
//! without the numbers that the standard library puts behind them.

use std::borrow::Cow;

/// A number and what is counted: `1 call`, `2 calls`, `2 retries`.
///
/// ```
/// use goxel_daemon::plain_words::counted;
/// assert_eq!(counted(1, "voxel"), "1 voxel");
/// assert_eq!(counted(0, "more entry"), "0 more entries");
/// ```
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {}", of(count, one))
}

/// What is counted, in the form that the number asks for.
pub fn of(count: u64, one: &str) -> Cow<'_, str> {
    match (count, one.strip_suffix('y')) {
        (1, _) => Cow::Borrowed(one),
        (_, Some(stem)) => Cow::Owned(format!("{stem}ies")),
        _ => Cow::Owned(format!("{one}s")),
    }
}

/// A number and what is said of so many: of one, or of others.
///
/// ```
/// use goxel_daemon::plain_words::in_words;
/// assert_eq!(in_words(1, ["camera is left out", "cameras are left out"]), "1 camera is left out");
/// ```
pub fn in_words(count: u64, [one, many]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What the standard library puts before the number of an error.
const MARK: &str = " (os error ";

/// A text without `(os error 2)` and its like, which tell a user nothing that the words before do
/// not.
///
/// ```
/// use goxel_daemon::plain_words::without_numbers;
/// assert_eq!(without_numbers("a.gox: No such file (os error 2)"), "a.gox: No such file");
/// ```
pub fn without_numbers(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    while let Some(start) = plain.find(MARK) {
        let number = &plain[start + MARK.len()..];
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || !number[digits..].starts_with(')') {
            break;
        }
        let end = start + MARK.len() + digits + 1;
        plain = Cow::Owned(format!("{}{}", &plain[..start], &plain[end..]));
    }
    plain
}
