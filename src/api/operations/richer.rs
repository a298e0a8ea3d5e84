//! Values of operations that are made of several parts: centres, repetitions, symmetry, colours by
//! weight.

use std::cell::Cell;

use serde_json::{Value as Json, json};

use super::super::json::{Elements, Members, string};
use super::super::method::Param;
use super::super::schema::Schema;
use super::super::value::{InRange, number};
use super::super::words::words;
use super::super::{Args, ParamError, ParamType, Value};
use super::values::{BoxValue, MAX_RADIUS};
use super::{Operation, read_operations};
use crate::voxel::{Axis, Bounds, Rgba};

/// The middle of a shape: a multiple of one half on each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Center(pub [f64; 3]);

fn object_schema(names: &[&str]) -> Json {
    let members: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    json!({"type": "object", "properties": members, "additionalProperties": false})
}

fn list_schema(item: Json) -> Json {
    json!({"type": "array", "items": item, "minItems": 1})
}

fn any_of(schemas: &[Json]) -> Json {
    json!({"anyOf": schemas})
}

const HALVES: Schema = Schema::Number(i32::MIN as f64, i32::MAX as f64);

fn half(raw: &str) -> Option<f64> {
    let value = number(raw)?;
    let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
    (range.contains(&value) && (value * 2.0).fract() == 0.0).then_some(value)
}

impl Value<'_> for Center {
    const SCHEMA: Schema = Schema::List(&HALVES, 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        if raw.starts_with('{') {
            return <[i32; 3]>::parse(raw).map(Center::from);
        }
        three(raw, half).map(Center)
    }
}

impl From<[i32; 3]> for Center {
    fn from(voxel: [i32; 3]) -> Self {
        Center(voxel.map(f64::from))
    }
}

fn three<T: Copy + Default>(raw: &str, read: impl Fn(&str) -> Option<T>) -> Option<[T; 3]> {
    let mut values = [T::default(); 3];
    let mut elements = Elements::new(raw);
    for value in &mut values {
        *value = read(elements.next()?)?;
    }
    elements.next().is_none().then_some(values)
}

/// The members of an object; `None` if one of them has another name.
fn parts<'a, const N: usize>(raw: &'a str, names: [&str; N]) -> Option<[Option<&'a str>; N]> {
    if !raw.starts_with('{') {
        return None;
    }
    let mut values = [None; N];
    for (name, value) in Members::new(raw) {
        let index = names.iter().position(|known| *known == name)?;
        values[index] = Some(value).filter(|value| *value != "null");
    }
    Some(values)
}

/// What may be absent, read if it is there.
fn maybe<T>(raw: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match raw {
        None => Some(None),
        Some(raw) => read(raw).map(Some),
    }
}

/// How many levels: 2 to 64.
pub type Steps = InRange<2, 64>;

/// A difference in height, in voxels.
pub type SlopeLimit = InRange<0, 15>;

/// A distance in voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance(pub f64);

impl Value<'_> for Distance {
    const SCHEMA: Schema = Schema::Number(1.0, MAX_RADIUS);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|value| (1.0..=MAX_RADIUS).contains(value)).map(Distance)
    }
}

/// One or more colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Colors(pub Vec<Rgba>);

impl Value<'_> for Colors {
    const SCHEMA: Schema = Schema::List(&Schema::Color, 1, usize::MAX);
    fn parse(raw: &str) -> Option<Self> {
        <Vec<Rgba> as Value>::parse(raw).filter(|colors| !colors.is_empty()).map(Colors)
    }
}

/// Colours with their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedColors(pub Vec<(Rgba, f64)>);

