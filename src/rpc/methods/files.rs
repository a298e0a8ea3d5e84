//! Handlers that read and write files.
//!
//! Loading, saving and drawing go on in slices over a snapshot. The document changes only when a
//! load has succeeded as a whole; a file is replaced only when a save has.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::own_files::{Intent, Looked, look, open_elsewhere};
use super::writing::{Wanted, lost_things, read_export_options};
use super::{entries, target};
use crate::api::args::shown;
use crate::api::json::few_members;
use crate::api::methods::files::*;
use crate::api::notes;
use crate::api::operations::forms::CopyFields;
use crate::api::operations::{Form, Operation};
use crate::api::value::{Raw, read};
use crate::api::words::Mode;
use crate::api::{LayerRef, ParamError};
use crate::document::history::Scope;
use crate::document::{Document, Layer, LayerContent, Palette};
use crate::edit::{Limits, Runner};
use crate::file_access::{FilePath, Purpose};
use crate::format::{
    self, FormatError, ImportOptions, LoadJob, Loaded, ReadOptions, VoxeliseOptions,
};
use crate::job::{Budget, Job, Progress, Step, Work};
use crate::rpc::change::{Change, carry_out, refused};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, Drafting};
use crate::rpc::error::{
    EXPORT_MODEL, LOAD_PROJECT, NO_SUCH_LAYER, OUTSIDE_ROOTS, RpcError, SAVE_PROJECT,
};
use crate::rpc::table::Handle;
use crate::voxel::Bounds;
use crate::workspace::{OwnFile, Project};

entries![LoadProject, SaveProject, ExportModel, ImportModel];

/// The error of a call about a file. The system's reason and the place in the file go into `data`.
pub(in crate::rpc) fn file_error(
    code: i32,
    action: &str,
    path: &str,
    error: &FormatError,
) -> RpcError {
    let roots = error.roots_left();
    let code = if roots.is_some() { OUTSIDE_ROOTS } else { code };
    let mut rpc = RpcError::new(code, format!("Failed to {action} '{path}': {error}"))
        .with("path", path)
        .hint(error.hint());
    if let Some(roots) = roots {
        rpc = rpc.with("roots", roots.to_vec());
    } else if let Some(absolute) = error.path().filter(|found| found.is_absolute())
        && Path::new(path).is_relative()
    {
        // Who gave a relative path may have had another directory in mind.
        rpc = rpc.with("absolute_path", &*absolute.to_string_lossy());
    }
    if let Some(reason) = error.reason() {
        rpc = rpc.with("reason", reason);
    }
    if let Some(call) = error.stuck_call() {
        rpc = rpc.with("call", call);
    }
    if let Some(offset) = error.offset() {
        rpc = rpc.with("offset", offset);
    }
    match error.expected() {
        Some(expected) => rpc.with("expected", expected),
        None => rpc,
    }
}

/// How files are read: with the limits that are set.
pub(in crate::rpc) fn read_options(context: &Context<'_>) -> ReadOptions {
    ReadOptions { limits: context.daemon.limits.files, ..ReadOptions::default() }
}

/// A file as it was before it was read, and what it holds.
type LookedAndLoaded = Result<(Looked, Loaded), FormatError>;

/// Reads a file. What changes from the look on is a change by somebody else.
pub(super) fn load_file(
    file: FilePath,
    format: Option<&'static format::Format>,
    options: ReadOptions,
) -> Work<LookedAndLoaded> {
    Work::new(move |slice| async move {
        let looked = slice.run(look(file.clone(), Purpose::Read)).await?;
        let loaded = slice.run(LoadJob::of_file(file, format, options)).await?;
        Ok((looked, loaded))
    })
}

fn start_load(
    context: &Context<'_>,
    params: &LoadProjectParams<'_>,
    import: ImportOptions,
    frames: bool,
) -> Result<Work<LookedAndLoaded>, FormatError> {
    let format = params.format.as_deref().map(format::by_name).transpose()?;
    let voxel_size = params.voxel_size.map_or(1.0, |size| size.0);
    let fit = params.fit.map(|voxels| voxels.0 as u32);
    let voxelise = VoxeliseOptions { y_up: params.y_up, voxel_size, fit };
    let options = ReadOptions { voxelise, import, frames, ..read_options(context) };
    Ok(load_file(context.file(&params.path), format, options))
}

/// What is done with a document that was loaded.
struct TakeOver {
    /// What it is called in errors and in the history.
    action: &'static str,
    /// Puts it into the project's document.
    put: fn(&mut Document, Document),
    /// Whether the project is that of the file from then on.
    is_project: bool,
    /// How far its voxels are moved first.
    offset: [i32; 3],
    /// What is done with it before.
    import: ImportOptions,
    frames: bool,
    /// The layer that its voxels are drawn into, if they are to become no layers.
    layer: Option<LayerRef>,
}

