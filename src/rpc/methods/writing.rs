//! Files that are written from a project: saves, exports and pictures of it, in slices over a
//! snapshot. A file is replaced only when all of it is written.

use std::path::Path;

use super::drawing::{Drawing, Drawn, draw};
use super::files::{file_error, read_options};
use super::own_files::{Intent, Target as Place, look, not_written};
use super::placing::{Blame, Destination, place};
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::json::few_members;
use crate::api::methods::files::*;
use crate::api::notes;
use crate::api::value::{Raw, read};
use crate::document::Document;
use crate::file_access::{FilePath, Purpose};
use crate::format::{
    self, ExportOptions, FormatError, LoadJob, Lost, SaveJob, Saved, SurfaceOptions, WriteOptions,
    is_same,
};
use crate::job::{Slice, Work};
use crate::likeness::nearest;
use crate::render::{Picture, RenderSettings};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::workspace::Project;

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
pub(super) struct Wanted {
    pub(super) path: String,
    pub(super) format: Option<String>,
    pub(super) options: Options,
    pub(super) intent: Intent,
    pub(super) blame: Blame,
}

/// Options of surfaces that are params of their own.
const SURFACE_OPTIONS: [&str; 2] = ["y_up", "merge_faces"];

/// How it is to be written.
pub(super) struct Options {
    surface: SurfaceOptions,
    export: ExportOptions,
    /// The options that the call names.
    given: Vec<String>,
}

impl Options {
    /// Sets an option of export; false if there is none of this name.
    pub(super) fn set(&mut self, name: &str, raw: &str) -> Result<bool, ParamError> {
        self.given.push(name.to_owned());
        self.export.set(name, &option_text(raw)).map_err(|problem| {
            let (found, expected) =
                problem.split_once("; expected ").unwrap_or((&problem, "another"));
            let found = found.strip_prefix(&format!("{name} is ")).unwrap_or(found);
            let (param, expected) = (format!("options.{name}").into(), expected.to_owned());
            ParamError::Mismatch { param, expected, got: found.to_owned() }
        })
    }

    /// Notes what of the options has no effect on a format; `None` is a picture.
    fn note_unused(&self, format: Option<&format::Format>) {
        let usual = SurfaceOptions::default();
        let surface = [
            (self.surface.y_up != usual.y_up, "y_up"),
            (self.surface.merge != usual.merge, "merge_faces"),
        ];
        let surface = surface.iter().filter(|(is_given, _)| *is_given).map(|(_, name)| *name);
        // What is not known at all is named as such.
        let is_known = |option: &&str| {
            format::OPTION_NAMES.contains(option) || SURFACE_OPTIONS.contains(option)
        };
        let given = self.given.iter().map(|name| &**name).chain(surface).filter(is_known);
        let idle = match format {
            Some(format) => format.without_effect(given),
            None => given.map(|o| format!("'{o}' has no effect on the format png")).collect(),
        };
        idle.into_iter().for_each(notes::note);
        self.export.idle().into_iter().for_each(notes::note);
    }
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
pub(super) fn lost_things(lost: Vec<Lost>) -> Vec<LostThings> {
    let one = |Lost { kind, count, note }| LostThings { kind: kind.name(), count, note };
    lost.into_iter().map(one).collect()
}

/// Reads the options of a call; those that no format has are noted.
pub(super) fn read_export_options(
    y_up: bool,
    merge: bool,
    options: Option<Raw<'_>>,
) -> Result<Options, ParamError> {
    let surface = SurfaceOptions { y_up, merge };
    let mut read_so_far = Options { surface, export: ExportOptions::default(), given: Vec::new() };
    if let Some(raw) = options.as_ref().filter(|raw| !raw.0.starts_with('{')) {
        notes::note(format!("options {} is no object and was not used", shown(raw.0)));
    }
    let own = ["optimize_mesh"].into_iter().chain(SURFACE_OPTIONS);
    let known: Vec<&str> = own.chain(format::OPTION_NAMES).collect();
    for (name, value) in options.iter().flat_map(|raw| few_members(raw.0)) {
        if name == "optimize_mesh" {
            read_so_far.surface.merge |= read::<bool>(value, "options.optimize_mesh")?;
        } else if SURFACE_OPTIONS.contains(&&*name) {
            let surface = &mut read_so_far.surface;
            let flag = read::<bool>(value, "options")?;
            if name == "y_up" { surface.y_up = flag } else { surface.merge = flag }
        } else if !read_so_far.set(&name, value)? {
            notes::note_unknown("options.", &name, &known);
        }
    }
    Ok(read_so_far)
}

impl Wanted {
    /// Writes the document as it is now; later edits do not reach the file.
    pub(super) fn write(
        self,
        context: &mut Context<'_>,
    ) -> Result<Outcome<SaveProjectResult>, RpcError> {
        if self.is_picture() {
            self.options.note_unused(None);
            return self.write_picture(context);
        }
        let format = format::find_for_writing(Path::new(&self.path), self.format.as_deref())
            .map_err(|error| self.failed(&error))?;
        self.options.note_unused(Some(format));
        self.check_layers(context)?;
        // A part of the document is written as any other format would be.
        if format.holds_all() && self.options.export == ExportOptions::default() {
            return self.write_whole(context, format);
        }
        let document = context.project()?.document().clone();
        Ok(self.write_as(context, format, document))
    }

    /// Refuses layers that are not there: a file without them would pass for the model.
    fn check_layers(&self, context: &mut Context<'_>) -> Result<(), RpcError> {
        let document = context.project()?.document();
        let Some(missing) = self.options.export.missing_layer(document) else { return Ok(()) };
        let names: Vec<&str> = document.layers().iter().map(|layer| &*layer.name).collect();
        let near = nearest(missing, names.iter().copied());
        let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        let message = format!("No such layer: '{}'{hint}", shown(missing));
        Err(RpcError::from(ParamError::rule("layers", message)).known("known", names))
    }

    /// Whether a drawn picture is asked for: the format "png", or no format and a path that ends
    /// so.
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
        let Options { surface, export, .. } = &self.options;
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

    /// Writes into the one format that holds everything, with a preview, and with what the last
    /// save left behind.
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
        let wish = super::pictures::usual(context.project()?.document(), [width, height])?;
        let overwrite = matches!(self.intent, Intent::Export { overwrite: true });
        let destination = Destination::Path { path: self.path.clone(), overwrite };
        place(context, wish, destination, self.blame, move |_, placed| {
            let (bytes, warnings) = (placed.bytes, notes::take());
            let Wanted { path, format, .. } = self;
            Ok(SaveProjectResult {
                success: true,
                path,
                absolute_path: placed.absolute_path.unwrap_or_default(),
                format,
                bytes,
                warnings,
                lost: Vec::new(),
            })
        })
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
            absolute_path: place.absolute_path(),
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
