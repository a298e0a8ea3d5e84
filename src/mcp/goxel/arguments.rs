//! The arguments of one call, read by the declaration of its tool.
//!
//! What is clear is taken and noted, so that the model learns; what is not is refused with
//! position, rule and example.

use serde_json::{Map, Value, json};

use super::answer::Wrong;
use super::coerce;
use super::declare::{Kind, Tool};
use super::operations::shown;
use crate::likeness::nearest;

/// Notes that an answer shows.
const SHOWN_NOTES: usize = 3;

/// The arguments of a call.
pub struct Arguments {
    tool: &'static Tool,
    given: Map<String, Value>,
    /// What was read otherwise than it was written.
    pub notes: Vec<String>,
}

/// Other words for arguments.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("operations", "ops"),
    ("operation", "ops"),
    ("edits", "ops"),
    ("view", "views"),
    ("camera", "views"),
    ("file", "path"),
    ("file_path", "path"),
    ("filename", "path"),
    ("position", "at"),
    ("field", "fields"),
    ("layer", "layers"),
    ("box", "within"),
];

/// Other words for words.
const OTHER_WORDS: [(&str, &str); 2] = [("isometric", "iso"), ("colors", "palette")];

/// A name without its style: dryRun, dry-run and dry_run are one.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

impl Arguments {
    /// The arguments of a call of a tool; an error names the first that the tool does not have.
    pub fn new(tool: &'static Tool, given: Map<String, Value>) -> Result<Self, Wrong> {
        let mut arguments = Arguments { tool, given: Map::new(), notes: Vec::new() };
        for (name, value) in given {
            if value.is_null() {
                continue;
            }
            let own = tool.fields.iter().find(|field| bare(field.name) == bare(&name));
            let lower = name.to_lowercase();
            let other = OTHER_NAMES.iter().find(|(other, _)| *other == lower);
            let field = own.or_else(|| tool.field(other?.1));
            let Some(field) = field else { return Err(arguments.unknown(&name)) };
            if field.name != name {
                arguments.notes.push(format!("\"{name}\" read as \"{}\"", field.name));
            }
            if arguments.given.insert(field.name.to_owned(), value).is_some() {
                let what = format!("it is given twice, once as \"{name}\"");
                return Err(arguments.wrong(field.name, what, field.kind.rule()));
            }
        }
        match tool.fields.iter().find(|f| f.is_required && !arguments.given.contains_key(f.name)) {
            Some(missing) => {
                Err(arguments.wrong(missing.name, "it is missing".to_owned(), missing.kind.rule()))
            }
            None => Ok(arguments),
        }
    }

    fn unknown(&self, name: &str) -> Wrong {
        let names: Vec<&str> = self.tool.fields.iter().map(|field| field.name).collect();
        let what = match nearest(name, names.iter().copied()) {
            Some(near) => format!("there is no such argument; did you mean \"{near}\"?"),
            None => "there is no such argument".to_owned(),
        };
        let rule = if names.is_empty() {
            "it takes no arguments".to_owned()
        } else {
            format!("the arguments are {}", names.join(", "))
        };
        self.wrong(&crate::api::args::shown(name), what, rule)
    }

    /// An error about an argument.
    pub fn wrong(&self, name: &str, what: String, rule: String) -> Wrong {
        let position = format!("{}: \"{name}\"", self.tool.name);
        Wrong { position, what, rule, example: self.tool.example.to_owned() }
    }

    fn kind(&self, name: &str) -> Kind {
        // Only tools ask for their own arguments.
        self.tool.field(name).map_or(Kind::Text, |field| field.kind)
    }

    fn misfit(&self, name: &str, value: &Value) -> Wrong {
        let kind = self.kind(name);
        let words = match kind {
            Kind::Word(words) | Kind::Words(words, _) | Kind::OtherWords(words, _) => words,
            _ => &[],
        };
        let near = value.as_str().and_then(|word| nearest(word, words.iter().copied()));
        let what = match near {
            Some(near) => format!("got {}; did you mean \"{near}\"?", shown(value)),
            None => format!("got {}", shown(value)),
        };
        self.wrong(name, what, kind.rule())
    }

    fn note(&mut self, name: &str, given: &Value, read: &Value) {
        if given != read {
            self.notes.push(format!("\"{name}\": {} read as {}", shown(given), shown(read)));
        }
    }

    /// Refuses what does not go with an action: a model that says it means something else.
    pub fn only(&self, action: &str, allowed: &[&str]) -> Result<(), Wrong> {
        let says_nothing = |value: &Value| *value == json!("") || *value == json!(false);
        let is_surplus = |name: &str| name != "action" && !allowed.contains(&name);
        match self.given.iter().find(|(name, value)| is_surplus(name) && !says_nothing(value)) {
            None => Ok(()),
            Some((name, _)) => {
                let what = format!("{action} takes no \"{name}\"");
                let rule = match allowed {
                    [] => format!("{action} takes nothing more"),
                    allowed => format!("{action} takes {}", allowed.join(", ")),
                };
                Err(self.wrong(name, what, rule))
            }
        }
    }

