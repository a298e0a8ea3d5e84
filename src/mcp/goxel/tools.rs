//! The eight tools, declared, and who carries them out.

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::declare::{Field, Kind, Tool};
use super::desk::Desk;
use super::{edit, export, help, history, inspect, look, projects, script, slice};

/// Directions to look from.
pub const VIEWS: &[&str] = &[
    "iso",
    "iso_back",
    "iso_left",
    "iso_right",
    "front",
    "back",
    "left",
    "right",
    "top",
    "bottom",
];
/// Views of one sheet.
pub const MAX_VIEWS: usize = 6;
/// Planes of one map.
pub const MAX_PLANES: i64 = 8;
/// Sizes of a sheet in pixels.
pub const SIZES: [i64; 2] = [128, 1536];

/// Combination of an operation with what is there.
const MODES: &[&str] = &["add", "subtract", "paint", "intersect", "replace"];
/// What `voxel_inspect` tells.
pub const INSPECTED: &[&str] =
    &["summary", "layers", "palette", "parts", "symmetry", "history", "files"];
const HISTORY_ACTIONS: &[&str] = &["undo", "redo", "checkpoint", "goto", "list"];
const PROJECT_ACTIONS: &[&str] = &["new", "open", "save", "close", "list"];
const AXES: &[&str] = &["x", "y", "z"];

const fn field(name: &'static str, description: &'static str, kind: Kind) -> Field {
    Field { name, description, kind, is_required: false }
}

const fn required(name: &'static str, description: &'static str, kind: Kind) -> Field {
    Field { name, description, kind, is_required: true }
}

const PROJECT: Field = field("project", "", Kind::Text);

/// The tools, in the order in which they are listed.
pub const TOOLS: [Tool; 8] = [
    Tool {
        name: "voxel_edit",
        title: "Build",
        description: "Changes the model by operations in order: one undo step, or nothing at all. \
            z is up; min and max are inside; later ones draw over earlier ones. All take \
            {common}; shapes take hollow (wall thickness). {operations}",
        fields: &[
            required("ops", "", Kind::Operations),
            PROJECT,
            field("mode", "", Kind::Word(MODES)),
            field("dry_run", "", Kind::Flag),
            field("expected_revision", "Refuse if changed since", Kind::Whole(0, i64::MAX)),
            field("look", "Views in the answer", Kind::OtherWords(VIEWS, MAX_VIEWS)),
        ],
        example: r##"{"ops":[{"op":"box","min":[0,0,0],"max":[7,7,3],"color":"#886644"}],"look":["iso"]}"##,
        is_read_only: false,
        is_destructive: true,
    },
    Tool {
        name: "voxel_look",
        title: "Look",
        description: "Draws the model: one labelled sheet of views with axes and dimensions.",
        fields: &[
            field("views", "Default iso", Kind::Words(VIEWS, MAX_VIEWS)),
            field("within", "Box", Kind::Box),
            field("layers", "", Kind::Names),
            field("size", "Pixels, default 512", Kind::Whole(SIZES[0], SIZES[1])),
            field("section", "{axis, at, keep: above|below}", Kind::Object),
            PROJECT,
        ],
        example: r#"{"views":["iso","front"],"size":512}"#,
        is_read_only: true,
        is_destructive: false,
    },
    Tool {
        name: "voxel_slice",
        title: "Slice",
        description: "Shows planes of voxels as text with row and column numbers and a legend; \
            operation map draws them back.",
        fields: &[
            field("axis", "Default z", Kind::Word(AXES)),
            field("at", "First plane", Kind::Whole(i32::MIN as i64, i32::MAX as i64)),
            field("count", "", Kind::Whole(1, MAX_PLANES)),
            field("project_heights", "", Kind::Flag),
            field("within", "", Kind::Box),
            field("layers", "", Kind::Names),
            PROJECT,
        ],
        example: r#"{"axis":"z","at":0,"count":2}"#,
        is_read_only: true,
        is_destructive: false,
    },
    Tool {
        name: "voxel_inspect",
        title: "Inspect",
        description: "Measures the model in a few lines: counts, box, floating parts; lists files.",
        fields: &[field("fields", "Default summary", Kind::Words(INSPECTED, 7)), PROJECT],
        example: r#"{"fields":["summary","parts"]}"#,
        is_read_only: true,
        is_destructive: false,
    },
    Tool {
        name: "voxel_history",
        title: "History",
        description: "Goes back and forth; checkpoint names the present state, goto returns to a name or revision.",
        fields: &[
            required("action", "", Kind::Word(HISTORY_ACTIONS)),
            field("steps", "", Kind::Whole(1, 1_000_000)),
            field("revision", "", Kind::Whole(0, i64::MAX)),
            field("name", "", Kind::Text),
            PROJECT,
        ],
        example: r#"{"action":"undo","steps":1}"#,
        is_read_only: false,
        is_destructive: true,
    },
    Tool {
        name: "voxel_project",
        title: "Projects",
        description: "Makes, opens, saves, closes, lists projects; returns handles, which live until \
            closed. Paths are beneath the root; their ending is the format: .gox, .vox and more.",
        fields: &[
            required("action", "", Kind::Word(PROJECT_ACTIONS)),
            field("project", "", Kind::Text),
            field("path", "", Kind::Text),
            field("overwrite", "Replace a file, drop changes", Kind::Flag),
        ],
        example: r#"{"action":"save","project":"default","path":"house.gox"}"#,
        is_read_only: false,
        is_destructive: true,
    },
    Tool {
        name: "voxel_export",
        title: "Export",
        description: "Writes a file such as .vox, .obj, .glb, .png; returns a link, and what the format \
            could not hold.",
        fields: &[
            required("path", "", Kind::Text),
            field("options", "merge_faces, y_up", Kind::Object),
            field("overwrite", "", Kind::Flag),
            PROJECT,
        ],
        example: r#"{"path":"house.vox"}"#,
        is_read_only: false,
        is_destructive: true,
    },
    Tool {
        name: "voxel_help",
        title: "Help",
        description: "Explains an operation, colors, coordinates, files or tools, with examples.",
        fields: &[field("topic", "", Kind::Text)],
        example: r#"{"topic":"heightmap"}"#,
        is_read_only: true,
        is_destructive: false,
    },
];

