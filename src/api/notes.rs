//! What of a call was not understood, told in its answer.
//!
//! Old methods carry out what they understand of a call, as their clients expect, and say what they
//! did not: the result gets a member `warnings`, a list of sentences. Whoever reads params or
//! carries a call out notes such a thing here, however deep it is; the table of methods takes the
//! notes and puts them into the answer. Notes belong to the call, or slice of a call, that the
//! thread works on.

use std::cell::RefCell;

use super::args::shown;
use crate::likeness::nearest;

/// Notes that one call keeps; what is over is counted.
const MOST_NOTES: usize = 32;

/// What was noted of the call at hand.
#[derive(Default)]
struct Notes {
    texts: Vec<String>,
    left_out: usize,
}

thread_local! {
    static NOTES: RefCell<Notes> = const { RefCell::new(Notes { texts: Vec::new(), left_out: 0 }) };
}

/// Notes a sentence for the answer of the call at hand; each is told once.
pub fn note(text: impl Into<String>) {
    let text = text.into();
    NOTES.with_borrow_mut(|notes| match notes.texts.len() {
        _ if notes.texts.contains(&text) => {}
        MOST_NOTES.. => notes.left_out += 1,
        _ => notes.texts.push(text),
    });
}

/// Notes a name that nobody knows, with the one that was meant or those that there are. `place` is
/// what holds it, with a point behind it, or empty.
pub fn note_unknown(place: &str, name: &str, known: &[&str]) {
    // What is not told needs no words.
    let is_full = NOTES.with_borrow_mut(|notes| {
        let is_full = notes.texts.len() >= MOST_NOTES;
        notes.left_out += usize::from(is_full);
        is_full
    });
    if is_full {
        return;
    }
    note(unknown(place, name, known));
}

/// Says of a name that nobody knows it.
pub fn unknown(place: &str, name: &str, known: &[&str]) -> String {
    let name_shown = shown(name);
    match (nearest(name, known.iter().copied()), known) {
        (Some(near), _) => {
            format!("'{place}{name_shown}' is not known here; did you mean '{near}'?")
        }
        (None, []) => format!("'{place}{name_shown}' is not known here; nothing is"),
        (None, known) => {
            format!("'{place}{name_shown}' is not known here; known: {}", known.join(", "))
        }
    }
}

/// Notes a value that a default stands in for.
pub fn note_value(param: &str, value: &str, used: &str, known: &[&str]) {
    let near = nearest(value, known.iter().copied());
    let hint = match near {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("known: {}", known.join(", ")),
    };
    note(format!("{param} '{}' is not known here, {used} was used; {hint}", shown(value)));
}

/// Forgets what was noted: a call begins.
pub fn clear() {
    NOTES.with_borrow_mut(|notes| {
        notes.texts.clear();
        notes.left_out = 0;
    });
}

/// How many notes there are.
pub fn count() -> usize {
    NOTES.with_borrow(|notes| notes.texts.len() + notes.left_out)
}

/// Takes back what was noted behind the first so many.
pub fn take_behind(count: usize) -> Vec<String> {
    NOTES.with_borrow_mut(|notes| {
        let kept = count.min(notes.texts.len());
        notes.texts.split_off(kept)
    })
}

/// What was noted.
pub fn take() -> Vec<String> {
    let Notes { mut texts, left_out } = NOTES.with_borrow_mut(std::mem::take);
    if left_out > 0 {
        texts.push(format!("and {left_out} more"));
    }
    texts
}

/// Puts notes of a call back that goes on.
pub fn put_back(texts: Vec<String>) {
    clear();
    NOTES.with_borrow_mut(|notes| notes.texts = texts);
}

/// The warnings of a result that always has them: its own, and the notes of its call behind them.
pub fn behind(mut warnings: Vec<String>) -> Vec<String> {
    warnings.extend(take());
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_once_and_notes_without_end_are_counted() {
        clear();
        (0..3).for_each(|_| note("again"));
        (0..50).for_each(|number| note(number.to_string()));
        let notes = take();
        assert_eq!((notes.len(), &*notes[0]), (MOST_NOTES + 1, "again"));
        assert_eq!(notes[MOST_NOTES], "and 19 more");
        assert!(take().is_empty());
    }

    #[test]
    fn an_unknown_name_is_told_with_the_one_that_was_meant_or_with_all() {
        let known = ["color", "layer_id"];
        assert_eq!(
            unknown("", "colour", &known),
            "'colour' is not known here; did you mean 'color'?"
        );
        assert_eq!(
            unknown("camera.", "orthographic", &known),
            "'camera.orthographic' is not known here; known: color, layer_id"
        );
    }
}
