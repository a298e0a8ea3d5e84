//! Prompts: ways of working that a person can choose.

use serde_json::{Map, Value, json};

use super::guides::GUIDES;
use crate::mcp::Fault;

struct Prompt {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Name, description, whether it must be given.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// The text, with arguments in braces.
    text: &'static str,
    /// What stands for an argument that is not given.
    defaults: &'static [(&'static str, &'static str)],
    /// The guide that goes with it.
    guide: usize,
}

const PROMPTS: [Prompt; 3] = [
    Prompt {
        name: "build_from_description",
        title: "Build a model from a description",
        description: "Plans and builds a voxel model, looking at it after each step.",
        arguments: &[
            ("description", "What to build", true),
            ("size", "How large, in voxels", false),
            ("project", "Handle of the project; a new one otherwise", false),
        ],
        text: "Build this as a voxel model: {description}. Size: {size}. Project: {project}. First write the plan: the \
            parts with their boxes, and the palette. Then build it in a few voxel_edit calls with look, and show me \
            the result from two sides.",
        defaults: &[("size", "choose one that suits it"), ("project", "make a new one")],
        guide: 0,
    },
    Prompt {
        name: "reference_sheet",
        title: "Reference sheet",
        description: "Draws a model from six sides, with its measures and its palette.",
        arguments: &[("project", "Handle of the project", false)],
        text: "Make a reference sheet of the project {project}: voxel_look with iso, front, left, back, top and iso_back at \
            size 1024, then voxel_inspect with summary, palette, parts and symmetry. Sum it up in a short table.",
        defaults: &[("project", "default")],
        guide: 1,
    },
    Prompt {
        name: "review_and_repair",
        title: "Review and repair",
        description: "Looks for mistakes in a model and mends them.",
        arguments: &[
            ("project", "Handle of the project", false),
            ("intention", "What it is meant to be", false),
        ],
        text: "Review the project {project}. It is meant to be: {intention}. List what is wrong, the most visible first, \
            repair it step by step, and look after each step. Undo what does not make it better.",
        defaults: &[("project", "default"), ("intention", "judge by what you see")],
        guide: 1,
    },
];

/// `prompts/list`.
pub fn list() -> Vec<Value> {
    let argument = |(name, description, required): &(&str, &str, bool)| json!({"name": name, "description": description, "required": required});
    let one = |prompt: &Prompt| {
        json!({
            "name": prompt.name,
            "title": prompt.title,
            "description": prompt.description,
            "arguments": prompt.arguments.iter().map(argument).collect::<Vec<_>>(),
        })
    };
    PROMPTS.iter().map(one).collect()
}

/// Whether a prompt has an argument.
pub fn has_argument(name: &str, argument: &str) -> bool {
    let prompt = PROMPTS.iter().find(|prompt| prompt.name == name);
    prompt.is_some_and(|prompt| prompt.arguments.iter().any(|(known, ..)| *known == argument))
}

/// `prompts/get`; `None` if there is no such prompt.
pub fn get(name: &str, given: &Map<String, Value>) -> Option<Result<Value, Fault>> {
    let prompt = PROMPTS.iter().find(|prompt| prompt.name == name)?;
    Some(fill(prompt, given))
}

fn fill(prompt: &Prompt, given: &Map<String, Value>) -> Result<Value, Fault> {
    let mut text = prompt.text.to_owned();
    for (name, description, required) in prompt.arguments {
        let value = match given.get(*name) {
            Some(Value::String(value)) if !value.is_empty() => value.as_str(),
            Some(Value::String(_)) | Some(Value::Null) | None if !required => {
                let default = prompt.defaults.iter().find(|(known, _)| known == name);
                default.map_or("", |(_, value)| *value)
            }
            _ => {
                let message = format!("prompts/get {}: '{name}' ({description})", prompt.name);
                return Err(Fault::params(format!("{message} must be a string that is not empty")));
            }
        };
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let guide = GUIDES[prompt.guide].text;
    let message = |text: &str| json!({"role": "user", "content": {"type": "text", "text": text}});
    Ok(json!({
        "description": prompt.description,
        "messages": [message(&text), message(guide)],
    }))
}