impl Value<'_> for WeightedColors {
    const SCHEMA: Schema = Schema::Custom(
        r#"colours with weights, such as {"green":3,"lime":1}, of which one is above 0, or a list of colours"#,
        || {
            any_of(&[
                Schema::Map(&Schema::Number(0.0, f64::MAX)).json(),
                Schema::List(&Schema::Color, 1, usize::MAX).json(),
            ])
        },
    );
    fn parse(raw: &str) -> Option<Self> {
        if raw.starts_with('[') {
            let colors = Colors::parse(raw)?.0;
            return Some(WeightedColors(colors.into_iter().map(|color| (color, 1.0)).collect()));
        }
        if !raw.starts_with('{') {
            return None;
        }
        let entry = |(name, weight): (std::borrow::Cow<'_, str>, &str)| {
            let color = super::super::color_form::from_text(&name)?;
            let weight = number(weight).filter(|weight| weight.is_finite() && *weight >= 0.0)?;
            Some((color, weight))
        };
        let colors = Members::new(raw).map(entry).collect::<Option<Vec<_>>>()?;
        let total: f64 = colors.iter().map(|(_, weight)| weight).sum();
        (total > 0.0 && total.is_finite()).then_some(WeightedColors(colors))
    }
}

/// Places along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Stops(pub Vec<f64>);

impl Value<'_> for Stops {
    const SCHEMA: Schema = Schema::Custom(
        "a list of two or more places along the axis, each at least as high as the one before",
        || Schema::List(&HALVES, 2, usize::MAX).json(),
    );
    fn parse(raw: &str) -> Option<Self> {
        let stops: Vec<f64> = Value::parse(raw)?;
        (stops.len() >= 2 && stops.is_sorted()).then_some(Stops(stops))
    }
}

words! {
    /// Which voxels count as exposed.
    pub enum Exposed {
        /// Those with nothing on top.
        Top = "top",
        /// Those with a free side.
        Any = "any",
    }
}

/// How often: in a row, or along x, y and z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// In a row.
    Row(u32),
    /// In a grid.
    Grid([u32; 3]),
}

impl Value<'_> for Times {
    const SCHEMA: Schema =
        Schema::Custom("a whole number, 1 or more, or [x,y,z], each 1 or more", || {
            any_of(&[
                Schema::Integer(1, u32::MAX as i64).json(),
                Schema::List(&Schema::Integer(1, u32::MAX as i64), 3, 3).json(),
            ])
        });
    fn parse(raw: &str) -> Option<Self> {
        let count = |raw: &str| <u32 as Value>::parse(raw).filter(|count| *count > 0);
        if raw.starts_with('[') {
            three(raw, count).map(Times::Grid)
        } else {
            count(raw).map(Times::Row)
        }
    }
}

/// Turned copies around an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radial {
    /// The axis.
    pub axis: Axis,
    /// How many there are in all.
    pub count: u32,
    /// The middle, in voxels; absent: that of the canvas.
    pub center: Option<[f64; 3]>,
}

/// The most copies around an axis.
const MAX_AROUND: u32 = 360;

impl Radial {
    fn of(count: &str, axis: Option<&str>, center: Option<&str>) -> Option<Self> {
        let count =
            <u32 as Value>::parse(count).filter(|count| (1..=MAX_AROUND).contains(count))?;
        let axis = maybe(axis, |raw| Axis::parse(raw))?.unwrap_or(Axis::Z);
        let center = maybe(center, |raw| three(raw, half))?;
        Some(Radial { axis, count, center })
    }
}

impl Value<'_> for Radial {
    const SCHEMA: Schema = Schema::Custom(
        r#"{"axis":"z","count":6,"center":[0,0,0]}, of which axis and center may be absent"#,
        || object_schema(&["axis", "count", "center"]),
    );
    fn parse(raw: &str) -> Option<Self> {
        let [axis, count, center] = parts(raw, ["axis", "count", "center"])?;
        Radial::of(count?, axis, center)
    }
}

/// An image that is drawn beside the original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Image {
    /// In a mirror across an axis; absent: in the middle of the canvas.
    Mirror(Axis, Option<f64>),
    /// Turned around an axis.
    Around(Radial),
}

/// The images that are drawn beside the original.
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetry(pub Vec<Image>);

