//! Scripts, as the daemon sees them: each runs in a process of its own, on a copy of a document,
//! and what it changed comes back as one difference.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `frame` | the messages between the daemon and the process of a script |
//! | `confinement` | what those processes give up |
//! | `crew` | those processes: started, kept ready, ended, waited for |
//! | `library` | scripts that are kept by name, and those that come with us |
//! | `types` | the API as declarations for TypeScript |
//! | `run` | a script from its text to what it came to, in slices |
//! | `reading` | the blocks of a document that a script asks for as it needs them |
//! | `difference` | what a script changed: written by its process, put in place by the daemon |
//!
//! The engine itself is in the room `script_worker`, which nothing here knows of. Invariants: a
//! process runs one script and ends; it never outlives its call, nor the daemon; until its last
//! message is there nothing of a document has changed.

pub mod confinement;
pub mod crew;
pub mod difference;
pub mod frame;
pub mod library;
pub mod reading;

mod run;
pub mod types;

use std::time::Duration;

pub use confinement::Confinement;
pub use run::{Ended, Failure, Report, Request, ScriptError, run};

/// How much scripts may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Whether scripts run at all (`--no-scripts`).
    pub are_on: bool,
    /// Scripts that run at once (`--max-scripts`); more wait.
    pub at_once: usize,
    /// Bytes that the values of a script may take, and as much again for voxels
    /// (`--script-memory`).
    pub memory: u64,
    /// Bytes of the stack (`--script-stack`).
    pub stack: u64,
    /// Bytes of output, and of a result (`--script-output`).
    pub output: u64,
    /// How long a script runs unless its call says otherwise (`--script-time`).
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            are_on: true,
            at_once: 4,
            memory: 256 << 20,
            stack: 1 << 20,
            output: 1 << 20,
            time: Duration::from_secs(30),
        }
    }
}

/// The longest time that a call may give a script.
pub const MOST_TIME: Duration = Duration::from_secs(300);

/// The name under which a program of ours is the process of a script.
pub const WORKER_NAME: &str = "goxel-script";
