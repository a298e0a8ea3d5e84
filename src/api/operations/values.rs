//! Types of fields that only operations have.

use super::super::bulk::{EXPECTED, VoxelEntries, VoxelEntry};
use super::super::json::{Elements, Members, string};
use super::super::schema::{COUNT, POINT, Schema};
use super::super::value::{ParamType, Value, number, whole};
use super::super::{Args, Param, ParamError};
use crate::voxel::{Bounds, Rgba};

/// A list of voxels, with or without colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoxelList(pub Vec<VoxelEntry>);

impl<'a> ParamType<'a> for VoxelList {
    const SCHEMA: Schema = Schema::List(
        &Schema::OneOf(&[Schema::List(&Schema::Any, 2, 7), Schema::Map(&Schema::Any)]),
        0,
        usize::MAX,
    );
    const OPTIONAL: bool = true;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        args.take(param.names).map(|raw| read_voxels(raw, param.name())).transpose()
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        read_voxels(raw, "").ok()
    }

    fn absent() -> Option<Self> {
        Some(VoxelList::default())
    }
}

fn read_voxels(raw: &str, param: &'static str) -> Result<VoxelList, ParamError> {
    if !raw.starts_with('[') {
        return Err(ParamError::mismatch(param, &<VoxelList as ParamType>::SCHEMA, raw));
    }
    let entries = VoxelEntries::new(raw);
    let mut list = Vec::with_capacity(entries.capacity());
    for (index, entry) in entries.enumerate() {
        list.push(entry.map_err(|got| no_voxel(param, index, got))?);
    }
    Ok(VoxelList(list))
}

/// The error about an entry of a list that is no voxel.
pub fn no_voxel(param: &str, index: usize, got: &str) -> ParamError {
    ParamError::Mismatch {
        param: format!("{param}[{index}]").into(),
        expected: EXPECTED.to_owned(),
        got: super::super::args::shown(got),
    }
}

/// A box, as `{"min":[x,y,z],"max":[x,y,z]}` or `[[x,y,z],[x,y,z]]`; both corners are inside and
/// may come in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxValue(pub Bounds);

impl Value<'_> for BoxValue {
    const SCHEMA: Schema = Schema::OneOf(&[
        Schema::List(&POINT, 2, 2),
        Schema::Object(&[
            super::super::schema::Field {
                name: "min",
                description: "One corner, inside.",
                required: true,
                schema: &POINT,
            },
            super::super::schema::Field {
                name: "max",
                description: "The opposite corner, inside.",
                required: true,
                schema: &POINT,
            },
        ]),
    ]);

    fn parse(raw: &str) -> Option<Self> {
        let corners = match raw.as_bytes().first()? {
            b'{' => {
                let (mut min, mut max) = (None, None);
                for (name, value) in Members::new(raw) {
                    match &*name {
                        "min" => min = Some(value),
                        "max" => max = Some(value),
                        _ => return None,
                    }
                }
                [min?, max?]
            }
            b'[' => {
                let mut corners = Elements::new(raw);
                let both = [corners.next()?, corners.next()?];
                if corners.next().is_some() {
                    return None;
                }
                both
            }
            _ => return None,
        };
        Some(BoxValue(Bounds::inclusive(Value::parse(corners[0])?, Value::parse(corners[1])?)))
    }
}

/// A list of texts: the rows of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct TextRows(pub Vec<String>);

impl Value<'_> for TextRows {
    const SCHEMA: Schema = Schema::List(&Schema::Text, 1, usize::MAX);
    fn parse(raw: &str) -> Option<Self> {
        if !raw.starts_with('[') {
            return None;
        }
        let rows: Option<Vec<String>> =
            Elements::new(raw).map(|row| string(row).map(|row| row.into_owned())).collect();
        rows.filter(|rows| !rows.is_empty()).map(TextRows)
    }
}

/// Rows of heights in voxels.
#[derive(Clone, Debug, PartialEq)]
pub struct HeightRows(pub Vec<Vec<u32>>);

