//! Methods that draw shapes and fill regions.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::operations::MaybeColor;
use super::super::operations::richer::Center;
use super::super::operations::values::{BoxValue, Radius, Tolerance, Wall};
use super::super::schema::Schema;
use super::super::value::InRange;
use super::super::words::Mode;
use super::super::{Color, LayerRef, Position, Value};
use super::edit::BoxResult;
use crate::voxel::Axis;

/// A length of a shape in voxels.
pub type Length = InRange<1, 65_536>;

params! {
    /// A shape to draw.
    pub struct ProceduralShapeParams<'a> {
        /// Which shape: cube, sphere, cylinder, cone, pyramid, torus, ellipsoid, capsule or line.
        shape_type | "shape": Cow<'a, str> = "\"cube\"",
        /// Voxels along x.
        size_x: Length = "10",
        /// Voxels along y.
        size_y: Length = "10",
        /// Voxels along z. The tube of a torus is as thick as that, but about a third of its width
        /// at most.
        size_z: Length = "10",
        /// Its centre in x; with an even size the voxel right of the middle.
        center_x: i32 = "0",
        /// Its centre in y.
        center_y: i32 = "0",
        /// Its centre in z.
        center_z: i32 = "0",
        /// Its colour, in any form, or as r, g, b[, a]. Alpha 0 erases.
        color: MaybeColor,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
        /// Thickness of the wall in voxels; 0 is solid.
        hollow | "wall": Wall = "0",
        /// The axis of cylinders, cones, pyramids, tori and capsules.
        axis: Axis = "\"z\"",
        /// Degrees about x, then y, then z, counter-clockwise seen with the axis pointing at the
        /// viewer.
        rotation: [f64; 3] = "[0,0,0]",
        /// How it combines with what is there.
        mode: Mode = "\"replace\"",
        /// Voxels along all axes, or along each, instead of `size_x`, `size_y` and `size_z`.
        size: Option<Size>,
        /// Radius r in voxels: the shape is 2r+1 voxels wide along each axis, whatever sizes are
        /// given. It spans the voxels whose middles are at most r away from the centre.
        radius | "r": Option<Radius>,
        /// The centre as one value, instead of `center_x`, `center_y` and `center_z`: a voxel, or
        /// halves between two.
        center | "position": Option<ShapeCenter>,
    }
}

/// The centre of a shape: halves are exact, other fractions are rounded down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeCenter(pub [f64; 3]);

impl Value<'_> for ShapeCenter {
    const SCHEMA: Schema = <Center as Value<'_>>::SCHEMA;
    fn parse(raw: &str) -> Option<Self> {
        let exact = Center::parse(raw).map(|center| center.0);
        let voxel = || <[i32; 3]>::parse(raw).map(|center| center.map(f64::from));
        exact.or_else(voxel).map(ShapeCenter)
    }
}

/// The size of a shape in voxels: one length for all axes, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub [u32; 3]);

impl Value<'_> for Size {
    const SCHEMA: Schema = Schema::OneOf(&[
        <Length as Value<'_>>::SCHEMA,
        Schema::List(&<Length as Value<'_>>::SCHEMA, 3, 3),
    ]);
    fn parse(raw: &str) -> Option<Self> {
        let length = |raw| Length::parse(raw).map(|length| length.0 as u32);
        if let Some(length) = length(raw) {
            return Some(Size([length; 3]));
        }
        let lengths = <Vec<Length> as Value>::parse(raw)?;
        let lengths: Vec<u32> = lengths.into_iter().map(|length| length.0 as u32).collect();
        lengths.try_into().ok().map(Size)
    }
}

result! {
    /// What was drawn.
    pub struct ProceduralShapeResult {
        /// Always true.
        success: bool,
        /// The shape.
        shape_type: String,
        /// Voxels that the shape covers. Of a shape over more than two million places that overlaps
        /// others: those that changed.
        voxels_created: u64,
        /// The layer.
        layer_id: i32,
        /// Voxels whose colour changed.
        changed: u64,
        /// The smallest box around what changed; absent if nothing did.
        bounds as "box": Option<BoxResult>,
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

params! {
    /// A region to fill.
    pub struct FloodFillParams {
        /// A voxel of the region, which may be an empty one: x, y, z, or one value `[x,y,z]`.
        position: Position,
        /// The new colour, in any form, or as r, g, b[, a]. Alpha 0 counts as 255.
        color: Color,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
        /// How far each channel may be off from the first voxel, 0 to 255.
        tolerance: Tolerance = "0",
        /// The box that the region cannot leave. Without it the canvas and everything drawn.
        within | "box": Option<BoxValue>,
    }
}

result! {
    /// What was filled.
    pub struct FloodFillResult {
        /// Always true.
        success: bool,
        /// Voxels whose colour changed.
        voxels_filled: u64,
        /// The layer.
        layer_id: i32,
        /// The smallest box around them; absent if there were none.
        bounds as "box": Option<BoxResult>,
    }
}

method! {
    /// Fills the region of like voxels that are connected by their faces.
    FloodFill = "goxel.flood_fill",
    FloodFillParams -> FloodFillResult,
    effect: Edit, lenient: true,
    by_position: r##"[0,0,0,"#000080"]"##,
    by_name: r#"{"x":0,"y":0,"z":0,"color":"navy","within":[[-2,-2,0],[2,2,2]]}"#,
}
