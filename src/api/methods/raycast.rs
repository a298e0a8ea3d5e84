//! What a ray hits.

use super::super::macros::{method, params, result};
use super::super::source::Source;
use super::cameras::{Place, ViewWidth};

params! {
    /// A ray.
    pub struct RaycastParams {
        /// Where it starts, in voxels; fractions allowed. The middle of voxel 0 is 0.5.
        origin | "from": Place,
        /// Where it goes; its length does not matter.
        direction: Place,
        /// How far it goes, in voxels.
        max_distance: ViewWidth = "1000000",
        /// What it can hit: a layer's id, 0 or "active" for the active layer, -2 or "visible" for
        /// all visible layers merged.
        layer_id | "layer": Source = "\"visible\"",
    }
}

result! {
    /// What the ray hit.
    pub struct RaycastResult {
        /// Whether it hit anything; if not, the other members but `revision` are absent.
        hit: bool,
        /// The voxel.
        voxel: Option<[i32; 3]>,
        /// Its colour, 0 to 255 each.
        color: Option<[u8; 4]>,
        /// The side where the ray came in: "-x", "+x", "-y", "+y", "-z" or "+z".
        face: Option<&'static str>,
        /// The empty cell before that side, where a new voxel would go.
        before: Option<[i64; 3]>,
        /// Where the ray met the voxel, in voxels.
        point: Option<[f64; 3]>,
        /// How far that is from the origin, in voxels.
        distance: Option<f64>,
        /// What was looked at: the name of a layer, or "visible".
        layer: String,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Finds the first voxel in the way of a ray.
    Raycast = "goxel.raycast",
    RaycastParams -> RaycastResult,
    effect: Read, lenient: false,
    by_position: "[[0.5,-50,0.5],[0,1,0]]",
    by_name: r#"{"origin":[0.5,0.5,100],"direction":[0,0,-1],"max_distance":200}"#,
    errors: [1002],
}
