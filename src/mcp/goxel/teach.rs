//! The daemon's errors in words for a model: where, what, the rule, how it would be right, and what
//! became of the model.

use serde_json::{Value, json};

use super::answer::{Refusal, Wrong, box_text, counted, grouped, quoted};
use super::desk::Desk;
use super::tools::count;
use crate::api::operations::operation;
use crate::mcp::line::{CANCELLED, CallFault};
use crate::plain_words::of;

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
pub async fn refusal(desk: &Desk, fault: &CallFault) -> Refusal {
    if fault.is_outcome_unknown || fault.code == OUTCOME_UNKNOWN {
        return unknown_outcome(desk, fault).await;
    }
    match fault.code {
        0 => Refusal(format!("{}: {} {NOTHING}", desk.tool.name, sentence(&fault.message))),
        NO_SUCH_PROJECT => no_such_project(desk, fault),
        REVISION_CONFLICT => conflict(desk, fault).await,
        CANCELLED => Refusal(format!("{}: cancelled. {NOTHING}", desk.tool.name)),
        OUTSIDE_THE_ROOTS => {
            let roots = &fault.data["roots"];
            let rule = if roots.is_array() {
                format!("a path beneath {roots}")
            } else {
                "a path beneath the root".to_owned()
            };
            desk.args.wrong("path", first_sentence(&fault.message), rule).into()
        }
        _ => wrong(desk, fault).into(),
    }
}

/// An error about one of the values of a call.
fn wrong(desk: &Desk, fault: &CallFault) -> Wrong {
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
        // What the daemon says of a file, it says of its path.
        (None, None) if data["path"].is_string() => format!("{}: \"path\"", desk.tool.name),
        (None, None) => desk.tool.name.to_owned(),
    };
    let rule = own_words(&rule(desk, fault));
    let what = own_words(&first_sentence(without_place(&fault.message)));
    // The rule is said once.
    let what = match what.split_once(&format!("expected {rule}, got ")) {
        Some((_, got)) => format!("got {got}"),
        None => what,
    };
    Wrong { position, what, rule, example: example(desk, data) }
}

/// Names of the daemon's methods in what it says, with how a model does the same.
const OWN_WORDS: [(&str, &str); 6] = [
    ("goxel.list_layers shows", "voxel_inspect {\"fields\":[\"layers\"]} shows"),
    ("goxel.history lists", "voxel_history {\"action\":\"list\"} lists"),
    ("goxel.list_scripts lists", "voxel_help {\"topic\":\"voxel_script\"} lists"),
    ("Invalid parameter 'to_revision': ", ""),
    ("; nothing was changed", ""),
    ("Must specify either 'script' (code) or 'path' parameter", "neither script nor name is given"),
];

/// What the daemon says, in the words of the tools.
fn own_words(text: &str) -> String {
    let one = |text: String, (theirs, ours): &(&str, &str)| text.replace(theirs, ours);
    OWN_WORDS.iter().fold(text.to_owned(), one)
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

fn rule(desk: &Desk, fault: &CallFault) -> String {
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
                None => format!("see voxel_help {{\"topic\":\"{}\"}}", desk.tool.name),
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
    let params = json!({"from_revision": expected, "detail": "brief"});
    if let Ok(diff) = desk.ask("goxel.diff", params).await {
        text.push_str(&format!(
            " Since then {} changed ({} came, {} went)",
            counted(count(&diff, "changed"), "voxel"),
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
            let word = of(names.len() as u64, "layer");
            text.push_str(&format!(", {word} {}", names.join(", ")));
        }
        text.push('.');
    }
    text.push_str(&format!(
        " Rule: look at what is there now, then send the edit with the new revision. Example: \
         \"expected_revision\":{got}. {NOTHING}"
    ));
    Refusal(text)
}

/// The daemon has the call, and no answer came: it went away, or takes too long.
async fn unknown_outcome(desk: &Desk, fault: &CallFault) -> Refusal {
    let tool = desk.tool.name;
    let is_slow = fault.message.contains("took longer");
    let why = if is_slow { "it took too long" } else { "the daemon went away before it answered" };
    if desk.tool.is_read_only {
        let rule = "ask again, for less at a time: fewer views, a smaller size, a smaller box";
        return Refusal(format!("{tool}: {why}. Rule: {rule}. {NOTHING}"));
    }
    let mut text = format!("{tool}: {why}, so it is not known whether this was applied.");
    if let Ok(status) = desk.ask("goxel.get_project_info", json!({})).await {
        text.push_str(&format!(
            " The project is at revision {} now, with {}.",
            status["revision"],
            counted(count(&status, "total_voxels"), "voxel")
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
