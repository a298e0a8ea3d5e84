//! JSON for people: in the order in which it came, compact where it is short, coloured.
//!
//! It works on the text and keeps every number as it was spelled. What comes from files may hold
//! anything, so control characters are written as escapes.

use std::fmt::Write;

/// A value, with the width of its text on one line.
struct Node<'a> {
    kind: Kind<'a>,
    width: usize,
}

enum Kind<'a> {
    Leaf(&'a str),
    List(Vec<Node<'a>>),
    Object(Vec<(&'a str, Node<'a>)>),
}

/// How to write.
#[derive(Clone, Copy)]
pub struct Style {
    /// Columns of the terminal.
    pub columns: usize,
    /// With colours.
    pub colour: bool,
}

/// JSON text as a person reads it, without a line feed at its end; text that is no JSON as it is.
pub fn pretty(text: &str, style: Style) -> String {
    let mut rest = text.trim();
    let Some(node) = read(&mut rest, 0) else { return text.to_owned() };
    let mut out = String::new();
    write(&node, 0, 0, style, &mut out);
    out
}

/// Deeper values are no answers of the daemon.
const MAX_DEPTH: usize = 256;

fn read<'a>(rest: &mut &'a str, depth: usize) -> Option<Node<'a>> {
    *rest = rest.trim_start();
    let first = rest.chars().next().filter(|_| depth < MAX_DEPTH)?;
    match first {
        '[' => {
            let items = members(rest, ']', |rest| read(rest, depth + 1))?;
            let inner: usize = items.iter().map(|item| item.width).sum();
            let width = inner + 2 + 2 * items.len().saturating_sub(1);
            Some(Node { kind: Kind::List(items), width })
        }
        '{' => {
            let items = members(rest, '}', |rest| {
                *rest = rest.trim_start();
                let key = leaf(rest)?;
                *rest = rest.trim_start().strip_prefix(':')?;
                Some((key, read(rest, depth + 1)?))
            })?;
            let inner: usize =
                items.iter().map(|(key, item)| key.chars().count() + 2 + item.width).sum();
            let width = inner + 2 + 2 * items.len().saturating_sub(1);
            Some(Node { kind: Kind::Object(items), width })
        }
        _ => leaf(rest).map(|text| Node { kind: Kind::Leaf(text), width: text.chars().count() }),
    }
}

/// What stands between brackets, with commas between.
fn members<'a, T>(
    rest: &mut &'a str,
    end: char,
    mut one: impl FnMut(&mut &'a str) -> Option<T>,
) -> Option<Vec<T>> {
    *rest = rest.get(1..)?.trim_start();
    let mut items = Vec::new();
    if let Some(after) = rest.strip_prefix(end) {
        *rest = after;
        return Some(items);
    }
    loop {
        items.push(one(rest)?);
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(end) {
            *rest = after;
            return Some(items);
        }
        *rest = rest.strip_prefix(',')?;
    }
}

/// A string, a number or a word.
fn leaf<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let bytes = rest.as_bytes();
    let end = if bytes.first() == Some(&b'"') {
        let mut place = 1;
        loop {
            match bytes.get(place)? {
                b'"' => break place + 1,
                b'\\' => place += 2,
                _ => place += 1,
            }
        }
    } else {
        bytes.iter().position(|byte| b",]}: \t\r\n".contains(byte)).unwrap_or(bytes.len())
    };
    let found = rest.get(..end).filter(|text| !text.is_empty())?;
    *rest = rest.get(end..)?;
    Some(found)
}

