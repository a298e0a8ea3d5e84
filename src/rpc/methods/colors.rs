//! Handlers that look at colours.

use std::collections::HashMap;

use super::{entries, target};
use crate::api::color_form::to_hex;
use crate::api::methods::colors::*;
use crate::api::operations::values::Tolerance;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::scan::{Collect, Looked, scan};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, Point, Rgba};

entries![GetColorHistogram, FindVoxelsByColor, GetUniqueColors];

/// What the reference answers when colours cannot be looked at.
const FAILED: &str = "Color analysis failed";

type Counts = HashMap<Rgba, u64, rustc_hash::FxBuildHasher>;

/// Counts the colours.
#[derive(Default)]
struct CountColors {
    counts: Counts,
    last: (Rgba, u64),
}

impl CountColors {
    fn add(&mut self, color: Rgba, count: u64) {
        if self.last.0 != color {
            self.flush();
            self.last.0 = color;
        }
        self.last.1 += count;
    }

    fn flush(&mut self) {
        let (color, count) = std::mem::take(&mut self.last);
        if count > 0 {
            *self.counts.entry(color).or_default() += count;
        }
    }
}

impl Collect for CountColors {
    type Output = Counts;

    fn block(&mut self, block: Looked<'_>) -> bool {
        match block.uniform() {
            Some(color) => self.add(color, 4096),
            None => block.voxels().for_each(|(_, color)| self.add(color, 1)),
        }
        true
    }

    fn finish(mut self) -> Counts {
        self.flush();
        self.counts
    }
}

/// Colours with their counts, the most frequent first or in the order of the colours.
fn sorted(counts: Counts, by_count: bool) -> Vec<(Rgba, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    match by_count {
        true => counts.sort_by_key(|&(color, count)| (std::cmp::Reverse(count), color)),
        false => counts.sort_by_key(|&(color, _)| color),
    }
    counts
}

/// Puts colours into bins: channel v becomes the middle of its bin.
fn binned(counts: Counts, size: i64) -> Counts {
    let bin = |value: u8| ((i64::from(value) / size) * size + size / 2).min(255) as u8;
    let mut bins = Counts::default();
    for (color, count) in counts {
        let color = Rgba::new(bin(color.r), bin(color.g), bin(color.b), color.a);
        *bins.entry(color).or_default() += count;
    }
    bins
}

impl Handle for GetColorHistogram {
    fn handle(
        context: &mut Context<'_>,
        params: HistogramParams,
    ) -> Result<Outcome<HistogramResult>, RpcError> {
        let HistogramParams { layer_id, region, bin_size, sort_by_count, top_n } = params;
        let layer = target::bulk_layer(context.project()?.document(), layer_id, FAILED)?;
        let layer_id = layer.id.0;
        let within: Option<Bounds> = region.map(|region| region.0);
        scan(&layer.volume, within, CountColors::default(), move |counts| {
            let total_voxels = counts.values().sum();
            let size = Some(bin_size.0).filter(|&size| size > 1);
            let counts = match size {
                Some(size) => binned(counts, size),
                None => counts,
            };
            let unique_colors = counts.len();
            let mut listed = sorted(counts, sort_by_count);
            if top_n > 0 {
                listed.truncate(top_n as usize);
            }
            let shown: u64 = listed.iter().map(|(_, count)| count).sum();
            let entry = |(color, count): (Rgba, u64)| HistogramEntry {
                color: to_hex(color),
                rgba: color.bytes(),
                count,
                percentage: count as f64 * 100.0 / shown as f64,
            };
            let histogram = listed.into_iter().map(entry).collect();
            let metadata = HistogramMetadata { binned: size.is_some(), bin_size: size, layer_id };
            Ok(HistogramResult { histogram, total_voxels, unique_colors, metadata })
        })
    }
}

/// Finds voxels of a colour.
struct Search {
    color: Rgba,
    tolerance: Tolerance,
    limit: usize,
    matches: u64,
    places: Vec<(Point, Rgba)>,
}

impl Collect for Search {
    type Output = (u64, Vec<(Point, Rgba)>);

    fn block(&mut self, block: Looked<'_>) -> bool {
        if let Some(color) = block.uniform()
            && !self.tolerance.allows(color, self.color)
        {
            return true;
        }
        for (point, color) in block.voxels() {
            if self.tolerance.allows(color, self.color) {
                self.matches += 1;
                if self.places.len() < self.limit {
                    self.places.push((point, color));
                }
            }
        }
        true
    }

    fn finish(self) -> Self::Output {
        (self.matches, self.places)
    }
}

impl Handle for FindVoxelsByColor {
    fn handle(
        context: &mut Context<'_>,
        params: FindParams,
    ) -> Result<Outcome<FindResult>, RpcError> {
        let FindParams { color: Wanted(color, has_alpha), mut tolerance, .. } = params;
        let FindParams { layer_id, region, max_results, include_locations, .. } = params;
        if !has_alpha {
            tolerance.0[3] = 0;
        }
        let limit = match (include_locations, max_results) {
            (false, _) => 0,
            (true, 0) => usize::MAX,
            (true, limit) => limit as usize,
        };
        let layer = target::bulk_layer(context.project()?.document(), layer_id, FAILED)?;
        let layer_id = layer.id.0;
        let search = Search { color, tolerance, limit, matches: 0, places: Vec::new() };
        let within: Option<Bounds> = region.map(|region| region.0);
        scan(&layer.volume, within, search, move |(match_count, places)| {
            let truncated = include_locations && match_count > places.len() as u64;
            let found = |(Point { x, y, z }, color): (Point, Rgba)| FoundVoxel {
                x,
                y,
                z,
                color: color.bytes(),
                layer_id,
            };
            Ok(FindResult {
                target_color: to_hex(color),
                match_count,
                truncated,
                locations: places.into_iter().map(found).collect(),
                metadata: FindMetadata { tolerance: tolerance.0 },
            })
        })
    }
}

/// Of colours that are alike, only the most frequent, with the voxels of all of them.
fn merged(counts: Counts, threshold: u8) -> Counts {
    let alike = Tolerance([threshold; 4]);
    let mut kept: Vec<(Rgba, u64)> = Vec::new();
    for (color, count) in sorted(counts, true) {
        match kept.iter_mut().find(|(other, _)| alike.allows(*other, color)) {
            Some((_, total)) => *total += count,
            None => kept.push((color, count)),
        }
    }
    kept.into_iter().collect()
}

impl Handle for GetUniqueColors {
    fn handle(
        context: &mut Context<'_>,
        params: UniqueParams,
    ) -> Result<Outcome<UniqueResult>, RpcError> {
        let UniqueParams { layer_id, region, merge_similar, merge_threshold, sort_by_count } =
            params;
        let layer = target::bulk_layer(context.project()?.document(), layer_id, FAILED)?;
        let layer_id = layer.id.0;
        let within: Option<Bounds> = region.map(|region| region.0);
        scan(&layer.volume, within, CountColors::default(), move |counts| {
            let counts = match merge_similar {
                true => merged(counts, merge_threshold.0 as u8),
                false => counts,
            };
            let color = |(color, voxels): (Rgba, u64)| UniqueColor {
                hex: to_hex(color),
                rgba: color.bytes(),
                voxels,
            };
            let colors: Vec<_> = sorted(counts, sort_by_count).into_iter().map(color).collect();
            let metadata = UniqueMetadata { layer_id, sorted_by_count: sort_by_count };
            Ok(UniqueResult { count: colors.len(), colors, metadata })
        })
    }
}
