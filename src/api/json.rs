//! JSON text, read in place.
//!
//! Params are never turned into a tree: they stay slices of the message. [`skip_value`] checks one
//! value's grammar (RFC 8259) and finds its end; [`Elements`] and [`Members`] cut an array or
//! object into the raw texts of its parts. All of it is linear, needs no allocation and nests at
//! most [`MAX_DEPTH`] levels.

mod check;
mod long;
mod skip;
mod spelt;

use std::borrow::Cow;

use crate::job::effort;

pub use check::{MAX_DEPTH, SyntaxError, skip_space, skip_value};
use check::{error, skip_key, skip_string, skip_value_in};
pub use long::{TextPart, reading, with_long_values};
use skip::{ends_scalar, skip_valid};
pub use spelt::Spelt;
pub(crate) use spelt::{SpeltList, in_pieces, spell_list, spell_text};

/// Cuts off the value at the start of a valid text: the value, and the offset behind it.
#[inline]
fn take_value(text: &str, at: usize) -> Option<(&str, usize)> {
    effort::note(1);
    let start = skip_space(text.as_bytes(), at);
    let end = skip_valid(text.as_bytes(), start)?;
    Some((text.get(start..end)?, end))
}

/// Checks an object and hands out its members as it goes: name, and raw text of the value. Returns
/// the offset behind it.
pub fn check_members<'a>(
    text: &'a str,
    at: usize,
    mut member: impl FnMut(Cow<'a, str>, &'a str),
) -> Result<usize, SyntaxError> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return error(at, "expected an object");
    }
    let mut at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let value = skip_key(bytes, at)?;
        let end = skip_value_in(bytes, value, 1)?;
        let key = skip_string(bytes, at)?;
        // A lone surrogate makes a name unreadable; such a member is none that anybody knows.
        if let Some(name) = text.get(at..key).and_then(string) {
            member(name, text.get(value..end).unwrap_or_default());
        }
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b'}') => return Ok(at + 1),
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(_) => return error(at, "expected ',' or '}'"),
            None => return error(at, "the text ends inside an object"),
        }
    }
}

/// The raw texts of the elements of an array. Yields nothing if the text is not an array.
#[derive(Clone)]
pub struct Elements<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Elements<'a> {
    /// Over a valid JSON array.
    pub fn new(text: &'a str) -> Self {
        let start = skip_space(text.as_bytes(), 0);
        let at = if text.as_bytes().get(start) == Some(&b'[') { start + 1 } else { text.len() };
        Elements { text, at }
    }

    /// The offset behind the last element yielded.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Behind the comma, if one comes first, and the white space.
    #[inline]
    fn start_of_next(&self) -> usize {
        let bytes = self.text.as_bytes();
        let at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&b',') { skip_space(bytes, at + 1) } else { at }
    }

    /// The next element if it is a whole number in plain digits, at most 15 of them; otherwise
    /// nothing is taken.
    pub fn next_whole(&mut self) -> Option<i64> {
        let bytes = self.text.as_bytes();
        let at = self.start_of_next();
        let is_negative = bytes.get(at) == Some(&b'-');
        let start = at + usize::from(is_negative);
        let (mut end, mut value) = (start, 0);
        while let Some(digit @ b'0'..=b'9') = bytes.get(end)
            && end < start + 15
        {
            value = value * 10 + i64::from(digit - b'0');
            end += 1;
        }
        if end == start || !bytes.get(end).copied().is_some_and(ends_scalar) {
            return None;
        }
        self.at = end;
        Some(if is_negative { -value } else { value })
    }

    /// Whether no element is left.
    pub fn is_at_end(&self) -> bool {
        let bytes = self.text.as_bytes();
        matches!(bytes.get(skip_space(bytes, self.at)), None | Some(b']'))
    }

    /// The text from the next element on; empty behind the last.
    pub fn upcoming(&self) -> &'a str {
        self.text.get(self.start_of_next()..).unwrap_or_default()
    }

    /// Goes on behind a text that came from [`Elements::upcoming`], of which the next element took
    /// all but `rest`.
    pub fn take_up_to(&mut self, rest: &str) {
        self.at = self.text.len() - rest.len().min(self.text.len());
    }

    /// Goes on at an offset that [`Elements::offset`] gave for the same text.
    pub fn resume(text: &'a str, offset: usize) -> Self {
        Elements { text, at: offset }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (value, end) = take_value(self.text, self.start_of_next())?;
        self.at = end;
        Some(value)
    }
}

