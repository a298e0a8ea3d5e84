//! Methods that read many voxels.

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::schema::{COORDINATE, Describe, Field, POINT, RGBA, Schema};
use super::super::value::{ParamType, Value, whole};
use super::super::{Args, LayerRef, Param, ParamError};
use super::layers::OtherLayer;
use crate::job::pieces::Pieces;
use crate::voxel::{Bounds, Point, Rgba};

/// A corner of a region, `[x,y,z]`.
pub struct Corner(pub [i32; 3]);

impl<'a> ParamType<'a> for Corner {
    const SCHEMA: Schema = POINT;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        let name = param.name();
        let raw = args.take(param.names).unwrap_or_default();
        if let Some(point) = Value::parse(raw) {
            return Ok(Some(Corner(point)));
        }
        let is_triple = <Vec<super::super::value::Raw<'_>> as Value>::parse(raw)
            .is_some_and(|values| values.len() == 3);
        let message = if is_triple {
            "Min/max arrays must contain integers".to_owned()
        } else {
            format!("Parameter '{name}' must be an array of 3 integers")
        };
        Err(ParamError::Documented {
            param: name.into(),
            message,
            expected: POINT.expected(),
            got: super::super::args::shown(raw),
        })
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        Value::parse(raw).map(Corner)
    }
}

/// A colour to look for, `[r,g,b]` or `[r,g,b,a]`; without a fourth number, or with 255, alpha does
/// not matter, and with 0 everything is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorFilter(pub Option<Rgba>);

impl Value<'_> for ColorFilter {
    const SCHEMA: Schema = Schema::List(&Schema::Integer(0, 255), 3, 4);
    const OPTIONAL: bool = true;

    fn parse(raw: &str) -> Option<Self> {
        let color = Rgba::parse(raw)?;
        Some(ColorFilter((!color.is_empty()).then_some(color)))
    }

    fn absent() -> Option<Self> {
        Some(ColorFilter(None))
    }
}

impl ColorFilter {
    /// Whether a voxel of this colour is wanted.
    pub fn wants(self, color: Rgba) -> bool {
        self.0.is_none_or(|wanted| {
            let alpha = wanted.a == 255 || wanted.a == color.a;
            alpha && (wanted.r, wanted.g, wanted.b) == (color.r, color.g, color.b)
        })
    }
}

/// How many voxels to answer with; 0 or less means all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit(pub usize);

impl Value<'_> for PageLimit {
    const SCHEMA: Schema = COORDINATE;
    fn parse(raw: &str) -> Option<Self> {
        let limit = i32::try_from(whole(raw)?).ok()?;
        Some(PageLimit(usize::try_from(limit).ok().filter(|&n| n > 0).unwrap_or(usize::MAX)))
    }
}

params! {
    /// A region to read.
    pub struct RegionParams {
        /// The lowest corner, inside.
        min: Corner,
        /// The highest corner, inside.
        max: Corner,
        /// The layer; absent, 0 or -1 means the active one.
        layer_id | "layer": LayerRef,
        /// Only voxels of this colour; a fourth number of 255 or none ignores alpha, 0 turns the
        /// filter off.
        color_filter: ColorFilter,
        /// How many voxels to leave out at the start.
        offset: u64 = "0",
        /// How many voxels to answer with; 0 means all.
        limit: PageLimit = "10000",
    }
}

params! {
    /// A layer to read.
    pub struct LayerVoxelsParams {
        /// The layer; absent, 0 or -1 means the active one.
        layer_id | "layer": LayerRef,
        /// Only voxels of this colour; a fourth number of 255 or none ignores alpha, 0 turns the
        /// filter off.
        color_filter: ColorFilter,
        /// How many voxels to leave out at the start.
        offset: u64 = "0",
        /// How many voxels to answer with; 0 means all.
        limit: PageLimit = "10000",
    }
}

/// Voxels as `[{"x":..,"y":..,"z":..,"color":[r,g,b,a]},..]`, written one after the other.
#[derive(Default)]
pub struct ListedVoxels {
    json: Pieces,
    count: usize,
}

/// Bytes of one voxel, at most.
const VOXEL_ROOM: usize = 128;

impl ListedVoxels {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends a voxel.
    pub fn push(&mut self, point: Point, color: Rgba) {
        let out = self.json.room(VOXEL_ROOM);
        let numbers = [point.x, point.y, point.z].into_iter();
        let numbers = numbers.chain(color.bytes().map(i32::from));
        let names = [r#"{"x":"#, r#","y":"#, r#","z":"#, r#","color":["#, ",", ",", ","];
        out.push(if self.count == 0 { b'[' } else { b',' });
        for (name, number) in names.into_iter().zip(numbers) {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        out.extend_from_slice(b"]}");
        self.count += 1;
    }

    /// The whole list.
    pub fn finish(mut self) -> Spelt<ListedVoxels> {
        self.json.put(if self.count == 0 { b"[]" } else { b"]" });
        Spelt::new(self.json)
    }
}

const fn field(name: &'static str, description: &'static str, schema: &'static Schema) -> Field {
    Field { name, description, required: true, schema }
}

impl Describe for ListedVoxels {
    const SCHEMA: Schema = Schema::List(
        &Schema::Object(&[
            field("x", "Its x.", &COORDINATE),
            field("y", "Its y.", &COORDINATE),
            field("z", "Its z.", &COORDINATE),
            field("color", "Its colour.", &RGBA),
        ]),
        0,
        usize::MAX,
    );
}

result! {
    /// A box; both corners are inside.
    pub struct Bbox {
        /// The lowest corner.
        min: [i64; 3],
        /// The highest corner.
        max: [i64; 3],
    }
}

impl From<Bounds> for Bbox {
    fn from(bounds: Bounds) -> Self {
        Bbox { min: bounds.min, max: bounds.max_inside() }
    }
}

result! {
    /// Voxels of a layer, in an order that only edits change.
    pub struct VoxelPage {
        /// The voxels.
        voxels: Spelt<ListedVoxels>,
        /// How many these are.
        count: usize,
        /// Whether there are more.
        truncated: bool,
        /// The offset to go on with; absent if there are no more.
        next_offset: Option<u64>,
        /// The smallest box around them; absent if there are none.
        bbox: Option<Bbox>,
        /// The layer.
        layer_id: i32,
        /// The layer that was looked at: its name.
        layer: String,
        /// What other layers hold, those with any voxels.
        others: Vec<OtherLayer>,
        /// Revision of the project; if it changes between two pages, start again.
        revision: u64,
    }
}

method! {
    /// Reads the voxels in a box, page by page.
    GetVoxelsRegion = "goxel.get_voxels_region",
    RegionParams -> VoxelPage,
    effect: Read, lenient: true,
    by_position: "[[0,0,0],[15,15,15]]",
    by_name: r#"{"min":[0,0,0],"max":[15,15,15],"color_filter":[255,0,0],"limit":100}"#,
    errors: [-32603],
}

method! {
    /// Reads the voxels of a layer, page by page.
    GetLayerVoxels = "goxel.get_layer_voxels",
    LayerVoxelsParams -> VoxelPage,
    effect: Read, lenient: true,
    by_position: "[1]", by_name: r#"{"layer_id":1,"offset":0,"limit":1000}"#,
    errors: [-32603],
}