    /// Whether an argument was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        match self.given.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => {
                let text = number.to_string();
                self.note(name, &Value::Number(number), &json!(text));
                Ok(Some(text))
            }
            Some(other) => Err(self.misfit(name, &other)),
        }
    }

    /// A whole number in the range of its kind.
    pub fn whole(&mut self, name: &str) -> Result<Option<i64>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(None) };
        let read = coerce::whole(given.clone());
        let range = match self.kind(name) {
            Kind::Whole(min, max) => min..=max,
            _ => i64::MIN..=i64::MAX,
        };
        match read.as_i64().filter(|number| range.contains(number)) {
            Some(number) => {
                self.note(name, &given, &read);
                Ok(Some(number))
            }
            None => Err(self.misfit(name, &given)),
        }
    }

    /// true or false; false if absent.
    pub fn flag(&mut self, name: &str) -> Result<bool, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(false) };
        let read = coerce::flag(given.clone());
        match read.as_bool() {
            Some(flag) => {
                self.note(name, &given, &read);
                Ok(flag)
            }
            None => Err(self.misfit(name, &given)),
        }
    }

    /// One of the words of its kind.
    pub fn word(&mut self, name: &str) -> Result<Option<&'static str>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(None) };
        let Kind::Word(words) = self.kind(name) else { return Ok(None) };
        let read = coerce::word(words, given.clone());
        match words.iter().find(|word| read == **word) {
            Some(word) => {
                self.note(name, &given, &read);
                Ok(Some(word))
            }
            None => Err(self.misfit(name, &given)),
        }
    }

    /// Some of the words of its kind; one alone may come without its list.
    pub fn words(&mut self, name: &str) -> Result<Vec<&'static str>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(Vec::new()) };
        let (Kind::Words(words, most) | Kind::OtherWords(words, most)) = self.kind(name) else {
            return Ok(Vec::new());
        };
        let list = match coerce::parsed(given.clone()) {
            Value::Array(list) => list,
            Value::String(text) => text.split(',').map(|word| word.trim().into()).collect(),
            other => return Err(self.misfit(name, &other)),
        };
        if list.is_empty() || list.len() > most {
            return Err(self.misfit(name, &given));
        }
        let mut found = Vec::new();
        for one in list {
            let other =
                OTHER_WORDS.iter().find(|(other, word)| one == **other && words.contains(word));
            let read = match other {
                Some((_, word)) => json!(word),
                None => coerce::word(words, one.clone()),
            };
            match words.iter().find(|word| read == **word) {
                Some(word) => found.push(*word),
                None => return Err(self.misfit(name, &one)),
            }
        }
        self.note(name, &given, &json!(found));
        Ok(found)
    }

    /// Layer names or ids; one alone may come without its list.
    pub fn names(&mut self, name: &str) -> Result<Vec<Value>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(Vec::new()) };
        let list = match coerce::parsed(given.clone()) {
            Value::Array(list) => list,
            one => vec![one],
        };
        match list.iter().find(|one| !one.is_string() && !one.is_i64()) {
            Some(bad) => Err(self.misfit(name, bad)),
            None => Ok(list),
        }
    }

    /// A box, as the two corners that were given.
    pub fn corners(&mut self, name: &str) -> Result<Option<[[i64; 3]; 2]>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(None) };
        let value = match coerce::parsed(given.clone()) {
            Value::Object(members) => json!([members.get("min"), members.get("max")]),
            other => other,
        };
        let read = coerce::coerce(&CORNERS, value);
        match serde_json::from_value::<[[i64; 3]; 2]>(read.clone()) {
            Ok(corners) if corners.iter().flatten().all(|&c| i32::try_from(c).is_ok()) => {
                self.note(name, &given, &read);
                let [a, b] = corners;
                let both = [0, 1, 2].map(|axis| (a[axis].min(b[axis]), a[axis].max(b[axis])));
                Ok(Some([both.map(|(min, _)| min), both.map(|(_, max)| max)]))
            }
            _ => Err(self.misfit(name, &given)),
        }
    }

    /// A list of anything; JSON text counts as what it says, one object as a list of one.
    pub fn list(&mut self, name: &str) -> Result<Vec<Value>, Wrong> {
        let Some(given) = self.given.remove(name) else { return Ok(Vec::new()) };
        let is_text = given.is_string();
        match coerce::parsed(given) {
            Value::Array(list) => {
                if is_text {
                    self.notes.push(format!("\"{name}\": a string read as JSON"));
                }
                Ok(list)
            }
            Value::Object(one) => {
                self.notes.push(format!("\"{name}\": one object read as a list of one"));
                Ok(vec![Value::Object(one)])
            }
            other => Err(self.misfit(name, &other)),
        }
    }

    /// Members of any name.
    pub fn object(&mut self, name: &str) -> Result<Map<String, Value>, Wrong> {
        match self.given.remove(name).map(coerce::parsed) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members),
            Some(other) => Err(self.misfit(name, &other)),
        }
    }

    /// The notes as lines of an answer.
    pub fn note_lines(&self) -> Vec<String> {
        let shown = self.notes.iter().take(SHOWN_NOTES).map(|note| format!("note: {note}"));
        let more = self.notes.len().saturating_sub(SHOWN_NOTES);
        let rest = (more > 0).then(|| format!("note: {more} more values were read so"));
        shown.chain(rest).collect()
    }
}

const CORNERS: crate::api::schema::Schema =
    crate::api::schema::Schema::List(&crate::api::schema::POINT, 2, 2);
