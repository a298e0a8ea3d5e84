//! `voxel_help`: contracts with examples, fetched when they are needed.

use super::answer::{Answer, Refusal};
use super::desk::Desk;
use super::operations::{SIGNATURE_ROOM, contract, signatures};
use super::script;
use super::tools::{SCRIPT_TOOL, TOOLS};
use crate::api::operations::{OPERATIONS, operation};
use crate::format::{Format, formats};
use crate::likeness::nearest;

const TOPICS: [&str; 5] = ["operations", "colors", "coordinates", "files", "tools"];

const COLORS: &str = "A colour is \"#rgb\", \"#rrggbb\", \"#rrggbbaa\", a CSS name (\"navy\"), [r,g,b] or \
    [r,g,b,a] from 0 to 255, or shares from 0 to 1 if any has a point: [1.0,0.5,0]. Alpha 0 erases.";

const COORDINATES: &str = "A point is [x,y,z]: whole numbers, negative ones too. x runs to the right, y away \
    from the viewer of the front view, z up. min and max are both inside, so a box from [0,0,0] to [7,7,3] \
    is 8x8x4 voxels. A sphere of radius r is 2r+1 wide. A mirror lies at a voxel (5) or between two (5.5). \
    The front view looks along +y, right along -x from +x, top along -z with +y up. The canvas of a new \
    project is 64x64x64, x and y from -32 to 31, z from 0; voxels may lie outside.";

/// What is to be known of files; the formats as the registry has them.
fn files() -> String {
    let endings = |of: fn(&Format) -> bool| {
        let found = formats().iter().filter(|format| of(format));
        let found = found.flat_map(|format| format.extensions.first());
        found.map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" ")
    };
    format!(
        "Paths are relative to the root that goxel-mcp was started with; what leaves it is refused. The ending is the \
         format; .gox holds everything. Read: {}. Written by save and export: {}. A file that exists is replaced only \
         with overwrite true, and kept once as NAME~.",
        endings(Format::can_read),
        endings(Format::can_write),
    )
}

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let topic = desk.args.text("topic")?.unwrap_or_default();
    let word = topic.trim().to_lowercase();
    let is_script = [SCRIPT_TOOL.name, "scripts", "script"].contains(&&*word);
    if is_script && desk.goxel.offers_scripts() {
        return Ok(Answer::of(script::contract(desk).await?));
    }
    match explain(&word) {
        Some(text) => Ok(Answer::of(text)),
        None => {
            let names = || TOPICS.into_iter().chain(OPERATIONS.iter().map(|info| info.name));
            let what = match nearest(&word, names()) {
                Some(near) => format!("nothing is known of {topic:?}; did you mean \"{near}\"?"),
                None => format!("nothing is known of {topic:?}"),
            };
            let rule = format!("one of {}", names().collect::<Vec<_>>().join(", "));
            Err(desk.args.wrong("topic", what, rule).into())
        }
    }
}

/// A topic, an operation or a tool in words.
pub fn explain(topic: &str) -> Option<String> {
    if let Some(info) = operation(topic) {
        return Some(contract(info));
    }
    if let Some(tool) = TOOLS.iter().find(|tool| tool.name == topic) {
        let mut text = format!("{}: {}\n", tool.name, tool.description(SIGNATURE_ROOM));
        for field in tool.fields {
            text.push_str(&format!(
                "  {}: {}. {}\n",
                field.name,
                field.kind.rule(),
                field.description
            ));
        }
        return Some(format!("{text}Example: {}", tool.example));
    }
    match topic {
        "" => Some(format!(
            "Topics: {}. Operations: {}",
            TOPICS.join(", "),
            OPERATIONS.iter().map(|info| info.name).collect::<Vec<_>>().join(", ")
        )),
        "operations" | "ops" => {
            let one = |info: &crate::api::operations::OperationInfo| {
                format!("{}: {} {}", info.name, info.summary.trim(), info.example)
            };
            let listed: Vec<String> = OPERATIONS.iter().map(one).collect();
            Some(format!("{}\n\n{}", signatures(SIGNATURE_ROOM), listed.join("\n")))
        }
        "colors" | "colours" | "color" => Some(COLORS.to_owned()),
        "coordinates" => Some(COORDINATES.to_owned()),
        "files" | "formats" => Some(files()),
        "tools" => {
            let one = |tool: &super::declare::Tool| format!("{} {}", tool.name, tool.example);
            Some(TOOLS.iter().map(one).collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    }
}
