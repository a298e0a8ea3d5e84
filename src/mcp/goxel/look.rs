//! `voxel_look`: a sheet of views.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::desk::Desk;
use super::tools::SIZES;

/// Bytes of a picture; in base64 it stays below what hosts take.
const MAX_BYTES: usize = 700_000;
/// Pixels of a sheet unless a call asks for others.
const DEFAULT_SIZE: u32 = 512;

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
    let mut layers = desk.args.names("layers")?;
    // What is visible is looked at anyway.
    layers.retain(|layer| *layer != json!("visible"));
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
    let is_part =
        looking.within.is_some() || !looking.layers.is_empty() || !looking.section.is_empty();
    let asked = look_params(&looking);
    let within = asked.get("within").cloned();
    let drawn = match desk.ask("goxel.look", asked).await {
        Ok(result) => of_look(&result, &looking),
        Err(fault) => return Err(super::teach::refusal(desk, &fault).await),
    };
    let mut drawn = with_dimensions(desk, drawn, is_part).await?;
    if let Some(within) = within {
        // An empty picture looks like a fault of the model.
        let params = json!({"within": within, "colors": 0, "parts": 0});
        if desk.ask("goxel.measure", params).await.is_ok_and(|found| found["empty"] == true) {
            drawn.lines.push("note: nothing is visible within this box".to_owned());
        }
    }
    Ok(drawn)
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

/// Adds how large the model is.
async fn with_dimensions(desk: &Desk, mut drawn: Drawn, is_part: bool) -> Result<Drawn, Refusal> {
    let found = desk.call("goxel.get_bounding_box", json!({"layer_id": -2})).await?;
    let text = if found["empty"] == json!(true) {
        "the project has no voxels".to_owned()
    } else {
        let size = &found["dimensions"];
        let at = super::answer::box_text(&found);
        let part = if is_part { "part of a model of " } else { "" };
        format!("{part}{}x{}x{} voxels, {at}", size[0], size[1], size[2])
    };
    if let Some(first) = drawn.lines.first_mut() {
        *first = format!("{first}: {text}");
    }
    Ok(drawn)
}
