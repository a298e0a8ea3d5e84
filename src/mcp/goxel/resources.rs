//! Resources: the open projects, pictures of them, the guides, the viewer's page.

use serde_json::{Map, Value, json};

use super::answer::{box_text, counted, quoted};
use super::guides::{self, GUIDES};
use super::tools::{VIEWS, count};
use super::{prompts, viewer};
use crate::api::operations::OPERATIONS;
use crate::mcp::line::Line;
use crate::mcp::{CallFault, Fault};

/// The list of open projects.
pub const PROJECTS: &str = "goxel://projects";
const PROJECT: &str = "goxel://project/";
const PICTURE: &str = "goxel://picture/";
const HELP: &str = "goxel://help/";
const GUIDE: &str = "goxel://guide/";

/// Pixels of a picture that is read as a resource.
const PICTURE_SIZE: u32 = 512;

/// The address of a project.
pub fn project_uri(name: &str) -> String {
    format!("{PROJECT}{}", escaped(name))
}

/// The address of a picture of a project.
pub fn picture_uri(name: &str, view: &str) -> String {
    format!("{PICTURE}{}/{view}", escaped(name))
}

/// Everything in a URI but letters, digits and a few signs as %XX.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte.into());
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, tail) {
            (b'%', [a, b, tail @ ..]) => {
                let digits = [*a, *b];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = tail;
            }
            (byte, tail) => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn resource(uri: &str, name: &str, description: &str, mime_type: &str) -> Value {
    json!({"uri": uri, "name": name, "description": description, "mimeType": mime_type})
}

/// `resources/list`. Without a daemon there are only the guides.
pub async fn list(line: Line) -> Result<Value, Fault> {
    let mut list = Vec::new();
    for guide in &GUIDES {
        list.push(resource(&guide.uri(), guide.name, guide.description(), "text/markdown"));
    }
    list.push(resource(viewer::URI, "viewer", "The model, turnable", viewer::MIME_TYPE));
    let Ok(projects) = line.call_present("goxel.list_projects", json!({})).await else {
        return Ok(Value::Array(list));
    };
    list.push(resource(PROJECTS, "projects", "The open projects", "application/json"));
    for project in projects["projects"].as_array().into_iter().flatten() {
        let name = project["name"].as_str().unwrap_or_default();
        let about = format!(
            "{}, revision {}",
            counted(count(project, "voxel_count"), "voxel"),
            project["revision"]
        );
        list.push(resource(&project_uri(name), &format!("project {name}"), &about, "text/plain"));
        let uri = picture_uri(name, "iso");
        list.push(resource(&uri, &format!("picture of {name}"), &about, "image/png"));
    }
    Ok(Value::Array(list))
}

/// `resources/templates/list`.
pub fn templates() -> Vec<Value> {
    let template = |uri: &str, name: &str, description: &str, mime_type: &str| {
        json!({
            "uriTemplate": uri, "name": name, "description": description, "mimeType": mime_type,
        })
    };
    vec![
        template("goxel://project/{project}", "project", "A project in numbers", "text/plain"),
        template(
            "goxel://picture/{project}/{view}",
            "picture",
            "A project from one side",
            "image/png",
        ),
        template("goxel://help/{topic}", "help", "An operation or topic", "text/plain"),
        template("goxel://guide/{name}", "guide", "A guide to modelling", "text/markdown"),
    ]
}

fn text(uri: &str, mime_type: &str, text: &str) -> Value {
    json!([{"uri": uri, "mimeType": mime_type, "text": text}])
}

/// `resources/read`: the contents; none if there is no such resource.
pub async fn read(uri: String, line: Line) -> Result<Value, Fault> {
    let nothing = Ok(json!([]));
    if uri == viewer::URI {
        let mut contents = text(&uri, viewer::MIME_TYPE, viewer::PAGE);
        contents[0]["_meta"] = json!({"ui": {"prefersBorder": true}});
        return Ok(contents);
    }
    let name = uri.strip_prefix(GUIDE).unwrap_or(&uri);
    if let Some(guide) = guides::find(name) {
        return Ok(text(&uri, "text/markdown", guide.text));
    }
    if let Some(topic) = uri.strip_prefix(HELP).and_then(unescaped) {
        let known = super::help::explain(&topic).filter(|_| !topic.is_empty());
        return known.map_or(nothing, |known| Ok(text(&uri, "text/plain", &known)));
    }
    if uri == PROJECTS {
        let list = line.call_present("goxel.list_projects", json!({})).await;
        return Ok(text(&uri, "application/json", &list.map_err(failed)?.to_string()));
    }
    if let Some(name) = uri.strip_prefix(PROJECT).and_then(unescaped) {
        return match summary(&line, &name).await {
            Ok(summary) => Ok(text(&uri, "text/plain", &summary)),
            Err(fault) if fault.code == 1001 => nothing,
            Err(fault) => Err(failed(fault)),
        };
    }
    let picture = uri.strip_prefix(PICTURE).and_then(|rest| rest.split_once('/'));
    let Some((name, view)) = picture else { return nothing };
    let (Some(name), Some(view)) = (unescaped(name), VIEWS.iter().find(|known| **known == view))
    else {
        return nothing;
    };
    match draw(&line, &name, view).await {
        Ok(image) => Ok(json!([{"uri": uri, "mimeType": "image/png", "blob": image}])),
        Err(fault) if fault.code == 1001 => nothing,
        Err(fault) => Err(failed(fault)),
    }
}

fn failed(fault: CallFault) -> Fault {
    Fault::new(crate::mcp::fault::INTERNAL_ERROR, fault.message)
}

async fn summary(line: &Line, name: &str) -> Result<String, CallFault> {
    let info = line.call_present("goxel.get_project_info", json!({"project": name})).await?;
    let params = json!({"project": name, "colors": 8, "parts": 0});
    let measured = line.call_present("goxel.measure", params).await?;
    let mut text = format!(
        "{}: revision {}, {}, {}",
        quoted(info["name"].as_str().unwrap_or_default()),
        info["revision"],
        counted(count(&info, "layer_count"), "layer"),
        counted(count(&info, "total_voxels"), "voxel")
    );
    if measured["bounds"].is_object() {
        text.push_str(&format!("\nvisible: {}", box_text(&measured["bounds"])));
        text.push_str(&format!(
            "\n{}, {} floating",
            counted(count(&measured, "part_count"), "part"),
            measured["floating_parts"]
        ));
    }
    Ok(text)
}

async fn draw(line: &Line, name: &str, view: &str) -> Result<Value, CallFault> {
    let params = json!({"project": name, "views": [view], "size": PICTURE_SIZE});
    let drawn = line.call_present("goxel.look", params).await?;
    Ok(drawn["image_data"].clone())
}

/// `completion/complete`: the values.
pub async fn complete(
    reference: Map<String, Value>,
    argument: Map<String, Value>,
    line: Line,
) -> Result<Value, Fault> {
    let text = |of: &Map<String, Value>, name: &str| {
        of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (name, begun) = (text(&argument, "name"), text(&argument, "value"));
    let is_known = match text(&reference, "type").as_str() {
        "ref/prompt" => prompts::has_argument(&text(&reference, "name"), &name),
        "ref/resource" => templates().iter().any(|template| {
            let uri = template["uriTemplate"].as_str().unwrap_or_default();
            uri == text(&reference, "uri") && uri.contains(&format!("{{{name}}}"))
        }),
        kind => {
            return Err(Fault::params(format!(
                "completion/complete: 'ref.type' is \"ref/prompt\" or \"ref/resource\", not \"{kind}\""
            )));
        }
    };
    let values: Vec<String> = match name.as_str() {
        _ if !is_known => Vec::new(),
        "project" => {
            let list = line.call_present("goxel.list_projects", json!({})).await;
            let list = list.unwrap_or_default();
            let projects = list["projects"].as_array().cloned().unwrap_or_default();
            let names = projects.iter().filter_map(|project| project["name"].as_str());
            names.map(str::to_owned).collect()
        }
        "view" => VIEWS.iter().map(|view| (*view).to_owned()).collect(),
        "topic" => OPERATIONS.iter().map(|info| info.name.to_owned()).collect(),
        "size" => ["16", "24", "32", "48", "64"].map(str::to_owned).to_vec(),
        "name" => GUIDES.iter().map(|guide| guide.name.to_owned()).collect(),
        _ => Vec::new(),
    };
    let fitting = values.into_iter().filter(|value| value.starts_with(&begun));
    Ok(json!(fitting.collect::<Vec<_>>()))
}
