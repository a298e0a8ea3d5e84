//! Methods about the projects that are open.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::LayerRef;
use super::super::macros::{method, params, result};
use super::super::words::Mode;
use super::edit::BoxResult;
use super::projects::CanvasSize;
use super::region::Corner;
use super::system::NoParams;

params! {
    /// A project to open.
    pub struct OpenProjectParams<'a> {
        /// The name that calls give as `project`; it must be free.
        name: Cow<'a, str>,
        /// A file to load; without it the project is empty.
        path | "file_path": Option<Cow<'a, str>>,
        /// The file's format, if its content and name do not tell.
        format: Option<Cow<'a, str>>,
        /// The size of an empty project in voxels; 0 or less means 64.
        size: CanvasSize = "[64,64,64]",
    }
}

result! {
    /// One open project.
    pub struct ListedProject {
        /// The name that calls give as `project`.
        name: String,
        /// What the document calls itself.
        title: String,
        /// The file that its document was loaded from or saved to last; absent if there is none.
        file_path: Option<String>,
        /// The same, from the root of the file system on.
        absolute_path: Option<String>,
        /// Whether there are changes that were not saved.
        dirty: bool,
        /// Rises by one with each change.
        revision: u64,
        /// Voxels along x, y and z of the canvas.
        canvas_size: [i64; 3],
        /// How many layers it has.
        layer_count: usize,
        /// Voxels in all layers.
        voxel_count: u64,
        /// Whether a change runs in slices, so that other changes wait.
        busy: bool,
        /// Whether calls act on it that name no project.
        is_default: bool,
        /// Changes after the last save that came back when the daemon was started, while they are
        /// not saved; absent if there are none.
        recovered_edits: Option<u64>,
    }
}

method! {
    /// Opens another project, empty or from a file. It is open for all connections until it is
    /// closed.
    OpenProject = "goxel.open_project",
    OpenProjectParams<'a> -> ListedProject,
    effect: Server, lenient: false,
    by_position: r#"["castle"]"#, by_name: r#"{"name":"castle","size":[32,32,32]}"#,
    errors: [-1002, 1004],
}

params! {
    /// A project to close.
    pub struct CloseProjectParams<'a> {
        /// Its name.
        name | "project": Cow<'a, str>,
        /// true closes it even if changes were not saved; they are lost.
        discard: bool = "false",
    }
}

result! {
    /// The project that was closed.
    pub struct CloseProjectResult {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
        /// Whether changes were lost, as asked.
        discarded: bool,
    }
}

method! {
    /// Closes a project. Closing the default one leaves a new, empty one in its place.
    CloseProject = "goxel.close_project",
    CloseProjectParams<'a> -> CloseProjectResult,
    effect: Server, lenient: false,
    by_position: r#"["default"]"#, by_name: r#"{"name":"default","discard":true}"#,
    errors: [1001],
}

result! {
    /// The projects that are open.
    pub struct ProjectList {
        /// How many there are.
        count: usize,
        /// The projects, by name.
        projects: Vec<ListedProject>,
    }
}

method! {
    /// Lists the projects that are open.
    ListProjects = "goxel.list_projects",
    NoParams -> ProjectList,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// A project to copy.
    pub struct DuplicateProjectParams<'a> {
        /// The name of the copy; it must be free.
        name: Cow<'a, str>,
    }
}

method! {
    /// Opens a copy of a project under another name. Both share their voxels until one changes.
    DuplicateProject = "goxel.duplicate_project",
    DuplicateProjectParams<'a> -> ListedProject,
    effect: File, lenient: false,
    by_position: r#"["copy"]"#, by_name: r#"{"name":"copy"}"#,
}

result! {
    /// A project in numbers, as the older documents have it.
    pub struct ProjectInfo {
        /// The name that calls give as `project`.
        project_id: String,
        /// What the document calls itself.
        name: String,
        /// Voxels along x, y and z of the canvas.
        canvas_size: [i64; 3],
        /// How many layers it has.
        layer_count: usize,
        /// Voxels in all layers.
        total_voxels: u64,
        /// The box around all layers' voxels; absent if there are none.
        bounding_box: Option<BoxResult>,
        /// Bytes in memory: voxels, history, total.
        memory_usage: BTreeMap<String, u64>,
        /// When it was changed last, or opened if it was not changed since: UTC, as
        /// `2026-01-31T12:00:00Z`.
        last_modified: String,
        /// The file that its document was loaded from or saved to last; absent if there is none.
        file_path: Option<String>,
        /// The same, from the root of the file system on.
        absolute_path: Option<String>,
        /// Whether there are changes that were not saved.
        dirty: bool,
        /// Rises by one with each change.
        revision: u64,
        /// How many changes can be undone.
        history_position: usize,
        /// Id of the active layer.
        active_layer: i32,
        /// Whether a change runs in slices, so that other changes wait.
        busy: bool,
    }
}

method! {
    /// A project in numbers.
    GetProjectInfo = "goxel.get_project_info" | "goxel.get_info",
    NoParams -> ProjectInfo,
    effect: Read, lenient: true,
    by_position: "[]", by_name: "{}",
}

params! {
    /// What to copy, and where to.
    pub struct CopyRegionParams<'a> {
        /// One corner of what is copied, inside.
        min: Corner,
        /// The opposite corner, inside.
        max: Corner,
        /// The lowest corner of where it goes; absent means the same place.
        to: Option<[i32; 3]>,
        /// The project to copy from; absent means the same project.
        from_project | "source_project": Option<Cow<'a, str>>,
        /// The layer to copy from; absent or 0 means the active one of that project.
        from_layer | "source_layer": LayerRef,
        /// The layer to copy to; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
        /// How it combines with what is there.
        mode: Mode = "\"add\"",
    }
}

result! {
    /// What was copied.
    pub struct CopyRegionResult {
        /// Always true.
        success: bool,
        /// Voxels whose colour changed, added and removed ones included.
        changed: u64,
        /// Voxels that were empty before.
        added: u64,
        /// The layer that was copied to.
        layer_id: i32,
        /// The smallest box around what changed; absent if nothing did.
        bounds as "box": Option<BoxResult>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Copies the voxels of a box, from another project or the same one.
    CopyRegion = "goxel.copy_region",
    CopyRegionParams<'a> -> CopyRegionResult,
    effect: Edit, lenient: false,
    by_position: r#"[[0,0,0],[7,7,7],[8,0,0],"default"]"#,
    by_name: r#"{"from_project":"default","min":[0,0,0],"max":[7,7,7],"to":[8,0,0],"mode":"add"}"#,
    errors: [1001, 1002],
}
