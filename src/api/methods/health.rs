//! Methods about the daemon's health.

use std::collections::BTreeMap;

use super::super::instance::Instance;
use super::super::macros::{method, result};
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
