//! The operation set as a model meets it: signatures in a few words each, and a reading that
//! forgives what is clear.
//!
//! Everything comes from the one list in [`crate::api::operations`]: a new operation appears here
//! by itself.

use serde_json::{Map, Value, json};

use super::answer::{Wrong, counted};
use super::coerce::coerce;
use super::declare::MAX_OPERATIONS;
use crate::api::Param;
use crate::api::method::Params;
use crate::api::operations::{CommonFields, OPERATIONS, OTHER_WORDS, OperationInfo, operation};
use crate::api::schema::POINT;
use crate::likeness::nearest;

/// The list of operations as a JSON Schema. Names and fields are told by [`signatures`]: written
/// out for each operation they would cost a model ten times as much.
pub fn schema() -> Value {
    json!({
        "type": "array", "maxItems": MAX_OPERATIONS,
        "items": {
            "type": "object",
            "properties": {"op": {"type": "string"}},
            "required": ["op"],
        },
    })
}

/// Fields of shapes that are told once, or in the help alone.
const SHARED: [&str; 2] = ["rotation", "hollow"];

/// Characters that all signatures together may take; the rest is told by `voxel_help`.
pub const SIGNATURE_ROOM: usize = 780;
/// The same where there are more tools to tell of, and one of them takes code.
pub const ROOM_BESIDE_SCRIPTS: usize = 570;

/// Operations with the same fields.
struct Group {
    names: Vec<&'static str>,
    required: Vec<&'static str>,
    /// Empty if they have none, or if there is no room to tell them.
    optional: Vec<&'static str>,
    is_cut: bool,
}

impl Group {
    fn text(&self) -> String {
        let optional = self.optional.iter().map(|name| format!("{name}?"));
        let rest = self.is_cut.then(|| "..".to_owned());
        let fields = self.required.iter().map(|name| (*name).to_owned());
        let fields: Vec<String> = fields.chain(optional).chain(rest).collect();
        match fields.as_slice() {
            // Nothing but fields that there is no room for.
            [one] if one == ".." => self.names.join("|"),
            fields => format!("{}({})", self.names.join("|"), fields.join(" ")),
        }
    }
}

/// Every operation with its own fields, those that may be absent with a question mark; operations
/// with the same fields together. Where there is no room, the last ones, which are needed least,
/// lose what may be absent.
pub fn signatures(room: usize) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for info in OPERATIONS {
        let told = || info.fields.iter().filter(|param| !SHARED.contains(&param.name()));
        let required: Vec<&str> = told().filter(|p| p.required).map(Param::name).collect();
        let optional: Vec<&str> = told().filter(|p| !p.required).map(Param::name).collect();
        let same = |group: &&mut Group| group.required == required && group.optional == optional;
        match groups.iter_mut().find(same) {
            Some(group) => group.names.push(info.name),
            None => {
                groups.push(Group { names: vec![info.name], required, optional, is_cut: false });
            }
        }
    }
    let written = |groups: &[Group]| groups.iter().map(Group::text).collect::<Vec<_>>().join(" ");
    let mut text = written(&groups);
    while text.len() > room {
        let told = |least| move |group: &&mut Group| group.optional.len() > least;
        let last = if groups.iter().any(|group| group.optional.len() > 1) {
            groups.iter_mut().rev().find(told(1))
        } else {
            groups.iter_mut().rev().find(told(0))
        };
        match last {
            Some(group) => (group.optional, group.is_cut) = (Vec::new(), true),
            None => break,
        }
        text = written(&groups);
    }
    text
}

/// The fields that every operation takes.
pub fn common() -> String {
    CommonFields::PARAMS.iter().map(Param::name).collect::<Vec<_>>().join(", ")
}

