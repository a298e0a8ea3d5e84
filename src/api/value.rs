//! Typed values out of raw JSON text.
//!
//! A [`Value`] is one JSON value; a [`Param`] of a method usually is one. What takes several params
//! (a point as x, y, z) implements [`ParamType`] itself. The rules for numbers: any integral
//! spelling is a whole number (3, 3.0, 3e0); a fractional coordinate is rounded down; out of range
//! is an error.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::args::{Args, ParamError};
use super::json::{Elements, few_members, string};
use super::method::Param;
use super::schema::{COORDINATE, COUNT, Describe, POINT, Schema};

/// A type that is read from one JSON value.
pub trait Value<'a>: Sized {
    /// What it looks like.
    const SCHEMA: Schema;

    /// Reads it; `None` if the value does not fit.
    fn parse(raw: &'a str) -> Option<Self>;

    /// Whether a param of this type may be missing without having a default.
    const OPTIONAL: bool = false;

    /// Its value when it is missing.
    fn absent() -> Option<Self> {
        None
    }
}

/// A type that is taken from a call's params.
pub trait ParamType<'a>: Sized {
    /// What one value looks like.
    const SCHEMA: Schema;
    /// Extra names of its parts, by which it can also be given (x, y, z for a point).
    const PARTS: &'static [&'static str] = &[];
    /// Whether descriptions show the parts in its place; then the schema is a list with one item a
    /// part.
    const FLATTENED: bool = false;
    /// Whether it may be missing without having a default.
    const OPTIONAL: bool = false;

    /// Takes it; `None` if it was not given.
    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError>;

    /// Its value from one JSON value, as a default is written.
    fn from_json(raw: &'a str) -> Option<Self>;

    /// Its value when it is missing and has no default.
    fn absent() -> Option<Self> {
        None
    }

    /// Takes it, or its default.
    fn take_or_default(args: &mut Args<'a>, param: &'static Param) -> Result<Self, ParamError> {
        let default = || param.default.map_or_else(Self::absent, Self::from_json);
        Self::take(args, param)?.or_else(default).ok_or_else(|| ParamError::Missing {
            param: param.name().into(),
            expected: param.schema.expected(),
        })
    }
}

/// Bytes of a path, with its quotes, that are looked at. Systems take 4,096 at most; one of
/// megabytes would be copied from error to error.
const LONGEST_PATH: usize = 32 << 10;

impl<'a, T: Value<'a>> ParamType<'a> for T {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = T::OPTIONAL;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        match args.take(param.names) {
            None => Ok(None),
            Some(raw) if raw.len() > LONGEST_PATH && param.names.contains(&"path") => {
                let expected = format!("a path of at most {LONGEST_PATH} bytes");
                let got = super::args::shown(raw);
                Err(ParamError::Mismatch { param: param.name().into(), expected, got })
            }
            Some(raw) => read(raw, param.name()).map(Some),
        }
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        T::parse(raw)
    }

    fn absent() -> Option<Self> {
        T::absent()
    }
}

/// Reads one value, with the param's name for the error.
pub fn read<'a, T: Value<'a>>(
    raw: &'a str,
    param: impl Into<Cow<'static, str>>,
) -> Result<T, ParamError> {
    T::parse(raw).ok_or_else(|| ParamError::mismatch(param, &T::SCHEMA, raw))
}

/// A number in a JSON text, if it is one.
pub fn number(raw: &str) -> Option<f64> {
    match plain(raw) {
        Some(value) => Some(value as f64),
        None => {
            matches!(raw.as_bytes().first(), Some(b'-' | b'0'..=b'9')).then(|| raw.parse().ok())?
        }
    }
}

/// A whole number in plain digits, few enough that a float holds it exactly too.
fn plain(raw: &str) -> Option<i64> {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut value = 0;
    for byte in digits.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    // Minus zero is a float only.
    match digits.len() < raw.len() {
        true if value == 0 => None,
        true => Some(-value),
        false => Some(value),
    }
}

/// A whole number in any integral spelling.
pub fn whole(raw: &str) -> Option<i64> {
    plain(raw).or_else(|| match raw.parse::<i64>() {
        Ok(value) if raw.as_bytes()[0] != b'+' => Some(value),
        _ => number(raw).filter(|value| value.fract() == 0.0).and_then(in_i64),
    })
}

/// A coordinate: a whole number, or a fraction rounded down.
pub fn coordinate(raw: &str) -> Option<i32> {
    match whole(raw) {
        Some(value) => i32::try_from(value).ok(),
        None => number(raw).and_then(|value| in_i64(value.floor())?.try_into().ok()),
    }
}