/// The members of an object: name, and raw text of the value. Yields nothing if the text is no
/// object.
pub struct Members<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Members<'a> {
    /// Over a valid JSON object.
    pub fn new(text: &'a str) -> Self {
        let start = skip_space(text.as_bytes(), 0);
        let at = if text.as_bytes().get(start) == Some(&b'{') { start + 1 } else { text.len() };
        Members { text, at }
    }

    /// The offset behind the last value yielded.
    pub fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = skip_string(bytes, at).ok()?;
        let key = string(&self.text[at..end])?;
        let colon = skip_space(bytes, end);
        let (value, after) = take_value(self.text, colon + 1)?;
        self.at = after;
        Some((key, value))
    }
}

/// The most members of an object that are read. Calls and their params have some dozens at most;
/// what reads an object of millions would hold up everybody.
pub const MOST_MEMBERS: usize = 1024;

/// The first [`MOST_MEMBERS`] members of an object. That there are more is noted for the answer.
pub fn few_members(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    Members::new(text).enumerate().map_while(|(number, member)| {
        if number == MOST_MEMBERS {
            super::notes::note(format!(
                "an object has more than {MOST_MEMBERS} members; those behind them were not read"
            ));
            return None;
        }
        Some(member)
    })
}

/// The text of a JSON string, or `None` if the raw text is not a string (or a lone surrogate makes
/// it unreadable).
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// Appends a value by serde; `null` if it has no form in JSON.
pub(crate) fn write<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// Appends a valid JSON text without the white space between its tokens.
pub fn compact(raw: &str, out: &mut Vec<u8>) {
    Compactor::default().push(raw.as_bytes(), out);
}

/// The same for a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compactor {
    in_string: bool,
    is_escaped: bool,
}

impl Compactor {
    /// Appends what is no white space between tokens.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        while !bytes.is_empty() {
            let stop = match (self.in_string, self.is_escaped) {
                (_, true) => 1,
                (true, _) => {
                    let stop = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
                    stop.map_or(bytes.len(), |at| at + 1)
                }
                (false, _) => {
                    let stop = bytes.iter().position(|byte| *byte == b'"' || is_space(byte));
                    stop.map_or(bytes.len(), |at| at + 1)
                }
            };
            let (token, rest) = bytes.split_at(stop);
            let last = token[stop - 1];
            let (is_escaped, in_string) = (self.is_escaped, self.in_string);
            self.is_escaped = in_string && !is_escaped && last == b'\\';
            self.in_string ^= last == b'"' && !is_escaped;
            let is_blank = !in_string && is_space(&last);
            out.extend_from_slice(&token[..stop - usize::from(is_blank)]);
            bytes = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<(), SyntaxError> {
        let end = skip_space(text.as_bytes(), skip_value(text.as_bytes(), 0)?);
        if end == text.len() { Ok(()) } else { error(end, "more text") }
    }

    #[test]
    fn agrees_with_a_full_parser_on_every_file_of_the_json_test_suite() {
        let Some(samples) = std::env::var_os("GOXEL_SAMPLES") else {
            println!("skipped: GOXEL_SAMPLES is not set");
            return;
        };
        let mut seen = 0;
        for entry in std::fs::read_dir(std::path::Path::new(&samples).join("json")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            let ours = std::str::from_utf8(&bytes).is_ok_and(|text| whole(text).is_ok());
            match name.as_bytes()[0] {
                b'y' => assert!(ours, "{name} must be accepted"),
                b'n' => assert!(!ours, "{name} must be refused"),
                _ => {}
            }
            seen += 1;
        }
        assert!(seen > 300, "only {seen} files");
    }

    #[test]
    fn nesting_is_limited_to_128_levels() {
        assert!(whole(&("[".repeat(128) + &"]".repeat(128))).is_ok());
        let deep = whole(&("[".repeat(129) + &"]".repeat(129)));
        assert_eq!(deep, error(128, "nesting deeper than 128 levels"));
    }

    #[test]
    fn checking_members_agrees_with_checking_the_whole() {
        for text in [
            r#"{}"#,
            r#"{ }"#,
            r#"{"a":1}"#,
            r#"{ "a" : [1,{"b":2}] , "c":"x" }"#,
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1"#,
            "{",
            r#"{"a":1]"#,
            r#"{1:2}"#,
            r#"{"a":01}"#,
        ] {
            let mut seen = Vec::new();
            let checked = check_members(text, 0, |name, value| seen.push((name, value)));
            assert_eq!(checked.is_ok(), whole(text).is_ok(), "{text}");
            if checked.is_ok() {
                assert_eq!(checked, Ok(text.len()));
                assert_eq!(seen, Members::new(text).collect::<Vec<_>>(), "{text}");
            }
        }
        let nested =
            |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(check_members(&nested(127), 0, |_, _| {}).is_ok());
        assert!(check_members(&nested(128), 0, |_, _| {}).is_err());
    }

