//! The journal: what was answered survives a kill, exactly once.

mod disks;
mod faults;
mod kills;
mod logs;
mod starts;
mod takeover;
