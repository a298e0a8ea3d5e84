//! Handlers about pictures.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::picture_settings::Options;
use super::placing::{Blame, Destination, Placed, place};
use super::{entries, look};
use crate::api::args::shown;
use crate::api::methods::look::LookOptions;
use crate::api::methods::pictures::*;
use crate::api::methods::system::NoParams;
use crate::api::notes::{note, note_value};
use crate::document::Document;
use crate::picturing::{
    self, Base, Wish, cameras, ended_early, file_settings, lights, made_smaller,
};
use crate::render::{
    Backdrop, FileKind, FileSettings, Lighting, RenderError, RenderSettings, Shading, Tracing,
};
use crate::render_store::StoredRender;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{
    CLEANUP_RENDER, GET_RENDER_INFO, INVALID_PARAMS, NOT_BUILT_IN, RENDER_SCENE, RpcError,
};
use crate::rpc::table::Handle;
use crate::voxel::Rgba;

entries![
    RenderScene,
    RenderImage,
    GetRenderInfo,
    CleanupRender,
    ListRenders,
    GetRenderStats,
    CleanupExpired
];

impl Handle for RenderScene {
    fn handle(
        context: &mut Context<'_>,
        params: RenderSceneParams<'_>,
    ) -> Result<Outcome<RenderSceneResult>, RpcError> {
        let wanted = Wanted::read(context, &params, false)?;
        let longest = wanted.wish.max_bytes;
        place(context, wanted.wish, wanted.destination, BLAME, move |_, placed| {
            let smaller = made_smaller([placed.size, wanted.size], placed.bytes, longest);
            smaller.into_iter().for_each(note);
            ended_early(wanted.traced, placed.samples).into_iter().for_each(note);
            let (success, format, [width, height]) = (true, placed.kind.name(), placed.size);
            let (bytes, file) = told(&placed);
            let (output_path, image) = (placed.path, placed.text.clone());
            let absolute_path = placed.absolute_path;
            let image_data = placed.text;
            Ok(RenderSceneResult {
                success,
                width,
                height,
                format,
                output_path,
                absolute_path,
                bytes,
                file,
                image,
                image_data,
            })
        })
    }
}

/// What a call of the older methods of pictures asks for.
struct Wanted {
    wish: Wish,
    destination: Destination,
    /// Pixels.
    size: [u32; 2],
    traced: Option<Tracing>,
}

impl Wanted {
    /// Reads a call; a format that there is none of is an error if the method is `strict`, else
    /// PNG.
    fn read(
        context: &mut Context<'_>,
        params: &RenderSceneParams<'_>,
        strict: bool,
    ) -> Result<Wanted, RpcError> {
        let own = &params.own;
        let options = Options::read(own.options)?;
        let path = own.output_path.as_deref().filter(|path| !path.is_empty());
        let destination = if options.keep {
            Destination::Store
        } else {
            let back = params.options.destination.as_deref();
            look::destination(path, back, own.overwrite)?
        };
        let format = known_format(own.format.as_deref(), strict)?;
        let (mut file, warnings) = file_settings(format, path.filter(|_| !options.keep))?;
        warnings.into_iter().for_each(note);
        if options.keep && file.kind != FileKind::Png {
            note("pictures that the daemon keeps are PNG");
            file.kind = FileKind::Png;
        }
        let document = context.project()?.document();
        let base = base(document, own, options.background, file)?;
        let size = base.size;
        let wish = Wish::read(document, base, &params.options)?;
        wish.warnings.iter().for_each(|warning| note(warning.as_str()));
        let traced = wish.look.settings.tracing;
        Ok(Wanted { wish, destination, size, traced })
    }
}

/// The format of a call, if there is such a one.
fn known_format(format: Option<&str>, strict: bool) -> Result<Option<&str>, RpcError> {
    let names = FileKind::ALL.map(FileKind::name);
    match format.filter(|format| FileKind::from_name(format).is_none()) {
        None => Ok(format),
        Some(other) if !strict => {
            note_value("format", other, FileKind::Png.name(), &names);
            Ok(None)
        }
        Some(other) => {
            let message = format!("Pictures of the format '{}' are not built in", shown(other));
            Err(RpcError::new(NOT_BUILT_IN, message)
                .with("param", "format")
                .with("known", names.to_vec())
                .hint("nothing was drawn"))
        }
    }
}

