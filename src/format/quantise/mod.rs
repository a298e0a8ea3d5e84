//! Many colours down to a few: median cut.
//!
//! Algorithm: Paul Heckbert, "Color image quantization for frame buffer display", 1982. Boxes of
//! colours are halved at the weighted median of their longest side; each gives the weighted mean of
//! its colours.
//!
//! A model may have millions of colours, so all is done in units of work: [`ColorCounts`] counts,
//! [`choose`] chooses.

mod choose;
mod counts;
mod median_cut;

pub(crate) use choose::choose;
pub(crate) use counts::ColorCounts;

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::voxel::Rgba;

/// A colour without alpha.
pub(crate) type Rgb = [u8; 3];

/// Colours looked at in one unit of work.
const COLORS_A_UNIT: usize = 1 << 11;

/// The palette that stands for some colours, and how.
#[derive(Default)]
pub(crate) struct Quantised {
    pub(crate) palette: Vec<Rgb>,
    /// The palette index of each colour.
    pub(crate) index: ByRange<Rgb, u8>,
    /// How many colours there are.
    pub(crate) colors: usize,
    /// The largest difference in one channel between a colour and what stands for it.
    pub(crate) error: u8,
    /// The sum over all voxels of the squared distance between a colour and what stands for it, and
    /// how many they are.
    pub(crate) squares: u64,
    pub(crate) voxels: u64,
    /// How many of the voxels counted are neither opaque nor empty.
    pub(crate) translucent: u64,
}

impl Quantised {
    /// How far colours are from what stands for them: the root of the mean of the squared distances
    /// of all voxels.
    pub(crate) fn rms(&self) -> f64 {
        (self.squares as f64 / self.voxels.max(1) as f64).sqrt()
    }
}

/// Finds palette indexes of at most 255 colours.
pub(crate) struct Numbers {
    index: ByRange<Rgb, u8>,
    /// Which number each place of the palette has, if not its own.
    places: Option<Vec<u8>>,
    recent: Recent<u8>,
}

impl Numbers {
    pub(crate) fn new(index: ByRange<Rgb, u8>) -> Self {
        Numbers { index, places: None, recent: Recent::new(0) }
    }

    /// The same where the places of the palette have other numbers in the file.
    pub(crate) fn placed(index: ByRange<Rgb, u8>, places: Vec<u8>) -> Self {
        Numbers { places: Some(places), ..Numbers::new(index) }
    }

    /// The palette index of a colour that was counted, plus 1; 0 for the empty voxel.
    #[inline]
    pub(crate) fn of(&mut self, color: Rgba) -> u8 {
        let maps = &self.index;
        let key = rgb(color);
        let places = &self.places;
        let find = || {
            let index = maps.of(key).get(&key).copied().unwrap_or(0);
            let placed = places.as_ref().and_then(|places| places.get(usize::from(index)));
            placed.copied().unwrap_or(index).wrapping_add(1)
        };
        self.recent.get(color, find)
    }
}

pub(crate) fn rgb(color: Rgba) -> Rgb {
    [color.r, color.g, color.b]
}

/// A map for each range of colours, in their order: each value of red and of the upper bits of
/// green. One map of all colours would be copied as a whole whenever it grows.
pub(crate) struct ByRange<K, V>(Vec<FxHashMap<K, V>>);

impl<K: Eq + Hash, V> Default for ByRange<K, V> {
    fn default() -> Self {
        ByRange((0..RANGES).map(|_| FxHashMap::default()).collect())
    }
}

impl<K: Eq + Hash, V> ByRange<K, V> {
    fn of(&self, color: Rgb) -> &FxHashMap<K, V> {
        &self.0[range_of(color)]
    }

    fn of_mut(&mut self, color: Rgb) -> &mut FxHashMap<K, V> {
        &mut self.0[range_of(color)]
    }
}

/// How many ranges there are; each has at most 8192 colours.
const RANGES: usize = 1 << 11;

fn range_of([red, green, _]: Rgb) -> usize {
    usize::from(red) << 3 | usize::from(green >> 5)
}

/// Colours seen lately and what was found for each, so that most never reach the map behind it. A
/// colour has but one place, found without a branch that noise would make unpredictable.
struct Recent<T> {
    places: Box<[(u32, T); 1 << RECENT_BITS]>,
    of_empty: T,
}

const RECENT_BITS: u32 = 12;

impl<T: Copy> Recent<T> {
    /// `of_empty` is what the empty voxel stands for.
    fn new(of_empty: T) -> Self {
        Recent { places: Box::new([(0, of_empty); 1 << RECENT_BITS]), of_empty }
    }

