//! The server that the official conformance suite wants to meet: its tools, resources and prompts
//! on our session.

use std::io::BufReader;
use std::sync::{Arc, OnceLock, Weak};

use goxel_daemon::client::Watch;
use goxel_daemon::mcp::line::{CallFault, Line, Question, Reply};
use goxel_daemon::mcp::offer::{Client, Identity, Offer, ToolCall};
use goxel_daemon::mcp::questions::Asked;
use goxel_daemon::mcp::stdio::Service;
use goxel_daemon::mcp::{Fault, Session, Work};
use serde_json::{Map, Value, json};

/// A red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A few samples of silence.
const WAV: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

/// There is no daemon behind this server.
struct Nobody;

impl Asked for Nobody {
    fn ask(&self, _: Question, _: &mut Watch<'_>) -> Reply {
        Err(CallFault::default())
    }
}

#[derive(Default)]
struct Fixture {
    service: OnceLock<Weak<Service<Fixture, Nobody>>>,
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn ready(result: Result<Value, Fault>) -> Work {
    Box::pin(std::future::ready(result))
}

fn content(blocks: Vec<Value>) -> Work {
    ready(Ok(json!({"content": blocks})))
}

fn embedded(uri: &str) -> Value {
    json!({"type": "resource", "resource":
        {"uri": uri, "mimeType": "text/plain", "text": "This is an embedded resource content."}})
}

impl Fixture {
    fn changed(&self, kind: &str) {
        if let Some(service) = self.service.get().and_then(Weak::upgrade) {
            service.send_all(&service.session().list_changed(kind));
        }
    }

    fn log(line: &Line, client: &Client, level: &str, data: &str) {
        // In the modern era only those hear messages who ask for them.
        if !client.is_modern || client.log_level.is_some() {
            line.notify(
                "notifications/message",
                json!({"level": level, "logger": "fixture", "data": data}),
            );
        }
    }
}

const TOOLS: [(&str, &str); 13] = [
    ("test_simple_text", "Tests simple text content"),
    ("test_image_content", "Tests image content"),
    ("test_audio_content", "Tests audio content"),
    ("test_embedded_resource", "Tests an embedded resource"),
    ("test_multiple_content_types", "Tests mixed content"),
    ("test_tool_with_logging", "Tests log messages"),
    ("test_tool_with_progress", "Tests progress"),
    ("test_error_handling", "Tests errors of tools"),
    ("json_schema_2020_12_tool", "Tests JSON Schema 2020-12"),
    ("test_missing_capability", "Needs sampling"),
    ("test_logging_tool", "Logs at several levels"),
    ("test_trigger_tool_change", "Changes the list of tools"),
    ("test_trigger_prompt_change", "Changes the list of prompts"),
];

fn rich_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"}, "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]}, "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}

async fn with_progress(line: Line) -> Result<Value, Fault> {
    for done in [0.0, 50.0, 100.0] {
        line.progress(done, Some(100.0), &format!("Completed step {done} of 100"));
        std::thread::sleep(std::time::Duration::from_millis(60));
    }
    Ok(json!({"content": [text("done")]}))
}

impl Offer for Fixture {
    fn identity(&self) -> Identity {
        let instructions = "A server for tests.".to_owned();
        Identity { name: "goxel-mcp-fixture", title: "Fixture", version: "1.0.0", instructions }
    }

    fn capabilities(&self) -> Value {
        json!({
            "tools": {"listChanged": true}, "prompts": {"listChanged": true}, "completions": {},
            "logging": {}, "resources": {"subscribe": true, "listChanged": true},
        })
    }

    fn tools(&self, _: &Client) -> Vec<Value> {
        let one = |(name, description): &(&str, &str)| {
            let schema = match *name {
                "json_schema_2020_12_tool" => rich_schema(),
                _ => json!({"type": "object", "properties": {}}),
            };
            json!({"name": name, "description": description, "inputSchema": schema})
        };
        TOOLS.iter().map(one).collect()
    }

