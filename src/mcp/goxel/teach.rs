//! The daemon's errors in words for a model: where, what, the rule, how it would be right, and what became of the model.

use serde_json::{Value, json};

use super::answer::{Refusal, Wrong, box_text, grouped, quoted};
use super::desk::Desk;
use super::tools::count;
use crate::api::operations::operation;
use crate::mcp::line::{CANCELLED, CallFault};

/// No such project.
const NO_SUCH_PROJECT: i64 = 1001;
/// Somebody else changed the project.
const REVISION_CONFLICT: i64 = 1003;
/// Whether an earlier call was applied is not known.
const OUTCOME_UNKNOWN: i64 = 1006;
/// A path leaves the roots.
const OUTSIDE_THE_ROOTS: i64 = 1008;

const NOTHING: &str = "Nothing was changed.";

/// What a tool answers when the daemon refused its question.
pub async fn refusal(desk: &Desk, method: &str, fault: &CallFault) -> Refusal {
    if fault.is_outcome_unknown || fault.code == OUTCOME_UNKNOWN {
        return unknown_outcome(desk).await;
    }
    match fault.code {
        0 => Refusal(format!("{}: {} {NOTHING}", desk.tool.name, sentence(&fault.message))),
        NO_SUCH_PROJECT => no_such_project(desk, fault),
        REVISION_CONFLICT => conflict(desk, fault).await,
        CANCELLED => Refusal(format!("{}: cancelled. {NOTHING}", desk.tool.name)),
        OUTSIDE_THE_ROOTS => {
            let roots = &fault.data["roots"];
            let rule = match roots.is_array() {
                true => format!("a path beneath {roots}"),
                false => "a path beneath the root".to_owned(),
            };
            desk.args.wrong("path", first_sentence(&fault.message), rule).into()
        }
        _ => wrong(desk, method, fault).into(),
    }
}

/// An error about one of the values of a call.
fn wrong(desk: &Desk, method: &str, fault: &CallFault) -> Wrong {
    let data = &fault.data;
    let param = data["param"].as_str();
    let op = data["op"].as_str();
    let position = match (data["operation"].as_u64(), param) {
        (Some(index), Some(param)) if !param.is_empty() => match op {
            Some(op) => format!("ops[{index}] ({op}): \"{param}\""),
            None => format!("ops[{index}]: \"{param}\""),
        },
        (Some(index), _) => match op {
            Some(op) => format!("ops[{index}] ({op})"),
            None => format!("ops[{index}]"),
        },
        (None, Some(param)) => format!("{}: \"{}\"", desk.tool.name, own_name(param)),
        (None, None) => desk.tool.name.to_owned(),
    };
    let what = first_sentence(without_place(&fault.message));
    Wrong { position, what, rule: rule(desk, method, fault), example: example(desk, data) }
}

/// Names of the daemon's params as the tools have them.
fn own_name(param: &str) -> &str {
    match param {
        "operations" => "ops",
        "layer_id" | "layer" => "layers",
        "to_revision" => "revision",
        "checkpoint" => "name",
        param => param,
    }
}

fn rule(desk: &Desk, method: &str, fault: &CallFault) -> String {
    let data = &fault.data;
    let known = data["known"]
        .as_array()
        .map(|known| known.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let unknown_name = fault.message.contains("Unknown parameter");
    match (data["expected"].as_str(), known) {
        (Some(expected), _) => expected.to_owned(),
        (None, Some(known)) if unknown_name => format!("the fields are {known}"),
        (None, Some(known)) if !known.is_empty() => format!("one of {known}"),
        _ => match (data["limit"].as_u64(), data["hint"].as_str()) {
            (Some(limit), _) => format!("at most {}", grouped(limit)),
            (None, Some(hint)) if !hint.contains("rpc.discover") => hint.to_owned(),
            _ => match data["op"].as_str() {
                Some(op) => format!("voxel_help {{\"topic\":\"{op}\"}} tells its fields"),
                None => format!("see voxel_help {{\"topic\":\"{}\"}} ({method})", desk.tool.name),
            },
        },
    }
}

/// The declared one, since its members are in an order that reads well.
fn example(desk: &Desk, data: &Value) -> String {
    match data["op"].as_str().and_then(operation) {
        Some(info) => info.example.to_owned(),
        None => desk.tool.example.to_owned(),
    }
}

fn no_such_project(desk: &Desk, fault: &CallFault) -> Refusal {
    let known = fault.data["known"].as_array().cloned().unwrap_or_default();
    let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
    let what = match fault.data["nearest"].as_str() {
        Some(near) => {
            format!("there is no project {}; did you mean \"{near}\"?", quoted(desk.project_name()))
        }
        None => format!("there is no project {}", quoted(desk.project_name())),
    };
    let rule = format!(
        "a handle of an open project: {}; voxel_project makes and opens others",
        known.join(", ")
    );
    desk.args.wrong("project", what, rule).into()
}

/// Somebody else was quicker: what they did, so that the model can go on from there.
async fn conflict(desk: &Desk, fault: &CallFault) -> Refusal {
    let (expected, got) = (&fault.data["expected"], &fault.data["got"]);
    let mut text = format!(
        "{}: \"expected_revision\": the project is at revision {got}, not {expected}: somebody else \
         changed it meanwhile.",
        desk.tool.name
    );
    let params = json!({"from_revision": expected, "max_voxels": 0});
    if let Ok(diff) = desk.ask("goxel.diff", params).await {
        text.push_str(&format!(
            " Since then {} voxels changed ({} came, {} went)",
            grouped(count(&diff, "changed")),
            grouped(count(&diff, "added")),
            grouped(count(&diff, "removed")),
        ));
        if diff["box"].is_object() {
            text.push_str(&format!(" in {}", box_text(&diff["box"])));
        }
        let names = diff["layers"].as_array().into_iter().flatten();
        let names: Vec<String> =
            names.filter_map(|layer| layer["name"].as_str()).map(quoted).collect();
        if !names.is_empty() {
            text.push_str(&format!(", layers {}", names.join(", ")));
        }
        text.push('.');
    }
    text.push_str(&format!(
        " Rule: look at what is there now, then send the edit with the new revision. Example: \
         \"expected_revision\":{got}. {NOTHING}"
    ));
    Refusal(text)
}

/// The daemon went away with the call in its hands.
async fn unknown_outcome(desk: &Desk) -> Refusal {
    let mut text = format!(
        "{}: the daemon went away before it answered, so it is not known whether this was applied.",
        desk.tool.name
    );
    if let Ok(status) = desk.ask("goxel.get_project_info", json!({})).await {
        text.push_str(&format!(
            " The project is at revision {} now, with {} voxels.",
            status["revision"],
            grouped(count(&status, "total_voxels"))
        ));
    }
    text.push_str(" Look before you send it again.");
    Refusal(text)
}

/// The message without "Operation 3 (sphere): " in front.
fn without_place(message: &str) -> &str {
    match message.strip_prefix("Operation ").and_then(|rest| rest.split_once(": ")) {
        Some((_, rest)) => rest,
        None => message,
    }
}

/// The message without what every refusal ends with, and without its last full stop.
fn first_sentence(message: &str) -> String {
    let message = message.trim().trim_end_matches(NOTHING).trim();
    message.trim_end_matches('.').to_owned()
}

fn sentence(message: &str) -> String {
    format!("{}.", message.trim_end_matches('.'))
}
