//! What helps a person who types: completion, hints, lines that go on.

use std::borrow::Cow;
use std::cell::RefCell;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context as Typing, Helper};

use super::line;
use crate::client::Connection;
use crate::ctl::complete::VIEWS;
use crate::ctl::words::{self, MethodLine};

/// The words of the prompt itself.
const OWN_WORDS: [&str; 3] = ["help", "methods", "quit"];

/// Knows the methods, and asks the daemon for the rest.
pub struct Words {
    pub(super) methods: Vec<MethodLine>,
    connection: RefCell<Option<Connection>>,
    colour: bool,
}

impl Words {
    pub fn new(methods: Vec<MethodLine>, connection: Option<Connection>, colour: bool) -> Self {
        Words { methods, connection: RefCell::new(connection), colour }
    }

    fn ask(&self, ask: impl FnOnce(&mut Connection) -> Vec<String>) -> Vec<String> {
        self.connection.borrow_mut().as_mut().map(ask).unwrap_or_default()
    }

    /// Where the word begins that is being typed, and what it could become.
    fn candidates(&self, typed: &str) -> (usize, Vec<String>) {
        let Some((first, rest)) = typed.split_once(char::is_whitespace) else {
            let names = self.methods.iter().map(|method| method.name.clone());
            let own = OWN_WORDS.iter().map(|word| (*word).to_owned());
            return (0, fitting(names.chain(own).collect(), typed));
        };
        let begins = |word: char| word.is_whitespace() || "[{,:=\"'".contains(word);
        let start = typed.rfind(begins).map_or(0, |place| place + 1);
        let (before, word) = typed.split_at(start);
        if first == "help" {
            let mut all: Vec<String> = self.methods.iter().map(|one| one.name.clone()).collect();
            all.extend(self.ask(words::operations));
            return (start, fitting(all, word));
        }
        let before = before.trim_end_matches(['"', '\'', ' ']);
        let is_value = before.ends_with([':', '=']);
        if is_value {
            let name = before.trim_end_matches([':', '=']).trim_end_matches('"');
            let name =
                name.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
            return (start, fitting(self.values(first, name.unwrap_or_default()), word));
        }
        let told = self.told(first);
        let mut names: Vec<String> = told.into_iter().map(|(name, _)| name).collect();
        let is_json = rest.trim_start().starts_with('{');
        if !is_json {
            names.iter_mut().for_each(|name| name.push('='));
        }
        (start, fitting(names, word))
    }

    /// The params of a method with their descriptions.
    fn told(&self, method: &str) -> Vec<(String, String)> {
        let mut connection = self.connection.borrow_mut();
        let told = connection.as_mut().and_then(|connection| words::method(connection, method));
        let params = told.and_then(|mut told| told.remove("params"));
        let params = params.as_ref().and_then(|params| params.as_object());
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        params.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// What a param of a method can be.
    fn values(&self, method: &str, param: &str) -> Vec<String> {
        match param {
            "layer" | "layer_id" => self.ask(words::layers),
            "project" => self.ask(words::projects),
            "op" => self.ask(words::operations),
            "camera_preset" | "view" | "views" => VIEWS.map(str::to_owned).to_vec(),
            _ => {
                let told = self.told(method);
                let told = told.into_iter().find(|(name, _)| name == param);
                told.map(|(_, description)| words::choices(&description)).unwrap_or_default()
            }
        }
    }

    /// The params that are not typed yet.
    fn left(&self, typed: &str) -> Option<String> {
        let (name, rest) = typed.split_once(char::is_whitespace)?;
        let is_named =
            |one: &&MethodLine| one.name == name || one.aliases.iter().any(|other| other == name);
        let method = self.methods.iter().find(is_named)?;
        let rest = rest.trim_start();
        if rest.starts_with(['{', '[']) || rest.contains('=') {
            return None;
        }
        let given = line::words(rest).ok()?.len();
        let left: Vec<&str> = method.params.split(", ").skip(given).collect();
        let left = left.join(", ");
        let space = if typed.ends_with(char::is_whitespace) { "" } else { " " };
        (!left.is_empty()).then(|| format!("{space}{left}"))
    }
}

fn fitting(words: Vec<String>, typed: &str) -> Vec<String> {
    let fits = |word: &String| {
        word.starts_with(typed)
            || word.strip_prefix("goxel.").is_some_and(|short| short.starts_with(typed))
    };
    words.into_iter().filter(fits).collect()
}

impl Completer for Words {
    type Candidate = Pair;
    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Typing<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.candidates(line.get(..position).unwrap_or_default());
        let is_first = start == 0;
        let pair = |word: String| {
            let end = if is_first { " " } else { "" };
            Pair { replacement: format!("{word}{end}"), display: word }
        };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
    fn hint(&self, line: &str, position: usize, _: &Typing<'_>) -> Option<String> {
        (position == line.len()).then(|| self.left(line))?
    }
}

impl Highlighter for Words {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colour { Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")) } else { Cow::Borrowed(hint) }
    }
}

impl Validator for Words {
    fn validate(&self, typing: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        if line::is_unfinished(typing.input()) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let line = |name: &str, params: &str| MethodLine {
            name: name.to_owned(),
            aliases: Vec::new(),
            summary: String::new(),
            params: params.to_owned(),
        };
        let methods = vec![
            line("goxel.add_voxel", "x, y, z, color?"),
            line("goxel.add_box", ""),
            line("ping", ""),
        ];
        Words::new(methods, None, false)
    }

    #[test]
    fn names_are_completed_with_and_without_their_prefix() {
        let words = words();
        assert_eq!(words.candidates("add_v"), (0, vec!["goxel.add_voxel".to_owned()]));
        assert_eq!(words.candidates("goxel.a").1.len(), 2);
        assert_eq!(words.candidates("hel").1, ["help"]);
        assert_eq!(words.candidates("help add_b"), (5, vec!["goxel.add_box".to_owned()]));
    }

    #[test]
    fn hints_tell_the_params_that_are_left() {
        let words = words();
        assert_eq!(words.left("goxel.add_voxel "), Some("x, y, z, color?".to_owned()));
        assert_eq!(words.left("goxel.add_voxel 1 2"), Some(" z, color?".to_owned()));
        assert_eq!(words.left("goxel.add_voxel {"), None);
        assert_eq!(words.left("ping "), None);
    }
}
