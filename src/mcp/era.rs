//! Revisions of the protocol, and which of the two eras a request belongs to.
//!
//! Up to 2025-11-25 a connection begins with a handshake (`initialize`); since 2026-07-28 each
//! request carries in `_meta` what it needs to be understood, and nothing hangs on the connection.
//! A request shows its era by itself.

use serde_json::{Value, json};

use super::fault::{Fault, METHOD_NOT_FOUND, UNSUPPORTED_VERSION};
use super::message::Request;

/// Revisions with a handshake, oldest first.
pub const LEGACY_VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// Revisions without one.
pub const MODERN_VERSIONS: [&str; 1] = ["2026-07-28"];
/// The one revision in which a client may send several messages at once.
pub const BATCH_VERSION: &str = "2025-03-26";

/// Members of `_meta` that only requests of the modern era have.
const MARKS: [&str; 4] = [PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL];
/// The revision that a request speaks.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What the client can do.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Who the client is.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// The least important log message that the client wants to have.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// Who we are, in each modern result.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The subscription that a notification belongs to.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// Methods that only the era with a handshake has.
const LEGACY_ONLY: [&str; 5] =
    ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];
/// Methods that only the modern era has.
const MODERN_ONLY: [&str; 2] = ["server/discover", "subscriptions/listen"];

/// The era of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// With a handshake.
    Legacy,
    /// Without one.
    Modern,
}

impl Era {
    /// The era of a request; an error if it does not say what its era asks for, or if its method is
    /// of the other.
    pub fn of(request: &Request) -> Result<Era, Fault> {
        let is_marked = MARKS.iter().any(|mark| request.meta(mark).is_some());
        if !is_marked && request.method != "server/discover" {
            return if MODERN_ONLY.contains(&&*request.method) {
                Err(no_such_method(&request.method))
            } else {
                Ok(Era::Legacy)
            };
        }
        let version = request.meta(PROTOCOL_VERSION).and_then(Value::as_str);
        let version = version.ok_or_else(|| missing(PROTOCOL_VERSION, "a string"))?;
        if !MODERN_VERSIONS.contains(&version) {
            let data = json!({"supported": MODERN_VERSIONS, "requested": version});
            let message = format!("Unsupported protocol version: {version}");
            return Err(Fault::new(UNSUPPORTED_VERSION, message).with(data));
        }
        if !request.meta(CLIENT_CAPABILITIES).is_some_and(Value::is_object) {
            return Err(missing(CLIENT_CAPABILITIES, "an object"));
        }
        if LEGACY_ONLY.contains(&&*request.method) {
            Err(no_such_method(&request.method))
        } else {
            Ok(Era::Modern)
        }
    }
}

fn missing(name: &str, kind: &str) -> Fault {
    Fault::params(format!("Invalid params: _meta needs \"{name}\", {kind}"))
}

/// The error for a method that is not known in the era of its request.
pub fn no_such_method(method: &str) -> Fault {
    Fault::new(METHOD_NOT_FOUND, format!("Method not found: {method}"))
}

/// The revision that a handshake comes to: the one asked for if it is known, else our newest one.
pub fn negotiated(asked: &str) -> &'static str {
    let known = LEGACY_VERSIONS.into_iter().find(|version| *version == asked);
    known.unwrap_or(LEGACY_VERSIONS[LEGACY_VERSIONS.len() - 1])
}
