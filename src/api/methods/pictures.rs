//! Methods about pictures.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::value::Raw;
use super::super::{Args, Param, ParamError, Params};

/// The params of `render_scene`. By position they are `[output_path, width, height, ...]`, or the older
/// `[width, height, format, output_path]`, which begins with a number.
pub struct RenderSceneParams<'a>(pub RenderScenePlain<'a>);

impl<'a> Params<'a> for RenderSceneParams<'a> {
    const PARAMS: &'static [Param] = RenderScenePlain::PARAMS;

    fn take(args: &mut Args<'a>) -> Result<Self, ParamError> {
        let is_older_order = args.peek().is_some_and(|first| !first.starts_with(['"', 'n']));
        if is_older_order {
            args.reorder(&[3, 0, 1]);
        }
        RenderScenePlain::take(args).map(RenderSceneParams)
    }
}

params! {
    /// A picture to draw.
    pub struct RenderScenePlain<'a> {
        /// Where the PNG goes.
        output_path | "path" | "file_path": Option<Cow<'a, str>>,
        /// Pixels; 0 or less means 512.
        width: i32 = "512",
        /// Pixels; 0 or less means 512.
        height: i32 = "512",
        /// front, back, left, right, top, bottom or isometric; anything else is the document's camera.
        camera_preset | "view": Option<Cow<'a, str>>,
        /// `return_mode`: "file_path" lets the daemon choose the file; `background_color`: a colour.
        options: Option<Raw<'a>>,
    }
}

result! {
    /// The picture.
    pub struct RenderSceneResult {
        /// Always true.
        success: bool,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Always "png".
        format: &'static str,
        /// Where it is.
        output_path: String,
        /// Bytes of the file.
        bytes: u64,
    }
}

method! {
    /// Draws the document and writes a PNG.
    RenderScene = "goxel.render_scene" | "render_image",
    RenderSceneParams<'a> -> RenderSceneResult,
    effect: File, lenient: true,
    by_position: r#"["picture.png",64,48]"#,
    by_name: r#"{"output_path":"picture.png","width":64,"height":48,"camera_preset":"isometric"}"#,
}