    #[inline]
    fn get(&mut self, color: Rgba, find: impl FnOnce() -> T) -> T {
        let key = color.number();
        let place = (key.wrapping_mul(0x9e37_79b1) >> (32 - RECENT_BITS)) as usize;
        let place = &mut self.places[place];
        if place.0 != key {
            *place = (key, if color.is_empty() { self.of_empty } else { find() });
        }
        place.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(colors: impl Iterator<Item = Rgb>) -> ColorCounts {
        let mut counts = ColorCounts::default();
        colors.for_each(|[r, g, b]| counts.add(Rgba::opaque(r, g, b), 1));
        counts
    }

    fn quantise(counts: ColorCounts, preferred: &[Rgb], max: usize) -> Quantised {
        let preferred = preferred.to_vec();
        let choosing = |slice| async move { choose(counts, preferred, max, &slice).await };
        crate::job::Job::finish(crate::job::Work::new(choosing))
    }

    #[test]
    fn few_colours_stay_exact_and_a_preferred_palette_keeps_its_order() {
        let colors = [[3, 3, 3], [1, 1, 1], [3, 3, 3]];
        let plain = quantise(counts(colors.into_iter()), &[], 2);
        assert_eq!((plain.palette, plain.error), (vec![[1, 1, 1], [3, 3, 3]], 0));
        let preferred = [[9, 9, 9], [3, 3, 3], [1, 1, 1]];
        let kept = quantise(counts(colors.into_iter()), &preferred, 3);
        assert_eq!((kept.index.of([1; 3])[&[1, 1, 1]], kept.palette.len()), (2, 3));
    }

    #[test]
    fn many_colours_are_cut_to_near_ones() {
        let colors = (0..4096u32).map(|i| [i >> 8, i >> 4 & 15, i & 15].map(|v| (v * 17) as u8));
        let cut = quantise(counts(colors), &[], 255);
        assert_eq!(cut.palette.len(), 255);
        assert_eq!(cut.colors, 4096);
        assert!((10..80).contains(&cut.error), "{}", cut.error);
    }

    /// The same cut the plain way: each box is sorted as a whole.
    fn plain_cut(colors: &mut [(Rgb, u64)], max: usize) -> Vec<Rgb> {
        let mut boxes: Vec<&mut [(Rgb, u64)]> = vec![colors];
        while boxes.len() < max {
            let widest = (0..boxes.len()).max_by_key(|&index| longest_side(boxes[index]));
            let Some(index) = widest.filter(|&index| boxes[index].len() > 1) else { break };
            let (_, channel) = longest_side(boxes[index]);
            let wide = boxes.swap_remove(index);
            wide.sort_unstable_by_key(|(color, _)| (color[channel], *color));
            let half = wide.iter().map(|(_, count)| count).sum::<u64>() / 2;
            let mut sum = 0;
            let cut = wide.iter().position(|(_, count)| {
                sum += count;
                sum > half
            });
            let cut = cut.unwrap_or(0).clamp(1, wide.len() - 1);
            let (low, high) = wide.split_at_mut(cut);
            boxes.push(low);
            boxes.push(high);
        }
        boxes.iter().map(|colors| mean(colors)).collect()
    }

    /// The longest side of the box around colours, and along which channel.
    fn longest_side(colors: &[(Rgb, u64)]) -> (u8, usize) {
        let side = |channel: usize| {
            let values = colors.iter().map(|(color, _)| color[channel]);
            let (min, max) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
            (max - min, channel)
        };
        side(0).max(side(1)).max(side(2))
    }

    fn mean(colors: &[(Rgb, u64)]) -> Rgb {
        let weight: u64 = colors.iter().map(|(_, count)| count).sum::<u64>().max(1);
        [0, 1, 2].map(|channel| {
            let sum: u64 =
                colors.iter().map(|(color, count)| u64::from(color[channel]) * count).sum();
            ((sum + weight / 2) / weight) as u8
        })
    }

    #[test]
    fn a_cut_in_units_of_work_is_the_plain_cut() {
        let mut seed = 7u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        for (colors, spread) in [(300, 4), (5000, 6), (30_000, 8), (256, 8)] {
            let mut all: Vec<(Rgb, u64)> = (0..colors)
                .map(|_| {
                    let n = random();
                    let part = |shift: u32| (n >> shift) as u8 >> (8 - spread);
                    ([part(0), part(8), part(16)], u64::from(random() % 50 + 1))
                })
                .collect();
            all.sort_unstable();
            all.dedup_by_key(|(color, _)| *color);
            for max in [1, 2, 7, 255] {
                let mut cut = median_cut::MedianCut::new(all.len(), max);
                let palette = loop {
                    if let Some(palette) = cut.advance(&all) {
                        break palette;
                    }
                };
                assert_eq!(palette, plain_cut(&mut all.clone(), max), "{colors} to {max}");
            }
        }
    }

    #[test]
    fn the_empty_voxel_keeps_its_number_whatever_was_looked_up_before() {
        let colors = (0..1 << 16).map(|i: u32| Rgba::opaque(i as u8, (i >> 8) as u8, 7));
        let mut index = ByRange::default();
        for color in colors.clone() {
            index.of_mut(rgb(color)).insert(rgb(color), color.r);
        }
        let mut numbers = Numbers::new(index);
        let mut counts = ColorCounts::default();
        for color in colors {
            counts.add(color, 1);
            counts.add(Rgba::EMPTY, 1);
            assert_eq!(numbers.of(Rgba::EMPTY), 0);
            assert_eq!(numbers.of(color), color.r.wrapping_add(1));
        }
        let numbers = (0..).map_while(|place| counts.counts.get(place)).map(|(_, number)| number);
        assert_eq!(numbers.sum::<u64>(), 2 << 16);
        assert_eq!(counts.counts.len(), (1 << 16) + 1);
    }

    #[test]
    fn no_colours_give_an_empty_palette() {
        assert!(quantise(ColorCounts::default(), &[], 255).palette.is_empty());
    }
}
