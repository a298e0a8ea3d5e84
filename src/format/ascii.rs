//! Numbers and words in text files, with the place of every fault.

use super::FormatError;
use super::bytes::Bytes;

/// The most bytes of a file in which lines are counted; behind them an error tells no line.
const COUNTED_MAX: usize = 1 << 26;

/// What kind of character a byte is, for errors: they tell no content of a file.
pub(crate) fn kind_of(byte: Option<u8>) -> &'static str {
    match byte {
        None => "nothing",
        Some(b'0'..=b'9') => "a digit",
        Some(b'+' | b'-') => "a sign",
        Some(b'A'..=b'Z' | b'a'..=b'z') => "a letter",
        Some(b'\t' | b'\n' | b'\r' | 12 | b' ') => "white space",
        Some(0..=31 | 127) => "a control character",
        Some(128..) => "a character beyond ASCII",
        Some(_) => "a mark",
    }
}

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
    /// The file up to where the line begins, to count the lines.
    before: &'a [u8],
    /// Where the text begins in the file, if it stands there as a whole.
    start: Option<usize>,
    format: &'static str,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8], at: usize, format: &'static str) -> Self {
        // A byte order mark before a text says nothing.
        let mark = if at == 0 && text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Lines { text, at: (at + mark).min(text.len()), end: text.len(), format }
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
        let text = rest[..end].trim_ascii_start();
        let start = Some(self.at + end - text.len());
        let (text, before) = (text.trim_ascii_end(), &self.text[..self.at]);
        let line = Line { text, offset: self.at, before, start, format: self.format };
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
    pub(crate) fn with_text<'b>(&self, text: &'b [u8]) -> Line<'b>
    where
        'a: 'b,
    {
        Line { text, start: None, ..*self }
    }

    /// The error that this line is not what was expected.
    pub(crate) fn invalid(&self, expected: impl Into<String>) -> FormatError {
        self.invalid_in(0, kind_of(self.text.first().copied()), expected)
    }

    /// The error at the first word behind `skipped` others that does not fit; `fits` is asked with
    /// the word's number from 0. If all fit, there are too few or too many.
    pub(crate) fn misfit(
        &self,
        skipped: usize,
        fits: impl Fn(usize, &[u8]) -> bool,
        expected: impl Into<String>,
    ) -> FormatError {
        let mut numbered = self.words().skip(skipped).enumerate();
        let Some((_, word)) = numbered.find(|&(number, word)| !fits(number, word)) else {
            return self.invalid_in(0, &format!("{} words", self.words().count()), expected);
        };
        let is_foreign = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'+' | b'-');
        let foreign = word.iter().position(is_foreign);
        let what = match foreign {
            Some(at) => kind_of(word.get(at).copied()),
            None => "a number that does not fit",
        };
        // The words are parts of the text.
        let at = (word.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.invalid_in(at + foreign.unwrap_or(0), what, expected)
    }

    /// The error of a kind of thing that is found so many bytes behind the start of the text.
    fn invalid_in(&self, at: usize, what: &str, expected: impl Into<String>) -> FormatError {
        let what = if self.before.len() <= COUNTED_MAX {
            let ends = self.before.iter().filter(|&&byte| byte == b'\n').count();
            format!("{what} in line {}", ends + 1)
        } else {
            what.to_owned()
        };
        let offset = self.start.map_or(self.offset, |start| start + at);
        Bytes::new(&[], self.format).invalid_at(offset as u64, what, expected)
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

/// Whether a word of any place is a finite decimal number.
pub(crate) fn is_decimal(_: usize, word: &[u8]) -> bool {
    decimal(word).is_some()
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

/// Appends a number, without a point if it is whole.
pub(crate) fn put_number(out: &mut Vec<u8>, value: f64) {
    // As quick as it gets: `fract` is a call where processors of 2003 are to be served, too.
    let whole = value as i64;
    if whole as f64 == value && value.abs() < 9e15 {
        put_integer(out, whole);
    } else {
        out.extend_from_slice(value.to_string().as_bytes());
    }
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
    fn errors_tell_kind_and_place_and_no_content() {
        let text = |error: FormatError| error.to_string();
        let lines: Vec<_> = Lines::new(b"1 2\n  3 secret 4\n9 99\n", 0, "text").collect();
        let misfit = |at: usize, fits: fn(&[u8]) -> bool| {
            text(lines[at].misfit(1, |_, word| fits(word), "numbers"))
        };
        let told = |what: &str| format!("not a valid text file: {what}; expected numbers");
        let is_number = |word: &[u8]| integer(word).is_some();
        assert_eq!(misfit(1, is_number), told("a letter in line 2 at byte 8"));
        assert_eq!(misfit(0, is_number), told("2 words in line 1 at byte 0"));
        let number = told("a number that does not fit in line 3 at byte 19");
        assert_eq!(misfit(2, |word| word.len() < 2), number);
        assert_eq!(text(lines[1].invalid("numbers")), told("a digit in line 2 at byte 6"));
        let joined = lines[1].with_text(b"x secret").invalid("numbers");
        assert_eq!(text(joined), told("a letter in line 2 at byte 4"));
        assert_eq!((kind_of(None), kind_of(Some(200))), ("nothing", "a character beyond ASCII"));
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
