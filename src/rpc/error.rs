//! What goes wrong, as JSON-RPC shows it. The only place where errors of other floors get their
//! codes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::api::ParamError;
use crate::api::json::write as write_json;
use crate::plain_words::without_numbers;
use crate::voxel::MemoryLimit;

/// Not JSON.
pub const PARSE_ERROR: i32 = -32700;
/// Not a request.
pub const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The params do not fit the method.
pub const INVALID_PARAMS: i32 = -32602;
/// A fault of ours.
pub const INTERNAL_ERROR: i32 = -32603;

/// The call was stopped before its end, as language servers say it.
pub const REQUEST_CANCELLED: i32 = -32800;

/// A document could not be created.
pub const CREATE_PROJECT: i32 = -1001;
/// A file could not be loaded.
pub const LOAD_PROJECT: i32 = -1002;
/// A file could not be saved.
pub const SAVE_PROJECT: i32 = -1003;
/// A voxel could not be added.
pub const ADD_VOXEL: i32 = -1004;
/// A voxel could not be removed.
pub const REMOVE_VOXEL: i32 = -1005;
/// A voxel could not be read.
pub const GET_VOXEL: i32 = -1006;
/// A model could not be exported.
pub const EXPORT_MODEL: i32 = -1007;
/// A layer could not be created.
pub const CREATE_LAYER: i32 = -1008;
/// A voxel could not be painted.
pub const PAINT_VOXELS: i32 = -1009;
/// A region could not be filled.
pub const FLOOD_FILL: i32 = -1010;
/// A shape could not be drawn.
pub const PROCEDURAL_SHAPE: i32 = -1011;
/// A layer could not be deleted.
pub const DELETE_LAYER: i32 = -1012;
/// Layers could not be merged.
pub const MERGE_LAYERS: i32 = -1013;
/// A layer's visibility could not be set.
pub const SET_LAYER_VISIBILITY: i32 = -1014;
/// A picture could not be drawn or written.
pub const RENDER_SCENE: i32 = -1015;
/// A render file is not known.
pub const GET_RENDER_INFO: i32 = -1020;
/// A render file could not be removed.
pub const CLEANUP_RENDER: i32 = -1021;

/// No such project.
pub const NO_SUCH_PROJECT: i32 = 1001;
/// No such layer.
pub const NO_SUCH_LAYER: i32 = 1002;
/// Somebody else changed the project meanwhile.
pub const REVISION_CONFLICT: i32 = 1003;
/// Over a limit.
pub const OVER_LIMIT: i32 = 1004;
/// Known, but not part of this build.
pub const NOT_BUILT_IN: i32 = 1005;
/// Whether an earlier call was applied is not known.
pub const OUTCOME_UNKNOWN: i32 = 1006;
/// A path leads out of the directories that the caller may use.
pub const OUTSIDE_ROOTS: i32 = 1008;
/// The server has no room for another connection.
pub const SERVER_FULL: i32 = 1007;
/// The journal cannot be written, so nothing may change.
pub const JOURNAL: i32 = 1009;

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// What was wrong, and what to do about it.
    pub message: String,
    /// Facts for programs: an object.
    pub data: Option<Box<Map<String, Value>>>,
}

/// How much of what there is an error lists at most.
pub const KNOWN_LISTED: usize = 50;

impl RpcError {
    /// An error without data.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = match without_numbers(&message) {
            Cow::Owned(plain) => plain,
            Cow::Borrowed(_) => message,
        };
        RpcError { code, message, data: None }
    }

    /// A fault of ours.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        RpcError::new(INTERNAL_ERROR, format!("Internal error: {message}"))
            .hint("this is a bug in the daemon; the call had no effect and the log tells more")
    }

    /// Adds a fact to `data`.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.get_or_insert_default().insert(key.to_owned(), value.into());
        self
    }

    /// Adds what there is to `data`: the first of it, and how much more.
    pub fn known<T: Into<Value>>(self, name: &str, all: impl IntoIterator<Item = T>) -> Self {
        let mut all = all.into_iter();
        let first: Vec<T> = all.by_ref().take(KNOWN_LISTED).collect();
        let error = self.with(name, first);
        match all.count() {
            0 => error,
            more => error.with("more", more),
        }
    }

    /// Adds what to do to `data`.
    pub fn hint(self, hint: impl Into<Value>) -> Self {
        self.with("hint", hint)
    }

    /// Appends the error object.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"code":"#);
        out.extend_from_slice(itoa::Buffer::new().format(self.code).as_bytes());
        out.extend_from_slice(br#","message":"#);
        write_json(&self.message, out);
        if let Some(data) = &self.data {
            out.extend_from_slice(br#","data":"#);
            write_json(data, out);
        }
        out.push(b'}');
    }

    /// Appends the whole answer with `id` as raw JSON (`null` if there is none): no framing, no
    /// line feed.
    pub fn write_answer(&self, id: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"jsonrpc":"2.0","error":"#);
        self.write(out);
        out.extend_from_slice(br#","id":"#);
        out.extend_from_slice(id.as_bytes());
        out.push(b'}');
    }
}

impl From<ParamError> for RpcError {
    fn from(error: ParamError) -> Self {
        let rpc = RpcError::new(INVALID_PARAMS, error.to_string());
        let rpc = match error.param() {
            "" => rpc,
            param => rpc.with("param", param),
        };
        let rpc = match error {
            ParamError::Missing { expected, .. } => rpc.with("expected", expected),
            ParamError::Foreign { expected, other, .. } => {
                rpc.with("expected", expected).with("got", other)
            }
            ParamError::Mismatch { expected, got, .. }
            | ParamError::Documented { expected, got, .. } => {
                rpc.with("expected", expected).with("got", got)
            }
            ParamError::Unknown { known, nearest, .. } => {
                let rpc = rpc.known("known", known);
                match nearest {
                    Some(nearest) => rpc.with("nearest", nearest),
                    None => rpc,
                }
            }
            ParamError::Misnamed { param, given, expected } => {
                rpc.with("expected", expected).with("got", given).with("nearest", &*param)
            }
            ParamError::NoSuch { got, nearest, known, .. } => {
                let rpc = rpc.with("got", got).known("known", known);
                match nearest {
                    Some(nearest) => rpc.with("nearest", nearest),
                    None => rpc,
                }
            }
            ParamError::Surplus { most, got } => rpc.with("expected", most).with("got", got),
            ParamError::Rule { .. } => rpc,
        };
        rpc.hint("nothing was changed; rpc.discover describes every method")
    }
}

/// What frees memory, for those who are refused more of it.
const FREEING: [&str; 4] = [
    "goxel.clear_history forgets the steps of one project that can be undone",
    "goxel.close_project frees all of a project",
    "goxel.delete_layer and goxel.clear_layer free voxels once their step is forgotten",
    "goxel.health tells under memory.kinds and memory.projects who holds what",
];

impl From<MemoryLimit> for RpcError {
    fn from(error: MemoryLimit) -> Self {
        let held: serde_json::Map<String, serde_json::Value> = crate::memory::published()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes.into()))
            .collect();
        RpcError::new(OVER_LIMIT, format!("Over the limit: {error}"))
            .with("limit", error.limit)
            .with("got", error.in_use)
            .with("flag", error.flag)
            .with("kinds", held)
            .with("advice", FREEING)
            .hint("clear voxels, close projects or call goxel.clear_history; nothing was changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_compact_line_with_the_id_last() {
        let mut out = Vec::new();
        RpcError::new(-1, "a \"b\"\n").with("param", "x").write_answer("7", &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"a \"b\"\n","data":{"param":"x"}},"id":7}"#
        );
    }
}