/// The contract of an operation: every field with its type, its default and its meaning, and an
/// example.
pub fn contract(info: &OperationInfo) -> String {
    let mut text = format!("{}: {}\n", info.name, info.summary.trim());
    for param in info.fields.iter().chain(CommonFields::PARAMS) {
        let mut kind = param.schema.short();
        if let Some(default) = param.default {
            kind.push_str(&format!(", default {default}"));
        } else if param.required {
            kind.push_str(", required");
        }
        text.push_str(&format!("  {} ({kind}): {}\n", param.name(), param.description.trim()));
    }
    text.push_str(&format!("Example: {}", info.example));
    text
}

/// Other words for fields, with what they can stand for; the first that the operation has counts.
const OTHER_FIELDS: [(&str, &[&str]); 22] = [
    ("colour", &["color"]),
    ("rgb", &["color"]),
    ("rgba", &["color"]),
    ("hex", &["color"]),
    ("centre", &["center"]),
    ("middle", &["center"]),
    ("origin", &["center", "min"]),
    ("position", &["center", "at", "to"]),
    ("pos", &["center", "at", "to"]),
    ("point", &["at", "center"]),
    ("from", &["min"]),
    ("start", &["min"]),
    ("corner1", &["min"]),
    ("p1", &["min"]),
    ("to", &["max"]),
    ("end", &["max"]),
    ("corner2", &["max"]),
    ("p2", &["max"]),
    ("rad", &["radius"]),
    ("map", &["rows"]),
    ("layer_name", &["layer"]),
    ("colors", &["gradient"]),
];

/// Reads the operations of a call: what is clear is put in order and noted, what is not is refused.
pub fn tidy(list: Vec<Value>, notes: &mut Vec<String>) -> Result<Vec<Value>, Wrong> {
    if list.is_empty() || list.len() > MAX_OPERATIONS {
        return Err(Wrong {
            position: "\"ops\"".to_owned(),
            what: counted(list.len() as u64, "operation"),
            rule: format!(
                "1 to {MAX_OPERATIONS} operations in one call; send more in further calls"
            ),
            example: format!("[{}]", OPERATIONS[0].example),
        });
    }
    tidy_all("ops", list, notes)
}

fn tidy_all(at: &str, list: Vec<Value>, notes: &mut Vec<String>) -> Result<Vec<Value>, Wrong> {
    let one = |(index, value)| tidy_one(&format!("{at}[{index}]"), value, notes);
    list.into_iter().enumerate().map(one).collect()
}

fn tidy_one(at: &str, value: Value, notes: &mut Vec<String>) -> Result<Value, Wrong> {
    let mut members = object(at, value, notes)?;
    let info = name(at, &mut members, notes)?;
    let param = |name: &str| {
        CommonFields::PARAMS.iter().chain(info.fields).find(|param| param.names.contains(&name))
    };
    let mut tidied = Map::new();
    for (given, value) in &members {
        let name = match param(given) {
            Some(_) => given.clone(),
            None => match other_field(given, &members, &|name| param(name).is_some()) {
                Some(name) => {
                    notes.push(format!("{at}: \"{given}\" read as \"{name}\""));
                    name.to_owned()
                }
                None => given.clone(),
            },
        };
        let value = match param(&name) {
            None => value.clone(),
            Some(param) => {
                let read = coerce(&param.schema, value.clone());
                if read != *value {
                    notes.push(format!("{at}.{name}: {value} read as {read}"));
                }
                match read {
                    // Operations inside of operations: of repeat, of scatter.
                    Value::Array(inner) if name == "operations" => {
                        tidy_all(&format!("{at}.operations"), inner, notes)?.into()
                    }
                    read => read,
                }
            }
        };
        tidied.insert(name, value);
    }
    if param("max").is_some() {
        size_as_max(at, &mut tidied, notes);
    }
    Ok(Value::Object(tidied))
}

