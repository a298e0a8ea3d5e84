//! A small validator for the JSON Schemas that the API describes itself with.

use serde_json::Value;

/// Where and why a value does not fit a schema; `None` if it does.
pub fn misfit(schema: &Value, value: &Value) -> Option<String> {
    misfit_at("$", schema, value)
}

fn misfit_at(at: &str, schema: &Value, value: &Value) -> Option<String> {
    if let Some(choices) = schema["anyOf"].as_array() {
        let misfits: Vec<_> = choices.iter().map(|choice| misfit_at(at, choice, value)).collect();
        return match misfits.iter().any(Option::is_none) {
            true => None,
            false => Some(format!("{at}: none of {} forms fits {value}", choices.len())),
        };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| misfit_at(at, choice, value).is_none());
        let fitting = fitting.count();
        return (fitting != 1).then(|| format!("{at}: {fitting} forms fit {value}"));
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return Some(format!("{at}: {value} is not {}", schema["const"]));
    }
    let fits = match schema["type"].as_str() {
        None => true,
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => return Some(format!("{at}: unknown type {other}")),
    };
    if !fits {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    range(at, schema, value).or_else(|| parts(at, schema, value))
}

fn range(at: &str, schema: &Value, value: &Value) -> Option<String> {
    let number = value.as_f64();
    let below = schema["minimum"].as_f64().zip(number).is_some_and(|(min, value)| value < min);
    let above = schema["maximum"].as_f64().zip(number).is_some_and(|(max, value)| value > max);
    let known = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    (below || above || !known).then(|| format!("{at}: {value} is out of {schema}"))
}

fn parts(at: &str, schema: &Value, value: &Value) -> Option<String> {
    if let Some(items) = value.as_array() {
        let count = items.len() as u64;
        let few = schema["minItems"].as_u64().is_some_and(|min| count < min);
        let many = schema["maxItems"].as_u64().is_some_and(|max| count > max);
        if few || many {
            return Some(format!("{at}: {count} items"));
        }
        let item = |(index, item)| misfit_at(&format!("{at}[{index}]"), &schema["items"], item);
        return items.iter().enumerate().find_map(item);
    }
    let members = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !members.contains_key(*name)) {
        return Some(format!("{at}: '{missing}' is missing"));
    }
    let properties = schema["properties"].as_object();
    members.iter().find_map(|(name, value)| {
        let at = format!("{at}.{name}");
        match properties.and_then(|properties| properties.get(name)) {
            Some(schema) => misfit_at(&at, schema, value),
            None if schema["additionalProperties"].is_object() => {
                misfit_at(&at, &schema["additionalProperties"], value)
            }
            None => properties.map(|_| format!("{at}: not described")),
        }
    })
}