fn in_i64(value: f64) -> Option<i64> {
    // 2^63 is exactly representable; every smaller float converts without loss of range.
    (-(2f64.powi(63)) <= value && value < 2f64.powi(63)).then_some(value as i64)
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {
        $(impl Value<'_> for $type {
            const SCHEMA: Schema = <$type as Describe>::SCHEMA;
            fn parse(raw: &str) -> Option<Self> {
                whole(raw)?.try_into().ok()
            }
        })*
    };
}

whole_numbers!(u32, i64, u64, usize);

/// A whole number in a range, both ends inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InRange<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Value<'_> for InRange<MIN, MAX> {
    const SCHEMA: Schema = Schema::Integer(MIN, MAX);
    fn parse(raw: &str) -> Option<Self> {
        whole(raw).filter(|value| (MIN..=MAX).contains(value)).map(InRange)
    }
}

impl Value<'_> for i32 {
    const SCHEMA: Schema = COORDINATE;
    fn parse(raw: &str) -> Option<Self> {
        coordinate(raw)
    }
}

impl Value<'_> for f64 {
    const SCHEMA: Schema = Schema::Number(f64::MIN, f64::MAX);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|value| value.is_finite())
    }
}

impl Value<'_> for bool {
    const SCHEMA: Schema = Schema::Boolean;
    fn parse(raw: &str) -> Option<Self> {
        match raw {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

impl<'a> Value<'a> for Cow<'a, str> {
    const SCHEMA: Schema = Schema::Text;
    fn parse(raw: &'a str) -> Option<Self> {
        string(raw)
    }
}

/// Any value, as raw text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(pub &'a str);

impl<'a> Value<'a> for Raw<'a> {
    const SCHEMA: Schema = Schema::Any;
    fn parse(raw: &'a str) -> Option<Self> {
        Some(Raw(raw))
    }
}

/// A raw array whose elements are typed later, since there may be very many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untyped<'a, T> {
    /// The array.
    pub array: &'a str,
    elements: std::marker::PhantomData<T>,
}

impl<'a, T: Value<'a>> Untyped<'a, T> {
    /// What is said of an element that is none.
    pub fn mismatch(param: &str, index: usize, element: &str) -> ParamError {
        ParamError::mismatch(format!("{param}[{index}]"), &T::SCHEMA, element)
    }
}

impl<'a, T: Value<'a>> Value<'a> for Untyped<'a, T> {
    const SCHEMA: Schema = <Vec<T> as Value<'a>>::SCHEMA;
    fn parse(raw: &'a str) -> Option<Self> {
        let untyped = Untyped { array: raw, elements: std::marker::PhantomData };
        raw.starts_with('[').then_some(untyped)
    }
}

impl<'a, T: Value<'a>> Value<'a> for Option<T> {
    const SCHEMA: Schema = T::SCHEMA;
    fn parse(raw: &'a str) -> Option<Self> {
        if raw == "null" { Some(None) } else { T::parse(raw).map(Some) }
    }
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<'a, T: Value<'a>> Value<'a> for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA, 0, usize::MAX);
    fn parse(raw: &'a str) -> Option<Self> {
        if !raw.starts_with('[') {
            return None;
        }
        Elements::new(raw).map(T::parse).collect()
    }
}

fn exactly<'a, T: Value<'a> + Copy + Default, const N: usize>(raw: &'a str) -> Option<[T; N]> {
    let mut values = [T::default(); N];
    let mut elements = Elements::new(raw);
    for value in &mut values {
        *value = T::parse(elements.next()?)?;
    }
    elements.next().is_none().then_some(values)
}

/// A point as one value: `[x,y,z]` or `{"x":..,"y":..,"z":..}`.
impl Value<'_> for [i32; 3] {
    const SCHEMA: Schema = POINT;
    fn parse(raw: &str) -> Option<Self> {
        if raw.starts_with('{') {
            let mut values = [None; 3];
            for (name, value) in few_members(raw) {
                match AXES.iter().position(|&axis| axis == name) {
                    Some(axis) => values[axis] = Some(coordinate(value)?),
                    None => super::notes::note_unknown("", &name, &AXES),
                }
            }
            return Some([values[0]?, values[1]?, values[2]?]);
        }
        exactly(raw)
    }
}

impl Value<'_> for [u32; 3] {
    const SCHEMA: Schema = Schema::List(&COUNT, 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        exactly(raw)
    }
}

impl Value<'_> for [f64; 3] {
    const SCHEMA: Schema = Schema::List(&<f64 as Describe>::SCHEMA, 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        exactly(raw)
    }
}

/// The position of a voxel: `x, y, z`, or `position` as `[x,y,z]` or `{"x":..,"y":..,"z":..}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub [i32; 3]);

