//! `voxel_slice`: planes of voxels as text, or one map of heights.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, box_text, counted};
use super::desk::Desk;
use crate::voxel::plane_axes;

/// Planes that the daemon shows in one call.
const PLANES_A_CALL: i64 = 64;
/// The most planes that a map of heights is made of.
const MOST_PLANES: i64 = 512;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let axis = desk.args.word("axis")?.unwrap_or("z");
    let at = desk.args.whole("at")?;
    let has_count = desk.args.has("count");
    let count = desk.args.whole("count")?.unwrap_or(1);
    let heights = desk.args.flag("project_heights")?;
    let within = desk.args.corners("within")?;
    let layers = desk.args.names("layers")?;
    let mut layers = desk.layer_ids("layers", layers).await?;
    if layers.is_empty() {
        layers.push("visible".into());
    }
    let within = within.map(|[min, max]| json!({"min": min, "max": max}));
    let mut answer = Answer::default();
    if heights && (at.is_some() || has_count) {
        answer.say("note: \"at\" and \"count\" do not go with a map of heights");
    }
    let several = layers.len() > 1;
    for layer in layers {
        if several {
            answer.say(format!("layer {layer}:"));
        }
        if heights {
            answer.say(height_map(desk, axis, &layer, within.clone()).await?)
        } else {
            let params = Desk::params(&[
                ("axis", Some(axis.into())),
                ("at", at.map(Value::from)),
                ("count", Some(count.into())),
                ("within", within.clone()),
                ("layer_id", Some(layer)),
            ]);
            let result = desk.call("goxel.slice", params).await?;
            answer.say(planes(&result));
        }
    }
    Ok(answer)
}

fn planes(result: &Value) -> String {
    if result["empty"] == json!(true) {
        return format!("empty, revision {}", result["revision"]);
    }
    let text = result["text"].as_str().unwrap_or_default().trim_end();
    let rows = result["rows"].as_str().unwrap_or_default();
    let columns = result["columns"].as_str().unwrap_or_default();
    format!(
        "{text}\ncolumns {columns}, rows {rows} (highest first), {}, revision {}",
        box_text(&result["bounds"]),
        result["revision"]
    )
}

/// How high the model reaches along an axis, column by column.
async fn height_map(
    desk: &Desk,
    axis: &str,
    layer: &Value,
    within: Option<Value>,
) -> Result<String, Refusal> {
    let index = ["x", "y", "z"].iter().position(|name| *name == axis).unwrap_or(2);
    let measured = Desk::params(&[
        ("layer_id", Some(layer.clone())),
        ("colors", Some(json!(0))),
        ("parts", Some(json!(0))),
        ("within", within),
    ]);
    let measured = desk.call("goxel.measure", measured).await?;
    let bounds = &measured["bounds"];
    let range = |corner: &str| bounds[corner][index].as_i64();
    let (Some(low), Some(high)) = (range("min"), range("max")) else {
        return Ok(format!("empty, revision {}", measured["revision"]));
    };
    if high - low >= MOST_PLANES {
        let rule = format!("at most {MOST_PLANES} voxels along the axis");
        let what = format!("the model is {} long along {axis}", high - low + 1);
        return Err(desk.args.wrong("project_heights", what, rule).into());
    }
    let mut heights: Vec<Vec<Option<i64>>> = Vec::new();
    let mut from = low;
    while from <= high {
        let count = PLANES_A_CALL.min(high - from + 1);
        let within = json!({"min": bounds["min"], "max": bounds["max"]});
        let mut params = json!({
            "axis": axis, "at": from, "count": count, "within": within, "layer_id": layer,
        });
        if slice_answers_text_alone() {
            params["operations"] = json!(true);
        }
        let result = desk.call("goxel.slice", params).await?;
        raise(&mut heights, &result["operations"]);
        from += count;
    }
    Ok(written(&heights, axis, index, bounds, low, &measured["revision"]))
}

/// Whether `goxel.slice` has to be asked for its planes as operations.
fn slice_answers_text_alone() -> bool {
    use crate::api::Call;
    let params = crate::api::methods::slice::SlicePlanes::METHOD.params;
    params.iter().any(|param| param.names.contains(&"operations"))
}

fn raise(heights: &mut Vec<Vec<Option<i64>>>, planes: &Value) {
    for plane in planes.as_array().into_iter().flatten() {
        let at = plane["at"].as_i64().unwrap_or(0);
        for (y, row) in plane["rows"].as_array().into_iter().flatten().enumerate() {
            if heights.len() <= y {
                heights.push(Vec::new());
            }
            for (x, sign) in row.as_str().unwrap_or_default().chars().enumerate() {
                if heights[y].len() <= x {
                    heights[y].push(None);
                }
                if sign != '.' && sign != ' ' {
                    heights[y][x] = Some(at);
                }
            }
        }
    }
}

fn written(
    heights: &[Vec<Option<i64>>],
    axis: &str,
    index: usize,
    bounds: &Value,
    low: i64,
    revision: &Value,
) -> String {
    let plane =
        plane_axes([crate::voxel::Axis::X, crate::voxel::Axis::Y, crate::voxel::Axis::Z][index]);
    let [columns, rows] = plane.map(|axis| axis.index());
    let names = ["x", "y", "z"];
    let width = heights.iter().flatten().flatten().map(|z| z.to_string().len()).max().unwrap_or(1);
    let top = bounds["max"][rows].as_i64().unwrap_or(0);
    let left = bounds["min"][columns].as_i64().unwrap_or(0);
    let mut text = format!(
        "top {axis} of each column; columns {} from {left}, rows {} from {top} down; \".\" is empty\n",
        names[columns], names[rows]
    );
    for (y, row) in (0..).zip(heights) {
        let cells: Vec<String> = row
            .iter()
            .map(|height| match height {
                Some(height) => format!("{height:>width$}"),
                None => format!("{:>width$}", "."),
            })
            .collect();
        text.push_str(&format!("{:>5} {}\n", top - y, cells.join(" ")));
    }
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    heights.iter().flatten().flatten().for_each(|height| *counts.entry(*height).or_default() += 1);
    text.push_str(&format!(
        "lowest voxel {low}, {}, revision {revision}",
        counted(counts.len() as u64, "height")
    ));
    text
}
