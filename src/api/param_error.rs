//! What may be wrong with a param, in words that say what was expected.

use std::borrow::Cow;

use super::schema::Schema;
use crate::likeness::nearest;

/// What is wrong with a param. Becomes error -32602.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// A required param is not there.
    #[error("Missing required parameter: {param}")]
    Missing {
        /// Its name.
        param: Cow<'static, str>,
        /// What it should be.
        expected: String,
    },
    /// A param has a wrong type or is out of range.
    #[error("Invalid parameter '{param}': expected {expected}, got {got}")]
    Mismatch {
        /// Its name, with the place inside it if it is deep.
        param: Cow<'static, str>,
        /// What it should be.
        expected: String,
        /// What it is, cut short.
        got: String,
    },
    /// A param that the method does not have.
    #[error("Unknown parameter '{param}'{}", nearest.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default())]
    Unknown {
        /// The name given.
        param: String,
        /// The name most like it.
        nearest: Option<&'static str>,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// A required param is not there, but one with a name like it is.
    #[error(
        "Missing required parameter: {param}; there is none named '{given}': did you mean '{param}'?"
    )]
    Misnamed {
        /// Its name.
        param: Cow<'static, str>,
        /// The name given.
        given: String,
        /// What it should be.
        expected: String,
    },
    /// A required param is not there, but one that nobody knows is.
    #[error("Missing required parameter: {param}; '{other}' is not known here")]
    Foreign {
        /// Its name.
        param: Cow<'static, str>,
        /// The name given.
        other: String,
        /// What it should be.
        expected: String,
    },
    /// A name that names nothing.
    #[error("no {what} '{got}'{} There are: {}", meant(*nearest), known.join(", "))]
    NoSuch {
        /// The param.
        param: Cow<'static, str>,
        /// What it should name.
        what: &'static str,
        /// The name given, cut short.
        got: String,
        /// The name most like it.
        nearest: Option<&'static str>,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// More positions than the method has params.
    #[error("Too many parameters: the method takes at most {most}, got {}", counted(*got))]
    Surplus {
        /// How many it takes.
        most: usize,
        /// How many were given.
        got: usize,
    },
    /// A fault for which the reference documents a message of its own.
    #[error("{message}")]
    Documented {
        /// The param.
        param: Cow<'static, str>,
        /// The documented message.
        message: String,
        /// What it should be.
        expected: String,
        /// What it is, cut short.
        got: String,
    },
    /// A broken rule that concerns several params, or the value as a whole.
    #[error("{message}")]
    Rule {
        /// The param to look at.
        param: Cow<'static, str>,
        /// What is wrong and what to do.
        message: String,
    },
}

/// Surplus positions that are counted: a message may have millions of them.
pub(super) const COUNTED_POSITIONS: usize = 1000;

/// The end of a sentence about a name that is not known.
fn meant(nearest: Option<&str>) -> String {
    nearest.map_or(".".to_owned(), |near| format!("; did you mean '{near}'?"))
}

pub(super) fn counted(got: usize) -> String {
    match got {
        0..=COUNTED_POSITIONS => got.to_string(),
        _ => format!("more than {COUNTED_POSITIONS}"),
    }
}

/// How much of a bad value an error shows.
const SHOWN_CHARACTERS: usize = 60;

/// A value's raw text, cut short for messages.
pub fn shown(raw: &str) -> String {
    match raw.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}...", &raw[..end]),
        None => raw.to_owned(),
    }
}

impl ParamError {
    /// A value that does not fit a schema.
    pub fn mismatch(param: impl Into<Cow<'static, str>>, schema: &Schema, raw: &str) -> Self {
        let mut expected = schema.expected();
        if let Schema::Word(words) = schema
            && let Some(near) =
                super::json::string(raw).and_then(|word| nearest(&word, words.iter().copied()))
        {
            expected.push_str(&format!(" (did you mean '{near}'?)"));
        }
        ParamError::Mismatch { param: param.into(), expected, got: shown(raw) }
    }

    /// A broken rule.
    pub fn rule(param: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        ParamError::Rule { param: param.into(), message: message.into() }
    }

    /// The param that the error is about.
    pub fn param(&self) -> &str {
        match self {
            ParamError::Missing { param, .. }
            | ParamError::Mismatch { param, .. }
            | ParamError::Documented { param, .. }
            | ParamError::Misnamed { param, .. }
            | ParamError::Foreign { param, .. }
            | ParamError::NoSuch { param, .. }
            | ParamError::Rule { param, .. } => param,
            ParamError::Unknown { param, .. } => param,
            ParamError::Surplus { .. } => "",
        }
    }
}
