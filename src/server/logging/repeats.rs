//! Repetition: of one place in the program only so many lines a second are written, the others are
//! counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Lines are counted over this time.
const WINDOW: Duration = Duration::from_secs(1);

struct Window {
    since: Instant,
    written: u64,
    left_out: u64,
}

/// What is to happen to a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write it; so many of its place were left out before it and not told yet.
    Write(u64),
    /// Do not.
    LeaveOut,
}

/// The count of each place. There are as many places as the program has statements that log.
pub(super) struct Repeats {
    limit: u64,
    windows: HashMap<(String, u32), Window>,
}

impl Repeats {
    pub(super) fn new(limit: u64) -> Self {
        Repeats { limit, windows: HashMap::new() }
    }

    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Counts a line.
    pub(super) fn note(&mut self, place: (&str, u32), now: Instant) -> Verdict {
        let key = (place.0.to_owned(), place.1);
        let fresh = Window { since: now, written: 0, left_out: 0 };
        let window = self.windows.entry(key).or_insert(fresh);
        let mut told = 0;
        if now.saturating_duration_since(window.since) >= WINDOW {
            told = window.left_out;
            *window = Window { since: now, written: 0, left_out: 0 };
        }
        if window.written >= self.limit {
            window.left_out += 1;
            return Verdict::LeaveOut;
        }
        window.written += 1;
        Verdict::Write(told)
    }

    /// All places with lines left out in a window that has passed.
    pub(super) fn take_all(&mut self, now: Instant) -> Vec<(String, u64)> {
        let mut all = Vec::new();
        self.windows.retain(|(file, line), window| {
            let is_over = now.saturating_duration_since(window.since) >= WINDOW;
            if is_over && window.left_out > 0 {
                all.push((format!("{file}:{line}"), window.left_out));
            }
            !is_over
        });
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_count_and_a_new_second_starts_anew() {
        let mut repeats = Repeats::new(2);
        let now = Instant::now();
        let (a, b) = (("a.rs", 1), ("a.rs", 2));
        assert_eq!(repeats.note(a, now), Verdict::Write(0));
        assert_eq!(repeats.note(a, now), Verdict::Write(0));
        assert_eq!(repeats.note(a, now), Verdict::LeaveOut);
        assert_eq!(repeats.note(b, now), Verdict::Write(0));
        assert_eq!(repeats.take_all(now), []);
        assert_eq!(repeats.note(a, now + WINDOW), Verdict::Write(1));
        assert_eq!(repeats.take_all(now + 2 * WINDOW), []);
    }

    #[test]
    fn what_was_left_out_last_is_told_too() {
        let mut repeats = Repeats::new(1);
        let now = Instant::now();
        let written = (0..5).filter(|_| repeats.note(("a.rs", 1), now) != Verdict::LeaveOut);
        assert_eq!(written.count(), 1);
        assert_eq!(repeats.take_all(now + WINDOW), [("a.rs:1".to_owned(), 4)]);
    }
}