impl Value<'_> for HeightRows {
    const SCHEMA: Schema = Schema::List(
        &Schema::List(&Schema::Integer(0, u32::MAX as i64), 0, usize::MAX),
        1,
        usize::MAX,
    );
    fn parse(raw: &str) -> Option<Self> {
        let row = |raw: &str| <Vec<u32> as Value>::parse(raw);
        if !raw.starts_with('[') {
            return None;
        }
        let rows: Option<Vec<_>> = Elements::new(raw).map(row).collect();
        rows.filter(|rows| !rows.is_empty()).map(HeightRows)
    }
}

/// What the characters of a map stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend(pub Vec<(char, Rgba)>);

impl Value<'_> for Legend {
    const SCHEMA: Schema = Schema::Map(&Schema::Color);
    fn parse(raw: &str) -> Option<Self> {
        if !raw.starts_with('{') {
            return None;
        }
        let entry = |(name, value): (std::borrow::Cow<'_, str>, &str)| {
            let mut characters = name.chars();
            let character = characters.next().filter(|_| characters.next().is_none())?;
            Some((character, Rgba::parse(value)?))
        };
        Members::new(raw).map(entry).collect::<Option<Vec<_>>>().map(Legend)
    }
}

/// A list of two or more colours, from the lowest to the highest.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient(pub Vec<Rgba>);

impl Value<'_> for Gradient {
    const SCHEMA: Schema = Schema::List(&Schema::Color, 2, usize::MAX);
    fn parse(raw: &str) -> Option<Self> {
        <Vec<Rgba> as Value>::parse(raw).filter(|colors| colors.len() >= 2).map(Gradient)
    }
}

/// Thickness of a wall in voxels: 0 or false is solid, true is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wall(pub u32);

impl Value<'_> for Wall {
    const SCHEMA: Schema = Schema::OneOf(&[COUNT, Schema::Boolean]);
    fn parse(raw: &str) -> Option<Self> {
        match <bool as Value>::parse(raw) {
            Some(is_hollow) => Some(Wall(u32::from(is_hollow))),
            None => <u32 as Value>::parse(raw).map(Wall),
        }
    }
}

/// A radius in voxels: a multiple of one half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radius(pub f64);

/// The longest radius.
pub const MAX_RADIUS: f64 = 65536.0;

impl Value<'_> for Radius {
    const SCHEMA: Schema = Schema::Number(0.0, MAX_RADIUS);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|value| (0.0..=MAX_RADIUS).contains(value)).map(Radius)
    }
}

/// Three radii.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radii(pub [f64; 3]);

impl Value<'_> for Radii {
    const SCHEMA: Schema = Schema::List(&Schema::Number(0.0, MAX_RADIUS), 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        let radii: Vec<Radius> = Value::parse(raw)?;
        let [x, y, z] = radii[..] else { return None };
        Some(Radii([x.0, y.0, z.0]))
    }
}

/// A share from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl Value<'_> for Share {
    const SCHEMA: Schema = Schema::Number(0.0, 1.0);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|value| (0.0..=1.0).contains(value)).map(Share)
    }
}

/// A factor: a whole number from 2, or 1 divided by one, as a number or as text `"1/n"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Factor {
    /// Each voxel becomes a cube of this size.
    Up(u32),
    /// Each cube of this size becomes a voxel.
    Down(u32),
}

/// The largest factor.
pub const MAX_FACTOR: i64 = 64;

impl Value<'_> for Factor {
    const SCHEMA: Schema = Schema::OneOf(&[
        Schema::Integer(1, MAX_FACTOR),
        Schema::Number(1.0 / MAX_FACTOR as f64, 1.0),
        Schema::Text,
    ]);
    fn parse(raw: &str) -> Option<Self> {
        let in_range =
            |value: i64| u32::try_from(value).ok().filter(|_| (1..=MAX_FACTOR).contains(&value));
        if raw.starts_with('"') {
            let text = string(raw)?;
            return in_range(text.trim().strip_prefix("1/")?.trim().parse().ok()?)
                .map(Factor::Down);
        }
        if let Some(value) = whole(raw) {
            return in_range(value).map(Factor::Up);
        }
        let divisor = 1.0 / number(raw).filter(|&value| value > 0.0)?;
        // 0.3333 means a third: a factor is written with finitely many digits.
        let near = (divisor - divisor.round()).abs() < 1e-2;
        near.then(|| in_range(divisor.round() as i64)).flatten().map(Factor::Down)
    }
}

