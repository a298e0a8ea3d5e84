//! Attacks on the real daemon: by other users of the machine, by clients, by a disk that fails, by
//! kills at any moment.
//!
//! Those that need several users are played as root, and skipped by name elsewhere.

mod faults;
mod kills;
mod modes;
mod opened;
mod planted;
mod roots;
mod shared_directory;
mod stage;
mod walks;