impl<'a> ParamType<'a> for Position {
    const SCHEMA: Schema = POINT;
    const PARTS: &'static [&'static str] = &AXES;
    const FLATTENED: bool = true;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        const RANGE: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;
        if let Some((3, point)) = args.take_whole(3, &RANGE) {
            return Ok(Some(Position(point.map(|value| value as i32))));
        }
        if args.is_positional() {
            return match args.peek() {
                None => Ok(None),
                Some(raw) if raw.starts_with(['[', '{']) => {
                    args.take_next();
                    read(raw, param.name()).map(|point| Some(Position(point)))
                }
                Some(_) => axes(|| args.take_next()).map(Some),
            };
        }
        match args.take(param.names) {
            Some(raw) => read(raw, param.name()).map(|point| Some(Position(point))),
            None => {
                let parts = AXES.map(|name| args.named(name));
                if parts.iter().all(Option::is_none) {
                    return Ok(None);
                }
                let mut parts = parts.into_iter();
                axes(|| parts.next().flatten()).map(Some)
            }
        }
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        Value::parse(raw).map(Position)
    }
}

/// The names of the axes.
const AXES: [&str; 3] = ["x", "y", "z"];

fn axes<'a>(mut value: impl FnMut() -> Option<&'a str>) -> Result<Position, ParamError> {
    let mut point = [0; 3];
    for (axis, name) in AXES.into_iter().enumerate() {
        let raw = value().filter(|&raw| raw != "null").ok_or_else(|| ParamError::Missing {
            param: name.into(),
            expected: COORDINATE.expected(),
        })?;
        point[axis] = read(raw, name)?;
    }
    Ok(Position(point))
}

/// A layer: its id or its name; absent, "active", or 0 or less means the active one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum LayerRef {
    /// The active one.
    #[default]
    Active,
    /// The one with this id.
    Id(i32),
    /// The only one with this name.
    Named(String),
}

/// The word for the active layer.
pub(super) const ACTIVE: &str = "active";

impl LayerRef {
    /// The layer with an id; without one or with 0 or less the active one.
    pub fn of(id: Option<i32>) -> Self {
        id.filter(|&id| id > 0).map_or(LayerRef::Active, LayerRef::Id)
    }

    /// Whether no layer was named.
    pub fn is_active(&self) -> bool {
        *self == LayerRef::Active
    }
}

impl std::fmt::Display for LayerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LayerRef::Active => f.write_str(ACTIVE),
            LayerRef::Id(id) => write!(f, "{id}"),
            LayerRef::Named(name) => write!(f, "'{}'", super::args::shown(name)),
        }
    }
}

impl Value<'_> for LayerRef {
    const SCHEMA: Schema = Schema::OneOf(&[COORDINATE, Schema::Text]);
    fn parse(raw: &str) -> Option<Self> {
        if let Some(name) = string(raw) {
            let is_active = name.is_empty() || name.eq_ignore_ascii_case(ACTIVE);
            return Some(if is_active {
                LayerRef::Active
            } else {
                LayerRef::Named(name.into_owned())
            });
        }
        Some(LayerRef::of(Some(i32::try_from(whole(raw)?).ok()?)))
    }
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(LayerRef::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_integral_spelling_is_a_whole_number() {
        for raw in ["3", "3.0", "3e0", "30e-1"] {
            assert_eq!(coordinate(raw), Some(3), "{raw}");
            assert_eq!(<u32 as Value>::parse(raw), Some(3), "{raw}");
        }
        assert_eq!(coordinate("-0"), Some(0));
    }

    #[test]
    fn a_fractional_coordinate_is_rounded_down() {
        assert_eq!(coordinate("2.5"), Some(2));
        assert_eq!(coordinate("-0.5"), Some(-1));
        assert_eq!(<u32 as Value>::parse("2.5"), None);
    }

    #[test]
    fn a_coordinate_out_of_32_bits_is_refused() {
        assert_eq!(coordinate("2147483647"), Some(i32::MAX));
        assert_eq!(coordinate("2147483648"), None);
        assert_eq!(coordinate("1099511627776"), None);
        assert_eq!(coordinate("1e999"), None);
        assert_eq!(coordinate("\"5\""), None);
        assert_eq!(coordinate("true"), None);
    }

    #[test]
    fn a_point_is_an_array_or_an_object() {
        assert_eq!(<[i32; 3]>::parse("[1,2.5,-3]"), Some([1, 2, -3]));
        assert_eq!(<[i32; 3]>::parse(r#"{"z":3,"x":1,"y":2}"#), Some([1, 2, 3]));
        assert_eq!(<[i32; 3]>::parse("[1,2]"), None);
        assert_eq!(<[i32; 3]>::parse("[1,2,3,4]"), None);
    }
}
