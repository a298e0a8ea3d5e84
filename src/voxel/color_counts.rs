//! How often each colour occurs, and what is made of that: sorted, in bins, with those that are
//! alike put together. All of it goes on in slices and takes time in proportion to the colours.

use super::{BLOCK_VOXELS, Looked, Rgba};
use crate::job::spread::SpreadMap;
use crate::job::{Slice, sort_in_slices};

/// Colours that are put into bins or written in one unit of work.
const COLORS_A_UNIT: usize = 256;
/// Colours whose neighbours are looked for in one unit of work.
const SEARCHES_A_UNIT: usize = 16;

/// How often each colour occurs.
#[derive(Clone, Debug, Default)]
pub struct ColorCounts {
    counts: SpreadMap<Rgba, u64>,
    /// The colour that came last, and how often; most voxels have the colour of the one before
    /// them.
    last: (Rgba, u64),
    total: u64,
}

impl ColorCounts {
    /// Counts voxels of a colour.
    pub fn add(&mut self, color: Rgba, count: u64) {
        if self.last.0 != color {
            self.flush();
            self.last.0 = color;
        }
        self.last.1 += count;
        self.total += count;
    }

    /// Counts the voxels of a block.
    pub fn add_block(&mut self, block: Looked<'_>) {
        match block.uniform() {
            Some(color) => self.add(color, BLOCK_VOXELS as u64),
            None => block.voxels().for_each(|(_, color)| self.add(color, 1)),
        }
    }

    fn flush(&mut self) {
        let (color, count) = std::mem::take(&mut self.last);
        if count > 0 {
            *self.counts.entry(color).or_default() += count;
        }
    }

