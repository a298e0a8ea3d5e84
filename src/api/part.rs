//! A part of a document by its index or its name: a camera, a material.

use std::borrow::Cow;

use super::Value;
use super::json::string;
use super::schema::Schema;
use super::value::whole;

/// Which of several parts is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum PartRef<'a> {
    /// Counted from 0, as lists show them.
    Index(usize),
    /// The first one with this name.
    Name(Cow<'a, str>),
}

impl<'a> Value<'a> for PartRef<'a> {
    const SCHEMA: Schema = Schema::OneOf(&[Schema::Integer(0, i32::MAX as i64), Schema::Text]);
    fn parse(raw: &'a str) -> Option<Self> {
        match string(raw) {
            Some(name) => Some(PartRef::Name(name)),
            None => Some(PartRef::Index(whole(raw)?.try_into().ok()?)),
        }
    }
}
