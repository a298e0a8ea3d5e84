//! The fields of each operation.

use super::super::macros::params;
use super::super::methods::layer_settings::AnyLayer;
use super::super::words::Direction;
use super::richer::*;
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
        /// Degrees about x, then y, then z, counter-clockwise seen with the axis pointing at the
        /// viewer.
        rotation: [f64; 3] = "[0,0,0]",
    }
}

params! {
    /// A ball.
    pub struct SphereFields {
        /// The middle: a voxel, or halves between two. It spans the voxels whose middles are at
        /// most `radius` away.
        center: Center,
        /// Radius r in voxels: 2r+1 voxels wide about a voxel.
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
        /// The middle, a voxel or halves between two; instead of `min` and `max`.
        center: Option<Center>,
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
        /// Degrees about x, then y, then z, counter-clockwise seen with the axis pointing at the
        /// viewer.
        rotation: [f64; 3] = "[0,0,0]",
    }
}

params! {
    /// A ring.
    pub struct TorusFields {
        /// The middle: a voxel, or halves between two.
        center: Center,
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
        /// The lowest corner of the drawing: `[u,v]` along the two other axes, or a point
        /// `[x,y,z]`.
        origin: MapOrigin = "[0,0]",
        /// The rows as texts, one character a voxel; the first row is the highest. "." and blank
        /// are empty.
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
        /// Heights in voxels, row by row; the first row is the farthest (highest y), x runs along a
        /// row.
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
    }
}

params! {
    /// A turn about an axis.
    pub struct RotateFields {
        /// The axis.
        axis: Axis = "\"z\"",
        /// Quarter turns, counter-clockwise seen with the axis pointing at the viewer; absent: one.
        turns | "quarter_turns": Option<Turns>,
        /// Any angle in degrees instead of `turns`; voxels take the colour of the nearest one.
        angle | "degrees": Option<f64>,
        /// The middle of the turn: at a voxel (5), or between two (5.5), both across the axis alike
        /// if it turns by quarters. Without it the middle of what turns.
        center: Option<[f64; 3]>,
    }
}

params! {
    /// A change of size.
    pub struct ScaleFields {
        /// 2 doubles, 0.5 or "1/2" halves.
        factor: Factor,
        /// The voxel that stays where it is; without it the lowest corner of what is scaled.
        center: Option<[i32; 3]>,
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
    }
}

params! {
    /// A region filled.
    pub struct FillFields {
        /// A voxel of the region, which may be an empty one.
        at: [i32; 3],
        /// How far each channel may be off from the voxel at `at`, 0 to 255.
        tolerance: Tolerance = "0",
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
        /// A voxel of the face: the connected voxels in its plane that have nothing in front of
        /// them.
        at: [i32; 3],
        /// Where to: "+x", "-x", "+y", "-y", "+z" or "-z".
        direction | "axis": Direction,
        /// How many voxels; negative pushes the face in.
        distance: Turns = "1",
    }
}

params! {
    /// The inside taken out.
    pub struct HollowFields {
        /// Thickness of the wall that stays, in voxels.
        thickness: Thickness = "1",
    }
}

params! {
    /// A skin around everything.
    pub struct ShellFields {
        /// Thickness of the skin in voxels.
        thickness: Thickness = "1",
    }
}

params! {
    /// Rough edges smoothed.
    pub struct SmoothFields {
        /// How often, 1 to 16.
        amount: Passes = "1",
    }
}

params! {
    /// Chance.
    pub struct NoiseFields {
        /// How much: the share of brightness that a voxel may gain or lose, or with mode "subtract"
        /// the share of voxels that go; absent: 0.1.
        amount: Option<Share>,
        /// How many levels of brightness: a plain wall gets that many colours; absent: 4.
        steps: Option<Steps>,
        /// Colours to choose from by chance, instead of brightness.
        colors: Option<Colors>,
        /// The same seed gives the same noise.
        seed: u32 = "0",
    }
}

params! {
    /// A solid with a triangle for its cross-section.
    pub struct WedgeFields {
        /// One corner of the box that it fills, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// The axis along which its cross-section stays the same; absent: the horizontal one that
        /// `side` is not on.
        axis: Option<Axis>,
        /// Where it is high: "+x", "-x", "+y", "-y", "+z" or "-z".
        side | "direction": Option<Direction>,
    }
}

params! {
    /// Steps.
    pub struct StairsFields {
        /// One corner of the box that they fill, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// Which way they go up: "+x", "-x", "+y" or "-y".
        direction | "side": Direction = "\"+x\"",
    }
}

params! {
    /// A box without floor and lid.
    pub struct WallsFields {
        /// One corner, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// Thickness of the walls in voxels.
        thickness: Thickness = "1",
    }
}

