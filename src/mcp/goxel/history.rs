//! `voxel_history`: back, forth, and to named states.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, box_text, counted, quoted};
use super::desk::Desk;
use super::tools::count;

/// Entries that a list shows.
const SHOWN: usize = 10;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let action = desk.args.word("action")?.unwrap_or("list");
    let allowed: &[&str] = match action {
        "undo" | "redo" => &["steps"],
        "checkpoint" => &["name"],
        "goto" => &["revision", "name"],
        _ => &[],
    };
    desk.args.only(action, allowed)?;
    let steps = desk.args.whole("steps")?;
    let revision = desk.args.whole("revision")?;
    let name = desk.args.text("name")?;
    let mut answer = Answer::default();
    let moved = match action {
        "undo" => desk.call("goxel.undo", json!({"steps": steps.unwrap_or(1)})).await?,
        "redo" => desk.call("goxel.redo", json!({"steps": steps.unwrap_or(1)})).await?,
        "checkpoint" => {
            let Some(name) = name else {
                let rule = "a name for the present state".to_owned();
                return Err(desk.args.wrong("name", "it is missing".to_owned(), rule).into());
            };
            let made = desk.call("goxel.checkpoint", json!({"name": name})).await?;
            return Ok(Answer::of(format!(
                "checkpoint {} at revision {}",
                quoted(&name),
                made["revision"]
            )));
        }
        "goto" => {
            let params = match (revision, name) {
                (Some(revision), None) => json!({"to_revision": revision}),
                (None, Some(name)) => json!({"checkpoint": name}),
                _ => {
                    let rule = "goto takes one of revision and name".to_owned();
                    let what = "neither or both are given".to_owned();
                    return Err(desk.args.wrong("revision", what, rule).into());
                }
            };
            desk.call("goxel.go_to", params).await?
        }
        _ => {
            list(desk, &mut answer).await?;
            return Ok(answer);
        }
    };
    answer.say(told(action, &moved));
    Ok(answer)
}

fn told(action: &str, moved: &Value) -> String {
    let steps = moved["steps"].as_u64().unwrap_or(0);
    let labels = moved["labels"].as_array().cloned().unwrap_or_default();
    let shown: Vec<String> =
        labels.iter().filter_map(Value::as_str).take(SHOWN).map(quoted).collect();
    let what = match (action, steps) {
        (_, 0) => "nothing to do".to_owned(),
        ("undo", steps) => format!("undone {steps}: {}", shown.join(", ")),
        ("redo", steps) => format!("done again {steps}: {}", shown.join(", ")),
        (_, steps) => format!("went {}: {}", counted(steps, "step"), shown.join(", ")),
    };
    format!(
        "{what}; revision {}, step {} of {}",
        moved["revision"], moved["position"], moved["count"]
    )
}

/// The latest changes, newest first.
pub async fn list(desk: &Desk, answer: &mut Answer) -> Result<(), Refusal> {
    let history = desk.call("goxel.history", json!({"limit": SHOWN})).await?;
    let entries = history["entries"].as_array().cloned().unwrap_or_default();
    let rounded = match entries.iter().find_map(|entry| entry["rounded_to"].as_u64()) {
        Some(edge) => format!("; boxes are rounded to {edge}"),
        None => String::new(),
    };
    answer.say(format!(
        "revision {}, step {} of {}; goto knows revisions from {}{rounded}",
        history["revision"], history["position"], history["count"], history["oldest_revision"]
    ));
    for entry in entries.iter().rev() {
        let mut line = format!(
            "step {}: {}, revision {}",
            entry["position"],
            quoted(entry["label"].as_str().unwrap_or_default()),
            entry["revision"]
        );
        if entry["box"].is_object() {
            line.push_str(&format!(", within {}", box_text(&entry["box"])));
        }
        if let Some(name) = entry["checkpoint"].as_str() {
            line.push_str(&format!(", checkpoint {}", quoted(name)));
        }
        answer.say(line);
    }
    let older = count(&history, "count").saturating_sub(entries.len() as u64);
    if older > 0 {
        answer.say(format!("and {}", counted(older, "older step")));
    }
    Ok(())
}
