//! Errors of the protocol, with their codes in one place.
//!
//! What a model can mend is no error of the protocol but a tool's answer; see
//! [`super::goxel::answer`].

use serde_json::{Value, json};

/// Not a request.
pub const INVALID_REQUEST: i64 = -32600;
/// No such method in this era.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The params do not fit: an unknown tool, a bad cursor, a missing `_meta`.
pub const INVALID_PARAMS: i64 = -32602;
/// A fault of ours.
pub const INTERNAL_ERROR: i64 = -32603;
/// No such resource, in the older era.
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// The revision that a request speaks is not known.
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// An error of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The code.
    pub code: i64,
    /// What was wrong.
    pub message: String,
    /// Facts for programs.
    pub data: Option<Value>,
}

impl Fault {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Fault { code, message: message.into(), data: None }
    }

    /// Params that do not fit.
    pub fn params(message: impl Into<String>) -> Self {
        Fault::new(INVALID_PARAMS, message)
    }

    /// Adds facts.
    pub fn with(self, data: Value) -> Self {
        Fault { data: Some(data), ..self }
    }

    /// The member `error` of an answer.
    pub fn json(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        error
    }
}
