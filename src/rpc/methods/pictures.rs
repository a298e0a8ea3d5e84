//! Handlers about pictures.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::drawing::{DrawJob, FileJob};
use super::entries;
use super::files::file_error;
use crate::api::args::shown;
use crate::api::json::{Members, string};
use crate::api::methods::pictures::*;
use crate::api::methods::system::NoParams;
use crate::api::value::{Raw, number, read};
use crate::api::{ParamError, Value};
use crate::document::View;
use crate::format::replace_file;
use crate::render::{Lens, PngFile, RenderError, RenderSettings, Viewpoint};
use crate::render_store::{RenderStoreError, StoredRender};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{
    CLEANUP_RENDER, GET_RENDER_INFO, INVALID_PARAMS, OVER_LIMIT, RENDER_SCENE, RpcError,
};
use crate::rpc::table::Handle;
use crate::voxel::Rgba;

entries![RenderScene, GetRenderInfo, CleanupRender, ListRenders, GetRenderStats, CleanupExpired];

/// The size of a picture where a call asks for 0 or less.
const DEFAULT_PIXELS: u32 = 512;

/// Where a picture goes.
enum Destination {
    /// To the path that the call names.
    Path(String),
    /// To the store.
    Store,
}

impl Handle for RenderScene {
    fn handle(
        context: &mut Context<'_>,
        params: RenderSceneParams<'_>,
    ) -> Result<Outcome<RenderSceneResult>, RpcError> {
        let params = params.0;
        let options = Options::read(params.options)?;
        let destination = match params.output_path.as_deref().filter(|path| !path.is_empty()) {
            _ if options.keep => Destination::Store,
            Some(path) => Destination::Path(path.to_owned()),
            None => {
                return Err(RpcError::new(RENDER_SCENE, "Failed to render scene: no output_path")
                    .with("param", "output_path")
                    .hint("give output_path, or options {\"return_mode\":\"file_path\"}"));
            }
        };
        let settings = settings(&params, options.background)?;
        let job = start(context, settings)?;
        Ok(Outcome::job(job, |context, drawn| {
            let file = drawn?.into_file(context);
            finish(context, file, destination)
        }))
    }
}

/// Starts to draw the document as it is now.
pub(super) fn start(
    context: &mut Context<'_>,
    settings: RenderSettings,
) -> Result<FileJob, RpcError> {
    let drawing = DrawJob::new(context.project()?, settings);
    drawing.map(FileJob::new).map_err(|error| cannot_draw(&error))
}

/// The error of a picture that cannot be drawn.
pub(super) fn cannot_draw(error: &RenderError) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Failed to render scene: {error}"))
        .hint("nothing was drawn")
}

fn settings(
    params: &RenderScenePlain<'_>,
    background: Option<Rgba>,
) -> Result<RenderSettings, RpcError> {
    let background = match params.background_color {
        Some(Raw(raw)) => Some(read(raw, "background_color")?),
        None => background,
    };
    let pixels = |value: i32| u32::try_from(value).ok().filter(|&value| value > 0);
    let mut settings = RenderSettings {
        width: pixels(params.width).unwrap_or(DEFAULT_PIXELS),
        height: pixels(params.height).unwrap_or(DEFAULT_PIXELS),
        viewpoint: viewpoint(params)?,
        ..RenderSettings::default()
    };
    settings.background = background.unwrap_or(settings.background);
    settings.shading.shadows = params.shadows;
    Ok(settings)
}

/// The named view if it is known, else the free camera if there is one, else the isometric view.
fn viewpoint(params: &RenderScenePlain<'_>) -> Result<Viewpoint, RpcError> {
    if let Some(view) = params.camera_preset.as_deref().and_then(View::from_name) {
        return Ok(Viewpoint::Named(view));
    }
    let camera = match params.camera {
        Some(Raw(raw)) => CameraForm::read(raw)?,
        None => CameraForm::default(),
    };
    let eye = params.camera_position.or(camera.position);
    let target = params.camera_target.or(camera.target);
    let lens = Lens::Perspective { fov: camera.fov.unwrap_or(Lens::DEFAULT_FOV) };
    Ok(match (eye, camera.yaw, camera.pitch, camera.distance) {
        (Some(eye), ..) => Viewpoint::Free {
            eye,
            target: target.unwrap_or_default(),
            up: camera.up.unwrap_or([0.0, 0.0, 1.0]),
            lens,
        },
        (None, None, None, None) => Viewpoint::default(),
        (None, yaw, pitch, distance) => {
            let (yaw, pitch) = (yaw.unwrap_or_default(), pitch.unwrap_or_default());
            Viewpoint::Orbit { yaw, pitch, distance, target, lens }
        }
    })
}

