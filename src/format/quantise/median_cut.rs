//! The median cut itself, some colours at a time.
//!
//! A box is halved without sorting all of it: the weights of all 256 values of a channel tell at
//! which value the median lies, and only the colours of that value are put in order.

use std::cmp::Ordering;

use super::{COLORS_A_UNIT, Rgb};
use crate::job::leftovers;

type Weighted = (Rgb, u64);

/// Halves boxes of colours until there are enough.
pub(super) struct MedianCut {
    boxes: Vec<ColorBox>,
    max: usize,
    /// How many colours are in the first box.
    gathered: usize,
    cut: Option<Cut>,
}

/// Some colours, and what is known of them.
#[derive(Default)]
struct ColorBox {
    colors: Vec<Weighted>,
    facts: Facts,
}

/// What is known of some colours: their limits, and the sums of what they weigh.
struct Facts {
    min: Rgb,
    max: Rgb,
    sums: [u64; 3],
    weight: u64,
}

impl Default for Facts {
    fn default() -> Self {
        Facts { min: [255; 3], max: [0; 3], sums: [0; 3], weight: 0 }
    }
}

impl Facts {
    /// The longest side of the box around the colours, and along which channel.
    fn longest_side(&self) -> (u8, usize) {
        let side = |channel: usize| (self.max[channel].saturating_sub(self.min[channel]), channel);
        side(0).max(side(1)).max(side(2))
    }

    fn mean(&self) -> Rgb {
        let weight = self.weight.max(1);
        self.sums.map(|sum| ((sum + weight / 2) / weight) as u8)
    }
}

impl ColorBox {
    fn add(&mut self, (color, weight): Weighted) {
        let Facts { min, max, sums, weight: total } = &mut self.facts;
        for channel in 0..3 {
            min[channel] = min[channel].min(color[channel]);
            max[channel] = max[channel].max(color[channel]);
            sums[channel] += u64::from(color[channel]) * weight;
        }
        *total += weight;
        self.colors.push((color, weight));
    }
}

impl MedianCut {
    pub(super) fn new(colors: usize, max: usize) -> Self {
        let all = ColorBox { colors: Vec::with_capacity(colors), facts: Facts::default() };
        MedianCut { boxes: vec![all], max, gathered: 0, cut: None }
    }

    /// Does a unit of work on these colours, which must be the same each time; the means of all
    /// boxes once there are enough.
    pub(super) fn advance(&mut self, all: &[Weighted]) -> Option<Vec<Rgb>> {
        if self.gathered < all.len() {
            let end = all.len().min(self.gathered + COLORS_A_UNIT);
            all[self.gathered..end].iter().for_each(|&color| self.boxes[0].add(color));
            self.gathered = end;
            return None;
        }
        if let Some(cut) = &mut self.cut {
            if let Some(halves) = cut.advance() {
                self.boxes.extend(halves);
                self.cut = None;
            }
            return None;
        }
        match self.widest().filter(|_| self.boxes.len() < self.max) {
            Some(index) => self.cut = Some(Cut::new(self.boxes.swap_remove(index))),
            None => {
                let means = self.boxes.iter().map(|part| part.facts.mean()).collect();
                leftovers::leave(std::mem::take(&mut self.boxes).into_iter());
                return Some(means);
            }
        }
        None
    }

    /// The box with the longest side, if it holds more than one colour.
    fn widest(&self) -> Option<usize> {
        let widest = (0..self.boxes.len()).max_by_key(|&i| self.boxes[i].facts.longest_side());
        widest.filter(|&index| self.boxes[index].colors.len() > 1)
    }
}

/// A box that is being halved along a channel.
struct Cut {
    colors: Vec<Weighted>,
    channel: usize,
    /// How many colours are weighed, then how many are parted.
    next: usize,
    /// What the colours of each value of the channel weigh, and how many they are.
    weights: Box<[(u64, usize); 256]>,
    /// The value of the channel at which the median lies and the weight of those below, once all
    /// are weighed.
    median: Option<(u8, u64)>,
    below: ColorBox,
    equal: Vec<Weighted>,
    above: ColorBox,
}

impl Cut {
    fn new(all: ColorBox) -> Self {
        let (_, channel) = all.facts.longest_side();
        let (below, equal, above) = Default::default();
        let weights = Box::new([(0, 0); 256]);
        Cut { colors: all.colors, channel, next: 0, weights, median: None, below, equal, above }
    }

    /// Weighs some colours, or parts some; the halves when all are parted.
    fn advance(&mut self) -> Option<[ColorBox; 2]> {
        let end = self.colors.len().min(self.next + COLORS_A_UNIT);
        let run = &self.colors[self.next..end];
        self.next = end;
        match self.median {
            None => {
                let value = |color: &Rgb| usize::from(color[self.channel]);
                for (color, weight) in run {
                    let (sum, count) = &mut self.weights[value(color)];
                    (*sum, *count) = (*sum + weight, *count + 1);
                }
                if end == self.colors.len() {
                    let (median, before) = self.find_median();
                    (self.median, self.next) = (Some((median, before)), 0);
                    self.make_room(usize::from(median));
                }
                None
            }
            Some((median, _)) => {
                for &color in run {
                    match color.0[self.channel].cmp(&median) {
                        Ordering::Less => self.below.add(color),
                        Ordering::Equal => self.equal.push(color),
                        Ordering::Greater => self.above.add(color),
                    }
                }
                (end == self.colors.len()).then(|| self.halves())
            }
        }
    }

    /// Gets the memory for the halves at once: a vector that grows is copied as a whole.
    fn make_room(&mut self, median: usize) {
        let count = |values: &[(u64, usize)]| values.iter().map(|(_, count)| count).sum::<usize>();
        self.below.colors = Vec::with_capacity(count(&self.weights[..=median]));
        self.equal = Vec::with_capacity(self.weights[median].1);
        self.above.colors = Vec::with_capacity(count(&self.weights[median..]));
    }

    /// Half of what all weigh, rounded down.
    fn half(&self) -> u64 {
        self.weights.iter().map(|(weight, _)| weight).sum::<u64>() / 2
    }

    fn find_median(&self) -> (u8, u64) {
        let half = self.half();
        let mut before = 0;
        for (value, (weight, _)) in (0..=255).zip(self.weights.iter()) {
            if before + weight > half {
                return (value, before);
            }
            before += weight;
        }
        (255, before)
    }

    /// Gives the colours at the median to the halves, in the order of the colours. The one with
    /// which the sum of weights passes the half is the first of the upper half; neither half is
    /// empty.
    fn halves(&mut self) -> [ColorBox; 2] {
        let (mut sum, half) = (self.median.map_or(0, |(_, before)| before), self.half());
        self.equal.sort_unstable();
        for color in std::mem::take(&mut self.equal) {
            sum += color.1;
            let is_first = self.below.colors.is_empty();
            let half_of = if sum > half && !is_first { &mut self.above } else { &mut self.below };
            half_of.add(color);
        }
        leftovers::leave_buffer(std::mem::take(&mut self.colors));
        [std::mem::take(&mut self.below), std::mem::take(&mut self.above)]
    }
}
