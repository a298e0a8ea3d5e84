//! Methods about what pixels show, for programs.

use super::super::BoxParam;
use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::value::Raw;

params! {
    /// A view, and what of the model is seen in it; all as in goxel.look, one view only.
    pub struct MapsParams<'a> {
        /// A name or a camera. Default: iso.
        view | "views": Option<Raw<'a>>,
        /// Pixels: one number or `[width, height]`. Default: 512.
        size: Option<Raw<'a>>,
        /// Names of maps, or one: depth, normal, layer, position. Default: all.
        maps | "map": Option<Raw<'a>>,
        /// Only what lies in this box is seen.
        within: Option<BoxParam>,
        /// Cuts the model open.
        section: Option<Raw<'a>>,
        /// Only these layers. Default: what is visible.
        layers: Option<Raw<'a>>,
    }
}

result! {
    /// A map: what a sample says is `sample * scale + offset`; a sample of 0 says that nothing is
    /// there.
    pub struct RenderedMap {
        /// "depth" (along the view, in voxels), "normal", "layer" (its id) or "position" (the
        /// voxel).
        name: &'static str,
        /// The file in base64: a PNG of 16 bits, grey, or with x, y, z as red, green, blue.
        image_data: Spelt<String>,
        /// What one step of a sample is.
        scale: f64,
        /// What 0 would be: a number, or x, y, z of a position.
        offset: serde_json::Value,
    }
}

result! {
    /// Maps of a view.
    pub struct MapsResult {
        /// Always true.
        success: bool,
        /// Always "png".
        format: &'static str,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The maps, in the order of the call.
        maps: Vec<RenderedMap>,
        /// The revision of the document that is shown.
        revision: u64,
    }
}

method! {
    /// Maps of a view for programs: how far away, which way, which layer and which voxel, for each
    /// pixel.
    RenderMaps = "goxel.render_maps",
    MapsParams<'a> -> MapsResult,
    effect: Read, lenient: false,
    by_position: r#"["front",32,["depth"]]"#,
    by_name: r#"{"view":"iso","size":[64,48],"maps":["depth","normal"]}"#,
}

params! {
    /// A pixel of a view; all as in goxel.look, one view only.
    pub struct PickParams<'a> {
        /// A name or a camera. Default: iso.
        view | "views": Option<Raw<'a>>,
        /// Pixels of the picture: one number or `[width, height]`. Default: 512.
        size: Option<Raw<'a>>,
        /// Pixels from the left; 0 is the first.
        x: i64,
        /// Pixels from the top; 0 is the first.
        y: i64,
        /// Only what lies in this box is seen.
        within: Option<BoxParam>,
        /// Cuts the model open.
        section: Option<Raw<'a>>,
        /// Only these layers. Default: what is visible.
        layers: Option<Raw<'a>>,
    }
}

result! {
    /// What a pixel shows.
    pub struct PickResult {
        /// Whether it shows anything; if not, the other members but `revision` are absent.
        hit: bool,
        /// The voxel.
        position: Option<[i32; 3]>,
        /// The side that is seen: "-x", "+x", "-y", "+y", "-z" or "+z".
        face: Option<&'static str>,
        /// The id of the topmost layer that has it.
        layer: Option<i32>,
        /// The name of that layer.
        layer_name: Option<String>,
        /// Its colour, 0 to 255 each.
        color: Option<[u8; 4]>,
        /// How far away it is along the view, in voxels.
        depth: Option<f64>,
        /// The revision of the document that is shown.
        revision: u64,
    }
}

method! {
    /// Tells which voxel a pixel of a picture shows.
    Pick = "goxel.pick",
    PickParams<'a> -> PickResult,
    effect: Read, lenient: false,
    by_position: r#"["front",64,32,32]"#,
    by_name: r#"{"view":"iso","size":[64,48],"x":32,"y":24}"#,
}
