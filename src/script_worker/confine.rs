//! What the process of a script gives up, and the limits that the system holds it to.
//!
//! The engine of scripts is not trusted to be without faults: whoever gets out of it finds a
//! process that can open no file, start no program, make no connection, and take no more memory
//! than the script was given. What the system does not have is left out, and told.

use rustix::process::{self, Resource, Rlimit, Signal};

use crate::script::{Confinement, Request};

/// How much lower its priority is than that of the daemon.
const NICENESS: i32 = 5;
/// Address space beyond what a script may take: the program itself, the stack, what allocators
/// keep.
const OWN_SPACE: u64 = 256 << 20;
/// Address space of a block that is read, at most: its voxels and their kin.
const BLOCK_SPACE: u64 = 40 << 10;
/// Seconds of the processor beyond the script's time, after which the system ends it.
const OWN_SECONDS: u64 = 30;

/// Has the process end with its parent. `None` if that has ended already.
pub(super) fn follow(parent: i32) -> Option<()> {
    #[cfg(target_os = "linux")]
    process::set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    #[cfg(not(target_os = "linux"))]
    let _ = Signal::KILL;
    let is_there = process::getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent);
    is_there.then_some(())
}

/// Gives up what a script does not need; what of that is in force.
pub(super) fn give_up() -> Confinement {
    let _ = process::setpriority_process(None, NICENESS);
    for resource in [Resource::Fsize, Resource::Core] {
        cap(resource, 0);
    }
    cap(Resource::Nofile, 8);
    on_linux()
}

fn cap(resource: Resource, most: u64) {
    let _ = process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
}

/// Holds the process to what its script may take.
pub(super) fn limit(job: &Request) {
    let held = crate::memory::memory_in_use();
    crate::memory::name_limits("--script-memory");
    crate::memory::set_memory_limit(held.saturating_add(job.memory));
    // Blocks that come later count as little as those that are there.
    let blocks = job.blocks.saturating_mul(BLOCK_SPACE);
    let own = OWN_SPACE.saturating_add(held.saturating_mul(2)).saturating_add(blocks);
    let space = job.memory.saturating_mul(3).saturating_add(own);
    cap(Resource::As, space.saturating_add(job.stack));
    cap(Resource::Cpu, job.time.as_secs().saturating_add(OWN_SECONDS));
    #[cfg(target_os = "linux")]
    let _ = with_only(&NEEDED);
}

#[cfg(not(target_os = "linux"))]
fn on_linux() -> Confinement {
    Confinement::default()
}

#[cfg(target_os = "linux")]
fn on_linux() -> Confinement {
    Confinement {
        no_new_privs: rustix::thread::set_no_new_privs(true).is_ok(),
        landlock: without_files().unwrap_or(false),
        // The last: it would keep the others from being made.
        seccomp: with_only(&[&NEEDED[..], &NEEDED_BEFORE].concat()).is_some(),
    }
}

/// No file can be opened, by whatever path.
#[cfg(target_os = "linux")]
fn without_files() -> Option<bool> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
        RulesetStatus,
    };
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .ok()?
        .handle_access(AccessNet::from_all(ABI::V5))
        .ok()?;
    let status = rules.create().ok()?.restrict_self().ok()?;
    Some(status.ruleset != RulesetStatus::NotEnforced)
}

/// Only some system calls; all others fail.
#[cfg(target_os = "linux")]
fn with_only(calls: &[libc::c_long]) -> Option<()> {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter,
    };
    // The type of the numbers is that of the system.
    #[allow(clippy::useless_conversion)]
    let mut allowed: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        calls.iter().map(|call| (i64::from(*call), Vec::new())).collect();
    // Limits may be asked for, by whoever wants to know whether there is room, but not set: no new
    // ones are given.
    let sets_none = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0).ok()?;
    #[allow(clippy::useless_conversion)]
    let asking = allowed.entry(i64::from(libc::SYS_prlimit64));
    asking.or_insert(vec![SeccompRule::new(vec![sets_none]).ok()?]);
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    let target = std::env::consts::ARCH.try_into().ok()?;
    let filter = SeccompFilter::new(allowed, denied, SeccompAction::Allow, target).ok()?;
    let program: BpfProgram = filter.try_into().ok()?;
    apply_filter(&program).ok()
}

/// What memory, time, an open connection and a crash need, and questions about the process itself.
#[cfg(target_os = "linux")]
const NEEDED: [libc::c_long; 43] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_ppoll,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_umask,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What limits need, until they are set.
#[cfg(target_os = "linux")]
const NEEDED_BEFORE: [libc::c_long; 3] = [libc::SYS_prlimit64, libc::SYS_prctl, libc::SYS_seccomp];
