//! Methods about calls that go on while others are served.

use serde_json::Value;

use super::super::macros::{method, params, result};
use super::super::value::InRange;
use super::system::NoParams;

result! {
    /// A call that goes on.
    pub struct ListedJob {
        /// Its number, never used twice while the daemon runs.
        job: u64,
        /// The connection that called.
        connection: u64,
        /// The id of the request, if it has one.
        id: Option<Value>,
        /// The method.
        method: &'static str,
        /// The project that it works on.
        project: Option<String>,
        /// Units of work done.
        done: u64,
        /// Units of work in all; 0 if that is not known.
        total: u64,
        /// Seconds since it began, its waiting included.
        seconds: f64,
    }
}

result! {
    /// The calls that go on.
    pub struct JobList {
        /// How many there are.
        count: usize,
        /// The calls, oldest first.
        jobs: Vec<ListedJob>,
    }
}

method! {
    /// Lists the calls that go on while others are served: they work in slices, wait for a file, or
    /// for their turn.
    ListJobs = "goxel.jobs",
    NoParams -> JobList,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// Which call to stop.
    pub struct CancelParams {
        /// Its number, as goxel.jobs tells it.
        job: InRange<1, { i64::MAX }>
    }
}

result! {
    /// Stopped.
    pub struct CancelResult {
        /// Always true.
        success: bool,
        /// The number of the call.
        job: u64,
    }
}

method! {
    /// Stops a call that goes on, of any connection. It is answered with error -32800, and what it
    /// had begun is taken back.
    CancelJob = "goxel.cancel",
    CancelParams -> CancelResult,
    effect: Server, lenient: false,
    by_position: "[1]", by_name: r#"{"job":1}"#,
}
