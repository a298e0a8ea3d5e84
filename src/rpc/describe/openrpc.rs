//! The API as an OpenRPC 1.3.2 document, what `rpc.discover` answers.
//!
//! Schemas stand where they are used: no references, so any reader can take one method out. What
//! OpenRPC has no word for is in `x-` members: other names of methods and params, and the two
//! params that are taken by name only, `project`, `progress_ms` and `max_ms`.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::params::{Slot, slots};
use crate::VERSION;
use crate::api::Method;
use crate::api::json::{Elements, Members};
use crate::job::Slice;
use crate::rpc::table::{Entry, entries};

/// The version of OpenRPC that the document follows.
pub const OPENRPC: &str = "1.3.2";

/// The document's text. The table never changes, so it is made once, when somebody first asks for
/// it.
static TEXT: OnceLock<String> = OnceLock::new();

/// The text of the document, if it was made.
pub fn known_text() -> Option<&'static str> {
    TEXT.get().map(String::as_str)
}

/// The text of the document, made in slices.
pub async fn text(slice: &Slice) -> &'static str {
    let info = json!({
        "title": "goxel-daemon",
        "version": VERSION,
        "description": "A voxel engine behind a Unix socket. z is up; every box is inclusive, in params and \
            results. The prefix `goxel.` is optional on every method name.",
        "license": {"name": "MIT OR Apache-2.0"},
    });
    let mut text = format!(r#"{{"openrpc":"{OPENRPC}","info":{info},"methods":["#);
    for (number, entry) in entries().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        text.push_str(&format!("{comma}{}", method(entry)));
        slice.spend(1).await;
    }
    text.push_str("]}");
    TEXT.get_or_init(|| text)
}

fn method(entry: &'static Entry) -> Value {
    let method = &entry.method;
    let names_only = method.example.by_position.is_empty();
    let errors = super::errors_of(method).into_iter();
    let mut described = json!({
        "name": method.name,
        "summary": method.summary.trim(),
        "tags": [{"name": entry.subject()}],
        "paramStructure": if names_only { "by-name" } else { "either" },
        "params": params(method),
        "result": {"name": "result", "required": true, "schema": result(method)},
        "errors": errors
            .map(|(code, meaning)| json!({"code": code, "message": meaning}))
            .collect::<Vec<_>>(),
        "examples": examples(method),
        "x-aliases": method.aliases,
        "x-effect": method.effect.name(),
    });
    if method.effect.on_project() {
        described["x-named-params"] = json!([
            named_param(
                "project",
                "The open project to work on; \"default\" if absent. `project_id` is the same.",
                json!({"type": "string"})
            ),
            named_param(
                "progress_ms",
                "Send goxel.progress about this often while the call runs, in milliseconds.",
                json!({"type": "integer", "minimum": 1})
            ),
            named_param(
                "max_ms",
                "Stop the call when it has taken this long, in milliseconds, with error -32800; nothing is changed then.",
                json!({"type": "integer", "minimum": 1})
            )
        ]);
    }
    described
}

fn named_param(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "description": description, "required": false, "schema": schema})
}

/// The schema of a param. The operations of `goxel.edit` are described one by one.
pub fn schema_of(method: &Method, slot: &Slot) -> Value {
    match (method.name, slot.name) {
        ("goxel.edit", "operations") => crate::api::operations::schema(),
        _ => slot.schema.json(),
    }
}

/// The params. OpenRPC has no required param behind an optional one: such a one is marked
/// `x-required`.
fn params(method: &Method) -> Vec<Value> {
    let slots = slots(method);
    let optional = slots.iter().position(|slot| !slot.required).unwrap_or(slots.len());
    let described = slots.iter().enumerate().map(|(index, slot)| {
        let mut described = param(method, slot);
        if slot.required && index > optional {
            described["required"] = false.into();
            described["x-required"] = true.into();
        }
        described
    });
    described.collect()
}

fn param(method: &Method, slot: &Slot) -> Value {
    let mut schema = schema_of(method, slot);
    let default = slot.default.and_then(|raw| serde_json::from_str::<Value>(raw).ok());
    if let (Value::Object(members), Some(default)) = (&mut schema, default) {
        members.insert("default".to_owned(), default);
    }
    let mut described = json!({
        "name": slot.name,
        "description": slot.description,
        "required": slot.required,
        "schema": schema,
    });
    if !slot.synonyms.is_empty() {
        described["x-synonyms"] = json!(slot.synonyms);
    }
    described
}

/// The schema of a method's result; of one without described members, any value.
pub fn result(method: &Method) -> Value {
    match method.result {
        [] => json!({}),
        fields => {
            let mut schema = crate::api::schema::Schema::Object(fields).json();
            if method.lenient && schema["properties"].get("warnings").is_none() {
                schema["properties"]["warnings"] = json!({
                    "type": "array", "items": {"type": "string"},
                    "description": "What of the call was not understood; absent if nothing was.",
                });
            }
            schema
        }
    }
}

/// The examples, as far as OpenRPC can show them: named params must have their canonical names.
fn examples(method: &Method) -> Vec<Value> {
    let slots = slots(method);
    let pairing = |name: &str, params: Vec<Value>| json!({"name": name, "params": params});
    let value = |raw: &str| serde_json::from_str::<Value>(raw).unwrap_or(Value::Null);
    let mut examples = Vec::new();
    let positional: Vec<_> = Elements::new(method.example.by_position).map(value).collect();
    if !method.example.by_position.is_empty() && positional.len() <= slots.len() {
        let params = slots.iter().zip(positional);
        let params = params.map(|(slot, value)| json!({"name": slot.name, "value": value}));
        examples.push(pairing("by position", params.collect()));
    }
    let named: Map<String, Value> = Members::new(method.example.by_name)
        .map(|(name, raw)| (name.into_owned(), value(raw)))
        .collect();
    if !named.is_empty() && named.keys().all(|name| slots.iter().any(|slot| slot.name == name)) {
        let params = named.into_iter().map(|(name, value)| json!({"name": name, "value": value}));
        examples.push(pairing("by name", params.collect()));
    }
    examples
}
