//! The slow log: calls that took long, the latest ones kept in a ring.

use std::collections::VecDeque;
use std::time::Duration;

use super::calls::unix_time;
use crate::api::args::shown;
use crate::api::methods::watching::SlowCall;
use crate::rpc::EndedCall;
use crate::rpc::server_facts::SlowCalls;

/// The ring.
#[derive(Debug)]
pub struct SlowLog {
    threshold: Duration,
    capacity: usize,
    total: u64,
    calls: VecDeque<SlowCall>,
}

impl SlowLog {
    /// Keeps up to `capacity` calls that took longer than `threshold`.
    pub fn new(threshold: Duration, capacity: usize) -> Self {
        SlowLog { threshold, capacity, total: 0, calls: VecDeque::new() }
    }

    /// Changes what is kept; what is there already stays as far as there is room.
    pub fn configure(&mut self, threshold: Duration, capacity: usize) {
        (self.threshold, self.capacity) = (threshold, capacity);
        self.calls.truncate(capacity);
    }

    /// Takes a call in if it was slow.
    pub fn note(&mut self, call: &EndedCall<'_>, took: Duration) {
        if took <= self.threshold {
            return;
        }
        self.total += 1;
        self.calls.push_front(SlowCall {
            number: self.total,
            timestamp: unix_time(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            connection: call.caller.0,
            method: shown(call.name),
            params: shown(call.params.unwrap_or_default()),
            error: call.error.map(|error| error.code),
        });
        self.calls.truncate(self.capacity);
    }

    /// What is kept; forgotten afterwards if so asked.
    pub fn take(&mut self, reset: bool) -> SlowCalls {
        let calls = self.calls.iter().cloned().collect();
        if reset {
            self.calls.clear();
        }
        let (threshold, capacity, total) = (self.threshold, self.capacity, self.total);
        SlowCalls { threshold, capacity, total, calls }
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::tests::ended;
    use super::*;

    #[test]
    fn the_latest_slow_calls_are_kept_and_quick_ones_are_not() {
        let mut log = SlowLog::new(Duration::from_millis(10), 2);
        for millis in [5, 10, 20, 30, 40] {
            log.note(&ended("ping", None), Duration::from_millis(millis));
        }
        let slow = log.take(true);
        assert_eq!(slow.total, 3);
        let kept: Vec<_> = slow.calls.iter().map(|call| (call.number, call.duration_us)).collect();
        assert_eq!(kept, [(3, 40_000), (2, 30_000)]);
        assert!(log.take(false).calls.is_empty());
    }

    #[test]
    fn long_params_are_cut_short() {
        let params = "9".repeat(1000);
        let mut log = SlowLog::new(Duration::ZERO, 1);
        let call = EndedCall { params: Some(&params), ..ended("ping", None) };
        log.note(&call, Duration::from_micros(1));
        assert!(log.take(false).calls[0].params.len() < 100);
    }
}