params! {
    /// Operations, again and again.
    pub struct RepeatFields {
        /// What is repeated.
        operations | "ops": Nested,
        /// How often in all, or how often along x, y and z.
        times | "count": Option<Times>,
        /// From one to the next, in voxels.
        step: Option<[i32; 3]>,
        /// Around an axis instead: `{"axis":"z","count":6,"center":[0,0,0]}`.
        radial: Option<Radial>,
        /// Quarter turns about z of each one against the one before.
        turns: Turns = "0",
    }
}

params! {
    /// Operations here and there.
    pub struct ScatterFields {
        /// What is scattered, drawn around the origin, which comes to stand on top of a voxel.
        operations | "ops": Nested,
        /// How many; without it as many as `spacing` leaves room for.
        count: Option<u32>,
        /// The least distance between two, in voxels.
        spacing: Option<Distance>,
        /// The same seed gives the same places.
        seed: u32 = "0",
        /// Only on tops at this z or above.
        min_height: Option<i32>,
        /// Only on tops at this z or below.
        max_height: Option<i32>,
        /// Only where the columns beside differ by at most this much.
        max_slope: Option<u32>,
    }
}

params! {
    /// New colours.
    pub struct PaintFields {
        /// Colours by chance: `{"#5a8f3c":3,"#6ba04a":1}`, each with its weight; or a list of
        /// colours.
        colors: Option<WeightedColors>,
        /// Colours along an axis instead: two or more, from the lowest voxel to the highest.
        gradient: Option<Gradient>,
        /// The axis of the gradient; absent: z.
        axis: Option<Axis>,
        /// Where on the axis each colour of the gradient is; absent: evenly over what is painted.
        stops: Option<Stops>,
        /// Whether only the colours themselves are used, mixed by chance.
        dither: bool = "false",
        /// The same seed gives the same colours.
        seed: u32 = "0",
        /// Only voxels with nothing on top ("top"), or with a free side ("any").
        exposed: Option<Exposed>,
        /// Only at this z or above.
        above: Option<i32>,
        /// Only at this z or below.
        below: Option<i32>,
        /// Only where the surface beside is at most this much higher or lower.
        max_slope: Option<SlopeLimit>,
    }
}

params! {
    /// A landscape by chance.
    pub struct TerrainFields {
        /// One corner of the box that it fills, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// The same seed gives the same landscape.
        seed: u32 = "0",
        /// How far hills are apart, in voxels.
        scale: Distance = "24",
        /// How many finer and finer levels there are.
        octaves: Passes = "4",
        /// Water up to a level: `{"level":4,"color":"#3060a0"}`.
        water: Option<Water>,
        /// Colours by height, from the lowest: `[{"below":3,"color":"sand"},{"color":"green"}]`,
        /// each up to that z.
        bands: Option<Bands>,
    }
}

params! {
    /// A tube through points.
    pub struct TubeFields {
        /// The points, in order; fractions allowed.
        points: PointList,
        /// Radius in voxels, or one for each point; in between it changes evenly.
        radii | "radius": RadiusList = "1",
        /// Whether it bends through the points instead of going straight.
        spline: bool = "false",
    }
}

params! {
    /// Letters.
    pub struct TextFields {
        /// What is written: capitals, digits and a few signs, 5 by 7 dots each.
        text: String,
        /// The lowest corner of the first letter.
        at: [i32; 3],
        /// The axis across the writing: "y" reads from the front, "x" from the right, "z" from
        /// above.
        axis: Axis = "\"y\"",
        /// Voxels for each dot.
        size: Thickness = "1",
        /// Voxels along the axis.
        depth: Thickness = "1",
    }
}

params! {
    /// Another model, put here.
    pub struct StampFields {
        /// The file of the model.
        path | "file_path": Option<String>,
        /// Or the open project that it is in.
        from_project: Option<String>,
        /// The new lowest corner.
        at | "to": [i32; 3],
        /// Quarter turns about z, counter-clockwise from above.
        turns: Turns = "0",
        /// The axis along which it is mirrored first.
        mirror: Option<Axis>,
    }
}

params! {
    /// A layer put into another.
    pub struct CombineFields {
        /// The layer to take the voxels from: its id or name.
        source | "from": AnyLayer,
    }
}

/// Thickness of a wall or skin in voxels.
pub type Thickness = super::super::value::InRange<1, 64>;
/// A whole number that may be negative: turns, or how far a face goes.
pub type Turns = super::super::value::InRange<{ i32::MIN as i64 }, { i32::MAX as i64 }>;
/// Repetitions of a filter.
pub type Passes = super::super::value::InRange<1, 16>;