    fn call(self: Arc<Self>, call: ToolCall, line: &Line) -> Option<Work> {
        let ToolCall { name, client, .. } = call;
        Some(match name.as_str() {
            "test_simple_text" => {
                content(vec![text("This is a simple text response for testing.")])
            }
            "test_image_content" => {
                content(vec![json!({"type": "image", "data": PNG, "mimeType": "image/png"})])
            }
            "test_audio_content" => {
                content(vec![json!({"type": "audio", "data": WAV, "mimeType": "audio/wav"})])
            }
            "test_embedded_resource" => content(vec![embedded("test://embedded-resource")]),
            "test_multiple_content_types" => content(vec![
                text("Multiple content types test:"),
                json!({"type": "image", "data": PNG, "mimeType": "image/png"}),
                embedded("test://mixed-content-resource"),
            ]),
            "test_tool_with_logging" => {
                for data in
                    ["Tool execution started", "Tool processing data", "Tool execution completed"]
                {
                    Fixture::log(line, &client, "info", data);
                }
                content(vec![text("logged")])
            }
            "test_tool_with_progress" => Box::pin(with_progress(line.clone())),
            "test_error_handling" => {
                let blocks = vec![text("This tool intentionally returns an error for testing")];
                ready(Ok(json!({"content": blocks, "isError": true})))
            }
            "json_schema_2020_12_tool" => content(vec![text("fits")]),
            "test_missing_capability" if client.capabilities.get("sampling").is_none() => {
                let data = json!({"requiredCapabilities": {"sampling": {}}});
                let fault = Fault::new(-32021, "Missing required client capability: sampling");
                ready(Err(fault.with(data)))
            }
            "test_missing_capability" => content(vec![text("present")]),
            "test_logging_tool" => {
                for level in ["debug", "info", "warning", "error"] {
                    Fixture::log(line, &client, level, "a message");
                }
                content(vec![text("logged")])
            }
            "test_trigger_tool_change" => {
                self.changed("tools");
                content(vec![text("changed")])
            }
            "test_trigger_prompt_change" => {
                self.changed("prompts");
                content(vec![text("changed")])
            }
            _ => return None,
        })
    }

    fn resources(self: Arc<Self>, _: &Line) -> Work {
        let one = |uri: &str, name: &str, mime: &str| json!({"uri": uri, "name": name, "description": name, "mimeType": mime});
        ready(Ok(json!([
            one("test://static-text", "static text", "text/plain"),
            one("test://static-binary", "static binary", "image/png"),
            one("test://watched-resource", "watched", "text/plain"),
        ])))
    }

    fn templates(&self) -> Vec<Value> {
        vec![json!({"uriTemplate": "test://template/{id}/data", "name": "template",
            "description": "A family", "mimeType": "application/json"})]
    }

    fn read(self: Arc<Self>, uri: String, _: &Line) -> Work {
        let in_text =
            |text: &str, mime: &str| json!([{"uri": uri, "mimeType": mime, "text": text}]);
        let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        ready(Ok(match (uri.as_str(), id) {
            (_, Some(id)) => {
                let data =
                    json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                in_text(&data.to_string(), "application/json")
            }
            ("test://static-text", _) => {
                in_text("This is the content of the static text resource.", "text/plain")
            }
            ("test://static-binary", _) => {
                json!([{"uri": uri, "mimeType": "image/png", "blob": PNG}])
            }
            ("test://watched-resource", _) => in_text("watched", "text/plain"),
            _ => json!([]),
        }))
    }

    fn prompts(&self) -> Vec<Value> {
        let argument = |name: &str| json!({"name": name, "description": name, "required": true});
        vec![
            json!({"name": "test_simple_prompt", "description": "A simple prompt"}),
            json!({"name": "test_prompt_with_arguments", "description": "With arguments",
                "arguments": [argument("arg1"), argument("arg2")]}),
            json!({"name": "test_prompt_with_embedded_resource", "description": "With a resource",
                "arguments": [argument("resourceUri")]}),
            json!({"name": "test_prompt_with_image", "description": "With an image"}),
        ]
    }

    fn prompt(&self, name: &str, given: &Map<String, Value>) -> Option<Result<Value, Fault>> {
        let said = |content: Value| json!({"role": "user", "content": content});
        let argument = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
        let messages = match name {
            "test_simple_prompt" => json!([said(text("This is a simple prompt for testing."))]),
            "test_prompt_with_arguments" => {
                let (one, two) = (argument("arg1"), argument("arg2"));
                json!([said(text(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'")))])
            }
            "test_prompt_with_embedded_resource" => json!([
                said(embedded(argument("resourceUri"))),
                said(text("Please process the embedded resource above.")),
            ]),
            "test_prompt_with_image" => json!([
                said(json!({"type": "image", "data": PNG, "mimeType": "image/png"})),
                said(text("Please analyze the image above.")),
            ]),
            _ => return None,
        };
        Some(Ok(json!({"messages": messages})))
    }

    fn complete(self: Arc<Self>, _: Map<String, Value>, _: Map<String, Value>, _: &Line) -> Work {
        ready(Ok(json!([])))
    }
}

fn main() {
    let session = Session::new(Arc::new(Fixture::default()));
    let service = Service::new(session, Nobody, std::io::stdout());
    // The one place that sets it.
    let _ = service.session().offer().service.set(Arc::downgrade(&service));
    service.serve(BufReader::new(std::io::stdin())).expect("the input can be read");
}