/// The operation as an object.
fn object(at: &str, value: Value, notes: &mut Vec<String>) -> Result<Map<String, Value>, Wrong> {
    let value = match value {
        Value::String(text) if text.trim_start().starts_with('{') => {
            notes.push(format!("{at}: a string read as JSON"));
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        value => value,
    };
    match value {
        Value::Object(members) => Ok(members),
        other => Err(Wrong {
            position: at.to_owned(),
            what: format!("got {}", shown(&other)),
            rule: "an operation is an object with \"op\"".to_owned(),
            example: OPERATIONS[0].example.to_owned(),
        }),
    }
}

/// Which operation it is; its members are its own fields and `op` afterwards.
fn name(
    at: &str,
    members: &mut Map<String, Value>,
    notes: &mut Vec<String>,
) -> Result<&'static OperationInfo, Wrong> {
    let nested = members.len() == 1
        && members.iter().all(|(name, value)| operation(name).is_some() && value.is_object());
    if nested && let Some((name, Value::Object(inner))) = std::mem::take(members).into_iter().next()
    {
        notes.push(format!("{at}: {{\"{name}\":{{..}}}} read as {{\"op\":\"{name}\",..}}"));
        *members = inner;
        members.insert("op".to_owned(), name.into());
    }
    let key =
        ["op", "type", "operation", "shape"].into_iter().find(|key| members.contains_key(*key));
    let Some(given) = key.and_then(|key| members.remove(key)) else {
        return Err(no_operation(at, "\"op\" is missing".to_owned(), None));
    };
    let Value::String(given) = given else {
        return Err(no_operation(at, format!("\"op\" is {}", shown(&given)), None));
    };
    let word = given.trim().to_lowercase().replace([' ', '-'], "_");
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == word).map(|(_, name)| *name);
    let found = operation(&word).or_else(|| operation(other?));
    let Some(info) = found else {
        let near = nearest(&word, OPERATIONS.iter().map(|info| info.name));
        return Err(no_operation(at, format!("there is no operation {given:?}"), near));
    };
    if key != Some("op") || info.name != given {
        notes.push(format!("{at}: {given:?} read as \"op\":\"{}\"", info.name));
    }
    members.insert("op".to_owned(), info.name.into());
    Ok(info)
}

fn no_operation(at: &str, what: String, near: Option<&'static str>) -> Wrong {
    let names: Vec<&str> = OPERATIONS.iter().map(|info| info.name).collect();
    let info = near.and_then(operation).unwrap_or(&OPERATIONS[0]);
    let what = match near {
        Some(near) => format!("{what}; did you mean \"{near}\"?"),
        None => what,
    };
    Wrong {
        position: at.to_owned(),
        what,
        rule: format!("\"op\" is one of {}", names.join(", ")),
        example: info.example.to_owned(),
    }
}

fn other_field(
    given: &str,
    members: &Map<String, Value>,
    is_param: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    let lower = given.to_lowercase();
    let (_, stand_for) = OTHER_FIELDS.iter().find(|(other, _)| *other == lower)?;
    stand_for.iter().copied().find(|name| is_param(name) && !members.contains_key(*name))
}

/// A box by its corner and its size.
fn size_as_max(at: &str, members: &mut Map<String, Value>, notes: &mut Vec<String>) {
    if members.contains_key("max") {
        return;
    }
    let point = |value: &Value| -> Option<Vec<i64>> {
        let read = coerce(&POINT, value.clone());
        read.as_array()?.iter().map(Value::as_i64).collect()
    };
    let (Some(min), Some(size)) =
        (members.get("min").and_then(point), members.get("size").and_then(point))
    else {
        return;
    };
    if min.len() == 3 && size.len() == 3 && size.iter().all(|&length| length > 0) {
        let max: Vec<i64> = min.iter().zip(&size).map(|(min, size)| min + size - 1).collect();
        notes.push(format!("{at}: size {size:?} read as max {max:?}"));
        members.remove("size");
        members.insert("max".to_owned(), json!(max));
    }
}

/// A value as an error shows it.
pub fn shown(value: &Value) -> String {
    crate::api::args::shown(&value.to_string())
}