/// Writes a value that begins at a column, whose lines are indented by so much.
fn write(node: &Node<'_>, indent: usize, column: usize, style: Style, out: &mut String) {
    if column + node.width < style.columns {
        return write_flat(node, style, out);
    }
    let inside = indent + 2;
    let line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    };
    match &node.kind {
        Kind::Leaf(_) => write_flat(node, style, out),
        Kind::List(items) => {
            out.push('[');
            let mut column = usize::MAX;
            let is_plain = items.iter().all(|item| matches!(item.kind, Kind::Leaf(_)));
            for (index, item) in items.iter().enumerate() {
                // Numbers and words fill lines; everything else has a line of its own.
                if is_plain && column.saturating_add(item.width + 2) < style.columns {
                    out.push(' ');
                } else {
                    line(out, inside);
                    column = inside;
                }
                write(item, inside, inside, style, out);
                column += item.width + 2;
                if index + 1 < items.len() {
                    out.push(',');
                }
            }
            line(out, indent);
            out.push(']');
        }
        Kind::Object(items) => {
            out.push('{');
            for (index, (key, item)) in items.iter().enumerate() {
                line(out, inside);
                write_key(key, style, out);
                write(item, inside, inside + key.chars().count() + 2, style, out);
                if index + 1 < items.len() {
                    out.push(',');
                }
            }
            line(out, indent);
            out.push('}');
        }
    }
}

fn write_flat(node: &Node<'_>, style: Style, out: &mut String) {
    match &node.kind {
        Kind::Leaf(text) => {
            let colour = match text.as_bytes().first() {
                Some(b'"') => "32",
                Some(b't' | b'f' | b'n') => "35",
                _ => "36",
            };
            painted(text, colour, style, out);
        }
        Kind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_flat(item, style, out);
            }
            out.push(']');
        }
        Kind::Object(items) => {
            out.push('{');
            for (index, (key, item)) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_key(key, style, out);
                write_flat(item, style, out);
            }
            out.push('}');
        }
    }
}

fn write_key(key: &str, style: Style, out: &mut String) {
    painted(key, "34", style, out);
    out.push_str(": ");
}

fn painted(text: &str, colour: &str, style: Style, out: &mut String) {
    if style.colour {
        let _ = write!(out, "\x1b[{colour}m");
    }
    for letter in text.chars() {
        if letter.is_control() {
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    if style.colour {
        out.push_str("\x1b[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { columns: 40, colour: false };

    #[test]
    fn what_is_short_stays_on_one_line_in_its_order() {
        let text = r#"{"success":true,"color":[255,0,0,255],"a":1.50}"#;
        let wide = Style { columns: 80, ..PLAIN };
        let expected = r#"{"success": true, "color": [255, 0, 0, 255], "a": 1.50}"#;
        assert_eq!(pretty(text, wide), expected);
        let expected = "{\n  \"success\": true,\n  \"color\": [255, 0, 0, 255],\n  \"a\": 1.50\n}";
        assert_eq!(pretty(text, PLAIN), expected);
        assert_eq!(pretty("[]", PLAIN), "[]");
        assert_eq!(pretty("null", PLAIN), "null");
    }

    #[test]
    fn long_lists_of_numbers_fill_lines() {
        let numbers: Vec<String> = (100..130).map(|number| number.to_string()).collect();
        let shown = pretty(&format!("[{}]", numbers.join(",")), PLAIN);
        assert!(shown.lines().count() < 8 && shown.lines().all(|line| line.len() <= 40), "{shown}");
        let value: Vec<u32> = serde_json::from_str(&shown).unwrap();
        assert_eq!(value.len(), 30);
    }

    #[test]
    fn strings_with_brackets_escapes_and_controls_stay_what_they_are() {
        for text in [r#"{"a\"b":"],}","c":"é\\"}"#, r#"[[1,[2]],{"x":{}}]"#] {
            let shown = pretty(text, PLAIN);
            let back: serde_json::Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(back, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{shown}");
        }
        assert_eq!(pretty("\"\u{9b}31m\"", PLAIN), "\"\\u009b31m\"");
        let colour = Style { colour: true, ..PLAIN };
        assert_eq!(pretty("1", colour), "\x1b[36m1\x1b[0m");
    }
}
