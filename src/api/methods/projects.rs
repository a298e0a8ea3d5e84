//! Methods about projects and their files.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::notes::note;
use super::super::schema::{COORDINATE, Schema};
use super::super::value::read;
use super::super::words::words;
use super::super::{Args, Corners, Param, ParamError, ParamType, Value};
use super::system::NoParams;

params! {
    /// A new document.
    pub struct CreateProjectParams<'a> {
        /// Its name.
        name: Cow<'a, str> = "\"New Project\"",
        /// Its size: width, depth and height of the canvas in voxels, as three params or as `size`;
        /// 0 or less means 64.
        size: CanvasSize = "[64,64,64]",
        /// What is in it: "cube" and "sphere" are white and fill half of the canvas in each
        /// direction.
        template: Template = "\"empty\"",
    }
}

words! {
    /// What a new document holds.
    pub enum Template {
        /// Nothing.
        Empty = "empty",
        /// A cube, or a box if the canvas is none.
        Cube = "cube",
        /// A sphere, or an ellipsoid.
        Sphere = "sphere",
    }
}

/// The size of a new document: `width, height, depth`, or `size` as `[w,h,d]`.
///
/// As the reference has it, `width` runs along x, `height` along y and `depth` along z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanvasSize(pub [u32; 3]);

/// The size along an axis where a call asks for 0 or less.
const DEFAULT_LENGTH: u32 = 64;

impl<'a> ParamType<'a> for CanvasSize {
    const SCHEMA: Schema = Schema::List(&COORDINATE, 3, 3);
    const PARTS: &'static [&'static str] = &["width", "height", "depth"];
    const FLATTENED: bool = true;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        let is_one_value = args.peek().is_some_and(|raw| raw.starts_with('['));
        if (is_one_value || !args.is_positional())
            && let Some(raw) = args.take(param.names)
        {
            let size: [i32; 3] = read(raw, param.name())?;
            if size.iter().any(|length| *length < 0) {
                note(format!(
                    "size {size:?} has negative lengths: {DEFAULT_LENGTH} was used for them"
                ));
            }
            return Ok(Some(CanvasSize::from(size)));
        }
        let mut size = [0; 3];
        for (length, &name) in size.iter_mut().zip(Self::PARTS) {
            if let Some(raw) = args.take(&[name]) {
                *length = read(raw, name)?;
                if *length < 0 {
                    note(format!("{name} {length} is no length: {DEFAULT_LENGTH} was used"));
                }
            }
        }
        Ok(Some(CanvasSize::from(size)))
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        <[i32; 3]>::parse(raw).map(CanvasSize::from)
    }
}

impl From<[i32; 3]> for CanvasSize {
    fn from(size: [i32; 3]) -> Self {
        let length = |value: i32| u32::try_from(value).ok().filter(|&length| length > 0);
        CanvasSize(size.map(|value| length(value).unwrap_or(DEFAULT_LENGTH)))
    }
}

result! {
    /// The new document.
    pub struct CreateProjectResult {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
        /// Voxels along x.
        width: i64,
        /// Voxels along y.
        height: i64,
        /// Voxels along z.
        depth: i64,
        /// Where it lives: the value for the param `project`.
        project: String,
        /// Where it lives, under the name of the older documents.
        project_id: String,
        /// When it was created: UTC, as `2026-01-31T12:00:00Z`.
        created_at: String,
        /// Voxels along x, y and z.
        canvas_size: [i64; 3],
        /// The canvas: its lowest and its highest voxel. Voxels may lie outside of it.
        canvas: Corners,
        /// How many layers it has.
        layer_count: usize,
        /// Voxels in all layers.
        voxel_count: u64,
        /// Its revision.
        revision: u64,
    }
}

method! {
    /// Replaces the document by a new one with one empty layer. What was there can be had back by
    /// undo.
    CreateProject = "goxel.create_project" | "project.create",
    CreateProjectParams<'a> -> CreateProjectResult,
    effect: Edit, lenient: true,
    by_position: r#"["Castle",32,32,32]"#, by_name: r#"{"name":"Castle","size":[32,32,32]}"#,
}

result! {
    /// State of the document.
    pub struct GetStatusResult {
        /// The version of the daemon.
        version: &'static str,
        /// How many layers there are.
        layer_count: usize,
        /// Whether edits are refused; always false.
        read_only: bool,
        /// Voxels along x of the canvas.
        width: i64,
        /// Voxels along y of the canvas.
        height: i64,
        /// Voxels along z of the canvas.
        depth: i64,
        /// The canvas: its lowest and its highest voxel. Voxels may lie outside of it.
        canvas: Corners,
        /// The document's name.
        name: String,
        /// Rises by one with each change.
        revision: u64,
        /// Whether there are changes that were not saved.
        dirty: bool,
        /// Voxels in all layers.
        voxel_count: u64,
        /// Id of the active layer.
        active_layer: i32,
    }
}

method! {
    /// State of the document: size, layers, revision.
    GetStatus = "goxel.get_status",
    NoParams -> GetStatusResult,
    effect: Read, lenient: true,
    by_position: "[]", by_name: "{}",
}
