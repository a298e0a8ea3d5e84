//! Methods that read and write files.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::schema::Schema;
use super::super::value::{InRange, Raw, number};
use super::super::{LayerRef, Value};

params! {
    /// A file to load.
    pub struct LoadProjectParams<'a> {
        /// The file; a relative path starts at the daemon's working directory.
        path | "file_path": Cow<'a, str>,
        /// The format, if the file's content and name do not tell.
        format: Option<Cow<'a, str>>,
        /// Of surfaces (.obj, .ply): whether y is up in the file and is turned into z up.
        y_up: bool = "true",
        /// Of surfaces: the edge of a voxel in the file's units; absent means 1.
        voxel_size: Option<VoxelSize>,
        /// Of surfaces: how many voxels the longest edge of the model shall have, instead of
        /// `voxel_size`.
        fit: Option<InRange<1, MAX_FIT>>,
    }
}

/// The most voxels along an edge that a surface is fitted to.
const MAX_FIT: i64 = 4096;

/// The edge of a voxel in the units of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoxelSize(pub f64);

impl Value<'_> for VoxelSize {
    const SCHEMA: Schema = Schema::Number(1e-6, 1e6);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|size| (1e-6..=1e6).contains(size)).map(VoxelSize)
    }
}

result! {
    /// What was loaded.
    pub struct LoadProjectResult {
        /// Always true.
        success: bool,
        /// The path as given.
        path: String,
        /// Where the file is, from the root of the file system on.
        absolute_path: String,
        /// The path once more, under the name of the older documents.
        file_path: String,
        /// The name that calls give as `project`.
        project_id: String,
        /// What the document calls itself.
        name: String,
        /// Voxels along x, y and z of the canvas.
        canvas_size: [i64; 3],
        /// The format read.
        format: &'static str,
        /// The version of the format that the file is of; absent where the reader does not tell it.
        format_version: Option<i32>,
        /// Layers that were read.
        layer_count: usize,
        /// Voxels in all of them.
        voxel_count: u64,
        /// What could not be kept as it was, and which other projects have the file open.
        warnings: Vec<String>,
        /// What of the file could not be kept, for programs.
        lost: Vec<LostThings>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Replaces the document by a file's content.
    LoadProject = "goxel.load_project" | "open_file",
    LoadProjectParams<'a> -> LoadProjectResult,
    effect: Edit, lenient: true,
    by_position: r#"["model.gox"]"#, by_name: r#"{"path":"model.gox"}"#,
}

params! {
    /// Where to save.
    pub struct SaveProjectParams<'a> {
        /// The file; a relative path starts at the daemon's working directory. Without it the
        /// document's own file is meant: the one that it was loaded from or saved to last.
        path | "file_path" | "output_path": Option<Cow<'a, str>>,
        /// The format; otherwise the path's extension tells.
        format: Option<Cow<'a, str>>,
        /// Of surfaces (.obj, .ply): whether z up is turned into y up.
        y_up: bool = "true",
        /// Of surfaces: whether neighbouring faces of one colour are joined to larger ones.
        merge_faces | "optimize_mesh": bool = "false",
        /// `optimize_mesh`, and the options of export. Other members are named among the warnings.
        options: Option<Raw<'a>>,
        /// Refuse if the file is not as this document left it: changed, removed or made by somebody
        /// else meanwhile, or open in another project.
        if_unchanged: bool = "false",
    }
}

params! {
    /// Where to export to.
    pub struct ExportModelParams<'a> {
        /// The file; a relative path starts at the daemon's working directory.
        path | "file_path" | "output_path": Cow<'a, str>,
        /// The format; otherwise the path's extension tells.
        format: Option<Cow<'a, str>>,
        /// Of surfaces (.obj, .ply): whether z up is turned into y up.
        y_up: bool = "true",
        /// Of surfaces: whether neighbouring faces of one colour are joined to larger ones.
        merge_faces | "optimize_mesh": bool = "false",
        /// `optimize_mesh`, and the options of export. Other members are named among the warnings.
        options: Option<Raw<'a>>,
        /// Write even onto the file of an open project, which has to be saved again then.
        overwrite: bool = "false",
        /// Layers to write: names or ids, "visible" or "all".
        layers: Option<Raw<'a>>,
        /// Only the voxels of a box: its lowest and its highest voxel, six numbers.
        region: Option<Raw<'a>>,
        /// The file's origin: keep, center, corner or pivot.
        origin: Option<Raw<'a>>,
        /// The edge of a voxel in units of the file.
        scale: Option<Raw<'a>>,
        /// The file's axes: y-up, z-up, or a signed permutation such as +x+z-y.
        axes: Option<Raw<'a>>,
        /// One mesh for all layers, or one for each.
        merge: Option<Raw<'a>>,
        /// How surfaces are made: faces, greedy, greedy-closed, marching or marching-smooth.
        mesh: Option<Raw<'a>>,
        /// How surfaces get their colours: vertex, texture, both, materials or none; in .npy
        /// palette.
        colors: Option<Raw<'a>>,
        /// Darker corners at vertices.
        ao: Option<Raw<'a>>,
        /// At most so many colours.
        quantize: Option<Raw<'a>>,
        /// Mixed dots where colours are quantised.
        dither: Option<Raw<'a>>,
        /// Small numbers in glTF (KHR_mesh_quantization).
        compact: Option<Raw<'a>>,
        /// The plainest form: one old-style model in .vox, text in .ply and .stl.
        plain: Option<Raw<'a>>,
        /// Sets of Minecraft blocks to choose from, such as "concrete,wool".
        blocks: Option<Raw<'a>>,
        /// The document's name in the file.
        name: Option<Raw<'a>>,
    }
}