    /// How many voxels were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many different colours there are.
    pub fn len(&mut self) -> usize {
        self.flush();
        self.counts.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The colours with their counts, in no particular order.
    async fn into_list(mut self, slice: &Slice) -> Vec<(Rgba, u64)> {
        let mut list = Vec::with_capacity(self.len());
        for (number, entry) in self.counts.into_iter().enumerate() {
            list.push(entry);
            if number % COLORS_A_UNIT == COLORS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        list
    }

    /// The colours with their counts, the most frequent first or in the order of the colours.
    pub async fn sorted(self, by_count: bool, slice: &Slice) -> Vec<(Rgba, u64)> {
        let list = self.into_list(slice).await;
        let key = |&(color, count): &(Rgba, u64)| (by_count.then_some(!count), color);
        sort_in_slices(list, key, slice).await
    }

    /// The same colours in bins: a channel's value becomes the middle of its bin.
    pub async fn binned(self, size: u16, slice: &Slice) -> ColorCounts {
        let size = i64::from(size.max(1));
        let bin = |value: u8| ((i64::from(value) / size) * size + size / 2).min(255) as u8;
        let mut bins = ColorCounts::default();
        for (number, (color, count)) in self.into_list(slice).await.into_iter().enumerate() {
            bins.add(Rgba::new(bin(color.r), bin(color.g), bin(color.b), color.a), count);
            if number % COLORS_A_UNIT == COLORS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        bins
    }

    /// Of colours that differ by no more than `near` in each channel, only the most frequent, with
    /// the voxels of all of them: each colour goes to the first one before it, by frequency, that
    /// is kept and near enough.
    pub async fn merged(self, near: u8, slice: &Slice) -> ColorCounts {
        let colors = self.sorted(true, slice).await;
        let mut kept = Kept::new(near);
        for (number, (color, count)) in colors.into_iter().enumerate() {
            kept.add(color, count);
            if number % SEARCHES_A_UNIT == SEARCHES_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        let mut merged = ColorCounts::default();
        for (number, (color, count)) in kept.colors.into_iter().enumerate() {
            merged.add(color, count);
            if number % COLORS_A_UNIT == COLORS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        merged
    }
}

/// Colours that are kept when others are merged into them. They lie in cells, as wide as two
/// colours may be apart and still be near; no cell holds two of them, so whoever looks for a near
/// one looks at the cells around, 81 at most.
struct Kept {
    near: u8,
    colors: Vec<(Rgba, u64)>,
    cells: SpreadMap<Rgba, u32>,
}

impl Kept {
    fn new(near: u8) -> Self {
        Kept { near, colors: Vec::new(), cells: SpreadMap::default() }
    }

    fn cell(&self, value: u8) -> u8 {
        (u16::from(value) / (u16::from(self.near) + 1)) as u8
    }

    fn add(&mut self, color: Rgba, count: u64) {
        match self.first_near(color) {
            Some(place) => self.colors[place].1 += count,
            None => {
                let [r, g, b, a] = color.bytes().map(|value| self.cell(value));
                let (cell, place) = (Rgba::new(r, g, b, a), self.colors.len() as u32);
                self.cells.insert(cell, place);
                self.colors.push((color, count));
            }
        }
    }

    /// The first of the kept colours that is near another one.
    fn first_near(&self, color: Rgba) -> Option<usize> {
        let cells = color.bytes().map(|value| {
            self.cell(value.saturating_sub(self.near))..=self.cell(value.saturating_add(self.near))
        });
        let [r, g, b, a] = cells;
        let mut first = None;
        for (r, g) in r.flat_map(|r| g.clone().map(move |g| (r, g))) {
            for (b, a) in b.clone().flat_map(|b| a.clone().map(move |a| (b, a))) {
                let Some(&place) = self.cells.get(&Rgba::new(r, g, b, a)) else { continue };
                let other = self.colors[place as usize].0;
                let is_near = color.bytes().into_iter().zip(other.bytes());
                let is_near = is_near.into_iter().all(|(a, b)| a.abs_diff(b) <= self.near);
                if is_near && first.is_none_or(|first| place < first) {
                    first = Some(place);
                }
            }
        }
        first.map(|place| place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Job, Step, Work};

    fn many(count: u32) -> ColorCounts {
        let mut counts = ColorCounts::default();
        (0..count).for_each(|number| {
            let [r, g, b, a] = number.wrapping_mul(2_654_435_761).to_be_bytes();
            counts.add(Rgba::new(r, g & 63, b & 31, a | 1), u64::from(number % 97 + 1));
        });
        counts
    }

    /// What merging means, said without care for time.
    fn merged_simply(sorted: &[(Rgba, u64)], near: u8) -> Vec<(Rgba, u64)> {
        let mut kept: Vec<(Rgba, u64)> = Vec::new();
        for &(color, count) in sorted {
            let is_near = |other: Rgba| {
                let mut pairs = color.bytes().into_iter().zip(other.bytes());
                pairs.all(|(a, b)| a.abs_diff(b) <= near)
            };
            match kept.iter_mut().find(|(other, _)| is_near(*other)) {
                Some((_, total)) => *total += count,
                None => kept.push((color, count)),
            }
        }
        kept.sort_unstable();
        kept
    }

    fn sorted(counts: ColorCounts, by_count: bool) -> Vec<(Rgba, u64)> {
        Work::new(|slice| async move { counts.sorted(by_count, &slice).await }).finish()
    }

    #[test]
    fn each_colour_is_merged_into_the_first_one_that_is_near_enough() {
        for near in [0, 1, 10, 100, 255] {
            let merging = Work::new(move |slice| async move {
                many(2000).merged(near, &slice).await.sorted(false, &slice).await
            });
            assert_eq!(merging.finish(), merged_simply(&sorted(many(2000), true), near), "{near}");
        }
    }

    #[test]
    fn a_turn_of_merging_has_no_more_units_than_its_budget_and_takes_linear_time() {
        let turns = |count| {
            let mut work = Work::new(move |slice| async move {
                many(count).merged(3, &slice).await.sorted(true, &slice).await
            });
            let mut turns = 1;
            while let Step::More = work.step(&mut Budget::units(16)) {
                turns += 1;
            }
            turns
        };
        let (some, more) = (turns(10_000), turns(100_000));
        assert!(more < some * 14, "{some} turns for 10,000 colours, {more} for 100,000");
    }

    #[test]
    fn colours_are_sorted_by_count_and_then_by_colour() {
        let list = sorted(many(5000), true);
        assert!(list.is_sorted_by_key(|&(color, count)| (!count, color)));
        assert_eq!(list.iter().map(|(_, count)| count).sum::<u64>(), many(5000).total());
    }
}