    #[test]
    fn the_quick_skip_finds_the_same_ends_as_the_check() {
        for value in [
            "[]",
            "{}",
            "[[],[[]],{}]",
            "[1,2,3,4,5,6,7,8,9,10,11,12]",
            r#"["]]]]]]]]]]","[[[["]"#,
            "12.5e3",
            r#"{"aaaaaaaaaaaaaaaa":[{"b":"}}"},[1,2,3,4,5,6,7,8]]}"#,
            r#""a\"]""#,
            "null",
            "[[[[[[[[1]]]]]]]]",
            r#"["\\","\"",{"x":-1}]"#,
            "[\u{e4}]",
        ] {
            for (before, behind) in
                [("", ""), ("  ", " "), ("", ",[]"), ("x", "]"), ("       ", "}}}}")]
            {
                let text = format!("{before}{value}{behind}");
                let end = skip_valid(text.as_bytes(), before.len());
                assert_eq!(end, Some(before.len() + value.len()), "{text}");
            }
        }
    }

    #[test]
    fn members_and_elements_are_cut_at_their_borders() {
        let members: Vec<_> = Members::new(r#" { "a" : [1, {"b":2}] , "c\n":"x,y" } "#).collect();
        assert_eq!(
            members,
            [(Cow::Borrowed("a"), r#"[1, {"b":2}]"#), (Cow::Owned("c\n".to_owned()), r#""x,y""#)]
        );
        let elements: Vec<_> = Elements::new(r#"[ 1 ,"a]" , [ ], {} ]"#).collect();
        assert_eq!(elements, ["1", r#""a]""#, "[ ]", "{}"]);
        assert_eq!(Elements::new("[]").count(), 0);
        assert_eq!(Members::new("7").count(), 0);
    }

    #[test]
    fn whole_numbers_are_taken_and_nothing_else() {
        let mut elements = Elements::new("[ 1 ,-20, 0]");
        let taken: Vec<_> = std::iter::from_fn(|| elements.next_whole()).collect();
        assert_eq!(taken, [1, -20, 0]);
        assert!(elements.is_at_end());
        for other in
            ["[1.5]", "[1e3]", "[-]", "[null]", "[]", "[\"1\"]", "[1234567890123456]", "[[1]]"]
        {
            let mut elements = Elements::new(other);
            assert_eq!(elements.next_whole(), None, "{other}");
            assert_eq!(elements.next(), Elements::new(other).next(), "{other}");
        }
    }

    #[test]
    fn compact_keeps_white_space_inside_strings() {
        let mut out = Vec::new();
        compact("{ \"a b\" : [ 1,\n\t2 ] , \"c\\\" \" : \"d \" }", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a b":[1,2],"c\" ":"d "}"#);
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_compacted_the_same_in_pieces(value in json_text(), cut in 1usize..9) {
            let (mut whole, mut pieces, mut compactor) = (Vec::new(), Vec::new(), Compactor::default());
            compact(&value, &mut whole);
            value.as_bytes().chunks(cut).for_each(|chunk| compactor.push(chunk, &mut pieces));
            proptest::prop_assert_eq!(&whole, &pieces);
            let parse = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
            proptest::prop_assert_eq!(parse(&whole), parse(value.as_bytes()));
        }
    }

    /// JSON texts with strings that look like structure.
    fn json_text() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            (-2_000_i32..2_000).prop_map(|number| number.to_string()),
            proptest::sample::select(&["null", "true", "1.5e3", "\"\"", "[]", "{}"][..])
                .prop_map(str::to_owned),
            r#"([\[\]{},: a-c]|\\\\|\\"|\\u00e4|\u{e4}){0,30}"#
                .prop_map(|inside| format!("\"{inside}\"")),
        ];
        leaf.prop_recursive(6, 200, 12, |part| {
            let list = proptest::collection::vec(part, 0..12);
            (list, any::<bool>(), proptest::sample::select(&[",", ", ", "\n,"][..])).prop_map(
                |(parts, is_object, gap)| {
                    if is_object {
                        let members = parts.iter().map(|part| format!("\"k\\\"]\": {part}"));
                        format!("{{{}}}", members.collect::<Vec<_>>().join(gap))
                    } else {
                        format!("[{}]", parts.join(gap))
                    }
                },
            )
        })
    }

    proptest::proptest! {
        #[test]
        fn what_is_skipped_is_what_was_checked(value in json_text(), before in " {0,70}") {
            let text = format!("{before}{value},[]]");
            let (bytes, end) = (text.as_bytes(), before.len() + value.len());
            proptest::prop_assert_eq!(skip_value(bytes, before.len()), Ok(end));
            proptest::prop_assert_eq!(skip_valid(bytes, before.len()), Some(end));
        }
    }
}
