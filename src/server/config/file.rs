//! The configuration file: TOML with one table a section.
//!
//! ```toml
//! [log]
//! level = "debug"
//!
//! [limits]
//! connections = 1000
//! message = "32MiB"
//! ```
//!
//! An unknown key is an error, with the nearest known one; so is a value of the wrong kind. A file
//! that begins with `{` or is called `.json` is read by [`super::reference`] instead.

use std::ffi::OsString;
use std::path::Path;

use toml::{Table, Value};

use super::table::{Setting, TABLE, by_key};
use crate::likeness::nearest;

/// What a file says.
#[derive(Debug, Default, PartialEq)]
pub struct FileContent {
    /// Settings by their place in the table, each with the texts given for it.
    pub given: Vec<(usize, Vec<OsString>)>,
    /// What is accepted but means nothing.
    pub warnings: Vec<String>,
    /// What is wrong.
    pub errors: Vec<String>,
}

impl FileContent {
    /// Adds a setting.
    pub fn give(&mut self, setting: &Setting, texts: Vec<OsString>) {
        if let Some(place) = TABLE.iter().position(|other| other.key == setting.key) {
            self.given.push((place, texts));
        }
    }
}

/// What a file of YAML is told.
const YAML: &str = "this is YAML, and a configuration is TOML: [section] lines with key = value below them; \
                    goxel-daemon --show-config prints one with all settings";

/// Reads the text of a TOML file. All mistakes are told, not only the first.
pub fn read_toml(text: &str, path: &Path) -> FileContent {
    let mut content = FileContent::default();
    match text.trim_start_matches('\u{feff}').parse::<Table>() {
        Err(_) if is_yaml(text, path) => content.errors.push(YAML.to_owned()),
        Err(error) => content.errors.push(error.to_string().trim_end().to_owned()),
        Ok(table) => {
            for (section, value) in &table {
                read_section(section, value, &mut content);
            }
        }
    }
    content
}

/// Whether a text that is no TOML is YAML by its name, or by its first line that says something.
fn is_yaml(text: &str, path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_yaml_line = |line: &str| {
        let key =
            line.split_once(':').map(|(key, rest)| (key, rest.is_empty() || rest.starts_with(' ')));
        let is_key = |key: &str| {
            key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
        };
        line == "---"
            || line.starts_with("%YAML")
            || key.is_some_and(|(key, ends)| ends && is_key(key))
    };
    ending == "yaml" || ending == "yml" || lines.next().is_some_and(is_yaml_line)
}

fn read_section(section: &str, value: &Value, content: &mut FileContent) {
    let sections = || TABLE.iter().map(Setting::section);
    if !sections().any(|known| known == section) {
        let near = nearest(section, sections());
        return content.errors.push(unknown("section", section, near.map(str::to_owned)));
    }
    let Value::Table(keys) = value else {
        return content.errors.push(format!("{section}: expected a section: [{section}]"));
    };
    for (name, value) in keys {
        let key = format!("{section}.{name}");
        match by_key(&key) {
            None => {
                let near = nearest(&key, TABLE.iter().map(|setting| setting.key));
                content.errors.push(unknown("key", &key, near.map(str::to_owned)));
            }
            Some(setting) => match texts(value, setting) {
                Ok(texts) => content.give(setting, texts),
                Err(problem) => content.errors.push(format!("{key}: {problem}")),
            },
        }
    }
}

fn unknown(what: &str, name: &str, near: Option<String>) -> String {
    match near {
        Some(near) => format!("unknown {what} {name}; did you mean {near}?"),
        None => format!("unknown {what} {name}"),
    }
}

fn texts(value: &Value, setting: &Setting) -> Result<Vec<OsString>, String> {
    match value {
        Value::Array(values) if setting.many => values.iter().map(text).collect(),
        Value::Array(_) => Err("takes one value, not a list".to_owned()),
        value => Ok(vec![text(value)?]),
    }
}

fn text(value: &Value) -> Result<OsString, String> {
    match value {
        Value::String(text) => Ok(text.into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Float(number) => Ok(number.to_string().into()),
        Value::Boolean(on) => Ok(on.to_string().into()),
        Value::Array(_) => Err("expected a value, got a list in a list".to_owned()),
        Value::Table(_) => Err("expected a value, got a section".to_owned()),
        Value::Datetime(_) => Err("expected a value, got a date".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_hold_settings_of_all_kinds() {
        let content = read_toml(
            "[socket]\npath = [\"/a\", \"/b\"]\n[limits]\nconnections = 7\nslice = 0.001\n\
             [process]\nallow_shutdown = true\n",
            Path::new("c.toml"),
        );
        assert_eq!(content.errors, [""; 0]);
        let shown: Vec<_> =
            content.given.iter().map(|(place, texts)| (TABLE[*place].key, texts.len())).collect();
        for expected in [("socket.path", 2), ("limits.connections", 1), ("limits.slice", 1)] {
            assert!(shown.contains(&expected), "{shown:?}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "[limit]\nx = 1\n[limits]\nconections = 7\nslice = [1]\n[log]\nlevel = {}\n";
        let content = read_toml(text, Path::new("c.toml"));
        let errors = content.errors.join("\n");
        assert!(errors.contains("unknown section limit; did you mean limits?"), "{errors}");
        assert!(errors.contains("did you mean limits.connections?"), "{errors}");
        assert!(errors.contains("limits.slice: takes one value"), "{errors}");
        assert!(errors.contains("log.level: expected a value, got a section"), "{errors}");
        assert!(content.given.is_empty());
    }

    #[test]
    fn a_mistake_in_the_grammar_is_told_with_its_line() {
        let content = read_toml("[log]\nlevel = \n", Path::new("c.toml"));
        assert!(content.errors[0].contains("line 2"), "{:?}", content.errors);
    }

    #[test]
    fn yaml_is_called_yaml() {
        let yaml = [
            "socket: /tmp/x\nlog:\n  level: info\n",
            "# c\n---\nlog: {level: info}\n",
            "limits:\n  a: 1\n",
        ];
        for text in yaml {
            let errors = read_toml(text, Path::new("goxel.conf")).errors;
            assert!(errors.join(" ").contains("YAML"), "{errors:?}");
        }
        let named = read_toml("- a\n- b\n", Path::new("goxel.yml")).errors;
        assert!(named.join(" ").contains("YAML"), "{named:?}");
        let toml = read_toml("[log]\nlevel: info\n", Path::new("c.toml")).errors;
        assert!(!toml.join(" ").contains("YAML"), "{toml:?}");
    }
}
