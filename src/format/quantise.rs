//! Many colours down to a few: median cut.
//!
//! Algorithm: Paul Heckbert, "Color image quantization for frame buffer display", 1982. Boxes of colours
//! are halved at the weighted median of their longest side; each gives the weighted mean of its colours.

use rustc_hash::FxHashMap;

use crate::voxel::Rgba;

/// A colour without alpha.
pub(crate) type Rgb = [u8; 3];

/// The palette that stands for some colours, and how.
pub(crate) struct Quantised {
    pub(crate) palette: Vec<Rgb>,
    /// The palette index of each colour.
    pub(crate) index: FxHashMap<Rgb, u8>,
    /// The largest difference in one channel between a colour and what stands for it.
    pub(crate) error: u8,
}

/// Finds palette indexes of at most 255 colours.
pub(crate) struct Numbers {
    index: FxHashMap<Rgb, u8>,
    recent: Recent<u8>,
}

impl Numbers {
    pub(crate) fn new(index: FxHashMap<Rgb, u8>) -> Self {
        Numbers { index, recent: Recent::new(0) }
    }

    /// The palette index of a colour that was counted, plus 1; 0 for the empty voxel.
    #[inline]
    pub(crate) fn of(&mut self, color: Rgba) -> u8 {
        let index = &self.index;
        self.recent.get(color, || index.get(&rgb(color)).map_or(1, |&index| index.wrapping_add(1)))
    }
}

pub(crate) fn rgb(color: Rgba) -> Rgb {
    [color.r, color.g, color.b]
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

/// Counts colours.
pub(crate) struct ColorCounts {
    /// The first one is the empty voxel.
    counts: Vec<(Rgba, u64)>,
    places: FxHashMap<Rgba, u32>,
    recent: Recent<u32>,
}

impl Default for ColorCounts {
    fn default() -> Self {
        ColorCounts {
            counts: vec![(Rgba::EMPTY, 0)],
            places: FxHashMap::default(),
            recent: Recent::new(0),
        }
    }
}

impl ColorCounts {
    /// Counts some voxels of one colour; empty ones count for nothing.
    #[inline]
    pub(crate) fn add(&mut self, color: Rgba, number: u64) {
        let (counts, places) = (&mut self.counts, &mut self.places);
        let place = self.recent.get(color, || {
            *places.entry(color).or_insert_with(|| {
                counts.push((color, 0));
                counts.len() as u32 - 1
            })
        });
        self.counts[place as usize].1 += number;
    }

    /// How many voxels are neither opaque nor empty.
    pub(crate) fn translucent(&self) -> u64 {
        let translucent = self.counts[1..].iter().filter(|(color, _)| color.a < 255);
        translucent.map(|(_, number)| number).sum()
    }

    /// Chooses at most `max` colours (1 to 256). If `preferred` has no more and holds all of the colours,
    /// it is taken as it is, so that a palette keeps its order.
    pub(crate) fn quantise(self, preferred: &[Rgb], max: usize) -> Quantised {
        let mut sums = FxHashMap::<Rgb, u64>::default();
        for &(color, number) in &self.counts[1..] {
            *sums.entry(rgb(color)).or_default() += number;
        }
        let mut colors: Vec<(Rgb, u64)> = sums.into_iter().collect();
        colors.sort_unstable();
        if preferred.len() <= max
            && let Some(quantised) = exact(preferred, &colors)
        {
            return quantised;
        }
        let palette = if colors.len() <= max {
            colors.iter().map(|&(color, _)| color).collect()
        } else {
            median_cut(&mut colors, max)
        };
        nearest(palette, &colors)
    }
}

fn exact(palette: &[Rgb], colors: &[(Rgb, u64)]) -> Option<Quantised> {
    let mut places = FxHashMap::default();
    for (place, &color) in palette.iter().enumerate() {
        places.entry(color).or_insert(place as u8);
    }
    let index: Option<FxHashMap<Rgb, u8>> =
        colors.iter().map(|(color, _)| Some((*color, *places.get(color)?))).collect();
    Some(Quantised { palette: palette.to_vec(), index: index?, error: 0 })
}

fn nearest(palette: Vec<Rgb>, colors: &[(Rgb, u64)]) -> Quantised {
    let mut quantised = Quantised { palette, index: FxHashMap::default(), error: 0 };
    for &(color, _) in colors {
        let distance = |other: &Rgb| -> u32 {
            (0..3).map(|c| u32::from(color[c].abs_diff(other[c])).pow(2)).sum()
        };
        let best = (0..quantised.palette.len()).min_by_key(|&i| distance(&quantised.palette[i]));
        let best = best.unwrap_or(0);
        let off = (0..3).map(|c| color[c].abs_diff(quantised.palette[best][c])).max();
        quantised.error = quantised.error.max(off.unwrap_or(0));
        quantised.index.insert(color, best as u8);
    }
    quantised
}

fn median_cut(colors: &mut [(Rgb, u64)], max: usize) -> Vec<Rgb> {
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
        let sum: u64 = colors.iter().map(|(color, count)| u64::from(color[channel]) * count).sum();
        ((sum + weight / 2) / weight) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(colors: impl Iterator<Item = Rgb>) -> ColorCounts {
        let mut counts = ColorCounts::default();
        colors.for_each(|[r, g, b]| counts.add(Rgba::opaque(r, g, b), 1));
        counts
    }

    #[test]
    fn few_colours_stay_exact_and_a_preferred_palette_keeps_its_order() {
        let colors = [[3, 3, 3], [1, 1, 1], [3, 3, 3]];
        let plain = counts(colors.into_iter()).quantise(&[], 2);
        assert_eq!((plain.palette, plain.error), (vec![[1, 1, 1], [3, 3, 3]], 0));
        let preferred = [[9, 9, 9], [3, 3, 3], [1, 1, 1]];
        let kept = counts(colors.into_iter()).quantise(&preferred, 3);
        assert_eq!((kept.index[&[1, 1, 1]], kept.palette.len()), (2, 3));
    }

    #[test]
    fn many_colours_are_cut_to_near_ones() {
        let colors = (0..4096u32).map(|i| [i >> 8, i >> 4 & 15, i & 15].map(|v| (v * 17) as u8));
        let cut = counts(colors).quantise(&[], 255);
        assert_eq!(cut.palette.len(), 255);
        assert_eq!(cut.index.len(), 4096);
        assert!((10..80).contains(&cut.error), "{}", cut.error);
    }

    #[test]
    fn the_empty_voxel_keeps_its_number_whatever_was_looked_up_before() {
        let colors = (0..1 << 16).map(|i: u32| Rgba::opaque(i as u8, (i >> 8) as u8, 7));
        let index = colors.clone().map(|color| (rgb(color), color.r)).collect();
        let mut numbers = Numbers::new(index);
        let mut counts = ColorCounts::default();
        for color in colors {
            counts.add(color, 1);
            counts.add(Rgba::EMPTY, 1);
            assert_eq!(numbers.of(Rgba::EMPTY), 0);
            assert_eq!(numbers.of(color), color.r.wrapping_add(1));
        }
        assert_eq!(counts.counts.iter().map(|(_, number)| number).sum::<u64>(), 2 << 16);
        assert_eq!(counts.counts.len(), (1 << 16) + 1);
    }

    #[test]
    fn no_colours_give_an_empty_palette() {
        assert!(ColorCounts::default().quantise(&[], 255).palette.is_empty());
    }
}
