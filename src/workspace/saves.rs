//! Whether saves arrive on the disk.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::format::FormatError;

/// What has become of saves since the start.
#[derive(Clone, Debug, Default)]
pub struct Saves {
    /// How many failed.
    pub failed: u64,
    /// Why the disk takes none, until it takes one again.
    pub failing: Option<Failing>,
}

/// A disk that takes nothing.
#[derive(Clone, Debug)]
pub struct Failing {
    /// The last error.
    pub error: String,
    /// When the first one was, in seconds since 1970.
    pub since: u64,
}

impl Saves {
    /// Takes note of a save that failed.
    pub fn note_failure(&mut self, error: &FormatError) {
        self.failed += 1;
        if error.is_of_disk() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            let since = self.failing.take().map_or(now, |failing| failing.since);
            self.failing = Some(Failing { error: error.to_string(), since });
        }
    }

    /// Takes note of a save that arrived.
    pub fn note_success(&mut self) {
        self.failing = None;
    }
}
