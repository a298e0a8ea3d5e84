//! The journal: what was answered survives a kill, exactly once.

mod kills;
mod logs;
mod starts;
