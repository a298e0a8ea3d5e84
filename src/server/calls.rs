//! What calls came to: counts, errors and times by method, and the last failure.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::api::args::shown;
use crate::api::methods::health::{CallHealth, LastError, Latency, MethodHealth};
use crate::histogram::Histogram;
use crate::rpc::EndedCall;

/// The name under which calls of methods that do not exist are counted.
const UNKNOWN: &str = "(unknown)";
/// The name under which messages that are no calls are counted.
const INVALID: &str = "(invalid)";

/// The calls of one method.
#[derive(Debug)]
pub struct MethodCalls {
    /// Its canonical name.
    pub name: &'static str,
    /// How many failed.
    pub errors: u64,
    /// How long they took.
    pub times: Histogram,
}

impl MethodCalls {
    fn new(name: &'static str) -> Self {
        MethodCalls { name, errors: 0, times: Histogram::default() }
    }

    /// How many.
    pub fn calls(&self) -> u64 {
        self.times.count()
    }
}

/// All calls.
#[derive(Debug, Default)]
pub struct Calls {
    /// By the address of the method's name, which is the same for all calls of one method.
    methods: HashMap<usize, MethodCalls, rustc_hash::FxBuildHasher>,
    last_error: Option<LastError>,
}

/// Seconds since 1970.
pub(super) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Calls {
    /// Adds a call.
    pub fn record(&mut self, call: &EndedCall<'_>, took: Duration) {
        let name = match (call.method, call.name) {
            (Some(method), _) => method.name,
            (None, "") => INVALID,
            (None, _) => UNKNOWN,
        };
        let key = name.as_ptr().addr();
        let method = self.methods.entry(key).or_insert_with(|| MethodCalls::new(name));
        let failed = u64::from(call.error.is_some());
        method.errors += failed;
        method.times.record(took);
        if let Some(error) = call.error {
            self.last_error = Some(LastError {
                timestamp: unix_time(),
                method: shown(if call.name.is_empty() { INVALID } else { call.name }),
                code: error.code,
                message: shown(&error.message),
            });
        }
    }

    /// The methods that were called, the most called first.
    pub fn by_method(&self) -> Vec<&MethodCalls> {
        let mut methods: Vec<_> = self.methods.values().collect();
        methods.sort_by(|a, b| b.calls().cmp(&a.calls()).then(a.name.cmp(b.name)));
        methods
    }

    /// The last call that failed.
    pub fn last_error(&self) -> Option<LastError> {
        self.last_error.clone()
    }

    /// The summary for the state of health.
    pub fn health(&self) -> CallHealth {
        let method = |method: &&MethodCalls| MethodHealth {
            method: method.name,
            calls: method.calls(),
            errors: method.errors,
            latency: latency(&method.times),
        };
        let mut times = Histogram::default();
        self.methods.values().for_each(|method| times.merge(&method.times));
        CallHealth {
            total: times.count(),
            errors: self.methods.values().map(|method| method.errors).sum(),
            latency: latency(&times),
            methods: self.by_method().iter().map(method).collect(),
        }
    }
}

/// A histogram in a few numbers.
pub fn latency(times: &Histogram) -> Latency {
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    let mean = micros(times.sum()) / (times.count() as f64).max(1.0);
    Latency {
        mean_us: (mean * 1000.0).round() / 1000.0,
        p50_us: micros(times.quantile(0.5)),
        p90_us: micros(times.quantile(0.9)),
        p99_us: micros(times.quantile(0.99)),
        p999_us: micros(times.quantile(0.999)),
        max_us: micros(times.max()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::Call;
    use crate::api::methods::system::Ping;
    use crate::rpc::{ConnectionId, RpcError};
    use std::time::Instant;

    pub(in super::super) fn ended<'a>(name: &'a str, error: Option<&'a RpcError>) -> EndedCall<'a> {
        const PING: &crate::api::Method = &Ping::METHOD;
        let method = (name == PING.name).then_some(PING);
        let (caller, began) = (ConnectionId(7), Instant::now());
        EndedCall { caller, method, name, params: Some("[1]"), error, began }
    }

    #[test]
    fn calls_are_counted_by_method_and_add_up() {
        let mut calls = Calls::default();
        let error = RpcError::new(-32601, "Method not found: pong");
        for _ in 0..3 {
            calls.record(&ended("ping", None), Duration::from_micros(5));
        }
        calls.record(&ended("pong", Some(&error)), Duration::from_micros(1));
        calls.record(&ended("", Some(&error)), Duration::from_micros(1));
        let health = calls.health();
        assert_eq!((health.total, health.errors), (5, 2));
        let counts: Vec<_> = health.methods.iter().map(|m| (m.method, m.calls, m.errors)).collect();
        assert_eq!(counts, [("ping", 3, 0), (INVALID, 1, 1), (UNKNOWN, 1, 1)]);
        assert!(health.latency.p50_us > 4.8 && health.latency.p50_us <= 5.0);
        assert_eq!(health.latency.max_us, 5.0);
        assert_eq!(calls.last_error().unwrap().method, INVALID);
    }
}
