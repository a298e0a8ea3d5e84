//! Choosing the palette of some colours, and which of its colours stands for each.

use super::median_cut::MedianCut;
use super::{ByRange, COLORS_A_UNIT, ColorCounts, Quantised, RANGES, Rgb, rgb};
use crate::format::long_list::LongList;
use crate::job::leftovers;
use crate::voxel::Rgba;

/// Colours whose nearest one is found in one unit of work.
const NEAREST_A_UNIT: usize = 512;

/// Chooses at most `max` colours (1 to 256). If the preferred ones are no more and hold all that are there,
/// they are taken as they are, so that a palette keeps its order.
pub(crate) struct Choosing {
    preferred: Vec<Rgb>,
    max: usize,
    stage: Stage,
    /// The different colours in their order, each with its voxels.
    colors: Vec<(Rgb, u64)>,
    translucent: u64,
}

enum Stage {
    /// Colours that differ in their alpha become one.
    Summing {
        counts: LongList<(Rgba, u64)>,
        next: usize,
        sums: ByRange<Rgb, u64>,
    },
    /// Those of one range are put in order, then those of the next.
    Sorting {
        sums: ByRange<Rgb, u64>,
        range: usize,
    },
    Cutting(MedianCut),
    /// Each colour gets the nearest of the palette.
    Finding {
        found: Quantised,
        next: usize,
    },
}

impl Choosing {
    pub(crate) fn new(counts: ColorCounts, preferred: Vec<Rgb>, max: usize) -> Self {
        let counts = counts.counts;
        let colors = Vec::with_capacity(counts.len());
        // The first one is the empty voxel.
        let stage = Stage::Summing { counts, next: 1, sums: ByRange::default() };
        Choosing { preferred, max, stage, colors, translucent: 0 }
    }

    /// Does a unit of work; the result when nothing is left to do.
    pub(crate) fn advance(&mut self) -> Option<Quantised> {
        match &mut self.stage {
            Stage::Summing { counts, next, sums } => {
                for &(color, number) in counts.run(*next).iter().take(COLORS_A_UNIT) {
                    *sums.of_mut(rgb(color)).entry(rgb(color)).or_default() += number;
                    self.translucent += if color.a < 255 { number } else { 0 };
                    *next += 1;
                }
                if *next == counts.len() {
                    let sums = std::mem::take(sums);
                    self.stage = Stage::Sorting { sums, range: 0 };
                }
            }
            Stage::Sorting { sums, range } => {
                let first = self.colors.len();
                while *range < RANGES && self.colors.len() < first + COLORS_A_UNIT {
                    let from = self.colors.len();
                    self.colors.extend(std::mem::take(&mut sums.0[*range]));
                    self.colors[from..].sort_unstable();
                    *range += 1;
                }
                if *range == RANGES {
                    self.stage = self.stage_of_palette();
                }
            }
            Stage::Cutting(cut) => {
                if let Some(palette) = cut.advance(&self.colors) {
                    self.stage = self.find_in(palette);
                }
            }
            Stage::Finding { found, next } => {
                let end = self.colors.len().min(*next + NEAREST_A_UNIT);
                self.colors[*next..end].iter().for_each(|(color, _)| found.put(*color));
                *next = end;
                if end == self.colors.len() {
                    let found = std::mem::take(found);
                    leftovers::leave_buffer(std::mem::take(&mut self.colors));
                    return Some(found);
                }
            }
        }
        None
    }

    /// The palette, if there is nothing to choose, or else how it is chosen.
    fn stage_of_palette(&mut self) -> Stage {
        let preferred = std::mem::take(&mut self.preferred);
        if preferred.len() <= self.max && holds_all(&preferred, &self.colors) {
            self.find_in(preferred)
        } else if self.colors.len() <= self.max {
            self.find_in(self.colors.iter().map(|&(color, _)| color).collect())
        } else {
            Stage::Cutting(MedianCut::new(self.colors.len(), self.max))
        }
    }

    fn find_in(&self, palette: Vec<Rgb>) -> Stage {
        let (colors, translucent) = (self.colors.len(), self.translucent);
        Stage::Finding {
            found: Quantised { palette, colors, translucent, ..Quantised::default() },
            next: 0,
        }
    }
}

fn holds_all(palette: &[Rgb], colors: &[(Rgb, u64)]) -> bool {
    // More colours than places cannot all be there.
    colors.len() <= palette.len() && colors.iter().all(|(color, _)| palette.contains(color))
}

impl Quantised {
    /// Gives a colour the first of the nearest ones.
    fn put(&mut self, color: Rgb) {
        let distance = |other: &Rgb| -> u32 {
            (0..3).map(|c| u32::from(color[c].abs_diff(other[c])).pow(2)).sum()
        };
        let best = (0..self.palette.len()).min_by_key(|&i| distance(&self.palette[i]));
        let best = best.unwrap_or(0);
        let off = (0..3).map(|c| color[c].abs_diff(self.palette[best][c])).max();
        self.error = self.error.max(off.unwrap_or(0));
        self.index.of_mut(color).insert(color, best as u8);
    }
}
