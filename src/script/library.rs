//! Scripts by name: those that come with us, and those that a user keeps in a directory.
//!
//! A script tells what it does in its first comment, as JSDoc has it: a description, then a line
//! for each param. A user's script of the same name as one of ours is meant instead of it.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        /// The scripts that come with us: name and text.
        pub const BUNDLED: &[(&str, &str)] =
            &[ $( ($name, include_str!(concat!("js/", $name, ".js"))), )* ];
    };
}
bundled![
    "terrain", "scatter", "tree", "house", "cave", "erosion", "text", "dither", "hollow",
    "symmetry",
];

/// What a script tells about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Head {
    /// What it does.
    pub description: String,
    /// Its params.
    pub params: Vec<HeadParam>,
}

/// A param of a script.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HeadParam {
    /// Its name.
    pub name: String,
    /// Its type, as its author has it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is taken if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is.
    pub description: String,
}

/// Whether a script may have a name.
pub fn is_name(name: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(is_part)
}

/// One of ours.
pub fn bundled(name: &str) -> Option<&'static str> {
    BUNDLED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The file of a user's script.
pub fn file_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.js"))
}

/// Where a user's scripts are unless it is said otherwise.
pub fn default_directory() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    Some(data?.join("goxel/scripts"))
}

/// What a script tells about itself.
pub fn head(script: &str) -> Head {
    let comment = script.trim_start().strip_prefix("/**").and_then(|rest| rest.split_once("*/"));
    let Some((comment, _)) = comment else { return Head::default() };
    let mut head = Head::default();
    let mut description: Vec<&str> = Vec::new();
    for line in comment.lines() {
        let line = line.trim().trim_start_matches('*').trim();
        match line.strip_prefix('@') {
            None if head.params.is_empty() => description.push(line),
            None => {}
            Some(tag) => head.params.extend(tag.strip_prefix("param").map(param)),
        }
    }
    head.description = description.join(" ").trim().to_owned();
    head
}

/// `{type} [name=default] - description`; all but the name may be missing.
fn param(tag: &str) -> HeadParam {
    let tag = tag.trim();
    let (kind, rest) = match tag.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((kind, rest)) => (kind.trim(), rest.trim()),
        None => ("any", tag),
    };
    let (name, description) = match rest.strip_prefix('[').and_then(before_end) {
        Some(parts) => parts,
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let (name, default) = match name.split_once('=') {
        Some((name, default)) => (name, Some(default.trim().to_owned())),
        None => (name, None),
    };
    let name = name.trim().strip_prefix("params.").unwrap_or(name.trim());
    HeadParam {
        name: name.to_owned(),
        kind: kind.to_owned(),
        default,
        description: description.trim().trim_start_matches('-').trim().to_owned(),
    }
}

/// What stands before the bracket that ends an optional param, whose default may have brackets too,
/// and what is behind.
fn before_end(rest: &str) -> Option<(&str, &str)> {
    let mut open = 0;
    let end = rest.char_indices().find(|(_, letter)| {
        match letter {
            '[' => open += 1,
            ']' if open == 0 => return true,
            ']' => open -= 1,
            _ => {}
        }
        false
    });
    let (at, _) = end?;
    Some((&rest[..at], &rest[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comment_tells_what_a_script_does_and_takes() {
        let head = head(
            "/**\n * Draws a hill.\n * Or two.\n *\n * @param {number} [height=8] - how high\n * @param color its colour\n */\n1",
        );
        assert_eq!(head.description, "Draws a hill. Or two.");
        let height = &head.params[0];
        assert_eq!(
            (&*height.name, &*height.kind, height.default.as_deref()),
            ("height", "number", Some("8"))
        );
        assert_eq!((&*head.params[1].name, &*head.params[1].description), ("color", "its colour"));
        let place = super::param(" {number[]} [at=[0,0,0]] - where it stands");
        assert_eq!(place.default.as_deref(), Some("[0,0,0]"));
        assert_eq!((&*place.name, &*place.description), ("at", "where it stands"));
        assert_eq!(super::head("let a = 1 /** no head */"), Head::default());
    }

    #[test]
    fn every_script_that_comes_with_us_says_what_it_does_and_takes() {
        for (name, text) in BUNDLED {
            let head = head(text);
            assert!(is_name(name) && head.description.len() > 20, "{name}");
            for param in head.params {
                assert!(
                    param.default.is_some() && param.description.len() > 5,
                    "{name}: {param:?}"
                );
            }
        }
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["", "a/b", "..", "A", "a.js", "ä", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name("my_script-2"));
    }
}
