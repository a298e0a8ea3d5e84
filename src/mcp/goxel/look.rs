//! `voxel_look`: a sheet of views.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::desk::Desk;
use super::sheet;
use super::tools::SIZES;
use crate::mcp::line::NO_SUCH_METHOD;

/// Bytes of a picture; in base64 it stays below what hosts take.
const MAX_BYTES: usize = 700_000;
/// Pixels of a sheet unless a call asks for others.
const DEFAULT_SIZE: u32 = 512;
/// The smallest a sheet gets by itself.
const LEAST_SIZE: u32 = 128;

/// What to look at, and how.
#[derive(Clone, Debug, Default)]
pub struct Looking {
    /// The views; none is iso.
    pub views: Vec<&'static str>,
    /// Pixels of the longer side of the sheet; 0 is the default.
    pub size: u32,
    /// Only this box.
    pub within: Option<[[i64; 3]; 2]>,
    /// Only these layers.
    pub layers: Vec<Value>,
    /// Where it is cut open.
    pub section: Map<String, Value>,
}

/// A picture that was drawn.
pub struct Drawn {
    /// In base64.
    pub data: String,
    mime_type: &'static str,
    /// Lines about it.
    lines: Vec<String>,
}

impl Drawn {
    /// Puts the picture and what is to be said about it into an answer.
    pub fn put_into(self, answer: &mut Answer) {
        self.lines.into_iter().for_each(|line| answer.say(line));
        answer.show(&self.data, self.mime_type);
    }
}

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let views = desk.args.words("views")?;
    let within = desk.args.corners("within")?;
    let layers = desk.args.names("layers")?;
    let size = desk.args.whole("size")?.unwrap_or(DEFAULT_SIZE.into());
    let section = desk.args.object("section")?;
    let layers = desk.layer_ids("layers", layers).await?;
    let size = u32::try_from(size.clamp(SIZES[0], SIZES[1])).unwrap_or(DEFAULT_SIZE);
    let drawn = draw(desk, Looking { views, size, within, layers, section }).await?;
    let mut answer = Answer::default();
    drawn.put_into(&mut answer);
    Ok(answer)
}

/// Draws a sheet: the one way from a wish to look to a picture.
pub async fn draw(desk: &Desk, mut looking: Looking) -> Result<Drawn, Refusal> {
    if looking.views.is_empty() {
        looking.views.push("iso");
    }
    if looking.size == 0 {
        looking.size = DEFAULT_SIZE;
    }
    let asked = look_params(&looking);
    let drawn = match desk.ask("goxel.look", asked).await {
        Ok(result) => of_look(&result, &looking),
        Err(fault) if fault.code == NO_SUCH_METHOD => draw_view_by_view(desk, &looking).await?,
        Err(fault) => return Err(super::teach::refusal(desk, "goxel.look", &fault).await),
    };
    with_dimensions(desk, drawn).await
}

fn look_params(looking: &Looking) -> Value {
    let mut params = json!({
        "views": looking.views, "size": looking.size, "max_bytes": MAX_BYTES,
        "labels": true, "axes": true, "dimensions": true,
    });
    if let Some([min, max]) = looking.within {
        params["within"] = json!({"min": min, "max": max});
    }
    if !looking.layers.is_empty() {
        params["layers"] = json!(looking.layers);
    }
    if !looking.section.is_empty() {
        params["section"] = Value::Object(looking.section.clone());
    }
    params
}

fn of_look(result: &Value, looking: &Looking) -> Drawn {
    let data = result["image_data"].as_str().unwrap_or_default().to_owned();
    let mime_type = match result["format"].as_str() {
        Some("jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => "image/png",
    };
    let size = [&result["width"], &result["height"]];
    let mut lines = vec![format!("{} ({}x{})", looking.views.join(", "), size[0], size[1])];
    let warnings = result["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.extend(warnings.map(|warning| format!("note: {warning}")));
    Drawn { data, mime_type, lines }
}

/// For daemons that draw one view at a time: smaller and smaller, until the sheet is small enough.
async fn draw_view_by_view(desk: &Desk, looking: &Looking) -> Result<Drawn, Refusal> {
    let mut size = looking.size;
    loop {
        let cell = sheet::cell(size, looking.views.len());
        let mut pictures = Vec::new();
        for view in &looking.views {
            let preset = if view.starts_with("iso") { "isometric" } else { *view };
            let params = json!({"width": cell, "height": cell, "camera_preset": preset});
            let result = desk.call("goxel.render_image", params).await?;
            pictures.push(result["image_data"].as_str().unwrap_or_default().to_owned());
        }
        let png = sheet::compose(&pictures, &looking.views, cell).map_err(|reason| {
            Refusal(format!("voxel_look: the picture cannot be put together: {reason}"))
        })?;
        if png.len() <= MAX_BYTES || size <= LEAST_SIZE {
            let mut lines = vec![format!("{} ({size} px)", looking.views.join(", "))];
            if size < looking.size {
                lines
                    .push(format!("note: made smaller, {size} pixels instead of {}", looking.size));
            }
            lines.extend(not_drawn(looking));
            return Ok(Drawn { data: STANDARD.encode(png), mime_type: "image/png", lines });
        }
        size = (size * 2 / 3).max(LEAST_SIZE);
    }
}

/// What such a daemon cannot do.
fn not_drawn(looking: &Looking) -> Vec<String> {
    let mut lines = Vec::new();
    let missing = [
        ("within", looking.within.is_some()),
        ("layers", !looking.layers.is_empty()),
        ("section", !looking.section.is_empty()),
    ];
    for (name, _) in missing.iter().filter(|(_, is_asked)| *is_asked) {
        lines.push(format!("note: this daemon cannot draw \"{name}\"; the whole model is shown"));
    }
    if looking.views.iter().any(|view| view.starts_with("iso_")) {
        lines.push("note: this daemon knows one iso view only".to_owned());
    }
    lines
}

/// Adds how large the model is.
async fn with_dimensions(desk: &Desk, mut drawn: Drawn) -> Result<Drawn, Refusal> {
    let found = desk.call("goxel.get_bounding_box", json!({"layer_id": -2})).await?;
    let text = match found["empty"] == json!(true) {
        true => "the project has no voxels".to_owned(),
        false => {
            let size = &found["dimensions"];
            let at = super::answer::box_text(&found);
            format!("{}x{}x{} voxels, {at}", size[0], size[1], size[2])
        }
    };
    if let Some(first) = drawn.lines.first_mut() {
        *first = format!("{first}: {text}");
    }
    Ok(drawn)
}
