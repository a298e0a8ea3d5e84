//! One method or one operation in few words, for those who pay for each of them.

use serde_json::{Map, Value, json};

use super::openrpc::OPENRPC;
use super::params::slots;
use crate::VERSION;
use crate::api::method::Params;
use crate::api::operations::{CommonFields, OPERATIONS, OperationInfo};
use crate::api::{Method, Param};
use crate::rpc::table::Entry;

/// The most characters of one description.
const MOST_CHARACTERS: usize = 90;

fn document(methods: Value) -> Value {
    json!({
        "openrpc": OPENRPC,
        "info": {"title": "goxel-daemon", "version": VERSION},
        "methods": methods,
    })
}

/// The first sentence of a text, cut short.
fn first(text: &str) -> String {
    let text = text.trim();
    let sentence = text.split_inclusive(['.', ';']).next().unwrap_or(text);
    match sentence.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}...", &sentence[..end]),
        None => sentence.to_owned(),
    }
}

/// What there is to know of a param, in one text.
fn told(kind: &str, default: Option<&str>, required: bool, description: &str) -> Value {
    let kind: String = kind.chars().take(MOST_CHARACTERS).collect();
    let default = match (default, required) {
        (Some(default), _) => format!(" = {default}"),
        (None, true) => ", required".to_owned(),
        (None, false) => String::new(),
    };
    format!("{kind}{default}: {}", first(description)).into()
}

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A method alone.
pub fn method(entry: &Entry) -> Value {
    let method: &Method = &entry.method;
    let param = |slot: &super::Slot| {
        let kind = slot.schema.short();
        (slot.name.to_owned(), told(&kind, slot.default, slot.required, &slot.description))
    };
    let params: Map<String, Value> = slots(method).iter().map(param).collect();
    let result: Vec<&str> = method.result.iter().map(|field| field.name).collect();
    let mut described = json!({
        "name": method.name,
        "summary": method.summary.trim(),
        "params": params,
        "result": result,
        "example": example(method.example.by_name),
    });
    if method.name == "goxel.edit" {
        described["operations"] = OPERATIONS.iter().map(|info| info.name).collect();
    }
    document(json!([described]))
}

/// An operation of `goxel.edit` alone.
pub fn operation(info: &OperationInfo) -> Value {
    let field = |param: &Param| {
        let kind = param.schema.short();
        (param.name().to_owned(), told(&kind, param.default, param.required, param.description))
    };
    let fields: Map<String, Value> = info.fields.iter().map(field).collect();
    let common: Vec<&str> = CommonFields::PARAMS.iter().map(Param::name).collect();
    let mut document = document(json!([]));
    document["operation"] = json!({
        "op": info.name,
        "summary": info.summary.trim(),
        "fields": fields,
        "common": common,
        "example": example(info.example),
    });
    document
}
