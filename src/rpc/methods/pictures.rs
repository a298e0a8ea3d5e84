//! Handlers about pictures.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::drawing::{FileDrawing, draw_file};
use super::entries;
use super::picture_settings::{Options, settings};
use super::placing::{Blame, Destination, Placed, place};
use crate::api::args::shown;
use crate::api::methods::pictures::*;
use crate::api::methods::system::NoParams;
use crate::api::notes::note_value;
use crate::render::{RenderError, RenderSettings};
use crate::render_store::StoredRender;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{
    CLEANUP_RENDER, GET_RENDER_INFO, INVALID_PARAMS, NOT_BUILT_IN, RENDER_SCENE, RpcError,
};
use crate::rpc::table::Handle;

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
        let params = params.0;
        let options = Options::read(params.options)?;
        let destination = destination(&params, &options).unwrap_or(Destination::Answer);
        if let Some(format) = params.format.as_deref().filter(|f| !f.eq_ignore_ascii_case(PNG)) {
            note_value("format", format, PNG, &[PNG]);
        }
        let settings = settings(context.project()?.document(), &params, options.background)?;
        let job = start(context, settings)?;
        Ok(place(job, destination, BLAME, move |_, placed| {
            let (success, format, [width, height]) = (true, PNG, placed.size);
            let (bytes, file) = told(&placed);
            let (output_path, image) = (placed.path, placed.text.clone());
            let image_data = placed.text;
            Ok(RenderSceneResult {
                success,
                width,
                height,
                format,
                output_path,
                bytes,
                file,
                image,
                image_data,
            })
        }))
    }
}

/// Where a call wants its picture; `None` if it does not say.
fn destination(params: &RenderScenePlain<'_>, options: &Options) -> Option<Destination> {
    if options.keep {
        return Some(Destination::Store);
    }
    let path = params.output_path.as_deref().filter(|path| !path.is_empty());
    let overwrite = params.overwrite;
    path.map(|path| Destination::Path { path: path.to_owned(), overwrite })
}

/// How many bytes a picture has that the store does not keep, or what the store knows of it.
fn told(placed: &Placed) -> (Option<u64>, Option<RenderFile>) {
    let file = placed.stored.as_ref().map(|stored| render_file(stored, stored.created_at));
    (file.is_none().then_some(placed.bytes), file)
}

/// The only format that is drawn to.
const PNG: &str = "png";

impl Handle for RenderImage {
    fn handle(
        context: &mut Context<'_>,
        params: RenderSceneParams<'_>,
    ) -> Result<Outcome<RenderImageResult>, RpcError> {
        let params = params.0;
        if let Some(format) = params.format.as_deref().filter(|f| !f.eq_ignore_ascii_case(PNG)) {
            let message = format!("Pictures of the format '{}' are not built in", shown(format));
            return Err(RpcError::new(NOT_BUILT_IN, message)
                .with("param", "format")
                .with("known", vec![PNG])
                .hint("nothing was drawn"));
        }
        let options = Options::read(params.options)?;
        let destination = destination(&params, &options);
        let settings = settings(context.project()?.document(), &params, options.background)?;
        let job = start(context, settings)?;
        let began = context.host.now();
        let destination = destination.unwrap_or(Destination::Answer);
        Ok(place(job, destination, BLAME, move |context, placed| {
            let (bytes, file) = told(&placed);
            let (image_data, output_path) = (placed.text, placed.path);
            let [width, height] = placed.size;
            let took = context.host.now().saturating_duration_since(began);
            Ok(RenderImageResult {
                success: true,
                image_data,
                format: PNG,
                width,
                height,
                render_time_ms: took.as_secs_f64() * 1000.0,
                output_path,
                bytes,
                file,
            })
        }))
    }
}

/// Starts to draw the document as it is now.
pub(super) fn start(
    context: &mut Context<'_>,
    settings: RenderSettings,
) -> Result<FileDrawing, RpcError> {
    draw_file(context.project()?, settings)
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

fn render_file(stored: &StoredRender, now: SystemTime) -> RenderFile {
    RenderFile {
        path: stored.path.to_string_lossy().into_owned(),
        size: stored.bytes,
        format: PNG,
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
        context.daemon.renders.clean_up(now);
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
        let freed_bytes = context.daemon.renders.remove(Path::new(&*params.path));
        let freed_bytes = freed_bytes
            .ok_or_else(|| not_found(CLEANUP_RENDER, "Failed to cleanup render", &params.path))?;
        let message = "Render cleaned up successfully";
        Ok(CleanupRenderResult { success: true, message, freed_bytes }.into())
    }
}

impl Handle for ListRenders {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<RenderList>, RpcError> {
        let now = SystemTime::now();
        let store = &mut context.daemon.renders;
        store.clean_up(now);
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
        let (files_cleaned, freed_bytes) = context.daemon.renders.clean_up(SystemTime::now());
        Ok(CleanupExpiredResult { success: true, files_cleaned, freed_bytes }.into())
    }
}
