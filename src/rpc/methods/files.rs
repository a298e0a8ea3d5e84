//! Handlers that read and write files.
//!
//! Loading, saving and drawing go on in slices over a snapshot. The document changes only when a load has
//! succeeded as a whole; a file is replaced only when a save has.

use std::path::{Path, PathBuf};

use super::drawing::{DrawJob, Drawn};
use super::entries;
use super::placing::{Destination, place};
use super::sources::sourced;
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::json::Members;
use crate::api::methods::files::*;
use crate::api::source::Source;
use crate::api::value::read;
use crate::document::history::Scope;
use crate::document::{Document, LayerContent};
use crate::format::{
    self, FormatError, LoadJob, Loaded, ReadOptions, SaveJob, Saved, SurfaceOptions,
    VoxeliseOptions, WriteOptions,
};
use crate::job::{Budget, Job, Progress, Step};
use crate::render::RenderSettings;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{EXPORT_MODEL, LOAD_PROJECT, RpcError, SAVE_PROJECT};
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![LoadProject, SaveProject, ExportModel, ImportModel];

/// The error of a call about a file. The system's reason and the place in the file go into `data`.
pub(super) fn file_error(code: i32, action: &str, path: &str, error: &FormatError) -> RpcError {
    let mut rpc = RpcError::new(code, format!("Failed to {action} '{path}': {error}"))
        .with("path", path)
        .hint(error.hint());
    if let Some(reason) = error.reason() {
        rpc = rpc.with("reason", reason);
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
pub(super) fn read_options(context: &Context<'_>) -> ReadOptions {
    ReadOptions { limits: context.daemon.limits.files, ..ReadOptions::default() }
}

fn start_load(
    context: &Context<'_>,
    params: &LoadProjectParams<'_>,
) -> Result<LoadJob, FormatError> {
    let format = params.format.as_deref().map(format::by_name).transpose()?;
    let voxel_size = params.voxel_size.map_or(1.0, |size| size.0);
    let fit = params.fit.map(|voxels| voxels.0 as u32);
    let voxelise = VoxeliseOptions { y_up: params.y_up, voxel_size, fit };
    let options = ReadOptions { voxelise, ..read_options(context) };
    LoadJob::open(Path::new(&*params.path), format, options)
}

/// What is done with a document that was loaded.
struct TakeOver {
    /// What it is called in errors and in the history.
    action: &'static str,
    /// Puts it into the project's document.
    put: fn(&mut Document, Document),
    /// Whether the project is that of the file from then on.
    is_project: bool,
}

/// Loads a file and puts its document into the project, whose clones and shapes are computed in slices, too.
fn load(
    context: &mut Context<'_>,
    params: LoadProjectParams<'_>,
    TakeOver { action, put, is_project }: TakeOver,
) -> Result<Outcome<LoadProjectResult>, RpcError> {
    context.project()?;
    let path = params.path.clone().into_owned();
    let failed = |path: &str, error: FormatError| file_error(LOAD_PROJECT, action, path, &error);
    let job = start_load(context, &params).map_err(|error| failed(&path, error))?;
    Ok(Outcome::chain_later(job, move |context, loaded| {
        let loaded = loaded.map_err(|error| failed(&path, error))?;
        let path = PathBuf::from(&path);
        let Loaded { document, .. } = &loaded;
        let document = document.clone();
        let work = AtOnce::new(move |into: &mut Document| {
            put(into, document);
            Ok(())
        });
        let project_id = context.project_name.to_owned();
        drafted(context, action, Scope::Document, work, move |project, ()| {
            if is_project {
                project.mark_saved(project.revision(), path.clone());
            }
            Ok(told(loaded, &path, project_id, project))
        })
    }))
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
        warnings: loaded.warnings,
        revision: project.revision(),
    }
}

impl Handle for LoadProject {
    fn handle(
        context: &mut Context<'_>,
        params: LoadProjectParams<'_>,
    ) -> Result<Outcome<LoadProjectResult>, RpcError> {
        let put = |into: &mut Document, loaded| *into = loaded;
        load(context, params, TakeOver { action: "load project", put, is_project: true })
    }
}

impl Handle for ImportModel {
    fn handle(
        context: &mut Context<'_>,
        params: LoadProjectParams<'_>,
    ) -> Result<Outcome<LoadProjectResult>, RpcError> {
        let put = |into: &mut Document, loaded| add_layers(into, &loaded);
        load(context, params, TakeOver { action: "import model", put, is_project: false })
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

/// A save: the preview first where the format has one, then the file.
struct Save {
    stage: SaveStage,
    /// What was merged for the preview, to be given back to the project.
    drawn: Option<Drawn>,
}

enum SaveStage {
    Preview { job: Box<DrawJob>, rest: Box<SaveRequest> },
    Saving(Box<SaveJob>),
    Failed(Option<FormatError>),
}

/// What is to be saved, and how.
struct SaveRequest {
    document: Document,
    path: PathBuf,
    format: &'static format::Format,
    options: WriteOptions,
}

impl SaveRequest {
    fn start(self) -> SaveStage {
        match SaveJob::create(self.document, &self.path, self.format, self.options) {
            Ok(job) => SaveStage::Saving(Box::new(job)),
            Err(error) => SaveStage::Failed(Some(error)),
        }
    }

    fn start_with_preview(self, project: &mut Project) -> SaveStage {
        let settings = RenderSettings {
            width: PREVIEW_SIZE,
            height: PREVIEW_SIZE,
            background: crate::voxel::Rgba::EMPTY,
            ..Default::default()
        };
        match DrawJob::new(project, settings) {
            Ok(job) => SaveStage::Preview { job: Box::new(job), rest: Box::new(self) },
            Err(_) => self.start(),
        }
    }
}

impl Job for Save {
    type Output = (Result<Saved, FormatError>, Option<Drawn>);

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match &mut self.stage {
            SaveStage::Preview { job, .. } => {
                if let Step::Done(drawn) = job.step(budget) {
                    self.drawn = drawn.ok();
                    self.preview_done();
                }
                Step::More
            }
            SaveStage::Saving(job) => match job.step(budget) {
                Step::More => Step::More,
                Step::Done(saved) => Step::Done((saved, self.drawn.take())),
            },
            SaveStage::Failed(error) => {
                let source = || std::io::Error::other("the save had failed before");
                let again =
                    || FormatError::Io { action: "write", path: PathBuf::new(), source: source() };
                Step::Done((Err(error.take().unwrap_or_else(again)), self.drawn.take()))
            }
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            SaveStage::Preview { .. } | SaveStage::Failed(_) => Progress::default(),
            SaveStage::Saving(job) => job.progress(),
        }
    }
}

impl Save {
    /// Goes on from the preview to the file. A preview that could not be drawn is left out.
    fn preview_done(&mut self) {
        let stage = std::mem::replace(&mut self.stage, SaveStage::Failed(None));
        self.stage = match stage {
            SaveStage::Preview { mut rest, .. } => {
                let drawn = self.drawn.as_ref();
                rest.options.preview = drawn.and_then(|drawn| drawn.picture.encode_png().ok());
                rest.start()
            }
            other => other,
        };
    }
}

/// How surfaces are written, and warnings about options that no format has.
fn surface_options(
    params: &SaveProjectParams<'_>,
) -> Result<(SurfaceOptions, Vec<String>), ParamError> {
    let mut surface = SurfaceOptions { y_up: params.y_up, merge: params.merge_faces };
    let mut warnings = Vec::new();
    for (name, value) in params.options.iter().flat_map(|raw| Members::new(raw.0)) {
        match &*name {
            "optimize_mesh" => surface.merge |= read::<bool>(value, "options.optimize_mesh")?,
            other => warnings.push(format!("the option '{}' is not known", shown(other))),
        }
    }
    Ok((surface, warnings))
}

/// Saves or exports the document as it is now; later edits do not reach the file.
fn save(
    context: &mut Context<'_>,
    params: SaveProjectParams<'_>,
    code: i32,
    action: &'static str,
) -> Result<Outcome<SaveProjectResult>, RpcError> {
    if is_picture(&params) {
        return save_picture(context, params, code, action);
    }
    let (surface, unknown) = surface_options(&params)?;
    let project = context.project()?;
    let path = PathBuf::from(&*params.path);
    let format = format::find_for_writing(&path, params.format.as_deref())
        .map_err(|error| file_error(code, action, &params.path, &error))?;
    let named_format = params.format.map(|format| format.into_owned());
    let target = Target { path, shown: params.path.into_owned(), named_format, unknown };
    if format.name == "gox" {
        return save_whole(context, target, format, code, action);
    }
    let document = project.document().clone();
    let start = move |document| {
        let options = WriteOptions { surface, ..WriteOptions::default() };
        let request = SaveRequest { document, path: target.path.clone(), format, options };
        let job = Save { stage: request.start(), drawn: None };
        Outcome::job(job, move |_, (saved, _)| target.told(saved, code, action))
    };
    if !OF_WHAT_IS_SEEN.contains(&format.name) {
        return Ok(start(document));
    }
    sourced(context, Source::Visible, move |_, seen, _| Ok(start(document.flattened(seen))))
}

/// Formats whose files hold the visible layers as one: these are merged in slices before the writer begins.
const OF_WHAT_IS_SEEN: [&str; 4] = ["obj", "ply", "text", "png slices"];

/// Where a file goes, and what its caller called it.
struct Target {
    path: PathBuf,
    shown: String,
    named_format: Option<String>,
    /// Warnings about options that are not known.
    unknown: Vec<String>,
}

impl Target {
    fn told(
        self,
        saved: Result<Saved, FormatError>,
        code: i32,
        action: &str,
    ) -> Result<SaveProjectResult, RpcError> {
        let saved = saved.map_err(|error| file_error(code, action, &self.shown, &error))?;
        Ok(SaveProjectResult {
            success: true,
            path: self.shown,
            format: self.named_format,
            bytes: saved.bytes,
            warnings: [saved.warnings, self.unknown].concat(),
        })
    }
}

/// Saves into the one format that holds everything, with a preview, and with what the last save left behind.
fn save_whole(
    context: &mut Context<'_>,
    target: Target,
    format: &'static format::Format,
    code: i32,
    action: &'static str,
) -> Result<Outcome<SaveProjectResult>, RpcError> {
    let project = context.project()?;
    let cache = std::mem::take(&mut project.save_cache);
    let (document, revision) = (project.document().clone(), project.revision());
    let options = WriteOptions { cache, ..WriteOptions::default() };
    let request = SaveRequest { document, path: target.path.clone(), format, options };
    let job = Save { stage: request.start_with_preview(project), drawn: None };
    Ok(Outcome::job(job, move |context, (saved, drawn)| {
        drawn.map(|drawn| drawn.into_picture(context));
        let mut saved = saved;
        // The project may have been closed while it was saved; the file is good all the same.
        if let (Ok(saved), Ok(project)) = (&mut saved, context.project()) {
            project.save_cache = std::mem::take(&mut saved.cache);
            if code == SAVE_PROJECT {
                project.mark_saved(revision, target.path.clone());
            }
        }
        target.told(saved, code, action)
    }))
}

/// Whether a call asks for a drawn picture: the format "png", or no format and a path that ends so.
fn is_picture(params: &SaveProjectParams<'_>) -> bool {
    match params.format.as_deref() {
        Some(format) => format.eq_ignore_ascii_case("png"),
        None => {
            let extension = Path::new(&*params.path).extension();
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
        }
    }
}

/// Pixels along an edge of an exported picture.
const EXPORTED_PICTURE_SIZE: u32 = 1024;

/// Draws the document as it is now into a PNG.
fn save_picture(
    context: &mut Context<'_>,
    params: SaveProjectParams<'_>,
    code: i32,
    action: &'static str,
) -> Result<Outcome<SaveProjectResult>, RpcError> {
    let (width, height) = (EXPORTED_PICTURE_SIZE, EXPORTED_PICTURE_SIZE);
    let settings = RenderSettings { width, height, ..Default::default() };
    let job = super::pictures::start(context, settings)?;
    let named_format = params.format.map(|format| format.into_owned());
    let path = params.path.into_owned();
    let destination = Destination::Path(path.clone());
    Ok(place(job, destination, (code, action), move |_, placed| {
        let (bytes, warnings) = (placed.bytes, Vec::new());
        Ok(SaveProjectResult { success: true, path, format: named_format, bytes, warnings })
    }))
}

impl Handle for SaveProject {
    fn handle(
        context: &mut Context<'_>,
        params: SaveProjectParams<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        save(context, params, SAVE_PROJECT, "save project")
    }
}

impl Handle for ExportModel {
    fn handle(
        context: &mut Context<'_>,
        params: SaveProjectParams<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        save(context, params, EXPORT_MODEL, "export model")
    }
}
