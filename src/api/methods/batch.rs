//! `goxel.batch_operations`: the older form of the operation set.

use super::super::LayerRef;
use super::super::macros::{method, params, result};

params! {
    /// Operations.
    pub struct BatchParams<'a> {
        /// The operations: those of goxel.edit, or the older ones
        /// `{"type":"add_voxel","x":..,"y":..,"z":.., "r":..,"g":..,"b":..,"a":..}`, remove_voxel,
        /// paint_voxel, flood_fill and procedural_shape.
        operations: Option<super::super::value::Raw<'a>>,
        /// The layer of those that name none; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// What they came to.
    pub struct BatchResult {
        /// Always true.
        success: bool,
        /// How many there were.
        total_operations: usize,
        /// How many were carried out: all of them, or the call fails as a whole.
        successful_operations: usize,
        /// Voxels whose colour changed.
        changed: u64,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Carries out many operations at once: one undo step, or nothing at all.
    BatchOperations = "goxel.batch_operations" | "batch",
    BatchParams<'a> -> BatchResult,
    effect: Edit, lenient: true,
    by_position: "",
    by_name: r##"{"operations":[{"type":"add_voxel","x":0,"y":0,"z":0,"r":255,"g":0,"b":0},{"op":"sphere","center":[4,4,4],"radius":2,"color":"#00f"}]}"##,
    errors: [1002],
}
