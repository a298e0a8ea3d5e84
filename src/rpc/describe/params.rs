//! Params as descriptions show them: a point becomes x, y and z, in positional order.

use std::borrow::Cow;

use crate::api::json::Elements;
use crate::api::schema::Schema;
use crate::api::{Method, Param};

/// One position of a call.
pub struct Slot {
    /// The param's name, or a part's.
    pub name: &'static str,
    /// Other names it can be given by.
    pub synonyms: Vec<&'static str>,
    /// What it is.
    pub description: Cow<'static, str>,
    /// Whether it must be given.
    pub required: bool,
    /// Its default as JSON.
    pub default: Option<&'static str>,
    /// Its type.
    pub schema: Schema,
}

/// The positions of a method's params.
pub fn slots(method: &Method) -> Vec<Slot> {
    method.params.iter().flat_map(slots_of).collect()
}

fn slots_of(param: &'static Param) -> Vec<Slot> {
    let description = param.description.trim();
    match param.schema {
        Schema::List(item, ..) if param.flattened => {
            let mut defaults = param.default.map(Elements::new);
            let part = |(index, &name): (usize, &&'static str)| Slot {
                name,
                synonyms: Vec::new(),
                description: match index {
                    0 => format!("{description} (All as one: `{}`.)", param.name()).into(),
                    _ => format!("See {}.", param.parts[0]).into(),
                },
                required: param.required,
                default: defaults.as_mut().and_then(Iterator::next),
                schema: *item,
            };
            param.parts.iter().enumerate().map(part).collect()
        }
        schema => vec![Slot {
            name: param.name(),
            synonyms: param.names[1..].to_vec(),
            description: description.into(),
            required: param.required,
            default: param.default,
            schema,
        }],
    }
}

/// The params in one line: `x, y, z, color?, layer_id?`.
pub fn signature(method: &Method) -> String {
    let shown = |slot: Slot| format!("{}{}", slot.name, if slot.required { "" } else { "?" });
    slots(method).into_iter().map(shown).collect::<Vec<_>>().join(", ")
}
