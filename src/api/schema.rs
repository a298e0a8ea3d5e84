//! Types of params and results, as data: what `rpc.discover` and the reference page show.

use serde_json::{Value, json};

/// The type of a value on the wire.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// Any JSON value.
    Any,
    /// true or false.
    Boolean,
    /// A whole number in a range, both ends inside.
    Integer(i64, i64),
    /// A number in a range, both ends inside.
    Number(f64, f64),
    /// A text.
    Text,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A colour in any of the forms of the colour guide.
    Color,
    /// A list of values of one type, with the least and largest length.
    List(&'static Schema, usize, usize),
    /// An object with these members.
    Object(&'static [Field]),
    /// An object with members of any name and one type of value.
    Map(&'static Schema),
    /// One of several types.
    OneOf(&'static [Schema]),
    /// A type with a description in words and a JSON Schema of its own.
    Custom(&'static str, fn() -> Value),
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is, with its unit.
    pub description: &'static str,
    /// Whether it is always there.
    pub required: bool,
    /// Its type.
    pub schema: &'static Schema,
}

/// A 32-bit coordinate.
pub const COORDINATE: Schema = Schema::Integer(i32::MIN as i64, i32::MAX as i64);
/// Three coordinates.
pub const POINT: Schema = Schema::List(&COORDINATE, 3, 3);
/// A number that cannot be negative.
pub const COUNT: Schema = Schema::Integer(0, i64::MAX);
/// A colour as results show it: four channels from 0 to 255.
pub const RGBA: Schema = Schema::List(&Schema::Integer(0, 255), 4, 4);

impl Schema {
    /// The type in words, for error messages.
    pub fn expected(&self) -> String {
        match self {
            Schema::Any => "any value".to_owned(),
            Schema::Boolean => "true or false".to_owned(),
            Schema::Integer(0, i64::MAX) => "a whole number, 0 or more".to_owned(),
            Schema::Integer(min, i64::MAX) => format!("a whole number, {min} or more"),
            Schema::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Schema::Number(f64::MIN, f64::MAX) => "a number".to_owned(),
            Schema::Number(min, f64::MAX) => format!("a number, {min} or more"),
            Schema::Number(min, max) => format!("a number from {min} to {max}"),
            Schema::Text => "a string".to_owned(),
            Schema::Word(words) => format!("one of {}", words.join(", ")),
            Schema::Color => {
                "a colour: \"#rrggbb\", a CSS name, [r,g,b], [r,g,b,a] or {\"r\":..,\"g\":..,\"b\":..}"
                    .to_owned()
            }
            Schema::List(item, min, max) if min == max => {
                format!("an array of {min} values, each {}", item.expected())
            }
            Schema::List(item, ..) => format!("an array, each value {}", item.expected()),
            Schema::Object(_) | Schema::Map(_) => "an object".to_owned(),
            Schema::Custom(words, _) => (*words).to_owned(),
            Schema::OneOf(schemas) => {
                schemas.iter().map(Schema::expected).collect::<Vec<_>>().join(", or ")
            }
        }
    }

    /// The type in a few words, for tables.
    pub fn short(&self) -> String {
        match self {
            Schema::Any => "any".to_owned(),
            Schema::Boolean => "boolean".to_owned(),
            Schema::Integer(0, i64::MAX) => "integer, 0 or more".to_owned(),
            Schema::Integer(i64::MIN, i64::MAX) => "integer".to_owned(),
            Schema::Integer(..) if self.is_coordinate() => "integer, 32 bits".to_owned(),
            Schema::Integer(min, i64::MAX) => format!("integer, {min} or more"),
            Schema::Integer(min, max) => format!("integer, {min} to {max}"),
            Schema::Number(f64::MIN, f64::MAX) => "number".to_owned(),
            Schema::Number(min, f64::MAX) => format!("number, {min} or more"),
            Schema::Number(min, max) => format!("number, {min} to {max}"),
            Schema::Text => "string".to_owned(),
            Schema::Word(words) => {
                words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
            }
            Schema::Color => "colour".to_owned(),
            Schema::List(item, min, max) if min == max => format!("[{min} x {}]", item.short()),
            Schema::List(item, ..) => format!("list of {}", item.short()),
            Schema::Object(_) => "object".to_owned(),
            Schema::Map(value) => format!("object, each member {}", value.short()),
            Schema::Custom(words, _) => (*words).to_owned(),
            Schema::OneOf(schemas) => {
                schemas.iter().map(Schema::short).collect::<Vec<_>>().join(" or ")
            }
        }
    }

    fn is_coordinate(&self) -> bool {
        matches!(self, Schema::Integer(min, max)
            if *min == i64::from(i32::MIN) && *max == i64::from(i32::MAX))
    }

    /// The type as a JSON Schema (draft 7 vocabulary, as OpenRPC 1.3.2 uses).
    pub fn json(&self) -> Value {
        match self {
            Schema::Any => json!({}),
            Schema::Boolean => json!({"type": "boolean"}),
            Schema::Integer(i64::MIN, i64::MAX) => json!({"type": "integer"}),
            Schema::Integer(min, i64::MAX) => json!({"type": "integer", "minimum": min}),
            Schema::Integer(min, max) => {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            Schema::Number(f64::MIN, f64::MAX) => json!({"type": "number"}),
            Schema::Number(min, f64::MAX) => json!({"type": "number", "minimum": min}),
            Schema::Number(min, max) => json!({"type": "number", "minimum": min, "maximum": max}),
            Schema::Text => json!({"type": "string"}),
            Schema::Word(words) => json!({"type": "string", "enum": words}),
            Schema::Color => json!({"anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 4},
                {
                    "type": "object", "required": ["r", "g", "b"],
                    "properties": {
                        "r": {"type": "number"}, "g": {"type": "number"},
                        "b": {"type": "number"}, "a": {"type": "number"},
                    },
                },
            ]}),
            Schema::List(item, 0, usize::MAX) => json!({"type": "array", "items": item.json()}),
            Schema::List(item, min, usize::MAX) => json!({
                "type": "array", "items": item.json(), "minItems": min,
            }),
            Schema::List(item, min, max) => json!({
                "type": "array", "items": item.json(), "minItems": min, "maxItems": max,
            }),
            Schema::Object(fields) => object(fields),
            Schema::Map(value) => {
                json!({"type": "object", "additionalProperties": value.json()})
            }
            Schema::Custom(_, schema) => schema(),
            Schema::OneOf(schemas) => {
                json!({"anyOf": schemas.iter().map(Schema::json).collect::<Vec<_>>()})
            }
        }
    }
}

fn object(fields: &[Field]) -> Value {
    let properties: serde_json::Map<_, _> = fields
        .iter()
        .map(|field| {
            let mut schema = field.schema.json();
            if let Value::Object(members) = &mut schema {
                members.insert("description".to_owned(), field.description.into());
            }
            (field.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<_> = fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// A Rust type that has one form on the wire.
pub trait Describe {
    /// That form.
    const SCHEMA: Schema;
    /// Whether a member of this type may be absent.
    const OPTIONAL: bool = false;
}

macro_rules! describe {
    ($($type:ty => $schema:expr),* $(,)?) => {
        $(impl Describe for $type {
            const SCHEMA: Schema = $schema;
        })*
    };
}

describe! {
    bool => Schema::Boolean,
    String => Schema::Text,
    &str => Schema::Text,
    i32 => COORDINATE,
    u32 => Schema::Integer(0, u32::MAX as i64),
    i64 => Schema::Integer(i64::MIN, i64::MAX),
    u64 => COUNT,
    usize => COUNT,
    f32 => Schema::Number(f64::MIN, f64::MAX),
    f64 => Schema::Number(f64::MIN, f64::MAX),
    Value => Schema::Any,
    [u8; 4] => RGBA,
    [u8; 3] => Schema::List(&Schema::Integer(0, 255), 3, 3),
}

impl<T: Describe> Describe for Option<T> {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = true;
}

impl<T: Describe> Describe for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA, 0, usize::MAX);
}

impl Describe for [i32; 3] {
    const SCHEMA: Schema = POINT;
}

impl Describe for [i64; 2] {
    const SCHEMA: Schema = Schema::List(&<i64 as Describe>::SCHEMA, 2, 2);
}

impl Describe for [i64; 3] {
    const SCHEMA: Schema = Schema::List(&<i64 as Describe>::SCHEMA, 3, 3);
}

impl Describe for [f32; 3] {
    const SCHEMA: Schema = Schema::List(&<f32 as Describe>::SCHEMA, 3, 3);
}

impl Describe for [f64; 3] {
    const SCHEMA: Schema = Schema::List(&<f64 as Describe>::SCHEMA, 3, 3);
}

impl Describe for [f32; 16] {
    const SCHEMA: Schema = Schema::List(&<f32 as Describe>::SCHEMA, 16, 16);
}

impl Describe for [f32; 4] {
    const SCHEMA: Schema = Schema::List(&<f32 as Describe>::SCHEMA, 4, 4);
}

impl<T: Describe> Describe for std::collections::BTreeMap<String, T> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
}
