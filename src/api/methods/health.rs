//! Methods about the daemon's health.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::instance::Instance;
use super::super::macros::{method, params, result};
pub use super::memory_kinds::MemoryKinds;
pub use super::script::ScriptHealth;
use super::system::NoParams;

result! {
    @derive(Clone, Debug, Default)
    /// How long calls took, in microseconds; quantiles are at most 1/16 too large.
    pub struct Latency {
        /// The mean.
        mean_us: f64,
        /// Half of the calls took at most this.
        p50_us: f64,
        /// 90 % took at most this.
        p90_us: f64,
        /// 99 % took at most this.
        p99_us: f64,
        /// 99.9 % took at most this.
        p999_us: f64,
        /// The longest.
        max_us: f64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The calls of one method.
    pub struct MethodHealth {
        /// The method's canonical name; "(unknown)" for calls of methods that do not exist,
        /// "(invalid)" for messages that were no calls.
        method: &'static str,
        /// Calls since the start.
        calls: u64,
        /// Those that failed.
        errors: u64,
        /// How long they took.
        latency: Latency,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The calls of all methods.
    pub struct CallHealth {
        /// Calls since the start, those in batches counted one by one.
        total: u64,
        /// Those that failed.
        errors: u64,
        /// How long they took, from the complete message to the answer.
        latency: Latency,
        /// By method, the most called first.
        methods: Vec<MethodHealth>,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The connections.
    pub struct ConnectionHealth {
        /// Open now.
        active: usize,
        /// How many may be open.
        limit: usize,
        /// The most that were open at once.
        peak: usize,
        /// Accepted since the start.
        accepted: u64,
        /// Turned away for want of room or for their user.
        refused: u64,
        /// Ended by the server although the peer did nothing to end them.
        dropped: u64,
        /// Open now, by framing.
        by_protocol: BTreeMap<String, u64>,
        /// Ended since the start, by reason.
        ended: BTreeMap<String, u64>,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The event loop.
    pub struct LoopHealth {
        /// Turns since the start.
        turns: u64,
        /// The longest turn: the longest time that a ready connection had to wait.
        longest_turn_us: u64,
        /// The longest turn since the last snapshot but one, so of the last one to two intervals.
        recent_longest_turn_us: u64,
        /// Turns over the limit of --slow-turn-time.
        slow_turns: u64,
        /// Slices of long work.
        slices: u64,
        /// Faults of the server that were caught.
        panics: u64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// Long work.
    pub struct JobHealth {
        /// Messages that are being worked on in slices.
        running: usize,
        /// Of these, changes that wait for another change of their project.
        waiting: usize,
        /// Given up since the start because nobody waited any more.
        cancelled: u64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The memory of one project, in bytes.
    pub struct ProjectHealth {
        /// Its name.
        project: String,
        /// Voxels of its layers.
        voxel_bytes: u64,
        /// Its history.
        history_bytes: u64,
        /// Whether it has changes that were not saved.
        dirty: bool,
        /// Its revision.
        revision: u64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// Memory, in bytes.
    pub struct MemoryHealth {
        /// What it is held for.
        kinds: MemoryKinds,
        /// The sum of the kinds.
        counted_bytes: u64,
        /// How much the process may have resident (`--max-memory`).
        resident_limit: u64,
        /// What the process takes of the machine, where the system tells.
        resident_bytes: Option<u64>,
        /// Voxels of all projects.
        voxel_bytes: u64,
        /// Histories of all projects.
        history_bytes: u64,
        /// Buffers of all connections.
        buffer_bytes: u64,
        /// How much buffers may take.
        buffer_limit: u64,
        /// By project.
        projects: Vec<ProjectHealth>,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// Open files of the process.
    pub struct DescriptorHealth {
        /// Open now.
        open: u64,
        /// How many may be open.
        limit: u64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The last call that failed.
    pub struct LastError {
        /// When, in seconds since 1970.
        timestamp: u64,
        /// The method as the caller wrote it, cut short.
        method: String,
        /// The code.
        code: i32,
        /// The message, cut short.
        message: String,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// One thing that was looked at.
    pub struct HealthCheck {
        /// What.
        name: &'static str,
        /// "pass", "warn" or "fail".
        status: &'static str,
        /// What was found.
        value: f64,
        /// From where on it is a warning, if anywhere.
        warn: Option<f64>,
        /// From where on it is a failure, if anywhere.
        fail: Option<f64>,
        /// The unit of the numbers.
        unit: &'static str,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// The journal.
    pub struct JournalHealth {
        /// For how long something has not been on the disk for sure, in milliseconds.
        lag_ms: u64,
        /// Bytes of the log.
        bytes: u64,
        /// Of them, those that are on the disk for sure.
        synced: u64,
        /// Which log it is: rises when it is written anew.
        generation: u64,
    }
}

result! {
    @derive(Clone, Debug, Default)
    /// Whether what is saved arrives on the disk.
    pub struct SaveHealth {
        /// Saves that failed since the start, for whatever reason.
        failed: u64,
        /// Why the disk takes nothing, until it takes something again.
        last_error: Option<String>,
        /// Since when, in seconds since 1970.
        failing_since: Option<u64>,
    }
}

result! {
    @derive(Clone, Debug)
    /// The state of health.
    pub struct HealthResult {
        /// "pass", "warn" or "fail": the worst of the checks.
        status: &'static str,
        /// Why it is not "pass".
        reasons: Vec<String>,
        /// Whether new work is taken: the daemon is not stopping.
        ready: bool,
        /// When it was looked at, in seconds since 1970.
        timestamp: u64,
        /// The version of the daemon.
        version: &'static str,
        /// The name of this run of the daemon, new with each start.
        instance: Instance,
        /// Process id.
        pid: u32,
        /// Seconds since the start.
        uptime_seconds: u64,
        /// The sockets that are served.
        sockets: Vec<String>,
        /// Bytes that the process takes; those of the engine where the system does not tell.
        memory_usage: u64,
        /// Open connections.
        active_connections: usize,
        /// Whether work goes on without delay: no turn of the loop was long lately.
        worker_pool_healthy: bool,
        /// What was looked at.
        checks: Vec<HealthCheck>,
        /// Memory.
        memory: MemoryHealth,
        /// Connections.
        connections: ConnectionHealth,
        /// Calls.
        calls: CallHealth,
        /// The event loop.
        event_loop: LoopHealth,
        /// Long work.
        jobs: JobHealth,
        /// The journal, if there is one.
        journal: Option<JournalHealth>,
        /// Scripts, if they are built in and not switched off.
        scripts: Option<ScriptHealth>,
        /// Open files, where the system tells.
        descriptors: Option<DescriptorHealth>,
        /// The last call that failed, if any did.
        last_error: Option<LastError>,
        /// Whether what is saved arrives on the disk.
        saves: SaveHealth,
    }
}

method! {
    /// The state of health: status with reasons, memory, connections, calls, latencies, the loop.
    Health = "goxel.health",
    NoParams -> HealthResult,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}

result! {
    /// Memory in MiB.
    pub struct DaemonMemory {
        /// The process without the engine.
        daemon_mb: f64,
        /// Voxels and histories.
        goxel_core_mb: f64,
        /// Both.
        total_mb: f64,
    }
}

result! {
    /// Rates since the start.
    pub struct DaemonRates {
        /// Calls a second.
        requests_per_second: f64,
        /// Share of pictures and previews of several layers that began with the layers merged for
        /// an earlier one, 0 to 1; of the open projects.
        cache_hit_rate: f64,
        /// Failed calls an hour.
        errors_per_hour: f64,
    }
}

result! {
    /// State of the daemon in the form of older documents.
    pub struct DaemonStatusResult {
        /// The version of the daemon.
        daemon_version: &'static str,
        /// Seconds since the start.
        uptime_seconds: u64,
        /// Open connections.
        active_connections: usize,
        /// Calls since the start.
        total_requests: u64,
        /// How long they took, on average.
        average_response_time_ms: f64,
        /// Memory.
        memory_usage: DaemonMemory,
        /// Open projects.
        active_projects: usize,
        /// Rates.
        performance_stats: DaemonRates,
    }
}

method! {
    /// State of the daemon in the form of older documents; `goxel.health` tells more.
    DaemonStatus = "goxel.get_daemon_status" | "daemon.stats" | "get_performance_metrics",
    NoParams -> DaemonStatusResult,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

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
