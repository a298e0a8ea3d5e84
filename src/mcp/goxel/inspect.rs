//! `voxel_inspect`: what there is to know without looking.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, box_text, counted, grouped, quoted};
use super::desk::Desk;
use super::tools::count;

/// Rows of a list.
const SHOWN: usize = 20;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let mut fields = desk.args.words("fields")?;
    if fields.is_empty() {
        fields.push("summary");
    }
    let mut answer = Answer::default();
    let needs_measures = ["summary", "palette", "parts", "symmetry"];
    let measured = if fields.iter().any(|field| needs_measures.contains(field)) {
        let params = json!({"layer_id": "visible", "colors": SHOWN, "parts": SHOWN});
        desk.call("goxel.measure", params).await?
    } else {
        Value::Null
    };
    for field in fields {
        match field {
            "summary" => summary(desk, &measured, &mut answer).await?,
            "layers" => layers(desk, &mut answer).await?,
            "palette" => palette(&measured, &mut answer),
            "parts" => parts(&measured, &mut answer),
            "symmetry" => symmetry(&measured, &mut answer),
            "history" => super::history::list(desk, &mut answer).await?,
            _ => files(desk, &mut answer).await?,
        }
    }
    Ok(answer)
}

async fn summary(desk: &Desk, measured: &Value, answer: &mut Answer) -> Result<(), Refusal> {
    let info = desk.call("goxel.get_project_info", json!({})).await?;
    let name = quoted(info["name"].as_str().unwrap_or_default());
    let file = match info["file_path"].as_str() {
        Some(path) => format!(", file {}", super::files::shown(desk, path)),
        None => ", no file".to_owned(),
    };
    let dirty = if info["dirty"] == json!(true) { ", unsaved changes" } else { "" };
    answer.say(format!(
        "project {} {name}: revision {}, {}{file}{dirty}",
        desk.project_name(),
        info["revision"],
        counted(count(&info, "layer_count"), "layer")
    ));
    if measured["empty"] == json!(true) {
        answer.say("no visible voxels");
        return Ok(());
    }
    let size = &measured["size"];
    answer.say(format!(
        "visible: {}, {}, {}x{}x{}, {}, {}, {} of them floating",
        counted(count(measured, "voxel_count"), "voxel"),
        box_text(&measured["bounds"]),
        size[0],
        size[1],
        size[2],
        counted(count(measured, "color_count"), "colour"),
        counted(count(measured, "part_count"), "part"),
        measured["floating_parts"]
    ));
    Ok(())
}

async fn layers(desk: &Desk, answer: &mut Answer) -> Result<(), Refusal> {
    let layers = desk.layers().await?;
    for layer in layers.iter().take(SHOWN) {
        let mut marks = String::new();
        if layer["is_active"] == json!(true) {
            marks.push_str(", active");
        }
        if layer["visible"] == json!(false) {
            marks.push_str(", hidden");
        }
        answer.say(format!(
            "layer {} {}: {}{marks}",
            layer["id"],
            quoted(layer["name"].as_str().unwrap_or_default()),
            counted(count(layer, "voxel_count"), "voxel")
        ));
    }
    if layers.len() > SHOWN {
        answer.say(format!("and {}", counted((layers.len() - SHOWN) as u64, "more layer")));
    }
    Ok(())
}

fn palette(measured: &Value, answer: &mut Answer) {
    let colors = measured["colors"].as_array().cloned().unwrap_or_default();
    let one = |color: &Value| {
        let name = color["color"].as_str().unwrap_or_default();
        format!("{} {}", name.strip_suffix("FF").unwrap_or(name), grouped(count(color, "count")))
    };
    let listed: Vec<String> = colors.iter().map(one).collect();
    let all = count(measured, "color_count");
    let more = match all.saturating_sub(colors.len() as u64) {
        0 => String::new(),
        more => format!(" and {} with fewer voxels", grouped(more)),
    };
    answer.say(format!("{}: {}{more}", counted(all, "colour"), listed.join(", ")));
}

fn parts(measured: &Value, answer: &mut Answer) {
    let all = count(measured, "part_count");
    answer.say(format!("{}, {} floating", counted(all, "part"), measured["floating_parts"]));
    for part in measured["parts"].as_array().into_iter().flatten().take(SHOWN) {
        let floating = if part["floating"] == json!(true) { ", floating" } else { "" };
        answer.say(format!(
            "part {}, {}{floating}",
            counted(count(part, "voxel_count"), "voxel"),
            box_text(&part["bounds"])
        ));
    }
    if all > SHOWN as u64 {
        answer.say(format!("and {}, smaller", counted(all - SHOWN as u64, "more part")));
    }
}

fn symmetry(measured: &Value, answer: &mut Answer) {
    let percent = |share: &Value| (share.as_f64().unwrap_or(0.0) * 1000.0).round() / 10.0;
    let all = |of: &Value| {
        ["x", "y", "z"].map(|axis| format!("{axis} {}%", percent(&of[axis]))).join(", ")
    };
    answer.say(format!("symmetry of the shape: {}", all(&measured["symmetry"])));
    answer.say(format!("with colours: {}", all(&measured["color_symmetry"])));
}

async fn files(desk: &Desk, answer: &mut Answer) -> Result<(), Refusal> {
    for project in desk.open_projects().await? {
        if let Some(path) = project["file_path"].as_str() {
            answer.say(format!("open: {} {}", project["name"], super::files::shown(desk, path)));
        }
    }
    match desk.goxel.model_files() {
        Ok(files) if files.is_empty() => answer.say("no models beneath the root"),
        Ok(files) => {
            answer.say(format!("{} beneath the root:", counted(files.len() as u64, "model")));
            for (path, bytes) in files.iter().take(SHOWN * 2) {
                answer.say(format!("{} {}", quoted(path), counted(*bytes, "byte")));
            }
            if files.len() > SHOWN * 2 {
                answer.say(format!("and {} more", files.len() - SHOWN * 2));
            }
        }
        Err(reason) => answer.say(format!("files: {reason}")),
    }
    Ok(())
}
