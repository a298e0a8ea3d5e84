//! Pauses between attempts: growing, capped, and never the same for two clients.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// The first pause and the longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRange {
    /// The first pause. Default: 10 ms.
    pub first: Duration,
    /// The longest pause. Default: 100 ms, so that a daemon that is back is found in a tenth of a
    /// second.
    pub longest: Duration,
}

impl Default for BackoffRange {
    fn default() -> Self {
        BackoffRange { first: Duration::from_millis(10), longest: Duration::from_millis(100) }
    }
}

/// A sequence of pauses: each is drawn from the upper half of a span that doubles up to the
/// longest.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    range: BackoffRange,
    span: Duration,
    random: Random,
}

impl Backoff {
    pub(super) fn new(range: BackoffRange) -> Self {
        Backoff { range, span: range.first, random: Random::new() }
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let span = self.span.min(self.range.longest);
        self.span = span.saturating_mul(2);
        span.mul_f64(0.5 + self.random.fraction() / 2.0)
    }
}

/// Random numbers good enough to spread clients out and to name sessions; not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Seeded by the system's randomness (the standard hasher draws from it).
    pub(super) fn new() -> Self {
        Random(RandomState::new().build_hasher().finish() | 1)
    }

    /// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators").
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 up to, not including, 1.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_the_first_to_the_longest_with_jitter() {
        let mut backoff = Backoff::new(BackoffRange::default());
        let pauses: Vec<Duration> = (0..50).map(|_| backoff.next()).collect();
        assert!(pauses[0] >= Duration::from_millis(5) && pauses[0] <= Duration::from_millis(10));
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(100)));
        assert!(pauses[10..].iter().all(|pause| *pause >= Duration::from_millis(50)));
        let mut distinct = pauses[10..].to_vec();
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() > 30);
    }
}
