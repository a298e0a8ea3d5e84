//! Methods by which a connection hears of changes.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::value::InRange;

params! {
    /// What to hear of.
    pub struct SubscribeParams<'a> {
        /// The open project.
        project: Cow<'a, str> = "\"default\"",
        /// The shortest time between two messages, in milliseconds; changes in between are merged.
        min_interval_ms: InRange<0, 3_600_000> = "100",
    }
}

result! {
    /// The subscription.
    pub struct SubscribeResult {
        /// Always true.
        success: bool,
        /// The project.
        project: String,
        /// Its revision now; the first message is about a later one.
        revision: u64,
        /// The shortest time between two messages, in milliseconds.
        min_interval_ms: u64,
        /// How many subscriptions this connection has now.
        subscriptions: usize,
    }
}

method! {
    /// Sends `goxel.changed {project, revision, box}` to this connection whenever the project
    /// changes. `box` is the part of space that may have changed, up to whole blocks of
    /// `rounded_to` voxels, null if that is all of it; `closed` tells that the project is gone.
    /// Slow readers get one merged message instead of many.
    Subscribe = "goxel.subscribe",
    SubscribeParams<'a> -> SubscribeResult,
    effect: Server, lenient: false,
    by_position: r#"["default",250]"#, by_name: r#"{"project":"default","min_interval_ms":250}"#,
    errors: [1001, 1004],
}

params! {
    /// What not to hear of any more.
    pub struct UnsubscribeParams<'a> {
        /// The project; absent: all.
        project: Option<Cow<'a, str>>,
    }
}

result! {
    /// What is left.
    pub struct UnsubscribeResult {
        /// Always true.
        success: bool,
        /// How many subscriptions ended.
        removed: usize,
        /// How many subscriptions this connection still has.
        subscriptions: usize,
    }
}

method! {
    /// Ends this connection's subscriptions to a project, or all of them.
    Unsubscribe = "goxel.unsubscribe",
    UnsubscribeParams<'a> -> UnsubscribeResult,
    effect: Server, lenient: false,
    by_position: r#"["default"]"#, by_name: "{}",
}
