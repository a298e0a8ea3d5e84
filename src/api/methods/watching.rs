//! Methods that watch the daemon at work and change what it tells: the slow log, the monitor, the
//! level of the log, the configuration.

use std::borrow::Cow;

use super::super::macros::{method, params, result};

params! {
    /// What of the slow log to show.
    pub struct SlowLogParams {
        /// How many calls, the latest first.
        limit: u32 = "25",
        /// Whether to forget all of them afterwards.
        reset: bool = "false",
    }
}

result! {
    @derive(Clone, Debug)
    /// A call that took long.
    pub struct SlowCall {
        /// Counted from 1, never used twice.
        number: u64,
        /// When it ended, in seconds since 1970.
        timestamp: u64,
        /// How long it took, in microseconds; waiting for other connections' turns included.
        duration_us: u64,
        /// Who called.
        connection: u64,
        /// The method as the caller wrote it, cut short.
        method: String,
        /// The params, cut short.
        params: String,
        /// The code of its error, if it failed.
        error: Option<i32>,
    }
}

result! {
    /// The slow log.
    pub struct SlowLogResult {
        /// Calls that took longer than this are kept, in microseconds.
        threshold_us: u64,
        /// How many are kept at most.
        capacity: usize,
        /// How many were slow since the start.
        total: u64,
        /// The calls, the latest first.
        calls: Vec<SlowCall>,
    }
}

method! {
    /// Calls that took longer than --slow-call, the latest first.
    SlowLog = "server.slowlog",
    SlowLogParams -> SlowLogResult,
    effect: Server, lenient: false,
    by_position: "[10]", by_name: r#"{"limit":10,"reset":false}"#,
}

params! {
    /// What to be told of.
    pub struct MonitorParams<'a> {
        /// Whether to be told of calls from now on.
        on: bool = "true",
        /// Only of methods whose name contains this.
        method: Option<std::borrow::Cow<'a, str>>,
    }
}

result! {
    /// Whether calls are told.
    pub struct MonitorResult {
        /// Whether this connection is told of calls.
        on: bool,
        /// How many calls it is told of in a second; further ones are counted in `left_out`.
        rate: u64,
    }
}

method! {
    /// Tells this connection of every call that ends, as notifications `server.call`.
    Monitor = "server.monitor",
    MonitorParams<'a> -> MonitorResult,
    effect: Server, lenient: false,
    by_position: "[false]", by_name: r#"{"on":false}"#,
}

crate::api::words::words! {
    /// How important a log line must be to be written.
    pub enum LogLevel {
        /// None is written.
        Off = "off",
        /// Errors.
        Error = "error",
        /// Warnings too.
        Warn = "warn" | "warning",
        /// What happens, too.
        Info = "info",
        /// Details too.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

params! {
    /// The level to set.
    pub struct SetLogLevelParams {
        /// The least important lines that are written.
        level: LogLevel,
    }
}

result! {
    /// The level that was set.
    pub struct SetLogLevelResult {
        /// The level now.
        level: &'static str,
        /// The level before.
        previous: &'static str,
    }
}

method! {
    /// Sets how important a log line must be to be written, until the daemon stops or reloads.
    SetLogLevel = "server.set_log_level",
    SetLogLevelParams -> SetLogLevelResult,
    effect: Server, lenient: false,
    by_position: r#"["info"]"#, by_name: r#"{"level":"info"}"#,
}

result! {
    @derive(Clone, Debug)
    /// One setting.
    pub struct ListedSetting {
        /// Its key in the configuration file.
        key: &'static str,
        /// Its value, as text that a file could have.
        value: String,
        /// Where the value comes from: "default", "file PATH", "environment NAME", "flag --NAME" or
        /// "call".
        origin: String,
        /// The default.
        default: &'static str,
        /// Its flag.
        flag: &'static str,
        /// Its variable of the environment.
        variable: &'static str,
        /// When a new value takes effect: "reload", "start" or "never".
        takes_effect: &'static str,
    }
}

result! {
    /// The configuration in force.
    pub struct ConfigResult {
        /// The files that were read.
        files: Vec<String>,
        /// All settings.
        settings: Vec<ListedSetting>,
    }
}

params! {
    /// What to show of the configuration.
    pub struct ConfigParams<'a> {
        /// Only the settings of this group: the first part of their keys, such as "limits" or
        /// "socket".
        section | "group": Option<Cow<'a, str>>,
    }
}

method! {
    /// The configuration in force, with the origin of each value.
    Config = "server.config" | "get_config",
    ConfigParams<'a> -> ConfigResult,
    effect: Answer, lenient: false,
    by_position: r#"["limits"]"#, by_name: "{}",
}
