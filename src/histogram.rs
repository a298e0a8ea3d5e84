//! Times in a few kilobytes: buckets whose width grows with the value. Clients and the daemon tell
//! theirs with it.
//!
//! Each power of two is cut into 32 buckets. The values of a bucket are taken to lie evenly in it,
//! so a percentile is within 1/32 (3.2 %) of the true value and shows no edges of buckets.

use std::time::Duration;

/// log2 of the buckets per power of two.
const SUB_BITS: u32 = 5;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;

/// A histogram of durations from 1 ns on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many values fell into each bucket; grown on demand.
    buckets: Vec<u64>,
    count: u64,
    sum_ns: u128,
    max_ns: u64,
}

impl Histogram {
    /// Adds one value.
    pub fn record(&mut self, value: Duration) {
        let ns = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket_of(ns);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.sum_ns += u128::from(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.sum_ns).unwrap_or(u64::MAX))
    }

    /// The largest value; zero if there are none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// The mean; zero if there are no values.
    pub fn mean(&self) -> Duration {
        let mean = self.sum_ns.checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// The value that `fraction` (0 to 1) of all values do not exceed; zero if there are no values.
    pub fn quantile(&self, fraction: f64) -> Duration {
        let rank = ((self.count as f64 * fraction).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            if seen + count >= rank {
                let upper = upper_bound(bucket).min(self.max_ns);
                let lower = bucket.checked_sub(1).map_or(0, |before| upper_bound(before) + 1);
                let part = u128::from(upper.saturating_sub(lower)) * u128::from(rank - seen);
                let inside = u64::try_from(part / u128::from(*count)).unwrap_or(u64::MAX);
                return Duration::from_nanos(lower.min(upper) + inside);
            }
            seen += count;
        }
        self.max()
    }

    /// How many values are at most `bound` (to the precision of a bucket).
    pub fn count_up_to(&self, bound: Duration) -> u64 {
        let ns = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let buckets = self.buckets.iter().enumerate();
        buckets.take_while(|(bucket, _)| upper_bound(*bucket) <= ns).map(|(_, count)| count).sum()
    }

    /// How many values are below each power of two of a nanosecond in `powers`, which must rise.
    /// These bounds are bounds of buckets, so the counts are exact.
    pub fn below_powers(&self, powers: impl Iterator<Item = u32>) -> Vec<(Duration, u64)> {
        let mut buckets = self.buckets.iter().enumerate().peekable();
        let mut seen = 0;
        let mut counted = |power: u32| {
            let bound = 1_u64 << power.min(63);
            while let Some((_, count)) = buckets.next_if(|(bucket, _)| upper_bound(*bucket) < bound)
            {
                seen += count;
            }
            (Duration::from_nanos(bound), seen)
        };
        powers.map(&mut counted).collect()
    }
}

fn bucket_of(ns: u64) -> usize {
    if ns < SUB_BUCKETS {
        return ns as usize;
    }
    let shift = ns.ilog2() - SUB_BITS;
    (u64::from(shift + 1) * SUB_BUCKETS + (ns >> shift) - SUB_BUCKETS) as usize
}

/// The largest value that falls into a bucket.
fn upper_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = bucket / SUB_BUCKETS - 1;
    let lower = (bucket % SUB_BUCKETS + SUB_BUCKETS) << shift;
    lower + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        let mut previous = 0;
        for exponent in 0..62 {
            for value in [1u64 << exponent, (1 << exponent) + 1, (1 << exponent) * 3 / 2] {
                let upper = upper_bound(bucket_of(value));
                assert!(upper >= value, "{value}");
                assert!((upper - value) as f64 <= value as f64 / 32.0, "{value} {upper}");
                assert!(bucket_of(value) >= previous);
            }
            previous = bucket_of(1 << exponent);
        }
    }

    #[test]
    fn quantiles_of_a_ramp_are_its_ranks() {
        let mut histogram = Histogram::default();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (fraction, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = histogram.quantile(fraction).as_nanos() as f64 / 1000.0;
            let is_near = (expected * 0.99..=expected * 1.01).contains(&found);
            assert!(is_near, "{fraction}: {found}");
        }
        assert_eq!(histogram.max(), Duration::from_millis(1));
        assert_eq!(histogram.mean(), Duration::from_nanos(500_500));
        let half = histogram.count_up_to(Duration::from_micros(500));
        assert!((484..=500).contains(&half), "{half}");
    }

    #[test]
    fn the_only_value_is_every_percentile() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_nanos(33_333));
        for fraction in [0.0, 0.5, 0.999, 1.0] {
            assert_eq!(histogram.quantile(fraction), Duration::from_nanos(33_333));
        }
    }

    #[test]
    fn merging_is_the_same_as_recording_into_one() {
        let (mut one, mut two, mut all) = Default::default();
        for value in 0..1000u64 {
            let duration = Duration::from_nanos(value * value);
            let part: &mut Histogram = if value % 3 == 0 { &mut one } else { &mut two };
            part.record(duration);
            let all: &mut Histogram = &mut all;
            all.record(duration);
        }
        one.merge(&two);
        assert_eq!(one, all);
        assert_eq!(Histogram::default().quantile(0.5), Duration::ZERO);
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
    }
}
