//! What a reading method looks at: one layer, or everything that is visible.

use super::json::string;
use super::schema::{COORDINATE, Schema};
use super::value::{Value, whole};

/// A layer's id or name (0, -1 or "active": the active one), or -2 or "visible": all visible layers
/// merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The active layer.
    Active,
    /// The layer with this id.
    Layer(i32),
    /// The only layer with this name.
    Named(String),
    /// All visible layers, merged.
    Visible,
}

/// The number that stands for all visible layers.
const VISIBLE: i32 = -2;

impl Value<'_> for Source {
    const SCHEMA: Schema = Schema::OneOf(&[COORDINATE, Schema::Text]);

    fn parse(raw: &str) -> Option<Self> {
        if let Some(word) = string(raw) {
            return match &*word.to_ascii_lowercase() {
                "active" => Some(Source::Active),
                "visible" => Some(Source::Visible),
                _ => Some(Source::Named(word.into_owned())),
            };
        }
        match i32::try_from(whole(raw)?).ok()? {
            VISIBLE => Some(Source::Visible),
            id if id <= 0 => Some(Source::Active),
            id => Some(Source::Layer(id)),
        }
    }
}