/// Channels may differ by this much: one number for all four, or three or four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance(pub [u8; 4]);

impl Value<'_> for Tolerance {
    const SCHEMA: Schema =
        Schema::OneOf(&[Schema::Integer(0, 255), Schema::List(&Schema::Integer(0, 255), 3, 4)]);
    fn parse(raw: &str) -> Option<Self> {
        let byte = |raw: &str| u8::try_from(whole(raw)?).ok();
        if !raw.starts_with('[') {
            return byte(raw).map(|all| Tolerance([all; 4]));
        }
        let channels: Vec<u8> = Elements::new(raw).take(5).map(byte).collect::<Option<_>>()?;
        match channels[..] {
            [r, g, b] => Some(Tolerance([r, g, b, 0])),
            [r, g, b, a] => Some(Tolerance([r, g, b, a])),
            _ => None,
        }
    }
}

impl Tolerance {
    /// Whether a colour is as near to another as the tolerance asks, channel by channel.
    pub fn allows(self, a: Rgba, b: Rgba) -> bool {
        let near = |(a, b): (u8, u8), most: u8| a.abs_diff(b) <= most;
        a.bytes().into_iter().zip(b.bytes()).zip(self.0).all(|(pair, most)| near(pair, most))
    }
}

/// The in-plane origin of a map: `[u,v]`, or a point whose coordinate along the axis places the
/// plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapOrigin {
    /// In the plane.
    Flat([i32; 2]),
    /// In space.
    Point([i32; 3]),
}

impl Value<'_> for MapOrigin {
    const SCHEMA: Schema = Schema::List(&super::super::schema::COORDINATE, 2, 3);
    fn parse(raw: &str) -> Option<Self> {
        if let Some(point) = <[i32; 3]>::parse(raw) {
            return Some(MapOrigin::Point(point));
        }
        let list: Vec<i32> = Value::parse(raw)?;
        let [u, v] = list[..] else { return None };
        Some(MapOrigin::Flat([u, v]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_whole_or_one_divided_by_a_whole_number() {
        assert_eq!(Factor::parse("3"), Some(Factor::Up(3)));
        assert_eq!(Factor::parse("0.5"), Some(Factor::Down(2)));
        assert_eq!(Factor::parse("0.3333"), Some(Factor::Down(3)));
        assert_eq!(Factor::parse("\"1/4\""), Some(Factor::Down(4)));
        for raw in ["0", "-1", "1.5", "65", "0.4", "\"2\"", "\"1/0\"", "1e999"] {
            assert_eq!(Factor::parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_box_has_both_corners_inside_in_any_order() {
        let expected = Some(BoxValue(Bounds { min: [0, 1, 2], max: [4, 5, 6] }));
        assert_eq!(BoxValue::parse("[[3,4,5],[0,1,2]]"), expected);
        assert_eq!(BoxValue::parse(r#"{"min":[0,1,2],"max":[3,4,5]}"#), expected);
        assert_eq!(BoxValue::parse(r#"{"min":[0,1,2]}"#), None);
    }

    #[test]
    fn a_tolerance_is_for_all_channels_or_for_each() {
        let [a, b] = [Rgba::new(10, 20, 30, 255), Rgba::new(13, 20, 30, 250)];
        assert!(Tolerance::parse("5").unwrap().allows(a, b));
        assert!(!Tolerance::parse("4").unwrap().allows(a, b));
        assert!(!Tolerance::parse("[5,5,5]").unwrap().allows(a, b));
        assert_eq!(Tolerance::parse("256"), None);
    }
}
