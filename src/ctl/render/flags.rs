//! The options of pictures as flags: each becomes a param of goxel.look.

use serde_json::{Map, Value, json};

use crate::ctl::exit::Failure;

/// Options of pictures; see the guide of pictures.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of the picture")]
pub struct Flags {
    /// A view: front, back, left, right, top, bottom, iso, iso_back, iso_left, iso_right, a camera
    /// of the document, or a camera as JSON; several make a sheet
    #[arg(long, visible_alias = "view", value_name = "VIEW")]
    camera: Vec<String>,
    /// Pixels: 800x600, or one number
    #[arg(long, value_parser = size, value_name = "SIZE")]
    size: Option<[u32; 2]>,
    /// Only the voxels from one corner to another: x,y,z,x,y,z
    #[arg(long, allow_hyphen_values = true, value_name = "BOX")]
    within: Option<String>,
    /// Cut the model open: z:8 shows what is below 8, z:8:above the rest
    #[arg(long, value_name = "AXIS:AT")]
    section: Option<String>,
    /// Layers to draw: names or ids with commas between
    #[arg(long, value_name = "LAYERS")]
    layers: Option<String>,
    /// Names of the views, or none
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    labels: Option<bool>,
    /// A cross of the axes, and coordinates along the edges
    #[arg(long)]
    axes: bool,
    /// How many voxels the model is wide, deep and high
    #[arg(long)]
    dimensions: bool,
    /// A grid under or behind the model
    #[arg(long)]
    grid: bool,
    /// A ground with a soft shadow
    #[arg(long)]
    ground: bool,
    /// Lines: voxels or outline
    #[arg(long, value_name = "LINES")]
    edges: Option<String>,
    /// What is behind: a colour (name, #rrggbb or r,g,b[,a]), auto, transparent, or TOP/BOTTOM
    #[arg(long, value_name = "COLOUR")]
    background: Option<String>,
    /// How it is drawn: lit, flat, clay or path
    #[arg(long, value_name = "STYLE")]
    style: Option<String>,
    /// Samples across and down each pixel
    #[arg(long, value_name = "COUNT")]
    samples: Option<u32>,
    /// The file's format: png, jpeg, webp, gif or apng; else its ending tells
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,
    /// The quality of a JPEG, 1 to 100
    #[arg(long, value_name = "1-100")]
    quality: Option<u32>,
    /// The most bytes of the file: the picture is made smaller until it fits
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Frames of a turn around the model, as GIF or APNG
    #[arg(long, value_name = "FRAMES")]
    turntable: Option<u32>,
    /// Frames of how the model came about, from the daemon's history, as GIF or APNG
    #[arg(long, value_name = "FRAMES")]
    timelapse: Option<u32>,
    /// How long each frame is shown, in milliseconds
    #[arg(long, value_name = "MS")]
    delay: Option<u32>,
    /// What chance begins with
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Any other param of goxel.look, as JSON: name=value
    #[arg(long, value_name = "NAME=JSON")]
    set: Vec<String>,
}