/// Loads a file and puts its document into the project, whose clones and shapes are computed in
/// slices, too.
fn load(
    context: &mut Context<'_>,
    params: LoadProjectParams<'_>,
    TakeOver { action, put, is_project, offset, import, frames, layer }: TakeOver,
) -> Result<Outcome<LoadProjectResult>, RpcError> {
    context.project()?;
    let path = params.path.clone().into_owned();
    let failed = |path: &str, error: FormatError| file_error(LOAD_PROJECT, action, path, &error);
    let job = start_load(context, &params, import, frames).map_err(|error| failed(&path, error))?;
    Ok(Outcome::chain_later(job, move |context, loaded| {
        let (Looked { place, identity }, mut loaded) =
            loaded.map_err(|error| failed(&path, error))?;
        let path = PathBuf::from(&path);
        if is_project {
            let elsewhere = open_elsewhere(context.workspace, &place, context.project_name);
            loaded.warnings.extend(elsewhere);
        }
        let own_place = place.clone();
        let file =
            OwnFile { path: path.clone(), place: own_place, format: loaded.format, identity };
        let take_over = move |context: &mut Context<'_>, loaded: Loaded| {
            if let Some(layer) = layer {
                return draw_into(context, loaded, layer, (path, place));
            }
            let document = loaded.document.clone();
            let work = AtOnce::new(move |into: &mut Document| {
                put(into, document);
                Ok(())
            });
            let project_id = context.project_name.to_owned();
            // On a copy from the start: what was there and what came may both be large, and what
            // follows from that goes on in slices there.
            let reply = move |project: &mut Project, ()| {
                if is_project {
                    project.begin_document(Some(file));
                }
                Ok(told(loaded, (&path, &place), project_id, project))
            };
            Ok(Outcome::Later(Box::new(Drafting::new(action, Scope::Document, work, reply))))
        };
        if offset == [0; 3] {
            return take_over(context, loaded);
        }
        let moving = Shift::new(loaded, offset, context.workspace.edit_limits)?;
        Outcome::chain(context, moving, move |context, moved| take_over(context, moved?))
    }))
}

/// Draws the voxels of what was loaded into a layer.
fn draw_into(
    context: &mut Context<'_>,
    loaded: Loaded,
    layer: LayerRef,
    (path, place): (PathBuf, PathBuf),
) -> Result<Outcome<LoadProjectResult>, RpcError> {
    let mut operations = Vec::new();
    for own in loaded.document.layers() {
        let Some(bounds) = own.volume.block_bounds() else { continue };
        let [min, max] = [bounds.min, bounds.max_inside()].map(|end| end.map(|v| v as i32));
        let form = Form::Copy(CopyFields { min, max, to: min, times: 1, step: None });
        let operation = Operation::new(form, Mode::Add, layer.clone(), None);
        operations.push(Operation { source: Some(own.volume.clone()), ..operation });
    }
    let project_id = context.project_name.to_owned();
    let label = "import model".to_owned();
    let change = Change { operations, label, dry_run: false, refused: Box::new(refused) };
    carry_out(context, change, move |changed| {
        Ok(told(loaded, (&path, &place), project_id, changed.project))
    })
}

/// What was loaded, on its way to another place.
struct Shift {
    loaded: Option<Loaded>,
    runner: Runner,
}

impl Shift {
    fn new(mut loaded: Loaded, offset: [i32; 3], limits: Limits) -> Result<Self, RpcError> {
        let mut moves = Vec::new();
        for layer in loaded.document.layers_mut() {
            place_by(layer, offset);
            let own = layer.content == LayerContent::Voxels;
            let Some(bounds) = layer.volume.block_bounds().filter(|_| own) else { continue };
            let [min, max] = [bounds.min, bounds.max_inside()].map(|end| end.map(|v| v as i32));
            let to = std::array::from_fn(|axis| min[axis].saturating_add(offset[axis]));
            let form = Form::Move(CopyFields { min, max, to, times: 1, step: None });
            let layer = LayerRef::Id(layer.id.0);
            moves.push(Operation::new(form, Mode::Replace, layer, None));
        }
        let runner = Runner::new(moves, limits);
        let runner = runner.map_err(|error| refused(error, &loaded.document))?;
        Ok(Shift { loaded: Some(loaded), runner })
    }
}

