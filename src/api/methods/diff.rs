//! The method that compares states of projects.

use std::borrow::Cow;

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::value::InRange;
use super::edit::{BoxResult, Detail};

params! {
    /// What to compare.
    pub struct DiffParams<'a> {
        /// The position in the history to compare from, instead of `from_revision`.
        from: Option<u64>,
        /// The position to compare to, instead of `to_revision`.
        to: Option<u64>,
        /// Another open project to compare with, instead of `from`: what would make it this one.
        other | "other_project": Option<Cow<'a, str>>,
        /// How many voxels to list.
        max_voxels: InRange<0, 100_000> = "100",
        /// The revision to compare from; absent means the state before the last change.
        from_revision: Option<u64>,
        /// The revision to compare to; absent means the present state.
        to_revision: Option<u64>,
        /// "brief" lists layers and no voxels.
        detail: Detail = "\"full\"",
    }
}

result! {
    /// A layer that differs.
    pub struct LayerDiff {
        /// Its id.
        layer_id: i32,
        /// Its name.
        name: String,
        /// "added", "removed" or "changed".
        status: &'static str,
        /// Whether name, visibility, opacity, blend mode or material differ.
        settings_differ: bool,
        /// Voxels whose colour differs, added and removed ones included.
        changed: u64,
        /// Voxels that only the second state has.
        added: u64,
        /// Voxels that only the first state has.
        removed: u64,
        /// The smallest box around them; absent if there are none.
        bounds as "box": Option<BoxResult>,
    }
}

result! {
    /// A voxel that differs.
    pub struct VoxelDiff {
        /// The layer.
        layer_id: i32,
        /// Where.
        position: [i32; 3],
        /// Its colour in the first state; all 0 where nothing is.
        before: [u8; 4],
        /// Its colour in the second state.
        after: [u8; 4],
    }
}

result! {
    /// What differs.
    pub struct DiffResult {
        /// Whether no layer differs.
        same: bool,
        /// Voxels whose colour differs, added and removed ones included.
        changed: u64,
        /// Voxels that only the second state has.
        added: u64,
        /// Voxels that only the first state has.
        removed: u64,
        /// The smallest box around them; absent if there are none.
        bounds as "box": Option<BoxResult>,
        /// The layers that differ.
        layers: Vec<LayerDiff>,
        /// The first voxels that differ; absent where a brief answer was asked for.
        voxels: Option<Spelt<Vec<VoxelDiff>>>,
        /// Whether there are more than are listed.
        truncated: bool,
        /// The revision that was compared from; that of the other project if one was given.
        from_revision: u64,
        /// The revision that was compared to.
        to_revision: u64,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Compares two revisions of a project, two positions of its history, or two projects. A
    /// revision is known as long as the history knows its state.
    Diff = "goxel.diff",
    DiffParams<'a> -> DiffResult,
    effect: Read, lenient: false,
    by_position: "[0]", by_name: r#"{"from_revision":0,"to_revision":0,"max_voxels":10}"#,
}
