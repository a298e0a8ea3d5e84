//! Methods that move, turn, resize and mirror a layer or what is selected of it.

use super::super::macros::{method, params, result};
use super::super::operations::forms::Turns;
use super::super::operations::values::Factor;
use super::super::words::words;
use super::super::{Corners, LayerRef};
use crate::voxel::Axis;

words! {
    /// What a transformation takes.
    pub enum Subject {
        /// All voxels of the layer.
        Layer = "layer",
        /// What is selected of it; the selection goes along.
        Selection = "selection",
    }
}

result! {
    /// What a transformation came to.
    pub struct TransformResult {
        /// Always true.
        success: bool,
        /// Voxels that were taken.
        taken: u64,
        /// Voxels that they are now, before they were put over the rest of the layer.
        put: u64,
        /// The box around them now; absent if there are none.
        bounds: Option<Corners>,
        /// The layer.
        layer_id: i32,
        /// Revision of the project.
        revision: u64,
    }
}

params! {
    /// A shift.
    pub struct MoveParams {
        /// How far, in voxels along x, y and z.
        offset | "by": [i32; 3],
        /// "layer", or "selection" for what is selected of it.
        target: Subject = "\"layer\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Moves a layer's voxels, or those that are selected together with the selection.
    MoveVoxels = "goxel.move_voxels" | "goxel.move_layer" | "goxel.translate",
    MoveParams -> TransformResult,
    effect: Edit, lenient: false,
    by_position: "[[5,0,0]]", by_name: r#"{"offset":[0,0,4],"target":"selection"}"#,
}

params! {
    /// A turn.
    pub struct RotateParams {
        /// The axis to turn about.
        axis: Axis = "\"z\"",
        /// Quarter turns, counter-clockwise seen with the axis pointing at the viewer.
        turns | "quarter_turns": Turns = "1",
        /// The middle of the turn: at a voxel (5), or between two (5.5), both across the axis
        /// alike; absent: the middle of what turns.
        center: Option<[f64; 3]>,
        /// "layer", or "selection" for what is selected of it.
        target: Subject = "\"layer\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Turns a layer's voxels by quarter turns, or those that are selected together with the
    /// selection.
    RotateVoxels = "goxel.rotate_voxels" | "goxel.rotate_layer",
    RotateParams -> TransformResult,
    effect: Edit, lenient: false,
    by_position: r#"["z",1]"#, by_name: r#"{"axis":"x","turns":2,"target":"selection"}"#,
}

params! {
    /// A change of size.
    pub struct ScaleParams {
        /// 2 doubles, 0.5 or "1/2" halves.
        factor: Factor,
        /// The voxel that stays where it is; absent: the lowest corner of what is scaled.
        center: Option<[i32; 3]>,
        /// "layer", or "selection" for what is selected of it.
        target: Subject = "\"layer\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Enlarges or shrinks a layer's voxels, or those that are selected together with the
    /// selection.
    ScaleVoxels = "goxel.scale_voxels" | "goxel.scale_layer",
    ScaleParams -> TransformResult,
    effect: Edit, lenient: false,
    by_position: "[2]", by_name: r#"{"factor":"1/2","target":"layer"}"#,
}

params! {
    /// A mirror.
    pub struct MirrorParams {
        /// The axis across the mirror.
        axis: Axis,
        /// Where the mirror lies on the axis: at a voxel (5), or between two voxels (5.5); absent:
        /// in the middle of what is mirrored.
        at: Option<f64>,
        /// "layer", or "selection" for what is selected of it.
        target: Subject = "\"layer\"",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Flips a layer's voxels, or those that are selected together with the selection.
    MirrorVoxels = "goxel.mirror_voxels" | "goxel.mirror_layer" | "goxel.flip_layer",
    MirrorParams -> TransformResult,
    effect: Edit, lenient: false,
    by_position: r#"["x"]"#, by_name: r#"{"axis":"x","at":0,"target":"layer"}"#,
}
