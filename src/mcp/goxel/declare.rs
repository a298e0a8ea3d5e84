//! A tool as data: its schema, the reading of its arguments and its help come from here.

use serde_json::{Map, Value, json};

use super::operations;

/// A tool.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it does and returns; `{operations}` stands for the operation set, `{common}` for what
    /// all of it takes.
    pub description: &'static str,
    /// Its arguments.
    pub fields: &'static [Field],
    /// A call that works.
    pub example: &'static str,
    /// Whether it changes nothing at all.
    pub is_read_only: bool,
    /// Whether it may take away what was there.
    pub is_destructive: bool,
}

/// An argument.
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is; may be empty where the name says it.
    pub description: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be given.
    pub is_required: bool,
}

/// The type of an argument.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number in a range, both ends inside.
    Whole(i64, i64),
    /// true or false.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
    /// Some of some words, at most so many.
    Words(&'static [&'static str], usize),
    /// The same, where another tool tells the words.
    OtherWords(&'static [&'static str], usize),
    /// Texts or numbers: layers.
    Names,
    /// A box, `[[x,y,z],[x,y,z]]`.
    Box,
    /// The operations of an edit.
    Operations,
    /// Members of any name.
    Object,
}

/// Ends of ranges that say nothing to a model are left out of schemas: they cost tokens.
const MOST_TOLD: i64 = 10_000;

/// The most operations of one edit.
pub const MAX_OPERATIONS: usize = 200;

impl Kind {
    /// The type as a JSON Schema that every host can read: no lists of types, no alternatives.
    pub fn schema(self) -> Value {
        match self {
            Kind::Text => json!({"type": "string"}),
            Kind::Whole(min, max) if min < 0 || max > MOST_TOLD => json!({"type": "integer"}),
            Kind::Whole(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Word(words) => json!({"type": "string", "enum": words}),
            Kind::Words(words, _) => {
                json!({"type": "array", "items": {"type": "string", "enum": words}})
            }
            Kind::OtherWords(..) | Kind::Names => {
                json!({"type": "array", "items": {"type": "string"}})
            }
            Kind::Box => json!({
                "type": "array", "items": {"type": "array", "items": {"type": "integer"}},
            }),
            Kind::Operations => operations::schema(),
            Kind::Object => json!({"type": "object"}),
        }
    }

    /// The type in words, for errors.
    pub fn rule(self) -> String {
        match self {
            Kind::Text => "a string".to_owned(),
            Kind::Whole(i64::MIN, _) => "a whole number".to_owned(),
            Kind::Whole(min, i64::MAX) => format!("a whole number, {min} or more"),
            Kind::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Kind::Flag => "true or false".to_owned(),
            Kind::Word(words) => format!("one of {}", words.join(", ")),
            Kind::Words(words, most) | Kind::OtherWords(words, most) => {
                format!("an array of 1 to {most} of {}", words.join(", "))
            }
            Kind::Names => "an array of layer names or ids".to_owned(),
            Kind::Box => "two corners, both inside: [[x,y,z],[x,y,z]]".to_owned(),
            Kind::Operations => {
                format!("an array of 1 to {MAX_OPERATIONS} objects, each with \"op\"")
            }
            Kind::Object => "an object".to_owned(),
        }
    }
}

impl Tool {
    /// The tool as `tools/list` shows it; `room` is that of the operation set.
    pub fn json(&self, room: usize) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            let mut schema = field.kind.schema();
            if !field.description.is_empty() {
                schema["description"] = field.description.into();
            }
            properties.insert(field.name.to_owned(), schema);
        }
        let required: Vec<&str> =
            self.fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
        let mut schema = json!({
            "type": "object", "properties": properties, "additionalProperties": false,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        json!({
            "name": self.name,
            "title": self.title,
            "description": self.description(room),
            "inputSchema": schema,
            "annotations": {
                "readOnlyHint": self.is_read_only,
                "destructiveHint": self.is_destructive,
                "idempotentHint": self.is_read_only,
                "openWorldHint": false,
            },
        })
    }

    /// The description, with the operation set in its place.
    pub fn description(&self, room: usize) -> String {
        let told = self.description.replace("{operations}", &operations::signatures(room));
        told.replace("{common}", &operations::common())
    }

    /// An argument by its name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
