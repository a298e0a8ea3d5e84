//! Handlers that read and write files.
//!
//! Loading, saving and drawing go on in slices over a snapshot. The document changes only when a load has
//! succeeded as a whole; a file is replaced only when a save has.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::drawing::{Drawing, Drawn, draw};
use super::entries;
use super::own_files::{Intent, Looked, Target as Place, look, not_written, open_elsewhere};
use super::placing::{Blame, Destination, place};
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
use crate::document::{Document, Layer, LayerContent};
use crate::edit::{Limits, Runner};
use crate::file_access::{FilePath, Purpose};
use crate::format::{
    self, ExportOptions, FormatError, LoadJob, Loaded, Lost, ReadOptions, SaveJob, Saved,
    SurfaceOptions, VoxeliseOptions, WriteOptions, is_same,
};
use crate::job::{Budget, Job, Progress, Slice, Step, Work};
use crate::render::{Picture, RenderSettings};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{EXPORT_MODEL, LOAD_PROJECT, OUTSIDE_ROOTS, RpcError, SAVE_PROJECT};
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
) -> Result<Work<LookedAndLoaded>, FormatError> {
    let format = params.format.as_deref().map(format::by_name).transpose()?;
    let voxel_size = params.voxel_size.map_or(1.0, |size| size.0);
    let fit = params.fit.map(|voxels| voxels.0 as u32);
    let voxelise = VoxeliseOptions { y_up: params.y_up, voxel_size, fit };
    let options = ReadOptions { voxelise, ..read_options(context) };
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
}

/// Loads a file and puts its document into the project, whose clones and shapes are computed in slices, too.
fn load(
    context: &mut Context<'_>,
    params: LoadProjectParams<'_>,
    TakeOver { action, put, is_project, offset }: TakeOver,
) -> Result<Outcome<LoadProjectResult>, RpcError> {
    context.project()?;
    let path = params.path.clone().into_owned();
    let failed = |path: &str, error: FormatError| file_error(LOAD_PROJECT, action, path, &error);
    let job = start_load(context, &params).map_err(|error| failed(&path, error))?;
    Ok(Outcome::chain_later(job, move |context, loaded| {
        let (Looked { place, identity }, mut loaded) =
            loaded.map_err(|error| failed(&path, error))?;
        let path = PathBuf::from(&path);
        if is_project {
            let elsewhere = open_elsewhere(context.workspace, &place, context.project_name);
            loaded.warnings.extend(elsewhere);
        }
        let file = OwnFile { path: path.clone(), place, format: loaded.format, identity };
        let take_over = move |context: &mut Context<'_>, loaded: Loaded| {
            let document = loaded.document.clone();
            let work = AtOnce::new(move |into: &mut Document| {
                put(into, document);
                Ok(())
            });
            let project_id = context.project_name.to_owned();
            drafted(context, action, Scope::Document, work, move |project, ()| {
                if is_project {
                    project.begin_document(Some(file));
                }
                Ok(told(loaded, &path, project_id, project))
            })
        };
        if offset == [0; 3] {
            return take_over(context, loaded);
        }
        let moving = Shift::new(loaded, offset, context.workspace.edit_limits)?;
        Outcome::chain(context, moving, move |context, moved| take_over(context, moved?))
    }))
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

