//! The method that shows a model.

use std::borrow::Cow;

use super::super::BoxParam;
use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::value::Raw;

params! {
    /// What to look at, and how.
    pub struct LookParams<'a> {
        /// What is drawn, side by side: names (front, back, left, right, top, bottom, iso, iso_back, iso_left, iso_right,
        /// a camera of the document, or "active") or cameras: `position` and `target`, or `yaw` (0 is the front, 90 the
        /// right), `elevation` (height above the horizon; or `pitch`, the line of sight: negative looks down), `distance`;
        /// with `up`, `fov`, or `orthographic` and `width`. Default: iso.
        views | "view": Option<Raw<'a>>,
        /// Pixels of the whole picture: one number or `[width, height]`. Default: 512.
        size: Option<Raw<'a>>,
        /// Only what lies in this box is drawn, and the views are fitted to it.
        within: Option<BoxParam>,
        /// Cuts the model open: `{"axis":"z","at":8,"keep":"below"}` draws what lies below 8 (or "above": at and above it).
        section: Option<Raw<'a>>,
        /// Only these layers, by name or id, hidden ones too. Default: what is visible.
        layers: Option<Raw<'a>>,
        /// Whether views carry their names. Default: if there are several.
        labels: Option<bool>,
        /// Whether each view has a small cross of its axes.
        axes: bool = "false",
        /// Whether each view tells how many voxels it is wide, deep and high.
        dimensions: bool = "false",
        /// A colour, "transparent", `[top, bottom]` for a gradient, or "auto": of three the one that contrasts most.
        background: Option<Raw<'a>>,
        /// "lit"; "flat": exactly the stored colours; "clay": the form alone.
        style: Option<Cow<'a, str>>,
        /// Samples across and down each pixel, 1 to 4.
        samples: u32 = "2",
        /// "png".
        format: Option<Cow<'a, str>>,
        /// The most bytes of the file: the picture is made smaller until it fits, and the answer says so.
        max_bytes: Option<u64>,
        /// A file that the picture goes to.
        path | "output_path": Option<Cow<'a, str>>,
        /// What comes back: "image", "path" or "both". Default: the image, and the path if there is one.
        destination | "return": Option<Cow<'a, str>>,
        /// Write even onto the file of an open project, which has to be saved again then.
        overwrite: bool = "false",
    }
}

result! {
    /// The picture.
    pub struct LookResult {
        /// Always true.
        success: bool,
        /// The picture in base64.
        image_data: Option<Spelt<String>>,
        /// Always "png".
        format: &'static str,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes of the file.
        bytes: u64,
        /// Samples of each pixel.
        samples: u32,
        /// The views as they are labelled, in the order of the picture: row by row.
        views: Vec<String>,
        /// The file, as the call gave it.
        path: Option<String>,
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