/// Moves where a layer stands: its pivot or the place of what is computed, and the box that bounds
/// it.
fn place_by(layer: &mut Layer, offset: [i32; 3]) {
    let is_clone = matches!(layer.content, LayerContent::Clone { .. });
    let matrix = &mut layer.matrix.0;
    for axis in 0..3 {
        // The base of a clone has moved as well, so the clone takes back what its matrix makes of
        // that.
        let through = |from: usize| matrix[from][axis] * offset[from] as f32;
        let taken_back = if is_clone { through(0) + through(1) + through(2) } else { 0.0 };
        matrix[3][axis] += offset[axis] as f32 - taken_back;
    }
    layer.bounds = layer.bounds.map(|bounds| Bounds {
        min: std::array::from_fn(|axis| bounds.min[axis] + i64::from(offset[axis])),
        max: std::array::from_fn(|axis| bounds.max[axis] + i64::from(offset[axis])),
    });
}

impl Job for Shift {
    type Output = Result<Loaded, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        let Some(loaded) = &mut self.loaded else {
            return Step::Done(Err(RpcError::internal("a model was moved twice")));
        };
        match self.runner.step(&mut loaded.document, budget) {
            Ok(Step::More) => Step::More,
            Err(error) => Step::Done(Err(refused(error, &loaded.document))),
            Ok(Step::Done(_)) => {
                let twice = || RpcError::internal("a model was moved twice");
                Step::Done(self.loaded.take().ok_or_else(twice))
            }
        }
    }

    fn progress(&self) -> Progress {
        self.runner.progress()
    }
}

/// What a call tells that put a file into a project. Its voxels are counted already.
fn told(
    loaded: Loaded,
    (path, place): (&Path, &Path),
    project_id: String,
    project: &Project,
) -> LoadProjectResult {
    let path = path.to_string_lossy().into_owned();
    let absolute_path = place.to_string_lossy().into_owned();
    let (layers, document) = (loaded.document.layers(), project.document());
    LoadProjectResult {
        success: true,
        file_path: path.clone(),
        path,
        absolute_path,
        project_id,
        name: document.name.clone(),
        canvas_size: document.size(),
        format: loaded.format,
        format_version: loaded.version,
        layer_count: layers.len(),
        voxel_count: layers.iter().map(|layer| layer.volume.count()).sum(),
        warnings: notes::behind(loaded.warnings),
        lost: lost_things(loaded.lost),
        revision: project.revision(),
    }
}

impl Handle for LoadProject {
    fn handle(
        context: &mut Context<'_>,
        params: LoadProjectParams<'_>,
    ) -> Result<Outcome<LoadProjectResult>, RpcError> {
        let put = |into: &mut Document, loaded| into.replace_by(loaded);
        let (offset, import, frames, layer) = Default::default();
        let (action, is_project) = ("load project", true);
        load(context, params, TakeOver { action, put, is_project, offset, import, frames, layer })
    }
}

impl Handle for ImportModel {
    fn handle(
        context: &mut Context<'_>,
        params: ImportModelParams<'_>,
    ) -> Result<Outcome<LoadProjectResult>, RpcError> {
        let palette = &context.project()?.document().palette;
        let Chosen { mut import, frames, is_whole } = Chosen::of(&params, palette)?;
        if let Some(layer) = &params.layer {
            if is_whole {
                let message = "give 'layer' or into: \"project\", not both";
                return Err(ParamError::rule("layer", message).into());
            }
            // Told before anything is read.
            let document = context.project()?.document();
            let id = target::layer_id(document, layer, NO_SUCH_LAYER)?;
            target::editable_layer(document, id, NO_SUCH_LAYER)?;
            import.into_one = true;
        }
        let put: fn(&mut Document, Document) = if is_whole {
            |into, loaded| into.replace_by(loaded)
        } else {
            |into, loaded| add_layers(into, &loaded)
        };
        let ImportModelParams { path, format, y_up, voxel_size, fit, position, layer, .. } = params;
        let params = LoadProjectParams { path, format, y_up, voxel_size, fit };
        let (action, offset) = ("import model", position.unwrap_or_default());
        let is_project = false;
        let take_over = TakeOver { action, put, is_project, offset, import, frames, layer };
        load(context, params, take_over)
    }
}

/// How a model is imported.
#[derive(Default)]
struct Chosen {
    import: ImportOptions,
    frames: bool,
    /// Whether it takes the place of the whole document.
    is_whole: bool,
}

/// The names of the options of import.
const IMPORT_OPTIONS: [&str; 5] = ["frames", "turns", "fill", "into", "palette"];

impl Chosen {
    fn of(params: &ImportModelParams<'_>, palette: &Palette) -> Result<Chosen, ParamError> {
        let mut chosen = Chosen::default();
        let own = [params.frames, params.turns, params.fill, params.into, params.palette];
        if let Some(raw) = params.options.as_ref().filter(|raw| !raw.0.starts_with('{')) {
            notes::note(format!("options {} is no object and was not used", shown(raw.0)));
        }
        for (name, value) in params.options.iter().flat_map(|raw| few_members(raw.0)) {
            if !chosen.set(&name, value, palette)? {
                notes::note_unknown("options.", &name, &IMPORT_OPTIONS);
            }
        }
        for (name, raw) in IMPORT_OPTIONS.into_iter().zip(own) {
            if let Some(raw) = raw {
                chosen.set(name, raw.0, palette)?;
            }
        }
        Ok(chosen)
    }