/// What a call says in its own way. `background` is that of the options.
fn base<'a>(
    document: &Document,
    params: &RenderScenePlain<'a>,
    background: Option<Rgba>,
    file: FileSettings,
) -> Result<Base<'a>, RpcError> {
    let usual = background.unwrap_or(RenderSettings::default().background);
    let given = params.background_color.map(picturing::background).transpose()?;
    let pixels = |value: i32| u32::try_from(value).ok().filter(|&value| value > 0);
    for (name, length) in [("width", params.width), ("height", params.height)] {
        if length < 0 {
            note(format!("{name} {length} is no length: {DEFAULT_PIXELS} was used"));
        }
    }
    let size = match params.size {
        Some(_) => picturing::size(params.size)?,
        None => [params.width, params.height].map(|side| pixels(side).unwrap_or(DEFAULT_PIXELS)),
    };
    let views = match params.views {
        Some(_) => cameras::views(document, params.views, "views")?,
        None => vec![(String::new(), cameras::viewpoint(document, params)?)],
    };
    let lighting = lights::lighting(document, params.lighting, Lighting::default())?;
    Ok(Base {
        views,
        size,
        backdrop: given.unwrap_or(Backdrop::Color(usual)),
        plain: Some((Shading { shadows: params.shadows, ..Shading::default() }, lighting)),
        lighting: params.lighting,
        file,
    })
}

/// A picture as it is drawn where nothing is said about it but its size.
pub(super) fn usual(document: &Document, size: [u32; 2]) -> Result<Wish, RpcError> {
    let settings = RenderSettings::default();
    let base = Base {
        views: vec![(String::new(), settings.viewpoint)],
        size,
        backdrop: Backdrop::Color(settings.background),
        plain: Some((settings.shading, settings.lighting)),
        lighting: None,
        file: FileSettings::default(),
    };
    Ok(Wish::read(document, base, &LookOptions::none()?)?)
}

/// The size of a picture where a call asks for 0 or less.
const DEFAULT_PIXELS: u32 = 512;

/// How many bytes a picture has that the store does not keep, or what the store knows of it.
fn told(placed: &Placed) -> (Option<u64>, Option<RenderFile>) {
    let file = placed.stored.as_ref().map(|stored| render_file(stored, stored.created_at));
    (file.is_none().then_some(placed.bytes), file)
}

impl Handle for RenderImage {
    fn handle(
        context: &mut Context<'_>,
        params: RenderSceneParams<'_>,
    ) -> Result<Outcome<RenderImageResult>, RpcError> {
        let wanted = Wanted::read(context, &params, true)?;
        let longest = wanted.wish.max_bytes;
        let began = context.host.now();
        place(context, wanted.wish, wanted.destination, BLAME, move |context, placed| {
            let smaller = made_smaller([placed.size, wanted.size], placed.bytes, longest);
            smaller.into_iter().for_each(note);
            ended_early(wanted.traced, placed.samples).into_iter().for_each(note);
            let (bytes, file) = told(&placed);
            let (image_data, output_path) = (placed.text, placed.path);
            let absolute_path = placed.absolute_path;
            let [width, height] = placed.size;
            let took = context.host.now().saturating_duration_since(began);
            Ok(RenderImageResult {
                success: true,
                image_data,
                format: placed.kind.name(),
                width,
                height,
                render_time_ms: took.as_secs_f64() * 1000.0,
                output_path,
                absolute_path,
                bytes,
                file,
            })
        })
    }
}

/// The error of a picture that cannot be drawn.
pub(super) fn cannot_draw(error: &RenderError) -> RpcError {
    if let RenderError::Memory(limit) = error {
        return RpcError::from(*limit);
    }
    RpcError::new(INVALID_PARAMS, format!("Failed to render scene: {error}"))
        .hint("nothing was drawn")
}