/// The members of `camera`.
#[derive(Default)]
struct CameraForm {
    position: Option<[f64; 3]>,
    target: Option<[f64; 3]>,
    up: Option<[f64; 3]>,
    fov: Option<f64>,
    distance: Option<f64>,
    yaw: Option<f64>,
    pitch: Option<f64>,
}

impl CameraForm {
    fn read(raw: &str) -> Result<Self, ParamError> {
        if !raw.starts_with('{') {
            let (expected, got) = ("an object".to_owned(), shown(raw));
            return Err(ParamError::Mismatch { param: "camera".into(), expected, got });
        }
        let mut form = CameraForm::default();
        for (name, value) in Members::new(raw) {
            match &*name {
                "position" => form.position = Some(read(value, "camera.position")?),
                "target" => form.target = Some(read(value, "camera.target")?),
                "up" => form.up = Some(read(value, "camera.up")?),
                "fov" => form.fov = Some(read(value, "camera.fov")?),
                "distance" => form.distance = Some(read(value, "camera.distance")?),
                "yaw" => form.yaw = Some(read(value, "camera.yaw")?),
                "pitch" => form.pitch = Some(read(value, "camera.pitch")?),
                _ => {}
            }
        }
        Ok(form)
    }
}

/// The members of `options`.
#[derive(Default)]
struct Options {
    keep: bool,
    background: Option<Rgba>,
}

impl Options {
    fn read(raw: Option<Raw<'_>>) -> Result<Self, ParamError> {
        let mut options = Options::default();
        for (name, value) in raw.iter().flat_map(|raw| Members::new(raw.0)) {
            match &*name {
                "return_mode" => {
                    options.keep = string(value).is_some_and(|mode| mode == "file_path")
                }
                "background_color" if value != "null" => {
                    options.background = Some(background(value)?);
                }
                _ => {}
            }
        }
        Ok(options)
    }
}

/// A background colour. The reference clamps numbers in an array here, so old clients may send any.
fn background(raw: &str) -> Result<Rgba, ParamError> {
    let clamp = |value: f64| value.clamp(0.0, 255.0) as u8;
    Rgba::parse(raw)
        .or_else(|| {
            let parts: Vec<f64> =
                crate::api::json::Elements::new(raw).map(number).collect::<Option<_>>()?;
            match parts[..] {
                [r, g, b] => Some(Rgba::opaque(clamp(r), clamp(g), clamp(b))),
                [r, g, b, a] => Some(Rgba::new(clamp(r), clamp(g), clamp(b), clamp(a))),
                _ => None,
            }
        })
        .ok_or_else(|| {
            ParamError::mismatch("options.background_color", &<Rgba as Value>::SCHEMA, raw)
        })
}

/// Puts a picture where it belongs.
fn finish(
    context: &mut Context<'_>,
    picture: PngFile,
    destination: Destination,
) -> Result<RenderSceneResult, RpcError> {
    let PngFile { width, height, bytes: png } = picture;
    let mut result = RenderSceneResult {
        success: true,
        width,
        height,
        format: "png",
        output_path: None,
        bytes: None,
        file: None,
    };
    match destination {
        Destination::Path(path) => {
            replace_file(Path::new(&path), &png)
                .map_err(|error| file_error(RENDER_SCENE, "render scene to", &path, &error))?;
            result.bytes = Some(png.len() as u64);
            result.output_path = Some(path);
        }
        Destination::Store => {
            let now = SystemTime::now();
            let stored = context.daemon.renders.add(&png, [width, height], now);
            result.file = Some(render_file(stored.map_err(|error| store_error(&error))?, now));
        }
    }
    Ok(result)
}

fn store_error(error: &RenderStoreError) -> RpcError {
    match error {
        RenderStoreError::File(file) => {
            let path = file.path().map(|path| path.to_string_lossy().into_owned());
            file_error(RENDER_SCENE, "render scene to", &path.unwrap_or_default(), file)
        }
        RenderStoreError::TooLarge { .. } => RpcError::new(OVER_LIMIT, error.to_string()),
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |duration| duration.as_secs())
}

fn render_file(stored: &StoredRender, now: SystemTime) -> RenderFile {
    RenderFile {
        path: stored.path.to_string_lossy().into_owned(),
        size: stored.bytes,
        format: "png",
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