result! {
    /// Things of one kind that a file could not hold.
    pub struct LostThings {
        /// What they are: material, camera, layer, hidden, mode, opacity, alpha, color, name,
        /// instance, frame or unknown.
        kind: &'static str,
        /// How many.
        count: u64,
        /// What became of them.
        note: String,
    }
}

result! {
    /// What was written.
    pub struct SaveProjectResult {
        /// Always true.
        success: bool,
        /// The path as given.
        path: String,
        /// Where the file is, from the root of the file system on.
        absolute_path: String,
        /// The format, if it was named in the call or by the document's own file.
        format: Option<String>,
        /// Bytes written.
        bytes: u64,
        /// What the format could not hold, and what else is to be known about the file.
        warnings: Vec<String>,
        /// What the format could not hold, for programs.
        lost: Vec<LostThings>,
    }
}

method! {
    /// Saves the document; the file is its own from then on. The file is replaced whole or not at
    /// all.
    SaveProject = "goxel.save_project" | "save_file" | "save_as" | "project.save",
    SaveProjectParams<'a> -> SaveProjectResult,
    effect: File, lenient: true,
    by_position: r#"["model.gox"]"#, by_name: r#"{"path":"model.gox"}"#,
}

method! {
    /// Exports the document in any format that can be written.
    ExportModel = "goxel.export_model" | "export_file" | "export_project" | "export"
        | "export_to_file" | "export_mesh",
    ExportModelParams<'a> -> SaveProjectResult,
    effect: File, lenient: true,
    by_position: r#"["model.obj","obj"]"#, by_name: r#"{"path":"model.obj","format":"obj"}"#,
}

params! {
    /// A file to add to the project.
    pub struct ImportModelParams<'a> {
        /// Its path.
        path | "file_path": Cow<'a, str>,
        /// Its format; without it the name's ending and the content decide.
        format: Option<Cow<'a, str>>,
        /// Of surfaces: whether y points up in the file.
        y_up: bool = "true",
        /// Of surfaces: the edge of a voxel in the file's units; absent means 1.
        voxel_size: Option<VoxelSize>,
        /// Of surfaces: how many voxels the longest edge of the model shall have, instead of
        /// `voxel_size`.
        fit: Option<InRange<1, MAX_FIT>>,
        /// Where the origin of the file comes to lie, `[x,y,z]` in voxels.
        position | "offset": Option<[i32; 3]>,
        /// Each frame of an animation as a hidden layer, not the first one alone.
        frames: Option<Raw<'a>>,
        /// Quarters about the upright axis, counter-clockwise seen from above, before it is moved.
        turns: Option<Raw<'a>>,
        /// Whether empty cells that nothing reaches from outside get the colour beside them.
        fill: Option<Raw<'a>>,
        /// What it becomes: "layers" (those of the file, the default), "one" (one layer) or
        /// "project" (all of the document, in place of what was there).
        into: Option<Raw<'a>>,
        /// The layer of the document that its voxels are drawn into, by id, name or "active", in
        /// place of layers of its own.
        layer | "layer_id": Option<LayerRef>,
        /// "keep" (the default), or "match": each colour becomes the nearest of the document's
        /// palette.
        palette: Option<Raw<'a>>,
        /// The same five as members of an object. Other members are named among the warnings.
        options: Option<Raw<'a>>,
    }
}

method! {
    /// Adds the layers of a file on top of those that are there.
    ImportModel = "goxel.import_model" | "import_mesh",
    ImportModelParams<'a> -> LoadProjectResult,
    effect: Edit, lenient: true,
    by_position: r#"["model.gox"]"#, by_name: r#"{"path":"model.gox"}"#,
}