/// A tool by its name.
pub fn tool(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// The tool that only the viewer calls; a model never sees it.
pub const VIEW_TOOL: Tool = Tool {
    name: "voxel_view_data",
    title: "Data of the viewer",
    description: "The model for the viewer in the chat.",
    fields: &[PROJECT],
    example: r#"{"project":"default"}"#,
    is_read_only: true,
    is_destructive: false,
};

/// The tool that is offered only where scripts are allowed.
pub const SCRIPT_TOOL: Tool = Tool {
    name: "voxel_script",
    title: "Script",
    description: "Runs JavaScript on a copy of the model: one undo step, or nothing if it throws. \
        setAt(x,y,z,color), getAt, operations as functions: box({min,max,color}). voxel_help tells more.",
    fields: &[
        field("script", "", Kind::Text),
        field("name", "Saved script", Kind::Text),
        field("params", "", Kind::Object),
        field("seed", "", Kind::Whole(0, i64::MAX)),
        field("dry_run", "", Kind::Flag),
        field("look", "", Kind::OtherWords(VIEWS, MAX_VIEWS)),
        PROJECT,
    ],
    example: r#"{"script":"for (let x = 0; x < 8; x++) setAt(x, 0, x, 'red')"}"#,
    is_read_only: false,
    is_destructive: true,
};

/// Carries a call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    match desk.tool.name {
        "voxel_edit" => edit::run(desk).await,
        "voxel_look" => look::run(desk).await,
        "voxel_slice" => slice::run(desk).await,
        "voxel_inspect" => inspect::run(desk).await,
        "voxel_history" => history::run(desk).await,
        "voxel_project" => projects::run(desk).await,
        "voxel_export" => export::run(desk).await,
        "voxel_script" => script::run(desk).await,
        "voxel_view_data" => super::viewer::run(desk).await,
        _ => help::run(desk).await,
    }
}

/// A member of a result that is a count; 0 if it is not there.
pub fn count(result: &Value, name: &str) -> u64 {
    result[name].as_u64().unwrap_or(0)
}
