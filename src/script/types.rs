//! The API of scripts as declarations for TypeScript, made of the same tables as the API itself.

use std::fmt::Write;

use crate::api::Param;
use crate::api::operations::OPERATIONS;

/// What does not follow from tables.
const FIXED: &str = include_str!("js/goxel.d.ts");

/// The type of a param as TypeScript has it: what a schema tells, in a word.
fn type_of(param: &Param) -> &'static str {
    let schema = param.schema.json();
    match schema.get("type").and_then(|kind| kind.as_str()) {
        Some("integer" | "number") => "number",
        Some("string") => "string",
        Some("boolean") => "boolean",
        Some("array") => "any[]",
        _ => "any",
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The declarations.
pub fn declarations() -> String {
    let mut out = FIXED.to_owned();
    for info in OPERATIONS {
        let fields = info.fields.iter().map(|field| {
            let mark = if field.required { "" } else { "?" };
            format!("{}{mark}: {}", field.name(), type_of(field))
        });
        let fields: Vec<String> = fields
            .chain([
                "color?: Color".to_owned(),
                "layer?: number | string".to_owned(),
                "mode?: Mode".to_owned(),
            ])
            .collect();
        let mut fields = fields;
        fields.sort();
        fields.dedup_by(|a, b| a.split([':', '?']).next() == b.split([':', '?']).next());
        let _ = writeln!(
            out,
            "/** {} */\ndeclare function {}(fields: {{ {} }}): Changed",
            info.summary.trim(),
            camel(info.name),
            fields.join("; ")
        );
    }
    out
}