impl Flags {
    /// The params of goxel.look.
    pub(in crate::ctl) fn params(&self) -> Result<Map<String, Value>, Failure> {
        let mut params = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                params.insert(name.to_owned(), value);
            }
        };
        let views: Vec<Value> = self.camera.iter().map(|view| json_or_text(view)).collect();
        put("views", (!views.is_empty()).then(|| views.into()));
        put("size", self.size.map(|size| json!(size)));
        put("within", self.within.as_deref().map(corners).transpose()?);
        put("section", self.section.as_deref().map(section).transpose()?);
        let layers =
            |text: &String| text.split(',').map(|part| json_or_text(part.trim())).collect();
        put("layers", self.layers.as_ref().map(layers));
        put("labels", self.labels.map(Value::from));
        for (name, is_set) in [
            ("axes", self.axes),
            ("dimensions", self.dimensions),
            ("grid", self.grid),
            ("ground", self.ground),
        ] {
            put(name, is_set.then_some(Value::Bool(true)));
        }
        put("background", self.background.as_deref().map(background));
        for (name, text) in
            [("edges", &self.edges), ("style", &self.style), ("format", &self.format)]
        {
            put(name, text.clone().map(Value::from));
        }
        for (name, number) in [
            ("samples", self.samples.map(u64::from)),
            ("quality", self.quality.map(u64::from)),
            ("max_bytes", self.max_bytes),
            ("turntable", self.turntable.map(u64::from)),
            ("timelapse", self.timelapse.map(u64::from)),
            ("delay", self.delay.map(u64::from)),
            ("seed", self.seed),
        ] {
            put(name, number.map(Value::from));
        }
        for pair in &self.set {
            let wrong = || Failure::Usage(format!("--set {pair:?} is not name=value"));
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            put(name, Some(json_or_text(value)));
        }
        Ok(params)
    }
}

/// A value as JSON if it is some, else as text.
fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let side = |text: &str| text.trim().parse().ok().filter(|side: &u32| *side > 0);
    let parsed = match text.split_once('x') {
        Some((width, height)) => side(width).zip(side(height)).map(|(w, h)| [w, h]),
        None => side(text).map(|side| [side; 2]),
    };
    parsed.ok_or_else(|| format!("{text:?} is not a size such as 800x600 or 512"))
}

fn numbers(text: &str) -> Option<Vec<i64>> {
    text.split(',').map(|part| part.trim().parse().ok()).collect()
}

fn corners(text: &str) -> Result<Value, Failure> {
    match numbers(text).as_deref() {
        Some(&[a, b, c, d, e, f]) => Ok(json!({ "min": [a, b, c], "max": [d, e, f] })),
        _ => Err(Failure::Usage(format!("--within {text:?} is not x,y,z,x,y,z"))),
    }
}

fn section(text: &str) -> Result<Value, Failure> {
    let parts: Vec<&str> = text.split(':').collect();
    let at = parts.get(1).and_then(|at| at.parse::<i64>().ok());
    match (&parts[..], at) {
        ([axis, _], Some(at)) => Ok(json!({ "axis": axis, "at": at })),
        ([axis, _, keep], Some(at)) => Ok(json!({ "axis": axis, "at": at, "keep": keep })),
        _ => Err(Failure::Usage(format!("--section {text:?} is not such as z:8 or z:8:above"))),
    }
}

/// A colour as r,g,b, two of them for a gradient, or whatever goxel.look takes.
fn background(text: &str) -> Value {
    let one = |text: &str| numbers(text).map_or_else(|| json_or_text(text), Value::from);
    match text.split_once('/') {
        Some((top, bottom)) => json!([one(top), one(bottom)]),
        None => one(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_params() {
        let flags = Flags {
            camera: vec!["front".into(), r#"{"yaw":30}"#.into()],
            size: Some([8, 9]),
            section: Some("z:-3:above".into()),
            within: Some("0,0,0, 4,5,6".into()),
            layers: Some("Body,2".into()),
            background: Some("1,2,3/white".into()),
            set: vec!["max_seconds=4".into()],
            grid: true,
            ..Flags::default()
        };
        let expected = json!({
            "views": ["front", {"yaw": 30}], "size": [8, 9], "grid": true, "max_seconds": 4,
            "section": {"axis": "z", "at": -3, "keep": "above"}, "layers": ["Body", 2],
            "within": {"min": [0, 0, 0], "max": [4, 5, 6]}, "background": [[1, 2, 3], "white"],
        });
        assert_eq!(Value::Object(flags.params().unwrap()), expected);
        for bad in ["800", "0x5", "x", "8x8x8"] {
            assert_eq!(size(bad).is_ok(), bad == "800", "{bad}");
        }
        assert!(Flags { within: Some("1,2".into()), ..Flags::default() }.params().is_err());
    }
}