/// Moves where a layer stands: its pivot or the place of what is computed, and the box that bounds it.
fn place_by(layer: &mut Layer, offset: [i32; 3]) {
    let is_clone = matches!(layer.content, LayerContent::Clone { .. });
    let matrix = &mut layer.matrix.0;
    for axis in 0..3 {
        // The base of a clone has moved as well, so the clone takes back what its matrix makes of that.
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
fn told(loaded: Loaded, path: &Path, project_id: String, project: &Project) -> LoadProjectResult {
    let path = path.to_string_lossy().into_owned();
    let (layers, document) = (loaded.document.layers(), project.document());
    LoadProjectResult {
        success: true,
        file_path: path.clone(),
        path,
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
        let offset = [0; 3];
        load(context, params, TakeOver { action: "load project", put, is_project: true, offset })
    }
}

impl Handle for ImportModel {
    fn handle(
        context: &mut Context<'_>,
        params: ImportModelParams<'_>,
    ) -> Result<Outcome<LoadProjectResult>, RpcError> {
        let put = |into: &mut Document, loaded| add_layers(into, &loaded);
        let ImportModelParams { path, format, y_up, voxel_size, fit, position } = params;
        let params = LoadProjectParams { path, format, y_up, voxel_size, fit };
        let (action, offset) = ("import model", position.unwrap_or_default());
        load(context, params, TakeOver { action, put, is_project: false, offset })
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

/// Pixels along an edge of the preview in a file.
const PREVIEW_SIZE: u32 = 128;

/// What a save came to, and what was merged for the preview, to be given back to the project.
type SaveOutput = (Result<Saved, FormatError>, Option<Drawn<Picture>>);

/// What is to be saved, and how.
struct SaveRequest {
    document: Document,
    file: FilePath,
    format: &'static format::Format,
    options: WriteOptions,
}

impl SaveRequest {
    /// Saves; the preview first where the format has one, and if it can be drawn.
    async fn save(mut self, drawing: Option<Drawing>, slice: &Slice) -> SaveOutput {
        let mut drawn = None;
        if let Some(drawing) = drawing {
            drawn = slice.run(drawing).await.ok();
            self.options.preview = drawn.as_ref().and_then(|drawn| drawn.picture.encode_png().ok());
        }
        let saved = match SaveJob::new(self.document, self.file, self.format, self.options) {
            Ok(job) => slice.run(job).await,
            Err(error) => Err(error),
        };
        (saved, drawn)
    }
}

/// The preview of a project as it is now.
fn preview(project: &mut Project) -> Option<Drawing> {
    let settings = RenderSettings {
        width: PREVIEW_SIZE,
        height: PREVIEW_SIZE,
        background: crate::voxel::Rgba::EMPTY,
        ..Default::default()
    };
    draw(project, settings).ok()
}

/// What is to be written, whether as a save or as an export.
struct Wanted {
    path: String,
    format: Option<String>,
    options: Options,
    intent: Intent,
    blame: Blame,
}

/// How it is to be written.
struct Options {
    surface: SurfaceOptions,
    export: ExportOptions,
}

/// Sets an option of export; false if there is none of this name.
fn set_option(export: &mut ExportOptions, name: &str, raw: &str) -> Result<bool, ParamError> {
    let text = option_text(raw);
    export.set(name, &text).map_err(|problem| {
        let (found, expected) = problem.split_once("; expected ").unwrap_or((&problem, "another"));
        let (param, expected) = (format!("options.{name}").into(), expected.to_owned());
        ParamError::Mismatch { param, expected, got: found.to_owned() }
    })
}

/// The text that an option's value is, whatever JSON it is: lists have commas between.
fn option_text(raw: &str) -> String {
    use serde_json::Value;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match serde_json::from_str(raw) {
        Ok(Value::Array(parts)) => {
            let flat = parts.iter().flat_map(|part| match part {
                Value::Array(inner) => inner.iter().map(text).collect(),
                part => vec![text(part)],
            });
            flat.collect::<Vec<_>>().join(",")
        }
        Ok(value) => text(&value),
        Err(_) => raw.to_owned(),
    }
}

/// Losses as answers tell them.
fn lost_things(lost: Vec<Lost>) -> Vec<LostThings> {
    let one = |Lost { kind, count, note }| LostThings { kind: kind.name(), count, note };
    lost.into_iter().map(one).collect()
}

/// Reads the options of a call; those that no format has are noted.
fn read_export_options(
    y_up: bool,
    merge: bool,
    options: Option<Raw<'_>>,
) -> Result<Options, ParamError> {
    let (mut surface, mut export) = (SurfaceOptions { y_up, merge }, ExportOptions::default());
    if let Some(raw) = options.as_ref().filter(|raw| !raw.0.starts_with('{')) {
        notes::note(format!("options {} is no object and was not used", shown(raw.0)));
    }
    for (name, value) in options.iter().flat_map(|raw| few_members(raw.0)) {
        if name == "optimize_mesh" {
            surface.merge |= read::<bool>(value, "options.optimize_mesh")?;
        } else if !set_option(&mut export, &name, value)? {
            notes::note_unknown("options.", &name, &format::OPTION_NAMES);
        }
    }
    Ok(Options { surface, export })
}

impl Wanted {
    /// Writes the document as it is now; later edits do not reach the file.
    fn write(self, context: &mut Context<'_>) -> Result<Outcome<SaveProjectResult>, RpcError> {
        if self.is_picture() {
            return self.write_picture(context);
        }
        let format = format::find_for_writing(Path::new(&self.path), self.format.as_deref())
            .map_err(|error| self.failed(&error))?;
        if format.holds_all() {
            return self.write_whole(context, format);
        }
        let document = context.project()?.document().clone();
        Ok(self.write_as(context, format, document))
    }

    /// Whether a drawn picture is asked for: the format "png", or no format and a path that ends so.
    fn is_picture(&self) -> bool {
        match self.format.as_deref() {
            Some(format) => format.eq_ignore_ascii_case("png"),
            None => {
                let extension = Path::new(&self.path).extension();
                extension.is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
            }
        }
    }

    fn failed(&self, error: &FormatError) -> RpcError {
        file_error(self.blame.0, self.blame.1, &self.path, error)
    }

    /// Writes a document, or what the format shows of it.
    fn write_as(
        self,
        context: &Context<'_>,
        format: &'static format::Format,
        document: Document,
    ) -> Outcome<SaveProjectResult> {
        let Options { surface, export } = &self.options;
        let (surface, export) = (*surface, export.clone());
        let options = WriteOptions { surface, export, ..WriteOptions::default() };
        let (file, written) = (context.file(&self.path), document.clone());
        let request = SaveRequest { document: written, file: file.clone(), format, options };
        let job = Work::new(|slice| async move { request.save(None, &slice).await });
        self.after_look(file, job, move |context, writing, (saved, _)| {
            let saved = saved.map_err(|error| writing.failed(context, &error))?;
            let may_hold_all = saved.warnings.is_empty() && is_small(&document);
            if !may_hold_all || matches!(writing.wanted.intent, Intent::Export { .. }) {
                return writing.told(context, saved, None).map(Outcome::Done);
            }
            // Reads the file again: if it holds all of the document, the document is saved.
            let file = context.file(&writing.wanted.path);
            let job = LoadJob::of_file(file, Some(format), read_options(context));
            Ok(Outcome::job(job, move |context, again| {
                let holds_all = again.is_ok_and(|again| is_same(&document, &again.document));
                writing.told(context, saved, holds_all.then_some(format.name))
            }))
        })
    }

    /// Writes into the one format that holds everything, with a preview, and with what the last save left behind.
    fn write_whole(
        self,
        context: &mut Context<'_>,
        format: &'static format::Format,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        let file = context.file(&self.path);
        let project = context.project()?;
        let cache = std::mem::take(&mut project.save_cache);
        let document = project.document().clone();
        let options = WriteOptions { cache, ..WriteOptions::default() };
        let request = SaveRequest { document, file: file.clone(), format, options };
        let preview = preview(project);
        let job = Work::new(|slice| async move { request.save(preview, &slice).await });
        Ok(self.after_look(file, job, move |context, writing, (saved, drawn)| {
            drawn.map(|drawn| drawn.into_picture(context));
            let mut saved = saved.map_err(|error| writing.failed(context, &error))?;
            // The project may have been closed meanwhile.
            if let Ok(project) = context.project() {
                project.save_cache = std::mem::take(&mut saved.cache);
            }
            writing.told(context, saved, Some(format.name)).map(Outcome::Done)
        }))
    }

    /// Looks where the path leads to and whether that may be written, and then writes.
    fn after_look(
        self,
        file: FilePath,
        job: Work<SaveOutput>,
        go_on: impl FnOnce(
            &mut Context<'_>,
            Writing,
            SaveOutput,
        ) -> Result<Outcome<SaveProjectResult>, RpcError>
        + 'static,
    ) -> Outcome<SaveProjectResult> {
        Outcome::chain_later(look(file, Purpose::Write), move |context, looked| {
            let place = self.intent.check(context, &self.path, looked, self.blame)?;
            let writing = Writing { wanted: self, place };
            Ok(Outcome::chain_later(job, move |context, output| go_on(context, writing, output)))
        })
    }

    /// Draws the document as it is now into a PNG.
    fn write_picture(
        self,
        context: &mut Context<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        let (width, height) = (EXPORTED_PICTURE_SIZE, EXPORTED_PICTURE_SIZE);
        let settings = RenderSettings { width, height, ..Default::default() };
        let job = super::pictures::start(context, settings)?;
        let overwrite = matches!(self.intent, Intent::Export { overwrite: true });
        let destination = Destination::Path { path: self.path.clone(), overwrite };
        Ok(place(job, destination, self.blame, move |_, placed| {
            let (bytes, warnings) = (placed.bytes, notes::take());
            let Wanted { path, format, .. } = self;
            Ok(SaveProjectResult { success: true, path, format, bytes, warnings, lost: Vec::new() })
        }))
    }
}

/// Pixels along an edge of an exported picture.
const EXPORTED_PICTURE_SIZE: u32 = 1024;

/// A file that is being written.
struct Writing {
    wanted: Wanted,
    place: Place,
}

impl Writing {
    fn failed(&self, context: &mut Context<'_>, error: &FormatError) -> RpcError {
        not_written(context, &self.wanted.path, error, self.wanted.blame)
    }

    /// Notes that the file is written, and tells it.
    fn told(
        self,
        context: &mut Context<'_>,
        saved: Saved,
        holds_all: Option<&'static str>,
    ) -> Result<SaveProjectResult, RpcError> {
        let Writing { wanted, place } = self;
        place.written(context, &wanted.path, saved.identity, holds_all);
        Ok(SaveProjectResult {
            success: true,
            path: wanted.path,
            format: wanted.format,
            bytes: saved.bytes,
            warnings: notes::behind([saved.warnings, place.warnings].concat()),
            lost: lost_things(saved.lost),
        })
    }
}

/// Whether a document may be compared voxel by voxel without anybody noticing.
fn is_small(document: &Document) -> bool {
    const BYTES: u64 = 8 << 20;
    document.layers().iter().map(|layer| layer.volume.memory()).sum::<u64>() <= BYTES
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
            set_option(&mut options.export, name, raw.0)?;
        }
        context.project()?;
        let (path, format) = (path.into_owned(), format.map(Cow::into_owned));
        let (intent, blame) = (Intent::Export { overwrite }, (EXPORT_MODEL, "export model"));
        Wanted { path, format, options, intent, blame }.write(context)
    }
}
