//! The page that shows the model inside the chat, and the data that it asks for.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::desk::Desk;

/// The page's address.
pub const URI: &str = "ui://goxel/viewer.html";
/// What the page is.
pub const MIME_TYPE: &str = "text/html;profile=mcp-app";
/// The extension that hosts declare which can show it.
pub const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// The page.
pub const PAGE: &str = include_str!("viewer.html");

/// Cells that the page is given at once.
const MOST_CELLS: u64 = 4 << 20;

/// Carries the call out: runs of voxels, as the page reads them.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let measured = json!({"layer_id": "visible", "colors": 0, "parts": 0});
    let measured = desk.call("goxel.measure", measured).await?;
    if measured["empty"] == json!(true) {
        return Ok(data(json!({"empty": true, "revision": measured["revision"]})));
    }
    let bounds = &measured["bounds"];
    let cells: u64 = (0..3).map(|axis| measured["size"][axis].as_u64().unwrap_or(1)).product();
    if cells > MOST_CELLS {
        let note = "the model is too large for the viewer";
        return Ok(data(json!({"empty": true, "note": note, "revision": measured["revision"]})));
    }
    let mut runs: Vec<Value> = Vec::new();
    let mut palette: Vec<Value> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut params = json!({
            "min": bounds["min"], "max": bounds["max"], "layer_id": "visible",
        });
        if !cursor.is_null() {
            params["cursor"] = cursor;
        }
        let page = desk.call("goxel.read_region", params).await?;
        add_page(&page, &mut palette, &mut runs);
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    Ok(data(json!({
        "min": bounds["min"], "size": measured["size"], "palette": palette, "runs": runs,
        "revision": measured["revision"], "project": desk.project_name(),
    })))
}

/// Each page has a palette of its own: colours are gathered in one.
fn add_page(page: &Value, palette: &mut Vec<Value>, runs: &mut Vec<Value>) {
    let own = page["palette"].as_array().cloned().unwrap_or_default();
    let mut places = Vec::with_capacity(own.len());
    for color in own {
        let place = palette.iter().position(|known| *known == color).unwrap_or_else(|| {
            palette.push(color);
            palette.len() - 1
        });
        places.push(place);
    }
    let pairs = page["runs"].as_array().cloned().unwrap_or_default();
    for pair in pairs.chunks_exact(2) {
        let index = pair[1].as_u64().and_then(|index| places.get(index as usize)).copied();
        runs.push(pair[0].clone());
        runs.push(index.unwrap_or(0).into());
    }
}

fn data(value: Value) -> Answer {
    let mut answer = Answer::of(format!("revision {}", value["revision"]));
    answer.structured(value);
    answer
}
