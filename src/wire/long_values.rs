//! Where the long arrays, objects and strings of a text end.
//!
//! Checking a text shows it anyway, and whoever reads the text level by level would otherwise look
//! for the same ends once a level: in a message of megabytes each look takes milliseconds.

use std::sync::Arc;

/// Bytes of a value from which on its end is kept.
pub const LONG: usize = 16 << 10;

/// Levels of nesting whose ends are kept: deeper than any call nests its long parts.
const LEVELS: usize = 12;

/// The beginning and the end of a value.
type Span = (u32, u32);

/// Finds long values while a text is checked.
#[derive(Clone, Debug, Default)]
pub(super) struct LongValueFinder {
    /// Where the open values of each level begin; `None` where it is not known.
    begins: [Option<u32>; LEVELS],
    /// Where the string begins that was begun last.
    string: Option<u32>,
    found: Vec<Span>,
}

impl LongValueFinder {
    /// A value begins at an offset, inside this many others.
    #[inline]
    pub(super) fn open(&mut self, level: u32, offset: usize) {
        if let Some(begin) = self.begins.get_mut(level as usize) {
            *begin = u32::try_from(offset).ok();
        }
    }

    /// The open value of a level is another one now, and nobody knows where it began.
    #[inline]
    pub(super) fn lose(&mut self, level: u32) {
        if let Some(begin) = self.begins.get_mut(level as usize) {
            *begin = None;
        }
    }

    /// The value of a level ends before an offset.
    #[inline]
    pub(super) fn close(&mut self, level: u32, end: usize) {
        if let Some(&Some(begin)) = self.begins.get(level as usize)
            && end - begin as usize >= LONG
            && let Ok(end) = u32::try_from(end)
        {
            self.found.push((begin, end));
        }
    }

    /// A string that is a value begins at an offset.
    #[inline]
    pub(super) fn open_string(&mut self, offset: usize) {
        self.string = u32::try_from(offset).ok();
    }

    /// The string that was begun last ends before an offset.
    #[inline]
    pub(super) fn close_string(&mut self, end: usize) {
        if let Some(begin) = self.string
            && end - begin as usize >= LONG
            && let Ok(end) = u32::try_from(end)
        {
            self.found.push((begin, end));
        }
    }

    /// What was found in a text that begins `before` bytes behind the beginning of what is asked
    /// about.
    pub(super) fn take(&mut self, before: usize) -> LongValues {
        let mut found = std::mem::take(&mut self.found);
        let Ok(before) = u32::try_from(before) else { return LongValues::default() };
        found.iter_mut().for_each(|(begin, end)| (*begin, *end) = (*begin + before, *end + before));
        LongValues::new(found)
    }
}

/// The long values of a text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LongValues(Option<Arc<[Span]>>);

