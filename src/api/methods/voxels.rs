//! Methods about single voxels and lists of them.

use super::super::macros::{method, params, result};
use super::super::value::Raw;
use super::super::{Color, LayerRef, Position};
use super::edit::BoxResult;
use super::layers::OtherLayer;

params! {
    /// A voxel to set.
    pub struct AddVoxelParams {
        /// Where: x, y, z, or one value `[x,y,z]`. A fraction is rounded down.
        position: Position,
        /// Its colour, in any form, or as r, g, b[, a]. Alpha 0 erases.
        color: Color = "\"#ffffff\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// The voxel that was set.
    pub struct AddVoxelResult {
        /// Always true.
        success: bool,
        /// Its x.
        x: i32,
        /// Its y.
        y: i32,
        /// Its z.
        z: i32,
        /// The layer it is in.
        layer_id: i32,
        /// Its colour, 0 to 255 each.
        color: [u8; 4],
    }
}

method! {
    /// Sets one voxel; what was there is overwritten.
    AddVoxel = "goxel.add_voxel" | "voxel.add",
    AddVoxelParams -> AddVoxelResult,
    effect: Edit, lenient: true,
    by_position: r##"[1,2,3,"#ff8800"]"##, by_name: r#"{"position":[1,2,3],"color":[255,136,0]}"#,
}

params! {
    /// A voxel to remove.
    pub struct RemoveVoxelParams {
        /// Where: x, y, z, or one value `[x,y,z]`.
        position: Position,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// The voxel that was removed.
    pub struct RemoveVoxelResult {
        /// Always true, also if nothing was there.
        success: bool,
        /// Its x.
        x: i32,
        /// Its y.
        y: i32,
        /// Its z.
        z: i32,
        /// The layer.
        layer_id: i32,
        /// Whether a voxel was there.
        removed: bool,
    }
}

method! {
    /// Removes one voxel.
    RemoveVoxel = "goxel.remove_voxel",
    RemoveVoxelParams -> RemoveVoxelResult,
    effect: Edit, lenient: true,
    by_position: "[1,2,3]", by_name: r#"{"x":1,"y":2,"z":3}"#,
}

result! {
    /// A voxel.
    pub struct GetVoxelResult {
        /// Its x.
        x: i32,
        /// Its y.
        y: i32,
        /// Its z.
        z: i32,
        /// Whether there is one: its alpha is above 0.
        exists: bool,
        /// Its colour, 0 to 255 each; all 0 where nothing is.
        color: [u8; 4],
        /// The same as x, y and z.
        position: [i32; 3],
        /// Index of the layer's material; absent if it has none.
        material_id: Option<usize>,
        /// The layer that was looked at.
        layer_id: i32,
        /// The layer that was looked at: its name.
        layer: String,
        /// What other layers hold, those with any voxels.
        others: Vec<OtherLayer>,
    }
}

method! {
    /// Reads one voxel of a layer.
    GetVoxel = "goxel.get_voxel" | "get_voxel_info",
    RemoveVoxelParams -> GetVoxelResult,
    effect: Read, lenient: true,
    by_position: "[1,2,3]", by_name: r#"{"x":1,"y":2,"z":3}"#,
}

params! {
    /// A voxel to recolour.
    pub struct PaintVoxelsParams {
        /// Where: x, y, z, or one value `[x,y,z]`.
        position: Position,
        /// Its new colour, in any form, or as r, g, b[, a]. Alpha 0 counts as 255.
        color: Color,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// What was painted.
    pub struct PaintVoxelsResult {
        /// Always true.
        success: bool,
        /// How many voxels: 1.
        painted: u64,
        /// The layer.
        layer_id: i32,
        /// The colour before, 0 to 255 each.
        previous: [u8; 4],
    }
}

method! {
    /// Recolours one voxel that is there.
    PaintVoxels = "goxel.paint_voxels" | "paint_voxel",
    PaintVoxelsParams -> PaintVoxelsResult,
    effect: Edit, lenient: true,
    by_position: r##"[1,2,3,"#c85028"]"##, by_name: r##"{"x":1,"y":2,"z":3,"color":"#c85028"}"##,
}

params! {
    /// Voxels to set.
    pub struct AddVoxelsParams<'a> {
        /// The voxels: objects with x, y, z and r, g, b[, a], or with position and color, or lists
        /// `[x,y,z,color]`.
        voxels: Option<Raw<'a>>,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// A voxel of a list that could not be set.
    pub struct FailedVoxel {
        /// Its place in the list, from 0.
        index: usize,
        /// What was there, cut short.
        got: String,
    }
}

result! {
    /// What was set.
    pub struct AddVoxelsResult {
        /// Whether every voxel of the list was set.
        success: bool,
        /// How many voxels of the list were set.
        added: u64,
        /// How many could not be read; the others were set all the same.
        failed: u64,
        /// The layer.
        layer_id: i32,
        /// The first ten that failed.
        failures: Vec<FailedVoxel>,
        /// What a voxel of the list looks like; given if some failed.
        expected: Option<&'static str>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Sets a list of voxels at once.
    AddVoxels = "add_voxels" | "add_voxel_batch" | "batch_add_voxels",
    AddVoxelsParams<'a> -> AddVoxelsResult,
    effect: Edit, lenient: true,
    by_position: r##"[[{"x":0,"y":0,"z":0,"r":255,"g":0,"b":0},[1,0,0,"#00ff00"]]]"##,
    by_name: r##"{"voxels":[{"position":[0,0,0],"color":[255,0,0]},{"x":1,"y":0,"z":0,"r":0,"g":255,"b":0,"a":255}]}"##,
}

params! {
    /// What to empty.
    pub struct ClearVoxelsParams {
        /// One corner of a box, inside; without `min` and `max` the whole layer.
        min: Option<[i32; 3]>,
        /// The opposite corner, inside.
        max: Option<[i32; 3]>,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// What was removed.
    pub struct ClearVoxelsResult {
        /// Always true.
        success: bool,
        /// How many voxels were removed.
        removed: u64,
        /// The layer.
        layer_id: i32,
        /// The smallest box around them; absent if there were none.
        bounds as "box": Option<BoxResult>,
    }
}

method! {
    /// Removes all voxels of a layer, or those in a box.
    ClearVoxels = "goxel.clear_voxels",
    ClearVoxelsParams -> ClearVoxelsResult,
    effect: Edit, lenient: true,
    by_position: "[[0,0,0],[7,7,7]]", by_name: r#"{"layer_id":1}"#,
}