/// The error of a picture that cannot be put where it shall go.
const BLAME: Blame = (RENDER_SCENE, "render scene to");

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |duration| duration.as_secs())
}

/// A path from the root of the file system on.
fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    absolute.as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

fn render_file(stored: &StoredRender, now: SystemTime) -> RenderFile {
    RenderFile {
        path: stored.path.to_string_lossy().into_owned(),
        absolute_path: absolute(&stored.path),
        size: stored.bytes,
        format: FileKind::Png.name(),
        dimensions: Dimensions { width: stored.width, height: stored.height },
        checksum: stored.checksum.clone(),
        created_at: seconds(stored.created_at),
        expires_at: seconds(stored.expires_at),
        ttl_remaining: stored.expires_at.duration_since(now).map_or(0, |left| left.as_secs()),
        session_id: stored.session_id.clone(),
    }
}

fn not_found(code: i32, action: &str, path: &str) -> RpcError {
    RpcError::new(code, format!("{action}: File not found"))
        .with("path", path)
        .hint("goxel.list_renders shows what is kept; pictures are removed when their time is over")
}

impl Handle for GetRenderInfo {
    fn handle(
        context: &mut Context<'_>,
        params: RenderPathParams<'_>,
    ) -> Result<Outcome<RenderInfoResult>, RpcError> {
        let now = SystemTime::now();
        drop(context.daemon.renders.clean_up(now));
        let stored = context.daemon.renders.find(Path::new(&*params.path));
        let stored =
            stored.ok_or_else(|| not_found(GET_RENDER_INFO, "Render not found", &params.path))?;
        let (file, render) = (render_file(stored, now), render_file(stored, now));
        Ok(RenderInfoResult { success: true, file, render }.into())
    }
}

impl Handle for CleanupRender {
    fn handle(
        context: &mut Context<'_>,
        params: RenderPathParams<'_>,
    ) -> Result<Outcome<CleanupRenderResult>, RpcError> {
        let gone = context.daemon.renders.remove(Path::new(&*params.path));
        let gone = gone
            .ok_or_else(|| not_found(CLEANUP_RENDER, "Failed to cleanup render", &params.path))?;
        let (freed_bytes, message) = (gone.bytes, "Render cleaned up successfully");
        Ok(Outcome::job(gone.removed(), move |_, ()| {
            Ok(CleanupRenderResult { success: true, message, freed_bytes })
        }))
    }
}

impl Handle for ListRenders {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<RenderList>, RpcError> {
        let now = SystemTime::now();
        let store = &mut context.daemon.renders;
        drop(store.clean_up(now));
        let renders: Vec<_> = store.renders().map(|render| render_file(render, now)).collect();
        let (count, total_size) = (renders.len(), store.bytes());
        Ok(RenderList { success: true, count, renders, total_size }.into())
    }
}

impl Handle for GetRenderStats {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<RenderStatsResult>, RpcError> {
        let store = &context.daemon.renders;
        let totals = store.totals();
        let (used, max) = (store.bytes(), store.settings().max_bytes);
        let (last, next) = store.cleanup_times(SystemTime::now());
        let stats = RenderStats {
            active_renders: store.renders().len(),
            total_renders: totals.renders,
            total_cleanups: totals.cleanups,
            current_cache_size: used,
            max_cache_size: max,
            cache_usage_percent: used as f64 / max as f64,
            files_cleaned: totals.files_cleaned,
            bytes_freed: totals.bytes_freed,
            security_violations: totals.violations,
            cleanup_thread_active: true,
            last_cleanup: last.map_or(0, seconds),
            next_cleanup: seconds(next),
        };
        Ok(RenderStatsResult { success: true, stats }.into())
    }
}

impl Handle for CleanupExpired {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<CleanupExpiredResult>, RpcError> {
        let gone = context.daemon.renders.clean_up(SystemTime::now());
        let (files_cleaned, freed_bytes) = (gone.files, gone.bytes);
        Ok(Outcome::job(gone.removed(), move |_, ()| {
            Ok(CleanupExpiredResult { success: true, files_cleaned, freed_bytes })
        }))
    }
}
