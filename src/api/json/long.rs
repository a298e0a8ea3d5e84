//! What is known of the long values of a text while it is being read.
//!
//! Whoever checked a text may know where its long arrays and objects end. For as long as [`with_long_values`] runs,
//! skipping such a value is one look at that knowledge, however many levels of the text are read one after the
//! other. It is kept for the thread, not in each slice of the text, and found by where a value lies in memory: the text is
//! borrowed meanwhile, so whatever lies within it is it.

use std::cell::RefCell;
use std::ops::Range;

use crate::wire::LongValues;

/// A text that is being read.
struct Known {
    addresses: Range<usize>,
    values: LongValues,
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

/// Does work that reads a text whose long values are known.
pub fn with_long_values<R>(text: &[u8], values: &LongValues, work: impl FnOnce() -> R) -> R {
    if values.is_empty() {
        return work();
    }
    let known = Known { addresses: addresses(text), values: values.clone() };
    let _restore = Restore(KNOWN.replace(Some(known)));
    work()
}

/// Asks the text that is being read, if `part` lies in it; `part` is named by its offsets in that text.
fn ask<R>(part: &[u8], answer: impl FnOnce(&LongValues, Range<usize>) -> R) -> Option<R> {
    let part = addresses(part);
    KNOWN.with_borrow(|known| {
        let Known { addresses: whole, values } = known.as_ref()?;
        let is_inside = whole.start <= part.start && part.end <= whole.end;
        is_inside.then(|| answer(values, part.start - whole.start..part.end - whole.start))
    })
}

/// The long values of a part of the text that is being read, for a copy of it.
pub fn long_values_of(part: &str) -> LongValues {
    ask(part.as_bytes(), |values, part| values.within(part.start, part.end)).unwrap_or_default()
}

/// The offset behind the value at `at` of a part of the text that is being read, if it is a long one.
pub(super) fn end_of_long_value(part: &[u8], at: usize) -> Option<usize> {
    let end = ask(part.get(at..)?, |values, rest| Some(values.end_of(rest.start)? - rest.start))?;
    end.map(|length| at + length).filter(|&end| end <= part.len())
}
