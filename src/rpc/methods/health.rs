//! Handlers about the daemon's health, and the one place where facts become a state of health.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::entries;
use super::memory_kinds::{kinds, named};
use crate::VERSION;
use crate::api::instance::Instance;
use crate::api::methods::health::*;
use crate::api::methods::system::NoParams;
use crate::journal::Facts;
use crate::memory;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::server_facts::{ServerFacts, Thresholds};
use crate::rpc::table::Handle;
use crate::script::Confinement;
use crate::script::crew::{self, Counts};
use crate::workspace::Workspace;

entries![Health, DaemonStatus];

/// The state of health that the facts add up to.
pub fn assemble(
    facts: ServerFacts,
    workspace: &Workspace,
    instance: Instance,
    uptime: Duration,
) -> HealthResult {
    let memory = memory(&facts, workspace);
    let mut checks = checks(&facts, &memory, workspace);
    let journal = workspace.journal_facts();
    checks.extend(journal.iter().flat_map(journal_checks));
    let lacks_journal = f64::from(u8::from(workspace.lacks_journal()));
    checks.push(check("journal: there is none", lacks_journal, Some(1.0), None, ""));
    let reasons = reasons(&checks, &facts, workspace);
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    HealthResult {
        status: worst(&checks),
        reasons,
        ready: !facts.is_draining,
        timestamp,
        version: VERSION,
        instance,
        pid: std::process::id(),
        uptime_seconds: uptime.as_secs(),
        sockets: facts.sockets,
        memory_usage: memory.resident_bytes.unwrap_or(memory.voxel_bytes + memory.history_bytes),
        active_connections: facts.connections.active,
        worker_pool_healthy: checks.iter().all(|check| check.name != TURN || check.status == PASS),
        checks,
        memory,
        connections: facts.connections,
        calls: facts.calls,
        event_loop: facts.event_loop,
        jobs: JobHealth { waiting: workspace.waiting_changes(), ..facts.jobs },
        journal: journal.as_ref().map(journal_health),
        scripts: script_health(),
        descriptors: facts.descriptors,
        last_error: facts.last_error,
        saves: saves(workspace),
    }
}

fn memory(facts: &ServerFacts, workspace: &Workspace) -> MemoryHealth {
    let projects: Vec<ProjectHealth> = workspace
        .projects()
        .map(|(name, project)| ProjectHealth {
            project: name.to_owned(),
            voxel_bytes: project.document().layers().iter().map(|l| l.volume.memory()).sum(),
            history_bytes: project.history().memory(),
            dirty: project.is_dirty(),
            revision: project.revision(),
        })
        .collect();
    let kinds = kinds(facts, workspace);
    MemoryHealth {
        kinds: named(&kinds),
        counted_bytes: kinds.iter().sum(),
        resident_limit: memory::resident_limit(),
        resident_bytes: facts.resident_bytes,
        voxel_bytes: projects.iter().map(|project| project.voxel_bytes).sum(),
        history_bytes: projects.iter().map(|project| project.history_bytes).sum(),
        buffer_bytes: facts.buffer_bytes,
        buffer_limit: facts.buffer_limit,
        projects,
    }
}

fn lag(facts: &Facts) -> Duration {
    facts.unsynced_since.map(|since| since.elapsed()).unwrap_or_default()
}

/// How scripts are, if there are any.
fn script_health() -> Option<ScriptHealth> {
    let Counts { running, waiting, blocks_read, limits } = crew::counts();
    if !cfg!(feature = "scripts") || !limits.are_on {
        return None;
    }
    let Confinement { no_new_privs, seccomp, landlock } = crew::confinement();
    let max = limits.at_once;
    Some(ScriptHealth { running, waiting, max, blocks_read, no_new_privs, seccomp, landlock })
}

/// How the journal is, as answers tell it.
pub(super) fn journal_health(facts: &Facts) -> JournalHealth {
    JournalHealth {
        lag_ms: lag(facts).as_millis() as u64,
        bytes: facts.bytes,
        synced: facts.synced,
        generation: facts.generation,
    }
}

/// How long the journal may take to be on the disk.
const JOURNAL_DELAYED: Duration = Duration::from_secs(2);

fn journal_checks(facts: &Facts) -> [HealthCheck; 3] {
    let number = |so: bool| f64::from(u8::from(so));
    let delayed = lag(facts) > JOURNAL_DELAYED;
    [
        check("journal: cannot be written", number(facts.is_failing), None, Some(1.0), ""),
        check("journal_delayed", number(delayed), Some(1.0), None, ""),
        check("journal: was damaged", number(facts.was_damaged), Some(1.0), None, ""),
    ]
}

