//! `goxel.edit`: the operation set.

use std::borrow::Cow;

use super::super::Value;
use super::super::macros::{method, params, result};
use super::super::operations;
use super::super::schema::{Describe, Schema};
use super::super::words::words;
use crate::voxel::Bounds;

/// The raw list of operations.
pub struct OperationList<'a>(pub &'a str);

impl<'a> Value<'a> for OperationList<'a> {
    const SCHEMA: Schema =
        Schema::Custom("an array of operations, each an object with \"op\"", operations::schema);
    fn parse(raw: &'a str) -> Option<Self> {
        raw.starts_with('[').then_some(OperationList(raw))
    }
}

params! {
    /// A change.
    pub struct EditParams<'a> {
        /// The operations, carried out in order, all or none. rpc.discover and the guide describe
        /// each.
        operations | "ops": OperationList<'a>,
        /// true only tells what would change.
        dry_run: bool = "false",
        /// Refuse the change unless the project is at this revision.
        expected_revision: Option<u64>,
        /// What the history calls the change.
        label: Option<Cow<'a, str>>,
        /// "brief" leaves out what each operation came to and all but the first few warnings.
        detail: Detail = "\"full\"",
    }
}

words! {
    /// How much an answer tells.
    pub enum Detail {
        /// Everything.
        Full = "full",
        /// The sum only.
        Brief = "brief",
    }
}

result! {
    /// A box; both corners are inside.
    pub struct BoxResult {
        /// The lowest corner.
        min: [i64; 3],
        /// The highest corner.
        max: [i64; 3],
        /// Voxels along x, y and z: max - min + 1.
        dimensions: [i64; 3],
    }
}

impl From<Bounds> for BoxResult {
    fn from(bounds: Bounds) -> Self {
        BoxResult { min: bounds.min, max: bounds.max_inside(), dimensions: bounds.dimensions() }
    }
}

result! {
    /// What one operation came to.
    pub struct OperationResult {
        /// The operation.
        op: &'static str,
        /// The layer it worked on.
        layer_id: i32,
        /// Voxels whose colour changed, added and removed ones included.
        changed: u64,
        /// Voxels that were empty before.
        added: u64,
        /// Voxels that are empty now.
        removed: u64,
    }
}

result! {
    /// Something about an operation that may not have been meant.
    pub struct EditWarning {
        /// The operation's place in the list, from 0.
        operation: usize,
        /// What.
        message: String,
    }
}

result! {
    /// What the change came to.
    pub struct EditResult {
        /// Always true.
        success: bool,
        /// Revision of the project after the change.
        revision: u64,
        /// Whether nothing was changed because only the outcome was asked for.
        dry_run: bool,
        /// Voxels whose colour changed, added and removed ones included; one that two operations
        /// change counts twice.
        changed: u64,
        /// Voxels that were empty before.
        added: u64,
        /// Voxels that are empty now.
        removed: u64,
        /// The smallest box around everything that changed; absent if nothing did.
        bounds as "box": Option<BoxResult>,
        /// How many operations there were.
        operation_count: usize,
        /// The operations, in order; the first 1000 of them. Absent if brief.
        operations: Option<Vec<OperationResult>>,
        /// What to look at; the first 100 warnings, or 5 if brief.
        warnings: Vec<EditWarning>,
    }
}

method! {
    /// Changes the document by a list of operations: one undo step, or nothing at all.
    Edit = "goxel.edit",
    EditParams<'a> -> EditResult,
    effect: Edit, lenient: false,
    by_position: r##"[[{"op":"box","min":[0,0,0],"max":[7,7,3],"color":"#886644"}]]"##,
    by_name: r#"{"operations":[{"op":"sphere","center":[0,0,8],"radius":4,"color":"red"},{"op":"mirror","axis":"x","at":0}],"expected_revision":0}"#,
    errors: [1002, 1003],
}

impl Describe for OperationList<'_> {
    const SCHEMA: Schema = <Self as Value>::SCHEMA;
}
