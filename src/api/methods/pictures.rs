//! Methods about pictures.

use std::borrow::Cow;

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::value::Raw;
use super::super::{Args, Param, ParamError, Params};
use super::look::{LookOptions, joined};
use super::system::NoParams;

/// The params of `render_scene`. By position they are `[output_path, width, height, ...]`, or the
/// older `[width, height, format, output_path]`, which begins with a number. All that goxel.look
/// takes can be named beside.
pub struct RenderSceneParams<'a> {
    /// Its own.
    pub own: RenderScenePlain<'a>,
    /// Those of goxel.look.
    pub options: LookOptions<'a>,
}

impl<'a> Params<'a> for RenderSceneParams<'a> {
    const PARAMS: &'static [Param] = &joined::<
        { RenderScenePlain::PARAMS.len() + LookOptions::PARAMS.len() },
    >(RenderScenePlain::PARAMS, LookOptions::PARAMS);

    fn take(args: &mut Args<'a>) -> Result<Self, ParamError> {
        let is_older_order = args.peek().is_some_and(|first| !first.starts_with(['"', 'n']));
        if is_older_order {
            const NONE: usize = usize::MAX;
            args.reorder(&[3, 0, 1, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 2]);
        }
        let own = RenderScenePlain::take(args)?;
        Ok(RenderSceneParams { own, options: LookOptions::take(args)? })
    }
}

params! {
    /// A picture to draw.
    pub struct RenderScenePlain<'a> {
        /// Where the picture goes, in the format that its ending says; without it the answer holds
        /// the picture. Not needed if `options.return_mode` is "file_path".
        output_path | "path" | "file_path": Option<Cow<'a, str>>,
        /// Pixels across; 0 or less means 512.
        width: i32 = "512",
        /// Pixels down; 0 or less means 512.
        height: i32 = "512",
        /// front, back, left, right, top, bottom or isometric; anything else is isometric.
        camera_preset | "view": Option<Cow<'a, str>>,
        /// `return_mode`: "file_path" lets the daemon choose and keep the file; `background_color`:
        /// a colour.
        options: Option<Raw<'a>>,
        /// What is behind the model, as in goxel.look; the same as `options.background_color`.
        /// Default: 240,240,240.
        background_color | "background": Option<Raw<'a>>,
        /// A free camera: `position`, `target`, `up`, or around the target `yaw`, `elevation` (its
        /// height above the target; or `pitch`, its line of sight: negative looks down) and
        /// `distance`, in degrees and voxels; `fov`, or `orthographic` and `width`. Or a camera of
        /// the document: its name or index, or "active".
        camera: Option<Raw<'a>>,
        /// Where a free camera is, `[x,y,z]` in voxels.
        camera_position: Option<[f64; 3]>,
        /// What a free camera looks at, `[x,y,z]` in voxels.
        camera_target: Option<[f64; 3]>,
        /// Whether voxels throw shadows.
        shadows: bool = "false",
        /// The light: `ambient` and `diffuse` as shares, `shadow` from 0 to 1, `sun_direction` as
        /// `[x,y,z]` towards the sun, `sun_size` in degrees, `ground` as the share of light from
        /// below. What is absent is as in the document, if its light was ever set.
        lighting: Option<Raw<'a>>,
        /// "png", "jpeg", "webp", "gif" or "apng"; what it says counts more than the path's ending.
        format: Option<Cow<'a, str>>,
        /// Write even onto the file of an open project, which has to be saved again then.
        overwrite: bool = "false",
        /// Several views side by side, or one, as in goxel.look; counts more than the camera.
        views: Option<Raw<'a>>,
        /// Pixels of the picture, as in goxel.look; counts more than `width` and `height`.
        size: Option<Raw<'a>>,
    }
}

result! {
    /// A picture's size in pixels.
    pub struct Dimensions {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
    }
}

result! {
    /// A picture that the daemon keeps.
    pub struct RenderFile {
        /// Its file.
        path: String,
        /// The same, from the root of the file system on.
        absolute_path: String,
        /// Its length in bytes.
        size: u64,
        /// The format of the file.
        format: &'static str,
        /// Its size in pixels.
        dimensions: Dimensions,
        /// `sha256:` and 64 hexadecimal digits.
        checksum: String,
        /// Seconds since 1970.
        created_at: u64,
        /// When it will be removed, in seconds since 1970.
        expires_at: u64,
        /// Seconds until it will be removed.
        ttl_remaining: u64,
        /// The number by which it was asked for.
        session_id: String,
    }
}

result! {
    /// The picture.
    pub struct RenderSceneResult {
        /// Always true.
        success: bool,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// "png", "jpeg", "webp", "gif" or "apng".
        format: &'static str,
        /// Where it is, as the call gave it.
        output_path: Option<String>,
        /// The same, from the root of the file system on.
        absolute_path: Option<String>,
        /// Bytes of the file.
        bytes: Option<u64>,
        /// The file that the daemon chose, with `return_mode` "file_path".
        file: Option<RenderFile>,
        /// The file in base64, if the call named no file for it.
        image: Option<Spelt<String>>,
        /// The same.
        image_data: Option<Spelt<String>>,
    }
}

