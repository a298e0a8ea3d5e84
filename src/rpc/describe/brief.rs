//! One method or one operation in few words, for those who pay for each of them.

use serde_json::{Map, Value, json};

use super::openrpc::OPENRPC;
use super::params::slots;
use crate::VERSION;
use crate::api::method::Params;
use crate::api::operations::{CommonFields, OPERATIONS, OperationInfo};
use crate::api::{Method, Param};
use crate::rpc::table::Entry;

/// The most characters of a type.
const MOST_OF_KIND: usize = 90;
/// The most characters of one description, where the whole is too long with more of them.
const MOST_CHARACTERS: [usize; 6] = [90, 60, 40, 28, 16, 0];
/// Bytes that a whole answer may have.
const MOST_BYTES: usize = 1900;

/// The most that is told within the bytes there are; `tell` is given the most characters of one
/// description.
fn within_bytes(tell: impl Fn(usize) -> Value) -> Value {
    let shorter = MOST_CHARACTERS.iter().map(|&most| tell(most));
    let fits = |told: &Value| told.to_string().len() <= MOST_BYTES;
    shorter.into_iter().find(fits).unwrap_or_else(|| tell(0))
}

fn document(methods: Value) -> Value {
    json!({
        "openrpc": OPENRPC,
        "info": {"title": "goxel-daemon", "version": VERSION},
        "methods": methods,
    })
}

/// The first sentence of a text, cut short.
fn first(text: &str, most: usize) -> String {
    let text = text.trim();
    let sentence = text.split_inclusive(['.', ';']).next().unwrap_or(text);
    match sentence.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", sentence[..end].trim_end()),
        None => sentence.to_owned(),
    }
}

/// What there is to know of a param, in one text.
fn told(
    kind: &str,
    default: Option<&str>,
    required: bool,
    description: &str,
    most: usize,
) -> Value {
    // A range that is only that of its type tells nothing.
    let kind: String = kind.replace(", 0 to 4294967295", "").chars().take(MOST_OF_KIND).collect();
    let default = match (default, required) {
        (Some(default), _) => format!(" = {default}"),
        (None, true) => ", required".to_owned(),
        (None, false) => String::new(),
    };
    if most == 0 {
        return format!("{kind}{default}").into();
    }
    format!("{kind}{default}: {}", first(description, most)).into()
}

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A method alone.
pub fn method(entry: &Entry) -> Value {
    within_bytes(|most| method_within(entry, most))
}

fn method_within(entry: &Entry, most: usize) -> Value {
    let method: &Method = &entry.method;
    let param = |slot: &super::Slot| {
        let kind = slot.schema.short();
        (slot.name.to_owned(), told(&kind, slot.default, slot.required, &slot.description, most))
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
    within_bytes(|most| operation_within(info, most))
}

fn operation_within(info: &OperationInfo, most: usize) -> Value {
    let field = |param: &Param| {
        let kind = param.schema.short();
        (
            param.name().to_owned(),
            told(&kind, param.default, param.required, param.description, most),
        )
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