const PASS: &str = "pass";
const WARN: &str = "warn";
const FAIL: &str = "fail";
/// The check that decides whether work goes on without delay.
const TURN: &str = "longest turn of the loop";

fn saves(workspace: &Workspace) -> SaveHealth {
    let failing = workspace.saves.failing.as_ref();
    SaveHealth {
        failed: workspace.saves.failed,
        last_error: failing.map(|failing| failing.error.clone()),
        failing_since: failing.map(|failing| failing.since),
    }
}

/// The check of what goes to the disk.
const SAVES: &str = "saves";
/// The check of whether clients find the sockets.
const SOCKETS: &str = "sockets";

/// Why the state is not the best one.
fn reasons(checks: &[HealthCheck], facts: &ServerFacts, workspace: &Workspace) -> Vec<String> {
    let told = checks.iter().filter_map(|check| {
        let detail = match check.name {
            SAVES => workspace.saves.failing.as_ref().map(|failing| failing.error.clone()),
            SOCKETS => Some(facts.lost_sockets.join("; ")),
            _ => None,
        };
        let reason = reason(check)?;
        Some(detail.map_or_else(|| reason.clone(), |detail| format!("{reason}: {detail}")))
    });
    told.collect()
}

fn checks(facts: &ServerFacts, memory: &MemoryHealth, workspace: &Workspace) -> Vec<HealthCheck> {
    let Thresholds { warn_turn, warn_memory, .. } = facts.thresholds;
    let limits = &facts.thresholds;
    let mut checks = vec![
        share(
            "connections",
            facts.connections.active as u64,
            facts.connections.limit as u64,
            limits.warn_connections,
        ),
        share("buffers", memory.buffer_bytes, memory.buffer_limit, limits.warn_buffers),
    ];
    checks.extend(facts.descriptors.as_ref().map(|descriptors| {
        share("open files", descriptors.open, descriptors.limit, limits.warn_descriptors)
    }));
    let turn = facts.event_loop.recent_longest_turn_us as f64 / 1000.0;
    let millis = |time: std::time::Duration| Some(time.as_secs_f64() * 1000.0);
    // A turn that is over is no fault that lasts: whoever hears this hears that the loop turns.
    checks.push(check(TURN, turn, millis(warn_turn), None, "ms"));
    if let Some(resident) = memory.resident_bytes.filter(|_| warn_memory > 0) {
        let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
        checks.push(check(
            "memory",
            mebibytes(resident),
            Some(mebibytes(warn_memory)),
            None,
            "MiB",
        ));
    }
    let stuck = facts.stuck_file_calls as f64;
    checks.push(check("file calls that do not come back", stuck, Some(1.0), None, "calls"));
    let panics = facts.event_loop.panics as f64;
    checks.push(check("faults of the server", panics, Some(1.0), None, "faults"));
    let stopping = f64::from(u8::from(facts.is_draining));
    checks.push(check("stopping", stopping, None, Some(1.0), ""));
    let failing = f64::from(u8::from(workspace.saves.failing.is_some()));
    checks.push(check(SAVES, failing, None, Some(1.0), ""));
    checks.push(check(SOCKETS, facts.lost_sockets.len() as f64, None, Some(1.0), ""));
    checks
}

/// How much of a limit is used, in percent. All of it is a failure.
fn share(name: &'static str, used: u64, limit: u64, warn: u8) -> HealthCheck {
    let percent = if limit == 0 { 0.0 } else { used as f64 * 100.0 / limit as f64 };
    check(name, percent, Some(f64::from(warn)), Some(100.0), "%")
}

fn check(
    name: &'static str,
    value: f64,
    warn: Option<f64>,
    fail: Option<f64>,
    unit: &'static str,
) -> HealthCheck {
    let is_over = |bound: Option<f64>| bound.is_some_and(|bound| value >= bound);
    let status = match (is_over(fail), is_over(warn)) {
        (true, _) => FAIL,
        (_, true) => WARN,
        _ => PASS,
    };
    HealthCheck { name, status, value: (value * 1000.0).round() / 1000.0, warn, fail, unit }
}

fn worst(checks: &[HealthCheck]) -> &'static str {
    let has = |status| checks.iter().any(|check| check.status == status);
    if has(FAIL) {
        FAIL
    } else if has(WARN) {
        WARN
    } else {
        PASS
    }
}