method! {
    /// Draws the document and writes a picture, or answers with it if the call names no file.
    RenderScene = "goxel.render_scene" | "render" | "render_to_file" | "export_png" | "screenshot"
        | "capture",
    RenderSceneParams<'a> -> RenderSceneResult,
    effect: File, lenient: true,
    by_position: r#"["picture.png",64,48]"#,
    by_name: r#"{"output_path":"picture.png","width":64,"height":48,"camera_preset":"isometric"}"#,
}

result! {
    /// The picture.
    pub struct RenderImageResult {
        /// Always true.
        success: bool,
        /// The file in base64; absent if it went to a file.
        image_data: Option<Spelt<String>>,
        /// "png", "jpeg", "webp", "gif" or "apng".
        format: &'static str,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// How long it took, in milliseconds, other connections' turns included.
        render_time_ms: f64,
        /// Where it is, if the call named a file.
        output_path: Option<String>,
        /// The same, from the root of the file system on.
        absolute_path: Option<String>,
        /// Bytes of the file.
        bytes: Option<u64>,
        /// The file that the daemon chose, with `return_mode` "file_path".
        file: Option<RenderFile>,
    }
}

method! {
    /// Draws the document and answers with the picture itself, unless the call names a file for it.
    RenderImage = "goxel.render_image" | "render_preview" | "generate_preview",
    RenderSceneParams<'a> -> RenderImageResult,
    effect: File, lenient: true,
    by_position: r#"["picture.png",64,48]"#,
    by_name: r#"{"width":64,"height":48,"camera":{"position":[40,-60,40],"target":[0,0,8]},"lighting":{"ambient":0.4}}"#,
    errors: [1005],
}

params! {
    /// A picture that the daemon keeps.
    pub struct RenderPathParams<'a> {
        /// Its path, as render_scene or list_renders told it.
        path | "file_path": Cow<'a, str>,
    }
}

result! {
    /// Facts about a kept picture.
    pub struct RenderInfoResult {
        /// Always true.
        success: bool,
        /// The picture.
        file: RenderFile,
        /// The picture once more, under the name of the reference.
        render: RenderFile,
    }
}

method! {
    /// Facts about a picture that the daemon keeps.
    GetRenderInfo = "goxel.get_render_info",
    RenderPathParams<'a> -> RenderInfoResult,
    effect: Answer, lenient: true,
    by_position: r#"["RENDER"]"#, by_name: r#"{"path":"RENDER"}"#,
}

result! {
    /// A kept picture was removed.
    pub struct CleanupRenderResult {
        /// Always true.
        success: bool,
        /// What was done, in words.
        message: &'static str,
        /// Bytes of the file.
        freed_bytes: u64,
    }
}

method! {
    /// Removes a picture that the daemon keeps.
    CleanupRender = "goxel.cleanup_render",
    RenderPathParams<'a> -> CleanupRenderResult,
    effect: Server, lenient: true,
    by_position: r#"["RENDER"]"#, by_name: r#"{"path":"RENDER"}"#,
}

result! {
    /// All kept pictures.
    pub struct RenderList {
        /// Always true.
        success: bool,
        /// How many there are.
        count: usize,
        /// The pictures, oldest first.
        renders: Vec<RenderFile>,
        /// Bytes of all together.
        total_size: u64,
    }
}

method! {
    /// Lists the pictures that the daemon keeps.
    ListRenders = "goxel.list_renders",
    NoParams -> RenderList,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

result! {
    /// Figures of the store of pictures.
    pub struct RenderStats {
        /// Pictures kept now.
        active_renders: usize,
        /// Pictures stored since the start.
        total_renders: u64,
        /// Looks for what is over, since the start.
        total_cleanups: u64,
        /// Bytes kept now.
        current_cache_size: u64,
        /// Bytes that may be kept.
        max_cache_size: u64,
        /// Share of the room that is used, 0 to 1.
        cache_usage_percent: f64,
        /// Files removed since the start.
        files_cleaned: u64,
        /// Bytes of those files.
        bytes_freed: u64,
        /// Paths asked for that are not the store's.
        security_violations: u64,
        /// Always true: timers of the event loop do the cleaning.
        cleanup_thread_active: bool,
        /// When it was looked for what is over last, in seconds since 1970; 0 before the first
        /// time.
        last_cleanup: u64,
        /// When it will be at the latest, in seconds since 1970.
        next_cleanup: u64,
    }
}

result! {
    /// Figures of the store of pictures.
    pub struct RenderStatsResult {
        /// Always true.
        success: bool,
        /// The figures.
        stats: RenderStats,
    }
}

method! {
    /// Figures of the store of pictures.
    GetRenderStats = "goxel.get_render_stats",
    NoParams -> RenderStatsResult,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

result! {
    /// What a look for what is over came to.
    pub struct CleanupExpiredResult {
        /// Always true.
        success: bool,
        /// Files removed.
        files_cleaned: u64,
        /// Bytes of those files.
        freed_bytes: u64,
    }
}

method! {
    /// Removes the kept pictures whose time is over.
    CleanupExpired = "goxel.cleanup_expired",
    NoParams -> CleanupExpiredResult,
    effect: Server, lenient: true,
    by_position: "[]", by_name: "{}",
}
