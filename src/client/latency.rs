//! What a histogram of latencies comes to, as people and programs read it.

use std::time::Duration;

use crate::histogram::Histogram;

/// A histogram in a few numbers, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct LatencySummary {
    /// How many values there were.
    pub count: u64,
    /// The mean.
    pub mean_us: f64,
    /// Half of the values are at most this.
    pub p50_us: f64,
    /// 90 % of the values are at most this.
    pub p90_us: f64,
    /// 99 % of the values are at most this.
    pub p99_us: f64,
    /// 99.9 % of the values are at most this.
    pub p999_us: f64,
    /// The largest value.
    pub max_us: f64,
}

impl From<&Histogram> for LatencySummary {
    fn from(times: &Histogram) -> Self {
        let us = |value: Duration| value.as_nanos() as f64 / 1000.0;
        LatencySummary {
            count: times.count(),
            mean_us: us(times.mean()),
            p50_us: us(times.quantile(0.50)),
            p90_us: us(times.quantile(0.90)),
            p99_us: us(times.quantile(0.99)),
            p999_us: us(times.quantile(0.999)),
            max_us: us(times.max()),
        }
    }
}
