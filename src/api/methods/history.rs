//! Methods that go back and forth in a project's history.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::value::InRange;
use super::edit::{BoxResult, Detail};
use super::system::NoParams;

/// Edits that one call lists.
pub const MOST_LISTED: i64 = 4096;

/// How many steps to go.
pub type Steps = InRange<1, 1_000_000>;

params! {
    /// How far to go.
    pub struct StepParams {
        /// How many changes to take back, or to do again.
        steps | "count": Steps = "1",
    }
}

result! {
    /// Where the project is in its history.
    pub struct MovedResult {
        /// Always true, also if there was nothing to do.
        success: bool,
        /// How many changes were taken back or done again; 0 if there was none.
        steps: usize,
        /// What these changes were, in the order in which they were undone or redone; the first
        /// 100.
        labels: Vec<String>,
        /// How many changes can be undone now.
        position: usize,
        /// How many changes are known in all; those from `position` on can be redone.
        count: usize,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Takes back the last changes.
    Undo = "goxel.undo",
    StepParams -> MovedResult,
    effect: Edit, lenient: false,
    by_position: "[1]", by_name: r#"{"steps":2}"#,
}

method! {
    /// Does changes again that were taken back.
    Redo = "goxel.redo",
    StepParams -> MovedResult,
    effect: Edit, lenient: false,
    by_position: "[1]", by_name: r#"{"steps":2}"#,
}

params! {
    /// Where to go.
    pub struct GoToParams<'a> {
        /// The position: how many changes are done there.
        position: Option<u64>,
        /// The name of a checkpoint, instead of the position.
        checkpoint: Option<Cow<'a, str>>,
        /// A revision that showed the state to go to, instead of the position.
        to_revision: Option<u64>,
    }
}

method! {
    /// Goes to a position in the history, to a checkpoint, or to the state of a revision, as one
    /// change.
    GoTo = "goxel.go_to" | "goxel.goto",
    GoToParams<'a> -> MovedResult,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"position":0}"#,
}

params! {
    /// A name for the present state.
    pub struct CheckpointParams<'a> {
        /// The name. Of two positions with one name, the later one counts.
        name: Cow<'a, str>,
    }
}

result! {
    /// The checkpoint.
    pub struct CheckpointResult {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
        /// The position that it names.
        position: usize,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Names the present position in the history, to come back to it with goxel.go_to.
    Checkpoint = "goxel.checkpoint",
    CheckpointParams<'a> -> CheckpointResult,
    effect: Edit, lenient: false,
    by_position: r#"["before the roof"]"#, by_name: r#"{"name":"before the roof"}"#,
}

result! {
    /// What was forgotten.
    pub struct ClearHistoryResult {
        /// Always true.
        success: bool,
        /// How many changes were forgotten.
        steps: usize,
        /// Bytes that they kept.
        bytes: u64,
        /// Revision of the project, which is the same as before.
        revision: u64,
    }
}

method! {
    /// Forgets all changes that can be undone or redone, and the checkpoints. The document and its
    /// revision stay.
    ClearHistory = "goxel.clear_history",
    NoParams -> ClearHistoryResult,
    effect: Edit, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// Which part of the history.
    pub struct HistoryParams {
        /// How many changes to list, the latest ones; 0 means as many as one call may list, 4,096.
        limit: InRange<0, MOST_LISTED> = "100",
        /// "brief" leaves out where each change was.
        detail: Detail = "\"full\"",
        /// The position of the last change to list; the latest change if it is left out.
        until: Option<u64>,
    }
}

result! {
    /// One change.
    pub struct HistoryEntry {
        /// The position after it.
        position: usize,
        /// What it was.
        label: String,
        /// The revision that it made.
        revision: u64,
        /// The name of the checkpoint at this position; absent if there is none.
        checkpoint: Option<String>,
        /// A box around what it touched, maybe up to whole blocks of 16; absent if that is not
        /// known.
        bounds as "box": Option<BoxResult>,
        /// What the box may be rounded to, in voxels; absent if it is exact, or if there is none.
        rounded_to: Option<u32>,
    }
}

result! {
    /// The history.
    pub struct HistoryResult {
        /// How many changes can be undone.
        position: usize,
        /// How many changes are known in all; those from `position` on can be redone.
        count: usize,
        /// The changes, oldest first.
        entries: Vec<HistoryEntry>,
        /// The name of the checkpoint at position 0; absent if there is none.
        first_checkpoint: Option<String>,
        /// The oldest revision whose state is known: that of position 0.
        oldest_revision: u64,
        /// Bytes that the history keeps.
        memory: u64,
        /// Bytes that it may keep; beyond that the oldest changes are forgotten
        /// (`--history-memory`).
        memory_limit: u64,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Lists the changes that can be undone and redone.
    History = "goxel.history" | "goxel.get_history",
    HistoryParams -> HistoryResult,
    effect: Read, lenient: false,
    by_position: "[10]", by_name: r#"{"limit":10}"#,
}
