//! The method that shows a model.

use std::borrow::Cow;

use super::super::BoxParam;
use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::value::Raw;
use super::super::{Args, Param, ParamError, Params};

/// Two lists of params, one behind the other.
pub(crate) const fn joined<const N: usize>(first: &[Param], second: &[Param]) -> [Param; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

/// What to look at, and how: from where, and all else.
pub struct LookParams<'a> {
    /// From where, and where it goes.
    pub own: LookViews<'a>,
    /// What the other methods of pictures take, too.
    pub options: LookOptions<'a>,
}

impl<'a> Params<'a> for LookParams<'a> {
    const PARAMS: &'static [Param] = &joined::<
        { LookViews::PARAMS.len() + LookOptions::PARAMS.len() },
    >(LookViews::PARAMS, LookOptions::PARAMS);

    fn take(args: &mut Args<'a>) -> Result<Self, ParamError> {
        Ok(LookParams { own: LookViews::take(args)?, options: LookOptions::take(args)? })
    }
}

params! {
    /// Where a look is taken from, and where it goes.
    pub struct LookViews<'a> {
        /// What is drawn, side by side: names (front, back, left, right, top, bottom, iso,
        /// iso_back, iso_left, iso_right, a camera of the document, or "active") or cameras:
        /// `position` and `target`, or `yaw` (0 is the front, 90 the right), `elevation` (height
        /// above the horizon; or `pitch`, the line of sight: negative looks down), `distance`; with
        /// `up`, `fov`, or `orthographic` and `width`. Default: iso.
        views | "view": Option<Raw<'a>>,
        /// Pixels of the whole picture: one number or `[width, height]`. Default: 512.
        size: Option<Raw<'a>>,
        /// A colour, "transparent", `[top, bottom]` for a gradient, or "auto": of three the one
        /// that contrasts most.
        background: Option<Raw<'a>>,
        /// The light: `ambient` and `diffuse` as shares, `shadow` from 0 to 1, `sun_direction` as
        /// `[x,y,z]` towards the sun, `sun_size` in degrees, `ground`: the light from below as a
        /// share of that from above.
        lighting: Option<Raw<'a>>,
        /// "png", "jpeg", "webp" (exact), "gif" or "apng". Default: what the path's ending says,
        /// else PNG, or APNG if it moves.
        format: Option<Cow<'a, str>>,
        /// A file that the picture goes to.
        path | "output_path": Option<Cow<'a, str>>,
        /// Write even onto the file of an open project, which has to be saved again then.
        overwrite: bool = "false",
    }
}

params! {
    /// What all methods of pictures take.
    pub struct LookOptions<'a> {
        /// Only what lies in this box is drawn, and the views are fitted to it.
        within: Option<BoxParam>,
        /// Cuts the model open: `{"axis":"z","at":8,"keep":"below"}` draws what is below 8
        /// ("above": from 8 on).
        section: Option<Raw<'a>>,
        /// Only these layers, by name or id. Default: what is visible.
        layers: Option<Raw<'a>>,
        /// Names of the views. Default: if there are several.
        labels: Option<bool>,
        /// A cross of the axes, and coordinates along the model's edges.
        axes: bool = "false",
        /// How many voxels the model is wide, deep and high, along its edges.
        dimensions: bool = "false",
        /// A grid under or behind the model.
        grid: bool = "false",
        /// A ground with a soft shadow where the model touches it.
        ground: bool = "false",
        /// Lines: "voxels" around each voxel, "outline" around the model and where its depth jumps.
        edges: Option<Cow<'a, str>>,
        /// "lit"; "flat": exactly the stored colours; "clay": the form alone; "path": light that
        /// goes from surface to surface, slow and true.
        style: Option<Cow<'a, str>>,
        /// Samples across and down each pixel, 1 to 4 (default 2); with "path": of each pixel, 1 to
        /// 65536 (default 32).
        samples: Option<u32>,
        /// Of "path": ends with fewer samples after so long; what is drawn then depends on the
        /// machine.
        max_seconds: Option<f64>,
        /// Of "path": how often light goes on from a surface, 0 to 64. Default: 8.
        bounces: Option<u32>,
        /// Of "path": `{"aperture":1,"focus":40}`: half of the width of the lens, and how far away
        /// things are sharp, in voxels; for cameras in perspective.
        depth_of_field: Option<Raw<'a>>,
        /// Of "path": whether noise is filtered. Default: true.
        denoise: Option<bool>,
        /// The quality of a JPEG, 1 to 100.
        quality: u32 = "90",
        /// The most bytes of the file: the picture is made smaller until it fits.
        max_bytes: Option<u64>,
        /// Frames of a turn around the model, as GIF or APNG.
        turntable: Option<u32>,
        /// Frames of how the model came about, from its history, as GIF or APNG.
        timelapse: Option<u32>,
        /// How long each frame is shown, in milliseconds.
        delay: u32 = "100",
        /// Of "path": another number gives other noise.
        seed: u64 = "0",
        /// What comes back: "image", "path" or "both". Default: the image, or the path if there is
        /// one.
        destination | "return": Option<Cow<'a, str>>,
    }
}

impl LookOptions<'_> {
    /// The quality of a JPEG that does not say one.
    pub const QUALITY: u32 = 90;

    /// Those of a call that says nothing.
    ///
    /// # Errors
    /// None: all have defaults.
    pub fn none() -> Result<Self, ParamError> {
        let nothing = || ParamError::rule("params", "nothing was said");
        Self::take(&mut Args::new(None).ok_or_else(nothing)?)
    }
}

result! {
    /// The picture.
    pub struct LookResult {
        /// Always true.
        success: bool,
        /// The picture in base64.
        image_data: Option<Spelt<String>>,
        /// "png", "jpeg", "webp", "gif" or "apng".
        format: &'static str,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes of the file.
        bytes: u64,
        /// Samples across and down each pixel; with "path" those of each pixel.
        samples: u32,
        /// What the noise of "path" began with.
        seed: u64,
        /// Frames of a moving picture.
        frames: Option<u32>,
        /// The views as they are labelled, in the order of the picture: row by row.
        views: Vec<String>,
        /// The file, as the call gave it.
        path: Option<String>,
        /// The same, from the root of the file system on.
        absolute_path: Option<String>,
        /// The revision of the document that is shown.
        revision: u64,
        /// What is to be known beside: that the picture was made smaller.
        warnings: Vec<String>,
    }
}

method! {
    /// Shows the model: one picture of one view or several, in the answer or in a file.
    Look = "goxel.look" | "look",
    LookParams<'a> -> LookResult,
    effect: File, lenient: false,
    by_position: r#"[["front"],64]"#,
    by_name: r#"{"views":["iso","front"],"size":[128,64],"style":"flat"}"#,
}
