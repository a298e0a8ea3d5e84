//! The log: one line an event, to standard error, times in UTC.

use std::str::FromStr;

use log::LevelFilter;
use simplelog::{ConfigBuilder, WriteLogger};

/// Starts the log.
pub fn start(level: LevelFilter) {
    let config = ConfigBuilder::new()
        .set_time_format_rfc3339()
        .set_thread_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .build();
    // It fails only if a log was started before, and then there is one.
    let _ = WriteLogger::init(level, config, std::io::stderr());
}

/// A level by its name: off, error, warn, info, debug, trace.
pub fn level(name: &str) -> Option<LevelFilter> {
    LevelFilter::from_str(name).ok()
}
