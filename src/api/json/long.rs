//! The text that is being read: what is known of its long values, and parts of it that outlive the
//! reading.
//!
//! Whoever checked a text may know where its long arrays and objects end. For as long as
//! [`reading`] or [`with_long_values`] runs, skipping such a value is one look at that knowledge,
//! however many levels of the text are read one after the other. Work that goes on in slices keeps
//! a [`TextPart`]: if the text is a long message, it is shared, not copied. What is being read is
//! kept for the thread, not in each slice of the text, and found by where a part lies in memory:
//! the text is borrowed meanwhile, so whatever lies within it is it.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use crate::wire::{LongText, LongValues};

/// A text that is being read.
struct Known {
    addresses: Range<usize>,
    values: LongValues,
    /// The text itself, if it can be shared.
    shared: Option<Arc<LongText>>,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// Puts back what was known before.
struct Restore(Option<Known>);

impl Drop for Restore {
    fn drop(&mut self) {
        KNOWN.set(self.0.take());
    }
}

fn addresses(text: &[u8]) -> Range<usize> {
    let start = text.as_ptr() as usize;
    start..start + text.len()
}

fn knowing<R>(known: Known, work: impl FnOnce() -> R) -> R {
    let _restore = Restore(KNOWN.replace(Some(known)));
    work()
}

/// Does work that reads a text whose long values are known.
pub fn with_long_values<R>(text: &[u8], values: &LongValues, work: impl FnOnce() -> R) -> R {
    if values.is_empty() {
        return work();
    }
    knowing(Known { addresses: addresses(text), values: values.clone(), shared: None }, work)
}

/// Does work that reads a text which may be shared.
pub fn reading<R>(text: &Arc<LongText>, work: impl FnOnce() -> R) -> R {
    let (addresses, values) = (addresses(text.as_str().as_bytes()), text.values().clone());
    knowing(Known { addresses, values, shared: Some(Arc::clone(text)) }, work)
}

/// Asks the text that is being read, if `part` lies in it; `part` is named by its offsets in that
/// text.
fn ask<R>(part: &[u8], answer: impl FnOnce(&Known, Range<usize>) -> R) -> Option<R> {
    let part = addresses(part);
    KNOWN.with_borrow(|known| {
        let known = known.as_ref()?;
        let whole = &known.addresses;
        let is_inside = whole.start <= part.start && part.end <= whole.end;
        is_inside.then(|| answer(known, part.start - whole.start..part.end - whole.start))
    })
}

/// The offset behind the value at `at` of a part of the text that is being read, if it is a long
/// one.
pub(super) fn end_of_long_value(part: &[u8], at: usize) -> Option<usize> {
    let end =
        ask(part.get(at..)?, |known, rest| Some(known.values.end_of(rest.start)? - rest.start))?;
    end.map(|length| at + length).filter(|&end| end <= part.len())
}

/// A part of a text, for work that goes on when nobody reads the text any more.
#[derive(Clone, Debug)]
pub struct TextPart {
    text: Arc<LongText>,
    range: Range<usize>,
}

impl TextPart {
    /// A part of the text that is being read, or of another one. It is shared if that text can be,
    /// and copied if not.
    pub fn of(part: &str) -> Self {
        let share = |known: &Known, range: Range<usize>| match &known.shared {
            Some(text) => TextPart { text: Arc::clone(text), range },
            None => TextPart::copy(part, known.values.within(range.start, range.end)),
        };
        let shared = ask(part.as_bytes(), share);
        shared.unwrap_or_else(|| TextPart::copy(part, LongValues::default()))
    }

    fn copy(part: &str, values: LongValues) -> Self {
        let text = Arc::new(LongText::new(part.to_owned(), values));
        TextPart { text, range: 0..part.len() }
    }

    /// A part of this part.
    pub fn part(&self, range: Range<usize>) -> Self {
        let start = self.range.start;
        TextPart { text: Arc::clone(&self.text), range: start + range.start..start + range.end }
    }

    /// The part.
    pub fn as_str(&self) -> &str {
        &self.text.as_str()[self.range.clone()]
    }

    /// Does work that reads the part, with what is known of it.
    pub fn reading<R>(&self, work: impl FnOnce() -> R) -> R {
        reading(&self.text, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_shared_text_is_not_copied_and_one_of_another_text_is() {
        let text = Arc::new(LongText::new("[[1],[2,3]]".to_owned(), LongValues::default()));
        let list = &text.as_str()[5..10];
        let copied = TextPart::of(list);
        let shared = reading(&text, || TextPart::of(list));
        assert_eq!((copied.as_str(), shared.as_str()), ("[2,3]", "[2,3]"));
        assert_eq!(shared.as_str().as_ptr(), list.as_ptr());
        assert_ne!(copied.as_str().as_ptr(), list.as_ptr());
        assert_eq!((copied.part(3..4).as_str(), shared.part(3..4).as_str()), ("3", "3"));
        let again = shared.reading(|| TextPart::of(shared.as_str()));
        assert_eq!(again.as_str().as_ptr(), list.as_ptr());
    }
}
