//! Long messages, gathered while they come.
//!
//! A message of up to [`LONG_MESSAGE`] bytes is handled where it lies among the bytes that wait.
//! The bytes of a longer one are moved here bit by bit, and what can be checked is checked then:
//! when the last of them has come nothing is left to be done, and whoever works on the message for
//! a time shares it instead of copying it.
//!
//! Invariant: a [`LongText`] is never moved or copied as a whole, and is freed in slices.

use super::LongValues;
use crate::job::leftovers;
use crate::memory;

/// The longest message that is handled where it lies, in bytes.
pub const LONG_MESSAGE: usize = 64 << 10;

/// Bytes from which on a message gets [`LARGE_ROOM`].
const LARGE: usize = 1 << 20;

/// The least room of a large message. The C library of Linux takes so much from the system by
/// itself: it grows without being copied, and is given back page by page. Room that is not written
/// to costs no memory.
const LARGE_ROOM: usize = 33 << 20;

/// The room for a message of this many bytes.
fn room(bytes: usize) -> usize {
    if bytes < LARGE { bytes } else { bytes.max(LARGE_ROOM) }
}

/// A text that was checked, and what is known of its long parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LongText {
    text: String,
    values: LongValues,
}

impl LongText {
    /// A text, and what is known of it.
    pub fn new(text: String, values: LongValues) -> Self {
        LongText { text, values }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its long parts, as far as they are known.
    pub fn values(&self) -> &LongValues {
        &self.values
    }
}

impl Drop for LongText {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.text).into_bytes());
    }
}

/// Bytes that are to become a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    text: String,
    /// The beginning of a character whose other bytes have not come.
    cut: Vec<u8>,
    /// Where the bytes stopped being UTF-8; then they are no longer kept.
    wrong: Option<usize>,
    /// How many had come when there was no memory for more; then they are no longer kept.
    out_of_room: Option<usize>,
}

impl Gathered {
    /// Nothing yet of a text of a known length, or of 0 for an unknown one.
    pub(super) fn with_room(length: usize) -> Self {
        let mut gathered = Gathered::default();
        gathered.make_room(length, room(length));
        gathered
    }

    /// How many bytes had come when there was no memory for more, if that happened.
    pub(super) fn out_of_room(&self) -> Option<usize> {
        self.out_of_room
    }

    fn make_room(&mut self, more: usize, most: usize) {
        let length = self.text.len();
        let text = &mut self.text;
        let reserve = |more| text.try_reserve_exact(more).is_ok();
        if !memory::make_room(length, more, most, reserve) {
            self.stop();
            (self.wrong, self.out_of_room) = (Some(length), Some(length));
        }
    }

    /// How many bytes are held.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.cut.len()
    }

    /// Takes more bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !self.cut.is_empty()
            && let Some((first, rest)) = bytes.split_first()
            && self.wrong.is_none()
        {
            self.cut.push(*first);
            bytes = rest;
            match std::str::from_utf8(&self.cut) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.cut.clear();
                }
                Err(error) if error.error_len().is_some() => self.stop(),
                Err(_) => {}
            }
        }
        if self.wrong.is_none() {
            self.push_characters(bytes);
        }
    }

    fn push_characters(&mut self, bytes: &[u8]) {
        let needed = self.text.len() + bytes.len();
        if needed > self.text.capacity() {
            self.make_room(bytes.len(), room(needed));
            if self.out_of_room.is_some() {
                return;
            }
        }
        let error = match std::str::from_utf8(bytes) {
            Ok(characters) => return self.text.push_str(characters),
            Err(error) => error,
        };
        let (right, rest) = bytes.split_at(error.valid_up_to());
        self.text.push_str(std::str::from_utf8(right).unwrap_or_default());
        match error.error_len() {
            Some(_) => self.stop(),
            None => self.cut.extend_from_slice(rest),
        }
    }

    /// Keeps nothing any more: what has come is no text.
    fn stop(&mut self) {
        self.wrong = Some(self.text.len());
        leftovers::leave_buffer(std::mem::take(&mut self.text).into_bytes());
        self.cut.clear();
    }

    /// The text of all bytes; or how many of them were UTF-8 if not all are.
    pub(super) fn finish(mut self, values: LongValues) -> Result<LongText, usize> {
        if !self.cut.is_empty() {
            self.stop();
        }
        match self.wrong {
            Some(length) => Err(length),
            None => Ok(LongText::new(std::mem::take(&mut self.text), values)),
        }
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.text).into_bytes());
    }
}

/// Room for the bytes of a payload of a known length, if there is so much.
pub(super) fn payload_room(length: usize) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    let reserve = |more| payload.try_reserve_exact(more).is_ok();
    memory::make_room(0, length, room(length), reserve).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(bytes: &[u8], cut: usize) -> Result<String, usize> {
        let mut gathered = Gathered::default();
        bytes.chunks(cut).for_each(|chunk| gathered.push(chunk));
        gathered.finish(LongValues::default()).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "a\u{e4}\u{20ac}\u{1f600}z".repeat(50);
        for cut in 1..20 {
            assert_eq!(gather(text.as_bytes(), cut), Ok(text.clone()), "{cut}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_as_by_the_standard_library() {
        let good = "\u{e4}\u{20ac}\u{1f600}x".as_bytes();
        for bad in
            [&b"\xff"[..], b"\xc3(", b"\xe2\x82(", b"\xf0\x9f\x98x", b"\xed\xa0\x80", b"\xe2"]
        {
            let bytes = [good, bad, b"\""].concat();
            let valid = std::str::from_utf8(&bytes).unwrap_err().valid_up_to();
            for cut in 1..bytes.len() {
                assert_eq!(gather(&bytes, cut), Err(valid), "{bad:?} by {cut}");
            }
        }
        assert_eq!(gather(b"abc\xe2\x82", 2), Err(3));
    }

    #[test]
    fn a_large_text_is_not_moved_while_it_grows() {
        let mut gathered = Gathered::default();
        let (mut place, mut moved) = (std::ptr::null(), 0);
        for _ in 0..512 {
            gathered.push(&[b'x'; 32 << 10]);
            moved += usize::from(gathered.text.as_ptr() != place);
            place = gathered.text.as_ptr();
        }
        assert!(gathered.len() == 16 << 20 && moved <= 8, "moved {moved} times");
    }
}
