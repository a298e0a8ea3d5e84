//! Long values of results that were written as JSON bit by bit.
//!
//! A result is written into one buffer, which is fine for what it is usually made of. A picture of
//! megabytes would be copied there in one go, and once more into the answer. A [`Spelt`] value is
//! left out of the buffer and put back between its halves by [`in_pieces`], without being copied.

use std::cell::RefCell;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::api::member::Member;
use crate::api::schema::{Describe, Schema};
use crate::job::Slice;
use crate::job::pieces::Pieces;

/// A value of another type, as the JSON text that stands for it.
#[derive(Clone)]
pub struct Spelt<T>(RefCell<Pieces>, PhantomData<T>);

impl<T> Spelt<T> {
    /// A value whose text is this; it must be one JSON value without white space between its
    /// tokens.
    pub fn new(json: Pieces) -> Self {
        Spelt(RefCell::new(json), PhantomData)
    }
}

/// Members of a list that are written in one unit of work.
const MEMBERS_A_UNIT: usize = 64;
/// Bytes of a member that are made room for.
const MEMBER_ROOM: usize = 1 << 10;

/// A long list that is written member by member.
pub(crate) struct SpeltList<T>(Pieces, PhantomData<T>);

impl<T> Default for SpeltList<T> {
    fn default() -> Self {
        SpeltList(Pieces::new(), PhantomData)
    }
}

impl<T: Member> SpeltList<T> {
    /// Appends a member.
    pub(crate) fn push(&mut self, member: &T) {
        let bracket = if self.0.is_empty() { b'[' } else { b',' };
        let out = self.0.room(MEMBER_ROOM);
        out.push(bracket);
        member.write(out);
    }

    /// The whole list.
    pub(crate) fn finish(mut self) -> Spelt<Vec<T>> {
        self.0.put(if self.0.is_empty() { b"[]" } else { b"]" });
        Spelt::new(self.0)
    }
}

/// Writes a long list in slices.
pub(crate) async fn spell_list<T: Member>(
    members: impl IntoIterator<Item = T>,
    slice: &Slice,
) -> Spelt<Vec<T>> {
    let mut list = SpeltList::default();
    for (number, member) in members.into_iter().enumerate() {
        list.push(&member);
        if number % MEMBERS_A_UNIT == MEMBERS_A_UNIT - 1 {
            slice.spend(1).await;
        }
    }
    list.finish()
}

/// Bytes of a text that are written in one unit of work, about.
const TEXT_A_UNIT: usize = 1 << 14;

/// Writes a long text in slices.
pub(crate) async fn spell_text(text: &str, slice: &Slice) -> Spelt<String> {
    let (mut json, mut left) = (Pieces::new(), text);
    json.put(b"\"");
    while !left.is_empty() {
        // A character has four bytes at most.
        let ends = TEXT_A_UNIT - 3..=TEXT_A_UNIT;
        let end = ends.rev().find(|&end| left.is_char_boundary(end)).unwrap_or(left.len());
        let (part, rest) = left.split_at(end);
        let quoted = serde_json::to_string(part).unwrap_or_default();
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        json.put(inside.unwrap_or_default().as_bytes());
        left = rest;
        slice.spend(1).await;
    }
    json.put(b"\"");
    Spelt::new(json)
}

/// Texts that were left out, and where.
type LeftOut = Vec<(usize, Pieces)>;

thread_local! {
    static LEFT_OUT: RefCell<Option<LeftOut>> = const { RefCell::new(None) };
}

/// Writes a result into a buffer that is empty at first; the text of it.
pub(crate) fn in_pieces(write: impl FnOnce(&mut Vec<u8>)) -> Pieces {
    let before = LEFT_OUT.replace(Some(Vec::new()));
    let mut json = Vec::new();
    write(&mut json);
    let left_out = LEFT_OUT.replace(before).unwrap_or_default();
    if left_out.is_empty() {
        return json.into();
    }
    let (mut pieces, mut written) = (Pieces::new(), 0);
    for (place, text) in left_out {
        pieces.put(&json[written..place]);
        pieces.append(text);
        written = place;
    }
    pieces.put(&json[written..]);
    pieces
}

impl<T> Serialize for Spelt<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.borrow().iter().collect::<Vec<_>>().concat();
        let raw: Result<&RawValue, _> = serde_json::from_slice(&text);
        raw.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<T> Member for Spelt<T> {
    fn write(&self, out: &mut Vec<u8>) {
        let is_left_out = LEFT_OUT.with_borrow_mut(|left_out| {
            left_out.as_mut().map(|left_out| left_out.push((out.len(), self.0.take()))).is_some()
        });
        if !is_left_out {
            self.0.borrow().iter().for_each(|piece| out.extend_from_slice(piece));
        }
    }
}

impl<T: Describe> Describe for Spelt<T> {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = T::OPTIONAL;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::macros::result;

    result! {
        /// Two long values among others.
        pub struct Long {
            /// A number.
            first: u64,
            /// Long.
            text: Option<Spelt<String>>,
            /// Long.
            list: Spelt<Vec<u64>>,
            /// A number.
            last: u64,
        }
    }

    fn long(text: Option<&str>, list: &str) -> Long {
        let spelt = |json: &str| Pieces::from(json.as_bytes().to_vec());
        let text = text.map(|text| Spelt::new(spelt(text)));
        Long { first: 1, text, list: Spelt::new(spelt(list)), last: 2 }
    }

    #[test]
    fn what_is_left_out_comes_back_where_it_belongs() {
        for (text, expected) in [
            (Some("\"abc\""), r#"{"first":1,"text":"abc","list":[1,2,3],"last":2}"#),
            (None, r#"{"first":1,"list":[1,2,3],"last":2}"#),
        ] {
            let mut in_one = Vec::new();
            Member::write(&long(text, "[1,2,3]"), &mut in_one);
            let pieces = in_pieces(|out| Member::write(&long(text, "[1,2,3]"), out));
            let pieces = pieces.into_vec();
            let mut by_serde = Vec::new();
            crate::api::json::write(&long(text, "[1,2,3]"), &mut by_serde);
            for json in [in_one, pieces, by_serde] {
                assert_eq!(String::from_utf8(json).unwrap(), expected);
            }
        }
    }

    #[test]
    fn a_long_text_is_written_like_a_short_one() {
        use crate::job::{Job, Work};
        let signs = ['"', 'a', '\\', '\n', '\u{e4}', '\u{1f600}'];
        for count in [0, 1, TEXT_A_UNIT - 1, TEXT_A_UNIT, TEXT_A_UNIT + 1, 3 * TEXT_A_UNIT] {
            let text: String = (0..count).map(|n| signs[n % 7 % signs.len()]).collect();
            let expected = serde_json::to_string(&text).unwrap();
            let spelling = Work::new(|slice| async move { spell_text(&text, &slice).await });
            let long = Long { text: Some(spelling.finish()), ..long(None, "[]") };
            let written = in_pieces(|out| Member::write(&long, out)).into_vec();
            let expected = format!(r#"{{"first":1,"text":{expected},"list":[],"last":2}}"#);
            assert!(String::from_utf8(written).unwrap() == expected, "{count}");
        }
    }
}
