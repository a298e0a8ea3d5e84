//! What a tool answers: lines of text, pictures, links. What it refuses is an answer too, one that
//! teaches.

use std::fmt;

use serde_json::{Value, json};

use crate::plain_words::of;

/// Characters of text that one answer may have; hosts cut or put away what is longer.
pub const MAX_TEXT: usize = 40_000;

/// A tool's answer while it is put together.
#[derive(Debug, Default)]
pub struct Answer {
    lines: Vec<String>,
    blocks: Vec<Value>,
    structured: Option<Value>,
    is_failure: bool,
}

impl Answer {
    /// An answer of one line.
    pub fn of(line: impl Into<String>) -> Self {
        let mut answer = Answer::default();
        answer.say(line);
        answer
    }

    /// Adds a line of text.
    pub fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Puts lines of text in front of all others.
    pub fn say_first(&mut self, lines: Vec<String>) {
        self.lines.splice(0..0, lines);
    }

    /// Adds a picture in base64.
    pub fn show(&mut self, image: &str, mime_type: &str) {
        self.blocks.push(json!({"type": "image", "data": image, "mimeType": mime_type}));
    }

    /// Adds a link to a file.
    pub fn link(&mut self, uri: &str, name: &str, mime_type: &str, size: Option<u64>) {
        let mut link = json!({
            "type": "resource_link", "uri": uri, "name": name, "mimeType": mime_type,
        });
        if let Some(size) = size {
            link["size"] = size.into();
        }
        self.blocks.push(link);
    }

    /// Marks the answer as one of a call that failed.
    pub fn fail(&mut self) {
        self.is_failure = true;
    }

    /// Sets the content for programs.
    pub fn structured(&mut self, value: Value) {
        self.structured = Some(value);
    }

    /// The result of `tools/call`.
    pub fn json(self) -> Value {
        let text = capped(self.lines.join("\n"));
        let mut content = vec![json!({"type": "text", "text": text})];
        content.extend(self.blocks);
        let mut result = json!({"content": content});
        if let Some(structured) = self.structured {
            result["structuredContent"] = structured;
        }
        if self.is_failure {
            result["isError"] = true.into();
        }
        result
    }
}

/// Why a tool did nothing, in words for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    /// The result of `tools/call`.
    pub fn json(self, first: Vec<String>) -> Value {
        let lines = first.into_iter().chain([self.0]).collect::<Vec<_>>().join("\n");
        json!({"content": [{"type": "text", "text": capped(lines)}], "isError": true})
    }
}

/// An argument that is not clear enough to act on: where, what, the rule, and how it would be
/// right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where: `ops[3] (sphere): "radius"`.
    pub position: String,
    /// What is wrong there.
    pub what: String,
    /// What would be right.
    pub rule: String,
    /// A call or value that works, as JSON.
    pub example: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { position, what, rule, example } = self;
        let stop = if what.ends_with('?') { "" } else { "." };
        write!(
            out,
            "{position}: {what}{stop} Rule: {rule}. Example: {example}. Nothing was changed."
        )
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        Refusal(wrong.to_string())
    }
}

fn capped(text: String) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => text,
        Some(_) => {
            let note = "\n... cut here: ask for a smaller part";
            let kept: String = text.chars().take(MAX_TEXT - note.len()).collect();
            kept + note
        }
    }
}

/// A text out of a file, as data: quoted, on one line, cut short.
pub fn quoted(text: &str) -> String {
    const SHOWN: usize = 64;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// A count with what is counted: `1 voxel`, `1,204 voxels`.
pub fn counted(count: u64, one: &str) -> String {
    format!("{} {}", grouped(count), of(count, one))
}

/// A count with thin groups: 1,204.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A box as `[0,0,0]..[7,7,3]`, from an object with min and max.
pub fn box_text(bounds: &Value) -> String {
    format!("{}..{}", bounds["min"], bounds["max"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_texts_quoted_and_cut() {
        assert_eq!([0, 999, 1204, 1_000_000].map(grouped), ["0", "999", "1,204", "1,000,000"]);
        assert_eq!(quoted("a\n\"b\""), r#""a\n\"b\"""#);
        assert!(quoted(&"x".repeat(1000)).chars().count() < 80);
    }

    #[test]
    fn a_long_answer_is_cut_with_a_note() {
        let text = Answer::of("é".repeat(MAX_TEXT + 1)).json();
        let text = text["content"][0]["text"].as_str().unwrap();
        assert!(text.chars().count() <= MAX_TEXT && text.ends_with("ask for a smaller part"));
    }
}
