//! One JSON text of the pipe: what it is, before anybody asks what it means.

use serde_json::{Map, Value, json};

use super::fault::{Fault, INVALID_REQUEST};

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    /// It wants an answer.
    Request(Request),
    /// It wants none.
    Notification {
        /// What it is about.
        method: String,
        /// Its facts.
        params: Map<String, Value>,
    },
    /// Several messages at once, as one revision has them.
    Batch(Vec<Value>),
    /// An answer to something; we ask nothing, so it is nobody's.
    Response,
    /// It is no message; with the id to answer to, if it has one that is valid.
    Invalid(Option<Value>, Fault),
    /// It is no JSON. Without an id there is nobody to answer to.
    NotJson(String),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// A string or a number.
    pub id: Value,
    /// What is wanted.
    pub method: String,
    /// How.
    pub params: Map<String, Value>,
}

impl Request {
    /// A member of `params._meta`.
    pub fn meta(&self, name: &str) -> Option<&Value> {
        self.params.get("_meta")?.get(name)
    }

    /// The token under which the caller wants to hear how far it is.
    pub fn progress_token(&self) -> Option<Value> {
        self.meta("progressToken").filter(|token| token.is_string() || token.is_number()).cloned()
    }

    /// A param that is a text.
    pub fn text(&self, name: &str) -> Result<&str, Fault> {
        let value = self.params.get(name).and_then(Value::as_str);
        value.ok_or_else(|| Fault::params(format!("{}: '{name}' must be a string", self.method)))
    }

    /// A param that is an object; absent is empty.
    pub fn object(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        match self.params.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members.clone()),
            Some(_) => Err(Fault::params(format!("{}: '{name}' must be an object", self.method))),
        }
    }
}

/// Reads one text.
pub fn read(text: &str) -> Incoming {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => of_value(value),
        Err(error) => Incoming::NotJson(error.to_string()),
    }
}

/// Reads one message of a batch, or one that came alone.
pub fn of_value(value: Value) -> Incoming {
    let members = match value {
        Value::Object(members) => members,
        Value::Array(messages) => return Incoming::Batch(messages),
        _ => return invalid(None, "a message is an object"),
    };
    let id = match members.get("id") {
        None => None,
        Some(id) if id.is_string() || id.is_i64() || id.is_u64() => Some(id.clone()),
        Some(_) => return invalid(None, "'id' must be a string or a whole number"),
    };
    if members.get("jsonrpc") != Some(&json!("2.0")) {
        return invalid(id, "'jsonrpc' must be \"2.0\"");
    }
    let method = match members.get("method") {
        Some(Value::String(method)) => method.clone(),
        Some(_) => return invalid(id, "'method' must be a string"),
        None if members.contains_key("result") || members.contains_key("error") => {
            return Incoming::Response;
        }
        None => return invalid(id, "'method' is missing"),
    };
    let params = match members.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => return invalid(id, "'params' must be an object"),
    };
    match id {
        Some(id) => Incoming::Request(Request { id, method, params }),
        None => Incoming::Notification { method, params },
    }
}

fn invalid(id: Option<Value>, what: &str) -> Incoming {
    Incoming::Invalid(id, Fault::new(INVALID_REQUEST, format!("Invalid Request: {what}")))
}

/// An answer with a result.
pub fn result(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// An answer with an error. Without an id it has no member `id`: `null` would be no valid one.
pub fn error(id: Option<&Value>, fault: &Fault) -> Value {
    match id {
        Some(id) => json!({"jsonrpc": "2.0", "id": id, "error": fault.json()}),
        None => json!({"jsonrpc": "2.0", "error": fault.json()}),
    }
}

/// A notification.
pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}
