//! What goes wrong, as JSON-RPC shows it.

/// The standard codes.
pub const PARSE_ERROR: i32 = -32700;
/// Not a request.
pub const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The params do not fit the method.
pub const INVALID_PARAMS: i32 = -32602;
/// A fault of ours.
pub const INTERNAL_ERROR: i32 = -32603;
/// Over a limit.
pub const OVER_LIMIT: i32 = 1004;
/// The server has no room for another connection.
pub const SERVER_FULL: i32 = 1007;

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// What was wrong, and what to do about it.
    pub message: String,
    /// Facts for programs: an object.
    pub data: Option<serde_json::Map<String, serde_json::Value>>,
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        RpcError { code, message: message.into(), data: None }
    }

    /// Appends the whole answer with `id` as raw JSON (`null` if there is none): no framing, no line feed.
    pub fn write_answer(&self, id: &str, out: &mut Vec<u8>) {
        #[derive(serde::Serialize)]
        struct Body<'a> {
            code: i32,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: &'a Option<serde_json::Map<String, serde_json::Value>>,
        }
        let body = Body { code: self.code, message: &self.message, data: &self.data };
        out.extend_from_slice(br#"{"jsonrpc":"2.0","error":"#);
        // Writing to a Vec cannot fail, and every key is a string.
        serde_json::to_writer(&mut *out, &body).unwrap_or_default();
        out.extend_from_slice(br#","id":"#);
        out.extend_from_slice(id.as_bytes());
        out.push(b'}');
    }
}
