//! Log lines as JSON objects.

use log::Level;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;

/// Names that the line itself uses.
const OWN_NAMES: [&str; 3] = ["ts", "level", "msg"];

/// The object for a message, without line feed.
pub(super) fn line(level: Level, message: &str) -> String {
    let mut members = Map::new();
    members.insert("ts".into(), now().into());
    members.insert("level".into(), level.as_str().to_ascii_lowercase().into());
    let mut rest = message;
    while let Some((name, value, behind)) = leading_pair(rest) {
        members.insert(name.to_owned(), typed(value));
        rest = behind;
    }
    members.insert("msg".into(), rest.into());
    for word in rest.split(' ') {
        if let Some((name, value)) = pair(word) {
            members.entry(name.to_owned()).or_insert_with(|| typed(value));
        }
    }
    Value::Object(members).to_string()
}

fn now() -> String {
    let form =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    OffsetDateTime::now_utc().format(form).unwrap_or_default()
}

/// The `name=value` pair that a text begins with, and what comes behind it.
fn leading_pair(text: &str) -> Option<(&str, &str, &str)> {
    let (word, behind) = text.split_once(' ')?;
    pair(word).map(|(name, value)| (name, value, behind))
}

fn pair(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && !OWN_NAMES.contains(&name);
    (is_name && !value.is_empty()).then(|| (name, value.trim_end_matches([',', ';'])))
}

fn typed(value: &str) -> Value {
    match value.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(message: &str) -> Value {
        serde_json::from_str(&line(Level::Info, message)).unwrap()
    }

    #[test]
    fn pairs_become_members_and_no_word_is_lost() {
        let line = object("conn=3 method=ping slow ms=12 --socket=/x a==b");
        assert_eq!(line["conn"], 3);
        assert_eq!(line["method"], "ping");
        assert_eq!(line["ms"], 12);
        assert_eq!(line["msg"], "slow ms=12 --socket=/x a==b");
    }

    #[test]
    fn a_message_cannot_replace_the_line_s_own_members() {
        let line = object("level=fatal ts=0 msg=x");
        assert_eq!(line["level"], "info");
        assert_eq!(line["msg"], "level=fatal ts=0 msg=x");
    }

    #[test]
    fn quotes_are_escaped() {
        assert_eq!(object("said \"no\" \u{fc}")["msg"], "said \"no\" ü");
    }
}
