//! Times in fixed memory: buckets whose width grows with the time, so that a quantile is at most 1/16 too large.
//!
//! Memory (5 KiB) is taken with the first time that is recorded. Nothing is ever lost but precision: times over
//! an hour count as an hour in the buckets, and the longest is kept exactly.

use std::time::Duration;

/// log2 of the buckets per power of two.
const SUB_BITS: u32 = 4;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// log2 of the longest time in nanoseconds that the buckets tell apart: 73 minutes.
const TOP_BITS: u32 = 42;
const BUCKETS: usize = ((TOP_BITS - SUB_BITS + 1) as usize) << SUB_BITS;

/// The times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: Option<Box<[u64; BUCKETS]>>,
    count: u64,
    total: Duration,
    longest: Duration,
}

fn bucket_of(nanos: u64) -> usize {
    let nanos = nanos.min((1 << TOP_BITS) - 1);
    if nanos < SUB_BUCKETS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - SUB_BITS;
    (u64::from(shift + 1) * SUB_BUCKETS + (nanos >> shift) - SUB_BUCKETS) as usize
}

/// The shortest time that is over all times of a bucket.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket + 1;
    }
    let shift = bucket / SUB_BUCKETS - 1;
    (bucket % SUB_BUCKETS + SUB_BUCKETS + 1) << shift
}

impl Histogram {
    /// Adds a time.
    pub fn record(&mut self, time: Duration) {
        let seconds = time.as_secs().saturating_mul(1_000_000_000);
        let nanos = seconds.saturating_add(u64::from(time.subsec_nanos()));
        let buckets = self.buckets.get_or_insert_with(|| Box::new([0; BUCKETS]));
        if let Some(count) = buckets.get_mut(bucket_of(nanos)) {
            *count += 1;
        }
        self.count += 1;
        self.total = self.total.saturating_add(time);
        self.longest = self.longest.max(time);
    }

    /// Adds all times of another one.
    pub fn add(&mut self, other: &Histogram) {
        let Some(more) = &other.buckets else { return };
        let buckets = self.buckets.get_or_insert_with(|| Box::new([0; BUCKETS]));
        buckets.iter_mut().zip(more.iter()).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
    }

    /// How many times were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All times together.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let buckets = self.buckets.iter().flat_map(|buckets| buckets.iter());
        buckets.enumerate().filter(|(_, count)| **count > 0).map(|(bucket, count)| (bucket, *count))
    }

    /// A time that the given share of the times (0 to 1) do not exceed, at most 1/16 too large; zero if there are
    /// none.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.filled().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        found.map_or(self.longest, |(bucket, _)| {
            Duration::from_nanos(end_of(bucket) - 1).min(self.longest)
        })
    }

    /// How many times are below each power of two of a nanosecond in `powers`, which must rise. These bounds are
    /// bounds of buckets, so the counts are exact.
    pub fn below_powers(&self, powers: impl Iterator<Item = u32>) -> Vec<(Duration, u64)> {
        let mut filled = self.filled().peekable();
        let mut seen = 0;
        let mut counted = |power: u32| {
            let bound = 1_u64 << power.min(63);
            while let Some((_, count)) = filled.next_if(|(bucket, _)| end_of(*bucket) <= bound) {
                seen += count;
            }
            (Duration::from_nanos(bound), seen)
        };
        powers.map(&mut counted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_its_bucket_and_buckets_are_narrow() {
        for power in 0..TOP_BITS {
            for nanos in [1_u64 << power, (1 << power) + (1 << power) / 3, (2 << power) - 1] {
                let end = end_of(bucket_of(nanos));
                assert!(end > nanos, "{nanos} {end}");
                assert!((end - 1 - nanos) as f64 <= nanos as f64 / 16.0, "{nanos} {end}");
            }
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_of_a_ramp_are_its_ranks() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|micros| histogram.record(Duration::from_micros(micros)));
        for (share, micros) in [(0.5, 500), (0.9, 900), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            let (found, exact) = (histogram.quantile(share), Duration::from_micros(micros));
            assert!(found >= exact && found <= exact * 17 / 16, "{share}: {found:?}");
        }
        assert_eq!(histogram.longest(), Duration::from_millis(1));
        assert_eq!(histogram.total(), Duration::from_micros(500_500));
        assert_eq!(Histogram::default().quantile(0.99), Duration::ZERO);
    }

    #[test]
    fn counts_below_powers_of_two_are_exact() {
        let mut histogram = Histogram::default();
        for nanos in [0, 1, 1023, 1024, 1025, 4095, 4096, 1 << 50] {
            histogram.record(Duration::from_nanos(nanos));
        }
        let counts = histogram.below_powers([0, 10, 12, 40].into_iter());
        let counts: Vec<u64> = counts.into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 3, 6, 7]);
        assert_eq!(histogram.count(), 8);
    }
}