fn reason(check: &HealthCheck) -> Option<String> {
    let bound = match check.status {
        FAIL => check.fail,
        WARN => check.warn,
        _ => return None,
    }?;
    let HealthCheck { name, value, unit, .. } = check;
    Some(match *unit {
        "" => (*name).to_owned(),
        unit => format!("{name}: {value} {unit}, {} at {bound} {unit}", check.status),
    })
}

fn health(context: &mut Context<'_>) -> HealthResult {
    let uptime = context.host.now().saturating_duration_since(context.host.started());
    assemble(context.host.server_facts(), context.workspace, context.daemon.instance, uptime)
}

impl Handle for Health {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<HealthResult>, RpcError> {
        Ok(health(context).into())
    }
}

impl Handle for DaemonStatus {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<DaemonStatusResult>, RpcError> {
        let health = health(context);
        let mebibytes = |bytes: u64| (bytes as f64 / 1_048_576.0 * 1000.0).round() / 1000.0;
        let core = health.memory.voxel_bytes + health.memory.history_bytes;
        let uptime = (health.uptime_seconds as f64).max(1.0);
        Ok(DaemonStatusResult {
            daemon_version: VERSION,
            uptime_seconds: health.uptime_seconds,
            active_connections: health.active_connections,
            total_requests: health.calls.total,
            average_response_time_ms: health.calls.latency.mean_us / 1000.0,
            memory_usage: DaemonMemory {
                daemon_mb: mebibytes(health.memory_usage.saturating_sub(core)),
                goxel_core_mb: mebibytes(core),
                total_mb: mebibytes(health.memory_usage.max(core)),
            },
            active_projects: health.memory.projects.len(),
            performance_stats: DaemonRates {
                requests_per_second: health.calls.total as f64 / uptime,
                cache_hit_rate: cache_hit_rate(context.workspace),
                errors_per_hour: health.calls.errors as f64 / uptime * 3600.0,
            },
        }
        .into())
    }
}

fn cache_hit_rate(workspace: &Workspace) -> f64 {
    let merges = workspace.projects().map(|(_, project)| project.merges());
    let (reusing, total) =
        merges.fold((0, 0), |(reusing, total), m| (reusing + m.reusing, total + m.total));
    if total == 0 { 0.0 } else { reusing as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(change: impl FnOnce(&mut ServerFacts)) -> HealthResult {
        let mut facts = ServerFacts { buffer_limit: 1000, ..ServerFacts::default() };
        facts.connections.limit = 100;
        facts.descriptors = Some(DescriptorHealth { open: 10, limit: 100 });
        change(&mut facts);
        assemble(facts, &Workspace::default(), Instance::random(), Duration::from_secs(7))
    }

    #[test]
    fn a_quiet_daemon_passes() {
        let health = judge(|_| {});
        assert_eq!((health.status, health.reasons.len()), ("pass", 0));
        assert!(health.ready && health.worker_pool_healthy);
        assert_eq!(health.uptime_seconds, 7);
    }

    #[test]
    fn each_threshold_has_its_reason() {
        let connections = judge(|facts| facts.connections.active = 80);
        assert_eq!(connections.status, "warn");
        assert_eq!(connections.reasons, ["connections: 80 %, warn at 80 %"]);
        let full = judge(|facts| facts.connections.active = 100);
        assert_eq!(full.reasons, ["connections: 100 %, fail at 100 %"]);
        let buffers = judge(|facts| facts.buffer_bytes = 500);
        assert_eq!(buffers.reasons, ["buffers: 50 %, warn at 50 %"]);
        let slow = judge(|facts| facts.event_loop.recent_longest_turn_us = 6_000_000);
        assert_eq!((slow.status, slow.worker_pool_healthy), ("warn", false));
        let faulty = judge(|facts| facts.event_loop.panics = 1);
        assert_eq!(faulty.status, "warn");
        let large = judge(|facts| {
            facts.resident_bytes = Some(3 << 20);
            facts.thresholds.warn_memory = 2 << 20;
        });
        assert_eq!(large.reasons, ["memory: 3 MiB, warn at 2 MiB"]);
    }

    #[test]
    fn a_stopping_daemon_fails_and_takes_no_work() {
        let health = judge(|facts| facts.is_draining = true);
        assert_eq!((health.status, health.ready), ("fail", false));
        assert_eq!(health.reasons, ["stopping"]);
    }
}
