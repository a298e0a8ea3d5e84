//! What there is to know about a model without looking at it.

use super::super::macros::{method, params, result};
use super::super::source::Source;
use super::super::value::InRange;
use super::super::{BoxParam, Corners};
use super::edit::Detail;

params! {
    /// What to measure.
    pub struct MeasureParams {
        /// What to look at: a layer's id, 0 or "active" for the active layer, -2 or "visible" for
        /// all visible layers merged.
        layer_id | "layer": Source = "\"visible\"",
        /// The part of space to measure; absent: all.
        within | "box": Option<BoxParam>,
        /// The most colours to list.
        colors: InRange<0, 4096> = "32",
        /// The most parts to list.
        parts: InRange<0, 1000> = "32",
        /// "brief" counts colours and parts and lists none.
        detail: Detail = "\"full\"",
    }
}

result! {
    /// A colour and how often it occurs.
    pub struct CountedColor {
        /// The colour, `#RRGGBBAA`.
        color: String,
        /// How many voxels have it.
        count: u64,
    }
}

result! {
    /// Voxels that hang together, side by side.
    pub struct MeasuredPart {
        /// How many there are.
        voxel_count: u64,
        /// The box around them.
        bounds: Corners,
        /// One of them.
        sample: [i32; 3],
        /// Whether it stands on nothing: it does not reach down to the lowest voxel of all.
        floating: bool,
    }
}

result! {
    /// Shares from 0 to 1 of the voxels that are also there when mirrored about the middle of the
    /// box.
    pub struct Symmetry {
        /// Left and right changed.
        x: f64,
        /// Front and back changed.
        y: f64,
        /// Top and bottom changed.
        z: f64,
    }
}

result! {
    /// The measures.
    pub struct MeasureResult {
        /// Whether there is no voxel at all; then there are no boxes and lists are empty.
        empty: bool,
        /// How many voxels there are.
        voxel_count: u64,
        /// The box around them.
        bounds: Option<Corners>,
        /// Voxels along x, y and z of that box.
        size: Option<[i64; 3]>,
        /// The share of that box that is filled, 0 to 1.
        fill: f64,
        /// The middle of all voxels, in voxels.
        center: Option<[f64; 3]>,
        /// Open faces of voxels: those with an empty cell beside them.
        surface_area: u64,
        /// How many colours there are.
        color_count: usize,
        /// The most frequent colours; absent where a brief answer was asked for.
        colors: Option<Vec<CountedColor>>,
        /// How many parts there are that do not hang together.
        part_count: usize,
        /// How many of those float.
        floating_parts: usize,
        /// The largest parts; absent where a brief answer was asked for.
        parts: Option<Vec<MeasuredPart>>,
        /// How far the shape is the same when mirrored.
        symmetry: Symmetry,
        /// How far shape and colours are the same when mirrored.
        color_symmetry: Symmetry,
        /// The layer that was measured; absent for all visible ones.
        layer_id: Option<i32>,
        /// What was looked at: the name of a layer, or "visible".
        layer: String,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Measures a model: counts, size, colours, parts, what floats, symmetry, surface.
    Measure = "goxel.measure",
    MeasureParams -> MeasureResult,
    effect: Read, lenient: false,
    by_position: r#"["visible"]"#,
    by_name: r#"{"layer_id":"active","within":{"min":[0,0,0],"max":[15,15,15]},"colors":5}"#,
    errors: [1002],
}
