//! Planes of voxels as rows of characters.

use std::collections::BTreeMap;

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::source::Source;
use super::super::value::InRange;
use super::super::{BoxParam, Corners};
use crate::voxel::Axis;

/// The most planes that one call shows.
pub const MAX_PLANES: i64 = 64;

params! {
    /// Which planes to show.
    pub struct SliceParams {
        /// The axis across the planes. Across x the columns run along y, else along x; across z the
        /// rows run along y, else along z.
        axis: Axis = "\"z\"",
        /// Where the first plane lies on the axis; absent: the lowest that holds a voxel.
        at: Option<i32>,
        /// How many planes, one after the other along the axis.
        count: InRange<1, MAX_PLANES> = "1",
        /// The part of space to show; absent: the box around all voxels looked at.
        within | "box": Option<BoxParam>,
        /// What to look at: a layer's id, 0 or "active" for the active layer, -2 or "visible" for
        /// all visible layers merged.
        layer_id | "layer": Source = "\"visible\"",
        /// Whether the planes come as operations of goxel.edit, too.
        operations: bool = "false",
    }
}

result! {
    /// A plane as an operation of goxel.edit.
    pub struct MapOperation {
        /// Always "map".
        op: &'static str,
        /// Always "replace", so that alpha is kept as it is.
        mode: &'static str,
        /// The axis across the plane.
        axis: &'static str,
        /// Where the plane lies on the axis.
        at: i64,
        /// The lowest corner of the drawing along the two other axes.
        origin: [i64; 2],
        /// One character a voxel; the first row is the highest. "." is empty.
        rows: Spelt<Vec<String>>,
        /// The colour of each character, `#RRGGBBAA`.
        legend: BTreeMap<String, String>,
    }
}

result! {
    /// The planes.
    pub struct SliceResult {
        /// Whether there is no voxel in them at all.
        empty: bool,
        /// How many voxels they hold.
        voxel_count: u64,
        /// The axis along the columns, left to right.
        columns: &'static str,
        /// The axis along the rows, bottom to top.
        rows: &'static str,
        /// The part of space that is shown.
        bounds: Option<Corners>,
        /// The planes to read: with the numbers of rows and columns, and the legend at the end.
        text: Spelt<String>,
        /// The planes as operations that goxel.edit takes to draw them again, if they were asked
        /// for.
        operations: Option<Vec<MapOperation>>,
        /// The layer that was looked at; absent for all visible ones.
        layer_id: Option<i32>,
        /// What was looked at: the name of a layer, or "visible".
        layer: String,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Shows planes of voxels as rows of characters with a legend; goxel.edit draws them again.
    SlicePlanes = "goxel.slice" | "goxel.get_slice",
    SliceParams -> SliceResult,
    effect: Read, lenient: false,
    by_position: r#"["z",0]"#,
    by_name: r#"{"axis":"y","at":0,"count":2,"within":{"min":[-4,-4,0],"max":[4,4,8]},"layer_id":"visible"}"#,
    errors: [1002, 1004],
}
