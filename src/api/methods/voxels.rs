//! Methods about single voxels and shapes.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::{Color, LayerRef, Position};

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
    AddVoxel = "goxel.add_voxel",
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
        /// The layer that was looked at.
        layer_id: i32,
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
    /// A shape to draw.
    pub struct ProceduralShapeParams<'a> {
        /// Which shape.
        shape_type | "shape": Cow<'a, str> = "\"cube\"",
        /// Voxels along x.
        size_x: u32 = "10",
        /// Voxels along y.
        size_y: u32 = "10",
        /// Voxels along z.
        size_z: u32 = "10",
        /// Its centre in x; with an even size the voxel right of the middle.
        center_x: i32 = "0",
        /// Its centre in y.
        center_y: i32 = "0",
        /// Its centre in z.
        center_z: i32 = "0",
        /// Its colour, in any form, or as r, g, b[, a].
        color: Color = "\"#000000\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

result! {
    /// What was drawn.
    pub struct ProceduralShapeResult {
        /// Always true.
        success: bool,
        /// The shape.
        shape_type: String,
        /// Voxels that the shape covers.
        voxels_created: u64,
        /// The layer.
        layer_id: i32,
    }
}

method! {
    /// Draws a shape around a centre.
    ProceduralShape = "goxel.procedural_shape",
    ProceduralShapeParams<'a> -> ProceduralShapeResult,
    effect: Edit, lenient: true,
    by_position: r##"["sphere",9,9,9,0,0,4,"#ff0000"]"##,
    by_name: r##"{"shape_type":"cube","size_x":3,"size_y":3,"size_z":3,"color":"#336699"}"##,
}
