//! What a server offers, as the session sees it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Fault, Line, Work};

/// Who the server is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What a model should know before it calls anything.
    pub instructions: String,
}

/// Who asks, as far as it was declared.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its capabilities: an object, or null.
    pub capabilities: Value,
    /// Whether the request is of the era without a handshake.
    pub is_modern: bool,
    /// The least important log message that it wants to have.
    pub log_level: Option<String>,
}

impl Client {
    /// Whether it knows an extension of the protocol.
    pub fn knows(&self, extension: &str) -> bool {
        self.capabilities.get("extensions").is_some_and(|all| all.get(extension).is_some())
    }
}

/// A call of a tool.
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub client: Client,
}

/// What a server offers. Everything that may ask the daemon comes back as [`Work`].
pub trait Offer: Send + Sync + 'static {
    /// Who the server is.
    fn identity(&self) -> Identity;

    /// Capabilities, an object.
    fn capabilities(&self) -> Value;

    /// Extensions of the protocol, an object by their names.
    fn extensions(&self) -> Value {
        json!({})
    }

    /// The tools, in a fixed order.
    fn tools(&self, client: &Client) -> Vec<Value>;

    /// Calls a tool; `None` if there is no such tool.
    fn call(self: Arc<Self>, call: ToolCall, line: &Line) -> Option<Work>;

    /// The resources that there are now: the member `resources` of the answer.
    fn resources(self: Arc<Self>, line: &Line) -> Work;

    /// Families of resources.
    fn templates(&self) -> Vec<Value>;

    /// Reads a resource: the member `contents` of the answer. Without any it is an error of the
    /// session.
    fn read(self: Arc<Self>, uri: String, line: &Line) -> Work;

    /// The prompts, in a fixed order.
    fn prompts(&self) -> Vec<Value>;

    /// A prompt; `None` if there is no such prompt.
    fn prompt(&self, name: &str, arguments: &Map<String, Value>) -> Option<Result<Value, Fault>>;

    /// Values for an argument that begin as given, the member `values` of the answer; `reference`
    /// and `argument` as the protocol has them.
    fn complete(
        self: Arc<Self>,
        reference: Map<String, Value>,
        argument: Map<String, Value>,
        line: &Line,
    ) -> Work;

    /// A method of an extension; `None` if it is not known.
    fn extra(&self, method: &str, params: &Map<String, Value>) -> Option<Result<Value, Fault>> {
        let _ = (method, params);
        None
    }

    /// Called whenever a client begins to listen for changes.
    fn somebody_listens(&self) {}
}
