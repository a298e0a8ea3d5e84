//! Values that are clear but not of the type asked for: "12" for 12, a list as JSON text, a colour
//! without its `#`.

use serde_json::{Value, json};

use crate::api::schema::Schema;

/// The value as the schema wants it, if it is clear what that is; else the value as it came.
pub fn coerce(schema: &Schema, value: Value) -> Value {
    match schema {
        Schema::Integer(..) => whole(value),
        Schema::Number(..) => number(value),
        Schema::Boolean => flag(value),
        Schema::Text => match value {
            Value::Number(number) => number.to_string().into(),
            other => other,
        },
        Schema::Word(words) => word(words, value),
        Schema::Color => color(value),
        Schema::List(item, min, max) => list(item, (*min, *max), value),
        Schema::Map(item) => match parsed(value) {
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name, coerce(item, value))).collect()
            }
            other => other,
        },
        Schema::Object(_) | Schema::Any | Schema::Custom(..) => parsed(value),
        Schema::OneOf(choices) => one_of(choices, value),
    }
}

/// JSON text of a list or an object as what it says.
pub fn parsed(value: Value) -> Value {
    match &value {
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

fn number(value: Value) -> Value {
    match &value {
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => whole_if_it_is(number),
            _ => value,
        },
        _ => value,
    }
}

fn whole_if_it_is(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

/// The value as a whole number.
pub fn whole(value: Value) -> Value {
    match number(value) {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => whole_if_it_is(float),
            _ => number.into(),
        },
        other => other,
    }
}

/// The value as true or false.
pub fn flag(value: Value) -> Value {
    match &value {
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" => true.into(),
            "false" | "no" => false.into(),
            _ => value,
        },
        Value::Number(number) if number.as_i64() == Some(1) => true.into(),
        Value::Number(number) if number.as_i64() == Some(0) => false.into(),
        _ => value,
    }
}

/// The value as one of some words.
pub fn word(words: &[&str], value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let same = |word: &str| word.trim().to_lowercase().replace([' ', '-'], "_");
    match words.iter().find(|word| same(word) == same(text)) {
        Some(word) => (*word).into(),
        None => value,
    }
}

/// Whether a text is six or eight hexadecimal digits.
fn is_hex(text: &str) -> bool {
    matches!(text.len(), 6 | 8) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn color(value: Value) -> Value {
    match parsed(value) {
        Value::String(text) => {
            let lower = text.trim().to_lowercase();
            let digits = lower.strip_prefix("0x").unwrap_or(&lower);
            let inside = lower.split_once('(').and_then(|(name, rest)| {
                let channels = rest.strip_suffix(')')?;
                ["rgb", "rgba"].contains(&name.trim()).then_some(channels)
            });
            match inside {
                Some(channels) => numbers(channels).unwrap_or(Value::String(text)),
                None if is_hex(digits) => format!("#{digits}").into(),
                None if lower != text => lower.into(),
                None => Value::String(text),
            }
        }
        Value::Array(channels) => channels.into_iter().map(number).collect(),
        other => other,
    }
}

/// Numbers with commas or blanks between them.
fn numbers(text: &str) -> Option<Value> {
    let split = text.split([',', ' ']).filter(|part| !part.is_empty());
    let numbers: Option<Vec<Value>> =
        split.map(|part| part.parse::<f64>().ok().map(whole_if_it_is)).collect();
    numbers.filter(|numbers| !numbers.is_empty()).map(Value::Array)
}

fn list(item: &Schema, (min, max): (usize, usize), value: Value) -> Value {
    let value = match parsed(value) {
        Value::String(text) if is_number(item) => numbers(&text).unwrap_or(Value::String(text)),
        Value::Object(members) if (min, max) == (3, 3) && members.len() == 3 => {
            let parts = ["x", "y", "z"].map(|name| members.get(name).cloned());
            match parts {
                [Some(x), Some(y), Some(z)] => json!([x, y, z]),
                _ => Value::Object(members),
            }
        }
        other => other,
    };
    match value {
        Value::Array(items) => items.into_iter().map(|one| coerce(item, one)).collect(),
        other => other,
    }
}

fn is_number(schema: &Schema) -> bool {
    matches!(schema, Schema::Integer(..) | Schema::Number(..))
}

fn one_of(choices: &[Schema], value: Value) -> Value {
    let value = parsed(value);
    let fitting = |wanted: fn(&Schema) -> bool| choices.iter().find(|choice| wanted(choice));
    let choice = match &value {
        Value::String(_) => fitting(|choice| matches!(choice, Schema::Color))
            .or_else(|| fitting(is_number))
            .or_else(|| fitting(|choice| matches!(choice, Schema::Boolean))),
        Value::Array(_) => fitting(|choice| matches!(choice, Schema::List(..))),
        _ => None,
    };
    match choice {
        // The places of a list of voxels may be anything: leave them to who knows.
        Some(choice) => coerce(choice, value),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema::{COORDINATE, COUNT, POINT};

    #[test]
    fn what_is_clear_is_read_and_what_is_not_stays() {
        let cases = [
            (COUNT, json!("12"), json!(12)),
            (COUNT, json!("twelve"), json!("twelve")),
            (COORDINATE, json!(3.0), json!(3)),
            (Schema::Boolean, json!("True"), json!(true)),
            (Schema::Boolean, json!(2), json!(2)),
            (POINT, json!("[1,2,3]"), json!([1, 2, 3])),
            (POINT, json!("1, 2, 3"), json!([1, 2, 3])),
            (POINT, json!({"x": 1, "y": "2", "z": 3}), json!([1, 2, 3])),
            (POINT, json!({"x": 1, "y": 2}), json!({"x": 1, "y": 2})),
            (Schema::Color, json!("ff0000"), json!("#ff0000")),
            (Schema::Color, json!("0xFF0000"), json!("#ff0000")),
            (Schema::Color, json!("rgb(255, 0, 9)"), json!([255, 0, 9])),
            (Schema::Color, json!(" Red"), json!("red")),
            (Schema::Word(&["x", "y"]), json!(" X"), json!("x")),
            (Schema::OneOf(&[COUNT, Schema::Boolean]), json!("2"), json!(2)),
            (Schema::Map(&Schema::Color), json!("{\"a\":\"f00000\"}"), json!({"a": "#f00000"})),
        ];
        for (schema, given, expected) in cases {
            assert_eq!(coerce(&schema, given.clone()), expected, "{given}");
        }
    }
}
