//! `voxel_edit`: operations in, one undo step out, and a picture of what came of it.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, box_text, counted, grouped};
use super::desk::Desk;
use super::files;
use super::look::{self, Looking};
use super::operations;
use super::tools::count;
use crate::api::Call;
use crate::api::methods::edit::Edit;

/// Warnings that an answer shows.
const SHOWN_WARNINGS: usize = 3;
/// Voxels up to which parts are looked for after each edit.
const MEASURED_VOXELS: u64 = 2_000_000;
/// Pixels of a picture that comes with an edit.
const PICTURE: u32 = 384;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let list = desk.args.list("ops")?;
    let mut ops = operations::tidy(list, &mut desk.args.notes)?;
    let mode = desk.args.word("mode")?;
    let dry_run = desk.args.flag("dry_run")?;
    let expected_revision = desk.args.whole("expected_revision")?;
    let views = desk.args.words("look")?;
    if let Some(mode) = mode {
        let without = ops.iter_mut().filter(|op| op.get("mode").is_none());
        without.for_each(|op| op["mode"] = mode.into());
    }
    for (index, op) in ops.iter_mut().enumerate() {
        place_files(desk, &format!("ops[{index}].path"), op)?;
    }
    name_layers(desk, &mut ops).await?;
    let number = ops.len();
    let detail = Edit::METHOD.params.iter().any(|param| param.names.contains(&"detail"));
    let params = Desk::params(&[
        ("operations", Some(Value::Array(ops))),
        ("dry_run", dry_run.then_some(json!(true))),
        ("expected_revision", expected_revision.map(Value::from)),
        ("detail", detail.then_some(json!("brief"))),
    ]);
    let result = desk.call("goxel.edit", params).await?;
    let revision = &result["revision"];
    if desk.line.is_cancelled() && !dry_run {
        // The host did not want it any more, but it is done: whoever asks next has to know.
        desk.goxel.note_for(desk.project_name(), applied_after_all(&result));
    }
    let mut answer = Answer::of(outcome(&result, number, dry_run));
    warn(&result, &mut answer);
    if !dry_run {
        warn_of_floating(desk, &result, &mut answer).await;
    }
    if !views.is_empty() && dry_run {
        answer.say("note: nothing was changed, so nothing was drawn");
    } else if !views.is_empty() {
        let looking = Looking { views, size: PICTURE, ..Looking::default() };
        match look::draw(desk, looking).await {
            Ok(picture) => picture.put_into(&mut answer),
            // The edit is done, and the answer must say so whatever became of the picture.
            Err(Refusal(reason)) => answer.say(format!(
                "the edit was applied at revision {revision}; only the picture failed: {reason}"
            )),
        }
    }
    Ok(answer)
}

/// Paths of operations lie beneath the root, those of operations inside of operations too.
fn place_files(desk: &Desk, position: &str, op: &mut Value) -> Result<(), Refusal> {
    if let Some(path) = op["path"].as_str() {
        op["path"] = json!(files::existing(desk, position, path)?);
    }
    for name in ["operations", "ops"] {
        let inner = op.get_mut(name).and_then(Value::as_array_mut);
        inner.into_iter().flatten().try_for_each(|op| place_files(desk, position, op))?;
    }
    Ok(())
}

/// Layers by name become ids. One that the operation makes itself stays as it is.
async fn name_layers(desk: &Desk, ops: &mut [Value]) -> Result<(), Refusal> {
    for (index, op) in ops.iter_mut().enumerate() {
        let makes_it = op["create_layer"] == json!(true);
        let named = op.get("layer").filter(|layer| layer.is_string() && !makes_it).cloned();
        if let Some(layer) = named {
            let ids = desk.layer_ids(&format!("ops[{index}].layer"), vec![layer]).await?;
            op["layer"] = ids.into_iter().next().unwrap_or_default();
        }
    }
    Ok(())
}

fn outcome(result: &Value, number: usize, dry_run: bool) -> String {
    let (changed, added, removed) =
        (count(result, "changed"), count(result, "added"), count(result, "removed"));
    let recolored = changed.saturating_sub(added + removed);
    let mut text = if dry_run {
        format!("dry run of {}: would be", counted(number as u64, "op"))
    } else {
        format!("ok {}:", counted(number as u64, "op"))
    };
    text.push_str(&format!(" +{} -{}", grouped(added), counted(removed, "voxel")));
    if recolored > 0 {
        text.push_str(&format!(", {} recoloured", grouped(recolored)));
    }
    if result["box"].is_object() {
        text.push_str(&format!(", box {}", box_text(&result["box"])));
    }
    text.push_str(&format!(", revision {}", result["revision"]));
    text
}

fn applied_after_all(result: &Value) -> String {
    format!(
        "note: an edit that was cancelled had already been applied: revision {}, +{} -{}. \
         voxel_history undo takes it back.",
        result["revision"],
        grouped(count(result, "added")),
        counted(count(result, "removed"), "voxel"),
    )
}

fn warn(result: &Value, answer: &mut Answer) {
    let warnings = result["warnings"].as_array().cloned().unwrap_or_default();
    for warning in warnings.iter().take(SHOWN_WARNINGS) {
        let message = warning["message"].as_str().or(warning.as_str()).unwrap_or_default();
        answer.say(match warning["operation"].as_u64() {
            Some(index) => format!("warning: ops[{index}]: {message}"),
            None => format!("warning: {message}"),
        });
    }
    if warnings.len() > SHOWN_WARNINGS {
        answer.say(format!("warning: {} more", warnings.len() - SHOWN_WARNINGS));
    }
}

/// Tells of parts that hang in the air where this edit was.
async fn warn_of_floating(desk: &Desk, result: &Value, answer: &mut Answer) {
    if count(result, "added") + count(result, "removed") == 0 {
        return;
    }
    let name = desk.project_name();
    let projects = desk.open_projects().await.unwrap_or_default();
    let own = projects.iter().find(|project| project["name"] == name);
    if own.is_none_or(|project| count(project, "voxel_count") > MEASURED_VOXELS) {
        return;
    }
    let Ok(measured) = desk.ask("goxel.measure", json!({"colors": 0, "parts": 32})).await else {
        return;
    };
    let parts = measured["parts"].as_array().cloned().unwrap_or_default();
    let floating: Vec<&Value> = parts
        .iter()
        .filter(|part| part["floating"] == json!(true))
        .filter(|part| overlap(&part["bounds"], &result["box"]))
        .collect();
    let Some(first) = floating.first() else { return };
    let voxels: u64 = floating.iter().map(|part| count(part, "voxel_count")).sum();
    let place = box_text(&first["bounds"]);
    let float = if voxels == 1 { "voxel floats" } else { "voxels float" };
    let voxels = grouped(voxels);
    answer.say(match floating.len() {
        1 => format!("warning: {voxels} {float} at {place}"),
        parts => format!("warning: {voxels} {float} in {parts} parts, such as {place}"),
    });
}

/// Whether two boxes touch; so does what cannot be read.
fn overlap(a: &Value, b: &Value) -> bool {
    (0..3).all(|axis| {
        let at = |of: &Value, corner: &str| of[corner][axis].as_i64();
        match (at(a, "min"), at(a, "max"), at(b, "min"), at(b, "max")) {
            (Some(a_min), Some(a_max), Some(b_min), Some(b_max)) => {
                a_min <= b_max && b_min <= a_max
            }
            _ => true,
        }
    })
}