    /// Sets an option; false if there is none of this name.
    fn set(&mut self, name: &str, raw: &str, palette: &Palette) -> Result<bool, ParamError> {
        let word = || read::<Cow<'_, str>>(raw, "").map(Cow::into_owned).unwrap_or_default();
        let wrong = |expected: &str| {
            let (param, got) = (name.to_owned().into(), shown(raw));
            ParamError::Mismatch { param, expected: expected.to_owned(), got }
        };
        match name {
            "frames" => self.frames = read(raw, "frames")?,
            "turns" => self.import.turns = read::<i32>(raw, "turns")?.into(),
            "fill" => self.import.fill = read(raw, "fill")?,
            "into" => match word().as_str() {
                "layers" | "layer" => {}
                "one" => self.import.into_one = true,
                "project" => self.is_whole = true,
                _ => return Err(wrong("layers, one or project")),
            },
            "palette" => match word().as_str() {
                "keep" => {}
                "match" => {
                    let colors = palette.colors.iter().map(|(color, _)| *color);
                    self.import.palette = colors.collect();
                }
                _ => return Err(wrong("keep or match")),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Adds the layers of another document on top, with the materials they use.
fn add_layers(document: &mut Document, source: &Document) {
    let first_material = document.materials.len();
    document.materials.extend(source.materials.iter().cloned());
    let mut new_ids = Vec::new();
    for layer in source.layers() {
        let mut copy = layer.clone();
        copy.material = layer.material.map(|index| index + first_material);
        // Of a clone layer the base has just been added under a new id, if it came before.
        if let LayerContent::Clone { base } = &mut copy.content {
            let renamed = new_ids.iter().find(|(old, _)| old == base);
            *base = renamed.map_or(*base, |(_, new)| *new);
        }
        new_ids.push((layer.id, document.push_layer(copy)));
    }
}

/// The path and format of a save that names no path: those of the document's own file.
fn own_target(project: &Project) -> Result<(String, &'static str), ParamError> {
    let own = project.file();
    let own = own.map(|own| (own.path.to_string_lossy().into_owned(), own.format));
    own.ok_or_else(|| {
        let expected = "a string, since the document has no file of its own yet".to_owned();
        ParamError::Missing { param: "path".into(), expected }
    })
}

impl Handle for SaveProject {
    fn handle(
        context: &mut Context<'_>,
        params: SaveProjectParams<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        let SaveProjectParams { path, format, y_up, merge_faces, options, if_unchanged } = params;
        let options = read_export_options(y_up, merge_faces, options)?;
        let project = context.project()?;
        let intent = Intent::Save { state: project.state_to_save(), if_unchanged };
        let format = format.map(Cow::into_owned);
        let (path, format) = match path {
            Some(path) => (path.into_owned(), format),
            None => {
                let (path, own) = own_target(project)?;
                (path, format.or_else(|| Some(own.to_owned())))
            }
        };
        let blame = (SAVE_PROJECT, "save project");
        Wanted { path, format, options, intent, blame }.write(context)
    }
}

/// The options of export that a call names beside its params.
fn chosen<'a>(params: &ExportModelParams<'a>) -> Vec<(&'static str, Raw<'a>)> {
    let &ExportModelParams {
        layers,
        region,
        origin,
        scale,
        axes,
        merge,
        mesh,
        colors,
        ao,
        quantize,
        dither,
        compact,
        plain,
        blocks,
        name,
        ..
    } = params;
    let all = [
        layers, region, origin, scale, axes, merge, mesh, colors, ao, quantize, dither, compact,
        plain, blocks, name,
    ];
    format::OPTION_NAMES.into_iter().zip(all).filter_map(|(n, raw)| Some((n, raw?))).collect()
}

impl Handle for ExportModel {
    fn handle(
        context: &mut Context<'_>,
        params: ExportModelParams<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        let chosen = chosen(&params);
        let ExportModelParams { path, format, y_up, merge_faces, options, overwrite, .. } = params;
        let mut options = read_export_options(y_up, merge_faces, options)?;
        for (name, raw) in chosen {
            options.set(name, raw.0)?;
        }
        context.project()?;
        let (path, format) = (path.into_owned(), format.map(Cow::into_owned));
        let (intent, blame) = (Intent::Export { overwrite }, (EXPORT_MODEL, "export model"));
        Wanted { path, format, options, intent, blame }.write(context)
    }
}
