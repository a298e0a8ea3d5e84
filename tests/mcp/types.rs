//! Every message of the tests, read by the types of the protocol's own schema.
//!
//! The crate holds one revision at a time. What the older era leaves out is added before its
//! results are read; all else is the same in both.

use rust_mcp_schema::{
    CallToolResult, CompleteResult, DiscoverResult, EmptyResult, GetPromptResult,
    JsonrpcErrorResponse, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, ProgressNotification, ReadResourceResult, ResourceListChangedNotification,
    ResourceUpdatedNotification, SubscriptionsAcknowledgedNotification, SubscriptionsListenResult,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    serde_json::from_value::<T>(value.clone()).map(drop).map_err(|error| error.to_string())
}

/// A result of the older era with what the newer one asks for.
fn completed(result: &Value) -> Value {
    let mut result = result.clone();
    for (name, value) in
        [("resultType", json!("complete")), ("ttlMs", json!(0)), ("cacheScope", json!("private"))]
    {
        assert!(result.get(name).is_none(), "{name} is of the other era: {result}");
        result[name] = value;
    }
    result
}

/// Panics if an answer is not what the schema says.
pub fn check_answer(method: &str, is_modern: bool, answer: &Value) {
    let result = match answer.get("result") {
        None => {
            let checked = read::<JsonrpcErrorResponse>(answer);
            return checked.unwrap_or_else(|error| panic!("{method}: {error}: {answer}"));
        }
        Some(result) if is_modern => result.clone(),
        Some(result) => completed(result),
    };
    let checked = match method {
        "tools/list" => read::<ListToolsResult>(&result),
        "tools/call" => read::<CallToolResult>(&result),
        "resources/list" => read::<ListResourcesResult>(&result),
        "resources/templates/list" => read::<ListResourceTemplatesResult>(&result),
        "resources/read" => read::<ReadResourceResult>(&result),
        "prompts/list" => read::<ListPromptsResult>(&result),
        "prompts/get" => read::<GetPromptResult>(&result),
        "completion/complete" => read::<CompleteResult>(&result),
        "server/discover" => read::<DiscoverResult>(&result),
        "subscriptions/listen" => read::<SubscriptionsListenResult>(&result),
        // Extensions and the handshake are no part of this revision.
        _ => read::<EmptyResult>(&result),
    };
    checked.unwrap_or_else(|error| panic!("{method} ({is_modern}): {error}: {answer}"));
}

/// Panics if a notification is not what the schema says.
pub fn check_notification(message: &Value) {
    let checked = match message["method"].as_str().unwrap_or_default() {
        "notifications/progress" => read::<ProgressNotification>(message),
        "notifications/resources/updated" => read::<ResourceUpdatedNotification>(message),
        "notifications/resources/list_changed" => read::<ResourceListChangedNotification>(message),
        "notifications/subscriptions/acknowledged" => {
            read::<SubscriptionsAcknowledgedNotification>(message)
        }
        other => Err(format!("{other} is no notification of ours")),
    };
    checked.unwrap_or_else(|error| panic!("{error}: {message}"));
}
