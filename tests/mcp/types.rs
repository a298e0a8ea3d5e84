//! Every message of the tests, read by the types of the protocol's own schemas.

use rust_mcp_schema::{mcp_2025_11_25 as legacy, mcp_2026_07_28 as modern};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn read<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    serde_json::from_value::<T>(value.clone()).map(drop).map_err(|error| error.to_string())
}

/// The types of results by method, in both eras; methods of extensions have none.
macro_rules! results {
    ($method:expr, $is_modern:expr, $value:expr; $($name:literal => $result:ident),* $(,)?) => {
        match ($method, $is_modern) {
            $( ($name, false) => read::<legacy::$result>($value),
               ($name, true) => read::<modern::$result>($value), )*
            ("initialize", _) => read::<legacy::InitializeResult>($value),
            ("ping", _) => read::<legacy::EmptyResult>($value),
            ("server/discover", _) => read::<modern::DiscoverResult>($value),
            ("subscriptions/listen", _) => read::<modern::SubscriptionsListenResult>($value),
            _ => Ok(()),
        }
    };
}

/// Panics if an answer is not what the schema of its era says.
pub fn check_answer(method: &str, is_modern: bool, answer: &Value) {
    let checked = match answer.get("result") {
        None if is_modern => read::<modern::JsonrpcErrorResponse>(answer),
        None => read::<legacy::JsonrpcErrorResponse>(answer),
        Some(result) => results!(method, is_modern, result;
            "tools/list" => ListToolsResult,
            "tools/call" => CallToolResult,
            "resources/list" => ListResourcesResult,
            "resources/templates/list" => ListResourceTemplatesResult,
            "resources/read" => ReadResourceResult,
            "prompts/list" => ListPromptsResult,
            "prompts/get" => GetPromptResult,
            "completion/complete" => CompleteResult,
        ),
    };
    checked.unwrap_or_else(|error| panic!("{method} ({is_modern}): {error}: {answer}"));
}

/// Panics if a notification is not what a schema says.
pub fn check_notification(message: &Value) {
    let checked = match message["method"].as_str().unwrap_or_default() {
        "notifications/progress" => read::<legacy::ProgressNotification>(message),
        "notifications/resources/updated" => read::<modern::ResourceUpdatedNotification>(message),
        "notifications/resources/list_changed" => {
            read::<modern::ResourceListChangedNotification>(message)
        }
        "notifications/subscriptions/acknowledged" => {
            read::<modern::SubscriptionsAcknowledgedNotification>(message)
        }
        other => Err(format!("{other} is no notification of ours")),
    };
    checked.unwrap_or_else(|error| panic!("{error}: {message}"));
}
