//! How much the service keeps and does for its callers. Limits of edits and projects are the
//! workspace's.

use std::time::Duration;

use crate::format;
use crate::script;

/// Limits of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Voxels in one request or answer of the bulk lane (`--max-bulk-voxels`).
    pub bulk_voxels: u64,
    /// Subscriptions of one connection (`--max-subscriptions`).
    pub subscriptions: usize,
    /// Answers kept for calls that are repeated.
    pub sessions: SessionLimits,
    /// What reading a file may cost (`--max-file-bytes` and others).
    pub files: format::Limits,
    /// What a palette may have.
    pub palettes: format::PaletteLimits,
    /// The longest names.
    pub names: NameLimits,
    /// What scripts may take.
    pub scripts: script::Limits,
    /// How long a call may take (`--call-timeout`); zero for no limit.
    pub call_time: Duration,
}

/// The longest names, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameLimits {
    /// Of a layer (`--max-layer-name`). Files in .gox hold no longer one than 255.
    pub layer: NameLimit,
    /// Of a material or a camera (`--max-material-name`). Files in .gox hold no longer one than
    /// 127.
    pub material: NameLimit,
    /// Of a palette (`--max-palette-name`).
    pub palette: NameLimit,
    /// Of a project (`--max-project-name`).
    pub project: NameLimit,
    /// Of a checkpoint (`--max-checkpoint-name`).
    pub checkpoint: NameLimit,
}

/// The longest name of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameLimit {
    /// Its bytes.
    pub bytes: usize,
    /// The flag that sets it.
    pub flag: &'static str,
}

impl NameLimits {
    /// Of these lengths.
    pub fn new(
        layer: usize,
        material: usize,
        palette: usize,
        project: usize,
        checkpoint: usize,
    ) -> Self {
        NameLimits {
            layer: NameLimit { bytes: layer, flag: "--max-layer-name" },
            material: NameLimit { bytes: material, flag: "--max-material-name" },
            palette: NameLimit { bytes: palette, flag: "--max-palette-name" },
            project: NameLimit { bytes: project, flag: "--max-project-name" },
            checkpoint: NameLimit { bytes: checkpoint, flag: "--max-checkpoint-name" },
        }
    }
}

impl Default for NameLimits {
    /// 255, 127, 255, 128 and 256 bytes.
    fn default() -> Self {
        NameLimits::new(255, 127, 255, 128, 256)
    }
}

/// How much is kept for calls that are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions kept at once (`--max-sessions`). Idle ones make room; while all are in use, a new
    /// one is refused.
    pub count: usize,
    /// Answers kept of one session (`--session-answers`).
    pub answers: usize,
    /// Bytes of answers kept of one session (`--session-bytes`).
    pub bytes: usize,
    /// Bytes of answers kept of all together (`--session-memory`); beyond it a session keeps its
    /// latest only.
    pub total_bytes: usize,
    /// How long an idle session is kept while there is room (`--session-life`).
    pub life: Duration,
}

impl SessionLimits {
    /// How long an idle session is kept in any case: a client that repeats a call does so within
    /// it.
    pub const GRACE: Duration = Duration::from_secs(60);

    /// How long an idle session is kept while room is needed.
    pub fn grace(&self) -> Duration {
        self.life.min(Self::GRACE)
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        SessionLimits {
            count: 65_536,
            answers: 256,
            bytes: 1 << 20,
            total_bytes: 64 << 20,
            life: Duration::from_secs(600),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let sessions = SessionLimits::default();
        // 16 Mi voxels are 256 MiB in a put, as much as the longest message that can be allowed.
        let (files, palettes, names, scripts) = Default::default();
        let call_time = Duration::ZERO;
        Limits {
            bulk_voxels: 1 << 24,
            subscriptions: 64,
            sessions,
            files,
            palettes,
            names,
            scripts,
            call_time,
        }
    }
}
