//! A line of the prompt: words with quotes, JSON, or a whole request that was pasted.

use serde_json::{Map, Value, json};

/// What a line asks for.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// Nothing, or a remark.
    Empty,
    /// The end.
    Quit,
    /// Help, of the prompt or of a name.
    Help(String),
    /// The methods with a word in them.
    Methods(String),
    /// A script; without one, lines are scripts from now on, or calls again.
    Script(String),
    /// A call.
    Call(String, Value),
}

/// Reads a line. The error is for the person who typed it.
pub fn read(line: &str) -> Result<Line, String> {
    let line = line.trim();
    if line.starts_with('{') {
        return pasted(line);
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    Ok(match word {
        "" => Line::Empty,
        "quit" | "exit" => Line::Quit,
        "help" | "?" => Line::Help(rest.to_owned()),
        "methods" => Line::Methods(rest.to_owned()),
        "js" => Line::Script(rest.to_owned()),
        _ if word.starts_with('#') => Line::Empty,
        _ => Line::Call(word.to_owned(), params(rest)?),
    })
}

/// A request as it goes over the socket.
fn pasted(text: &str) -> Result<Line, String> {
    let request: Value =
        serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
    match request["method"].as_str() {
        Some(method) => Ok(Line::Call(method.to_owned(), request["params"].clone())),
        None => {
            Err("a request has a member \"method\"; params alone follow a method's name".into())
        }
    }
}

/// Params as typed: JSON, words that become an array, or `name=value` words that become an object.
pub fn params(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if text.starts_with(['[', '{']) {
        return serde_json::from_str(text)
            .map_err(|error| format!("the params are not JSON: {error}"));
    }
    let words = words(text)?;
    let named = |word: &Word| {
        let (name, value) = word.text.split_once('=')?;
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_name.then(|| (name.to_owned(), Word { text: value.to_owned(), ..*word }.value()))
    };
    if let Some(members) = words.iter().map(named).collect::<Option<Map<_, _>>>() {
        return Ok(Value::Object(members));
    }
    Ok(json!(words.iter().map(Word::value).collect::<Vec<_>>()))
}

/// A word, and whether it stood in quotes, so that it is a string whatever it looks like.
#[derive(Clone, Default)]
pub struct Word {
    text: String,
    is_quoted: bool,
}

impl Word {
    fn value(&self) -> Value {
        let read = || serde_json::from_str(&self.text).unwrap_or_else(|_| self.text.clone().into());
        if self.is_quoted { self.text.clone().into() } else { read() }
    }
}

/// Words with blanks between; blanks within quotes or brackets are part of a word, and a backslash
/// takes the next letter as it is.
pub fn words(text: &str) -> Result<Vec<Word>, String> {
    let (mut words, mut word) = (Vec::new(), None::<Word>);
    let (mut quote, mut depth) = (None, 0_u32);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if quote.is_none() && depth == 0 && letter.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_default();
        let is_json = depth > 0;
        match (quote, letter) {
            (Some(mark), letter) if letter == mark => {
                quote = None;
                if is_json {
                    current.text.push(letter);
                }
            }
            (Some('"') | None, '\\') => {
                if is_json {
                    current.text.push(letter);
                }
                current.text.extend(letters.next());
            }
            (None, '"' | '\'') => {
                quote = Some(letter);
                if is_json {
                    current.text.push(letter);
                } else {
                    current.is_quoted = true;
                }
            }
            (None, '[' | '{') => {
                depth += 1;
                current.text.push(letter);
            }
            (None, ']' | '}') => {
                depth = depth.saturating_sub(1);
                current.text.push(letter);
            }
            (_, letter) => current.text.push(letter),
        }
    }
    words.extend(word);
    match quote {
        Some(mark) => Err(format!("a quote {mark} is not closed")),
        None => Ok(words),
    }
}

/// Whether JSON in a line goes on in the next one: brackets or a string are open.
pub fn is_unfinished(line: &str) -> bool {
    let Some(start) = line.find(['{', '[']) else { return false };
    let (mut depth, mut in_string, mut escaped) = (0_i64, false, false);
    for letter in line[start..].chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_an_array_or_an_object_and_json_stays_json() {
        assert_eq!(params("").unwrap(), Value::Null);
        assert_eq!(params("1 -2 red true").unwrap(), json!([1, -2, "red", true]));
        assert_eq!(params(r##"{"color": "#fff"}"##).unwrap(), json!({"color": "#fff"}));
        assert_eq!(params("x=1 color=red").unwrap(), json!({"x": 1, "color": "red"}));
        assert!(params("{").unwrap_err().contains("not JSON"));
    }

    #[test]
    fn quotes_keep_blanks_and_make_strings() {
        assert_eq!(params(r#"'my house' "1" a\ b"#).unwrap(), json!(["my house", "1", "a b"]));
        assert_eq!(params("name='my house'").unwrap(), json!({"name": "my house"}));
        assert!(params(r#"[1, 2] x"#).unwrap_err().contains("not JSON"));
        assert_eq!(params(r#"a [1, 2] {"b": "c d"}"#).unwrap(), json!(["a", [1, 2], {"b": "c d"}]));
        assert!(params("'a").unwrap_err().contains("not closed"));
    }

    #[test]
    fn a_pasted_request_is_a_call() {
        let call = read(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1}}"#);
        assert_eq!(call, Ok(Line::Call("ping".into(), json!({"a": 1}))));
        assert!(read("{\"id\":1}").unwrap_err().contains("method"));
        assert!(is_unfinished("goxel.edit {\"operations\": ["));
        assert!(!is_unfinished("goxel.edit {\"a\": \"[\"}"));
    }
}
