//! The fields of each operation.

use super::super::macros::params;
use super::super::words::Direction;
use super::values::*;
use crate::voxel::{Axis, Rgba};

params! {
    /// A box.
    pub struct BoxFields {
        /// One corner, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// Thickness of the wall in voxels; 0 is solid.
        hollow: Wall = "0",
        /// Degrees about x, then y, then z, counter-clockwise seen with the axis pointing at the viewer.
        rotation: [f64; 3] = "[0,0,0]",
    }
}

params! {
    /// A ball.
    pub struct SphereFields {
        /// The voxel in the middle.
        center: [i32; 3],
        /// Radius r in voxels: 2r+1 voxels wide; halves give even widths.
        radius | "r": Radius,
        /// Thickness of the wall in voxels; 0 is solid.
        hollow: Wall = "0",
    }
}

params! {
    /// A solid that fills a box, or stands about a centre.
    pub struct SolidFields {
        /// One corner of the box that it fills, inside; with `max`.
        min: Option<[i32; 3]>,
        /// The opposite corner of the box, inside.
        max: Option<[i32; 3]>,
        /// The voxel in the middle; instead of `min` and `max`.
        center: Option<[i32; 3]>,
        /// Radius r across the axis in voxels: 2r+1 voxels wide.
        radius | "r": Option<Radius>,
        /// Radii along x, y and z in voxels.
        radii: Option<Radii>,
        /// Voxels along the axis; without it as much as across.
        height: Option<u32>,
        /// The axis; cones and pyramids taper towards its positive end.
        axis: Axis = "\"z\"",
        /// Thickness of the wall in voxels; 0 is solid.
        hollow: Wall = "0",
        /// Degrees about x, then y, then z, counter-clockwise seen with the axis pointing at the viewer.
        rotation: [f64; 3] = "[0,0,0]",
    }
}

params! {
    /// A ring.
    pub struct TorusFields {
        /// The voxel in the middle.
        center: [i32; 3],
        /// From the centre to the middle of the tube, in voxels.
        radius | "r": Radius,
        /// Radius t of the tube in voxels: 2t+1 voxels thick.
        tube: Radius,
        /// The axis of the ring.
        axis: Axis = "\"z\"",
        /// Thickness of the wall in voxels; 0 is solid.
        hollow: Wall = "0",
        /// Degrees about x, then y, then z.
        rotation: [f64; 3] = "[0,0,0]",
    }
}

params! {
    /// A line through points.
    pub struct LineFields {
        /// The points, in order.
        points: Vec<[i32; 3]>,
        /// Radius r in voxels: 2r+1 voxels thick; 0 is a thin line.
        radius | "r": Radius = "0",
    }
}

params! {
    /// Single voxels.
    pub struct VoxelsFields {
        /// Where, as `[[x,y,z],...]`, all in the operation's colour.
        points: VoxelList,
        /// Where and in which colour, as `[[x,y,z,color],...]` or `[[x,y,z,r,g,b,a],...]`.
        voxels: VoxelList,
    }
}

params! {
    /// A drawn plane.
    pub struct MapFields {
        /// The axis across the plane.
        axis: Axis = "\"z\"",
        /// Where the plane lies on the axis.
        at: Option<i32>,
        /// The lowest corner of the drawing: `[u,v]` along the two other axes, or a point `[x,y,z]`.
        origin: MapOrigin = "[0,0]",
        /// The rows as texts, one character a voxel; the first row is the highest. "." and blank are empty.
        rows: TextRows,
        /// The colour of each character.
        legend: Legend,
    }
}

params! {
    /// Columns of voxels.
    pub struct HeightmapFields {
        /// The lowest corner of the landscape.
        origin: [i32; 3] = "[0,0,0]",
        /// Heights in voxels, row by row; the first row is the farthest (highest y), x runs along a row.
        rows: HeightRows,
        /// Two or more colours from the lowest voxel to the highest, instead of `color`.
        gradient: Option<Gradient>,
    }
}

params! {
    /// A part of the layer, put elsewhere.
    pub struct CopyFields {
        /// One corner of the part, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// The new lowest corner.
        to: [i32; 3],
        /// How often it is put.
        times: u32 = "1",
        /// From one repetition to the next, in voxels.
        step: Option<[i32; 3]>,
    }
}

params! {
    /// A mirror.
    pub struct MirrorFields {
        /// The axis across the mirror.
        axis: Axis,
        /// Where the mirror lies on the axis: at a voxel (5), or between two voxels (5.5).
        at: f64,
        /// true keeps what is there and adds its image; false leaves the image only.
        both: bool = "true",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A turn about an axis.
    pub struct RotateFields {
        /// The axis.
        axis: Axis = "\"z\"",
        /// Quarter turns, counter-clockwise seen with the axis pointing at the viewer.
        turns | "quarter_turns": i32 = "1",
        /// The middle of the turn: at a voxel (5), or between two (5.5), both across the axis alike. Without it
        /// the middle of what turns.
        center: Option<[f64; 3]>,
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A change of size.
    pub struct ScaleFields {
        /// 2 doubles, 0.5 or "1/2" halves.
        factor: Factor,
        /// The voxel that stays where it is; without it the lowest corner of what is scaled.
        center: Option<[i32; 3]>,
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// One colour for another.
    pub struct ReplaceColorFields {
        /// The colour to look for.
        from: Rgba,
        /// The colour to put; alpha 0 erases.
        to: Rgba,
        /// How far each channel may be off, 0 to 255: one number, or one for each channel.
        tolerance: Tolerance = "0",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A region filled.
    pub struct FillFields {
        /// A voxel of the region, which may be an empty one.
        at: [i32; 3],
        /// How far each channel may be off from the voxel at `at`, 0 to 255.
        tolerance: Tolerance = "0",
        /// The box that the region cannot leave. Without it the canvas and everything drawn.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A box emptied.
    pub struct ClearFields {
        /// One corner, inside; without `min` and `max` the whole layer.
        min: Option<[i32; 3]>,
        /// The opposite corner, inside.
        max: Option<[i32; 3]>,
    }
}

params! {
    /// A face pulled out.
    pub struct ExtrudeFields {
        /// A voxel of the face: the connected voxels in its plane that have nothing in front of them.
        at: [i32; 3],
        /// Where to: "+x", "-x", "+y", "-y", "+z" or "-z".
        direction | "axis": Direction,
        /// How many voxels; negative pushes the face in.
        distance: i32 = "1",
    }
}

params! {
    /// The inside taken out.
    pub struct HollowFields {
        /// Thickness of the wall that stays, in voxels.
        thickness: Thickness = "1",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A skin around everything.
    pub struct ShellFields {
        /// Thickness of the skin in voxels.
        thickness: Thickness = "1",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// Rough edges smoothed.
    pub struct SmoothFields {
        /// How often, 1 to 16.
        amount: Passes = "1",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// Chance.
    pub struct NoiseFields {
        /// How much: the share of brightness that a voxel may gain or lose, or with mode "subtract" the share
        /// of voxels that go.
        amount: Share = "0.1",
        /// The same seed gives the same noise.
        seed: u32 = "0",
        /// Only voxels in this box.
        within | "box": Option<BoxValue>,
    }
}

params! {
    /// A layer put into another.
    pub struct CombineFields {
        /// Id of the layer to take the voxels from.
        source | "from": i32,
    }
}

/// Thickness of a wall or skin in voxels.
pub type Thickness = super::super::value::InRange<1, 64>;
/// Repetitions of a filter.
pub type Passes = super::super::value::InRange<1, 16>;