impl Value<'_> for Symmetry {
    const SCHEMA: Schema = Schema::Custom(
        r#"{"axis":"x","at":0} (at a multiple of one half, or absent), {"radial":6,"axis":"z","center":[0,0,0]}, or a list of up to 4 of them"#,
        || {
            any_of(&[
                object_schema(&["axis", "at", "radial", "center"]),
                list_schema(object_schema(&["axis", "at", "radial", "center"])),
            ])
        },
    );
    fn parse(raw: &str) -> Option<Self> {
        if raw.starts_with('[') {
            let images = Elements::new(raw).map(image).collect::<Option<Vec<_>>>()?;
            return (1..=4).contains(&images.len()).then_some(Symmetry(images));
        }
        image(raw).map(|image| Symmetry(vec![image]))
    }
}

fn image(raw: &str) -> Option<Image> {
    if raw.starts_with('"') {
        return Axis::parse(raw).map(|axis| Image::Mirror(axis, None));
    }
    let [axis, at, radial, center] = parts(raw, ["axis", "at", "radial", "center"])?;
    match (radial, axis) {
        (Some(count), _) if at.is_none() => Radial::of(count, axis, center).map(Image::Around),
        (None, Some(axis)) if center.is_none() => {
            Some(Image::Mirror(Axis::parse(axis)?, maybe(at, half)?))
        }
        _ => None,
    }
}

/// Where an operation works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// In a box.
    Box(Bounds),
    /// Where is selected.
    Selection,
}

impl Value<'_> for Within {
    const SCHEMA: Schema = Schema::Custom(
        r#"{"min":[x,y,z],"max":[x,y,z]}, [[x,y,z],[x,y,z]], or "selection""#,
        || any_of(&[<BoxValue as Value<'_>>::SCHEMA.json(), Schema::Word(&["selection"]).json()]),
    );
    fn parse(raw: &str) -> Option<Self> {
        match string(raw) {
            Some(word) => word.eq_ignore_ascii_case("selection").then_some(Within::Selection),
            None => BoxValue::parse(raw).map(|value| Within::Box(value.0)),
        }
    }
}

/// Water up to a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Water {
    /// The z of its highest voxels.
    pub level: i32,
    /// Its colour.
    pub color: Rgba,
}

impl Value<'_> for Water {
    const SCHEMA: Schema =
        Schema::Custom(r#"{"level":4,"color":"blue"}, of which color may be absent"#, || {
            object_schema(&["level", "color"])
        });
    fn parse(raw: &str) -> Option<Self> {
        let [level, color] = parts(raw, ["level", "color"])?;
        let color = maybe(color, |raw| Rgba::parse(raw))?.unwrap_or(Rgba::opaque(0x30, 0x60, 0xa0));
        Some(Water { level: <i32 as Value>::parse(level?)?, color })
    }
}

/// Colours by height: each up to its z, the last one above all.
#[derive(Clone, Debug, PartialEq)]
pub struct Bands(pub Vec<(Option<i32>, Rgba)>);

impl Value<'_> for Bands {
    const SCHEMA: Schema =
        Schema::Custom(r#"a list such as [{"below":3,"color":"tan"},{"color":"green"}]"#, || {
            list_schema(object_schema(&["below", "color"]))
        });
    fn parse(raw: &str) -> Option<Self> {
        if !raw.starts_with('[') {
            return None;
        }
        let band = |raw| {
            let [below, color] = parts(raw, ["below", "color"])?;
            Some((maybe(below, |raw| <i32 as Value>::parse(raw))?, Rgba::parse(color?)?))
        };
        let bands = Elements::new(raw).map(band).collect::<Option<Vec<_>>>()?;
        (!bands.is_empty()).then_some(Bands(bands))
    }
}

/// Points with fractions.
#[derive(Clone, Debug, PartialEq)]
pub struct PointList(pub Vec<[f64; 3]>);

impl Value<'_> for PointList {
    const SCHEMA: Schema = Schema::List(&Schema::List(&HALVES, 3, 3), 1, usize::MAX);
    fn parse(raw: &str) -> Option<Self> {
        let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
        let coordinate = |raw: &str| number(raw).filter(|value| range.contains(value));
        if !raw.starts_with('[') {
            return None;
        }
        let point = |raw| three(raw, coordinate);
        let points = Elements::new(raw).map(point).collect::<Option<Vec<_>>>()?;
        (!points.is_empty()).then_some(PointList(points))
    }
}

/// One radius for all points, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub struct RadiusList(pub Vec<f64>);

