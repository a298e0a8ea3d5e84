//! What the system tells of the process's memory, and of how much there is.

use std::fs;
use std::sync::OnceLock;

use rustix::process::{Resource, getrlimit};

/// Bytes of the machine's memory that the process takes; none where the system does not tell by a
/// file.
pub fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The limit unless told otherwise: half of the least of what the machine has, what the control
/// group may take and what the process may address.
pub fn default_limit() -> u64 {
    let known = [machine_bytes(), group_bytes(), address_space()];
    known.into_iter().flatten().min().map_or(u64::MAX, |least| least / 2)
}

/// Bytes that the process may address, if that is limited.
pub(super) fn address_space() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Whether the process may address less than there is.
pub(super) fn is_address_space_limited() -> bool {
    static IS_LIMITED: OnceLock<bool> = OnceLock::new();
    *IS_LIMITED.get_or_init(|| address_space().is_some())
}

/// Bytes of memory that the machine has.
fn machine_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Bytes that the process's control group and those above it may take.
fn group_bytes() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            names if names.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let above = std::path::Path::new(path).ancestors();
        let limit_of = |group: &std::path::Path| {
            let group = group.strip_prefix("/").unwrap_or(group);
            let text =
                fs::read_to_string(std::path::Path::new(root).join(group).join(file)).ok()?;
            text.trim().parse::<u64>().ok()
        };
        above.filter_map(limit_of).min()
    });
    limits.min()
}
