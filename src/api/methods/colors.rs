//! Methods that look at colours.

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::operations::values::{BoxValue, Tolerance};
use super::super::schema::Schema;
use super::super::value::{InRange, ParamType, Value};
use super::super::{Args, LayerRef, Param, ParamError};
use super::layers::OtherLayer;
use crate::voxel::Rgba;

params! {
    /// What to count.
    pub struct HistogramParams {
        /// The layer; absent, 0 or -1 means the active one.
        layer_id | "layer": LayerRef,
        /// Only voxels in this box, `{"min":[x,y,z],"max":[x,y,z]}`.
        region: Option<BoxValue>,
        /// Colours whose red, green and blue fall into the same bins of this size count as one; 0
        /// or 1 keeps them apart.
        bin_size: InRange<0, 256> = "0",
        /// true lists the most frequent first, false sorts by colour.
        sort_by_count: bool = "true",
        /// How many colours to list; 0 means all.
        top_n: u32 = "0",
    }
}

result! {
    /// A colour and how often it occurs.
    pub struct HistogramEntry {
        /// `#RRGGBBAA`.
        color: String,
        /// 0 to 255 each.
        rgba: [u8; 4],
        /// Voxels of this colour.
        count: u64,
        /// Share of the voxels of all colours listed, 0 to 100.
        percentage: f64,
    }
}

result! {
    /// How it was counted.
    pub struct HistogramMetadata {
        /// Whether colours were put into bins.
        binned: bool,
        /// The size of the bins; absent without bins.
        bin_size: Option<i64>,
        /// The layer.
        layer_id: i32,
    }
}

result! {
    /// The colours of a layer.
    pub struct HistogramResult {
        /// The colours.
        histogram: Spelt<Vec<HistogramEntry>>,
        /// Voxels counted.
        total_voxels: u64,
        /// How many different colours there are, whether listed or not.
        unique_colors: usize,
        /// How it was counted.
        metadata: HistogramMetadata,
        /// The layer that was looked at: its name.
        layer: String,
        /// What other layers hold, those with any voxels.
        others: Vec<OtherLayer>,
    }
}

method! {
    /// Counts the voxels of each colour.
    GetColorHistogram = "goxel.get_color_histogram",
    HistogramParams -> HistogramResult,
    effect: Read, lenient: true,
    by_position: "[1]", by_name: r#"{"layer_id":1,"bin_size":16,"top_n":10}"#,
    errors: [-32603],
}

/// The colour to look for.
pub struct Wanted(pub Rgba, pub bool);

impl<'a> ParamType<'a> for Wanted {
    const SCHEMA: Schema = Schema::Color;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        let raw = args.take(param.names).unwrap_or_default();
        Self::from_json(raw).map(Some).ok_or_else(|| ParamError::Documented {
            param: param.name().into(),
            message: "Color parameter must be an array of [r,g,b] or [r,g,b,a]".to_owned(),
            expected: Schema::Color.expected(),
            got: super::super::args::shown(raw),
        })
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        let has_alpha = <Vec<super::super::value::Raw<'_>> as Value>::parse(raw)
            .is_some_and(|channels| channels.len() == 4);
        Rgba::parse(raw).map(|color| Wanted(color, has_alpha))
    }
}

params! {
    /// What to look for.
    pub struct FindParams {
        /// The colour, `[r,g,b]` or `[r,g,b,a]`.
        color: Wanted,
        /// How far each channel may be off, 0 to 255: one number, or one for each. One number
        /// leaves alpha exact if the colour has no alpha.
        tolerance: Tolerance = "0",
        /// The layer; absent, 0 or -1 means the active one.
        layer_id | "layer": LayerRef,
        /// Only voxels in this box, `{"min":[x,y,z],"max":[x,y,z]}`.
        region: Option<BoxValue>,
        /// How many places to list; 0 means all.
        max_results: u32 = "1000",
        /// false only counts.
        include_locations: bool = "true",
    }
}

result! {
    /// Where a voxel of the colour is.
    pub struct FoundVoxel {
        /// Its x.
        x: i32,
        /// Its y.
        y: i32,
        /// Its z.
        z: i32,
        /// Its colour.
        color: [u8; 4],
        /// The layer.
        layer_id: i32,
    }
}

result! {
    /// How it was searched.
    pub struct FindMetadata {
        /// How far each channel could be off.
        tolerance: [u8; 4],
        /// The layer.
        layer_id: i32,
    }
}

result! {
    /// The voxels of a colour.
    pub struct FindResult {
        /// The colour, `#RRGGBBAA`.
        target_color: String,
        /// How many voxels have it, listed or not.
        match_count: u64,
        /// Whether there are more than are listed.
        truncated: bool,
        /// Where they are.
        locations: Spelt<Vec<FoundVoxel>>,
        /// How it was searched.
        metadata: FindMetadata,
        /// The layer that was looked at: its name.
        layer: String,
        /// What other layers hold, those with any voxels.
        others: Vec<OtherLayer>,
    }
}

method! {
    /// Finds the voxels of a colour.
    FindVoxelsByColor = "goxel.find_voxels_by_color",
    FindParams -> FindResult,
    effect: Read, lenient: true,
    by_position: "[[255,0,0],10]", by_name: r#"{"color":[255,0,0],"tolerance":[8,8,8],"max_results":10}"#,
    errors: [-32603],
}

params! {
    /// Which colours.
    pub struct UniqueParams {
        /// The layer; absent, 0 or -1 means the active one.
        layer_id | "layer": LayerRef,
        /// Only voxels in this box, `{"min":[x,y,z],"max":[x,y,z]}`.
        region: Option<BoxValue>,
        /// true lists of colours that are alike only the most frequent.
        merge_similar: bool = "false",
        /// Colours are alike if no channel differs by more than this, 0 to 255.
        merge_threshold: InRange<0, 255> = "10",
        /// true lists the most frequent first, false sorts by colour.
        sort_by_count: bool = "false",
    }
}

result! {
    /// A colour.
    pub struct UniqueColor {
        /// `#RRGGBBAA`.
        hex: String,
        /// 0 to 255 each.
        rgba: [u8; 4],
        /// Voxels of this colour, and of those merged into it.
        voxels: u64,
    }
}

result! {
    /// How it was looked at.
    pub struct UniqueMetadata {
        /// The layer.
        layer_id: i32,
        /// Whether the most frequent come first.
        sorted_by_count: bool,
    }
}

result! {
    /// The colours of a layer.
    pub struct UniqueResult {
        /// The colours.
        colors: Spelt<Vec<UniqueColor>>,
        /// How many these are.
        count: usize,
        /// How it was looked at.
        metadata: UniqueMetadata,
        /// The layer that was looked at: its name.
        layer: String,
        /// What other layers hold, those with any voxels.
        others: Vec<OtherLayer>,
    }
}

method! {
    /// Lists the colours that occur.
    GetUniqueColors = "goxel.get_unique_colors",
    UniqueParams -> UniqueResult,
    effect: Read, lenient: true,
    by_position: "[1]", by_name: r#"{"layer_id":1,"merge_similar":true,"sort_by_count":true}"#,
    errors: [-32603],
}
