//! Choosing the palette of some colours, and which of its colours stands for each.

use super::median_cut::MedianCut;
use super::{ByRange, COLORS_A_UNIT, ColorCounts, Quantised, Rgb, rgb};
use crate::job::{Slice, leftovers};

/// Colours whose nearest one is found in one unit of work.
const NEAREST_A_UNIT: usize = 512;

/// Chooses at most `max` colours (1 to 256). If the preferred ones are no more and hold all that
/// are there, they are taken as they are, so that a palette keeps its order.
pub(crate) async fn choose(
    counts: ColorCounts,
    preferred: Vec<Rgb>,
    max: usize,
    slice: &Slice,
) -> Quantised {
    let (colors, translucent) = sorted(counts, slice).await;
    let palette = if preferred.len() <= max && holds_all(&preferred, &colors) {
        preferred
    } else if colors.len() <= max {
        colors.iter().map(|&(color, _)| color).collect()
    } else {
        let mut cut = MedianCut::new(colors.len(), max);
        loop {
            if let Some(palette) = cut.advance(&colors) {
                break palette;
            }
            slice.spend(1).await;
        }
    };
    let mut found =
        Quantised { palette, colors: colors.len(), translucent, ..Quantised::default() };
    for run in colors.chunks(NEAREST_A_UNIT) {
        run.iter().for_each(|&(color, count)| found.put(color, count));
        slice.spend(1).await;
    }
    leftovers::leave_buffer(colors);
    found
}

/// The different colours in their order, each with its voxels; and how many voxels are translucent.
/// Colours that differ in their alpha become one.
async fn sorted(counts: ColorCounts, slice: &Slice) -> (Vec<(Rgb, u64)>, u64) {
    let counts = counts.counts;
    let (mut sums, mut translucent) = (ByRange::<Rgb, u64>::default(), 0);
    // The first one is the empty voxel.
    let mut next = 1;
    while next < counts.len() {
        let run = counts.run(next);
        let run = &run[..run.len().min(COLORS_A_UNIT)];
        for &(color, number) in run {
            *sums.of_mut(rgb(color)).entry(rgb(color)).or_default() += number;
            translucent += if color.a < 255 { number } else { 0 };
        }
        next += run.len();
        slice.spend(1).await;
    }
    let (mut colors, mut counted) = (Vec::with_capacity(counts.len()), 0);
    for sums in sums.0 {
        let from = colors.len();
        colors.extend(sums);
        colors[from..].sort_unstable();
        if colors.len() >= counted + COLORS_A_UNIT {
            counted = colors.len();
            slice.spend(1).await;
        }
    }
    (colors, translucent)
}

fn holds_all(palette: &[Rgb], colors: &[(Rgb, u64)]) -> bool {
    // More colours than places cannot all be there.
    colors.len() <= palette.len() && colors.iter().all(|(color, _)| palette.contains(color))
}

impl Quantised {
    /// Gives a colour the first of the nearest ones.
    fn put(&mut self, color: Rgb, count: u64) {
        let distance = |other: &Rgb| -> u32 {
            (0..3).map(|c| u32::from(color[c].abs_diff(other[c])).pow(2)).sum()
        };
        let best = (0..self.palette.len()).min_by_key(|&i| distance(&self.palette[i]));
        let best = best.unwrap_or(0);
        let off = (0..3).map(|c| color[c].abs_diff(self.palette[best][c])).max();
        self.error = self.error.max(off.unwrap_or(0));
        let square = self.palette.get(best).map_or(0, distance);
        self.squares = self.squares.saturating_add(u64::from(square).saturating_mul(count));
        self.voxels += count;
        self.index.of_mut(color).insert(color, best as u8);
    }
}
