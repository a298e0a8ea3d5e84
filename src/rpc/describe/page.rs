//! The reference page of the guide, in Markdown.

use std::fmt::Write as _;

use super::params::{Slot, slots};
use crate::api::schema::{Field, Schema};
use crate::rpc::table::{Entry, entries};

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    let mut subject = "";
    for entry in entries() {
        if entry.subject() != subject {
            subject = entry.subject();
            let _ = write!(page, "\n# {}\n", title(subject));
        }
        method(entry, &mut page);
    }
    super::operations::section(&mut page);
    page
}

const INTRODUCTION: &str = "\
<!-- Made from the table of methods by `make reference`. Do not edit. -->

Every method of the daemon. Params are given by name or by position, in the order of the tables. A name in
brackets is another name for the same param. The prefix `goxel.` is optional on every method, and
`rpc.discover` answers with all of this as an OpenRPC document.

Methods that work on a project take three more params, by name only: `project`, the open project to work on
(\"default\" if absent), `progress_ms`, which asks for `goxel.progress` about this often while a long call
runs, and `max_ms`, after which the call is stopped with error -32800 and nothing is changed.

Methods of the C daemon, and names that its clients use, carry out what they understand and name the rest in
`warnings`, a list of sentences in the result that is absent when empty; the other methods refuse it.

A colour is `\"#rgb\"`, `\"#rrggbb\"`, `\"#rrggbbaa\"`, a CSS name, `[r,g,b]`, `[r,g,b,a]` or `{\"r\":..,\"g\":..,\"b\":..,\"a\":..}`;
a point is `[x,y,z]` or `{\"x\":..,\"y\":..,\"z\":..}`. Boxes are inclusive. z is up. Of colours whose
components are at most 1 and one of them is spelled with a point or an exponent, all are shares of 1.
";

fn title(subject: &str) -> String {
    let spaced = subject.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn method(entry: &Entry, page: &mut String) {
    let method = &entry.method;
    let _ = write!(page, "\n## {}\n\n{}\n", method.name, method.summary.trim());
    if !method.aliases.is_empty() {
        let aliases: Vec<_> = method.aliases.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(page, "\nAlso called {}.\n", aliases.join(", "));
    }
    let slots = slots(method);
    if !slots.is_empty() {
        page.push_str("\n| param | type | default | meaning |\n| --- | --- | --- | --- |\n");
        slots.iter().for_each(|slot| param(slot, page));
    }
    if !method.result.is_empty() {
        page.push_str("\n| result | type | meaning |\n| --- | --- | --- |\n");
        fields("", method.result, page);
    }
    page.push_str("\n```json\n");
    for example in [method.example.by_position, method.example.by_name] {
        if !example.is_empty() {
            let name = method.name;
            let _ = writeln!(
                page,
                r#"{{"jsonrpc":"2.0","id":1,"method":"{name}","params":{example}}}"#
            );
        }
    }
    page.push_str("```\n");
    let errors: Vec<_> = super::errors_of(method)
        .into_iter()
        .map(|(code, meaning)| format!("{code} ({})", meaning.to_lowercase()))
        .collect();
    let _ = write!(page, "\nErrors: {}.\n", errors.join(", "));
}

fn param(slot: &Slot, page: &mut String) {
    let mut name = format!("`{}`", slot.name);
    if !slot.synonyms.is_empty() {
        let synonyms: Vec<_> = slot.synonyms.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(name, " ({})", synonyms.join(", "));
    }
    let default = match slot.default {
        Some(default) => format!("`{default}`"),
        None if slot.required => "required".to_owned(),
        None => "-".to_owned(),
    };
    let kind = slot.schema.short();
    let _ =
        writeln!(page, "| {name} | {} | {default} | {} |", cell(&kind), cell(&slot.description));
}

/// One row a member; members of members under `outer.inner`, of list items under `outer[].inner`.
fn fields(prefix: &str, fields_: &[Field], page: &mut String) {
    for field in fields_ {
        let name = format!("{prefix}{}", field.name);
        let optional = if field.required { "" } else { "?" };
        let (kind, meaning) = (field.schema.short(), field.description.trim());
        let _ = writeln!(page, "| `{name}`{optional} | {} | {} |", cell(&kind), cell(meaning));
        match field.schema {
            Schema::Object(inner) => fields(&format!("{name}."), inner, page),
            Schema::List(Schema::Object(inner), ..) => fields(&format!("{name}[]."), inner, page),
            _ => {}
        }
    }
}

/// A text as a cell of a table. Brackets outside of code would be links.
pub(super) fn cell(text: &str) -> String {
    let mut is_code = false;
    let mut cell = String::with_capacity(text.len());
    for letter in text.chars() {
        is_code ^= letter == '`';
        match letter {
            '|' => cell.push_str("\\|"),
            '\n' => cell.push(' '),
            '[' | ']' if !is_code => cell.extend(['\\', letter]),
            other => cell.push(other),
        }
    }
    cell
}