impl LongValues {
    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        LongValues((!spans.is_empty()).then(|| spans.into()))
    }

    fn spans(&self) -> &[Span] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The offset behind the long value that begins at an offset, if one does.
    pub fn end_of(&self, begin: usize) -> Option<usize> {
        let spans = self.spans();
        let place = spans.binary_search_by_key(&begin, |span| span.0 as usize).ok()?;
        Some(spans[place].1 as usize)
    }

    /// Those inside a part of the text, by their offsets in it. The part itself is none of them:
    /// who reads it knows it.
    pub fn within(&self, begin: usize, end: usize) -> Self {
        let inside = |&&(from, to): &&Span| {
            let (from, to) = (from as usize, to as usize);
            from >= begin && to <= end && (from, to) != (begin, end)
        };
        let offset = |place: u32| place - begin as u32;
        let spans = self.spans().iter().filter(inside);
        LongValues::new(spans.map(|&(begin, end)| (offset(begin), offset(end))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_found_by_where_they_begin() {
        let mut finder = LongValueFinder::default();
        finder.open(0, 0);
        for begin in [10, 100_000] {
            finder.open(1, begin);
            finder.open(2, begin + 5);
            finder.close(2, begin + LONG + 4);
            finder.close(1, begin + LONG + 5);
        }
        finder.open(1, 200_000);
        finder.lose(1);
        finder.close(1, 300_000);
        finder.close(0, 400_000);
        let values = finder.take(3);
        assert_eq!(values.end_of(3), Some(400_003));
        assert_eq!(values.end_of(13), Some(18 + LONG));
        assert_eq!(values.end_of(100_003), Some(100_008 + LONG));
        for begin in [0, 4, 18, 200_003] {
            assert_eq!(values.end_of(begin), None, "{begin}");
        }
        let part = values.within(100_000, 200_000);
        assert_eq!((part.end_of(3), part.end_of(13)), (Some(8 + LONG), None));
        let inner = values.within(3, 400_003);
        assert_eq!((inner.end_of(0), inner.end_of(10)), (None, Some(15 + LONG)));
        assert!(values.within(13, 18 + LONG).is_empty());
        assert!(finder.take(0).is_empty());
    }

    /// Every array and object of a valid text, found with a stack.
    fn values(text: &[u8]) -> Vec<Span> {
        let (mut open, mut found, mut in_string, mut at) = (Vec::new(), Vec::new(), false, 0);
        while let Some(byte) = text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => open.push(at as u32),
                b']' | b'}' if !in_string => found.push((open.pop().unwrap(), at as u32 + 1)),
                _ => {}
            }
            at += 1;
        }
        found
    }

    #[test]
    fn long_strings_are_found_however_the_text_is_cut() {
        let (long, name) = ("x".repeat(LONG), "y".repeat(2 * LONG));
        let text =
            format!(r#"{{"a":"{long}","{name}":["short","\"{long}\\"],"b":"{long}{long}"}}"#);
        for cut in [usize::MAX, 1, 63, 1000, 16384] {
            let mut scanner = crate::wire::scanner::Scanner::default();
            text.as_bytes().chunks(cut.min(text.len())).for_each(|chunk| _ = scanner.scan(chunk));
            let found = scanner.take_long_values(0);
            let strings =
                found.spans().iter().filter(|span| text.as_bytes()[span.0 as usize] == b'"');
            let lengths: Vec<_> =
                strings.map(|(begin, end)| (end - begin) as usize - LONG).collect();
            assert_eq!(lengths, [2, 6, LONG + 2], "{cut}");
        }
    }

    #[test]
    fn a_scanner_finds_the_long_values_however_the_text_is_cut() {
        let rows = |count: u32| (0..count).map(|n| format!("[{n},-3, {n}]")).collect::<Vec<_>>();
        let objects = |count: u32| (0..count).map(|n| format!("{{\"x\":{n},\"}}\":[\"]\\\"\"]}}"));
        let text = format!(
            r#"{{"id":1,"params":{{"operations":[{{"op":"voxels","voxels":[{}]}},{{"a":[{}],"b":[[{}],[1.5]]}}, [{}]]}}}}"#,
            rows(5000).join(","),
            rows(3000).join(", "),
            vec!["12345"; 9000].join(","),
            objects(2000).collect::<Vec<_>>().join(","),
        );
        let all = values(text.as_bytes());
        for cut in [usize::MAX, 1, 63, 1000, 16384] {
            let mut scanner = crate::wire::scanner::Scanner::default();
            text.as_bytes().chunks(cut.min(text.len())).for_each(|chunk| _ = scanner.scan(chunk));
            let found = scanner.take_long_values(0);
            let mut missed = Vec::new();
            for &(begin, end) in &all {
                match found.end_of(begin as usize) {
                    Some(found) => assert_eq!(found, end as usize, "{cut}"),
                    None if (end - begin) as usize >= LONG => missed.push(begin),
                    None => {}
                }
            }
            // A long list of numbers in a list of lists may be missed: the rows before it were not
            // looked at one by one.
            assert!(missed.len() <= 1, "{cut}: {missed:?}");
            assert_eq!(found.spans().len() + missed.len(), 10, "{cut}");
        }
    }
}