/// The largest radius of a tube.
const MAX_TUBE: f64 = 1024.0;

impl Value<'_> for RadiusList {
    const SCHEMA: Schema = Schema::OneOf(&[
        Schema::Number(0.0, MAX_TUBE),
        Schema::List(&Schema::Number(0.0, MAX_TUBE), 1, usize::MAX),
    ]);
    fn parse(raw: &str) -> Option<Self> {
        let radius = |raw: &str| number(raw).filter(|value| (0.0..=MAX_TUBE).contains(value));
        let radii = if raw.starts_with('[') {
            Elements::new(raw).map(radius).collect::<Option<Vec<_>>>()?
        } else {
            vec![radius(raw)?]
        };
        (!radii.is_empty()).then_some(RadiusList(radii))
    }
}

impl Value<'_> for String {
    const SCHEMA: Schema = Schema::Text;
    fn parse(raw: &str) -> Option<Self> {
        string(raw).map(|text| text.into_owned())
    }
}

/// Operations inside an operation.
pub struct Nested(pub Vec<Operation>);

/// How deep operations may lie in operations.
const MAX_NESTING: u32 = 4;

thread_local! {
    /// How deep in operations the one is that is read.
    static NESTING: Cell<u32> = const { Cell::new(0) };
}

impl<'a> ParamType<'a> for Nested {
    const SCHEMA: Schema = Schema::List(&Schema::Map(&Schema::Any), 1, usize::MAX);

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        let Some(raw) = args.take(param.names) else { return Ok(None) };
        if !raw.starts_with('[') {
            return Err(ParamError::mismatch(param.name(), &Self::SCHEMA, raw));
        }
        let depth = NESTING.get() + 1;
        if depth > MAX_NESTING {
            let message = format!("operations lie in operations at most {MAX_NESTING} deep");
            return Err(ParamError::rule(param.name(), message));
        }
        NESTING.set(depth);
        let read = read_operations(raw, |_| None);
        NESTING.set(depth - 1);
        let operations = read.map_err(|wrong| {
            let place = format!("{}[{}]", param.name(), wrong.index);
            let op = wrong.op.map_or(String::new(), |info| format!(" ({})", info.name));
            let message = format!("{place}{op}: {}", wrong.error);
            ParamError::rule(param.name(), message)
        })?;
        let named = operations.iter().position(|nested| !nested.layer.is_active());
        if let Some(index) = named {
            let message = format!(
                "{}[{index}]: 'layer' belongs to the outer operation, whose layer all go to",
                param.name()
            );
            return Err(ParamError::rule(param.name(), message));
        }
        if operations.is_empty() {
            let message = format!("'{}' must hold at least one operation", param.name());
            return Err(ParamError::rule(param.name(), message));
        }
        Ok(Some(Nested(operations)))
    }

    fn from_json(_: &'a str) -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_whole_or_halves() {
        assert_eq!(Center::parse("[0.5,1,-2.5]"), Some(Center([0.5, 1.0, -2.5])));
        assert_eq!(Center::parse("[0.3,1,2]"), None);
    }

    #[test]
    fn symmetry_is_one_image_or_a_list_of_them() {
        let mirror = Image::Mirror(Axis::X, Some(-0.5));
        assert_eq!(Symmetry::parse(r#"{"axis":"x","at":-0.5}"#), Some(Symmetry(vec![mirror])));
        let both = Symmetry::parse(r#"[{"axis":"x"},{"radial":6}]"#).unwrap();
        assert_eq!(both.0.len(), 2);
        for raw in [r#"{"at":0}"#, r#"{"axis":"x","radial":3,"at":1}"#, r#"{"axsi":"x"}"#, "[]"] {
            assert_eq!(Symmetry::parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn weights_are_of_colours() {
        let colors = WeightedColors::parse(r##"{"#ff0000":3,"blue":1}"##).unwrap();
        assert_eq!(colors.0[1], (Rgba::opaque(0, 0, 255), 1.0));
        assert_eq!(WeightedColors::parse(r#"{"nosuch":1}"#), None);
        assert_eq!(WeightedColors::parse(r#"{"red":0}"#), None);
    }
}
