//! Numbers and words in text files, with the place of every fault.

use super::FormatError;
use super::bytes::Bytes;

/// The lines of a text file, one after the other.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    /// No line begins here or later.
    end: usize,
    format: &'static str,
}

/// Bytes of lines that are read in one unit of work.
pub(crate) const BYTES_A_UNIT: usize = 1 << 15;
/// Bytes of the longest line; no format has longer ones, and what follows counts as another line.
const LINE_MAX: usize = 1 << 16;
/// Bytes of the longest header, and of the longest run of empty lines where one must end.
pub(crate) const HEADER_MAX: usize = 1 << 16;

/// A line, without white space around it, and where it begins.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) offset: usize,
    format: &'static str,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8], at: usize, format: &'static str) -> Self {
        Lines { text, at: at.min(text.len()), end: text.len(), format }
    }

    /// Only those that begin within so many bytes from here.
    pub(crate) fn within(mut self, bytes: usize) -> Self {
        self.end = self.text.len().min(self.at.saturating_add(bytes));
        self
    }

    /// Where the next line begins.
    pub(crate) fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.at >= self.end {
            return None;
        }
        let rest = &self.text[self.at..];
        let rest = &rest[..rest.len().min(LINE_MAX)];
        let (end, next) = memchr(rest).map_or((rest.len(), rest.len()), |end| (end, end + 1));
        let line = Line { text: rest[..end].trim_ascii(), offset: self.at, format: self.format };
        self.at += next;
        Some(line)
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}

impl<'a> Line<'a> {
    /// The words, parted by white space.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
    }

    /// Another text in its place.
    pub(crate) fn with_text<'b>(&self, text: &'b [u8]) -> Line<'b> {
        Line { text, offset: self.offset, format: self.format }
    }

    /// The error that this line is not what was expected.
    pub(crate) fn invalid(&self, expected: impl Into<String>) -> FormatError {
        let shown: String = String::from_utf8_lossy(self.text).chars().take(60).collect();
        let what = format!("the line '{shown}'");
        Bytes::new(&[], self.format).invalid_at(self.offset as u64, what, expected)
    }
}

/// A whole number with an optional sign.
pub(crate) fn integer(word: &[u8]) -> Option<i64> {
    let (negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, word),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        value = 10 * value + i64::from(digit.checked_sub(b'0').filter(|&digit| digit < 10)?);
    }
    Some(if negative { -value } else { value })
}

/// A finite decimal number.
pub(crate) fn decimal(word: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Hexadecimal digits as bytes.
pub(crate) fn hex<const N: usize>(word: &[u8]) -> Option<[u8; N]> {
    if word.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(word.as_chunks::<2>().0) {
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(bytes)
}

/// Appends a whole number.
pub(crate) fn put_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_and_others_refused() {
        assert_eq!(integer(b"-2147483648"), Some(-2147483648));
        assert_eq!(integer(b"+7"), Some(7));
        for bad in [&b""[..], b"-", b"1.0", b"1e3", b"9999999999999999999", b"x"] {
            assert_eq!(integer(bad), None);
        }
    }

    #[test]
    fn hex_needs_exactly_its_digits() {
        assert_eq!(hex::<3>(b"fF00aB"), Some([255, 0, 171]));
        assert_eq!(hex::<3>(b"fF00a"), None);
        assert_eq!(hex::<3>(b"fF00ag"), None);
    }

    #[test]
    fn a_run_of_lines_ends_with_the_line_that_passes_its_bytes() {
        let mut lines = Lines::new(b"one\ntwo\nthree\n", 0, "text").within(5);
        assert_eq!(lines.by_ref().map(|line| line.text).collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!(lines.position(), 8);
    }

    #[test]
    fn lines_end_in_any_way() {
        let lines = Lines::new(b"a b\r\n\n c", 0, "text").map(|line| line.words().count());
        assert_eq!(lines.collect::<Vec<_>>(), [2, 0, 1]);
        let long = vec![b'x'; LINE_MAX + 3];
        let lines = Lines::new(&long, 0, "text").map(|line| line.text.len());
        assert_eq!(lines.collect::<Vec<_>>(), [LINE_MAX, 3]);
    }
}
