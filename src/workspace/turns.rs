//! Whose turn it is to change a project while a change runs in slices.
//!
//! A change that goes on in slices holds the first place until it ends or is given up; changes that
//! arrive meanwhile queue behind it in order. Reads need no place: they see the state before the
//! running change.

use std::collections::VecDeque;

/// A place in the queue of a project's changes; never given out twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn(u64);

/// The queue of one project. Whoever is first may change the project.
#[derive(Default)]
pub(super) struct Turns {
    queue: VecDeque<Turn>,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many wait behind the first.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len().saturating_sub(1)
    }

    pub(super) fn join(&mut self, number: u64) -> Turn {
        let turn = Turn(number);
        self.queue.push_back(turn);
        turn
    }

    /// Whether nobody is before it. A place in the queue of a project that was closed meanwhile is
    /// not waited for.
    pub(super) fn has_come(&self, turn: Turn) -> bool {
        self.queue.front() == Some(&turn) || !self.queue.contains(&turn)
    }

    pub(super) fn leave(&mut self, turn: Turn) {
        self.queue.retain(|&other| other != turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_take_turns_in_the_order_of_their_arrival() {
        let mut turns = Turns::default();
        let [first, second, third] = [1, 2, 3].map(|number| turns.join(number));
        assert!(turns.has_come(first) && !turns.has_come(second) && !turns.has_come(third));
        turns.leave(second);
        assert!(!turns.has_come(third), "the first one still runs");
        turns.leave(first);
        assert!(turns.has_come(third));
        turns.leave(third);
        assert!(turns.is_empty());
    }
}
