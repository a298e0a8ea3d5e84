//! Members of results, and how they become JSON text.
//!
//! A result is declared once (`result!`) and can be written in two ways. By serde, for whoever
//! needs a value or a file; and straight into an answer, where the names are constants and the
//! usual types of values have no detour: serde looks through each name for characters to escape,
//! which took a third of a short call. Both ways give the same text; debug builds compare them in
//! each answer.

use super::json;

/// A value of a member.
pub(crate) trait Member: serde::Serialize {
    /// Whether the member is shown.
    fn is_there(&self) -> bool {
        true
    }

    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>) {
        json::write(self, out);
    }
}

/// Appends `,"name":` and the value, if it is shown. `name` comes with comma, quotes and colon.
pub(crate) fn write_member(name: &str, value: &impl Member, out: &mut Vec<u8>) {
    if value.is_there() {
        out.extend_from_slice(name.as_bytes());
        value.write(out);
    }
}

/// Makes an object of the members that were appended from `start` on, each with a comma before it.
pub(crate) fn close_object(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

impl<T: Member> Member for Option<T> {
    fn is_there(&self) -> bool {
        self.is_some()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl Member for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {
        $(impl Member for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
            }
        })*
    };
}
whole_numbers!(u8, i32, i64, u32, u64, usize);

impl Member for &str {
    fn write(&self, out: &mut Vec<u8>) {
        // All bytes are looked at, many at a time: that is quicker than stopping at the first.
        let needs_escapes = |bad, byte| bad | (byte < 0x20) | (byte == b'"') | (byte == b'\\');
        if self.bytes().fold(false, needs_escapes) {
            return json::write(self, out);
        }
        out.push(b'"');
        out.extend_from_slice(self.as_bytes());
        out.push(b'"');
    }
}

impl Member for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl<T: Member, const N: usize> Member for [T; N]
where
    [T; N]: serde::Serialize,
{
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            value.write(out);
        }
        out.push(b']');
    }
}

impl Member for f32 {}
impl Member for f64 {}
impl Member for serde_json::Value {}
impl<T: serde::Serialize> Member for Vec<T> {}
impl<V: serde::Serialize> Member for std::collections::BTreeMap<String, V> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::macros::result;

    result! {
        /// All kinds.
        pub struct Kinds {
            /// May be left out.
            first: Option<i32>,
            /// Text.
            text: String,
            /// Has another name.
            kind as "type": &'static str,
            /// A list.
            place: [i64; 3],
            /// A number.
            share: f32,
            /// May be left out.
            last: Option<Vec<Nothing>>,
        }
    }

    result! {
        /// May be empty.
        pub struct Nothing {
            /// May be left out.
            only: Option<bool>,
        }
    }

    fn check(value: &impl Member) -> String {
        let (mut straight, mut by_serde) = (Vec::new(), Vec::new());
        value.write(&mut straight);
        json::write(value, &mut by_serde);
        let text = String::from_utf8(straight).unwrap();
        assert_eq!(text, String::from_utf8(by_serde).unwrap());
        text
    }

    #[test]
    fn both_ways_give_the_same_text() {
        for text in ["", "plain", "\u{e4}\u{1f600}", "\"", "\\", "\n\u{1}", "\u{7f}\u{2028}"] {
            for (first, last) in
                [(None, None), (Some(i32::MIN), Some(vec![Nothing { only: None }]))]
            {
                let (text, place) = (text.to_owned(), [i64::MIN, 0, i64::MAX]);
                let _ = check(&Kinds { first, text, kind: "a", place, share: 0.1, last });
            }
        }
        assert_eq!(check(&Nothing { only: None }), "{}");
        assert_eq!(check(&Nothing { only: Some(true) }), r#"{"only":true}"#);
    }
}
